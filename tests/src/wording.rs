//! What a person hears and reads of a shipped picture: its golden sentence, worded by how sure the model is.

use anyhow::{Context, Result, ensure};

use crate::{command::Descry, shipped, surroundings::Surroundings};

/// The golden sentence of a shipped picture in the wording of its band, which the command is asked for.
pub fn golden_wording(picture: &str) -> Result<String> {
    let surroundings = Surroundings::new()?;
    let describe = Descry::describe(&surroundings).args(["--json", "--no-speech"]);
    let lines = describe.arg(shipped::picture(picture)).run()?.expect_code(0)?.json_lines()?;
    let [line] = &lines[..] else { anyhow::bail!("one line for one picture: {lines:?}") };
    let sentence = shipped::golden_sentence(picture)?;
    ensure!(line["text"] == sentence.as_str(), "{picture}: {line} is not the golden sentence");
    let band = line["band"].as_str().context("a line has a band")?;
    let faults = line["quality"].as_array().context("a line has a quality")?;
    ensure!(faults.is_empty(), "{picture}: nothing is wrong with it: {line}");
    worded(&sentence, band)
}

/// A sentence in the wording of a band.
pub fn worded(sentence: &str, band: &str) -> Result<String> {
    let mut characters = sentence.chars();
    let lower: String =
        characters.next().map(char::to_lowercase).into_iter().flatten().chain(characters).collect();
    Ok(match band {
        "high" => sentence.to_owned(),
        "middle" => format!("Possibly {lower}"),
        "low" => format!("Not sure, may be wrong: {lower}"),
        "none" => "I can't tell what this picture shows. Another side or distance may help.".to_owned(),
        other => anyhow::bail!("{other} is no band"),
    })
}
