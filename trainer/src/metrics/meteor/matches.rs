//! Which words of a candidate could be paired with which words of a reference: all possibilities, before one is chosen.

use super::paraphrases::Paraphrases;

/// How words were paired; the order is that in which the matchers run, and the index into their weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// The same word.
    Exact,
    /// Different words of one stem.
    Stem,
    /// Different words that share a set of synonyms.
    Synonym,
    /// Phrases that can stand for each other.
    Paraphrase,
}

/// A run of words of the reference and a run of words of the candidate that could be paired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) how: How,
    /// Where the run of the reference begins, and of how many words it is.
    pub(super) reference: (usize, usize),
    /// The same of the candidate.
    pub(super) candidate: (usize, usize),
}

/// A sentence and what the matchers know of each of its words.
#[derive(Debug)]
pub(super) struct Sentence {
    pub(super) words: Vec<String>,
    pub(super) stems: Vec<String>,
    /// The sets of synonyms, sorted.
    pub(super) synonyms: Vec<Vec<u32>>,
    /// By which paraphrases know the word.
    pub(super) numbers: Vec<Option<u32>>,
    /// Whether it is a function word.
    pub(super) function: Vec<bool>,
}

/// All pairs, by the word of the reference that each begins at, and how many pairs cover each word of either sentence.
#[derive(Debug)]
pub(super) struct Possible {
    pub(super) pairs: Vec<Vec<Pair>>,
    pub(super) reference_coverage: Vec<u32>,
    pub(super) candidate_coverage: Vec<u32>,
}

impl Possible {
    fn add(&mut self, pair: Pair) {
        let covered = |(start, length): (usize, usize)| start..start + length;
        self.reference_coverage[covered(pair.reference)].iter_mut().for_each(|count| *count += 1);
        self.candidate_coverage[covered(pair.candidate)].iter_mut().for_each(|count| *count += 1);
        self.pairs[pair.reference.0].push(pair);
    }
}

/// Everything that could be paired, in the order of the tool, since among equally good choices the first wins.
pub(super) fn find(candidate: &Sentence, reference: &Sentence, paraphrases: &Paraphrases) -> Possible {
    let mut possible = Possible {
        pairs: vec![Vec::new(); reference.words.len()],
        reference_coverage: vec![0; reference.words.len()],
        candidate_coverage: vec![0; candidate.words.len()],
    };
    let same = |c: usize, r: usize| candidate.words[c] == reference.words[r];
    let mut words = |how, matching: &dyn Fn(usize, usize) -> bool| {
        for r in 0..reference.words.len() {
            for c in (0..candidate.words.len()).filter(|&c| matching(c, r)) {
                possible.add(Pair { how, reference: (r, 1), candidate: (c, 1) });
            }
        }
    };
    words(How::Exact, &same);
    // The tool's own shortcut, lest its search errs where there is nothing to search.
    if candidate.words == reference.words {
        return possible;
    }
    words(How::Stem, &|c, r| !same(c, r) && candidate.stems[c] == reference.stems[r]);
    words(How::Synonym, &|c, r| !same(c, r) && share(&candidate.synonyms[c], &reference.synonyms[r]));

    for (start, length, other) in phrases(reference, candidate, paraphrases) {
        possible.add(Pair { how: How::Paraphrase, reference: (start, length), candidate: other });
    }
    for (start, length, other) in phrases(candidate, reference, paraphrases) {
        possible.add(Pair { how: How::Paraphrase, reference: other, candidate: (start, length) });
    }
    possible
}

/// Whether two sorted lists have a number in common.
fn share(one: &[u32], other: &[u32]) -> bool {
    one.iter().any(|number| other.binary_search(number).is_ok())
}

/// The runs of words of `from` (start and length) that have a paraphrase in `to` (its start and length).
fn phrases(from: &Sentence, to: &Sentence, paraphrases: &Paraphrases) -> Vec<(usize, usize, (usize, usize))> {
    let mut found = Vec::new();
    for start in 0..from.words.len() {
        for (length, others) in paraphrases.at_start(&from.numbers[start..]) {
            for other in others {
                let stands_at = |at: &usize| {
                    to.numbers[*at..].get(..other.len()).is_some_and(|numbers| {
                        numbers.iter().zip(other).all(|(number, wanted)| *number == Some(*wanted))
                    })
                };
                let places = (0..to.words.len()).filter(stands_at);
                found.extend(places.map(|at| (start, length, (at, other.len()))));
            }
        }
    }
    found
}
