//! What a GPU would run, run on processors by the real library; and what that library says of GPUs.

use std::{collections::BTreeMap, path::PathBuf};

use super::*;
use crate::{
    Arithmetic, CaptionOptions, Captioner, Device, DeviceChoice, network::onnxruntime::devices::Border,
};

fn shipped() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("bundles/descry-attend-9")
}

fn library(opening: &Opening, use_it: impl FnOnce(&mut Library<'_>)) {
    let bundle = Bundle::open(&shipped()).unwrap();
    let environment =
        library::environment(None).expect("DESCRY_ONNXRUNTIME names a library: ./run test sets it");
    use_it(&mut Library { opener: Opener { environment, bundle: &bundle, opening }, tell: &mut |_| {} });
}

#[test]
fn the_graphs_for_gpus_give_the_captions_of_the_shipped_one() {
    let text = std::fs::read_to_string(shipped().join("golden.json")).unwrap();
    let golden: serde_json::Value = serde_json::from_str(&text).unwrap();
    let golden: BTreeMap<String, serde_json::Value> =
        serde_json::from_value(golden["captions"].clone()).unwrap();
    // What was found before the evidence had a part in the search; now it makes more words all but equally likely.
    let plain = |manifest: &mut Manifest| {
        manifest.evidence = None;
        manifest.decoding.length_penalty = 0.85;
    };
    // Processors compute in 32 bits what TensorRT computes in 16. Where activations are rounded otherwise, or not at all,
    // captions differ wherever two words are all but equally likely, which on pictures as odd as these is often: what the
    // networks compute is compared before.
    for (arithmetic, due, due_plainly) in [(Arithmetic::Int8, 4, 3), (Arithmetic::Float32, 4, 7)] {
        library(&Opening::default(), |library| {
            let mut network = library.opened_on_gpu(arithmetic, &|_| Ok(Vec::new())).unwrap();
            assert_eq!(network.arithmetic(), arithmetic);
            let mut on_processors = library.open(Device::Cpu).unwrap();
            agreement::check(&mut network, &mut on_processors, library.opener.bundle.manifest()).unwrap();
            let said = captions(Box::new(network), golden.keys(), &|_| {});
            let same =
                said.iter().zip(golden.values()).filter(|(said, golden)| **golden == said.as_str()).count();
            assert!(same >= due, "{arithmetic}: {same} of {}: {said:?}", golden.len());

            let network = library.opened_on_gpu(arithmetic, &|_| Ok(Vec::new())).unwrap();
            let plainly = captions(Box::new(network), golden.keys(), &plain);
            let golden = captions(Box::new(on_processors), golden.keys(), &plain);
            let same = plainly.iter().zip(&golden).filter(|(said, golden)| said == golden).count();
            assert!(same >= due_plainly, "{arithmetic}: {same} of {}: {plainly:?}, {golden:?}", golden.len());
        });
    }
}

/// What a network says of the shipped pictures with these names, where the manifest has been changed so.
fn captions<'a>(
    network: Box<dyn Network>,
    names: impl Iterator<Item = &'a String>,
    change: &dyn Fn(&mut Manifest),
) -> Vec<String> {
    let (mut manifest, vocabulary, _) = Bundle::open(&shipped()).unwrap().into_parts();
    change(&mut manifest);
    let mut captioner = Captioner::from_parts(manifest, vocabulary, network);
    let pictures = PathBuf::from(env!("CARGO_MANIFEST_DIR")).with_file_name("tests").join("pictures");
    let pictures = names.map(|name| image::open(pictures.join(name)).unwrap().into_rgb8());
    pictures.map(|picture| captioner.caption(&picture, &CaptionOptions::default()).unwrap().text).collect()
}

#[test]
fn a_library_without_gpus_says_so_and_processors_run_the_model() {
    let opening = Opening { device: DeviceChoice::Auto, ..Opening::default() };
    library(&opening, |library| {
        for device in Device::GPUS {
            assert_eq!(library.has(device), Ok(false), "the tests' library is for processors");
        }
        let (network, device, not_used) = open_on(library, DeviceChoice::Auto).unwrap();
        assert_eq!((device, network.engine()), (Device::Cpu, "onnxruntime"));
        let reasons: Vec<String> = not_used.into_iter().map(|other| other.reason).collect();
        let without = |name| format!("the library of ONNX Runtime was built without {name}");
        assert_eq!(reasons, [without("TensorRT"), without("CUDA")]);
        let error = open_on(library, DeviceChoice::Only(Device::Cuda)).map(|_| ()).unwrap_err().to_string();
        assert!(error.starts_with("the model cannot run on cuda: the library of ONNX Runtime"), "{error}");
        // To be told by ONNX Runtime that a provider does not start is an error, and nothing goes on without it.
        for device in Device::GPUS {
            let error = library.open(device).map(|_| ()).unwrap_err().to_string();
            println!("{device}: {error}");
            assert!(error.contains("execution provider is not enabled in this build"), "{error}");
        }
    });
}

#[test]
fn engines_of_another_model_or_library_have_another_key() {
    library(&Opening::default(), |library| {
        let key = library.key();
        assert_eq!((key.len(), &key), (64, &library.key()));
    });
    let (encoder, decoder) = {
        let bundle = Bundle::open(&shipped()).unwrap();
        (Signature::of_encoder(bundle.manifest()), Signature::of_decoder(bundle.manifest()))
    };
    assert!(encoder.shapes([1, 3, 64]).is_empty());
    let shapes = decoder.shapes([1, 3, 64]);
    assert_eq!(shapes.len(), 3);
    for (shape, rows) in shapes.iter().zip([1, 3, 64]) {
        let (token, rest) = shape.split_once(',').unwrap();
        assert_eq!(token.rsplit(':').next(), Some(rows.to_string().as_str()), "{shape}");
        assert!(rest.contains(&format!(":{rows}x")) && rest.contains(":1x"), "{shape}");
    }
}

#[test]
fn what_an_earlier_start_made_of_the_graphs_is_used_again_and_gives_the_same() {
    let cache = tempfile::tempdir().unwrap();
    let kept = || -> BTreeMap<PathBuf, Vec<u8>> {
        let entries = std::fs::read_dir(cache.path().join("graphs")).unwrap();
        entries
            .map(|entry| entry.unwrap().path())
            .map(|path| (path.clone(), std::fs::read(path).unwrap()))
            .collect()
    };
    let encoded = |cache: Option<PathBuf>| {
        let mut found = None;
        library(&Opening { cache, ..Opening::default() }, |library| {
            let manifest = library.opener.bundle.manifest();
            let (width, height) = (manifest.preprocessing.width, manifest.preprocessing.height);
            let picture = image::RgbImage::from_fn(width, height, |x, y| image::Rgb([x as u8, y as u8, 9]));
            let pixels = crate::preprocess::pixels(&picture, &manifest.preprocessing).unwrap();
            let mut network = library.open(Device::Cpu).unwrap();
            let encoded = network.encode(&pixels).unwrap();
            let state = network.start(&encoded, 1).unwrap();
            let step = network.step(&encoded, &state, &[manifest.vocabulary.start]).unwrap();
            found = Some((encoded.tensors, step.logits));
        });
        found.unwrap()
    };
    let due = encoded(None);
    assert_eq!(encoded(Some(cache.path().to_owned())), due, "while it is being kept");
    let files = kept();
    assert_eq!(files.len(), 2, "the encoder and the decoder: {:?}", files.keys());
    assert_eq!(encoded(Some(cache.path().to_owned())), due, "from what was kept");
    // What is damaged is made anew, and where nothing can be kept nothing is.
    for path in files.keys() {
        std::fs::write(path, b"nothing of the kind").unwrap();
    }
    assert_eq!(encoded(Some(cache.path().to_owned())), due, "anew");
    assert!(kept().values().all(|bytes| bytes.len() > 1 << 20), "whole again");
    assert_eq!(encoded(Some("/proc/none".into())), due, "without a folder");
}
