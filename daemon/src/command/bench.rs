//! `descry bench`: how fast this machine describes, with each engine, device and number of threads; and the best choice.
//!
//! Each is measured in a process of its own, which this program starts as itself: a process can hold one ONNX Runtime only,
//! and the memory that is told is that one's own.

mod measure;

use std::{
    env,
    io::{self, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread::available_parallelism,
};

use clap::Args;
use serde::{Deserialize, Serialize};
use toml::Value;

use super::{Ending, complain};
use crate::{
    board::gpu,
    config::{DeviceName, EngineName, Layer, Settings, session_language, store::store},
    preferences::word,
    wording,
    words::{Message, message},
};
pub(super) use measure::Measured;

/// What is to be measured.
#[derive(Debug, Args)]
pub struct Bench {
    /// A picture to describe; without one, a drawn one
    pub picture: Option<PathBuf>,

    /// How often each describes it; the middle time counts
    #[arg(long, value_name = "N", default_value_t = 15, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub runs: u32,

    /// Print one JSON object
    #[arg(long)]
    pub json: bool,

    /// Put the best choice into your settings
    #[arg(long)]
    pub store: bool,

    /// Measure this one alone: what the others are started for
    #[arg(long, hide = true, value_name = "JSON", value_parser = read_candidate)]
    pub(super) candidate: Option<Candidate>,
}

/// One way to run the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Candidate {
    engine: EngineName,
    device: DeviceName,
    /// Absent where it makes no difference.
    threads: Option<usize>,
}

fn read_candidate(json: &str) -> serde_json::Result<Candidate> {
    serde_json::from_str(json)
}

impl Candidate {
    fn name(&self) -> Message {
        let (engine, device) = (word(&self.engine), word(&self.device));
        match self.threads {
            None => message!("command-bench-name", engine = engine, device = device),
            Some(count) => {
                message!("command-bench-name-threads", engine = engine, device = device, threads = count)
            }
        }
    }
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Tried {
    #[serde(flatten)]
    candidate: Candidate,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    measured: Option<Measured>,
    /// Why there is nothing to tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// The JSON object of all; its fields are the command's contract.
#[derive(Serialize)]
struct Report<'a> {
    tried: &'a [Tried],
    best: Option<Candidate>,
    stored: Option<PathBuf>,
}

/// How much faster more threads must be to be worth it: they take processors from speech and everything else.
const WORTH: f64 = 0.9;

/// Measures.
pub(super) fn run(bench: &Bench) -> Ending {
    if let Some(candidate) = bench.candidate {
        return measure::run(candidate, bench.picture.as_deref(), bench.runs);
    }
    let language = Settings::load(Layer::default())
        .map_or_else(|_| session_language(), |settings| settings.preferences.words());
    let mut out = io::stdout();
    let mut tried = Vec::new();
    let cores = available_parallelism().map_or(1, usize::from);
    for candidate in candidates(cores, gpu::is_there(Path::new("/dev"))) {
        let one = try_one(candidate, bench);
        // Each is told when it is known: all together take a while.
        if !bench.json
            && writeln!(out, "{}", line(&one).in_language(language)).and_then(|()| out.flush()).is_err()
        {
            return Ending::NotDescribed;
        }
        tried.push(one);
    }
    let best = best(&tried);
    let stored = match best.filter(|_| bench.store).map(|best| store(&settings(best))) {
        Some(Ok(file)) => Some(file),
        Some(Err(error)) => {
            complain(&message!("command-bench-not-stored", reason = error.message()), language);
            return Ending::NotDescribed;
        }
        None => None,
    };
    let last = if bench.json {
        serde_json::to_string(&Report { tried: &tried, best, stored: stored.clone() }).unwrap_or_default()
    } else {
        conclusion(best, stored.as_deref()).in_language(language)
    };
    match writeln!(out, "{last}") {
        Ok(()) if best.is_some() => Ending::Described,
        _ => Ending::NotDescribed,
    }
}

/// What can be tried on a machine with so many cores.
fn candidates(cores: usize, has_gpu: bool) -> Vec<Candidate> {
    let on = |engine, device, threads| Candidate { engine, device, threads };
    let mut candidates = vec![on(EngineName::Tract, DeviceName::Cpu, None)];
    let threads = [1, 2, 4, 8].into_iter().filter(|threads| *threads <= cores);
    candidates.extend(threads.map(|count| on(EngineName::OnnxRuntime, DeviceName::Cpu, Some(count))));
    if has_gpu {
        candidates.push(on(EngineName::OnnxRuntime, DeviceName::Cuda, None));
        candidates.push(on(EngineName::OnnxRuntime, DeviceName::TensorRt, None));
    }
    candidates
}

/// Has this program measure one candidate in a process of its own.
fn try_one(candidate: Candidate, bench: &Bench) -> Tried {
    let result = (|| {
        let own = env::current_exe().map_err(|error| error.to_string())?;
        let mut command = Command::new(own);
        command.args(["bench", "--runs", &bench.runs.to_string(), "--candidate"]);
        command.arg(serde_json::to_string(&candidate).map_err(|error| error.to_string())?);
        command.args(bench.picture.as_deref());
        let output = command.stdin(Stdio::null()).output().map_err(|error| error.to_string())?;
        let last = String::from_utf8_lossy(&output.stdout);
        serde_json::from_str(last.lines().last().unwrap_or_default()).map_err(|_| {
            let said = String::from_utf8_lossy(&output.stderr);
            let said = said.lines().last().map(|line| line.trim_start_matches("descry: ").to_owned());
            said.unwrap_or_else(|| format!("it ended without a word ({})", output.status))
        })
    })();
    match result {
        Ok(measured) => Tried { candidate, measured: Some(measured), reason: None },
        Err(reason) => Tried { candidate, measured: None, reason: Some(reason) },
    }
}

/// The fastest, unless fewer threads are nearly as fast.
fn best(tried: &[Tried]) -> Option<Candidate> {
    let measured = |one: &Tried| Some((one.candidate, one.measured.as_ref()?.median_ms));
    let mut best: Option<(Candidate, f64)> = None;
    // In the order of the candidates, from few threads to many.
    for (candidate, time) in tried.iter().filter_map(measured) {
        let bar = best.map_or(f64::INFINITY, |(before, best)| {
            if before.threads.is_some() && candidate.threads.is_some() { best * WORTH } else { best }
        });
        if time < bar {
            best = Some((candidate, time));
        }
    }
    best.map(|(candidate, _)| candidate)
}

/// The settings that choose it.
fn settings(best: Candidate) -> Vec<(&'static str, Value)> {
    let mut settings =
        vec![("engine", Value::from(word(&best.engine))), ("device", Value::from(word(&best.device)))];
    settings.extend(best.threads.map(|count| ("threads", Value::from(count as i64))));
    settings
}

fn line(one: &Tried) -> Message {
    let name = one.candidate.name();
    match (&one.measured, &one.reason) {
        (Some(measured), _) => message!(
            "command-bench-line",
            name = name,
            time = measured.median_ms.round(),
            load = measured.load_ms.round(),
            memory = measured.resident_mb.round(),
            precision = &measured.precision
        ),
        (None, reason) => {
            let reason = wording::sentence(reason.as_deref().unwrap_or_default());
            message!("command-bench-fails", name = name, reason = reason)
        }
    }
}

fn conclusion(best: Option<Candidate>, stored: Option<&Path>) -> Message {
    match (best, stored) {
        (None, _) => message!("command-bench-nothing"),
        (Some(best), Some(file)) => {
            message!("command-bench-stored", name = best.name(), file = file.display().to_string())
        }
        (Some(best), None) => message!("command-bench-best", name = best.name()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tried(candidate: Candidate, median_ms: Option<f64>) -> Tried {
        let measured = median_ms.map(|median_ms| Measured {
            load_ms: 80.4,
            first_ms: 20.0,
            median_ms,
            resident_mb: 45.0,
            peak_mb: 50.0,
            precision: "int8".to_owned(),
            text: "a dog".to_owned(),
        });
        let reason = measured.is_none().then(|| "it is not there".to_owned());
        Tried { candidate, measured, reason }
    }

    #[test]
    fn what_a_machine_has_is_tried() {
        let names = |cores, gpu| -> Vec<String> {
            candidates(cores, gpu).iter().map(|one| one.name().to_string()).collect()
        };
        assert_eq!(names(1, false), ["tract on cpu", "onnxruntime on cpu, 1 thread"]);
        assert_eq!(
            names(6, true)[3..],
            ["onnxruntime on cpu, 4 threads", "onnxruntime on cuda", "onnxruntime on tensorrt"]
        );
    }

    #[test]
    fn more_threads_must_be_worth_it() {
        let of = |times: [Option<f64>; 5]| {
            let all: Vec<Tried> =
                candidates(2, true).into_iter().zip(times).map(|(one, time)| tried(one, time)).collect();
            best(&all).map(|best| best.name().to_string())
        };
        for (times, expected) in [
            ([Some(60.0), Some(12.0), Some(11.5), None, None], Some("onnxruntime on cpu, 1 thread")),
            ([Some(60.0), Some(12.0), Some(8.0), None, None], Some("onnxruntime on cpu, 2 threads")),
            ([Some(60.0), Some(12.0), Some(8.0), Some(7.9), Some(7.8)], Some("onnxruntime on tensorrt")),
            ([Some(60.0), None, None, None, None], Some("tract on cpu")),
            ([None; 5], None),
        ] {
            assert_eq!(of(times).as_deref(), expected);
        }
    }

    #[test]
    fn lines_and_settings_say_the_same() {
        let candidate =
            Candidate { engine: EngineName::OnnxRuntime, device: DeviceName::Cpu, threads: Some(2) };
        assert_eq!(
            line(&tried(candidate, Some(11.6))).to_string(),
            "onnxruntime on cpu, 2 threads: 12 ms for a picture, 80 ms to load, 45 MB of memory, int8."
        );
        assert_eq!(
            line(&tried(candidate, None)).to_string(),
            "onnxruntime on cpu, 2 threads: cannot be used. It is not there."
        );
        let settings: Vec<String> =
            settings(candidate).iter().map(|(name, value)| format!("{name} = {value}")).collect();
        assert_eq!(settings, ["engine = \"onnxruntime\"", "device = \"cpu\"", "threads = 2"]);
        let json = serde_json::to_value(tried(candidate, Some(11.6))).unwrap();
        assert_eq!((json["engine"].as_str(), json["median_ms"].as_f64()), (Some("onnxruntime"), Some(11.6)));
        assert!(conclusion(None, None).to_string().contains("descry check"));
    }
}
