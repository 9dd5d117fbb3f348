//! `org.descry.Descry1.Manager`: pictures in, descriptions out.

use std::{collections::HashMap, os::fd::OwnedFd, time::Duration};

use descry_models::Manifest;
use zbus::{
    interface,
    message::Header,
    zvariant::{self, OwnedValue},
};

use super::{
    dictionary::{self, Dictionary, put},
    error::Error,
};
use crate::{
    app::{App, Outcome},
    request::{Caller, Request},
    source::file::FileSource,
    speech::VoiceError,
};

/// How long a reply waits for an utterance to be said, when its caller wants to know of its end.
const SPOKEN_LIMIT: Duration = Duration::from_mins(1);

/// How long a reply waits to hear that the synthesiser has the utterance, when its caller wants to know no more.
const ACCEPTED_LIMIT: Duration = Duration::from_secs(1);

/// The manager's object.
pub struct Manager {
    app: App,
    model: Manifest,
}

impl Manager {
    /// An object that hands requests to `app` and tells of `model`.
    #[must_use]
    pub fn new(app: App, model: Manifest) -> Self {
        Self { app, model }
    }
}

/// Who called. Without a bus there are no names.
fn caller(header: &Header<'_>) -> Caller {
    header.sender().map_or(Caller::Peer, |name| Caller::Bus(name.to_string()))
}

// A property is a method to zbus, even one that is the same for every object, and what it fills in comes by value.
#[allow(clippy::unused_self, clippy::needless_pass_by_value)]
#[interface(name = "org.descry.Descry1.Manager", introspection_docs = false)]
impl Manager {
    /// Describes the encoded picture in `image`: a regular file, or memory sealed against writing and shrinking; at most
    /// 32 MiB and 64 megapixels.
    #[zbus(out_args("description"))]
    async fn describe_image(
        &self,
        image: zvariant::OwnedFd,
        options: Dictionary,
        #[zbus(header)] header: Header<'_>,
    ) -> Result<Dictionary, Error> {
        let options = dictionary::options(&options)?;
        let source = FileSource::Descriptor(OwnedFd::from(image));
        let request = Request::new(caller(&header), Box::new(source), options.request);
        let Outcome { result, speaking } = self.app.serve(request).await;

        let was_spoken = speaking.is_some();
        let heard = match speaking {
            Some(mut speaking) if options.wait_until_spoken => speaking.ended(SPOKEN_LIMIT).await.map(|_| ()),
            Some(mut speaking) => match speaking.accepted(ACCEPTED_LIMIT).await {
                // Slow, which is no failure yet.
                Err(VoiceError::Late) => Ok(()),
                heard => heard,
            },
            None => Ok(()),
        };
        let mut description = dictionary::description(&result?, was_spoken && heard.is_ok());
        if let Err(error) = heard {
            put(&mut description, "speech-failure", error.to_string());
        }
        Ok(description)
    }

    /// Calls off the caller's own requests with this token; nothing happens when there are none.
    fn cancel(&self, token: &str, #[zbus(header)] header: Header<'_>) {
        self.app.cancel(&caller(&header), token);
    }

    /// Stops what is being said, whoever asked for it: it is one person who listens.
    fn stop_speaking(&self) {
        self.app.stop_speaking();
    }

    /// The version of Descry.
    #[zbus(property(emits_changed_signal = "const"))]
    fn version(&self) -> String {
        env!("CARGO_PKG_VERSION").to_owned()
    }

    /// What the model is doing: unloaded, loading, ready, busy or failed.
    #[zbus(property)]
    fn state(&self) -> String {
        self.app.caption_thread().state().borrow().name().to_owned()
    }

    /// Where the model runs: cpu.
    #[zbus(property(emits_changed_signal = "const"))]
    fn device(&self) -> String {
        "cpu".to_owned()
    }

    /// The name of the model in use.
    #[zbus(property(emits_changed_signal = "const"))]
    fn model(&self) -> String {
        self.model.name.clone()
    }

    /// The models that there are, with what their makers say of them.
    #[zbus(property(emits_changed_signal = "const"))]
    fn models(&self) -> Vec<HashMap<String, OwnedValue>> {
        let mut model = Dictionary::new();
        put(&mut model, "name", self.model.name.clone());
        put(&mut model, "description", self.model.description.clone());
        put(&mut model, "language", self.model.language.clone());
        put(&mut model, "licence", self.model.licence.clone());
        vec![model]
    }
}
