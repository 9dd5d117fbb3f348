//! Counting runs of one to four words, which BLEU and CIDEr both build on.

use std::collections::BTreeMap;

/// The longest run of words that any metric here looks at.
pub const LONGEST: usize = 4;

/// How often each run of one to [`LONGEST`] words occurs in a sentence. Ordered, so that sums over it are the same in
/// every run of the program.
#[must_use]
pub fn counts<T: Ord>(words: &[T]) -> BTreeMap<&[T], u32> {
    let mut counts = BTreeMap::new();
    for order in 1..=LONGEST {
        for run in words.windows(order) {
            *counts.entry(run).or_insert(0) += 1;
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_every_order_are_counted() {
        let words = ["a", "b", "a", "b", "c"];
        let counted = counts(&words);
        let cases: [(&[&str], Option<u32>); 6] = [
            (&["a"], Some(2)),
            (&["a", "b"], Some(2)),
            (&["a", "b", "c"], Some(1)),
            (&["a", "b", "a", "b"], Some(1)),
            (&["a", "b", "a", "b", "c"], None),
            (&["c", "a"], None),
        ];
        for (run, expected) in cases {
            assert_eq!(counted.get(run).copied(), expected, "{run:?}");
        }
        assert!(counts::<&str>(&[]).is_empty());
    }
}
