//! Features as a device will compute them: the encoder of a quantised bundle, run by the engine, its head shown.
//!
//! A decoder that learns from these learns to live with the rounding of the encoder, which then costs it nothing.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use descry_models::{Bundle, EngineChoice, manifest::TensorSection, open_network, preprocess};
use prost::Message as _;
use tch::{Kind, Tensor};

use super::batch::Example;
use crate::corpus::Corpus;
use crate::encoder::mobilenet_v2::FEATURES;
use crate::export::folder;
use crate::onnx::{self, Element, Graph};
use crate::{picture, prepare, progress};

/// The head's map as what follows reads it, best name first: rounded, or as the float graph has it.
const HEAD: [&str; 2] = ["encoder.head.dequantised", "encoder.head"];
/// Places of a picture: the head's map is 7 x 7.
const SIDE: i64 = 7;

/// Features of every picture of the corpus from the encoder of the bundle in `directory`, under the names of a run's
/// file of features: float16 `[pictures, 49, 1280]`. The bundle that shows its head is written into `workshop`.
pub(super) fn of_bundle(directory: &Path, corpus: &Corpus, workshop: &Path) -> Result<Vec<(String, Tensor)>> {
    let bundle = with_its_head(directory, workshop)?;
    let shape = [1, FEATURES as usize, SIDE as usize, SIDE as usize];
    let head = bundle.manifest().encoder.outputs.len() - 1;
    let mut network = open_network(&bundle, &EngineChoice::Auto)?;
    eprintln!("features of {}, by {}", directory.display(), network.engine());
    prepare::cached(corpus, |examples, what| {
        let bar = progress::bar(examples.len() as u64, &format!("features of {what}"), "pictures");
        let mut features = Vec::with_capacity(examples.len());
        for example in examples {
            let mut encoded = network.encode(&pixels(example, &bundle)?)?.tensors;
            ensure!(encoded.len() > head, "the network does not show its head");
            let head = encoded.swap_remove(head);
            ensure!(head.shape == shape, "the head's map has the shape {:?}, not {shape:?}", head.shape);
            let map = Tensor::from_slice(&head.values).view([FEATURES, SIDE * SIDE]);
            features.push(map.tr().to_kind(Kind::Half).contiguous());
            bar.inc(1);
        }
        bar.finish_and_clear();
        Ok(Tensor::stack(&features, 0))
    })
}

fn pixels(example: &Example, bundle: &Bundle) -> Result<preprocess::Pixels> {
    let picture = picture::open(&example.file)
        .with_context(|| format!("cannot read the picture {}", example.file.display()))?;
    Ok(preprocess::pixels(&picture, &bundle.manifest().preprocessing)?)
}

/// The bundle, its encoder with one more output.
fn with_its_head(directory: &Path, workshop: &Path) -> Result<Bundle> {
    let bundle = Bundle::open(directory)?;
    let mut manifest = bundle.manifest().clone();
    let mut graph = onnx::decode(bundle.encoder_onnx())
        .with_context(|| format!("{} is no bundle of this trainer", directory.display()))?;
    let made: Vec<&String> = graph.node.iter().flat_map(|node| &node.output).collect();
    let head = HEAD.into_iter().find(|head| made.iter().any(|name| name == head));
    let head = head.with_context(|| format!("{} has no MobileNetV2 inside", directory.display()))?;
    graph.output.push(onnx::value(head, Element::F32, None));
    let shape = vec![1, FEATURES as usize, SIDE as usize, SIDE as usize];
    manifest.encoder.outputs.push(TensorSection { name: head.to_owned(), shape });
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
