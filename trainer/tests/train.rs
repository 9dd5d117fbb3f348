//! A whole small run on libtorch: prepared, trained, stopped and resumed: it goes on exactly, from a bundle too.
#![cfg(feature = "torch")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use descry_trainer::export::{ExportArguments, export};
use descry_trainer::model::Model;
use descry_trainer::prepare::{self, PrepareArguments, files};
use descry_trainer::train::{self, TrainArguments};
use descry_trainer::{checkpoint, experiment::Experiment};
use tch::{Device, Tensor};

const EXPERIMENT: &str = r#"
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
fine_tune = { epochs = 2, batch_pictures = 3, warmup_steps = 1, learning_rate = 5e-3, encoder_learning_rate = 1e-5, augmentation = { flip = 0.5, minimum_area = 0.7, colour = 0.1 } }
self_critical = { samples = 3, feature_dropout = 0.1, share = 0.5, stage = { epochs = 2, batch_pictures = 3, warmup_steps = 1, learning_rate = 1e-3, encoder_learning_rate = 0.0, augmentation = { flip = 0.0, minimum_area = 1.0, colour = 0.0 } } }
"#;

/// Libtorch draws dropout and captions from one generator for the whole process: two runs side by side would take from
/// each other's sequence, and neither would be what its seed says.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A data set of plain red and blue pictures, an experiment, and random weights of the encoder.
fn workshop(folder: &Path) -> (PrepareArguments, TrainArguments) {
    let set = folder.join("sets/small");
    fs::create_dir_all(set.join("images")).expect("a folder");
    let (mut captions, mut names) = (Vec::new(), Vec::new());
    for number in 0..6 {
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
    fs::write(&experiment, EXPERIMENT).expect("an experiment");
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
    (PrepareArguments { experiment, datasets, weights: Some(weights), bundle: None, run }, train)
}

fn training(run: &Path, datasets: &Path, stop_after_steps: Option<usize>) -> TrainArguments {
    TrainArguments { run: run.into(), datasets: datasets.into(), encoder_bundle: None, stop_after_steps }
}

fn copied(from: &Path, to: PathBuf) -> PathBuf {
    fs::create_dir_all(&to).expect("a folder");
    for entry in fs::read_dir(from).expect("a run") {
        let entry = entry.expect("an entry");
        fs::copy(entry.path(), to.join(entry.file_name())).expect("a copy");
    }
    to
}

/// The dev scores of a run, epoch by epoch.
fn history(run: &Path) -> Vec<serde_json::Value> {
    let text = fs::read_to_string(run.join(files::LOG)).expect("a log");
    let records = text.lines().map(|line| serde_json::from_str(line).expect("JSON"));
    records.filter(|record: &serde_json::Value| record["what"] == "dev").collect()
}

/// Where a run stands on disk, and all that it goes on from: weights, the optimiser's moments, averages.
fn state(run: &Path) -> (serde_json::Value, BTreeMap<String, Tensor>) {
    let text = fs::read_to_string(run.join(files::PROGRESS)).expect("progress");
    let saved: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let file = saved["tensors"].as_str().expect("a file of tensors").to_owned();
    (saved, checkpoint::read_tensors(&run.join(file)).expect("tensors"))
}

#[test]
fn a_run_goes_on_exactly_where_it_was_stopped() {
    let _alone = alone();
    let folder = tempfile::tempdir().expect("a folder");
    let (prepare, train) = workshop(folder.path());
    prepare::run(&prepare).expect("prepared");
    // Each stage has four steps. They end in the middle of an epoch: of the frozen stage, of the fine-tuning one, and of the
    // self-critical one, with the stops of one run in other stages than those of the other.
    for (stage, pieces) in [(0, &[1, 2][..]), (1, &[1, 4, 2]), (2, &[5, 4, 2])] {
        let at = |name: &str| copied(&prepare.run, folder.path().join(format!("{name}-{stage}")));
        let [whole, stopped] = [at("whole"), at("stopped")];
        train::run(&training(&whole, &train.datasets, Some(pieces.iter().sum()))).expect("trained");
        for steps in pieces {
            train::run(&training(&stopped, &train.datasets, Some(*steps))).expect("trained");
        }
        assert_eq!(history(&whole), history(&stopped));
        let ((progress, whole), (stopped_progress, stopped)) = (state(&whole), state(&stopped));
        assert_eq!(progress, stopped_progress);
        assert_eq!(
            (&progress["progress"]["stage"], &progress["progress"]["step"]),
            (&stage.into(), &1.into())
        );
        assert_eq!(whole.len(), stopped.len());
        for (name, tensor) in &whole {
            assert!(tensor.equal(&stopped[name]), "{name} differs after the stops of stage {stage}");
        }
    }
}

/// A run of nothing but its self-critical stage.
fn self_critical_alone(folder: &Path) -> PathBuf {
    let skipped = EXPERIMENT.replace("frozen = { epochs = 2", "frozen = { epochs = 0");
    let skipped = skipped.replace("fine_tune = { epochs = 2", "fine_tune = { epochs = 0");
    let experiment = folder.join("self-critical.toml");
    fs::write(&experiment, skipped).expect("an experiment");
    experiment
}

#[test]
fn what_is_kept_lies_between_before_and_after() {
    let _alone = alone();
    let folder = tempfile::tempdir().expect("a folder");
    let (mut prepare, train) = workshop(folder.path());
    prepare.experiment = self_critical_alone(folder.path());
    prepare::run(&prepare).expect("prepared");
    // Left by an earlier training in the same folder: of other weights.
    for stale in [files::LEARNT, files::FINAL_FEATURES] {
        fs::write(train.run.join(stale), "stale").expect("a file");
    }
    train::run(&train).expect("trained");
    let [before, learnt, kept] = [files::BEFORE, files::LEARNT, files::BEST]
        .map(|name| checkpoint::read_tensors(&train.run.join(name)).expect("weights"));
    assert!(!before["decoder.deep.weight"].equal(&learnt["decoder.deep.weight"]), "nothing was learnt");
    for (name, kept) in &kept {
        let distance = (kept - (&before[name] + &learnt[name]) / 2.0).abs().max().double_value(&[]);
        assert!(distance < 1e-6, "{name} is {distance} from half way");
    }
    let log = fs::read_to_string(train.run.join(files::LOG)).expect("a log");
    assert!(log.contains(r#"{"what":"kept","share":0.5,"#), "what is kept has a score of its own: {log}");
}

/// A run that starts from a bundle has its words and its weights; and the features of a bundle's encoder, by an engine,
/// are those of the trained module.
#[test]
fn a_bundle_learns_on() {
    let _alone = alone();
    let folder = tempfile::tempdir().expect("a folder");
    let (prepare, train) = workshop(folder.path());
    prepare::run(&prepare).expect("prepared");
    train::run(&train).expect("trained");
    let bundle = folder.path().join("bundle");
    export(&ExportArguments {
        run: train.run.clone(),
        bundle: bundle.clone(),
        name: None,
        description: "A test.".to_owned(),
        licence: Some("MIT".to_owned()),
        weights: Some("random".to_owned()),
        beam_width: 1,
        length_penalty: 0.0,
        repetition_guard: false,
    })
    .expect("exported");

    let experiment = self_critical_alone(folder.path());
    let run = folder.path().join("second");
    let second = PrepareArguments {
        experiment,
        weights: None,
        bundle: Some(bundle.clone()),
        run: run.clone(),
        ..prepare
    };
    prepare::run(&second).expect("prepared");
    let best = checkpoint::read_tensors(&train.run.join(files::BEST)).expect("weights");
    let start = checkpoint::read_tensors(&run.join(files::START)).expect("weights");
    assert_eq!(best.len(), start.len());
    for (name, tensor) in &best {
        assert!(tensor.equal(&start[name]), "{name} differs");
    }

    let other = copied(&run, folder.path().join("other"));
    train::run(&training(&run, &train.datasets, None)).expect("trained");
    let from_engine = training(&other, &train.datasets, None);
    train::run(&TrainArguments { encoder_bundle: Some(bundle), ..from_engine }).expect("trained");
    assert_eq!(history(&run).len(), 2);
    let [module, engine] = [&run, &other]
        .map(|run| checkpoint::read_tensors(&run.join(files::FINAL_FEATURES)).expect("features"));
    for name in ["train", "dev.small"] {
        let distance = (&module[name] - &engine[name]).abs().max().double_value(&[]);
        assert!(distance < 0.01, "{name}: {distance}");
    }
}

#[test]
fn weights_of_another_network_are_refused() {
    let _alone = alone();
    let folder = tempfile::tempdir().expect("a folder");
    let (mut prepare, _) = workshop(folder.path());
    let weights = prepare.weights.clone().expect("a file");
    checkpoint::write_tensors(&weights, &[("stem.weight".to_owned(), Tensor::from(1.0f32))])
        .expect("weights");
    let refused = format!("{:#}", prepare::run(&prepare).expect_err("a scalar is no stem"));
    assert!(refused.contains("stem.weight"), "{refused}");
    prepare.weights = Some(folder.path().join("missing.safetensors"));
    let refused = format!("{:#}", prepare::run(&prepare).expect_err("no file"));
    assert!(refused.contains("missing.safetensors"), "{refused}");
}
