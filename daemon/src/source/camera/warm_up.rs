//! The first pictures of a camera are too dark or too bright: it has yet to find its exposure. They are let pass.

use std::time::Duration;

/// By how much the mean brightness of two pictures in a row may differ, in 0 to 255, for the exposure to stand still.
const STILL: f32 = 2.0;

/// How many pictures in a row have to stand still.
const ROUNDS: u32 = 3;

/// How long is waited for it. A scene that flickers never stands still.
const LONGEST: Duration = Duration::from_millis(1500);

/// How many pictures are let pass at most: half a second of a usual camera.
const MOST_PICTURES: u32 = 15;

/// Follows the first pictures of a camera.
#[derive(Debug, Default)]
pub(super) struct WarmUp {
    last: Option<f32>,
    still: u32,
    passed: u32,
    is_done: bool,
}

impl WarmUp {
    /// Takes the brightness of the next picture, in 0 to 255, and how long after the first it came. `true` once pictures
    /// can be used, this one and all later ones.
    pub(super) fn is_over(&mut self, brightness: f32, since_start: Duration) -> bool {
        if self.is_done {
            return true;
        }
        let is_still = self.last.is_some_and(|last| (last - brightness).abs() <= STILL);
        self.still = if is_still { self.still + 1 } else { 0 };
        self.last = Some(brightness);
        self.passed += 1;
        self.is_done = self.still >= ROUNDS || self.passed > MOST_PICTURES || since_start >= LONGEST;
        self.is_done
    }
}

/// The mean of some of a frame's bytes: it rises and falls with the brightness in every format that is not compressed. Of
/// a compressed one it is the share of its length, which rises when details come out of the dark.
pub(super) fn brightness(bytes: &[u8], is_compressed: bool) -> f32 {
    if is_compressed {
        return bytes.len() as f32 / 1024.0;
    }
    // Every 31st byte: odd, so that no channel is left out.
    let (sum, count) = bytes
        .iter()
        .step_by(31)
        .fold((0_u64, 0_u64), |(sum, count), byte| (sum + u64::from(*byte), count + 1));
    sum as f32 / count.max(1) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many pictures are let pass.
    fn passed(brightness: impl Iterator<Item = f32>, between: Duration) -> usize {
        let mut warm_up = WarmUp::default();
        let times = (0..).map(|index| between * index);
        brightness.zip(times).take_while(|(brightness, time)| !warm_up.is_over(*brightness, *time)).count()
    }

    #[test]
    fn pictures_pass_until_the_exposure_stands_still() {
        let usual = Duration::from_millis(33);
        assert_eq!(passed(std::iter::repeat(100.0), usual), 3);
        let rising = [5.0, 20.0, 50.0, 80.0, 96.0, 99.0, 100.0, 100.5, 100.0];
        assert_eq!(passed(rising.into_iter(), usual), 8);
        let flicker = (0..).map(|index| if index % 2 == 0 { 40.0 } else { 80.0 });
        assert_eq!(passed(flicker.clone(), usual), 15);
        assert_eq!(passed(flicker, Duration::from_millis(200)), 8, "a slow camera is not waited for so long");
    }

    #[test]
    fn brightness_is_seen_in_every_format() {
        for value in [0_u8, 128, 255] {
            assert!((brightness(&[value; 5000], false) - f32::from(value)).abs() < 0.01);
        }
        assert!(brightness(&[0; 4096], true) > brightness(&[0; 1024], true));
        assert!(brightness(&[], false).abs() < f32::EPSILON);
    }
}
