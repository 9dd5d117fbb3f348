//! The catalogue, held to itself and to the code.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use fluent_bundle::FluentResource;

use super::{catalogue::FILES, *};

/// The messages of a language, each with the arguments that it takes.
fn messages(language: Language) -> BTreeMap<String, BTreeSet<String>> {
    let mut messages = BTreeMap::new();
    for file in FILES {
        let text = file.texts[language as usize];
        FluentResource::try_new(text.to_owned())
            .unwrap_or_else(|(_, problems)| panic!("{}/{}.ftl: {problems:?}", language.tag(), file.name));
        let mut id = String::new();
        for line in text.lines() {
            let starts_a_message = line.starts_with(|first: char| first.is_ascii_alphabetic());
            if let Some((name, _)) = line.split_once(" =").filter(|_| starts_a_message) {
                id = name.to_owned();
                assert!(id.starts_with(&format!("{}-", file.name)), "{id} belongs into another file");
                let before = messages.insert(id.clone(), BTreeSet::new());
                assert!(before.is_none(), "{id} stands there twice in {}", language.tag());
            }
            assert!(line.len() <= 120 || line.chars().count() <= 120, "{line}");
            let arguments = line.split('$').skip(1).map(|rest| {
                rest.chars()
                    .take_while(|char| char.is_ascii_alphanumeric() || *char == '_')
                    .collect::<String>()
            });
            if let Some(own) = messages.get_mut(&id).filter(|_| !line.starts_with('#')) {
                own.extend(arguments);
            }
        }
    }
    messages
}

#[test]
fn every_language_has_what_english_has() {
    let english = messages(Language::English);
    assert!(english.len() > 100, "{}", english.len());
    for language in Language::ALL {
        let own = messages(language);
        let ids = |of: &BTreeMap<String, BTreeSet<String>>| of.keys().cloned().collect::<Vec<_>>();
        assert_eq!(ids(&own), ids(&english), "{}", language.tag());
        for (id, arguments) in own {
            assert_eq!(arguments, english[&id], "{} in {}", id, language.tag());
        }
    }
}

fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, into);
        } else {
            into.push(path);
        }
    }
}

#[test]
fn no_message_is_left_that_nobody_says() {
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    let code: String = files.iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    for id in messages(Language::English).keys() {
        assert!(code.contains(&format!("\"{id}\"")), "nothing says {id}");
    }
}

#[test]
fn a_message_takes_words_numbers_and_messages() {
    let more = |count: u32| message!("screen-more-words", said = "a b", count = count);
    assert_eq!(more(1).to_string(), "Text: a b … 1 more word.");
    assert_eq!(more(40).to_string(), "Text: a b … 40 more words.");
    assert_eq!(more(1).in_language(Language::German), "Text: a b … noch 1 Wort.");
    assert_eq!(more(2000).in_language(Language::German), "Text: a b … noch 2000 Wörter.");
    let nested = message!("failure-picture", reason = message!("failure-timed-out"));
    assert_eq!(nested.to_string(), "I can't describe the picture: it took too long");
    assert_eq!(
        nested.in_language(Language::German),
        "Ich kann das Bild nicht beschreiben: es hat zu lange gedauert"
    );
    let odd = message!("failure-picture", reason = "{ $reason } { -term }");
    assert_eq!(odd.to_string(), "I can't describe the picture: { $reason } { -term }", "text is only text");
}

#[test]
fn a_language_is_known_by_any_tag_of_it() {
    for (tag, language) in [
        ("en", Some(Language::English)),
        ("EN-gb", Some(Language::English)),
        ("de", Some(Language::German)),
        ("de_AT.UTF-8@euro", Some(Language::German)),
        ("C", None),
        ("C.UTF-8", None),
        ("fr_FR", None),
        ("deu", None),
        ("", None),
    ] {
        assert_eq!(Language::of_tag(tag), language, "{tag}");
    }
}

#[test]
fn the_session_says_which_language() {
    for (variables, expected) in [
        (&[("LANG", "de_DE.UTF-8")][..], Some(("LANG", Language::German))),
        (&[("LANG", "de_DE.UTF-8"), ("LC_MESSAGES", "en_US")], Some(("LC_MESSAGES", Language::English))),
        (&[("LANG", "de_DE.UTF-8"), ("LC_ALL", "C")], None),
        (&[("LANG", "de_DE.UTF-8"), ("LC_ALL", "")], Some(("LANG", Language::German))),
        (&[], None),
    ] {
        let variable = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| OsString::from(value))
        };
        assert_eq!(Language::of_session(&variable), expected, "{variables:?}");
    }
}
