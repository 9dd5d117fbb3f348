//! What scores of classes are worth: a temperature for the softmax, and a curve from a tag's share to its probability.

use std::fmt;

use anyhow::{Result, ensure};
use descry_models::tags::softmax;

use crate::calibrate::trial::{bounds, calibration_error, roc_area};

/// Parts that held-out numbers are found with: each in turn is left out of the fit.
const FOLDS: usize = 5;
/// The share of the tags that are told that has to be right.
const SURE_RIGHT: f64 = 0.9;
/// The fewest tags that a curve is fitted to.
const LEAST_JUDGED: usize = 40;

/// The classes' scores of a picture, and its class.
#[derive(Debug, Clone)]
pub struct Labelled {
    /// One for each class.
    pub scores: Vec<f32>,
    /// The right one.
    pub class: usize,
}

/// A tag that was looked at.
#[derive(Debug, Clone, Copy)]
pub struct Judged {
    /// The number of the picture: those of one picture are never parted.
    pub picture: usize,
    /// The log odds of its share of the softmax.
    pub log_odds: f64,
    /// Whether the thing is to be seen.
    pub right: bool,
}

/// What pictures with labels say.
#[derive(Debug, Clone)]
pub struct LabelledReport {
    /// How many.
    pub count: usize,
    /// The temperature that makes the labels most probable.
    pub temperature: f32,
    /// The share whose class has the highest score.
    pub top1: f64,
    /// The share whose class is among the five highest.
    pub top5: f64,
    /// The mean of the negative log probability of the class, as it comes and with the temperature of the other folds.
    pub nats: [f64; 2],
    /// How far the probability of the highest class is from how often it is right, in the same two ways.
    pub error: [f64; 2],
}

/// A curve from log odds to log odds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Curve {
    /// Where those of the share are 0.
    pub intercept: f64,
    /// For each unit.
    pub slope: f64,
}

/// What tags that were looked at say.
#[derive(Debug, Clone)]
pub struct JudgedReport {
    /// How many.
    pub count: usize,
    /// The share that is right.
    pub right: f64,
    /// The curve that was fitted to all of them.
    pub curve: Curve,
    /// How often a tag that is right has a greater share than one that is not.
    pub roc_area: f64,
    /// How far the share itself is from how often such tags are right.
    pub error_of_share: f64,
    /// The same of the probability, on the folds that it was not fitted to.
    pub error: f64,
    /// What is told is at least so probable.
    pub sure: f32,
    /// How many would be told, each by curve and bound of the other folds.
    pub told: usize,
    /// The share of these that is right.
    pub right_when_sure: f64,
}

/// Finds the temperature, and what it is worth on pictures that it was not chosen by.
#[must_use]
pub fn labelled(pictures: &[Labelled]) -> LabelledReport {
    let all = || pictures.iter();
    let temperature = temperature(&all());
    let (mut nats, mut pairs) = ([0.0; 2], [Vec::new(), Vec::new()]);
    let (mut top1, mut top5) = (0, 0);
    for picture in pictures {
        let due = picture.scores[picture.class];
        let better = picture.scores.iter().filter(|score| **score > due).count();
        top1 += usize::from(better == 0);
        top5 += usize::from(better < 5);
    }
    for fold in 0..FOLDS {
        let others = all().enumerate().filter(|(index, _)| index % FOLDS != fold).map(|(_, picture)| picture);
        let held_out = self::temperature(&others);
        for picture in pictures.iter().skip(fold).step_by(FOLDS) {
            for (way, temperature) in [1.0, held_out].into_iter().enumerate() {
                let shares = softmax(&picture.scores, temperature);
                nats[way] -= f64::from(shares[picture.class].max(f32::MIN_POSITIVE)).ln();
                let highest = shares.iter().copied().fold(0.0, f32::max);
                pairs[way].push((f64::from(highest), shares[picture.class] >= highest));
            }
        }
    }
    let count = pictures.len();
    let share = |number: usize| number as f64 / count.max(1) as f64;
    LabelledReport {
        count,
        temperature,
        top1: share(top1),
        top5: share(top5),
        nats: nats.map(|sum| sum / count.max(1) as f64),
        error: pairs.map(|pairs| calibration_error(&pairs)),
    }
}

/// The temperature, between 0.5 and 3, that makes the labels most probable.
fn temperature<'a>(pictures: &(impl Iterator<Item = &'a Labelled> + Clone)) -> f32 {
    let nats = |temperature: f32| -> f64 {
        let of = |picture: &Labelled| {
            let share = softmax(&picture.scores, temperature)[picture.class];
            -f64::from(share.max(f32::MIN_POSITIVE)).ln()
        };
        pictures.clone().map(of).sum()
    };
    let candidates = (0_u16..=125).map(|step| 0.5 + f32::from(step) * 0.02);
    let mut best = (1.0, f64::INFINITY);
    for candidate in candidates {
        let found = nats(candidate);
        if found < best.1 {
            best = (candidate, found);
        }
    }
    best.0
}

/// Fits the curve and the bound from which tags are told, and tries both on pictures that they were not fitted to.
pub fn judged(tags: &[Judged]) -> Result<JudgedReport> {
    let right = tags.iter().filter(|tag| tag.right).count();
    ensure!(
        tags.len() >= LEAST_JUDGED && right > 0 && right < tags.len(),
        "{right} of {} tags are right; at least {LEAST_JUDGED} are needed, of both kinds",
        tags.len()
    );
    let of = |curve: Curve, tags: &mut dyn Iterator<Item = &Judged>| -> Vec<(f64, bool)> {
        tags.map(|tag| (curve.probability(tag.log_odds), tag.right)).collect()
    };
    let (mut held_out, mut told, mut right_when_told) = (Vec::new(), 0, 0);
    for fold in 0..FOLDS {
        let is_out = |tag: &&Judged| tag.picture % FOLDS == fold;
        let curve = Curve::fit(&tags.iter().filter(|tag| !is_out(tag)));
        let bound = bounds(&of(curve, &mut tags.iter().filter(|tag| !is_out(tag))), SURE_RIGHT).high;
        let pairs = of(curve, &mut tags.iter().filter(is_out));
        for (probability, right) in &pairs {
            let is_told = *probability >= f64::from(bound);
            told += usize::from(is_told);
            right_when_told += usize::from(is_told && *right);
        }
        held_out.extend(pairs);
    }
    let curve = Curve::fit(&tags.iter());
    let same = Curve { intercept: 0.0, slope: 1.0 };
    Ok(JudgedReport {
        count: tags.len(),
        right: right as f64 / tags.len() as f64,
        curve,
        roc_area: roc_area(of(same, &mut tags.iter())),
        error_of_share: calibration_error(&of(same, &mut tags.iter())),
        error: calibration_error(&held_out),
        sure: bounds(&of(curve, &mut tags.iter()), SURE_RIGHT).high,
        told,
        right_when_sure: right_when_told as f64 / told.max(1) as f64,
    })
}

impl Curve {
    /// By Newton's method, with next to no penalty.
    fn fit<'a>(tags: &(impl Iterator<Item = &'a Judged> + Clone)) -> Self {
        let mut curve = Self { intercept: 0.0, slope: 1.0 };
        for _ in 0..50 {
            let (mut gradient, mut curvature) = ([0.0; 2], [1e-6, 0.0, 1e-6]);
            for tag in tags.clone() {
                let probability = curve.probability(tag.log_odds);
                let error = f64::from(u8::from(tag.right)) - probability;
                let spread = (probability * (1.0 - probability)).max(1e-9);
                gradient[0] += error;
                gradient[1] += error * tag.log_odds;
                curvature[0] += spread;
                curvature[1] += spread * tag.log_odds;
                curvature[2] += spread * tag.log_odds * tag.log_odds;
            }
            let [one, both, other] = curvature;
            let determinant = one * other - both * both;
            if determinant.abs() < 1e-12 {
                break;
            }
            let step = [
                (gradient[0] * other - gradient[1] * both) / determinant,
                (gradient[1] * one - gradient[0] * both) / determinant,
            ];
            curve.intercept = (curve.intercept + step[0].clamp(-2.0, 2.0)).clamp(-50.0, 50.0);
            // A tag of greater share is never the less probable one.
            curve.slope = (curve.slope + step[1].clamp(-1.0, 1.0)).clamp(0.01, 50.0);
        }
        curve
    }

    /// The probability of a tag.
    #[must_use]
    pub fn probability(self, log_odds: f64) -> f64 {
        1.0 / (1.0 + (-(self.intercept + self.slope * log_odds)).exp())
    }
}

impl fmt::Display for LabelledReport {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |share: f64| 100.0 * share;
        writeln!(out, "{} pictures with a labelled class:", self.count)?;
        writeln!(out, "  named at once                {:.1} %", percent(self.top1))?;
        writeln!(out, "  among the first five         {:.1} %", percent(self.top5))?;
        writeln!(out, "  temperature                  {:.2}", self.temperature)?;
        writeln!(out, "  negative log probability     {:.3}, held out {:.3}", self.nats[0], self.nats[1])?;
        write!(out, "  expected calibration error   {:.3}, held out {:.3}", self.error[0], self.error[1])
    }
}

impl fmt::Display for JudgedReport {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |share: f64| 100.0 * share;
        writeln!(out, "{} tags that were looked at, {:.1} % right:", self.count, percent(self.right))?;
        writeln!(out, "  ROC area                     {:.3}", self.roc_area)?;
        writeln!(
            out,
            "  expected calibration error   {:.3}, held out {:.3}",
            self.error_of_share, self.error
        )?;
        writeln!(out, "  told from                    {:.3}", self.sure)?;
        write!(
            out,
            "  told of those held out       {}, {:.1} % right",
            self.told,
            percent(self.right_when_sure)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_temperature_undoes_what_scores_are_too_far_apart() {
        // Right as often as a softmax at temperature 2 says.
        let share = 1.0 / (1.0 + (-1.0_f64).exp());
        let pictures: Vec<Labelled> = (0..1000)
            .map(|index| Labelled {
                scores: vec![2.0, 0.0],
                class: usize::from(f64::from(index * 37 % 1000) >= share * 1000.0),
            })
            .collect();
        let found = labelled(&pictures);
        assert!((found.temperature - 2.0).abs() < 0.05, "{}", found.temperature);
        assert!((found.top1 - share).abs() < 0.002 && (found.top5 - 1.0).abs() < 1e-9);
        assert!(found.nats[1] < found.nats[0] && found.error[1] < found.error[0], "{found:?}");
    }

    #[test]
    fn the_curve_and_the_bound_are_found_again() {
        let due = Curve { intercept: 0.5, slope: 0.6 };
        let tags: Vec<Judged> = (0..4000_u32)
            .map(|index| {
                let log_odds = f64::from(index % 80) / 10.0 - 3.0;
                let chance = f64::from(index.wrapping_mul(2_654_435_761) >> 8) / f64::from(1_u32 << 24);
                Judged { picture: index as usize, log_odds, right: chance < due.probability(log_odds) }
            })
            .collect();
        let found = judged(&tags).expect("a report");
        let Curve { intercept, slope } = found.curve;
        assert!((intercept - 0.5).abs() < 0.15 && (slope - 0.6).abs() < 0.08, "{found:?}");
        assert!(found.error < 0.04 && found.error < found.error_of_share, "{found:?}");
        assert!(found.right_when_sure > 0.85 && found.told > 0, "{found:?}");
        assert!(judged(&tags[..20]).is_err(), "too few");
    }
}
