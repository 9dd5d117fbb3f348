//! One step of a decoder as a graph, written out in plain operators.
//!
//! `rows` is the number of sentences that are continued at once. The context has one row, for all of them. Where a
//! matrix meets several tensors put side by side, it is cut: each part then has a range of its own when it is quantised.

use ndarray::Axis;

use super::{
    cells::{self, Before},
    design::Design,
    layers::{linear, product, sum},
    sizes::{Sizes, TABLE},
    weights::{Weights, WeightsError},
};
use crate::experiment::{DecoderKind, of_layer};
use crate::onnx::{Dimension, Element, Graph, int_attribute, ints_attribute, messages::ModelProto};

const ROWS: Dimension = Dimension::Named("rows");

/// Writes the decoder: inputs `token` i64 `[rows]`, the context as the encoder gives it, and the state, `[rows, hidden
/// size]` each; outputs `logits` `[rows, vocabulary]`, `next_hidden`, `next_cell`, …, and `attention` `[rows, places]` of a
/// decoder that looks.
pub fn decoder(weights: &Weights, design: &Design, sizes: &Sizes) -> Result<ModelProto, WeightsError> {
    let mut graph = Graph::new("decoder");
    graph.input("token", Element::I64, &[ROWS]);
    for (name, shape) in design.context(sizes) {
        let shape: Vec<Dimension> = shape.into_iter().map(Dimension::Fixed).collect();
        graph.input(name, Element::F32, &shape);
    }
    for state in design.states() {
        graph.input(&state, Element::F32, &[ROWS, sizes.hidden.into()]);
    }

    let writer = &mut Writer { graph: &mut graph, weights, design, sizes };
    let table = writer.table()?;
    let word = writer.word(&table);
    let context = match design.decoder.kind {
        DecoderKind::Attend => Some(writer.context()?),
        DecoderKind::Inject | DecoderKind::Merge => None,
    };
    let hidden = writer.cells(&word, context.as_deref())?;
    writer.logits(&table, &hidden, context.as_deref())?;

    graph.output("logits", &[ROWS, sizes.vocabulary.into()]);
    for state in design.states() {
        graph.output(&format!("next_{state}"), &[ROWS, sizes.hidden.into()]);
    }
    if context.is_some() {
        graph.output("attention", &[ROWS, sizes.places.into()]);
    }
    Ok(graph.into_model())
}

struct Writer<'a> {
    graph: &'a mut Graph,
    weights: &'a Weights,
    design: &'a Design,
    sizes: &'a Sizes,
}

impl Writer<'_> {
    /// The words' vectors, one a column: as the logits want them, and held once.
    fn table(&mut self) -> Result<String, WeightsError> {
        let &Sizes { vocabulary, embedding, .. } = self.sizes;
        let table = self.weights.matrix(TABLE, Some(vocabulary), Some(embedding))?;
        let columns: Vec<f32> = table.t().iter().copied().collect();
        Ok(self.graph.constant(TABLE, &[embedding, vocabulary], &columns))
    }

    fn word(&mut self, table: &str) -> String {
        let columns =
            self.graph.node("Gather", &[table, "token"], "word.column", vec![int_attribute("axis", 1)]);
        self.graph.node("Transpose", &[&columns], "word", vec![ints_attribute("perm", &[1, 0])])
    }

    /// What of the picture matters for the next word, [rows, feature size] (Xu et al. 2015).
    fn context(&mut self) -> Result<String, WeightsError> {
        let (&Sizes { feature, attention, hidden, .. }, weights) = (self.sizes, self.weights);
        let asking = of_layer("hidden", self.design.decoder.layers.saturating_sub(1));
        let graph = &mut *self.graph;
        let middle = graph.integers("axis.middle", &[1]);
        let first = graph.integers("axis.first", &[0]);
        let last = graph.integers("axis.last", &[2]);

        let query = linear(graph, weights, "decoder.query", [attention, hidden], &asking, "query")?;
        let query = graph.node("Unsqueeze", &[&query, &middle], "query.everywhere", Vec::new());
        let compared = graph.node("Add", &["keys", &query], "energy.sum", Vec::new());
        let bent = graph.node("Tanh", &[&compared], "energy.tanh", Vec::new());
        let weight = weights.matrix("decoder.attention.weight", Some(1), Some(attention))?;
        let energy = product(graph, "decoder.attention", &weight.view(), &bent);
        let energy = graph.node("Squeeze", &[&energy, &last], "energy", Vec::new());
        let alpha = graph.node("Softmax", &[&energy], "attention", vec![int_attribute("axis", -1)]);

        let features = graph.node("Squeeze", &["features", &first], "features.places", Vec::new());
        let seen = graph.node("MatMul", &[&alpha, &features], "seen", Vec::new());
        let gate = linear(graph, weights, "decoder.gate", [feature, hidden], &asking, "gate.linear")?;
        let gate = graph.node("Sigmoid", &[&gate], "gate", Vec::new());
        Ok(graph.node("Mul", &[&gate, &seen], "context", Vec::new()))
    }

    fn cells(&mut self, word: &str, context: Option<&str>) -> Result<String, WeightsError> {
        let mut inputs = vec![("word", word, self.sizes.embedding)];
        inputs.extend(context.map(|context| ("context", context, self.sizes.feature)));
        let of_model = (self.design, self.sizes);
        let after = |state: &str| format!("next_{state}");
        cells::step(self.graph, self.weights, of_model, &inputs, Before::Given, &after)
    }

    fn logits(&mut self, table: &str, hidden_state: &str, context: Option<&str>) -> Result<(), WeightsError> {
        let &Sizes { hidden, embedding, vocabulary, .. } = self.sizes;
        let width = hidden + self.sizes.beside(self.design);
        let graph = &mut *self.graph;
        let deep = self.weights.matrix("decoder.deep.weight", Some(embedding), Some(width))?;
        let (of_hidden, of_context) = deep.view().split_at(Axis(1), hidden);
        let mut parts = vec![product(graph, "decoder.deep.hidden", &of_hidden, hidden_state)];
        match context {
            Some(context) => parts.push(product(graph, "decoder.deep.context", &of_context, context)),
            // The encoder has multiplied it already.
            None if self.design.decoder.kind == DecoderKind::Merge => parts.push("image".to_owned()),
            None => {}
        }
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let linear = sum(graph, self.weights, "decoder.deep.bias", embedding, &parts, "deep.linear")?;
        let deep = graph.node("Tanh", &[&linear], "deep", Vec::new());
        let product = graph.node("MatMul", &[&deep, table], "logits.product", Vec::new());
        sum(graph, self.weights, "decoder.output.bias", vocabulary, &[&product], "logits")?;
        Ok(())
    }
}
