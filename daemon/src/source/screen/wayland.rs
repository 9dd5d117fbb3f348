//! Looking at the screen of a Wayland session: the portal gives the picture, and where the compositor is sway, it says
//! where the active window is. Elsewhere nobody does, and the whole screen is taken where a window was asked for.

use image::imageops;
use tracing::debug;

use super::{
    Reached, ScreenError, Session, Target, portal,
    seen::{Active, Place, Seen, scaled},
    sway,
    window::short_name,
};
use crate::{
    frame::{Area, View},
    request::Cancel,
};

/// Looks at a part of the screen. It blocks, on a thread that may.
pub(super) fn capture(session: &Session, target: Target, cancel: &Cancel) -> Result<Seen, ScreenError> {
    let layout = layout(session);
    if target == Target::Window && layout.as_ref().is_some_and(|layout| layout.active.is_none()) {
        return Err(ScreenError::NoWindow);
    }
    let portal::Picture { pixels, is_window } = portal::capture(target, cancel)?;
    let whole = Area { x: 0, y: 0, width: pixels.width(), height: pixels.height() };
    let all = layout.as_ref().and_then(|layout| layout.monitors.iter().copied().reduce(Area::union));
    // The picture has as many pixels as the finest monitor would have, were it as large as all.
    let scale = all.map_or(1.0, |all| f64::from(whole.width) / f64::from(all.width));
    let on_picture = |area: Area| scaled(area.relative_to(all.unwrap_or(whole)), scale);
    let monitors: Vec<Area> =
        layout.iter().flat_map(|layout| &layout.monitors).copied().map(on_picture).collect();
    let is_idle = layout.as_ref().is_some_and(|layout| layout.active.is_none());
    let active = layout.and_then(|layout| layout.active).map(|active| Active {
        application: active.application.as_deref().map(short_name),
        title: active.title,
        process: active.process,
        area: Some(on_picture(active.area)),
    });
    let window = active.as_ref().and_then(|active| active.area);
    let (view, area) = match (target, window) {
        // The portal has cut it out itself.
        (Target::Window, _) if is_window => (View::Window, whole),
        (Target::Window, Some(window)) => {
            let outside = ScreenError::WindowOutside(pixels.dimensions());
            (View::Window, window.intersection(whole).ok_or(outside)?)
        }
        (Target::Window, None) => (View::ScreenForWindow, whole),
        (Target::Screen, _) => (View::Screen, whole),
        (Target::Region(region), _) => {
            let outside = ScreenError::RegionOutside(pixels.dimensions());
            (View::Region, region.intersection(whole).ok_or(outside)?)
        }
    };
    let place = match window {
        _ if is_window => Place::InWindow { origin: (0, 0), scale: 1.0 },
        Some(window) => Place::InWindow { origin: (window.x - area.x, window.y - area.y), scale },
        None => Place::Unknown,
    };
    // A rectangle beside the window is not called by its name.
    let is_beside = view == View::Region && window.is_some_and(|window| window.intersection(area).is_none());
    let active = active.filter(|_| !is_beside);
    let (pixels, monitors) = if area == whole {
        (pixels, monitors)
    } else {
        let part = imageops::crop_imm(&pixels, area.x as u32, area.y as u32, area.width, area.height);
        let cut = |monitor: &Area| Some(monitor.intersection(area)?.relative_to(area));
        (part.to_image(), monitors.iter().filter_map(cut).collect())
    };
    Ok(Seen { pixels, view, monitors, active, is_idle, place })
}

fn layout(session: &Session) -> Option<sway::Layout> {
    let socket = session.sway.as_deref()?;
    sway::layout(socket).inspect_err(|error| debug!(%error, "sway does not tell of its windows")).ok()
}

/// Tries the way to the screen without looking at it.
pub(super) async fn try_reach(session: &Session) -> Result<Reached, ScreenError> {
    let portal::Found { version } = portal::probe().await?;
    Ok(Reached::Portal { version, tells_window: layout(session).is_some() })
}
