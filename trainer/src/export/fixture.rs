//! A run small enough for tests: all 17 blocks of the encoder, a few channels each, random weights from a seed.

use std::collections::BTreeMap;
use std::path::Path;

use ndarray::{ArrayD, IxDyn};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use safetensors::tensor::{Dtype, TensorView};

/// Pixels across and down: two places across and down are left of them.
pub(crate) const SIDE: usize = 64;
pub(crate) const FEATURE: usize = 16;
pub(crate) const HIDDEN: usize = 20;
pub(crate) const EMBEDDING: usize = 10;
pub(crate) const VOCABULARY: usize = 17;
const ATTENTION: usize = 12;
const STEM: usize = 10;
const HEAD: usize = 40;
/// Channels after each block; equal neighbours are skipped over, as in the real network.
const WIDTHS: [usize; 17] = [8, 12, 12, 16, 16, 16, 20, 20, 20, 20, 24, 24, 24, 28, 28, 28, 32];

/// Weights by name.
pub(crate) type Tensors = BTreeMap<String, ArrayD<f32>>;

/// The random weights of a seed.
pub(crate) fn tensors(seed: u64) -> Tensors {
    let mut random = StdRng::seed_from_u64(seed);
    let mut tensors = Tensors::new();
    let mut add = |name: String, shape: &[usize], bound: f32| {
        let length = shape.iter().product();
        let values = (0..length).map(|_| random.random_range(-bound..bound)).collect();
        tensors.insert(name, ArrayD::from_shape_vec(IxDyn(shape), values).unwrap());
    };
    let mut convolution = |path: &str, outputs: usize, inputs: usize, kernel: usize| {
        // Less than keeps the size of activations (He et al. 2015), and biases that make up for it: at that size, a
        // random network is chaotic, and a rounding anywhere changes everything.
        let bound = (3.0 / (inputs * kernel * kernel) as f32).sqrt();
        add(format!("{path}.weight"), &[outputs, inputs, kernel, kernel], bound);
        add(format!("{path}.bias"), &[outputs], 0.3);
    };
    convolution("encoder.stem", STEM, 3, 3);
    let mut channels = STEM;
    for (block, width) in WIDTHS.into_iter().enumerate() {
        let path = format!("encoder.blocks.{block}");
        let inner = if block == 0 { channels } else { 2 * channels };
        if block > 0 {
            convolution(&format!("{path}.expand"), inner, channels, 1);
        }
        convolution(&format!("{path}.depthwise"), inner, 1, 3);
        convolution(&format!("{path}.project"), width, inner, 1);
        channels = width;
    }
    convolution("encoder.head", HEAD, channels, 1);
    for (path, outputs, inputs) in [
        ("feature_projection", FEATURE, HEAD),
        ("key", ATTENTION, FEATURE),
        ("initial_hidden", HIDDEN, FEATURE),
        ("initial_cell", HIDDEN, FEATURE),
        ("query", ATTENTION, HIDDEN),
        ("gate", FEATURE, HIDDEN),
        ("deep", EMBEDDING, HIDDEN + FEATURE),
    ] {
        add(format!("decoder.{path}.weight"), &[outputs, inputs], 0.8);
        add(format!("decoder.{path}.bias"), &[outputs], 0.3);
    }
    add("decoder.embedding.weight".to_owned(), &[VOCABULARY, EMBEDDING], 1.0);
    add("decoder.attention.weight".to_owned(), &[1, ATTENTION], 1.0);
    add("decoder.cell.weight_input".to_owned(), &[4 * HIDDEN, EMBEDDING + FEATURE], 0.5);
    add("decoder.cell.weight_hidden".to_owned(), &[4 * HIDDEN, HIDDEN], 0.5);
    add("decoder.cell.bias".to_owned(), &[4 * HIDDEN], 0.5);
    add("decoder.output.bias".to_owned(), &[VOCABULARY], 0.5);
    tensors
}

/// Writes a run's folder with these weights.
pub(crate) fn write_run(folder: &Path, tensors: &Tensors) {
    std::fs::create_dir_all(folder).unwrap();
    write(&folder.join("best.safetensors"), tensors);
    let words: Vec<String> = ["<pad>", "<start>", "<end>", "<unk>"]
        .into_iter()
        .map(str::to_owned)
        .chain((4..VOCABULARY).map(|word| format!("word{word}")))
        .collect();
    std::fs::write(folder.join("vocabulary.txt"), words.join("\n") + "\n").unwrap();
    let experiment = format!(
        "name = \"tiny\"\nmaximum_words = 8\nseed = 1\n[[datasets]]\ndirectory = \"drawn\"\n\
         [preprocessing]\nwidth = {SIDE}\nheight = {SIDE}\nresize = \"squeeze\"\n\
         mean = [127.5, 127.5, 127.5]\nscale = [127.5, 127.5, 127.5]\n"
    );
    std::fs::write(folder.join("experiment.toml"), experiment).unwrap();
}

/// Writes tensors as a file.
pub(crate) fn write(file: &Path, tensors: &Tensors) {
    let bytes: BTreeMap<&String, Vec<u8>> = tensors
        .iter()
        .map(|(name, tensor)| (name, tensor.iter().flat_map(|value| value.to_le_bytes()).collect()))
        .collect();
    let views = tensors.iter().map(|(name, tensor)| {
        (name, TensorView::new(Dtype::F32, tensor.shape().to_vec(), &bytes[name]).unwrap())
    });
    std::fs::write(file, safetensors::serialize(views, &None).unwrap()).unwrap();
}
