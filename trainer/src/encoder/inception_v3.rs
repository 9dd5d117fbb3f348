//! Inception v3 (Szegedy et al. 2016, "Rethinking the Inception Architecture for Computer Vision"), as torchvision lays it
//! out. Its own names are torchvision's without `.conv`; its groups are the stem and the eleven mixed blocks.

use super::description::{Builder, Description, Names, Padding, Place, Shape};

pub(super) fn description(width: f64) -> Description {
    let mut writer = Writer { builder: Builder::new(width), path: String::new() };
    writer.builder.group("stem");
    let shrinking = Shape { stride: 2, ..UNPADDED };
    let mut map = writer.convolution(Place::PIXELS, "Conv2d_1a_3x3", 32, shrinking);
    map = writer.convolution(map, "Conv2d_2a_3x3", 32, UNPADDED);
    map = writer.convolution(map, "Conv2d_2b_3x3", 64, Shape::square(3));
    map = writer.builder.maximum_pool(map, "maxpool1", 3, 2, 0);
    map = writer.convolution(map, "Conv2d_3b_1x1", 80, Shape::square(1));
    map = writer.convolution(map, "Conv2d_4a_3x3", 192, UNPADDED);
    map = writer.builder.maximum_pool(map, "maxpool2", 3, 2, 0);
    for (name, pooled) in [("Mixed_5b", 32), ("Mixed_5c", 64), ("Mixed_5d", 64)] {
        map = writer.block(name, |writer| writer.block_a(map, pooled));
    }
    map = writer.block("Mixed_6a", |writer| writer.block_b(map));
    for (name, channels) in [("Mixed_6b", 128), ("Mixed_6c", 160), ("Mixed_6d", 160), ("Mixed_6e", 192)] {
        map = writer.block(name, |writer| writer.block_c(map, channels));
    }
    map = writer.block("Mixed_7a", |writer| writer.block_d(map));
    for name in ["Mixed_7b", "Mixed_7c"] {
        map = writer.block(name, |writer| writer.block_e(map));
    }
    writer.builder.finish(1e-3)
}

const UNPADDED: Shape = Shape { padding: Padding::Even([0, 0]), ..Shape::square(3) };

/// A kernel of one row or one column.
const fn line(down: usize, across: usize) -> Shape {
    Shape { kernel: [down, across], padding: Padding::Even([down / 2, across / 2]), ..Shape::square(1) }
}

struct Writer {
    builder: Builder,
    /// Before the names of a block's layers.
    path: String,
}

impl Writer {
    fn block(&mut self, name: &str, write: impl FnOnce(&mut Self) -> Place) -> Place {
        self.builder.group(name);
        self.path = format!("{name}.");
        let map = write(self);
        self.path.clear();
        map
    }

    fn convolution(&mut self, input: Place, name: &str, channels: usize, shape: Shape) -> Place {
        let own = format!("{}{name}", self.path);
        let (published, normalisation) = (format!("{own}.conv"), Some(format!("{own}.bn")));
        self.builder.convolution(input, Names { own, published, normalisation }, channels, shape)
    }

    /// Convolutions one after the other.
    fn chain(&mut self, input: Place, layers: &[(&str, usize, Shape)]) -> Place {
        layers
            .iter()
            .fold(input, |map, (name, channels, shape)| self.convolution(map, name, *channels, *shape))
    }

    fn pooled(&mut self, input: Place, channels: usize) -> Place {
        let pooled = self.builder.average_pool(input, &format!("{}pool", self.path));
        self.convolution(pooled, "branch_pool", channels, Shape::square(1))
    }

    fn joined(&mut self, branches: &[Place], name: &str) -> Place {
        self.builder.concatenation(branches, &format!("{}{name}", self.path))
    }

    fn block_a(&mut self, map: Place, pooled: usize) -> Place {
        let one = self.convolution(map, "branch1x1", 64, Shape::square(1));
        let five =
            self.chain(map, &[("branch5x5_1", 48, Shape::square(1)), ("branch5x5_2", 64, Shape::square(5))]);
        let three = self.chain(
            map,
            &[
                ("branch3x3dbl_1", 64, Shape::square(1)),
                ("branch3x3dbl_2", 96, Shape::square(3)),
                ("branch3x3dbl_3", 96, Shape::square(3)),
            ],
        );
        let pool = self.pooled(map, pooled);
        self.joined(&[one, five, three, pool], "joined")
    }

    fn block_b(&mut self, map: Place) -> Place {
        let shrinking = Shape { stride: 2, ..UNPADDED };
        let three = self.convolution(map, "branch3x3", 384, shrinking);
        let double = self.chain(
            map,
            &[
                ("branch3x3dbl_1", 64, Shape::square(1)),
                ("branch3x3dbl_2", 96, Shape::square(3)),
                ("branch3x3dbl_3", 96, shrinking),
            ],
        );
        let pool = self.builder.maximum_pool(map, &format!("{}pool", self.path), 3, 2, 0);
        self.joined(&[three, double, pool], "joined")
    }

    fn block_c(&mut self, map: Place, channels: usize) -> Place {
        let one = self.convolution(map, "branch1x1", 192, Shape::square(1));
        let seven = self.chain(
            map,
            &[
                ("branch7x7_1", channels, Shape::square(1)),
                ("branch7x7_2", channels, line(1, 7)),
                ("branch7x7_3", 192, line(7, 1)),
            ],
        );
        let double = self.chain(
            map,
            &[
                ("branch7x7dbl_1", channels, Shape::square(1)),
                ("branch7x7dbl_2", channels, line(7, 1)),
                ("branch7x7dbl_3", channels, line(1, 7)),
                ("branch7x7dbl_4", channels, line(7, 1)),
                ("branch7x7dbl_5", 192, line(1, 7)),
            ],
        );
        let pool = self.pooled(map, 192);
        self.joined(&[one, seven, double, pool], "joined")
    }

    fn block_d(&mut self, map: Place) -> Place {
        let shrinking = Shape { stride: 2, ..UNPADDED };
        let three =
            self.chain(map, &[("branch3x3_1", 192, Shape::square(1)), ("branch3x3_2", 320, shrinking)]);
        let seven = self.chain(
            map,
            &[
                ("branch7x7x3_1", 192, Shape::square(1)),
                ("branch7x7x3_2", 192, line(1, 7)),
                ("branch7x7x3_3", 192, line(7, 1)),
                ("branch7x7x3_4", 192, shrinking),
            ],
        );
        let pool = self.builder.maximum_pool(map, &format!("{}pool", self.path), 3, 2, 0);
        self.joined(&[three, seven, pool], "joined")
    }

    fn block_e(&mut self, map: Place) -> Place {
        let one = self.convolution(map, "branch1x1", 320, Shape::square(1));
        let three = self.convolution(map, "branch3x3_1", 384, Shape::square(1));
        let sides = [("branch3x3_2a", line(1, 3)), ("branch3x3_2b", line(3, 1))]
            .map(|(name, shape)| self.convolution(three, name, 384, shape));
        let three = self.joined(&sides, "branch3x3");
        let double = self.chain(
            map,
            &[("branch3x3dbl_1", 448, Shape::square(1)), ("branch3x3dbl_2", 384, Shape::square(3))],
        );
        let sides = [("branch3x3dbl_3a", line(1, 3)), ("branch3x3dbl_3b", line(3, 1))]
            .map(|(name, shape)| self.convolution(double, name, 384, shape));
        let double = self.joined(&sides, "branch3x3dbl");
        let pool = self.pooled(map, 192);
        self.joined(&[one, three, double, pool], "joined")
    }
}
