//! Reads, varies and normalises the pictures of the next batches on threads of its own, while the last one is learnt.
//!
//! A picture that cannot be read is left out of its batch, counted and named: a disk that loses a file ends no run.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use anyhow::{Context as _, Result};
use descry_models::manifest::Preprocessing;
use descry_models::preprocess::{self, Pixels};
use rand::SeedableRng;
use rand::rngs::SmallRng;
use tch::Tensor;

use super::batch::{Example, seed_of};
use crate::augment;
use crate::dataset::Tally;
use crate::experiment::Augmentation;
use crate::picture;

/// Batches read ahead of those that the readers are at: enough to hide the reading, and little memory.
const AHEAD: usize = 3;
/// Threads that read, at the most: a GPU learns faster than one of them reads.
const MAXIMUM_READERS: usize = 8;

/// What a loader has to read, in order: the places of a batch's examples.
pub type Batches = Vec<Vec<usize>>;

/// How pictures are read.
#[derive(Debug, Clone)]
pub struct Reading {
    /// How they come to the encoder.
    pub preprocessing: Preprocessing,
    /// How each is varied; None: not at all.
    pub augmentation: Option<Augmentation>,
    /// What the variations are drawn by.
    pub seed: u64,
    /// The number of the first batch, and the place of the first picture in each: what each picture's own seed is made
    /// of, so that it is varied alike wherever the batch is read from the middle, or shared among processes.
    pub first: usize,
    /// See `first`; of each batch.
    pub places: Vec<usize>,
}

impl Reading {
    /// Without any variation.
    #[must_use]
    pub fn as_they_are(preprocessing: &Preprocessing) -> Self {
        let preprocessing = preprocessing.clone();
        Self { preprocessing, augmentation: None, seed: 0, first: 0, places: Vec::new() }
    }
}

/// The pictures of a batch.
#[derive(Debug)]
pub struct Loaded {
    /// `[pictures, 3, height, width]` on the CPU, of those that could be read; None when none could.
    pub pixels: Option<Tensor>,
    /// The places in the batch of those that could be read.
    pub usable: Vec<usize>,
    /// Which could not be read, and why.
    pub failed: Vec<(usize, String)>,
}

impl Loaded {
    /// Pictures of the batch, whether or not they could be read.
    #[must_use]
    pub fn size(&self) -> usize {
        self.usable.len() + self.failed.len()
    }

    /// What `compute` makes of the pixels, with a row of zeros for each picture that could not be read. None when none
    /// could.
    pub fn whole(&self, failures: &mut Failures, compute: impl FnOnce(&Tensor) -> Tensor) -> Option<Tensor> {
        failures.add(self);
        let computed = compute(self.pixels.as_ref()?);
        if self.failed.is_empty() {
            return Some(computed);
        }
        let mut size = computed.size();
        *size.first_mut()? = self.size() as i64;
        let places: Vec<i64> = self.usable.iter().map(|place| *place as i64).collect();
        let places = Tensor::from_slice(&places).to_device(computed.device());
        Some(Tensor::zeros(size, (computed.kind(), computed.device())).index_copy(0, &places, &computed))
    }
}

/// Pictures that could not be read, counted and the first few named.
#[derive(Debug, Default)]
pub struct Failures(Tally);

impl Failures {
    /// Counts those of a batch.
    pub fn add(&mut self, loaded: &Loaded) {
        for (_, why) in &loaded.failed {
            self.0.add(why.clone());
        }
    }

    /// Counts one.
    pub fn add_one(&mut self, why: String) {
        self.0.add(why);
    }

    /// How many.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.count
    }

    /// Says on standard error how many of `what` there were, if any.
    pub fn say(&self, what: &str) {
        if self.0.count > 0 {
            eprintln!(
                "{what}: pictures that could not be read and were left out: {}: {}",
                self.0.count, self.0
            );
        }
    }
}

/// The pictures of `batches` in their order; the receiver ends after the last.
#[must_use]
pub fn pixels(examples: &[Example], batches: Batches, reading: &Reading) -> Receiver<Loaded> {
    // Half of the processors, as what learns wants the others; on a small machine that is one.
    let half = thread::available_parallelism().map_or(1, |cores| cores.get() / 2);
    pixels_by(half.clamp(1, MAXIMUM_READERS), examples, batches, reading)
}

/// By so many readers.
fn pixels_by(readers: usize, examples: &[Example], batches: Batches, reading: &Reading) -> Receiver<Loaded> {
    let (sender, receiver) = sync_channel(AHEAD);
    let wanted: Vec<Vec<Example>> = batches
        .into_iter()
        .map(|batch| batch.into_iter().filter_map(|index| examples.get(index).cloned()).collect())
        .collect();
    let wanted = Arc::new(wanted);
    let reading = Arc::new(reading.clone());
    let parts: Vec<Receiver<Loaded>> = (0..readers)
        .map(|reader| {
            let (wanted, reading) = (Arc::clone(&wanted), Arc::clone(&reading));
            let (sender, receiver) = sync_channel(1);
            thread::spawn(move || {
                for (number, examples) in wanted.iter().enumerate().skip(reader).step_by(readers) {
                    let place = reading.places.get(number).copied().unwrap_or(0);
                    if sender.send(loaded(examples, &reading, (reading.first + number, place))).is_err() {
                        return;
                    }
                }
            });
            receiver
        })
        .collect();
    thread::spawn(move || {
        // Of three readers, the first has batches 0, 3, 6, ...: taken in turn, they are in order.
        for reader in (0..readers).cycle().take(wanted.len()) {
            let Some(Ok(loaded)) = parts.get(reader).map(Receiver::recv) else { return };
            if sender.send(loaded).is_err() {
                return;
            }
        }
    });
    receiver
}

/// The batch of this number, whose first picture has this place in it.
fn loaded(examples: &[Example], reading: &Reading, (number, first): (usize, usize)) -> Loaded {
    let (mut usable, mut failed) = (Vec::new(), Vec::new());
    let mut values = Vec::new();
    let (mut height, mut width) = (0, 0);
    for (place, example) in examples.iter().enumerate() {
        let seed = seed_of(reading.seed, [1, number as u64, (first + place) as u64]);
        match of_one(example, reading, seed) {
            Ok(pixels) => {
                (height, width) = (i64::from(pixels.height), i64::from(pixels.width));
                values.extend_from_slice(&pixels.values);
                usable.push(place);
            }
            Err(error) => failed.push((place, format!("{error:#}"))),
        }
    }
    let shape = [usable.len() as i64, 3, height, width];
    let pixels = (!usable.is_empty()).then(|| Tensor::from_slice(&values).view(shape));
    Loaded { pixels, usable, failed }
}

fn of_one(example: &Example, reading: &Reading, seed: u64) -> Result<Pixels> {
    let mut picture = picture::open(&example.file).with_context(|| example.file.display().to_string())?;
    if let Some(augmentation) = &reading.augmentation {
        let mut random = SmallRng::seed_from_u64(seed);
        picture = augment::vary(&picture, augmentation, example.symmetric, &mut random);
    }
    preprocess::pixels(&picture, &reading.preprocessing).with_context(|| example.file.display().to_string())
}

#[cfg(test)]
mod tests {
    use tch::Kind;

    use super::*;

    fn preprocessing() -> Preprocessing {
        crate::encoder::EncoderChoice::default().preprocessing()
    }

    fn examples(folder: &std::path::Path) -> Vec<Example> {
        let example = |number: u8| {
            let file = folder.join(format!("{number}.png"));
            if number != 1 {
                let colour = image::Rgb([number * 60, 0, 0]);
                image::RgbImage::from_pixel(30, 20, colour).save(&file).expect("a picture");
            }
            Example { file, captions: Vec::new(), captions_per_step: 1, symmetric: true }
        };
        (0..4).map(example).collect()
    }

    #[test]
    fn what_cannot_be_read_is_left_out_and_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let examples = examples(folder.path());
        let loaded: Vec<Loaded> =
            pixels(&examples, vec![vec![0, 1, 2], vec![1]], &Reading::as_they_are(&preprocessing()))
                .iter()
                .collect();
        assert_eq!(loaded[0].usable, [0, 2]);
        assert_eq!(loaded[0].pixels.as_ref().expect("two pictures").size()[0], 2);
        assert!(loaded[0].failed[0].1.contains("1.png"), "{:?}", loaded[0].failed);
        assert!(loaded[1].pixels.is_none());
        let mut failures = Failures::default();
        let whole = loaded[0].whole(&mut failures, |pixels| pixels.flatten(1, -1)).expect("two pictures");
        assert_eq!(whole.size()[0], 3);
        let brightness = |row| whole.get(row).abs().sum(Kind::Float).double_value(&[]);
        assert!(brightness(1) == 0.0 && brightness(0) > 0.0 && brightness(2) > 0.0);
        assert!(loaded[1].whole(&mut failures, Tensor::shallow_clone).is_none());
        assert_eq!(failures.count(), 2);
    }

    /// However many read, the batches come in their order, each with its own seeds.
    #[test]
    fn several_readers_are_as_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let examples = examples(folder.path());
        let augmentation = Some(Augmentation { colour: 0.5, ..Augmentation::NONE });
        let reading = Reading { augmentation, seed: 9, first: 2, ..Reading::as_they_are(&preprocessing()) };
        let batches = || [0, 2, 3, 1, 2, 0, 3].map(|place| vec![place, 0]).to_vec();
        let read =
            |readers| -> Vec<_> { pixels_by(readers, &examples, batches(), &reading).iter().collect() };
        let one = read(1);
        for readers in [2, 3, 8] {
            let several = read(readers);
            assert_eq!(several.len(), one.len());
            for (several, one) in several.iter().zip(&one) {
                assert_eq!((&several.usable, &several.pixels), (&one.usable, &one.pixels), "{readers}");
            }
        }
        assert_ne!(one[0].pixels, one[5].pixels, "the same picture, varied otherwise");
    }

    /// A picture is varied alike whether its batch is read whole, from the middle on, or in parts.
    #[test]
    fn each_picture_has_a_seed_of_its_own() {
        let folder = tempfile::tempdir().expect("a folder");
        let examples = examples(folder.path());
        let augmentation = Some(Augmentation { colour: 0.5, ..Augmentation::NONE });
        let read = |batches: &[&[usize]], first, places: &[usize]| {
            let batches = batches.iter().map(|batch| batch.to_vec()).collect();
            let places = places.to_vec();
            let reading = Reading { preprocessing: preprocessing(), augmentation, seed: 9, first, places };
            let tensors: Vec<_> =
                pixels(&examples, batches, &reading).iter().filter_map(|loaded| loaded.pixels).collect();
            Tensor::cat(&tensors, 0)
        };
        let whole = read(&[&[0, 2], &[3, 0, 2]], 0, &[]);
        assert_eq!(read(&[&[3, 0, 2]], 1, &[]), whole.narrow(0, 2, 3));
        assert_eq!(read(&[&[0, 2]], 1, &[1]), whole.narrow(0, 3, 2));
        assert_ne!(read(&[&[0, 2]], 1, &[0]), whole.narrow(0, 3, 2));
    }
}
