//! From the bytes of an X server to pixels, whatever the server's order of bytes and depth.

/// How a server lays out the pixels of a drawable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Layout {
    /// 16, 24 or 32.
    bits_per_pixel: u8,
    /// Rows end at a multiple of this many bits.
    scanline_pad: u8,
    big_endian: bool,
    red: Channel,
    green: Channel,
    blue: Channel,
}

/// Which bits of a pixel are one colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Channel {
    shift: u32,
    bits: u32,
}

impl Channel {
    /// The mask's bits must lie side by side, as those of any visual do.
    fn of_mask(mask: u32) -> Option<Self> {
        let (shift, bits) = (mask.trailing_zeros(), mask.count_ones());
        (bits > 0 && bits + shift + mask.leading_zeros() == 32).then_some(Self { shift, bits })
    }

    /// The colour's value, stretched or cut to 0 to 255.
    fn value(self, pixel: u32) -> u8 {
        if self.bits == 8 {
            return (pixel >> self.shift) as u8;
        }
        let most = (1_u64 << self.bits) - 1;
        let value = u64::from(pixel >> self.shift) & most;
        ((value * 255 + most / 2) / most) as u8
    }
}

impl Layout {
    /// A layout out of what the server says of its format and visual; `None` for one that cannot be read.
    pub(super) fn new(
        bits_per_pixel: u8,
        scanline_pad: u8,
        big_endian: bool,
        masks: [u32; 3],
    ) -> Option<Self> {
        let [red, green, blue] = masks.map(Channel::of_mask);
        let known = matches!(bits_per_pixel, 16 | 24 | 32) && matches!(scanline_pad, 8 | 16 | 32);
        known.then_some(Self {
            bits_per_pixel,
            scanline_pad,
            big_endian,
            red: red?,
            green: green?,
            blue: blue?,
        })
    }

    /// Bytes of one row of `width` pixels.
    pub(super) fn row_bytes(&self, width: u32) -> usize {
        let pad = usize::from(self.scanline_pad);
        (width as usize * usize::from(self.bits_per_pixel)).div_ceil(pad) * pad / 8
    }

    /// Reads rows of `width` pixels into `out`, three bytes a pixel; how many rows are read follows from the length of
    /// `out`. `false` when `rows` is too short.
    pub(super) fn read(&self, rows: &[u8], width: u32, out: &mut [u8]) -> bool {
        let (row_bytes, row_out) = (self.row_bytes(width), width as usize * 3);
        let count = out.len() / row_out.max(1);
        if rows.len() < row_bytes * count {
            return false;
        }
        let bytes = usize::from(self.bits_per_pixel) / 8;
        for (row, out) in rows.chunks_exact(row_bytes).zip(out.chunks_exact_mut(row_out)) {
            for (pixel, out) in row.chunks_exact(bytes).zip(out.chunks_exact_mut(3)) {
                let join = |value: u32, byte: &u8| value << 8 | u32::from(*byte);
                let pixel = if self.big_endian {
                    pixel.iter().fold(0, join)
                } else {
                    pixel.iter().rev().fold(0, join)
                };
                out.copy_from_slice(&[self.red, self.green, self.blue].map(|channel| channel.value(pixel)));
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RGB888: [u32; 3] = [0xff_0000, 0xff00, 0xff];
    const RGB565: [u32; 3] = [0xf800, 0x07e0, 0x1f];
    const RGB101010: [u32; 3] = [0x3ff0_0000, 0xf_fc00, 0x3ff];

    #[test]
    fn pixels_of_every_kind_are_read() {
        type Case = (u8, u8, bool, [u32; 3], &'static [u8], [[u8; 3]; 2]);
        let cases: [Case; 9] = [
            (32, 32, false, RGB888, &[3, 2, 1, 0, 6, 5, 4, 0xff], [[1, 2, 3], [4, 5, 6]]),
            (32, 32, true, RGB888, &[0, 1, 2, 3, 0xff, 4, 5, 6], [[1, 2, 3], [4, 5, 6]]),
            // Blue first, as some servers have it.
            (32, 32, false, [0xff, 0xff00, 0xff_0000], &[3, 2, 1, 0, 6, 5, 4, 0], [[3, 2, 1], [6, 5, 4]]),
            (24, 32, false, RGB888, &[3, 2, 1, 6, 5, 4, 0, 0], [[1, 2, 3], [4, 5, 6]]),
            (24, 8, true, RGB888, &[1, 2, 3, 4, 5, 6], [[1, 2, 3], [4, 5, 6]]),
            (16, 32, false, RGB565, &[0, 0xf8, 0xe0, 0x07], [[255, 0, 0], [0, 255, 0]]),
            (16, 32, true, RGB565, &[0xf8, 0, 0x84, 0x10], [[255, 0, 0], [132, 130, 132]]),
            (32, 32, false, RGB101010, &[0xff, 0x03, 0, 0, 0, 0, 0xf0, 0x3f], [[0, 0, 255], [255, 0, 0]]),
            (32, 32, true, RGB101010, &[0x20, 0x08, 0x02, 0, 0, 0, 0, 1], [[128, 128, 128], [0, 0, 0]]),
        ];
        for (bits, pad, big_endian, masks, bytes, expected) in cases {
            let layout = Layout::new(bits, pad, big_endian, masks).unwrap();
            let mut out = [0; 6];
            assert!(layout.read(bytes, 2, &mut out));
            assert_eq!(out, expected.concat()[..], "{bits} bits, big-endian: {big_endian}");
        }
    }

    #[test]
    fn rows_end_where_the_server_ends_them() {
        let layout = Layout::new(16, 32, false, RGB565).unwrap();
        assert_eq!([1, 2, 3].map(|width| layout.row_bytes(width)), [4, 4, 8]);
        let mut out = [9; 6];
        assert!(layout.read(&[0, 0xf8, 7, 7, 0x1f, 0, 7, 7], 1, &mut out));
        assert_eq!(out, [255, 0, 0, 0, 0, 255]);
        assert!(!layout.read(&[0, 0, 0, 0, 0, 0, 0], 1, &mut out), "the second row is cut off");
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        for (bits, pad, masks) in [
            (8, 32, RGB888),
            (32, 64, RGB888),
            (32, 32, [0, 0xff00, 0xff]),
            (32, 32, [0xf0f0, 0xff_0000, 0xf]),
        ] {
            assert_eq!(Layout::new(bits, pad, false, masks), None, "{bits} {pad} {masks:?}");
        }
    }
}
