//! Files that `PyTorch` itself wrote (`tests/golden/make_pickled.py`), and what is refused.

use std::path::{Path, PathBuf};

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

use super::*;

fn file(name: &str) -> Vec<u8> {
    let folder: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/pickled");
    std::fs::read(folder.join(name)).expect("a golden file")
}

fn values(tensor: &Tensor) -> Vec<f64> {
    Vec::try_from(tensor.to_kind(Kind::Double).contiguous().view([-1])).expect("numbers")
}

#[test]
fn what_pytorch_wrote_is_read() {
    for name in ["new.pth", "old.pth"] {
        let bytes = file(name);
        assert!(is_pickled(&bytes));
        let found = tensors(&bytes).expect(name);
        let cases: [(&str, &[i64], &[f64]); 6] = [
            ("plain.weight", &[2, 3], &[-1.0, -0.75, -0.5, -0.25, 0.0, 0.25]),
            ("part.weight", &[2, 2], &[-0.5, -0.25, 0.0, 0.25]),
            ("turned.weight", &[2, 4], &[-1.0, -0.5, 0.0, 0.5, -0.75, -0.25, 0.25, 0.75]),
            ("half.weight", &[3], &[-1.0, -0.75, -0.5]),
            ("double.weight", &[2], &[-1.0, -0.75]),
            ("brain.weight", &[2], &[-1.0, -0.75]),
        ];
        assert_eq!(found.len(), cases.len(), "whole numbers are left out");
        for (tensor, size, due) in cases {
            assert_eq!(
                (found[tensor].size().as_slice(), values(&found[tensor])),
                (size, due.to_vec()),
                "{name}"
            );
        }
    }
    let found = tensors(&file("checkpoint.pth")).expect("a checkpoint");
    assert_eq!(found.keys().collect::<Vec<_>>(), ["state_dict.module.a"]);
}

#[test]
fn nothing_is_run() {
    for (name, message) in [
        ("hostile.pth", "posix.system"),
        ("hostile-old.pth", "posix.system"),
        ("module.pth", "torch.nn.modules.linear.Linear"),
        ("bare.pth", "not written by torch.save"),
    ] {
        let refused = tensors(&file(name)).expect_err(name).to_string();
        assert!(refused.contains(message), "{name}: {refused}");
    }
    assert!(!Path::new("/tmp/descry-was-here").exists());
}

/// A pickle in a file of the old kind, without storages.
fn content(pickle: &[u8]) -> Vec<u8> {
    [OLD, b"N.N.", pickle, b"]."].concat()
}

#[test]
fn broken_pickles_are_refused() {
    let said = |pickle: &[u8]| tensors(&content(pickle)).map(|found| found.len());
    assert_eq!(said(b"N.").expect("nothing in it"), 0);
    let cases: [(&[u8], &str); 10] = [
        (b"", "cut short"),
        (b"\x8a\xff1", "cut short"),
        (b"0.", "contradicts itself"),
        (b"t.", "contradicts itself"),
        (b"NNs.", "contradicts itself"),
        (b"h\x05.", "contradicts itself"),
        (b"K\x01Q.", "contradicts itself"),
        (b"(i.", "operation 0x69"),
        (b"cos\nsystem\nX\x02\0\0\0ls\x85R.", "os.system"),
        (b"X\xff\xff\xff\xffaaaa.", "cut short"),
    ];
    for (pickle, message) in cases {
        let refused = said(pickle).expect_err(message).to_string();
        assert!(refused.contains(message), "{refused}");
    }
    // Dictionaries within each other without an end: what is beyond a few levels is left alone.
    let deep = [&b"}X\x01\0\0\0a".repeat(100_000)[..], b"N", &b"s".repeat(100_000), b"."].concat();
    assert_eq!(said(&deep).expect("nothing in it"), 0);
    // A megabyte of text, said a hundred thousand times: it would fill any memory if it were copied.
    let text = [&b"X\0\0\x10\0"[..], &b"a".repeat(1 << 20), b"q\x00"].concat();
    let often = [&b"("[..], &text, &b"h\x00".repeat(100_000), b"l."].concat();
    assert_eq!(said(&often).expect("nothing in it"), 0);
    assert_eq!(said(b"}q\x00X\x01\0\0\0ah\x00s.").expect("a dictionary in itself"), 0);
}

#[test]
fn no_bytes_make_it_panic() {
    let mut random = StdRng::seed_from_u64(5);
    for name in ["new.pth", "old.pth", "checkpoint.pth"] {
        let good = file(name);
        for _ in 0..3_000 {
            let mut bytes = good.clone();
            for _ in 0..random.random_range(1..4) {
                let place = random.random_range(0..bytes.len());
                bytes[place] = random.random();
            }
            if random.random_bool(0.3) {
                bytes.truncate(random.random_range(0..=bytes.len()));
            }
            let _ = tensors(&bytes);
        }
    }
}
