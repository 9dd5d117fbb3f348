//! A small run: pictures of one colour, two captions each, and an encoder with random weights.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use descry_trainer::device::DeviceArguments;
use descry_trainer::model::Model;
use descry_trainer::prepare::{PrepareArguments, files};
use descry_trainer::train::TrainArguments;
use descry_trainer::{checkpoint, experiment::Experiment};
use tch::{Device, Tensor};

pub(crate) const EXPERIMENT: &str = r#"
name = "small"
seed = 5
minimum_count = 1
maximum_words = 6
average_decay = 0.5
patience = 99
datasets = [{ directory = "small", captions_per_picture = 2, dev_weight = 1.0 }]
decoder = { feature_size = 16, embedding_size = 12, hidden_size = 16, attention_size = 8 }
regularisation = { label_smoothing = 0.05, feature_dropout = 0.1, embedding_dropout = 0.1, output_dropout = 0.1, attention = 0.05, weight_decay = 0.01, gradient_norm = 1.0 }
frozen = { epochs = 2, batch_pictures = 4, warmup_steps = 1, learning_rate = 1e-2, encoder_learning_rate = 0.0, augmentation = { flip = 0.0, minimum_area = 1.0, colour = 0.0 } }
fine_tune = { epochs = 2, batch_pictures = 3, warmup_steps = 1, learning_rate = 5e-3, encoder_learning_rate = 1e-5, augmentation = { flip = 0.5, minimum_area = 0.7, colour = 0.1, tilt = { probability = 0.5, strength = 20.0 } } }
self_critical = { samples = 3, feature_dropout = 0.1, share = 0.5, stage = { epochs = 2, batch_pictures = 3, warmup_steps = 1, learning_rate = 1e-3, encoder_learning_rate = 0.0, augmentation = { flip = 0.0, minimum_area = 1.0, colour = 0.0 } } }
"#;

/// Libtorch draws dropout and captions from one generator for the whole process: two runs side by side would take from
/// each other's sequence, and neither would be what its seed says.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A data set of `pictures` plain red and blue pictures, an experiment, and random weights of the encoder.
pub(crate) fn workshop(
    folder: &Path,
    experiment_text: &str,
    pictures: usize,
) -> (PrepareArguments, TrainArguments) {
    let set = folder.join("sets/small");
    fs::create_dir_all(set.join("images")).expect("a folder");
    let (mut captions, mut names) = (Vec::new(), Vec::new());
    for number in 0..pictures {
        let (colour, word) = if number % 2 == 0 { ([200, 20, 20], "red") } else { ([20, 20, 200], "blue") };
        let name = format!("{number}.png");
        let picture = image::RgbImage::from_pixel(224, 224, image::Rgb(colour));
        picture.save(set.join("images").join(&name)).expect("a picture");
        captions.push(format!("{name}#0\tA {word} wall .\n{name}#1\tThe wall is {word} ."));
        names.push(name);
    }
    fs::write(set.join("captions.token.txt"), captions.join("\n")).expect("captions");
    for split in ["train", "dev"] {
        fs::write(set.join(format!("{split}Images.txt")), names.join("\n")).expect("a list");
    }
    let experiment = folder.join("experiment.toml");
    fs::write(&experiment, experiment_text).expect("an experiment");
    let sound = Experiment::open(&experiment).expect("the experiment is sound");
    tch::manual_seed(11);
    let encoder: Vec<(String, Tensor)> = Model::new(Device::Cpu, 5, &sound.encoder, &sound.decoder)
        .weights
        .variables()
        .into_iter()
        .filter_map(|(name, tensor)| Some((name.strip_prefix("encoder.")?.to_owned(), tensor)))
        .collect();
    let weights = folder.join("encoder.safetensors");
    checkpoint::write_tensors(&weights, &encoder).expect("weights");
    let (datasets, run) = (folder.join("sets"), folder.join("run"));
    let train = training(&run, &datasets, None);
    let device = DeviceArguments::default();
    (
        PrepareArguments {
            experiment,
            datasets,
            weights: Some(weights),
            bundle: None,
            minimum_count: None,
            run,
            device,
        },
        train,
    )
}

pub(crate) fn training(run: &Path, datasets: &Path, stop_after_steps: Option<usize>) -> TrainArguments {
    TrainArguments {
        run: run.into(),
        datasets: datasets.into(),
        encoder_bundle: None,
        meteor_data: None,
        stop_after_steps,
        device: DeviceArguments::default(),
    }
}

pub(crate) fn copied(from: &Path, to: PathBuf) -> PathBuf {
    fs::create_dir_all(&to).expect("a folder");
    for entry in fs::read_dir(from).expect("a run") {
        let entry = entry.expect("an entry");
        fs::copy(entry.path(), to.join(entry.file_name())).expect("a copy");
    }
    to
}

/// The lines of a run's log that say `what`.
pub(crate) fn logged(run: &Path, what: &str) -> Vec<serde_json::Value> {
    let text = fs::read_to_string(run.join(files::LOG)).expect("a log");
    let records = text.lines().map(|line| serde_json::from_str(line).expect("JSON"));
    records.filter(|record: &serde_json::Value| record["what"] == what).collect()
}

/// The dev scores of a run, epoch by epoch.
pub(crate) fn history(run: &Path) -> Vec<serde_json::Value> {
    logged(run, "dev")
}

/// Where a run stands on disk, and all that it goes on from: weights, the optimiser's moments, averages.
pub(crate) fn state(run: &Path) -> (serde_json::Value, BTreeMap<String, Tensor>) {
    let text = fs::read_to_string(run.join(files::PROGRESS)).expect("progress");
    let saved: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let file = saved["tensors"].as_str().expect("a file of tensors").to_owned();
    (saved, checkpoint::read_tensors(&run.join(file)).expect("tensors"))
}

/// The weights that a run keeps.
pub(crate) fn best(run: &Path) -> BTreeMap<String, Tensor> {
    checkpoint::read_tensors(&run.join(files::BEST)).expect("weights")
}

/// How far two sets of weights lie apart at most.
pub(crate) fn distance(one: &BTreeMap<String, Tensor>, other: &BTreeMap<String, Tensor>) -> f64 {
    assert!(one.keys().eq(other.keys()), "they are of one model");
    let apart = |(name, tensor): (&String, &Tensor)| (tensor - &other[name]).abs().max().double_value(&[]);
    one.iter().map(apart).fold(0.0, f64::max)
}
