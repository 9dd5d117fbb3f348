//! What ships with Descry: the model, the pictures, and the captions that the one gives of the other.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// The variable that names the library of ONNX Runtime.
pub const ONNX_RUNTIME: &str = "DESCRY_ONNXRUNTIME";

/// The name of the model.
pub const MODEL: &str = "descry-attend-9";

/// The folder of the shipped bundle.
pub fn bundle() -> Result<PathBuf> {
    let folder = repository().join("models/bundles").join(MODEL);
    ensure!(
        folder.join("manifest.toml").is_file(),
        "the shipped model is missing: there is no {}",
        folder.display()
    );
    Ok(folder)
}

/// A shipped picture.
#[must_use]
pub fn picture(name: &str) -> PathBuf {
    pictures_folder().join(name)
}

/// The folder of the shipped pictures.
#[must_use]
pub fn pictures_folder() -> PathBuf {
    repository().join("tests/pictures")
}

/// Every shipped picture's file name, in order.
pub fn pictures() -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(pictures_folder()).context("the shipped pictures are missing")? {
        let name = entry?.file_name().into_string().ok().context("a picture's name is not UTF-8")?;
        if Path::new(&name).extension().is_some_and(|ending| ending == "jpg") {
            names.push(name);
        }
    }
    names.sort();
    ensure!(!names.is_empty(), "there is no picture in {}", pictures_folder().display());
    Ok(names)
}

/// The sentence for each shipped picture, by its file name, as the bundle's `golden.json` has its caption.
pub fn golden_sentences() -> Result<BTreeMap<String, String>> {
    let golden = golden()?;
    let captions = golden["captions"].as_object().context("golden.json has no captions")?;
    let mut sentences = BTreeMap::new();
    for name in pictures()? {
        let caption = captions.get(&name).and_then(Value::as_str);
        let caption = caption.with_context(|| format!("golden.json has no caption of {name}"))?;
        sentences.insert(name, sentence(caption));
    }
    Ok(sentences)
}

/// The sentence for one shipped picture.
pub fn golden_sentence(name: &str) -> Result<String> {
    let mut sentences = golden_sentences()?;
    sentences.remove(name).with_context(|| format!("{name} is not a shipped picture"))
}

/// How many sentences the search kept for each of them.
pub fn golden_beam_width() -> Result<u32> {
    let width = golden()?["beam_width"].as_u64().context("golden.json has no beam width")?;
    Ok(u32::try_from(width)?)
}

fn golden() -> Result<Value> {
    let file = bundle()?.join("golden.json");
    let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    serde_json::from_str(&text).with_context(|| file.display().to_string())
}

/// A caption as people see it: with a capital and a full stop.
#[must_use]
pub fn sentence(caption: &str) -> String {
    let mut characters = caption.chars();
    let capital = characters.next().map(char::to_uppercase).into_iter().flatten();
    capital.chain(characters).chain(['.']).collect()
}

/// The D-Bus service file that ships, with another program in the place of the one that it starts.
pub fn service_file(program: &Path) -> Result<String> {
    const INSTALLED: &str = "/usr/bin/descryd";
    let file = repository().join("systemd/org.descry.Descry1.service");
    let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    ensure!(text.contains(INSTALLED), "{} does not start {INSTALLED}", file.display());
    Ok(text.replace(INSTALLED, program.to_str().context("the program's path is not UTF-8")?))
}

/// The library of ONNX Runtime that `./run test` fetched.
pub fn onnx_runtime() -> Result<PathBuf> {
    let library = std::env::var_os(ONNX_RUNTIME).map(PathBuf::from).with_context(|| {
        format!("{ONNX_RUNTIME} is not set: it must name libonnxruntime.so, as `./run test` does")
    })?;
    ensure!(library.is_file(), "{ONNX_RUNTIME}={} is not a file", library.display());
    Ok(library)
}

fn repository() -> &'static Path {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().unwrap_or(tests)
}
