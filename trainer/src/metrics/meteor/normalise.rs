//! Words as Meteor's own normaliser makes them of a line of text, after Moses' tokeniser. `pycocoevalcap` runs it on top of
//! its first tokeniser, so words come apart that were whole: hyphens go (`t-shirt` is two words), `'s` becomes `'` and `s`.
//!
//! The rules run one after another, each from left to right without looking twice at a character that it took as
//! context; where that matters, it is the tool's own way.

use std::collections::HashMap;

use super::data::Abbreviation;

/// Stands for the dots of a run while single dots are treated; no font has this character.
const DOT_OF_MANY: char = '\u{E000}';

/// The words of `text`, in lower case; punctuation marks are words too.
pub(super) fn words(text: &str, abbreviations: &HashMap<String, Abbreviation>) -> Vec<String> {
    let text = separate_symbols(&format!(" {text} "));
    let text = separate_runs_of_dots(&text);

    let digit = |character: char| character.is_ascii_digit();
    let other = |character: char| !digit(character);
    let text = between(&text, ',', other, other, " , ");
    let text = between(&text, ',', digit, other, " , ");
    let text = between(&text, ',', other, digit, " , ");

    let text = text.replace(['`', '‘', '’'], "'").replace("''", " \" ").replace(['“', '”'], " \" ");
    let text = text.replace('–', "-").replace("--", "-");
    let text = between(&text, '-', |before| is_alphanumeric(before) || before == '.', is_alphanumeric, " ");

    let apart = " ' ";
    let no_letter = |character: char| !is_letter(character);
    let text = between(&text, '\'', no_letter, no_letter, apart);
    let neither = |character: char| no_letter(character) && other(character);
    let text = between(&text, '\'', neither, is_letter, apart);
    let text = between(&text, '\'', is_letter, no_letter, apart);
    let text = between(&text, '\'', is_letter, is_letter, " '");
    let text = between(&text, '\'', digit, |after| after == 's', " '");

    let words: Vec<&str> = text.split(is_separator).filter(|word| !word.is_empty()).collect();
    let mut finished = Vec::with_capacity(words.len());
    for (index, word) in words.iter().enumerate() {
        let dotted = treat_dot(word, words.get(index + 1).copied(), abbreviations);
        let dotted = dotted.replace(DOT_OF_MANY, ".").to_lowercase();
        let words = dotted.split(|character| is_separator(character) || is_wide_space(character));
        finished.extend(words.filter(|word| !word.is_empty()).map(str::to_owned));
    }
    finished
}

/// The letters that the tool knows: of Western Europe, and Cyrillic.
fn is_letter(character: char) -> bool {
    matches!(character, 'A'..='Z' | 'a'..='z' | 'Š' | 'Ž' | 'š' | 'ž' | 'Ÿ' | 'À'..='Ö' | 'Ø'..='ö' | 'ø'..='ž')
        || matches!(character, 'Ѐ'..='ԧ' | 'Ꙁ'..='ꙮ' | '\u{A67E}'..='ꚗ' | 'ᴀ'..='ᵿ')
}

fn is_alphanumeric(character: char) -> bool {
    character.is_ascii_digit() || is_letter(character)
}

fn is_separator(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\n' | '\r' | '\u{C}')
}

/// Spaces that are words at first, and nothing in the end.
fn is_wide_space(character: char) -> bool {
    matches!(character, '\u{2000}'..='\u{200A}' | '\u{202F}' | '\u{205F}' | '\u{3000}' | '\u{A0}')
}

fn separate_symbols(text: &str) -> String {
    let mut separated = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        let stays = is_alphanumeric(character)
            || is_separator(character)
            || matches!(character, '\u{B}' | '.' | '\'' | '`' | ',' | '-' | '‘' | '’');
        if stays {
            separated.push(character);
        } else {
            separated.extend([' ', character, ' ']);
        }
    }
    separated
}

fn separate_runs_of_dots(text: &str) -> String {
    let mut separated = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("..") {
        let (before, from) = rest.split_at(start);
        let after = from.trim_start_matches('.');
        separated.push_str(before);
        separated.push(' ');
        separated.extend(std::iter::repeat_n(DOT_OF_MANY, from.len() - after.len()));
        separated.push(' ');
        rest = after;
    }
    separated + rest
}

/// Puts `instead` for each `middle` with the right characters before and after it.
fn between(
    text: &str,
    middle: char,
    before: impl Fn(char) -> bool,
    after: impl Fn(char) -> bool,
    instead: &str,
) -> String {
    if !text.contains(middle) {
        return text.to_owned();
    }
    let characters: Vec<char> = text.chars().collect();
    let mut replaced = String::with_capacity(text.len() + 8);
    let mut rest = characters.as_slice();
    while let Some((first, others)) = rest.split_first() {
        replaced.push(*first);
        rest = others;
        if let [here, next, remaining @ ..] = others
            && *here == middle
            && before(*first)
            && after(*next)
        {
            replaced.push_str(instead);
            replaced.push(*next);
            rest = remaining;
        }
    }
    replaced
}

/// Takes the dot off the end of a word, unless it belongs to it; takes all dots out of "U.S.".
fn treat_dot(word: &str, next: Option<&str>, abbreviations: &HashMap<String, Abbreviation>) -> String {
    let Some(stem) = word.strip_suffix('.').filter(|stem| !stem.is_empty()) else {
        return word.to_owned();
    };
    if stem.contains('.') && stem.contains(is_letter) {
        return word.replace('.', "");
    }
    let begins_with =
        |test: fn(&char) -> bool| next.and_then(|next| next.chars().next()).is_some_and(|c| test(&c));
    let belongs = match abbreviations.get(stem) {
        Some(Abbreviation::Always) => true,
        Some(Abbreviation::BeforeNumber) => begins_with(char::is_ascii_digit),
        None => false,
    };
    if belongs || begins_with(char::is_ascii_lowercase) { word.to_owned() } else { format!("{stem} .") }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the tool itself answers is in the golden tests; these are the rules one by one.
    #[test]
    fn words_of_a_line() {
        let abbreviations = HashMap::from([
            ("Mr".to_owned(), Abbreviation::Always),
            ("No".to_owned(), Abbreviation::BeforeNumber),
        ]);
        let cases: [(&str, &str); 12] = [
            ("a black dog runs", "a black dog runs"),
            ("the man 's t-shirt", "the man ' s t shirt"),
            ("is n't don't", "is n 't don 't"),
            ("1,000 dogs, and cats", "1,000 dogs , and cats"),
            ("wait... what", "wait ... what"),
            ("the U.S. flag", "the us flag"),
            ("Mr. Smith meets Mx. Jones", "mr. smith meets mx . jones"),
            ("No. 5 No. Five", "no. 5 no . five"),
            ("a dog.", "a dog ."),
            ("-lrb- in brackets -rrb-", "-lrb- in brackets -rrb-"),
            ("salt&pepper", "salt & pepper"),
            ("", ""),
        ];
        for (text, expected) in cases {
            assert_eq!(words(text, &abbreviations).join(" "), expected, "{text}");
        }
    }

    #[test]
    fn random_text_never_panics_and_gives_plain_words() {
        use rand::{RngExt as _, SeedableRng as _};
        let mut random = rand::rngs::StdRng::seed_from_u64(12);
        let alphabet: Vec<char> = "aAb.'’`,-–09 \u{A0}\u{2003}“\"é😀\u{0}\nİжs".chars().collect();
        for _ in 0..5_000 {
            let text: String = (0..random.random_range(0..30))
                .map(|_| alphabet[random.random_range(0..alphabet.len())])
                .collect();
            for word in words(&text, &HashMap::new()) {
                assert!(!word.is_empty() && !word.contains(is_separator), "{word:?} of {text:?}");
            }
        }
    }
}
