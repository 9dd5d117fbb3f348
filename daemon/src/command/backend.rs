//! Who describes for the command: the service where it runs, else the same parts in this process.

use std::sync::Arc;

use descry_models::Opening;
use tracing::debug;

use super::inputs::Wanted;
use crate::{
    app::{App, Outcome},
    bus::client::{Service, ServiceError, Wish},
    caption_thread::CaptionThread,
    config::Settings,
    describer,
    description::Described,
    earcon::Earcons,
    failure::Failure,
    model_folder,
    preferences::{Detail, Shared},
    request::{Caller, Options, Request},
    screen_text::Reader,
    source::Source,
    speech::{Speaking, Urgency, Utterance, Voice},
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
        Self::of(Err(NotDescribed { reason, is_final: false }))
    }

    fn of(result: Result<Described, NotDescribed>) -> Self {
        Self { result, speaking: None, voice_failure: None }
    }
}

/// Why nothing can be described at all.
#[derive(Debug)]
pub(super) struct Unusable(pub(super) Message);

/// Who describes.
pub(super) enum Backend {
    /// This process.
    Own { app: App, preferences: Shared },
    /// The service; and what this process needs to do it itself, where the service sees another screen.
    Service { service: Service, settings: Box<Settings>, voice: Arc<dyn Voice> },
}

impl Backend {
    /// Asks for the service, unless that is forbidden, and else gets ready here. The service is never started for it.
    pub(super) async fn new(
        settings: &Settings,
        forced_here: bool,
        voice: Arc<dyn Voice>,
    ) -> Result<Self, Unusable> {
        if !forced_here && let Some(service) = Service::find().await {
            return Ok(Self::Service { service, settings: Box::new(settings.clone()), voice });
        }
        let preferences = Shared::new(settings.preferences.clone());
        Ok(Self::Own { app: own(settings, settings.brief_opening(), voice)?, preferences })
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
            Self::Own { app, preferences } => {
                describe_here(app, wanted.into_source(preferences), speak, detail).await
            }
            Self::Service { service, settings, voice } => {
                let wish = Wish { speak, wait: in_turn, detail, beam_width: settings.beam_width };
                let described = match wanted {
                    Wanted::File(picture) => service.describe(picture, &wish).await,
                    Wanted::Camera(name) => service.describe_camera(name, &wish).await,
                    Wanted::Screen(source) => match service.describe_screen(&source, &wish).await {
                        Err(ServiceError::Elsewhere(reason)) => {
                            debug!(%reason, "the service does not look at this screen");
                            return match own(settings, settings.brief_opening(), Arc::clone(voice)) {
                                Ok(app) => describe_here(&app, Box::new(source), speak, detail).await,
                                Err(Unusable(reason)) => {
                                    Answer::of(Err(NotDescribed { reason, is_final: true }))
                                }
                            };
                        }
                        described => described,
                    },
                };
                match described {
                    Ok((described, voice_failure)) => {
                        Answer { result: Ok(described), speaking: None, voice_failure }
                    }
                    Err(error) => {
                        let is_final = !matches!(error, ServiceError::Picture(_));
                        Answer::of(Err(NotDescribed { reason: error.message(), is_final }))
                    }
                }
            }
        }
    }
}

/// The parts that describe, in this process, with a model that is opened so.
pub(super) fn own(settings: &Settings, opening: Opening, voice: Arc<dyn Voice>) -> Result<App, Unusable> {
    let folder = model_folder::find(settings.model.clone()).map_err(|error| Unusable(error.message()))?;
    let (teller, language) = (Arc::clone(&voice), settings.preferences.words());
    let tell = move |notice: &Message| {
        let text = notice.in_language(language);
        eprintln!("descry: {text}");
        let _speaking = teller.say(Utterance::new(text, Urgency::Asked));
    };
    let thread = CaptionThread::start(describer::load_from(folder, opening, tell))
        .map_err(|error| Unusable(message!("command-no-thread", reason = error.to_string())))?;
    let preferences = Shared::new(settings.preferences.clone());
    let reader = Reader::new(settings.text_languages.clone());
    let (earcons, _task) = Earcons::start(preferences.watch());
    Ok(App::new(thread, voice, settings.beam_width)
        .with_preferences(preferences)
        .with_reader(reader)
        .with_chime(Arc::new(earcons)))
}

async fn describe_here(app: &App, source: Box<dyn Source>, speak: bool, detail: Option<Detail>) -> Answer {
    let options = Options { speak, detail, ..Options::default() };
    let Outcome { result, speaking } = app.serve(Request::new(Caller::Command, source, options)).await;
    let result = result.map(Described::from).map_err(|failure| NotDescribed {
        is_final: matches!(failure, Failure::ModelUnavailable(_) | Failure::Ending),
        reason: failure.message(),
    });
    Answer { result, speaking, voice_failure: None }
}
