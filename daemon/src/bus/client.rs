//! The command's side of the bus: asks the service that runs, and never starts one.

pub mod narration;
pub mod questions;

use std::{os::fd::AsFd, sync::Arc, time::Duration};

use serde::Serialize;
use thiserror::Error;
use tokio::time::timeout;
use zbus::{
    Connection, Proxy,
    fdo::DBusProxy,
    proxy::{CacheProperties, MethodFlags},
    zvariant::{DynamicType, Fd, ObjectPath},
};

use super::{
    MANAGER, NAME, PATH,
    dictionary::{self, Dictionary, put, value},
    source,
};
use crate::{
    description::Described,
    preferences::{Detail, word},
    quality::Kind,
    source::{
        SourceError,
        camera::{CameraError, choose, connected::Connected, mounting::Mounting},
        file::FileSource,
        live::Cameras,
        screen::ScreenSource,
    },
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
    /// The service does not see this screen, or may not show it to this program.
    #[error("{0}")]
    Elsewhere(Message),
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
            Self::Picture(reason) | Self::Elsewhere(reason) | Self::Refused(reason) => reason.clone(),
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

/// The object of the camera that a person names.
fn named(name: &str) -> Result<String, CameraError> {
    let cameras = Connected::new(Arc::new(Mounting::default)).list()?;
    Ok(source::path(&choose(&cameras, Some(name))?.id))
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

    /// Has a picture described, and spoken by the service. Beside the description there may be why it was not said.
    pub async fn describe(
        &self,
        picture: FileSource,
        wish: &Wish,
    ) -> Result<(Described, Option<Message>), ServiceError> {
        let descriptor = tokio::task::spawn_blocking(|| picture.into_descriptor()).await;
        let descriptor = descriptor
            .unwrap_or(Err(SourceError::NotAFile))
            .map_err(|error| ServiceError::Picture(error.message()))?;
        let body = (Fd::from(descriptor.as_fd()), wish.options());
        read(&self.call("DescribeImage", &body).await?)
    }

    /// Has a part of the screen described, where the service sees the same one.
    pub async fn describe_screen(
        &self,
        source: &ScreenSource,
        wish: &Wish,
    ) -> Result<(Described, Option<Message>), ServiceError> {
        let mut options = wish.options();
        put(&mut options, "session", source.session().to_variables());
        let target = dictionary::put_target(&mut options, source.target());
        read(&self.call("DescribeScreen", &(target, options)).await?)
    }

    /// Has described what a camera sees: the one that is named, or else the one that the service's settings name, or the
    /// only one.
    pub async fn describe_camera(
        &self,
        name: Option<String>,
        wish: &Wish,
    ) -> Result<(Described, Option<Message>), ServiceError> {
        let path = match name {
            None => "/".to_owned(),
            Some(name) => {
                let found = tokio::task::spawn_blocking(move || named(&name)).await;
                let found = found.unwrap_or(Err(CameraError::None));
                found.map_err(|error| ServiceError::Picture(error.message()))?
            }
        };
        let path = ObjectPath::try_from(path).map_err(|error| ServiceError::service(&error.to_string()))?;
        match self.call("DescribeCamera", &(path, wish.options())).await {
            Ok(description) => read(&description),
            // There is one service, and it sees the same cameras.
            Err(ServiceError::Elsewhere(reason)) => Err(ServiceError::Picture(reason)),
            Err(error) => Err(error),
        }
    }

    async fn call<B>(&self, method: &str, body: &B) -> Result<Dictionary, ServiceError>
    where
        B: Serialize + DynamicType,
    {
        let flags = MethodFlags::NoAutoStart.into();
        match self.proxy.call_with_flags(method, flags, body).await {
            Ok(Some(description)) => Ok(description),
            Ok(None) => Err(ServiceError::Service(message!("service-no-answer"))),
            Err(zbus::Error::MethodError(name, text, _)) => {
                let reason = said(&text.unwrap_or_else(|| name.to_string()));
                let of_picture = [
                    "InvalidImage",
                    "TooLarge",
                    "TimedOut",
                    "Cancelled",
                    "InvalidOption",
                    "Failed",
                    "AlreadyInUse",
                ];
                let kind = name.strip_prefix("org.descry.Descry1.Error.").unwrap_or_default();
                Err(match kind {
                    kind if of_picture.contains(&kind) => ServiceError::Picture(reason),
                    "NoSuchSource" | "AccessDenied" => ServiceError::Elsewhere(reason),
                    "Paused" => ServiceError::Refused(reason),
                    _ => ServiceError::Service(reason),
                })
            }
            Err(error) => Err(ServiceError::service(&error.to_string())),
        }
    }
}

fn odd() -> ServiceError {
    ServiceError::Service(message!("service-odd"))
}

/// How a picture or a screen is wanted to be described.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wish {
    /// Whether it is spoken, by the service.
    pub speak: bool,
    /// Whether the answer comes once it has been said.
    pub wait: bool,
    /// How much is said; as the service's preferences have it when absent.
    pub detail: Option<Detail>,
    /// How many sentences the search keeps side by side.
    pub beam_width: Option<usize>,
}

impl Wish {
    fn options(&self) -> Dictionary {
        let mut options = Dictionary::new();
        put(&mut options, "speak", self.speak);
        put(&mut options, "wait-until-spoken", self.wait);
        if let Some(detail) = &self.detail {
            put(&mut options, "detail", word(detail));
        }
        if let Some(width) = self.beam_width {
            put(&mut options, "beam-width", width as u32);
        }
        options
    }
}

/// What the command prints of a description, and why it was not spoken.
fn read(description: &Dictionary) -> Result<(Described, Option<Message>), ServiceError> {
    let failure = value::<String>(description, "speech-failure").map(|words| said(&words));
    Ok((described(description).ok_or_else(odd)?, failure))
}

fn described(description: &Dictionary) -> Option<Described> {
    let text: String = value(description, "text")?;
    Some(Described {
        wording: value(description, "wording").unwrap_or_else(|| text.clone()),
        text,
        language: value(description, "language").unwrap_or_default(),
        band: value(description, "band").unwrap_or_default(),
        confidence: value(description, "confidence")?,
        alternatives: value(description, "alternatives")?,
        // An older service has none.
        tags: value(description, "tags").unwrap_or_default(),
        kind: value(description, "kind").unwrap_or_else(|| Kind::Unknown.name().to_owned()),
        quality: value(description, "quality").unwrap_or_default(),
        model: value(description, "model").unwrap_or_default(),
        engine: value(description, "engine").unwrap_or_default(),
        decode_ms: f64::from(value::<u32>(description, "capture-ms")?),
        inference_ms: f64::from(value::<u32>(description, "inference-ms")?),
        screen: dictionary::on_screen(description),
    })
}
