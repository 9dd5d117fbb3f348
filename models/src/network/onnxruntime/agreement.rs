//! Whether a device does with a model what the processors do: where it does not, captions would be wrong without a word.

use crate::{Encoded, Network, NetworkError, Pixels, manifest::Manifest};

/// How far apart two encoders may be: the length of the difference as a share of the length of what is due. For the shipped
/// model 8-bit numbers of another kind are 0.2 apart on this picture, and one that looks at nothing 1.0.
const TOLERANCE: f32 = 0.5;

/// Has both look at a drawn picture, and compares what they see.
pub(super) fn check(
    found: &mut dyn Network,
    due: &mut dyn Network,
    manifest: &Manifest,
) -> Result<(), NetworkError> {
    let pixels = drawn(manifest.preprocessing.width, manifest.preprocessing.height);
    let difference = difference(&found.encode(&pixels)?, &due.encode(&pixels)?);
    // Not a number is no agreement.
    if difference <= TOLERANCE {
        return Ok(());
    }
    let reason =
        format!("the encoder gives other numbers there than on processors (they differ by {difference:.2})");
    Err(NetworkError::NoDevice { device: found.device(), reason })
}

/// Discs of light on a slope, as normalised pixels.
fn drawn(width: u32, height: u32) -> Pixels {
    let mut values = Vec::new();
    for channel in 0..3 {
        for y in 0..height {
            for x in 0..width {
                let (x, y) = (x as f32 / width as f32, y as f32 / height as f32);
                let distance = (x - 0.3 - 0.2 * channel as f32).hypot(y - 0.5);
                values.push(if distance < 0.2 { 0.9 } else { x - y });
            }
        }
    }
    Pixels { values, width, height }
}

fn difference(found: &Encoded, due: &Encoded) -> f32 {
    let pairs = || {
        let tensors = found.tensors.iter().zip(&due.tensors);
        tensors.flat_map(|(found, due)| found.values.iter().zip(&due.values))
    };
    let apart: f32 = pairs().map(|(found, due)| (found - due).powi(2)).sum();
    let length: f32 = pairs().map(|(_, due)| due.powi(2)).sum();
    (apart / length).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Bundle, State, Step, Tensor, TokenId};

    /// Sees the picture a given number of times as bright as it is.
    struct Fake(f32);

    impl Network for Fake {
        fn encode(&mut self, pixels: &Pixels) -> Result<Encoded, NetworkError> {
            let values: Vec<_> = pixels.values.iter().map(|value| value * self.0).collect();
            Ok(Encoded { tensors: vec![Tensor { shape: vec![1, values.len()], values }] })
        }

        fn start(&self, _: &Encoded, _: usize) -> Result<State, NetworkError> {
            unreachable!("captions are not made")
        }

        fn step(&mut self, _: &Encoded, _: &State, _: &[TokenId]) -> Result<Step, NetworkError> {
            unreachable!("captions are not made")
        }

        fn engine(&self) -> &'static str {
            "fake"
        }
    }

    #[test]
    fn what_sees_something_else_does_not_serve() {
        let shipped = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("bundles/descry-attend-9");
        let bundle = Bundle::open(&shipped).unwrap();
        for (brightness, agrees) in [
            (1.0, true),
            (0.8, true),
            (1.4, true),
            (0.0, false),
            (-1.0, false),
            (2.0, false),
            (f32::NAN, false),
        ] {
            let result = check(&mut Fake(brightness), &mut Fake(1.0), bundle.manifest());
            assert_eq!(result.is_ok(), agrees, "{brightness}");
        }
    }
}
