//! One step of the decoder as a graph: soft attention and an LSTM cell (Xu et al. 2015), written out in plain operators.
//!
//! `rows` is the number of sentences that are continued at once. The context has one row, for all of them. Where a
//! matrix meets several tensors put side by side, it is cut: each part then has a range of its own when it is quantised.

use ndarray::Axis;

use super::{
    layers::{linear, product, sum},
    sizes::{Sizes, TABLE},
    weights::{Weights, WeightsError},
};
use crate::onnx::{Dimension, Element, Graph, int_attribute, ints_attribute, messages::ModelProto, signed};

const ROWS: Dimension = Dimension::Named("rows");

/// Writes the decoder: inputs `token` i64 `[rows]`, `features` and `keys` as the encoder gives them, `hidden` and `cell`
/// `[rows, hidden size]`; outputs `logits` `[rows, vocabulary]`, `next_hidden`, `next_cell` and `attention` `[rows, places]`.
pub fn decoder(weights: &Weights, sizes: &Sizes) -> Result<ModelProto, WeightsError> {
    let &Sizes { places, feature, attention, hidden, vocabulary, .. } = sizes;
    let mut graph = Graph::new("decoder");
    graph.input("token", Element::I64, &[ROWS]);
    graph.input("features", Element::F32, &[1.into(), places.into(), feature.into()]);
    graph.input("keys", Element::F32, &[1.into(), places.into(), attention.into()]);
    graph.input("hidden", Element::F32, &[ROWS, hidden.into()]);
    graph.input("cell", Element::F32, &[ROWS, hidden.into()]);

    let writer = &mut Writer { graph: &mut graph, weights, sizes };
    let table = writer.table()?;
    let word = writer.word(&table);
    let context = writer.context()?;
    writer.cell(&word, &context)?;
    writer.logits(&table, &context)?;

    graph.output("logits", &[ROWS, vocabulary.into()]);
    graph.output("next_hidden", &[ROWS, hidden.into()]);
    graph.output("next_cell", &[ROWS, hidden.into()]);
    graph.output("attention", &[ROWS, places.into()]);
    Ok(graph.into_model())
}

struct Writer<'a> {
    graph: &'a mut Graph,
    weights: &'a Weights,
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

    /// What of the picture matters for the next word, [rows, feature size].
    fn context(&mut self) -> Result<String, WeightsError> {
        let (&Sizes { feature, attention, hidden, .. }, weights) = (self.sizes, self.weights);
        let graph = &mut *self.graph;
        let middle = graph.integers("axis.middle", &[1]);
        let first = graph.integers("axis.first", &[0]);
        let last = graph.integers("axis.last", &[2]);

        let query = linear(graph, weights, "decoder.query", [attention, hidden], "hidden", "query")?;
        let query = graph.node("Unsqueeze", &[&query, &middle], "query.everywhere", Vec::new());
        let compared = graph.node("Add", &["keys", &query], "energy.sum", Vec::new());
        let bent = graph.node("Tanh", &[&compared], "energy.tanh", Vec::new());
        let weight = weights.matrix("decoder.attention.weight", Some(1), Some(attention))?;
        let energy = product(graph, "decoder.attention", &weight.view(), &bent);
        let energy = graph.node("Squeeze", &[&energy, &last], "energy", Vec::new());
        let alpha = graph.node("Softmax", &[&energy], "attention", vec![int_attribute("axis", -1)]);

        let features = graph.node("Squeeze", &["features", &first], "features.places", Vec::new());
        let seen = graph.node("MatMul", &[&alpha, &features], "seen", Vec::new());
        let gate = linear(graph, weights, "decoder.gate", [feature, hidden], "hidden", "gate.linear")?;
        let gate = graph.node("Sigmoid", &[&gate], "gate", Vec::new());
        Ok(graph.node("Mul", &[&gate, &seen], "context", Vec::new()))
    }

    /// The LSTM cell, its gates in `PyTorch`'s order: input, forget, candidate, output.
    fn cell(&mut self, word: &str, context: &str) -> Result<(), WeightsError> {
        let &Sizes { feature, hidden, embedding, .. } = self.sizes;
        let weights = self.weights;
        let graph = &mut *self.graph;
        let input =
            weights.matrix("decoder.cell.weight_input", Some(4 * hidden), Some(embedding + feature))?;
        let recurrent = weights.matrix("decoder.cell.weight_hidden", Some(4 * hidden), Some(hidden))?;
        let (of_word, of_context) = input.view().split_at(Axis(1), embedding);
        let parts = [
            product(graph, "decoder.cell.word", &of_word, word),
            product(graph, "decoder.cell.context", &of_context, context),
            product(graph, "decoder.cell.hidden", &recurrent.view(), "hidden"),
        ];
        let parts = parts.each_ref().map(String::as_str);
        let gates = sum(graph, weights, "decoder.cell", 4 * hidden, &parts, "gates")?;
        let lengths = graph.integers("gates.lengths", &[signed(hidden); 4]);
        let names = ["input_gate", "forget_gate", "candidate", "output_gate"];
        let linear: Vec<String> = names.iter().map(|name| format!("{name}.linear")).collect();
        let linear: Vec<&str> = linear.iter().map(String::as_str).collect();
        graph.node_with_outputs("Split", &[&gates, &lengths], &linear, vec![int_attribute("axis", 1)]);
        for (name, linear) in names.iter().zip(&linear) {
            graph.node(if *name == "candidate" { "Tanh" } else { "Sigmoid" }, &[linear], name, Vec::new());
        }
        graph.node("Mul", &["forget_gate", "cell"], "cell.kept", Vec::new());
        graph.node("Mul", &["input_gate", "candidate"], "cell.new", Vec::new());
        graph.node("Add", &["cell.kept", "cell.new"], "next_cell", Vec::new());
        graph.node("Tanh", &["next_cell"], "cell.tanh", Vec::new());
        graph.node("Mul", &["output_gate", "cell.tanh"], "next_hidden", Vec::new());
        Ok(())
    }

    fn logits(&mut self, table: &str, context: &str) -> Result<(), WeightsError> {
        let &Sizes { feature, hidden, embedding, vocabulary, .. } = self.sizes;
        let graph = &mut *self.graph;
        let deep = self.weights.matrix("decoder.deep.weight", Some(embedding), Some(hidden + feature))?;
        let (of_hidden, of_context) = deep.view().split_at(Axis(1), hidden);
        let of_hidden = product(graph, "decoder.deep.hidden", &of_hidden, "next_hidden");
        let of_context = product(graph, "decoder.deep.context", &of_context, context);
        let parts = [of_hidden.as_str(), of_context.as_str()];
        let linear = sum(graph, self.weights, "decoder.deep", embedding, &parts, "deep.linear")?;
        let deep = graph.node("Tanh", &[&linear], "deep", Vec::new());
        let product = graph.node("MatMul", &[&deep, table], "logits.product", Vec::new());
        sum(graph, self.weights, "decoder.output", vocabulary, &[&product], "logits")?;
        Ok(())
    }
}
