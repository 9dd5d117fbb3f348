//! What decoding a WebP costs, read from its chunks beforehand: the decoder itself keeps no bound, and a frame
//! inside may claim to be larger than the picture.

use std::io::{BufRead, ErrorKind, Seek, SeekFrom};

use super::SourceError;

const FORMAT: &str = "WebP";

/// More chunks than this are in no picture that anyone made; an animation has a few for each frame.
const MAXIMUM_CHUNKS: u32 = 100_000;

/// What was seen among the chunks.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Kinds {
    /// Tenths of a byte for each pixel of a lossy frame: brightness for each, two colours for each four.
    lossy: u64,
    /// Tenths of a byte for each pixel of a lossless frame.
    lossless: u64,
    alpha: bool,
    animated: bool,
}

impl Kinds {
    /// Tenths of a byte for each pixel, the result included.
    fn tenths(self) -> u64 {
        // Opacity is itself a lossless picture of four bytes, then one byte.
        let alpha = if self.alpha { 50 } else { 0 };
        let result = if self.alpha || self.animated { 40 } else { 30 };
        // A frame of its own, and the canvas that it is laid on.
        let animation = if self.animated { 80 } else { 0 };
        self.lossy + self.lossless + alpha + result + animation
    }
}

/// Whether as many bytes are there as the file itself says: the decoder takes what is missing for damage.
pub(super) fn is_whole(reader: &mut (impl BufRead + Seek)) -> std::io::Result<bool> {
    let end = reader.seek(SeekFrom::End(0))?;
    reader.seek(SeekFrom::Start(4))?;
    let mut size = [0; 4];
    reader.read_exact(&mut size)?;
    reader.seek(SeekFrom::Start(0))?;
    Ok(end >= u64::from(u32::from_le_bytes(size)) + 8)
}

/// Bytes that decoding needs for a picture of `width` x `height`, the encoded data not counted.
pub(super) fn memory(
    reader: &mut (impl BufRead + Seek),
    width: u32,
    height: u32,
) -> Result<u64, SourceError> {
    let kinds = kinds(reader, width, height).map_err(|error| match error.kind() {
        ErrorKind::UnexpectedEof => SourceError::CutOff(FORMAT),
        ErrorKind::InvalidData => SourceError::Damaged { format: FORMAT, detail: error.to_string() },
        _ => SourceError::Unreadable(error),
    })?;
    Ok(u64::from(width) * u64::from(height) * kinds.tenths() / 10)
}

/// Walks over the chunks, into the frames of an animation too.
fn kinds(reader: &mut (impl BufRead + Seek), width: u32, height: u32) -> std::io::Result<Kinds> {
    let end = reader.seek(SeekFrom::End(0))?;
    let mut position = reader.seek(SeekFrom::Start(12))?;
    let mut kinds = Kinds::default();
    for _ in 0..MAXIMUM_CHUNKS {
        if position + 8 > end {
            return Ok(kinds);
        }
        reader.seek(SeekFrom::Start(position))?;
        let mut header = [0; 8];
        reader.read_exact(&mut header)?;
        let [a, b, c, d, size @ ..] = header;
        let size = u64::from(u32::from_le_bytes(size));
        let mut next = position + 8 + size + size % 2;
        match &[a, b, c, d] {
            b"VP8 " => {
                let mut frame = [0; 10];
                reader.read_exact(&mut frame)?;
                let length = |low, high| u32::from(u16::from_le_bytes([low, high]) & 0x3FFF);
                if length(frame[6], frame[7]) > width || length(frame[8], frame[9]) > height {
                    return Err(std::io::Error::new(
                        ErrorKind::InvalidData,
                        "a frame is larger than the picture",
                    ));
                }
                kinds.lossy = 15;
            }
            b"VP8L" => kinds.lossless = 40,
            b"ALPH" => kinds.alpha = true,
            b"ANMF" => {
                kinds.animated = true;
                next = position + 8 + 16;
            }
            _ => {}
        }
        position = next;
    }
    Err(std::io::Error::new(ErrorKind::InvalidData, "there are too many chunks"))
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn chunk(name: &str, content: &[u8]) -> Vec<u8> {
        let mut bytes = name.as_bytes().to_vec();
        bytes.extend((content.len() as u32).to_le_bytes());
        bytes.extend(content);
        bytes.extend(vec![0; content.len() % 2]);
        bytes
    }

    fn lossy(width: u16, height: u16) -> Vec<u8> {
        let mut frame = vec![0, 0, 0, 0x9D, 0x01, 0x2A];
        frame.extend(width.to_le_bytes());
        frame.extend(height.to_le_bytes());
        chunk("VP8 ", &frame)
    }

    fn file(chunks: &[Vec<u8>]) -> Cursor<Vec<u8>> {
        let mut bytes = b"RIFF\0\0\0\0WEBP".to_vec();
        bytes.extend(chunks.concat());
        Cursor::new(bytes)
    }

    #[test]
    fn the_kind_decides_the_cost() {
        let frame = |content: Vec<u8>| chunk("ANMF", &[vec![0; 16], content].concat());
        for (chunks, tenths) in [
            (vec![lossy(100, 100)], 45),
            (vec![chunk("VP8L", &[1; 5])], 70),
            (vec![chunk("VP8X", &[0; 10]), chunk("ALPH", &[1]), lossy(100, 100)], 105),
            (vec![chunk("VP8X", &[0; 10]), frame(lossy(100, 100))], 135),
        ] {
            assert_eq!(memory(&mut file(&chunks), 100, 100).unwrap(), 1000 * tenths, "{chunks:?}");
        }
    }

    #[test]
    fn a_frame_larger_than_the_picture_is_refused() {
        let hidden = chunk("ANMF", &[vec![0; 16], lossy(16383, 16383)].concat());
        for chunks in [vec![lossy(101, 100)], vec![lossy(100, 100), hidden]] {
            assert!(matches!(memory(&mut file(&chunks), 100, 100), Err(SourceError::Damaged { .. })));
        }
    }

    #[test]
    fn a_frame_that_ends_early_is_cut_off() {
        let mut bytes = file(&[lossy(100, 100)]).into_inner();
        bytes.truncate(bytes.len() - 4);
        assert!(matches!(memory(&mut Cursor::new(bytes), 100, 100), Err(SourceError::CutOff(_))));
    }
}
