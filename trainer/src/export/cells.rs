//! One step of the cells as a graph: layers of LSTM or GRU, written out in plain operators, since the operators of that name
//! stay float when a graph is quantised.

use ndarray::Axis;

use super::{
    design::Design,
    layers::{product, sum},
    sizes::Sizes,
    weights::{Weights, WeightsError},
};
use crate::experiment::{CellKind, of_layer};
use crate::onnx::{Graph, int_attribute, signed};

/// What the first layer reads: the part's name below the cell, the tensor, and its width.
pub type Input<'a> = (&'static str, &'a str, usize);

/// The state before a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Before {
    /// The graph's inputs `hidden`, `cell`, `hidden_2`, …
    Given,
    /// Zeros: nothing has been read.
    Nothing,
}

/// Writes a step. `inputs` are those of the first layer, in the order of its weight's columns; `after` names the tensor of
/// each new state. Result: the name of the last layer's new hidden state.
pub fn step(
    graph: &mut Graph,
    weights: &Weights,
    (design, sizes): (&Design, &Sizes),
    inputs: &[Input<'_>],
    before: Before,
    after: &dyn Fn(&str) -> String,
) -> Result<String, WeightsError> {
    let mut below = String::new();
    for layer in 0..design.decoder.layers {
        let inputs = if layer == 0 { inputs.to_vec() } else { vec![("below", below.as_str(), sizes.hidden)] };
        let mut writer = Writer { graph, weights, layer, hidden: sizes.hidden };
        below = match design.decoder.cell {
            CellKind::Lstm => writer.lstm(&inputs, before, after)?,
            CellKind::Gru => writer.gru(&inputs, before, after)?,
        };
    }
    Ok(below)
}

struct Writer<'a> {
    graph: &'a mut Graph,
    weights: &'a Weights,
    layer: usize,
    hidden: usize,
}

impl Writer<'_> {
    /// The name of a tensor of this layer.
    fn named(&self, name: &str) -> String {
        of_layer(name, self.layer)
    }

    fn node(&mut self, operator: &str, inputs: [&str; 2], output: &str) -> String {
        self.graph.node(operator, &inputs, output, Vec::new())
    }

    fn bent(&mut self, operator: &str, input: &str, output: &str) -> String {
        let output = self.named(output);
        self.graph.node(operator, &[input], &output, Vec::new())
    }

    /// The products of all inputs with their columns of `weight_input`.
    fn products(&mut self, gates: usize, inputs: &[Input<'_>]) -> Result<Vec<String>, WeightsError> {
        let path = format!("decoder.{}", self.named("cell"));
        let width = inputs.iter().map(|(_, _, width)| width).sum();
        let weight =
            self.weights.matrix(&format!("{path}.weight_input"), Some(gates * self.hidden), Some(width))?;
        let mut rest = weight.view();
        let mut products = Vec::new();
        for (part, tensor, width) in inputs {
            let (own, others) = rest.split_at(Axis(1), *width);
            products.push(product(self.graph, &format!("{path}.{part}"), &own, tensor));
            rest = others;
        }
        Ok(products)
    }

    /// The product of the state before with `weight_hidden`.
    fn remembered(&mut self, gates: usize) -> Result<String, WeightsError> {
        let path = format!("decoder.{}", self.named("cell"));
        let name = format!("{path}.weight_hidden");
        let weight = self.weights.matrix(&name, Some(gates * self.hidden), Some(self.hidden))?;
        Ok(product(self.graph, &format!("{path}.hidden"), &weight.view(), &self.named("hidden")))
    }

    fn split<const GATES: usize>(
        &mut self,
        gates: &str,
        names: [&str; GATES],
        ending: &str,
    ) -> [String; GATES] {
        let lengths = self.graph.integers(&format!("{gates}.lengths"), &[signed(self.hidden); GATES]);
        let names = names.map(|name| format!("{}.{ending}", self.named(name)));
        let outputs: Vec<&str> = names.iter().map(String::as_str).collect();
        self.graph.node_with_outputs("Split", &[gates, &lengths], &outputs, vec![int_attribute("axis", 1)]);
        names
    }

    /// Gates in libtorch's order: input, forget, candidate, output.
    fn lstm(
        &mut self,
        inputs: &[Input<'_>],
        before: Before,
        after: &dyn Fn(&str) -> String,
    ) -> Result<String, WeightsError> {
        let mut parts = self.products(4, inputs)?;
        if before == Before::Given {
            parts.push(self.remembered(4)?);
        }
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let bias = format!("decoder.{}.bias", self.named("cell"));
        let gates = self.named("gates");
        let gates = sum(self.graph, self.weights, &bias, 4 * self.hidden, &parts, &gates)?;
        let names = ["input_gate", "forget_gate", "candidate", "output_gate"];
        let [input, forget, candidate, output] = self.split(&gates, names, "linear");
        let input = self.bent("Sigmoid", &input, "input_gate");
        let candidate = self.bent("Tanh", &candidate, "candidate");
        let output = self.bent("Sigmoid", &output, "output_gate");
        let next_cell = after(&self.named("cell"));
        match before {
            Before::Given => {
                let forget = self.bent("Sigmoid", &forget, "forget_gate");
                let (cell, kept, new) = (self.named("cell"), self.named("cell.kept"), self.named("cell.new"));
                let kept = self.node("Mul", [&forget, &cell], &kept);
                let new = self.node("Mul", [&input, &candidate], &new);
                self.node("Add", [&kept, &new], &next_cell);
            }
            Before::Nothing => drop(self.node("Mul", [&input, &candidate], &next_cell)),
        }
        let bent = self.bent("Tanh", &next_cell, "cell.tanh");
        Ok(self.node("Mul", [&output, &bent], &after(&self.named("hidden"))))
    }

    /// Gates in libtorch's order: reset, update, candidate.
    fn gru(
        &mut self,
        inputs: &[Input<'_>],
        before: Before,
        after: &dyn Fn(&str) -> String,
    ) -> Result<String, WeightsError> {
        let path = format!("decoder.{}", self.named("cell"));
        let names = ["reset", "update", "candidate"];
        let parts = self.products(3, inputs)?;
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let of_input = self.named("gates");
        let of_input =
            sum(self.graph, self.weights, &format!("{path}.bias"), 3 * self.hidden, &parts, &of_input)?;
        let of_input = self.split(&of_input, names, "of_input");

        let bias = format!("{path}.bias_hidden");
        let of_state = match before {
            Before::Given => {
                let remembered = self.remembered(3)?;
                let name = self.named("gates_of_state");
                sum(self.graph, self.weights, &bias, 3 * self.hidden, &[&remembered], &name)?
            }
            Before::Nothing => {
                let values = self.weights.vector(&bias, 3 * self.hidden)?.to_vec();
                let constant = self.graph.constant(&bias, &[3 * self.hidden], &values);
                let first = self.graph.integers(&format!("{}.first", self.named("gates_of_state")), &[0]);
                let name = self.named("gates_of_state");
                self.node("Unsqueeze", [&constant, &first], &name)
            }
        };
        let of_state = self.split(&of_state, names, "of_state");

        let mut bent = [String::new(), String::new()];
        for (gate, bent) in bent.iter_mut().enumerate() {
            let linear = self.named(&format!("{}.linear", names[gate]));
            let linear = self.node("Add", [&of_input[gate], &of_state[gate]], &linear);
            *bent = self.bent("Sigmoid", &linear, names[gate]);
        }
        let [reset, update] = bent;
        let (kept, linear) = (self.named("candidate.kept"), self.named("candidate.linear"));
        let kept = self.node("Mul", [&reset, &of_state[2]], &kept);
        let linear = self.node("Add", [&of_input[2], &kept], &linear);
        let candidate = self.bent("Tanh", &linear, "candidate");
        let next = after(&self.named("hidden"));
        let step = self.named("hidden.step");
        Ok(match before {
            Before::Given => {
                let (hidden, difference) = (self.named("hidden"), self.named("hidden.difference"));
                let difference = self.node("Sub", [&hidden, &candidate], &difference);
                let step = self.node("Mul", [&update, &difference], &step);
                self.node("Add", [&candidate, &step], &next)
            }
            Before::Nothing => {
                let step = self.node("Mul", [&update, &candidate], &step);
                self.node("Sub", [&candidate, &step], &next)
            }
        })
    }
}
