//! How hot the board is and how much of its power it may use, and how much rarer narration is to be for it.
//!
//! A board that gets too hot slows itself down, and everything on it with it: speech stutters, and what is asked waits.
//! Narration is what can wait, so it is to become rarer before that: whoever paces it multiplies its pauses by
//! [`Load::stretch`].

use std::path::{Path, PathBuf};

use super::{entries, number, word};

/// How a board is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Load {
    /// How many degrees Celsius the hottest part is below where it is slowed down; absent where no part says.
    pub margin: Option<f32>,
    /// The share of its processors that the power mode leaves it, in 0 to 1: cores times clock.
    pub capacity: f32,
}

/// From how many degrees below the limit on narration becomes rarer.
const WARM: f32 = 10.0;

/// How many times rarer narration is at the limit.
const RAREST: f32 = 8.0;

/// How many degrees below the critical temperature a part without a passive limit is taken to be slowed down.
const BELOW_CRITICAL: f32 = 10.0;

impl Load {
    /// How many times longer than asked the pauses between narrated sentences are to be: from 1 to 8.
    ///
    /// The last ten degrees double it three times over; half of the power doubles it. The larger of the two counts, and
    /// not both: a low power mode keeps a board cool.
    #[must_use]
    pub fn stretch(&self) -> f32 {
        let heat = self.margin.map_or(1.0, |margin| {
            let nearness = ((WARM - margin) / WARM).clamp(0.0, 1.0);
            RAREST.powf(nearness)
        });
        let power = if self.capacity > 0.0 { 1.0 / self.capacity } else { 1.0 };
        heat.max(power).clamp(1.0, RAREST)
    }
}

/// Reads it, from the kernel's thermal zones, and from the cores and clocks that `nvpmodel` on a Jetson, or any other
/// keeper of power modes, left on.
#[must_use]
pub fn read(sysfs: &Path) -> Load {
    let zones = entries(&sysfs.join("class/thermal"), "thermal_zone");
    let margin = zones.iter().filter_map(|zone| margin(zone)).reduce(f32::min);
    Load { margin, capacity: capacity(&sysfs.join("devices/system/cpu")) }
}

/// How many degrees one zone is below its limit.
fn margin(zone: &Path) -> Option<f32> {
    let now: f32 = number(&zone.join("temp"))?;
    let (mut slowed, mut critical): (Option<f32>, Option<f32>) = (None, None);
    for kind_file in entries(zone, "trip_point_") {
        let name = kind_file.file_name().unwrap_or_default().to_string_lossy();
        let Some(point) = name.strip_suffix("_type") else { continue };
        let lowest = match word(&kind_file).as_deref() {
            Some("passive") => &mut slowed,
            Some("hot" | "critical") => &mut critical,
            // Where a fan begins to turn nothing is slowed down.
            _ => continue,
        };
        // Points that are turned off are at or below zero.
        let at = number::<f32>(&zone.join(format!("{point}_temp"))).filter(|at| *at > 0.0);
        *lowest = lowest.iter().copied().chain(at).reduce(f32::min);
    }
    let limit = slowed.or_else(|| Some(critical? - BELOW_CRITICAL * 1000.0));
    // A sensor that is off gives nonsense far below freezing.
    (now > -50_000.0).then_some((limit? - now) / 1000.0)
}

/// The share of the processors that may be used.
fn capacity(cpus: &Path) -> f32 {
    let is_core = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.strip_prefix("cpu").is_some_and(|rest| rest.parse::<u32>().is_ok())
    };
    let cores: Vec<_> = entries(cpus, "cpu").into_iter().filter(is_core).collect();
    if cores.is_empty() {
        return 1.0;
    }
    let share = |core: &PathBuf| {
        // The first core often cannot be turned off, and has no such file.
        if number::<u8>(&core.join("online")) == Some(0) {
            return 0.0;
        }
        let clock = |name: &str| number::<f32>(&core.join("cpufreq").join(name));
        match (clock("scaling_max_freq"), clock("cpuinfo_max_freq")) {
            (Some(allowed), Some(able)) if able > 0.0 => (allowed / able).clamp(0.0, 1.0),
            _ => 1.0,
        }
    };
    cores.iter().map(share).sum::<f32>() / cores.len() as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::board::fake::sysfs;

    #[test]
    fn narration_becomes_rarer_before_the_board_slows_down() {
        for (margin, capacity, expected) in [
            (None, 1.0, 1.0),
            (Some(40.0), 1.0, 1.0),
            (Some(10.0), 1.0, 1.0),
            (Some(5.0), 1.0, 8.0_f32.sqrt()),
            (Some(0.0), 1.0, 8.0),
            (Some(-20.0), 1.0, 8.0),
            (Some(40.0), 0.5, 2.0),
            (Some(0.0), 0.5, 8.0),
            (None, 0.01, 8.0),
            (None, 0.0, 1.0),
            (Some(f32::NAN), 1.0, 1.0),
        ] {
            let stretch = Load { margin, capacity }.stretch();
            assert!((stretch - expected).abs() < 1e-4, "{margin:?} {capacity}: {stretch}");
        }
    }

    #[test]
    fn a_jetson_is_read_as_it_is() {
        // As an Orin Nano has them: a fan's points below, the clocks' point above; one zone is off.
        let root = sysfs(&[
            ("class/thermal/thermal_zone0/type", "cpu-thermal"),
            ("class/thermal/thermal_zone0/temp", "91500"),
            ("class/thermal/thermal_zone0/trip_point_0_type", "active"),
            ("class/thermal/thermal_zone0/trip_point_0_temp", "51000"),
            ("class/thermal/thermal_zone0/trip_point_1_type", "passive"),
            ("class/thermal/thermal_zone0/trip_point_1_temp", "99000"),
            ("class/thermal/thermal_zone0/trip_point_1_hyst", "0"),
            ("class/thermal/thermal_zone0/trip_point_2_type", "critical"),
            ("class/thermal/thermal_zone0/trip_point_2_temp", "104500"),
            ("class/thermal/thermal_zone1/type", "gpu-thermal"),
            ("class/thermal/thermal_zone1/temp", "-256000"),
            ("class/thermal/thermal_zone1/trip_point_0_type", "critical"),
            ("class/thermal/thermal_zone1/trip_point_0_temp", "104500"),
            ("class/thermal/thermal_zone2/temp", "no number"),
            ("class/thermal/cooling_device0/type", "pwm-fan"),
            ("devices/system/cpu/cpu0/cpufreq/scaling_max_freq", "1000000"),
            ("devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq", "2000000"),
            ("devices/system/cpu/cpu1/online", "0"),
            ("devices/system/cpu/cpufreq/boost", "1"),
        ]);
        let load = read(root.path());
        assert_eq!(load, Load { margin: Some(7.5), capacity: 0.25 });
        assert!((load.stretch() - 4.0).abs() < 1e-4, "{}", load.stretch());
    }

    #[test]
    fn a_machine_that_says_nothing_is_left_alone() {
        for files in [&[][..], &[("class/thermal/thermal_zone0/temp", "120000")]] {
            let root = sysfs(files);
            assert_eq!(read(root.path()), Load { margin: None, capacity: 1.0 });
        }
        let critical = sysfs(&[
            ("class/thermal/thermal_zone0/temp", "80000"),
            ("class/thermal/thermal_zone0/trip_point_0_type", "critical"),
            ("class/thermal/thermal_zone0/trip_point_0_temp", "100000"),
        ]);
        assert_eq!(read(critical.path()).margin, Some(10.0));
    }
}
