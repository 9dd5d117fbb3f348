//! Takes the lines that programs draw around fields, buttons and tables out of a picture that is to be read.
//!
//! Tesseract takes the edge of a field for a letter, and a box around a word for a picture. A line is long, straight and
//! thin, which no letter of a screen is; the stem of a large one is long only where nothing crosses its end.

/// What is darker than white is drawn.
const DRAWN: u8 = 254;

/// How many pixels a line across has at least. The bars of letters as wide are thicker.
const SHORTEST_ACROSS: usize = 40;

/// How many pixels a line down has at least: where it ends at a line across, as the side of a box does, and where it
/// stands for itself.
const SHORTEST_SIDE: usize = 18;
const SHORTEST_DOWN: usize = 64;

/// How many pixels thick a line is at most.
const THICKEST: usize = 3;

/// How far the side of a box with round corners ends from its top, across and down.
const CORNER: usize = 8;

/// Makes lines white. `grey` is rows of `width` bytes, white being 255.
pub(super) fn remove(grey: &mut [u8], width: usize) {
    if width == 0 {
        return;
    }
    let height = grey.len() / width;
    let drawn: Vec<bool> = grey.iter().map(|value| *value <= DRAWN).collect();
    let (across, down) = (Direction { step: 1, length: width }, Direction { step: width, length: height });

    let mut long = vec![false; grey.len()];
    for y in 0..height {
        across.runs(&drawn, y * width, |run| {
            if run.len() >= SHORTEST_ACROSS {
                run.for_each(|at| long[at] = true);
            }
        });
    }
    let mut lines = vec![false; grey.len()];
    for x in 0..width {
        down.runs(&long, x, |run| {
            if run.len() <= THICKEST {
                run.for_each(|at| lines[at] = true);
            }
        });
    }

    let is_corner = |at: usize, lines: &[bool]| {
        let (x, y) = (at % width, at / width);
        let rows = y.saturating_sub(CORNER)..(y + CORNER + 1).min(height);
        let has_line = |columns: std::ops::Range<usize>| {
            rows.clone().any(|y| columns.clone().any(|x| lines[y * width + x]))
        };
        // Between both ends of a line stands a letter in its box.
        let (left, right) = (x.saturating_sub(CORNER + 1), (x + CORNER + 1).min(width - 1));
        let goes_on = x > left + CORNER && has_line(left..left + 1) && has_line(right..right + 1);
        has_line(left..right + 1) && !goes_on
    };
    let mut tall = vec![false; grey.len()];
    for x in 0..width {
        down.runs(&drawn, x, |run| {
            let (first, last) = (run.first, run.last());
            let is_side = run.len() >= SHORTEST_SIDE && is_corner(first, &lines) && is_corner(last, &lines);
            if is_side || run.len() >= SHORTEST_DOWN {
                run.for_each(|at| tall[at] = true);
            }
        });
    }
    for y in 0..height {
        across.runs(&tall, y * width, |run| {
            if run.len() <= THICKEST {
                run.for_each(|at| lines[at] = true);
            }
        });
    }
    for (value, is_line) in grey.iter_mut().zip(lines) {
        if is_line {
            *value = 255;
        }
    }
}

/// Across or down.
#[derive(Clone, Copy)]
struct Direction {
    /// From one pixel to the next.
    step: usize,
    /// How many there are.
    length: usize,
}

/// Pixels in a line that follow each other.
struct Run {
    first: usize,
    count: usize,
    step: usize,
}

impl Run {
    fn len(&self) -> usize {
        self.count
    }

    fn last(&self) -> usize {
        self.first + (self.count - 1) * self.step
    }

    fn for_each(&self, mut act: impl FnMut(usize)) {
        (0..self.count).for_each(|index| act(self.first + index * self.step));
    }
}

impl Direction {
    /// Calls `act` with each run of pixels that are set, from `start` on.
    fn runs(self, set: &[bool], start: usize, mut act: impl FnMut(Run)) {
        let mut count = 0;
        for index in 0..=self.length {
            let at = start + index * self.step;
            if index < self.length && set[at] {
                count += 1;
            } else if count > 0 {
                act(Run { first: at - count * self.step, count, step: self.step });
                count = 0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDTH: usize = 120;

    /// A picture in which rectangles are drawn: x, y, width and height of each.
    fn picture(rectangles: &[[usize; 4]]) -> Vec<u8> {
        let mut grey = vec![255; WIDTH * 100];
        for [x, y, width, height] in rectangles {
            for y in *y..y + height {
                grey[y * WIDTH + x..][..*width].fill(40);
            }
        }
        grey
    }

    #[test]
    fn boxes_and_rules_go_and_letters_stay() {
        let field = [[10, 10, 90, 1], [10, 39, 90, 1], [8, 14, 1, 22], [101, 14, 1, 22]];
        let rule = [[5, 60, 110, 2], [60, 0, 1, 100]];
        for (name, lines) in [("a field with round corners", &field[..]), ("rules", &rule[..])] {
            let mut grey = picture(lines);
            remove(&mut grey, WIDTH);
            assert_eq!(grey.iter().filter(|value| **value < 255).count(), 0, "{name}");
        }
        for (name, letters) in [
            ("a large I", &[[30, 20, 5, 70]][..]),
            ("a T of large letters", &[[20, 20, 45, 6], [40, 20, 6, 45]]),
            ("a dash", &[[20, 50, 20, 2]]),
            ("a stem of thin large letters", &[[30, 20, 2, 50]]),
            ("a black square", &[[20, 20, 70, 70]]),
        ] {
            let mut grey = picture(letters);
            let before = grey.clone();
            remove(&mut grey, WIDTH);
            assert!(grey == before, "{name}");
        }
        let mut grey = picture(&field);
        for y in 14..34 {
            grey[y * WIDTH + 30..][..2].fill(40);
        }
        remove(&mut grey, WIDTH);
        assert_eq!(grey.iter().filter(|value| **value < 255).count(), 40, "an l in a field");
        remove(&mut [], 0);
    }
}
