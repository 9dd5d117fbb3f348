//! CIDEr (Vedantam, Zitnick and Parikh 2015, "CIDEr: Consensus-based Image Description Evaluation"), plain and in the
//! variant CIDEr-D that `pycocoevalcap` calls CIDEr: counts clipped to the reference's and a Gaussian penalty (sigma 6) on
//! a difference in length, against captions that repeat what scores well.
//!
//! Its quirk, matched here: the "length" in that penalty is the number of *pairs* of words, one less than the number of
//! words, because only one order of runs is counted. Document frequencies come from the references of the set itself, so
//! a score belongs to its set; a set of one picture scores 0, since nothing in it is rare.

use std::collections::{BTreeMap, HashMap};

use super::ngram::{self, LONGEST};

/// The width of the length penalty, in words.
const SIGMA: f64 = 6.0;
/// The order of runs that the length penalty counts.
const LENGTH_ORDER: usize = 2;
/// CIDEr's own factor of 10, and the customary 100.
const SCALE: f64 = 10.0 * 100.0;

/// The references of a set, weighed once and then compared with candidates as often as wanted (after every epoch).
#[derive(Debug, Clone)]
pub struct Cider {
    words: HashMap<String, u32>,
    /// In the references of how many pictures each run of words occurs.
    document_frequency: HashMap<Vec<u32>, u32>,
    /// ln of the number of pictures.
    log_pictures: f64,
    references: Vec<Vec<Weighed>>,
}

/// A sentence as one vector of weights (frequency in it times rarity in the set) for each order of runs.
#[derive(Debug, Clone)]
struct Weighed {
    weights: [BTreeMap<Vec<u32>, f64>; LONGEST],
    norms: [f64; LONGEST],
    length: f64,
}

impl Cider {
    /// Weighs the references: one list of sentences of words for each picture, words as [`super::ptb::tokenise`] makes
    /// them.
    #[must_use]
    pub fn new(references: &[Vec<Vec<String>>]) -> Cider {
        let mut words = HashMap::new();
        let numbered: Vec<Vec<Vec<u32>>> = references
            .iter()
            .map(|sentences| sentences.iter().map(|sentence| number(sentence, &mut words)).collect())
            .collect();
        let mut document_frequency: HashMap<Vec<u32>, u32> = HashMap::new();
        for sentences in &numbered {
            let runs: std::collections::BTreeSet<&[u32]> =
                sentences.iter().flat_map(|sentence| ngram::counts(sentence).into_keys()).collect();
            for run in runs {
                *document_frequency.entry(run.to_vec()).or_insert(0) += 1;
            }
        }
        let log_pictures = (references.len().max(1) as f64).ln();
        let mut cider = Cider { words, document_frequency, log_pictures, references: Vec::new() };
        cider.references = numbered
            .iter()
            .map(|sentences| sentences.iter().map(|sentence| cider.weigh(sentence)).collect())
            .collect();
        cider
    }

    /// CIDEr-D: the mean over all pictures and the score of each, both times 100 (0..=1000). `candidates[i]` is compared with the
    /// references of picture `i`; a picture without references scores 0.
    ///
    /// # Panics
    ///
    /// If there is not exactly one candidate for each picture: the mean would be of another set than its name says.
    #[must_use]
    pub fn score(&self, candidates: &[Vec<String>]) -> (f64, Vec<f64>) {
        self.score_by(similarity, candidates)
    }

    /// Plain CIDEr, neither clipped nor with a penalty; otherwise as [`Cider::score`]. Words are not stemmed.
    ///
    /// # Panics
    ///
    /// If there is not exactly one candidate for each picture.
    #[must_use]
    pub fn score_plain(&self, candidates: &[Vec<String>]) -> (f64, Vec<f64>) {
        self.score_by(plain_similarity, candidates)
    }

    fn score_by(&self, similarity: Similarity, candidates: &[Vec<String>]) -> (f64, Vec<f64>) {
        assert_eq!(candidates.len(), self.references.len(), "one candidate for each picture");
        let scores: Vec<f64> = candidates
            .iter()
            .zip(&self.references)
            .map(|(words, references)| self.one(similarity, words, references))
            .collect();
        (super::mean(&scores), scores)
    }

    /// CIDEr-D of one caption of picture `picture`, times 100 (0..=1000); 0 for a picture that the set does not have.
    #[must_use]
    pub fn score_one(&self, picture: usize, words: &[String]) -> f64 {
        self.references.get(picture).map_or(0.0, |references| self.one(similarity, words, references))
    }

    fn one(&self, similarity: Similarity, words: &[String], references: &[Weighed]) -> f64 {
        // Words no reference has are numbered after all others, for this candidate alone: they are as rare as can be.
        let mut unseen: HashMap<&str, u32> = HashMap::new();
        let numbered: Vec<u32> = words
            .iter()
            .map(|word| {
                self.words.get(word).copied().unwrap_or_else(|| {
                    let next = (self.words.len() + unseen.len()) as u32;
                    *unseen.entry(word).or_insert(next)
                })
            })
            .collect();
        let candidate = self.weigh(&numbered);
        let sum: f64 = references.iter().map(|reference| similarity(&candidate, reference)).sum();
        SCALE * sum / (LONGEST * references.len().max(1)) as f64
    }

    fn weigh(&self, sentence: &[u32]) -> Weighed {
        let mut weighed = Weighed {
            weights: Default::default(),
            norms: [0.0; LONGEST],
            length: (sentence.len() + 1).saturating_sub(LENGTH_ORDER) as f64,
        };
        for (run, count) in ngram::counts(sentence) {
            let pictures = self.document_frequency.get(run).copied().unwrap_or(1);
            let weight = f64::from(count) * (self.log_pictures - f64::from(pictures).ln());
            weighed.norms[run.len() - 1] += weight * weight;
            weighed.weights[run.len() - 1].insert(run.to_vec(), weight);
        }
        weighed.norms = weighed.norms.map(f64::sqrt);
        weighed
    }
}

/// How alike a candidate and a reference are, summed over the orders of runs: 0..=4.
type Similarity = fn(&Weighed, &Weighed) -> f64;

/// The clipped cosine, after the length penalty.
fn similarity(candidate: &Weighed, reference: &Weighed) -> f64 {
    let difference = candidate.length - reference.length;
    let penalty = (-difference * difference / (2.0 * SIGMA * SIGMA)).exp();
    penalty * cosines(candidate, reference, f64::min)
}

fn plain_similarity(candidate: &Weighed, reference: &Weighed) -> f64 {
    cosines(candidate, reference, |weight, _| weight)
}

/// The cosine of each order of runs, with what `clip` makes of the candidate's and the reference's weight of a run.
fn cosines(candidate: &Weighed, reference: &Weighed, clip: fn(f64, f64) -> f64) -> f64 {
    (0..LONGEST)
        .map(|order| {
            let product: f64 = candidate.weights[order]
                .iter()
                .filter_map(|(run, weight)| {
                    reference.weights[order].get(run).map(|other| clip(*weight, *other) * other)
                })
                .sum();
            let norms = candidate.norms[order] * reference.norms[order];
            if norms > 0.0 { product / norms } else { 0.0 }
        })
        .sum()
}

fn number(sentence: &[String], words: &mut HashMap<String, u32>) -> Vec<u32> {
    sentence
        .iter()
        .map(|word| {
            let next = words.len() as u32;
            *words.entry(word.clone()).or_insert(next)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentence(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    fn set(texts: &[&str]) -> Vec<Vec<Vec<String>>> {
        texts.iter().map(|text| vec![sentence(text)]).collect()
    }

    /// The whole is held to pycocoevalcap by the golden tests; here is what the definition says.
    #[test]
    fn by_hand() {
        let references = set(&["a b c d e", "f g h i j"]);
        let cider = Cider::new(&references);
        // Of "a b c d" (4 words) in "a b c d e": runs all equally rare; 4 of 5 words, 3 of 4 pairs, 2 of 3, 1 of 2; one
        // word shorter.
        let penalty = (-1.0_f64 / 72.0).exp();
        let part: f64 = [(4.0_f64, 5.0_f64), (3.0, 4.0), (2.0, 3.0), (1.0, 2.0)]
            .iter()
            .map(|(k, n)| (k / n).sqrt())
            .sum();
        let cases: [(&str, &str, f64); 4] = [
            ("the same", "a b c d e", 1000.0),
            ("a part of it", "a b c d", 1000.0 * penalty * part / 4.0),
            ("another picture's words", "f g h i j", 0.0),
            ("nothing", "", 0.0),
        ];
        for (name, candidate, expected) in cases {
            let (_, scores) = cider.score(&[sentence(candidate), sentence("")]);
            assert!((scores[0] - expected).abs() < 1e-9, "{name}: {}, not {expected}", scores[0]);
        }
    }

    #[test]
    fn repeating_a_word_gains_nothing() {
        let cider = Cider::new(&set(&["a b c d e", "f g h i j"]));
        let (once, _) = cider.score(&[sentence("a x"), sentence("")]);
        let (twice, _) = cider.score(&[sentence("a a"), sentence("")]);
        assert!(twice <= once, "{twice} against {once}");
    }

    #[test]
    fn two_unseen_words_are_two() {
        let cider = Cider::new(&set(&["a b c d e", "f g h i j"]));
        let (one_word, _) = cider.score(&[sentence("a x x"), sentence("")]);
        let (two_words, _) = cider.score(&[sentence("a x y"), sentence("")]);
        assert!(
            one_word < two_words,
            "x twice is a longer vector than x and y: {one_word} against {two_words}"
        );
    }

    #[test]
    fn words_of_every_picture_weigh_nothing() {
        let cider = Cider::new(&set(&["a dog", "a cat"]));
        let (score, _) = cider.score(&[sentence("a"), sentence("a")]);
        assert!(score.abs() < 1e-12, "{score}");
    }
}
