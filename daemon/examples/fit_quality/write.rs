//! The fitted table as Rust.

use std::fmt::Write as _;

use descry_daemon::quality::{Class, statistics::NAMES};

use super::fit::Fitted;

const HEAD: &str = "//! The fitted table: for each class an offset, and for each statistic a coefficient of its standardised value and one of
//! that value's square. Written by `daemon/examples/fit_quality`; not edited by hand.

use super::{
    Class,
    statistics::{COUNT, Statistics},
};

/// How many inputs a class has: each statistic and its square.
pub const INPUTS: usize = 2 * COUNT;

/// The table's inputs: what is further from the mean than four deviations counts as four.
#[must_use]
pub fn standardised(statistics: &Statistics, means: &Statistics, deviations: &Statistics) -> [f32; INPUTS] {
    let mut inputs = [0.0; INPUTS];
    for (at, statistic) in statistics.iter().enumerate() {
        let value = ((statistic - means[at]) / deviations[at]).clamp(-4.0, 4.0);
        inputs[at] = value;
        inputs[COUNT + at] = value * value / 4.0;
    }
    inputs
}

/// The inputs by the table's own means and deviations.
pub(super) fn inputs(statistics: &Statistics) -> [f32; INPUTS] {
    standardised(statistics, &MEANS, &DEVIATIONS)
}
";

pub(super) fn table(fitted: &Fitted) -> String {
    let mut text = HEAD.to_owned();
    let rows = |values: &[f32], indent: &str| {
        let numbers = values.chunks(8).map(|row| {
            let row = row.iter().map(|value| format!("{value:.4}")).collect::<Vec<_>>().join(", ");
            format!("{indent}{row},\n")
        });
        numbers.collect::<String>()
    };
    let _ = write!(text, "\n// The statistics are: {}.\n", NAMES.join(", "));
    let _ =
        write!(text, "\n#[rustfmt::skip]\nconst MEANS: Statistics = [\n{}];\n", rows(&fitted.means, "    "));
    let _ = write!(
        text,
        "\n#[rustfmt::skip]\nconst DEVIATIONS: Statistics = [\n{}];\n",
        rows(&fitted.deviations, "    ")
    );
    let _ = write!(
        text,
        "\n/// Of each class, in the order of [`Class::ALL`].\n#[rustfmt::skip]\npub(super) const OFFSETS: [f32; Class::ALL.len()] = [\n{}];\n",
        rows(&fitted.offsets, "    ")
    );
    text.push_str("\n/// Of each class.\n#[rustfmt::skip]\npub(super) const COEFFICIENTS: [[f32; INPUTS]; Class::ALL.len()] = [\n");
    for (class, row) in Class::ALL.iter().zip(&fitted.coefficients) {
        let _ = write!(text, "    // {class:?}\n    [\n{}    ],\n", rows(row, "        "));
    }
    text.push_str("];\n");
    text
}
