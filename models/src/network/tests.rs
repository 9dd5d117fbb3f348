//! Names of engines, rows of states, and the manifest that the tests of the modules below share.

use super::*;
use crate::manifest::Manifest;

/// The words of [`manifest`]'s vocabulary.
pub(crate) const WORDS: &str = "<pad>\n<start>\n<end>\n<unk>\na\ndog\n";

/// A decoder of 6 words with one state of 5 values and an attention over 2 places.
pub(crate) fn manifest() -> Manifest {
    let mut manifest = tagged();
    manifest.tags = None;
    manifest.encoder.outputs.retain(|output| output.name != "classes");
    manifest
}

/// The same with scores of 4 classes.
pub(crate) fn tagged() -> Manifest {
    let mut manifest = with_evidence();
    manifest.evidence = None;
    manifest.encoder.outputs.retain(|output| output.name != "evidence");
    manifest
}

/// The same with evidence for "a" and "dog".
pub(crate) fn with_evidence() -> Manifest {
    Manifest::from_toml(include_str!("../manifest/whole.toml")).expect("a manifest")
}

#[test]
fn engines_are_told_by_their_names() {
    let cases = [
        ("auto", Some(EngineChoice::Auto)),
        ("tract", Some(EngineChoice::Tract)),
        ("onnxruntime", Some(EngineChoice::OnnxRuntime { library: None })),
        ("Tract", None),
        ("", None),
    ];
    for (name, choice) in cases {
        match choice {
            Some(choice) => {
                assert_eq!(choice.to_string(), name);
                assert_eq!(name.parse(), Ok(choice));
            }
            None => assert_eq!(name.parse::<EngineChoice>(), Err(UnknownEngine(name.to_owned()))),
        }
    }
    assert_eq!("onnxruntime".parse(), Ok(Engine::OnnxRuntime));
    assert_eq!(Engine::Tract.to_string(), "tract");
}

#[test]
fn rows_of_a_state_are_gathered() {
    let first = Tensor { shape: vec![3, 2], values: vec![0.0, 1.0, 10.0, 11.0, 20.0, 21.0] };
    let second = Tensor { shape: vec![3], values: vec![5.0, 6.0, 7.0] };
    let state = State { rows: 3, tensors: vec![first, second] };
    let cases: [(&[usize], &[f32], &[f32]); 4] = [
        (&[0, 1, 2], &[0.0, 1.0, 10.0, 11.0, 20.0, 21.0], &[5.0, 6.0, 7.0]),
        (&[2, 2], &[20.0, 21.0, 20.0, 21.0], &[7.0, 7.0]),
        (&[1], &[10.0, 11.0], &[6.0]),
        (&[], &[], &[]),
    ];
    for (rows, first, second) in cases {
        let gathered = state.gathered(rows);
        assert_eq!(gathered.rows, rows.len());
        assert_eq!(
            (gathered.tensors[0].values.as_slice(), gathered.tensors[1].values.as_slice()),
            (first, second)
        );
        assert_eq!(gathered.tensors[0].shape, [rows.len(), 2]);
    }
}

#[test]
fn rows_outside_a_tensor_are_empty() {
    let tensor = Tensor { shape: vec![2, 2], values: vec![1.0, 2.0, 3.0, 4.0] };
    assert_eq!(tensor.row(1), [3.0, 4.0]);
    assert!(tensor.row(2).is_empty());
    assert!(tensor.row(usize::MAX).is_empty());
}
