//! What else the command asks the service: to tell once more, to be silent, to pause, and how it is.

use serde::Serialize;
use zbus::{
    fdo::PropertiesProxy,
    names::InterfaceName,
    proxy::{CacheProperties, MethodFlags},
    zvariant::{DynamicDeserialize, DynamicType},
};

use super::{Service, ServiceError, odd, said};
use crate::{
    bus::{
        MANAGER, TRIGGERS,
        dictionary::{Dictionary, put, value},
    },
    retell::Way,
    words::Message,
};

/// What was told once more.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// The words that are said, or would be.
    pub wording: String,
    /// Why they were not spoken.
    pub speech_failure: Option<Message>,
}

/// A description that the service remembers. Its fields are the command's contract.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Remembered {
    /// The number of its request.
    pub id: u64,
    /// The sentence.
    pub text: String,
    /// The language of the sentence, as in "en".
    pub language: String,
    /// The sentence as people are told it, with its doubt in words.
    pub wording: String,
    /// From 0 to 1.
    pub confidence: f64,
    /// Other sentences, best first.
    pub alternatives: Vec<String>,
    /// The model's name.
    pub model: String,
    /// Microseconds since the epoch.
    pub captured_at: u64,
}

/// How the service is. Its fields are the command's contract.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Status {
    /// Its version.
    pub version: String,
    /// What the model is doing.
    pub state: String,
    /// The model in use.
    pub model: String,
    /// Where the model runs.
    pub device: String,
    /// Whether no picture may be looked at.
    pub paused: bool,
    /// Who speaks.
    pub speech_route: String,
    /// The language of what is said.
    pub language: String,
    /// How much is said.
    pub detail: String,
    /// When doubt is put into words.
    pub hedging: String,
    /// Below this confidence a caption is not said.
    pub minimum_confidence: f64,
    /// Seconds after which an idle model is let go; 0 for never.
    pub idle_unload_seconds: u32,
}

/// What can be pressed, each with where it comes from: `x11`, `portal` or `evdev`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pressable {
    /// Keys and presses that do something.
    pub bound: Vec<(String, String)>,
    /// Sentences that say what does not work, and what to do.
    pub problems: Vec<(String, String)>,
}

impl Service {
    /// Has the newest description told once more.
    pub async fn retell(&self, way: Way, speak: bool) -> Result<Told, ServiceError> {
        let mut options = Dictionary::new();
        put(&mut options, "speak", speak);
        let method = match way {
            Way::Repeat => "Repeat",
            Way::Elaborate => "Elaborate",
            Way::Rephrase => "Rephrase",
        };
        let told: Dictionary = self.ask(method, &(options,)).await?;
        let wording = value(&told, "wording").ok_or_else(odd)?;
        Ok(Told {
            wording,
            speech_failure: value::<String>(&told, "speech-failure").map(|words| said(&words)),
        })
    }

    /// Stops what is being said.
    pub async fn stop_speaking(&self) -> Result<(), ServiceError> {
        self.ask("StopSpeaking", &()).await
    }

    /// Up to `count` descriptions, newest first.
    pub async fn history(&self, count: u32) -> Result<Vec<Remembered>, ServiceError> {
        let entries: Vec<Dictionary> = self.ask("GetHistory", &(0_u32, count)).await?;
        entries.iter().map(|entry| remembered(entry).ok_or_else(odd)).collect()
    }

    /// Forgets all descriptions.
    pub async fn clear_history(&self) -> Result<(), ServiceError> {
        self.ask("ClearHistory", &()).await
    }

    /// Pauses, or goes on.
    pub async fn set_paused(&self, paused: bool) -> Result<(), ServiceError> {
        let set = self.properties().await?.set(manager(), "Paused", paused.into()).await;
        set.map_err(|error| ServiceError::service(&error.to_string()))
    }

    /// What can be pressed, and what stands in the way of the rest.
    pub async fn pressable(&self) -> Result<Pressable, ServiceError> {
        let interface = InterfaceName::from_static_str_unchecked(TRIGGERS);
        let all = self.properties().await?.get_all(interface).await;
        let all = all.map_err(|error| ServiceError::service(&error.to_string()))?;
        let entries = |name: &str| value::<Vec<Dictionary>>(&all, name).ok_or_else(odd);
        let pairs = |name: &str, first: &str, second: &str| -> Result<Vec<(String, String)>, _> {
            let pair = |entry: &Dictionary| Some((value(entry, first)?, value(entry, second)?));
            entries(name)?.iter().map(|entry| pair(entry).ok_or_else(odd)).collect()
        };
        Ok(Pressable {
            bound: pairs("Bound", "from", "trigger")?,
            problems: pairs("Problems", "from", "text")?,
        })
    }

    /// How it is.
    pub async fn status(&self) -> Result<Status, ServiceError> {
        let all = self.properties().await?.get_all(manager()).await;
        let all = all.map_err(|error| ServiceError::service(&error.to_string()))?;
        let status = || {
            Some(Status {
                version: value(&all, "Version")?,
                state: value(&all, "State")?,
                model: value(&all, "Model")?,
                device: value(&all, "Device")?,
                paused: value(&all, "Paused")?,
                speech_route: value(&all, "SpeechRoute")?,
                language: value(&all, "Language")?,
                detail: value(&all, "Detail")?,
                hedging: value(&all, "Hedging")?,
                minimum_confidence: value(&all, "MinimumConfidence")?,
                idle_unload_seconds: value(&all, "IdleUnloadSeconds")?,
            })
        };
        status().ok_or_else(odd)
    }

    async fn properties(&self) -> Result<PropertiesProxy<'_>, ServiceError> {
        let builder = PropertiesProxy::builder(self.proxy.connection())
            .destination(self.proxy.destination().to_owned())
            .and_then(|builder| builder.path(self.proxy.path().to_owned()));
        let built = match builder {
            Ok(builder) => builder.cache_properties(CacheProperties::No).build().await,
            Err(error) => Err(error),
        };
        built.map_err(|error| ServiceError::service(&error.to_string()))
    }

    async fn ask<B, R>(&self, method: &str, body: &B) -> Result<R, ServiceError>
    where
        B: Serialize + DynamicType,
        R: for<'d> DynamicDeserialize<'d>,
    {
        match self.proxy.call_with_flags(method, MethodFlags::NoAutoStart.into(), body).await {
            Ok(Some(reply)) => Ok(reply),
            Ok(None) => Err(odd()),
            Err(zbus::Error::MethodError(name, words, _))
                if name.starts_with("org.descry.Descry1.Error.") =>
            {
                Err(ServiceError::Refused(said(&words.unwrap_or_else(|| name.to_string()))))
            }
            Err(error) => Err(ServiceError::service(&error.to_string())),
        }
    }
}

fn manager() -> InterfaceName<'static> {
    InterfaceName::from_static_str_unchecked(MANAGER)
}

fn remembered(entry: &Dictionary) -> Option<Remembered> {
    Some(Remembered {
        id: value(entry, "id")?,
        text: value(entry, "text")?,
        language: value(entry, "language").unwrap_or_default(),
        wording: value(entry, "wording")?,
        confidence: value(entry, "confidence")?,
        alternatives: value(entry, "alternatives")?,
        // Absent where nothing was captioned.
        model: value(entry, "model").unwrap_or_default(),
        captured_at: value(entry, "captured-at")?,
    })
}
