//! The learning rate of a step: a linear warm-up, then a cosine down to a twentieth (Loshchilov and Hutter 2017), or the
//! same rate until the dev score stands still.

use crate::checkpoint::Progress;
use crate::experiment::Schedule;

/// Where the cosine ends, as a share of the highest rate.
const FLOOR: f64 = 0.05;

/// The share of the highest rate at `step` of `total`, in 0..=1; `cut` is what [`after_epoch`] has left of it.
#[must_use]
pub(super) fn share(schedule: Schedule, step: usize, total: usize, warmup: usize, cut: f64) -> f64 {
    if step < warmup {
        return cut * (step + 1) as f64 / warmup as f64;
    }
    match schedule {
        Schedule::Cosine => {
            let progress = (step - warmup) as f64 / total.saturating_sub(warmup).max(1) as f64;
            FLOOR + (1.0 - FLOOR) * 0.5 * (1.0 + (std::f64::consts::PI * progress.min(1.0)).cos())
        }
        Schedule::Plateau { .. } => cut,
    }
}

/// What an epoch's dev score means for the rates of the next: on a plateau they fall. True when they just fell.
pub(super) fn after_epoch(schedule: Schedule, progress: &mut Progress, better: bool) -> bool {
    let Schedule::Plateau { factor, patience } = schedule else { return false };
    progress.epochs_since_cut = if better { 0 } else { progress.epochs_since_cut + 1 };
    let falls = progress.epochs_since_cut > patience;
    if falls {
        progress.rate_share *= factor;
        progress.epochs_since_cut = 0;
    }
    falls
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rises_then_falls() {
        for (step, total, warmup, wanted) in [
            (0, 100, 10, 0.1),
            (9, 100, 10, 1.0),
            (10, 100, 10, 1.0),
            (55, 100, 10, 0.525),
            (100, 100, 10, 0.05),
            (500, 100, 10, 0.05),
            (0, 0, 0, 1.0),
        ] {
            let found = share(Schedule::Cosine, step, total, warmup, 1.0);
            assert!((found - wanted).abs() < 1e-9, "{step} of {total} after {warmup}: {found}");
        }
    }

    #[test]
    fn a_plateau_halves_the_rate() {
        let schedule = Schedule::Plateau { factor: 0.5, patience: 1 };
        let mut progress = Progress::START;
        let mut rates = Vec::new();
        for better in [true, false, false, false, true, false, false] {
            after_epoch(schedule, &mut progress, better);
            rates.push(share(schedule, 50, 60, 10, progress.rate_share));
        }
        assert_eq!(rates, [1.0, 1.0, 0.5, 0.5, 0.5, 0.5, 0.25]);
        assert!((share(schedule, 4, 60, 10, 0.5) - 0.25).abs() < 1e-12, "half way through the warm-up");
        let mut other = Progress::START;
        assert!(!after_epoch(Schedule::Cosine, &mut other, false));
        assert_eq!(other, Progress::START);
    }
}
