//! Fits for each word whether a picture's captions have it, from what the encoder sees: logistic regressions side by side, by
//! Adam (Kingma and Ba 2015) over all pictures at once, which gives the same weights on every machine of one kind.

use ndarray::{Array1, Array2, Axis, Zip};

use crate::calibrate::trial::roc_area;

/// Steps over all pictures. More fit the training pictures, and say no more of others.
pub const STEPS: u32 = 60;
const RATE: f32 = 0.01;
/// How fast the weights, for features of deviation 1, fall towards 0. A tenth of it or three times as much is as good.
const DECAY: f32 = 0.03;
const MOMENTUM: f32 = 0.9;
const SECOND_MOMENT: f32 = 0.99;
const SMALL: f32 = 1e-6;
/// Words in fewer pictures say nothing of the area.
const LEAST_PICTURES: usize = 5;

/// `features . weight^T + bias` is the evidence in nats: what the features add to a word's log odds.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    /// `[words, channels]`
    pub weight: Array2<f32>,
    /// `[words]`
    pub bias: Array1<f32>,
}

impl Layer {
    /// Fits to features `[pictures, channels]` and what the captions have, `[pictures, words]` of 0 and 1; every word is in some
    /// picture's captions, and not in every picture's. `done` is called after each step.
    #[must_use]
    pub fn fit(features: &Array2<f32>, has: &Array2<f32>, mut done: impl FnMut()) -> Self {
        let (pictures, channels) = features.dim();
        let words = has.ncols();
        let mean = features.mean_axis(Axis(0)).unwrap_or_else(|| Array1::zeros(channels));
        let deviation = features.std_axis(Axis(0), 0.0) + SMALL;
        let standard = (features - &mean) / &deviation;
        let share = has.mean_axis(Axis(0)).unwrap_or_else(|| Array1::zeros(words));
        let log_odds = share.mapv(|share| (share / (1.0 - share)).ln());

        let mut weight = Array2::<f32>::zeros((channels, words));
        let mut first = Array2::<f32>::zeros((channels, words));
        let mut second = Array2::<f32>::zeros((channels, words));
        for step in 1..=STEPS as i32 {
            let mut error = standard.dot(&weight);
            error += &log_odds;
            error.mapv_inplace(|log_odds| 1.0 / (1.0 + (-log_odds).exp()));
            error -= has;
            let mut gradient = standard.t().dot(&error) / pictures as f32;
            gradient.scaled_add(DECAY, &weight);
            let (correction, of_second) = (1.0 - MOMENTUM.powi(step), 1.0 - SECOND_MOMENT.powi(step));
            Zip::from(&mut weight).and(&mut first).and(&mut second).and(&gradient).for_each(
                |weight, first, second, gradient| {
                    *first = MOMENTUM * *first + (1.0 - MOMENTUM) * gradient;
                    *second = SECOND_MOMENT * *second + (1.0 - SECOND_MOMENT) * gradient * gradient;
                    *weight -= RATE * (*first / correction) / ((*second / of_second).sqrt() + SMALL);
                },
            );
            done();
        }
        // The standardised features' weights, for features as they come.
        let weight = weight / deviation.insert_axis(Axis(1));
        let bias = -mean.dot(&weight);
        Self { weight: weight.reversed_axes().as_standard_layout().into_owned(), bias }
    }

    /// With other weights, near to these, and the bias by which the mean evidence over the same features stays 0.
    #[must_use]
    pub fn with_weight(weight: Array2<f32>, features: &Array2<f32>) -> Self {
        let mean = features.mean_axis(Axis(0)).unwrap_or_else(|| Array1::zeros(features.ncols()));
        let bias = -weight.dot(&mean);
        Self { weight, bias }
    }

    /// How often a picture that has a word has more evidence for it than one that has not: the mean over the words; none
    /// where no word is in the captions of some pictures and not in those of others.
    #[must_use]
    pub fn roc_area(&self, features: &Array2<f32>, has: &Array2<f32>) -> Option<f64> {
        let evidence = features.dot(&self.weight.t()) + &self.bias;
        let of_word = |(evidence, has): (ndarray::ArrayView1<'_, f32>, ndarray::ArrayView1<'_, f32>)| {
            let count = has.iter().filter(|has| **has > 0.5).count();
            let pairs: Vec<_> =
                evidence.iter().zip(has).map(|(evidence, has)| (f64::from(*evidence), *has > 0.5)).collect();
            (LEAST_PICTURES..pairs.len()).contains(&count).then(|| roc_area(pairs))
        };
        let areas: Vec<f64> =
            evidence.axis_iter(Axis(1)).zip(has.axis_iter(Axis(1))).filter_map(of_word).collect();
        (!areas.is_empty()).then(|| areas.iter().sum::<f64>() / areas.len() as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Features of deviations 3 and 0.2 around 5 and -1; the first word follows the first of them, the second the second,
    /// and the third neither.
    fn drawn() -> (Array2<f32>, Array2<f32>) {
        let mut random: u32 = 7;
        let mut next = || {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (random >> 8) as f32 / 8_388_608.0 - 1.0
        };
        let noise = Array2::from_shape_fn((600, 3), |_| next());
        let features = Array2::from_shape_fn((600, 2), |(row, column)| match column {
            0 => 5.0 + 3.0 * noise[[row, 0]],
            _ => -1.0 + 0.2 * noise[[row, 1]],
        });
        let has = Array2::from_shape_fn((600, 3), |(row, word)| {
            f32::from(u8::from(match word {
                0 => noise[[row, 0]] > 0.5,
                1 => noise[[row, 1]] < -0.8,
                _ => noise[[row, 2]] > 0.0,
            }))
        });
        (features, has)
    }

    #[test]
    fn words_that_follow_the_features_are_found() {
        let (features, has) = drawn();
        let mut steps = 0;
        let layer = Layer::fit(&features, &has, || steps += 1);
        assert_eq!(steps, STEPS);
        let evidence = features.dot(&layer.weight.t()) + &layer.bias;
        for (word, sure, likely) in [(0, [7.9, -1.0], [2.1, -1.0]), (1, [5.0, -1.19], [5.0, -0.81])] {
            let at = |features: [f32; 2]| {
                features[0] * layer.weight[[word, 0]]
                    + features[1] * layer.weight[[word, 1]]
                    + layer.bias[word]
            };
            assert!(at(sure) > 0.5 && at(likely) < -0.2, "word {word}: {} and {}", at(sure), at(likely));
        }
        // The mean over all pictures is near 0: evidence is what a picture adds.
        let means = evidence.mean_axis(Axis(0)).expect("means");
        assert!(means.iter().all(|mean| mean.abs() < 0.05), "{means}");
        assert!(layer.weight.row(2).iter().all(|weight| weight.abs() < 0.5), "{layer:?}");
        let two = |all: &Array2<f32>| all.select(Axis(1), &[0, 1]);
        let told = Layer {
            weight: layer.weight.select(Axis(0), &[0, 1]),
            bias: layer.bias.select(Axis(0), &[0, 1]),
        };
        assert!(told.roc_area(&features, &two(&has)).expect("an area") > 0.98);
        assert_eq!(told.roc_area(&features, &Array2::zeros((600, 2))), None, "nothing to tell");
    }
}
