//! A tiny exported bundle is sealed: what is listed then, what is refused, and that all of it is verified afterwards.

use std::fs;
use std::path::PathBuf;

use descry_models::{Bundle, BundleError, Engine, Manifest};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{SealArguments, SealError, seal};
use crate::export::{export, fixture, tests::arguments as export_arguments};

/// `folder/float`, a tiny bundle, with a card that its manifest does not list yet.
fn made() -> TempDir {
    let folder = TempDir::new().unwrap();
    fixture::write_run(&folder.path().join("run"), &fixture::tensors(1));
    export(&export_arguments(folder.path())).unwrap();
    fs::write(bundle(&folder).join("CARD.md"), "A tiny model.").unwrap();
    folder
}

fn bundle(folder: &TempDir) -> PathBuf {
    folder.path().join("float")
}

fn sealed(folder: &TempDir, scores: &[&Value]) -> Result<Manifest, SealError> {
    let write = |(number, score): (usize, &&Value)| {
        let file = folder.path().join(format!("score-{number}.json"));
        fs::write(&file, score.to_string()).unwrap();
        file
    };
    let scores = scores.iter().enumerate().map(write).collect();
    seal(&SealArguments { bundle: bundle(folder), scores })
}

/// What `evaluate --json` prints; a test of `evaluate` holds it to these fields.
fn score(cider: f64) -> Value {
    json!({
        "images": 3, "bleu1": 60.6, "bleu2": 42.4, "bleu3": 28.5, "bleu4": 19.25, "rouge_l": 45.4, "cider": cider,
        "cider_plain": 61.5, "meteor": 20.5,
        "model": "tiny", "precision": "float32", "engine": "tract", "beam_width": 3, "dataset": "drawn",
        "split": "dev", "skipped": 0, "threads": 1, "milliseconds_per_picture": 1.5, "mean_words": 4.5,
        "distinct_captions": 3, "words_used": 7, "vocabulary": 17
    })
}

fn with(mut score: Value, field: &str, value: Value) -> Value {
    score[field] = value;
    score
}

#[test]
fn every_file_is_listed_and_verified_from_then_on() {
    let folder = made();
    assert!(!Bundle::open(&bundle(&folder)).unwrap().manifest().files.contains_key("CARD.md"));
    let manifest = sealed(&folder, &[]).unwrap();
    let listed: Vec<_> = manifest.files.keys().map(String::as_str).collect();
    assert_eq!(listed, ["CARD.md", "decoder.onnx", "encoder.onnx", "experiment.toml", "vocabulary.txt"]);
    assert_eq!(Bundle::open(&bundle(&folder)).unwrap().manifest(), &manifest);

    let card = bundle(&folder).join("CARD.md");
    fs::write(&card, "A large model").unwrap();
    assert!(matches!(Bundle::open(&bundle(&folder)), Err(BundleError::Altered { file, .. }) if file == card));
    sealed(&folder, &[]).unwrap();
    Bundle::open(&bundle(&folder)).unwrap();
    fs::remove_file(&card).unwrap();
    assert!(matches!(Bundle::open(&bundle(&folder)), Err(BundleError::Missing { file }) if file == card));
    assert!(!sealed(&folder, &[]).unwrap().files.contains_key("CARD.md"));
}

#[test]
fn scores_are_recorded_once_for_each_circumstance() {
    let folder = made();
    let other_engine = with(score(24.5), "engine", json!("onnxruntime"));
    let manifest = sealed(&folder, &[&score(47.1234), &other_engine]).unwrap();
    let found = |manifest: &Manifest| -> Vec<_> {
        manifest.scores.iter().map(|score| (score.engine, score.cider)).collect()
    };
    assert_eq!(found(&manifest), [(Engine::OnnxRuntime, 24.5), (Engine::Tract, 47.1234)]);
    let first = &manifest.scores[1];
    assert_eq!((first.images, first.beam_width, first.bleu4, first.rouge_l), (3, 3, 19.25, 45.4));
    assert_eq!(first.meteor, Some(20.5));
    // Measured again, it takes the old one's place; without scores, all stay.
    let again = sealed(&folder, &[&score(48.0)]).unwrap();
    assert_eq!(found(&again), [(Engine::OnnxRuntime, 24.5), (Engine::Tract, 48.0)]);
    assert_eq!(sealed(&folder, &[]).unwrap(), again);
}

#[test]
fn what_is_no_score_of_this_model_is_refused() {
    let cases = [
        (with(score(1.0), "model", json!("other")), "it is of other, and the bundle is tiny"),
        (with(score(1.0), "precision", json!("int8")), "it is of an int8 model"),
        (with(score(1.0), "engine", json!("abacus")), "there is no engine \"abacus\""),
        (with(score(1.0), "cider", Value::Null), "invalid type: null"),
        (with(score(1.0), "diverse_groups", json!(2)), "it is of a diverse search"),
        (json!({ "cider": 1.0 }), "missing field"),
    ];
    for (score, words) in cases {
        let folder = made();
        let before = fs::read(bundle(&folder).join("manifest.toml")).unwrap();
        let error = sealed(&folder, &[&score]).unwrap_err();
        assert!(
            matches!(&error, SealError::Score { path, .. } if path.ends_with("score-0.json")),
            "{error:?}"
        );
        assert!(error.to_string().contains(words), "{error} does not say {words}");
        assert_eq!(fs::read(bundle(&folder).join("manifest.toml")).unwrap(), before);
    }
}

#[test]
fn a_damaged_model_is_not_made_whole() {
    for name in ["encoder.onnx", "decoder.onnx", "vocabulary.txt", "experiment.toml"] {
        let folder = made();
        let file = bundle(&folder).join(name);
        let mut bytes = fs::read(&file).unwrap();
        bytes[0] ^= 1;
        fs::write(&file, bytes).unwrap();
        assert!(matches!(sealed(&folder, &[]), Err(SealError::Altered(path)) if path == file), "{name}");
        fs::remove_file(&file).unwrap();
        assert!(matches!(sealed(&folder, &[]), Err(SealError::Altered(path)) if path == file), "{name}");
    }
}

#[test]
fn what_cannot_be_listed_is_refused() {
    let folder = made();
    let strangers = ["notes", ".CARD.md.swp", "link"].map(|name| bundle(&folder).join(name));
    fs::create_dir(&strangers[0]).unwrap();
    fs::write(&strangers[1], "").unwrap();
    std::os::unix::fs::symlink("CARD.md", &strangers[2]).unwrap();
    for stranger in &strangers {
        assert!(matches!(sealed(&folder, &[]), Err(SealError::Stranger(path)) if strangers.contains(&path)));
        let removed = if stranger.is_dir() { fs::remove_dir(stranger) } else { fs::remove_file(stranger) };
        removed.unwrap();
    }
    sealed(&folder, &[]).unwrap();
}
