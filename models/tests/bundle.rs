//! Every way to spoil a bundle, and the error that names it.

use std::{
    fs::{self, File},
    os::unix::fs::symlink,
    path::Path,
};

use descry_models::{Bundle, BundleError, CaptionError, Captioner, EngineChoice, ManifestError, sha256_hex};
use support::{Tiny, WORDS};

mod support;

/// A way to spoil the bundle in a folder, the variant that names it, and words that must be in its text.
struct Case {
    spoil: fn(&Path),
    variant: fn(&BundleError) -> bool,
    words: &'static [&'static str],
}

macro_rules! case {
    ($spoil:expr, $variant:pat, $($words:literal),+) => {
        Case { spoil: $spoil, variant: |error| matches!(error, $variant), words: &[$($words),+] }
    };
}

fn replace(file: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(file).expect("a text");
    assert!(text.contains(from), "{from} in {}", file.display());
    fs::write(file, text.replacen(from, to, 1)).expect("a file");
}

/// Puts other bytes in place of a file and makes the manifest vouch for them.
fn vouch(directory: &Path, name: &str, bytes: &[u8]) {
    let old = fs::read(directory.join(name)).expect("the old file");
    fs::write(directory.join(name), bytes).expect("the new file");
    let manifest = directory.join("manifest.toml");
    replace(&manifest, &sha256_hex(&old), &sha256_hex(bytes));
    replace(&manifest, &format!("bytes = {}", old.len()), &format!("bytes = {}", bytes.len()));
}

#[test]
fn names_of_tags_are_held_to_the_encoder() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    for (text, due) in [
        ("-\nSaluki\tdog\n", "names 2 classes where the encoder gives 4"),
        ("-\nSaluki\tdog\n\nteapot\n", "does not name tags: line 3"),
        ("-\nSaluki\tdog\ndog\tSaluki\nteapot\n", "each said to be a kind of the other"),
        ("\u{7}\na\nb\nc\n", "line 1"),
    ] {
        Tiny::new(1, true).tagged().write(at);
        assert!(Bundle::open(at).expect("a bundle").tag_names().is_some());
        vouch(at, "tags.txt", text.as_bytes());
        let error = Bundle::open(at).expect_err(due).to_string();
        assert!(error.contains(due) && error.contains("tags.txt"), "{error}");
    }
    Tiny::new(1, true).tagged().write(at);
    flip(at, "tags.txt");
    assert!(matches!(Bundle::open(at), Err(BundleError::Altered { .. })));
    Tiny::new(1, true).tagged().write(at);
    vouch(at, "tags.txt", b"\xff\n");
    assert!(matches!(Bundle::open(at), Err(BundleError::ForeignTagNames { .. })));
}

fn words() -> String {
    WORDS.map(|word| format!("{word}\n")).concat()
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of faults, read line by line")]
fn every_fault_has_a_name() {
    let cases = [
        case!(
            |at| fs::remove_dir_all(at).expect("removed"),
            BundleError::NoDirectory { .. },
            "does not exist"
        ),
        case!(
            |at| {
                fs::remove_dir_all(at).expect("removed");
                fs::write(at, "x").expect("a file");
            },
            BundleError::NotADirectory { .. },
            "is not a folder",
            "manifest.toml"
        ),
        case!(|at| remove(at, "manifest.toml"), BundleError::NoManifest { .. }, "holds no manifest.toml"),
        case!(
            |at| write(at, "manifest.toml", b"<html>"),
            BundleError::Manifest { .. },
            "manifest.toml",
            "cannot be used"
        ),
        case!(|at| write(at, "manifest.toml", b"\xff\xfe"), BundleError::Manifest { .. }, "not UTF-8"),
        case!(
            |at| write(at, "manifest.toml", b"[package]\nname = \"x\"\n"),
            BundleError::Manifest { source: ManifestError::Foreign, .. },
            "not the manifest of a Descry model"
        ),
        case!(
            |at| replace(&at.join("manifest.toml"), "format_version = 1", "format_version = 9"),
            BundleError::Manifest { source: ManifestError::NewerFormat { found: 9, .. }, .. },
            "update Descry"
        ),
        case!(
            |at| replace(&at.join("manifest.toml"), "end = 2", "end = 77"),
            BundleError::Manifest { source: ManifestError::Invalid { .. }, .. },
            "vocabulary.end is 77"
        ),
        case!(
            |at| grow(at, "manifest.toml", 2 << 20),
            BundleError::TooLarge { .. },
            "manifest.toml",
            "no more than 1048576"
        ),
        case!(|at| remove(at, "encoder.onnx"), BundleError::Missing { .. }, "encoder.onnx is missing"),
        case!(|at| remove(at, "decoder.onnx"), BundleError::Missing { .. }, "decoder.onnx is missing"),
        case!(|at| remove(at, "vocabulary.txt"), BundleError::Missing { .. }, "vocabulary.txt is missing"),
        case!(
            |at| {
                remove(at, "encoder.onnx");
                fs::create_dir(at.join("encoder.onnx")).expect("a folder");
            },
            BundleError::NotAFile { .. },
            "encoder.onnx is not a regular file"
        ),
        case!(
            |at| {
                remove(at, "encoder.onnx");
                symlink("/dev/zero", at.join("encoder.onnx")).expect("a link");
            },
            BundleError::NotAFile { .. },
            "encoder.onnx is not a regular file"
        ),
        case!(
            |at| write(at, "decoder.onnx", b""),
            BundleError::Truncated { found: 0, .. },
            "decoder.onnx is cut short"
        ),
        case!(
            |at| cut(at, "encoder.onnx", 1),
            BundleError::Truncated { .. },
            "encoder.onnx is cut short",
            "fetch"
        ),
        case!(
            |at| grow(at, "encoder.onnx", 1),
            BundleError::Lengthened { .. },
            "encoder.onnx was altered",
            "fetch"
        ),
        case!(
            |at| grow(at, "encoder.onnx", 129 << 20),
            BundleError::TooLarge { .. },
            "encoder.onnx",
            "134217728"
        ),
        case!(
            |at| flip(at, "encoder.onnx"),
            BundleError::Altered { .. },
            "encoder.onnx was altered",
            "sha256"
        ),
        case!(
            |at| flip(at, "decoder.onnx"),
            BundleError::Altered { .. },
            "decoder.onnx was altered",
            "sha256"
        ),
        case!(
            |at| flip(at, "vocabulary.txt"),
            BundleError::Altered { .. },
            "vocabulary.txt was altered",
            "sha256"
        ),
        case!(
            |at| vouch(at, "vocabulary.txt", words().replace("dog\n", "").as_bytes()),
            BundleError::ForeignVocabulary { .. },
            "it has 15 words where the manifest counts 16"
        ),
        case!(
            |at| vouch(at, "vocabulary.txt", words().replace("<pad>\n<start>", "<start>\n<pad>").as_bytes()),
            BundleError::ForeignVocabulary { .. },
            "<pad> is token 1 where the manifest says 0"
        ),
        case!(
            |at| vouch(at, "vocabulary.txt", words().replace("dog", "cat").as_bytes()),
            BundleError::Vocabulary { .. },
            "vocabulary.txt is not a vocabulary: the word \"cat\" stands on line 8 and again on line 9"
        ),
        case!(
            |at| vouch(at, "vocabulary.txt", b"\xff"),
            BundleError::ForeignVocabulary { .. },
            "it is not UTF-8 text"
        ),
    ];
    for Case { spoil, variant, words } in cases {
        let parent = tempfile::tempdir().expect("a folder");
        let directory = parent.path().join("model");
        fs::create_dir(&directory).expect("a folder");
        Tiny::new(0, false).write(&directory);
        spoil(&directory);
        let error = Bundle::open(&directory).expect_err(words[0]);
        let text = error.to_string();
        assert!(variant(&error), "{error:?}");
        assert!(words.iter().all(|words| text.contains(words)), "{text} lacks one of {words:?}");
        assert!(text.contains(&parent.path().display().to_string()), "{text} names no path");
        // And there is never a caption.
        let outcome = Captioner::open(&directory, &EngineChoice::Tract);
        assert!(matches!(outcome, Err(CaptionError::Bundle(_))));
    }
}

fn write(directory: &Path, name: &str, bytes: &[u8]) {
    fs::write(directory.join(name), bytes).expect("written");
}

fn remove(directory: &Path, name: &str) {
    fs::remove_file(directory.join(name)).expect("removed");
}

fn open(directory: &Path, name: &str) -> (File, u64) {
    let file = File::options().write(true).open(directory.join(name)).expect("a file");
    let length = file.metadata().expect("a length").len();
    (file, length)
}

fn cut(directory: &Path, name: &str, bytes: u64) {
    let (file, length) = open(directory, name);
    file.set_len(length - bytes).expect("cut");
}

fn grow(directory: &Path, name: &str, bytes: u64) {
    let (file, length) = open(directory, name);
    file.set_len(length + bytes).expect("grown");
}

fn flip(directory: &Path, name: &str) {
    let mut bytes = fs::read(directory.join(name)).expect("bytes");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    write(directory, name, &bytes);
}

#[test]
fn a_whole_bundle_opens_and_strangers_in_it_are_ignored() {
    let directory = tempfile::tempdir().expect("a folder");
    let tiny = Tiny::new(0, true);
    tiny.write(directory.path());
    fs::write(directory.path().join("CARD.md"), "words").expect("a card");
    fs::create_dir(directory.path().join("notes")).expect("a folder");
    let bundle = Bundle::open(directory.path()).expect("a bundle");
    assert_eq!(bundle.directory(), directory.path());
    assert_eq!(bundle.manifest().name, "tiny");
    assert_eq!(bundle.vocabulary().len(), WORDS.len());
    assert_eq!(bundle.encoder_onnx(), tiny.encoder.onnx());
    assert_eq!(bundle.decoder_onnx(), tiny.decoder.onnx());
    assert_eq!(sha256_hex(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}
