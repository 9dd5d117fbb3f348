//! Diverse beam search (Vijayakumar et al. 2016, "Diverse Beam Search: Decoding Diverse Solutions from Neural Sequence
//! Models"), for sentences that differ in more than a word: the beam is parted into groups, and at each word a group
//! avoids what the groups before it have just said (their Hamming diversity).
//!
//! What is taken off only decides which sentences are kept. They are scored and compared as in the plain search, which
//! this is where there is one group.

use std::collections::HashMap;

use super::{Decoding, Hypothesis, Open, best_candidates, check_step, is_settled};
use crate::{DecodeError, Encoded, Network, TokenId};

/// How a diverse search parts its beam.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Diversity {
    /// Into how many groups; 1 to the width of the beam. Where they do not come out even, the first ones are larger.
    pub groups: usize,
    /// What is taken off a token's log probability for each sentence of an earlier group that has just said it; 0 to 10.
    pub strength: f32,
}

impl Diversity {
    fn check(self, decoding: &Decoding) -> Result<(), DecodeError> {
        if !(1..=decoding.beam_width).contains(&self.groups) {
            let (found, maximum) = (self.groups.to_string(), decoding.beam_width);
            return Err(DecodeError::Setting { setting: "the number of groups", found, minimum: 1, maximum });
        }
        if !(0.0..=10.0).contains(&self.strength) {
            let found = self.strength.to_string();
            let setting = "the strength of diversity";
            return Err(DecodeError::Setting { setting, found, minimum: 0, maximum: 10 });
        }
        Ok(())
    }
}

/// A part of the beam, which is a beam of its own.
struct Group {
    width: usize,
    open: Vec<Open>,
    finished: Vec<Hypothesis>,
}

impl Group {
    /// Ends what the words' maximum ends.
    fn close(&mut self, decoding: &Decoding) {
        self.finished.extend(self.open.drain(..).map(|sentence| sentence.cut_off(decoding)));
    }
}

/// Searches with groups of sentences; gives at least one and at most `beam_width`, each once, best first.
///
/// `cancelled` is asked before each word.
pub fn diverse_beam_search(
    network: &mut dyn Network,
    encoded: &Encoded,
    decoding: &Decoding,
    diversity: Diversity,
    cancelled: &dyn Fn() -> bool,
) -> Result<Vec<Hypothesis>, DecodeError> {
    decoding.check()?;
    diversity.check(decoding)?;
    let (even, more) = (decoding.beam_width / diversity.groups, decoding.beam_width % diversity.groups);
    let group = |index| Group {
        width: even + usize::from(index < more),
        open: vec![Open::default()],
        finished: Vec::new(),
    };
    let mut groups: Vec<Group> = (0..diversity.groups).map(group).collect();
    let mut state = network.start(encoded, groups.len())?;
    for _ in 0..decoding.maximum_words {
        if cancelled() {
            return Err(DecodeError::Cancelled);
        }
        let open = groups.iter().flat_map(|group| &group.open);
        let last = open.map(|sentence| sentence.tokens.last().copied().unwrap_or(decoding.special.start));
        let last: Vec<TokenId> = last.collect();
        let step = network.step(encoded, &state, &last)?;
        check_step(&step, last.len())?;
        // How many sentences of earlier groups have said each token at this word.
        let mut said: HashMap<TokenId, f32> = HashMap::new();
        let (mut first_row, mut parents) = (0, Vec::with_capacity(last.len()));
        for group in groups.iter_mut().filter(|group| !group.open.is_empty()) {
            let penalty = |token| diversity.strength * said.get(&token).copied().unwrap_or(0.0);
            let count = group.width - group.finished.len();
            let next = best_candidates(&step, first_row, &group.open, decoding, count, &penalty)?;
            let mut longer = Vec::with_capacity(next.len());
            for candidate in &next {
                let parent = &group.open[candidate.parent];
                if candidate.token == decoding.special.end {
                    group.finished.push(parent.ended_by(candidate, decoding));
                } else {
                    longer.push(parent.with(candidate, decoding));
                }
            }
            group.finished.sort_by(|one, other| other.score.total_cmp(&one.score));
            let is_over = longer.is_empty() || is_settled(&group.finished, &longer, decoding);
            let rows = first_row..first_row + group.open.len();
            if is_over {
                group.open.clear();
            } else {
                let going_on = next.iter().filter(|candidate| candidate.token != decoding.special.end);
                parents.extend(going_on.map(|candidate| rows.start + candidate.parent));
                group.open = longer;
            }
            first_row = rows.end;
            for candidate in &next {
                *said.entry(candidate.token).or_insert(0.0) += 1.0;
            }
        }
        if parents.is_empty() {
            break;
        }
        state = step.state.gathered(&parents);
    }
    for group in &mut groups {
        group.close(decoding);
    }
    let mut found: Vec<Hypothesis> = Vec::with_capacity(decoding.beam_width);
    for hypothesis in groups.into_iter().flat_map(|group| group.finished) {
        if !found.iter().any(|other| other.tokens == hypothesis.tokens) {
            found.push(hypothesis);
        }
    }
    found.sort_by(|one, other| other.score.total_cmp(&one.score));
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{decoding, garden_path, seen, stutter};
    use super::super::{Network, beam_search};
    use super::*;

    fn search(groups: usize, strength: f32, decoding: &Decoding) -> Result<Vec<Hypothesis>, DecodeError> {
        let diversity = Diversity { groups, strength };
        diverse_beam_search(&mut garden_path(), &seen(), decoding, diversity, &|| false)
    }

    #[test]
    fn one_group_is_the_plain_search() {
        for width in 1..=5 {
            for (maximum_words, length_penalty) in [(1, 0.0), (4, 0.0), (4, 0.7), (6, 1.0)] {
                let decoding = decoding(width, maximum_words, length_penalty);
                for network in [garden_path, stutter] {
                    let mut network = network();
                    let network: &mut dyn Network = &mut network;
                    let plain = beam_search(network, &seen(), &decoding, &|| false).expect("found");
                    let one = Diversity { groups: 1, strength: 5.0 };
                    let found =
                        diverse_beam_search(network, &seen(), &decoding, one, &|| false).expect("found");
                    assert_eq!(found, plain, "{width} {maximum_words} {length_penalty}");
                }
            }
        }
    }

    #[test]
    fn groups_that_must_differ_begin_differently() {
        let decoding = decoding(3, 4, 1.0);
        let firsts = |strength| {
            let found = search(3, strength, &decoding).expect("found");
            let mut firsts: Vec<_> = found.iter().map(|hypothesis| hypothesis.tokens[0]).collect();
            firsts.sort();
            firsts.dedup();
            firsts.len()
        };
        // Without a penalty all groups find the same sentence, which is given once.
        assert_eq!((search(3, 0.0, &decoding).expect("found").len(), firsts(0.0)), (1, 1));
        assert_eq!(firsts(10.0), 3);
    }

    #[test]
    fn scores_are_those_of_the_plain_search() {
        let decoding = decoding(4, 4, 0.7);
        let plain = |tokens: &[TokenId]| {
            let wide = Decoding { beam_width: 16, ..decoding.clone() };
            let found = beam_search(&mut garden_path(), &seen(), &wide, &|| false).expect("found");
            found
                .into_iter()
                .find(|hypothesis| hypothesis.tokens == tokens)
                .map(|hypothesis| hypothesis.score)
        };
        let found = search(2, 1.0, &decoding).expect("found");
        assert!(found.windows(2).all(|pair| pair[0].score >= pair[1].score));
        let compared =
            found.iter().filter_map(|hypothesis| Some((plain(&hypothesis.tokens)?, hypothesis.score)));
        let compared: Vec<_> = compared.collect();
        assert!(!compared.is_empty());
        assert!(compared.iter().all(|(plain, diverse)| (plain - diverse).abs() < 1e-6), "{compared:?}");
    }

    #[test]
    fn settings_are_checked() {
        let decoding = decoding(3, 4, 1.0);
        for (groups, strength) in [(0, 0.5), (4, 0.5), (2, -1.0), (2, f32::NAN), (2, 11.0)] {
            let found = search(groups, strength, &decoding);
            assert!(matches!(found, Err(DecodeError::Setting { .. })), "{groups} {strength}");
        }
        let cancelled = diverse_beam_search(
            &mut garden_path(),
            &seen(),
            &decoding,
            Diversity { groups: 3, strength: 0.5 },
            &|| true,
        );
        assert!(matches!(cancelled, Err(DecodeError::Cancelled)));
    }
}
