//! What a caption is about, without the rest: for telling it while there is little time. Pure.
//!
//! English only, as the models are: in another language no word is found at which to end, and the whole is told.

/// Words at which something further begins: a place, a companion, a second clause.
const FURTHER: [&str; 40] = [
    "above",
    "across",
    "against",
    "along",
    "among",
    "around",
    "as",
    "at",
    "before",
    "behind",
    "below",
    "beneath",
    "beside",
    "between",
    "by",
    "down",
    "during",
    "from",
    "in",
    "inside",
    "into",
    "near",
    "next",
    "on",
    "onto",
    "outside",
    "over",
    "past",
    "that",
    "through",
    "toward",
    "towards",
    "under",
    "underneath",
    "where",
    "which",
    "while",
    "who",
    "with",
    "within",
];

/// Words that nothing can end with.
const LEADING: [&str; 18] = [
    "a", "an", "and", "another", "are", "be", "being", "has", "have", "is", "it", "of", "or", "some", "that",
    "the", "there", "to",
];

/// The beginning of a caption up to where it says where, with what, or what else: "two dogs play" of "two dogs play with
/// a ball on the grass". The whole where nothing of that comes.
#[must_use]
pub fn of(caption: &str) -> String {
    let words: Vec<&str> = caption.split_whitespace().collect();
    let bare = |word: &str| word.trim_matches(|character: char| !character.is_alphanumeric()).to_lowercase();
    let further = |word: &&str| FURTHER.contains(&bare(word).as_str());
    // Who begins with "in a garden" has no subject before it.
    let end = words.iter().skip(1).position(further).map_or(words.len(), |position| position + 1);
    let mut subject = &words[..end];
    while let Some((last, before)) = subject.split_last()
        && LEADING.contains(&bare(last).as_str())
    {
        subject = before;
    }
    if subject.is_empty() || further(&subject[0]) || end == words.len() {
        return caption.to_owned();
    }
    subject.join(" ").trim_end_matches([',', ';', ':']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_subject_is_what_comes_before_the_place() {
        for (caption, subject) in [
            ("a man in a black shirt stands on a street", "a man"),
            ("a brown dog is in the grass", "a brown dog"),
            ("a black and white cat sits on a bed", "a black and white cat sits"),
            ("two dogs play with a ball", "two dogs play"),
            ("a group of people are standing around a table", "a group of people are standing"),
            ("a boy riding a bike down a street", "a boy riding a bike"),
            ("A red building, with windows.", "A red building"),
            ("a close up of a flower", "a close up of a flower"),
            ("there is a dog on the grass", "there is a dog"),
            ("there is in the grass a dog", "there is in the grass a dog"),
            ("in a garden a man sleeps", "in a garden a man sleeps"),
            ("a dog runs", "a dog runs"),
            ("ein Hund läuft auf dem Gras", "ein Hund läuft auf dem Gras"),
            ("on", "on"),
            ("", ""),
        ] {
            assert_eq!(of(caption), subject, "{caption}");
        }
    }
}
