//! Features as a device will compute them: the encoder of a quantised bundle, run by the engine, its last map shown.
//!
//! A decoder that learns from these learns to live with the rounding of the encoder, which then costs it nothing.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use descry_models::{Bundle, EngineChoice, manifest::TensorSection, open_network, preprocess};
use prost::Message as _;
use tch::{Device, Kind, Tensor};

use super::batch::Example;
use super::loader::Failures;
use crate::corpus::Corpus;
use crate::encoder::{Description, Features};
use crate::experiment::Experiment;
use crate::export::folder;
use crate::onnx::{self, Element, Graph};
use crate::{picture, prepare, progress};

/// Features of every picture of the corpus from the encoder of the bundle in `directory`, under the names of a run's
/// file of features: float16 `[pictures, places, channels]`. The bundle that shows its last map is written into `workshop`.
pub(super) fn of_bundle(
    directory: &Path,
    experiment: &Experiment,
    corpus: &Corpus,
    workshop: &Path,
) -> Result<Vec<(String, Tensor)>> {
    let description = experiment.encoder.description(experiment.features());
    let bundle = Bundle::open(directory)?;
    let side = bundle.manifest().preprocessing.width as usize;
    let [rows, columns] = description.places(side);
    let shape = [1, description.channels, rows, columns];
    let bundle = with_its_map(&bundle, &description, &shape, workshop)?;
    let last = bundle.manifest().encoder.outputs.len() - 1;
    let mut network = open_network(&bundle, &EngineChoice::Auto)?;
    eprintln!("features of {}, by {}", directory.display(), network.engine());
    prepare::cached(corpus, |examples, what| {
        let bar = progress::bar(examples.len() as u64, &format!("features of {what}"), "pictures");
        let mut features = Vec::with_capacity(examples.len());
        let mut failed = Failures::default();
        for example in examples {
            bar.inc(1);
            let pixels = match pixels(example, &bundle) {
                Ok(pixels) => pixels,
                Err(error) => {
                    failed.add_one(format!("{error:#}"));
                    let places = if experiment.features() == Features::Global { 1 } else { rows * columns };
                    let nothing = [places as i64, shape[1] as i64];
                    features.push(Tensor::zeros(nothing, (Kind::Half, Device::Cpu)));
                    continue;
                }
            };
            let mut encoded = network.encode(&pixels)?.tensors;
            ensure!(encoded.len() > last, "the network does not show its last map");
            let map = encoded.swap_remove(last);
            ensure!(map.shape == shape, "the last map has the shape {:?}, not {shape:?}", map.shape);
            let map = Tensor::from_slice(&map.values).view([shape[1] as i64, (rows * columns) as i64]).tr();
            let map = match experiment.features() {
                Features::Spatial => map,
                Features::Global => map.mean_dim(0i64, true, Kind::Float),
            };
            features.push(map.to_kind(Kind::Half).contiguous());
        }
        bar.finish_and_clear();
        failed.say(what);
        Ok(Tensor::stack(&features, 0))
    })
}

fn pixels(example: &Example, bundle: &Bundle) -> Result<preprocess::Pixels> {
    let picture = picture::open(&example.file).with_context(|| example.file.display().to_string())?;
    Ok(preprocess::pixels(&picture, &bundle.manifest().preprocessing)?)
}

/// The bundle, its encoder with one more output: the last map as what follows reads it, rounded or as the float graph has it.
fn with_its_map(
    bundle: &Bundle,
    description: &Description,
    shape: &[usize],
    workshop: &Path,
) -> Result<Bundle> {
    let directory = bundle.directory().display();
    let mut manifest = bundle.manifest().clone();
    let mut graph = onnx::decode(bundle.encoder_onnx())
        .with_context(|| format!("{directory} is no bundle of this trainer"))?;
    let made: Vec<&String> = graph.node.iter().flat_map(|node| &node.output).collect();
    let last = format!("encoder.{}", description.last());
    let map = [format!("{last}.dequantised"), last].into_iter().find(|map| made.contains(&map));
    let map = map.with_context(|| format!("{directory} has not the encoder of this run inside"))?;
    graph.output.push(onnx::value(&map, Element::F32, None));
    manifest.encoder.outputs.push(TensorSection { name: map, shape: shape.to_vec() });
    manifest.provenance.experiment = None;
    let words = bundle.directory().join(&manifest.vocabulary.file);
    let files = BTreeMap::from([
        (manifest.encoder.file.clone(), Graph::from(graph).into_model().encode_to_vec()),
        (manifest.decoder.file.clone(), bundle.decoder_onnx().to_vec()),
        (manifest.vocabulary.file.clone(), std::fs::read(words)?),
    ]);
    folder::write(workshop, manifest, &files)?;
    Ok(Bundle::open(workshop)?)
}
