//! Compares the inputs and outputs that an ONNX graph declares with those that its manifest promises.

use std::fmt;

use crate::{NetworkError, manifest::Manifest};

/// The element types that the contract knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Float32,
    Int64,
}

/// One axis of a tensor that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Axis {
    /// So long.
    Fixed(usize),
    /// One for each sentence of the beam: any length, so symbolic in the graph.
    Rows,
    /// Whatever the model has.
    Any,
}

/// A tensor that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Due {
    name: String,
    kind: Kind,
    axes: Vec<Axis>,
}

/// A tensor that a graph declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Declared {
    pub(super) name: String,
    /// None for an element type that the contract does not know.
    pub(super) kind: Option<Kind>,
    /// None for an axis without a fixed length; none in all where the graph does not declare a shape.
    pub(super) axes: Option<Vec<Option<usize>>>,
}

/// What one of the two graphs must take and give.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Signature {
    file: String,
    inputs: Vec<Due>,
    outputs: Vec<Due>,
}

impl Signature {
    pub(super) fn of_encoder(manifest: &Manifest) -> Self {
        let encoder = &manifest.encoder;
        let due = |name: &str, shape: &[usize]| Due {
            name: name.to_owned(),
            kind: Kind::Float32,
            axes: shape.iter().copied().map(Axis::Fixed).collect(),
        };
        Self {
            file: encoder.file.clone(),
            inputs: vec![due(&encoder.input.name, &encoder.input.shape)],
            outputs: encoder.outputs.iter().map(|output| due(&output.name, &output.shape)).collect(),
        }
    }

    pub(super) fn of_decoder(manifest: &Manifest) -> Self {
        let decoder = &manifest.decoder;
        let rows = |name: &str, kind: Kind, rest: &[Axis]| Due {
            name: name.to_owned(),
            kind,
            axes: [&[Axis::Rows], rest].concat(),
        };
        let mut inputs = vec![rows(&decoder.token, Kind::Int64, &[])];
        for name in &decoder.context {
            let shape =
                manifest.encoder_output(name).map(|output| output.shape.as_slice()).unwrap_or_default();
            let axes = shape.iter().copied().map(Axis::Fixed).collect();
            inputs.push(Due { name: name.clone(), kind: Kind::Float32, axes });
        }
        let mut outputs =
            vec![rows(&decoder.logits, Kind::Float32, &[Axis::Fixed(manifest.vocabulary.size)])];
        for state in &decoder.state {
            let shape: Vec<_> = state.shape.iter().copied().map(Axis::Fixed).collect();
            inputs.push(rows(&state.input, Kind::Float32, &shape));
            outputs.push(rows(&state.output, Kind::Float32, &shape));
        }
        outputs.extend(decoder.attention.iter().map(|name| rows(name, Kind::Float32, &[Axis::Any])));
        Self { file: decoder.file.clone(), inputs, outputs }
    }

    /// The inputs' names and types, in the order in which they are fed.
    #[cfg(feature = "tract")]
    pub(super) fn inputs(&self) -> impl Iterator<Item = (&str, Kind, &[Axis])> {
        self.inputs.iter().map(|due| (due.name.as_str(), due.kind, due.axes.as_slice()))
    }

    /// The inputs' shapes for each of these counts of sentences, as TensorRT reads them: `token:3,state:3x512`. Nothing where
    /// no input has a row for each sentence.
    #[cfg(feature = "onnxruntime")]
    pub(super) fn shapes(&self, rows: [usize; 3]) -> Vec<String> {
        if !self.inputs.iter().any(|due| due.axes.contains(&Axis::Rows)) {
            return Vec::new();
        }
        let shape = |due: &Due, rows: usize| {
            let axes = due.axes.iter().map(|axis| match axis {
                Axis::Fixed(length) => length.to_string(),
                Axis::Rows | Axis::Any => rows.to_string(),
            });
            format!("{}:{}", due.name, axes.collect::<Vec<_>>().join("x"))
        };
        let all = |rows| self.inputs.iter().map(|due| shape(due, rows)).collect::<Vec<_>>().join(",");
        rows.into_iter().map(all).collect()
    }

    /// The outputs' names, in the order in which they are read.
    pub(super) fn output_names(&self) -> impl Iterator<Item = &str> {
        self.outputs.iter().map(|due| due.name.as_str())
    }

    /// Holds a graph to its manifest. Outputs that the manifest does not name are let be; inputs are not, since
    /// nothing would feed them.
    pub(super) fn check(&self, inputs: &[Declared], outputs: &[Declared]) -> Result<(), NetworkError> {
        let mismatch = |problem: String| NetworkError::Mismatch { file: self.file.clone(), problem };
        for (side, due, declared) in [("input", &self.inputs, inputs), ("output", &self.outputs, outputs)] {
            for due in due {
                let Some(found) = declared.iter().find(|found| found.name == due.name) else {
                    return Err(mismatch(format!("it has no {side} named {:?}", due.name)));
                };
                if let Some(problem) = due.problem(found) {
                    return Err(mismatch(format!("its {side} {:?} {problem}", due.name)));
                }
            }
        }
        match inputs.iter().find(|found| !self.inputs.iter().any(|due| due.name == found.name)) {
            Some(extra) => Err(mismatch(format!("it has an input {:?}, which nothing feeds", extra.name))),
            None => Ok(()),
        }
    }
}

impl Due {
    fn problem(&self, found: &Declared) -> Option<String> {
        if found.kind != Some(self.kind) {
            return Some(format!("does not hold {}", self.kind));
        }
        let axes = found.axes.as_deref()?;
        let fits = |(due, found): (&Axis, &Option<usize>)| match (due, found) {
            (Axis::Fixed(due), Some(found)) => due == found,
            // A graph may leave open what each run is checked for.
            (Axis::Fixed(_) | Axis::Rows, None) | (Axis::Any, _) => true,
            (Axis::Rows, Some(_)) => false,
        };
        if axes.len() == self.axes.len() && self.axes.iter().zip(axes).all(fits) {
            return None;
        }
        let found: Vec<_> =
            axes.iter().map(|axis| axis.map_or("any".to_owned(), |length| length.to_string())).collect();
        let due: Vec<_> = self.axes.iter().map(ToString::to_string).collect();
        Some(format!("has the shape [{}] where [{}] is due", found.join(", "), due.join(", ")))
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Float32 => "32-bit floats",
            Self::Int64 => "64-bit integers",
        })
    }
}

impl fmt::Display for Axis {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(length) => length.fmt(formatter),
            Self::Rows => formatter.write_str("rows"),
            Self::Any => formatter.write_str("any"),
        }
    }
}

#[cfg(test)]
mod tests;
