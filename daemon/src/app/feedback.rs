//! What a person hears between a press and the answer: a sign that a picture was taken, or that there will be none, and a
//! plea for patience where the answer takes long.
//!
//! Words cost more than they give when the answer is there within a second, so there are none until then.

use std::time::Duration;

use tokio::time::sleep;

use super::App;
use crate::{
    earcon::Earcon,
    speech::{Urgency, Utterance},
    words::message,
};

/// After how long a person who waits for an answer is told so.
const PATIENCE_AFTER: Duration = Duration::from_millis(1500);

/// How long the begin of an answer may take to be said.
const LONGEST_BEGIN: Duration = Duration::from_secs(20);

impl App {
    /// Asks for patience when an answer takes long, once, and never ends by itself: it is dropped when the answer is there.
    /// The plea gives way to all else that is said; while the begin of the answer is, it is not needed.
    pub(super) async fn ask_for_patience<T>(&self) -> T {
        sleep(PATIENCE_AFTER).await;
        if let Some(mut begun) = self.answer() {
            let _said = begun.ended(LONGEST_BEGIN).await;
        }
        if self.preferences.now().feedback.please_wait {
            let text = message!("service-please-wait").in_language(self.language());
            let _speaking = self.voice.say(Utterance::new(text, Urgency::Ambient));
        }
        std::future::pending().await
    }

    /// Gives a sign.
    pub(crate) fn chime(&self, earcon: Earcon) {
        if let Some(chime) = &self.chime {
            chime.play(earcon);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::SystemTime};

    use image::{Rgb, RgbImage};

    use super::*;
    use crate::{
        caption_thread::CaptionThread,
        describer::fake::{Conduct, load},
        earcon::fake::FakeChime,
        frame::{Frame, Origin},
        preferences::{Feedback, Preferences, Shared},
        request::{Caller, Cancel, Options, Request},
        source::{Source, SourceError, screen::ScreenError},
        speech::fake::{FakeVoice, Told},
    };

    /// What is there now: a photograph, or nothing.
    #[derive(Debug)]
    struct Live {
        is_live: bool,
        fails: bool,
    }

    impl Source for Live {
        fn capture(self: Box<Self>, _cancel: &Cancel) -> Result<Frame, SourceError> {
            if self.fails {
                return Err(ScreenError::NoWindow.into());
            }
            let pixels = RgbImage::from_fn(320, 200, |x, y| Rgb([x as u8, y as u8, (x * y % 251) as u8]));
            Ok(Frame { pixels, origin: Origin::File, captured_at: SystemTime::UNIX_EPOCH })
        }

        fn is_live(&self) -> bool {
            self.is_live
        }
    }

    struct Heard {
        signs: Vec<Earcon>,
        said: Vec<(String, Urgency)>,
    }

    async fn heard(conduct: Conduct, source: Live, speak: bool, please_wait: bool) -> Heard {
        let (voice, chime) = (Arc::new(FakeVoice::default()), Arc::new(FakeChime::default()));
        let thread = CaptionThread::start(load(conduct)).unwrap();
        let preferences = Shared::new(Preferences {
            feedback: Feedback { please_wait, ..Feedback::default() },
            ..Preferences::default()
        });
        let app = App::new(thread, Arc::clone(&voice) as Arc<_>, None)
            .with_preferences(preferences)
            .with_chime(Arc::clone(&chime) as Arc<_>);
        // An endless one is ended after the plea.
        let timeout =
            if conduct == Conduct::Endless { Duration::from_secs(2) } else { Duration::from_secs(30) };
        let options = Options { speak, timeout, ..Options::default() };
        let _outcome = app.serve(Request::new(Caller::Person, Box::new(source), options)).await;
        let said = voice.told().into_iter().filter_map(|told| match told {
            Told::Say(Utterance { text, urgency, .. }) => Some((text, urgency)),
            Told::Begin(_) | Told::Finish(_) | Told::Stop => None,
        });
        Heard { signs: chime.played(), said: said.collect() }
    }

    #[tokio::test]
    async fn a_look_is_heard_and_so_is_that_there_was_none() {
        const SEES: Live = Live { is_live: true, fails: false };
        let Heard { signs, said } = heard(Conduct::Describe, SEES, true, true).await;
        assert_eq!((signs, said.len()), (vec![Earcon::Captured], 1));
        let Heard { signs, said } = heard(Conduct::Fail, SEES, true, true).await;
        assert_eq!(signs, [Earcon::Captured, Earcon::Failed]);
        assert_eq!(said[0].1, Urgency::Fault);
        let Heard { signs, .. } =
            heard(Conduct::Describe, Live { is_live: true, fails: true }, true, true).await;
        assert_eq!(signs, [Earcon::Failed]);
        // Who wants no sound, and who looks at a file, has none.
        let Heard { signs, said } = heard(Conduct::Describe, SEES, false, true).await;
        assert!(signs.is_empty() && said.is_empty());
        let file = Live { is_live: false, fails: false };
        assert!(heard(Conduct::Describe, file, true, true).await.signs.is_empty());
    }

    #[tokio::test]
    async fn patience_is_asked_for_once_and_before_the_answer() {
        const SEES: Live = Live { is_live: true, fails: false };
        let said = heard(Conduct::Endless, SEES, true, true).await.said;
        assert_eq!(said.len(), 2, "{said:?}");
        assert_eq!(said[0], ("Please wait.".to_owned(), Urgency::Ambient));
        assert_eq!(said[1].1, Urgency::Fault);
        let said = heard(Conduct::Endless, SEES, true, false).await.said;
        assert_eq!(said.len(), 1, "{said:?}");
        let file = Live { is_live: false, fails: false };
        assert_eq!(heard(Conduct::Endless, file, true, true).await.said.len(), 1);
    }
}
