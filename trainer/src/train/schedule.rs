//! The learning rate of a step: a linear warm-up, then a cosine down to a twentieth (Loshchilov and Hutter 2017).

/// Where the cosine ends, as a share of the highest rate.
const FLOOR: f64 = 0.05;

/// The share of the highest rate at `step` of `total`, in 0..=1.
#[must_use]
pub(super) fn share(step: usize, total: usize, warmup: usize) -> f64 {
    if step < warmup {
        return (step + 1) as f64 / warmup as f64;
    }
    let progress = (step - warmup) as f64 / total.saturating_sub(warmup).max(1) as f64;
    FLOOR + (1.0 - FLOOR) * 0.5 * (1.0 + (std::f64::consts::PI * progress.min(1.0)).cos())
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
            assert!((share(step, total, warmup) - wanted).abs() < 1e-9, "{step} of {total} after {warmup}");
        }
    }
}
