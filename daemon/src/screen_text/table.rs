//! From Tesseract's table of words to lines and paragraphs, without what is no text.

use super::{Paragraph, ScreenText};
use crate::frame::Area;

/// How sure Tesseract must be of a word, in 0 to 100. On screens, words that are right have 60 and more.
const LEAST_CONFIDENCE: f32 = 40.0;

/// How sure it must be of a word in a photograph.
const LEAST_CONFIDENCE_IN_PICTURE: f32 = 85.0;

/// How many characters a word in a photograph must have.
const SHORTEST_IN_PICTURE: usize = 3;

/// What Tesseract takes the dots of a password for.
const DOTS: &str = "•●∙·⋅.*°oOeEcCsS0@©®¢«»";

/// How many dots make a password.
const FEWEST_DOTS: usize = 4;

/// What the signs for closing, opening and choosing are read as.
const ICONS: [&str; 3] = ["x", "v", "o"];

/// The columns of the table: which block, paragraph and line, where, how sure, and the word.
struct Word<'a> {
    place: (u32, u32, u32),
    area: Area,
    confidence: f32,
    text: &'a str,
}

impl<'a> Word<'a> {
    /// `None` for a heading, a line without a word, or anything else.
    fn parse(line: &'a str, scale: u32) -> Option<Self> {
        let mut cells = line.split('\t');
        let mut number = || cells.next()?.parse::<u32>().ok();
        let (level, _page) = (number()?, number()?);
        let (block, paragraph, row) = (number()?, number()?, number()?);
        let (_word, x, y, width, height) = (number()?, number()?, number()?, number()?, number()?);
        let confidence: f32 = cells.next()?.parse().ok()?;
        let text = cells.next()?.trim();
        let area = Area {
            x: i32::try_from(x / scale).ok()?,
            y: i32::try_from(y / scale).ok()?,
            width: width / scale,
            height: height / scale,
        };
        let is_word = level == 5 && !text.is_empty() && confidence.is_finite();
        is_word.then_some(Self { place: (block, paragraph, row), area, confidence, text })
    }

    fn counts(&self, pictures: &[Area]) -> bool {
        let middle = Area {
            x: self.area.x + (self.area.width / 2) as i32,
            y: self.area.y + (self.area.height / 2) as i32,
            width: 1,
            height: 1,
        };
        let in_picture = pictures.iter().any(|picture| picture.intersection(middle).is_some());
        let plain = if in_picture {
            self.confidence >= LEAST_CONFIDENCE_IN_PICTURE && self.text.chars().count() >= SHORTEST_IN_PICTURE
        } else {
            self.confidence >= LEAST_CONFIDENCE
        };
        plain && !is_password(self.text)
    }
}

/// Whether a word is a row of dots, as far as these can be told from letters: nothing is said of a password, not even
/// how long it is. No word has the same letter three times in a row.
fn is_password(word: &str) -> bool {
    let characters: Vec<char> = word.chars().collect();
    let dots = characters.iter().all(|char| DOTS.contains(*char));
    let repeats = characters.windows(3).any(|three| three[0] == three[1] && three[1] == three[2]);
    let letterless = !characters.iter().any(|char| char.is_alphanumeric());
    characters.len() >= FEWEST_DOTS && dots && (repeats || letterless)
}

/// A line that says something. Icons are read as single letters and signs: those at its ends are left out.
fn readable(words: &[&str]) -> Option<String> {
    let is_sign = |word: &&str| !word.chars().any(char::is_alphanumeric) || ICONS.contains(word);
    let first = words.iter().position(|word| !is_sign(word))?;
    let last = words.iter().rposition(|word| !is_sign(word))?;
    // A number of one digit says something, a letter alone does not.
    let says = |word: &&str| {
        word.chars().filter(|char| char.is_alphanumeric()).count() > 1
            || word.chars().all(|char| char.is_ascii_digit())
    };
    words.iter().any(says).then(|| words[first..=last].join(" "))
}

/// Reads the table that `tsv` asks for. `scale` is how many times larger than the screen the picture was, and `pictures`
/// lie on the screen.
pub(super) fn read(table: &str, scale: u32, pictures: &[Area]) -> ScreenText {
    let words = table.lines().filter_map(|line| Word::parse(line, scale.max(1)));
    let words: Vec<Word<'_>> = words.filter(|word| word.counts(pictures)).collect();
    let mut paragraphs: Vec<((u32, u32), Paragraph)> = Vec::new();
    for line in words.chunk_by(|word, next| word.place == next.place) {
        let texts: Vec<&str> = line.iter().map(|word| word.text).collect();
        let (Some(text), Some(first)) = (readable(&texts), line.first()) else { continue };
        let place = (first.place.0, first.place.1);
        match paragraphs.last_mut() {
            Some((last, paragraph)) if *last == place => paragraph.lines.push(text),
            _ => paragraphs.push((place, Paragraph { lines: vec![text] })),
        }
    }
    ScreenText { paragraphs: paragraphs.into_iter().map(|(_, paragraph)| paragraph).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADING: &str =
        "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext\n";

    fn row(place: [u32; 3], left: u32, confidence: &str, text: &str) -> String {
        let [block, paragraph, line] = place;
        format!("5\t1\t{block}\t{paragraph}\t{line}\t1\t{left}\t20\t40\t20\t{confidence}\t{text}\n")
    }

    #[test]
    fn words_become_lines_and_paragraphs() {
        let table = [
            HEADING.to_owned(),
            "1\t1\t0\t0\t0\t0\t0\t0\t100\t100\t-1\t\n".to_owned(),
            row([1, 1, 1], 0, "96.1", "Three"),
            row([1, 1, 1], 50, "95", "days"),
            row([1, 1, 2], 0, "90", "away."),
            row([1, 2, 1], 0, "91", "Next."),
            row([2, 1, 1], 0, "92", "10:15"),
        ];
        let text = read(&table.concat(), 2, &[]);
        assert_eq!(text.to_lines(), "Three days\naway.\n\nNext.\n\n10:15");
    }

    #[test]
    fn what_is_no_text_is_left_out() {
        let photo = Area { x: 100, y: 0, width: 100, height: 100 };
        for (name, rows, expected) in [
            ("a guess", vec![row([1, 1, 1], 0, "39.9", "fluff")], ""),
            ("a leaf in a photograph", vec![row([1, 1, 1], 240, "84", "Las")], ""),
            ("a sign in a photograph", vec![row([1, 1, 1], 240, "90", "Exit")], "Exit"),
            (
                "icons around a title",
                vec![
                    row([1, 1, 1], 0, "80", "©"),
                    row([1, 1, 1], 9, "90", "Trains"),
                    row([1, 1, 1], 60, "70", "x"),
                    row([1, 1, 1], 70, "70", "+"),
                ],
                "Trains",
            ),
            ("icons alone", vec![row([1, 1, 1], 0, "80", "v"), row([1, 1, 1], 9, "90", "@")], ""),
            ("a digit", vec![row([1, 1, 1], 0, "80", "7")], "7"),
            (
                "a password",
                vec![row([1, 1, 1], 0, "90", "Password:"), row([1, 1, 1], 60, "90", "eeeeccccceces")],
                "Password:",
            ),
        ] {
            assert_eq!(read(&rows.concat(), 2, &[photo]).to_lines(), expected, "{name}");
        }
    }

    #[test]
    fn dots_are_not_words() {
        for dots in ["••••••••", "●●●●", "eeeeccccceces", "........", "****", "0000000"]
        {
            assert!(is_password(dots), "{dots}");
        }
        for word in ["coco", "ooze", "2000", "...", "Cooee", "1000000", "eee"] {
            assert!(!is_password(word), "{word}");
        }
    }

    #[test]
    fn anything_else_is_passed_over() {
        for table in [
            "",
            "\t\t\t",
            "5\t1\t1",
            "5\t1\t1\t1\t1\t1\t0\t0\t1\t1\tNaN\tx",
            "5\t1\t1\t1\t1\t1\t99999999999\t0\t1\t1\t9\tx",
        ] {
            assert_eq!(read(table, 2, &[]), ScreenText::default(), "{table}");
        }
    }
}
