//! Encoder and decoder together, with the weights that both live in.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use tch::{Device, Kind, Tensor, nn};

use crate::decoder::Decoder;
use crate::encoder::network::Encoder;
use crate::encoder::{EncoderChoice, pretrained};
use crate::experiment::DecoderChoice;

/// A captioner that can learn.
#[derive(Debug)]
pub struct Model {
    /// All weights, by the names that a run's files hold.
    pub weights: nn::VarStore,
    /// Pixels to features.
    pub encoder: Encoder,
    /// Features and words to the next word.
    pub decoder: Decoder,
}

impl Model {
    /// A model with random weights: seed `tch` before.
    #[must_use]
    pub fn new(
        device: Device,
        vocabulary_size: i64,
        encoder: &EncoderChoice,
        decoder: &DecoderChoice,
    ) -> Self {
        let weights = nn::VarStore::new(device);
        let root = weights.root();
        let encoder = Encoder::new(&(&root / "encoder"), encoder, decoder.kind.features());
        let decoder = Decoder::new(&(&root / "decoder"), encoder.channels(), vocabulary_size, decoder);
        Self { weights, encoder, decoder }
    }

    /// Puts pretrained weights into the encoder: torchvision's own files, or one by a run's names without `encoder.`; see
    /// [`pretrained`].
    pub fn load_encoder(&mut self, path: &Path, encoder: &EncoderChoice) -> Result<()> {
        let tensors = pretrained::read(path, self.encoder.description(), encoder.architecture.name())?;
        for (name, mut variable) in self.weights.variables() {
            if let Some(tensor) = name.strip_prefix("encoder.").and_then(|name| tensors.get(name)) {
                tch::no_grad(|| variable.copy_(tensor));
            }
        }
        Ok(())
    }

    /// Puts weights into the whole model: one tensor for each of its weights, under its name.
    pub fn load_all(&mut self, tensors: &BTreeMap<String, Tensor>) -> Result<()> {
        self.load(tensors, "")
    }

    /// Puts those of the decoder alone, whose features another encoder made, into it.
    pub fn load_decoder(&mut self, tensors: &BTreeMap<String, Tensor>) -> Result<()> {
        self.load(tensors, "decoder.")
    }

    fn load(&mut self, tensors: &BTreeMap<String, Tensor>, prefix: &str) -> Result<()> {
        let own = self.weights.variables().into_iter().filter(|(name, _)| name.starts_with(prefix));
        for (name, mut variable) in own {
            let tensor = tensors.get(&name).with_context(|| format!("there is no weight {name:?}"))?;
            ensure!(
                variable.size() == tensor.size(),
                "the weight {name:?} has the shape {:?}, the experiment's model wants {:?}",
                tensor.size(),
                variable.size()
            );
            tch::no_grad(|| variable.copy_(tensor));
        }
        Ok(())
    }

    /// Greedy captions of pictures by their features `[pictures, places, channels]`: token ids without start and end.
    #[must_use]
    pub fn caption(
        &self,
        features: &Tensor,
        start: i64,
        end: i64,
        forbidden: &[i64],
        maximum_words: usize,
    ) -> Vec<Vec<i64>> {
        tch::no_grad(|| {
            let mut context = self.decoder.context(features, 0.0, false);
            let pictures = features.size()[0];
            let mut tokens = Tensor::full([pictures], start, (Kind::Int64, features.device()));
            let mut captions = vec![Vec::new(); pictures as usize];
            let mut ended = vec![false; pictures as usize];
            for _ in 0..maximum_words {
                let step = self.decoder.step(&context, &tokens);
                for token in forbidden {
                    let _ = step.logits.select(1, *token).fill_(f64::NEG_INFINITY);
                }
                tokens = step.logits.argmax(1, false);
                context.state = step.state;
                // All at once: each look at a GPU's memory waits for all that it has to do.
                let said = Vec::<i64>::try_from(&tokens.to_device(Device::Cpu)).unwrap_or_default();
                for ((caption, ended), token) in captions.iter_mut().zip(&mut ended).zip(said) {
                    *ended |= token == end;
                    if !*ended {
                        caption.push(token);
                    }
                }
                if ended.iter().all(|ended| *ended) {
                    break;
                }
            }
            captions
        })
    }
}

/// Libtorch draws from one generator for the whole process: tests that draw from a seed take turns.
#[cfg(test)]
pub(crate) fn alone() -> std::sync::MutexGuard<'static, ()> {
    static ALONE: std::sync::Mutex<()> = std::sync::Mutex::new(());
    ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
