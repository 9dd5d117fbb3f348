//! How tests make bundles of their runs.

use std::path::Path;

use descry_trainer::export::ExportArguments;
use descry_trainer::quantise::{QuantiseArguments, range::Rule};

/// To export a run whose encoder began with random weights; its bundle searches greedily.
pub(crate) fn export_arguments(run: &Path, bundle: &Path) -> ExportArguments {
    ExportArguments {
        run: run.to_owned(),
        mean_with: Vec::new(),
        bundle: bundle.to_owned(),
        name: None,
        description: "A test.".to_owned(),
        licence: Some("MIT".to_owned()),
        weights: Some("random".to_owned()),
        beam_width: 1,
        length_penalty: 0.0,
        repetition_guard: false,
        may_repeat: None,
    }
}

/// To quantise a bundle by what occurs in up to eight training pictures of a data set.
pub(crate) fn quantise_arguments(bundle: &Path, output: &Path, dataset: &Path) -> QuantiseArguments {
    QuantiseArguments {
        bundle: bundle.to_owned(),
        output: output.to_owned(),
        dataset: vec![dataset.to_owned()],
        split: "train".to_owned(),
        pictures: 8,
        range: Rule::Everything,
        keep_float: Vec::new(),
        weights_only: Vec::new(),
    }
}
