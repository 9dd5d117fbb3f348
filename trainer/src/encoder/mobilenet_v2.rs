//! `MobileNetV2` 1.0 (Sandler et al. 2018, "`MobileNetV2`: Inverted Residuals and Linear Bottlenecks", table 2).
//!
//! Its own names are those of the shared weights, `stem`, `blocks.N.expand`, … `head`, and each block is a group.

use super::PaddingStyle;
use super::description::{Activation, Builder, Description, Names, Padding, Place, Shape};
use super::inverted_residual::InvertedResidual;

/// Expansion, output channels, repeats and first stride of each row of the paper's table 2.
const ROWS: [(usize, usize, usize, usize); 7] = [
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
];

pub(super) fn description(width: f64, padding: PaddingStyle) -> Description {
    let padding = match padding {
        PaddingStyle::TensorFlow => Padding::Same,
        PaddingStyle::Torchvision => Padding::Even([1, 1]),
    };
    let wide = Shape { padding, activation: Activation::Relu6, ..Shape::square(3) };
    let narrow = Shape { activation: Activation::Relu6, ..Shape::square(1) };
    let mut builder = Builder::new(width);
    builder.group("stem");
    let mut map = builder.convolution(
        Place::PIXELS,
        names("stem".to_owned(), "features.0.0", "features.0.1"),
        32,
        Shape { stride: 2, ..wide },
    );
    let (mut block, mut published_channels) = (0, 32);
    for (expansion, output, repeats, first_stride) in ROWS {
        for repeat in 0..repeats {
            let stride = if repeat == 0 { first_stride } else { 1 };
            let own = format!("blocks.{block}");
            let published = format!("features.{}.conv", block + 1);
            let residual = InvertedResidual {
                input: published_channels,
                output,
                expansion,
                filter: Shape { stride, ..wide },
            };
            // A block that does not widen has one part less before the others.
            let filter = usize::from(expansion > 1);
            map = residual.build(&mut builder, map, &own, |part| {
                let [convolution, normalisation] = match part {
                    "expand" => ["0.0".to_owned(), "0.1".to_owned()],
                    "depthwise" => [format!("{filter}.0"), format!("{filter}.1")],
                    _ => [format!("{}", filter + 1), format!("{}", filter + 2)],
                };
                names(
                    format!("{own}.{part}"),
                    &format!("{published}.{convolution}"),
                    &format!("{published}.{normalisation}"),
                )
            });
            published_channels = output;
            block += 1;
        }
    }
    builder.group("head");
    builder.convolution(map, names("head".to_owned(), "features.18.0", "features.18.1"), 1280, narrow);
    builder.finish(1e-5)
}

fn names(own: String, convolution: &str, normalisation: &str) -> Names {
    Names { own, published: convolution.to_owned(), normalisation: Some(normalisation.to_owned()) }
}
