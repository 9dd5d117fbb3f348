//! Makes tiny caption models with random weights: the shipped architecture, small, in float32 and in int8 (QDQ).

#![allow(dead_code, reason = "each test binary uses its own part")]

use std::{collections::BTreeMap, fs, path::Path};

use descry_models::{
    TokenId,
    manifest::{
        DecoderSection, DecodingSection, EncoderSection, FileRecord, Manifest, Preprocessing, Provenance,
        Quantisation, Resize, StateSection, TensorSection, VocabularySection,
    },
    sha256_hex,
    tags::{TagsFit, TagsSection},
};
use image::{Rgb, RgbImage};

pub(crate) mod graph;

use graph::Graph;

/// The words of every tiny model.
pub(crate) const WORDS: [&str; 16] = [
    "<pad>", "<start>", "<end>", "<unk>", "a", "the", "man", "dog", "cat", "ball", "table", "red", "small",
    "runs", "holds", "on",
];

/// The names of the classes of a tagged one.
pub(crate) const TAGS: &str = "-\nSaluki\tdog\nbeagle\tdog\nteapot\n";

/// Pixels across and down.
pub(crate) const SIDE: usize = 16;
const CHANNELS: usize = 8;
const PLACES: usize = 16;
const FEATURES: usize = 12;
const KEYS: usize = 10;
const HIDDEN: usize = 14;
const EMBEDDING: usize = 6;

/// A tiny model before it is written to a folder, so that tests can spoil it.
pub(crate) struct Tiny {
    pub(crate) manifest: Manifest,
    pub(crate) encoder: Graph,
    pub(crate) decoder: Graph,
}

impl Tiny {
    /// The same seed gives the same model; the int8 one has the float one's weights, rounded.
    pub(crate) fn new(seed: u64, quantised: bool) -> Self {
        Self {
            manifest: manifest(quantised),
            encoder: encoder(seed, quantised),
            decoder: decoder(seed, quantised),
        }
    }

    /// The same with scores of as many classes as [`TAGS`] names.
    pub(crate) fn tagged(mut self) -> Self {
        let scores = self.encoder.linear("hidden", (-1.0, 1.0), HIDDEN, 4);
        self.encoder.output(&scores, "classes", &["1", "4"]);
        self.manifest.encoder.outputs.push(tensor("classes", &[1, 4]));
        self.manifest.tags = Some(TagsSection {
            output: "classes".to_owned(),
            names: "tags.txt".to_owned(),
            temperature: 1.0,
            intercept: 0.0,
            slope: 1.0,
            least: 0.0,
            sure: 0.5,
            fit: TagsFit { weights: "random".to_owned(), ..TagsFit::default() },
        });
        self
    }

    /// Writes the bundle, its files' sizes and digests as they then are.
    pub(crate) fn write(&self, directory: &Path) {
        write_bundle(directory, &self.manifest, &self.encoder.onnx(), &self.decoder.onnx());
    }
}

/// Writes a bundle with these files, whatever they hold.
pub(crate) fn write_bundle(directory: &Path, manifest: &Manifest, encoder: &[u8], decoder: &[u8]) {
    let vocabulary = WORDS.map(|word| format!("{word}\n")).concat();
    let mut contents =
        vec![("encoder.onnx", encoder), ("decoder.onnx", decoder), ("vocabulary.txt", vocabulary.as_bytes())];
    contents.extend(manifest.tags.as_ref().map(|_| ("tags.txt", TAGS.as_bytes())));
    let mut manifest = manifest.clone();
    manifest.files = BTreeMap::new();
    for (name, bytes) in contents {
        let record = FileRecord { bytes: bytes.len() as u64, sha256: sha256_hex(bytes) };
        manifest.files.insert(name.to_owned(), record);
        fs::write(directory.join(name), bytes).expect("a file of the bundle");
    }
    let text = manifest.to_toml().expect("a manifest");
    fs::write(directory.join("manifest.toml"), text).expect("the manifest");
}

/// Pictures that differ in colour, structure and size.
pub(crate) fn pictures(count: u32) -> Vec<RgbImage> {
    let picture = |n: u32| {
        let (width, height) = (SIDE as u32 + n * 7 % 40, SIDE as u32 + n * 13 % 50);
        RgbImage::from_fn(width, height, |x, y| {
            let wave = |a: u32, b: u32| ((x * a + y * b + n * 37) % 256) as u8;
            Rgb([wave(n % 11, 3), wave(5, n % 7), wave(n % 5 + 1, n % 3 + 2)])
        })
    };
    (0..count).map(picture).collect()
}

fn tensor(name: &str, shape: &[usize]) -> TensorSection {
    TensorSection { name: name.to_owned(), shape: shape.to_vec() }
}

fn manifest(quantised: bool) -> Manifest {
    let state = |input: &str, output: &str| StateSection {
        input: input.to_owned(),
        output: output.to_owned(),
        shape: vec![HIDDEN],
    };
    Manifest {
        format_version: 1,
        name: "tiny".to_owned(),
        description: "Random weights for tests.".to_owned(),
        language: "en".to_owned(),
        licence: "CC0-1.0".to_owned(),
        created: "2026-11-20".to_owned(),
        files: BTreeMap::new(),
        preprocessing: Preprocessing {
            width: SIDE as u32,
            height: SIDE as u32,
            resize: Resize::Squeeze,
            mean: [127.5; 3],
            scale: [127.5; 3],
        },
        vocabulary: VocabularySection {
            file: "vocabulary.txt".to_owned(),
            size: WORDS.len(),
            pad: TokenId(0),
            start: TokenId(1),
            end: TokenId(2),
            unknown: TokenId(3),
        },
        encoder: EncoderSection {
            file: "encoder.onnx".to_owned(),
            input: tensor("pixels", &[1, 3, SIDE, SIDE]),
            outputs: vec![
                tensor("features", &[1, PLACES, FEATURES]),
                tensor("keys", &[1, PLACES, KEYS]),
                tensor("hidden", &[1, HIDDEN]),
                tensor("cell", &[1, HIDDEN]),
            ],
        },
        decoder: DecoderSection {
            file: "decoder.onnx".to_owned(),
            token: "token".to_owned(),
            context: vec!["features".to_owned(), "keys".to_owned()],
            state: vec![state("hidden", "next_hidden"), state("cell", "next_cell")],
            logits: "logits".to_owned(),
            attention: Some("attention".to_owned()),
        },
        decoding: DecodingSection {
            beam_width: 3,
            maximum_words: 8,
            length_penalty: 0.7,
            repetition_guard: false,
            may_repeat: None,
        },
        calibration: None,
        tags: None,
        evidence: None,
        quantisation: quantised.then(|| Quantisation {
            scheme: "qdq-static".to_owned(),
            weights: "int8-per-channel".to_owned(),
            activations: "uint8-per-tensor".to_owned(),
            calibration_pictures: 0,
        }),
        scores: Vec::new(),
        provenance: Provenance {
            trainer: "tests".to_owned(),
            datasets: Vec::new(),
            weights: "random".to_owned(),
            experiment: None,
        },
    }
}

fn encoder(seed: u64, quantised: bool) -> Graph {
    let mut graph = Graph::new(seed, quantised);
    graph.input("pixels", &["1", "3", "16", "16"]);
    let x = graph.convolution("pixels", (-1.0, 1.0), [CHANNELS, 3, 3, 3], 2);
    let x = graph.clip(&x);
    let x = graph.convolution(&x, (0.0, 6.0), [FEATURES, CHANNELS, 1, 1], 2);
    let x = graph.clip(&x);
    let shape = graph.integers(&[1, FEATURES as i64, PLACES as i64]);
    let x = graph.node("Reshape", &[&x, &shape], |node| node);
    let x = graph.node("Transpose", &[&x], |node| node.integers("perm", &[0, 2, 1]));
    let x = graph.linear(&x, (0.0, 6.0), FEATURES, FEATURES);
    let features = graph.node("Relu", &[&x], |node| node);
    let keys = graph.linear(&features, (0.0, 12.0), FEATURES, KEYS);
    let mean =
        graph.node("ReduceMean", &[&features], |node| node.integers("axes", &[1]).integer("keepdims", 0));
    let hidden = graph.linear(&mean, (0.0, 12.0), FEATURES, HIDDEN);
    let hidden = graph.node("Tanh", &[&hidden], |node| node);
    let cell = graph.linear(&mean, (0.0, 12.0), FEATURES, HIDDEN);
    let cell = graph.node("Tanh", &[&cell], |node| node);
    graph.output(&features, "features", &["1", "16", "12"]);
    graph.output(&keys, "keys", &["1", "16", "10"]);
    graph.output(&hidden, "hidden", &["1", "14"]);
    graph.output(&cell, "cell", &["1", "14"]);
    graph
}

fn decoder(seed: u64, quantised: bool) -> Graph {
    let mut graph = Graph::new(seed ^ 0xdec0, quantised);
    graph.input_of_tokens("token");
    graph.input("features", &["1", "16", "12"]);
    graph.input("keys", &["1", "16", "10"]);
    graph.input("hidden", &["batch", "14"]);
    graph.input("cell", &["batch", "14"]);

    let embedded = graph.embedding("token", WORDS.len(), EMBEDDING);
    let query = graph.linear("hidden", (-1.0, 1.0), HIDDEN, KEYS);
    let axis = graph.integers(&[1]);
    let query = graph.node("Unsqueeze", &[&query, &axis], |node| node);
    let sum = graph.node("Add", &[&query, "keys"], |node| node);
    let sum = graph.node("Tanh", &[&sum], |node| node);
    let energy = graph.linear(&sum, (-1.0, 1.0), KEYS, 1);
    let last = graph.integers(&[2]);
    let energy = graph.node("Squeeze", &[&energy, &last], |node| node);
    let attention = graph.node("Softmax", &[&energy], |node| node.integer("axis", 1));
    let weights = graph.node("Unsqueeze", &[&attention, &last], |node| node);
    let weighted = graph.node("Mul", &[&weights, "features"], |node| node);
    let context = graph.node("ReduceSum", &[&weighted, &axis], |node| node.integer("keepdims", 0));

    let x = graph.node("Concat", &[&embedded, &context], |node| node.integer("axis", 1));
    let from_x = graph.linear(&x, (-4.0, 8.0), EMBEDDING + FEATURES, 4 * HIDDEN);
    let from_hidden = graph.linear("hidden", (-1.0, 1.0), HIDDEN, 4 * HIDDEN);
    let gates = graph.node("Add", &[&from_x, &from_hidden], |node| node);
    let [input, forget, new, output] = graph.split_in_four(&gates, 1);
    let [input, forget, output] = [input, forget, output].map(|x| graph.node("Sigmoid", &[&x], |node| node));
    let new = graph.node("Tanh", &[&new], |node| node);
    let kept = graph.node("Mul", &[&forget, "cell"], |node| node);
    let added = graph.node("Mul", &[&input, &new], |node| node);
    let cell = graph.node("Add", &[&kept, &added], |node| node);
    let squashed = graph.node("Tanh", &[&cell], |node| node);
    let hidden = graph.node("Mul", &[&output, &squashed], |node| node);
    let scores = graph.linear(&hidden, (-1.0, 1.0), HIDDEN, WORDS.len());
    let sharpness = graph.floats(&[], &[12.0]);
    let logits = graph.node("Mul", &[&scores, &sharpness], |node| node);
    graph.output(&logits, "logits", &["batch", "16"]);
    graph.output(&hidden, "next_hidden", &["batch", "14"]);
    graph.output(&cell, "next_cell", &["batch", "14"]);
    graph.output(&attention, "attention", &["batch", "16"]);
    graph
}
