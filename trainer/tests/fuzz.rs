//! Every parser of files that come from elsewhere, on inputs that are made up from good ones: whatever stands in a file, it
//! is read or refused.

#[path = "../../models/tests/support/mutation.rs"]
mod mutation;

use std::{fs, io::Write, path::Path};

use descry_trainer::{
    dataset::{Dataset, Format},
    experiment::Experiment,
    metrics::meteor,
};
use flate2::{Compression, write::GzEncoder};
use tempfile::TempDir;

/// Inputs for each parser in an ordinary run. Each is written to a file first.
const INPUTS: usize = 1000;

fn try_with(name: &str, good: &[&[u8]], parse: impl Fn(&[u8])) {
    let good: Vec<Vec<u8>> = good.iter().map(|bytes| bytes.to_vec()).chain([Vec::new()]).collect();
    mutation::try_parser(name, &good, INPUTS, parse);
}

fn write(folder: &Path, name: &str, bytes: &[u8]) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().expect("a file is in a folder")).expect("a folder");
    fs::write(path, bytes).expect("written");
}

/// A file of each format of data sets, with the split that it has.
const SETS: [(Format, &str, &str, &str); 9] = [
    (Format::Flickr, "Flickr8k.token.txt", "dev", "a.jpg#0\tA dog .\nb.jpg#0\tA cat .\n../c.jpg#1\tA cow\n"),
    (Format::Flickr, "Flickr_8k.devImages.txt", "dev", "a.jpg\nb.jpg\n"),
    (
        Format::Kaggle,
        "captions.txt",
        "all",
        "image,caption\na.jpg,A dog .\nb.jpg,\"A cat, and \"\"a\"\" cow\"\n",
    ),
    (Format::Kaggle, "results.csv", "all", "image_name| comment_number| comment\na.jpg| 0| A dog .\n"),
    (
        Format::Coco,
        "annotations/captions_val.json",
        "val",
        r#"{"images":[{"id":1,"file_name":"a.jpg"}],"annotations":[{"id":7,"image_id":1,"caption":"A dog."}]}"#,
    ),
    (
        Format::Karpathy,
        "dataset.json",
        "val",
        r#"{"images":[{"imgid":0,"split":"val","filename":"a.jpg","sentences":[{"raw":"A dog.","tokens":["a","dog"]}]}]}"#,
    ),
    (
        Format::Vizwiz,
        "annotations/val.json",
        "val",
        r#"{"images":[{"id":1,"file_name":"a.jpg"}],"annotations":[{"image_id":1,"caption":"A dog.","is_rejected":false}]}"#,
    ),
    (
        Format::Jsonl,
        "captions.jsonl",
        "all",
        "{\"file\":\"a.jpg\",\"captions\":[\"A dog.\"]}\n{\"file\":\"b.jpg\",\"caption\":\"A cat.\",\"split\":\"dev\"}\n",
    ),
    (Format::Beside, "a.txt", "all", "A dog runs.\n\nA dog.\n"),
];

#[test]
fn no_data_set_makes_it_panic() {
    for (format, file, split, good) in SETS {
        let folder = TempDir::new().expect("a folder");
        // What the file under test is beside.
        write(folder.path(), "a.jpg", b"");
        for (of, other, _, good) in SETS {
            if of == format && format == Format::Flickr {
                write(folder.path(), other, good.as_bytes());
            }
        }
        let path = folder.path();
        write(path, file, good.as_bytes());
        let captions = Dataset::captions(path, Some(format), split).expect(file);
        assert!(captions.iter().any(|caption| caption.starts_with("A dog")), "{file}: {captions:?}");
        try_with(file, &[good.as_bytes()], |bytes| {
            write(path, file, bytes);
            let _ = Dataset::open(path, split);
            let _ = Dataset::captions(path, Some(format), split);
        });
    }
}

#[test]
fn no_experiment_makes_it_panic() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("experiment.toml");
    let good = include_bytes!("../experiments/descry-attend-2.toml");
    try_with("experiment", &[good], |bytes| {
        fs::write(&path, bytes).expect("written");
        if let Ok(experiment) = Experiment::open(&path) {
            experiment.to_toml().expect("what was read can be written");
        }
    });
}

#[test]
fn no_table_of_meteor_makes_it_panic() {
    const TABLES: [(&str, &str); 5] = [
        ("function/english.words", "the\na\nof\n"),
        ("nonbreaking/english.prefixes", "# a comment\nMr\nNo #NUMERIC_ONLY#\n"),
        ("synonym/english.exceptions", "run\nran running\n"),
        ("synonym/english.synsets", "dog\n1 2\nhound\n2 3\n"),
        ("data/paraphrase-en.gz", "0.5\na dog\nthe hound\n0.25\nruns\nis running\n"),
    ];
    let folder = TempDir::new().expect("a folder");
    let folder = folder.path();
    let packed = |text: &[u8]| {
        let mut writer = GzEncoder::new(Vec::new(), Compression::fast());
        writer.write_all(text).expect("packed");
        writer.finish().expect("packed")
    };
    let is_packed = |name: &str| Path::new(name).extension().is_some_and(|ending| ending == "gz");
    let put = |name: &str, bytes: &[u8]| {
        if is_packed(name) { write(folder, name, &packed(bytes)) } else { write(folder, name, bytes) }
    };
    let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let (candidates, references) =
        ([words("a dog runs")], [vec![words("the hound is running"), words("Mr . No . 5 dogs")]]);
    for (name, good) in TABLES {
        for (name, good) in TABLES {
            put(name, good.as_bytes());
        }
        meteor::score(Some(folder), &candidates, &references).expect("good tables are read");
        try_with(name, &[good.as_bytes()], |bytes| {
            put(name, bytes);
            if let Ok(score) = meteor::score(Some(folder), &candidates, &references) {
                assert!((0.0..=100.0).contains(&score.score), "{}", score.score);
            }
        });
        if is_packed(name) {
            try_with("the archive of it", &[&packed(good.as_bytes())], |bytes| {
                write(folder, name, bytes);
                let _ = meteor::score(Some(folder), &candidates, &references);
            });
        }
    }
}

#[cfg(feature = "torch")]
#[test]
fn no_word_vectors_make_it_panic() {
    use descry_models::Vocabulary;
    use descry_trainer::word_vectors;

    let vocabulary = Vocabulary::from_text("<pad>\n<start>\n<end>\n<unk>\na\ndog\n").expect("a vocabulary");
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("vectors.txt");
    let good: [&[u8]; 2] =
        [b"2 3\na 0.1 -0.25 1e-3\ndog 1 2 3\n", b"a 0.1 0.2 0.3\n. . . 1 2 3\ndog -1 -2 -3\n\xff 1 2 3\n"];
    try_with("word vectors", &good, |bytes| {
        fs::write(&path, bytes).expect("written");
        if let Ok(found) = word_vectors::read(&path, &vocabulary, 3) {
            let numbers = found.vectors.values().flatten();
            assert!(found.vectors.values().all(|vector| vector.len() == 3));
            assert!(numbers.into_iter().all(|number| number.is_finite()), "{:?}", found.vectors);
        }
    });
}

#[cfg(feature = "torch")]
#[test]
fn no_weights_make_it_panic() {
    use descry_trainer::encoder::pickled;

    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/pickled");
    let read = |name: &str| fs::read(golden.join(name)).expect("a golden file");
    let good = ["new.pth", "old.pth", "checkpoint.pth", "hostile.pth", "module.pth"].map(read);
    let good: Vec<&[u8]> = good.iter().map(Vec::as_slice).collect();
    try_with("weights", &good, |bytes| {
        let _ = pickled::tensors(bytes);
    });
}
