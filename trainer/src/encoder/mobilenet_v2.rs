//! `MobileNetV2` 1.0 (Sandler et al. 2018, table 2), its batch normalisation folded into the convolutions.
//!
//! Padding is TensorFlow's SAME, which the shared weights were trained with: at stride 2 an even side is padded by one
//! row below and one column to the right.

use tch::{Tensor, nn};

/// Channels of the features.
pub const FEATURES: i64 = 1280;

/// Expansion, output channels, repeats and first stride of each row of the paper's table 2.
const ROWS: [(i64, i64, usize, i64); 7] = [
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
];

/// The network without its classifier.
#[derive(Debug)]
pub struct MobileNetV2 {
    stem: Convolution,
    blocks: Vec<Block>,
    head: Convolution,
}

impl MobileNetV2 {
    /// Declares the weights below `path`, under the names of the shared weights: `stem`, `blocks.N.expand`, … `head`.
    #[must_use]
    pub fn new(path: &nn::Path<'_>) -> Self {
        let stem = Convolution::new(&(path / "stem"), 3, 32, 3, 2, 1, true);
        let mut blocks = Vec::new();
        let mut channels = 32;
        for (expansion, output, repeats, first_stride) in ROWS {
            for repeat in 0..repeats {
                let stride = if repeat == 0 { first_stride } else { 1 };
                let block_path = path / "blocks" / blocks.len();
                blocks.push(Block::new(&block_path, channels, expansion, output, stride));
                channels = output;
            }
        }
        let head = Convolution::new(&(path / "head"), channels, FEATURES, 1, 1, 1, true);
        Self { stem, blocks, head }
    }

    /// Features of pictures.
    ///
    /// `pixels`: `[pictures, 3, 224, 224]` in -1..=1. Result: `[pictures, 49, 1280]` in 0..=6, places row by row.
    pub fn features(&self, pixels: &Tensor) -> Tensor {
        // Channels last: twice as fast on a CPU as the layout that the pixels come in.
        let mut activation =
            self.stem.forward(&pixels.permute([0, 2, 3, 1]).contiguous().permute([0, 3, 1, 2]));
        for block in &self.blocks {
            activation = block.forward(&activation);
        }
        self.head.forward(&activation).permute([0, 2, 3, 1]).flatten(1, 2)
    }
}

#[derive(Debug)]
struct Block {
    expand: Option<Convolution>,
    depthwise: Convolution,
    project: Convolution,
    residual: bool,
}

impl Block {
    fn new(path: &nn::Path<'_>, input: i64, expansion: i64, output: i64, stride: i64) -> Self {
        let hidden = input * expansion;
        Self {
            expand: (expansion != 1)
                .then(|| Convolution::new(&(path / "expand"), input, hidden, 1, 1, 1, true)),
            depthwise: Convolution::new(&(path / "depthwise"), hidden, hidden, 3, stride, hidden, true),
            project: Convolution::new(&(path / "project"), hidden, output, 1, 1, 1, false),
            residual: stride == 1 && input == output,
        }
    }

    fn forward(&self, input: &Tensor) -> Tensor {
        let expanded = self.expand.as_ref().map(|expand| expand.forward(input));
        let filtered = self.depthwise.forward(expanded.as_ref().unwrap_or(input));
        let projected = self.project.forward(&filtered);
        if self.residual { projected + input } else { projected }
    }
}

#[derive(Debug)]
struct Convolution {
    weight: Tensor,
    bias: Tensor,
    kernel: i64,
    stride: i64,
    groups: i64,
    activated: bool,
}

impl Convolution {
    fn new(
        path: &nn::Path<'_>,
        input: i64,
        output: i64,
        kernel: i64,
        stride: i64,
        groups: i64,
        activated: bool,
    ) -> Self {
        let weight = path.kaiming_normal("weight", &[output, input / groups, kernel, kernel]);
        Self { weight, bias: path.zeros("bias", &[output]), kernel, stride, groups, activated }
    }

    fn forward(&self, input: &Tensor) -> Tensor {
        let strided = self.stride == 2;
        let padded = if strided { input.constant_pad_nd([0, 1, 0, 1]) } else { input.shallow_clone() };
        let padding = if strided { 0 } else { self.kernel / 2 };
        let output = padded.conv2d(
            &self.weight,
            Some(&self.bias),
            [self.stride, self.stride],
            [padding, padding],
            [1, 1],
            self.groups,
        );
        // `relu6` and not `clamp`: its backward pass is vectorised, and training is twice as fast.
        if self.activated { output.relu6() } else { output }
    }
}
