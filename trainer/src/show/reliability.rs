//! Whether a confidence of 60% is right in 60 of 100 cases: the reliability diagram (Niculescu-Mizil and Caruana 2005,
//! "Predicting Good Probabilities with Supervised Learning"), from captions that were judged.

use std::path::Path;

use anyhow::{Result, ensure};
use serde::Deserialize;

use super::chart::{Chart, Place, Series};
use super::curves::figure;
use super::page::table;
use super::read;

const BINS: usize = 10;

/// A line of the judged captions.
#[derive(Debug, Deserialize)]
struct Judged {
    /// 0..=1.
    confidence: f64,
    /// Whether a person would accept the caption.
    accepted: bool,
}

/// The captions whose confidence lies within a tenth.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Bin {
    count: usize,
    accepted: usize,
    confidence: f64,
}

impl Bin {
    fn mean(&self) -> f64 {
        self.confidence / self.count.max(1) as f64
    }

    fn share(&self) -> f64 {
        self.accepted as f64 / self.count.max(1) as f64
    }
}

fn bins(judged: &[Judged]) -> [Bin; BINS] {
    let mut bins = [Bin::default(); BINS];
    for Judged { confidence, accepted } in judged {
        let bin = &mut bins[((confidence * BINS as f64) as usize).min(BINS - 1)];
        bin.count += 1;
        bin.accepted += usize::from(*accepted);
        bin.confidence += confidence;
    }
    bins
}

/// The mean distance between confidence and share of accepted captions, weighted by how many captions a bin has.
fn expected_error(bins: &[Bin]) -> f64 {
    let total: usize = bins.iter().map(|bin| bin.count).sum();
    let errors = bins.iter().map(|bin| bin.count as f64 * (bin.mean() - bin.share()).abs());
    errors.sum::<f64>() / total.max(1) as f64
}

/// The section's HTML, from a file of judged captions.
pub(super) fn section(file: &Path) -> Result<String> {
    let mut judged = Vec::new();
    for (index, line) in read(file)?.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let parsed: Option<Judged> = serde_json::from_str(line).ok();
        let usable = parsed.filter(|judged| (0.0..=1.0).contains(&judged.confidence));
        ensure!(
            usable.is_some(),
            "{}:{} has no `confidence` in 0 to 1 and `accepted`",
            file.display(),
            index + 1
        );
        judged.extend(usable);
    }
    ensure!(!judged.is_empty(), "{} holds no judged caption", file.display());
    Ok(html(&bins(&judged), judged.len()))
}

fn html(bins: &[Bin; BINS], count: usize) -> String {
    let filled = || bins.iter().filter(|bin| bin.count > 0);
    let series = [
        Series { name: "honest".to_owned(), points: vec![(0.0, 0.0), (1.0, 1.0)] },
        Series {
            name: "this model".to_owned(),
            points: filled().map(|bin| (bin.mean(), bin.share())).collect(),
        },
    ];
    let most = bins.iter().map(|bin| bin.count).max().unwrap_or(1).max(1);
    let bars = |place: &Place<'_>| {
        let bar = |(index, bin): (usize, &Bin)| {
            let (from, to) = (index as f64 / BINS as f64, (index + 1) as f64 / BINS as f64);
            // A third of the height at most, so that the bars do not hide the lines.
            let ((x, y), (end, floor)) = (place(from, bin.count as f64 / most as f64 / 3.0), place(to, 0.0));
            format!(
                "<rect class=\"bar\" x=\"{:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{:.1}\"/>\n",
                x + 1.0,
                end - x - 2.0,
                floor - y
            )
        };
        bins.iter().enumerate().map(bar).collect::<String>()
    };
    let description = format!(
        "Of {count} judged captions, confidence and share of accepted captions differ by {:.1} points on average. Where the \
         line of the model lies below the straight one, it is too sure of itself. Bars: how many captions have such a confidence.",
        100.0 * expected_error(bins)
    );
    let chart = Chart {
        id: "reliable",
        title: "Confidence and the share of accepted captions",
        description: &description,
        across: "confidence",
        up: "share of accepted captions",
        series: &series,
        bounds: Some([(0.0, 1.0), (0.0, 1.0)]),
        below: &bars,
    };
    let rows: Vec<Vec<String>> = filled()
        .map(|bin| {
            vec![
                format!("{:.0}%", 100.0 * bin.mean()),
                format!("{:.0}%", 100.0 * bin.share()),
                bin.count.to_string(),
            ]
        })
        .collect();
    figure(&chart)
        + "<details open><summary>The same as a table</summary>\n"
        + &table("By tenths of the confidence", &["mean confidence", "accepted", "captions"], &rows)
        + "</details>\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captions_fall_into_tenths() {
        let judged = |confidence, accepted| Judged { confidence, accepted };
        let found = bins(&[judged(0.0, false), judged(0.09, true), judged(0.95, true), judged(1.0, true)]);
        assert_eq!((found[0].count, found[0].accepted, found[9].count), (2, 1, 2));
        assert!((found[0].share() - 0.5).abs() < 1e-9 && (found[9].mean() - 0.975).abs() < 1e-9);
        // 2 of 4 differ by 0.455, 2 by 0.025.
        assert!((expected_error(&found) - 0.24).abs() < 1e-9, "{}", expected_error(&found));
        let html = html(&found, 4);
        assert!(html.contains("differ by 24.0 points") && html.contains("<td>50%</td><td>2</td>"), "{html}");
    }

    #[test]
    fn what_cannot_be_drawn_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("judged.jsonl");
        for (text, problem) in [
            ("", "holds no judged caption"),
            ("{\"confidence\":0.5,\"accepted\":true}\n\n{\"confidence\":2,\"accepted\":true}", ":3 has no"),
            ("{\"confidence\":0.5}", ":1 has no"),
            ("x", ":1 has no"),
        ] {
            std::fs::write(&file, text).expect("written");
            let error = section(&file).expect_err(problem).to_string();
            assert!(error.contains(problem), "{error}");
        }
    }
}
