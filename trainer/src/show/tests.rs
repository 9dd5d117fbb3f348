//! A whole page of a tiny model and drawn pictures: what must be in it, and what must not.

use std::path::Path;

use descry_models::Engine;

use super::{ShowArguments, evenly, page};
use crate::evaluate::{EngineArguments, ModelArguments, end_to_end};

fn arguments(folder: &Path) -> ShowArguments {
    ShowArguments {
        model: ModelArguments {
            bundle: folder.join("float"),
            beam_width: None,
            engine: EngineArguments {
                engine: Some(Engine::Tract),
                threads: 1.try_into().ok(),
                ..EngineArguments::default()
            },
            diverse_groups: None,
            diversity_strength: 0.5,
        },
        dataset: folder.join("drawn"),
        split: "dev".to_owned(),
        format: None,
        limit: None,
        run: None,
        judged: None,
        sample: 3,
        extremes: 2,
        attention: 2,
        output: folder.join("page.html"),
    }
}

#[test]
fn a_whole_page() {
    let folder = end_to_end::made();
    let log = r#"{"what":"dev","stage":1,"epoch":1,"cider":[["drawn",20.0]],"best":20.0}"#;
    std::fs::write(folder.path().join("log.jsonl"), log).expect("a log");
    let judged = folder.path().join("judged.jsonl");
    std::fs::write(&judged, "{\"confidence\":0.4,\"accepted\":true,\"caption\":\"a\"}\n").expect("judged");
    let arguments = ShowArguments {
        run: Some(folder.path().to_owned()),
        judged: Some(judged),
        ..arguments(folder.path())
    };
    let html = page(&arguments).expect("a page");
    for heading in [
        "Learning curves",
        "A sample",
        "The best",
        "The worst",
        "What the model looked at",
        "Is the confidence",
    ] {
        assert!(html.contains(heading), "no {heading}");
    }
    // 3 of the sample, 2 best, 2 worst; each with a text in its place.
    assert_eq!(html.matches("<article>").count(), 7);
    assert_eq!(
        html.matches("<img ").count(),
        html.matches("alt=\"A photo of which a person wrote: word4").count()
    );
    assert_eq!(html.matches("<h1>").count(), 1);
    assert!(html.matches("aria-label=\"word").count() >= 2, "attention word by word");
    // Self-contained: nothing runs, and nothing is fetched from elsewhere.
    assert!(!html.contains("<script") && !html.contains("http:") && !html.contains("https:"));
    for opened in ["section", "article", "figure", "svg", "table", "ul", "ol", "details", "main", "h3"] {
        let (open, close) = (format!("<{opened}"), format!("</{opened}>"));
        let opens = html
            .match_indices(&open)
            .filter(|(at, _)| html[at + open.len()..].starts_with([' ', '>']))
            .count();
        assert_eq!(opens, html.matches(&close).count(), "{opened}");
    }
}

#[test]
fn what_is_missing_is_named_and_left_out() {
    let folder = end_to_end::made();
    let html = page(&ShowArguments { limit: 5.try_into().ok(), attention: 0, ..arguments(folder.path()) })
        .expect("a page");
    assert!(html.contains("captioned <b>5</b> pictures"));
    for absent in ["Learning curves", "looked at", "honest"] {
        assert!(!html.contains(absent), "{absent}");
    }
    let wrong = ShowArguments { run: Some(folder.path().join("nowhere")), ..arguments(folder.path()) };
    assert!(format!("{:#}", page(&wrong).expect_err("no log")).contains("log.jsonl"));
}

#[test]
fn places_are_spread_evenly() {
    assert_eq!(evenly(10, 3), [0, 3, 6]);
    assert_eq!(evenly(2, 5), [0, 1]);
    assert_eq!(evenly(0, 5), [0_usize; 0]);
    assert_eq!(evenly(5, 0), [0_usize; 0]);
}
