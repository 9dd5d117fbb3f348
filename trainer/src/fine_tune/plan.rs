//! The experiment that fine-tuning makes: the bundle's own sizes, and rates that change it little.

use anyhow::{Context as _, Result};
use descry_models::Bundle;

use super::{DATASET, FineTuneArguments};
use crate::experiment::{Augmentation, DatasetChoice, Experiment, Fault, Schedule, Stage};

/// Pictures in one step.
const BATCH: usize = 16;

/// What is run: the experiment of the bundle, with one stage that changes every layer a little.
pub(super) fn experiment(bundle: &Bundle, name: &str, arguments: &FineTuneArguments) -> Result<Experiment> {
    let file = bundle.manifest().provenance.experiment.as_ref().with_context(|| {
        format!("{} does not say how it was trained, so it cannot learn on", arguments.bundle.display())
    })?;
    let base = Experiment::open(&arguments.bundle.join(file))?;
    let rarely = |strength| Fault { probability: 0.1, strength };
    let augmentation = Augmentation {
        flip: 0.5,
        minimum_area: 0.7,
        colour: 0.15,
        blur: rarely(0.015),
        dark: rarely(0.6),
        tilt: Fault { probability: 0.2, strength: 15.0 },
        cover: rarely(0.15),
    };
    let stage = Stage {
        epochs: arguments.epochs,
        batch_pictures: BATCH,
        warmup_steps: 10,
        learning_rate: 1e-4,
        encoder_learning_rate: 1e-5,
        schedule: Schedule::Cosine,
        augmentation,
    };
    let none = Augmentation::NONE;
    let experiment = Experiment {
        name: name.to_owned(),
        seed: arguments.seed,
        datasets: vec![DatasetChoice {
            directory: DATASET.to_owned(),
            captions_per_picture: 2,
            dev_weight: 1.0,
        }],
        frozen: Stage { epochs: 0, encoder_learning_rate: 0.0, augmentation: none, ..stage.clone() },
        fine_tune: stage,
        self_critical: None,
        // Few steps: a long average would hardly leave the start.
        average_decay: 0.95,
        patience: 3,
        ..base
    };
    Ok(experiment)
}
