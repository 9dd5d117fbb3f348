//! Both engines say the same of every shipped picture, and it is what the bundle's golden captions say.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use descry_tests::{
    command::Descry,
    shipped::{self, ONNX_RUNTIME},
    surroundings::Surroundings,
};
use serde_json::Value;

#[test]
fn both_engines_give_the_golden_captions() -> Result<()> {
    let library = shipped::onnx_runtime()?;
    let golden = shipped::golden_sentences()?;
    let mut confidences: Vec<Vec<f64>> = Vec::new();
    for engine in ["tract", "onnxruntime"] {
        let mut surroundings = Surroundings::new()?;
        surroundings.set(ONNX_RUNTIME, &library);
        let lines = describe_all(&surroundings, &["--engine", engine])?;
        assert_eq!(lines.len(), golden.len());
        for (line, (name, sentence)) in lines.iter().zip(&golden) {
            assert_eq!(line["engine"], engine);
            assert_eq!(line["text"], sentence.as_str(), "{engine}: {name}");
        }
        confidences.push(lines.iter().filter_map(|line| line["confidence"].as_f64()).collect());
    }
    for ((name, tract), onnxruntime) in golden.keys().zip(&confidences[0]).zip(&confidences[1]) {
        ensure!((tract - onnxruntime).abs() < 0.05, "{name}: as sure as {tract} and as {onnxruntime}");
    }
    Ok(())
}

#[test]
fn onnx_runtime_is_taken_where_it_is_named() -> Result<()> {
    let library = shipped::onnx_runtime()?;
    let mut by_variable = Surroundings::new()?;
    by_variable.set(ONNX_RUNTIME, &library);
    let by_argument = Surroundings::new()?;
    let library = library.to_str().context("the library's path is UTF-8")?;
    for (surroundings, arguments) in [
        (&by_variable, &[][..]),
        (&by_variable, &["--engine", "auto"]),
        (&by_argument, &["--onnxruntime", library]),
    ] {
        let describe = Descry::describe(surroundings).args(["--json", "--no-speech"]).args(arguments);
        let outcome = describe.arg(shipped::picture("cat.jpg")).run()?;
        outcome.expect_code(0)?;
        assert_eq!(outcome.json_lines()?[0]["engine"], "onnxruntime", "{arguments:?}");
    }
    Ok(())
}

/// Its makers' builds for Linux leave the computer's number for them, unless they are told not to before they are loaded.
#[test]
fn onnx_runtime_leaves_its_optimised_graphs_and_nothing_for_its_makers() -> Result<()> {
    let library = shipped::onnx_runtime()?;
    let mut surroundings = Surroundings::new()?;
    surroundings.set(ONNX_RUNTIME, &library);
    let mut answers = Vec::new();
    for _ in 0..2 {
        let describe = Descry::describe(&surroundings).args(["--json", "--no-speech"]);
        let outcome = describe.arg(shipped::picture("cat.jpg")).run()?;
        let lines = outcome.expect_code(0)?.json_lines()?;
        assert_eq!(lines[0]["engine"], "onnxruntime");
        answers.push((lines[0]["text"].clone(), lines[0]["confidence"].clone()));
        let mut left = Vec::new();
        files_below(&surroundings.path("home"), &mut left)?;
        let graphs = surroundings.path("home/.cache/descry/graphs");
        ensure!(left.len() == 2 && left.iter().all(|file| file.starts_with(&graphs)), "left is {left:?}");
    }
    assert_eq!(answers[0], answers[1], "the graphs that were kept say the same");
    Ok(())
}

fn files_below(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files_below(&path, found)?;
        } else {
            found.push(path);
        }
    }
    Ok(())
}

#[test]
fn an_engine_that_cannot_be_had_is_told() -> Result<()> {
    shipped::bundle()?;
    let surroundings = Surroundings::new()?;
    let no_library = surroundings.write("libnothing.so", "this is no library")?;
    let no_library = no_library.to_str().context("paths here are UTF-8")?;
    for library in [no_library, "/nowhere/libonnxruntime.so"] {
        let describe =
            Descry::describe(&surroundings).args(["--engine", "onnxruntime", "--onnxruntime", library]);
        let outcome = describe.arg("--no-speech").arg(shipped::picture("cat.jpg")).run()?;
        let sentence = outcome.expect_code(3)?.only_complaint()?;
        ensure!(sentence.contains(library), "it does not say which library: {sentence}");
    }
    Ok(())
}

fn describe_all(surroundings: &Surroundings, arguments: &[&str]) -> Result<Vec<Value>> {
    let describe = Descry::describe(surroundings).args(["--json", "--no-speech"]).args(arguments);
    let outcome = describe.arg(shipped::pictures_folder()).run()?;
    outcome.expect_code(0)?;
    outcome.json_lines()
}
