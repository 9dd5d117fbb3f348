//! How a screen is put into words: first the program and its window, then what is written there, then its pictures. Pure.
//!
//! A screen is not a photograph. Who asks about one wants to know where they are, and then what it says.

use descry_models::Band;

use crate::{
    frame::{Area, Screen, View},
    screen_text::{Paragraph, ScreenText},
};

/// How many characters of a screen's text are said when nobody asked for all of it: about twenty seconds of speech.
pub const BRIEF_LENGTH: usize = 300;

/// The part of what was looked at that a picture must have to fill it.
const FILLING: f64 = 0.6;

/// All that is known of a screen.
#[derive(Debug, Clone, PartialEq)]
pub struct Parts {
    /// Its program, its window and its monitors.
    pub screen: Screen,
    /// How many pixels across and down were looked at.
    pub size: (u32, u32),
    /// What is written there, or why that is not known, as one sentence without capital and full stop.
    pub text: Result<ScreenText, String>,
    /// The pictures that were described, in the order in which one reads.
    pub pictures: Vec<Picture>,
    /// How many more pictures there are.
    pub further_pictures: usize,
    /// Why pictures were not described, if they were not.
    pub picture_problem: Option<String>,
}

/// A picture on a screen.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    /// Where it is, in the pixels that were looked at.
    pub area: Area,
    /// What it shows, as a sentence with its doubt.
    pub sentence: String,
    /// How sure the model is of that, in 0 to 1.
    pub confidence: f32,
    /// How far the sentence can be relied on.
    pub band: Band,
}

/// Words a screen: all of its text when `in_full`, else [`BRIEF_LENGTH`] characters of it at most.
#[must_use]
pub fn word(parts: &Parts, in_full: bool) -> String {
    let mut sentences = vec![heading(&parts.screen)];
    match &parts.text {
        Ok(text) => sentences.push(text_in_words(text, in_full)),
        Err(problem) => sentences.push(format!("Its text cannot be read: {}", end(problem))),
    }
    let (described, further) = (parts.pictures.len(), parts.further_pictures);
    if described > 1 {
        sentences.push(format!("{described} pictures."));
    }
    for picture in &parts.pictures {
        let place = place(picture.area, parts);
        let place = if described > 1 { capitalised(&place) } else { format!("Picture {}", joined(&place)) };
        sentences.push(format!("{place}: {}", picture.sentence));
    }
    if let Some(problem) = &parts.picture_problem {
        let which = if described > 0 { "Its other pictures" } else { "Its pictures" };
        sentences.push(format!("{which} cannot be described: {}", end(problem)));
    } else if further > 0 {
        let noun = if further == 1 { "picture" } else { "pictures" };
        sentences.push(format!("And {further} more {noun}."));
    }
    sentences.retain(|sentence| !sentence.is_empty());
    sentences.join(" ")
}

/// The program and its window.
fn heading(screen: &Screen) -> String {
    match (&screen.application, &screen.window) {
        // Many programs put their own name into the title as well; heard first, it says at once where one is.
        (Some(application), Some(window)) if application == window => end(application),
        (Some(application), Some(window)) => format!("{application}: {}", end(window)),
        (Some(only), None) | (None, Some(only)) => end(only),
        (None, None) => match screen.view {
            View::Screen => "No window is active.".to_owned(),
            View::Window => "A window without a name.".to_owned(),
            View::Region => "Part of the screen.".to_owned(),
        },
    }
}

fn text_in_words(text: &ScreenText, in_full: bool) -> String {
    let all: String = text.paragraphs.iter().map(paragraph_in_words).collect::<Vec<_>>().join(" ");
    if all.is_empty() {
        return "No text.".to_owned();
    }
    if in_full || all.chars().count() <= BRIEF_LENGTH {
        return format!("Text: {all}");
    }
    let mut length = 0;
    let said: Vec<&str> = all
        .split(' ')
        .take_while(|word| {
            length += word.chars().count() + 1;
            length <= BRIEF_LENGTH + 1
        })
        .collect();
    let rest = all.split(' ').count() - said.len();
    let noun = if rest == 1 { "word" } else { "words" };
    format!("Text: {} … {rest} more {noun}.", said.join(" "))
}

/// The lines of a paragraph as sentences.
fn paragraph_in_words(paragraph: &Paragraph) -> String {
    let words = paragraph.lines.join(" ");
    end(&words.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Words with an end that is heard as one.
fn end(words: &str) -> String {
    let stop =
        if words.is_empty() || words.ends_with(['.', '!', '?', '…', ':', ';', ',']) { "" } else { "." };
    format!("{words}{stop}")
}

fn capitalised(words: &str) -> String {
    let mut characters = words.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

/// A place as it follows "Picture".
fn joined(place: &str) -> String {
    match place {
        "top" | "bottom" => format!("at the {place}"),
        "left" | "right" => format!("on the {place}"),
        "middle" => "in the middle".to_owned(),
        place if place.starts_with("upper") || place.starts_with("lower") => format!("in the {place}"),
        place => place.to_owned(),
    }
}

/// Where a picture is, within its monitor.
fn place(area: Area, parts: &Parts) -> String {
    let all = Area { x: 0, y: 0, width: parts.size.0, height: parts.size.1 };
    let middle = Area {
        x: area.x.saturating_add((area.width / 2) as i32),
        y: area.y.saturating_add((area.height / 2) as i32),
        width: 1,
        height: 1,
    };
    let monitors = &parts.screen.monitors;
    let number = monitors.iter().position(|monitor| monitor.intersection(middle).is_some());
    let within = number.map_or(all, |number| monitors[number]);
    let place = place_within(area, middle, within, parts.screen.view);
    match number {
        Some(number) if monitors.len() > 1 => format!("{place} on monitor {}", number + 1),
        _ => place,
    }
}

fn place_within(area: Area, middle: Area, within: Area, view: View) -> String {
    if area.pixels() as f64 >= FILLING * within.pixels() as f64 {
        return format!("filling the {}", view.name());
    }
    let third = |at: i32, start: i32, length: u32| {
        let share = f64::from(at - start) / f64::from(length.max(1));
        (share * 3.0).floor().clamp(0.0, 2.0) as usize
    };
    let row = third(middle.y, within.y, within.height);
    let column = third(middle.x, within.x, within.width);
    let places = [
        ["upper left", "top", "upper right"],
        ["left", "middle", "right"],
        ["lower left", "bottom", "lower right"],
    ];
    places[row][column].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn screen(application: Option<&str>, window: Option<&str>) -> Screen {
        Screen {
            view: View::Window,
            application: application.map(str::to_owned),
            window: window.map(str::to_owned),
            monitors: vec![Area { x: 0, y: 0, width: 900, height: 600 }],
        }
    }

    fn text(paragraphs: &[&[&str]]) -> ScreenText {
        let paragraph =
            |lines: &&[&str]| Paragraph { lines: lines.iter().map(|line| (*line).to_owned()).collect() };
        ScreenText { paragraphs: paragraphs.iter().map(paragraph).collect() }
    }

    fn parts(text: Result<ScreenText, String>) -> Parts {
        Parts {
            screen: screen(Some("Firefox"), Some("Train times - Mozilla Firefox")),
            size: (900, 600),
            text,
            pictures: Vec::new(),
            further_pictures: 0,
            picture_problem: None,
        }
    }

    fn picture(x: i32, y: i32, sentence: &str) -> Picture {
        let area = Area { x, y, width: 200, height: 100 };
        Picture { area, sentence: sentence.to_owned(), confidence: 0.5, band: Band::High }
    }

    #[test]
    fn the_program_and_its_window_come_first() {
        for (application, window, expected) in [
            (Some("Firefox"), Some("Train times"), "Firefox: Train times."),
            (Some("Firefox"), Some("Really?"), "Firefox: Really?"),
            (Some("Calculator"), Some("Calculator"), "Calculator."),
            (Some("XTerm"), None, "XTerm."),
            (None, Some("Notes"), "Notes."),
            (None, None, "A window without a name."),
        ] {
            assert_eq!(heading(&screen(application, window)), expected);
        }
    }

    #[test]
    fn text_comes_before_pictures() {
        let mut parts = parts(Ok(text(&[&["Departures"], &["10:15 Oslo", "on time"]])));
        assert_eq!(
            word(&parts, false),
            "Firefox: Train times - Mozilla Firefox. Text: Departures. 10:15 Oslo on time."
        );
        parts.pictures = vec![picture(0, 0, "A dog.")];
        assert!(word(&parts, false).ends_with("on time. Picture in the upper left: A dog."));
        parts.pictures.push(picture(350, 450, "Possibly a cat."));
        parts.further_pictures = 1;
        assert!(word(&parts, false).ends_with(
            "on time. 2 pictures. Upper left: A dog. Bottom: Possibly a cat. And 1 more picture."
        ));
    }

    #[test]
    fn a_part_that_is_missing_is_named() {
        let mut parts = parts(Err("the program is missing; install it".to_owned()));
        assert!(
            word(&parts, false).ends_with("Its text cannot be read: the program is missing; install it.")
        );
        parts.text = Ok(ScreenText::default());
        parts.picture_problem = Some("the model failed".to_owned());
        assert!(
            word(&parts, false).ends_with("No text. Its pictures cannot be described: the model failed.")
        );
    }

    #[test]
    fn a_long_text_is_cut_at_a_word_unless_all_is_wanted() {
        let long = "word ".repeat(100);
        let parts = parts(Ok(text(&[&[long.trim()]])));
        let brief = word(&parts, false);
        assert!(brief.ends_with("word word … 40 more words."), "{brief}");
        let said = brief.split_once("Text: ").unwrap().1.split_once(" …").unwrap().0;
        assert!(said.len() <= BRIEF_LENGTH && said.len() > BRIEF_LENGTH - 5, "{}", said.len());
        assert!(word(&parts, true).ends_with("word word."));
    }

    #[test]
    fn places_are_thirds_of_a_monitor() {
        let mut parts = parts(Ok(ScreenText::default()));
        for (x, y, expected) in [
            (0, 0, "upper left"),
            (350, 0, "top"),
            (700, 0, "upper right"),
            (0, 250, "left"),
            (350, 250, "middle"),
            (700, 250, "right"),
            (0, 500, "lower left"),
            (350, 500, "bottom"),
            (700, 500, "lower right"),
        ] {
            assert_eq!(place(picture(x, y, "").area, &parts), expected);
        }
        assert_eq!(place(Area { x: 0, y: 0, width: 900, height: 500 }, &parts), "filling the window");
        parts.screen.monitors.push(Area { x: 900, y: 0, width: 900, height: 600 });
        parts.size = (1800, 600);
        assert_eq!(place(picture(900, 0, "").area, &parts), "upper left on monitor 2");
    }
}
