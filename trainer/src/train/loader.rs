//! Reads, varies and normalises the pictures of the next batches on a thread of its own, while the last one is learnt.

use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use anyhow::{Context as _, Result};
use descry_models::manifest::Preprocessing;
use descry_models::preprocess;
use rand::SeedableRng;
use rand::rngs::SmallRng;
use tch::{Device, Tensor};

use super::augment;
use super::batch::{self, Example};
use crate::experiment::Augmentation;
use crate::picture;

/// Batches read ahead: enough to hide the reading, and little memory.
const AHEAD: usize = 3;

/// What a loader has to read, in order: the places of a batch's examples.
pub type Batches = Vec<Vec<usize>>;

/// Pictures of `batches`, in order, each varied as `augmentation` says (None: as it is). Batch i draws from a seed of its own.
///
/// The receiver yields `[pictures, 3, height, width]` tensors on the CPU, and ends after the last or the first error.
#[must_use]
pub fn pixels(
    examples: &[Example],
    batches: Batches,
    first: usize,
    preprocessing: &Preprocessing,
    augmentation: Option<Augmentation>,
    seed: u64,
) -> Receiver<Result<Tensor>> {
    let (sender, receiver) = sync_channel(AHEAD);
    let wanted: Vec<Vec<Example>> = batches
        .into_iter()
        .skip(first)
        .map(|batch| batch.into_iter().filter_map(|index| examples.get(index).cloned()).collect())
        .collect();
    let preprocessing = preprocessing.clone();
    thread::spawn(move || {
        for (number, examples) in wanted.into_iter().enumerate() {
            let seed = batch::seed_of(seed, [1, (first + number) as u64, 0]);
            let tensor = batch_pixels(&examples, &preprocessing, augmentation, seed);
            let failed = tensor.is_err();
            if sender.send(tensor).is_err() || failed {
                return;
            }
        }
    });
    receiver
}

fn batch_pixels(
    examples: &[Example],
    preprocessing: &Preprocessing,
    augmentation: Option<Augmentation>,
    seed: u64,
) -> Result<Tensor> {
    let mut random = SmallRng::seed_from_u64(seed);
    let mut values = Vec::new();
    let (mut height, mut width) = (0, 0);
    for example in examples {
        let mut picture = picture::open(&example.file)
            .with_context(|| format!("cannot read the picture {}", example.file.display()))?;
        if let Some(augmentation) = &augmentation {
            picture = augment::vary(&picture, augmentation, example.symmetric, &mut random);
        }
        let pixels = preprocess::pixels(&picture, preprocessing)
            .with_context(|| format!("cannot prepare {}", example.file.display()))?;
        (height, width) = (i64::from(pixels.height), i64::from(pixels.width));
        values.extend_from_slice(&pixels.values);
    }
    Ok(Tensor::from_slice(&values).view([examples.len() as i64, 3, height, width]).to_device(Device::Cpu))
}
