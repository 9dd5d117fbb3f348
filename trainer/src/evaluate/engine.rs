//! In which engine a bundle is run over many pictures, and how many of them at a time.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::thread;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use descry_models::{Bundle, Captioner, Engine, EngineChoice, Network, Opening, open_network_as};

/// Arguments of every command that runs a bundle over many pictures.
#[derive(Debug, Clone, Default, Args)]
pub struct EngineArguments {
    /// tract or onnxruntime [default: onnxruntime where its library is found, else tract]
    #[arg(long)]
    pub engine: Option<Engine>,
    /// ONNX Runtime's library, such as libonnxruntime.so.1; means --engine onnxruntime
    #[arg(long, value_name = "LIBRARY")]
    pub onnxruntime: Option<PathBuf>,
    /// How many pictures are captioned at a time, each with a model of its own [default: the cores]
    #[arg(long, value_name = "N")]
    pub threads: Option<NonZeroUsize>,
}

impl EngineArguments {
    /// The engine that the arguments ask for.
    pub fn choice(&self) -> Result<EngineChoice> {
        Ok(match (self.engine, &self.onnxruntime) {
            (Some(Engine::Tract), Some(_)) => {
                bail!("--onnxruntime names a library that --engine tract does not use")
            }
            (Some(Engine::Tract), None) => EngineChoice::Tract,
            (None, None) => EngineChoice::Auto,
            (Some(Engine::OnnxRuntime) | None, library) => {
                EngineChoice::OnnxRuntime { library: library.clone() }
            }
        })
    }

    /// Opens the bundle once for each thread, of which no more are needed than there are pictures: an engine takes seconds
    /// to prepare its networks, so they do it side by side.
    pub fn open(&self, bundle: &Path, pictures: usize) -> Result<Vec<Captioner>> {
        let opening = self.opening()?;
        let opened = self.side_by_side(pictures, || Captioner::open_as(bundle, &opening, &mut |_| {}));
        opened.with_context(|| format!("cannot open the bundle {}", bundle.display()))
    }

    /// The same of the networks alone.
    pub fn open_networks(&self, bundle: &Bundle, pictures: usize) -> Result<Vec<Box<dyn Network>>> {
        let opening = self.opening()?;
        let opened = self.side_by_side(pictures, || open_network_as(bundle, &opening, &mut |_| {}));
        opened.with_context(|| format!("cannot open the networks of {}", bundle.directory().display()))
    }

    /// With one thread for each network: the pictures are what is divided among the processors.
    fn opening(&self) -> Result<Opening> {
        Ok(Opening { engine: self.choice()?, threads: Some(1), ..Opening::default() })
    }

    fn side_by_side<Opened: Send, Error: Send>(
        &self,
        pictures: usize,
        open: impl Fn() -> Result<Opened, Error> + Sync,
    ) -> Result<Vec<Opened>, Error> {
        let cores = || thread::available_parallelism().map_or(1, usize::from);
        let threads = self.threads.map_or_else(cores, usize::from).min(pictures);
        let open = &open;
        let opened: Vec<Result<Opened, Error>> = thread::scope(|scope| {
            let others: Vec<_> = (1..threads).map(|_| scope.spawn(open)).collect();
            let others = others.into_iter().map(thread::ScopedJoinHandle::join);
            std::iter::once(open())
                .chain(others.map(|result| result.unwrap_or_else(|panic| std::panic::resume_unwind(panic))))
                .collect()
        });
        opened.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    /// The arguments alone, so that this file knows no command.
    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        arguments: EngineArguments,
    }

    fn parse(arguments: &[&str]) -> Result<EngineArguments, clap::Error> {
        Line::try_parse_from(["command"].iter().chain(arguments)).map(|line| line.arguments)
    }

    #[test]
    fn the_engine_that_is_asked_for() {
        let library = || Some(PathBuf::from("lib.so"));
        let cases: [(&[&str], Option<EngineChoice>); 6] = [
            (&[], Some(EngineChoice::Auto)),
            (&["--engine", "tract"], Some(EngineChoice::Tract)),
            (&["--engine", "onnxruntime"], Some(EngineChoice::OnnxRuntime { library: None })),
            (&["--onnxruntime", "lib.so"], Some(EngineChoice::OnnxRuntime { library: library() })),
            (
                &["--engine", "onnxruntime", "--onnxruntime", "lib.so"],
                Some(EngineChoice::OnnxRuntime { library: library() }),
            ),
            (&["--engine", "tract", "--onnxruntime", "lib.so"], None),
        ];
        for (extra, expected) in cases {
            let arguments = parse(extra).expect("right arguments");
            assert_eq!(arguments.choice().ok(), expected, "{extra:?}");
        }
    }

    #[test]
    fn arguments_are_checked() {
        let arguments = parse(&["--threads", "2"]).expect("right arguments");
        assert_eq!(arguments.threads.map(usize::from), Some(2));
        for wrong in [["--threads", "0"], ["--engine", "cuda"]] {
            assert!(parse(&wrong).is_err(), "{wrong:?}");
        }
    }
}
