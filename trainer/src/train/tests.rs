//! What the training step does ends in the greedy search saying it.

use super::*;
use crate::encoder::EncoderChoice;
use crate::experiment::Regularisation;
use crate::model::alone;
use crate::train::average::Average;
use crate::train::loss::Sums;
use crate::train::optimiser::AdamW;
use tch::{Device, Kind, Tensor};

/// Two pictures, a caption each: what the training step does ends in the greedy search saying them, by every decoder.
#[test]
fn two_captions_are_learnt_by_heart() {
    let _alone = alone();
    for decoder in [
        "kind = 'attend'\nattention_size = 12",
        "kind = 'inject'",
        "kind = 'merge'\ncell = 'gru'",
        "kind = 'inject'\nimage = 'initial_state'\nlayers = 2",
    ] {
        learnt_by_heart(decoder);
    }
}

fn learnt_by_heart(decoder: &str) {
    tch::manual_seed(4);
    let sizes = "feature_size = 24\nembedding_size = 16\nhidden_size = 24\n";
    let choice = toml::from_str(&format!("{sizes}{decoder}")).expect("a decoder");
    let encoder = EncoderChoice { width: Some(0.1), ..EncoderChoice::default() };
    let model = Model::new(Device::Cpu, 10, &encoder, &choice);
    let dark = Tensor::zeros([1, 49, model.encoder.channels()], (Kind::Float, Device::Cpu));
    let features = Tensor::cat(&[&dark, &dark.ones_like()], 0);
    let captions = [vec![4i64, 5, 6, 7], vec![8, 5, 9]];
    let examples = captions.clone().map(|caption| batch::Example {
        file: PathBuf::new(),
        captions: vec![caption],
        captions_per_step: 1,
        symmetric: true,
    });
    let regularisation = Regularisation {
        label_smoothing: 0.0,
        feature_dropout: 0.0,
        embedding_dropout: 0.0,
        output_dropout: 0.0,
        attention: 0.0,
        weight_decay: 0.0,
        gradient_norm: 5.0,
    };
    let mut optimiser = AdamW::new(&model.weights, 0.0, 5.0);
    let mut average = Average::new(&model.weights, 0.5);
    for _ in 0..200 {
        let rows =
            batch::rows(&[(&examples[0], 0), (&examples[1], 0)], 1, 2, 0, Device::Cpu).expect("two captions");
        let context = model.decoder.context(&features, 0.0, true).rows(&rows.pictures);
        let forced = model.decoder.forced(&context, &rows.inputs, &rows.targets, &rows.lengths, (0.0, 0.0));
        let (loss, means) = Sums::written(&forced, &regularisation).over(&Peers::Alone);
        let loss = loss.expect("words");
        let nats = means.expect("words").nats;
        assert!((loss.double_value(&[]) - nats).abs() < 1e-5, "nothing is smoothed or regularised");
        let gradients = optimiser.gradients(&loss);
        optimiser.step(gradients, 1e-2, 0.0);
        average.update(&model.weights);
    }
    let said = average.within(&model.weights, || model.caption(&features, 1, 2, &[0, 1, 3], 8));
    assert_eq!(said, captions, "{decoder}");
}
