//! Reading a picture's file as people see it: upright, in RGB.

use std::path::Path;

use image::{DynamicImage, ImageDecoder as _, ImageReader, ImageResult, RgbImage};

/// Decodes a picture, whatever its name says it is, and turns it as its EXIF orientation asks. Transparent parts keep
/// the colour they hide.
pub fn open(file: &Path) -> ImageResult<RgbImage> {
    let mut decoder = ImageReader::open(file)?.with_guessed_format()?.into_decoder()?;
    let orientation = decoder.orientation()?;
    let mut picture = DynamicImage::from_decoder(decoder)?;
    picture.apply_orientation(orientation);
    Ok(picture.into_rgb8())
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    #[test]
    fn the_content_counts_and_not_the_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("a.jpg");
        let picture = RgbImage::from_fn(3, 2, |x, y| Rgb([x as u8 * 9, y as u8 * 9, 5]));
        picture.save_with_format(&file, image::ImageFormat::Png).expect("saved");
        assert_eq!(open(&file).expect("opened"), picture);
    }

    #[test]
    fn what_is_no_picture_is_an_error() {
        let folder = tempfile::tempdir().expect("a folder");
        let cases: [(&str, &[u8]); 3] =
            [("empty", b""), ("text", b"a dog"), ("cut", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")];
        for (name, bytes) in cases {
            let file = folder.path().join(name);
            std::fs::write(&file, bytes).expect("written");
            assert!(open(&file).is_err(), "{name}");
        }
        assert!(open(folder.path()).is_err(), "a folder");
        assert!(open(&folder.path().join("gone")).is_err(), "nothing");
    }
}
