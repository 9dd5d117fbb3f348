//! What the change gate and the policy of a narration cost: the share of one core at ten pictures a second of 320 x 240.
//!
//! ```sh
//! cargo run --release -p descry-daemon --example gate_cost
//! ```
//!
//! A camera that pans over a shipped picture, with a sensor's noise, is the dearest case: every picture differs from the
//! last, and the best overlap is looked for. Counted is the processor time of this thread (the kernel's count) while the gate looks and
//! the policy decides. Not counted are the camera, the decoding of its pictures, captions and speech: with those the
//! gate has nothing to do. The pictures are composed before the clock is read.

use std::{path::Path, time::Duration};

use descry_daemon::narration::{
    gate::Gate,
    policy::{Moment, Pace, Policy, Step},
};
use image::{RgbImage, imageops};

/// Pictures of one run: twenty seconds of a camera.
const FRAMES: usize = 200;
/// Time from one picture to the next.
const INTERVAL: Duration = Duration::from_millis(100);
/// Runs of which the middle one counts.
const RUNS: usize = 9;

fn main() -> anyhow::Result<()> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/pictures/shore.jpg");
    let photo = image::open(file)?.into_rgb8();
    for (name, speed) in [("still", 0), ("panning", 3)] {
        let pictures: Vec<RgbImage> = (0..FRAMES).map(|frame| camera(&photo, frame, speed)).collect();
        let mut shares = (0..RUNS).map(|_| share(&pictures)).collect::<anyhow::Result<Vec<f64>>>()?;
        shares.sort_by(f64::total_cmp);
        println!(
            "{name}: {:.2} % of one core, between {:.2} and {:.2} in {RUNS} runs",
            shares[RUNS / 2],
            shares[0],
            shares[RUNS - 1]
        );
    }
    Ok(())
}

/// What a camera sees that moves by `speed` pixels from one picture to the next, to and fro.
fn camera(photo: &RgbImage, frame: usize, speed: usize) -> RgbImage {
    let room = photo.width() as usize - 320;
    let way = frame * speed % (2 * room);
    let mut picture = imageops::crop_imm(photo, way.min(2 * room - way) as u32, 60, 320, 240).to_image();
    let mut state = frame as u32 + 1;
    for value in picture.iter_mut() {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *value = value.saturating_add((state >> 28) as u8);
    }
    picture
}

/// The share of one core, in percent, that pictures take which come ten times a second.
fn share(pictures: &[RgbImage]) -> anyhow::Result<f64> {
    let (mut gate, mut policy) = (Gate::default(), Policy::new(Pace::default()));
    let before = processor_time()?;
    for (pictures_before, picture) in pictures.iter().enumerate() {
        let at = INTERVAL * pictures_before as u32;
        let sight = gate.look(at, picture);
        if policy.see(Moment { at, answering: false }, sight) == Step::Ask {
            gate.remember();
            policy.miss(at);
        }
    }
    let used = processor_time()?.saturating_sub(before);
    Ok(100.0 * used.as_secs_f64() / (INTERVAL * pictures.len() as u32).as_secs_f64())
}

/// The processor time of this thread so far, to the nanosecond, as the kernel's scheduler counts it.
fn processor_time() -> anyhow::Result<Duration> {
    let counted = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanoseconds = counted.split_whitespace().next().unwrap_or_default();
    Ok(Duration::from_nanos(nanoseconds.parse()?))
}
