//! The calibration of the bundle before, for a new one with too few pictures for its own.
//!
//! The new bundle has neither tags nor evidence, so that what the confidence asks of them would be 0, as it never was where the
//! calibration was fitted: that alone moves a confidence by more than a nat. What they were worth in the mean, on the pictures
//! that nobody has learned from, goes into the intercept in their place.

use std::path::Path;

use anyhow::{Context as _, Result};
use descry_models::calibration::{Calibration, Feature, Features};
use descry_models::{CaptionOptions, Captioner};

use super::FineTuneArguments;
use crate::{dataset::Dataset, picture};

/// What comes from layers that a new bundle has not.
const LACKING: [Feature; 3] = [Feature::TagAgreement, Feature::TagSpread, Feature::WordEvidence];

/// The calibration of the bundle that learned on, as one without its further layers can use it.
pub(super) fn borrowed(
    calibration: &Calibration,
    arguments: &FineTuneArguments,
    set: &Path,
) -> Result<Calibration> {
    if LACKING.iter().all(|feature| !calibration.coefficients.contains_key(feature)) {
        return Ok(calibration.clone());
    }
    let pictures = Dataset::open(set, "dev")?.pictures;
    let mut captioner = Captioner::open(&arguments.bundle, &arguments.engine.choice()?)?;
    let mut seen = Vec::new();
    for file in pictures.iter().map(|picture| &picture.file) {
        let pixels = picture::open(file).with_context(|| format!("cannot look at {}", file.display()))?;
        seen.extend(captioner.caption_with_features(&pixels, &CaptionOptions::default())?.1);
    }
    Ok(without(calibration, &LACKING, &seen))
}

/// The same without some features: their mean over those seen goes into the intercept.
fn without(calibration: &Calibration, lacking: &[Feature], seen: &[Features]) -> Calibration {
    let mut calibration = calibration.clone();
    for (place, feature) in Feature::ALL.iter().enumerate().filter(|(_, feature)| lacking.contains(feature)) {
        let sum: f32 = seen.iter().map(|features| features[place]).sum();
        let coefficient = calibration.coefficients.remove(feature).unwrap_or(0.0);
        calibration.intercept += coefficient * sum / seen.len().max(1) as f32;
    }
    calibration
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use descry_models::calibration::{BandBounds, CalibrationFit};

    use super::*;

    #[test]
    fn what_is_lacking_counts_as_it_did_in_the_mean() {
        let calibration = Calibration {
            intercept: 1.0,
            coefficients: BTreeMap::from([(Feature::Agreement, 0.5), (Feature::WordEvidence, 2.0)]),
            words: BTreeMap::new(),
            bands: BandBounds::QUARTERS,
            fit: CalibrationFit {
                datasets: Vec::new(),
                captions: 0,
                other_captions: 0,
                accepted_when: "for tests".to_owned(),
                accepted: 0.5,
                roc_area: 0.5,
                expected_calibration_error: 0.0,
                beam_width: 3,
            },
        };
        let seen = |evidence: f32| -> Features {
            Feature::ALL.map(|feature| if feature == Feature::WordEvidence { evidence } else { 9.0 })
        };
        let found = without(&calibration, &LACKING, &[seen(1.0), seen(4.0)]);
        assert!((found.intercept - 6.0).abs() < 1e-6, "{found:?}");
        assert_eq!(found.coefficients.keys().collect::<Vec<_>>(), [&Feature::Agreement]);
        let nothing_seen = without(&calibration, &LACKING, &[]);
        assert!((nothing_seen.intercept - 1.0).abs() < 1e-6, "{nothing_seen:?}");
    }
}
