//! The battery that the board runs on, and when to say that it runs out.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use tokio::time::{MissedTickBehavior, interval};
use tracing::info;

use super::{entries, number, sysfs, word};
use crate::{
    preferences::Shared,
    speech::{Urgency, Utterance, Voice},
    words::{Message, message},
};

/// How often the battery is looked at. None of the levels is crossed faster.
const INTERVAL: Duration = Duration::from_mins(1);

/// The percentages at which something is said.
const LEVELS: [u8; 3] = [20, 10, 5];

/// By how many percent a battery must recover before the same level is said again: gauges waver.
const RECOVERY: u8 = 3;

/// How a battery is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Battery {
    /// How full, from 0 to 100.
    pub percent: u8,
    /// Whether the board lives from it.
    pub is_discharging: bool,
}

/// The emptiest battery that the machine itself runs on, by the kernel's `power_supply` class; none where it has none.
/// Batteries of mice and headsets have the scope "Device", and are not the machine's.
#[must_use]
pub fn read(sysfs: &Path) -> Option<Battery> {
    let battery = |supply: PathBuf| {
        if word(&supply.join("type"))? != "Battery"
            || word(&supply.join("scope")).as_deref() == Some("Device")
        {
            return None;
        }
        // Empty bays say so.
        if number::<u8>(&supply.join("present")) == Some(0) {
            return None;
        }
        let percent = number::<u8>(&supply.join("capacity"))?.min(100);
        let is_discharging = word(&supply.join("status")).as_deref() == Some("Discharging");
        Some(Battery { percent, is_discharging })
    };
    let batteries = entries(&sysfs.join("class/power_supply"), "").into_iter().filter_map(battery);
    batteries.min_by_key(|battery| battery.percent)
}

/// Knows what was said of the battery, so that each level is said once on the way down.
#[derive(Debug, Default)]
pub struct Warner {
    /// The lowest level that was said since the battery was last charged.
    said: Option<u8>,
}

impl Warner {
    /// What is to be said of a battery that is like this now, if anything.
    pub fn heed(&mut self, battery: Option<Battery>) -> Option<Message> {
        let Some(Battery { percent, is_discharging: true }) = battery else {
            self.said = None;
            return None;
        };
        // What was said counts no more once the battery has risen well above it.
        self.said = self.said.and_then(|said| {
            let counts = |level: &u8| *level >= said && percent < level.saturating_add(RECOVERY);
            LEVELS.iter().copied().filter(counts).min()
        });
        let level = LEVELS.iter().copied().filter(|level| percent <= *level).min()?;
        if self.said.is_some_and(|said| said <= level) {
            return None;
        }
        self.said = Some(level);
        Some(sentence(percent, level))
    }
}

fn sentence(percent: u8, level: u8) -> Message {
    match level {
        20 => message!("board-battery", percent = percent),
        10 => message!("board-battery-low", percent = percent),
        _ => message!("board-battery-empty", percent = percent),
    }
}

/// Watches the battery for ever and has what matters of it said.
pub async fn watch(voice: Arc<dyn Voice>, preferences: Shared) {
    let mut ticks = interval(INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut warner = Warner::default();
    loop {
        ticks.tick().await;
        // A gauge may take its time.
        let read = tokio::task::spawn_blocking(|| read(&sysfs())).await;
        if let Some(said) = warner.heed(read.ok().flatten()) {
            info!(%said, "the battery runs out");
            let text = said.in_language(preferences.now().words());
            let _speaking = voice.say(Utterance::new(text, Urgency::Fault));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::board::fake::sysfs;

    #[test]
    fn the_machines_own_emptiest_battery_counts() {
        for (files, expected) in [
            (&[("class/power_supply/AC/type", "Mains")][..], None),
            (
                &[
                    ("class/power_supply/BAT0/type", "Battery"),
                    ("class/power_supply/BAT0/capacity", "63"),
                    ("class/power_supply/BAT0/status", "Discharging"),
                    ("class/power_supply/BAT1/type", "Battery"),
                    ("class/power_supply/BAT1/capacity", "12"),
                    ("class/power_supply/BAT1/status", "Charging"),
                ],
                Some(Battery { percent: 12, is_discharging: false }),
            ),
            (
                &[
                    ("class/power_supply/mouse/type", "Battery"),
                    ("class/power_supply/mouse/scope", "Device"),
                    ("class/power_supply/mouse/capacity", "3"),
                    ("class/power_supply/pack/type", "Battery"),
                    ("class/power_supply/pack/present", "1"),
                    ("class/power_supply/pack/capacity", "101"),
                    ("class/power_supply/pack/status", "Discharging"),
                ],
                Some(Battery { percent: 100, is_discharging: true }),
            ),
            (&[("class/power_supply/bay/type", "Battery"), ("class/power_supply/bay/present", "0")], None),
            (
                &[("class/power_supply/odd/type", "Battery"), ("class/power_supply/odd/capacity", "full")],
                None,
            ),
        ] {
            let root = sysfs(files);
            assert_eq!(read(root.path()), expected, "{files:?}");
        }
        assert_eq!(read(Path::new("/no/such/folder")), None);
    }

    #[test]
    fn each_level_is_said_once_on_the_way_down() {
        let mut warner = Warner::default();
        let mut heed = |percent, is_discharging| {
            let text = warner.heed(Some(Battery { percent, is_discharging }));
            text.map(|text| text.to_string().split(['.', ':']).next().unwrap_or_default().to_owned())
        };
        let (quarter, low, empty) = (
            Some("The battery is at 19 percent".to_owned()),
            Some("The battery is low".to_owned()),
            Some("The battery is almost empty".to_owned()),
        );
        for (percent, is_discharging, expected) in [
            (50, true, None),
            (19, true, quarter.clone()),
            (18, true, None),
            // The gauge wavers.
            (21, true, None),
            (19, true, None),
            (10, true, low.clone()),
            (11, true, None),
            (9, true, None),
            (4, true, empty.clone()),
            (3, true, None),
            // It was charged, and goes down again.
            (3, false, None),
            (19, false, None),
            (19, true, quarter),
            // It fell through a level.
            (5, true, empty.clone()),
        ] {
            assert_eq!(heed(percent, is_discharging), expected, "{percent} {is_discharging}");
        }
        assert_eq!(Warner::default().heed(None), None);
        let first = Warner::default().heed(Some(Battery { percent: 2, is_discharging: true }));
        assert!(
            first.is_some_and(|text| text.to_string().starts_with("The battery is almost empty: 2 percent."))
        );
    }
}
