//! What is said of a text: no addresses to the last letter, no rows of signs, no number that a synthesiser turns into
//! billions. What is shown and logged is the text as it is.

use crate::words::{Language, message};

/// Digits in a row from which on they are said one by one: a telephone number, not an amount.
const LONG_NUMBER: usize = 7;

/// A text as it is to be said in its language. Plain sentences stay as they are.
#[must_use]
pub fn for_speech(text: &str, language: Language) -> String {
    // Marks that are not seen, and that some synthesisers say.
    let visible: String = text.chars().filter(|character| !is_invisible(*character)).collect();
    let words: Vec<String> =
        visible.split_whitespace().map(|text| word(text, language)).filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

fn is_invisible(character: char) -> bool {
    (character.is_control() && !character.is_whitespace())
        || matches!(character, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        || matches!(character, '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e000}'..='\u{f8ff}')
}

fn word(word: &str, language: Language) -> String {
    let address = link(word, language).or_else(|| mail(word, language));
    address.unwrap_or_else(|| signs(&digits(word), language))
}

/// "link to HOST" for a web address, with the punctuation of its sentence.
fn link(word: &str, language: Language) -> Option<String> {
    let begin = word.trim_start_matches(['(', '[', '<', '"', '\'']);
    let lower = begin.to_ascii_lowercase();
    let skipped = ["https://", "http://", "ftp://", "file://", "www."]
        .into_iter()
        .find(|start| lower.starts_with(start))
        .map(|start| if start == "www." { 0 } else { start.len() })?;
    let address = begin.get(skipped..)?.trim_end_matches([')', ']', '>', '"', '\'']);
    let bare = address.trim_end_matches(['.', ',', ';', ':', '!', '?']);
    let punctuation = address.get(bare.len()..)?.chars().next().map(String::from).unwrap_or_default();
    let authority = bare.split(['/', '?', '#']).next()?;
    // A name and a password before the host are nobody's business.
    let host = authority.rsplit('@').next()?.split(':').next()?;
    let host = host.strip_prefix("www.").unwrap_or(host);
    let link =
        if host.is_empty() { message!("voice-link-to-file") } else { message!("voice-link", host = host) };
    Some(format!("{}{punctuation}", link.in_language(language)))
}

/// "name at host" for a mail address.
fn mail(word: &str, language: Language) -> Option<String> {
    let (name, host) = word.split_once('@')?;
    let is_address = !name.is_empty() && host.contains('.') && !host.contains('@');
    is_address.then(|| message!("voice-mail", name = name, host = host).in_language(language))
}

/// Long rows of digits one by one.
fn digits(word: &str) -> String {
    let mut said = String::with_capacity(word.len());
    let mut rest = word;
    while let Some(start) = rest.find(|character: char| character.is_ascii_digit()) {
        let (before, from) = rest.split_at(start);
        let length = from.bytes().take_while(u8::is_ascii_digit).count();
        let (number, after) = from.split_at(length);
        said.push_str(before);
        if length >= LONG_NUMBER {
            let apart: Vec<String> = number.chars().map(String::from).collect();
            said.push_str(&apart.join(" "));
        } else {
            said.push_str(number);
        }
        rest = after;
    }
    said + rest
}

/// Signs that carry a word are that word; those that only decorate, and rows of any sign, are left out.
fn signs(word: &str, language: Language) -> String {
    let sign = |name: &str| message!("voice-sign", sign = name).in_language(language);
    match word {
        "&" => return sign("and"),
        "+" => return sign("plus"),
        "=" => return sign("equals"),
        "→" | "->" | "=>" | "⇒" => return sign("to"),
        "%" | "€" | "$" | "£" | "#" | "@" | "?" | "!" | "–" | "—" | "-" => return word.to_owned(),
        _ => {}
    }
    let mut said = String::with_capacity(word.len());
    let mut row = (None, 0_usize);
    for character in word.chars() {
        row = if row.0 == Some(character) { (row.0, row.1 + 1) } else { (Some(character), 1) };
        let decorates = matches!(
            character,
            '|' | '•'
                | '·'
                | '●'
                | '▪'
                | '■'
                | '□'
                | '▶'
                | '►'
                | '◀'
                | '★'
                | '☆'
                | '✓'
                | '✔'
                | '*'
                | '_'
                | '~'
                | '^'
                | '`'
                | '\\'
                | '{'
                | '}'
                | '<'
                | '>'
                | '¦'
                | '\u{2500}'..='\u{259f}'
        );
        // A word such as snake_case has its parts said.
        if decorates {
            if !said.is_empty() && !said.ends_with(' ') {
                said.push(' ');
            }
        } else if character.is_alphanumeric() || row.1 <= 3 && !is_rule(word) {
            said.push(character);
        }
    }
    said.trim_end().to_owned()
}

/// Whether it is only a line that is drawn: `-----`, `======`.
fn is_rule(word: &str) -> bool {
    word.chars().count() > 3 && !word.chars().any(char::is_alphanumeric)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_stay_as_they_are() {
        for text in [
            "A man in a black shirt and a white shirt is standing on a sidewalk.",
            "I can't describe the picture: the JPEG picture is cut off: its end is missing.",
            "speech-dispatcher does not answer at /run/user/7/speechd.sock (Connection refused); install it",
            "At 9:30, 100 000 people paid 3.50 € (50 % off)!",
            "Is it \"a dog\"? – No…",
            "naïve 犬 über",
            "",
        ] {
            assert_eq!(for_speech(text, Language::English), text);
        }
    }

    #[test]
    fn what_only_eyes_read_is_left_out() {
        for (text, said) in [
            ("See https://www.example.com/a/b?c=d#e.", "See link to example.com."),
            ("(http://user:secret@host.org:8080/x)", "link to host.org"),
            ("www.example.com, then", "link to example.com, then"),
            ("file:///home/me/x.jpg", "link to a file"),
            ("HTTPS://EXAMPLE.COM", "link to EXAMPLE.COM"),
            ("write to me@example.org", "write to me at example.org"),
            ("call 030123456", "call 0 3 0 1 2 3 4 5 6"),
            ("+4930123456!", "+4 9 3 0 1 2 3 4 5 6!"),
            ("order 123456", "order 123456"),
            ("File | Edit • View", "File Edit View"),
            ("**bold** and snake_case", "bold and snake case"),
            ("Fish & chips = 5 + 1 → x", "Fish and chips equals 5 plus 1 to x"),
            ("a ------ b ======== c", "a b c"),
            ("wow!!!!!!!", "wow!!!"),
            ("a\u{200b}b \u{202e}c\u{feff}", "ab c"),
            ("two\n\n lines\t", "two lines"),
            ("\0\u{7}bell", "bell"),
            ("│ ├── main.rs", "main.rs"),
        ] {
            assert_eq!(for_speech(text, Language::English), said, "{text:?}");
        }
        assert_eq!(
            for_speech(
                "Siehe https://beispiel.de/a & file:///b oder ich@beispiel.de → x = 1",
                Language::German
            ),
            "Siehe Verweis auf beispiel.de und Verweis auf eine Datei oder ich bei beispiel.de nach x gleich 1"
        );
    }

    #[test]
    fn any_text_ends_in_a_text_that_stays() {
        let pieces = [
            "a", "1234567", "https://", "www.", "@", ".", "|", "-", " ", "\n", "é", "犬", "\u{200b}", ":",
            "/", "(",
        ];
        let mut state = 7_u64;
        for _ in 0..5000 {
            let mut text = String::new();
            for _ in 0..12 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                text.push_str(pieces[(state >> 33) as usize % pieces.len()]);
            }
            let said = for_speech(&text, Language::German);
            assert!(!said.contains("  ") && !said.contains(['\n', '\u{200b}']), "{text:?}: {said:?}");
        }
    }
}
