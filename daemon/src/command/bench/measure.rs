//! Measures one way to run the model, in this process.

use std::{fs, path::Path, time::Instant};

use descry_models::{CaptionOptions, Captioner};
use image::{Rgb, RgbImage};
use serde::{Deserialize, Serialize};

use super::{Candidate, Ending, complain};
use crate::{
    config::{EngineName, Layer, Settings, session_language},
    model_folder,
    request::Cancel,
    source::{Source, file::FileSource},
    wording,
    words::{Message, models},
};

/// What was measured. Times are in milliseconds, memory in megabytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in super::super) struct Measured {
    /// Until the model is open.
    pub(super) load_ms: f64,
    /// Of the first picture.
    pub(super) first_ms: f64,
    /// Of the pictures after it: the middle one of their times.
    pub(super) median_ms: f64,
    /// Held at the end.
    pub(super) resident_mb: f64,
    /// The most that was held.
    pub(super) peak_mb: f64,
    /// How the numbers are computed.
    pub(super) precision: String,
    /// What was said of the picture.
    pub(super) text: String,
}

/// Measures, and prints it as one line of JSON.
pub(super) fn run(candidate: Candidate, picture: Option<&Path>, runs: u32) -> Ending {
    let (settings, language) = match Settings::load(Layer::default()) {
        Ok(settings) => {
            let language = settings.preferences.words();
            (Ok(settings), language)
        }
        Err(error) => (Err(error.message()), session_language()),
    };
    match settings.and_then(|settings| measure(candidate, settings, picture, runs)) {
        Ok(measured) => {
            // Nothing in it has keys that are not text, which is all that could fail.
            println!("{}", serde_json::to_string(&measured).unwrap_or_default());
            Ending::Described
        }
        Err(reason) => {
            complain(&reason, language);
            Ending::NotDescribed
        }
    }
}

fn measure(
    candidate: Candidate,
    settings: Settings,
    picture: Option<&Path>,
    runs: u32,
) -> Result<Measured, Message> {
    let Candidate { engine, device, threads } = candidate;
    // A library that the settings name is the one to measure.
    let named = match settings.engine.clone() {
        descry_models::EngineChoice::OnnxRuntime { library } => library,
        _ => None,
    };
    let chosen = Layer {
        engine: Some(engine),
        onnxruntime: named.filter(|_| engine == EngineName::OnnxRuntime),
        device: Some(device),
        threads,
        ..Layer::default()
    };
    let opening = Settings::from(chosen).opening();
    let folder = model_folder::find(settings.model).map_err(|error| error.message())?;
    let picture = match picture {
        Some(file) => read(file)?,
        None => drawn(),
    };

    let started = Instant::now();
    let captioner = Captioner::open_as(&folder, &opening, &mut |_| {});
    let mut captioner = captioner.map_err(|error| models::caption_error(&error))?;
    let load_ms = milliseconds(started);
    let mut text = String::new();
    let mut times = Vec::new();
    for _ in 0..=runs {
        let started = Instant::now();
        let caption = captioner.caption(&picture, &CaptionOptions::default());
        times.push(milliseconds(started));
        text = caption.map_err(|error| models::caption_error(&error))?.text;
    }
    let first_ms = times.remove(0);
    Ok(Measured {
        load_ms,
        first_ms,
        median_ms: median(times),
        resident_mb: memory("VmRSS:"),
        peak_mb: memory("VmHWM:"),
        precision: captioner.arithmetic().name().to_owned(),
        text: wording::sentence(&text),
    })
}

fn read(file: &Path) -> Result<RgbImage, Message> {
    let frame = Box::new(FileSource::Path(file.to_owned())).capture(&Cancel::default());
    Ok(frame.map_err(|error| error.message())?.pixels)
}

/// A picture with something in it: discs on a slope of grey.
fn drawn() -> RgbImage {
    RgbImage::from_fn(640, 480, |x, y| {
        let is_in =
            |cx: u32, cy: u32, radius: u32| x.abs_diff(cx).pow(2) + y.abs_diff(cy).pow(2) < radius.pow(2);
        if is_in(220, 240, 120) {
            Rgb([180, 90, 40])
        } else if is_in(460, 300, 80) {
            Rgb([40, 120, 60])
        } else {
            Rgb([(x / 4) as u8 + 40, (y / 4) as u8 + 60, 140])
        }
    })
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1000.0
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// Of this process, by the kernel's account; 0 where it gives none.
fn memory(field: &str) -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<f64>().ok());
    kibibytes.unwrap_or_default() * 1024.0 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_time_counts_and_memory_is_known() {
        assert!((median(vec![3.0, 1.0, 200.0]) - 3.0).abs() < f64::EPSILON);
        assert!(median(Vec::new()).abs() < f64::EPSILON);
        assert!(memory("VmRSS:") > 0.5 && memory("Nothing:").abs() < f64::EPSILON);
    }
}
