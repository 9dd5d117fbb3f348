//! ROUGE-L (Lin and Och 2004): the longest common subsequence of candidate and reference, as a balanced measure of
//! precision and recall with beta 1.2, as `pycocoevalcap` computes it.
//!
//! Its quirks: the best precision and the best recall may come from different references; and a sentence without words
//! is taken for one word that nothing but another empty sentence has.

/// Recall weighs this many times as much as precision.
const BETA: f64 = 1.2;

/// The mean over all pictures and the score of each, 0..=100. `candidates[i]` is compared with all of `references[i]`;
/// an empty set scores 0.
#[must_use]
pub fn mean(candidates: &[Vec<String>], references: &[Vec<Vec<String>>]) -> (f64, Vec<f64>) {
    let scores: Vec<f64> =
        candidates.iter().zip(references).map(|(candidate, references)| one(candidate, references)).collect();
    (super::mean(&scores), scores)
}

/// The score of one candidate against its references, 0..=100; 0 without references.
#[must_use]
pub fn one(candidate: &[String], references: &[Vec<String>]) -> f64 {
    let (mut precision, mut recall) = (0.0_f64, 0.0_f64);
    for reference in references {
        let common = match (candidate.is_empty(), reference.is_empty()) {
            (true, true) => 1,
            _ => longest_common_subsequence(candidate, reference),
        } as f64;
        precision = precision.max(common / candidate.len().max(1) as f64);
        recall = recall.max(common / reference.len().max(1) as f64);
    }
    if precision == 0.0 || recall == 0.0 {
        return 0.0;
    }
    let weight = BETA * BETA;
    100.0 * (1.0 + weight) * precision * recall / (recall + weight * precision)
}

fn longest_common_subsequence(left: &[String], right: &[String]) -> usize {
    // One row of the usual table is enough; `diagonal` is the value up and to the left.
    let mut lengths = vec![0_usize; right.len() + 1];
    for word in left {
        let mut diagonal = 0;
        for (place, other) in right.iter().enumerate() {
            let above = lengths[place + 1];
            lengths[place + 1] = if word == other { diagonal + 1 } else { above.max(lengths[place]) };
            diagonal = above;
        }
    }
    lengths[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentence(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    fn balanced(precision: f64, recall: f64) -> f64 {
        100.0 * 2.44 * precision * recall / (recall + 1.44 * precision)
    }

    #[test]
    fn by_hand() {
        let cases: [(&str, &str, &[&str], f64); 7] = [
            ("the same", "a dog runs", &["a dog runs"], 100.0),
            ("nothing in common", "x y", &["a dog"], 0.0),
            ("in order with a gap", "a dog runs", &["a big dog quickly runs"], balanced(1.0, 0.6)),
            ("order matters", "b a", &["a b"], 50.0),
            (
                "precision and recall of different references",
                "a b c d",
                &["a", "a b c d e f g h"],
                balanced(1.0, 1.0),
            ),
            ("no candidate", "", &["a dog"], 0.0),
            ("no words on either side", "", &[""], 100.0),
        ];
        for (name, candidate, references, expected) in cases {
            let references: Vec<_> = references.iter().map(|text| sentence(text)).collect();
            let score = one(&sentence(candidate), &references);
            assert!((score - expected).abs() < 1e-9, "{name}: {score}, not {expected}");
        }
        assert_eq!(mean(&[], &[]).0.to_bits(), 0.0_f64.to_bits());
    }
}
