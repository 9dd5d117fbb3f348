//! Every kind of model the whole way, from an experiment's file: prepared, trained, exported, quantised, and run by both
//! engines, which say what the trainer's own network says.
#![cfg(feature = "torch")]

#[path = "support/bundles.rs"]
mod bundles;
#[path = "support/networks.rs"]
mod networks;

use std::fs;
use std::path::{Path, PathBuf};

use descry_models::{CaptionOptions, Captioner, EngineChoice};
use descry_trainer::device::DeviceArguments;
use descry_trainer::encoder::{Architecture, EncoderChoice, Features};
use descry_trainer::experiment::Experiment;
use descry_trainer::export::export;
use descry_trainer::model::Model;
use descry_trainer::prepare::{self, PrepareArguments, files};
use descry_trainer::quantise::quantise;
use descry_trainer::train::{self, TrainArguments};
use descry_trainer::{checkpoint, picture};
use image::{Rgb, RgbImage};
use tch::{Device, Tensor};

use bundles::{export_arguments, quantise_arguments};
use networks::{engines, weight_factor};

const REST: &str = r#"
seed = 5
minimum_count = 1
maximum_words = 6
average_decay = 0.0
patience = 99
datasets = [{ directory = "small", captions_per_picture = 1, dev_weight = 1.0 }]
regularisation = { label_smoothing = 0.0, feature_dropout = 0.0, embedding_dropout = 0.0, output_dropout = 0.0, attention = 0.0, weight_decay = 0.0, gradient_norm = 5.0 }
frozen = { epochs = 60, batch_pictures = 6, warmup_steps = 1, learning_rate = 2e-2, encoder_learning_rate = 0.0, augmentation = { flip = 0.0, minimum_area = 1.0, colour = 0.0 } }
fine_tune = { epochs = 1, batch_pictures = 3, warmup_steps = 1, learning_rate = 1e-3, encoder_learning_rate = 1e-3, augmentation = { flip = 0.0, minimum_area = 1.0, colour = 0.0 } }
"#;
/// The steps of the first stage: 60 epochs of all six pictures at once.
const FROZEN_STEPS: usize = 60;
const CAPTIONS: [&str; 2] = ["A red wall .", "The blue sea ."];

/// An experiment: architecture, width, side, the groups that learn, and the decoder.
type Case = (Architecture, f64, u32, &'static [&'static str], &'static str);

const CASES: [Case; 6] = [
    (Architecture::MobileNetV2, 0.1, 64, &["head"], "kind = 'inject'\nlayers = 2"),
    (Architecture::Resnet50, 0.05, 64, &["layer3", "layer4"], "kind = 'merge'\ncell = 'gru'"),
    (Architecture::InceptionV3, 0.06, 107, &["Mixed_7c"], "kind = 'attend'\nattention_size = 8"),
    (Architecture::EfficientNetLite1, 0.1, 64, &["blocks.20", "head"], "kind = 'attend'\nattention_size = 8"),
    (Architecture::Vgg16, 0.05, 64, &["block5"], "kind = 'attend'\nattention_size = 8\ncell = 'gru'"),
    (
        Architecture::MobileNetV2,
        0.1,
        64,
        &["blocks.16", "head"],
        "kind = 'merge'\nword_vectors = { file = 'vectors.txt', tuned = false }",
    ),
];

/// A data set of plain red and blue pictures, and words' vectors.
fn write_sets(folder: &Path) -> PathBuf {
    let sets = folder.join("sets");
    let set = sets.join("small");
    fs::create_dir_all(set.join("images")).expect("a folder");
    let (mut captions, mut names) = (Vec::new(), Vec::new());
    for number in 0..6 {
        let colour = if number % 2 == 0 { [230, 20, 10] } else { [10, 40, 220] };
        let name = format!("{number}.png");
        RgbImage::from_pixel(70, 60, Rgb(colour)).save(set.join("images").join(&name)).expect("a picture");
        captions.push(format!("{name}#0\t{}", CAPTIONS[number % 2]));
        names.push(name);
    }
    fs::write(set.join("captions.token.txt"), captions.join("\n")).expect("captions");
    for split in ["train", "dev"] {
        fs::write(set.join(format!("{split}Images.txt")), names.join("\n")).expect("a list");
    }
    let vector = |word: &str| {
        let numbers =
            (0..12).map(|place| (word.len() * 7 + place * 3 + usize::from(word.as_bytes()[0])) % 11);
        numbers.fold(word.to_owned(), |line, number| format!("{line} {}", number as f64 / 10.0 - 0.5))
    };
    let words = ["a", "red", "wall", "the", "blue"].map(vector);
    fs::write(sets.join("vectors.txt"), words.join("\n")).expect("vectors");
    sets
}

fn experiment(&(architecture, width, side, groups, decoder): &Case) -> String {
    format!(
        "name = \"small\"{REST}[preprocessing]\nwidth = {side}\nheight = {side}\nresize = \"squeeze\"\n\
         mean = [127.5, 127.5, 127.5]\nscale = [127.5, 127.5, 127.5]\n\
         [encoder]\narchitecture = \"{}\"\nwidth = {width}\nfine_tuned = {groups:?}\n\
         [decoder]\nfeature_size = 16\nembedding_size = 12\nhidden_size = 16\n{decoder}\n",
        architecture.name()
    )
}

#[test]
fn every_model_goes_the_whole_way() {
    let mut told_apart = 0;
    for case in &CASES {
        let folder = tempfile::tempdir().expect("a folder");
        let datasets = write_sets(folder.path());
        let (file, run) = (folder.path().join("experiment.toml"), folder.path().join("run"));
        fs::write(&file, experiment(case)).expect("an experiment");
        let experiment = Experiment::open(&file).expect("the experiment is sound");
        let weights = folder.path().join("encoder.safetensors");
        write_encoder(&experiment, &weights);
        prepare::run(&PrepareArguments {
            experiment: file,
            datasets: datasets.clone(),
            weights: Some(weights),
            bundle: None,
            minimum_count: None,
            run: run.clone(),
            device: DeviceArguments::default(),
        })
        .expect("prepared");
        let train = |stop_after_steps| {
            train::run(&TrainArguments {
                run: run.clone(),
                datasets: datasets.clone(),
                encoder_bundle: None,
                meteor_data: None,
                stop_after_steps,
                device: DeviceArguments::default(),
            })
            .expect("trained");
        };
        // The encoder's first step and no more: in the end the best weights are kept, which may be those from before it.
        train(Some(FROZEN_STEPS + 1));
        check_what_learnt(case, &experiment, &run);
        train(None);
        let said = own_captions(&experiment, &run, &datasets);
        told_apart += usize::from(said == ["a red wall", "the blue sea"]);
        for (engine, bundle) in made_bundles(folder.path(), &run, &datasets) {
            let mut captioner = Captioner::open(&bundle, &engine).expect("a captioner");
            for (picture, own) in pictures(&datasets).iter().zip(&said) {
                let caption = captioner.caption(picture, &CaptionOptions::default()).expect("a caption");
                if bundle.ends_with("float") {
                    assert_eq!(caption.text, *own, "{case:?}, {engine}");
                } else {
                    assert!(!caption.text.is_empty(), "{case:?}, {engine}");
                }
            }
        }
    }
    // Not every narrow network of random weights tells colours apart.
    assert!(told_apart >= 2, "only {told_apart} networks have learnt their captions");
}

/// Random weights for the encoder, by the run's own names.
fn write_encoder(experiment: &Experiment, path: &Path) {
    tch::manual_seed(11);
    let factor = weight_factor(experiment.encoder.architecture);
    let model = Model::new(Device::Cpu, 5, &experiment.encoder, &experiment.decoder);
    let encoder: Vec<(String, Tensor)> = model
        .weights
        .variables()
        .into_iter()
        .filter_map(|(name, tensor)| {
            let tensor = tensor.detach();
            let drawn = match name.ends_with("bias") {
                // Else hardly anything would come through a network so narrow.
                true if experiment.encoder.architecture == Architecture::InceptionV3 => {
                    tensor.uniform(-0.2, 0.2)
                }
                true => tensor,
                false => tensor * factor,
            };
            Some((name.strip_prefix("encoder.")?.to_owned(), drawn))
        })
        .collect();
    checkpoint::write_tensors(path, &encoder).expect("weights");
}

/// The groups of the experiment have learnt, and nothing else of the encoder; nor have words' vectors that are not tuned.
fn check_what_learnt((architecture, _, _, groups, _): &Case, experiment: &Experiment, run: &Path) {
    let [start, state] = [run.join(files::START), last_state(run)]
        .map(|path| checkpoint::read_tensors(&path).expect("weights"));
    let description = EncoderChoice { architecture: *architecture, ..experiment.encoder.clone() }
        .description(experiment.features());
    let mut learnt = 0;
    for (convolution, group) in description.convolutions() {
        let name = format!("encoder.{}.weight", convolution.name);
        let same = start[&name].equal(&state[&name]);
        assert!(groups.contains(&group) || same, "{name} is of {group}, which is not to learn");
        learnt += usize::from(!same);
    }
    assert!(learnt > 0, "nothing of {groups:?} has learnt");
    let words = "decoder.embedding.weight";
    let tuned = experiment.decoder.word_vectors.as_ref().is_none_or(|vectors| vectors.tuned);
    assert_eq!(start[words].equal(&state[words]), !tuned);
}

fn last_state(run: &Path) -> PathBuf {
    let text = fs::read_to_string(run.join(files::PROGRESS)).expect("progress");
    let saved: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    run.join(saved["tensors"].as_str().expect("a file of tensors"))
}

fn pictures(datasets: &Path) -> Vec<RgbImage> {
    let open =
        |number| picture::open(&datasets.join(format!("small/images/{number}.png"))).expect("a picture");
    (0..2).map(open).collect()
}

/// What the trained network itself says, greedily.
fn own_captions(experiment: &Experiment, run: &Path, datasets: &Path) -> Vec<String> {
    let vocabulary = prepare::open_vocabulary(run).expect("a vocabulary");
    let mut model =
        Model::new(Device::Cpu, vocabulary.len() as i64, &experiment.encoder, &experiment.decoder);
    model
        .load_all(&checkpoint::read_tensors(&run.join(files::BEST)).expect("weights"))
        .expect("the weights fit");
    let said: Vec<String> = pictures(datasets)
        .iter()
        .map(|picture| {
            let pixels =
                descry_models::preprocess::pixels(picture, &experiment.preprocessing()).expect("pixels");
            let shape = pixels.shape().map(|side| side as i64);
            let pixels = Tensor::from_slice(&pixels.values).view(shape);
            let features = tch::no_grad(|| model.encoder.features(&pixels));
            assert_eq!(features.size()[1] == 1, experiment.features() == Features::Global);
            let tokens = model.caption(&features, 1, 2, &[0, 1, 3], experiment.maximum_words).remove(0);
            let words =
                tokens.iter().filter_map(|token| vocabulary.word(descry_models::TokenId(*token as u32)));
            words.collect::<Vec<_>>().join(" ")
        })
        .collect();
    println!("{said:?}");
    assert!(said.iter().all(|caption| !caption.is_empty()));
    said
}

/// The float bundle and the int8 bundle, each for both engines.
fn made_bundles(folder: &Path, run: &Path, datasets: &Path) -> Vec<(EngineChoice, PathBuf)> {
    let [float, int8] = ["float", "int8"].map(|name| folder.join(name));
    export(&export_arguments(run, &float)).expect("exported");
    quantise(&quantise_arguments(&float, &int8, &datasets.join("small"))).expect("quantised");
    let of = |bundle: &PathBuf| engines().map(|engine| (engine, bundle.clone()));
    [of(&float), of(&int8)].concat()
}
