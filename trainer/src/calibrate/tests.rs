//! A bundle that the exporter made is calibrated on a set on disk, and holds no other byte than before but its manifest's.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::num::NonZeroUsize;
use std::path::Path;

use descry_models::{CaptionOptions, Captioner, Engine, EngineChoice};
use image::{Rgb, RgbImage};

use super::*;
use crate::export::{export, fixture, tests::arguments as export_arguments};
use crate::picture;

const PICTURES: usize = 60;

/// `folder/float`, a tiny bundle with random weights, and `folder/drawn`, pictures of which every third has the model's
/// own caption as its reference.
fn made(folder: &Path) -> CalibrateArguments {
    fixture::write_run(&folder.join("run"), &fixture::tensors(3));
    export(&export_arguments(folder)).expect("a bundle");
    let mut captioner = Captioner::open(&folder.join("float"), &EngineChoice::Tract).expect("opened");
    let drawn = folder.join("drawn");
    std::fs::create_dir_all(drawn.join("images")).expect("images");
    let (mut captions, mut list) = (Vec::new(), Vec::new());
    for index in 0..PICTURES {
        let name = format!("{index:02}.png");
        let picture = RgbImage::from_fn(30, 20, |x, y| {
            Rgb([x as u8 * 8, (y as u8 * 12).wrapping_mul(index as u8), (index as u8).wrapping_mul(37)])
        });
        picture.save(drawn.join("images").join(&name)).expect("saved");
        let own = captioner.caption(&picture, &CaptionOptions::default()).expect("a caption").text;
        captions.push(format!(
            "{name}#0\t{}",
            if index % 3 == 0 { own } else { format!("other{index} thing{index}") }
        ));
        list.push(name);
    }
    std::fs::write(drawn.join("captions.token.txt"), captions.join("\n")).expect("captions");
    std::fs::write(drawn.join("devImages.txt"), list.join("\n")).expect("list");
    CalibrateArguments {
        bundle: folder.join("float"),
        dataset: vec![drawn],
        split: "dev".to_owned(),
        engine: EngineArguments {
            engine: Some(Engine::Tract),
            threads: NonZeroUsize::new(2),
            ..EngineArguments::default()
        },
        judgements: Vec::new(),
        dry_run: false,
        captions: Some(folder.join("captions.jsonl")),
    }
}

fn files(bundle: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(bundle).expect("the bundle").map(|entry| entry.expect("an entry"));
    entries
        .map(|entry| {
            (entry.file_name().to_string_lossy().into_owned(), std::fs::read(entry.path()).expect("read"))
        })
        .collect()
}

#[test]
fn only_the_manifest_changes_and_the_confidence_follows_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let arguments = made(folder.path());
    let before = files(&arguments.bundle);

    let dry = calibrate(&CalibrateArguments { dry_run: true, ..arguments.clone() }).expect("calibrated");
    assert_eq!(files(&arguments.bundle), before, "a dry run writes nothing");

    let report = calibrate(&arguments).expect("calibrated");
    assert_eq!(report.calibration, dry.calibration, "the same captions give the same fit");
    let mut after = files(&arguments.bundle);
    let manifest = after.insert(MANIFEST_FILE.to_owned(), before[MANIFEST_FILE].clone()).expect("a manifest");
    assert_eq!(after, before, "all but the manifest is as it was");
    let manifest = Manifest::from_toml(std::str::from_utf8(&manifest).expect("text")).expect("a manifest");
    assert_eq!(manifest.calibration.as_ref(), Some(&report.calibration));
    let fit = &report.calibration.fit;
    assert_eq!((fit.captions, fit.datasets.as_slice()), (PICTURES, ["drawn dev".to_owned()].as_slice()));

    // What the captioner says of a picture is what was fitted.
    let lines = std::fs::read_to_string(folder.path().join("captions.jsonl")).expect("captions");
    let line: serde_json::Value = serde_json::from_str(lines.lines().next().expect("a line")).expect("JSON");
    let features: Features = serde_json::from_value(line["features"].clone()).expect("features");
    let mut captioner = Captioner::open(&arguments.bundle, &EngineChoice::Tract).expect("opened");
    let picture = picture::open(&folder.path().join("drawn/images/00.png")).expect("a picture");
    let caption = captioner.caption(&picture, &CaptionOptions::default()).expect("a caption");
    let expected = report.calibration.confidence(&features, &caption.text).value();
    assert!((caption.confidence.value() - expected).abs() < 1e-5, "{} and {expected}", caption.confidence);
    assert!(report.to_string().contains("ROC area"), "{report}");
}

#[test]
fn too_few_captions_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let arguments = made(folder.path());
    let list = (0..10).fold(String::new(), |list, index| list + &format!("{index:02}.png\n"));
    std::fs::write(folder.path().join("drawn/fewImages.txt"), list).expect("a list");
    let error = calibrate(&CalibrateArguments { split: "few".to_owned(), ..arguments }).expect_err("too few");
    assert!(error.to_string().contains("10 captions are too few"), "{error:#}");
}

#[test]
fn those_who_looked_are_believed_before_the_proxy() {
    let folder = tempfile::tempdir().expect("a folder");
    let arguments = made(folder.path());
    calibrate(&CalibrateArguments { dry_run: true, ..arguments.clone() }).expect("calibrated");
    let lines = std::fs::read_to_string(folder.path().join("captions.jsonl")).expect("captions");
    // Every second caption is let pass, whatever the proxy says, and the last five were not looked at.
    let (mut judgements, mut others) = (String::new(), String::new());
    for (index, line) in lines.lines().take(PICTURES - 5).enumerate() {
        let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
        let picture = Path::new(line["file"].as_str().expect("a file")).file_name().expect("a name");
        let verdict = if index % 2 == 0 { "passes" } else { "misleads" };
        let caption = line["caption"].as_str().expect("a caption");
        writeln!(judgements, "{}\t{caption}\t{verdict}", picture.display()).expect("a line");
        // What another model said; every third of these holds a word that this one does not know.
        let other = if index % 3 == 0 { "word4 unheardof" } else { "word4 word5 word4 word6" };
        writeln!(others, "{}\t{other}\tright", picture.display()).expect("a line");
    }
    let [file, other] = ["judged.tsv", "others.tsv"].map(|name| folder.path().join(name));
    std::fs::write(&file, judgements).expect("judgements");
    std::fs::write(&other, others).expect("judgements");

    let calibrated = |judgements: Vec<PathBuf>| {
        calibrate(&CalibrateArguments { judgements, ..arguments.clone() }).expect("calibrated").calibration
    };
    let alone = calibrated(vec![file.clone()]);
    let fit = &alone.fit;
    assert_eq!((fit.captions, fit.accepted_when.as_str()), (PICTURES - 5, judgements::RULE));
    assert!((fit.accepted - 28.0 / 55.0).abs() < 1e-3, "{fit:?}");

    // The verdicts on what others said are learned from, and nothing is said of how right they are.
    let beside = calibrated(vec![file, other]);
    assert_eq!((fit.other_captions, beside.fit.other_captions), (0, 36));
    assert_eq!((beside.fit.captions, beside.fit.accepted), (fit.captions, fit.accepted));
    assert!(beside.words.get("word6") > Some(&0.0), "it was always right: {:?}", beside.words);
    assert!(beside.coefficients != alone.coefficients);
}
