//! The block that `MobileNetV2` and `EfficientNet`-Lite are made of (Sandler et al. 2018, figure 3b): widen, filter each channel
//! by itself, narrow without bending, and add what came in where the shapes allow.

use super::description::{Activation, Builder, Names, Place, Shape};

/// One block, by its published channels.
pub(super) struct InvertedResidual {
    pub(super) input: usize,
    pub(super) output: usize,
    /// How many times as many channels it has inside; a block of 1 does not widen.
    pub(super) expansion: usize,
    /// Of the filter of each channel; its stride is the block's.
    pub(super) filter: Shape,
}

impl InvertedResidual {
    /// Puts it behind `map`, in a group of its own name `own`. `names` takes `expand`, `depthwise` or `project`.
    pub(super) fn build(
        &self,
        builder: &mut Builder,
        map: Place,
        own: &str,
        names: impl Fn(&str) -> Names,
    ) -> Place {
        let narrow = |activation| Shape { activation, ..Shape::square(1) };
        builder.group(own);
        let mut inside = map;
        if self.expansion > 1 {
            let channels = self.input * self.expansion;
            inside = builder.convolution(inside, names("expand"), channels, narrow(Activation::Relu6));
        }
        let filter = Shape { depthwise: true, ..self.filter };
        inside = builder.convolution(inside, names("depthwise"), 0, filter);
        inside = builder.convolution(inside, names("project"), self.output, narrow(Activation::None));
        if self.filter.stride == 1 && self.input == self.output {
            builder.sum([inside, map], &format!("{own}.sum"), Activation::None)
        } else {
            inside
        }
    }
}
