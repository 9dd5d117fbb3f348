//! Multinomial logistic regression by full-batch Adam, with an L2 penalty: convex, so it ends at the one best table.

use descry_daemon::quality::{
    Class,
    statistics::{COUNT, Statistics},
    table::{self, INPUTS},
};

use super::samples::{Sample, place};

const CLASSES: usize = Class::ALL.len();
const STEPS: u32 = 2500;
const PENALTY: f64 = 3e-4;

/// What goes into the table.
pub(super) struct Fitted {
    pub(super) means: Statistics,
    pub(super) deviations: Statistics,
    pub(super) offsets: [f32; CLASSES],
    pub(super) coefficients: Vec<[f32; INPUTS]>,
}

pub(super) fn fit(samples: &[Sample]) -> Fitted {
    let (means, deviations) = moments(samples);
    let inputs: Vec<[f32; INPUTS]> =
        samples.iter().map(|sample| table::standardised(&sample.statistics, &means, &deviations)).collect();
    let mut counts = [0.0_f64; CLASSES];
    for sample in samples {
        counts[place(sample.class)] += 1.0;
    }
    // Each class counts alike but photos, which are most of what is ever seen.
    let weights: Vec<f64> = Class::ALL
        .iter()
        .zip(counts)
        .map(|(class, count)| if *class == Class::Photo { 3.0 } else { 1.0 } / f64::max(count, 1.0))
        .collect();
    let total: f64 = Class::ALL.iter().map(|class| if *class == Class::Photo { 3.0 } else { 1.0 }).sum();

    let mut table = vec![[0.0_f64; INPUTS + 1]; CLASSES];
    let (mut first, mut second) = (table.clone(), table.clone());
    for step in 1..=STEPS {
        let mut gradient = vec![[0.0_f64; INPUTS + 1]; CLASSES];
        let mut loss = 0.0;
        for (sample, input) in samples.iter().zip(&inputs) {
            let mut scores = [0.0_f64; CLASSES];
            for (score, row) in scores.iter_mut().zip(&table) {
                *score = row[INPUTS]
                    + input.iter().zip(row).map(|(input, weight)| f64::from(*input) * weight).sum::<f64>();
            }
            let most = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let sum: f64 = scores.iter().map(|score| (score - most).exp()).sum();
            let due = place(sample.class);
            let weight = weights[due] / total;
            loss -= weight * (scores[due] - most - sum.ln());
            for (class, row) in gradient.iter_mut().enumerate() {
                let error = weight * ((scores[class] - most).exp() / sum - f64::from(u8::from(class == due)));
                for (slot, input) in row.iter_mut().zip(input) {
                    *slot += error * f64::from(*input);
                }
                row[INPUTS] += error;
            }
        }
        let rate = 0.05 * (1.0 - f64::from(step - 1) / f64::from(STEPS));
        let (decay_first, decay_second) =
            (1.0 - 0.9_f64.powi(step as i32), 1.0 - 0.999_f64.powi(step as i32));
        for class in 0..CLASSES {
            for at in 0..=INPUTS {
                let penalty = if at < INPUTS { PENALTY * table[class][at] } else { 0.0 };
                let slope = gradient[class][at] + penalty;
                first[class][at] = 0.9 * first[class][at] + 0.1 * slope;
                second[class][at] = 0.999 * second[class][at] + 0.001 * slope * slope;
                table[class][at] -= rate * (first[class][at] / decay_first)
                    / ((second[class][at] / decay_second).sqrt() + 1e-9);
            }
        }
        if step % 250 == 0 {
            println!("step {step}: loss {loss:.4}");
        }
    }
    let mut offsets = [0.0; CLASSES];
    for (offset, row) in offsets.iter_mut().zip(&table) {
        *offset = row[INPUTS] as f32;
    }
    let coefficients = table.iter().map(|row| std::array::from_fn(|at| row[at] as f32)).collect();
    Fitted { means, deviations, offsets, coefficients }
}

fn moments(samples: &[Sample]) -> (Statistics, Statistics) {
    let count = samples.len() as f64;
    let mut means = [0.0_f32; COUNT];
    let mut deviations = [0.0_f32; COUNT];
    for at in 0..COUNT {
        let mean = samples.iter().map(|sample| f64::from(sample.statistics[at])).sum::<f64>() / count;
        let square =
            samples.iter().map(|sample| (f64::from(sample.statistics[at]) - mean).powi(2)).sum::<f64>()
                / count;
        means[at] = mean as f32;
        deviations[at] = square.sqrt().max(1e-3) as f32;
    }
    (means, deviations)
}
