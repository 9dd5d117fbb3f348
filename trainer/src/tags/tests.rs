//! A tiny bundle gets tags: it says the same, and names what it sees.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use descry_models::{CaptionOptions, Captioner};
use image::{Rgb, RgbImage};
use ndarray::{ArrayD, Axis, IxDyn};
use tempfile::TempDir;

use super::*;
use crate::export::{export, fixture, tests::arguments as export_arguments, weights::Weights};
use crate::onnx::layer;
use crate::quantise::tests as quantise_tests;

const CHANNELS: usize = 40;

/// Pictures of one colour each, so that a random encoder tells them apart.
fn picture(index: usize) -> RgbImage {
    let level = |factor: usize| (index * factor % 256) as u8;
    RgbImage::from_pixel(fixture::SIDE as u32, fixture::SIDE as u32, Rgb([level(67), level(29), level(111)]))
}

/// Writes a float bundle, weights of three classes, names, labels and judgements.
fn made() -> (TempDir, TagsArguments) {
    let folder = TempDir::new().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    fixture::write_run(&at("run"), &fixture::tensors(1));
    export(&export_arguments(folder.path())).expect("a bundle");
    let mut random: u32 = 7;
    let mut values = |count: usize| -> Vec<f32> {
        let mut next = || {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (random >> 8) as f32 / 8_388_608.0 - 1.0
        };
        (0..count).map(|_| next()).collect()
    };
    let tensor =
        |shape: &[usize], values: Vec<f32>| ArrayD::from_shape_vec(IxDyn(shape), values).expect("a tensor");
    let weights = fixture::Tensors::from([
        ("classifier.weight".to_owned(), tensor(&[4, CHANNELS], values(4 * CHANNELS))),
        ("classifier.bias".to_owned(), tensor(&[4], values(4))),
    ]);
    fixture::write(&at("classes.safetensors"), &weights);
    fs::write(at("names.tsv"), "-\nSaluki\tdog\nbeagle\tdog\nteapot\n").expect("names");
    fs::create_dir_all(at("labelled/images")).expect("a folder");
    let (mut labels, mut judged) = (String::new(), "# by a test\n".to_owned());
    for index in 0..24 {
        let name = format!("{index}.png");
        picture(index).save(at("labelled/images").join(&name)).expect("a picture");
        writeln!(labels, "{name}\t{}", 1 + index % 3).expect("a line");
        for (number, tag) in ["dog", "teapot"].iter().enumerate() {
            let right = (index + number) % 2;
            writeln!(judged, "labelled/images/{name}\t{tag}\t{right}").expect("a line");
        }
    }
    fs::write(at("labelled/labels.txt"), labels).expect("labels");
    fs::write(at("judged.tsv"), judged).expect("judgements");
    let arguments = TagsArguments {
        bundle: at("float"),
        output: at("tagged"),
        weights: at("classes.safetensors"),
        weights_name: Some("random".to_owned()),
        names: at("names.tsv"),
        labelled: at("labelled"),
        judged: at("judged.tsv"),
        datasets: folder.path().to_owned(),
        least: 0.0,
        engine: Some(Engine::Tract),
    };
    (folder, arguments)
}

fn captioner(bundle: &Path) -> Captioner {
    Captioner::open(bundle, &EngineChoice::Tract).expect("a captioner")
}

#[test]
fn a_bundle_with_tags_says_the_same_and_names_what_it_sees() {
    let (_folder, arguments) = made();
    let report = tags(&arguments).expect("tags").to_string();
    assert!(report.contains("24 pictures with a labelled class"), "{report}");
    let (mut plain, mut tagged) = (captioner(&arguments.bundle), captioner(&arguments.output));
    let section = tagged.manifest().tags.clone().expect("a section");
    assert_eq!((section.fit.labelled, section.fit.judged), (24, 48));
    for index in 0..4 {
        let (options, picture) = (CaptionOptions::default(), picture(index));
        let before = plain.caption(&picture, &options).expect("a caption");
        let after = tagged.caption(&picture, &options).expect("a caption");
        assert!(before.tags.is_empty());
        let mut names: Vec<&str> = after.tags.iter().map(|tag| tag.name.as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, ["Saluki", "beagle", "dog", "teapot"]);
        assert_eq!(descry_models::Caption { tags: Vec::new(), ..after }, before);
    }

    // Once more: the layer is not there twice, and a run that learns on from the bundle has no part of it.
    let again = TagsArguments {
        bundle: arguments.output.clone(),
        output: arguments.output.with_file_name("again"),
        ..arguments.clone()
    };
    tags(&again).expect("tags");
    let bytes = |folder: &PathBuf| fs::read(folder.join("encoder.onnx")).expect("an encoder");
    assert_eq!(bytes(&again.output), bytes(&arguments.output));
    let learnt = crate::import::weights(&Bundle::open(&again.output).expect("a bundle")).expect("weights");
    assert!(learnt.keys().all(|name| !layer::is_of(OUTPUT, name)), "{:?}", learnt.keys());
}

/// In both engines.
#[test]
fn four_bits_for_each_weight_see_much_the_same() {
    let (folder, arguments) = made();
    quantise_tests::dataset(&folder.path().join("data"));
    quantise::quantise(&quantise_tests::quantise_arguments(folder.path())).expect("8 bits");
    let int8 = folder.path().join("int8");
    let scores = |bundle: &Path, engine| -> Vec<Vec<f32>> {
        let mut seen = Looking::open(bundle, Some(engine), 24).expect("an encoder");
        let picture = |index| arguments.labelled.join("images").join(format!("{index}.png"));
        (0..24).map(|index| seen.scores(&picture(index)).expect("scores")).collect()
    };
    tags(&arguments).expect("tags");
    let whole = scores(&arguments.output, Engine::Tract);
    let spread = whole.iter().flatten().fold(0.0_f32, |most, score| most.max(score.abs()));
    for engine in [Engine::Tract, Engine::OnnxRuntime] {
        let few_bits = TagsArguments { bundle: int8.clone(), engine: Some(engine), ..arguments.clone() };
        tags(&few_bits).expect("tags");
        for (picture, (few, whole)) in scores(&few_bits.output, engine).iter().zip(&whole).enumerate() {
            for (few, whole) in few.iter().zip(whole) {
                assert!((few - whole).abs() < 0.2 * spread, "{engine}, {picture}: {few} of {whole}");
            }
        }
    }
}

/// Most who publish `ImageNet`'s classes have none for what is none of them, and call the layer otherwise.
#[test]
fn the_first_class_is_left_out_where_the_layer_has_none_for_it() {
    let (folder, arguments) = made();
    tags(&arguments).expect("tags");
    let whole = Weights::open(&arguments.weights).expect("weights");
    let (weight, bias) = (
        whole.matrix("classifier.weight", Some(4), None).expect("a matrix"),
        whole.vector("classifier.bias", 4).expect("a vector"),
    );
    let weights = fixture::Tensors::from([
        ("_fc.weight".to_owned(), weight.slice_axis(Axis(0), (1..).into()).to_owned().into_dyn()),
        ("_fc.bias".to_owned(), bias.slice_axis(Axis(0), (1..).into()).to_owned().into_dyn()),
    ]);
    let others = TagsArguments {
        weights: folder.path().join("three.safetensors"),
        output: folder.path().join("three"),
        ..arguments.clone()
    };
    fixture::write(&others.weights, &weights);
    tags(&others).expect("tags");
    let (four, three) = (captioner(&arguments.output), captioner(&others.output));
    let labelled =
        [&four, &three].map(|captioner| captioner.manifest().tags.clone().expect("a section").fit.labelled);
    assert_eq!(labelled, [24, 24]);
    let names = fs::read_to_string(others.output.join("tags.txt")).expect("names");
    assert_eq!(names, "Saluki\tdog\nbeagle\tdog\nteapot\n");
    // Each label still means the class that it meant: with the one left out, which no label has, the others are ahead of
    // as many as before, or of one more.
    let fit = |captioner: &Captioner| captioner.manifest().tags.clone().expect("a section").fit;
    assert!(fit(&three).top1 >= fit(&four).top1, "{:?} {:?}", fit(&three), fit(&four));

    fs::write(arguments.labelled.join("labels.txt"), "0.png\t0\n").expect("labels");
    assert!(format!("{:#}", tags(&others).expect_err("a label of what is left out")).contains("line 1"));
}

#[test]
fn what_does_not_fit_is_refused() {
    let (folder, arguments) = made();
    let at = |name: &str| folder.path().join(name);
    let with = |change: fn(&mut TagsArguments, PathBuf), file: &str, text: &str| {
        let file = at(file);
        fs::write(&file, text).expect("a file");
        let mut arguments = arguments.clone();
        change(&mut arguments, file);
        format!("{:#}", tags(&arguments).expect_err(text))
    };
    for (found, due) in [
        (with(|arguments, file| arguments.names = file, "a.tsv", "dog\ncat\n"), "names 2"),
        (with(|arguments, file| arguments.names = file, "b.tsv", "\n"), "does not name tags"),
        (with(|arguments, file| arguments.judged = file, "c.tsv", "x.png\tdog\t2\n"), "line 1"),
        (
            with(|arguments, file| arguments.judged = file, "d.tsv", "x.png\tcat\t1\n"),
            "\"cat\", which no class has",
        ),
        (with(|arguments, file| arguments.judged = file, "e.tsv", "x.png\tdog\t1\n"), "cannot look at"),
        (
            with(|arguments, file| arguments.judged = file, "f.tsv", "labelled/images/1.png\tdog\t1\n"),
            "1 of 1 tags are right",
        ),
    ] {
        assert!(found.contains(due), "{found}");
    }
    fs::write(at("labelled/labels.txt"), "0.png\t4\n").expect("labels");
    assert!(format!("{:#}", tags(&arguments).expect_err("no such class")).contains("line 1"));
    fixture::write(&at("none.safetensors"), &fixture::tensors(1));
    let none = TagsArguments { weights: at("none.safetensors"), ..arguments.clone() };
    assert!(tags(&none).expect_err("no layer").to_string().contains("no layer for classes"));
    let same = TagsArguments { output: arguments.bundle.clone(), ..arguments };
    assert!(tags(&same).expect_err("itself").to_string().contains("another folder"));
}
