//! The way of a screen: its pictures are found, its text is read while they are captioned, and all of it is worded and
//! said.

use std::{
    cmp::Reverse,
    sync::Arc,
    time::{Duration, Instant},
};

use descry_models::Band;
use image::RgbImage;
use tokio::time::timeout_at;
use tracing::debug;

use super::App;
use crate::{
    caption_thread::{Captioned, Job},
    description::Description,
    failure::Failure,
    frame::{Area, Frame, Origin, Screen},
    preferences::Detail,
    quality::{self, Kind, Quality},
    request::{Caller, Cancel, Options, RequestId},
    screen_description::{self, Parts, Picture},
    screen_pictures, source,
    speech::Speaking,
    wording::{self, Manner, Wording},
    words::{Message, message},
};

/// How many pictures of one screen are described. A page of small ones would take as many seconds as it has.
const MOST_PICTURES: usize = 6;

/// How long before its deadline a request stops reading and captioning: what is known by then is told.
const TELLING_TIME: Duration = Duration::from_secs(2);

/// What came of a screen.
struct Seen {
    parts: Parts,
    /// How long the network took for all pictures together.
    inference: Duration,
    /// The model and the engine, where there was a picture to caption.
    said_by: Option<(String, String)>,
}

/// Who asks, and how, and how long it took until the screen was seen.
pub(super) struct Asked {
    pub(super) id: RequestId,
    pub(super) caller: Caller,
    pub(super) options: Options,
    pub(super) beam_width: Option<usize>,
    pub(super) deadline: Instant,
    pub(super) cancel: Cancel,
    pub(super) capture: Duration,
}

impl App {
    /// Describes a screen, or a picture of one, and says what is on it.
    pub(super) async fn describe_screen(
        &self,
        frame: Frame,
        screen: Screen,
        kind: Kind,
        asked: Asked,
    ) -> Result<(Description, Option<Speaking>), Failure> {
        let captured_at = frame.captured_at;
        // Where one is, is known at once, and takes a second to be said: the text is read meanwhile.
        let is_live = matches!(frame.origin, Origin::Screen(_));
        let begun = (is_live && asked.options.speak && asked.caller.is_waiting()).then(|| {
            let begin = screen_description::heading(&screen, self.language());
            let speaking = self.begin(&begin);
            (begin, speaking)
        });
        let Seen { parts, inference, said_by } = self.see_screen(frame, screen, &asked).await?;
        let Asked { id, options, capture, .. } = asked;
        let detail = options.detail.unwrap_or(self.preferences.now().detail);
        let language = self.language();
        let text = screen_description::word(&parts, detail == Detail::Full, language);
        let band = parts.pictures.iter().map(|picture| picture.band).max_by_key(|band| *band as u8);
        let least = parts.pictures.iter().map(|picture| picture.confidence).reduce(f32::min);
        let (model, engine) = said_by.unwrap_or_default();
        let description = Description {
            id,
            spoken: text.clone(),
            text,
            language: language.tag().to_owned(),
            confidence: least.unwrap_or_default(),
            band: band.unwrap_or(Band::High),
            kind,
            quality: Vec::new(),
            alternatives: Vec::new(),
            tags: Vec::new(),
            captured_at,
            capture,
            inference,
            model,
            engine,
            words: None,
            screen: Some(parts),
        };
        let speaking = options.speak.then(|| self.finish(&description, begun));
        Ok((description, speaking))
    }

    /// Finds out what is on a screen. What cannot be read or captioned is told in the answer: the rest is worth having.
    async fn see_screen(&self, frame: Frame, screen: Screen, asked: &Asked) -> Result<Seen, Failure> {
        let size = frame.pixels.dimensions();
        let pixels = Arc::new(frame.pixels);
        let searched = Arc::clone(&pixels);
        let found = tokio::task::spawn_blocking(move || pictures_on(&searched)).await;
        let found = found.map_err(|_| Failure::Ending)?;
        debug!("pictures found");
        let (taken, further_pictures) = largest(&found);

        let manner = self.preferences.now().manner();
        let say = |problem: Message| problem.in_language(manner.language);
        let too_slow = || say(message!("screen-too-slow"));
        let mut captioned = Vec::new();
        let caption = async {
            for area in &taken {
                let frame = Frame {
                    pixels: screen_pictures::crop(&pixels, *area),
                    origin: frame.origin.clone(),
                    captured_at: frame.captured_at,
                };
                let Asked { id, caller, beam_width, cancel, .. } = asked;
                let (id, caller, cancel) = (*id, caller.clone(), cancel.clone());
                // The whole screen has its room for as long as it is looked at.
                let job = Job { id, caller, frame, beam_width: *beam_width, cancel, room: None };
                match self.caption_thread.describe(job).await {
                    Ok(answer) => captioned.push((*area, answer)),
                    Err(failure @ (Failure::Cancelled(_) | Failure::InvalidOption(_))) => {
                        return Err(failure);
                    }
                    Err(failure) => return Ok(Some(say(failure.message()))),
                }
            }
            debug!("captioned");
            Ok(None)
        };
        let limit = asked.deadline.checked_sub(TELLING_TIME).unwrap_or(asked.deadline).into();
        let read = async {
            let text = self.reader.read(Arc::clone(&pixels), &found).await;
            debug!("text read");
            text
        };
        let (text, picture_problem) = tokio::join!(timeout_at(limit, read), timeout_at(limit, caption));
        let picture_problem = picture_problem.unwrap_or_else(|_| Ok(Some(too_slow())))?;

        let inference = captioned.iter().map(|(_, answer)| answer.inference).sum();
        let said_by = captioned.first().map(|(_, answer)| (answer.model.clone(), answer.engine.clone()));
        let pictures = captioned.iter().map(|(area, answer)| picture(*area, answer, manner)).collect();
        let text = match text {
            Ok(text) => text.map_err(|error| say(error.message())),
            Err(_) => Err(too_slow()),
        };
        let parts = Parts { screen, size, text, pictures, further_pictures, picture_problem };
        Ok(Seen { parts, inference, said_by })
    }
}

/// The part of a screen that pictures on it must have for it to be a ground with pictures, and not one of them.
const FEW_PICTURES: f64 = 0.3;

/// Where the pictures on a screen are. A photograph that fills it, as a wallpaper or in a viewer, has skies and walls in
/// which no picture is found; as a whole it looks like what it is.
fn pictures_on(screen: &RgbImage) -> Vec<Area> {
    let found = screen_pictures::find(screen);
    let all = Area { x: 0, y: 0, width: screen.width(), height: screen.height() };
    let covered: u64 = found.iter().map(|area| area.pixels()).sum();
    if (covered as f64) < FEW_PICTURES * all.pixels() as f64 && screen_pictures::may_be_filled(screen) {
        let small = source::shrunk(screen);
        let quality = quality::assess_looks(small.as_ref().unwrap_or(screen));
        if quality.kind == Kind::Photo && quality.can_be_captioned {
            return vec![all];
        }
    }
    found
}

fn picture(area: Area, answer: &Captioned, manner: Manner) -> Picture {
    let Wording { text, language, spoken, band, .. } =
        wording::word(&Quality::good(Kind::Photo), Some((&answer.caption, &answer.language)), manner);
    // Where nothing can be told of a photograph another distance may help; of a picture on a screen it does not.
    let sentence = if band == Band::None && spoken != text {
        message!("caption-untold-on-screen").in_language(manner.language)
    } else {
        spoken
    };
    Picture { area, sentence, caption: text, language, confidence: answer.caption.confidence.value(), band }
}

/// The largest pictures, in the order in which they came, and how many are left out.
fn largest(areas: &[Area]) -> (Vec<Area>, usize) {
    let mut by_size: Vec<usize> = (0..areas.len()).collect();
    by_size.sort_by_key(|index| Reverse(areas[*index].pixels()));
    let further = by_size.split_off(by_size.len().min(MOST_PICTURES)).len();
    by_size.sort_unstable();
    (by_size.into_iter().map(|index| areas[index]).collect(), further)
}

#[cfg(test)]
mod tests {
    use std::{sync::Mutex, time::SystemTime};

    use image::Rgb;

    use super::*;
    use crate::{
        caption_thread::CaptionThread,
        describer::fake::{Conduct, load},
        frame::View,
        narration::policy::KeptBack,
        request::{Request, Tact},
        screen_text::Reader,
        source::{Source, SourceError},
        speech::{
            Utterance,
            fake::{FakeVoice, Told},
        },
    };

    /// A screen that a photograph fills.
    #[derive(Debug)]
    struct Photo;

    impl Source for Photo {
        fn capture(self: Box<Self>, _cancel: &Cancel) -> Result<Frame, SourceError> {
            let pixels = RgbImage::from_fn(320, 200, |x, y| Rgb([x as u8, y as u8, (x * y % 251) as u8]));
            let application = Some("Viewer".to_owned());
            let screen = Screen { application, ..Screen::unnamed(View::Window) };
            Ok(Frame { pixels, origin: Origin::Screen(screen), captured_at: SystemTime::UNIX_EPOCH })
        }
    }

    async fn told(conduct: Conduct, timeout: Duration) -> String {
        let thread = CaptionThread::start(load(conduct)).unwrap();
        let reader = Reader::with_program("/no/such/program".into());
        let voice = Arc::new(FakeVoice::default());
        let app = App::new(thread, Arc::clone(&voice) as Arc<_>, None).with_reader(reader);
        let options = Options { timeout, ..Options::default() };
        let request = Request::new(Caller::Command, Box::new(Photo), options);
        let text = app.serve(request).await.result.unwrap().text;
        // Where one is was said before all else was known, and is not said again.
        let told = voice.told();
        let [Told::Begin(Utterance { text: begin, .. }), Told::Finish(rest)] = &told[1..] else {
            panic!("{told:?}")
        };
        assert_eq!((begin.as_str(), format!("{begin} {rest}")), ("Viewer.", text.clone()));
        text
    }

    #[tokio::test]
    async fn what_is_known_in_time_is_told() {
        let begin = "Viewer. Its text cannot be read: the program that reads text is missing; install the package \
                     tesseract-ocr. ";
        let told_in_time = told(Conduct::Describe, Duration::from_secs(30)).await;
        let picture = told_in_time.strip_prefix(begin).expect(&told_in_time);
        assert!(picture.starts_with("Picture filling the window: "), "{picture}");
        assert!(picture.ends_with("picture of 320 by 200."), "{picture}");

        let failed = told(Conduct::Fail, Duration::from_secs(30)).await;
        assert!(
            failed.ends_with("Its pictures cannot be described: the model failed: the fake fails."),
            "{failed}"
        );

        // However long this machine takes to look for pictures and for the program, the caption never comes.
        let mut late = String::new();
        for seconds in [1, 4, 16, 64] {
            late = told(Conduct::Endless, TELLING_TIME + Duration::from_secs(seconds)).await;
            if late.starts_with(begin) {
                break;
            }
        }
        assert!(late.starts_with(begin), "{late}");
        assert!(late.ends_with("described: it took too long; ask for a window or a region."), "{late}");
    }

    /// A page that a camera sees.
    #[derive(Debug)]
    struct Page;

    impl Source for Page {
        fn capture(self: Box<Self>, _cancel: &Cancel) -> Result<Frame, SourceError> {
            let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/no_photos/form.png");
            let pixels = image::open(file).unwrap().into_rgb8();
            Ok(Frame { pixels, origin: Origin::File, captured_at: SystemTime::UNIX_EPOCH })
        }
    }

    /// Says what it is asked about, and notes it.
    #[derive(Debug, Default)]
    struct Asks(Mutex<Vec<Kind>>);

    impl Tact for Asks {
        fn words(&self, wording: &Wording, quality: &Quality) -> Result<String, KeptBack> {
            self.0.lock().unwrap().push(quality.kind);
            assert_eq!(wording.band, Band::None);
            Err(KeptBack::Unsure)
        }
    }

    #[tokio::test]
    async fn a_page_is_read_to_who_asks_and_not_in_a_narration() {
        let (voice, thread) =
            (Arc::new(FakeVoice::default()), CaptionThread::start(load(Conduct::Fail)).unwrap());
        let reader = Reader::with_program("/no/such/program".into());
        let app = App::new(thread, Arc::clone(&voice) as Arc<_>, None).with_reader(reader);
        let narration = Caller::Narration(Arc::new(Caller::Person), 1);
        let asks = Arc::new(Asks::default());
        let request = Request::new(narration, Box::new(Page), Options::default());
        let outcome = app.serve(request.with_tact(Arc::clone(&asks) as Arc<_>)).await;
        assert!(matches!(outcome.result, Err(Failure::KeptBack(KeptBack::Unsure))), "{outcome:?}");
        let kinds = asks.0.lock().unwrap().clone();
        assert!(matches!(kinds[..], [Kind::Screen | Kind::Text]), "the narration hears of it: {kinds:?}");
        assert!(voice.texts().is_empty());

        let request = Request::new(Caller::Person, Box::new(Page), Options::default());
        let described = app.serve(request).await.result.unwrap();
        assert_eq!((described.kind, described.screen.is_some()), (kinds[0], true));
        assert_eq!(voice.texts(), [described.spoken]);
    }

    #[test]
    fn the_largest_pictures_are_taken_in_their_order() {
        let area = |width| Area { x: 0, y: 0, width, height: 10 };
        let (taken, further) = largest(&[30, 90, 10, 80, 40, 70, 60, 50].map(area));
        assert_eq!(taken, [90, 80, 40, 70, 60, 50].map(area));
        assert_eq!(further, 2);
        assert_eq!(largest(&[area(5)]), (vec![area(5)], 0));
        let (taken, further) = largest(&[area(5); 8]);
        assert_eq!((taken.len(), further), (6, 2));
        // Of those that are as large the first; one that is larger is never left out for them.
        let (taken, further) = largest(&[5, 5, 5, 5, 5, 5, 90].map(area));
        assert_eq!((taken, further), ([5, 5, 5, 5, 5, 90].map(area).to_vec(), 1));
    }
}
