//! Takes the picture of a request: one at a time, on a thread that may block, while the model is loaded.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{sync::oneshot, time::timeout};
use tracing::warn;

use super::App;
use crate::{
    caption_thread::Room,
    failure::Failure,
    frame::Frame,
    request::Cancel,
    source::{Source, SourceError},
};

/// How much longer than its request a reading that does not end may keep others from being read.
const READING_GRACE: Duration = Duration::from_secs(5);

impl App {
    /// The same parts, which load the model while the picture is taken: a camera takes long to find its exposure. It is
    /// for a model in a process of its own. An engine within this one may not be left while it opens something, which is
    /// what would happen to the command where there is no picture.
    #[must_use]
    pub fn loading_ahead(self) -> Self {
        Self { loads_ahead: true, ..self }
    }

    /// Has the model loaded, where this may be done before there is a picture.
    pub(super) fn load_ahead(&self) {
        if self.loads_ahead {
            self.caption_thread.expect();
        }
    }

    /// Takes a picture on a thread of its own, where it may block, and where a decoder that panics harms nobody.
    pub(super) async fn capture(
        &self,
        source: Box<dyn Source>,
        cancel: &Cancel,
        deadline: Instant,
    ) -> Result<(Frame, Duration, Room), Failure> {
        let permit = Arc::clone(&self.room).acquire_owned().await.map_err(|_| Failure::Ending)?;
        let room = Room::new(permit);
        let (sender, captured) = oneshot::channel();
        let cancel = cancel.clone();
        let reading = tokio::task::spawn_blocking(move || {
            let started = Instant::now();
            let frame = source.capture(&cancel);
            let _ = sender.send(frame.map(|frame| (frame, started.elapsed())));
        });
        // A request that is called off is answered at once, while its reading may take a moment to notice; the next
        // one waits for that, so that two large pictures are never in memory together. Only a file that cannot be
        // read at all is not waited for.
        let room_for_reading = Room::clone(&room);
        tokio::spawn(async move {
            let _room = room_for_reading;
            let patience = deadline.saturating_duration_since(Instant::now()) + READING_GRACE;
            if timeout(patience, reading).await.is_err() {
                warn!("a picture's file does not let itself be read");
            }
        });
        match captured.await {
            Ok(frame) => frame.map(|(frame, duration)| (frame, duration, room)).map_err(Failure::from),
            Err(_) => Err(SourceError::DecoderEnded.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{thread, time::SystemTime};

    use image::RgbImage;
    use tokio::sync::watch;

    use super::*;
    use crate::{
        caption_thread::{CaptionThread, State},
        describer::fake::{Conduct, load},
        frame::Origin,
        request::{Caller, Options, Request},
        speech::fake::FakeVoice,
    };

    /// A camera, or something else, that shows nothing to see once the model is as it waits for.
    #[derive(Debug)]
    struct Scene {
        awaited: Option<watch::Receiver<State>>,
        is_for_the_network: bool,
    }

    impl Source for Scene {
        fn capture(mut self: Box<Self>, _cancel: &Cancel) -> Result<Frame, SourceError> {
            while self.awaited.as_mut().is_some_and(|state| *state.borrow_and_update() != State::Ready) {
                thread::sleep(Duration::from_millis(1));
            }
            let pixels = RgbImage::new(64, 48);
            Ok(Frame { pixels, origin: Origin::Camera, captured_at: SystemTime::UNIX_EPOCH })
        }

        fn is_for_the_network(&self) -> bool {
            self.is_for_the_network
        }
    }

    fn app() -> App {
        let thread = CaptionThread::start(load(Conduct::Describe)).unwrap();
        App::new(thread, Arc::new(FakeVoice::default()), None)
    }

    /// Whether that scene can be described.
    async fn ask(app: &App, caller: Caller, scene: Scene) -> bool {
        let options = Options { timeout: Duration::from_secs(20), ..Options::default() };
        app.serve(Request::new(caller, Box::new(scene), options)).await.result.is_ok()
    }

    #[tokio::test]
    async fn the_model_is_loaded_while_a_picture_for_it_is_taken() {
        let app = app().loading_ahead();
        let awaited = Some(app.caption_thread().state());
        // The picture is black, so that nothing else has the model loaded.
        assert!(ask(&app, Caller::Person, Scene { awaited, is_for_the_network: true }).await);
    }

    #[tokio::test]
    async fn nothing_is_loaded_ahead_where_it_may_be_for_nothing() {
        let narration = Caller::Narration(Arc::new(Caller::Person), 1);
        let cases = [
            (app(), Caller::Command, true),
            (app().loading_ahead(), Caller::Person, false),
            (app().loading_ahead(), narration, true),
        ];
        for (app, caller, is_for_the_network) in cases {
            let scene = Scene { awaited: None, is_for_the_network };
            assert!(ask(&app, caller.clone(), scene).await, "{caller:?}");
            assert_eq!(*app.caption_thread().state().borrow(), State::Unloaded, "{caller:?}");
        }
    }
}
