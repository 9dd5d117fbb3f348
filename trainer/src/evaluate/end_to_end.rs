//! A bundle that the exporter made, a data set on disk, and all that lies between: the captions are the Captioner's own,
//! and broken pictures cost no more than themselves.

use std::path::{Path, PathBuf};

use descry_models::{CaptionOptions, Captioner, Engine, EngineChoice};
use image::{Rgb, RgbImage};
use tempfile::TempDir;

use super::report::Report;
use super::{EngineArguments, EvaluateArguments, ModelArguments, evaluate};
use crate::export::{export, fixture, tests::arguments as export_arguments};

const PICTURES: usize = 12;

/// What makes right arguments wrong.
type Change<'a> = &'a dyn Fn(&mut EvaluateArguments);

/// `folder/float`, a tiny bundle with random weights, and `folder/drawn`, a data set of small pictures. Two files of it
/// are no pictures, and one that is listed is missing.
pub(crate) fn made() -> TempDir {
    let folder = TempDir::new().expect("a folder");
    fixture::write_run(&folder.path().join("run"), &fixture::tensors(3));
    export(&export_arguments(folder.path())).expect("a bundle");
    let drawn = folder.path().join("drawn");
    std::fs::create_dir_all(drawn.join("images")).expect("images");
    let (mut captions, mut list) = (Vec::new(), Vec::new());
    for index in 0..PICTURES {
        let name = name(index);
        let picture = RgbImage::from_fn(30, 20, |x, y| {
            Rgb([x as u8 * 8, (y as u8 * 12).wrapping_mul(index as u8), (index as u8).wrapping_mul(37)])
        });
        picture.save(drawn.join("images").join(&name)).expect("saved");
        captions.push(format!("{name}#0\tword4 word5 word{} .", index + 4));
        captions.push(format!("{name}#1\tWord{} word7", index % 5 + 6));
        list.push(name);
    }
    for (broken, bytes) in [("text.png", "a dog"), ("empty.png", "")] {
        std::fs::write(drawn.join("images").join(broken), bytes).expect("written");
        captions.push(format!("{broken}#0\tnothing to see"));
        list.push(broken.to_owned());
    }
    list.push("gone.png".to_owned());
    std::fs::write(drawn.join("captions.token.txt"), captions.join("\n")).expect("captions");
    std::fs::write(drawn.join("devImages.txt"), list.join("\n")).expect("list");
    folder
}

fn name(index: usize) -> String {
    format!("{index}.png")
}

fn arguments(folder: &Path, threads: usize) -> EvaluateArguments {
    EvaluateArguments {
        model: ModelArguments {
            bundle: folder.join("float"),
            beam_width: None,
            engine: EngineArguments {
                engine: Some(Engine::Tract),
                threads: threads.try_into().ok(),
                ..EngineArguments::default()
            },
            diverse_groups: None,
            diversity_strength: 0.5,
        },
        dataset: folder.join("drawn"),
        split: "dev".to_owned(),
        format: None,
        meteor_data: None,
        train_captions: Vec::new(),
        train_split: "train".to_owned(),
        json: true,
        captions: Some(folder.join("captions.jsonl")),
        coco_results: Some(folder.join("results.json")),
    }
}

/// The lines that `--captions` wrote: file and caption.
fn written(file: &PathBuf) -> Vec<(String, String)> {
    let text = std::fs::read_to_string(file).expect("captions");
    let text_of = |value: &serde_json::Value| value.as_str().expect("a text").to_owned();
    let lines = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"));
    lines.map(|line| (text_of(&line["file"]), text_of(&line["caption"]))).collect()
}

#[test]
fn captions_are_the_captioners_and_scores_do_not_depend_on_threads() {
    let folder = made();
    let mut captioner = Captioner::open(&folder.path().join("float"), &EngineChoice::Tract).expect("opened");
    let expected: Vec<_> = (0..PICTURES)
        .map(|index| {
            let picture = crate::picture::open(&folder.path().join("drawn/images").join(name(index)))
                .expect("a picture");
            let caption = captioner.caption(&picture, &CaptionOptions::default()).expect("a caption");
            (name(index), caption.text)
        })
        .collect();

    let mut reports = Vec::new();
    for threads in [1, 3] {
        let report = evaluate(&arguments(folder.path(), threads)).expect("evaluated");
        assert_eq!(written(&folder.path().join("captions.jsonl")), expected, "{threads} threads");
        assert_eq!((report.scores.images, report.skipped), (PICTURES, 3));
        assert_eq!((report.engine.as_str(), report.beam_width, report.threads), ("tract", 2, threads));
        let results = std::fs::read_to_string(folder.path().join("results.json")).expect("results");
        let results: Vec<serde_json::Value> = serde_json::from_str(&results).expect("JSON");
        let results =
            results.iter().map(|result| (result["image_id"].to_string(), result["caption"].clone()));
        // The pictures are named by numbers, as COCO's are.
        let numbered =
            expected.iter().enumerate().map(|(index, (_, text))| (index.to_string(), text.as_str().into()));
        assert!(results.eq(numbered), "{threads} threads");
        reports.push(report);
    }
    assert_eq!(reports[0].scores, reports[1].scores);

    let json = serde_json::to_value(&reports[0]).expect("JSON");
    for key in ["bleu1", "bleu2", "bleu3", "bleu4", "rouge_l"] {
        assert!((0.0..=100.0).contains(&json[key].as_f64().expect(key)), "{key}: {}", json[key]);
    }
    for key in ["cider", "cider_plain"] {
        assert!((0.0..=1000.0).contains(&json[key].as_f64().expect(key)), "{key}: {}", json[key]);
    }
    // Without Meteor's data the score has another name, and without a split `train` nothing is said of novelty.
    assert!((0.0..=100.0).contains(&json["meteor_exact_stem"].as_f64().expect("meteor_exact_stem")));
    for key in ["meteor", "novel_captions", "training_captions"] {
        assert!(json.get(key).is_none(), "{key}");
    }
    assert_eq!(json["images"], PICTURES);
    assert_eq!(json["precision"], "float32");
    // `seal` reads what was printed.
    assert_eq!(serde_json::from_value::<Report>(json).expect("a report"), reports[0]);
    let text = reports[0].to_string();
    for named in ["BLEU-4", "METEOR (exact and stem matches only)", "CIDEr-D", "CIDEr, plain"] {
        assert!(text.contains(named), "{text}");
    }
}

#[test]
fn novel_captions_are_counted_against_what_was_learned_from() {
    let folder = made();
    let first = evaluate(&arguments(folder.path(), 1)).expect("evaluated");
    let captions = written(&folder.path().join("captions.jsonl"));
    let drawn = folder.path().join("drawn");
    std::fs::copy(drawn.join("devImages.txt"), drawn.join("trainImages.txt")).expect("a split to learn from");
    let lines: Vec<_> = captions.iter().map(|(file, caption)| format!("{file}#2\t{caption} .")).collect();
    let references = std::fs::read_to_string(drawn.join("captions.token.txt")).expect("captions");
    std::fs::write(drawn.join("captions.token.txt"), format!("{references}\n{}", lines.join("\n")))
        .expect("more");
    let learned = evaluate(&arguments(folder.path(), 1)).expect("evaluated");
    assert_eq!((first.novel_captions, learned.novel_captions), (None, Some(0.0)));
    assert!(learned.training_captions.is_some_and(|count| count >= learned.distinct_captions));
    assert!(learned.to_string().contains("0.0% of the captions"), "{learned}");
}

#[test]
fn a_diverse_search_offers_other_sentences() {
    let folder = made();
    let evaluated = |groups: usize| {
        let mut arguments = arguments(folder.path(), 1);
        arguments.model.diverse_groups = groups.try_into().ok();
        let report = evaluate(&arguments).expect("evaluated");
        (report.diverse_groups, written(&folder.path().join("captions.jsonl")))
    };
    let (plain, one, two) = (evaluated(0), evaluated(1), evaluated(2));
    assert_eq!((plain.0, one.0, two.0), (None, Some(1), Some(2)));
    assert_eq!(plain.1, one.1, "one group is the plain search");
    assert_eq!(two.1.len(), PICTURES);
    let mut arguments = arguments(folder.path(), 1);
    arguments.model.diverse_groups = 3.try_into().ok();
    let found = format!("{:#}", evaluate(&arguments).expect_err("more groups than the beam is wide"));
    assert!(found.contains("the number of groups is 3"), "{found}");
}

#[test]
fn what_cannot_be_evaluated_is_named() {
    let folder = made();
    let path = |name: &str| folder.path().join(name);
    let message = |change: Change<'_>| {
        let mut arguments = arguments(folder.path(), 1);
        change(&mut arguments);
        format!("{:#}", evaluate(&arguments).expect_err("an error"))
    };
    let cases: [(&str, Change<'_>); 6] = [
        ("english.words", &|arguments| arguments.meteor_data = Some(path("drawn"))),
        ("cannot read the training captions", &|arguments| arguments.train_captions = vec![path("nowhere")]),
        ("no split `train`", &|arguments| arguments.split = "train".to_owned()),
        ("cannot open the bundle", &|arguments| arguments.model.bundle = path("drawn")),
        ("cannot write", &|arguments| arguments.captions = Some(path("nowhere/captions"))),
        ("cannot open the bundle", &|arguments| {
            let library = Some(path("captions.token.txt"));
            arguments.model.engine = EngineArguments { onnxruntime: library, ..EngineArguments::default() };
        }),
    ];
    for (expected, change) in cases {
        let found = message(change);
        assert!(found.contains(expected), "{found:?} does not say {expected:?}");
    }
    for index in 0..PICTURES {
        std::fs::write(path("drawn/images").join(name(index)), b"no picture").expect("written");
    }
    let found = message(&|_| ());
    assert!(found.contains("no picture of drawn dev can be decoded"), "{found}");
}
