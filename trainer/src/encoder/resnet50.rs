//! ResNet-50 (He et al. 2016, "Deep Residual Learning for Image Recognition", table 1), with the stride of a block on its
//! 3 x 3 convolution, as torchvision has it. Its own names are torchvision's; its groups are the stem and the four stages.

use super::description::{Activation, Builder, Description, Names, Padding, Place, Shape};

/// Blocks and inner channels of each stage; a block gives four times as many channels.
const STAGES: [(usize, usize); 4] = [(3, 64), (4, 128), (6, 256), (3, 512)];

pub(super) fn description(width: f64) -> Description {
    let mut builder = Builder::new(width);
    builder.group("stem");
    let stem = Shape { stride: 2, padding: Padding::Even([3, 3]), ..Shape::square(7) };
    let mut map = builder.convolution(Place::PIXELS, names("", "conv1", "bn1"), 64, stem);
    map = builder.maximum_pool(map, "maxpool", 3, 2, 1);
    for (stage, (blocks, channels)) in STAGES.into_iter().enumerate() {
        builder.group(format!("layer{}", stage + 1));
        for block in 0..blocks {
            let path = format!("layer{}.{block}.", stage + 1);
            let stride = if stage > 0 && block == 0 { 2 } else { 1 };
            let linear = Shape { activation: Activation::None, ..Shape::square(1) };
            let mut inside =
                builder.convolution(map, names(&path, "conv1", "bn1"), channels, Shape::square(1));
            inside = builder.convolution(
                inside,
                names(&path, "conv2", "bn2"),
                channels,
                Shape { stride, ..Shape::square(3) },
            );
            inside = builder.convolution(inside, names(&path, "conv3", "bn3"), 4 * channels, linear);
            let around = if block == 0 {
                let names = names(&path, "downsample.0", "downsample.1");
                builder.convolution(map, names, 4 * channels, Shape { stride, ..linear })
            } else {
                map
            };
            map = builder.sum([inside, around], &format!("{path}sum"), Activation::Relu);
        }
    }
    builder.finish(1e-5)
}

fn names(path: &str, convolution: &str, normalisation: &str) -> Names {
    let convolution = format!("{path}{convolution}");
    Names {
        own: convolution.clone(),
        published: convolution,
        normalisation: Some(format!("{path}{normalisation}")),
    }
}
