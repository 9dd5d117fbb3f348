//! A program in Tesseract's place that behaves in every way that a program can.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, time::Instant};

use image::Rgb;

use super::*;

const ANSWER: &str = r"printf '5\t1\t1\t1\t1\t1\t0\t0\t9\t9\t96.5\tDepartures\n'";

/// A reader whose program is this script.
fn reader(folder: &Path, script: &str) -> Reader {
    let program = folder.join("tesseract");
    // Written elsewhere first: a program that is open for writing cannot be run.
    fs::write(folder.join("script"), format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(folder.join("script"), fs::Permissions::from_mode(0o755)).unwrap();
    fs::rename(folder.join("script"), &program).unwrap();
    Reader { program, languages: "eng+deu".to_owned(), limit: LIMIT }
}

fn picture() -> Arc<RgbImage> {
    Arc::new(RgbImage::from_pixel(64, 32, Rgb([255; 3])))
}

#[tokio::test]
async fn a_picture_goes_in_and_text_comes_out() {
    let folder = tempfile::tempdir().unwrap();
    let script = format!(
        "echo \"$* $OMP_THREAD_LIMIT\" >{0}/arguments; head -c 13 >{0}/header; cat >/dev/null; echo noise >&2; {ANSWER}",
        folder.path().display()
    );
    let text = reader(folder.path(), &script).read(picture(), &[]).await.unwrap();
    assert_eq!(text.to_lines(), "Departures");
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    assert_eq!(read("arguments"), "stdin stdout -l eng+deu --psm 3 tsv 1\n");
    assert_eq!(read("header"), "P5\n128 64\n255");
}

#[tokio::test]
async fn what_goes_wrong_is_said() {
    let folder = tempfile::tempdir().unwrap();
    for (script, expected) in [
        (
            "echo 'Error in something' >&2; exit 3",
            "Tesseract failed (exit status: 3): Error in something; ask again, and if it stays so, install the package tesseract-ocr anew",
        ),
        (
            "exec 0<&-; exit 1",
            "Tesseract failed (exit status: 1): it did not say why; ask again, and if it stays so, install the package tesseract-ocr anew",
        ),
        (
            "echo 'Error opening data file /usr/share/tessdata/deu.traineddata' >&2; exit 1",
            "Tesseract lacks the language deu; install the package tesseract-ocr-deu, or name others in text_languages",
        ),
        (
            "echo \"Failed loading language 'deu'\" >&2; exit 1",
            "Tesseract lacks the language deu; install the package tesseract-ocr-deu, or name others in text_languages",
        ),
        ("cat /dev/zero", "Tesseract answered without end; ask for a window or a region"),
        (
            "kill -9 $$",
            "Tesseract failed (signal: 9 (SIGKILL)): it did not say why; ask again, and if it stays so, install the package tesseract-ocr anew",
        ),
    ] {
        let error = reader(folder.path(), script).read(picture(), &[]).await.unwrap_err();
        assert_eq!(error.to_string(), expected, "{script}");
    }
    // Much said on standard error holds nothing up.
    let chatty = format!("head -c 300000 /dev/zero >&2; {ANSWER}");
    assert!(reader(folder.path(), &chatty).read(picture(), &[]).await.is_ok());
    let missing = Reader { program: folder.path().join("none"), ..Reader::default() };
    let error = missing.read(picture(), &[]).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the program that reads text is missing; install the package tesseract-ocr"
    );
}

#[tokio::test]
async fn a_program_that_does_not_end_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let script = format!("echo $$ >{}/id; exec sleep 1000", folder.path().display());
    let mut slow = Reader { limit: Duration::from_millis(500), ..reader(folder.path(), &script) };
    let id = loop {
        let result = slow.read(picture(), &[]).await;
        assert!(matches!(result, Err(ReadError::TooSlow)), "{result:?}");
        match fs::read_to_string(folder.path().join("id")) {
            Ok(id) if id.ends_with('\n') => break id,
            // A machine with much to do has killed it before it could begin.
            _ => slow.limit *= 4,
        }
    };
    let process = Path::new("/proc").join(id.trim());
    // It is gone, or dead and not yet collected.
    let begun = Instant::now();
    let is_dead = || fs::read_to_string(process.join("stat")).map_or(true, |stat| stat.contains(") Z "));
    while !is_dead() {
        assert!(begun.elapsed() < LIMIT, "it goes on");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn languages_are_listed() {
    let folder = tempfile::tempdir().unwrap();
    let script = "echo 'List of available languages in \"/usr/share\" (2):'; echo deu; echo eng";
    let reader = reader(folder.path(), script);
    assert_eq!(reader.installed_languages().await.unwrap(), ["deu", "eng"]);
    assert_eq!(reader.languages(), ["eng", "deu"]);
}
