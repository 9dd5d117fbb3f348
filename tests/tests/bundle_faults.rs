//! A model that is not whole and unchanged gives a named error: never a caption, never a panic.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use descry_tests::{command::Descry, shipped, surroundings::Surroundings, wording::golden_wording};
use sha2::{Digest, Sha256};

/// A fault: what is done to a copy of the shipped bundle, and what the sentence about it must name.
struct Fault {
    name: &'static str,
    damage: fn(&Path) -> Result<()>,
    named: &'static str,
}

const FAULTS: [Fault; 14] = [
    Fault { name: "no folder", damage: |bundle| Ok(fs::remove_dir_all(bundle)?), named: "bundle" },
    Fault { name: "no manifest", damage: |bundle| remove(bundle, "manifest.toml"), named: "manifest.toml" },
    Fault { name: "no encoder", damage: |bundle| remove(bundle, "encoder.onnx"), named: "encoder.onnx" },
    Fault {
        name: "no vocabulary",
        damage: |bundle| remove(bundle, "vocabulary.txt"),
        named: "vocabulary.txt",
    },
    Fault {
        name: "an empty decoder",
        damage: |bundle| keep(bundle, "decoder.onnx", 0),
        named: "decoder.onnx",
    },
    Fault {
        name: "a truncated decoder",
        damage: |bundle| keep(bundle, "decoder.onnx", 1000),
        named: "decoder.onnx",
    },
    Fault {
        name: "a truncated manifest",
        damage: |bundle| keep(bundle, "manifest.toml", 200),
        named: "manifest.toml",
    },
    Fault {
        name: "an altered encoder",
        damage: |bundle| alter(bundle, "encoder.onnx"),
        named: "encoder.onnx",
    },
    Fault {
        name: "an altered vocabulary",
        damage: |bundle| alter(bundle, "vocabulary.txt"),
        named: "vocabulary.txt",
    },
    Fault {
        name: "a manifest that is no text",
        damage: |bundle| Ok(fs::copy(shipped::picture("cat.jpg"), bundle.join("manifest.toml")).map(drop)?),
        named: "manifest.toml",
    },
    Fault {
        name: "a manifest of another version",
        damage: |bundle| replace(bundle, "format_version = 1", "format_version = 2"),
        named: "version",
    },
    Fault {
        name: "a file outside of the folder",
        damage: |bundle| {
            fs::copy(bundle.join("encoder.onnx"), bundle.with_file_name("encoder.onnx"))?;
            replace(bundle, "\"encoder.onnx\"", "\"../encoder.onnx\"")
        },
        named: "../encoder.onnx",
    },
    Fault {
        name: "a foreign decoder, rightly recorded",
        damage: |bundle| swap(bundle, "decoder.onnx", &fs::read(bundle.join("encoder.onnx"))?),
        named: "decoder.onnx",
    },
    Fault {
        name: "a decoder that is no network, rightly recorded",
        damage: |bundle| swap(bundle, "decoder.onnx", b"this is no network"),
        named: "decoder.onnx",
    },
];

#[test]
fn every_fault_is_named_and_nothing_is_described() -> Result<()> {
    for (number, Fault { name, damage, named }) in FAULTS.into_iter().enumerate() {
        let surroundings = Surroundings::new()?;
        let bundle = copy(&surroundings)?;
        damage(&bundle).context(name)?;
        // The engine that is built in and the one that is loaded look at the networks themselves.
        let library = shipped::onnx_runtime()?;
        for engine in ["tract", "onnxruntime"] {
            let describe = Descry::describe(&surroundings).args(["--no-speech", "--engine", engine]);
            let describe = match engine {
                "onnxruntime" => describe.arg("--onnxruntime").arg(&library),
                _ => describe,
            };
            let outcome = describe.arg("--model").arg(&bundle).arg(shipped::picture("cat.jpg")).run()?;
            let sentence = outcome.expect_code(3).and_then(|outcome| outcome.only_complaint());
            let sentence = sentence.with_context(|| format!("fault {number}: {name}, {engine}"))?;
            ensure!(sentence.contains(named), "{name}, {engine}: {named} is not named: {sentence}");
        }
    }
    Ok(())
}

#[test]
fn an_undamaged_copy_describes() -> Result<()> {
    let surroundings = Surroundings::new()?;
    let bundle = copy(&surroundings)?;
    let describe = Descry::describe(&surroundings).arg("--no-speech").arg("--model").arg(&bundle);
    let outcome = describe.arg(shipped::picture("cat.jpg")).run()?;
    outcome.expect_code(0)?;
    assert_eq!(outcome.stdout, format!("{}\n", golden_wording("cat.jpg")?));
    Ok(())
}

fn copy(surroundings: &Surroundings) -> Result<PathBuf> {
    let copy = surroundings.path("bundle");
    fs::create_dir(&copy)?;
    for entry in fs::read_dir(shipped::bundle()?)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            fs::copy(entry.path(), copy.join(entry.file_name()))?;
        }
    }
    Ok(copy)
}

fn remove(bundle: &Path, file: &str) -> Result<()> {
    Ok(fs::remove_file(bundle.join(file))?)
}

fn keep(bundle: &Path, file: &str, bytes: u64) -> Result<()> {
    Ok(fs::File::options().write(true).open(bundle.join(file))?.set_len(bytes)?)
}

/// Flips one bit in the middle.
fn alter(bundle: &Path, file: &str) -> Result<()> {
    let mut contents = fs::read(bundle.join(file))?;
    let middle = contents.len() / 2;
    contents[middle] ^= 1;
    Ok(fs::write(bundle.join(file), contents)?)
}

fn replace(bundle: &Path, old: &str, new: &str) -> Result<()> {
    let path = bundle.join("manifest.toml");
    let manifest = fs::read_to_string(&path)?;
    ensure!(manifest.contains(old), "the manifest has no {old}");
    Ok(fs::write(path, manifest.replace(old, new))?)
}

/// Puts another file in a file's place, and records its size and digest in the manifest.
fn swap(bundle: &Path, file: &str, contents: &[u8]) -> Result<()> {
    let old = fs::read(bundle.join(file))?;
    replace(bundle, &digest(&old), &digest(contents))?;
    replace(bundle, &format!("bytes = {}", old.len()), &format!("bytes = {}", contents.len()))?;
    Ok(fs::write(bundle.join(file), contents)?)
}

fn digest(contents: &[u8]) -> String {
    use std::fmt::Write;
    Sha256::digest(contents).iter().fold(String::new(), |mut hex, byte| {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
