//! How far a long task is: a bar with throughput and time left on a terminal; elsewhere, or where it is asked for, a plain
//! line from time to time, which a screen reader and a log file can follow. All of it is on standard error.

use std::io::IsTerminal as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Between two plain lines.
const EVERY: Duration = Duration::from_secs(20);

static PLAIN: AtomicBool = AtomicBool::new(false);
static SILENT: AtomicBool = AtomicBool::new(false);

/// From now on, plain lines on a terminal too.
pub fn use_plain_lines() {
    PLAIN.store(true, Ordering::Relaxed);
}

/// From now on, nothing: another process tells how far all are.
pub fn be_silent() {
    SILENT.store(true, Ordering::Relaxed);
}

/// Whether a bar is drawn: on a terminal that can move its cursor, unless plain lines are asked for.
fn is_drawn() -> bool {
    let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
    !dumb && !PLAIN.load(Ordering::Relaxed) && std::io::stderr().is_terminal()
}

/// A task that is under way.
#[derive(Debug)]
pub struct Bar {
    task: ProgressBar,
    /// What stands below the bar.
    note: Option<ProgressBar>,
    /// Where plain lines are written instead.
    plain: Option<Mutex<Plain>>,
    unit: &'static str,
}

#[derive(Debug)]
struct Plain {
    begun: Instant,
    told: Instant,
    first: u64,
}

/// A bar over `length` things called `unit`.
#[must_use]
pub fn bar(length: u64, message: &str, unit: &'static str) -> Bar {
    let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::hidden())
        .with_message(message.to_owned());
    if SILENT.load(Ordering::Relaxed) {
        return Bar { task: bar, note: None, plain: None, unit };
    }
    if !is_drawn() {
        let now = Instant::now();
        return Bar {
            task: bar,
            note: None,
            plain: Some(Mutex::new(Plain { begun: now, told: now, first: 0 })),
            unit,
        };
    }
    let all = MultiProgress::new();
    let bar = all.add(bar);
    let note = all.add(ProgressBar::new(0));
    let template = format!("{{msg}} {{wide_bar}} {{pos}}/{{len}} {unit}, {{per_sec}}, {{eta}} left");
    for (bar, template) in [(&bar, template.as_str()), (&note, "{msg}")] {
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
    }
    Bar { task: bar, note: Some(note), plain: None, unit }
}

impl Bar {
    /// That so many more are done.
    pub fn inc(&self, more: u64) {
        self.task.inc(more);
        let Some(plain) = &self.plain else { return };
        let Ok(mut plain) = plain.lock() else { return };
        if plain.told.elapsed() < EVERY {
            return;
        }
        plain.told = Instant::now();
        let (at, length) = (self.task.position(), self.task.length().unwrap_or(0));
        let seconds = plain.begun.elapsed().as_secs_f64();
        eprintln!(
            "{}: {}",
            self.task.message(),
            line(at, length, at - plain.first.min(at), seconds, self.unit)
        );
    }

    /// That so many were done before.
    pub fn begin_at(&self, position: u64) {
        self.task.set_position(position);
        self.task.reset_eta();
        if let Some(Ok(mut plain)) = self.plain.as_ref().map(Mutex::lock) {
            plain.first = position;
        }
    }

    /// What is being done.
    pub fn set_message(&self, message: String) {
        self.task.set_message(message);
    }

    /// What stands below the bar, on a terminal.
    pub fn set_note(&self, note: impl FnOnce() -> String) {
        if let Some(bar) = &self.note {
            bar.set_message(note());
        }
    }

    /// The end: the bar is taken away.
    pub fn finish_and_clear(&self) {
        self.task.finish_and_clear();
        if let Some(note) = &self.note {
            note.finish_and_clear();
        }
    }
}

/// Where a task stands, `done` of it in so many seconds.
fn line(at: u64, length: u64, done: u64, seconds: f64, unit: &str) -> String {
    let rate = done as f64 / seconds.max(1e-9);
    let left = if done == 0 {
        String::new()
    } else {
        format!(", {} left", time(length.saturating_sub(at) as f64 / rate))
    };
    format!("{at} of {length} {unit}, {rate:.1} a second{left}")
}

/// A span of time as people say it.
#[must_use]
pub fn time(seconds: f64) -> String {
    let seconds = seconds.round() as u64;
    match seconds {
        0..90 => format!("{seconds} s"),
        90..5400 => format!("{} min", (seconds + 30) / 60),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_lines() {
        for (seconds, said) in
            [(0.4, "0 s"), (89.0, "89 s"), (90.0, "2 min"), (5399.0, "90 min"), (7322.0, "2 h 2 min")]
        {
            assert_eq!(time(seconds), said);
        }
        assert_eq!(line(150, 200, 50, 25.0, "pictures"), "150 of 200 pictures, 2.0 a second, 25 s left");
        assert_eq!(line(0, 200, 0, 25.0, "pictures"), "0 of 200 pictures, 0.0 a second");
    }

    #[test]
    fn a_bar_without_a_terminal_counts() {
        let bar = bar(10, "counting", "things");
        bar.begin_at(3);
        bar.inc(2);
        bar.set_message("counting on".to_owned());
        bar.set_note(|| "nothing".to_owned());
        assert_eq!(bar.task.position(), 5);
        bar.finish_and_clear();
    }
}
