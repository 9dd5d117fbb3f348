//! Lines over two axes, as SVG with a title and a description for those who do not see it.

use std::fmt::Write as _;

use super::page::escape;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 300.0;
const LEFT: f64 = 56.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 16.0;
const BOTTOM: f64 = 44.0;
/// The style's names for the lines' colours, in turn.
const COLOURS: [&str; 4] = ["var(--one)", "var(--two)", "var(--three)", "var(--four)"];

/// And their dashes, for those who do not tell the colours apart.
const DASHES: [&str; 4] = ["none", "9 4", "3 3", "12 3 3 3"];

/// One line of a chart.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Series {
    pub(super) name: String,
    /// In the order of the line; what is not finite is left out.
    pub(super) points: Vec<(f64, f64)>,
}

/// Where on the drawing a point is.
pub(super) type Place<'a> = dyn Fn(f64, f64) -> (f64, f64) + 'a;

/// What a chart shows.
pub(super) struct Chart<'a> {
    /// A word for use as the ids of its parts.
    pub(super) id: &'a str,
    pub(super) title: &'a str,
    /// In words, what there is to see.
    pub(super) description: &'a str,
    pub(super) across: &'a str,
    pub(super) up: &'a str,
    pub(super) series: &'a [Series],
    /// From and to of each axis; without them, what the points need.
    pub(super) bounds: Option<[(f64, f64); 2]>,
    /// More SVG below the lines.
    pub(super) below: &'a dyn Fn(&Place<'_>) -> String,
}

impl Chart<'_> {
    pub(super) fn svg(&self) -> String {
        let points = || self.series.iter().flat_map(|series| finite(&series.points));
        let [across, up] = self
            .bounds
            .unwrap_or_else(|| [range(points().map(|point| point.0)), range(points().map(|point| point.1))]);
        let place = |x: f64, y: f64| {
            let share = |value: f64, (from, to): (f64, f64)| (value - from) / (to - from);
            (
                LEFT + share(x, across) * (WIDTH - LEFT - RIGHT),
                HEIGHT - BOTTOM - share(y, up) * (HEIGHT - TOP - BOTTOM),
            )
        };
        let mut svg = format!(
            "<svg class=\"chart\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-labelledby=\"{id}-title {id}-description\">\n\
             <title id=\"{id}-title\">{}</title>\n<desc id=\"{id}-description\">{}</desc>\n",
            escape(self.title),
            escape(self.description),
            id = self.id,
        );
        for tick in ticks(up) {
            let ((x1, y), (x2, _)) = (place(across.0, tick), place(across.1, tick));
            let _ = writeln!(svg, "<path class=\"grid\" d=\"M{x1:.1} {y:.1}H{x2:.1}\"/>");
            let _ = writeln!(
                svg,
                "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                x1 - 6.0,
                y + 4.0,
                number(tick)
            );
        }
        for tick in ticks(across) {
            let (x, y) = place(tick, up.0);
            let _ = writeln!(svg, "<path class=\"axis\" d=\"M{x:.1} {y:.1}v5\"/>");
            let _ = writeln!(
                svg,
                "<text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
                y + 19.0,
                number(tick)
            );
        }
        let _ = writeln!(
            svg,
            "<path class=\"axis\" d=\"M{LEFT} {:.1}H{:.1}\"/>\n<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>\n\
             <text x=\"{LEFT}\" y=\"12\">{}</text>",
            HEIGHT - BOTTOM,
            WIDTH - RIGHT,
            WIDTH - RIGHT,
            HEIGHT - 6.0,
            escape(self.across),
            escape(self.up),
        );
        svg.push_str(&(self.below)(&place));
        for (index, series) in self.series.iter().enumerate() {
            let mut path = String::new();
            for (x, y) in finite(&series.points) {
                let (x, y) = place(x, y);
                let _ = write!(path, "{}{x:.1} {y:.1}", if path.is_empty() { 'M' } else { 'L' });
            }
            let look = format!(
                "stroke:{};stroke-dasharray:{}",
                COLOURS[index % COLOURS.len()],
                DASHES[index % DASHES.len()]
            );
            let _ = writeln!(svg, "<path class=\"series\" style=\"{look}\" d=\"{path}\"/>");
            if let [(x, y)] = finite(&series.points).collect::<Vec<_>>().as_slice() {
                let (x, y) = place(*x, *y);
                let _ = writeln!(svg, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" style=\"{look}\"/>");
            }
            // The legend, where lines that rise leave room: at the upper left.
            if self.series.len() > 1 {
                let (x, y) = (LEFT + 12.0, TOP + 18.0 * (index + 1) as f64);
                let _ = writeln!(
                    svg,
                    "<path class=\"series\" style=\"{look}\" d=\"M{x} {y}h28\"/><text x=\"{}\" y=\"{}\">{}</text>",
                    x + 36.0,
                    y + 4.0,
                    escape(&series.name)
                );
            }
        }
        svg + "</svg>\n"
    }
}

fn finite(points: &[(f64, f64)]) -> impl Iterator<Item = (f64, f64)> {
    points.iter().copied().filter(|(x, y)| x.is_finite() && y.is_finite())
}

/// From the least to the greatest, a little more, and never nothing.
fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (least, most) = values
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), value| (least.min(value), most.max(value)));
    if !least.is_finite() {
        return (0.0, 1.0);
    }
    let margin = if most > least { (most - least) * 0.05 } else { 0.5 };
    // Values that are never negative do not get an axis that is.
    (if least >= 0.0 { (least - margin).max(0.0) } else { least - margin }, most + margin)
}

/// About five round numbers within a range.
fn ticks((from, to): (f64, f64)) -> Vec<f64> {
    let rough = (to - from) / 5.0;
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|factor| factor * power).find(|step| *step >= rough);
    let step = step.unwrap_or(power * 10.0);
    let first = (from / step).ceil() as i64;
    (first..).map(|index| index as f64 * step).take_while(|tick| *tick <= to + step * 1e-9).take(12).collect()
}

/// A number with as many digits as its size wants.
pub(super) fn number(value: f64) -> String {
    let decimals = match value.abs() {
        0.0 => 0,
        size if size >= 100.0 => 0,
        size if size >= 1.0 => 1,
        size if size >= 0.001 => 3,
        _ => return format!("{value:.1e}"),
    };
    let text = format!("{value:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_have_round_numbers() {
        let cases: [((f64, f64), &[&str]); 4] = [
            ((0.0, 1.0), &["0", "0.2", "0.4", "0.6", "0.8", "1"]),
            ((2.1, 5.3), &["3", "4", "5"]),
            ((0.0, 47.0), &["0", "10", "20", "30", "40"]),
            ((0.0, 0.0004), &["0", "1.0e-4", "2.0e-4", "3.0e-4", "4.0e-4"]),
        ];
        for (range, expected) in cases {
            let found: Vec<String> = ticks(range).into_iter().map(number).collect();
            assert_eq!(found, expected, "{range:?}");
        }
    }

    #[test]
    fn no_points_and_broken_points_are_drawn_too() {
        for points in [vec![], vec![(1.0, 2.0)], vec![(0.0, f64::NAN), (1.0, f64::INFINITY), (2.0, 3.0)]] {
            let series = [Series { name: "a < b".to_owned(), points }];
            let chart = Chart {
                id: "x",
                title: "T & U",
                description: "d",
                across: "epochs",
                up: "nats",
                series: &series,
                bounds: None,
                below: &|_| String::new(),
            };
            let svg = chart.svg();
            assert!(svg.contains("<title id=\"x-title\">T &amp; U</title>"), "{svg}");
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        }
    }
}
