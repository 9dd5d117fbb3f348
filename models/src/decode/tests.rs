//! The searches over a network whose every sentence can be counted.

use std::{cell::Cell, collections::HashMap};

use super::*;
use crate::{NetworkError, Pixels, State, Tensor};

const PAD: TokenId = TokenId(0);
const START: TokenId = TokenId(1);
const END: TokenId = TokenId(2);
const UNKNOWN: TokenId = TokenId(3);
pub(super) const A: TokenId = TokenId(4);
pub(super) const B: TokenId = TokenId(5);
pub(super) const C: TokenId = TokenId(6);

/// A Markov chain: what comes next depends on the last token and, through the state, on the one before it.
pub(super) struct Chain {
    /// From the last token to the probabilities of the seven, where C was not before it.
    next: HashMap<TokenId, [f32; 7]>,
    steps: Cell<usize>,
}

impl Chain {
    fn new(next: &[(TokenId, [f32; 7])]) -> Self {
        Self { next: next.iter().copied().collect(), steps: Cell::new(0) }
    }

    fn probabilities(&self, before: TokenId, last: TokenId) -> [f32; 7] {
        let mut row = self.next[&last];
        if before == C {
            row.swap(A.index(), B.index());
        }
        row
    }
}

impl Network for Chain {
    fn encode(&mut self, _: &Pixels) -> Result<Encoded, NetworkError> {
        Ok(seen())
    }

    fn start(&self, _: &Encoded, rows: usize) -> Result<State, NetworkError> {
        Ok(State { rows, tensors: vec![Tensor { shape: vec![rows, 1], values: vec![START.0 as f32; rows] }] })
    }

    fn step(&mut self, _: &Encoded, state: &State, tokens: &[TokenId]) -> Result<Step, NetworkError> {
        self.steps.set(self.steps.get() + 1);
        assert_eq!(state.rows, tokens.len());
        // Logits are not yet probabilities: any constant may be added to a row.
        let rows = state.tensors[0].values.iter().zip(tokens).enumerate();
        let logits = |(row, (before, last)): (usize, (&f32, &TokenId))| {
            let probabilities = self.probabilities(TokenId(*before as u32), *last);
            probabilities.map(|probability| probability.max(1e-30).ln() + row as f32 * 3.0)
        };
        let values = rows.flat_map(logits).collect();
        let held = tokens.iter().map(|token| token.0 as f32).collect();
        Ok(Step {
            logits: Tensor { shape: vec![tokens.len(), 7], values },
            state: State {
                rows: tokens.len(),
                tensors: vec![Tensor { shape: vec![tokens.len(), 1], values: held }],
            },
            attention: None,
        })
    }

    fn engine(&self) -> &'static str {
        "chain"
    }
}

pub(super) fn seen() -> Encoded {
    Encoded { tensors: Vec::new() }
}

pub(super) fn decoding(beam_width: usize, maximum_words: usize, length_penalty: f32) -> Decoding {
    let special = SpecialTokens { pad: PAD, start: START, end: END, unknown: UNKNOWN };
    Decoding {
        beam_width,
        maximum_words,
        length_penalty,
        special,
        repetition_guard: false,
        may_repeat: None,
        bias: Bias::default(),
    }
}

/// Greedy takes B, the likeliest, and then finds nothing but unlikely words; A leads to a better sentence.
pub(super) fn garden_path() -> Chain {
    Chain::new(&[
        (START, [0.02, 0.02, 0.06, 0.1, 0.35, 0.4, 0.05]),
        (A, [0.0, 0.0, 0.2, 0.0, 0.05, 0.05, 0.7]),
        (B, [0.1, 0.1, 0.15, 0.2, 0.2, 0.15, 0.1]),
        (C, [0.0, 0.0, 0.8, 0.05, 0.05, 0.05, 0.05]),
    ])
}

/// `<unk>` and `<pad>` are always likeliest, and every word likes itself.
pub(super) fn stutter() -> Chain {
    Chain::new(&[
        (START, [0.3, 0.1, 0.2, 0.3, 0.08, 0.01, 0.01]),
        (A, [0.2, 0.0, 0.01, 0.3, 0.3, 0.15, 0.04]),
        (B, [0.2, 0.0, 0.05, 0.3, 0.3, 0.1, 0.05]),
        (C, [0.2, 0.0, 0.5, 0.3, 0.0, 0.0, 0.0]),
    ])
}

/// Every sentence of up to so many words, with its score; the best first.
fn all_sentences(chain: &Chain, decoding: &Decoding) -> Vec<(Vec<TokenId>, f32)> {
    let mut found = Vec::new();
    let mut open = vec![(Vec::new(), 0.0_f32)];
    while let Some((words, sum)) = open.pop() {
        let last = words.last().copied().unwrap_or(START);
        let before = words.len().checked_sub(2).map_or(START, |index| words[index]);
        let probabilities = chain.probabilities(before, last);
        if words.len() == decoding.maximum_words {
            found.push((words, sum));
            continue;
        }
        for word in [A, B, C] {
            let longer = [words.as_slice(), &[word]].concat();
            let added = decoding.bias.behind(&words, word);
            open.push((longer, sum + probabilities[word.index()].max(1e-30).ln() + added));
        }
        if !words.is_empty() {
            found.push((words, sum + probabilities[END.index()].ln()));
        }
    }
    for (words, score) in &mut found {
        *score /= ((words.len() + 1) as f32).powf(decoding.length_penalty);
    }
    found.sort_by(|one, other| other.1.total_cmp(&one.1));
    found
}

#[test]
fn a_wide_beam_finds_the_best_of_all_sentences() {
    for (name, make) in [("garden path", garden_path as fn() -> Chain), ("stutter", stutter)] {
        for length_penalty in [0.0, 0.7, 1.0, 2.0] {
            // 3 + 9 + 27 sentences and the open ones fit into the beam.
            let decoding = decoding(MAXIMUM_BEAM_WIDTH, 3, length_penalty);
            let mut chain = make();
            let all = all_sentences(&chain, &decoding);
            let found = beam_search(&mut chain, &seen(), &decoding, &|| false).expect("sentences");
            assert_eq!(found[0].tokens, all[0].0, "{name}, length penalty {length_penalty}");
            assert!(found.len() >= 2);
            for Hypothesis { tokens, score, .. } in found {
                let (_, due) = all.iter().find(|(words, _)| *words == tokens).expect("one of all sentences");
                assert!((score - due).abs() < 1e-3, "{name}: {tokens:?} {score} for {due}");
            }
        }
    }
}

#[test]
fn a_bias_counts_as_much_as_a_log_probability() {
    // The second makes scores that are above 0, the third speaks against all but C.
    for (a, b, c) in [(0.0, 1.5, 0.5), (3.0, 4.0, 5.0), (-2.0, -4.0, 0.0), (0.0, 0.0, 0.25)] {
        let bias = Bias::of([(A, a), (B, b), (C, c)]);
        for length_penalty in [0.0, 0.7, 2.0] {
            for make in [garden_path as fn() -> Chain, stutter] {
                let plain = decoding(MAXIMUM_BEAM_WIDTH, 3, length_penalty);
                let decoding = Decoding { bias: bias.clone(), ..plain.clone() };
                let mut chain = make();
                let all = all_sentences(&chain, &decoding);
                let found = beam_search(&mut chain, &seen(), &decoding, &|| false).expect("sentences");
                let (best, due) = (&found[0], &all[0]);
                assert!(
                    (best.score - due.1).abs() < 1e-3,
                    "{a} {b} {c} {length_penalty}: {best:?} for {due:?}"
                );
                let unbiased = all_sentences(&chain, &plain);
                for Hypothesis { tokens, score, log_probability, .. } in found {
                    let of = |all: &[(Vec<TokenId>, f32)]| {
                        all.iter().find(|(words, _)| *words == tokens).expect("one of all sentences").1
                    };
                    assert!((score - of(&all)).abs() < 1e-3, "{tokens:?} {score} for {}", of(&all));
                    // What the network thinks of it is what it was.
                    let divisor = ((tokens.len() + 1) as f32).powf(length_penalty);
                    assert!((log_probability / divisor - of(&unbiased)).abs() < 1e-3, "{tokens:?}");
                }
            }
        }
    }
}

#[test]
fn greedy_follows_the_garden_path_and_a_beam_does_not() {
    let cases: [(usize, &[TokenId]); 3] = [(1, &[B, A, C]), (2, &[A, C]), (3, &[A, C])];
    for (beam_width, due) in cases {
        let decoding = decoding(beam_width, 6, 0.7);
        let found = beam_search(&mut garden_path(), &seen(), &decoding, &|| false).expect("sentences");
        assert_eq!(found[0].tokens, due, "beam width {beam_width}");
        assert!(found.len() <= beam_width);
        assert!(found.windows(2).all(|pair| pair[0].score >= pair[1].score));
    }
    let one = greedy(&mut garden_path(), &seen(), &decoding(5, 6, 0.7), &|| false).expect("a sentence");
    assert_eq!(one.tokens, [B, A, C]);
}

#[test]
fn probabilities_add_up() {
    let found = beam_search(&mut garden_path(), &seen(), &decoding(3, 6, 0.7), &|| false).expect("sentences");
    let best = &found[0];
    let due = [0.35_f32, 0.7, 0.8].map(f32::ln);
    assert!(best.ended);
    assert_eq!(best.word_log_probabilities.len(), 2);
    assert!(best.word_log_probabilities.iter().zip(&due).all(|(found, due)| (found - due).abs() < 1e-5));
    assert!((best.log_probability - due.iter().sum::<f32>()).abs() < 1e-5);
    assert!((best.score - best.log_probability / 3.0_f32.powf(0.7)).abs() < 1e-6);
}

#[test]
fn special_tokens_are_never_said_and_no_sentence_is_empty() {
    for beam_width in 1..6 {
        for maximum_words in 1..6 {
            let decoding = decoding(beam_width, maximum_words, 0.0);
            let found = beam_search(&mut stutter(), &seen(), &decoding, &|| false).expect("sentences");
            for hypothesis in &found {
                assert!((1..=maximum_words).contains(&hypothesis.tokens.len()), "{hypothesis:?}");
                assert!(!hypothesis.tokens.iter().any(|token| decoding.special.contains(*token)));
                assert_eq!(hypothesis.word_log_probabilities.len(), hypothesis.tokens.len());
                assert!(hypothesis.ended || hypothesis.tokens.len() == maximum_words);
            }
        }
    }
}

#[test]
fn the_guard_ends_stuttering() {
    let plain = greedy(&mut stutter(), &seen(), &decoding(1, 6, 0.7), &|| false).expect("a sentence");
    assert_eq!(plain.tokens, [A; 6]);
    let guarded = Decoding { repetition_guard: true, ..decoding(1, 6, 0.7) };
    let found = greedy(&mut stutter(), &seen(), &guarded, &|| false).expect("a sentence");
    // A B A is no pair twice; A B A B would be.
    assert_eq!(found.tokens, [A, B, A, C]);
}

#[test]
fn what_may_not_be_said_again_is_said_once() {
    let said = |may_repeat: &[TokenId]| {
        let decoding = Decoding { may_repeat: Some(may_repeat.to_vec()), ..decoding(1, 6, 0.7) };
        greedy(&mut stutter(), &seen(), &decoding, &|| false).expect("a sentence").tokens
    };
    assert_eq!(said(&[A]), [A; 6]);
    let once = said(&[]);
    assert!(once.len() < 6 && once.starts_with(&[A, B]), "{once:?}");
    assert!(once.iter().enumerate().all(|(place, word)| !once[..place].contains(word)), "{once:?}");
}

#[test]
fn the_guard_knows_words_and_pairs() {
    let cases: [(&[TokenId], TokenId, bool); 7] = [
        (&[], A, false),
        (&[A], A, true),
        (&[A], B, false),
        (&[A, B], A, false),
        (&[A, B, A], B, true),
        (&[C, B, A], B, false),
        (&[A, B, C, A, B], C, false),
    ];
    for (words, token, due) in cases {
        assert_eq!(repeats(words, token), due, "{words:?} {token}");
    }
}

#[test]
fn equal_scores_go_to_the_lower_token() {
    let even = [0.0, 0.0, 0.25, 0.0, 0.25, 0.25, 0.25];
    let make = || Chain::new(&[(START, even), (A, even), (B, even), (C, even)]);
    let found = beam_search(&mut make(), &seen(), &decoding(3, 2, 0.0), &|| false).expect("sentences");
    let sentences: Vec<_> = found.iter().map(|hypothesis| hypothesis.tokens.as_slice()).collect();
    // Each of the three words first, then their ends before any longer sentence.
    assert_eq!(sentences, [[A].as_slice(), &[A, A], &[A, B]]);
    for _ in 0..5 {
        assert_eq!(
            beam_search(&mut make(), &seen(), &decoding(3, 2, 0.0), &|| false).expect("sentences"),
            found
        );
    }
}

#[test]
fn the_search_ends_when_the_best_cannot_be_beaten() {
    // Two sentences end early and well; the third would go on for ever, and cannot win without a length penalty.
    let mut chain = garden_path();
    let found = beam_search(&mut chain, &seen(), &decoding(3, 200, 0.0), &|| false).expect("sentences");
    assert!(found.len() >= 2);
    assert!(chain.steps.get() < 10, "{} steps", chain.steps.get());
}

#[test]
fn a_cancelled_search_ends_before_the_next_word() {
    for asked in 0..3 {
        let mut chain = garden_path();
        let count = Cell::new(0);
        let cancelled = || count.replace(count.get() + 1) == asked;
        let outcome = beam_search(&mut chain, &seen(), &decoding(2, 9, 0.7), &cancelled);
        assert!(matches!(outcome, Err(DecodeError::Cancelled)));
        assert_eq!(chain.steps.get(), asked);
    }
}

#[test]
fn settings_out_of_bounds_are_named() {
    let cases = [
        (decoding(0, 5, 0.7), "the beam width is 0; it must lie between 1 and 64"),
        (decoding(65, 5, 0.7), "the beam width is 65; it must lie between 1 and 64"),
        (decoding(3, 0, 0.7), "the maximum of words is 0; it must lie between 1 and 256"),
        (decoding(3, 257, 0.7), "the maximum of words is 257; it must lie between 1 and 256"),
        (decoding(3, 5, -0.1), "the length penalty is -0.1; it must lie between 0 and 10"),
        (decoding(3, 5, f32::NAN), "the length penalty is NaN; it must lie between 0 and 10"),
    ];
    for (decoding, message) in cases {
        let error = beam_search(&mut garden_path(), &seen(), &decoding, &|| false).expect_err(message);
        assert_eq!(error.to_string(), message);
    }
}

/// A network that answers each step with the same logits, whatever was asked.
struct Broken(Tensor);

impl Network for Broken {
    fn encode(&mut self, _: &Pixels) -> Result<Encoded, NetworkError> {
        Ok(seen())
    }

    fn start(&self, _: &Encoded, rows: usize) -> Result<State, NetworkError> {
        Ok(State { rows, tensors: Vec::new() })
    }

    fn step(&mut self, _: &Encoded, state: &State, _: &[TokenId]) -> Result<Step, NetworkError> {
        Ok(Step { logits: self.0.clone(), state: state.clone(), attention: None })
    }

    fn engine(&self) -> &'static str {
        "broken"
    }
}

#[test]
fn a_broken_network_gives_no_sentence() {
    let row = |values: &[f32]| Tensor { shape: vec![1, values.len()], values: values.to_vec() };
    let cases = [
        (row(&[f32::NAN; 7]), "not a number"),
        (row(&[0.0, 0.0, 0.0, 0.0, 0.0, f32::INFINITY, 0.0]), "not a number"),
        (row(&[f32::NEG_INFINITY; 7]), "not a number"),
        (row(&[]), "not a number"),
        (row(&[0.0; 4]), "no word to say"),
        (row(&[0.0; 2]), "no word to say"),
        (Tensor { shape: vec![2, 7], values: vec![0.0; 14] }, "the shape [2, 7] where [1, 7] is due"),
        (Tensor { shape: vec![7], values: vec![0.0; 7] }, "the shape [7] where [1, 7] is due"),
        (Tensor { shape: vec![1, 7], values: vec![0.0; 3] }, "where [1, 7] is due"),
        (Tensor { shape: vec![], values: vec![] }, "is due"),
    ];
    for (logits, message) in cases {
        let error =
            beam_search(&mut Broken(logits), &seen(), &decoding(2, 4, 0.7), &|| false).expect_err(message);
        assert!(error.to_string().contains(message), "{error}");
    }
}

/// The entropy of some probabilities, in nats.
fn entropy_of(probabilities: &[f32]) -> f32 {
    probabilities.iter().filter(|value| **value > 0.0).map(|value| -value * value.ln()).sum()
}

#[test]
fn each_word_and_the_end_have_their_doubt() {
    let chain = garden_path();
    let due = |last| {
        entropy_of(&chain.next[&last].map(|probability| probability / chain.next[&last].iter().sum::<f32>()))
    };
    let found = beam_search(&mut garden_path(), &seen(), &decoding(3, 4, 1.0), &|| false).expect("found");
    for hypothesis in &found {
        // The chain swaps two of its probabilities behind C, which does not change their entropy.
        let lasts = std::iter::once(START).chain(hypothesis.tokens.iter().copied());
        let expected: Vec<f32> = lasts.take(hypothesis.doubts.len()).map(due).collect();
        assert_eq!(hypothesis.doubts.len(), hypothesis.tokens.len() + usize::from(hypothesis.ended));
        for (doubt, expected) in hypothesis.doubts.iter().zip(expected) {
            assert!((doubt.word - expected).abs() < 1e-3, "{hypothesis:?}: {expected}");
            assert!(doubt.place.abs() < f32::EPSILON, "the chain looks nowhere");
        }
    }
    assert!(found.iter().any(|hypothesis| hypothesis.ended), "{found:?}");
}
