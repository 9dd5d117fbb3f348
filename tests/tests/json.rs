//! What other programs read of `descry describe --json`: one object for each picture, with exactly the promised keys.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use descry_tests::{command::Descry, shipped, surroundings::Surroundings};
use serde_json::Value;

const KEYS: [&str; 13] = [
    "file",
    "text",
    "language",
    "confidence",
    "band",
    "kind",
    "quality",
    "alternatives",
    "tags",
    "model",
    "engine",
    "decode_ms",
    "inference_ms",
];

#[test]
fn files_folders_and_standard_input_give_a_line_each() -> Result<()> {
    let golden = shipped::golden_sentences()?;
    let surroundings = Surroundings::new()?;
    let (one, other) = (shipped::picture("cat.jpg"), shipped::picture("moose.jpg"));
    let folder = shipped::pictures_folder();
    let mut expected = vec![(one.clone(), "cat.jpg"), (other.clone(), "moose.jpg")];
    expected.extend(golden.keys().map(|name| (folder.join(name), name.as_str())));
    expected.push(("-".into(), "rocket.jpg"));

    let describe = Descry::describe(&surroundings).args(["--json", "--no-speech"]);
    let describe = describe.args([&one, &other, &folder]).arg("-").input(shipped::picture("rocket.jpg"));
    let outcome = describe.run()?;

    outcome.expect_code(0)?;
    assert_eq!(outcome.stderr, "", "no progress bar, because this is no terminal");
    let lines = outcome.json_lines()?;
    assert_eq!(lines.len(), expected.len(), "{}", outcome.stdout);
    for (line, (file, picture)) in lines.iter().zip(expected) {
        assert_eq!(line["file"], Value::from(file.to_str().context("paths here are UTF-8")?));
        assert_eq!(line["text"], golden[picture].as_str(), "{picture}");
        as_promised(line).with_context(|| line.to_string())?;
    }
    Ok(())
}

#[test]
fn a_picture_that_fails_does_not_stop_the_others() -> Result<()> {
    let surroundings = Surroundings::new()?;
    let text = surroundings.write("text.jpg", "no picture")?;
    let describe = Descry::describe(&surroundings).args(["--json", "--no-speech"]).arg(text);
    let outcome = describe.arg(shipped::picture("cat.jpg")).run()?;
    outcome.expect_code(1)?.complaint()?;
    let lines = outcome.json_lines()?;
    let described: Vec<&Value> = lines.iter().filter(|line| line.get("text").is_some()).collect();
    let [described] = described[..] else {
        anyhow::bail!("one picture can be described: {}", outcome.stdout)
    };
    as_promised(described)
}

fn as_promised(line: &Value) -> Result<()> {
    let object = line.as_object().context("each line is an object")?;
    let keys: BTreeSet<&str> = object.keys().map(String::as_str).collect();
    assert_eq!(keys, BTreeSet::from(KEYS));
    let confidence = line["confidence"].as_f64().context("the confidence is a number")?;
    ensure!((0.0..=1.0).contains(&confidence) && confidence > 0.0, "the confidence is {confidence}");
    let band = line["band"].as_str().context("the band is a word")?;
    ensure!(["high", "middle", "low", "none"].contains(&band), "the band is {band}");
    assert_eq!(line["kind"], "photo");
    ensure!(line["quality"].as_array().is_some_and(Vec::is_empty), "the shipped pictures are good");
    let alternatives = line["alternatives"].as_array().context("the alternatives are a list")?;
    ensure!(alternatives.iter().all(Value::is_string), "the alternatives are sentences");
    ensure!(!alternatives.contains(&line["text"]), "an alternative is another sentence");
    let tags = line["tags"].as_array().context("the tags are a list")?;
    for tag in tags {
        ensure!(tag["name"].is_string() && tag.as_object().is_some_and(|tag| tag.len() == 2), "{tag}");
        let probability = tag["probability"].as_f64().context("the probability is a number")?;
        ensure!((0.0..=1.0).contains(&probability), "the probability is {probability}");
    }
    assert_eq!(line["model"], shipped::MODEL);
    ensure!(["tract", "onnxruntime"].contains(&line["engine"].as_str().unwrap_or_default()), "which engine?");
    for key in ["decode_ms", "inference_ms"] {
        ensure!(line[key].as_f64().is_some_and(|time| time > 0.0), "{key} is a time");
    }
    Ok(())
}
