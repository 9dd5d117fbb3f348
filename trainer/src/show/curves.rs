//! How a run learned: its log as two charts and a table.

use std::path::Path;

use anyhow::{Result, ensure};
use serde::Deserialize;

use super::chart::{Chart, Place, Series};
use super::page::table;
use super::read;

/// A line of `log.jsonl`, as `train` writes it; lines that say something else are passed over.
#[derive(Debug, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
enum Record {
    Steps { stage: usize, nats: f64, reward: Option<f64> },
    Dev { stage: usize, epoch: usize, cider: Vec<(String, f64)> },
}

/// Stage, epoch, and the score of each data set.
type Row = (usize, usize, Vec<(String, f64)>);

/// What the log says, with epochs counted over all stages.
#[derive(Debug, Default, PartialEq)]
struct History {
    /// The loss at its place in epochs.
    loss: Vec<(f64, f64)>,
    /// The mean CIDEr-D of captions that the model drew and learned from, at its place in epochs.
    reward: Vec<(f64, f64)>,
    /// The dev scores of each data set, in the order in which they first occur.
    sets: Vec<Series>,
    /// The dev scores of each epoch.
    rows: Vec<Row>,
    /// After how many epochs each later stage began.
    stages: Vec<f64>,
}

impl History {
    fn parse(log: &str) -> History {
        let mut history = History::default();
        let (mut epochs, mut last_stage, mut usual) = (0.0, None, 1);
        let mut steps: Vec<(f64, Option<f64>)> = Vec::new();
        for line in log.lines() {
            let Ok(record) = serde_json::from_str(line) else { continue };
            let (Record::Steps { stage, .. } | Record::Dev { stage, .. }) = record;
            if last_stage.replace(stage).is_some_and(|last| last != stage) {
                history.stages.push(epochs);
            }
            match record {
                Record::Steps { nats, reward, .. } => steps.push((nats, reward)),
                Record::Dev { stage, epoch, cider } => {
                    usual = steps.len().max(1);
                    history.add_steps(&mut steps, epochs, usual);
                    epochs += 1.0;
                    history.add_scores(epochs, &cider);
                    history.rows.push((stage, epoch, cider));
                }
            }
        }
        // An epoch that is still going on.
        let of = usual.max(steps.len());
        history.add_steps(&mut steps, epochs, of);
        history
    }

    /// Adds an epoch's means, of which there are `of` in a whole epoch, evenly after `epochs`. In a self-critical stage the
    /// loss is that of captions that the model drew itself, so it does not go on from the loss before; the reward counts.
    fn add_steps(&mut self, steps: &mut Vec<(f64, Option<f64>)>, epochs: f64, of: usize) {
        for (index, (nats, reward)) in steps.drain(..).enumerate() {
            let at = epochs + (index + 1) as f64 / of as f64;
            match reward {
                None => self.loss.push((at, nats)),
                Some(reward) => self.reward.push((at, reward)),
            }
        }
    }

    fn add_scores(&mut self, epochs: f64, cider: &[(String, f64)]) {
        for (name, score) in cider {
            let at = self.sets.iter().position(|series| series.name == *name).unwrap_or_else(|| {
                self.sets.push(Series { name: name.clone(), points: Vec::new() });
                self.sets.len() - 1
            });
            self.sets[at].points.push((epochs, *score));
        }
    }
}

/// The section's HTML, from the log in a run's folder.
pub(super) fn section(run: &Path) -> Result<String> {
    let path = run.join("log.jsonl");
    let history = History::parse(&read(&path)?);
    ensure!(history != History::default(), "{} logs nothing yet", path.display());
    Ok(html(&history))
}

fn html(history: &History) -> String {
    let stages = |place: &Place<'_>| {
        let line = |epochs: &f64| {
            format!(
                "<path class=\"axis\" stroke-dasharray=\"4\" d=\"M{:.1} 16V256\"/>\n",
                place(*epochs, 0.0).0
            )
        };
        history.stages.iter().map(line).collect::<String>()
    };
    let mut html = String::new();
    if let (Some((_, first)), Some((epochs, last))) = (history.loss.first(), history.loss.last()) {
        let loss = [Series { name: "loss".to_owned(), points: history.loss.clone() }];
        let description =
            format!("The loss goes from {first:.2} to {last:.2} nats for each word in {epochs:.1} epochs.");
        html += &figure(&Chart {
            id: "loss",
            title: "Loss on training captions",
            description: &description,
            across: "epochs",
            up: "nats for each word",
            series: &loss,
            bounds: None,
            below: &stages,
        });
    }
    if let (Some((_, first)), Some((_, last))) = (history.reward.first(), history.reward.last()) {
        let reward = [Series { name: "reward".to_owned(), points: history.reward.clone() }];
        let description = format!(
            "Captions that the model drew and learned from score {first:.1} at first, {last:.1} at last."
        );
        html += &figure(&Chart {
            id: "reward",
            title: "CIDEr-D of drawn captions in training",
            description: &description,
            across: "epochs",
            up: "CIDEr-D",
            series: &reward,
            bounds: None,
            below: &stages,
        });
    }
    let best = |series: &Series| {
        let best = series.points.iter().copied().max_by(|one, other| one.1.total_cmp(&other.1))?;
        Some(format!("{} is best after epoch {}, with {:.1}.", series.name, best.0, best.1))
    };
    if !history.sets.is_empty() {
        let description = history.sets.iter().filter_map(best).collect::<Vec<_>>().join(" ");
        html += &figure(&Chart {
            id: "dev",
            title: "CIDEr-D on the dev splits",
            description: &description,
            across: "epochs",
            up: "CIDEr-D of greedy captions",
            series: &history.sets,
            bounds: None,
            below: &stages,
        });
    }
    let names: Vec<&str> = history.sets.iter().map(|series| series.name.as_str()).collect();
    let rows: Vec<Vec<String>> = history
        .rows
        .iter()
        .map(|(stage, epoch, scores)| {
            let of = |name: &&str| scores.iter().find(|(other, _)| other == name);
            let scores =
                names.iter().map(|name| of(name).map_or(String::new(), |(_, score)| format!("{score:.1}")));
            std::iter::once(format!("stage {stage}, epoch {epoch}")).chain(scores).collect()
        })
        .collect();
    let headings: Vec<&str> = std::iter::once("after").chain(names.iter().copied()).collect();
    html + "<details><summary>The dev scores as a table</summary>\n"
        + &table("CIDEr-D of greedy captions after each epoch", &headings, &rows)
        + "</details>\n"
}

/// A chart with what there is to see below it, also for those who do not see the chart.
pub(super) fn figure(chart: &Chart<'_>) -> String {
    format!(
        "<figure>\n<h3>{}</h3>\n{}<figcaption>{}</figcaption>\n</figure>\n",
        super::escape(chart.title),
        chart.svg(),
        super::escape(chart.description)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = r#"{"what":"steps","stage":1,"epoch":1,"step":50,"nats":6.0,"learning_rate":0.001,"pictures_per_second":90.0}
{"what":"steps","stage":1,"epoch":1,"step":100,"nats":4.0,"learning_rate":0.001,"pictures_per_second":90.0}
{"what":"dev","stage":1,"epoch":1,"cider":[["flickr8k",20.0],["everyday",10.0]],"best":15.0}
a line that was cut sho
{"what":"something new"}
{"what":"steps","stage":2,"epoch":1,"step":50,"nats":3.0,"learning_rate":0.001,"pictures_per_second":90.0}
{"what":"steps","stage":2,"epoch":1,"step":100,"nats":2.5,"learning_rate":0.001,"pictures_per_second":90.0}
{"what":"dev","stage":2,"epoch":1,"cider":[["flickr8k",30.0],["everyday",8.0]],"best":19.0}
{"what":"steps","stage":2,"epoch":2,"step":50,"nats":2.0,"learning_rate":0.001,"pictures_per_second":90.0}
"#;

    #[test]
    fn epochs_are_counted_over_stages() {
        let history = History::parse(LOG);
        assert_eq!(history.loss, [(0.5, 6.0), (1.0, 4.0), (1.5, 3.0), (2.0, 2.5), (2.5, 2.0)]);
        assert_eq!(history.stages, [1.0]);
        assert_eq!(
            history.sets[0],
            Series { name: "flickr8k".to_owned(), points: vec![(1.0, 20.0), (2.0, 30.0)] }
        );
        assert_eq!(history.rows.len(), 2);
    }

    #[test]
    fn a_self_critical_stage_has_rewards_for_a_loss() {
        let log = r#"{"what":"steps","stage":3,"nats":1.0,"reward":50.0}
{"what":"steps","stage":3,"nats":0.9,"reward":60.0}"#;
        let history = History::parse(log);
        assert_eq!((history.loss.len(), history.reward.as_slice()), (0, &[(0.5, 50.0), (1.0, 60.0)][..]));
        assert!(html(&history).contains("score 50.0 at first, 60.0 at last"));
    }

    #[test]
    fn what_there_is_to_see_is_said() {
        let html = html(&History::parse(LOG));
        for said in [
            "from 6.00 to 2.00 nats for each word in 2.5 epochs",
            "flickr8k is best after epoch 2, with 30.0. everyday is best after epoch 1, with 10.0.",
            "<th scope=\"row\">stage 2, epoch 1</th><td>30.0</td><td>8.0</td>",
        ] {
            assert!(html.contains(said), "{html}");
        }
    }

    #[test]
    fn an_empty_log_is_an_error() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(section(folder.path()).expect_err("no log").to_string().contains("log.jsonl"));
        std::fs::write(folder.path().join("log.jsonl"), "").expect("written");
        assert!(section(folder.path()).expect_err("an empty log").to_string().contains("logs nothing yet"));
    }
}
