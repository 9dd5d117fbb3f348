//! The exported graphs against the modules that were trained: the same logits to 1e-4, word after word, in both engines.
#![cfg(feature = "torch")]

use std::path::{Path, PathBuf};

use descry_models::{Bundle, EngineChoice, Network, Pixels, State, TokenId, open_network};
use descry_trainer::{
    decoder::attend::Context,
    experiment::DecoderSizes,
    export::{ExportArguments, export},
    model::Model,
};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use tch::{Device, Kind, Tensor};

const VOCABULARY: i64 = 60;
const SIDE: i64 = 224;
const ROWS: usize = 2;
const SIZES: DecoderSizes =
    DecoderSizes { feature_size: 48, embedding_size: 20, hidden_size: 40, attention_size: 24 };

/// A model with random weights, biases too: they are zero in a new one, and would hide what is added where.
fn model(seed: i64) -> Model {
    tch::manual_seed(seed);
    let model = Model::new(Device::Cpu, VOCABULARY, SIZES);
    for (name, mut variable) in model.weights.variables() {
        if name.ends_with("bias") {
            tch::no_grad(|| {
                let _ = variable.uniform_(-0.2, 0.2);
            });
        }
    }
    model
}

fn export_model(model: &Model, folder: &Path) -> Bundle {
    let run = folder.join("run");
    std::fs::create_dir(&run).expect("a tiny model that works");
    let tensors: Vec<(String, Tensor)> = model.weights.variables().into_iter().collect();
    Tensor::write_safetensors(&tensors, run.join("best.safetensors")).expect("a tiny model that works");
    let words = (4..VOCABULARY)
        .fold("<pad>\n<start>\n<end>\n<unk>\n".to_owned(), |words, word| words + &format!("word{word}\n"));
    std::fs::write(run.join("vocabulary.txt"), words).expect("a tiny model that works");
    std::fs::write(run.join("experiment.toml"), "name = \"tiny\"\nmaximum_words = 9\ndatasets = []\n")
        .expect("a tiny model that works");
    let bundle = folder.join("bundle");
    export(&ExportArguments {
        run,
        bundle: bundle.clone(),
        name: None,
        description: "A test.".to_owned(),
        licence: "MIT".to_owned(),
        weights: "random".to_owned(),
        beam_width: 1,
        length_penalty: 0.0,
        repetition_guard: false,
    })
    .expect("a tiny model that works");
    Bundle::open(&bundle).expect("a tiny model that works")
}

fn engines() -> [EngineChoice; 2] {
    let library = std::env::var_os("DESCRY_ONNXRUNTIME").map(PathBuf::from);
    assert!(library.is_some(), "DESCRY_ONNXRUNTIME must name libonnxruntime.so: this test runs both engines");
    [EngineChoice::Tract, EngineChoice::OnnxRuntime { library }]
}

fn assert_close(what: &str, found: &[f32], expected: &Tensor) {
    let expected = Vec::<f32>::try_from(expected.flatten(0, -1)).expect("a tiny model that works");
    assert_eq!(found.len(), expected.len(), "{what}");
    for (place, (found, expected)) in found.iter().zip(&expected).enumerate() {
        assert!((found - expected).abs() < 1e-4, "{what}[{place}] is {found}, torch gives {expected}");
    }
}

#[test]
fn both_engines_give_the_trained_modules_logits() {
    let folder = tempfile::tempdir().expect("a tiny model that works");
    let model = model(11);
    let bundle = export_model(&model, folder.path());
    let mut random = StdRng::seed_from_u64(1);
    let values: Vec<f32> = (0..3 * SIDE * SIDE).map(|_| random.random_range(-1.0..1.0)).collect();
    let pixels = Tensor::from_slice(&values).view([1, 3, SIDE, SIDE]);
    let context = tch::no_grad(|| model.decoder.context(&model.encoder.features(&pixels), 0.0, false));
    let pixels = Pixels { values, width: SIDE as u32, height: SIDE as u32 };
    for engine in engines() {
        let mut network = open_network(&bundle, &engine).expect("a tiny model that works");
        compare(network.as_mut(), &model, &pixels, &context);
    }
}

fn compare(network: &mut dyn Network, model: &Model, pixels: &Pixels, context: &Context) {
    let encoded = network.encode(pixels).expect("a tiny model that works");
    let expected = [&context.features, &context.keys, &context.hidden, &context.cell];
    for (tensor, expected) in encoded.tensors.iter().zip(expected) {
        assert_close("the encoder's output", &tensor.values, expected);
    }
    let mut state: State = network.start(&encoded, ROWS).expect("a tiny model that works");
    let mut context = context.rows(&Tensor::zeros([ROWS as i64], (Kind::Int64, Device::Cpu)));
    for word in 0..6i64 {
        let tokens = [(1 + word * 7) % VOCABULARY, (2 + word * 13) % VOCABULARY];
        let (logits, hidden, cell, attention) =
            tch::no_grad(|| model.decoder.step(&context, &Tensor::from_slice(&tokens)));
        let step = network
            .step(&encoded, &state, &tokens.map(|token| TokenId(token as u32)))
            .expect("a tiny model that works");
        let what = format!("{} word {word}", network.engine());
        assert_close(&format!("{what} logits"), &step.logits.values, &logits);
        assert_close(
            &format!("{what} attention"),
            &step.attention.expect("a tiny model that works").values,
            &attention,
        );
        assert_close(&format!("{what} hidden"), &step.state.tensors[0].values, &hidden);
        (context.hidden, context.cell) = (hidden, cell);
        state = step.state;
    }
}
