//! What the classes are called, and which have what in common: the file that a manifest's `tags.names` names.

use std::collections::{BTreeSet, HashMap};

use crate::TagNamesError;

/// The most classes that an encoder may have.
pub const MAXIMUM_CLASSES: usize = 1 << 15;
/// The most names that one class may have, from its own to what is most general.
pub const MAXIMUM_GENERAL: usize = 8;
/// The most bytes of a name.
pub const MAXIMUM_NAME: usize = 64;
/// Stands for a class that is never named.
pub const NAMELESS: &str = "-";

/// The names of an encoder's classes.
///
/// UTF-8, a line for each class in the order of its scores: its name, and after it, each after a tab, what it is a kind
/// of, from the exact to the general, as in `Saluki`, `dog`, `animal`. Classes with one name are one thing. A line `-` is a
/// class that is never named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagNames {
    /// Each name once.
    names: Vec<String>,
    /// The names of each class, as places in `names`.
    classes: Vec<Vec<usize>>,
    /// Of each name, all that is more general.
    above: Vec<BTreeSet<usize>>,
    /// The names whose thing a word is called by: their last word, in small letters.
    by_word: HashMap<String, Vec<usize>>,
}

impl TagNames {
    /// Reads the names.
    pub fn from_text(text: &str) -> Result<Self, TagNamesError> {
        let mut found =
            Self { names: Vec::new(), classes: Vec::new(), above: Vec::new(), by_word: HashMap::new() };
        let mut places: HashMap<&str, usize> = HashMap::new();
        for (index, line) in text.strip_suffix('\n').unwrap_or(text).split('\n').enumerate() {
            if index == MAXIMUM_CLASSES {
                return Err(TagNamesError::TooMany(MAXIMUM_CLASSES));
            }
            let mut class = Vec::new();
            for name in line.split('\t').filter(|_| line != NAMELESS) {
                if !is_name(name) || class.len() == MAXIMUM_GENERAL {
                    return Err(TagNamesError::NotNames { line: index + 1 });
                }
                let place = *places.entry(name).or_insert(found.names.len());
                if place == found.names.len() {
                    found.names.push(name.to_owned());
                    found.above.push(BTreeSet::new());
                }
                class.push(place);
            }
            found.classes.push(class);
        }
        for class in &found.classes {
            for (index, place) in class.iter().enumerate() {
                found.above[*place].extend(&class[index + 1..]);
            }
        }
        for (place, name) in found.names.iter().enumerate() {
            let thing = name.split(" (").next().unwrap_or_default();
            let word = thing.rsplit(' ').next().unwrap_or_default().to_lowercase();
            found.by_word.entry(word).or_default().push(place);
        }
        for (place, above) in found.above.iter().enumerate() {
            if let Some(other) = above.iter().find(|other| found.above[**other].contains(&place)) {
                let (one, other) = (found.names[place].clone(), found.names[*other].clone());
                return Err(TagNamesError::Circle { one, other });
            }
        }
        Ok(found)
    }

    /// How many classes there are.
    #[must_use]
    pub fn classes(&self) -> usize {
        self.classes.len()
    }

    /// How many names there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.names.len()
    }

    /// A name by its place; empty where there is none.
    #[must_use]
    pub fn name(&self, place: usize) -> &str {
        self.names.get(place).map_or("", String::as_str)
    }

    /// The place of a name.
    #[must_use]
    pub fn place(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|other| other == name)
    }

    /// The places of a class's names, its own first; none for a class that has none.
    #[must_use]
    pub fn of_class(&self, class: usize) -> &[usize] {
        self.classes.get(class).map_or(&[], Vec::as_slice)
    }

    /// Whether the name at one place is that of a kind of what is named at another.
    #[must_use]
    pub fn is_below(&self, one: usize, other: usize) -> bool {
        self.above.get(one).is_some_and(|above| above.contains(&other))
    }

    /// The places of the names that end with a word of a caption, be it one of the thing or of several.
    #[must_use]
    pub fn called(&self, word: &str) -> &[usize] {
        let one = || self.by_word.get(word.strip_suffix('s')?);
        self.by_word.get(word).or_else(one).map_or(&[], Vec::as_slice)
    }

    /// The shares of all classes, added up for each name.
    #[must_use]
    pub fn added_up(&self, shares: &[f32]) -> Vec<f32> {
        let mut sums = vec![0.0; self.names.len()];
        for (class, share) in self.classes.iter().zip(shares) {
            for place in class {
                sums[*place] += share;
            }
        }
        sums
    }
}

/// Words with single spaces between.
fn is_name(name: &str) -> bool {
    let spaces = name.starts_with(' ') || name.ends_with(' ') || name.contains("  ");
    let odd = |letter: char| letter.is_control() || (letter.is_whitespace() && letter != ' ');
    !name.is_empty() && name != NAMELESS && name.len() <= MAXIMUM_NAME && !spaces && !name.chars().any(odd)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "-\nSaluki\tdog\tanimal\nbeagle\tdog\tanimal\ncat\tanimal\ncat\tanimal\nteapot\n";

    #[test]
    fn classes_of_one_name_and_of_one_kind_add_up() {
        let names = TagNames::from_text(TEXT).expect("names");
        assert_eq!((names.classes(), names.count()), (6, 6));
        let sums = names.added_up(&[0.3, 0.1, 0.2, 0.05, 0.05, 0.3]);
        for (name, due) in
            [("Saluki", 0.1), ("beagle", 0.2), ("dog", 0.3), ("cat", 0.1), ("animal", 0.4), ("teapot", 0.3)]
        {
            let place = names.place(name).expect(name);
            assert_eq!(names.name(place), name);
            assert!((sums[place] - due).abs() < 1e-6, "{name}: {}", sums[place]);
        }
        let place = |name| names.place(name).expect("a name");
        for (one, other, due) in [
            ("Saluki", "dog", true),
            ("Saluki", "animal", true),
            ("dog", "Saluki", false),
            ("cat", "dog", false),
        ] {
            assert_eq!(names.is_below(place(one), place(other)), due, "{one} {other}");
        }
        assert_eq!(names.place("-"), None);
        let places = ["saluki", "dogs", "glass", "s"].map(|word| names.called(word).to_vec());
        assert_eq!(places, [vec![place("Saluki")], vec![place("dog")], Vec::new(), Vec::new()]);
        assert_eq!((names.of_class(0), names.of_class(99)), (&[][..], &[][..]));
        assert_eq!(names.name(99), "");
        assert!(!names.is_below(99, 0));
    }

    #[test]
    fn what_are_no_names_is_refused() {
        for (text, due) in [
            ("", "line 1"),
            ("dog\n\ncat\n", "line 2"),
            ("dog\tanimal\t\n", "line 1"),
            ("-\tdog\n", "line 1"),
            ("dog\t-\n", "line 1"),
            (" dog\n", "line 1"),
            ("wild  dog\n", "line 1"),
            ("dog\r\n", "line 1"),
            ("a\tb\tc\td\te\tf\tg\th\ti\n", "line 1"),
            ("dog\tdog\n", "\"dog\" and \"dog\""),
            ("dog\tanimal\nanimal\tdog\n", "\"dog\" and \"animal\""),
        ] {
            let error = TagNames::from_text(text).expect_err(text).to_string();
            assert!(error.contains(due), "{text:?}: {error}");
        }
        let long = "x".repeat(MAXIMUM_NAME + 1);
        assert!(matches!(TagNames::from_text(&long), Err(TagNamesError::NotNames { line: 1 })));
        let many = "-\n".repeat(MAXIMUM_CLASSES + 1);
        assert!(matches!(TagNames::from_text(&many), Err(TagNamesError::TooMany(MAXIMUM_CLASSES))));
    }
}
