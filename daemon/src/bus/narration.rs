//! `org.descry.Descry1.Narration`: one narration of a caller's, which alone is told what it says.

use std::{sync::Arc, time::Duration};

use zbus::{
    Connection, fdo, interface,
    message::Header,
    object_server::SignalEmitter,
    zvariant::{OwnedObjectPath, OwnedValue},
};

use super::{
    dictionary::Dictionary,
    error::Error,
    manager::given,
    narrations::Narrations,
    permission::Hand,
    person::{self, caller},
};
use crate::{
    history::Scope,
    narration::{
        policy::Pace,
        session::{Session, Telling},
    },
    preferences::{number, share},
    request::Caller,
};

/// What those are told whose narration it is not.
const NOT_YOURS: &str = "this narration belongs to another program";

/// One narration's object.
pub(super) struct Narration {
    pub(super) session: Arc<Session>,
    pub(super) owner: Caller,
    pub(super) hand: Hand,
    pub(super) path: OwnedObjectPath,
    pub(super) all: Narrations,
}

impl Narration {
    /// Whether a caller may do something with it: its owner, and the person's own hand.
    async fn is_allowed(&self, connection: &Connection, header: &Header<'_>) -> bool {
        caller(header) == self.owner || person::scope(connection, header).await == Scope::All
    }

    async fn check(&self, connection: &Connection, header: &Header<'_>) -> Result<(), Error> {
        if self.is_allowed(connection, header).await {
            Ok(())
        } else {
            Err(Error::AccessDenied(NOT_YOURS.to_owned()))
        }
    }

    /// Changes how it is told, for who may; a property that is refused is told in D-Bus's own words.
    async fn change(
        &self,
        connection: &Connection,
        header: Option<Header<'_>>,
        change: impl FnOnce(&mut Telling),
    ) -> fdo::Result<()> {
        let is_allowed = match &header {
            Some(header) => self.is_allowed(connection, header).await,
            None => false,
        };
        if !is_allowed {
            return Err(fdo::Error::AccessDenied(NOT_YOURS.to_owned()));
        }
        self.session.change_telling(change);
        Ok(())
    }
}

// What zbus fills in comes by value.
#[allow(clippy::needless_pass_by_value)]
#[interface(name = "org.descry.Descry1.Narration", introspection_docs = false)]
impl Narration {
    /// Begins to look through the camera.
    async fn start(
        &self,
        #[zbus(connection)] connection: &Connection,
        #[zbus(header)] header: Header<'_>,
    ) -> Result<(), Error> {
        self.check(connection, &header).await?;
        self.all.check_not_paused()?;
        if self.hand == Hand::Other && !self.session.is_active() {
            self.all.tell_of_look();
        }
        self.session.start();
        Ok(())
    }

    /// Ceases to look.
    async fn stop(
        &self,
        #[zbus(connection)] connection: &Connection,
        #[zbus(header)] header: Header<'_>,
    ) -> Result<(), Error> {
        self.check(connection, &header).await?;
        self.session.stop();
        Ok(())
    }

    /// Ends it for good.
    async fn close(
        &self,
        #[zbus(connection)] connection: &Connection,
        #[zbus(header)] header: Header<'_>,
    ) -> Result<(), Error> {
        self.check(connection, &header).await?;
        self.all.close(&self.path);
        Ok(())
    }

    /// Whether it looks.
    #[zbus(property)]
    fn active(&self) -> bool {
        self.session.is_active()
    }

    /// The least time from one sentence to the next, in milliseconds.
    #[zbus(property)]
    fn minimum_interval(&self) -> u32 {
        self.session.telling().pace.minimum_interval.as_millis() as u32
    }

    #[zbus(property)]
    async fn set_minimum_interval(
        &self,
        value: OwnedValue,
        #[zbus(connection)] connection: &Connection,
        #[zbus(header)] header: Option<Header<'_>>,
    ) -> fdo::Result<()> {
        let value = number("MinimumInterval", given(value, "an unsigned number")?, Pace::INTERVALS)?;
        let value = Duration::from_millis(value.into());
        self.change(connection, header, |telling| telling.pace.minimum_interval = value).await
    }

    /// How much must be another, in 0 to 1.
    #[zbus(property)]
    fn change_threshold(&self) -> f64 {
        self.session.telling().pace.change_threshold.into()
    }

    #[zbus(property)]
    async fn set_change_threshold(
        &self,
        value: OwnedValue,
        #[zbus(connection)] connection: &Connection,
        #[zbus(header)] header: Option<Header<'_>>,
    ) -> fdo::Result<()> {
        let value = share("ChangeThreshold", given(value, "a double")?)?;
        self.change(connection, header, |telling| telling.pace.change_threshold = value).await
    }

    /// How many sentences there are in a minute at most.
    #[zbus(property)]
    fn maximum_per_minute(&self) -> u32 {
        self.session.telling().pace.maximum_per_minute
    }

    #[zbus(property)]
    async fn set_maximum_per_minute(
        &self,
        value: OwnedValue,
        #[zbus(connection)] connection: &Connection,
        #[zbus(header)] header: Option<Header<'_>>,
    ) -> fdo::Result<()> {
        let value = number("MaximumPerMinute", given(value, "an unsigned number")?, Pace::PER_MINUTE)?;
        self.change(connection, header, |telling| telling.pace.maximum_per_minute = value).await
    }

    /// Whether it is spoken.
    #[zbus(property)]
    fn speak(&self) -> bool {
        self.session.telling().speak
    }

    #[zbus(property)]
    async fn set_speak(
        &self,
        value: OwnedValue,
        #[zbus(connection)] connection: &Connection,
        #[zbus(header)] header: Option<Header<'_>>,
    ) -> fdo::Result<()> {
        let value = given(value, "true or false")?;
        self.change(connection, header, |telling| telling.speak = value).await
    }

    /// What is said; to its owner alone.
    #[zbus(signal)]
    pub(super) async fn narrated(emitter: &SignalEmitter<'_>, description: Dictionary) -> zbus::Result<()>;

    /// It is over; to its owner alone.
    #[zbus(signal)]
    pub(super) async fn closed(emitter: &SignalEmitter<'_>, details: Dictionary) -> zbus::Result<()>;
}
