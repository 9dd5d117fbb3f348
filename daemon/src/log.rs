//! The log: what happened, for who looks after the machine. Neither pictures nor captions nor file names are in it.
//!
//! It goes to standard error. Where that is the journal of systemd, which says so with `JOURNAL_STREAM`, each line begins
//! with its priority in angle brackets, as `sd-daemon(3)` has it, and has no time of its own, since the journal keeps both:
//! `journalctl --user --unit descryd --priority warning` then shows what is wrong. The journal's own protocol would keep the
//! fields apart too; but what is sent so by a process that ends at once loses its unit, and nothing here is worth that.
//! Nothing is ever coloured.

use std::{env, ffi::OsStr, fmt, io};

use tracing::{Event, Level, Subscriber};
use tracing_subscriber::{
    EnvFilter,
    fmt::{
        FmtContext, FormatEvent, FormatFields,
        format::{Format, Full, Writer},
    },
    registry::LookupSpan,
};

/// Begins to log: what `RUST_LOG` asks for, else what `usual` does.
pub fn start(usual: &str) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(usual));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(io::stderr);
    if is_journal(env::var_os("JOURNAL_STREAM").as_deref()) {
        log.event_format(ForJournal(Format::default().without_time().with_level(false))).init();
    } else {
        log.init();
    }
}

/// Whether standard error is the stream that systemd named with its device and inode. It may have been sent elsewhere since.
fn is_journal(stream: Option<&OsStr>) -> bool {
    let named = stream.and_then(OsStr::to_str).and_then(|stream| {
        let (device, inode) = stream.split_once(':')?;
        Some((device.parse().ok()?, inode.parse().ok()?))
    });
    let own = rustix::fs::fstat(io::stderr()).ok();
    named.is_some_and(|named: (u64, u64)| own.is_some_and(|own| (own.st_dev, own.st_ino) == named))
}

/// How the journal calls a level, of its eight from 0 (the machine cannot be used) to 7 (for who searches for a fault).
fn priority(level: Level) -> u8 {
    match level {
        Level::ERROR => 3,
        Level::WARN => 4,
        Level::INFO => 6,
        _ => 7,
    }
}

/// One line for each event, with its priority before it.
struct ForJournal(Format<Full, ()>);

impl<S, N> FormatEvent<S, N> for ForJournal
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    N: for<'writer> FormatFields<'writer> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut line = String::new();
        self.0.format_event(context, Writer::new(&mut line), event)?;
        writeln!(writer, "<{}>{}", priority(*event.metadata().level()), one_line(&line))
    }
}

/// The journal makes an entry of each line, and reads a priority at the start of each: what comes from outside, such as the
/// words of another program, must not make entries of its own.
fn one_line(text: &str) -> String {
    let is_break = |char: char| char.is_control() || matches!(char, '\u{2028}' | '\u{2029}');
    text.trim().chars().map(|char| if is_break(char) { ' ' } else { char }).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing::{debug, error, info, info_span, trace, warn};

    use super::*;

    /// What was written.
    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn each_event_is_a_line_with_its_priority() {
        let written = Written::default();
        let writer = written.clone();
        let log = tracing_subscriber::fmt()
            .with_max_level(Level::TRACE)
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .event_format(ForJournal(Format::default().without_time().with_level(false)))
            .finish();
        tracing::subscriber::with_default(log, || {
            let _span = info_span!("request", id = 7).entered();
            error!("broken");
            warn!(failure = "it said\n<0>all is lost\r\nREADY", "not\ndescribed");
            info!(count = 2, "forgotten");
            debug!("seen");
            trace!("looked");
        });
        let place = "request{id=7}: descry_daemon::log::tests:";
        let expected = [
            format!("<3>{place} broken"),
            format!("<4>{place} not described failure=\"it said\\n<0>all is lost\\r\\nREADY\""),
            format!("<6>{place} forgotten count=2"),
            format!("<7>{place} seen"),
            format!("<7>{place} looked"),
        ];
        let written = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        assert_eq!(written.lines().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn the_journal_is_known_by_its_stream() {
        let own = rustix::fs::fstat(io::stderr()).unwrap();
        let named = format!("{}:{}", own.st_dev, own.st_ino);
        for (stream, expected) in [
            (Some(named.as_str()), true),
            (Some("1:1"), false),
            (Some("x:y"), false),
            (Some(""), false),
            (None, false),
        ] {
            assert_eq!(is_journal(stream.map(OsStr::new)), expected, "{stream:?}");
        }
    }
}
