//! Options out of a dictionary, and a description into one.

use std::{
    collections::HashMap,
    time::{Duration, UNIX_EPOCH},
};

use descry_models::manifest::MAXIMUM_BEAM_WIDTH;
use zbus::zvariant::{OwnedValue, Value};

use super::error::Error;
use crate::{
    description::{self, Description, OnScreen, PictureOnScreen},
    frame::Area,
    preferences::choice,
    request::{MAXIMUM_TIMEOUT, Options},
    source::screen::{Session, Target},
};

/// A D-Bus dictionary, `a{sv}`.
pub(crate) type Dictionary = HashMap<String, OwnedValue>;

/// The longest token.
const MAXIMUM_TOKEN: usize = 255;

/// The options of a call.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct CallOptions {
    pub(super) request: Options,
    /// Whether the reply waits until the answer was said.
    pub(super) wait_until_spoken: bool,
}

/// Reads the options of a call. Keys that are not known are passed over.
pub(super) fn options(dictionary: &Dictionary) -> Result<CallOptions, Error> {
    let defaults = Options::default();
    let token: Option<String> = get(dictionary, "token", "a string")?;
    if token.as_ref().is_some_and(|token| token.is_empty() || token.len() > MAXIMUM_TOKEN) {
        return Err(invalid("token", &format!("it must have 1 to {MAXIMUM_TOKEN} bytes")));
    }
    let detail = get::<String>(dictionary, "detail", "a string")?.map(|detail| choice("detail", &detail));
    let detail = detail.transpose().map_err(|_| invalid("detail", "it must be brief, normal or full"))?;
    let beam_width = get::<u32>(dictionary, "beam-width", "an unsigned number")?.map(|width| width as usize);
    if beam_width.is_some_and(|width| !(1..=MAXIMUM_BEAM_WIDTH).contains(&width)) {
        return Err(invalid("beam-width", &format!("it must be 1 to {MAXIMUM_BEAM_WIDTH}")));
    }
    let timeout = get::<u32>(dictionary, "timeout-ms", "an unsigned number")?
        .map_or(defaults.timeout, |milliseconds| Duration::from_millis(milliseconds.into()));
    if timeout.is_zero() || timeout > MAXIMUM_TIMEOUT {
        return Err(invalid("timeout-ms", &format!("it must be 1 to {}", MAXIMUM_TIMEOUT.as_millis())));
    }
    let request = Options {
        token,
        speak: get(dictionary, "speak", "true or false")?.unwrap_or(defaults.speak),
        detail,
        beam_width,
        want_words: get(dictionary, "want-words", "true or false")?.unwrap_or(defaults.want_words),
        timeout,
        // Who asks is known from the connection alone.
        is_of_program: false,
    };
    let wait_until_spoken = get(dictionary, "wait-until-spoken", "true or false")?.unwrap_or(false);
    Ok(CallOptions { request, wait_until_spoken })
}

/// The numbers of the parts of a screen, as in the Screenshot portal.
const SCREEN: u32 = 1;
const WINDOW: u32 = 2;
pub(super) const AREA: u32 = 4;
const ACTIVE_WINDOW: u32 = 8;

/// Reads which part of a screen is wanted, for whose rectangle there is an option.
pub(super) fn target(number: u32, options: &Dictionary) -> Result<Target, Error> {
    match number {
        SCREEN => Ok(Target::Screen),
        WINDOW | ACTIVE_WINDOW => Ok(Target::Window),
        AREA => {
            let area = get::<(i32, i32, u32, u32)>(options, "area", "two numbers and two unsigned ones")?;
            match area {
                Some((x, y, width, height)) if width > 0 && height > 0 => {
                    Ok(Target::Region(Area { x, y, width, height }))
                }
                _ => Err(invalid("area", "it must be a rectangle with at least one pixel")),
            }
        }
        other => {
            let problem =
                "it must be 1, the screen, 2 or 8, the active window, or 4, the rectangle in the option area";
            Err(Error::InvalidOption(format!("the target cannot be {other}: {problem}")))
        }
    }
}

/// The other way round: the number of a part, and its rectangle as an option.
pub(super) fn put_target(options: &mut Dictionary, target: Target) -> u32 {
    match target {
        Target::Screen => SCREEN,
        Target::Window => ACTIVE_WINDOW,
        Target::Region(area) => {
            put(options, "area", (area.x, area.y, area.width, area.height));
            AREA
        }
    }
}

/// Reads which session the caller means; none where it leaves that to the service.
pub(super) fn session(options: &Dictionary) -> Result<Option<Session>, Error> {
    let session: Option<HashMap<String, String>> = get(options, "session", "a dictionary of strings")?;
    Ok(session.map(|variables| Session::from_variables(|name| variables.get(name).cloned())))
}

pub(super) fn get<T>(dictionary: &Dictionary, key: &str, kind: &str) -> Result<Option<T>, Error>
where
    T: TryFrom<OwnedValue>,
{
    let Some(value) = dictionary.get(key) else { return Ok(None) };
    let value = value.try_clone().ok().and_then(|value| T::try_from(value).ok());
    value.map(Some).ok_or_else(|| invalid(key, &format!("it must be {kind}")))
}

pub(super) fn invalid(key: &str, problem: &str) -> Error {
    Error::InvalidOption(format!("the option {key} cannot be used: {problem}"))
}

/// A description as it goes over the bus. Keys whose values are not known are left out: what only cameras and screens
/// have, and who made the caption where there is none.
pub(super) fn description(description: &Description, was_spoken: bool) -> Dictionary {
    let since_epoch = description.captured_at.duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut dictionary = Dictionary::new();
    put(&mut dictionary, "id", description.id.number());
    put(&mut dictionary, "text", description.text.clone());
    put(&mut dictionary, "language", description.language.clone());
    put(&mut dictionary, "wording", description.spoken.clone());
    if was_spoken {
        put(&mut dictionary, "spoken", description.spoken.clone());
    }
    put(&mut dictionary, "confidence", f64::from(description.confidence));
    put(&mut dictionary, "band", description.band.name());
    put(&mut dictionary, "kind", description.kind.name());
    let faults: Vec<&str> = description.quality.iter().map(|fault| fault.name()).collect();
    put(&mut dictionary, "quality", faults);
    put(&mut dictionary, "alternatives", description.alternatives.clone());
    put(&mut dictionary, "tags", description::pairs(&description.tags));
    put(&mut dictionary, "captured-at", u64::try_from(since_epoch.as_micros()).unwrap_or(u64::MAX));
    put(&mut dictionary, "capture-ms", milliseconds(description.capture));
    put(&mut dictionary, "inference-ms", milliseconds(description.inference));
    for (key, name) in [("model", &description.model), ("engine", &description.engine)] {
        if !name.is_empty() {
            put(&mut dictionary, key, name.clone());
        }
    }
    if let Some(parts) = &description.screen {
        put_screen(&mut dictionary, OnScreen::from(parts));
    }
    if let Some(words) = &description.words {
        let words: Vec<(String, f64)> =
            words.iter().map(|(word, probability)| (word.clone(), f64::from(*probability))).collect();
        put(&mut dictionary, "words", words);
    }
    dictionary
}

fn put_screen(dictionary: &mut Dictionary, seen: OnScreen) {
    let texts = [
        ("application", seen.application),
        ("window", seen.window),
        ("focus", seen.focus),
        ("screen-text", seen.text),
        ("screen-text-failure", seen.text_problem),
    ];
    for (key, text) in texts {
        if let Some(text) = text {
            put(dictionary, key, text);
        }
    }
    let pictures = seen.pictures.into_iter().map(|PictureOnScreen { text, confidence, band, area }| {
        let mut picture = Dictionary::new();
        put(&mut picture, "text", text);
        put(&mut picture, "confidence", confidence);
        put(&mut picture, "band", band);
        put(&mut picture, "area", (area.x, area.y, area.width, area.height));
        picture
    });
    put(dictionary, "pictures", pictures.collect::<Vec<_>>());
}

/// What is on a screen, out of a description of one.
pub(super) fn on_screen(description: &Dictionary) -> Option<OnScreen> {
    // Only what has been looked at as a screen has pictures, or none of them.
    let pictures: Vec<Dictionary> = value(description, "pictures")?;
    let picture = |picture: &Dictionary| {
        let (x, y, width, height) = value(picture, "area")?;
        Some(PictureOnScreen {
            text: value(picture, "text")?,
            confidence: value(picture, "confidence")?,
            band: value(picture, "band")?,
            area: Area { x, y, width, height },
        })
    };
    Some(OnScreen {
        application: value(description, "application"),
        window: value(description, "window"),
        focus: value(description, "focus"),
        text: value(description, "screen-text"),
        text_problem: value(description, "screen-text-failure"),
        pictures: pictures.iter().map(picture).collect::<Option<_>>()?,
    })
}

/// The value of a key, where there is one of that type.
pub(super) fn value<T: TryFrom<OwnedValue>>(dictionary: &Dictionary, key: &str) -> Option<T> {
    dictionary.get(key).and_then(|value| T::try_from(value.try_clone().ok()?).ok())
}

/// The text under a key, if there is any.
pub(super) fn text(dictionary: &Dictionary, key: &str) -> Option<String> {
    value(dictionary, key)
}

/// Puts a value under a key.
pub(super) fn put(dictionary: &mut Dictionary, key: &str, value: impl Into<Value<'static>>) {
    // Only values that hold file descriptors can fail to become owned, and none here does.
    if let Ok(value) = OwnedValue::try_from(value.into()) {
        dictionary.insert(key.to_owned(), value);
    }
}

fn milliseconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preferences::Detail;

    fn dictionary(entries: &[(&str, Value<'static>)]) -> Dictionary {
        let mut dictionary = Dictionary::new();
        for (key, value) in entries {
            put(&mut dictionary, key, value.try_clone().unwrap());
        }
        dictionary
    }

    #[test]
    fn options_have_defaults_and_unknown_keys_are_passed_over() {
        assert_eq!(options(&Dictionary::new()).unwrap(), CallOptions::default());
        let all = dictionary(&[
            ("token", "a".into()),
            ("speak", false.into()),
            ("detail", "brief".into()),
            ("beam-width", 5_u32.into()),
            ("want-words", true.into()),
            ("timeout-ms", 1500_u32.into()),
            ("wait-until-spoken", true.into()),
            ("from-the-future", 1_u8.into()),
        ]);
        let request = Options {
            token: Some("a".into()),
            speak: false,
            detail: Some(Detail::Brief),
            beam_width: Some(5),
            want_words: true,
            timeout: Duration::from_millis(1500),
            is_of_program: false,
        };
        assert_eq!(options(&all).unwrap(), CallOptions { request, wait_until_spoken: true });
    }

    #[test]
    fn a_screen_comes_back_as_it_went() {
        let area = Area { x: -3, y: 4, width: 50, height: 60 };
        let picture = PictureOnScreen { text: "A dog.".into(), confidence: 0.5, band: "middle".into(), area };
        let named = OnScreen {
            application: Some("Editor".into()),
            window: Some("Notes".into()),
            focus: Some("text".into()),
            text: Some("one\ntwo".into()),
            text_problem: None,
            pictures: vec![picture.clone(), picture],
        };
        let unread = OnScreen { text_problem: Some("no reader".into()), ..OnScreen::default() };
        for seen in [named, unread] {
            let mut dictionary = Dictionary::new();
            put_screen(&mut dictionary, seen.clone());
            assert_eq!(on_screen(&dictionary), Some(seen));
        }
        assert_eq!(on_screen(&Dictionary::new()), None, "a photograph");
        for target in [Target::Screen, Target::Window, Target::Region(area)] {
            let mut options = Dictionary::new();
            let number = put_target(&mut options, target);
            assert_eq!(super::target(number, &options).unwrap(), target);
        }
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for (key, value) in [
            ("token", Value::from(1_u32)),
            ("token", "".into()),
            ("token", "x".repeat(256).into()),
            ("speak", "yes".into()),
            ("detail", "long".into()),
            ("beam-width", 0_u32.into()),
            ("beam-width", 65_u32.into()),
            ("beam-width", 3_i32.into()),
            ("timeout-ms", 0_u32.into()),
            ("timeout-ms", u32::MAX.into()),
        ] {
            let result = options(&dictionary(&[(key, value)]));
            assert!(
                matches!(&result, Err(Error::InvalidOption(text)) if text.contains(key)),
                "{key}: {result:?}"
            );
        }
    }
}
