//! Pages as windows show them: two paragraphs, with three photos between them or without.

use anyhow::{Context, Result};
use descry_daemon::frame::Area;
use image::{RgbImage, imageops};

use crate::shipped;

/// Two paragraphs below a heading; where the photos would be, there is nothing.
pub fn text() -> Result<RgbImage> {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/page.png");
    Ok(image::open(file).context("the page is missing")?.to_rgb8())
}

/// The same with three photos between the paragraphs, and where these are.
pub fn with_photos() -> Result<(RgbImage, [Area; 3])> {
    let mut page = text()?;
    let areas = [31, 283, 535].map(|x| Area { x, y: 125, width: 230, height: 170 });
    for (area, name) in areas.iter().zip(["cat.jpg", "coffee.jpg", "tulips.jpg"]) {
        let picture = image::open(shipped::picture(name))?.to_rgb8();
        let picture = imageops::thumbnail(&picture, area.width, area.height);
        imageops::replace(&mut page, &picture, area.x.into(), area.y.into());
    }
    Ok((page, areas))
}
