//! Settings out of texts, variables and files.

use std::{fs, path::Path};

use super::*;
use crate::{
    preferences::{CameraSettings, Detail, Feedback, Hedging, SpeechRoute},
    source::camera::mounting::{Mounting, Rotation},
    trigger::Action,
    words::Language,
};

fn read(system: &Path, variable: &dyn Fn(&str) -> Option<std::ffi::OsString>, arguments: Layer) -> Loaded {
    Loaded::read_with(system, variable, arguments).unwrap()
}

#[test]
fn nearer_places_win_and_each_setting_knows_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let system = folder.path().join("system.toml");
    fs::write(&system, "beam_width = 2\nspeech = \"none\"\nengine = \"tract\"\nmodel = \"/a\"").unwrap();
    fs::create_dir(folder.path().join("descry")).unwrap();
    let own = folder.path().join("descry/descry.toml");
    fs::write(&own, "beam_width = 4\nengine = \"auto\"\nrate = -20").unwrap();
    let variable = |name: &str| match name {
        "XDG_CONFIG_HOME" => Some(folder.path().into()),
        "DESCRY_BEAM_WIDTH" => Some("5".into()),
        "DESCRY_MODEL" => Some("/b".into()),
        "DESCRY_MINIMUM_CONFIDENCE" => Some("0.25".into()),
        "DESCRY_PICTURES_AS_CAMERA" => Some("/p".into()),
        "DESCRY_VOICE" => Some("7".into()),
        "DESCRY_PROGRAMS_SEE_SCREEN" => Some("true".into()),
        "DESCRY_PROGRAMS_USE_CAMERA" => Some("false".into()),
        _ => None,
    };
    let arguments = Layer { model: Some("/c".into()), ..Layer::default() };
    let loaded = read(&system, &variable, arguments);
    let preferences = Preferences {
        speech: SpeechRoute::None,
        minimum_confidence: 0.25,
        programs: Programs { see_screen: true, use_camera: false },
        voice: VoiceSettings { rate: Some(-20), voice: Some("7".into()), ..VoiceSettings::default() },
        ..Preferences::default()
    };
    let expected = Settings {
        model: Some("/c".into()),
        engine: EngineChoice::Auto,
        device: DeviceChoice::Auto,
        threads: None,
        beam_width: Some(5),
        text_languages: "eng".to_owned(),
        announce: Announce::First,
        battery_warnings: false,
        pictures_as_camera: Some("/p".into()),
        preferences,
        triggers: TriggerSettings::default(),
    };
    assert_eq!(loaded.settings, expected);
    assert!(loaded.files.iter().all(|file| file.found));
    let place = |name: &str| loaded.origins[name].1.clone();
    assert_eq!(place("model"), Place::Arguments);
    assert_eq!(place("beam_width"), Place::Variable("DESCRY_BEAM_WIDTH".into()));
    assert_eq!(place("rate"), Place::File(own));
    assert_eq!(place("speech"), Place::File(system));
    assert!(!loaded.origins.contains_key("pitch"));
}

#[test]
fn nothing_anywhere_is_the_defaults() {
    let loaded = read(Path::new("/nonexistent"), &|_| None, Layer::default());
    let preferences = Preferences::default();
    let text_languages = "eng".to_owned();
    let triggers = TriggerSettings::default();
    let expected = Settings {
        model: None,
        engine: EngineChoice::Auto,
        device: DeviceChoice::Auto,
        threads: None,
        beam_width: None,
        text_languages,
        announce: Announce::First,
        battery_warnings: false,
        pictures_as_camera: None,
        preferences,
        triggers,
    };
    assert_eq!(loaded.settings, expected);
    assert!(loaded.origins.values().all(|(_, place)| *place == Place::BuiltIn));
    assert_eq!(loaded.files, [FileRead { path: "/nonexistent".into(), found: false }]);
}

#[test]
fn of_the_narration_each_setting_stands_for_itself() {
    let folder = tempfile::tempdir().unwrap();
    let system = folder.path().join("system.toml");
    fs::write(&system, "[narration]\nmaximum_per_minute = 3\nminimum_interval_ms = 4000").unwrap();
    fs::create_dir(folder.path().join("descry")).unwrap();
    let own = folder.path().join("descry/descry.toml");
    fs::write(&own, "[narration]\nmaximum_per_minute = 5").unwrap();
    let variable = |name: &str| (name == "XDG_CONFIG_HOME").then(|| folder.path().into());
    let loaded = read(&system, &variable, Layer::default());
    let pace = loaded.settings.preferences.narration;
    assert_eq!((pace.maximum_per_minute, pace.minimum_interval.as_secs()), (5, 4));
    let origin = |name: &str| loaded.origins[name].1.clone();
    assert_eq!(origin("narration.maximum_per_minute"), Place::File(own));
    assert_eq!(origin("narration.minimum_interval_ms"), Place::File(system));
    assert_eq!(origin("narration.change_threshold"), Place::BuiltIn);
}

#[test]
fn a_named_library_is_used() {
    let library = || Some(PathBuf::from("/lib.so"));
    for (engine, onnxruntime, expected) in [
        (None, None, EngineChoice::Auto),
        (None, library(), EngineChoice::OnnxRuntime { library: library() }),
        (Some(EngineName::Auto), library(), EngineChoice::OnnxRuntime { library: library() }),
        (Some(EngineName::OnnxRuntime), None, EngineChoice::OnnxRuntime { library: None }),
        (Some(EngineName::Tract), library(), EngineChoice::Tract),
    ] {
        let layer = Layer { engine, onnxruntime, ..Layer::default() };
        assert_eq!(Settings::from(layer).engine, expected);
    }
}

#[test]
fn the_language_is_the_sessions_unless_somebody_says_otherwise() {
    let folder = tempfile::tempdir().unwrap();
    let system = folder.path().join("system.toml");
    let german = |name: &str| (name == "LANG").then(|| "de_DE.UTF-8".into());
    let loaded = read(&system, &german, Layer::default());
    assert_eq!(loaded.settings.preferences.words(), Language::German);
    assert_eq!(loaded.settings.preferences.language_tag(), "de");
    assert_eq!(loaded.origins["language"].1, Place::Variable("LANG".into()));
    fs::write(&system, "language = \"en-GB\"").unwrap();
    let loaded = read(&system, &german, Layer::default());
    assert_eq!(loaded.settings.preferences.words(), Language::English);
    assert_eq!(loaded.settings.preferences.language_tag(), "en-GB");
    let arguments =
        Layer { engine: Some(EngineName::Tract), onnxruntime: Some("/l".into()), ..Layer::default() };
    let refused = Loaded::read_with(Path::new("/none"), &german, arguments).unwrap_err().message();
    let refused = refused.in_language(Language::German);
    assert!(
        refused.starts_with("die Einstellung in den Argumenten kann nicht benutzt werden: engine"),
        "{refused}"
    );
}

#[test]
fn every_setting_can_be_set() {
    let text = "model = \"/m\"\nengine = \"onnxruntime\"\nonnxruntime = \"/l\"\ndevice = \"tensorrt\"\nthreads = 4\nbeam_width = 4\n\
                idle_unload_seconds = 0\ndetail = \"brief\"\nhedging = \"always\"\nminimum_confidence = 1\n\
                programs_see_screen = true\nprograms_use_camera = true\ncamera = \"Front\"\ncamera_rotation = 270\ncamera_mirrored = true\nkeep_history = true\nspeech = \"orca\"\nlanguage = \"en-GB\"\ntext_languages = \"eng+chi_sim\"\nrate = 100\npitch = -100\nvolume = 0\nvoice = \"Ada B\"\n\
                announce = \"always\"\nbattery_warnings = true\n\
                earcons = false\nearcon_volume = 100\nplease_wait = false\n\
                pictures_as_camera = \"/p\"\n[narration]\nmaximum_per_minute = 3\n\
                [keys]\nrepeat = \"F9\"\n[button]\nkey = \"KEY_PROG1\"";
    let layer = Layer::from_toml(text, "x").unwrap();
    assert_eq!(layer.table().unwrap().len(), Layer::names().len(), "each has a value here");
    for (name, value) in layer.table().unwrap() {
        // The library's variable is looked at where it is loaded.
        if value.is_table() || name == "onnxruntime" {
            continue;
        }
        let written = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let variable = format!("DESCRY_{}", name.to_uppercase());
        let layers = Layer::from_environment(&|asked| (asked == variable).then(|| written.clone().into()));
        let [(_, by_variable)] = &layers.unwrap()[..] else { panic!("{variable} is heeded") };
        assert_eq!(by_variable.table().unwrap(), toml::Table::from_iter([(name, value)]));
    }
    let Settings { preferences, device, threads, announce, battery_warnings, triggers, .. } = layer.into();
    assert_eq!((device, threads), (DeviceChoice::Only(Device::TensorRt), Some(4)));
    assert_eq!((announce, battery_warnings), (Announce::Always, true));
    assert_eq!(triggers.keys.bindings[&Action::Repeat].to_string(), "F9");
    assert_eq!(triggers.button.key.as_deref(), Some("KEY_PROG1"));
    assert_eq!(preferences.narration.maximum_per_minute, 3);
    assert_eq!(preferences.detail, Detail::Brief);
    assert_eq!(preferences.hedging, Hedging::Always);
    assert_eq!(preferences.speech, SpeechRoute::Orca);
    assert_eq!((preferences.idle_unload_seconds, preferences.idle_limit()), (0, None));
    assert!((preferences.minimum_confidence - 1.0).abs() < f32::EPSILON);
    assert_eq!(preferences.voice.pitch, Some(-100));
    let mounting = Mounting { rotation: Rotation::ThreeQuarters, is_mirrored: true };
    assert_eq!(preferences.camera, CameraSettings { wanted: Some("Front".to_owned()), mounting });
    let feedback = Feedback { earcons: false, earcon_volume: 100, please_wait: false };
    assert_eq!(preferences.feedback, feedback);
}

#[test]
fn what_cannot_be_meant_is_refused_with_the_way_out() {
    for (text, words) in [
        ("beam_width = 0", "beam_width is 0: it must be between 1 and 64"),
        ("beam_width = 1000", "between 1 and 64"),
        ("threads = 0", "threads is 0: it must be between 1 and 64"),
        ("device = \"gpu\"", "device is \"gpu\""),
        ("battery_warnings = 1", "battery_warnings is 1"),
        ("minimum_confidence = 1.5", "between 0 and 1"),
        ("minimum_confidence = nan", "between 0 and 1"),
        ("rate = 101", "between -100 and 100"),
        ("earcon_volume = 101", "earcon_volume is 101: it must be between 0 and 100"),
        ("volume = -128", "between -100 and 100"),
        ("pitch = 1000", "pitch is 1000"),
        ("camera_rotation = 45", "camera_rotation is 45: it must be 0, 90, 180 or 270"),
        ("camera_rotation = -90", "camera_rotation is -90"),
        ("camera = \"\"", "on one line"),
        ("voice = \"a\\nQUIT\"", "on one line"),
        ("language = \" \"", "on one line"),
        ("language = \"fr\"", "it must be a language that Descry speaks: en, de"),
        ("engine = \"tract\"\nonnxruntime = \"/l\"", "leave one of them out"),
        ("text_languages = \"../eng\"", "languages as in eng or eng+deu"),
        ("text_languages = \"-l\"", "languages as in eng or eng+deu"),
        ("text_languages = \"eng+\"", "languages as in eng or eng+deu"),
        ("beem_width = 3", "did you mean beam_width?"),
        ("idle_unload = 3", "did you mean idle_unload_seconds?"),
        ("qqq = 3", "there are model, engine"),
        ("engine = \"gpu\"", "engine is \"gpu\""),
        ("speech = 1", "speech is 1"),
        ("rate = 1\nnot toml", "x, line 2,"),
        ("[voice]\nrate = 1", "voice is"),
        ("[keys]\nrepeet = \"F9\"", "did you mean keys.repeat?"),
        ("[keys]\nrepeat = \"Super+Alt+D\"", "keys.describe_window and keys.repeat are both Super+Alt+D"),
        ("[button]\nlong_ms = 0", "button.long_ms is 0"),
        ("keys = 3", "keys is 3"),
        ("[narration]\nmaximum = 1", "did you mean narration.maximum_per_minute?"),
        ("[narration]\nchange_threshold = 2", "narration.change_threshold is 2"),
        ("narration = 3", "narration is 3"),
    ] {
        let error = Layer::from_toml(text, "x").unwrap_err().to_string();
        assert!(error.contains(words), "{text}: {error}");
        assert!(!error.contains('\n'), "{text}: {error}");
    }
    for (name, value) in [
        ("DESCRY_ENGINE", "gpu"),
        ("DESCRY_BEAM_WIDTH", "many"),
        ("DESCRY_SPEECH", "\""),
        ("DESCRY_PROGRAMS_SEE_SCREEN", "yes"),
        ("DESCRY_CAMERA_MIRRORED", "1"),
        ("DESCRY_CAMERA_ROTATION", "45"),
        ("DESCRY_KEEP_HISTORY", "1"),
        ("DESCRY_EARCONS", "loud"),
        ("DESCRY_RATE", "fast"),
        ("DESCRY_RATE", "101"),
    ] {
        let variable = |asked: &str| (asked == name).then(|| value.into());
        let error = Layer::from_environment(&variable).unwrap_err().to_string();
        assert!(error.contains(name), "{error}");
    }
    let arguments = Layer { beam_width: Some(0), ..Layer::default() };
    let error = Loaded::read_with(Path::new("/none"), &|_| None, arguments).unwrap_err().to_string();
    assert!(error.contains("the arguments"), "{error}");
}

#[test]
fn of_a_table_each_setting_stands_for_itself() {
    let folder = tempfile::tempdir().unwrap();
    let system = folder.path().join("system.toml");
    fs::write(&system, "[keys]\nrepeat = \"F9\"\nmore = \"F10\"").unwrap();
    let own = folder.path().join("descry/descry.toml");
    fs::create_dir(folder.path().join("descry")).unwrap();
    fs::write(&own, "[keys]\nmore = \"F11\"").unwrap();
    let variable = |name: &str| (name == "XDG_CONFIG_HOME").then(|| folder.path().into());
    let loaded = read(&system, &variable, Layer::default());
    let key = |action| loaded.settings.triggers.keys.bindings[&action].to_string();
    assert_eq!((key(Action::Repeat), key(Action::More)), ("F9".to_owned(), "F11".to_owned()));
    assert_eq!(key(Action::Stop), "Super+Alt+X");
    let place = |name: &str| loaded.origins[name].1.clone();
    assert_eq!(place("keys.more"), Place::File(own.clone()));
    assert_eq!((place("keys.repeat"), place("keys.stop")), (Place::File(system.clone()), Place::BuiltIn));
    assert!(Layer::single_names().contains(&"button.long_ms".to_owned()));

    fs::write(&own, "[keys]\nstop = \"F9\"").unwrap();
    let error = Loaded::read_with(&system, &variable, Layer::default()).unwrap_err().to_string();
    assert!(error.contains("all places together"), "{error}");
    assert!(error.contains("keys.repeat and keys.stop are both F9; change one"), "{error}");
}

#[test]
fn every_block_of_the_manual_can_be_used() {
    let manual = include_str!("../../../README.md");
    let blocks: Vec<&str> =
        manual.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert!(!blocks.is_empty(), "the manual shows settings");
    for block in blocks {
        Layer::from_toml(block, "README.md").unwrap();
    }
    let ours = include_str!("../config.rs").split("//! ```toml\n").nth(1).unwrap();
    let ours: Vec<&str> = ours
        .lines()
        .take_while(|line| *line != "//! ```")
        .map(|line| line.get("//! ".len()..).unwrap_or_default())
        .collect();
    assert_eq!(
        Layer::from_toml(&ours.join("\n"), "config.rs").unwrap().table().unwrap().len(),
        Layer::names().len()
    );
}

#[test]
fn a_command_that_ends_after_its_pictures_opens_no_gpu_unless_it_is_named() {
    for (name, expected) in
        [("auto", Device::Cpu), ("cpu", Device::Cpu), ("cuda", Device::Cuda), ("tensorrt", Device::TensorRt)]
    {
        let layer = Layer::from_toml(&format!("device = \"{name}\""), "x").unwrap();
        let settings = Settings::from(layer);
        assert_eq!(settings.brief_opening().device, DeviceChoice::Only(expected), "{name}");
    }
}
