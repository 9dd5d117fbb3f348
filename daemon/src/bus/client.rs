//! The command's side of the bus: asks the service that runs, and never starts one.

pub mod questions;

use std::{
    os::fd::{AsFd, OwnedFd},
    time::Duration,
};

use thiserror::Error;
use tokio::time::timeout;
use zbus::{
    Connection, Proxy,
    fdo::DBusProxy,
    proxy::{CacheProperties, MethodFlags},
    zvariant::{Fd, OwnedValue},
};

use super::{
    MANAGER, NAME, PATH,
    dictionary::{Dictionary, put},
};
use crate::{
    description::Described,
    quality::Kind,
    source::{SourceError, file::FileSource},
    words::{Message, message},
};

/// How long the bus may take to say whether the service runs, before the command does its work itself.
const FIND_LIMIT: Duration = Duration::from_millis(500);

/// Why the service has no description. What it says itself is in its own language.
#[derive(Debug, Error)]
pub enum ServiceError {
    /// It is this picture's fault.
    #[error("{0}")]
    Picture(Message),
    /// The service has nothing to answer with, or is paused.
    #[error("{0}")]
    Refused(Message),
    /// It is the service's fault, and other pictures would not fare better.
    #[error("the service descryd failed: {0}")]
    Service(Message),
}

impl ServiceError {
    /// What a person is told of it.
    #[must_use]
    pub fn message(&self) -> Message {
        match self {
            Self::Picture(reason) | Self::Refused(reason) => reason.clone(),
            Self::Service(reason) => message!("service-failed", reason = reason.clone()),
        }
    }

    /// It is the service's fault; the words are the bus's, or its own.
    fn service(words: &str) -> Self {
        Self::Service(said(words))
    }
}

/// What the service says, as it says it.
fn said(words: &str) -> Message {
    message!("service-said", words = words)
}

/// The service as its clients see it.
#[derive(Debug, Clone)]
pub struct Service {
    proxy: Proxy<'static>,
}

impl Service {
    /// The service, where it runs on the session bus.
    pub async fn find() -> Option<Self> {
        let find = async {
            let connection = Connection::session().await.ok()?;
            let bus = DBusProxy::new(&connection).await.ok()?;
            let runs = bus.name_has_owner(NAME.try_into().ok()?).await.ok()?;
            if runs { Self::over(&connection).await.ok() } else { None }
        };
        timeout(FIND_LIMIT, find).await.ok().flatten()
    }

    /// The service at the other end of a connection.
    pub async fn over(connection: &Connection) -> zbus::Result<Self> {
        let builder =
            zbus::proxy::Builder::new(connection).destination(NAME)?.path(PATH)?.interface(MANAGER)?;
        Ok(Self { proxy: builder.cache_properties(CacheProperties::No).build().await? })
    }

    /// Has a picture described, and spoken by the service. With `wait` the answer comes once it has been said.
    /// Beside the description there may be why it was not said.
    pub async fn describe(
        &self,
        picture: FileSource,
        speak: bool,
        wait: bool,
        beam_width: Option<usize>,
    ) -> Result<(Described, Option<Message>), ServiceError> {
        let descriptor = tokio::task::spawn_blocking(|| picture.into_descriptor()).await;
        let descriptor = descriptor
            .unwrap_or(Err(SourceError::NotAFile))
            .map_err(|error| ServiceError::Picture(error.message()))?;
        let mut options = Dictionary::new();
        put(&mut options, "speak", speak);
        put(&mut options, "wait-until-spoken", wait);
        if let Some(width) = beam_width {
            put(&mut options, "beam-width", width as u32);
        }
        let description = self.call(&descriptor, &options).await?;
        read(&description).ok_or_else(odd)
    }

    async fn call(&self, image: &OwnedFd, options: &Dictionary) -> Result<Dictionary, ServiceError> {
        let body = (Fd::from(image.as_fd()), options);
        let flags = MethodFlags::NoAutoStart.into();
        match self.proxy.call_with_flags("DescribeImage", flags, &body).await {
            Ok(Some(description)) => Ok(description),
            Ok(None) => Err(ServiceError::Service(message!("service-no-answer"))),
            Err(zbus::Error::MethodError(name, text, _)) => {
                let reason = said(&text.unwrap_or_else(|| name.to_string()));
                let of_picture =
                    ["InvalidImage", "TooLarge", "TimedOut", "Cancelled", "InvalidOption", "Failed"];
                let kind = name.strip_prefix("org.descry.Descry1.Error.").unwrap_or_default();
                Err(if of_picture.contains(&kind) {
                    ServiceError::Picture(reason)
                } else if kind == "Paused" {
                    ServiceError::Refused(reason)
                } else {
                    ServiceError::Service(reason)
                })
            }
            Err(error) => Err(ServiceError::service(&error.to_string())),
        }
    }
}

fn odd() -> ServiceError {
    ServiceError::Service(message!("service-odd"))
}

/// What the command prints of a description, and why it was not spoken.
fn read(description: &Dictionary) -> Option<(Described, Option<Message>)> {
    fn get<T: TryFrom<OwnedValue>>(description: &Dictionary, key: &str) -> Option<T> {
        description.get(key).and_then(|value| T::try_from(value.try_clone().ok()?).ok())
    }
    let text: String = get(description, "text")?;
    let described = Described {
        wording: get(description, "wording").unwrap_or_else(|| text.clone()),
        text,
        language: get(description, "language").unwrap_or_default(),
        band: get(description, "band").unwrap_or_default(),
        confidence: get(description, "confidence")?,
        alternatives: get(description, "alternatives")?,
        kind: get(description, "kind").unwrap_or_else(|| Kind::Unknown.name().to_owned()),
        quality: get(description, "quality").unwrap_or_default(),
        model: get(description, "model").unwrap_or_default(),
        engine: get(description, "engine").unwrap_or_default(),
        decode_ms: f64::from(get::<u32>(description, "capture-ms")?),
        inference_ms: f64::from(get::<u32>(description, "inference-ms")?),
        screen: None,
    };
    Some((described, get::<String>(description, "speech-failure").map(|words| said(&words))))
}
