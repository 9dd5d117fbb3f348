//! VGG-16 (Simonyan and Zisserman 2015, "Very Deep Convolutional Networks for Large-Scale Image Recognition", column D),
//! without its classifier. Its own names are torchvision's; its groups are the five blocks between poolings.

use super::Features;
use super::description::{Builder, Description, Names, Place, Shape};

/// Convolutions and channels of each block.
const BLOCKS: [(usize, usize); 5] = [(2, 64), (2, 128), (3, 256), (3, 512), (3, 512)];

pub(super) fn description(width: f64, features: Features) -> Description {
    let mut builder = Builder::new(width);
    let mut map = Place::PIXELS;
    // torchvision counts convolutions, activations and poolings.
    let mut number = 0;
    for (block, (convolutions, channels)) in BLOCKS.into_iter().enumerate() {
        builder.group(format!("block{}", block + 1));
        for _ in 0..convolutions {
            let name = format!("features.{number}");
            let names = Names { own: name.clone(), published: name, normalisation: None };
            map = builder.convolution(map, names, channels, Shape::square(3));
            number += 2;
        }
        if block + 1 < BLOCKS.len() || features == Features::Global {
            map = builder.maximum_pool(map, &format!("pool{}", block + 1), 2, 2, 0);
            number += 1;
        }
    }
    builder.finish(0.0)
}
