//! ONNX Runtime's library, missing or foreign or right: always a sentence, never a panic.
//!
//! A process holds one library for good, so each case runs in a process of its own: this test's own executable,
//! started again for the test `child`.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use descry_models::{Bundle, EngineChoice, open_network};
use support::Tiny;

mod support;

/// Set for the child: the bundle, and the engine with an optional path behind a colon; several, one after another,
/// between bars.
const BUNDLE: &str = "DESCRY_TEST_BUNDLE";
const CHOICES: &str = "DESCRY_TEST_CHOICES";

fn library() -> PathBuf {
    env::var_os("DESCRY_ONNXRUNTIME").map(PathBuf::from).expect(
        "DESCRY_ONNXRUNTIME names no library of ONNX Runtime: start the tests with ./run test, which installs one and sets it",
    )
}

/// What a process answers that opens the networks with these variables and choices.
fn answers(variables: &[(&str, &Path)], choices: &str) -> Vec<String> {
    let bundle = tempfile::tempdir().expect("a folder");
    Tiny::new(0, false).write(bundle.path());
    let mut command = Command::new(env::current_exe().expect("this test"));
    command.args(["--exact", "child", "--ignored", "--nocapture"]);
    for variable in ["DESCRY_ONNXRUNTIME", "ORT_DYLIB_PATH", "LD_LIBRARY_PATH"] {
        command.env_remove(variable);
    }
    command.env(BUNDLE, bundle.path()).env(CHOICES, choices).envs(variables.iter().copied());
    let output = command.output().expect("the child");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    text.lines().filter_map(|line| line.strip_prefix("answer: ")).map(str::to_owned).collect()
}

/// Not a test but what the tests start; see above.
#[test]
#[ignore = "is started by the other tests"]
fn child() {
    let bundle = Bundle::open(Path::new(&env::var_os(BUNDLE).expect("a bundle"))).expect("a bundle");
    for choice in env::var(CHOICES).expect("choices").split('|') {
        let choice = match choice.split_once(':') {
            Some((_, path)) => EngineChoice::OnnxRuntime { library: Some(PathBuf::from(path)) },
            None => choice.parse().expect("a choice"),
        };
        match open_network(&bundle, &choice) {
            Ok(network) => println!("\nanswer: {}", network.engine()),
            Err(error) => println!("\nanswer: {error}"),
        }
    }
}

#[test]
fn a_library_that_is_missing_or_foreign_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = folder.path().join("text.so");
    fs::write(&text, "not a library").expect("a file");
    let missing = folder.path().join("missing.so");
    // The C library is surely there, and surely not ONNX Runtime.
    let other = ["/lib/x86_64-linux-gnu/libc.so.6", "/lib/aarch64-linux-gnu/libc.so.6", "/lib64/libc.so.6"];
    let other = other.iter().map(Path::new).find(|path| path.exists()).expect("a C library");
    let cases = [
        (missing.as_path(), "ONNX Runtime was not found (looked for"),
        (text.as_path(), "text.so cannot be used as ONNX Runtime: "),
        (folder.path(), "cannot be used as ONNX Runtime: "),
        (other, "libc.so.6 cannot be used as ONNX Runtime: it is another library; name another library"),
    ];
    for (path, message) in cases {
        let asked = answers(&[], &format!("onnxruntime:{}", path.display()));
        assert!(asked[0].contains(message), "{asked:?}");
        // Named by either variable it is the same, but only a library that was named to Descry must be usable.
        for (variable, automatic) in [("DESCRY_ONNXRUNTIME", message), ("ORT_DYLIB_PATH", "tract")] {
            let named = answers(&[(variable, path)], "onnxruntime|auto|tract");
            assert!(named[0].contains(message), "{variable}: {named:?}");
            assert!(named[1].contains(automatic), "{variable}: {named:?}");
            assert_eq!(named[2], "tract");
        }
    }
}

#[test]
fn a_library_is_loaded_once_and_for_good() {
    let library = library();
    let (asked, foreign) = (format!("onnxruntime:{}", library.display()), "onnxruntime:/nowhere/other.so");
    let found = answers(&[], &format!("{foreign}|{asked}|onnxruntime|auto|{foreign}|{asked}|tract"));
    assert!(found[0].contains("was not found (looked for /nowhere/other.so)"), "{found:?}");
    assert_eq!(found[1..4], ["onnxruntime", "onnxruntime", "onnxruntime"], "{found:?}");
    assert!(found[4].contains("ONNX Runtime was already loaded from"), "{found:?}");
    assert!(found[4].contains("/nowhere/other.so cannot be loaded"), "{found:?}");
    assert_eq!(found[5..], ["onnxruntime", "tract"], "{found:?}");
}

#[test]
fn a_library_that_the_environment_names_is_used() {
    for variable in ["DESCRY_ONNXRUNTIME", "ORT_DYLIB_PATH"] {
        assert_eq!(answers(&[(variable, &library())], "auto|onnxruntime"), ["onnxruntime", "onnxruntime"]);
    }
}
