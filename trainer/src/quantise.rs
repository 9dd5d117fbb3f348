//! `descry-trainer quantise`: a float32 bundle becomes an int8 bundle of a quarter of the size.
//!
//! Static quantisation in the QDQ form: weights in 8 bits with sign, a scale for each output channel; activations in 8
//! bits without sign, their ranges found by running the float model over training pictures. Biases and the small layers
//! between (attention's energies, softmax, gates) stay float. The arithmetic is that of Jacob et al. 2018.

use std::collections::BTreeMap;
use std::path::PathBuf;

use descry_models::{
    Bundle, BundleError,
    manifest::{FileRecord, Manifest, Quantisation},
    preprocess, sha256_hex,
};
use prost::Message as _;
use thiserror::Error;

use crate::{
    dataset::{Dataset, DatasetError},
    export::folder::{self, FolderError},
    onnx::{self, Graph, messages::GraphProto},
    picture, progress,
};

pub mod calibrate;
pub mod correct;
pub mod plan;
pub mod probe;
pub mod range;
pub mod rewrite;
pub mod weights;

#[cfg(test)]
pub(crate) mod tests;

use calibrate::Calibration;
use correct::Layer;
use plan::{Plan, plan};
use probe::ProbeError;
use range::{Rule, Steps};
use weights::{ChannelWise, Layout};

/// Arguments of `quantise`.
#[derive(Debug, Clone, clap::Args)]
pub struct QuantiseArguments {
    /// The float32 bundle
    #[arg(long)]
    pub bundle: PathBuf,
    /// The folder that the int8 bundle is written into
    #[arg(long)]
    pub output: PathBuf,
    /// Data sets whose pictures show what values occur
    #[arg(long, required = true, num_args = 1..)]
    pub dataset: Vec<PathBuf>,
    /// The split of each data set that the pictures come from
    #[arg(long, default_value = "train")]
    pub split: String,
    /// Pictures in all, spread evenly over the data sets
    #[arg(long, default_value_t = 300)]
    pub pictures: usize,
    /// How the range of a tensor is chosen from the values seen
    #[arg(long, value_enum, default_value_t = Rule::Everything)]
    pub range: Rule,
    /// Layers that stay float, by a part of their names, such as `.depthwise`
    #[arg(long, value_name = "NAME", num_args = 0..)]
    pub keep_float: Vec<String>,
    /// Layers that compute in floats and have only their weights in 8 bits, by a part of their names; '' is all layers
    #[arg(long, value_name = "NAME", num_args = 0..)]
    pub weights_only: Vec<String>,
}

/// The command: quantises, and says what was written.
pub fn run(arguments: &QuantiseArguments) -> anyhow::Result<()> {
    let manifest = quantise(arguments)?;
    println!("{}", folder::summary(&arguments.output, &manifest));
    Ok(())
}

/// Writes the int8 bundle of a float32 bundle.
pub fn quantise(arguments: &QuantiseArguments) -> Result<Manifest, QuantiseError> {
    let bundle = Bundle::open(&arguments.bundle)?;
    if bundle.manifest().quantisation.is_some() {
        return Err(QuantiseError::Already(arguments.bundle.clone()));
    }
    let graph = |name: &str, bytes: &[u8]| {
        onnx::decode(bytes).map_err(|source| QuantiseError::Graph { name: name.to_owned(), source })
    };
    let encoder = graph(&bundle.manifest().encoder.file, bundle.encoder_onnx())?;
    let decoder = graph(&bundle.manifest().decoder.file, bundle.decoder_onnx())?;
    let plans = [&encoder, &decoder].map(|graph| plan(graph, &arguments.keep_float, &arguments.weights_only));

    let pictures = pictures(arguments)?;
    let mut calibration = Calibration::new(bundle.manifest(), (&encoder, &plans[0]), (&decoder, &plans[1]))?;
    watch(&mut calibration, &bundle, &pictures)?;
    let [encoder_steps, decoder_steps] = calibration.steps(arguments.range);
    let [encoder_means, decoder_means] = calibration.means();

    let weights_alone = plans.iter().all(|plan| plan.activations.is_empty());
    let manifest = Manifest {
        created: folder::today(),
        quantisation: Some(Quantisation {
            scheme: if weights_alone { "qdq-weights" } else { "qdq-static" }.to_owned(),
            weights: "int8-per-channel".to_owned(),
            activations: if weights_alone { "float32" } else { "uint8-per-tensor" }.to_owned(),
            calibration_pictures: pictures.len(),
        }),
        // Of the float32 bundle: the captions of this one are others.
        calibration: None,
        ..bundle.manifest().clone()
    };
    let mut files = other_files(&bundle)?;
    for (name, graph, plan, steps, means) in [
        (&manifest.encoder.file, encoder, &plans[0], &encoder_steps, &encoder_means),
        (&manifest.decoder.file, decoder, &plans[1], &decoder_steps, &decoder_means),
    ] {
        let graph = quantised(graph, plan, steps, means);
        files.insert(name.clone(), Graph::from(graph).into_model().encode_to_vec());
    }
    Ok(folder::write(&arguments.output, manifest, &files)?)
}

/// Pictures' files, the same number from each data set and from all of its list.
fn pictures(arguments: &QuantiseArguments) -> Result<Vec<PathBuf>, QuantiseError> {
    let share = arguments.pictures.div_ceil(arguments.dataset.len().max(1));
    let mut files = Vec::new();
    for folder in &arguments.dataset {
        let pictures = Dataset::open(folder, &arguments.split)?.pictures;
        let taken = share.min(pictures.len()).min(arguments.pictures.saturating_sub(files.len()));
        files.extend((0..taken).map(|place| pictures[place * pictures.len() / taken].file.clone()));
    }
    if files.is_empty() { Err(QuantiseError::NoPictures) } else { Ok(files) }
}

fn watch(
    calibration: &mut Calibration<'_>,
    bundle: &Bundle,
    pictures: &[PathBuf],
) -> Result<(), QuantiseError> {
    let bar = progress::bar(pictures.len() as u64, "calibrating", "pictures");
    for file in pictures {
        let unusable = |problem: String| QuantiseError::Picture { path: file.clone(), problem };
        let picture = picture::open(file).map_err(|source| unusable(source.to_string()))?;
        let pixels = preprocess::pixels(&picture, &bundle.manifest().preprocessing)
            .map_err(|source| unusable(source.to_string()))?;
        let caption = calibration.watch(&pixels, bundle.vocabulary().special())?;
        tracing::debug!(picture = %file.display(), caption = bundle.vocabulary().text(&caption));
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(())
}

/// Every file of the bundle but its graphs.
pub(crate) fn other_files(bundle: &Bundle) -> Result<BTreeMap<String, Vec<u8>>, QuantiseError> {
    let manifest = bundle.manifest();
    let graphs = [&manifest.encoder.file, &manifest.decoder.file];
    let mut files = BTreeMap::new();
    for (name, record) in manifest.files.iter().filter(|(name, _)| !graphs.contains(name)) {
        let path = bundle.directory().join(name);
        let bytes =
            std::fs::read(&path).map_err(|source| QuantiseError::Read { path: path.clone(), source })?;
        let found = FileRecord { bytes: bytes.len() as u64, sha256: sha256_hex(&bytes) };
        if found != *record {
            return Err(QuantiseError::Altered(path));
        }
        files.insert(name.clone(), bytes);
    }
    Ok(files)
}

/// A float graph with its weights and activations in bytes. `means` are those of the channels of layers' inputs.
#[must_use]
pub fn quantised(
    mut graph: GraphProto,
    plan: &Plan,
    steps: &BTreeMap<String, Steps>,
    means: &BTreeMap<String, Vec<f64>>,
) -> GraphProto {
    let steps = &pooled_alike(&graph, plan, steps);
    let floats: BTreeMap<String, (Vec<i64>, Vec<f32>)> = graph
        .initializer
        .iter()
        .filter_map(|tensor| Some((tensor.name.clone(), (tensor.dims.clone(), onnx::values_f32(tensor)?))))
        .collect();
    let mut weights: BTreeMap<String, ChannelWise> = BTreeMap::new();
    for node in &graph.node {
        let [input, weight, rest @ ..] = node.input.as_slice() else { continue };
        let Some((axis, (shape, values))) = plan.weights.get(weight).zip(floats.get(weight)) else {
            continue;
        };
        let Some(layout) = Layout::of(shape, *axis) else { continue };
        let bias = rest.first().and_then(|bias| floats.get(bias));
        let least =
            bias.zip(steps.get(input)).map_or(Vec::new(), |((_, bias), steps)| least_scales(bias, *steps));
        weights.insert(weight.clone(), weights::quantise(values, layout, &least));
    }
    let corrected = corrected_biases(&graph, plan, &floats, &weights, means);
    for tensor in &mut graph.initializer {
        if let Some(bias) = corrected.get(&tensor.name) {
            tensor.raw_data = bias.iter().flat_map(|value| value.to_le_bytes()).collect();
        }
    }
    rewrite::rewrite(graph, plan, steps, &weights)
}

/// The steps, those after a pooling the same as before it: the greatest of some values is one of them, and an engine pools
/// the bytes.
fn pooled_alike(graph: &GraphProto, plan: &Plan, steps: &BTreeMap<String, Steps>) -> BTreeMap<String, Steps> {
    let mut alike = steps.clone();
    let pools = graph.node.iter().filter(|node| node.op_type == "MaxPool" && plan.nodes.contains(&node.name));
    for node in pools {
        let [Some(input), Some(output)] = [node.input.first(), node.output.first()] else { continue };
        if let (Some(before), Some(after)) = (alike.get(input).copied(), alike.get_mut(output)) {
            *after = before;
        }
    }
    alike
}

/// The biases that take back what rounded weights shift, by name.
fn corrected_biases(
    graph: &GraphProto,
    plan: &Plan,
    floats: &BTreeMap<String, (Vec<i64>, Vec<f32>)>,
    weights: &BTreeMap<String, ChannelWise>,
    means: &BTreeMap<String, Vec<f64>>,
) -> BTreeMap<String, Vec<f32>> {
    let mut corrected = BTreeMap::new();
    for Layer { input, weight, bias } in correct::layers(graph, plan) {
        let layout = plan
            .weights
            .get(&weight)
            .zip(floats.get(&weight))
            .and_then(|(axis, (shape, _))| Layout::of(shape, *axis));
        let (Some(layout), Some(rounded), Some(means)) = (layout, weights.get(&weight), means.get(&input))
        else {
            continue;
        };
        let (Some((shape, float)), Some((_, original))) = (floats.get(&weight), floats.get(&bias)) else {
            continue;
        };
        let shift = correct::shift(shape, float, &rounded.values(layout), means);
        let values = corrected.entry(bias).or_insert_with(|| original.clone());
        for (value, shift) in values.iter_mut().zip(shift) {
            *value -= shift as f32;
        }
    }
    corrected
}

/// Scales that leave a bias room in 32 bits, where it counts in multiples of the input's scale times the weight's.
fn least_scales(bias: &[f32], input: Steps) -> Vec<f32> {
    bias.iter().map(|bias| bias.abs() / input.scale / (1u32 << 30) as f32).collect()
}

/// Why a bundle cannot be quantised.
#[derive(Debug, Error)]
pub enum QuantiseError {
    /// The float bundle does not open.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// It is quantised.
    #[error("{} is quantised already; name the float32 bundle that `export` wrote", .0.display())]
    Already(PathBuf),
    /// A graph is not one of ours.
    #[error("{name}: {source}")]
    Graph {
        /// The file of the bundle.
        name: String,
        /// What is wrong with it.
        source: onnx::ReadError,
    },
    /// A data set does not open.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// No picture was asked for.
    #[error("there is no picture to calibrate with; ask for at least one")]
    NoPictures,
    /// A picture cannot be read.
    #[error("cannot calibrate with {}: {problem}", path.display())]
    Picture {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The float model does not run.
    #[error(transparent)]
    Probe(#[from] ProbeError),
    /// A file of the bundle cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file of the bundle changed since it was opened.
    #[error("{} changed while it was read; try again", .0.display())]
    Altered(PathBuf),
    /// The int8 bundle cannot be written.
    #[error(transparent)]
    Folder(#[from] FolderError),
}
