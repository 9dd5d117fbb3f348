//! `org.descry.Descry1.Manager`: pictures in, descriptions out, once more and differently; and what can be changed.

use std::{collections::HashMap, mem, os::fd::OwnedFd, time::Duration};

use descry_models::{Device, Manifest};
use tracing::info;
use zbus::{
    Connection, fdo, interface,
    message::Header,
    zvariant::{self, ObjectPath, OwnedObjectPath, OwnedValue},
};

use super::{
    dictionary::{self, Dictionary, put},
    error::Error,
    narrations::Narrations,
    permission::{self, Eye, NOT_BY_PROGRAM},
    person::{self, caller},
    source::{self, Sources},
};
use crate::{
    app::{App, Outcome},
    failure::Failure,
    history::Scope,
    pause::Pause,
    preferences::{self, InvalidPreference, Preferences, choice, share, word},
    request::Request,
    retell::Way,
    source::{
        camera::CameraSource,
        file::FileSource,
        screen::{ScreenSource, Session},
    },
    speech::VoiceError,
};

/// How long a reply waits for an utterance to be said, when its caller wants to know of its end.
const SPOKEN_LIMIT: Duration = Duration::from_mins(1);

/// How long a reply waits to hear that the synthesiser has the utterance, when its caller wants to know no more.
const ACCEPTED_LIMIT: Duration = Duration::from_secs(1);

/// How many descriptions one reply holds at most.
const MAXIMUM_PAGE: u32 = 500;

/// The manager's object.
pub struct Manager {
    app: App,
    models: Vec<Manifest>,
    may_use_gpu: bool,
    sources: Sources,
    narrations: Narrations,
}

impl Manager {
    /// An object that hands requests to `app`, looks through the cameras of `sources`, makes `narrations`, and tells of
    /// `models`, of which the first is in use.
    #[must_use]
    pub fn new(app: App, models: Vec<Manifest>, sources: Sources, narrations: Narrations) -> Self {
        Self { app, models, may_use_gpu: false, sources, narrations }
    }

    /// The same, where the model may turn out to run on a GPU.
    #[must_use]
    pub fn with_gpu(self, may_use_gpu: bool) -> Self {
        Self { may_use_gpu, ..self }
    }

    async fn retell(
        &self,
        way: Way,
        options: &Dictionary,
        connection: &Connection,
        header: &Header<'_>,
    ) -> Result<Dictionary, Error> {
        let options = dictionary::options(options)?;
        let scope = person::scope(connection, header).await;
        self.reply(self.app.retell(&scope, way, options.request.speak), options.wait_until_spoken).await
    }

    fn change(&self, change: impl FnOnce(&mut Preferences)) {
        self.app.change_preferences(change);
    }

    /// The answer to a request, once it is known whether it is spoken, or was when `wait` says so.
    async fn reply(&self, outcome: Outcome, wait: bool) -> Result<Dictionary, Error> {
        let Outcome { result, speaking } = outcome;
        let was_spoken = speaking.is_some();
        let heard = match speaking {
            Some(mut speaking) if wait => speaking.ended(SPOKEN_LIMIT).await.map(|_| ()),
            Some(mut speaking) => match speaking.accepted(ACCEPTED_LIMIT).await {
                // Slow, which is no failure yet.
                Err(VoiceError::Late) => Ok(()),
                heard => heard,
            },
            None => Ok(()),
        };
        let language = self.app.language();
        let description = result.map_err(|failure| Error::of(&failure, language))?;
        let mut description = dictionary::description(&description, was_spoken && heard.is_ok());
        if let Err(error) = heard {
            put(&mut description, "speech-failure", error.message().in_language(language));
        }
        Ok(description)
    }
}

/// A value that was set, if it has the right type. A property that cannot be set is told with D-Bus's own name for it.
pub(super) fn given<T: TryFrom<OwnedValue>>(value: OwnedValue, kind: &str) -> fdo::Result<T> {
    T::try_from(value).map_err(|_| fdo::Error::InvalidArgs(format!("the value must be {kind}")))
}

impl From<InvalidPreference> for fdo::Error {
    fn from(error: InvalidPreference) -> Self {
        Self::InvalidArgs(error.to_string())
    }
}

// A property is a method to zbus, even one that is the same for every object, and what it fills in comes by value.
#[allow(clippy::unused_self, clippy::needless_pass_by_value)]
#[interface(name = "org.descry.Descry1.Manager", introspection_docs = false)]
impl Manager {
    /// Describes what a camera sees: that of an object, or for `/` the one that the settings name, or the only one.
    #[zbus(out_args("description"))]
    async fn describe_camera(
        &self,
        source: ObjectPath<'_>,
        options: Dictionary,
        #[zbus(connection)] connection: &Connection,
        #[zbus(header)] header: Header<'_>,
    ) -> Result<Dictionary, Error> {
        let options = dictionary::options(&options)?;
        let preferences = self.app.preferences();
        let hand = Eye::Camera.check(&preferences, connection, &header).await?;
        let wanted = source::wanted(source.as_str()).or(preferences.camera.wanted);
        let source = CameraSource::new(self.sources.cameras_for(caller(&header)), wanted);
        let request = Request::new(caller(&header), Box::new(source), hand.sign(options.request));
        self.reply(self.app.serve(request).await, options.wait_until_spoken).await
    }

    /// Describes the screen: all of it (1), the active window (2 and 8), or a rectangle (4), as the Screenshot portal has
    /// them.
    #[zbus(out_args("description"))]
    async fn describe_screen(
        &self,
        target: u32,
        options: Dictionary,
        #[zbus(connection)] connection: &Connection,
        #[zbus(header)] header: Header<'_>,
    ) -> Result<Dictionary, Error> {
        let (target, session) = (dictionary::target(target, &options)?, dictionary::session(&options)?);
        let options = dictionary::options(&options)?;
        let hand = Eye::Screen.check(&self.app.preferences(), connection, &header).await?;
        let session = Session::of_service(connection, session)
            .await
            .map_err(|error| Error::of(&Failure::from(error), self.app.language()))?;
        let source = ScreenSource::new(target, session);
        let request = Request::new(caller(&header), Box::new(source), hand.sign(options.request));
        self.reply(self.app.serve(request).await, options.wait_until_spoken).await
    }

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
        self.reply(self.app.serve(request).await, options.wait_until_spoken).await
    }

    /// Makes a narration by a camera, which has not begun: `/` is the one that the option `camera` or the settings name, or
    /// the only one.
    #[zbus(out_args("narration"))]
    async fn create_narration(
        &self,
        source: ObjectPath<'_>,
        options: Dictionary,
        #[zbus(connection)] connection: &Connection,
        #[zbus(header)] header: Header<'_>,
    ) -> Result<OwnedObjectPath, Error> {
        let hand = Eye::Camera.check(&self.app.preferences(), connection, &header).await?;
        self.narrations.create(caller(&header), hand, source::wanted(source.as_str()), &options).await
    }

    /// Calls off the caller's own requests with this token; nothing happens when there are none.
    fn cancel(&self, token: &str, #[zbus(header)] header: Header<'_>) {
        self.app.cancel(&caller(&header), token);
    }

    /// Tells the caller's newest description again.
    #[zbus(out_args("description"))]
    async fn repeat(
        &self,
        options: Dictionary,
        #[zbus(connection)] connection: &Connection,
        #[zbus(header)] header: Header<'_>,
    ) -> Result<Dictionary, Error> {
        self.retell(Way::Repeat, &options, connection, &header).await
    }

    /// Tells all that is known of it.
    #[zbus(out_args("description"))]
    async fn elaborate(
        &self,
        options: Dictionary,
        #[zbus(connection)] connection: &Connection,
        #[zbus(header)] header: Header<'_>,
    ) -> Result<Dictionary, Error> {
        self.retell(Way::Elaborate, &options, connection, &header).await
    }

    /// Tells it in the next other words.
    #[zbus(out_args("description"))]
    async fn rephrase(
        &self,
        options: Dictionary,
        #[zbus(connection)] connection: &Connection,
        #[zbus(header)] header: Header<'_>,
    ) -> Result<Dictionary, Error> {
        self.retell(Way::Rephrase, &options, connection, &header).await
    }

    /// Stops what is being said, whoever asked for it: it is one person who listens.
    fn stop_speaking(&self) {
        self.app.stop_speaking();
    }

    /// The caller's descriptions, newest first.
    #[zbus(out_args("descriptions"))]
    async fn get_history(
        &self,
        offset: u32,
        count: u32,
        #[zbus(connection)] connection: &Connection,
        #[zbus(header)] header: Header<'_>,
    ) -> Vec<Dictionary> {
        let scope = person::scope(connection, &header).await;
        let page = self.app.history().page(&scope, offset as usize, count.min(MAXIMUM_PAGE) as usize);
        page.iter().map(|description| dictionary::description(description, false)).collect()
    }

    /// Forgets them.
    async fn clear_history(
        &self,
        #[zbus(connection)] connection: &Connection,
        #[zbus(header)] header: Header<'_>,
    ) {
        let scope = person::scope(connection, &header).await;
        let count = self.app.clear_history(&scope);
        info!(count, "forgotten");
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

    /// Where the model runs: cpu, cuda or tensorrt; unknown until it is loaded where a GPU may serve.
    #[zbus(property)]
    pub(super) fn device(&self) -> String {
        match self.app.caption_thread().device() {
            Some(device) => device.name().to_owned(),
            None if self.may_use_gpu => "unknown".to_owned(),
            None => Device::Cpu.name().to_owned(),
        }
    }

    /// The name of the model in use.
    #[zbus(property(emits_changed_signal = "const"))]
    fn model(&self) -> String {
        self.models.first().map(|model| model.name.clone()).unwrap_or_default()
    }

    /// The models that there are, with what their makers say of them; the first is in use.
    #[zbus(property(emits_changed_signal = "const"))]
    fn models(&self) -> Vec<HashMap<String, OwnedValue>> {
        let model = |(index, manifest): (usize, &Manifest)| {
            let mut model = Dictionary::new();
            put(&mut model, "name", manifest.name.clone());
            put(&mut model, "description", manifest.description.clone());
            put(&mut model, "language", manifest.language.clone());
            put(&mut model, "licence", manifest.licence.clone());
            put(&mut model, "in-use", index == 0);
            model
        };
        self.models.iter().enumerate().map(model).collect()
    }

    /// How much is said: brief, normal or full.
    #[zbus(property)]
    fn detail(&self) -> String {
        word(&self.app.preferences().detail)
    }

    #[zbus(property)]
    fn set_detail(&self, value: OwnedValue) -> fdo::Result<()> {
        let value = choice("Detail", &given::<String>(value, "a string")?)?;
        self.change(|preferences| preferences.detail = value);
        Ok(())
    }

    /// When doubt is put into words: banded, always or off.
    #[zbus(property)]
    fn hedging(&self) -> String {
        word(&self.app.preferences().hedging)
    }

    #[zbus(property)]
    fn set_hedging(&self, value: OwnedValue) -> fdo::Result<()> {
        let value = choice("Hedging", &given::<String>(value, "a string")?)?;
        self.change(|preferences| preferences.hedging = value);
        Ok(())
    }

    /// The confidence, in 0 to 1, below which a caption is not said.
    #[zbus(property)]
    fn minimum_confidence(&self) -> f64 {
        self.app.preferences().minimum_confidence.into()
    }

    #[zbus(property)]
    fn set_minimum_confidence(&self, value: OwnedValue) -> fdo::Result<()> {
        let value = share("MinimumConfidence", given(value, "a double")?)?;
        self.change(|preferences| preferences.minimum_confidence = value);
        Ok(())
    }

    /// The language of what is said.
    #[zbus(property)]
    fn language(&self) -> String {
        self.app.preferences().language_tag().to_owned()
    }

    #[zbus(property)]
    fn set_language(&self, value: OwnedValue) -> fdo::Result<()> {
        let value: String = given(value, "a string")?;
        preferences::language(&value)?;
        self.change(|preferences| preferences.language = Some(value));
        Ok(())
    }

    /// Who speaks: auto, orca, speechd or none.
    #[zbus(property)]
    fn speech_route(&self) -> String {
        word(&self.app.preferences().speech)
    }

    #[zbus(property)]
    fn set_speech_route(&self, value: OwnedValue) -> fdo::Result<()> {
        let value = choice("SpeechRoute", &given::<String>(value, "a string")?)?;
        self.change(|preferences| preferences.speech = value);
        Ok(())
    }

    /// Seconds without a request after which the model is let go; 0 keeps it.
    #[zbus(property)]
    fn idle_unload_seconds(&self) -> u32 {
        self.app.preferences().idle_unload_seconds
    }

    #[zbus(property)]
    fn set_idle_unload_seconds(&self, value: OwnedValue) -> fdo::Result<()> {
        let value = given(value, "an unsigned number")?;
        self.change(|preferences| preferences.idle_unload_seconds = value);
        Ok(())
    }

    /// Whether no picture may be looked at.
    #[zbus(property)]
    fn paused(&self) -> bool {
        self.app.preferences().pause.holds()
    }

    #[zbus(property)]
    async fn set_paused(
        &self,
        value: OwnedValue,
        #[zbus(connection)] connection: &Connection,
        #[zbus(header)] header: Option<Header<'_>>,
    ) -> fdo::Result<()> {
        let pauses = given(value, "true or false")?;
        let Some(header) = header else { return Err(fdo::Error::AccessDenied(NOT_BY_PROGRAM.to_owned())) };
        if person::scope(connection, &header).await == Scope::All {
            self.change(|preferences| preferences.pause = Pause::by_person(pauses));
        } else if pauses {
            self.change(|preferences| {
                let pause = mem::take(&mut preferences.pause);
                preferences.pause = pause.and_by(caller(&header));
            });
        } else {
            let pause = self.app.preferences().pause;
            permission::may_end(&pause, connection, &caller(&header)).await?;
            // Meanwhile it may have become the person's.
            self.change(|preferences| {
                if preferences.pause == pause {
                    preferences.pause = Pause::None;
                }
            });
        }
        Ok(())
    }
}
