//! How odd a drawn caption sounds to the model as it was before the self-critical stage, which learned from sentences that
//! people wrote.
//!
//! Scores by shared runs of words are raised by naming many things, in whatever order: "a tennis player in a ball on the
//! court". The model before the stage says of the second "a" that no ball follows it. What it finds unlikely, but not too
//! unlikely, is left alone, or it would be the only judge: the bound is one in twenty.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use tch::{Device, Kind, Tensor, nn, no_grad};

use crate::decoder::{Context, Decoder};
use crate::experiment::Experiment;

/// The surprise of a word from which on it is odd, in nats: that of one in twenty.
const ODD: f64 = 3.0;
/// What one word counts at most beyond that: past one in four hundred, odd is odd.
const MOST: f64 = 3.0;

/// The decoder before the stage. It does not learn.
pub(super) struct Reader(Decoder);

impl Reader {
    /// `before`: the model's weights before the stage, by their names.
    pub(super) fn new(
        experiment: &Experiment,
        vocabulary_size: i64,
        before: &BTreeMap<String, Tensor>,
        device: Device,
    ) -> Result<Self> {
        let mut weights = nn::VarStore::new(device);
        let channels = experiment.encoder.description(experiment.features()).channels as i64;
        let path = &weights.root() / "decoder";
        let decoder = Decoder::new(&path, channels, vocabulary_size, &experiment.decoder);
        for (name, mut variable) in weights.variables() {
            let tensor = before.get(&name).with_context(|| format!("there is no weight {name:?}"))?;
            no_grad(|| variable.f_copy_(tensor))
                .with_context(|| format!("the weight {name:?} does not fit"))?;
        }
        weights.freeze();
        Ok(Self(decoder))
    }

    /// Of each caption, in the order of the rows, by how many nats in all its odd words are beyond the bound, each by at most
    /// [`MOST`].
    ///
    /// `features`: `[pictures, places, channels]`; `pictures`: of each row; `inputs`, `targets`, `lengths` as
    /// [`Decoder::forced`] takes them; `masked` takes logits of words that are never said.
    pub(super) fn oddness(
        &self,
        features: &Tensor,
        pictures: &Tensor,
        [inputs, targets]: [&Tensor; 2],
        lengths: &[i64],
        masked: impl Fn(&Tensor) -> Tensor,
    ) -> Vec<f64> {
        no_grad(|| {
            let context: Context = self.0.context(features, 0.0, false).rows(pictures);
            let forced = self.0.forced(&context, inputs, targets, lengths, (0.0, 0.0));
            let surprise = -masked(&forced.logits)
                .log_softmax(-1, Kind::Float)
                .gather(1, &forced.wanted.unsqueeze(1), false)
                .squeeze_dim(1);
            let beyond = (surprise - ODD).clamp(0.0, MOST);
            let rows = Tensor::zeros([lengths.len() as i64], (Kind::Float, features.device()));
            let sums = rows.index_add(0, &forced.rows, &beyond).to_device(Device::Cpu).to_kind(Kind::Double);
            Vec::try_from(&sums).unwrap_or_default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Model, alone};

    #[test]
    fn words_are_as_odd_as_they_surprise() {
        let _alone = alone();
        tch::manual_seed(11);
        let shipped = include_str!("../../../experiments/descry-attend-2.toml");
        let experiment: Experiment = toml::from_str(shipped).unwrap();
        let model = Model::new(Device::Cpu, 12, &experiment.encoder, &experiment.decoder);
        let mut weights: BTreeMap<String, Tensor> = model.weights.variables().into_iter().collect();
        // So that it is sure of something, and something surprises it.
        let bias: Vec<f32> = (0..12).map(|word| if word == 5 { 4.0 } else { word as f32 / 6.0 }).collect();
        no_grad(|| weights["decoder.output.bias"].shallow_clone().copy_(&Tensor::from_slice(&bias)));
        let reader = Reader::new(&experiment, 12, &weights, Device::Cpu).unwrap();

        let features = Tensor::rand([2, 49, 1280], (Kind::Float, Device::Cpu));
        let rows = |tokens: &[i64]| Tensor::from_slice(tokens).view([2, 3]);
        let (inputs, targets) = (rows(&[1, 5, 4, 1, 5, 0]), rows(&[5, 4, 2, 5, 3, 0]));
        let (pictures, lengths) = (Tensor::from_slice(&[1i64, 0]), [3, 2]);
        let odd = reader.oddness(&features, &pictures, [&inputs, &targets], &lengths, Tensor::shallow_clone);
        for (row, odd) in odd.iter().enumerate() {
            let picture = features.narrow(0, pictures.int64_value(&[row as i64]), 1);
            let mut context = model.decoder.context(&picture, 0.0, false);
            let mut due = 0.0;
            for word in 0..lengths[row] {
                let place = [row as i64, word];
                let step = model.decoder.step(&context, &Tensor::from_slice(&[inputs.int64_value(&place)]));
                let likely = step.logits.log_softmax(-1, Kind::Float);
                due += (-likely.double_value(&[0, targets.int64_value(&place)]) - ODD).clamp(0.0, MOST);
                context.state = step.state;
            }
            assert!(due > 0.0 && (odd - due).abs() < 1e-4, "{row}: {odd}, not {due}");
        }
        weights.remove("decoder.output.bias");
        assert!(Reader::new(&experiment, 12, &weights, Device::Cpu).is_err());
    }
}
