//! What the network thinks of a sentence that somebody else made.

use super::{Candidate, Decoding, Hypothesis, Open, Outlook, check_step};
use crate::{DecodeError, Encoded, Network, State, TokenId};

/// The sentence as a search would have found it: with its probabilities, its doubts and its score, ended by the network.
///
/// No word of it need be likely, or allowed by the decoding. A sentence without words, or with one that the vocabulary has not,
/// ends in [`DecodeError::NoWords`].
pub fn weigh(
    network: &mut dyn Network,
    encoded: &Encoded,
    decoding: &Decoding,
    words: &[TokenId],
) -> Result<Hypothesis, DecodeError> {
    decoding.check()?;
    if words.is_empty() {
        return Err(DecodeError::NoWords);
    }
    let mut sentence = Open::default();
    let mut state = network.start(encoded, 1)?;
    for word in words {
        let (candidate, following) = next(network, encoded, &state, &sentence, *word, decoding)?;
        sentence = sentence.with(&candidate, decoding);
        state = following;
    }
    let (end, _) = next(network, encoded, &state, &sentence, decoding.special.end, decoding)?;
    Ok(sentence.ended_by(&end, decoding))
}

/// What the network says of one token behind a sentence, and its state behind both.
fn next(
    network: &mut dyn Network,
    encoded: &Encoded,
    state: &State,
    sentence: &Open,
    token: TokenId,
    decoding: &Decoding,
) -> Result<(Candidate, State), DecodeError> {
    let last = sentence.tokens.last().copied().unwrap_or(decoding.special.start);
    let step = network.step(encoded, state, &[last])?;
    check_step(&step, 1)?;
    let outlook = Outlook::of(&step, 0)?;
    let token_log_probability = outlook.log_probability(token.index()).ok_or(DecodeError::NoWords)?;
    let log_probability = sentence.log_probability + token_log_probability;
    let doubt = outlook.doubt;
    // It competes with no other, so that its rank is not asked for.
    let rank = log_probability;
    Ok((Candidate { parent: 0, token, token_log_probability, log_probability, rank, doubt }, step.state))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{A, B, C, decoding, garden_path, seen};
    use super::super::{Bias, MAXIMUM_BEAM_WIDTH, beam_search};
    use super::*;

    #[test]
    fn a_given_sentence_is_what_the_search_finds() {
        let bias = Bias::of([(A, 0.5), (C, -1.5)]);
        let decoding = Decoding { bias, ..decoding(MAXIMUM_BEAM_WIDTH, 3, 0.7) };
        let found = beam_search(&mut garden_path(), &seen(), &decoding, &|| false).expect("sentences");
        let ended: Vec<_> = found.into_iter().filter(|hypothesis| hypothesis.ended).collect();
        assert!(ended.len() > 10, "{}", ended.len());
        for due in ended {
            let given = weigh(&mut garden_path(), &seen(), &decoding, &due.tokens).expect("weighed");
            assert_eq!((&given.tokens, given.ended), (&due.tokens, true));
            assert!((given.score - due.score).abs() < 1e-5, "{given:?}, not {due:?}");
            assert!((given.log_probability - due.log_probability).abs() < 1e-5, "{given:?}, not {due:?}");
            let words = given.word_log_probabilities.iter().zip(&due.word_log_probabilities);
            assert!(words.clone().count() == due.tokens.len() && given.doubts.len() == due.doubts.len());
            assert!(
                words.into_iter().all(|(given, due)| (given - due).abs() < 1e-5),
                "{given:?}, not {due:?}"
            );
            let doubts = given.doubts.iter().zip(&due.doubts);
            assert!(doubts.into_iter().all(|(given, due)| (given.word - due.word).abs() < 1e-4));
        }
    }

    #[test]
    fn what_no_search_would_say_is_weighed_all_the_same() {
        let once = Decoding { may_repeat: Some(Vec::new()), ..decoding(2, 3, 0.7) };
        let given = weigh(&mut garden_path(), &seen(), &once, &[B, B, B, B]).expect("weighed");
        assert_eq!((given.tokens.len(), given.doubts.len(), given.ended), (4, 5, true));
        for words in [&[][..], &[A, TokenId(99)]] {
            let failed = weigh(&mut garden_path(), &seen(), &once, words);
            assert!(matches!(failed, Err(DecodeError::NoWords)), "{words:?}: {failed:?}");
        }
    }
}
