//! Wraps an engine so that only what the manifest promises gets in and out of it.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
};

use crate::{
    Arithmetic, Device, Encoded, Engine, Network, NetworkError, NotUsed, Pixels, State, Step, Tensor,
    TokenId, manifest::Manifest,
};

/// What an engine has to do: run the two graphs on inputs that were checked. Errors are the engine's own words.
pub(super) trait Runner: Send {
    /// Gives the outputs in the manifest's order.
    fn encode(&mut self, pixels: &Pixels) -> Result<Vec<Tensor>, String>;

    /// Takes one token for each row and the context and state in the manifest's order; gives the logits, the state in
    /// the manifest's order, and the attention where the manifest has it.
    fn step(&mut self, tokens: &[i64], context: &[&Tensor], state: &[Tensor]) -> Result<Vec<Tensor>, String>;
}

/// An engine that keeps the contract of [`Network`].
pub(super) struct Checked<R> {
    engine: Engine,
    device: Device,
    arithmetic: Arithmetic,
    not_used: Vec<NotUsed>,
    runner: R,
    pixels: [usize; 4],
    /// The encoder's outputs: names and shapes.
    encoded: Vec<(String, Vec<usize>)>,
    /// Which of them the decoder is fed at each step.
    context: Vec<usize>,
    /// The state: which of them it starts from, the output's name and its shape without the rows.
    state: Vec<(usize, String, Vec<usize>)>,
    logits: String,
    attention: Option<String>,
    vocabulary_size: usize,
}

impl<R: Runner> Checked<R> {
    pub(super) fn new(engine: Engine, runner: R, manifest: &Manifest) -> Self {
        let (encoder, decoder) = (&manifest.encoder, &manifest.decoder);
        // A checked manifest names outputs of the encoder only.
        let place = |name: &String| encoder.outputs.iter().position(|output| output.name == *name);
        Self {
            engine,
            device: Device::Cpu,
            arithmetic: match manifest.quantisation {
                Some(_) => Arithmetic::Int8,
                None => Arithmetic::Float32,
            },
            not_used: Vec::new(),
            runner,
            pixels: [1, 3, manifest.preprocessing.height as usize, manifest.preprocessing.width as usize],
            encoded: encoder
                .outputs
                .iter()
                .map(|output| (output.name.clone(), output.shape.clone()))
                .collect(),
            context: decoder.context.iter().filter_map(place).collect(),
            state: decoder
                .state
                .iter()
                .filter_map(|state| Some((place(&state.input)?, state.output.clone(), state.shape.clone())))
                .collect(),
            logits: decoder.logits.clone(),
            attention: decoder.attention.clone(),
            vocabulary_size: manifest.vocabulary.size,
        }
    }

    /// The same, with where it runs and what was tried before.
    pub(super) fn on(self, device: Device, not_used: Vec<NotUsed>) -> Self {
        Self { device, not_used, ..self }
    }

    /// The same, computed in something else than its files are stored in.
    #[cfg(feature = "onnxruntime")]
    pub(super) fn computed_in(self, arithmetic: Arithmetic) -> Self {
        Self { arithmetic, ..self }
    }

    /// Runs both graphs once, on a grey picture and for one and for three sentences, so that whatever cannot run is known.
    #[cfg(feature = "onnxruntime")]
    pub(super) fn try_out(&mut self) -> Result<(), NetworkError> {
        let [_, _, height, width] = self.pixels;
        let values = vec![0.0; self.pixels.iter().product()];
        let pixels = Pixels { values, width: width as u32, height: height as u32 };
        let encoded = self.encode(&pixels)?;
        for rows in [1, 3] {
            let state = self.start(&encoded, rows)?;
            self.step(&encoded, &state, &vec![TokenId(0); rows])?;
        }
        Ok(())
    }

    fn failed(&self, stage: &'static str) -> impl Fn(String) -> NetworkError + use<R> {
        let engine = self.engine.name();
        move |reason| NetworkError::Run { engine, stage, reason }
    }

    fn check_encoded(&self, encoded: &Encoded) -> Result<(), NetworkError> {
        let shapes = encoded.tensors.iter().map(|tensor| &tensor.shape);
        if encoded.tensors.len() == self.encoded.len()
            && shapes.zip(&self.encoded).all(|(shape, (_, due))| shape == due)
            && encoded.tensors.iter().all(is_whole)
        {
            return Ok(());
        }
        Err(NetworkError::Input("it comes from another encoder".to_owned()))
    }

    fn check_state(&self, state: &State, tokens: &[TokenId]) -> Result<(), NetworkError> {
        if state.rows == 0 || state.rows != tokens.len() {
            let (tokens, rows) = (tokens.len(), state.rows);
            return Err(NetworkError::Input(format!("{tokens} tokens for {rows} sentences")));
        }
        let fits = |(tensor, (_, _, due)): (&Tensor, &(usize, String, Vec<usize>))| {
            tensor.shape.first() == Some(&state.rows) && tensor.shape[1..] == due[..] && is_whole(tensor)
        };
        if state.tensors.len() != self.state.len() || !state.tensors.iter().zip(&self.state).all(fits) {
            return Err(NetworkError::Input("the state comes from another decoder".to_owned()));
        }
        match tokens.iter().find(|token| token.index() >= self.vocabulary_size) {
            Some(token) => Err(NetworkError::Input(format!("the token {token} is outside the vocabulary"))),
            None => Ok(()),
        }
    }
}

impl<R: Runner> Network for Checked<R> {
    fn encode(&mut self, pixels: &Pixels) -> Result<Encoded, NetworkError> {
        if pixels.shape() != self.pixels || pixels.values.len() != self.pixels.iter().product::<usize>() {
            let (found, due) = (pixels.shape(), self.pixels);
            return Err(NetworkError::Input(format!("pixels of the shape {found:?} where {due:?} is due")));
        }
        let tensors = guarded(|| self.runner.encode(pixels)).map_err(self.failed("encoder"))?;
        for (tensor, (name, due)) in tensors.iter().zip(&self.encoded) {
            check_output("encoder", name, tensor, due)?;
        }
        let encoded = Encoded { tensors };
        self.check_encoded(&encoded)?;
        Ok(encoded)
    }

    fn start(&self, encoded: &Encoded, rows: usize) -> Result<State, NetworkError> {
        self.check_encoded(encoded)?;
        let tensors = self.state.iter().map(|(place, _, _)| encoded.tensors[*place].clone()).collect();
        Ok(State { rows: 1, tensors }.gathered(&vec![0; rows]))
    }

    fn step(&mut self, encoded: &Encoded, state: &State, tokens: &[TokenId]) -> Result<Step, NetworkError> {
        self.check_encoded(encoded)?;
        self.check_state(state, tokens)?;
        let rows = state.rows;
        let tokens: Vec<_> = tokens.iter().map(|token| i64::from(token.0)).collect();
        let context: Vec<_> = self.context.iter().map(|place| &encoded.tensors[*place]).collect();
        let outputs = guarded(|| self.runner.step(&tokens, &context, &state.tensors))
            .map_err(self.failed("decoder"))?;

        let mut outputs = outputs.into_iter();
        let mut next = || outputs.next().ok_or_else(|| "it gave too few tensors".to_owned());
        let logits = next().map_err(self.failed("decoder"))?;
        check_output("decoder", &self.logits, &logits, &[rows, self.vocabulary_size])?;
        let mut tensors = Vec::with_capacity(self.state.len());
        for (_, name, shape) in &self.state {
            let tensor = next().map_err(self.failed("decoder"))?;
            check_output("decoder", name, &tensor, &[&[rows], shape.as_slice()].concat())?;
            tensors.push(tensor);
        }
        let attention = match &self.attention {
            Some(name) => {
                let tensor = next().map_err(self.failed("decoder"))?;
                let places = tensor.shape.last().copied().unwrap_or(0);
                check_output("decoder", name, &tensor, &[rows, places])?;
                Some(tensor)
            }
            None => None,
        };
        Ok(Step { logits, state: State { rows, tensors }, attention })
    }

    fn engine(&self) -> &'static str {
        self.engine.name()
    }

    fn device(&self) -> Device {
        self.device
    }

    fn arithmetic(&self) -> Arithmetic {
        self.arithmetic
    }

    fn not_used(&self) -> &[NotUsed] {
        &self.not_used
    }
}

/// Whether the tensor has as many values as its shape says.
fn is_whole(tensor: &Tensor) -> bool {
    tensor.shape.iter().product::<usize>() == tensor.values.len()
}

fn check_output(stage: &'static str, name: &str, tensor: &Tensor, due: &[usize]) -> Result<(), NetworkError> {
    if tensor.shape != due || !is_whole(tensor) {
        let (tensor, found) = (name.to_owned(), tensor.shape.clone());
        return Err(NetworkError::Shape { stage, tensor, expected: due.to_vec(), found });
    }
    if tensor.values.iter().all(|value| value.is_finite()) {
        return Ok(());
    }
    Err(NetworkError::NotFinite { stage, tensor: name.to_owned() })
}

/// Turns an engine's panic into an error: tract asserts, rather than answers, on some malformed graphs, and a model
/// comes from outside.
pub(super) fn guarded<T>(run: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    // What the closure may leave half done is the engine's scratch space, which each run fills anew.
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| Err(panic_message(panic.as_ref())))
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("it gave up").to_owned()
}

/// An engine's words on one line, and not more of them than can be read.
pub(super) fn one_line(message: &str) -> String {
    let words = message.split_whitespace().collect::<Vec<_>>().join(" ");
    match words.char_indices().nth(400) {
        Some((end, _)) => format!("{} …", &words[..end]),
        None => words,
    }
}

#[cfg(test)]
mod tests;
