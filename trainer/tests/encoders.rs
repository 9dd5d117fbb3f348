//! Every encoder against torchvision's network: the same weights, by torchvision's names, and the same pixels give the same
//! features (`golden/make_encoders.py`).
#![cfg(feature = "torch")]

use std::path::Path;

use descry_trainer::encoder::network::Encoder;
use descry_trainer::encoder::{Architecture, EncoderChoice, Features, PaddingStyle, pretrained};
use serde::Deserialize;
use tch::{Device, Kind, Tensor, nn};

#[derive(Deserialize)]
struct Golden {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    architecture: Architecture,
    padding: Option<PaddingStyle>,
    features: String,
    side: i64,
    shape: Vec<i64>,
    /// The standard deviation of the map.
    spread: f64,
    /// 48 values spread evenly over the map.
    values: Vec<f64>,
    /// Of the first 16 channels.
    means: Vec<f64>,
}

impl Case {
    fn choice(&self) -> EncoderChoice {
        EncoderChoice { architecture: self.architecture, padding: self.padding, ..EncoderChoice::default() }
    }

    fn features(&self) -> Features {
        if self.features == "global" { Features::Global } else { Features::Spatial }
    }
}

/// Numbers in 0..1, the same for a name everywhere: splitmix64 from FNV-1a.
fn uniform(name: &str, count: i64) -> impl Iterator<Item = f64> {
    let seed = name.bytes().fold(0xCBF2_9CE4_8422_2325_u64, |seed, byte| {
        (seed ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
    });
    (1..=count as u64).map(move |place| {
        let mut state = place.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(seed);
        state = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        state = (state ^ (state >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((state ^ (state >> 31)) >> 40) as f64 / f64::from(1 << 24)
    })
}

fn drawn(name: &str, shape: &[i64]) -> Tensor {
    let values = uniform(name, shape.iter().product());
    let bound = (6.0 / shape.iter().skip(1).product::<i64>() as f64).sqrt();
    let value = |value: f64| match (shape.len(), name.rsplit('.').next()) {
        (4, _) => (2.0 * value - 1.0) * bound,
        (_, Some("running_var")) => 0.5 + value,
        (_, Some("running_mean")) => (2.0 * value - 1.0) * 0.2,
        (_, Some("weight")) => 0.5 + 0.5 * value,
        _ => (2.0 * value - 1.0) * 0.1,
    };
    let values: Vec<f32> = values.map(|drawn| value(drawn) as f32).collect();
    Tensor::from_slice(&values).view(shape)
}

/// A file as torchvision's weights are published, with more in it than an encoder needs.
fn write_published(case: &Case, path: &Path) {
    let mut tensors = vec![("fc.weight".to_owned(), Tensor::from_slice(&[1.0f32, 2.0]))];
    let mut add = |name: String, shape: &[i64]| tensors.push((name.clone(), drawn(&name, shape)));
    for (convolution, _) in case.choice().description(case.features()).convolutions() {
        add(format!("{}.weight", convolution.published), &convolution.shape().map(|side| side as i64));
        let channels = [convolution.output as i64];
        match &convolution.normalisation {
            Some(normalisation) => {
                for part in ["weight", "bias", "running_mean", "running_var"] {
                    add(format!("{normalisation}.{part}"), &channels);
                }
            }
            None => add(format!("{}.bias", convolution.published), &channels),
        }
    }
    Tensor::write_safetensors(&tensors, path).expect("a file");
}

#[test]
fn features_are_those_of_torchvision() {
    let golden: Golden = serde_json::from_str(include_str!("golden/encoders.json")).expect("golden values");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("weights.safetensors");
    for case in &golden.cases {
        let what = format!("{:?} {:?} {}", case.architecture, case.padding, case.features);
        write_published(case, &path);
        let weights = nn::VarStore::new(Device::Cpu);
        let encoder = Encoder::new(&weights.root(), &case.choice(), case.features());
        let read = pretrained::read(&path, encoder.description(), case.architecture.name()).expect(&what);
        let own = weights.variables();
        assert_eq!(read.len(), own.len(), "{what}");
        for (name, mut weight) in own {
            tch::no_grad(|| weight.copy_(&read[&name]));
        }
        let pixels: Vec<f32> =
            uniform("pixels", 3 * case.side * case.side).map(|value| (2.0 * value - 1.0) as f32).collect();
        let pixels = Tensor::from_slice(&pixels).view([1, 3, case.side, case.side]);
        let map = tch::no_grad(|| encoder.map(&pixels));
        assert_eq!(map.size(), case.shape, "{what}");
        let places = encoder.description().places(case.side as usize).map(|side| side as i64);
        assert_eq!(case.shape[2..], places, "{what}");
        let flat = map.contiguous().view([-1]).to_kind(Kind::Double);
        let last = flat.size()[0] - 1;
        let close = |found: f64, due: f64, place: usize| {
            let error = (found - due).abs() / case.spread;
            assert!(error < 1e-4, "{what}: value {place} is {found}, torchvision's {due}");
        };
        for (place, due) in case.values.iter().enumerate() {
            close(flat.double_value(&[place as i64 * last / 47]), *due, place);
        }
        let features = tch::no_grad(|| encoder.features(&pixels));
        let channels = case.shape[1];
        let rows = if case.features() == Features::Global { 1 } else { places[0] * places[1] };
        assert_eq!(features.size(), [1, rows, channels], "{what}");
        let means = features.mean_dim(1i64, false, Kind::Double);
        for (channel, due) in case.means.iter().enumerate() {
            close(means.double_value(&[0, channel as i64]), *due, channel);
        }
    }
}
