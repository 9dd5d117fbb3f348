//! Measures a bundle in one engine: opening, encoder, decoder steps, whole captions and peak memory.
//!
//! `cargo run --release -p descry-models --example time_engines -- BUNDLE tract|onnxruntime|auto [PICTURE]`
//!
//! One engine for each process, so that the peak is its own. Without a picture it describes grey noise.

use std::{env, error::Error, fs, path::Path, time::Instant};

use descry_models::{Bundle, CaptionOptions, Captioner, EngineChoice, TokenId, open_network, preprocess};
use image::{Rgb, RgbImage};

/// How often each thing is done; medians are printed.
const RUNS: usize = 31;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let [bundle, engine, picture @ ..] = arguments.as_slice() else {
        return Err("name a bundle's folder and an engine, and if you like a picture".into());
    };
    let choice: EngineChoice = engine.parse()?;
    let picture = match picture.first() {
        Some(file) => image::open(file)?.into_rgb8(),
        None => RgbImage::from_fn(640, 480, |x, y| Rgb([(x * 31 + y * 17) as u8 ^ (x * y) as u8; 3])),
    };
    println!("before anything           {:8.1} MiB peak", peak_mebibytes()?);

    let start = Instant::now();
    let opened = Bundle::open(Path::new(bundle))?;
    println!("verify the files          {:8.1} ms", milliseconds(start));
    let start = Instant::now();
    let mut network = open_network(&opened, &choice)?;
    println!("open the networks         {:8.1} ms  {:8.1} MiB peak", milliseconds(start), peak_mebibytes()?);
    println!("engine                    {}", network.engine());

    let preprocessing = &opened.manifest().preprocessing;
    let pixels = preprocess::pixels(&picture, preprocessing)?;
    println!(
        "preprocess                {:8.2} ms",
        median(|| Ok(preprocess::pixels(&picture, preprocessing)?))?
    );
    let encoded = network.encode(&pixels)?;
    println!("encode                    {:8.2} ms", median(|| Ok(network.encode(&pixels)?))?);
    for rows in [1, 2, 3, 5] {
        let state = network.start(&encoded, rows)?;
        let tokens = vec![TokenId(opened.manifest().vocabulary.start.0); rows];
        network.step(&encoded, &state, &tokens)?;
        let time = median(|| Ok(network.step(&encoded, &state, &tokens)?))?;
        println!("step of {rows} rows            {time:8.2} ms");
    }
    drop((network, opened));

    let start = Instant::now();
    let mut captioner = Captioner::open(Path::new(bundle), &choice)?;
    let caption = captioner.caption(&picture, &CaptionOptions::default())?;
    println!("open and describe         {:8.1} ms  {:?}", milliseconds(start), caption.text);
    let time = median(|| Ok(captioner.caption(&picture, &CaptionOptions::default())?))?;
    println!("describe                  {time:8.2} ms  {:8.1} MiB peak", peak_mebibytes()?);
    Ok(())
}

fn milliseconds(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1e3
}

/// The median of the milliseconds that it takes.
fn median<T>(mut work: impl FnMut() -> Result<T, Box<dyn Error>>) -> Result<f64, Box<dyn Error>> {
    let mut times = Vec::with_capacity(RUNS);
    for _ in 0..RUNS {
        let start = Instant::now();
        work()?;
        times.push(milliseconds(start));
    }
    times.sort_by(f64::total_cmp);
    Ok(times[RUNS / 2])
}

/// The most memory that the process has held at once, from the kernel.
fn peak_mebibytes() -> Result<f64, Box<dyn Error>> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line =
        status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("the kernel tells no peak")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<f64>()? / 1024.0)
}
