//! Who describes for the command: the service where it runs, else the same parts in this process.

use std::sync::Arc;

use super::inputs::Wanted;
use crate::{
    app::{App, Outcome},
    bus::client::{Service, ServiceError},
    caption_thread::CaptionThread,
    config::Settings,
    describer,
    description::Described,
    failure::Failure,
    model_folder,
    preferences::{Detail, Shared},
    request::{Caller, Options, Request},
    screen_text::Reader,
    speech::{Speaking, Voice},
    words::{Message, message},
};

/// Why a picture has none.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct NotDescribed {
    /// To stand after a colon.
    pub(crate) reason: Message,
    /// Whether no other picture would fare better.
    pub(crate) is_final: bool,
}

/// What came of a picture.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) result: Result<Described, NotDescribed>,
    /// Follows what this process is saying.
    pub(super) speaking: Option<Speaking>,
    /// Why the service's voice failed.
    pub(super) voice_failure: Option<Message>,
}

impl Answer {
    pub(super) fn failed(reason: Message) -> Self {
        Self { result: Err(NotDescribed { reason, is_final: false }), speaking: None, voice_failure: None }
    }
}

/// Why nothing can be described at all.
#[derive(Debug)]
pub(super) struct Unusable(pub(super) Message);

/// Who describes.
pub(super) enum Backend {
    /// This process.
    Own(App),
    /// The service.
    Service { service: Service, beam_width: Option<usize> },
}

impl Backend {
    /// Asks for the service, unless that is forbidden, and else gets ready here. The service is never started for it.
    pub(super) async fn new(
        settings: &Settings,
        forced_here: bool,
        voice: Arc<dyn Voice>,
    ) -> Result<Self, Unusable> {
        let beam_width = settings.beam_width;
        if !forced_here && let Some(service) = Service::find().await {
            return Ok(Self::Service { service, beam_width });
        }
        let folder = model_folder::find(settings.model.clone()).map_err(|error| Unusable(error.message()))?;
        let thread = CaptionThread::start(describer::load_from(folder, settings.engine.clone()))
            .map_err(|error| Unusable(message!("command-no-thread", reason = error.to_string())))?;
        let preferences = Shared::new(settings.preferences.clone());
        let reader = Reader::new(settings.text_languages.clone());
        Ok(Self::Own(App::new(thread, voice, beam_width).with_preferences(preferences).with_reader(reader)))
    }

    /// Whether the service that runs is paused: then nobody looks at the screen, this process neither.
    pub(super) async fn is_paused() -> bool {
        match Service::find().await {
            Some(service) => service.status().await.is_ok_and(|status| status.paused),
            None => false,
        }
    }

    /// Describes one picture. `in_turn` says that others follow, whose sentences must not cut this one short.
    pub(super) async fn describe(
        &self,
        wanted: Wanted,
        speak: bool,
        in_turn: bool,
        detail: Option<Detail>,
    ) -> Answer {
        match self {
            Self::Own(app) => {
                let options = Options { speak, detail, ..Options::default() };
                let request = Request::new(Caller::Command, wanted.into_source(), options);
                let Outcome { result, speaking } = app.serve(request).await;
                let result = result.map(Described::from).map_err(|failure| NotDescribed {
                    is_final: matches!(failure, Failure::ModelUnavailable(_) | Failure::Ending),
                    reason: failure.message(),
                });
                Answer { result, speaking, voice_failure: None }
            }
            Self::Service { service, beam_width } => {
                let Wanted::File(picture) = wanted else {
                    return Answer::failed(message!("source-screen-not-by-service"));
                };
                match service.describe(picture, speak, in_turn, *beam_width).await {
                    Ok((described, voice_failure)) => {
                        Answer { result: Ok(described), speaking: None, voice_failure }
                    }
                    Err(error) => {
                        let is_final = !matches!(error, ServiceError::Picture(_));
                        let result = Err(NotDescribed { reason: error.message(), is_final });
                        Answer { result, speaking: None, voice_failure: None }
                    }
                }
            }
        }
    }
}
