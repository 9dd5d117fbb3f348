//! What the service and the process of its model tell each other.
//!
//! A conversation, the service on the left:
//!
//! ```text
//!                                      <- Started      the program runs
//! Open       folder, engine, device    ->
//!                                      <- Tell         what the person should hear, any number of times
//!                                      <- Opened       or Failed, and the process ends
//! Describe   width, height; pixels     ->
//!                                      <- Asks         before the encoder and before each word
//! GoOn       true or false             ->
//!                                      <- Described    or Failed; and again from Describe on
//! ```
//!
//! A float travels as its bits: what the person is told must not depend on where the model runs.

use std::{
    ffi::OsString,
    io::Cursor,
    path::{Path, PathBuf},
};

use descry_models::{Band, Caption, Confidence, Device, DeviceChoice, EngineChoice, Opening, Tag, TokenId};
use serde::{Deserialize, Serialize};

use super::line::Line;
use crate::{describer::DescribeError, words::Message};

/// What the service says.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Order {
    /// Open this model.
    Open(Open),
    /// Describe the picture whose pixels follow.
    Describe {
        /// Pixels across.
        width: u32,
        /// Pixels down.
        height: u32,
        /// How many sentences are kept side by side.
        beam_width: Option<usize>,
    },
    /// The answer to [`Reply::Asks`]: whether anybody still waits for the caption.
    GoOn(bool),
}

/// What the process of the model says.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Reply {
    /// It runs.
    Started,
    /// What whoever waits should hear.
    Tell(Message),
    /// The model is open.
    Opened(About),
    /// Whether it is to go on.
    Asks,
    /// The caption.
    Described(SentCaption),
    /// There is none, or no model.
    Failed(DescribeError),
}

/// What is to be known of a model that is open.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct About {
    pub(super) model: String,
    pub(super) language: String,
    pub(super) engine: String,
    pub(super) device: Device,
}

/// How a model is to be opened. A path need not be text.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Open {
    folder: OsString,
    engine: Engine,
    /// The first that works when absent.
    device: Option<Device>,
    threads: Option<usize>,
    cache: Option<OsString>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Engine {
    Auto,
    Tract,
    OnnxRuntime { library: Option<OsString> },
}

impl Open {
    pub(super) fn new(folder: &Path, opening: &Opening) -> Self {
        // Without `..`, so that nothing that is added there is forgotten here.
        let Opening { engine, device, threads, cache } = opening.clone();
        Self {
            folder: folder.as_os_str().to_owned(),
            engine: match engine {
                EngineChoice::Auto => Engine::Auto,
                EngineChoice::Tract => Engine::Tract,
                EngineChoice::OnnxRuntime { library } => {
                    Engine::OnnxRuntime { library: library.map(PathBuf::into_os_string) }
                }
            },
            device: match device {
                DeviceChoice::Auto => None,
                DeviceChoice::Only(device) => Some(device),
            },
            threads,
            cache: cache.map(PathBuf::into_os_string),
        }
    }

    /// The folder, and how it is to be opened.
    pub(super) fn into_parts(self) -> (PathBuf, Opening) {
        let opening = Opening {
            engine: match self.engine {
                Engine::Auto => EngineChoice::Auto,
                Engine::Tract => EngineChoice::Tract,
                Engine::OnnxRuntime { library } => {
                    EngineChoice::OnnxRuntime { library: library.map(PathBuf::from) }
                }
            },
            device: self.device.map_or(DeviceChoice::Auto, DeviceChoice::Only),
            threads: self.threads,
            cache: self.cache.map(PathBuf::from),
        };
        (self.folder.into(), opening)
    }
}

/// A caption as it travels.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct SentCaption {
    text: String,
    tokens: Vec<u32>,
    confidence: u32,
    #[serde(with = "SentBand")]
    band: Band,
    alternatives: Vec<String>,
    words: Vec<(String, u32)>,
    tags: Vec<(String, u32, bool)>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Band")]
enum SentBand {
    High,
    Middle,
    Low,
    None,
}

impl From<Caption> for SentCaption {
    fn from(caption: Caption) -> Self {
        let Caption { text, tokens, confidence, band, alternatives, words, tags } = caption;
        let sent = |Tag { name, probability, is_sure }| (name, f32::to_bits(probability), is_sure);
        Self {
            text,
            tokens: tokens.into_iter().map(|TokenId(number)| number).collect(),
            confidence: confidence.value().to_bits(),
            band,
            alternatives,
            words: words.into_iter().map(|(word, probability)| (word, probability.to_bits())).collect(),
            tags: tags.into_iter().map(sent).collect(),
        }
    }
}

impl From<SentCaption> for Caption {
    fn from(sent: SentCaption) -> Self {
        let tag = |(name, bits, is_sure)| Tag { name, probability: f32::from_bits(bits), is_sure };
        Self {
            text: sent.text,
            tokens: sent.tokens.into_iter().map(TokenId).collect(),
            confidence: Confidence::new(f32::from_bits(sent.confidence)),
            band: sent.band,
            alternatives: sent.alternatives,
            words: sent.words.into_iter().map(|(word, bits)| (word, f32::from_bits(bits))).collect(),
            tags: sent.tags.into_iter().map(tag).collect(),
        }
    }
}

/// Reads what came over the line, to its end or to what is no message, as either end would. For `fuzzing`.
pub(crate) fn read_all(bytes: &[u8]) -> Vec<Caption> {
    let mut captions = Vec::new();
    let mut from_model = Line(Cursor::new(bytes.to_vec()));
    while let Ok(reply) = from_model.receive::<Reply>() {
        if let Reply::Described(caption) = reply {
            captions.push(caption.into());
        }
    }
    let mut from_service = Line(Cursor::new(bytes.to_vec()));
    while let Ok(order) = from_service.receive::<Order>() {
        if let Order::Open(open) = order {
            let _ = open.into_parts();
        }
    }
    captions
}

#[cfg(test)]
mod tests {
    use std::{fmt::Debug, os::unix::ffi::OsStringExt};

    use serde::de::DeserializeOwned;

    use super::*;
    use crate::words::message;

    /// What arrives of it at the other end.
    fn sent<M: Serialize + DeserializeOwned + PartialEq + Debug>(message: &M) -> M {
        let mut line = Line(Cursor::new(Vec::new()));
        line.send(message).unwrap();
        line.0.set_position(0);
        let received = line.receive().unwrap();
        assert_eq!(message, &received);
        received
    }

    #[test]
    fn a_model_is_opened_as_it_was_to_be() {
        let odd = || PathBuf::from(OsString::from_vec(b"/m/\xff\n\"".to_vec()));
        for opening in [
            Opening::default(),
            Opening { engine: EngineChoice::Tract, threads: Some(3), ..Opening::default() },
            Opening {
                engine: EngineChoice::OnnxRuntime { library: Some(odd()) },
                device: DeviceChoice::Auto,
                threads: None,
                cache: Some(odd()),
            },
            Opening {
                engine: EngineChoice::OnnxRuntime { library: None },
                device: DeviceChoice::Only(Device::TensorRt),
                ..Opening::default()
            },
        ] {
            let Order::Open(open) = sent(&Order::Open(Open::new(&odd(), &opening))) else { panic!() };
            assert_eq!(open.into_parts(), (odd(), opening));
        }
        sent(&Order::Describe { width: u32::MAX, height: 1, beam_width: Some(usize::MAX) });
        sent(&Order::GoOn(false));
    }

    #[test]
    fn no_bit_of_a_caption_is_lost() {
        // Numbers that decimals of few digits do not hit, at the edges too.
        let odd = [0.1_f32 + 0.2, 1.0 / 3.0, f32::MIN_POSITIVE, 1.0e-45, 0.999_999_94, 1.0, 0.0];
        for (index, band) in [Band::High, Band::Middle, Band::Low, Band::None].into_iter().enumerate() {
            let caption = Caption {
                text: "a dog \"runs\"".to_owned(),
                tokens: vec![TokenId(0), TokenId(u32::MAX)],
                confidence: Confidence::new(odd[index]),
                band,
                alternatives: vec![String::new(), "ein Hund läuft".to_owned()],
                words: odd.iter().map(|value| (format!("word {value}"), *value)).collect(),
                tags: odd
                    .iter()
                    .map(|value| Tag { name: "dog".to_owned(), probability: *value, is_sure: *value > 0.5 })
                    .collect(),
            };
            let Reply::Described(arrived) = sent(&Reply::Described(caption.clone().into())) else { panic!() };
            assert_eq!(Caption::from(arrived), caption);
        }
    }

    #[test]
    fn sentences_and_failures_arrive() {
        let words = || message!("model-no-device", device = "cuda", reason = "no");
        sent(&Reply::Started);
        sent(&Reply::Asks);
        sent(&Reply::Tell(message!("board-builds")));
        sent(&Reply::Opened(About {
            model: "m".to_owned(),
            language: "en".to_owned(),
            engine: "tract".to_owned(),
            device: Device::Cuda,
        }));
        for error in [
            DescribeError::Unavailable(words()),
            DescribeError::Failed(words()),
            DescribeError::Ended(words()),
            DescribeError::Setting("beam_width is 0".to_owned()),
            DescribeError::Cancelled,
        ] {
            sent(&Reply::Failed(error));
        }
    }
}
