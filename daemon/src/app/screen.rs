//! The way of a screen: its pictures are found, its text is read while they are captioned, and all of it is worded.

use std::{sync::Arc, time::Duration};

use super::App;
use descry_models::Band;

use crate::{
    caption_thread::{Captioned, Job},
    failure::Failure,
    frame::{Area, Frame, Screen},
    narrate::{self, Manner, Wording},
    quality::{Kind, Quality},
    request::{Caller, Cancel, RequestId},
    screen_description::{Parts, Picture},
    screen_pictures,
};

/// How many pictures of one screen are described. A page of small ones would take as many seconds as it has.
const MOST_PICTURES: usize = 6;

/// What came of a screen.
pub(super) struct Seen {
    pub(super) parts: Parts,
    /// How long the network took for all pictures together.
    pub(super) inference: Duration,
    /// The model and the engine, where there was a picture to caption.
    pub(super) said_by: Option<(String, String)>,
}

/// Who asks, and how.
pub(super) struct Asked {
    pub(super) id: RequestId,
    pub(super) caller: Caller,
    pub(super) beam_width: Option<usize>,
    pub(super) cancel: Cancel,
}

impl App {
    /// Finds out what is on a screen. What cannot be read or captioned is told in the answer: the rest is worth having.
    pub(super) async fn see_screen(
        &self,
        frame: Frame,
        screen: Screen,
        asked: Asked,
    ) -> Result<Seen, Failure> {
        let size = frame.pixels.dimensions();
        let pixels = Arc::new(frame.pixels);
        let searched = Arc::clone(&pixels);
        let found = tokio::task::spawn_blocking(move || screen_pictures::find(&searched)).await;
        let found = found.map_err(|_| Failure::Ending)?;
        let (taken, further_pictures) = largest(found.clone());

        let mut captioned = Vec::new();
        let caption = async {
            for area in &taken {
                let frame = Frame {
                    pixels: screen_pictures::crop(&pixels, *area),
                    origin: frame.origin.clone(),
                    captured_at: frame.captured_at,
                };
                let Asked { id, caller, beam_width, cancel } = &asked;
                let (id, caller, cancel) = (*id, caller.clone(), cancel.clone());
                // The whole screen has its room for as long as it is looked at.
                let job = Job { id, caller, frame, beam_width: *beam_width, cancel, room: None };
                match self.caption_thread.describe(job).await {
                    Ok(answer) => captioned.push((*area, answer)),
                    Err(failure @ (Failure::Cancelled(_) | Failure::InvalidOption(_))) => {
                        return Err(failure);
                    }
                    Err(failure) => return Ok(Some(failure.to_string())),
                }
            }
            Ok(None)
        };
        let (text, picture_problem) = tokio::join!(self.reader.read(Arc::clone(&pixels), &found), caption);
        let picture_problem = picture_problem?;

        let manner = self.preferences.now().manner();
        let inference = captioned.iter().map(|(_, answer)| answer.inference).sum();
        let said_by = captioned.first().map(|(_, answer)| (answer.model.clone(), answer.engine.clone()));
        let pictures = captioned.iter().map(|(area, answer)| picture(*area, answer, manner)).collect();
        let text = text.map_err(|error| error.to_string());
        let parts = Parts { screen, size, text, pictures, further_pictures, picture_problem };
        Ok(Seen { parts, inference, said_by })
    }
}

fn picture(area: Area, answer: &Captioned, manner: Manner) -> Picture {
    let Wording { text, spoken, band, .. } =
        narrate::word(&Quality::good(Kind::Photo), Some(&answer.caption), manner);
    // Where nothing can be told of a photograph another distance may help; of a picture on a screen it does not.
    let sentence =
        if band == Band::None && spoken != text { "I can't tell what it shows.".to_owned() } else { spoken };
    Picture { area, sentence, confidence: answer.caption.confidence.value(), band }
}

/// The largest pictures, in the order in which they came, and how many are left out.
fn largest(areas: Vec<Area>) -> (Vec<Area>, usize) {
    let mut by_size: Vec<u64> = areas.iter().map(|area| area.pixels()).collect();
    by_size.sort_unstable_by(|a, b| b.cmp(a));
    let count = areas.len();
    let least = by_size.get(MOST_PICTURES - 1).copied().unwrap_or(0);
    let taken: Vec<Area> =
        areas.into_iter().filter(|area| area.pixels() >= least).take(MOST_PICTURES).collect();
    let further = count - taken.len();
    (taken, further)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_pictures_are_taken_in_their_order() {
        let area = |width| Area { x: 0, y: 0, width, height: 10 };
        let (taken, further) = largest([30, 90, 10, 80, 40, 70, 60, 50].map(area).to_vec());
        assert_eq!(taken, [90, 80, 40, 70, 60, 50].map(area));
        assert_eq!(further, 2);
        assert_eq!(largest(vec![area(5)]), (vec![area(5)], 0));
        let (taken, further) = largest(vec![area(5); 8]);
        assert_eq!((taken.len(), further), (6, 2));
    }
}
