//! What systemd is told of this service: that it is ready, that it still lives, that it is ending.
//!
//! The protocol is one datagram with lines such as `READY=1`, to the socket that `NOTIFY_SOCKET` names; see
//! `sd_notify(3)`. Where systemd did not start the service, nobody is told anything.

use std::{
    env,
    ffi::OsString,
    io,
    os::{
        linux::net::SocketAddrExt,
        unix::{
            ffi::OsStrExt,
            net::{SocketAddr, UnixDatagram},
        },
    },
    process,
    time::Duration,
};

use tokio::time::{MissedTickBehavior, interval};
use tracing::{debug, warn};

use crate::caption_thread::CaptionThread;

/// Tells systemd how the service is.
#[derive(Debug)]
pub struct Notifier {
    socket: Option<(UnixDatagram, SocketAddr)>,
    interval: Option<Duration>,
}

impl Notifier {
    /// As the environment says.
    #[must_use]
    pub fn from_environment() -> Self {
        Self::new(&|name| env::var_os(name), process::id())
    }

    fn new(variable: &dyn Fn(&str) -> Option<OsString>, own_id: u32) -> Self {
        let socket = variable("NOTIFY_SOCKET").and_then(|name| match open(name.as_bytes()) {
            Ok(socket) => Some(socket),
            Err(error) => {
                debug!(%error, "systemd cannot be told anything");
                None
            }
        });
        let number = |name: &str| variable(name)?.to_str()?.parse::<u64>().ok();
        // The variables may be meant for a parent of this process.
        let is_meant = number("WATCHDOG_PID").is_none_or(|id| id == u64::from(own_id));
        // Twice in the time that systemd waits, as it advises.
        let interval = number("WATCHDOG_USEC")
            .filter(|microseconds| is_meant && *microseconds > 1)
            .map(|microseconds| Duration::from_micros(microseconds / 2));
        Self { socket, interval }
    }

    /// Tells one or more lines. That systemd does not listen is nobody's concern.
    pub fn tell(&self, lines: &str) {
        if let Some((socket, address)) = &self.socket
            && let Err(error) = socket.send_to_addr(lines.as_bytes(), address)
        {
            debug!(%error, "systemd does not listen");
        }
    }

    /// Tells for ever that the service lives, as long as its caption thread gives signs of life: when that hangs, systemd
    /// starts the service anew.
    pub async fn keep_watch(&self, caption_thread: &CaptionThread) {
        let Some(every) = self.interval else { return std::future::pending().await };
        let mut ticks = interval(every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut is_warned = false;
        loop {
            ticks.tick().await;
            if !caption_thread.hangs() {
                self.tell("WATCHDOG=1");
            } else if !is_warned {
                is_warned = true;
                warn!(
                    "the caption thread hangs; systemd is not told that the service lives, and will end it"
                );
            }
        }
    }
}

/// The socket by its name: a path, or an abstract name after an `@`.
fn open(name: &[u8]) -> io::Result<(UnixDatagram, SocketAddr)> {
    let address = match name {
        [b'@', name @ ..] => SocketAddr::from_abstract_name(name)?,
        path => SocketAddr::from_pathname(std::ffi::OsStr::from_bytes(path))?,
    };
    let socket = UnixDatagram::unbound()?;
    // A manager that does not read must not hold the service.
    socket.set_nonblocking(true)?;
    Ok((socket, address))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        caption_thread::{Job, tests::job},
        describer::fake::{Conduct, load},
        request::{Caller, Reason},
    };

    /// Variables as systemd sets them, with the socket in `folder`.
    fn variables(socket: OsString, watchdog: Option<&str>, id: &str) -> impl Fn(&str) -> Option<OsString> {
        let (watchdog, id) = (watchdog.map(OsString::from), OsString::from(id));
        move |name| match name {
            "NOTIFY_SOCKET" => Some(socket.clone()),
            "WATCHDOG_USEC" => watchdog.clone(),
            "WATCHDOG_PID" => Some(id.clone()),
            _ => None,
        }
    }

    fn received(socket: &UnixDatagram) -> String {
        let mut buffer = [0; 64];
        let length = socket.recv(&mut buffer).unwrap();
        String::from_utf8(buffer[..length].to_vec()).unwrap()
    }

    #[test]
    fn systemd_is_told_on_either_kind_of_socket() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let listener = UnixDatagram::bind(&path).unwrap();
        Notifier::new(&variables(path.into(), None, "7"), 7).tell("READY=1");
        assert_eq!(received(&listener), "READY=1");

        let name = format!("descry-test-{}", process::id());
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let listener = UnixDatagram::bind_addr(&address).unwrap();
        Notifier::new(&variables(format!("@{name}").into(), None, "7"), 7).tell("STOPPING=1");
        assert_eq!(received(&listener), "STOPPING=1");

        // Nobody listens, or there is no such thing.
        Notifier::new(&variables("/no/such/socket".into(), None, "7"), 7).tell("READY=1");
        Notifier::new(&|_| None, 7).tell("READY=1");
    }

    #[test]
    fn the_watchdog_is_fed_twice_in_its_time() {
        for (watchdog, id, expected) in [
            (Some("30000000"), "7", Some(Duration::from_secs(15))),
            (Some("30000000"), "8", None),
            (Some("0"), "7", None),
            (Some("soon"), "7", None),
            (None, "7", None),
        ] {
            let notifier = Notifier::new(&variables("/no".into(), watchdog, id), 7);
            assert_eq!(notifier.interval, expected, "{watchdog:?} {id}");
        }
    }

    #[tokio::test]
    async fn a_caption_thread_that_hangs_is_not_vouched_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let listener = UnixDatagram::bind(&path).unwrap();
        let notifier = Notifier::new(&variables(path.into(), Some("2000"), "7"), 7);

        let thread = CaptionThread::start(load(Conduct::Endless)).unwrap();
        let watch = |time| tokio::time::timeout(time, notifier.keep_watch(&thread));
        let _ = watch(Duration::from_millis(20)).await;
        assert_eq!(received(&listener), "WATCHDOG=1");

        thread.set_patience(Duration::ZERO);
        let hanging: Job = job(Caller::Command);
        let stop = hanging.cancel.clone();
        let mut state = thread.state();
        let describing = tokio::spawn({
            let thread = thread.clone();
            async move { thread.describe(hanging).await }
        });
        state.wait_for(|state| *state == crate::caption_thread::State::Busy).await.unwrap();
        listener.set_nonblocking(true).unwrap();
        while listener.recv(&mut [0; 64]).is_ok() {}
        let _ = watch(Duration::from_millis(20)).await;
        assert!(listener.recv(&mut [0; 64]).is_err(), "nothing is told");
        stop.cancel(Reason::Asked);
        let _ = describing.await;
    }
}
