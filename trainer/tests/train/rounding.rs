//! Quantisation-aware training: an encoder that learns in the steps of a quantised bundle.

use std::fs;
use std::path::{Path, PathBuf};

use descry_models::{Bundle, preprocess};
use descry_trainer::encoder::rounding::Rounding;
use descry_trainer::experiment::Experiment;
use descry_trainer::export::export;
use descry_trainer::model::Model;
use descry_trainer::prepare::{self, PrepareArguments, files};
use descry_trainer::quantise::{QuantiseArguments, quantise, range::Rule};
use descry_trainer::train::{self, TrainArguments};
use descry_trainer::{checkpoint, picture};
use tch::{Device, Kind, Tensor, no_grad};

use crate::bundles::export_arguments;
use crate::workshop::{EXPERIMENT, alone, best, copied, history, training, workshop};

fn cosine(one: &Tensor, other: &Tensor) -> f64 {
    let flat = |tensor: &Tensor| tensor.to_kind(Kind::Double).flatten(0, -1);
    Tensor::cosine_similarity(&flat(one), &flat(other), 0, 1e-12).double_value(&[])
}

/// A small run, and bundles of what it learnt.
struct Learnt {
    folder: tempfile::TempDir,
    prepare: PrepareArguments,
    train: TrainArguments,
    float: PathBuf,
    int8: PathBuf,
}

impl Learnt {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (prepare, train) = workshop(folder.path(), EXPERIMENT, 6);
        prepare::run(&prepare).expect("prepared");
        train::run(&train).expect("trained");
        let [float, int8] = ["float", "int8"].map(|name| folder.path().join(name));
        export(&export_arguments(&train.run, &float)).expect("exported");
        quantise(&QuantiseArguments {
            bundle: float.clone(),
            output: int8.clone(),
            dataset: vec![train.datasets.join("small")],
            split: "train".to_owned(),
            pictures: 6,
            range: Rule::LeastError,
            keep_float: Vec::new(),
            weights_only: Vec::new(),
        })
        .expect("quantised");
        Self { folder, prepare, train, float, int8 }
    }

    /// A run of this name that goes on from a bundle, by another experiment.
    fn on(&self, name: &str, bundle: &Path, experiment_text: &str) -> PathBuf {
        let experiment = self.folder.path().join(format!("{name}.toml"));
        fs::write(&experiment, experiment_text).expect("an experiment");
        let (bundle, run) = (Some(bundle.to_owned()), self.folder.path().join(name));
        let prepare =
            PrepareArguments { experiment, weights: None, bundle, run: run.clone(), ..self.prepare.clone() };
        prepare::run(&prepare).expect("prepared");
        run
    }

    /// Training in the steps of a bundle.
    fn rounded(&self, run: &Path, bundle: &Path, stop_after_steps: Option<usize>) -> TrainArguments {
        let training = training(run, &self.train.datasets, stop_after_steps);
        TrainArguments { encoder_bundle: Some(bundle.to_owned()), ..training }
    }
}

fn without_stage(experiment: &str, name: &str) -> String {
    experiment.replace(&format!("{name} = {{ epochs = 2"), &format!("{name} = {{ epochs = 0"))
}

/// What the module computes in a bundle's steps is what an engine computes of that bundle.
#[test]
fn the_module_in_steps_is_the_engine() {
    let _alone = alone();
    let learnt = Learnt::new();
    let scores = without_stage(&without_stage(EXPERIMENT, "frozen"), "fine_tune");
    let run = learnt.on("engine", &learnt.int8, &scores);
    train::run(&learnt.rounded(&run, &learnt.int8, Some(1))).expect("trained");
    let engine = checkpoint::read_tensors(&run.join(files::FINAL_FEATURES)).expect("features");

    let experiment = Experiment::open(&run.join(files::EXPERIMENT)).expect("sound");
    let bundle = Bundle::open(&learnt.int8).expect("a bundle");
    let words = bundle.vocabulary().len() as i64;
    let mut model = Model::new(Device::Cpu, words, &experiment.encoder, &experiment.decoder);
    let start = checkpoint::read_tensors(&run.join(files::START)).expect("weights");
    model.load_all(&start).expect("loaded");
    let pixels: Vec<Tensor> = (0..2)
        .map(|number| {
            let picture = picture::open(&learnt.train.datasets.join(format!("small/images/{number}.png")));
            let pixels = preprocess::pixels(&picture.expect("a picture"), &experiment.preprocessing());
            let pixels = pixels.expect("pixels");
            Tensor::from_slice(&pixels.values).view(pixels.shape().map(|side| side as i64))
        })
        .collect();
    let features = |model: &Model| no_grad(|| model.encoder.features(&Tensor::cat(&pixels, 0)));
    let in_floats = features(&model);
    let rounding = Rounding::of_bundle(&bundle, model.encoder.description()).expect("steps");
    assert_eq!(rounding.count(), 1 + model.encoder.description().layers.len(), "the pixels and every map");
    model.encoder.round_by(rounding);
    let due = engine["dev.small"].narrow(0, 0, 2);
    let [rounded, floats] = [features(&model), in_floats].map(|found| 1.0 - cosine(&found, &due));
    // In 52 layers of random weights, sums in another order end in other steps here and there, and the next layer magnifies
    // that: two engines lie as far apart. Without the steps of a quarter of the maps it is as far as in floats.
    assert!(rounded < 0.75 * floats, "from the engine's features: rounded {rounded}, in floats {floats}");
}

/// Through written captions and through scores; and what cannot be is refused.
#[test]
fn an_encoder_learns_in_the_steps_of_a_bundle() {
    let _alone = alone();
    let learnt = Learnt::new();
    let scores = EXPERIMENT.replace(
        "learning_rate = 1e-3, encoder_learning_rate = 0.0",
        "learning_rate = 1e-3, encoder_learning_rate = 1e-4",
    );
    let scores = without_stage(&without_stage(&scores, "frozen"), "fine_tune");
    let written = without_stage(&without_stage(EXPERIMENT, "frozen"), "stage");
    for (name, experiment) in [("written", &written), ("scores", &scores)] {
        let run = learnt.on(name, &learnt.float, experiment);
        let unrounded = copied(&run, learnt.folder.path().join(format!("{name}-unrounded")));
        train::run(&learnt.rounded(&run, &learnt.int8, None)).expect("trained");
        train::run(&training(&unrounded, &learnt.train.datasets, None)).expect("trained");
        assert_eq!(history(&run).len(), 2, "two epochs");
        let start = checkpoint::read_tensors(&run.join(files::START)).expect("weights");
        for layer in ["encoder.stem.weight", "encoder.head.weight"] {
            let rounded = &best(&run)[layer];
            assert!(rounded.isfinite().all().int64_value(&[]) == 1, "{name}: {layer}");
            assert!(!rounded.equal(&start[layer]), "{name}: {layer} has learnt nothing");
            assert!(
                !rounded.equal(&best(&unrounded)[layer]),
                "{name}: {layer} is the same without the steps"
            );
        }
    }

    // What learnt in 16 bits is not refused once nothing but the decoder is left to learn.
    let halves = format!("precision = \"bfloat16\"\n{}", without_stage(EXPERIMENT, "frozen"));
    let resumed = learnt.on("resumed", &learnt.float, &halves);
    train::run(&training(&resumed, &learnt.train.datasets, Some(4))).expect("trained");
    train::run(&learnt.rounded(&resumed, &learnt.int8, None)).expect("trained");

    let refused = learnt.on("refused", &learnt.float, &scores);
    let why = |bundle: &Path| {
        format!("{:#}", train::run(&learnt.rounded(&refused, bundle, None)).expect_err("refused"))
    };
    assert!(why(&learnt.float).contains("in 8 bits"));
    fs::write(refused.join(files::EXPERIMENT), format!("precision = \"bfloat16\"\n{scores}"))
        .expect("an experiment");
    assert!(why(&learnt.int8).contains("precision"));
}
