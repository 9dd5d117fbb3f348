//! When a narration says something, as the table `[narration]` of the settings has it.

use std::{ops::RangeInclusive, time::Duration};

use toml::{Table, Value};

use super::policy::Pace;
use crate::words::{Message, message};

const MINIMUM_INTERVAL: &str = "minimum_interval_ms";
const CHANGE_THRESHOLD: &str = "change_threshold";
const MAXIMUM_PER_MINUTE: &str = "maximum_per_minute";

impl Pace {
    /// The names of its settings.
    #[must_use]
    pub fn names() -> [&'static str; 3] {
        [MINIMUM_INTERVAL, CHANGE_THRESHOLD, MAXIMUM_PER_MINUTE]
    }

    /// Reads the table, over what holds without it; else what is wrong.
    pub fn read(table: &Table) -> Result<Self, Message> {
        let mut pace = Self::default();
        for (name, value) in table {
            let setting = format!("narration.{name}");
            match name.as_str() {
                MINIMUM_INTERVAL => {
                    let milliseconds = whole(&setting, value, Self::INTERVALS)?;
                    pace.minimum_interval = Duration::from_millis(milliseconds.into());
                }
                CHANGE_THRESHOLD => {
                    let given = value.as_float().or_else(|| value.as_integer().map(|whole| whole as f64));
                    let given = given.filter(|given| (0.0..=1.0).contains(given));
                    pace.change_threshold = given.ok_or_else(|| between(&setting, value, 0, 1))? as f32;
                }
                MAXIMUM_PER_MINUTE => {
                    pace.maximum_per_minute = whole(&setting, value, Self::PER_MINUTE)?;
                }
                _ => return Err(unknown(name)),
            }
        }
        Ok(pace)
    }

    /// What holds where no place says anything else.
    #[must_use]
    pub fn built_in() -> Table {
        let pace = Self::default();
        Table::from_iter([
            (MINIMUM_INTERVAL.to_owned(), Value::Integer(pace.minimum_interval.as_millis() as i64)),
            // Not with the digits that a smaller float has too many of.
            (
                CHANGE_THRESHOLD.to_owned(),
                Value::Float((f64::from(pace.change_threshold) * 1e6).round() / 1e6),
            ),
            (MAXIMUM_PER_MINUTE.to_owned(), Value::Integer(pace.maximum_per_minute.into())),
        ])
    }

    /// A table with those that are given.
    #[must_use]
    pub fn table(
        minimum_interval: Option<Duration>,
        change_threshold: Option<f64>,
        maximum_per_minute: Option<u32>,
    ) -> Table {
        let interval = minimum_interval.map(|interval| Value::Integer(interval.as_millis() as i64));
        let values = [
            (MINIMUM_INTERVAL, interval),
            (CHANGE_THRESHOLD, change_threshold.map(Value::Float)),
            (MAXIMUM_PER_MINUTE, maximum_per_minute.map(|count| Value::Integer(count.into()))),
        ];
        values.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
    }
}

fn whole(setting: &str, value: &Value, meant: RangeInclusive<u32>) -> Result<u32, Message> {
    let whole = value.as_integer().and_then(|whole| u32::try_from(whole).ok());
    let whole = whole.filter(|whole| meant.contains(whole));
    whole.ok_or_else(|| between(setting, value, *meant.start(), *meant.end()))
}

fn between(setting: &str, value: &Value, least: u32, most: u32) -> Message {
    let value = value.to_string();
    message!("setting-between", name = setting, value = value, least = least, most = most)
}

fn unknown(name: &str) -> Message {
    let alike = |known: &&str| strsim::jaro_winkler(name, known);
    let nearest = Pace::names().into_iter().max_by(|one, other| alike(one).total_cmp(&alike(other)));
    let nearest = format!("narration.{}", nearest.unwrap_or(MINIMUM_INTERVAL));
    message!("setting-unknown-nearest", name = format!("narration.{name}"), nearest = nearest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_read_over_what_holds_without_it() {
        assert_eq!(Pace::read(&Pace::built_in()), Ok(Pace::default()));
        assert_eq!(Pace::built_in().keys().len(), Pace::names().len());
        let table = Pace::table(Some(Duration::from_millis(1500)), Some(0.25), None);
        let expected =
            Pace { minimum_interval: Duration::from_millis(1500), change_threshold: 0.25, ..Pace::default() };
        assert_eq!(Pace::read(&table), Ok(expected));
        assert_eq!(Pace::table(None, None, None), Table::new());
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for (text, words) in [
            ("minimum_interval_ms = 10", "narration.minimum_interval_ms is 10: it must be between 500"),
            ("minimum_interval_ms = \"3 s\"", "narration.minimum_interval_ms is \"3 s\""),
            ("change_threshold = 1.5", "narration.change_threshold is 1.5: it must be between 0 and 1"),
            ("change_threshold = nan", "between 0 and 1"),
            ("change_threshold = true", "between 0 and 1"),
            ("maximum_per_minute = -1", "between 1 and 60"),
            ("maximum_per_minute = 0", "between 1 and 60"),
            ("minimum_interval = 3", "did you mean narration.minimum_interval_ms?"),
        ] {
            let error = Pace::read(&toml::from_str(text).unwrap()).unwrap_err().to_string();
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}
