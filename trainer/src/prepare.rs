//! `prepare`: a run's folder with its experiment, its vocabulary, the weights that it starts from, and the features of
//! every picture from the encoder as it came, so that the frozen stage computes none of them again.

pub mod words;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;
use descry_models::manifest::Preprocessing;
use descry_models::{Bundle, Vocabulary};
use tch::{Device, Kind, Tensor, no_grad};

use crate::checkpoint;
use crate::corpus::{Corpus, Source};
use crate::device::{self, DeviceArguments};
use crate::experiment::Experiment;
use crate::import;
use crate::model::Model;
use crate::progress;
use crate::train::batch::Example;
use crate::train::loader::{self, Failures, Reading};
use crate::vocabulary;
use crate::word_vectors;
use words::Kept;

/// Pictures of one forward pass.
const BATCH: usize = 32;

/// Arguments of `descry-trainer prepare`.
#[derive(Debug, Clone, Args)]
pub struct PrepareArguments {
    /// The experiment: a TOML file, such as trainer/experiments/descry-attend-8.toml
    #[arg(long)]
    pub experiment: PathBuf,
    /// The folder that holds the experiment's data sets
    #[arg(long)]
    pub datasets: PathBuf,
    /// Pretrained weights of the encoder: .safetensors or .pth, by torchvision's names or by this trainer's; the decoder
    /// starts from random ones, or from the bundle's where one is named as well
    #[arg(long, required_unless_present = "bundle")]
    pub weights: Option<PathBuf>,
    /// A bundle to learn on from: its vocabulary and all of its weights; with `--weights`, those of its decoder
    #[arg(long)]
    pub bundle: Option<PathBuf>,
    /// Go on without those of the bundle's words that the experiment's captions have less often
    #[arg(long, value_name = "COUNT", requires = "bundle")]
    pub minimum_count: Option<usize>,
    /// The run's folder, made when it is missing
    #[arg(long)]
    pub run: PathBuf,
    /// Where to compute.
    #[command(flatten)]
    pub device: DeviceArguments,
}

/// Names of a run's files.
pub mod files {
    /// The experiment as it was given.
    pub const EXPERIMENT: &str = "experiment.toml";
    /// What the bundle that the run goes on from says of where it comes from.
    pub use crate::export::ORIGIN;
    /// One word a line.
    pub const VOCABULARY: &str = "vocabulary.txt";
    /// All weights before the first step.
    pub const START: &str = "start.safetensors";
    /// Features of all pictures, `train` and `dev.NAME`: float16 `[pictures, places, channels]`.
    pub const FEATURES: &str = "features.safetensors";
    /// The same, of the encoder that was fine-tuned: what the self-critical stage learns from.
    pub const FINAL_FEATURES: &str = "final-features.safetensors";
    /// The weights before the self-critical stage.
    pub const BEFORE: &str = "before-self-critical.safetensors";
    /// The best weights of the self-critical stage.
    pub const LEARNT: &str = "self-critical.safetensors";
    /// The best weights by dev score; after a self-critical stage, those between the two above that the experiment asks for.
    pub const BEST: &str = "best.safetensors";
    /// Where the run stands.
    pub const PROGRESS: &str = "progress.json";
    /// One JSON object a line.
    pub const LOG: &str = "log.jsonl";
}

/// Runs the command.
pub fn run(arguments: &PrepareArguments) -> Result<()> {
    let device = device::choose(arguments.device.device, 0)?;
    let experiment = Experiment::open(&arguments.experiment)?;
    ensure!(
        !arguments.run.join(files::PROGRESS).exists(),
        "{} holds a run that has been trained: give --run another folder, or remove this one",
        arguments.run.display()
    );
    let bundle = arguments.bundle.as_deref().map(Bundle::open).transpose()?;
    std::fs::create_dir_all(&arguments.run)
        .with_context(|| format!("cannot make the run's folder {}", arguments.run.display()))?;
    let source = Source::check(&experiment, &arguments.datasets)?;
    source.unusable.save(&arguments.run)?;
    let kept =
        bundle.as_ref().map(|bundle| kept_words(bundle, &source, arguments.minimum_count)).transpose()?;
    let words = if let Some((bundle, kept)) = bundle.as_ref().zip(kept.as_ref()) {
        kept.text(bundle.vocabulary())
    } else {
        let captions = source.training_captions()?;
        let built = vocabulary::build(&captions, experiment.minimum_count);
        eprintln!("{built}");
        built.text()
    };
    checkpoint::write_text(&arguments.run.join(files::VOCABULARY), &words)?;
    checkpoint::write_text(&arguments.run.join(files::EXPERIMENT), &experiment.to_toml()?)?;
    let origin = arguments.run.join(files::ORIGIN);
    if let Some(bundle) = &bundle {
        checkpoint::write_text(&origin, &toml::to_string(&bundle.manifest().provenance)?)?;
    } else if origin.exists() {
        std::fs::remove_file(&origin).with_context(|| format!("cannot remove {}", origin.display()))?;
    }
    let vocabulary = open_vocabulary(&arguments.run)?;
    let corpus = Corpus::open(&source, &vocabulary)?;

    tch::manual_seed(experiment.seed as i64);
    let (encoder, decoder) = (&experiment.encoder, &experiment.decoder);
    let mut model = Model::new(device, vocabulary.len() as i64, encoder, decoder);
    let learnt = bundle.as_ref().zip(kept).map(|(bundle, kept)| weights_of(bundle, &kept)).transpose()?;
    match (&learnt, &arguments.weights) {
        // Its words have learnt further than any file's.
        (Some(learnt), None) => model.load_all(learnt)?,
        (Some(learnt), Some(weights)) => {
            model.load_decoder(learnt)?;
            model.load_encoder(weights, encoder)?;
        }
        (None, Some(weights)) => {
            model.load_encoder(weights, encoder)?;
            if let Some(vectors) = &decoder.word_vectors {
                let file = arguments.datasets.join(&vectors.file);
                let found = word_vectors::read(&file, &vocabulary, decoder.embedding_size as usize)?;
                eprintln!("{found}");
                found.put_into(model.decoder.words());
            }
        }
        (None, None) => bail!("name the weights to start from: --weights or --bundle"),
    }
    let start: Vec<_> = model.weights.variables().into_iter().collect();
    checkpoint::write_tensors(&arguments.run.join(files::START), &start)?;
    if experiment.frozen.epochs == 0 {
        return Ok(());
    }
    let preprocessing = experiment.preprocessing();
    let tensors = cached(&corpus, |examples, what| features(&model, &preprocessing, examples, what))?;
    checkpoint::write_tensors(&arguments.run.join(files::FEATURES), &tensors)
}

/// Features of every picture of a corpus, under the names of [`files::FEATURES`].
pub fn cached(
    corpus: &Corpus,
    mut features: impl FnMut(&[Example], &str) -> Result<Tensor>,
) -> Result<Vec<(String, Tensor)>> {
    let mut tensors = vec![("train".to_owned(), features(&corpus.train, "train")?)];
    for dev in &corpus.dev {
        tensors.push((format!("dev.{}", dev.name), features(&dev.examples, &dev.name)?));
    }
    Ok(tensors)
}

fn kept_words(bundle: &Bundle, source: &Source<'_>, minimum_count: Option<usize>) -> Result<Kept> {
    let vocabulary = bundle.vocabulary();
    let Some(minimum_count) = minimum_count else { return Ok(Kept::all(vocabulary)) };
    let kept = Kept::frequent(vocabulary, &source.training_captions()?, minimum_count);
    eprintln!(
        "{} of {} tokens: the words seen {minimum_count} times or more",
        kept.count(),
        vocabulary.len()
    );
    Ok(kept)
}

fn weights_of(bundle: &Bundle, kept: &Kept) -> Result<BTreeMap<String, Tensor>> {
    let mut weights = import::weights(bundle)?;
    kept.narrow(&mut weights)?;
    checkpoint::tensors_of(&weights)
}

/// The vocabulary of a prepared run.
pub fn open_vocabulary(run: &Path) -> Result<Vocabulary> {
    let path = run.join(files::VOCABULARY);
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("{} is missing: prepare the run first", path.display()))?;
    Vocabulary::from_text(&text).with_context(|| format!("{} is not a vocabulary", path.display()))
}

/// Features of `examples` in their order, float16 `[pictures, places, channels]` on the CPU. A picture that cannot be read any more is
/// named, and has features of nothing.
pub fn features(
    model: &Model,
    preprocessing: &Preprocessing,
    examples: &[Example],
    what: &str,
) -> Result<Tensor> {
    ensure!(!examples.is_empty(), "{what} has no pictures");
    let batches: Vec<Vec<usize>> =
        (0..examples.len()).collect::<Vec<_>>().chunks(BATCH).map(<[usize]>::to_vec).collect();
    let bar = progress::bar(examples.len() as u64, &format!("features of {what}"), "pictures");
    let mut failed = Failures::default();
    let mut parts = Vec::new();
    for loaded in loader::pixels(examples, batches, &Reading::as_they_are(preprocessing)) {
        let part = no_grad(|| {
            loaded.whole(&mut failed, |pixels| {
                model.encoder.features(&pixels.to_device(model.weights.device()))
            })
        });
        bar.inc(loaded.size() as u64);
        parts.push(
            part.context("no picture of a whole batch can be read")?
                .to_kind(Kind::Half)
                .to_device(Device::Cpu),
        );
    }
    bar.finish_and_clear();
    failed.say(what);
    Ok(Tensor::cat(&parts, 0))
}
