//! Synonyms by WordNet: two words are synonyms where they share a set, each as it stands or in its base form.

use std::collections::HashMap;
use std::path::PathBuf;

use super::data::MeteorError;

/// Endings and what base forms have in their place, in the order in which WordNet's own `morph` tries them: of nouns, of
/// verbs, of adjectives.
const ENDINGS: [(&str, &str); 20] = [
    ("s", ""),
    ("ses", "s"),
    ("xes", "x"),
    ("zes", "z"),
    ("ches", "ch"),
    ("shes", "sh"),
    ("men", "man"),
    ("ies", "y"),
    ("s", ""),
    ("ies", "y"),
    ("es", "e"),
    ("es", ""),
    ("ed", "e"),
    ("ed", ""),
    ("ing", "e"),
    ("ing", ""),
    ("er", ""),
    ("est", ""),
    ("er", "e"),
    ("est", "e"),
];

/// The sets of each word, and the base forms of irregular ones.
#[derive(Debug, Default)]
pub(super) struct Synonyms {
    bases: HashMap<String, Vec<String>>,
    sets: HashMap<String, Vec<u32>>,
}

impl Synonyms {
    /// Reads both files, each given with its path: pairs of lines, a base form and its irregular forms, and a word and the
    /// numbers of its sets.
    pub(super) fn parse(
        exceptions: &(PathBuf, String),
        sets: &(PathBuf, String),
    ) -> Result<Synonyms, MeteorError> {
        let mut synonyms = Synonyms::default();
        for (_, base, forms) in pairs(exceptions)? {
            for form in forms.split_ascii_whitespace() {
                synonyms.bases.entry(form.to_owned()).or_default().push(base.to_owned());
            }
        }
        for (line, word, numbers) in pairs(sets)? {
            let numbers: Result<Vec<u32>, _> = numbers.split_ascii_whitespace().map(str::parse).collect();
            let numbers = numbers.map_err(|_| MeteorError::Format {
                path: sets.0.clone(),
                line: line + 1,
                problem: "should hold whole numbers",
            })?;
            synonyms.sets.insert(word.to_owned(), numbers);
        }
        Ok(synonyms)
    }

    /// The sets that `word` is in, in order and each once.
    pub(super) fn sets(&self, word: &str) -> Vec<u32> {
        let of = |word: &str| self.sets.get(word).map_or(&[][..], Vec::as_slice);
        let mut all = of(word).to_vec();
        match self.bases.get(word) {
            Some(bases) => bases.iter().for_each(|base| all.extend(of(base))),
            None => all.extend(of(&self.regular_base(word))),
        }
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The first form without an ending that is a word; empty where there is none.
    fn regular_base(&self, word: &str) -> String {
        if word.ends_with("ss") || word.chars().count() <= 2 {
            return word.to_owned();
        }
        // Meant for "boxesful", it is added whatever was found; so does the tool.
        let added = if word.ends_with("ful") { "ful" } else { "" };
        let forms =
            ENDINGS.iter().filter_map(|(ending, base)| Some(word.strip_suffix(ending)?.to_owned() + base));
        forms
            .into_iter()
            .find(|form| self.sets.contains_key(form))
            .map_or_else(String::new, |form| form + added)
    }
}

/// The lines of a file by two, with the number from 1 of the first.
fn pairs((path, text): &(PathBuf, String)) -> Result<Vec<(usize, &str, &str)>, MeteorError> {
    let mut pairs = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((index, first)) = lines.next() {
        let Some((_, second)) = lines.next() else {
            let problem = "has no line after it";
            return Err(MeteorError::Format { path: path.clone(), line: index + 1, problem });
        };
        pairs.push((index + 1, first, second));
    }
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(exceptions: &str, sets: &str) -> Result<Synonyms, MeteorError> {
        Synonyms::parse(&("exceptions".into(), exceptions.to_owned()), &("sets".into(), sets.to_owned()))
    }

    #[test]
    fn words_and_their_base_forms() {
        let sets = "child\n1 2\nkid\n2 3\nbox\n4\nride\n5\nman\n6\nglass\n7\nbig\n8\nax\n9\naxis\n10";
        let synonyms = parse("child\nchildren\naxis\naxes\nax\naxes\n", sets).expect("parsed");
        let cases: [(&str, &[u32]); 12] = [
            ("child", &[1, 2]),
            ("children", &[1, 2]),
            ("kids", &[2, 3]),
            ("boxes", &[4]),
            ("riding", &[5]),
            ("rider", &[5]),
            ("men", &[6]),
            ("glass", &[7]),
            // Only one letter goes, not "er" after a doubled consonant.
            ("bigger", &[]),
            // "axes" is irregular: of two base forms, both count.
            ("axes", &[9, 10]),
            ("unknown", &[]),
            ("", &[]),
        ];
        for (word, expected) in cases {
            assert_eq!(synonyms.sets(word), expected, "{word}");
        }
    }

    #[test]
    fn what_is_broken_is_named() {
        let cases = [
            ("child\nchildren\naxis", "", "exceptions", "line 3 has no line after it"),
            ("", "child\n1 2\nkid", "sets", "line 3 has no line after it"),
            ("", "child\n1 x", "sets", "line 2 should hold whole numbers"),
            ("", "child\n-1", "sets", "line 2"),
        ];
        for (exceptions, sets, file, problem) in cases {
            let error = parse(exceptions, sets).expect_err(problem).to_string();
            assert!(error.starts_with(file) && error.contains(problem), "{error}");
        }
    }
}
