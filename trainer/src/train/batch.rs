//! Batches: which pictures a step learns from, and their captions as rows of numbers.

use rand::rngs::SmallRng;
use rand::seq::{IndexedRandom, SliceRandom};
use rand::{RngExt, SeedableRng};
use tch::{Device, Tensor};

/// A training picture: where it is in the corpus, and its captions as token ids without start and end.
#[derive(Debug, Clone)]
pub struct Example {
    /// The picture's file.
    pub file: std::path::PathBuf,
    /// Its captions.
    pub captions: Vec<Vec<i64>>,
    /// Captions that a step takes of it.
    pub captions_per_step: usize,
    /// No caption speaks of left or right: its mirror image is described by the same words.
    pub symmetric: bool,
}

/// Captions of a batch's pictures as teacher forcing takes them, sorted by falling length.
#[derive(Debug)]
pub struct CaptionRows {
    /// `[rows]`: the picture of each row, by its place in the batch.
    pub pictures: Tensor,
    /// `[rows, words]`: start and the words, then padding.
    pub inputs: Tensor,
    /// `[rows, words]`: the words and end, then padding.
    pub targets: Tensor,
    /// Words of each row, end included.
    pub lengths: Vec<i64>,
}

/// The order of an epoch: a pure function of the seed, so that a resumed epoch goes on where it stopped.
#[must_use]
pub fn order(examples: usize, batch_pictures: usize, seed: u64) -> Vec<Vec<usize>> {
    let mut indices: Vec<usize> = (0..examples).collect();
    indices.shuffle(&mut SmallRng::seed_from_u64(seed));
    indices.chunks(batch_pictures).map(<[usize]>::to_vec).collect()
}

/// Draws captions of `examples`, of each by its seed, and lays them out as rows. None when there is no caption.
#[must_use]
pub fn rows(
    examples: &[(&Example, u64)],
    start: i64,
    end: i64,
    pad: i64,
    device: Device,
) -> Option<CaptionRows> {
    let mut drawn: Vec<(i64, &[i64])> = Vec::new();
    for (place, (example, seed)) in examples.iter().enumerate() {
        let mut random = SmallRng::seed_from_u64(*seed);
        for caption in example.captions.sample(&mut random, example.captions_per_step) {
            drawn.push((place as i64, caption));
        }
    }
    drawn.sort_by_key(|(_, caption)| std::cmp::Reverse(caption.len()));
    let width = drawn.first()?.1.len() + 1;
    let (mut inputs, mut targets) = (Vec::new(), Vec::new());
    for (_, caption) in &drawn {
        let padding = std::iter::repeat_n(pad, width - caption.len() - 1);
        inputs.extend(std::iter::once(start).chain(caption.iter().copied()).chain(padding.clone()));
        targets.extend(caption.iter().copied().chain(std::iter::once(end)).chain(padding));
    }
    let shape = [drawn.len() as i64, width as i64];
    let places: Vec<i64> = drawn.iter().map(|(place, _)| *place).collect();
    Some(CaptionRows {
        pictures: Tensor::from_slice(&places).to_device(device),
        inputs: Tensor::from_slice(&inputs).view(shape).to_device(device),
        targets: Tensor::from_slice(&targets).view(shape).to_device(device),
        lengths: drawn.iter().map(|(_, caption)| caption.len() as i64 + 1).collect(),
    })
}

/// The part of a batch that is that of process `rank` of `processes`, and the place where it begins; it may be empty.
#[must_use]
pub fn part(batch: &[usize], rank: usize, processes: usize) -> (&[usize], usize) {
    let each = batch.len().div_ceil(processes.max(1)).max(1);
    let first = (rank * each).min(batch.len());
    let last = (first + each).min(batch.len());
    (batch.get(first..last).unwrap_or_default(), first)
}

/// Mixes numbers into one seed, so that each step and each picture draws of its own.
#[must_use]
pub fn seed_of(seed: u64, parts: [u64; 3]) -> u64 {
    parts.iter().fold(seed, |mixed, part| SmallRng::seed_from_u64(mixed.rotate_left(17) ^ *part).random())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_takes_each_picture_once() {
        let batches = order(10, 4, 7);
        assert_eq!(batches.iter().map(Vec::len).collect::<Vec<_>>(), [4, 4, 2]);
        let mut all: Vec<_> = batches.concat();
        all.sort_unstable();
        assert_eq!(all, (0..10).collect::<Vec<_>>());
        assert_eq!(order(10, 4, 7), batches);
        assert_ne!(order(10, 4, 8), batches);
    }

    #[test]
    fn a_batch_is_shared_without_loss() {
        for (length, processes) in [(8, 2), (7, 2), (1, 2), (7, 3), (0, 2), (5, 1)] {
            let batch: Vec<usize> = (10..10 + length).collect();
            let mut shared = Vec::new();
            for rank in 0..processes {
                let (part, first) = part(&batch, rank, processes);
                assert!(part.is_empty() || first == shared.len(), "{length} among {processes}");
                shared.extend_from_slice(part);
            }
            assert_eq!(shared, batch, "{length} among {processes}");
        }
    }

    #[test]
    fn rows_fall_in_length() {
        let example = |captions: &[&[i64]], captions_per_step| Example {
            file: "a.jpg".into(),
            captions: captions.iter().map(|caption| caption.to_vec()).collect(),
            captions_per_step,
            symmetric: true,
        };
        let (first, second) = (example(&[&[5]], 3), example(&[&[6, 7, 8], &[9, 9, 9]], 1));
        let rows = rows(&[(&first, 3), (&second, 4)], 1, 2, 0, Device::Cpu).expect("two captions");
        assert_eq!(rows.lengths, [4, 2]);
        assert_eq!(Vec::<i64>::try_from(&rows.pictures).expect("one row"), [1, 0]);
        assert_eq!(Vec::<i64>::try_from(rows.inputs.get(1)).expect("one row"), [1, 5, 0, 0]);
        assert_eq!(Vec::<i64>::try_from(rows.targets.get(1)).expect("one row"), [5, 2, 0, 0]);
    }
}
