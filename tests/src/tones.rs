//! Which pure tones sound in a recording, one after the other: how an earcon is told from speech and from another earcon.

use std::f64::consts::TAU;

use crate::recording::{Recording, SAMPLE_RATE};

/// The stretch in which a tone is looked for: 12.5 ms, which tell tones of 80 Hz apart and fit twice into the shortest.
const WINDOW: usize = SAMPLE_RATE / 80;

/// How far the stretches are apart.
const STEP: usize = WINDOW / 4;

/// The root mean square, of samples in -32768..=32767, below which nothing sounds.
const SILENCE: f64 = 50.0;

/// The part of a stretch's power that a tone has which is alone in it. A voice's strongest has less.
const ALONE: f64 = 0.85;

/// Those of the tones (in Hz) that sound alone, in the order in which they come.
#[must_use]
pub fn heard(recording: &Recording, tones: &[u32]) -> Vec<u32> {
    let samples = recording.samples();
    let stretches = (0..samples.len().saturating_sub(WINDOW)).step_by(STEP);
    let mut heard: Vec<u32> = stretches
        .filter_map(|begin| {
            let stretch = &samples[begin..begin + WINDOW];
            tones.iter().copied().find(|tone| share(stretch, *tone) > ALONE)
        })
        .collect();
    heard.dedup();
    heard
}

/// The part of the power of a stretch that one tone has: 0 where it is silent.
fn share(stretch: &[i16], hertz: u32) -> f64 {
    let length = stretch.len() as f64;
    let power = stretch.iter().map(|sample| f64::from(*sample).powi(2)).sum::<f64>();
    if (power / length).sqrt() < SILENCE {
        return 0.0;
    }
    let step = TAU * f64::from(hertz) / SAMPLE_RATE as f64;
    let (sine, cosine) = stretch.iter().enumerate().fold((0.0, 0.0), |(sine, cosine), (index, sample)| {
        let (at, sample) = (index as f64 * step, f64::from(*sample));
        (sine + sample * at.sin(), cosine + sample * at.cos())
    });
    2.0 * (sine * sine + cosine * cosine) / (length * power)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tones_are_told_apart_and_from_what_is_none() {
        let wave = |hertz: f64, milliseconds: usize| {
            let count = SAMPLE_RATE * milliseconds / 1000;
            (0..count)
                .map(move |index| ((index as f64 * hertz * TAU / SAMPLE_RATE as f64).sin() * 4000.0) as i16)
        };
        let silence = || vec![0; SAMPLE_RATE / 10].into_iter();
        let noise =
            (0..SAMPLE_RATE as u32).map(|index| (index.wrapping_mul(2_654_435_761) >> 18) as i16 - 8192);
        for (name, samples, expected) in [
            ("rising", silence().chain(wave(880.0, 40)).chain(wave(1320.0, 45)).collect(), vec![880, 1320]),
            ("falling", wave(330.0, 80).chain(wave(220.0, 120)).chain(silence()).collect(), vec![330, 220]),
            ("others", wave(500.0, 200).chain(wave(1000.0, 200)).collect(), vec![]),
            ("noise", noise.collect(), vec![]),
            ("silence", silence().collect(), vec![]),
            ("nothing", vec![], vec![]),
        ] {
            assert_eq!(heard(&Recording::new(samples), &[220, 330, 880, 1320]), expected, "{name}");
        }
    }
}
