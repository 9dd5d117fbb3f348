//! Chooses among possible pairs: each word in one pair at most, as many words as can be, in as few runs as can be. The
//! search goes from left to right through the reference and keeps the best [`BEAM`] choices.
//!
//! It is the tool's own search, its flaws included, since they show in its scores: what a pair weighs is rounded down to a
//! whole number word by word, so that inexact pairs of single words weigh nothing; and the distance of a choice is that
//! of the pairs that were tried before it from the same start, rather than of its own.

use super::matches::{How, Pair, Possible};

/// How many choices are kept at each word.
const BEAM: usize = 40;

/// A choice so far.
#[derive(Debug, Clone)]
struct Path {
    /// By the word of the reference at which each begins.
    pairs: Vec<Option<Pair>>,
    reference_used: Vec<bool>,
    candidate_used: Vec<bool>,
    /// What the paired words weigh, those of both sentences together.
    weight: usize,
    /// How many runs have ended.
    chunks: usize,
    /// The word of the reference after the last pair.
    next: usize,
    /// The word of the candidate after the last pair, while a run goes on.
    run_end: Option<usize>,
    /// How far the pairs lie from their own places.
    distance: usize,
}

impl Path {
    /// Goes on by a pair, whose words are marked as used.
    fn take(&mut self, pair: &Pair) {
        self.weight += weight(pair.how, pair.candidate.1) + weight(pair.how, pair.reference.1);
        if self.run_end.is_some_and(|end| end != pair.candidate.0) {
            self.chunks += 1;
        }
        self.next = pair.reference.0 + pair.reference.1;
        self.run_end = Some(pair.candidate.0 + pair.candidate.1);
    }

    fn mark(&mut self, pair: &Pair) {
        words(&mut self.reference_used, pair.reference).fill(true);
        words(&mut self.candidate_used, pair.candidate).fill(true);
        self.pairs[pair.reference.0] = Some(*pair);
    }

    fn is_free(&self, pair: &Pair) -> bool {
        let free =
            |used: &[bool], (start, length): (usize, usize)| !used[start..start + length].contains(&true);
        free(&self.reference_used, pair.reference) && free(&self.candidate_used, pair.candidate)
    }
}

fn words(all: &mut [bool], (start, length): (usize, usize)) -> &mut [bool] {
    &mut all[start..start + length]
}

/// Half a point for a word that is not the same, rounded down for each pair.
fn weight(how: How, words: usize) -> usize {
    if how == How::Exact { words } else { words / 2 }
}

/// The chosen pairs, in the order of the reference.
pub(super) fn align(possible: &Possible) -> Vec<Pair> {
    let mut start = Path {
        pairs: vec![None; possible.pairs.len()],
        reference_used: vec![false; possible.reference_coverage.len()],
        candidate_used: vec![false; possible.candidate_coverage.len()],
        weight: 0,
        chunks: 0,
        next: 0,
        run_end: None,
        distance: 0,
    };
    // What has no rival is settled.
    for pairs in &possible.pairs {
        if let [only] = pairs.as_slice() {
            let alone = |coverage: &[u32], (start, length): (usize, usize)| {
                coverage[start..start + length].iter().all(|count| *count == 1)
            };
            if alone(&possible.reference_coverage, only.reference)
                && alone(&possible.candidate_coverage, only.candidate)
            {
                start.mark(only);
            }
        }
    }

    let mut paths = vec![start];
    for (current, pairs) in possible.pairs.iter().enumerate() {
        sort(&mut paths);
        paths.truncate(BEAM);
        // Only where no path can go on, which the search should never reach.
        let best = paths.first().cloned();
        paths = paths.into_iter().flat_map(|path| step(path, current, pairs)).collect();
        if paths.is_empty() {
            paths.extend(best);
        }
    }
    sort(&mut paths);
    paths.truncate(BEAM);
    for path in &mut paths {
        path.chunks += usize::from(path.run_end.is_some());
    }
    sort(&mut paths);
    paths.into_iter().next().map(|path| path.pairs.into_iter().flatten().collect()).unwrap_or_default()
}

/// The best first; the sort is stable, so of equally good ones the first stays first.
fn sort(paths: &mut [Path]) {
    paths.sort_by_key(|path| (std::cmp::Reverse(path.weight), path.chunks, path.distance));
}

/// All ways on from `path` at the word `current` of the reference, of which `pairs` are the pairs that begin there.
fn step(mut path: Path, current: usize, pairs: &[Pair]) -> Vec<Path> {
    if path.reference_used[current] {
        if current < path.next {
            return vec![path];
        }
        let settled = path.pairs.get(path.next).copied().flatten();
        return settled.map_or_else(Vec::new, |pair| {
            path.take(&pair);
            path.distance += pair.reference.0.abs_diff(pair.candidate.0);
            vec![path]
        });
    }
    let mut ways = Vec::new();
    for pair in pairs {
        if path.is_free(pair) {
            let mut way = path.clone();
            way.mark(pair);
            way.take(pair);
            path.distance += pair.reference.0.abs_diff(pair.candidate.0);
            ways.push(way);
        }
    }
    path.chunks += usize::from(path.run_end.take().is_some());
    path.next += 1;
    ways.push(path);
    ways
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pairs as `(how, reference, candidate)`, each of one word.
    fn possible(reference: usize, candidate: usize, pairs: &[(How, usize, usize)]) -> Possible {
        let mut possible = Possible {
            pairs: vec![Vec::new(); reference],
            reference_coverage: vec![0; reference],
            candidate_coverage: vec![0; candidate],
        };
        for &(how, reference, candidate) in pairs {
            possible.reference_coverage[reference] += 1;
            possible.candidate_coverage[candidate] += 1;
            possible.pairs[reference].push(Pair {
                how,
                reference: (reference, 1),
                candidate: (candidate, 1),
            });
        }
        possible
    }

    #[test]
    fn what_is_chosen() {
        use How::{Exact, Stem};
        type Case<'a> = (&'a str, Possible, &'a [(usize, usize)]);
        let cases: [Case<'_>; 6] = [
            ("nothing", possible(0, 0, &[]), &[]),
            ("no pair", possible(2, 2, &[]), &[]),
            ("settled", possible(3, 3, &[(Exact, 0, 2), (Stem, 2, 0)]), &[(0, 2), (2, 0)]),
            // "the the" against "the": all else is equal, but the run of the later pair is still open at the last sort.
            ("one of two", possible(2, 1, &[(Exact, 0, 0), (Exact, 1, 0)]), &[(1, 0)]),
            (
                "fewer runs",
                possible(3, 3, &[(Exact, 0, 0), (Exact, 0, 1), (Exact, 1, 2), (Exact, 2, 0)]),
                &[(0, 1), (1, 2), (2, 0)],
            ),
            ("an exact pair rather than a stem", possible(1, 2, &[(Stem, 0, 0), (Exact, 0, 1)]), &[(0, 1)]),
        ];
        for (name, possible, expected) in cases {
            let found: Vec<_> =
                align(&possible).iter().map(|pair| (pair.reference.0, pair.candidate.0)).collect();
            assert_eq!(found, expected, "{name}");
        }
    }
}
