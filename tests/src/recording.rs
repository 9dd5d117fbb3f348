//! A piece of recorded sound, and whether somebody speaks in it.

use std::{fs, path::Path, time::Duration};

use anyhow::{Context, Result};

/// Samples in a second: what the listener's acoustic model was made for.
pub const SAMPLE_RATE: usize = 16_000;

/// The length over which loudness is measured: 20 ms.
const FRAME: usize = SAMPLE_RATE / 50;

/// How many silent frames are a pause between two sentences: 200 ms. Within one the synthesiser is silent for less.
const PAUSE: usize = 10;

/// The root mean square, of samples in -32768..=32767, above which a frame is sound. The loudspeaker gives exact zeros
/// when nothing plays; the synthesiser's vowels have about 4000.
const SOUND: f64 = 50.0;

/// One channel of signed 16-bit samples at [`SAMPLE_RATE`].
#[derive(Clone, Debug)]
pub struct Recording {
    samples: Vec<i16>,
}

impl Recording {
    /// A recording of these samples.
    #[must_use]
    pub fn new(samples: Vec<i16>) -> Self {
        Self { samples }
    }

    /// Its samples.
    #[must_use]
    pub fn samples(&self) -> &[i16] {
        &self.samples
    }

    /// How long it is.
    #[must_use]
    pub fn length(&self) -> Duration {
        duration(self.samples.len())
    }

    /// How much of it is sound.
    #[must_use]
    pub fn sounding(&self) -> Duration {
        duration(self.frames().filter(|sounds| *sounds).count() * FRAME)
    }

    /// How long it has been silent at its end; its whole length when it never sounded.
    #[must_use]
    pub fn silent_since(&self) -> Duration {
        let silent = self.frames().rev().take_while(|sounds| !sounds).count();
        duration(silent * FRAME)
    }

    /// What was said after the last pause, as there is between two sentences.
    #[must_use]
    pub fn last_phrase(&self) -> Self {
        let sounds: Vec<bool> = self.frames().collect();
        let end = sounds.iter().rposition(|sounds| *sounds).map_or(0, |last| last + 1);
        let pause = sounds[..end].windows(PAUSE).rposition(|frames| frames.iter().all(|sounds| !sounds));
        let begin = pause.map_or(0, |pause| (pause + PAUSE) * FRAME);
        Self { samples: self.samples[begin..].to_vec() }
    }

    fn frames(&self) -> impl DoubleEndedIterator<Item = bool> {
        self.samples.chunks_exact(FRAME).map(|frame| {
            let sum: f64 = frame.iter().map(|sample| f64::from(*sample).powi(2)).sum();
            (sum / FRAME as f64).sqrt() > SOUND
        })
    }

    /// Writes it as a WAV file.
    pub fn write_wav(&self, path: &Path) -> Result<()> {
        let bytes = u32::try_from(self.samples.len() * 2).context("a recording of more than 4 GiB")?;
        let rate = u32::try_from(SAMPLE_RATE)?;
        let mut wav = Vec::with_capacity(44 + self.samples.len() * 2);
        wav.extend(b"RIFF");
        wav.extend((36 + bytes).to_le_bytes());
        wav.extend(b"WAVEfmt ");
        wav.extend(16_u32.to_le_bytes());
        wav.extend(1_u16.to_le_bytes()); // PCM
        wav.extend(1_u16.to_le_bytes()); // channels
        wav.extend(rate.to_le_bytes());
        wav.extend((rate * 2).to_le_bytes()); // bytes in a second
        wav.extend(2_u16.to_le_bytes()); // bytes in a frame of all channels
        wav.extend(16_u16.to_le_bytes()); // bits in a sample
        wav.extend(b"data");
        wav.extend(bytes.to_le_bytes());
        wav.extend(self.samples.iter().flat_map(|sample| sample.to_le_bytes()));
        fs::write(path, wav).with_context(|| format!("cannot write {}", path.display()))
    }
}

fn duration(samples: usize) -> Duration {
    Duration::from_secs_f64(samples as f64 / SAMPLE_RATE as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_phrase_begins_after_the_last_pause() {
        let parts = |parts: &[(i16, usize)]| {
            Recording::new(parts.iter().flat_map(|(level, frames)| vec![*level; frames * FRAME]).collect())
        };
        for (recording, sounding) in [
            (parts(&[]), 0),
            (parts(&[(0, 50)]), 0),
            (parts(&[(900, 20)]), 400),
            (parts(&[(900, 20), (0, 12), (900, 7), (0, 3), (900, 5), (0, 60)]), 240),
        ] {
            assert_eq!(recording.last_phrase().sounding(), Duration::from_millis(sounding));
        }
    }

    #[test]
    fn sound_and_silence_are_told_apart() {
        let tone = |samples| (0..samples).map(|n| if n % 40 < 20 { 3000 } else { -3000 });
        let second = SAMPLE_RATE;
        let cases: [(&str, Vec<i16>, u64, u64); 4] = [
            ("nothing", vec![], 0, 0),
            ("silence", vec![0; 2 * second], 0, 2000),
            ("a tone", tone(second).collect(), 1000, 0),
            (
                "a tone, then silence",
                tone(second).chain(std::iter::repeat_n(0, second)).collect(),
                1000,
                1000,
            ),
        ];
        for (name, samples, sounding, silent) in cases {
            let recording = Recording::new(samples);
            assert_eq!(recording.sounding(), Duration::from_millis(sounding), "{name}");
            assert_eq!(recording.silent_since(), Duration::from_millis(silent), "{name}");
        }
    }
}
