//! The exported graphs against the modules that were trained: the same logits to 1e-4, word after word, in both engines; then
//! in 8 bits, and back again as weights. For every encoder and for every decoder.
#![cfg(feature = "torch")]

#[path = "support/bundles.rs"]
mod bundles;
#[path = "support/networks.rs"]
mod networks;

use std::path::Path;

use descry_models::{Bundle, Network, Pixels, State, TokenId, open_network};
use descry_trainer::{
    checkpoint, decoder::Context, encoder::EncoderChoice, experiment::DecoderChoice, export::export, import,
    model::Model, quantise::quantise,
};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use serde::Deserialize;
use tch::{Device, Kind, Tensor};

use bundles::{export_arguments, quantise_arguments};
use networks::{engines, weight_factor};

const VOCABULARY: i64 = 60;
const ROWS: usize = 2;
const SIZES: &str = "feature_size = 24\nembedding_size = 20\nhidden_size = 28";

/// What an experiment says of a model: encoder, side of its pictures, decoder.
struct Case {
    encoder: &'static str,
    side: u32,
    decoder: String,
}

/// The part of an experiment that makes a model.
#[derive(Deserialize)]
struct Choices {
    encoder: EncoderChoice,
    decoder: DecoderChoice,
}

impl Case {
    fn toml(&self) -> String {
        let Self { encoder, side, decoder } = self;
        format!(
            "name = \"tiny\"\nmaximum_words = 9\ndatasets = []\n\
             [preprocessing]\nwidth = {side}\nheight = {side}\nresize = \"squeeze\"\nmean = [127.5, 127.5, 127.5]\n\
             scale = [127.5, 127.5, 127.5]\n[encoder]\n{encoder}\n[decoder]\n{SIZES}\n{decoder}\n"
        )
    }
}

/// Every encoder, each with a decoder that looks at places and with one that gets a vector; and every decoder.
fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let mobile = "architecture = \"mobilenet_v2\"\nwidth = 0.15";
    for (encoder, side) in [
        ("architecture = \"mobilenet_v2\"\nwidth = 0.15\npadding = \"torchvision\"", 64),
        ("architecture = \"resnet50\"\nwidth = 0.06", 64),
        ("architecture = \"inception_v3\"\nwidth = 0.06", 107),
        ("architecture = \"vgg16\"\nwidth = 0.08", 32),
    ] {
        for decoder in ["kind = \"attend\"\nattention_size = 12", "kind = \"merge\""] {
            cases.push(Case { encoder, side, decoder: decoder.to_owned() });
        }
    }
    for kind in [
        "kind = \"attend\"\nattention_size = 12",
        "kind = \"inject\"",
        "kind = \"inject\"\nimage = \"initial_state\"",
        "kind = \"merge\"",
    ] {
        for cells in
            ["cell = \"lstm\"", "cell = \"gru\"", "cell = \"lstm\"\nlayers = 2", "cell = \"gru\"\nlayers = 3"]
        {
            cases.push(Case { encoder: mobile, side: 64, decoder: format!("{kind}\n{cells}") });
        }
    }
    cases
}

/// A model with random weights, biases too: they are zero in a new one, and would hide what is added where.
fn model(case: &Case) -> Model {
    let Choices { encoder, decoder } = toml::from_str(&case.toml()).expect("a tiny model that works");
    tch::manual_seed(11);
    let factor = weight_factor(encoder.architecture);
    let model = Model::new(Device::Cpu, VOCABULARY, &encoder, &decoder);
    for (name, mut variable) in model.weights.variables() {
        tch::no_grad(|| match (name.starts_with("encoder."), name.contains("bias")) {
            (_, true) => drop(variable.uniform_(-0.2, 0.2)),
            (true, false) => drop(variable.g_mul_scalar_(factor)),
            (false, false) => {}
        });
    }
    model
}

fn export_model(model: &Model, case: &Case, folder: &Path) -> Bundle {
    let run = folder.join("run");
    std::fs::create_dir(&run).expect("a tiny model that works");
    let tensors: Vec<(String, Tensor)> = model.weights.variables().into_iter().collect();
    Tensor::write_safetensors(&tensors, run.join("best.safetensors")).expect("a tiny model that works");
    let words = (4..VOCABULARY)
        .fold("<pad>\n<start>\n<end>\n<unk>\n".to_owned(), |words, word| words + &format!("word{word}\n"));
    std::fs::write(run.join("vocabulary.txt"), words).expect("a tiny model that works");
    std::fs::write(run.join("experiment.toml"), case.toml()).expect("a tiny model that works");
    let bundle = folder.join("bundle");
    export(&export_arguments(&run, &bundle)).expect("a tiny model that works");
    Bundle::open(&bundle).expect("a tiny model that works")
}

/// A data set of drawn pictures, to see which values occur.
fn write_dataset(folder: &Path, side: u32) {
    let mut random = StdRng::seed_from_u64(9);
    std::fs::create_dir_all(folder.join("images")).expect("a folder");
    let (mut captions, mut names) = (String::new(), String::new());
    for picture in 0..8 {
        let name = format!("{picture}.png");
        let drawn = image::RgbImage::from_fn(side, side, |_, _| image::Rgb(random.random()));
        drawn.save(folder.join("images").join(&name)).expect("a picture");
        captions.extend([&name, "#0\tSome noise .\n"]);
        names.extend([&name, "\n"]);
    }
    std::fs::write(folder.join("captions.token.txt"), captions).expect("captions");
    std::fs::write(folder.join("trainImages.txt"), names).expect("a list");
}

fn assert_close(what: &str, found: &[f32], expected: &Tensor) {
    let expected = Vec::<f32>::try_from(expected.contiguous().view([-1])).expect("a tiny model that works");
    assert_eq!(found.len(), expected.len(), "{what}");
    let greatest = expected.iter().fold(1.0f32, |greatest, value| greatest.max(value.abs()));
    for (place, (found, expected)) in found.iter().zip(&expected).enumerate() {
        let error = (found - expected).abs() / greatest;
        assert!(error < 1e-4, "{what}[{place}] is {found}, torch gives {expected}");
    }
}

fn pixels(side: u32, seed: u64) -> Pixels {
    let mut random = StdRng::seed_from_u64(seed);
    let values = (0..3 * side * side).map(|_| random.random_range(-1.0..1.0)).collect();
    Pixels { values, width: side, height: side }
}

#[test]
fn both_engines_give_the_trained_modules_logits() {
    for case in cases() {
        let what = format!("{} {}", case.encoder, case.decoder).replace('\n', " ");
        let folder = tempfile::tempdir().expect("a tiny model that works");
        let model = model(&case);
        let bundle = export_model(&model, &case, folder.path());
        let pixels = pixels(case.side, 1);
        let side = i64::from(case.side);
        let tensor = Tensor::from_slice(&pixels.values).view([1, 3, side, side]);
        let features = tch::no_grad(|| model.encoder.features(&tensor));
        let other = Tensor::from_slice(&self::pixels(case.side, 2).values).view([1, 3, side, side]);
        let change =
            tch::no_grad(|| (&features - model.encoder.features(&other)).abs().max().double_value(&[]));
        let spread = features.std(true).double_value(&[]);
        assert!(change > 0.1 * spread && spread > 0.01, "{what}: pictures look alike: {change} of {spread}");
        let context = tch::no_grad(|| model.decoder.context(&features, 0.0, false));
        let mut floats = Vec::new();
        for engine in engines() {
            let mut network = open_network(&bundle, &engine).expect(&what);
            floats = compare(network.as_mut(), &model, &pixels, &context, &what);
        }

        let back = checkpoint::tensors_of(&import::weights(&bundle).expect(&what)).expect(&what);
        let own = model.weights.variables();
        assert_eq!(
            back.keys().collect::<Vec<_>>(),
            own.keys().collect::<std::collections::BTreeSet<_>>().into_iter().collect::<Vec<_>>()
        );
        for (name, weight) in own {
            assert!(weight.equal(&back[&name]), "{what}: {name} came back otherwise");
        }

        let int8 = quantised(&bundle, case.side, folder.path());
        for engine in engines() {
            let mut network = open_network(&int8, &engine).expect(&what);
            let logits = logits(network.as_mut(), &pixels);
            let distance = distance(&floats, &logits);
            println!("{distance:.4} {} {what}", network.engine());
            assert!(distance < 0.12, "{what}, {}: {distance} of their spread away", network.engine());
        }
    }
}

fn quantised(bundle: &Bundle, side: u32, folder: &Path) -> Bundle {
    let [data, int8] = ["data", "int8"].map(|name| folder.join(name));
    write_dataset(&data, side);
    quantise(&quantise_arguments(bundle.directory(), &int8, &data)).expect("an int8 bundle");
    Bundle::open(&int8).expect("an int8 bundle")
}

/// Words that two sentences are made of.
fn tokens(word: i64) -> [i64; ROWS] {
    [(1 + word * 7) % VOCABULARY, (2 + word * 13) % VOCABULARY]
}

/// Holds the network to the modules; gives its logits of all words.
fn compare(
    network: &mut dyn Network,
    model: &Model,
    pixels: &Pixels,
    context: &Context,
    what: &str,
) -> Vec<f32> {
    let encoded = network.encode(pixels).expect("a tiny model that works");
    assert_eq!(encoded.tensors.len(), context.given.len() + context.state.len());
    for (place, (tensor, expected)) in
        encoded.tensors.iter().zip(context.given.iter().chain(&context.state)).enumerate()
    {
        assert_close(&format!("{what}: the encoder's output {place}"), &tensor.values, expected);
    }
    let mut state: State = network.start(&encoded, ROWS).expect("a tiny model that works");
    let mut context = context.rows(&Tensor::zeros([ROWS as i64], (Kind::Int64, Device::Cpu)));
    let mut logits = Vec::new();
    for word in 0..6i64 {
        let tokens = tokens(word);
        let own = tch::no_grad(|| model.decoder.step(&context, &Tensor::from_slice(&tokens)));
        let step = network
            .step(&encoded, &state, &tokens.map(|token| TokenId(token as u32)))
            .expect("a tiny model that works");
        let what = format!("{what}, {} word {word}", network.engine());
        assert_close(&format!("{what} logits"), &step.logits.values, &own.logits);
        assert_eq!(step.attention.is_some(), own.attention.is_some(), "{what}");
        if let (Some(found), Some(own)) = (&step.attention, &own.attention) {
            assert_close(&format!("{what} attention"), &found.values, own);
        }
        assert_eq!(step.state.tensors.len(), own.state.len(), "{what}");
        for (found, own) in step.state.tensors.iter().zip(&own.state) {
            assert_close(&format!("{what} state"), &found.values, own);
        }
        context.state = own.state;
        state = step.state;
        logits.extend(step.logits.values);
    }
    logits
}

fn logits(network: &mut dyn Network, pixels: &Pixels) -> Vec<f32> {
    let encoded = network.encode(pixels).expect("an int8 model that works");
    let mut state = network.start(&encoded, ROWS).expect("an int8 model that works");
    let mut logits = Vec::new();
    for word in 0..6i64 {
        let tokens = tokens(word).map(|token| TokenId(token as u32));
        let step = network.step(&encoded, &state, &tokens).expect("an int8 model that works");
        logits.extend(step.logits.values);
        state = step.state;
    }
    logits
}

/// How far logits are apart, as a share of how far words are apart.
fn distance(floats: &[f32], other: &[f32]) -> f32 {
    let mean = floats.iter().sum::<f32>() / floats.len() as f32;
    let error: f32 = floats.iter().zip(other).map(|(one, other)| (one - other).powi(2)).sum();
    let spread: f32 = floats.iter().map(|logit| (logit - mean).powi(2)).sum();
    (error / spread).sqrt()
}
