//! What an experiment must satisfy beyond its syntax, field by field, so that nothing is found out in the middle of a run.

use std::fmt::Display;
use std::ops::{Bound, RangeBounds};

use super::{Augmentation, DecoderChoice, DecoderKind, Experiment, ExperimentError, Schedule, Stage};
use crate::encoder::Architecture;

/// The largest side of a picture that an encoder is given.
const MAXIMUM_SIDE: u32 = 1024;
/// The widest layer of a decoder.
const MAXIMUM_WIDTH: i64 = 8192;

type Checked = Result<(), ExperimentError>;

impl Experiment {
    /// Refuses the first field that cannot be run.
    pub(super) fn check(&self) -> Checked {
        require(!self.name.trim().is_empty(), "name", &self.name, "a name")?;
        within("maximum_words", self.maximum_words, 1..=descry_models::manifest::MAXIMUM_WORDS)?;
        within("average_decay", self.average_decay, 0.0..1.0)?;
        self.check_datasets()?;
        self.check_preprocessing()?;
        self.check_encoder()?;
        check_decoder(&self.decoder)?;
        self.check_regularisation()?;
        check_stage("frozen", &self.frozen)?;
        check_stage("fine_tune", &self.fine_tune)?;
        within("frozen.encoder_learning_rate", self.frozen.encoder_learning_rate, 0.0..=0.0)?;
        if let Some(last) = &self.self_critical {
            within("self_critical.samples", last.samples, 2..=64)?;
            within("self_critical.feature_dropout", last.feature_dropout, 0.0..1.0)?;
            within("self_critical.meteor", last.meteor, 0.0..=100.0)?;
            within("self_critical.share", last.share, (Bound::Excluded(0.0), Bound::Included(1.0)))?;
            check_stage("self_critical.stage", &last.stage)?;
            self.check_encoder_rate("self_critical.stage", &last.stage)?;
        }
        Ok(())
    }

    fn check_datasets(&self) -> Checked {
        require(!self.datasets.is_empty(), "datasets", "empty", "at least one data set")?;
        for (place, set) in self.datasets.iter().enumerate() {
            let field = |name: &str| format!("datasets[{place}].{name}");
            require(!set.directory.is_empty(), &field("directory"), "empty", "the name of a folder")?;
            within(&field("captions_per_picture"), set.captions_per_picture, 1..)?;
            within(&field("dev_weight"), set.dev_weight, 0.0..)?;
        }
        let weights: Vec<f64> = self.datasets.iter().map(|set| set.dev_weight).collect();
        let measured = weights.iter().any(|weight| *weight > 0.0);
        require(measured, "datasets.dev_weight", format!("{weights:?}"), "at least one above 0")
    }

    fn check_preprocessing(&self) -> Checked {
        let preprocessing = self.preprocessing();
        let sides = self.encoder.architecture.minimum_side()..=MAXIMUM_SIDE;
        within("preprocessing.width", preprocessing.width, sides)?;
        let (width, height) = (preprocessing.width, preprocessing.height);
        require(width == height, "preprocessing.height", height, format!("the width, {width}"))?;
        let mean = preprocessing.mean;
        require(
            mean.iter().all(|mean| mean.is_finite()),
            "preprocessing.mean",
            format!("{mean:?}"),
            "numbers",
        )?;
        let scale = preprocessing.scale;
        let divides = |scale: &f32| scale.is_normal() && *scale > 0.0;
        require(scale.iter().all(divides), "preprocessing.scale", format!("{scale:?}"), "numbers above 0")
    }

    fn check_encoder(&self) -> Checked {
        let encoder = &self.encoder;
        let mobile = encoder.architecture == Architecture::MobileNetV2;
        let name = encoder.architecture.name();
        let allowed = format!("nothing with `encoder.architecture` = {name:?}, which has one padding");
        require(
            mobile || encoder.padding.is_none(),
            "encoder.padding",
            format!("{:?}", encoder.padding),
            allowed,
        )?;
        if let Some(width) = encoder.width {
            within("encoder.width", width, (Bound::Excluded(0.0), Bound::Included(1.0)))?;
        }
        let description = encoder.description(self.features());
        let groups = description.groups();
        for group in encoder.fine_tuned.iter().flatten() {
            let known = groups.contains(&group.as_str());
            require(known, "encoder.fine_tuned", format!("{group:?}"), groups.join(", "))?;
        }
        self.check_encoder_rate("fine_tune", &self.fine_tune)
    }

    fn check_encoder_rate(&self, name: &str, stage: &Stage) -> Checked {
        let frozen = self.encoder.fine_tuned.as_ref().is_some_and(Vec::is_empty);
        let rate = stage.encoder_learning_rate;
        let allowed = "0 where `encoder.fine_tuned` names no group";
        require(!frozen || rate == 0.0, &format!("{name}.encoder_learning_rate"), rate, allowed)
    }

    fn check_regularisation(&self) -> Checked {
        let regularisation = &self.regularisation;
        for (name, share) in [
            ("label_smoothing", regularisation.label_smoothing),
            ("feature_dropout", regularisation.feature_dropout),
            ("embedding_dropout", regularisation.embedding_dropout),
            ("output_dropout", regularisation.output_dropout),
        ] {
            within(&format!("regularisation.{name}"), share, 0.0..1.0)?;
        }
        within("regularisation.attention", regularisation.attention, 0.0..)?;
        within("regularisation.weight_decay", regularisation.weight_decay, 0.0..)?;
        within(
            "regularisation.gradient_norm",
            regularisation.gradient_norm,
            (Bound::Excluded(0.0), Bound::Unbounded),
        )?;
        let kind = self.decoder.kind;
        let looks = kind == DecoderKind::Attend;
        let allowed = format!("0 with `decoder.kind` = {:?}, which has no attention", kind.name());
        require(
            looks || regularisation.attention == 0.0,
            "regularisation.attention",
            regularisation.attention,
            allowed,
        )
    }
}

fn check_decoder(decoder: &DecoderChoice) -> Checked {
    within("decoder.layers", decoder.layers, 1..=DecoderChoice::MAXIMUM_LAYERS)?;
    for (name, size) in [
        ("feature_size", decoder.feature_size),
        ("embedding_size", decoder.embedding_size),
        ("hidden_size", decoder.hidden_size),
    ] {
        within(&format!("decoder.{name}"), size, 1..=MAXIMUM_WIDTH)?;
    }
    let kind = format!("nothing with `decoder.kind` = {:?}", decoder.kind.name());
    if decoder.kind == DecoderKind::Attend {
        within("decoder.attention_size", decoder.attention_size, 1..=MAXIMUM_WIDTH)?;
    } else {
        require(decoder.attention_size == 0, "decoder.attention_size", decoder.attention_size, &kind)?;
    }
    let takes = decoder.kind == DecoderKind::Inject || decoder.image.is_none();
    require(takes, "decoder.image", format!("{:?}", decoder.image), kind)?;
    let file = decoder.word_vectors.as_ref().map(|vectors| &vectors.file);
    let named = file.is_none_or(|file| !file.as_os_str().is_empty());
    require(named, "decoder.word_vectors.file", "empty", "a file below the data sets' folder")
}

fn check_stage(path: &str, stage: &Stage) -> Checked {
    let field = |name: &str| format!("{path}.{name}");
    within(&field("batch_pictures"), stage.batch_pictures, 1..)?;
    within(&field("learning_rate"), stage.learning_rate, 0.0..)?;
    within(&field("encoder_learning_rate"), stage.encoder_learning_rate, 0.0..)?;
    if let Schedule::Plateau { factor, .. } = stage.schedule {
        within(&field("schedule.factor"), factor, (Bound::Excluded(0.0), Bound::Excluded(1.0)))?;
    }
    let Augmentation { flip, minimum_area, colour, blur, dark, tilt, cover } = stage.augmentation;
    within(&field("augmentation.flip"), flip, 0.0..=1.0)?;
    within(&field("augmentation.minimum_area"), minimum_area, (Bound::Excluded(0.05), Bound::Included(1.0)))?;
    within(&field("augmentation.colour"), colour, 0.0..1.0)?;
    for (name, fault, worst) in
        [("blur", blur, 0.1), ("dark", dark, 0.95), ("tilt", tilt, 45.0), ("cover", cover, 0.5)]
    {
        within(&field(&format!("augmentation.{name}.probability")), fault.probability, 0.0..=1.0)?;
        within(&field(&format!("augmentation.{name}.strength")), fault.strength, 0.0..=worst)?;
    }
    Ok(())
}

/// Refuses what does not lie in the range; not a number lies in none.
fn within<T: PartialOrd + Display + Copy>(field: &str, value: T, range: impl RangeBounds<T>) -> Checked {
    let from = match range.start_bound() {
        Bound::Included(least) => Some(format!("from {least}")),
        Bound::Excluded(least) => Some(format!("above {least}")),
        Bound::Unbounded => None,
    };
    let to = match range.end_bound() {
        Bound::Included(most) => Some(format!("up to {most}")),
        Bound::Excluded(most) => Some(format!("below {most}")),
        Bound::Unbounded => None,
    };
    let allowed = match (range.start_bound(), range.end_bound()) {
        (Bound::Included(least), Bound::Included(most)) if least == most => least.to_string(),
        _ => from.into_iter().chain(to).collect::<Vec<_>>().join(" "),
    };
    require(range.contains(&value), field, value, allowed)
}

fn require(holds: bool, field: &str, value: impl Display, allowed: impl Display) -> Checked {
    if holds {
        return Ok(());
    }
    Err(ExperimentError::Refused {
        field: field.to_owned(),
        value: value.to_string(),
        allowed: allowed.to_string(),
    })
}
