//! Runs the float model over pictures, as captioning would, and counts the values of the tensors to be quantised.

use std::collections::BTreeMap;

use descry_models::{SpecialTokens, TokenId, manifest::Manifest, preprocess::Pixels};

use super::{
    correct::{Means, layers},
    plan::Plan,
    probe::{Given, Probe, ProbeError},
    range::{Histogram, Rule, Steps},
};
use crate::onnx::messages::GraphProto;

/// A float model that is being watched.
pub struct Calibration<'a> {
    manifest: &'a Manifest,
    encoder: Watched,
    decoder: Watched,
}

/// A graph, and what was seen of its tensors.
struct Watched {
    probe: Probe,
    seen: BTreeMap<String, Histogram>,
    /// Of the inputs of layers with a bias.
    means: BTreeMap<String, Means>,
}

impl<'a> Calibration<'a> {
    /// Prepares the encoder and the decoder, each with what is planned for it.
    pub fn new(
        manifest: &'a Manifest,
        encoder: (&GraphProto, &Plan),
        decoder: (&GraphProto, &Plan),
    ) -> Result<Self, ProbeError> {
        Ok(Self { manifest, encoder: Watched::new(encoder)?, decoder: Watched::new(decoder)? })
    }

    /// Encodes a picture and says its caption greedily, watching both. Gives the caption's tokens.
    pub fn watch(&mut self, pixels: &Pixels, special: SpecialTokens) -> Result<Vec<TokenId>, ProbeError> {
        let input = &self.manifest.encoder.input;
        let given =
            BTreeMap::from([(input.name.clone(), Given::Floats(input.shape.clone(), pixels.values.clone()))]);
        let encoded = self.encoder.run(&given)?;
        let section = &self.manifest.decoder;
        let names = section.context.iter().chain(section.state.iter().map(|state| &state.input));
        let mut given: BTreeMap<String, Given> =
            names.filter_map(|name| Some((name.clone(), encoded.get(name)?.clone()))).collect();
        let mut caption = Vec::new();
        let mut last = special.start;
        while caption.len() < self.manifest.decoding.maximum_words {
            given.insert(section.token.clone(), Given::Tokens(vec![i64::from(last.0)]));
            let mut step = self.decoder.run(&given)?;
            for state in &section.state {
                if let Some(next) = step.remove(&state.output) {
                    given.insert(state.input.clone(), next);
                }
            }
            let Some(Given::Floats(_, logits)) = step.get(&section.logits) else { break };
            last = likeliest(logits, [special.pad, special.start, special.unknown]);
            if last == special.end {
                break;
            }
            caption.push(last);
        }
        Ok(caption)
    }

    /// The steps of every watched tensor of the encoder and of the decoder.
    #[must_use]
    pub fn steps(&self, rule: Rule) -> [BTreeMap<String, Steps>; 2] {
        [&self.encoder, &self.decoder].map(|watched| {
            watched.seen.iter().map(|(name, histogram)| (name.clone(), histogram.steps(rule))).collect()
        })
    }

    /// The channels' means of what the layers with a bias read, of the encoder and of the decoder.
    #[must_use]
    pub fn means(&self) -> [BTreeMap<String, Vec<f64>>; 2] {
        [&self.encoder, &self.decoder].map(|watched| {
            watched.means.iter().map(|(name, means)| (name.clone(), means.of_channels())).collect()
        })
    }
}

impl Watched {
    fn new((graph, plan): (&GraphProto, &Plan)) -> Result<Self, ProbeError> {
        let means: BTreeMap<String, Means> =
            layers(graph, plan).into_iter().map(|layer| (layer.input, Means::default())).collect();
        let probe = Probe::new(graph, plan.activations.keys().chain(means.keys()))?;
        let seen = plan.activations.keys().map(|name| (name.clone(), Histogram::default())).collect();
        Ok(Self { probe, seen, means })
    }

    fn run(&mut self, given: &BTreeMap<String, Given>) -> Result<BTreeMap<String, Given>, ProbeError> {
        let results = self.probe.run(given)?;
        for (name, histogram) in &mut self.seen {
            if let Some(Given::Floats(_, values)) = results.get(name).or_else(|| given.get(name)) {
                histogram.observe(values);
            }
        }
        for (name, means) in &mut self.means {
            if let Some(Given::Floats(shape, values)) = results.get(name).or_else(|| given.get(name)) {
                means.observe(shape, values);
            }
        }
        Ok(results)
    }
}

fn likeliest(logits: &[f32], forbidden: [TokenId; 3]) -> TokenId {
    (0u32..)
        .map(TokenId)
        .zip(logits)
        .filter(|(token, _)| !forbidden.contains(token))
        .max_by(|(_, one), (_, other)| one.total_cmp(other))
        .map_or(TokenId(0), |(token, _)| token)
}
