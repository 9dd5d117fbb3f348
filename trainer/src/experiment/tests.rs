//! What an experiment may say, and how the rest is refused.

use super::*;

const SOUND: &str = include_str!("../../experiments/descry-attend-2.toml");

fn read(text: &str) -> Result<Experiment, ExperimentError> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("experiment.toml");
    std::fs::write(&path, text).expect("written");
    Experiment::open(&path)
}

#[test]
fn the_shipped_experiments_are_sound() {
    for text in [SOUND, include_str!("../../experiments/descry-attend-1.toml")] {
        let experiment = read(text).expect("sound");
        assert_eq!(experiment.fine_tune.schedule, Schedule::Cosine);
        assert_eq!(experiment.precision, Precision::Float32);
        let again = read(&experiment.to_toml().expect("TOML")).expect("what was written can be read");
        assert_eq!(again, experiment);
    }
}

#[test]
fn what_may_be_left_out_can_be_said() {
    let text = SOUND.replace("patience = 3", "patience = 3\nprecision = \"bfloat16\"").replace(
        "augmentation = { flip = 0.5,",
        "schedule = { kind = \"plateau\", factor = 0.5, patience = 1 }\n\
         augmentation = { blur = { probability = 0.1, strength = 0.02 }, tilt = { probability = 0.2, strength = 20.0 }, flip = 0.5,",
    );
    let experiment = read(&text).expect("sound");
    assert_eq!(experiment.precision, Precision::Bfloat16);
    assert_eq!(experiment.fine_tune.schedule, Schedule::Plateau { factor: 0.5, patience: 1 });
    assert_eq!(experiment.fine_tune.augmentation.tilt, Fault { probability: 0.2, strength: 20.0 });
    assert!(experiment.fine_tune.augmentation.cover.is_never());
    assert_eq!(read(&experiment.to_toml().expect("TOML")).expect("readable"), experiment);
}

#[test]
fn a_refusal_names_the_field_its_value_and_what_is_allowed() {
    for (from, to, parts) in [
        (
            "encoder_learning_rate = 1e-4",
            "encoder_learning_rate = 1e-4\nschedule = { kind = \"plateau\", factor = 2.0, patience = 1 }",
            ["`fine_tune.schedule.factor` is 2;", "above 0 below 1"],
        ),
        (
            "colour = 0.15 }",
            "colour = 0.15, tilt = { probability = 0.5, strength = 90.0 } }",
            ["`fine_tune.augmentation.tilt.strength` is 90;", "from 0 up to 45"],
        ),
        (
            "colour = 0.15 }",
            "colour = 0.15, cover = { probability = 1.5, strength = 0.1 } }",
            ["`fine_tune.augmentation.cover.probability` is 1.5;", "from 0 up to 1"],
        ),
        ("patience = 3", "patience = 3\nprecision = \"int8\"", ["int8", "`float32`"]),
        ("patience = 3", "patience = 3\nspeed = 3", ["unknown field", "speed"]),
    ] {
        assert!(SOUND.contains(from), "{from} is not in the experiment");
        let refused = read(&SOUND.replace(from, to)).expect_err(to).to_string();
        for part in parts {
            assert!(refused.contains(part), "{to}: {refused}");
        }
    }
}
