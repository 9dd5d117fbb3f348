//! A network as a list of layers, each of which reads layers before it. Batch normalisation is not in it: it is folded
//! into the convolutions when weights are loaded, as they are used frozen or fine-tuned with its statistics fixed.

/// The result of a layer, or the pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place(usize);

impl Place {
    /// The input of the network, 3 channels.
    pub const PIXELS: Self = Self(0);

    /// 0 for the pixels, then the layers in their order, from 1.
    #[must_use]
    pub fn index(self) -> usize {
        self.0
    }
}

/// What is added around a map before a convolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Padding {
    /// Rows above and below, columns left and right.
    Even([usize; 2]),
    /// `TensorFlow`'s SAME: as much as makes the result `ceil(side / stride)` long, the odd one below and to the right.
    Same,
}

impl Padding {
    /// Before and after a side of this length, on the axis `axis` (0 down, 1 across).
    #[must_use]
    pub fn around(self, axis: usize, side: usize, kernel: usize, stride: usize) -> [usize; 2] {
        match self {
            Self::Even(sides) => [sides[axis]; 2],
            Self::Same => {
                let all = ((side.div_ceil(stride).max(1) - 1) * stride + kernel).saturating_sub(side);
                [all / 2, all.div_ceil(2)]
            }
        }
    }
}

/// What bends a layer's result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// Nothing.
    None,
    /// `max(0, x)`
    Relu,
    /// `min(max(0, x), 6)`
    Relu6,
}

/// A convolution with a bias.
#[derive(Debug, Clone, PartialEq)]
pub struct Convolution {
    /// What its `weight` and `bias` are called in a run, below `encoder.`.
    pub name: String,
    /// What torchvision calls the convolution.
    pub published: String,
    /// What torchvision calls the batch normalisation after it, if there is one.
    pub normalisation: Option<String>,
    /// Channels that it reads.
    pub input: usize,
    /// Channels that it makes.
    pub output: usize,
    /// Whether each channel is filtered by itself.
    pub depthwise: bool,
    /// Down and across.
    pub kernel: [usize; 2],
    /// Down and across.
    pub stride: usize,
    /// Around its input.
    pub padding: Padding,
    /// After it.
    pub activation: Activation,
}

impl Convolution {
    /// A 1 x 1 convolution, which is no layer that torchvision publishes.
    #[must_use]
    pub fn pointwise(name: &str, input: usize, output: usize, activation: Activation) -> Self {
        Self {
            name: name.to_owned(),
            published: name.to_owned(),
            normalisation: None,
            input,
            output,
            depthwise: false,
            kernel: [1, 1],
            stride: 1,
            padding: Padding::Even([0, 0]),
            activation,
        }
    }

    /// The shape of its weight: output channels, input channels of one group, rows, columns.
    #[must_use]
    pub fn shape(&self) -> [usize; 4] {
        [self.output, if self.depthwise { 1 } else { self.input }, self.kernel[0], self.kernel[1]]
    }
}

/// What a layer does with what it reads.
#[derive(Debug, Clone, PartialEq)]
pub enum Operation {
    /// Of one input.
    Convolution(Convolution),
    /// The greatest of `kernel` x `kernel`; padding is never the greatest.
    MaximumPool {
        /// Rows and columns.
        kernel: usize,
        /// Down and across.
        stride: usize,
        /// On each side.
        padding: usize,
    },
    /// The mean of 3 x 3 around each place, zeros beyond the edge counted in.
    AveragePool,
    /// Of two inputs of one shape.
    Sum(Activation),
    /// The channels of all inputs side by side.
    Concatenation,
}

/// One layer.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    /// Unique; a convolution's own name.
    pub name: String,
    /// What it does.
    pub operation: Operation,
    /// What it reads.
    pub inputs: Vec<Place>,
    /// The group that it learns with.
    pub group: String,
}

/// A network: its last layer is what the decoder gets.
#[derive(Debug, Clone, PartialEq)]
pub struct Description {
    /// In an order in which they can be computed.
    pub layers: Vec<Layer>,
    /// Channels of the last layer.
    pub channels: usize,
    /// What batch normalisation adds to a variance.
    pub epsilon: f64,
}

impl Description {
    /// Groups of layers that are fine-tuned together, from the pixels on.
    #[must_use]
    pub fn groups(&self) -> Vec<&str> {
        let mut groups: Vec<&str> = Vec::new();
        for layer in &self.layers {
            if !groups.contains(&layer.group.as_str()) {
                groups.push(&layer.group);
            }
        }
        groups
    }

    /// Its convolutions, each with its group.
    pub fn convolutions(&self) -> impl Iterator<Item = (&Convolution, &str)> {
        self.layers.iter().filter_map(|layer| match &layer.operation {
            Operation::Convolution(convolution) => Some((convolution, layer.group.as_str())),
            _ => None,
        })
    }

    /// The name of the last layer.
    #[must_use]
    pub fn last(&self) -> &str {
        self.layers.last().map_or("", |layer| layer.name.as_str())
    }

    /// Rows and columns of the last layer for square pictures of this side.
    #[must_use]
    pub fn places(&self, side: usize) -> [usize; 2] {
        let mut sizes = vec![[side; 2]];
        for layer in &self.layers {
            let before = layer.inputs.first().and_then(|input| sizes.get(input.0)).copied().unwrap_or([0; 2]);
            sizes.push(layer.operation.size(before));
        }
        sizes.last().copied().unwrap_or([0; 2])
    }
}

impl Operation {
    /// Rows and columns of the result where the input has so many.
    #[must_use]
    pub fn size(&self, [rows, columns]: [usize; 2]) -> [usize; 2] {
        let along = |side: usize, kernel: usize, stride: usize, padding: [usize; 2]| {
            (side + padding[0] + padding[1]).saturating_sub(kernel) / stride + 1
        };
        match self {
            Self::Convolution(layer) => {
                let along = |axis: usize, side: usize| {
                    let padding = layer.padding.around(axis, side, layer.kernel[axis], layer.stride);
                    along(side, layer.kernel[axis], layer.stride, padding)
                };
                [along(0, rows), along(1, columns)]
            }
            Self::MaximumPool { kernel, stride, padding } => {
                [rows, columns].map(|side| along(side, *kernel, *stride, [*padding; 2]))
            }
            Self::AveragePool | Self::Sum(_) | Self::Concatenation => [rows, columns],
        }
    }
}

/// How a convolution is laid out, beyond its names and channels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    pub(super) kernel: [usize; 2],
    pub(super) stride: usize,
    pub(super) padding: Padding,
    pub(super) depthwise: bool,
    pub(super) activation: Activation,
}

impl Shape {
    /// A square kernel at stride 1 whose result is as large as its input, and a `ReLU`.
    pub(super) const fn square(kernel: usize) -> Self {
        Self {
            kernel: [kernel; 2],
            stride: 1,
            padding: Padding::Even([kernel / 2; 2]),
            depthwise: false,
            activation: Activation::Relu,
        }
    }
}

/// Names of a convolution: the run's, and torchvision's of it and of its batch normalisation.
pub(super) struct Names {
    pub(super) own: String,
    pub(super) published: String,
    pub(super) normalisation: Option<String>,
}

/// Puts a description together, layer by layer.
pub(super) struct Builder {
    width: f64,
    group: String,
    layers: Vec<Layer>,
    /// Of each place.
    channels: Vec<usize>,
}

impl Builder {
    /// `width`: the share of the published channels.
    pub(super) fn new(width: f64) -> Self {
        Self { width, group: String::new(), layers: Vec::new(), channels: vec![3] }
    }

    /// The group of the layers from here on.
    pub(super) fn group(&mut self, name: impl Into<String>) {
        self.group = name.into();
    }

    pub(super) fn channels(&self, place: Place) -> usize {
        self.channels[place.0]
    }

    /// `output` published channels; a depthwise convolution keeps those of its input.
    pub(super) fn convolution(&mut self, input: Place, names: Names, output: usize, shape: Shape) -> Place {
        let Names { own, published, normalisation } = names;
        let Shape { kernel, stride, padding, depthwise, activation } = shape;
        let channels = self.channels(input);
        let output = if depthwise { channels } else { self.scaled(output) };
        let convolution = Convolution {
            name: own.clone(),
            published,
            normalisation,
            input: channels,
            output,
            depthwise,
            kernel,
            stride,
            padding,
            activation,
        };
        self.add(own, Operation::Convolution(convolution), vec![input], output)
    }

    pub(super) fn maximum_pool(
        &mut self,
        input: Place,
        name: &str,
        kernel: usize,
        stride: usize,
        padding: usize,
    ) -> Place {
        let channels = self.channels(input);
        let pool = Operation::MaximumPool { kernel, stride, padding };
        self.add(name.to_owned(), pool, vec![input], channels)
    }

    pub(super) fn average_pool(&mut self, input: Place, name: &str) -> Place {
        let channels = self.channels(input);
        self.add(name.to_owned(), Operation::AveragePool, vec![input], channels)
    }

    pub(super) fn sum(&mut self, inputs: [Place; 2], name: &str, activation: Activation) -> Place {
        let channels = self.channels(inputs[0]);
        self.add(name.to_owned(), Operation::Sum(activation), inputs.to_vec(), channels)
    }

    pub(super) fn concatenation(&mut self, inputs: &[Place], name: &str) -> Place {
        let channels = inputs.iter().map(|input| self.channels(*input)).sum();
        self.add(name.to_owned(), Operation::Concatenation, inputs.to_vec(), channels)
    }

    /// The network that ends in the last layer. `epsilon`: of its batch normalisation.
    pub(super) fn finish(self, epsilon: f64) -> Description {
        let channels = self.channels.last().copied().unwrap_or(3);
        Description { layers: self.layers, channels, epsilon }
    }

    fn scaled(&self, channels: usize) -> usize {
        ((channels as f64 * self.width).round() as usize).max(1)
    }

    fn add(&mut self, name: String, operation: Operation, inputs: Vec<Place>, channels: usize) -> Place {
        self.layers.push(Layer { name, operation, inputs, group: self.group.clone() });
        self.channels.push(channels);
        Place(self.layers.len())
    }
}
