//! How the picture comes into a decoder: looked at anew for each word, put into the cells before the first one, or merged
//! with what they say.

use tch::{Kind, Tensor, nn};

use super::cells::Cells;
use super::{Context, Linear};
use crate::experiment::{DecoderChoice, DecoderKind, ImageInput, of_layer};

/// What of a decoder reads the picture.
#[derive(Debug)]
pub(super) enum Sight {
    Attend(Attend),
    Inject(Inject),
    Merge(Merge),
}

impl Sight {
    pub(super) fn new(path: &nn::Path<'_>, input_size: i64, choice: &DecoderChoice) -> Self {
        let projection = Linear::new(&(path / "feature_projection"), input_size, choice.feature_size);
        match choice.kind {
            DecoderKind::Attend => Self::Attend(Attend::new(path, projection, choice)),
            DecoderKind::Inject => Self::Inject(Inject::new(path, projection, choice)),
            DecoderKind::Merge => Self::Merge(Merge { projection, size: choice.feature_size }),
        }
    }

    /// `[pictures, places, input_size]` to `[pictures, places, feature_size]`, at least 0.
    pub(super) fn project(&self, features: &Tensor) -> Tensor {
        let projection = match self {
            Self::Attend(Attend { projection, .. })
            | Self::Inject(Inject { projection, .. })
            | Self::Merge(Merge { projection, .. }) => projection,
        };
        projection.forward(features).relu()
    }

    /// Numbers of the picture that come beside each word.
    pub(super) fn size_at_each_word(&self) -> i64 {
        if let Self::Attend(attend) = self { attend.size } else { 0 }
    }

    /// Numbers of the picture that meet the cells' state in the dense layer, the same for all words.
    pub(super) fn size_of_picture(&self) -> i64 {
        if let Self::Merge(merge) = self { merge.size } else { 0 }
    }
}

/// What the cells start from, each state a bent product of the picture's vector.
fn initial(path: &nn::Path<'_>, choice: &DecoderChoice) -> Vec<Linear> {
    let layers =
        (0..choice.layers).flat_map(|layer| choice.cell.states().iter().map(move |state| (layer, state)));
    let linear = |(layer, state): (usize, &&str)| {
        let name = of_layer(&format!("initial_{state}"), layer);
        Linear::new(&(path / name.as_str()), choice.feature_size, choice.hidden_size)
    };
    layers.map(linear).collect()
}

fn started(initial: &[Linear], image: &Tensor) -> Vec<Tensor> {
    initial.iter().map(|linear| linear.forward(image).tanh()).collect()
}

/// Soft attention (Xu et al. 2015, section 4.2) with the vector gate of its reference implementations: the last layer's
/// hidden state asks, each place answers, and the cells get the mean of the features by the softmax of the answers.
#[derive(Debug)]
pub(super) struct Attend {
    projection: Linear,
    size: i64,
    key: Linear,
    initial: Vec<Linear>,
    query: Linear,
    energy: Tensor,
    gate: Linear,
}

impl Attend {
    fn new(path: &nn::Path<'_>, projection: Linear, choice: &DecoderChoice) -> Self {
        let &DecoderChoice { feature_size, hidden_size, attention_size, .. } = choice;
        let linear = |name: &str, input, output| Linear::new(&(path / name), input, output);
        Self {
            projection,
            size: feature_size,
            key: linear("key", feature_size, attention_size),
            initial: initial(path, choice),
            query: linear("query", hidden_size, attention_size),
            energy: (path / "attention").uniform("weight", &[1, attention_size], -0.06, 0.06),
            gate: linear("gate", hidden_size, feature_size),
        }
    }

    pub(super) fn context(&self, features: Tensor) -> Context {
        let mean = features.mean_dim(1i64, false, Kind::Float);
        let keys = self.key.forward(&features);
        Context { given: vec![features, keys], state: started(&self.initial, &mean) }
    }

    /// What of the picture matters for the next word, `[rows, feature_size]`, and how much each place, `[rows, places]`.
    pub(super) fn look(&self, given: &[Tensor], hidden: &Tensor) -> (Tensor, Tensor) {
        let [features, keys] = [&given[0], &given[1]];
        let query = self.query.forward(hidden).unsqueeze(1);
        let energy = (keys + query).tanh().matmul(&self.energy.view([-1]));
        let attention = energy.softmax(-1, Kind::Float);
        let seen = attention.unsqueeze(1).bmm(features).squeeze_dim(1);
        (self.gate.forward(hidden).sigmoid() * seen, attention)
    }
}

/// The picture before the first word.
#[derive(Debug)]
pub(super) struct Inject {
    projection: Linear,
    way: Way,
}

#[derive(Debug)]
enum Way {
    /// From the picture's vector to something like a word's.
    FirstInput(Linear),
    InitialState(Vec<Linear>),
}

impl Inject {
    fn new(path: &nn::Path<'_>, projection: Linear, choice: &DecoderChoice) -> Self {
        let way = match choice.image() {
            ImageInput::FirstInput => {
                Way::FirstInput(Linear::new(&(path / "image"), choice.feature_size, choice.embedding_size))
            }
            ImageInput::InitialState => Way::InitialState(initial(path, choice)),
        };
        Self { projection, way }
    }

    /// The cells' state before the first word. `image`: `[rows, feature_size]`.
    pub(super) fn state(&self, image: &Tensor, cells: &Cells) -> Vec<Tensor> {
        match &self.way {
            Way::FirstInput(linear) => {
                let zeros = cells.zeros(image.size()[0], image.device());
                cells.step(&cells.gates_of(&linear.forward(image)), &zeros)
            }
            Way::InitialState(initial) => started(initial, image),
        }
    }
}

/// The picture beside the cells.
#[derive(Debug)]
pub(super) struct Merge {
    projection: Linear,
    size: i64,
}
