//! The quantiser on a tiny exported model: what it touches, how near it stays, and that both engines run it.

use std::path::Path;

use descry_models::{
    Bundle, Decoding, Manifest, Network, TokenId, decode, manifest::Quantisation, open_network,
};
use image::{Rgb, RgbImage};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use tempfile::TempDir;

use super::{QuantiseArguments, Rule, correct, plan, plan::Readers, quantise};
use crate::{
    export::{
        export,
        fixture::{SIDE, tensors, write_run},
        tests::{arguments, engines, random_pixels},
    },
    onnx::{self, messages::GraphProto},
};

fn float_bundle(folder: &Path) -> Manifest {
    write_run(&folder.join("run"), &tensors(5));
    export(&arguments(folder)).unwrap()
}

/// A data set of drawn pictures.
pub(crate) fn dataset(folder: &Path) {
    let mut random = StdRng::seed_from_u64(9);
    std::fs::create_dir_all(folder.join("images")).unwrap();
    let (mut captions, mut names) = (String::new(), String::new());
    for picture in 0..12 {
        let name = format!("{picture}.png");
        RgbImage::from_fn(SIDE as u32, SIDE as u32, |_, _| Rgb(random.random()))
            .save(folder.join("images").join(&name))
            .unwrap();
        captions.extend([&name, "#0\tSome noise .\n"]);
        names.extend([&name, "\n"]);
    }
    std::fs::write(folder.join("captions.token.txt"), captions).unwrap();
    std::fs::write(folder.join("trainImages.txt"), names).unwrap();
}

pub(crate) fn quantise_arguments(folder: &Path) -> QuantiseArguments {
    QuantiseArguments {
        bundle: folder.join("float"),
        output: folder.join("int8"),
        dataset: vec![folder.join("data")],
        split: "train".to_owned(),
        pictures: 8,
        range: Rule::Everything,
        keep_float: Vec::new(),
        weights_only: Vec::new(),
    }
}

fn graphs(bundle: &Bundle) -> [GraphProto; 2] {
    [bundle.encoder_onnx(), bundle.decoder_onnx()].map(|bytes| onnx::decode(bytes).unwrap())
}

#[test]
fn the_plan_takes_large_layers_and_leaves_small_ones() {
    let folder = TempDir::new().unwrap();
    float_bundle(folder.path());
    let [encoder, decoder] = graphs(&Bundle::open(&folder.path().join("float")).unwrap());
    let plan_of_encoder = plan(&encoder, &[], &[]);
    let (convolutions, matrices): (Vec<usize>, Vec<usize>) =
        plan_of_encoder.weights.values().copied().partition(|&axis| axis == 0);
    // Stem, 17 blocks of three but for the first, head and projection; keys, hidden and cell.
    assert_eq!((convolutions.len(), matrices.len()), (1 + 16 * 3 + 2 + 1 + 1, 3));
    assert_eq!(
        plan_of_encoder
            .nodes
            .iter()
            .filter(|name| name.starts_with("encoder.") && name.contains("sum"))
            .count(),
        10
    );
    assert_eq!(plan_of_encoder.activations["features"], Readers::All);
    assert_eq!(plan_of_encoder.activations["pixels"], Readers::Integer);

    let plan_of_decoder = plan(&decoder, &[], &[]);
    assert_eq!(plan_of_decoder.weights.len(), 8);
    assert!(plan_of_decoder.weights.values().all(|&axis| axis == 1));
    assert!(!plan_of_decoder.weights.contains_key("decoder.attention.matrix"));
    let activations: Vec<&str> = plan_of_decoder.activations.keys().map(String::as_str).collect();
    assert_eq!(activations, ["context", "deep", "hidden", "next_hidden", "word"]);
}

#[test]
fn an_int8_bundle_is_small_near_and_runs_in_both_engines() {
    let folder = TempDir::new().unwrap();
    let float = float_bundle(folder.path());
    dataset(&folder.path().join("data"));
    let manifest = quantise(&quantise_arguments(folder.path())).unwrap();
    let expected = Quantisation {
        scheme: "qdq-static".to_owned(),
        weights: "int8-per-channel".to_owned(),
        activations: "uint8-per-tensor".to_owned(),
        calibration_pictures: 8,
    };
    assert_eq!(manifest.quantisation, Some(expected));
    assert_eq!(manifest.files["vocabulary.txt"], float.files["vocabulary.txt"]);

    let [float, int8] = ["float", "int8"].map(|name| Bundle::open(&folder.path().join(name)).unwrap());
    for engine in engines() {
        let networks = [&float, &int8].map(|bundle| open_network(bundle, &engine).unwrap());
        let decoding = Decoding::of(int8.manifest());
        let name = networks[1].engine();
        let distance = distance(networks, &decoding);
        assert!(distance < 0.12, "{name}: the logits are {distance} of their spread away");
    }
}

/// How far the logits of three words are apart, as a share of how far words are apart.
fn distance(mut networks: [Box<dyn Network>; 2], decoding: &Decoding) -> f32 {
    let [mut error, mut spread] = [0.0f32; 2];
    for seed in 0..4 {
        let pixels = random_pixels(seed);
        let [float, int8] = networks.each_mut().map(|network| {
            let encoded = network.encode(&pixels).unwrap();
            let said = decode::beam_search(network.as_mut(), &encoded, decoding, &|| false).unwrap();
            assert!(!said.is_empty());
            let mut state = network.start(&encoded, 2).unwrap();
            let mut logits = Vec::new();
            for tokens in [[1, 1], [5, 9], [16, 2]] {
                let step = network.step(&encoded, &state, &tokens.map(TokenId)).unwrap();
                logits.extend(step.logits.values);
                state = step.state;
            }
            logits
        });
        let mean = float.iter().sum::<f32>() / float.len() as f32;
        error += float.iter().zip(&int8).map(|(one, other)| (one - other).powi(2)).sum::<f32>();
        spread += float.iter().map(|logit| (logit - mean).powi(2)).sum::<f32>();
    }
    (error / spread).sqrt()
}

#[test]
fn every_layer_with_rounded_weights_has_its_bias_corrected() {
    let folder = TempDir::new().unwrap();
    float_bundle(folder.path());
    let [encoder, decoder] = graphs(&Bundle::open(&folder.path().join("float")).unwrap());
    for graph in [encoder, decoder] {
        let plan = plan(&graph, &[], &[]);
        let layers = correct::layers(&graph, &plan);
        assert_eq!(layers.len(), plan.weights.len());
        for layer in layers {
            // `a.b.matrix` and `a.b.part.matrix` belong to `a.b.bias`; the table's products to `decoder.output.bias`.
            let of = layer.bias.trim_end_matches(".bias");
            assert!(layer.weight.starts_with(of) || of == "decoder.output", "{layer:?}");
        }
    }
}

#[test]
fn weights_are_stored_once_and_in_bytes() {
    let folder = TempDir::new().unwrap();
    float_bundle(folder.path());
    dataset(&folder.path().join("data"));
    quantise(&quantise_arguments(folder.path())).unwrap();
    let [encoder, decoder] = graphs(&Bundle::open(&folder.path().join("int8")).unwrap());
    for graph in [encoder, decoder] {
        for tensor in &graph.initializer {
            let bytes = tensor.name.ends_with(".quantised");
            assert_eq!(
                bytes,
                tensor.data_type == onnx::Element::I8 as i32 && !tensor.name.ends_with("zero_point")
            );
            assert!(
                bytes || tensor.dims.len() < 2 || tensor.name == "decoder.attention.matrix",
                "{}",
                tensor.name
            );
        }
        let mut nodes: Vec<&str> = graph.node.iter().map(|node| node.name.as_str()).collect();
        nodes.sort_unstable();
        nodes.dedup();
        assert_eq!(nodes.len(), graph.node.len(), "two nodes have one name");
        let mut names: Vec<&str> =
            graph.node.iter().flat_map(|node| &node.output).map(String::as_str).collect();
        names.extend(graph.initializer.iter().map(|tensor| tensor.name.as_str()));
        names.extend(graph.input.iter().map(|input| input.name.as_str()));
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count, "a name is given twice");
        for input in graph.node.iter().flat_map(|node| &node.input) {
            assert!(names.binary_search(&input.as_str()).is_ok(), "nothing makes {input}");
        }
        for output in &graph.output {
            assert!(names.binary_search(&output.name.as_str()).is_ok(), "nothing makes {}", output.name);
        }
    }
}

#[test]
fn what_cannot_be_quantised_is_named() {
    let folder = TempDir::new().unwrap();
    float_bundle(folder.path());
    dataset(&folder.path().join("data"));
    let arguments = quantise_arguments(folder.path());
    quantise(&arguments).unwrap();
    let again = QuantiseArguments { bundle: folder.path().join("int8"), ..arguments.clone() };
    let cases = [
        (again, "is quantised already"),
        (
            QuantiseArguments { bundle: folder.path().join("nowhere"), ..arguments.clone() },
            "there is no model at",
        ),
        (QuantiseArguments { pictures: 0, ..arguments.clone() }, "no picture to calibrate with"),
        (QuantiseArguments { split: "dev".to_owned(), ..arguments.clone() }, "has no split `dev`"),
    ];
    for (arguments, message) in cases {
        let error = quantise(&arguments).unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
    }
    std::fs::write(folder.path().join("data/images/0.png"), b"no picture").unwrap();
    let error = quantise(&arguments).unwrap_err().to_string();
    assert!(error.contains("cannot calibrate with") && error.contains("0.png"), "{error}");
}

#[test]
fn foreign_graphs_are_refused() {
    use prost::Message as _;
    let foreign = onnx::messages::ModelProto { producer_name: "pytorch".to_owned(), ..Default::default() };
    for (bytes, message) in [
        (foreign.encode_to_vec(), "was not written by descry-trainer but by \"pytorch\""),
        (b"no protobuf".to_vec(), "not an ONNX file"),
        (Vec::new(), "was not written by"),
    ] {
        let error = onnx::decode(&bytes).unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
    }
}
