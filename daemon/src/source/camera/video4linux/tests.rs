//! What needs no camera: errors, formats that were given, and devices that are none.

use v4l::{
    Format, FourCC,
    format::{Colorspace, Quantization},
};

use super::{negotiate::layout, *};
use crate::source::camera::format::PixelFormat;

#[test]
fn an_error_of_the_system_says_what_to_do() {
    for (code, expected) in [
        (13, CameraError::NotAllowed("C".into())),
        (1, CameraError::NotAllowed("C".into())),
        (16, CameraError::Busy("C".into())),
        (19, CameraError::Unplugged("C".into())),
        (6, CameraError::Unplugged("C".into())),
        (2, CameraError::Unplugged("C".into())),
    ] {
        assert_eq!(to_error("C", &io::Error::from_raw_os_error(code)), expected, "{code}");
    }
    let other = to_error("C", &io::Error::from_raw_os_error(5)).to_string();
    assert!(other.contains("Input/output error"), "{other}");
}

#[test]
fn what_was_given_counts() {
    let given = |fourcc: &[u8; 4], quantization, colorspace| {
        let mut format = Format::new(640, 480, FourCC::new(fourcc));
        (format.quantization, format.colorspace) = (quantization, colorspace);
        layout(&format)
    };
    assert_eq!(given(b"H264", Quantization::Default, Colorspace::SRGB), None);
    for (quantization, colorspace, full) in [
        (Quantization::Default, Colorspace::SRGB, false),
        (Quantization::Default, Colorspace::JPEG, true),
        (Quantization::FullRange, Colorspace::SRGB, true),
        (Quantization::LimitedRange, Colorspace::JPEG, false),
    ] {
        let layout = given(b"YUYV", quantization, colorspace).unwrap();
        assert_eq!((layout.is_full_range, layout.format), (full, PixelFormat::Yuyv));
    }
    assert_eq!(layout(&Format::new(0, 480, FourCC::new(b"YUYV"))), None);
    assert_eq!(layout(&Format::new(60000, 48000, FourCC::new(b"YUYV"))), None);
}

#[test]
fn what_is_no_device_is_no_camera() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["video0", "video1", "videodisk", "vide0"] {
        std::fs::write(folder.path().join(name), "").unwrap();
    }
    assert_eq!(cameras(folder.path(), Path::new("/none")).unwrap(), []);
    assert!(cameras(Path::new("/no/where"), Path::new("/none")).is_err());
}

#[test]
fn cameras_are_told_from_what_is_none() {
    let streams = Flags::STREAMING;
    for (capabilities, expected) in [
        (streams | Flags::VIDEO_CAPTURE, Some(Planes::One)),
        (streams | Flags::VIDEO_CAPTURE | Flags::VIDEO_CAPTURE_MPLANE, Some(Planes::One)),
        (streams | Flags::VIDEO_CAPTURE_MPLANE, Some(Planes::Several)),
        (streams | Flags::VIDEO_CAPTURE | Flags::VIDEO_M2M, None),
        (streams | Flags::VIDEO_CAPTURE_MPLANE | Flags::VIDEO_M2M_MPLANE, None),
        (streams | Flags::VIDEO_OUTPUT, None),
        (Flags::VIDEO_CAPTURE, None),
        (Flags::empty(), None),
    ] {
        assert_eq!(planes(capabilities), expected, "{capabilities}");
    }
}
