//! Greedy and beam search for the best sentence over any [`Network`].
//!
//! A finished sentence `w1 … wn` scores `(log p(w1) + … + log p(wn) + log p(<end>)) / (n + 1)^length_penalty`: the sum
//! alone favours short sentences, and dividing it by a power of the length takes that back (Wu et al. 2016, "Google's
//! Neural Machine Translation System", without its constant). A sentence that reaches `maximum_words` counts as
//! finished without its `<end>`. Where something besides the network speaks for or against words ([`Bias`]), what it adds for
//! each is added to that sum, and to nothing else. Probabilities are the softmax of the network's logits over the whole vocabulary;
//! `<pad>`, `<start>` and `<unk>` keep their share of it, but are never said, and no sentence is empty.
//!
//! Each sentence that ends keeps its place in the beam, so a beam of width 1 is the greedy search and one of width N
//! gives at most N sentences (as in Xu et al. 2015, "Show, Attend and Tell"). The search is over when every place is
//! taken, or when no open sentence can still beat the best finished one and there is a second one to offer besides.
//!
//! Everything is deterministic: of equal scores the lower parent and then the lower token comes first.

use crate::{
    DecodeError, Encoded, Network, SpecialTokens, Step, TokenId,
    manifest::{MAXIMUM_BEAM_WIDTH, MAXIMUM_WORDS, Manifest},
};

mod bias;
mod candidates;
mod diverse;
mod given;
mod outlook;

pub use bias::Bias;
use candidates::{Candidate, Candidates};
pub use diverse::{Diversity, diverse_beam_search};
pub use given::weigh;
pub use outlook::Doubt;
use outlook::{Outlook, check_step};

/// How to search.
#[derive(Clone, Debug, PartialEq)]
pub struct Decoding {
    /// Sentences held side by side; 1 to [`MAXIMUM_BEAM_WIDTH`]; 1 is the greedy search.
    pub beam_width: usize,
    /// Words after which a sentence ends anyhow; 1 to [`MAXIMUM_WORDS`].
    pub maximum_words: usize,
    /// The power of the length that a log probability is divided by; 0 to 10, 0 for none.
    pub length_penalty: f32,
    /// The tokens that begin, end and are never said.
    pub special: SpecialTokens,
    /// Whether no word may follow itself at once, and no pair of words either ("a dog a dog"). Off unless the
    /// manifest turns it on, since it departs from the network's own probabilities.
    pub repetition_guard: bool,
    /// The words that a sentence may hold more than once, where any other is said once at most: a network that is not sure
    /// of a second thing names the first again ("a bedroom with a bed and a bed"). Where it is absent any word may be said
    /// again.
    pub may_repeat: Option<Vec<TokenId>>,
    /// What the picture adds for each word; nothing unless somebody who has seen it says so.
    pub bias: Bias,
}

impl Decoding {
    /// What the manifest asks for, of any picture: without a bias.
    #[must_use]
    pub fn of(manifest: &Manifest) -> Self {
        let (decoding, vocabulary) = (&manifest.decoding, &manifest.vocabulary);
        Self {
            beam_width: decoding.beam_width,
            maximum_words: decoding.maximum_words,
            length_penalty: decoding.length_penalty,
            special: SpecialTokens {
                pad: vocabulary.pad,
                start: vocabulary.start,
                end: vocabulary.end,
                unknown: vocabulary.unknown,
            },
            repetition_guard: decoding.repetition_guard,
            may_repeat: decoding.may_repeat.clone(),
            bias: Bias::default(),
        }
    }

    fn check(&self) -> Result<(), DecodeError> {
        let bounded = [
            ("the beam width", self.beam_width, MAXIMUM_BEAM_WIDTH),
            ("the maximum of words", self.maximum_words, MAXIMUM_WORDS),
        ];
        for (setting, found, maximum) in bounded {
            if !(1..=maximum).contains(&found) {
                return Err(DecodeError::Setting { setting, found: found.to_string(), minimum: 1, maximum });
            }
        }
        if (0.0..=10.0).contains(&self.length_penalty) {
            return Ok(());
        }
        let found = self.length_penalty.to_string();
        Err(DecodeError::Setting { setting: "the length penalty", found, minimum: 0, maximum: 10 })
    }

    /// The score of a sentence of so many words with this sum of log probabilities and of what was added for words.
    fn score(&self, sum: f32, words: usize) -> f32 {
        sum / ((words + 1) as f32).powf(self.length_penalty)
    }

    /// The highest score that a sentence can still come to.
    ///
    /// A log probability only falls, no word adds more than the greatest bias, and of what is below 0 the longest sentence has
    /// the highest score, of what is above it the shortest.
    fn highest_score(&self, sentence: &Open) -> f32 {
        let words = sentence.tokens.len();
        let to_come = self.maximum_words.saturating_sub(words) as f32 * self.bias.greatest();
        let sum = sentence.sum() + to_come;
        self.score(sum, if sum < 0.0 { self.maximum_words } else { words })
    }

    /// Whether the sentence may go on with the token.
    fn allows(&self, words: &[TokenId], token: TokenId) -> bool {
        let special = &self.special;
        if [special.pad, special.start, special.unknown].contains(&token) {
            return false;
        }
        if token == special.end {
            return !words.is_empty();
        }
        let is_said_again =
            |may_repeat: &Vec<TokenId>| words.contains(&token) && !may_repeat.contains(&token);
        !(self.may_repeat.as_ref().is_some_and(is_said_again)
            || self.repetition_guard && repeats(words, token))
    }
}

/// Whether the token would repeat the word before it, or with it the pair of words before them.
fn repeats(words: &[TokenId], token: TokenId) -> bool {
    match words {
        [.., last] if *last == token => true,
        [.., first, second, third] => first == third && *second == token,
        _ => false,
    }
}

/// A sentence that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Hypothesis {
    /// The words, without `<start>` and `<end>`; at least one.
    pub tokens: Vec<TokenId>,
    /// The sum of the words' log probabilities, and of `<end>`'s where it ended; at most 0. Without what the bias adds.
    pub log_probability: f32,
    /// What sentences are compared by; see the module's documentation.
    pub score: f32,
    /// Each word's own log probability; as many as there are words.
    pub word_log_probabilities: Vec<f32>,
    /// How undecided the network was before each word, and before `<end>` where it ended.
    pub doubts: Vec<Doubt>,
    /// Whether the network ended it, rather than the maximum of words.
    pub ended: bool,
}

/// A sentence that is still being made.
#[derive(Clone, Default)]
struct Open {
    tokens: Vec<TokenId>,
    log_probability: f32,
    /// What was added for its words.
    bias: f32,
    word_log_probabilities: Vec<f32>,
    doubts: Vec<Doubt>,
}

impl Open {
    /// What it is compared by, among sentences of its length.
    fn sum(&self) -> f32 {
        self.log_probability + self.bias
    }

    fn with(&self, next: &Candidate, decoding: &Decoding) -> Self {
        let mut longer = self.clone();
        longer.bias += decoding.bias.behind(&self.tokens, next.token);
        longer.tokens.push(next.token);
        longer.word_log_probabilities.push(next.token_log_probability);
        longer.doubts.push(next.doubt);
        longer.log_probability = next.log_probability;
        longer
    }

    /// The sentence as the network ended it.
    fn ended_by(&self, end: &Candidate, decoding: &Decoding) -> Hypothesis {
        let mut whole = self.clone();
        whole.doubts.push(end.doubt);
        whole.log_probability = end.log_probability;
        Hypothesis { ended: true, ..whole.cut_off(decoding) }
    }

    /// The sentence as it is at the maximum of words.
    fn cut_off(self, decoding: &Decoding) -> Hypothesis {
        let score = decoding.score(self.sum(), self.tokens.len());
        let Self { tokens, log_probability, word_log_probabilities, doubts, .. } = self;
        Hypothesis { tokens, log_probability, score, word_log_probabilities, doubts, ended: false }
    }
}

/// Takes the likeliest word each time: the beam search of width 1.
///
/// `cancelled` is asked before each word.
pub fn greedy(
    network: &mut dyn Network,
    encoded: &Encoded,
    decoding: &Decoding,
    cancelled: &dyn Fn() -> bool,
) -> Result<Hypothesis, DecodeError> {
    let decoding = Decoding { beam_width: 1, ..decoding.clone() };
    let found = beam_search(network, encoded, &decoding, cancelled)?;
    found.into_iter().next().ok_or(DecodeError::NoWords)
}

/// Searches with several sentences side by side; gives at least one and at most `beam_width`, best first.
///
/// `cancelled` is asked before each word.
pub fn beam_search(
    network: &mut dyn Network,
    encoded: &Encoded,
    decoding: &Decoding,
    cancelled: &dyn Fn() -> bool,
) -> Result<Vec<Hypothesis>, DecodeError> {
    decoding.check()?;
    let mut finished: Vec<Hypothesis> = Vec::with_capacity(decoding.beam_width);
    let mut open = vec![Open::default()];
    let mut state = network.start(encoded, 1)?;
    for _ in 0..decoding.maximum_words {
        if cancelled() {
            return Err(DecodeError::Cancelled);
        }
        let last =
            open.iter().map(|sentence| sentence.tokens.last().copied().unwrap_or(decoding.special.start));
        let step = network.step(encoded, &state, &last.collect::<Vec<_>>())?;
        check_step(&step, open.len())?;
        let count = decoding.beam_width - finished.len();
        let next = best_candidates(&step, 0, &open, decoding, count, &|_| 0.0)?;

        let (mut longer, mut parents) = (Vec::with_capacity(next.len()), Vec::with_capacity(next.len()));
        for candidate in next {
            let parent = &open[candidate.parent];
            if candidate.token == decoding.special.end {
                finished.push(parent.ended_by(&candidate, decoding));
            } else {
                longer.push(parent.with(&candidate, decoding));
                parents.push(candidate.parent);
            }
        }
        open = longer;
        // Stable, so that what ended first stays first among equals.
        finished.sort_by(|one, other| other.score.total_cmp(&one.score));
        if open.is_empty() || is_settled(&finished, &open, decoding) {
            return Ok(finished);
        }
        state = step.state.gathered(&parents);
    }
    finished.extend(open.into_iter().map(|sentence| sentence.cut_off(decoding)));
    finished.sort_by(|one, other| other.score.total_cmp(&one.score));
    Ok(finished)
}

/// Whether no open sentence can still beat the best finished one, and there is an alternative to it.
fn is_settled(finished: &[Hypothesis], open: &[Open], decoding: &Decoding) -> bool {
    let Some(best) = finished.first() else { return false };
    finished.len() >= 2 && open.iter().all(|sentence| decoding.highest_score(sentence) <= best.score)
}

/// The best ways to go on, best first, at most `count` of them. The sentences' rows begin at `first_row`; `penalty` is
/// taken off a token's rank, and off nothing else.
fn best_candidates(
    step: &Step,
    first_row: usize,
    open: &[Open],
    decoding: &Decoding,
    count: usize,
    penalty: &dyn Fn(TokenId) -> f32,
) -> Result<Vec<Candidate>, DecodeError> {
    let mut best = Candidates::new(count);
    for (parent, sentence) in open.iter().enumerate() {
        let Outlook { scores, total, doubt } = Outlook::of(step, first_row + parent)?;
        for (index, logit) in scores.iter().enumerate() {
            let token_log_probability = (logit - total).min(0.0);
            let log_probability = sentence.log_probability + token_log_probability;
            let token = TokenId(index as u32);
            let added = sentence.bias + decoding.bias.behind(&sentence.tokens, token);
            let rank = log_probability + added - penalty(token);
            let candidate = Candidate { parent, token, token_log_probability, log_probability, rank, doubt };
            if best.would_take(&candidate) && decoding.allows(&sentence.tokens, candidate.token) {
                best.insert(candidate);
            }
        }
    }
    let best = best.into_sorted();
    if best.is_empty() { Err(DecodeError::NoWords) } else { Ok(best) }
}

#[cfg(test)]
mod tests;
