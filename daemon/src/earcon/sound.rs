//! The sounds themselves, computed: two tones each, upwards for what went well and downwards for what did not.

use std::f32::consts::TAU;

use super::Earcon;

/// Samples in a second.
const RATE: u32 = 22_050;

/// How long a tone takes to rise and to fall, in samples: without it there are clicks.
const EDGE: usize = RATE as usize / 200;

/// The amplitude at full volume, of samples in -1 to 1: as loud as quiet speech.
const LOUDEST: f32 = 0.5;

/// The tones of an earcon: Hz and milliseconds.
fn tones(earcon: Earcon) -> [(f32, u32); 2] {
    match earcon {
        Earcon::Captured => [(880.0, 30), (1320.0, 45)],
        Earcon::Failed => [(330.0, 80), (220.0, 120)],
    }
}

/// The sound as samples. `volume` is from 0 to 100.
fn samples(earcon: Earcon, volume: u8) -> Vec<i16> {
    let amplitude = LOUDEST * f32::from(volume.min(100)) / 100.0 * f32::from(i16::MAX);
    let mut samples = Vec::new();
    for (pitch, milliseconds) in tones(earcon) {
        let count = (RATE * milliseconds / 1000) as usize;
        samples.extend((0..count).map(|index| {
            let edge = index.min(count - 1 - index).min(EDGE) as f32 / EDGE as f32;
            let envelope = (1.0 - (edge * TAU / 2.0).cos()) / 2.0;
            ((index as f32 * pitch * TAU / RATE as f32).sin() * envelope * amplitude) as i16
        }));
    }
    samples
}

/// The sound as a WAV file: one channel of 16 bits.
pub(super) fn wav(earcon: Earcon, volume: u8) -> Vec<u8> {
    let samples = samples(earcon, volume);
    let bytes = samples.len() as u32 * 2;
    let mut wav = Vec::with_capacity(44 + samples.len() * 2);
    wav.extend(b"RIFF");
    wav.extend((36 + bytes).to_le_bytes());
    wav.extend(b"WAVEfmt ");
    wav.extend(16_u32.to_le_bytes());
    // PCM, one channel.
    wav.extend([1, 0, 1, 0]);
    wav.extend(RATE.to_le_bytes());
    // Bytes in a second and in a frame, and bits in a sample.
    wav.extend((RATE * 2).to_le_bytes());
    wav.extend([2, 0, 16, 0]);
    wav.extend(b"data");
    wav.extend(bytes.to_le_bytes());
    wav.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
    wav
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sounds_are_short_begin_and_end_in_silence_and_heed_the_volume() {
        for (earcon, milliseconds) in [(Earcon::Captured, 75), (Earcon::Failed, 200)] {
            let sound = samples(earcon, 100);
            let length = sound.len() * 1000 / RATE as usize;
            assert!((milliseconds - 1..=milliseconds).contains(&length), "{earcon:?} has {length} ms");
            assert!(sound[0].abs() < 50 && sound[sound.len() - 1].abs() < 50, "{earcon:?} clicks");
            let loudest = |volume| samples(earcon, volume).iter().map(|sample| sample.abs()).max().unwrap();
            assert!((16_000..=16_384).contains(&loudest(100)), "{}", loudest(100));
            assert!((8000..=8192).contains(&loudest(50)));
            assert_eq!(loudest(0), 0);
            let wav = wav(earcon, 100);
            assert_eq!(wav.len(), 44 + sound.len() * 2);
            assert_eq!(wav[4..8], (wav.len() as u32 - 8).to_le_bytes());
        }
    }
}
