//! Weights in 8 bits with sign: each output channel has a scale of its own, and zero stays zero.

/// A weight in 8 bits: `value = quantised * scales[channel]`.
#[derive(Debug, Clone, PartialEq)]
pub struct ChannelWise {
    /// In the order of the float weight.
    pub quantised: Vec<i8>,
    /// One for each output channel; above 0.
    pub scales: Vec<f32>,
}

/// Which channel the values of a weight belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// Output channels.
    pub channels: usize,
    /// Values of one channel that lie next to each other: all of them when channels come first, one when they come last.
    pub run: usize,
}

impl Layout {
    /// The layout of a weight of this shape with its output channels along `axis`; `None` when there is no such axis.
    #[must_use]
    pub fn of(shape: &[i64], axis: usize) -> Option<Self> {
        let channels = usize::try_from(*shape.get(axis)?).ok()?;
        let run =
            shape[axis + 1..].iter().map(|&side| usize::try_from(side).ok()).product::<Option<usize>>()?;
        (channels > 0 && run > 0).then_some(Self { channels, run })
    }

    fn channel(self, index: usize) -> usize {
        index / self.run % self.channels
    }
}

/// Quantises to -127..=127.
///
/// `least[channel]` is a scale that the channel does not go below. Runtimes store a bias as a 32-bit multiple of the
/// product of both scales; a channel whose weights are all but zero would leave no room for it.
#[must_use]
pub fn quantise(values: &[f32], layout: Layout, least: &[f32]) -> ChannelWise {
    let mut largest = vec![0.0f32; layout.channels];
    for (index, value) in values.iter().enumerate() {
        let largest = &mut largest[layout.channel(index)];
        *largest = largest.max(value.abs());
    }
    let scales: Vec<f32> = largest
        .iter()
        .enumerate()
        .map(|(channel, &largest)| {
            let scale = (largest / 127.0).max(least.get(channel).copied().unwrap_or(0.0));
            if scale > f32::MIN_POSITIVE { scale } else { 1.0 }
        })
        .collect();
    let quantised = values
        .iter()
        .enumerate()
        .map(|(index, value)| {
            (value / scales[layout.channel(index)]).round_ties_even().clamp(-127.0, 127.0) as i8
        })
        .collect();
    ChannelWise { quantised, scales }
}

impl ChannelWise {
    /// The float values that the quantised ones stand for.
    #[must_use]
    pub fn values(&self, layout: Layout) -> Vec<f32> {
        self.quantised
            .iter()
            .enumerate()
            .map(|(index, &value)| f32::from(value) * self.scales[layout.channel(index)])
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

    #[test]
    fn channels_lie_along_the_axis() {
        let cases: [(&[i64], usize, Option<Layout>); 5] = [
            (&[8, 3, 3, 3], 0, Some(Layout { channels: 8, run: 27 })),
            (&[5, 7], 1, Some(Layout { channels: 7, run: 1 })),
            (&[5, 7], 0, Some(Layout { channels: 5, run: 7 })),
            (&[5, 7], 2, None),
            (&[5, -1], 1, None),
        ];
        for (shape, axis, layout) in cases {
            assert_eq!(Layout::of(shape, axis), layout, "{shape:?} along {axis}");
        }
    }

    #[test]
    fn each_channel_keeps_within_half_a_step_of_its_own() {
        let mut random = StdRng::seed_from_u64(3);
        let sizes = [0.001, 0.01, 0.1, 1.0, 10.0, 100.0];
        for (shape, axis) in [([6i64, 4, 3, 3].as_slice(), 0), (&[40, 6], 1)] {
            let layout = Layout::of(shape, axis).unwrap();
            let length = shape.iter().product::<i64>() as usize;
            // Channels of very different sizes: one scale for all would lose the small ones.
            let values: Vec<f32> = (0..length)
                .map(|index| random.random_range(-1.0f32..1.0) * sizes[layout.channel(index)])
                .collect();
            let quantised = quantise(&values, layout, &[]);
            assert_eq!(quantised.scales.len(), 6);
            for (index, (value, back)) in values.iter().zip(quantised.values(layout)).enumerate() {
                let scale = quantised.scales[layout.channel(index)];
                assert!((value - back).abs() <= scale * 0.5001, "{value} became {back} with scale {scale}");
            }
            for (channel, scale) in quantised.scales.iter().enumerate() {
                let expected = sizes[channel] / 127.0;
                assert!(*scale <= expected && *scale > expected / 4.0, "channel {channel} has scale {scale}");
            }
        }
    }

    #[test]
    fn silent_channels_have_a_scale_that_divides() {
        let layout = Layout { channels: 2, run: 2 };
        let quantised = quantise(&[0.0, 0.0, 1e-30, 0.0], layout, &[0.0, 0.25]);
        assert_eq!(quantised.scales, [1.0, 0.25]);
        assert_eq!(quantised.quantised, [0, 0, 0, 0]);
    }
}
