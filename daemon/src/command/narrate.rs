//! `descry narrate`: has a camera narrated until Ctrl-C, by the service where it runs, else in this process.

use std::{
    io::{self, Write},
    sync::Arc,
};

use serde::Serialize;
use tokio::sync::mpsc::UnboundedReceiver;

use super::{
    Ending, STOPPING_TIME,
    arguments::Narrate,
    backend::{self, Unusable},
    complain,
};
use crate::{
    bus::client::{
        Service, ServiceError,
        narration::{Heard, Narrated, Wanted},
    },
    config::{Settings, session_language},
    description::Described,
    narration::session::{Event, Session, Telling},
    preferences::Shared,
    request::Caller,
    service,
    source::camera::connected::Connected,
    words::{Message, message},
};

/// A line for programs. Its fields are the command's contract.
#[derive(Serialize)]
struct Line<'a> {
    text: &'a str,
    wording: &'a str,
    confidence: f64,
    band: &'a str,
    quality: &'a [String],
    model: Option<&'a str>,
}

/// Who narrates.
enum Narrator {
    Service(Box<Narrated>),
    Own(Session, UnboundedReceiver<Event>),
}

/// Narrates until somebody ends it; how the command ends.
pub(super) async fn run(arguments: Narrate) -> Ending {
    let settings = match Settings::load(arguments.layer()) {
        Ok(settings) => settings,
        Err(error) => {
            complain(&error.message(), session_language());
            return Ending::Usage;
        }
    };
    let language = settings.preferences.words();
    let (voice, _task) = service::voice(&Shared::new(settings.preferences.clone()));
    let service = if arguments.no_service { None } else { Service::find().await };
    let narrator = match service {
        Some(service) => by_service(&service, &arguments).await,
        None => match backend::own(&settings, settings.opening(), Arc::clone(&voice)) {
            Ok(app) => {
                let telling = Telling { pace: settings.preferences.narration, speak: !arguments.no_speech };
                let connected = Connected::with_preferences(&Shared::new(settings.preferences.clone()));
                let cameras = service::cameras(&settings, Arc::new(connected));
                let (session, events) = Session::new(
                    app,
                    cameras,
                    arguments.camera.clone().or_else(|| settings.preferences.camera.wanted.clone()),
                    Caller::Command,
                    telling,
                );
                session.start();
                Ok(Narrator::Own(session, events))
            }
            Err(Unusable(reason)) => Err((reason, Ending::Unusable)),
        },
    };
    let mut narrator = match narrator {
        Ok(narrator) => narrator,
        Err((reason, ending)) => {
            complain(&reason, language);
            return ending;
        }
    };
    complain(&message!("narration-begun"), language);
    loop {
        let heard = tokio::select! {
            heard = narrator.next() => heard,
            _ = tokio::signal::ctrl_c() => break,
        };
        match heard {
            Heard::Sentence(described) => {
                // Whoever reads may have read enough.
                if print(&described, arguments.json).is_err() {
                    break;
                }
            }
            Heard::End(reason) => {
                complain(&reason, language);
                // What is being said of it is heard to its end.
                if let Narrator::Own(session, _) = &narrator
                    && let Some(mut speaking) = session.last_words()
                {
                    let _ended = speaking.ended(super::SPEAKING_LIMIT).await;
                }
                return Ending::NotDescribed;
            }
        }
    }
    narrator.end().await;
    Ending::Described
}

async fn by_service(service: &Service, arguments: &Narrate) -> Result<Narrator, (Message, Ending)> {
    let wanted = Wanted {
        camera: arguments.camera.clone(),
        interval: arguments.interval,
        change: arguments.change,
        per_minute: arguments.per_minute,
        speak: !arguments.no_speech,
    };
    service.narrate(wanted).await.map(|narrated| Narrator::Service(Box::new(narrated))).map_err(|error| {
        let ending = match &error {
            ServiceError::Service(_) => Ending::Unusable,
            ServiceError::Refused(_) | ServiceError::Picture(_) | ServiceError::Elsewhere(_) => {
                Ending::NotDescribed
            }
        };
        (error.message(), ending)
    })
}

impl Narrator {
    async fn next(&mut self) -> Heard {
        match self {
            Self::Service(narrated) => narrated.next().await,
            Self::Own(_, events) => loop {
                match events.recv().await {
                    Some(Event::Narrated(description)) => {
                        return Heard::Sentence(Box::new(Described::from(*description)));
                    }
                    Some(Event::Failed(failure)) => return Heard::End(failure.message()),
                    Some(Event::Active(_)) => {}
                    Some(Event::Closed) | None => return Heard::End(message!("narration-closed")),
                }
            },
        }
    }

    async fn end(self) {
        match self {
            Self::Service(narrated) => narrated.close().await,
            Self::Own(session, _) => {
                session.stop();
                // The voice has to hear of it.
                tokio::time::sleep(STOPPING_TIME).await;
            }
        }
    }
}

fn print(described: &Described, json: bool) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if json {
        let line = Line {
            text: &described.text,
            wording: &described.wording,
            confidence: described.confidence,
            band: &described.band,
            quality: &described.quality,
            model: (!described.model.is_empty()).then_some(&described.model),
        };
        // Nothing in it has keys that are not text, which is all that could fail.
        writeln!(out, "{}", serde_json::to_string(&line).unwrap_or_default())?;
    } else {
        writeln!(out, "{}", described.wording)?;
    }
    out.flush()
}
