//! Captions for many pictures, on several threads, each with a model of its own.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use descry_models::{Band, TokenId};

use crate::dataset::Picture;

/// A caption, and how long the model took for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Described {
    /// The caption's text.
    pub text: String,
    /// Its words' tokens.
    pub tokens: Vec<TokenId>,
    /// The other sentences that were found, best first.
    pub alternatives: Vec<String>,
    /// How sure the model is of it, 0..=1.
    pub confidence: f32,
    /// How it is to be worded.
    pub band: Band,
    /// From decoded pixels to the text.
    pub milliseconds: f64,
}

#[cfg(test)]
impl Described {
    /// A caption of which nothing counts but the text.
    pub(crate) fn for_test(text: &str) -> Described {
        Described {
            text: text.to_owned(),
            tokens: Vec::new(),
            alternatives: vec![format!("not {text}")],
            confidence: 0.5,
            band: Band::Middle,
            milliseconds: 1.0,
        }
    }
}

/// What became of one picture: its caption, or why the picture cannot be used.
pub type Outcome<Caption = Described> = Result<Caption, String>;

/// What one thread gives: outcomes with the places of their pictures.
type Part<Caption> = Vec<(usize, Outcome<Caption>)>;

/// Captions all pictures, in their order, with one thread for each of `workers`.
///
/// A worker gives an [`Outcome`] for a picture, or an error that is not the picture's fault; the first such error ends
/// the whole. `done` is called after each picture, from any thread.
pub fn caption_all<Caption, Worker, Error>(
    pictures: &[Picture],
    workers: Vec<Worker>,
    done: impl Fn() + Sync,
) -> Result<Vec<Outcome<Caption>>, Error>
where
    Caption: Send,
    Worker: FnMut(&Picture) -> Result<Outcome<Caption>, Error> + Send,
    Error: Send,
{
    let next = AtomicUsize::new(0);
    let failed = AtomicBool::new(false);
    let (next, failed, done) = (&next, &failed, &done);
    let work = |mut worker: Worker| {
        let mut outcomes = Vec::new();
        while !failed.load(Ordering::Relaxed) {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(picture) = pictures.get(index) else { break };
            match worker(picture) {
                Ok(outcome) => outcomes.push((index, outcome)),
                Err(error) => {
                    failed.store(true, Ordering::Relaxed);
                    return Err(error);
                }
            }
            done();
        }
        Ok(outcomes)
    };
    let finished: Vec<Result<Part<Caption>, Error>> = thread::scope(|scope| {
        let threads: Vec<_> = workers.into_iter().map(|worker| scope.spawn(move || work(worker))).collect();
        let joined = threads.into_iter().map(thread::ScopedJoinHandle::join);
        joined.map(|result| result.unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    });
    let mut outcomes = Vec::with_capacity(pictures.len());
    for part in finished {
        outcomes.extend(part?);
    }
    outcomes.sort_by_key(|(index, _)| *index);
    Ok(outcomes.into_iter().map(|(_, outcome)| outcome).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pictures(count: usize) -> Vec<Picture> {
        (0..count)
            .map(|index| Picture {
                file: format!("{index}").into(),
                id: None,
                captions: vec!["x".to_owned()],
            })
            .collect()
    }

    /// Describes a picture as its name; every seventh is broken.
    fn describe(picture: &Picture) -> Outcome {
        let text = picture.name();
        let broken = text.parse().is_ok_and(|number: usize| number % 7 == 6);
        if broken { Err("broken".to_owned()) } else { Ok(Described::for_test(&text)) }
    }

    #[test]
    fn every_picture_is_done_once_and_in_order() {
        for (count, threads) in [(0, 2), (1, 4), (50, 1), (50, 3)] {
            let calls = AtomicUsize::new(0);
            let done = || {
                calls.fetch_add(1, Ordering::Relaxed);
            };
            let outcomes = caption_all(
                &pictures(count),
                vec![|picture: &Picture| Ok::<_, ()>(describe(picture)); threads],
                done,
            )
            .expect("no failure");
            assert_eq!(calls.into_inner(), count);
            let expected: Vec<_> = pictures(count).iter().map(describe).collect();
            assert_eq!(outcomes, expected, "{count} pictures on {threads} threads");
        }
    }

    #[test]
    fn a_failing_model_ends_it() {
        let fail = |picture: &Picture| {
            if picture.name() == "5" {
                Err("the model failed")
            } else {
                Ok(Outcome::<()>::Err(String::new()))
            }
        };
        for threads in [1, 4] {
            assert_eq!(caption_all(&pictures(20), vec![fail; threads], || ()), Err("the model failed"));
        }
    }
}
