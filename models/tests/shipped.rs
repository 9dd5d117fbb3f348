//! The bundles that ship say of themselves all that they must: every file, and what they score.

use std::{collections::BTreeSet, fs, path::PathBuf};

use descry_models::{
    Bundle, Engine,
    manifest::{MANIFEST_FILE, Precision, Score},
};

/// No bundle that ships may have more bytes.
const MAXIMUM_BYTES: u64 = 12_000_000;
/// What every bundle that ships is scored on, how many pictures that is, and the `CIDEr` that it must have with its own beam.
const DUE: [(&str, usize, f64); 2] = [("flickr8k", 1000, 65.0), ("everyday", 400, 75.0)];
/// How much `CIDEr` the quantisation may cost.
const MAXIMUM_LOSS: f64 = 1.0;

fn shipped() -> Vec<(PathBuf, Bundle)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("bundles");
    let entries = fs::read_dir(folder).expect("a folder of bundles");
    let folders: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    assert!(!folders.is_empty(), "no bundle ships");
    let open = |folder: PathBuf| {
        let bundle = Bundle::open(&folder).unwrap_or_else(|error| panic!("{error}"));
        (folder, bundle)
    };
    folders.into_iter().map(open).collect()
}

#[test]
fn every_file_is_listed_and_verified() {
    for (folder, bundle) in shipped() {
        let entries = fs::read_dir(&folder).expect("a folder");
        let names = entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
        let there: BTreeSet<String> = names.filter(|name| name != MANIFEST_FILE).collect();
        let files = &bundle.manifest().files;
        let listed: BTreeSet<String> = files.keys().cloned().collect();
        assert_eq!(there, listed, "{}: `descry-trainer seal` lists its files", folder.display());
        for name in ["CARD.md", "golden.json"] {
            assert!(listed.contains(name), "{} has no {name}", folder.display());
        }
        let bytes: u64 = files.values().map(|record| record.bytes).sum();
        assert!(bytes < MAXIMUM_BYTES, "{} has {bytes} bytes", folder.display());
    }
}

#[test]
fn what_it_scores_is_recorded_and_enough() {
    for (folder, bundle) in shipped() {
        let scores = &bundle.manifest().scores;
        let beam_width = bundle.manifest().decoding.beam_width;
        let find = |dataset: &str, precision: Precision, engine: Engine| -> Option<&Score> {
            scores.iter().find(|score| {
                (score.dataset.as_str(), score.split.as_str(), score.beam_width)
                    == (dataset, "dev", beam_width)
                    && (score.precision, score.engine) == (precision, engine)
            })
        };
        for (dataset, images, cider) in DUE {
            for engine in [Engine::Tract, Engine::OnnxRuntime] {
                let name = format!("{}, {dataset} dev, int8, {engine}", folder.display());
                let Some(int8) = find(dataset, Precision::Int8, engine) else {
                    panic!("{name}: `descry-trainer seal --scores` records its score")
                };
                assert_eq!(int8.images, images, "{name}");
                assert!(int8.cider >= cider, "{name}: CIDEr {} where {cider} is due", int8.cider);
                if let Some(float32) = find(dataset, Precision::Float32, engine) {
                    let loss = float32.cider - int8.cider;
                    assert!(loss <= MAXIMUM_LOSS, "{name}: {loss} below float32");
                }
            }
        }
    }
}
