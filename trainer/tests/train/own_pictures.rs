//! One's own pictures, and a bundle to start from: one command makes a new bundle that opens and says what it scores.

use std::fs;

use descry_models::Bundle;
use descry_trainer::device::DeviceArguments;
use descry_trainer::evaluate::EngineArguments;
use descry_trainer::export::{ExportArguments, export};
use descry_trainer::fine_tune::{self, FineTuneArguments};
use descry_trainer::prepare;
use descry_trainer::quantise::quantise;
use descry_trainer::train;

use crate::bundles::{export_arguments, quantise_arguments};
use crate::workshop::{EXPERIMENT, alone, training, workshop};

#[test]
fn a_folder_of_pictures_becomes_a_bundle() {
    let _alone = alone();
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    let without_last = EXPERIMENT.lines().filter(|line| !line.starts_with("self_critical"));
    let without_last: Vec<&str> = without_last.collect();
    let (prepare, train) = workshop(folder.path(), &without_last.join("\n"), 6);
    prepare::run(&prepare).expect("prepared");
    train::run(&training(&train.run, &train.datasets, None)).expect("trained");
    export(&ExportArguments {
        beam_width: 2,
        length_penalty: 0.5,
        repetition_guard: true,
        ..export_arguments(&train.run, &at("float32"))
    })
    .expect("exported");
    let set = train.datasets.join("small");
    quantise(&quantise_arguments(&at("float32"), &at("base"), &set)).expect("quantised");

    // Pictures with their captions beside them; one is broken, one has none.
    fs::create_dir(at("photos")).expect("a folder");
    for number in 0..22u8 {
        let (colour, word) = if number % 2 == 0 { ([200, 20, 20], "red") } else { ([20, 20, 200], "blue") };
        let picture = image::RgbImage::from_pixel(64, 48, image::Rgb(colour));
        picture.save(at("photos").join(format!("{number}.png"))).expect("a picture");
        let captions = format!("A {word} wall.\nThe zebroid wall is {word}.\n");
        fs::write(at("photos").join(format!("{number}.txt")), captions).expect("captions");
    }
    fs::write(at("photos/4.png"), "no picture").expect("written");
    fs::remove_file(at("photos/5.txt")).expect("removed");
    let arguments = FineTuneArguments {
        bundle: at("base"),
        pictures: at("photos"),
        format: None,
        output: at("mine"),
        run: None,
        epochs: 1,
        dev_share: 0.3,
        seed: 7,
        engine: EngineArguments::default(),
        device: DeviceArguments::default(),
    };
    fine_tune::run(&arguments).expect("a new bundle");
    let bundle = Bundle::open(&at("mine")).expect("it opens");
    let manifest = bundle.manifest();
    assert_eq!(manifest.name, "mine");
    assert!(manifest.quantisation.is_some(), "as the bundle before");
    assert_eq!((manifest.decoding.beam_width, manifest.decoding.repetition_guard), (2, true));
    assert_eq!(manifest.scores.len(), 1);
    assert_eq!(manifest.scores[0].split, "dev");
    assert!(manifest.files.contains_key("CARD.md"));
    let card = fs::read_to_string(at("mine/CARD.md")).expect("a card");
    assert!(card.contains("small learned on") && card.contains("CIDEr"), "{card}");
    fine_tune::run(&arguments).expect("done again, it is the same");
    assert_eq!(Bundle::open(&at("mine")).expect("it opens").manifest().files, manifest.files);
    let refused = fine_tune::run(&FineTuneArguments { epochs: 2, ..arguments }).expect_err("of one epoch");
    assert!(refused.to_string().contains("other arguments"), "{refused}");
}
