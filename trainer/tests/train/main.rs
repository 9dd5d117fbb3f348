//! A whole small run on libtorch: prepared, trained, stopped and resumed: it goes on exactly, from a bundle too.
#![cfg(feature = "torch")]

#[path = "../support/bundles.rs"]
mod bundles;
mod faults;
mod own_pictures;
#[cfg(feature = "mpi")]
mod processes;
mod rounding;
mod workshop;

use std::fs;
use std::path::{Path, PathBuf};

use descry_trainer::checkpoint;
use descry_trainer::export::export;
use descry_trainer::prepare::{self, PrepareArguments, files};
use descry_trainer::train::{self, TrainArguments};
use tch::Tensor;

use bundles::export_arguments;
use workshop::{EXPERIMENT, alone, copied, history, state, training, workshop};

#[test]
fn a_run_goes_on_exactly_where_it_was_stopped() {
    let _alone = alone();
    let folder = tempfile::tempdir().expect("a folder");
    let (prepare, train) = workshop(folder.path(), EXPERIMENT, 6);
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
    let (mut prepare, train) = workshop(folder.path(), EXPERIMENT, 6);
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
    let (prepare, train) = workshop(folder.path(), EXPERIMENT, 6);
    prepare::run(&prepare).expect("prepared");
    train::run(&train).expect("trained");
    let bundle = folder.path().join("bundle");
    export(&export_arguments(&train.run, &bundle)).expect("exported");

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

    // "a", "wall", "the" and "is" are said of all six pictures, "red" and "blue" twice of each of three.
    let fewer = PrepareArguments {
        minimum_count: Some(7),
        bundle: Some(bundle.clone()),
        run: folder.path().join("fewer"),
        weights: None,
        ..second.clone()
    };
    prepare::run(&fewer).expect("prepared");
    let words = fs::read_to_string(fewer.run.join(files::VOCABULARY)).expect("words");
    assert!(words.contains("wall") && !words.contains("red") && !words.contains("blue"), "{words:?}");
    let narrowed = checkpoint::read_tensors(&fewer.run.join(files::START)).expect("weights");
    let embedding = &narrowed["decoder.embedding.weight"];
    assert_eq!(embedding.size()[0], words.lines().count() as i64);
    assert!(embedding.get(4).equal(&best["decoder.embedding.weight"].get(4)), "the first word's");

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
    let (mut prepare, _) = workshop(folder.path(), EXPERIMENT, 6);
    let weights = prepare.weights.clone().expect("a file");
    checkpoint::write_tensors(&weights, &[("stem.weight".to_owned(), Tensor::from(1.0f32))])
        .expect("weights");
    let refused = format!("{:#}", prepare::run(&prepare).expect_err("a scalar is no stem"));
    assert!(refused.contains("stem.weight"), "{refused}");
    prepare.weights = Some(folder.path().join("missing.safetensors"));
    let refused = format!("{:#}", prepare::run(&prepare).expect_err("no file"));
    assert!(refused.contains("missing.safetensors"), "{refused}");
}
