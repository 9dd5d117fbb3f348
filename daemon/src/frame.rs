//! One picture in memory, and where it came from.

use std::{fmt, time::SystemTime};

use image::RgbImage;

/// A rectangle of pixels. What it is relative to is said where it is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Area {
    /// The left edge; a window that hangs over the left of a screen has a negative one.
    pub x: i32,
    /// The upper edge.
    pub y: i32,
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
}

impl Area {
    /// What two areas share; `None` where they share no pixel.
    #[must_use]
    pub fn intersection(self, other: Self) -> Option<Self> {
        let span = |a: i32, a_length: u32, b: i32, b_length: u32| {
            let start = a.max(b);
            let end = (i64::from(a) + i64::from(a_length)).min(i64::from(b) + i64::from(b_length));
            u32::try_from(end - i64::from(start))
                .ok()
                .filter(|length| *length > 0)
                .map(|length| (start, length))
        };
        let (x, width) = span(self.x, self.width, other.x, other.width)?;
        let (y, height) = span(self.y, self.height, other.y, other.height)?;
        Some(Self { x, y, width, height })
    }

    /// The smallest area that holds two.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        let span = |a: i32, a_length: u32, b: i32, b_length: u32| {
            let start = a.min(b);
            let end = (i64::from(a) + i64::from(a_length)).max(i64::from(b) + i64::from(b_length));
            (start, u32::try_from(end - i64::from(start)).unwrap_or(u32::MAX))
        };
        let (x, width) = span(self.x, self.width, other.x, other.width);
        let (y, height) = span(self.y, self.height, other.y, other.height);
        Self { x, y, width, height }
    }

    /// The same area, seen from the upper left corner of `origin`.
    #[must_use]
    pub fn relative_to(self, origin: Self) -> Self {
        Self { x: self.x.saturating_sub(origin.x), y: self.y.saturating_sub(origin.y), ..self }
    }

    /// How many pixels it has.
    #[must_use]
    pub fn pixels(self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }
}

/// Which part of a screen was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// All of it, with all its monitors.
    Screen,
    /// The window that the person works in.
    Window,
    /// All of it, because nobody can tell where the window is that was asked for.
    ScreenForWindow,
    /// A rectangle of it.
    Region,
    /// A picture of a screen that somebody saved.
    Picture,
    /// A picture of a page of text.
    Page,
}

impl View {
    /// `screen`, `window` or `region`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Screen | Self::ScreenForWindow => "screen",
            Self::Window => "window",
            Self::Region => "region",
            Self::Picture => "picture",
            Self::Page => "page",
        }
    }
}

/// What is known of a screen beside its pixels.
#[derive(Clone, PartialEq, Eq)]
pub struct Screen {
    /// Which part of it was looked at.
    pub view: View,
    /// The program whose window is active, by its own name for itself.
    pub application: Option<String>,
    /// The title of that window.
    pub window: Option<String>,
    /// What has the focus in it, by its name and kind, where the program tells.
    pub focus: Option<String>,
    /// Whether it is known that no window is active.
    pub is_idle: bool,
    /// The monitors that are seen, relative to the picture, from left to right.
    pub monitors: Vec<Area>,
}

impl Screen {
    /// A screen of which nothing is known but its pixels.
    #[must_use]
    pub fn unnamed(view: View) -> Self {
        Self { view, application: None, window: None, focus: None, is_idle: false, monitors: Vec::new() }
    }
}

/// Names and titles are nobody's business, the log's neither.
impl fmt::Debug for Screen {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Screen").field("view", &self.view).finish_non_exhaustive()
    }
}

/// What a picture was taken from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A picture's file: named, given as a descriptor, or read from standard input.
    File,
    /// A screen, or a part of one, at its full size.
    Screen(Screen),
    /// A camera, at the size that was agreed on with it.
    Camera,
}

/// A picture, upright, over white where it was transparent, and at its full size, because the letters of a screen are
/// small; only what is larger than any screen is made smaller.
#[derive(Debug, Clone)]
pub struct Frame {
    /// 8 bits per channel, sRGB as it is in nearly every file; colour profiles are not applied.
    pub pixels: RgbImage,
    /// What it was taken from.
    pub origin: Origin,
    /// When it was taken: for a file, when it was read.
    pub captured_at: SystemTime,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn area(x: i32, y: i32, width: u32, height: u32) -> Area {
        Area { x, y, width, height }
    }

    #[test]
    fn areas_overlap_or_do_not() {
        let screen = area(0, 0, 100, 80);
        for (other, expected) in [
            (area(10, 20, 30, 40), Some(area(10, 20, 30, 40))),
            (area(-10, -20, 30, 40), Some(area(0, 0, 20, 20))),
            (area(90, 70, 30, 40), Some(area(90, 70, 10, 10))),
            (area(100, 0, 10, 10), None),
            (area(-10, 0, 10, 10), None),
            (area(0, 0, 0, 10), None),
            (area(i32::MIN, i32::MIN, u32::MAX, u32::MAX), Some(area(0, 0, 100, 80))),
            (area(i32::MAX, 0, u32::MAX, 1), None),
        ] {
            assert_eq!(screen.intersection(other), expected, "{other:?}");
            assert_eq!(other.intersection(screen), expected, "{other:?}");
        }
    }

    #[test]
    fn a_union_holds_both() {
        assert_eq!(area(0, 0, 10, 10).union(area(-5, 20, 10, 5)), area(-5, 0, 15, 25));
        assert_eq!(area(7, 8, 9, 9).relative_to(area(7, 6, 100, 100)), area(0, 2, 9, 9));
    }

    #[test]
    fn titles_stay_out_of_debug_output() {
        let screen = Screen {
            view: View::Window,
            application: Some("Secret".into()),
            window: Some("Diary".into()),
            focus: Some("Secret page".into()),
            is_idle: false,
            monitors: Vec::new(),
        };
        assert_eq!(format!("{screen:?}"), "Screen { view: Window, .. }");
    }
}
