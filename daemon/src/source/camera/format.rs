//! Which format a camera is asked for: large enough to see details, not too slow, and one that can be read.

/// How a picture lies in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PixelFormat {
    /// Two pixels in four bytes: brightness of each, and one colour for both.
    Yuyv,
    /// A plane of brightness, then one with the colours of four pixels each.
    Nv12,
    /// Red, green, blue.
    Rgb3,
    /// A JPEG picture for each frame.
    MotionJpeg,
}

impl PixelFormat {
    /// All that can be read, the one that costs least first.
    pub(super) const ALL: [Self; 4] = [Self::Rgb3, Self::Yuyv, Self::Nv12, Self::MotionJpeg];

    /// The kernel's four letters for it.
    pub(super) fn code(self) -> [u8; 4] {
        match self {
            Self::Yuyv => *b"YUYV",
            Self::Nv12 => *b"NV12",
            Self::Rgb3 => *b"RGB3",
            Self::MotionJpeg => *b"MJPG",
        }
    }

    /// The format of these letters, if it can be read. Some drivers say JPEG where they mean the same.
    pub(super) fn from_code(code: [u8; 4]) -> Option<Self> {
        if code == *b"JPEG" {
            return Some(Self::MotionJpeg);
        }
        Self::ALL.into_iter().find(|format| format.code() == code)
    }
}

/// What a camera can be asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Offer {
    pub(super) code: [u8; 4],
    pub(super) width: u32,
    pub(super) height: u32,
    /// Pictures in a second at most, where the driver says.
    pub(super) rate: Option<f64>,
}

/// Sizes as drivers tell them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sizes {
    One(u32, u32),
    /// From least to most in steps: widths, then heights.
    Range {
        width: Steps,
        height: Steps,
    },
}

/// Numbers from `least` to `most`, `step` apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Steps {
    pub(super) least: u32,
    pub(super) most: u32,
    pub(super) step: u32,
}

/// The size that is aimed at: details are seen, and USB carries it without compression ten times a second.
const AIM: (u32, u32) = (1280, 720);

/// Pictures in a second below which a camera is too slow to find its exposure, and shows what was.
const SLOW: f64 = 9.0;

impl Steps {
    /// The number of the row that is nearest to `aim`, not above it where that can be.
    fn near(self, aim: u32) -> u32 {
        let most = self.most.max(self.least);
        let aim = aim.clamp(self.least, most);
        aim - (aim - self.least) % self.step.max(1)
    }
}

impl Sizes {
    /// The size that is asked for.
    pub(super) fn best(self) -> (u32, u32) {
        match self {
            Self::One(width, height) => (width, height),
            Self::Range { width, height } => (width.near(AIM.0), height.near(AIM.1)),
        }
    }
}

/// The offers in the order in which they are tried: fast enough ones first, then by how near their size is to the aim,
/// then by what reading them costs. What cannot be read is left out.
pub(super) fn in_order(offers: Vec<Offer>) -> Vec<(PixelFormat, Offer)> {
    let mut known: Vec<(PixelFormat, Offer)> = offers
        .into_iter()
        .filter(|offer| offer.width > 0 && offer.height > 0)
        .filter_map(|offer| Some((PixelFormat::from_code(offer.code)?, offer)))
        .collect();
    let aim = f64::from(AIM.0) * f64::from(AIM.1);
    // Twice as many pixels are as far off as half of them; the steps keep near sizes together.
    let distance = |offer: &Offer| {
        let pixels = f64::from(offer.width) * f64::from(offer.height);
        ((pixels / aim).log2().abs() * 2.0).round() as u32
    };
    let cost = |format: PixelFormat| PixelFormat::ALL.iter().position(|other| *other == format);
    known.sort_by_key(|(format, offer)| {
        (offer.rate.is_some_and(|rate| rate < SLOW), distance(offer), cost(*format))
    });
    known
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(code: [u8; 4], width: u32, height: u32, rate: f64) -> Offer {
        Offer { code, width, height, rate: Some(rate) }
    }

    #[test]
    fn the_best_offer_comes_first() {
        let webcam = vec![
            offer(*b"YUYV", 640, 480, 30.0),
            offer(*b"YUYV", 1280, 720, 10.0),
            offer(*b"YUYV", 1920, 1080, 5.0),
            offer(*b"MJPG", 1280, 720, 30.0),
            offer(*b"MJPG", 1920, 1080, 30.0),
            offer(*b"H264", 1280, 720, 30.0),
        ];
        let slow = vec![offer(*b"YUYV", 1280, 720, 5.0), offer(*b"MJPG", 1280, 720, 30.0)];
        let small = vec![offer(*b"YUYV", 160, 120, 30.0), offer(*b"NV12", 640, 480, 15.0)];
        let large = vec![offer(*b"NV12", 3840, 2160, 30.0), offer(*b"RGB3", 3840, 2160, 30.0)];
        let unknown = vec![Offer { rate: None, ..offer(*b"YUYV", 800, 600, 0.0) }];
        for (offers, expected, size) in [
            (webcam, PixelFormat::Yuyv, (1280, 720)),
            (slow, PixelFormat::MotionJpeg, (1280, 720)),
            (small, PixelFormat::Nv12, (640, 480)),
            (large, PixelFormat::Rgb3, (3840, 2160)),
            (unknown, PixelFormat::Yuyv, (800, 600)),
        ] {
            let (format, best) = in_order(offers)[0];
            assert_eq!((format, (best.width, best.height)), (expected, size));
        }
        assert_eq!(in_order(vec![offer(*b"H264", 640, 480, 30.0), offer(*b"YUYV", 0, 480, 30.0)]), []);
    }

    #[test]
    fn codes_are_the_kernels() {
        for format in PixelFormat::ALL {
            assert_eq!(PixelFormat::from_code(format.code()), Some(format));
        }
        assert_eq!(PixelFormat::from_code(*b"JPEG"), Some(PixelFormat::MotionJpeg));
        assert_eq!(PixelFormat::from_code(*b"GREY"), None);
    }

    #[test]
    fn of_a_range_the_nearest_step_is_taken() {
        let steps = |least, most, step| Steps { least, most, step };
        for (width, height, expected) in [
            (steps(2, 8192, 2), steps(1, 8192, 1), (1280, 720)),
            (steps(16, 640, 16), steps(16, 480, 16), (640, 480)),
            (steps(48, 4000, 100), steps(32, 4000, 0), (1248, 720)),
            (steps(2000, 4000, 8), steps(1500, 1000, 8), (2000, 1500)),
        ] {
            assert_eq!(Sizes::Range { width, height }.best(), expected);
        }
        assert_eq!(Sizes::One(3, 4).best(), (3, 4));
    }
}
