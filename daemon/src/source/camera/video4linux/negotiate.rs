//! Agreeing with a driver on a format: what it offers, in our order, until it gives one that can be read.

use std::io;

use tracing::{debug, info};
use v4l::{
    Device, Format, FourCC,
    format::{Colorspace, Quantization},
    frameinterval::FrameIntervalEnum,
    framesize::FrameSizeEnum,
    video::Capture,
};

use super::{
    super::{
        CameraError,
        convert::Layout,
        format::{Offer, PixelFormat, Sizes, Steps, in_order},
    },
    fenced, to_error,
};

/// Pixels of a picture at most; a larger one would not be kept.
const MOST_PIXELS: u64 = 16_000_000;

/// Asks for one format after the other until the driver agrees to one that can be read. What it gives counts, not what
/// it was asked for: drivers put another in its place without a word.
pub(super) fn negotiate(name: &str, device: &Device) -> Result<Layout, CameraError> {
    let offers = fenced(|| offers(device)).map_err(|error| to_error(name, &error))?;
    for (_, Offer { code, width, height, .. }) in in_order(offers) {
        let wanted = Format::new(width, height, FourCC::new(&code));
        let given = match fenced(|| device.set_format(&wanted)) {
            Ok(given) => given,
            Err(error) if error.kind() == io::ErrorKind::ResourceBusy => return Err(to_error(name, &error)),
            Err(error) => {
                debug!(%error, format = %wanted.fourcc, "not given");
                continue;
            }
        };
        if let Some(layout) = layout(&given) {
            info!(format = %given.fourcc, width = given.width, height = given.height, "a camera runs");
            return Ok(layout);
        }
        debug!(wanted = %wanted.fourcc, given = %given.fourcc, "given another that cannot be read");
    }
    Err(CameraError::NoFormat(name.to_owned()))
}

/// How pictures of a format lie in their bytes, if they can be read.
pub(super) fn layout(format: &Format) -> Option<Layout> {
    let pixels = u64::from(format.width) * u64::from(format.height);
    let is_full_range = match format.quantization {
        Quantization::FullRange => true,
        Quantization::LimitedRange => false,
        Quantization::Default => matches!(format.colorspace, Colorspace::JPEG),
    };
    let (width, height, stride) = (format.width, format.height, format.stride);
    let format = PixelFormat::from_code(format.fourcc.repr)?;
    (1..=MOST_PIXELS).contains(&pixels).then_some(Layout { format, width, height, stride, is_full_range })
}

/// All that a camera offers of what can be read.
pub(super) fn offers(device: &Device) -> io::Result<Vec<Offer>> {
    let mut offers = Vec::new();
    for description in Capture::enum_formats(device)? {
        let code = description.fourcc.repr;
        if PixelFormat::from_code(code).is_none() {
            continue;
        }
        let sizes = Capture::enum_framesizes(device, description.fourcc).unwrap_or_default();
        if sizes.is_empty() {
            // The driver does not tell; it will change what it is asked for as it needs.
            offers.push(Offer { code, width: 1280, height: 720, rate: None });
        }
        for size in sizes {
            let (width, height) = match size.size {
                FrameSizeEnum::Discrete(size) => Sizes::One(size.width, size.height),
                FrameSizeEnum::Stepwise(range) => Sizes::Range {
                    width: Steps { least: range.min_width, most: range.max_width, step: range.step_width },
                    height: Steps {
                        least: range.min_height,
                        most: range.max_height,
                        step: range.step_height,
                    },
                },
            }
            .best();
            let rate = rate(device, description.fourcc, width, height);
            offers.push(Offer { code, width, height, rate });
        }
    }
    Ok(offers)
}

/// The most pictures in a second, where the driver says.
fn rate(device: &Device, code: FourCC, width: u32, height: u32) -> Option<f64> {
    let intervals = Capture::enum_frameintervals(device, code, width, height).ok()?;
    let rates = intervals.iter().map(|interval| {
        let shortest = match &interval.interval {
            FrameIntervalEnum::Discrete(interval) => interval,
            FrameIntervalEnum::Stepwise(range) => &range.min,
        };
        f64::from(shortest.denominator) / f64::from(shortest.numerator.max(1))
    });
    rates.reduce(f64::max)
}
