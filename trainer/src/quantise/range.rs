//! How often a tensor takes which value, and the 256 steps that serve those values best.

/// Bins of a histogram; those below the middle count negative values.
const BINS: usize = 8192;
/// Clipping bounds that are tried on each side, between a third of the range and all of it.
const CANDIDATES: u16 = 24;

/// How often values occurred, in bins of equal width around zero. The width doubles when a value falls outside.
#[derive(Debug, Clone)]
pub struct Histogram {
    /// The bins cover `-bound..bound`.
    bound: f32,
    counts: Vec<u64>,
    minimum: f32,
    maximum: f32,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { bound: 1.0 / 1024.0, counts: vec![0; BINS], minimum: 0.0, maximum: 0.0 }
    }
}

impl Histogram {
    /// Counts values. Zero always counts as seen, since padding and silence are zero.
    pub fn observe(&mut self, values: &[f32]) {
        let (minimum, maximum) = values
            .iter()
            .filter(|value| value.is_finite())
            .fold((self.minimum, self.maximum), |(low, high), &value| (low.min(value), high.max(value)));
        (self.minimum, self.maximum) = (minimum, maximum);
        while self.bound <= maximum.max(-minimum) && self.bound < f32::MAX / 4.0 {
            self.double();
        }
        let per_value = BINS as f32 / 2.0 / self.bound;
        for value in values {
            let bin = (value * per_value + BINS as f32 / 2.0) as usize;
            self.counts[bin.min(BINS - 1)] += 1;
        }
    }

    fn double(&mut self) {
        let mut counts = vec![0; BINS];
        for (bin, count) in self.counts.iter().enumerate() {
            counts[bin / 2 + BINS / 4] += count;
        }
        self.counts = counts;
        self.bound *= 2.0;
    }

    /// The steps for these values, chosen by `rule`.
    #[must_use]
    pub fn steps(&self, rule: Rule) -> Steps {
        match rule {
            Rule::Everything => Steps::covering(self.minimum, self.maximum),
            Rule::LeastError => self.least_error(),
        }
    }

    fn least_error(&self) -> Steps {
        let width = 2.0 * self.bound / BINS as f32;
        let filled: Vec<(f32, f64)> = self
            .counts
            .iter()
            .enumerate()
            .filter(|&(_, &count)| count > 0)
            .map(|(bin, &count)| ((bin as f32 + 0.5) * width - self.bound, count as f64))
            .collect();
        let shares: Vec<f32> =
            (0..CANDIDATES).map(|step| 1.0 - 2.0 / 3.0 * f32::from(step) / f32::from(CANDIDATES)).collect();
        let low_shares = if self.minimum < 0.0 { &shares[..] } else { &shares[..1] };
        let mut best = (f64::INFINITY, Steps::covering(self.minimum, self.maximum));
        for low in low_shares {
            for high in &shares {
                let steps = Steps::covering(self.minimum * low, self.maximum * high);
                let error = filled
                    .iter()
                    .map(|&(value, count)| f64::from(steps.rounded(value) - value).powi(2) * count)
                    .sum::<f64>();
                if error < best.0 {
                    best = (error, steps);
                }
            }
        }
        best.1
    }
}

/// How the range of a tensor is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Rule {
    /// From the smallest value seen to the largest.
    Everything,
    /// Clipped where that makes the mean square error smallest.
    LeastError,
}

/// 256 values at equal distances, zero among them: `(step - zero_point) * scale`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Steps {
    /// Distance of neighbours; above 0.
    pub scale: f32,
    /// The step that is zero.
    pub zero_point: u8,
}

impl Steps {
    /// The closest steps that reach from `low` to `high` and hold both zero and no less than either end.
    #[must_use]
    pub fn covering(low: f32, high: f32) -> Self {
        let (low, high) = (low.min(0.0), high.max(0.0));
        let range = high - low;
        if range <= f32::MIN_POSITIVE * 256.0 {
            return Self { scale: 1.0, zero_point: 0 };
        }
        let zero_point = (-low / range * 255.0).round();
        // The zero point was rounded, so one of the sides would not quite be reached.
        let below = if zero_point > 0.0 { -low / zero_point } else { 0.0 };
        let above = if zero_point < 255.0 { high / (255.0 - zero_point) } else { 0.0 };
        Self { scale: below.max(above), zero_point: zero_point as u8 }
    }

    /// The value that stands for `value`.
    #[must_use]
    pub fn rounded(&self, value: f32) -> f32 {
        let zero_point = f32::from(self.zero_point);
        let step = ((value / self.scale).round_ties_even() + zero_point).clamp(0.0, 255.0);
        (step - zero_point) * self.scale
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_hold_zero_and_reach_both_ends() {
        let cases: [(f32, f32, u8); 7] = [
            (0.0, 6.0, 0),
            (-1.0, 1.0, 128),
            (-3.0, 0.0, 255),
            (-0.1, 12.0, 2),
            (2.0, 4.0, 0),
            (-4.0, -2.0, 255),
            (0.0, 0.0, 0),
        ];
        for (low, high, zero_point) in cases {
            let steps = Steps::covering(low, high);
            assert_eq!(steps.zero_point, zero_point, "{low}..{high}");
            assert!(steps.scale > 0.0);
            for value in [low, 0.0, high, f32::midpoint(low, high)] {
                let error = (steps.rounded(value) - value).abs();
                assert!(error <= steps.scale * 0.5001, "{low}..{high}: {value} is off by {error}");
            }
            assert!(steps.rounded(0.0).abs() < f32::EPSILON);
        }
    }

    #[test]
    fn a_relu6_keeps_its_whole_range_on_255_steps() {
        let steps = Steps::covering(0.0, 6.0);
        assert!((steps.scale - 6.0 / 255.0).abs() < 1e-9);
    }

    #[test]
    fn a_histogram_widens_and_forgets_nothing() {
        let mut histogram = Histogram::default();
        histogram.observe(&[0.0001, -0.0002]);
        histogram.observe(&[5.0, -3.0, 0.5]);
        assert_eq!(histogram.counts.iter().sum::<u64>(), 5);
        assert_eq!(histogram.steps(Rule::Everything), Steps::covering(-3.0, 5.0));
        let negative: u64 = histogram.counts[..BINS / 2].iter().sum();
        assert_eq!(negative, 2);
    }

    #[test]
    fn one_far_value_is_clipped_away() {
        let mut histogram = Histogram::default();
        let near: Vec<f32> = (0..10_000u16).map(|step| f32::from(step) / 10_000.0).collect();
        (0..100).for_each(|_| histogram.observe(&near));
        histogram.observe(&[3.0]);
        assert!((histogram.steps(Rule::Everything).scale - 3.0 / 255.0).abs() < 1e-6);
        assert!(histogram.steps(Rule::LeastError).scale < 2.0 / 255.0);
    }

    #[test]
    fn not_a_number_does_no_harm() {
        let mut histogram = Histogram::default();
        histogram.observe(&[f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1.0]);
        let steps = histogram.steps(Rule::LeastError);
        assert!(steps.scale.is_finite() && steps.scale > 0.0);
    }
}
