//! Doing what was pressed, as the person's own hand.

use std::sync::Arc;

use tracing::warn;
use zbus::Connection;

use super::{Action, Hands};
use crate::{
    app::App,
    bus::{self, narrations::Narrations, source::Sources},
    failure::Failure,
    history::Scope,
    pause::Pause,
    request::{Caller, Options, Request},
    retell::Way,
    source::{
        Source,
        camera::CameraSource,
        screen::{ScreenSource, Session, Target},
    },
    words::{Message, message},
};

/// The hands of the service.
#[derive(Clone)]
pub struct ServiceHands {
    app: App,
    sources: Sources,
    narrations: Narrations,
    /// Where it is told that a preference was changed.
    connection: Arc<Connection>,
}

impl ServiceHands {
    /// Hands that have `app` do it.
    #[must_use]
    pub fn new(app: App, sources: Sources, narrations: Narrations, connection: Connection) -> Self {
        Self { app, sources, narrations, connection: Arc::new(connection) }
    }

    /// Begins the person's narration or ends it, and says which: who listens must know whether a camera looks.
    fn narrate(&self) {
        let (app, narrations) = (self.app.clone(), self.narrations.clone());
        tokio::spawn(async move {
            match narrations.toggle().await {
                Ok(true) => app.tell(&message!("narration-key-begun")),
                Ok(false) => app.tell(&message!("narration-key-ended")),
                Err(_) if app.preferences().pause.holds() => app.say_fault(&Failure::Paused.message()),
                Err(error) => app.say_fault(&message!("narration-ended", reason = error.sentence())),
            }
        });
    }

    fn describe_screen(&self, target: Target) {
        self.describe(Box::new(ScreenSource::new(target, Session::from_environment())));
    }

    fn describe_camera(&self) {
        let wanted = self.app.preferences().camera.wanted;
        self.describe(Box::new(CameraSource::new(self.sources.cameras_for(Caller::Person), wanted)));
    }

    fn describe(&self, source: Box<dyn Source>) {
        let request = Request::new(Caller::Person, source, Options::default());
        let app = self.app.clone();
        // It is answered while further keys are pressed; the next request calls it off.
        tokio::spawn(async move { app.serve(request).await });
    }

    fn retell(&self, way: Way) {
        let _outcome = self.app.retell(&Scope::All, way, true);
    }

    fn pause(&self) {
        let (before, after) = self.app.change_preferences(|preferences| {
            preferences.pause = Pause::by_person(!preferences.pause.holds());
        });
        let connection = Arc::clone(&self.connection);
        tokio::spawn(async move {
            if let Err(error) = bus::announce_preferences(&connection, &before, &after).await {
                warn!(%error, "the pause could not be announced");
            }
        });
    }
}

impl Hands for ServiceHands {
    fn perform(&self, action: Action) {
        match action {
            Action::DescribeWindow => self.describe_screen(Target::Window),
            Action::DescribeScreen => self.describe_screen(Target::Screen),
            Action::DescribeCamera => self.describe_camera(),
            Action::Narration => self.narrate(),
            Action::Repeat => self.retell(Way::Repeat),
            Action::More => self.retell(Way::Elaborate),
            Action::Again => self.retell(Way::Rephrase),
            Action::Stop => self.app.stop(&Caller::Person),
            Action::Pause => self.pause(),
        }
    }

    fn say_fault(&self, words: &Message) {
        self.app.say_fault(words);
    }
}
