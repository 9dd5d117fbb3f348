//! The end of the encoder's graph: from its last map to what the decoder takes, once a picture.

use ndarray::Axis;

use super::{
    cells::{self, Before},
    design::Design,
    layers::{linear, product},
    sizes::Sizes,
    weights::{Weights, WeightsError},
};
use crate::experiment::DecoderKind;
use crate::onnx::{Graph, int_attribute, ints_attribute};

/// Adds what a decoder without attention takes, from the mean of the last map: `[1, channels]` at `mean`.
pub fn of_picture(
    graph: &mut Graph,
    weights: &Weights,
    (design, sizes): (&Design, &Sizes),
    (mean, channels): (&str, usize),
) -> Result<(), WeightsError> {
    let &Sizes { feature, hidden, embedding, .. } = sizes;
    let projected =
        linear(graph, weights, "decoder.feature_projection", [feature, channels], mean, "picture.linear")?;
    let picture = graph.node("Relu", &[&projected], "picture", Vec::new());
    if design.decoder.kind == DecoderKind::Merge {
        let deep = weights.matrix("decoder.deep.weight", Some(embedding), Some(hidden + feature))?;
        let (_, of_context) = deep.view().split_at(Axis(1), hidden);
        let image = product(graph, "decoder.deep.context", &of_context, &picture);
        graph.node("Identity", &[&image], "image", Vec::new());
        for state in design.states() {
            let zeros = graph.constant(&format!("{state}.zeros"), &[1, hidden], &vec![0.0; hidden]);
            graph.node("Identity", &[&zeros], &state, Vec::new());
        }
    } else if design.first_input() {
        let image = linear(graph, weights, "decoder.image", [embedding, feature], &picture, "image.input")?;
        let inputs = [("word", image.as_str(), embedding)];
        cells::step(graph, weights, (design, sizes), &inputs, Before::Nothing, &|state| state.to_owned())?;
    } else {
        initial_states(graph, weights, (design, sizes), &picture)?;
    }
    Ok(())
}

/// Adds what the attention takes, from projected features `[1, places, feature size]` at `features`.
pub fn of_places(
    graph: &mut Graph,
    weights: &Weights,
    (design, sizes): (&Design, &Sizes),
    features: &str,
) -> Result<(), WeightsError> {
    linear(graph, weights, "decoder.key", [sizes.attention, sizes.feature], features, "keys")?;
    let over_places = vec![ints_attribute("axes", &[1]), int_attribute("keepdims", 0)];
    let mean = graph.node("ReduceMean", &[features], "features.mean", over_places);
    initial_states(graph, weights, (design, sizes), &mean)
}

/// What the cells start from: a bent product of the picture's vector for each state.
fn initial_states(
    graph: &mut Graph,
    weights: &Weights,
    (design, sizes): (&Design, &Sizes),
    picture: &str,
) -> Result<(), WeightsError> {
    for state in design.states() {
        let path = format!("decoder.initial_{state}");
        let shape = [sizes.hidden, sizes.feature];
        let inner = linear(graph, weights, &path, shape, picture, &format!("{path}.linear"))?;
        graph.node("Tanh", &[&inner], &state, Vec::new());
    }
    Ok(())
}
