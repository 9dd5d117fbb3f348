//! The exported graphs against the formulas, in both engines; and what a broken run is answered with.

use std::path::{Path, PathBuf};

use descry_models::{Bundle, EngineChoice, Network, Pixels, Tensor, TokenId, open_network};
use ndarray::{Array1, Array3};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use tempfile::TempDir;

use super::{
    ExportArguments, ORIGIN, export,
    fixture::{SIDE, VOCABULARY, tensors, write_run},
    reference,
};

/// The arguments of an export of `folder/run` to `folder/float`.
pub(crate) fn arguments(folder: &Path) -> ExportArguments {
    ExportArguments {
        run: folder.join("run"),
        mean_with: Vec::new(),
        bundle: folder.join("float"),
        name: None,
        description: "A test.".to_owned(),
        licence: Some("MIT".to_owned()),
        weights: Some("random".to_owned()),
        beam_width: 2,
        length_penalty: 0.7,
        repetition_guard: false,
        may_repeat: None,
    }
}

/// Both engines. ONNX Runtime is a part of what is tested, so there is no skipping it.
pub(crate) fn engines() -> [EngineChoice; 2] {
    let library = std::env::var_os("DESCRY_ONNXRUNTIME").map(PathBuf::from);
    assert!(
        library.is_some(),
        "DESCRY_ONNXRUNTIME must name libonnxruntime.so: these tests run both engines"
    );
    [EngineChoice::Tract, EngineChoice::OnnxRuntime { library }]
}

pub(crate) fn random_pixels(seed: u64) -> Pixels {
    let mut random = StdRng::seed_from_u64(seed);
    let values = (0..3 * SIDE * SIDE).map(|_| random.random_range(-1.0f32..1.0)).collect();
    Pixels { values, width: SIDE as u32, height: SIDE as u32 }
}

fn assert_close<'a>(what: &str, found: &[f32], expected: impl IntoIterator<Item = &'a f64>) {
    let expected: Vec<f64> = expected.into_iter().copied().collect();
    assert_eq!(found.len(), expected.len(), "{what}");
    for (place, (found, expected)) in found.iter().zip(&expected).enumerate() {
        let error = (f64::from(*found) - expected).abs();
        assert!(error < 1e-4, "{what}[{place}] is {found}, the formula gives {expected}");
    }
}

#[test]
fn both_engines_give_the_formulas_logits() {
    for seed in [1, 2] {
        let folder = TempDir::new().unwrap();
        let weights = tensors(seed);
        write_run(&folder.path().join("run"), &weights);
        export(&arguments(folder.path())).unwrap();
        let bundle = Bundle::open(&folder.path().join("float")).unwrap();
        let pixels = random_pixels(seed);
        let planes = Array3::from_shape_vec((3, SIDE, SIDE), pixels.values.clone()).unwrap().mapv(f64::from);
        let context = reference::encode(&weights, &planes);
        assert!(
            context.features.iter().any(|&value| value > 0.1),
            "the features of seed {seed} are all but silent"
        );
        for engine in engines() {
            let mut network = open_network(&bundle, &engine).unwrap();
            compare(network.as_mut(), &weights, &pixels, &context);
        }
    }
}

/// Three sentences side by side over four words, each with words of its own.
fn compare(
    network: &mut dyn Network,
    weights: &super::fixture::Tensors,
    pixels: &Pixels,
    context: &reference::Context,
) {
    let encoded = network.encode(pixels).unwrap();
    let of = |place: usize| -> &Tensor { &encoded.tensors[place] };
    assert_close("features", &of(0).values, &context.features);
    assert_close("keys", &of(1).values, &context.keys);
    assert_close("hidden", &of(2).values, &context.hidden);
    assert_close("cell", &of(3).values, &context.cell);
    let mut state = network.start(&encoded, 3).unwrap();
    let mut expected: Vec<(Array1<f64>, Array1<f64>)> =
        (0..3).map(|_| (context.hidden.clone(), context.cell.clone())).collect();
    for word in 0..4u32 {
        let tokens: Vec<TokenId> =
            (0..3).map(|row| TokenId((1 + word * 5 + row * 4) % VOCABULARY as u32)).collect();
        let step = network.step(&encoded, &state, &tokens).unwrap();
        let attention = step.attention.as_ref().unwrap();
        for (row, (hidden, cell)) in expected.iter_mut().enumerate() {
            let formula = reference::step(weights, context, hidden, cell, tokens[row].0 as usize);
            let what = format!("{} word {word} row {row}", network.engine());
            assert_close(&format!("{what} logits"), step.logits.row(row), &formula.logits);
            assert_close(&format!("{what} attention"), attention.row(row), &formula.attention);
            assert_close(&format!("{what} hidden"), step.state.tensors[0].row(row), &formula.hidden);
            assert_close(&format!("{what} cell"), step.state.tensors[1].row(row), &formula.cell);
            (*hidden, *cell) = (formula.hidden, formula.cell);
        }
        state = step.state;
    }
}

#[test]
fn what_the_bundle_before_learned_from_is_named_as_well() {
    let folder = TempDir::new().unwrap();
    let run = folder.path().join("run");
    write_run(&run, &tensors(1));
    let origin = |text: &str| std::fs::write(run.join(ORIGIN), text).unwrap();
    origin("trainer = \"t\"\nweights = \"w\"\ndatasets = [\"photos\", \"drawn\", \"places\"]\n");
    let manifest = export(&arguments(folder.path())).unwrap();
    assert_eq!(manifest.provenance.datasets, ["photos", "drawn", "places"]);
    origin("trainer = \"t\"\nweights = \"w\"\ndatasets = [\"photos\"]\n");
    let manifest = export(&arguments(folder.path())).unwrap();
    assert_eq!(manifest.provenance.datasets, ["photos", "drawn"]);
    origin("datasets = 1\n");
    let error = export(&arguments(folder.path())).unwrap_err().to_string();
    assert!(error.contains("origin.toml does not say what the run goes on from"), "{error}");
}

#[test]
fn the_manifest_is_the_runs() {
    let folder = TempDir::new().unwrap();
    write_run(&folder.path().join("run"), &tensors(1));
    let manifest = export(&arguments(folder.path())).unwrap();
    assert_eq!(manifest.name, "tiny");
    assert_eq!(manifest.decoding.maximum_words, 8);
    assert_eq!(manifest.provenance.datasets, ["drawn"]);
    assert_eq!(manifest.vocabulary.size, VOCABULARY);
    assert_eq!(manifest.vocabulary.end, TokenId(2));
    assert!(manifest.quantisation.is_none());
    let files: Vec<&str> = manifest.files.keys().map(String::as_str).collect();
    assert_eq!(files, ["decoder.onnx", "encoder.onnx", "experiment.toml", "vocabulary.txt"]);
}

#[test]
fn words_that_may_be_said_again_are_named() {
    let folder = TempDir::new().unwrap();
    write_run(&folder.path().join("run"), &tensors(1));
    let word = |number: usize| {
        let words = std::fs::read_to_string(folder.path().join("run/vocabulary.txt")).unwrap();
        words.lines().nth(number).unwrap().to_owned()
    };
    let with = |words: Vec<String>| ExportArguments { may_repeat: Some(words), ..arguments(folder.path()) };
    let manifest = export(&with(vec![word(6), word(4)])).unwrap();
    assert_eq!(manifest.decoding.may_repeat, Some(vec![TokenId(6), TokenId(4)]));
    let error = export(&with(vec!["aardvark".to_owned()])).unwrap_err().to_string();
    assert!(error.contains("\"aardvark\", which --may-repeat names"), "{error}");
}

#[test]
fn runs_have_a_mean() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    let (one, other) = (tensors(1), tensors(2));
    let mean = one.iter().map(|(name, tensor)| (name.clone(), (tensor + &other[name]) / 2.0)).collect();
    for (run, tensors) in [("run", &one), ("other", &other), ("mean", &mean)] {
        write_run(&at(run), tensors);
    }
    let both = ExportArguments { mean_with: vec![at("other")], ..arguments(folder.path()) };
    let of_mean = ExportArguments { run: at("mean"), bundle: at("of-mean"), ..arguments(folder.path()) };
    assert_eq!(export(&both).unwrap(), export(&of_mean).unwrap(), "the same bytes");

    std::fs::write(at("other").join("vocabulary.txt"), "<pad>\n<start>\n<end>\n<unk>\ndog\n").unwrap();
    let error = export(&both).unwrap_err().to_string();
    assert!(error.ends_with("only runs of the same words have a mean"), "{error}");
}

#[test]
fn a_broken_run_is_named() {
    type Break = fn(&Path);
    let cases: [(&str, Break, &str); 6] = [
        ("no experiment", |run| std::fs::remove_file(run.join("experiment.toml")).unwrap(), "cannot read"),
        (
            "no name",
            |run| std::fs::write(run.join("experiment.toml"), "seed = 1\n").unwrap(),
            "is not an experiment",
        ),
        (
            "no weights",
            |run| std::fs::remove_file(run.join("best.safetensors")).unwrap(),
            "finished an epoch",
        ),
        (
            "other words",
            |run| std::fs::write(run.join("vocabulary.txt"), "<pad>\n<start>\n<end>\n<unk>\ndog\n").unwrap(),
            "of different runs",
        ),
        (
            "no words",
            |run| std::fs::write(run.join("vocabulary.txt"), "dog\n").unwrap(),
            "is not a vocabulary",
        ),
        (
            "a block too few",
            |run| {
                let mut tensors = tensors(1);
                tensors.retain(|name, _| !name.starts_with("encoder.blocks.16."));
                write_run(run, &tensors);
            },
            "there is no tensor \"encoder.blocks.16.expand.weight\"",
        ),
    ];
    for (case, breaks, message) in cases {
        let folder = TempDir::new().unwrap();
        let run = folder.path().join("run");
        write_run(&run, &tensors(1));
        breaks(&run);
        let error = export(&arguments(folder.path())).unwrap_err().to_string();
        assert!(error.contains(message), "{case}: {error}");
        assert!(!folder.path().join("float/manifest.toml").exists(), "{case}");
    }
}
