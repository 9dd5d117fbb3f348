//! Which tags come of which scores.

use super::*;
use crate::Manifest;

const TEXT: &str = "-\nSaluki\tdog\tanimal\nbeagle\tdog\tanimal\ncat\tanimal\nteapot\n";

fn section() -> TagsSection {
    let whole = Manifest::from_toml(include_str!("../manifest/whole.toml")).expect("a manifest");
    TagsSection { temperature: 1.0, intercept: 0.0, slope: 1.0, ..whole.tags.expect("tags") }
}

fn tags(section: &TagsSection, shares: [f32; 5]) -> Vec<(String, f32, bool)> {
    let names = TagNames::from_text(TEXT).expect("names");
    let scores = shares.map(|share| share.max(1e-9).ln() * section.temperature);
    let hundredth = |value: f32| (value * 100.0).round() / 100.0;
    let tags = section.tags(&names, &scores);
    tags.into_iter().map(|tag| (tag.name, hundredth(tag.probability), tag.is_sure)).collect()
}

#[test]
fn the_most_exact_that_is_sure_is_told() {
    let section = TagsSection { least: 0.2, sure: 0.6, ..section() };
    let tag = |name: &str, probability, is_sure| (name.to_owned(), probability, is_sure);
    for (shares, due) in [
        (
            [0.0, 0.7, 0.25, 0.0, 0.05],
            vec![
                tag("dog", 0.95, false),
                tag("animal", 0.95, false),
                tag("Saluki", 0.7, true),
                tag("beagle", 0.25, false),
            ],
        ),
        (
            [0.05, 0.45, 0.45, 0.0, 0.05],
            vec![
                tag("dog", 0.9, true),
                tag("animal", 0.9, false),
                tag("Saluki", 0.45, false),
                tag("beagle", 0.45, false),
            ],
        ),
        (
            [0.1, 0.15, 0.15, 0.4, 0.2],
            vec![
                tag("animal", 0.7, true),
                tag("cat", 0.4, false),
                tag("dog", 0.3, false),
                tag("teapot", 0.2, false),
            ],
        ),
        ([0.9, 0.1, 0.0, 0.0, 0.0], Vec::new()),
    ] {
        assert_eq!(tags(&section, shares), due, "{shares:?}");
    }
    let silent = TagsSection { sure: 1.5, ..section };
    assert!(tags(&silent, [0.0, 1.0, 0.0, 0.0, 0.0]).iter().all(|(_, _, is_sure)| !is_sure));
}

#[test]
fn the_curve_makes_the_probability() {
    let section = TagsSection { intercept: -1.0, slope: 0.5, temperature: 2.0, least: 0.0, ..section() };
    for (share, due) in [(0.5, 0.2689), (0.9, 0.5246), (0.0, 0.0004), (1.0, 0.9973)] {
        let found = section.probability(share);
        assert!((found - due).abs() < 1e-4, "{share}: {found}");
    }
    let found = tags(&section, [0.0, 0.0, 0.0, 0.1, 0.9]);
    assert_eq!((found[0].0.as_str(), found[0].1), ("teapot", 0.52));
    // As far apart as scores can be.
    let names = TagNames::from_text(TEXT).expect("names");
    let tags = section.tags(&names, &[-3e38, 3e38, -3e38, 0.0, 3e38]);
    assert!(tags.iter().all(|tag| (0.0..=1.0).contains(&tag.probability)), "{tags:?}");
}

#[test]
fn no_more_than_can_be_read_are_given() {
    let names: String = (0..40).fold(String::new(), |text, number| text + &format!("thing {number}\n"));
    let names = TagNames::from_text(&names).expect("names");
    let section = TagsSection { least: 0.0, sure: 0.0, ..section() };
    assert_eq!(section.tags(&names, &[0.0; 40]).len(), MAXIMUM_TAGS);
}
