//! The layer with which a network was published to tell classes apart, and the names that are its classes'.

use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use descry_models::TagNames;
use descry_models::tags::names::NAMELESS;
use ndarray::{Array1, Array2};

use crate::export::weights::Weights;

/// What the layer is called, by those who publish networks that end with one layer behind the mean of the last map: the
/// shared `MobileNetV2`, EfficientNet-Lite, torchvision's `ResNet` and Inception, torchvision's `MobileNetV2`.
const LAYERS: [&str; 4] = ["classifier", "_fc", "fc", "classifier.1"];

/// The layer, and what it tells apart.
#[derive(Debug)]
pub struct Published {
    /// `[classes, channels]`
    pub weight: Array2<f32>,
    /// `[classes]`
    pub bias: Array1<f32>,
    /// The classes' names.
    pub names: TagNames,
    /// The same, as the bundle's file has them.
    pub text: String,
    /// How many classes that are never named the list of names has before the layer's first, and lists of labels count:
    /// `TensorFlow`'s networks have one for what is none of `ImageNet`'s thousand, others have not.
    pub before: usize,
}

/// Reads the layer of `file` and the names of `list`.
pub fn read(file: &Path, list: &Path) -> Result<Published> {
    let text = std::fs::read_to_string(list).with_context(|| format!("cannot read {}", list.display()))?;
    let weights = open(file)?;
    let Some(layer) = LAYERS.into_iter().find(|layer| weights.contains(&format!("{layer}.weight"))) else {
        bail!("{} has no layer for classes: none of {} is in it", file.display(), LAYERS.join(", "));
    };
    let weight = weights.matrix(&format!("{layer}.weight"), None, None)?;
    let bias = weights.vector(&format!("{layer}.bias"), weight.nrows())?;
    let parse = |text: &str| {
        TagNames::from_text(text).with_context(|| format!("{} does not name tags", list.display()))
    };
    let all = parse(&text)?;
    let (names, text, before) = match text.strip_prefix(NAMELESS).and_then(|rest| rest.strip_prefix('\n')) {
        Some(rest) if all.classes() == weight.nrows() + 1 => (parse(rest)?, rest.to_owned(), 1),
        _ => (all, text, 0),
    };
    ensure!(
        names.classes() == weight.nrows(),
        "{} tells {} classes apart, and {} names {}",
        file.display(),
        weight.nrows(),
        list.display(),
        names.classes()
    );
    Ok(Published { weight, bias, names, text, before })
}

/// Opens what `torch.save` wrote, or safetensors.
#[cfg(feature = "torch")]
fn open(file: &Path) -> Result<Weights> {
    use ndarray::{ArrayD, IxDyn};
    use tch::Kind;

    let tensors = crate::encoder::pretrained::tensors(file)?;
    let arrays = tensors.iter().map(|(name, tensor)| {
        let shape: Vec<usize> = tensor.size().iter().map(|side| *side as usize).collect();
        let values = Vec::<f32>::try_from(&tensor.to_kind(Kind::Float).reshape(-1))?;
        Ok((name.clone(), ArrayD::from_shape_vec(IxDyn(&shape), values)?))
    });
    Ok(Weights::from_arrays(file, arrays.collect::<Result<_>>()?)?)
}

/// Opens safetensors.
#[cfg(not(feature = "torch"))]
fn open(file: &Path) -> Result<Weights> {
    Weights::open(file).context("without libtorch, weights are read from safetensors alone")
}
