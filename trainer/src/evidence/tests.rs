//! A tiny bundle gets evidence: it says the same, and its confidence hears of what the picture speaks for.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use descry_models::{CaptionOptions, Captioner, Engine, EngineChoice, calibration::Feature};
use image::{Rgb, RgbImage};
use tempfile::TempDir;

use super::*;
use crate::export::{export, fixture, tests::arguments as export_arguments};
use crate::quantise::tests as quantise_tests;

const PICTURES: usize = 24;

/// Dark and bright pictures, so that a random encoder tells them apart.
fn picture(index: usize) -> RgbImage {
    let level = if index.is_multiple_of(2) { 20 } else { 220 };
    let side = fixture::SIDE as u32;
    RgbImage::from_pixel(side, side, Rgb([level, level + index as u8, level]))
}

/// A float bundle and a set in which dark pictures are called by one of its words and bright ones by another.
fn made() -> (TempDir, EvidenceArguments, [String; 2]) {
    let folder = TempDir::new().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    fixture::write_run(&at("run"), &fixture::tensors(3));
    export(&export_arguments(folder.path())).expect("a bundle");
    let bundle = Bundle::open(&at("float")).expect("a bundle");
    let word = |token| bundle.vocabulary().word(TokenId(token)).expect("a word").to_owned();
    let words = [word(5), word(6)];
    fs::create_dir_all(at("drawn/images")).expect("a folder");
    let (mut captions, mut list) = (String::new(), String::new());
    for index in 0..PICTURES {
        picture(index).save(at(&format!("drawn/images/{index}.png"))).expect("a picture");
        writeln!(captions, "{index}.png#0\tthis {} unheardof", words[index % 2]).expect("a line");
        writeln!(list, "{index}.png").expect("a line");
    }
    fs::write(at("drawn/captions.token.txt"), captions).expect("captions");
    for split in ["train", "dev"] {
        fs::write(at(&format!("drawn/{split}Images.txt")), &list).expect("a list");
    }
    let arguments = EvidenceArguments {
        bundle: at("float"),
        output: at("evident"),
        dataset: vec![at("drawn")],
        split: "train".to_owned(),
        held_out: "dev".to_owned(),
        minimum_pictures: 3,
        search_weight: 0.0,
        engine: EngineArguments { engine: Some(Engine::Tract), ..EngineArguments::default() },
    };
    (folder, arguments, words)
}

/// What the encoder gives for a picture.
fn scores(bundle: &Path, index: usize) -> Vec<f32> {
    let bundle = Bundle::open(bundle).expect("a bundle");
    let mut network = descry_models::open_network(&bundle, &EngineChoice::Tract).expect("a network");
    let pixels = preprocess::pixels(&picture(index), &bundle.manifest().preprocessing).expect("pixels");
    network.encode(&pixels).expect("encoded").tensors.pop().expect("a tensor").values
}

#[test]
fn a_bundle_with_evidence_says_the_same_and_knows_what_speaks_for_it() {
    let (_folder, arguments, mut words) = made();
    let dark_comes_first = words[0] < words[1];
    words.sort();
    let report = evidence(&arguments).expect("evidence");
    assert_eq!(report.section.words, words, "neither what the model cannot say nor what all captions have");
    assert!(report.section.fit.roc_area > Some(0.99), "{report}");
    assert!(report.to_string().contains("2 words, fitted to 24 pictures of drawn train"), "{report}");

    let open = |bundle: &Path| Captioner::open(bundle, &EngineChoice::Tract).expect("a captioner");
    let (mut plain, mut evident) = (open(&arguments.bundle), open(&arguments.output));
    let of_words = Feature::ALL.iter().position(|feature| *feature == Feature::WordEvidence).expect("it");
    for index in 0..4 {
        let found = scores(&arguments.output, index);
        assert_eq!(found[0] > found[1], (index % 2 == 0) == dark_comes_first, "{index}: {found:?}");
        let (options, picture) = (CaptionOptions::default(), picture(index));
        let (before, without) = plain.caption_with_features(&picture, &options).expect("a caption");
        let (after, with) = evident.caption_with_features(&picture, &options).expect("a caption");
        assert_eq!(after.text, before.text);
        let due = report.section.of_text(&found, &after.text);
        assert!((with.expect("features")[of_words] - due).abs() < 1e-4, "{}", after.text);
        assert!(without.expect("features")[of_words].abs() < 1e-6);
    }

    // Once more: the layer is not there twice, and a run that learns on from the bundle has no part of it.
    let again = EvidenceArguments {
        bundle: arguments.output.clone(),
        output: arguments.output.with_file_name("again"),
        search_weight: 8.0,
        ..arguments.clone()
    };
    evidence(&again).expect("evidence");
    let mut outspoken = open(&again.output);
    for index in 0..2 {
        let caption = outspoken.caption(&picture(index), &CaptionOptions::default()).expect("a caption").text;
        let [its, others] = if (index == 0) == dark_comes_first { [0, 1] } else { [1, 0] };
        let says = |place: usize| caption.split(' ').any(|said| said == words[place]);
        assert!(says(its) && !says(others), "{index}: {caption}");
    }
    let bytes = |folder: &Path| fs::read(folder.join("encoder.onnx")).expect("an encoder");
    assert_eq!(bytes(&again.output), bytes(&arguments.output));
    let learnt = crate::import::weights(&Bundle::open(&again.output).expect("a bundle")).expect("weights");
    assert!(learnt.keys().all(|name| !layer::is_of(OUTPUT, name)), "{:?}", learnt.keys());
}

#[test]
fn in_8_bits_the_pictures_are_told_apart_as_well() {
    let (folder, arguments, _) = made();
    quantise_tests::dataset(&folder.path().join("data"));
    quantise::quantise(&quantise_tests::quantise_arguments(folder.path())).expect("8 bits");
    let arguments = EvidenceArguments { bundle: folder.path().join("int8"), ..arguments };
    let report = evidence(&arguments).expect("evidence");
    assert!(report.section.fit.roc_area > Some(0.99), "{report}");
    let [dark, bright] = [0, 1].map(|index| scores(&arguments.output, index));
    assert!((dark[0] - dark[1]) * (bright[0] - bright[1]) < 0.0, "{dark:?}, {bright:?}");
}

#[test]
fn what_cannot_be_fitted_is_refused() {
    let (_folder, arguments, _) = made();
    let few = EvidenceArguments { minimum_pictures: 13, ..arguments.clone() };
    let error = evidence(&few).expect_err("each word is in twelve");
    assert!(error.to_string().contains("no word is in the captions of 13 pictures"), "{error:#}");
    let nothing_held_out = EvidenceArguments { held_out: "other".to_owned(), ..arguments.clone() };
    let report = evidence(&nothing_held_out).expect("evidence");
    assert_eq!(report.section.fit.roc_area, None, "what was not measured is no number");
    assert!(report.to_string().contains("nobody knows what that is worth"), "{report}");
    let same = EvidenceArguments { output: arguments.bundle.clone(), ..arguments };
    assert!(evidence(&same).is_err());
}
