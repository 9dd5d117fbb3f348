//! How a screen is put into words: first the program and its window, then what is written there, then its pictures. Pure.
//!
//! A screen is not a photograph. Who asks about one wants to know where they are, and then what it says.

use descry_models::Band;

use crate::{
    frame::{Area, Screen, View},
    screen_text::{Paragraph, ScreenText},
    words::{Language, Message, message},
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
    /// The caption alone, as a sentence.
    pub caption: String,
    /// The language of the caption, as in "en".
    pub language: String,
    /// How sure the model is of that, in 0 to 1.
    pub confidence: f32,
    /// How far the sentence can be relied on.
    pub band: Band,
}

/// Words a screen: all of its text when `in_full`, else [`BRIEF_LENGTH`] characters of it at most.
#[must_use]
pub fn word(parts: &Parts, in_full: bool, language: Language) -> String {
    let say = |message: Message| message.in_language(language);
    if let Some(nothing) = nothing(parts) {
        return say(nothing);
    }
    let mut sentences = vec![heading(&parts.screen, language)];
    if let Some(focus) = parts.screen.focus.as_ref().filter(|_| in_full) {
        sentences.push(say(message!("screen-focus", focus = end(focus))));
    }
    sentences.push(match &parts.text {
        Ok(text) => say(text_in_words(text, in_full, is_terminal(&parts.screen))),
        Err(problem) => say(message!("screen-unread", reason = end(problem))),
    });
    let (described, further) = (parts.pictures.len(), parts.further_pictures);
    if described > 1 {
        sentences.push(say(message!("screen-pictures", count = described)));
    }
    for picture in &parts.pictures {
        let place = place(picture.area, parts, described == 1);
        sentences.push(say(message!("screen-picture", place = place, sentence = &picture.sentence)));
    }
    if let Some(problem) = &parts.picture_problem {
        sentences.push(say(if described > 0 {
            message!("screen-others-undescribed", reason = end(problem))
        } else {
            message!("screen-pictures-undescribed", reason = end(problem))
        }));
    } else if further > 0 {
        sentences.push(say(message!("screen-more-pictures", count = further)));
    }
    sentences.retain(|sentence| !sentence.is_empty());
    sentences.join(" ")
}

/// What is said of a picture that looked like one of a screen or a page and holds neither text nor pictures.
fn nothing(parts: &Parts) -> Option<Message> {
    let is_empty = parts.text.as_ref().is_ok_and(|text| text.paragraphs.is_empty())
        && parts.pictures.is_empty()
        && parts.picture_problem.is_none();
    match parts.screen.view {
        View::Picture if is_empty => Some(message!("screen-saved-empty")),
        View::Page if is_empty => Some(message!("screen-page-empty")),
        _ => None,
    }
}

/// The program and its window: how the words of a screen begin, known before anything on it was read.
#[must_use]
pub fn heading(screen: &Screen, language: Language) -> String {
    let names = names(screen, language);
    if screen.view == View::ScreenForWindow {
        let note = message!("screen-for-window").in_language(language);
        return format!("{names} {note}").trim_start().to_owned();
    }
    names
}

fn names(screen: &Screen, language: Language) -> String {
    let words = match (&screen.application, &screen.window) {
        // Many programs put their own name into the title as well; heard first, it says at once where one is.
        (Some(application), Some(window)) if application == window => return end(application),
        (Some(application), Some(window)) => {
            message!("screen-titled", application = application, window = end(window))
        }
        (Some(only), None) | (None, Some(only)) => return end(only),
        (None, None) => match screen.view {
            View::Screen | View::ScreenForWindow if screen.is_idle => message!("screen-no-window"),
            View::Screen => message!("screen-whole"),
            View::ScreenForWindow => return String::new(),
            View::Window => message!("screen-nameless-window"),
            View::Region => message!("screen-part"),
            View::Picture => message!("screen-saved"),
            View::Page => message!("screen-page"),
        },
    };
    words.in_language(language)
}

/// How many words of a line that is cut are left out for the next one to be said from its begin.
const LONGEST_PARTIAL: usize = 12;

/// Programs that show what other programs write, the newest at the end.
const TERMINALS: [&str; 11] = [
    "alacritty",
    "console",
    "foot",
    "ghostty",
    "kitty",
    "konsole",
    "ptyxis",
    "st",
    "terminology",
    "tilix",
    "yakuake",
];

fn is_terminal(screen: &Screen) -> bool {
    let name = screen.application.as_deref().unwrap_or_default().to_lowercase();
    let has_focus = screen.focus.as_deref().is_some_and(|focus| focus.ends_with("terminal"));
    screen.view == View::Window && (has_focus || name.contains("term") || TERMINALS.contains(&name.as_str()))
}

/// All text, or as much of it as is said at first: its begin, or its end where the newest stands there.
fn text_in_words(text: &ScreenText, in_full: bool, newest_last: bool) -> Message {
    let all: String = text.paragraphs.iter().map(paragraph_in_words).collect::<Vec<_>>().join(" ");
    if all.is_empty() {
        return message!("screen-no-text");
    }
    if in_full || all.chars().count() <= BRIEF_LENGTH {
        return message!("screen-text", text = all);
    }
    let fit = |words: &mut dyn Iterator<Item = &str>| {
        let mut length = 0;
        words
            .take_while(|word| {
                length += word.chars().count() + 1;
                length <= BRIEF_LENGTH + 1
            })
            .count()
    };
    let words: Vec<&str> = all.split(' ').collect();
    if !newest_last {
        let said = fit(&mut words.iter().copied());
        return message!("screen-more-words", said = words[..said].join(" "), count = words.len() - said);
    }
    let mut left_out = words.len() - fit(&mut words.iter().rev().copied());
    // From the begin of a line, if one begins soon.
    let is_end = |word: &&str| word.ends_with(['.', '!', '?', ':', ';', ',', '…']);
    let partial = words[left_out.saturating_sub(1)..].iter().position(is_end).unwrap_or(0);
    if partial <= LONGEST_PARTIAL && left_out + partial < words.len() {
        left_out += partial;
    }
    message!("screen-newest-text", said = words[left_out..].join(" "), count = left_out)
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

/// Where a picture is, within its monitor. Of an only picture it is said that it is one.
fn place(area: Area, parts: &Parts, is_only: bool) -> Message {
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
    let place = if is_only {
        message!("screen-only-picture", place = place)
    } else {
        message!("screen-place", place = place)
    };
    match number {
        Some(number) if monitors.len() > 1 => {
            message!("screen-on-monitor", place = place, monitor = number + 1)
        }
        _ => place,
    }
}

/// The name of a place, by which the catalogue has words for it.
fn place_within(area: Area, middle: Area, within: Area, view: View) -> &'static str {
    if area.pixels() as f64 >= FILLING * within.pixels() as f64 {
        return match view {
            View::Screen | View::ScreenForWindow => "filling-screen",
            View::Picture => "filling-picture",
            View::Page => "filling-page",
            View::Window => "filling-window",
            View::Region => "filling-region",
        };
    }
    let third = |at: i32, start: i32, length: u32| {
        let share = f64::from(at - start) / f64::from(length.max(1));
        (share * 3.0).floor().clamp(0.0, 2.0) as usize
    };
    let row = third(middle.y, within.y, within.height);
    let column = third(middle.x, within.x, within.width);
    let places = [
        ["upper-left", "top", "upper-right"],
        ["left", "middle", "right"],
        ["lower-left", "bottom", "lower-right"],
    ];
    places[row][column]
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENGLISH: Language = Language::English;

    fn screen(application: Option<&str>, window: Option<&str>) -> Screen {
        Screen {
            view: View::Window,
            application: application.map(str::to_owned),
            window: window.map(str::to_owned),
            focus: None,
            is_idle: false,
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
        Picture {
            area,
            sentence: sentence.to_owned(),
            caption: sentence.to_owned(),
            language: "en".to_owned(),
            confidence: 0.5,
            band: Band::High,
        }
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
            assert_eq!(heading(&screen(application, window), ENGLISH), expected);
        }
    }

    #[test]
    fn text_comes_before_pictures() {
        let mut parts = parts(Ok(text(&[&["Departures"], &["10:15 Oslo", "on time"]])));
        assert_eq!(
            word(&parts, false, ENGLISH),
            "Firefox: Train times - Mozilla Firefox. Text: Departures. 10:15 Oslo on time."
        );
        parts.pictures = vec![picture(0, 0, "A dog.")];
        assert!(word(&parts, false, ENGLISH).ends_with("on time. Picture in the upper left: A dog."));
        parts.pictures.push(picture(350, 450, "Possibly a cat."));
        parts.further_pictures = 1;
        assert!(word(&parts, false, ENGLISH).ends_with(
            "on time. 2 pictures. Upper left: A dog. Bottom: Possibly a cat. And 1 more picture."
        ));
    }

    #[test]
    fn a_saved_picture_of_a_screen_is_called_one() {
        for (view, begin, nothing) in [
            (View::Picture, "A picture of a screen. Text: Departures.", "this looks like a screen"),
            (View::Page, "A picture of text. Text: Departures.", "this looks like text"),
        ] {
            let mut parts = Parts { screen: Screen::unnamed(view), ..parts(Ok(text(&[&["Departures"]]))) };
            assert_eq!(word(&parts, false, ENGLISH), begin);
            parts.text = Ok(ScreenText::default());
            assert!(word(&parts, false, ENGLISH).contains(nothing));
            parts.pictures = vec![picture(0, 0, "A dog.")];
            assert!(word(&parts, false, ENGLISH).ends_with("No text. Picture in the upper left: A dog."));
        }
    }

    #[test]
    fn a_part_that_is_missing_is_named() {
        let mut parts = parts(Err("the program is missing; install it".to_owned()));
        assert!(
            word(&parts, false, ENGLISH)
                .ends_with("Its text cannot be read: the program is missing; install it.")
        );
        parts.text = Ok(ScreenText::default());
        parts.picture_problem = Some("the model failed".to_owned());
        assert!(
            word(&parts, false, ENGLISH)
                .ends_with("No text. Its pictures cannot be described: the model failed.")
        );
    }

    #[test]
    fn a_long_text_is_cut_at_a_word_unless_all_is_wanted() {
        let long = "word ".repeat(100);
        let parts = parts(Ok(text(&[&[long.trim()]])));
        let brief = word(&parts, false, ENGLISH);
        assert!(brief.ends_with("word word … 40 more words."), "{brief}");
        let said = brief.split_once("Text: ").unwrap().1.split_once(" …").unwrap().0;
        assert!(said.len() <= BRIEF_LENGTH && said.len() > BRIEF_LENGTH - 5, "{}", said.len());
        assert!(word(&parts, true, ENGLISH).ends_with("word word."));
    }

    #[test]
    fn of_a_terminal_the_end_is_said() {
        let lines: Vec<String> = (0..100).map(|number| format!("line {number}")).collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let paragraphs: Vec<&[&str]> = lines.chunks(1).collect();
        for (application, is_one) in [("XTerm", true), ("Konsole", true), ("Firefox", false)] {
            let mut parts = parts(Ok(text(&paragraphs)));
            parts.screen.application = Some(application.to_owned());
            let brief = word(&parts, false, ENGLISH);
            assert_eq!(brief.ends_with("line 98. line 99."), is_one, "{brief}");
            assert_eq!(brief.contains("Text, after 134 words: line 67."), is_one, "{brief}");
        }
    }

    #[test]
    fn places_are_thirds_of_a_monitor() {
        let mut parts = parts(Ok(ScreenText::default()));
        for (x, y, expected) in [
            (0, 0, "Upper left"),
            (350, 0, "Top"),
            (700, 0, "Upper right"),
            (0, 250, "Left"),
            (350, 250, "Middle"),
            (700, 250, "Right"),
            (0, 500, "Lower left"),
            (350, 500, "Bottom"),
            (700, 500, "Lower right"),
        ] {
            assert_eq!(place(picture(x, y, "").area, &parts, false).to_string(), expected);
        }
        let filling = place(Area { x: 0, y: 0, width: 900, height: 500 }, &parts, true);
        assert_eq!(filling.to_string(), "Picture filling the window");
        let only = place(picture(0, 0, "").area, &parts, true);
        assert_eq!(only.to_string(), "Picture in the upper left");
        assert_eq!(only.in_language(Language::German), "Bild oben links");
        parts.screen.monitors.push(Area { x: 900, y: 0, width: 900, height: 600 });
        parts.size = (1800, 600);
        let second = place(picture(900, 0, "").area, &parts, false);
        assert_eq!(second.to_string(), "Upper left on monitor 2");
        assert_eq!(second.in_language(Language::German), "Oben links auf Monitor 2");
    }
}
