//! BLEU-1 to BLEU-4 of a whole set (Papineni et al. 2002, "BLEU: a Method for Automatic Evaluation of Machine
//! Translation"), with the choices of `pycocoevalcap`.
//!
//! Counts are summed over the set before the precisions are taken; each run of words counts at most as often as in the
//! reference that has it most often; the brevity penalty compares with the reference closest in length, of two equally
//! close ones the shorter. Its two tiny constants stand in for zero counts, so that a set without a common run of four
//! words gets a BLEU-4 very near, but not exactly, 0.

use std::collections::BTreeMap;

use super::ngram::{self, LONGEST};

/// Added to a count of matches, and to a length of candidates, before it is divided.
const TINY: f64 = 1e-15;
/// Added to every divisor.
const SMALL: f64 = 1e-9;

/// BLEU-1..4 of the whole set, each 0..=100. `candidates[i]` is compared with all of `references[i]`; a picture without
/// references counts as having one empty reference.
#[must_use]
pub fn corpus(candidates: &[Vec<String>], references: &[Vec<Vec<String>>]) -> [f64; LONGEST] {
    let mut matched = [0_u64; LONGEST];
    let mut offered = [0_u64; LONGEST];
    let (mut candidate_length, mut reference_length) = (0_usize, 0_usize);
    for (candidate, references) in candidates.iter().zip(references) {
        candidate_length += candidate.len();
        reference_length += closest_length(candidate.len(), references);
        for (order, offered) in offered.iter_mut().enumerate() {
            *offered += candidate.len().saturating_sub(order) as u64;
        }
        let most = highest_counts(references);
        for (run, count) in ngram::counts(candidate) {
            matched[run.len() - 1] += u64::from(count.min(most.get(run).copied().unwrap_or(0)));
        }
    }

    let ratio = (candidate_length as f64 + TINY) / (reference_length as f64 + SMALL);
    let brevity = if ratio < 1.0 { (1.0 - 1.0 / ratio).exp() } else { 1.0 };
    let mut product = 1.0;
    let mut scores = [0.0; LONGEST];
    for (order, score) in scores.iter_mut().enumerate() {
        product *= (matched[order] as f64 + TINY) / (offered[order] as f64 + SMALL);
        *score = 100.0 * brevity * product.powf(1.0 / (order + 1) as f64);
    }
    scores
}

fn closest_length(length: usize, references: &[Vec<String>]) -> usize {
    references.iter().map(Vec::len).min_by_key(|other| (other.abs_diff(length), *other)).unwrap_or(0)
}

fn highest_counts(references: &[Vec<String>]) -> BTreeMap<&[String], u32> {
    let mut highest = BTreeMap::new();
    for reference in references {
        for (run, count) in ngram::counts(reference) {
            let most = highest.entry(run).or_insert(0);
            *most = count.max(*most);
        }
    }
    highest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentence(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    /// Worked out by hand; the whole is held to pycocoevalcap by the golden tests.
    #[test]
    fn single_words_by_hand() {
        let brevity = |ratio: f64| (1.0 - 1.0 / ratio).exp();
        let cases: [(&str, &str, &[&str], f64); 7] = [
            ("the same", "a dog runs", &["a dog runs"], 100.0),
            ("nothing in common", "x y z", &["a dog runs"], 0.0),
            (
                "clipped: the word counts as often as in one reference",
                "the the the the",
                &["the the cat sat"],
                50.0,
            ),
            ("clipped by the best reference, not by their sum", "a a a a", &["a b c d", "a a c d"], 50.0),
            ("too short", "a dog", &["a dog runs fast"], 100.0 * brevity(0.5)),
            ("of two equally close lengths the shorter", "a b c", &["a b c d", "a b"], 100.0),
            ("an empty candidate", "", &["a dog"], 0.0),
        ];
        for (name, candidate, references, expected) in cases {
            let references = vec![references.iter().map(|text| sentence(text)).collect()];
            let [bleu1, ..] = corpus(&[sentence(candidate)], &references);
            assert!((bleu1 - expected).abs() < 1e-5, "{name}: {bleu1}, not {expected}");
        }
    }

    #[test]
    fn longer_runs_take_the_geometric_mean() {
        let references = vec![vec![sentence("a b c d e")]];
        // 4 of 5 words, 2 of 4 pairs, 1 of 3 triples, none of four.
        let [_, bleu2, bleu3, bleu4] = corpus(&[sentence("a b c x e")], &references);
        assert!((bleu2 - 100.0 * (0.8_f64 * 0.5).sqrt()).abs() < 1e-4, "{bleu2}");
        assert!((bleu3 - 100.0 * (0.8_f64 * 0.5 / 3.0).cbrt()).abs() < 1e-4, "{bleu3}");
        assert!(bleu4 < 0.1, "{bleu4}");
    }
}
