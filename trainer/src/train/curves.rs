//! Learning curves in a terminal's lines: how the loss and the dev score went so far, while training goes on.

use serde::Deserialize;

/// Columns that a curve takes.
const WIDTH: usize = 48;
/// From low to high.
const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// What was logged of a stage so far.
#[derive(Debug, Default)]
pub(super) struct Curves {
    losses: Vec<f64>,
    rewards: Vec<f64>,
    scores: Vec<f64>,
}

/// The lines of the log that are drawn.
#[derive(Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
enum Line {
    Steps { nats: f64, reward: Option<f64> },
    Dev { cider: Vec<(String, f64)> },
}

impl Curves {
    /// What the log of a run says.
    pub(super) fn of_log(log: &str) -> Self {
        let mut curves = Self::default();
        log.lines().for_each(|line| curves.add(line));
        curves
    }

    /// Takes up a line of the log; what is not drawn is passed over.
    pub(super) fn add(&mut self, line: &str) {
        match serde_json::from_str(line) {
            Ok(Line::Steps { nats, reward: None }) => self.losses.push(nats),
            Ok(Line::Steps { reward: Some(reward), .. }) => self.rewards.push(reward),
            Ok(Line::Dev { cider }) => {
                let sum: f64 = cider.iter().map(|(_, score)| score).sum();
                self.scores.push(sum / cider.len().max(1) as f64);
            }
            Err(_) => {}
        }
    }

    /// The curves that there are, a line each.
    pub(super) fn lines(&self) -> String {
        let all = [
            ("nats a word", &self.losses, 2),
            ("drawn captions' score", &self.rewards, 1),
            ("dev CIDEr", &self.scores, 1),
        ];
        let drawn = all.into_iter().filter(|(_, values, _)| values.len() > 1);
        let lines = drawn.map(|(name, values, digits)| {
            let [first, last] = [values.first(), values.last()].map(|value| value.copied().unwrap_or(0.0));
            format!("{name:>21} {first:.digits$} {} {last:.digits$}", curve(values))
        });
        lines.collect::<Vec<_>>().join("\n")
    }
}

/// Values as a line of blocks between the least and the greatest of them; of many, the means of neighbours.
fn curve(values: &[f64]) -> String {
    let width = values.len().min(WIDTH);
    let means: Vec<f64> = (0..width)
        .map(|column| {
            let part = &values[column * values.len() / width..(column + 1) * values.len() / width];
            part.iter().sum::<f64>() / part.len().max(1) as f64
        })
        .collect();
    let least = means.iter().copied().fold(f64::INFINITY, f64::min);
    let span = (means.iter().copied().fold(f64::NEG_INFINITY, f64::max) - least).max(1e-9);
    let block = |value: f64| BLOCKS[(((value - least) / span * 7.0).round() as usize).min(7)];
    means.into_iter().map(block).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_rises_and_falls() {
        assert_eq!(curve(&[0.0, 7.0, 3.5]), "▁█▅");
        assert_eq!(curve(&[2.0, 2.0]), "▁▁");
        let many: Vec<f64> = (0..1000).map(f64::from).collect();
        assert_eq!(curve(&many).chars().count(), WIDTH);
        assert!(curve(&many).starts_with('▁') && curve(&many).ends_with('█'));
    }

    #[test]
    fn a_log_is_drawn() {
        let log = r#"{"what":"steps","stage":0,"epoch":1,"step":25,"nats":5.5,"learning_rate":0.1,"pictures_per_second":9.0}
{"what":"steps","stage":0,"epoch":1,"step":50,"nats":3.25,"learning_rate":0.1,"pictures_per_second":9.0}
{"what":"dev","stage":0,"epoch":1,"cider":[["a",10.0],["b",20.0]],"best":15.0}
not a line of a log"#;
        assert_eq!(Curves::of_log(log).lines(), "          nats a word 5.50 █▁ 3.25");
        assert_eq!(Curves::of_log("").lines(), "");
    }
}
