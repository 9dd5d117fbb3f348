//! A narration by the service, as its owner hears it.

use std::time::Duration;

use futures_util::StreamExt;
use zbus::{
    Proxy,
    proxy::{CacheProperties, MethodFlags, OwnerChangedStream, SignalStream},
    zvariant::{ObjectPath, OwnedObjectPath},
};

use super::{Service, ServiceError, read, said};
use crate::{
    bus::{
        NAME, NARRATION,
        dictionary::{Dictionary, put, text},
    },
    description::Described,
    words::{Message, message},
};

/// What a narration comes to next.
#[derive(Debug)]
pub enum Heard {
    /// It says this.
    Sentence(Box<Described>),
    /// It is over, for this reason.
    End(Message),
}

/// How a narration is wanted. What is absent is as the service's own settings have it.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// The camera, by its name or a part of it; the only one when absent.
    pub camera: Option<String>,
    /// The least time from one sentence to the next, of at most 49 days.
    pub interval: Option<Duration>,
    /// How much must be another, in 0 to 1.
    pub change: Option<f64>,
    /// How many sentences there are in a minute at most.
    pub per_minute: Option<u32>,
    /// Whether the service speaks.
    pub speak: bool,
}

/// A narration that the service does for this process.
pub struct Narrated {
    proxy: Proxy<'static>,
    told: SignalStream<'static>,
    closed: SignalStream<'static>,
    owner: OwnerChangedStream<'static>,
}

impl Service {
    /// Has the service narrate, and begins.
    pub async fn narrate(&self, wanted: Wanted) -> Result<Narrated, ServiceError> {
        let Wanted { camera, interval, change, per_minute, speak } = wanted;
        let mut options = Dictionary::new();
        put(&mut options, "speak", speak);
        if let Some(camera) = camera {
            put(&mut options, "camera", camera);
        }
        if let Some(interval) = interval {
            put(&mut options, "minimum-interval", interval.as_millis() as u32);
        }
        if let Some(change) = change {
            put(&mut options, "change-threshold", change);
        }
        if let Some(count) = per_minute {
            put(&mut options, "maximum-per-minute", count);
        }
        self.begin(&options).await.map_err(|error| match error {
            zbus::Error::MethodError(name, words, _) => {
                let reason = words.unwrap_or_else(|| name.to_string());
                match name.strip_prefix("org.descry.Descry1.Error.").unwrap_or_default() {
                    "Paused" | "InvalidOption" | "RateLimited" | "NoSuchSource" | "AccessDenied" => {
                        ServiceError::Refused(said(&reason))
                    }
                    _ => ServiceError::service(&reason),
                }
            }
            error => ServiceError::service(&error.to_string()),
        })
    }

    async fn begin(&self, options: &Dictionary) -> zbus::Result<Narrated> {
        let body = (ObjectPath::try_from("/")?, options);
        let flags = MethodFlags::NoAutoStart.into();
        let path: Option<OwnedObjectPath> =
            self.proxy.call_with_flags("CreateNarration", flags, &body).await?;
        let path = path.ok_or(zbus::Error::InvalidReply)?;
        let builder = zbus::proxy::Builder::new(self.proxy.connection());
        let builder = builder.destination(NAME)?.path(path)?.interface(NARRATION)?;
        let proxy: Proxy<'static> = builder.cache_properties(CacheProperties::No).build().await?;
        // Listening comes before there is anything to hear.
        let told = proxy.receive_signal("Narrated").await?;
        let closed = proxy.receive_signal("Closed").await?;
        let owner = proxy.receive_owner_changed().await?;
        proxy.call::<_, _, ()>("Start", &()).await?;
        Ok(Narrated { proxy, told, closed, owner })
    }
}

impl Narrated {
    /// Waits for the next thing that it says, or for its end.
    pub async fn next(&mut self) -> Heard {
        loop {
            tokio::select! {
                biased;
                Some(signal) = self.told.next() => {
                    let description: Option<Dictionary> = signal.body().deserialize().ok();
                    if let Some(Ok((described, _))) = description.as_ref().map(read) {
                        return Heard::Sentence(Box::new(described));
                    }
                }
                Some(signal) = self.closed.next() => {
                    let details: Dictionary = signal.body().deserialize().unwrap_or_default();
                    let words = text(&details, "message").map(|words| said(&words));
                    return Heard::End(words.unwrap_or_else(|| message!("narration-closed")));
                }
                Some(None) = self.owner.next() => return Heard::End(message!("service-not-running")),
                else => return Heard::End(message!("service-not-running")),
            }
        }
    }

    /// Ends it.
    pub async fn close(self) {
        // It ends with this connection in any case.
        let _closed: zbus::Result<()> = self.proxy.call("Close", &()).await;
    }
}
