//! Our METEOR against that of Meteor 1.5's jar, which `tests/golden/make_meteor.py` wrote down.
//!
//! The jar ran with the small files of `tests/golden/meteor/`, written for this, in the place of its own data; with its
//! own, on a real data set, the test is ignored unless both are at hand.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Deserialize;

use super::super::golden::{Captions, from_dataset, synthetic};
use super::{Variant, data::MeteorData, normalise, score};
use crate::dataset::Dataset;

const SCORES: &str = include_str!("../../../tests/golden/meteor.json");

/// The same counts give the same score but for the last digits; one pair of words more would show.
const TOLERANCE: f64 = 1e-9;

#[derive(Deserialize)]
struct Golden {
    exact_stem: Expected,
    small_data: Expected,
    full_synthetic: Expected,
    full_flickr8k_dev: Expected,
    words: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Expected {
    score: f64,
    each: Vec<f64>,
}

fn golden() -> Golden {
    serde_json::from_str(SCORES).expect("golden scores")
}

/// The small data, laid out as Meteor's own and with the paraphrases compressed.
fn small_data() -> tempfile::TempDir {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/meteor");
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["function/english.words", "nonbreaking/english.prefixes", "synonym/english.synsets"]
        .into_iter()
        .chain(["synonym/english.exceptions"])
    {
        let to = folder.path().join(name);
        fs::create_dir_all(to.parent().expect("a parent")).expect("made");
        fs::copy(from.join(name), to).expect("copied");
    }
    fs::create_dir(folder.path().join("data")).expect("made");
    let file = fs::File::create(folder.path().join("data/paraphrase-en.gz")).expect("created");
    let mut writer = GzEncoder::new(file, Compression::fast());
    writer.write_all(&fs::read(from.join("paraphrase-en.txt")).expect("paraphrases")).expect("written");
    writer.finish().expect("finished");
    folder
}

fn check(name: &str, data: Option<&Path>, captions: &Captions, expected: &Expected) {
    let (candidates, references) = captions.words();
    let found = score(data, &candidates, &references).expect("scores");
    let variant = if data.is_some() { Variant::Full } else { Variant::ExactStem };
    assert_eq!((found.variant, found.each.len()), (variant, candidates.len()), "{name}");
    println!("{name}: {:.12}, the jar {:.12}", found.score, expected.score);
    for (index, (ours, theirs)) in found.each.iter().zip(&expected.each).enumerate() {
        let candidate = candidates[index].join(" ");
        assert!((ours - theirs).abs() < TOLERANCE, "{name} {index}: {ours}, not {theirs}: {candidate}");
    }
    assert!(
        (found.score - expected.score).abs() < TOLERANCE,
        "{name}: {}, not {}",
        found.score,
        expected.score
    );
}

#[test]
fn exact_and_stem_matches_agree() {
    check("exact and stem", None, &synthetic().first(200), &golden().exact_stem);
}

#[test]
fn all_matchers_agree_on_small_data() {
    let folder = small_data();
    check("small data", Some(folder.path()), &synthetic().first(200), &golden().small_data);
}

#[test]
fn normalised_words_agree() {
    let folder = small_data();
    let data = MeteorData::open(folder.path()).expect("small data");
    let cases = golden().words;
    assert!(cases.len() > 30, "only {} cases", cases.len());
    for (text, words) in cases {
        assert_eq!(normalise::words(&text, &data.abbreviations).join(" "), words, "{text}");
    }
}

#[test]
fn an_empty_candidate_scores_nothing_and_weighs_in_the_set() {
    let sentence = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let references = vec![vec![sentence("a dog runs")], vec![sentence("a cat")]];
    let whole = score(None, &[sentence("a dog runs"), sentence("a cat")], &references).expect("scores");
    assert_eq!(whole.each, [100.0, 100.0]);
    let half = score(None, &[sentence("a dog runs"), sentence("")], &references).expect("scores");
    assert_eq!(half.each, [100.0, 0.0]);
    assert!(half.score < whole.score, "{half:?}");
}

fn folder_of(variable: &str) -> PathBuf {
    std::env::var_os(variable).unwrap_or_else(|| panic!("{variable} names a folder")).into()
}

/// `DESCRY_METEOR=DIR DESCRY_DATASETS=DIR cargo test -p descry-trainer --lib -- --ignored meteor`, with Meteor's own data
/// and the folder that holds `flickr8k/`.
#[test]
#[ignore = "needs Meteor's data and Flickr8k: run with DESCRY_METEOR and DESCRY_DATASETS"]
fn meteor_agrees_on_a_real_data_set() {
    let data = folder_of("DESCRY_METEOR");
    let dataset = Dataset::open(&folder_of("DESCRY_DATASETS").join("flickr8k"), "dev").expect("flickr8k");
    let golden = golden();
    check("flickr8k dev", Some(&data), &from_dataset(&dataset), &golden.full_flickr8k_dev);
    check("synthetic", Some(&data), &synthetic(), &golden.full_synthetic);
}
