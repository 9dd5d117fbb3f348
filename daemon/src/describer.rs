//! What turns a picture into a caption, as far as the rest of the program can see: a model behind a trait.

pub mod process;

use std::path::{Path, PathBuf};

use descry_models::{Caption, CaptionError, CaptionOptions, Captioner, DecodeError, Device, Notice, Opening};
use image::RgbImage;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use tracing::info;

use crate::words::{Message, message, models};

/// Why there is no caption.
#[derive(Debug, Clone, PartialEq, Error, Serialize, Deserialize)]
pub enum DescribeError {
    /// The model or its engine cannot be used; no picture would fare better.
    #[error("{0}")]
    Unavailable(Message),
    /// It failed on this picture.
    #[error("{0}")]
    Failed(Message),
    /// It is gone, and has to be loaded anew; that may well succeed.
    #[error("{0}")]
    Ended(Message),
    /// An option leaves its bounds.
    #[error("{0}")]
    Setting(String),
    /// It was called off.
    #[error("it was called off")]
    Cancelled,
}

/// A captioner. It blocks, and lives on the caption thread.
pub trait Describer: Send {
    /// Describes an upright picture. `cancelled` is asked between words.
    fn describe(
        &mut self,
        picture: &RgbImage,
        beam_width: Option<usize>,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Caption, DescribeError>;

    /// The model's name.
    fn model(&self) -> &str;

    /// The language of its captions, as in "en".
    fn language(&self) -> &str;

    /// The engine's name.
    fn engine(&self) -> &str;

    /// Where it runs.
    fn device(&self) -> Device;

    /// Whether it is gone since it was asked last, so that it has to be loaded anew.
    fn has_ended(&mut self) -> bool {
        false
    }

    /// Has `told` called, from a thread of its own, when it ends by itself. One that ends with this process never does.
    fn when_ended(&mut self, told: Box<dyn FnOnce() + Send>) {
        drop(told);
    }
}

/// Loads a describer; called on the caption thread, when one is first needed and again after it failed.
pub type Load = Box<dyn FnMut() -> Result<Box<dyn Describer>, DescribeError> + Send>;

/// Loads the model in a folder, as it is to be opened. `tell` is told what whoever waits should hear.
#[must_use]
pub fn load_from(directory: PathBuf, opening: Opening, tell: impl Fn(&Message) + Send + 'static) -> Load {
    Box::new(move || open(&directory, &opening, &tell))
}

fn open(
    directory: &Path,
    opening: &Opening,
    tell: &dyn Fn(&Message),
) -> Result<Box<dyn Describer>, DescribeError> {
    let mut tell = |notice: Notice| tell(&words_of(notice));
    let captioner = Captioner::open_as(directory, opening, &mut tell);
    let captioner = captioner.map_err(|error| DescribeError::Unavailable(models::caption_error(&error)))?;
    info!(device = %captioner.device(), engine = captioner.engine(), "the model is open");
    Ok(Box::new(captioner))
}

/// A sentence for it.
fn words_of(notice: Notice) -> Message {
    match notice {
        Notice::Builds { anew: false } => message!("board-builds"),
        Notice::Builds { anew: true } => message!("board-builds-anew"),
    }
}

impl Describer for Captioner {
    fn describe(
        &mut self,
        picture: &RgbImage,
        beam_width: Option<usize>,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Caption, DescribeError> {
        let options = CaptionOptions { beam_width, cancelled: Some(cancelled) };
        self.caption(picture, &options).map_err(|error| match error {
            CaptionError::Decode(DecodeError::Setting { .. }) => DescribeError::Setting(error.to_string()),
            error if error.is_cancelled() => DescribeError::Cancelled,
            error => DescribeError::Failed(models::caption_error(&error)),
        })
    }

    fn model(&self) -> &str {
        &self.manifest().name
    }

    fn language(&self) -> &str {
        &self.manifest().language
    }

    fn engine(&self) -> &str {
        Captioner::engine(self)
    }

    fn device(&self) -> Device {
        Captioner::device(self)
    }
}

#[cfg(test)]
pub(crate) mod fake {
    //! A describer without a network: it says how large a picture is, or what it was told to.

    use std::{
        fmt,
        sync::{Arc, Mutex},
        thread,
        time::Duration,
    };

    use descry_models::{Band, Confidence, Tag};

    use super::*;

    /// What a fake does with every picture.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(crate) enum Conduct {
        /// Says its size at once.
        Describe,
        /// Goes on until it is called off.
        Endless,
        /// Fails.
        Fail,
        /// Ends its thread.
        Panic,
    }

    #[derive(Debug)]
    pub(crate) struct FakeDescriber {
        conduct: Conduct,
        life: Life,
    }

    impl FakeDescriber {
        /// One that never ends.
        pub(crate) fn new(conduct: Conduct) -> Self {
            Self { conduct, life: Life::default() }
        }

        /// One that describes until its life ends.
        pub(crate) fn of_life(life: Life) -> Self {
            Self { conduct: Conduct::Describe, life }
        }
    }

    /// Whether a fake lives, in the hands of a test.
    #[derive(Clone, Default)]
    pub(crate) struct Life(Arc<Mutex<(bool, Option<Told>)>>);

    type Told = Box<dyn FnOnce() + Send>;

    impl Life {
        /// Ends it, of which nobody is told.
        pub(crate) fn end(&self) {
            self.0.lock().unwrap().0 = true;
        }

        /// Tells of its end whoever wanted to be told.
        pub(crate) fn tell(&self) {
            let told = self.0.lock().unwrap().1.take();
            told.expect("somebody wants to be told, once")();
        }
    }

    impl fmt::Debug for Life {
        fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("a life")
        }
    }

    impl Describer for FakeDescriber {
        fn describe(
            &mut self,
            picture: &RgbImage,
            beam_width: Option<usize>,
            cancelled: &dyn Fn() -> bool,
        ) -> Result<Caption, DescribeError> {
            match self.conduct {
                Conduct::Describe => {
                    let text = format!("a picture of {} by {}", picture.width(), picture.height());
                    let words = text.split(' ').map(|word| (word.to_owned(), 0.5)).collect();
                    Ok(Caption {
                        text,
                        tokens: Vec::new(),
                        confidence: Confidence::new(0.5),
                        band: Band::High,
                        alternatives: (1..beam_width.unwrap_or(2))
                            .map(|index| format!("picture {index}"))
                            .collect(),
                        words,
                        tags: tags(),
                    })
                }
                Conduct::Endless => {
                    while !cancelled() {
                        thread::sleep(Duration::from_millis(1));
                    }
                    Err(DescribeError::Cancelled)
                }
                Conduct::Fail => {
                    Err(DescribeError::Failed(message!("model-other", detail = "the fake fails")))
                }
                Conduct::Panic => panic!("the fake ends its thread"),
            }
        }

        fn model(&self) -> &'static str {
            "fake-model"
        }

        fn language(&self) -> &'static str {
            "en"
        }

        fn engine(&self) -> &'static str {
            "fake"
        }

        fn device(&self) -> Device {
            Device::Cuda
        }

        fn has_ended(&mut self) -> bool {
            self.life.0.lock().unwrap().0
        }

        fn when_ended(&mut self, told: Told) {
            self.life.0.lock().unwrap().1 = Some(told);
        }
    }

    /// Two tags that may be told, and one that may not.
    pub(crate) fn tags() -> Vec<Tag> {
        let tag = |(name, probability): (&str, f32)| Tag {
            name: name.to_owned(),
            probability,
            is_sure: probability >= 0.75,
        };
        [("beagle", 0.875), ("picture", 0.8), ("animal", 0.5)].map(tag).to_vec()
    }

    /// Loads fakes of one conduct.
    pub(crate) fn load(conduct: Conduct) -> Load {
        Box::new(move || Ok(Box::new(FakeDescriber::new(conduct))))
    }
}
