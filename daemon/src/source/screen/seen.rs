//! What was seen of a screen, by whichever way, and what programs tell of it themselves: put together to a frame, in
//! which nothing of a password is left.

use std::collections::HashMap;

use image::{Rgb, RgbImage};

use super::{
    accessibility::{Field, Window},
    window::short_name,
};
use crate::frame::{Area, Screen, View};

/// A picture of a screen, and what those who show it know of it.
pub(super) struct Seen {
    pub(super) pixels: RgbImage,
    pub(super) view: View,
    /// The monitors, relative to the picture.
    pub(super) monitors: Vec<Area>,
    /// The window that the person works in, where somebody said so.
    pub(super) active: Option<Active>,
    /// Whether somebody said that no window is active.
    pub(super) is_idle: bool,
    pub(super) place: Place,
}

/// The window that the person works in.
#[derive(Clone, Default)]
pub(super) struct Active {
    pub(super) application: Option<String>,
    pub(super) title: Option<String>,
    pub(super) process: Option<u32>,
    /// Where it is on the screen, if that is known.
    pub(super) area: Option<Area>,
}

/// Where in the picture something is of which a program says where it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Place {
    /// Programs know where they are on the screen, of which the picture shows this area.
    OnScreen(Area),
    /// They know only where things are within their windows. The active one begins at this pixel of the picture, and one
    /// unit of a program's is so many pixels.
    InWindow {
        /// Pixels from the left edge of the picture, and from its top.
        origin: (i32, i32),
        /// Pixels for each unit.
        scale: f64,
    },
    /// Nobody knows.
    Unknown,
}

impl Seen {
    /// The picture without passwords, and what is known of it.
    pub(super) fn into_parts(mut self, windows: &[Window]) -> (RgbImage, Screen) {
        let told = self.told(windows).cloned();
        for field in self.fields(windows, told.as_ref()) {
            blank(&mut self.pixels, field);
        }
        let active = self.active.unwrap_or_default();
        let told = told.unwrap_or_default();
        let application = told.application.map(|name| short_name(&name)).or(active.application);
        let screen = Screen {
            view: self.view,
            application,
            window: told.title.or(active.title),
            focus: told.focus,
            is_idle: self.is_idle,
            monitors: self.monitors,
        };
        (self.pixels, screen)
    }

    /// What the program of the active window tells of it.
    fn told<'a>(&self, windows: &'a [Window]) -> Option<&'a Window> {
        let Some(active) = &self.active else {
            // Only where nobody else knows.
            let is_known = self.is_idle || self.view == View::Region;
            return windows.iter().find(|window| window.is_active && !is_known);
        };
        let likeness = |window: &Window| {
            let same_process = window.process.is_some() && window.process == active.process;
            let same_title = window.title.is_some() && window.title == active.title;
            match (same_process, same_title, window.is_active) {
                (true, true, true) => 4,
                (true, true, false) => 3,
                (true, false, true) => 2,
                // Programs in a sandbox, or at the other end of ssh, have other numbers.
                (false, true, true) => 1,
                _ => 0,
            }
        };
        windows.iter().filter(|window| likeness(window) > 0).max_by_key(|window| likeness(window))
    }

    /// Where in the picture passwords are typed.
    fn fields(&self, windows: &[Window], told: Option<&Window>) -> Vec<Area> {
        match self.place {
            Place::OnScreen(shown) => {
                let enlarged = |window: &Window| {
                    if told == Some(window) { self.enlargement(window) } else { 1 }
                };
                let fields = windows.iter().flat_map(|window| {
                    let factor = f64::from(enlarged(window));
                    window.passwords.iter().map(move |field| scaled(field.on_screen, factor))
                });
                fields.map(|field| field.relative_to(shown)).collect()
            }
            Place::InWindow { origin, scale } => {
                let place = |field: &Field| {
                    let area = scaled(field.in_window, scale);
                    Area { x: area.x.saturating_add(origin.0), y: area.y.saturating_add(origin.1), ..area }
                };
                told.into_iter().flat_map(|window| &window.passwords).map(place).collect()
            }
            Place::Unknown => Vec::new(),
        }
    }

    /// How many pixels one unit of a program's is: on a fine screen some count in units of two or three.
    fn enlargement(&self, window: &Window) -> u32 {
        let real = self.active.as_ref().and_then(|active| active.area);
        real.zip(window.area).map_or(1, |(real, told)| {
            (f64::from(real.width) / f64::from(told.width.max(1))).round().clamp(1.0, 4.0) as u32
        })
    }
}

/// An area in other units.
pub(super) fn scaled(area: Area, factor: f64) -> Area {
    let edge = |at: i32, length: u32| {
        let (start, end) = (f64::from(at) * factor, (f64::from(at) + f64::from(length)) * factor);
        (start.round() as i32, (end.round() - start.round()) as u32)
    };
    let ((x, width), (y, height)) = (edge(area.x, area.width), edge(area.y, area.height));
    Area { x, y, width, height }
}

/// Paints an area in its most frequent colour, as if nothing were written there.
fn blank(picture: &mut RgbImage, area: Area) {
    let all = Area { x: 0, y: 0, width: picture.width(), height: picture.height() };
    let Some(area) = area.intersection(all) else { return };
    let (left, top) = (area.x as u32, area.y as u32);
    let pixels = || (top..top + area.height).flat_map(|y| (left..left + area.width).map(move |x| (x, y)));
    let mut counts: HashMap<[u8; 3], u32> = HashMap::new();
    for (x, y) in pixels() {
        *counts.entry(picture.get_pixel(x, y).0).or_default() += 1;
    }
    let most = counts.into_iter().max_by_key(|(colour, count)| (*count, *colour));
    for (x, y) in pixels() {
        picture.put_pixel(x, y, Rgb(most.map_or([0; 3], |(colour, _)| colour)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn area(x: i32, y: i32, width: u32, height: u32) -> Area {
        Area { x, y, width, height }
    }

    fn window(title: &str, process: u32, is_active: bool) -> Window {
        Window {
            application: Some(format!("org.example.{title}")),
            title: Some(title.to_owned()),
            process: Some(process),
            is_active,
            area: Some(area(100, 100, 200, 100)),
            focus: None,
            passwords: vec![Field { on_screen: area(110, 120, 20, 10), in_window: area(10, 20, 20, 10) }],
        }
    }

    fn seen(active: Option<Active>, place: Place) -> Seen {
        let mut pixels = RgbImage::from_pixel(400, 300, Rgb([200; 3]));
        // Something is written everywhere.
        for pixel in pixels.pixels_mut().step_by(3) {
            pixel.0 = [0; 3];
        }
        Seen { pixels, view: View::Screen, monitors: Vec::new(), active, is_idle: false, place }
    }

    /// The rectangle in which nothing is written.
    fn blanked(picture: &RgbImage) -> Option<Area> {
        let blank = picture.enumerate_pixels().filter(|(x, y, pixel)| {
            let at = y * picture.width() + x;
            at.is_multiple_of(3) && pixel.0 != [0; 3]
        });
        blank.map(|(x, y, _)| Area { x: x as i32, y: y as i32, width: 1, height: 1 }).reduce(Area::union)
    }

    #[test]
    fn the_window_that_tells_of_itself_is_the_active_one() {
        let active = |title: &str, process| {
            Some(Active { title: Some(title.to_owned()), process, ..Active::default() })
        };
        let windows = [window("Old", 1, true), window("Pages", 2, false), window("Pages", 3, true)];
        for (active, expected) in [
            (active("Pages", Some(3)), Some(2)),
            (active("Pages", Some(2)), Some(1)),
            (active("Pages", None), Some(2)),
            (active("Just renamed", Some(3)), Some(2)),
            (active("Terminal", Some(9)), None),
            (None, Some(0)),
        ] {
            let seen = seen(active, Place::Unknown);
            assert!(seen.told(&windows) == expected.map(|index: usize| &windows[index]), "{expected:?}");
        }
        let idle = Seen { is_idle: true, ..seen(None, Place::Unknown) };
        assert!(idle.told(&windows).is_none());
        let (_, screen) = seen(active("Pages", Some(3)), Place::Unknown).into_parts(&windows);
        assert_eq!((screen.application.as_deref(), screen.window.as_deref()), (Some("Pages"), Some("Pages")));
    }

    #[test]
    fn passwords_are_blanked_where_they_are() {
        let here = |area| Some(Active { process: Some(2), area: Some(area), ..Active::default() });
        let windows = [window("Sign in", 2, true)];
        for (name, active, place, expected) in [
            (
                "on the screen",
                here(area(100, 100, 200, 100)),
                Place::OnScreen(area(0, 0, 400, 300)),
                Some(area(110, 120, 20, 10)),
            ),
            (
                "in a window of it",
                here(area(100, 100, 200, 100)),
                Place::OnScreen(area(100, 100, 400, 300)),
                Some(area(10, 20, 20, 10)),
            ),
            (
                "on a fine screen",
                here(area(200, 200, 400, 200)),
                Place::OnScreen(area(0, 0, 400, 300)),
                Some(area(220, 240, 40, 20)),
            ),
            (
                "in a window that begins there",
                here(area(0, 0, 1, 1)),
                Place::InWindow { origin: (50, 5), scale: 1.5 },
                Some(area(65, 35, 30, 15)),
            ),
            ("nobody knows where", here(area(0, 0, 1, 1)), Place::Unknown, None),
            ("beside it", here(area(0, 0, 1, 1)), Place::InWindow { origin: (1000, 0), scale: 1.0 }, None),
        ] {
            let (pixels, _) = seen(active, place).into_parts(&windows);
            let found = blanked(&pixels);
            let Some(expected) = expected else {
                assert_eq!(found, None, "{name}");
                continue;
            };
            let found = found.expect(name);
            assert_eq!(found.intersection(expected), Some(found), "{name}: {found:?}");
            assert!(found.width + 3 > expected.width && found.height == expected.height, "{name}: {found:?}");
        }
    }
}
