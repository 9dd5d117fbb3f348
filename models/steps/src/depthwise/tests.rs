//! The convolution against the sum that defines it, value by value.

use super::*;
use crate::tests::levels;

/// Whole numbers of eight bits that look like chance, so that sums are exact in any order.
fn whole(count: usize, seed: usize) -> Vec<f32> {
    (0..count).map(|at| (at * 7919 + seed * 104_729) % 255).map(|value| value as f32 - 127.0).collect()
}

fn along(input: usize, kernel: usize, stride: usize, padding: (usize, usize)) -> Along {
    let output = (input + padding.0 + padding.1 - kernel) / stride + 1;
    Along { input, output, kernel, stride, padding: padding.0 }
}

/// What a convolution is.
fn defined((rows, columns): (Along, Along), kernel: &[f32], input: &[f32], bias: &[f32]) -> Vec<f32> {
    let channels = bias.len();
    let mut output = Vec::new();
    for row in 0..rows.output {
        for column in 0..columns.output {
            for channel in 0..channels {
                let mut sum = bias[channel];
                for kernel_row in 0..rows.kernel {
                    for kernel_column in 0..columns.kernel {
                        let y = (row * rows.stride + kernel_row).checked_sub(rows.padding);
                        let x = (column * columns.stride + kernel_column).checked_sub(columns.padding);
                        let (Some(y), Some(x)) = (y, x) else { continue };
                        if y < rows.input && x < columns.input {
                            sum += input[(y * columns.input + x) * channels + channel]
                                * kernel
                                    [(channel * rows.kernel + kernel_row) * columns.kernel + kernel_column];
                        }
                    }
                }
                output.push(sum);
            }
        }
    }
    output
}

#[test]
fn convolves_as_it_is_defined() {
    let same = |kernel: usize| (kernel / 2, kernel / 2);
    let cases = [
        ("3 by 3", along(9, 3, 1, same(3)), along(7, 3, 1, same(3)), 32),
        ("5 by 5, every other place", along(9, 5, 2, same(5)), along(10, 5, 2, (1, 2)), 48),
        ("an even size with zeros behind it", along(8, 3, 2, (0, 1)), along(8, 3, 2, (0, 1)), 20),
        ("7 by 7", along(8, 7, 1, same(7)), along(8, 7, 1, same(7)), 3),
        ("1 by 1", along(4, 1, 1, (0, 0)), along(4, 1, 3, (0, 0)), 17),
        ("3 by 5", along(6, 3, 1, (0, 0)), along(6, 5, 1, (4, 4)), 5),
        ("a kernel larger than the picture", along(2, 5, 1, same(5)), along(1, 5, 1, same(5)), 16),
        ("a window over zeros alone", along(3, 2, 4, (4, 9)), along(3, 2, 1, (2, 3)), 4),
        ("more channels than a block", along(3, 3, 1, same(3)), along(3, 3, 1, same(3)), BLOCK + 9),
    ];
    for (name, rows, columns, channels) in cases {
        let kernel = whole(rows.kernel * columns.kernel * channels, 1);
        let (input, bias) = (whole(rows.input * columns.input * channels, 2), whole(channels, 3));
        let convolution = Depthwise::new(rows, columns, channels, &kernel).expect(name);
        for level in levels() {
            let mut found = vec![f32::NAN; convolution.output_shape().iter().product()];
            convolution.apply_at(level, &input, &bias, &mut found);
            assert_eq!(found, defined((rows, columns), &kernel, &input, &bias), "{name} with {level:?}");
        }
        assert_eq!(Depthwise::new(rows, columns, channels, &kernel[1..]), None, "{name}");
    }
}

#[test]
fn what_gives_nothing_is_none() {
    let (some, nothing) = (along(3, 3, 1, (1, 1)), Along { output: 0, ..along(3, 3, 1, (1, 1)) });
    let kernel = whole(9, 1);
    assert!(Depthwise::new(some, some, 1, &kernel).is_some());
    for (rows, columns, channels) in [(nothing, some, 1), (some, nothing, 1), (some, some, 0)] {
        assert_eq!(Depthwise::new(rows, columns, channels, &kernel[..9 * channels]), None);
    }
}

#[test]
fn makes_steps_of_the_sums_once() {
    // Some that are computed by fours of vectors, some by single ones, and some one by one.
    let (axis, channels) = (along(5, 3, 1, (1, 1)), BLOCK + 45);
    let (kernel, input, bias) = (whole(9 * channels, 1), whole(25 * channels, 2), whole(channels, 3));
    let mut due = defined((axis, axis), &kernel, &input, &bias);
    let multipliers = (0..channels).map(|channel| 0.01 * (1.0 + channel as f32)).collect();
    let requantise = Requantise { multipliers, low: -10.0, high: 245.0 };
    requantise.apply_channels_last(&mut due);

    let mut convolution = Depthwise::new(axis, axis, channels, &kernel).expect("they fit");
    let of_others = Requantise { multipliers: vec![0.5; channels + 1], ..requantise.clone() };
    assert!(!convolution.requantise(&of_others));
    assert!(convolution.requantise(&requantise));
    assert!(!convolution.requantise(&requantise), "a second time");
    for level in levels() {
        let mut found = vec![0.0; due.len()];
        convolution.apply_at(level, &input, &bias, &mut found);
        assert_eq!(found, due, "{level:?}");
    }
}
