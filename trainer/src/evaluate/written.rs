//! Captions as files: JSON lines of ours, and the list that COCO's evaluation and its servers take.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::{Context as _, Result};
use serde::Serialize;

use super::captioning::Described;
use crate::dataset::{Picture, PictureId};

/// A file that is made before the work, so that a wrong path is known before the wait.
pub fn create(path: &Path) -> Result<BufWriter<File>> {
    File::create(path).map(BufWriter::new).with_context(|| format!("cannot write {}", path.display()))
}

/// Writes an object with `file`, `caption` and `alternatives` on each line.
pub fn lines(mut to: impl Write, pictures: &[&Picture], captions: &[Described]) -> Result<()> {
    for (picture, caption) in pictures.iter().zip(captions) {
        let line = serde_json::json!({
            "file": picture.name(), "caption": caption.text, "alternatives": caption.alternatives,
        });
        writeln!(to, "{line}").context("cannot write the captions")?;
    }
    to.flush().context("cannot write the captions")
}

/// One result of COCO's format.
#[derive(Debug, Serialize)]
struct CocoResult<'a> {
    image_id: PictureId,
    caption: &'a str,
}

/// Writes a list of `{"image_id": …, "caption": …}`.
pub fn coco_results(mut to: impl Write, pictures: &[&Picture], captions: &[Described]) -> Result<()> {
    let results: Vec<CocoResult<'_>> = pictures
        .iter()
        .zip(captions)
        .map(|(picture, caption)| CocoResult { image_id: id(picture), caption: &caption.text })
        .collect();
    serde_json::to_writer(&mut to, &results).context("cannot write the results")?;
    writeln!(to).and_then(|()| to.flush()).context("cannot write the results")
}

/// The data set's own id of a picture; without one, the number that COCO's file names end with; else the file's name.
fn id(picture: &Picture) -> PictureId {
    if let Some(id) = &picture.id {
        return id.clone();
    }
    let name = picture.name();
    let stem = name.rsplit_once('.').map_or(name.as_str(), |(stem, _)| stem);
    let number = if stem.starts_with("COCO_") { stem.rsplit('_').next().unwrap_or(stem) } else { stem };
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    match number.parse() {
        Ok(number) if digits => PictureId::Number(number),
        _ => PictureId::Text(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_hold_the_alternatives() {
        let picture = Picture { file: "a/b.jpg".into(), id: None, captions: Vec::new() };
        let mut written = Vec::new();
        lines(&mut written, &[&picture], &[Described::for_test("a dog")]).expect("written");
        let expected = "{\"alternatives\":[\"not a dog\"],\"caption\":\"a dog\",\"file\":\"b.jpg\"}\n";
        assert_eq!(String::from_utf8(written).expect("UTF-8"), expected);
    }

    #[test]
    fn results_name_pictures_as_coco_does() {
        let picture = |file: &str, id| Picture { file: file.into(), id, captions: Vec::new() };
        let cases = [
            (picture("a/COCO_val2014_000000391895.jpg", None), "391895"),
            (picture("000000000042.png", None), "42"),
            (picture("000000000042.png", Some(PictureId::Number(7))), "7"),
            (picture("x.jpg", Some(PictureId::Text("x-1".to_owned()))), "\"x-1\""),
            (picture("harbour_12.jpg", None), "\"harbour_12.jpg\""),
            (picture("99999999999999999999.jpg", None), "\"99999999999999999999.jpg\""),
            (picture(".jpg", None), "\".jpg\""),
        ];
        for (picture, id) in cases {
            let mut written = Vec::new();
            coco_results(&mut written, &[&picture], &[Described::for_test("a \"dog\"")]).expect("written");
            let expected = format!("[{{\"image_id\":{id},\"caption\":\"a \\\"dog\\\"\"}}]\n");
            assert_eq!(String::from_utf8(written).expect("UTF-8"), expected);
        }
    }
}
