//! A manifest is read whole and right, or refused with its fault named.

use super::*;

/// A manifest with everything in it.
const WHOLE: &str = include_str!("whole.toml");

#[test]
fn reads_and_writes_all_of_it() {
    let manifest = Manifest::from_toml(WHOLE).expect("a manifest");
    assert_eq!(manifest.preprocessing.width, 4);
    assert_eq!(manifest.vocabulary.end, TokenId(2));
    assert_eq!(manifest.encoder_output("hidden").expect("an output").shape, [1, 5]);
    assert_eq!(manifest.encoder_output("cell"), None);
    assert_eq!(manifest.scores[0].engine, Engine::Tract);
    let calibration = manifest.calibration.as_ref().expect("a calibration");
    assert_eq!(calibration.coefficients.len(), 2);
    assert_eq!(calibration.words.len(), 1);
    assert_eq!(manifest.tags.as_ref().expect("tags").fit.judged, 300);
    assert!(!manifest.decoding.repetition_guard);
    let text = manifest.to_toml().expect("a text");
    assert!(text.contains("length_penalty = 0.7\n"), "{text}");
    assert_eq!(Manifest::from_toml(&text).expect("a manifest"), manifest);
}

#[test]
fn may_leave_out_what_is_optional() {
    let mut manifest = Manifest::from_toml(WHOLE).expect("a manifest");
    manifest.quantisation = None;
    manifest.calibration = None;
    manifest.tags = None;
    manifest.evidence = None;
    manifest.scores = Vec::new();
    manifest.decoder.attention = None;
    manifest.provenance.experiment = None;
    let text = manifest.to_toml().expect("a text");
    assert!(
        !text.contains("quantisation")
            && !text.contains("calibration")
            && !text.contains("[tags")
            && !text.contains("[evidence")
            && !text.contains("scores")
            && !text.contains("attention")
    );
    assert_eq!(Manifest::from_toml(&text).expect("a manifest"), manifest);
}

#[test]
fn tells_foreign_and_newer_texts_apart() {
    let newer = WHOLE.replace("format_version = 1", "format_version = 2\nnew_field = true");
    let error = Manifest::from_toml(&newer).expect_err("newer");
    assert!(matches!(error, ManifestError::NewerFormat { found: 2, supported: 1 }), "{error:?}");
    assert!(error.to_string().contains("update Descry"), "{error}");
    for foreign in ["", "[package]\nname = \"x\"\n", "format_version = \"1\"\n", "format_version = 1.0\n"] {
        let error = Manifest::from_toml(foreign).expect_err(foreign);
        assert!(matches!(error, ManifestError::Foreign), "{foreign:?}: {error:?}");
    }
    for broken in ["<html>", "format_version =", "\u{0}", "format_version = 1\n"] {
        let error = Manifest::from_toml(broken).expect_err(broken);
        assert!(matches!(error, ManifestError::Syntax(_)), "{broken:?}: {error:?}");
    }
}

/// What is replaced by what, and what is said then.
const FAULTS: [(&str, &str, &str); 70] = [
    ("intercept = 2.5", "intercept = nan", "calibration holds a coefficient that is not a finite number"),
    ("agreement = 0.5", "agreement = inf", "calibration holds a coefficient that is not a finite number"),
    ("dog = 0.375", "dog = inf", "calibration holds a coefficient that is not a finite number"),
    ("agreement = 0.5", "kindness = 0.5", "unknown variant `kindness`"),
    ("high = 0.9", "high = 0.5", "calibration.bands are 0.5, 0.6 and 0.3; they must fall"),
    ("low = 0.3", "low = -0.3", "they must fall and not be below 0"),
    ("high = 0.9", "high = inf", "calibration.bands are inf"),
    ("roc_area = 0.8", "roc_area = 80", "calibration.fit holds a share"),
    ("output = \"classes\"", "output = \"things\"", "tags.output is \"things\", which is no output"),
    ("output = \"classes\"", "output = \"features\"", "tags.output has the shape [1, 2, 3]"),
    (
        "names = \"tags.txt\"",
        "names = \"labels.txt\"",
        "tags.names names \"labels.txt\", which is not listed",
    ),
    ("names = \"tags.txt\"", "names = \"vocabulary.txt\"", "which has another use"),
    ("temperature = 1.25", "temperature = 0.0", "tags.temperature is 0"),
    ("intercept = -0.5", "intercept = nan", "tags.intercept is NaN"),
    ("slope = 0.75", "slope = -0.75", "tags.slope is -0.75"),
    ("least = 0.125", "least = 1.5", "tags.least is 1.5"),
    ("sure = 0.875", "sure = 0.1", "tags.sure is 0.1; it must lie between tags.least and 2"),
    ("right_when_sure = 0.9", "right_when_sure = 90.0", "tags.fit holds a share"),
    ("slope = 0.75", "inclination = 0.75", "unknown field `inclination`"),
    ("output = \"evidence\"", "output = \"things\"", "evidence.output is \"things\", which is no output"),
    (
        "output = \"evidence\"",
        "output = \"hidden\"",
        "evidence.words are 2 where the output has the shape [1, 5]",
    ),
    (
        "words = [\"a\", \"dog\"]",
        "words = [\"dog\", \"a\"]",
        "evidence.words are not in order, or not distinct",
    ),
    (
        "search_weight = 0.25",
        "search_weight = -0.25",
        "evidence.search_weight is -0.25; it must lie between 0",
    ),
    ("search_weight = 0.25", "search_weight = nan", "evidence.search_weight is NaN"),
    ("roc_area = 0.75", "roc_area = 75", "evidence.fit holds a share"),
    ("format_version = 1", "format_version = 0", "format_version is 0 where 1 is due"),
    ("format_version = 1", "format_version = -1", "invalid value"),
    ("name = \"tiny\"", "name = \" \"", "name is empty"),
    ("name = \"tiny\"", "title = \"tiny\"", "unknown field `title`"),
    ("created = \"2026-11-20\"", "created = 2026-11-20", "invalid type"),
    ("[files.\"encoder.onnx\"]", "[files.\"../encoder.onnx\"]", "is not the plain name of a file"),
    ("[files.\"encoder.onnx\"]", "[files.\"/encoder.onnx\"]", "is not the plain name of a file"),
    ("[files.\"encoder.onnx\"]", "[files.\"a/encoder.onnx\"]", "is not the plain name of a file"),
    ("[files.\"encoder.onnx\"]", "[files.\"a\\\\b\"]", "is not the plain name of a file"),
    ("[files.\"encoder.onnx\"]", "[files.\"..\"]", "is not the plain name of a file"),
    ("[files.\"encoder.onnx\"]", "[files.\"\"]", "is not the plain name of a file"),
    ("[files.\"encoder.onnx\"]", "[files.\"manifest.toml\"]", "is not the plain name of a file"),
    (
        "[files.\"encoder.onnx\"]",
        "[files.\"other.onnx\"]",
        "encoder.file names \"encoder.onnx\", which is not listed",
    ),
    ("bytes = 5", "bytes = -5", "invalid value"),
    ("bytes = 5", "bytes = 99999999999", "at most 134217728 are taken"),
    ("sha256 = \"0123", "sha256 = \"012", "64 lower-case hexadecimal digits"),
    ("sha256 = \"0123", "sha256 = \"ABCD", "64 lower-case hexadecimal digits"),
    (
        "file = \"decoder.onnx\"",
        "file = \"encoder.onnx\"",
        "decoder.file names \"encoder.onnx\", which has another use",
    ),
    (
        "experiment = \"experiment.toml\"",
        "experiment = \"run.toml\"",
        "provenance.experiment names \"run.toml\"",
    ),
    ("width = 4", "width = 0", "preprocessing.width is 0"),
    ("width = 4", "width = 5000", "preprocessing.width is 5000"),
    (
        "height = 2",
        "height = 3",
        "encoder.input.shape is [1, 3, 2, 4] where the preprocessing gives [1, 3, 3, 4]",
    ),
    ("resize = \"squeeze\"", "resize = \"crop\"", "unknown variant `crop`"),
    ("mean = [127.5,", "mean = [nan,", "preprocessing.mean holds a value that is not a finite number"),
    ("scale = [127.5,", "scale = [0.0,", "preprocessing.scale holds a value that cannot be divided by"),
    ("scale = [127.5,", "scale = [1e-42,", "preprocessing.scale holds a value that cannot be divided by"),
    ("scale = [127.5,", "scale = [inf,", "preprocessing.scale holds a value that cannot be divided by"),
    ("size = 6", "size = 3", "vocabulary.size is 3"),
    ("size = 6", "size = 2000000", "vocabulary.size is 2000000"),
    ("end = 2", "end = 6", "vocabulary.end is 6, outside a vocabulary of 6 words"),
    ("end = 2", "end = 1", "vocabulary.end is 1, which another special token has"),
    (
        "{ name = \"hidden\", shape = [1, 5] }",
        "{ name = \"features\", shape = [1, 5] }",
        "name \"features\" twice",
    ),
    ("shape = [1, 2, 3]", "shape = [1, 0, 3]", "encoder.outputs.features has the shape [1, 0, 3]"),
    ("shape = [1, 2, 3]", "shape = [2, 2, 3]", "whose first axis is not 1"),
    ("shape = [1, 2, 3]", "shape = []", "encoder.outputs.features has the shape []"),
    ("shape = [1, 2, 3]", "shape = [1, 9223372036854775807, 9223372036854775807]", "at most 16777216 values"),
    ("context = [\"features\"]", "context = [\"keys\"]", "names \"keys\", which is no output of the encoder"),
    (
        "input = \"hidden\", output",
        "input = \"cell\", output",
        "decoder.state.cell is no output of the encoder",
    ),
    (
        "shape = [5] }",
        "shape = [4] }",
        "decoder.state.hidden has the shape [4] where the encoder gives [1, 5]",
    ),
    ("token = \"token\"", "token = \"hidden\"", "decoder's inputs name \"hidden\" twice"),
    ("logits = \"logits\"", "logits = \"next_hidden\"", "decoder's outputs name \"next_hidden\" twice"),
    ("beam_width = 3\nmaximum", "beam_width = 65\nmaximum", "decoding.beam_width is 65"),
    ("maximum_words = 20", "maximum_words = 0", "decoding.maximum_words is 0"),
    ("length_penalty = 0.7", "length_penalty = nan", "decoding.length_penalty is NaN"),
    ("may_repeat = [4, 5]", "may_repeat = [4, 99999]", "decoding.may_repeat holds 99999"),
];

#[test]
fn names_every_fault() {
    for (from, to, message) in FAULTS {
        assert!(WHOLE.contains(from), "{from}");
        let error = Manifest::from_toml(&WHOLE.replacen(from, to, 1)).expect_err(message);
        assert!(error.to_string().contains(message), "{to}: {error}");
    }
}

#[test]
fn writes_nothing_that_it_would_not_read() {
    let mut manifest = Manifest::from_toml(WHOLE).expect("a manifest");
    manifest.scores[0].cider = f64::NAN;
    assert!(manifest.to_toml().is_err());
}

#[test]
fn no_text_leads_to_a_panic() {
    // Every bit of the text flipped, and noise of a small alphabet that is often nearly TOML.
    for index in 0..WHOLE.len() * 8 {
        let mut bytes = WHOLE.as_bytes().to_vec();
        bytes[index / 8] ^= 1 << (index % 8);
        if let Ok(text) = String::from_utf8(bytes) {
            let _ = Manifest::from_toml(&text);
        }
    }
    let alphabet = b"[]{}\"'=,.\n#ae019-_ \\";
    let mut random: u64 = 1;
    for _ in 0..2000 {
        let text: String = (0..60)
            .map(|_| {
                random =
                    random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                char::from(alphabet[(random >> 33) as usize % alphabet.len()])
            })
            .collect();
        assert!(Manifest::from_toml(&text).is_err());
    }
}
