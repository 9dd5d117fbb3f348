//! How things are worded. Pure: all that a person hears or reads of a caption or a failure passes through here.
//!
//! Doubt goes into words, because a tone of voice is lost at the speed at which many people listen, and into words that
//! differ from one answer to the next, because nobody hears a constant prefix after a day.

use descry_models::{Band, Caption};
use serde::{Deserialize, Serialize};

use crate::{
    failure::Failure,
    narration::{gate::View, subject},
    quality::{Fault, Kind, Quality},
    retell,
    source::SourceError,
    words::{Language, Message, message},
};

/// When doubt is put into words.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
#[value(rename_all = "lowercase")]
pub enum Hedging {
    /// By the band: what is surely right is said plainly.
    #[default]
    Banded,
    /// Always: no caption is said plainly.
    Always,
    /// Never, but for what is below the least confidence.
    Off,
}

/// How a person wants to be told.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Manner {
    /// When doubt is put into words.
    pub hedging: Hedging,
    /// What is less sure than this, in 0 to 1, is not said, whatever its band; 0 leaves it to the band.
    pub minimum_confidence: f32,
    /// The language of all that is said around the caption.
    pub language: Language,
}

impl Manner {
    /// How far a caption can be relied on, and the band that it is worded in.
    fn bands(self, caption: &Caption) -> (Band, Band) {
        if caption.confidence.value() < self.minimum_confidence {
            return (Band::None, Band::None);
        }
        let worded = match (self.hedging, caption.band) {
            (Hedging::Off, _) => Band::High,
            (Hedging::Always, Band::High) => Band::Middle,
            (_, band) => band,
        };
        (caption.band, worded)
    }
}

/// A caption in words for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wording {
    /// The caption as a sentence, whatever its band.
    pub text: String,
    /// The language of `text` and `alternatives`, as in "en".
    pub language: String,
    /// What is said aloud: the sentence with its doubt, or that there is no telling.
    pub spoken: String,
    /// How far the text can be relied on; none also where the person wants to be surer than the model is.
    pub band: Band,
    /// The other captions as sentences.
    pub alternatives: Vec<String>,
    /// The subject of the caption alone, as a sentence; the whole of it where it has no more than that.
    pub subject: String,
    /// What is said aloud where there is time for the subject only: it with its doubt.
    pub in_short: String,
    /// What is said aloud where there is time for another caption too, and for tags: as far as they say something else.
    pub in_full: String,
}

/// Words what is known of a picture: its caption, which is in the language of a tag such as "en", with what is wrong with
/// it beside, or why there is none.
#[must_use]
pub fn word(quality: &Quality, caption: Option<(&Caption, &str)>, manner: Manner) -> Wording {
    let language = manner.language;
    let Some((caption, caption_language)) = caption else {
        let text = cannot_tell(quality).in_language(language);
        return Wording {
            language: language.tag().to_owned(),
            spoken: text.clone(),
            subject: text.clone(),
            in_short: text.clone(),
            in_full: text.clone(),
            text,
            band: Band::None,
            alternatives: Vec::new(),
        };
    };
    let alternatives: Vec<String> =
        caption.alternatives.iter().map(|alternative| sentence(alternative)).collect();
    let (band, worded) = manner.bands(caption);
    let hedged = || hedge(&caption.text, worded, caption_language, language);
    let spoken = match (worded, quality.faults.first()) {
        (Band::None, Some(_)) => cannot_tell(quality).in_language(language),
        (Band::None, None) => message!("caption-untold").in_language(language),
        (_, None) => hedged(),
        (_, Some(fault)) => format!("{} {}", hedged(), beside(*fault).in_language(language)),
    };
    let subject = subject::of(&caption.text);
    let in_short = match worded {
        Band::None => spoken.clone(),
        worded => hedge(&subject, worded, caption_language, language),
    };
    let (text, subject) = (sentence(&caption.text), sentence(&subject));
    let content = retell::content(&text);
    let other = alternatives.iter().find(|other| retell::content(other) != content);
    let mut in_full = spoken.clone();
    if worded != Band::None {
        let tongue = in_language(caption_language, language);
        let other = other.map(|other| message!("retell-could-be", language = tongue, caption = other));
        let told = other.map_or(spoken.clone(), |other| format!("{spoken} {}", words_in(&other, language)));
        let more = retell::may_show(&caption.tags, &told, caption_language, language);
        in_full = more.map_or(told.clone(), |more| format!("{told} {}", words_in(&more, language)));
    }
    let language = caption_language.to_owned();
    Wording { text, language, spoken, band, alternatives, subject, in_short, in_full }
}

/// What is said when a camera that is narrated shows nothing any more.
#[must_use]
pub fn word_view(view: View) -> Message {
    match view {
        View::Dark => message!("narration-dark"),
        View::Covered => message!("narration-covered"),
        View::Clear => message!("narration-clear"),
    }
}

/// A caption as a sentence of its band.
fn hedge(caption: &str, band: Band, caption_language: &str, language: Language) -> String {
    let words = match (band, foreign(caption_language, language)) {
        (Band::High | Band::None, None) => return sentence(caption),
        (Band::High | Band::None, Some(name)) => {
            message!("caption-high-foreign", name = name, caption = caption)
        }
        (Band::Middle, None) => message!("caption-middle", caption = caption),
        (Band::Middle, Some(_)) => message!(
            "caption-middle-foreign",
            language = in_language(caption_language, language),
            caption = caption
        ),
        (Band::Low, _) => {
            message!("caption-low", language = in_language(caption_language, language), caption = caption)
        }
    };
    sentence(&words.in_language(language))
}

/// The language of a caption, as in "en", where it is another one than that of the words around it.
pub(crate) fn foreign(caption_language: &str, language: Language) -> Option<&str> {
    let primary = caption_language.split('-').next().unwrap_or_default();
    (!primary.is_empty() && !primary.eq_ignore_ascii_case(language.tag())).then_some(primary)
}

/// What says in a sentence that a caption in it is in another language; nothing where it is in the same.
#[must_use]
pub fn in_language(caption_language: &str, language: Language) -> Message {
    message!("caption-in-language", code = foreign(caption_language, language).unwrap_or("own"))
}

/// Why there is no telling, and what may help.
fn cannot_tell(quality: &Quality) -> Message {
    let has = |fault| quality.faults.contains(&fault);
    match (quality.kind, quality.faults.first()) {
        (Kind::Blank, _) if has(Fault::Dark) => message!("caption-untold-black"),
        (Kind::Blank, _) | (_, Some(Fault::Blank)) => message!("caption-untold-blank"),
        (Kind::Screen, _) => message!("caption-untold-screen"),
        (Kind::Text, _) => message!("caption-untold-text"),
        (_, Some(Fault::Dark)) => message!("caption-untold-dark"),
        (_, Some(Fault::Bright)) => message!("caption-untold-bright"),
        (_, Some(Fault::Blurred)) => message!("caption-untold-blurred"),
        (_, Some(Fault::Covered)) => message!("caption-untold-covered"),
        (Kind::Photo | Kind::Unknown, None) => message!("caption-untold-unknown"),
    }
}

/// What is wrong with a picture that was captioned all the same.
fn beside(fault: Fault) -> Message {
    match fault {
        Fault::Dark => message!("caption-beside-dark"),
        Fault::Bright => message!("caption-beside-bright"),
        Fault::Blurred => message!("caption-beside-blurred"),
        Fault::Covered => message!("caption-beside-covered"),
        Fault::Blank => message!("caption-beside-blank"),
    }
}

/// What is said when a request ends without a description.
#[must_use]
pub fn word_failure(failure: &Failure, language: Language) -> String {
    let reason = failure.message();
    let words = match failure {
        // Each names its camera itself.
        Failure::Source(SourceError::Camera(_)) => message!("failure-camera", reason = reason),
        Failure::Source(SourceError::Screen(_)) => message!("failure-screen", reason = reason),
        _ => message!("failure-picture", reason = reason),
    };
    words_in(&words, language)
}

/// A message as a sentence in a language.
#[must_use]
pub fn words_in(message: &Message, language: Language) -> String {
    sentence(&message.in_language(language))
}

/// Words as a sentence: a capital at its start, a full stop at its end, single spaces between.
#[must_use]
pub fn sentence(words: &str) -> String {
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut characters = words.chars();
    let Some(first) = characters.next() else { return String::new() };
    let mut sentence: String = first.to_uppercase().chain(characters).collect();
    if !sentence.ends_with(['.', '!', '?', '…']) {
        sentence.push('.');
    }
    sentence
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::screen::ScreenError;
    use descry_models::Confidence;

    fn caption(confidence: f32, band: Band) -> Caption {
        Caption {
            text: "a dog runs".into(),
            tokens: Vec::new(),
            confidence: Confidence::new(confidence),
            band,
            alternatives: vec!["two dogs run".into()],
            words: Vec::new(),
            tags: Vec::new(),
        }
    }

    #[test]
    fn doubt_is_put_into_words() {
        const HIGH: &str = "A dog runs.";
        const MIDDLE: &str = "Possibly a dog runs.";
        const LOW: &str = "Not sure, may be wrong: a dog runs.";
        const NONE: &str = "I can't tell what this picture shows. Another side or distance may help.";
        let bands = [(0.9, Band::High), (0.6, Band::Middle), (0.3, Band::Low), (0.1, Band::None)];
        for (hedging, minimum_confidence, expected) in [
            (Hedging::Banded, 0.0, [HIGH, MIDDLE, LOW, NONE]),
            (Hedging::Banded, 0.5, [HIGH, MIDDLE, NONE, NONE]),
            (Hedging::Banded, 1.0, [NONE; 4]),
            (Hedging::Always, 0.0, [MIDDLE, MIDDLE, LOW, NONE]),
            (Hedging::Off, 0.0, [HIGH; 4]),
            (Hedging::Off, 0.2, [HIGH, HIGH, HIGH, NONE]),
        ] {
            for ((confidence, band), expected) in bands.into_iter().zip(expected) {
                let manner = Manner { hedging, minimum_confidence, ..Manner::default() };
                let wording =
                    word(&Quality::good(Kind::Photo), Some((&caption(confidence, band), "en")), manner);
                assert_eq!(wording.spoken, expected, "{manner:?} {band}");
                assert_eq!(wording.text, HIGH, "the text is the caption itself");
                let expected = if confidence < minimum_confidence { Band::None } else { band };
                assert_eq!(wording.band, expected, "{manner:?}");
                assert_eq!(wording.alternatives, ["Two dogs run."]);
            }
        }
    }

    #[test]
    fn what_cannot_be_told_is_said_with_its_reason() {
        for (kind, faults, expected) in [
            (Kind::Photo, &[Fault::Dark][..], "I can't tell: the picture is too dark. More light may help."),
            (
                Kind::Photo,
                &[Fault::Covered, Fault::Blurred],
                "I can't tell: something covers the lens. Is a finger on it?",
            ),
            (Kind::Blank, &[Fault::Blank], "I can't tell: the picture is blank. There is nothing on it."),
            (
                Kind::Blank,
                &[Fault::Blank, Fault::Dark, Fault::Covered],
                "I can't tell: the picture is all black. Is the lens covered, or the light off?",
            ),
            (Kind::Text, &[], "I can't tell: this looks like text, not a photo. I only describe photos."),
            (Kind::Unknown, &[], "I can't tell: this does not look like a photo. I only describe photos."),
        ] {
            let quality = Quality { kind, faults: faults.to_vec(), can_be_captioned: false };
            let wording = word(&quality, None, Manner::default());
            assert_eq!((wording.text.as_str(), wording.spoken.as_str()), (expected, expected));
            assert_eq!((wording.band, wording.alternatives.len()), (Band::None, 0));
        }
    }

    #[test]
    fn a_mild_fault_is_said_beside_the_caption() {
        for (faults, band, expected) in [
            (&[Fault::Dark][..], Band::High, "A dog runs. The picture is dark."),
            (&[Fault::Blurred, Fault::Dark], Band::Middle, "Possibly a dog runs. The picture is blurred."),
            (
                &[Fault::Blurred],
                Band::None,
                "I can't tell: the picture is too blurred. Holding the camera still may help.",
            ),
        ] {
            let quality = Quality { kind: Kind::Photo, faults: faults.to_vec(), can_be_captioned: true };
            let wording = word(&quality, Some((&caption(0.5, band), "en-US")), Manner::default());
            assert_eq!(wording.spoken, expected);
            assert_eq!(wording.text, "A dog runs.");
        }
    }

    #[test]
    fn words_become_a_sentence() {
        for (words, expected) in [
            ("a dog runs on the grass", "A dog runs on the grass."),
            ("A dog.", "A dog."),
            ("  two   dogs ", "Two dogs."),
            ("is it a dog?", "Is it a dog?"),
            ("über den wolken", "Über den wolken."),
            ("", ""),
            (" ", ""),
        ] {
            assert_eq!(sentence(words), expected);
        }
    }

    #[test]
    fn a_failure_says_what_is_wrong() {
        assert_eq!(
            word_failure(&Failure::Source(SourceError::CutOff("JPEG")), Language::English),
            "I can't describe the picture: the JPEG picture is cut off: its end is missing."
        );
        assert_eq!(
            word_failure(&Failure::Source(ScreenError::Locked.into()), Language::German),
            "Ich kann den Bildschirm nicht beschreiben: der Bildschirm ist gesperrt, oder sein Bildschirmschoner läuft; \
             bitte wecken oder entsperren und noch einmal fragen."
        );
    }

    #[test]
    fn a_caption_in_another_language_says_so() {
        let german = Manner { language: Language::German, ..Manner::default() };
        for (caption_language, manner, band, expected) in [
            ("en", german, Band::High, "Auf Englisch: a dog runs."),
            ("en-GB", german, Band::Middle, "Vielleicht, auf Englisch: a dog runs."),
            ("en", german, Band::Low, "Nicht sicher, kann falsch sein, auf Englisch: a dog runs."),
            ("pt", german, Band::High, "In der Sprache pt: a dog runs."),
            ("de", german, Band::Middle, "Vielleicht a dog runs."),
            ("de", german, Band::Low, "Nicht sicher, kann falsch sein: a dog runs."),
            ("de", Manner::default(), Band::High, "In German: a dog runs."),
            ("de", Manner::default(), Band::Middle, "Possibly, in German: a dog runs."),
            ("", Manner::default(), Band::High, "A dog runs."),
        ] {
            let caption = caption(0.5, band);
            let wording = word(&Quality::good(Kind::Photo), Some((&caption, caption_language)), manner);
            assert_eq!(wording.spoken, expected);
            assert_eq!((wording.text.as_str(), wording.language.as_str()), ("A dog runs.", caption_language));
        }
        let quality = Quality { kind: Kind::Photo, faults: vec![Fault::Dark], can_be_captioned: false };
        let wording = word(&quality, None, german);
        assert_eq!(
            wording.text,
            "Ich kann nichts erkennen: Das Bild ist zu dunkel. Vielleicht hilft mehr Licht."
        );
        assert_eq!(wording.language, "de");
    }
}
