//! The policy alone: what it does of sights and captions that a test makes up.

use super::{memory::REMEMBERED, *};
use crate::{
    quality::{Fault, Kind},
    wording::{self, Manner},
};
use descry_models::{Caption, Confidence};

/// A person, a policy, and a clock that a test moves.
struct Play {
    policy: Policy,
    at: Duration,
    answering: bool,
    detail: Detail,
}

/// Nothing moves, nothing is new, and all is to be seen.
const CALM: Sight = Sight { change: 0.0, motion: 0.0, view: View::Clear };
const NEW: Sight = Sight { change: 0.9, ..CALM };
const MOVING_NEW: Sight = Sight { change: 0.5, motion: 1.0, ..CALM };

const CAT: (&str, Band) = ("a cat sits on a bed", Band::High);
const DOG: (&str, Band) = ("a dog runs on the grass", Band::High);

impl Play {
    fn new(pace: Pace) -> Self {
        Self { policy: Policy::new(pace), at: Duration::ZERO, answering: false, detail: Detail::Normal }
    }

    fn moment(&self) -> Moment {
        Moment { at: self.at, answering: self.answering }
    }

    /// Sees the same for a while, ten times a second, until there is something to be done; what, and whether there was.
    fn see(&mut self, sight: Sight, tenths: u32) -> Step {
        for _ in 0..tenths {
            self.at += Duration::from_millis(100);
            let step = self.policy.see(self.moment(), sight);
            if step != Step::Nothing {
                return step;
            }
        }
        Step::Nothing
    }

    fn hear(&mut self, (text, band): (&str, Band)) -> Result<String, KeptBack> {
        let caption = Caption {
            text: text.to_owned(),
            tokens: Vec::new(),
            confidence: Confidence::new(0.5),
            band,
            alternatives: vec!["a fox sleeps".to_owned()],
            words: Vec::new(),
            tags: Vec::new(),
        };
        let quality = Quality::good(Kind::Photo);
        let wording = wording::word(&quality, Some((&caption, "en")), Manner::default());
        self.policy.hear(self.moment(), &wording, &quality, self.detail)
    }

    /// Sees what is new until it is asked for, and what is the case of it while its caption comes.
    fn tell(&mut self, sight: Sight, then: Sight, caption: (&str, Band)) -> Result<String, KeptBack> {
        assert_eq!(self.see(sight, 100), Step::Ask, "{caption:?} at {:?}", self.at);
        assert_eq!(self.see(then, 2), Step::Nothing);
        self.hear(caption)
    }
}

#[test]
fn what_is_gone_when_its_caption_comes_is_not_said() {
    let mut play = Play::new(Pace::default());
    assert_eq!(play.tell(NEW, NEW, CAT), Err(KeptBack::Gone));
    assert_eq!(play.tell(NEW, CALM, DOG), Ok("A dog runs on the grass.".to_owned()));
}

#[test]
fn who_asked_is_answered_first_and_what_was_kept_back_is_told_after() {
    let mut play = Play::new(Pace::default());
    assert_eq!(play.see(NEW, 100), Step::Ask);
    play.answering = true;
    assert_eq!(play.hear(CAT), Err(KeptBack::Answering));
    assert_eq!(play.see(NEW, 100), Step::Nothing);
    play.answering = false;
    assert_eq!(play.tell(CALM, CALM, CAT), Ok("A cat sits on a bed.".to_owned()));
}

#[test]
fn what_is_known_is_not_said_again() {
    let mut play = Play::new(Pace::default());
    assert!(play.tell(NEW, CALM, CAT).is_ok());
    for known in
        ["the cat is sitting on a bed", "a cat sits on the bed", "a white cat sits on a bed", "a cat"]
    {
        assert_eq!(play.tell(NEW, CALM, (known, Band::High)), Err(KeptBack::Known), "{known}");
    }
    // Another subject in the same place, and the same elsewhere.
    for new in ["a dog sits on a bed", "a cat climbs a green tree"] {
        assert!(play.tell(NEW, CALM, (new, Band::High)).is_ok(), "{new}");
    }
    // What was said before the last is known for a while.
    assert_eq!(play.tell(NEW, CALM, CAT), Err(KeptBack::Known));
    play.at += REMEMBERED;
    assert!(play.tell(NEW, CALM, CAT).is_ok());
    // What was said last is known for ever.
    play.at += 100 * REMEMBERED;
    assert_eq!(play.tell(NEW, CALM, CAT), Err(KeptBack::Known));
}

#[test]
fn there_are_so_many_in_a_minute_and_no_more() {
    let pace = Pace { maximum_per_minute: 3, ..Pace::default() };
    let mut play = Play::new(pace);
    let captions = ["a cat sits", "a dog runs", "a man sleeps", "a car waits"];
    let mut times = Vec::new();
    for caption in captions {
        assert_eq!(play.see(NEW, 1000), Step::Ask);
        assert!(play.see(CALM, 1) == Step::Nothing && play.hear((caption, Band::High)).is_ok());
        times.push(play.at);
    }
    let apart: Vec<Duration> = times.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).collect();
    assert!(apart[..2].iter().all(|apart| (30..34).contains(&(apart.as_millis() / 100))), "{apart:?}");
    assert!(times[3] >= times[0] + MINUTE, "{times:?}");
}

#[test]
fn a_hot_board_is_spared() {
    let spaced = |stretch: Option<f32>| {
        let mut play = Play::new(Pace::default());
        if let Some(stretch) = stretch {
            play.policy.spare(stretch);
        }
        let mut times = Vec::new();
        for caption in ["a cat sits", "a dog runs"] {
            assert_eq!(play.see(NEW, 1000), Step::Ask);
            assert!(play.see(CALM, 1) == Step::Nothing && play.hear((caption, Band::High)).is_ok());
            times.push(play.at);
        }
        (times[1].saturating_sub(times[0])).as_millis() / 1000
    };
    for (stretch, seconds) in [(None, 3), (Some(0.5), 3), (Some(1.0), 3), (Some(4.0), 12), (Some(8.0), 24)] {
        assert_eq!(spaced(stretch), seconds, "{stretch:?}");
    }
}

#[test]
fn while_it_moves_the_subject_is_said_and_then_the_rest() {
    for (detail, moving, resting) in [
        (Detail::Brief, "A cat sits.", None),
        (Detail::Normal, "A cat sits.", Some("A cat sits on a bed.")),
        (Detail::Full, "A cat sits on a bed.", None),
    ] {
        let mut play = Play { detail, ..Play::new(Pace::default()) };
        assert_eq!(play.tell(MOVING_NEW, MOVING_NEW, CAT), Ok(moving.to_owned()));
        match resting {
            Some(resting) => assert_eq!(play.tell(CALM, CALM, CAT), Ok(resting.to_owned())),
            None => assert_eq!(play.see(CALM, 300), Step::Nothing, "{detail:?}: all was said"),
        }
    }
    let mut play = Play { detail: Detail::Full, ..Play::new(Pace::default()) };
    let all = "A cat sits on a bed. It could also be: A fox sleeps.";
    assert_eq!(play.tell(NEW, CALM, CAT), Ok(all.to_owned()));
}

#[test]
fn what_is_not_sure_is_said_at_rest_or_not_at_all() {
    let mut play = Play::new(Pace::default());
    let low = (CAT.0, Band::Low);
    assert_eq!(play.tell(MOVING_NEW, MOVING_NEW, low), Err(KeptBack::Unsure));
    let hedged = "Not sure, may be wrong: a cat sits on a bed.";
    assert_eq!(play.tell(CALM, CALM, low), Ok(hedged.to_owned()));
    assert_eq!(play.tell(NEW, CALM, (DOG.0, Band::None)), Err(KeptBack::Unsure));
    assert_eq!(play.see(CALM, 300), Step::Nothing);
}

#[test]
fn a_blocked_view_is_said_once_and_a_clear_one_is_told_anew() {
    let dark = Sight { view: View::Dark, ..NEW };
    let covered = Sight { view: View::Covered, ..NEW };
    let mut play = Play::new(Pace::default());
    assert!(play.tell(NEW, CALM, CAT).is_ok());
    assert_eq!(play.see(dark, 20), Step::Say(View::Dark));
    assert_eq!((play.see(dark, 300), play.see(covered, 300)), (Step::Nothing, Step::Nothing));
    assert!(play.tell(CALM, CALM, CAT).is_ok(), "by that it is known that the view is clear");
    // A lamp that blinks, or a hand that plays before the lens.
    for _ in 0..5 {
        assert_eq!(play.see(covered, 5), Step::Nothing);
        assert_eq!(play.see(CALM, 3), Step::Nothing);
    }
    assert_eq!(play.see(covered, 20), Step::Say(View::Covered));
    assert!(play.tell(CALM, CALM, CAT).is_ok());
    assert_eq!(play.see(covered, 100), Step::Nothing, "that was said a moment ago");

    // What a caption's own look finds is no caption.
    let mut play = Play::new(Pace::default());
    assert_eq!(play.see(NEW, 100), Step::Ask);
    let quality = Quality { kind: Kind::Photo, faults: vec![Fault::Covered], can_be_captioned: false };
    let wording = wording::word(&quality, None, Manner::default());
    let heard = play.policy.hear(play.moment(), &wording, &quality, Detail::Normal);
    assert_eq!(heard, Err(KeptBack::Blocked));
}

#[test]
fn a_caption_that_never_comes_is_asked_for_again() {
    let mut play = Play::new(Pace::default());
    assert_eq!(play.see(NEW, 100), Step::Ask);
    assert_eq!(play.see(NEW, 100), Step::Nothing, "one at a time");
    play.policy.miss(play.at);
    play.policy.miss(play.at);
    assert_eq!(play.see(CALM, 100), Step::Ask);
}
