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
    for (text, side) in [
        (SOUND, 224),
        (include_str!("../../experiments/descry-attend-1.toml"), 224),
        (include_str!("../../experiments/tried-meteor.toml"), 224),
        (include_str!("../../experiments/descry-attend-6.toml"), 256),
        (include_str!("../../experiments/descry-attend-7.toml"), 256),
        (include_str!("../../experiments/descry-attend-8.toml"), 256),
        (include_str!("../../experiments/descry-attend-8-scores.toml"), 288),
    ] {
        let experiment = read(text).expect("sound");
        assert_eq!(experiment.fine_tune.schedule, Schedule::Cosine);
        assert_eq!(experiment.precision, Precision::Float32);
        assert_eq!(experiment.preprocessing().width, side);
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

/// What is put in the place of what, and what is said then.
const FAULTS: [(&str, &str, &str); 33] = [
    ("share = 0.5", "meteor = -1.0", "`self_critical.meteor` is -1; allowed: from 0 up to 100"),
    ("name = \"descry-attend-2\"", "name = \"\"", "`name` is ; allowed: a name"),
    ("maximum_words = 18", "maximum_words = 0", "`maximum_words` is 0; allowed: from 1 up to 256"),
    ("average_decay = 0.998", "average_decay = 1.0", "`average_decay` is 1; allowed: from 0 below 1"),
    ("captions_per_picture = 2", "captions_per_picture = 0", "`datasets[0].captions_per_picture` is 0"),
    ("dev_weight = 1.0", "dev_weight = -1.0", "`datasets[0].dev_weight` is -1; allowed: from 0"),
    ("[decoder]", "[encoder]\narchitecture = \"alexnet\"\n[decoder]", "unknown variant `alexnet`"),
    ("[decoder]", "[encoder]\nwidth = 1.5\n[decoder]", "`encoder.width` is 1.5; allowed: above 0 up to 1"),
    (
        "[decoder]",
        "[encoder]\nfine_tuned = [\"layer5\"]\n[decoder]",
        "`encoder.fine_tuned` is \"layer5\"; allowed: stem, blocks.0",
    ),
    (
        "[decoder]",
        "[encoder]\narchitecture = \"resnet50\"\nfine_tuned = [\"blocks.3\"]\n[decoder]",
        "allowed: stem, layer1, layer2, layer3, layer4",
    ),
    (
        "[decoder]",
        "[encoder]\narchitecture = \"vgg16\"\npadding = \"torchvision\"\n[decoder]",
        "`encoder.padding` is Some(Torchvision); allowed: nothing with `encoder.architecture` = \"vgg16\"",
    ),
    (
        "[decoder]",
        "[encoder]\nfine_tuned = []\n[decoder]",
        "`fine_tune.encoder_learning_rate` is 0.0001; allowed: 0 where",
    ),
    (
        "[decoder]",
        "[preprocessing]\nwidth = 16\nheight = 16\nresize = \"squeeze\"\nmean = [0, 0, 0]\nscale = [1, 1, 1]\n[decoder]",
        "`preprocessing.width` is 16; allowed: from 32 up to 1024",
    ),
    (
        "[decoder]",
        "[preprocessing]\nwidth = 64\nheight = 32\nresize = \"squeeze\"\nmean = [0, 0, 0]\nscale = [1, 1, 1]\n[decoder]",
        "`preprocessing.height` is 32; allowed: the width, 64",
    ),
    (
        "[decoder]",
        "[preprocessing]\nwidth = 64\nheight = 64\nresize = \"squeeze\"\nmean = [0, 0, 0]\nscale = [1, 0, 1]\n[decoder]",
        "`preprocessing.scale` is [1.0, 0.0, 1.0]; allowed: numbers above 0",
    ),
    ("hidden_size = 512", "hidden_size = 0", "`decoder.hidden_size` is 0; allowed: from 1 up to 8192"),
    ("attention_size = 256", "", "`decoder.attention_size` is 0; allowed: from 1 up to 8192"),
    (
        "attention_size = 256",
        "attention_size = 256\nlayers = 5",
        "`decoder.layers` is 5; allowed: from 1 up to 4",
    ),
    ("attention_size = 256", "attention_size = 256\nkind = \"watch\"", "unknown variant `watch`"),
    (
        "attention_size = 256",
        "attention_size = 256\ncell = \"rnn\"",
        "unknown variant `rnn`, expected `lstm` or `gru`",
    ),
    (
        "attention_size = 256",
        "attention_size = 256\nkind = \"merge\"",
        "`decoder.attention_size` is 256; allowed: nothing with `decoder.kind` = \"merge\"",
    ),
    (
        "attention_size = 256",
        "attention_size = 256\nimage = \"initial_state\"",
        "`decoder.image` is Some(InitialState); allowed: nothing with `decoder.kind` = \"attend\"",
    ),
    (
        "attention_size = 256",
        "kind = \"inject\"",
        "`regularisation.attention` is 0.05; allowed: 0 with `decoder.kind` = \"inject\"",
    ),
    (
        "attention_size = 256",
        "attention_size = 256\nword_vectors = { file = \"\", tuned = true }",
        "`decoder.word_vectors.file` is empty",
    ),
    (
        "output_dropout = 0.35",
        "output_dropout = nan",
        "`regularisation.output_dropout` is NaN; allowed: from 0 below 1",
    ),
    (
        "encoder_learning_rate = 0.0",
        "encoder_learning_rate = 1e-4",
        "`frozen.encoder_learning_rate` is 0.0001; allowed: 0",
    ),
    ("flip = 0.5", "flip = 1.5", "`fine_tune.augmentation.flip` is 1.5; allowed: from 0 up to 1"),
    ("samples = 5", "samples = 1", "`self_critical.samples` is 1; allowed: from 2 up to 64"),
    (
        "encoder_learning_rate = 1e-4",
        "encoder_learning_rate = 1e-4\nschedule = { kind = \"plateau\", factor = 2.0, patience = 1 }",
        "`fine_tune.schedule.factor` is 2; allowed: above 0 below 1",
    ),
    (
        "colour = 0.15 }",
        "colour = 0.15, tilt = { probability = 0.5, strength = 90.0 } }",
        "`fine_tune.augmentation.tilt.strength` is 90; allowed: from 0 up to 45",
    ),
    (
        "colour = 0.15 }",
        "colour = 0.15, cover = { probability = 1.5, strength = 0.1 } }",
        "`fine_tune.augmentation.cover.probability` is 1.5; allowed: from 0 up to 1",
    ),
    (
        "patience = 3",
        "patience = 3\nprecision = \"int8\"",
        "unknown variant `int8`, expected `float32` or `bfloat16`",
    ),
    ("patience = 3", "patience = 3\nspeed = 3", "unknown field `speed`"),
];

#[test]
fn a_refusal_names_the_field_its_value_and_what_is_allowed() {
    for (from, to, message) in FAULTS {
        assert!(SOUND.contains(from), "{from} is not in the experiment");
        let refused = read(&SOUND.replacen(from, to, 1)).expect_err(to).to_string();
        assert!(refused.contains(message), "{to}: {refused}");
    }
}
