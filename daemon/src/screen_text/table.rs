//! From Tesseract's table of words to lines and paragraphs, without what is no text.

use super::{Paragraph, ScreenText};
use crate::frame::Area;

/// How sure Tesseract must be of a word, in 0 to 100. On screens, words that are right have 60 and more.
const LEAST_CONFIDENCE: f32 = 40.0;

/// How sure it must be of a word in a photograph.
const LEAST_CONFIDENCE_IN_PICTURE: f32 = 85.0;

/// How many characters a word in a photograph must have.
const SHORTEST_IN_PICTURE: usize = 3;

/// The largest number in the table. No picture is as large, and sums of such numbers are numbers still.
const LARGEST: u32 = 1 << 24;

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
        let mut number = || cells.next()?.parse().ok().filter(|number| *number <= LARGEST);
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

    /// The pixel in its middle.
    fn middle(&self) -> Area {
        Area {
            x: self.area.x + (self.area.width / 2) as i32,
            y: self.area.y + (self.area.height / 2) as i32,
            width: 1,
            height: 1,
        }
    }

    fn counts(&self, pictures: &[Area]) -> bool {
        let middle = self.middle();
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

/// What the edges of fields and of icons are read as, within a line.
const EDGES: [&str; 9] = ["=", "|", "_", "~", "\u{ab}", "\u{bb}", "\u{a9}", "\u{ae}", "\u{2122}"];

/// A line that says something. Icons are read as single letters and signs: those at its ends are left out, and between
/// its words those that edges are read as. In a console they are what they seem.
fn readable(words: &[&str], is_console: bool) -> Option<String> {
    let is_sign = |word: &&str| !word.chars().any(char::is_alphanumeric) || ICONS.contains(word);
    let first = words.iter().position(|word| !is_sign(word))?;
    let last = words.iter().rposition(|word| !is_sign(word))?;
    // A number of one digit says something, a letter alone does not.
    let says = |word: &&str| {
        word.chars().filter(|char| char.is_alphanumeric()).count() > 1
            || word.chars().all(|char| char.is_ascii_digit())
    };
    let counts = |word: &&&str| is_console || !EDGES.contains(*word);
    let said: Vec<&str> = words[first..=last].iter().filter(counts).copied().collect();
    words.iter().any(says).then(|| said.join(" "))
}

/// How far apart lines of one paragraph lie, and words of one sentence, in heights of the first line.
const WIDEST_LEADING: f32 = 1.2;
const WIDEST_SPACE: f32 = 2.5;

/// Whether what stands in one block is two things: two rows of a form, or rows of a table.
fn is_apart(above: &[Word<'_>], below: &[Word<'_>]) -> bool {
    let edges = |line: &[Word<'_>]| {
        let top = line.iter().map(|word| word.area.y).min().unwrap_or(0);
        let bottom = line.iter().map(|word| word.area.y + word.area.height as i32).max().unwrap_or(0);
        (top, bottom)
    };
    let ((top, bottom), (next_top, _)) = (edges(above), edges(below));
    let is_row = |line: &[Word<'_>]| {
        line.windows(2).any(|two| {
            let gap = two[1].area.x - (two[0].area.x + two[0].area.width as i32);
            gap as f32 > WIDEST_SPACE * two[0].area.height.max(two[1].area.height) as f32
        })
    };
    (next_top - bottom) as f32 > WIDEST_LEADING * (bottom - top).max(1) as f32
        || is_row(above)
        || is_row(below)
}

/// How many letters a word must have for the width of one to be known from it.
const PITCH_LETTERS: usize = 5;

/// How many such words there must be, and which part of them must have letters of the usual width, for a console.
const PITCH_WORDS: usize = 12;
const PITCH_SHARE: f32 = 0.8;

/// By how much the width of a console's letters is measured wrongly, as a part of it.
const PITCH_ERROR: f32 = 0.06;

/// How many rows of a console must be torn apart for it to be read anew.
const TORN_ROWS: usize = 3;

/// Whether all letters have one width, as in a console or an editor of programs.
fn has_one_width(words: &[Word<'_>]) -> bool {
    let width = |word: &Word<'_>| {
        // Beside the last letter there is no gap, which is about a fifth of a letter.
        let letters = word.text.chars().count();
        (letters >= PITCH_LETTERS && word.confidence >= LEAST_CONFIDENCE)
            .then(|| word.area.width as f32 / (letters as f32 - 0.2))
    };
    let mut widths: Vec<f32> = words.iter().filter_map(width).collect();
    if widths.len() < PITCH_WORDS {
        return false;
    }
    widths.sort_by(f32::total_cmp);
    let usual = widths[widths.len() / 2];
    let alike = widths.iter().filter(|width| (**width - usual).abs() <= PITCH_ERROR * usual).count();
    alike as f32 >= PITCH_SHARE * widths.len() as f32
}

/// Whether this is a console whose rows were torn apart: Tesseract takes what stands in line for columns of a newspaper.
pub(super) fn is_torn_console(table: &str) -> bool {
    let words: Vec<Word<'_>> = table.lines().filter_map(|line| Word::parse(line, 1)).collect();
    if !has_one_width(&words) {
        return false;
    }
    // The first word of each line, and those of other blocks in the same row.
    let lines: Vec<&Word<'_>> =
        words.chunk_by(|word, next| word.place == next.place).filter_map(<[Word<'_>]>::first).collect();
    let is_beside = |one: &Word<'_>, other: &Word<'_>| {
        let (one_middle, other_middle) = (one.middle(), other.middle());
        one.place.0 != other.place.0
            && one_middle.y.abs_diff(other_middle.y) < one.area.height.max(other.area.height) / 2
    };
    lines.iter().filter(|line| lines.iter().any(|other| is_beside(line, other))).count() >= 2 * TORN_ROWS
}

/// Reads a console: each line by itself.
pub(super) fn read_console(table: &str, scale: u32) -> ScreenText {
    let ScreenText { paragraphs } = read(table, scale, &[]);
    let lines = paragraphs.into_iter().flat_map(|paragraph| paragraph.lines);
    ScreenText { paragraphs: lines.map(|line| Paragraph { lines: vec![line] }).collect() }
}

/// Reads the table that `tsv` asks for. `scale` is how many times larger than the screen the picture was, and `pictures`
/// lie on the screen.
pub(super) fn read(table: &str, scale: u32, pictures: &[Area]) -> ScreenText {
    let words = table.lines().filter_map(|line| Word::parse(line, scale.max(1)));
    let words: Vec<Word<'_>> = words.filter(|word| word.counts(pictures)).collect();
    let is_console = has_one_width(&words);
    let mut paragraphs: Vec<(&[Word<'_>], Paragraph)> = Vec::new();
    for line in words.chunk_by(|word, next| word.place == next.place) {
        let texts: Vec<&str> = line.iter().map(|word| word.text).collect();
        let (Some(text), Some(first)) = (readable(&texts, is_console), line.first()) else { continue };
        let goes_on = |above: &[Word<'_>]| {
            let same = above
                .first()
                .is_some_and(|last| (last.place.0, last.place.1) == (first.place.0, first.place.1));
            same && !is_apart(above, line)
        };
        match paragraphs.last_mut() {
            Some((last, paragraph)) if goes_on(last) => {
                paragraph.lines.push(text);
                *last = line;
            }
            _ => paragraphs.push((line, Paragraph { lines: vec![text] })),
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
            (
                "the edge of a field",
                vec![
                    row([1, 1, 1], 0, "90", "Username"),
                    row([1, 1, 1], 60, "70", "="),
                    row([1, 1, 1], 70, "90", "maria"),
                ],
                "Username maria",
            ),
            ("icons alone", vec![row([1, 1, 1], 0, "80", "v"), row([1, 1, 1], 9, "90", "@")], ""),
            ("a digit", vec![row([1, 1, 1], 0, "80", "7")], "7"),
            ("what lies beyond all pictures", vec![row([1, 1, 1], u32::MAX, "90", "Far")], ""),
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
    fn rows_of_forms_and_tables_are_apart() {
        let word = |line: u32, left: u32, top: u32, text: &str| {
            format!("5\t1\t1\t1\t{line}\t1\t{left}\t{top}\t60\t12\t95\t{text}\n")
        };
        for (name, words, expected) in [
            (
                "prose",
                [word(1, 0, 0, "The"), word(1, 66, 0, "ferry"), word(2, 0, 22, "leaves")],
                "The ferry\nleaves",
            ),
            (
                "a form",
                [word(1, 0, 0, "Name"), word(1, 66, 0, "maria"), word(2, 0, 44, "Age")],
                "Name maria\n\nAge",
            ),
            (
                "a table",
                [word(1, 0, 0, "cat.jpg"), word(1, 160, 0, "24"), word(2, 0, 22, "cow.jpg")],
                "cat.jpg 24\n\ncow.jpg",
            ),
        ] {
            assert_eq!(read(&words.concat(), 1, &[]).to_lines(), expected, "{name}");
        }
    }

    /// A listing whose second half is in a block of this number; letters are as wide as `width` says.
    fn listing(second: u32, width: impl Fn(usize) -> u32) -> String {
        let row = |block: u32, line: usize, left: u32, text: &str| {
            let (top, width) = (line * 20, width(text.len()));
            format!("5\t1\t{block}\t1\t{line}\t1\t{left}\t{top}\t{width}\t14\t92\t{text}\n")
        };
        let rows = (0..8).map(|line| {
            row(1, line, 0, "drwxr-xr-x") + &row(second, line, 120, &"folder1234"[..5 + line % 5])
        });
        rows.collect()
    }

    #[test]
    fn a_console_that_was_torn_apart_is_known() {
        let even = |letters: usize| (letters as f32 * 10.0 - 2.0) as u32;
        let uneven = |letters: usize| even(letters) + (letters as u32 % 3) * 12;
        assert!(is_torn_console(&listing(2, even)));
        assert!(!is_torn_console(&listing(2, uneven)), "a newspaper");
        assert!(!is_torn_console(&listing(1, even)), "whole rows");
        assert!(!is_torn_console(""));
        let text = read_console(&listing(1, even), 1);
        assert_eq!(text.paragraphs.len(), 8);
        assert_eq!(text.paragraphs[1].lines, ["drwxr-xr-x folder"]);
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
