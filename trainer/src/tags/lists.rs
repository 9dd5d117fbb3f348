//! The two lists that tags are fitted to: pictures with the class of each, and tags that were looked at.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use descry_models::TagNames;

/// A photograph, and which tags of it are right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookedAt {
    /// Its file.
    pub file: PathBuf,
    /// Places of names, and whether the thing is to be seen.
    pub tags: Vec<(usize, bool)>,
}

/// The pictures of a folder's `labels.txt`, each with the number of its class.
pub fn labelled(folder: &Path, classes: Range<usize>) -> Result<Vec<(PathBuf, usize)>> {
    let list = folder.join("labels.txt");
    let line = |line: &str| {
        let (file, class) = line.split_once('\t')?;
        let class = class.trim().parse().ok().filter(|class| classes.contains(class))?;
        Some((folder.join("images").join(file), class))
    };
    let found = lines(&list, line)?;
    ensure!(!found.is_empty(), "{} labels no picture", list.display());
    Ok(found)
}

/// The photographs of a list, in its order; those of one photograph must follow each other.
pub fn judged(list: &Path, datasets: &Path, names: &TagNames) -> Result<Vec<LookedAt>> {
    let line = |line: &str| {
        let mut parts = line.split('\t');
        let (file, tag, right) = (parts.next()?, parts.next()?, parts.next()?.trim());
        let right = ["0", "1"].iter().position(|answer| *answer == right)? == 1;
        Some((datasets.join(file), tag.to_owned(), right))
    };
    let mut found: Vec<LookedAt> = Vec::new();
    for (file, tag, right) in lines(list, line)? {
        let Some(place) = names.place(&tag) else {
            bail!("{} judges the tag {tag:?}, which no class has", list.display());
        };
        match found.last_mut().filter(|newest| newest.file == file) {
            Some(newest) => newest.tags.push((place, right)),
            None => found.push(LookedAt { file, tags: vec![(place, right)] }),
        }
    }
    Ok(found)
}

/// What a file's lines hold, but for empty ones and those that begin with `#`.
fn lines<T>(list: &Path, read: impl Fn(&str) -> Option<T>) -> Result<Vec<T>> {
    let text = fs::read_to_string(list).with_context(|| format!("cannot read {}", list.display()))?;
    let telling = |(_, line): &(usize, &str)| !line.trim().is_empty() && !line.starts_with('#');
    text.lines()
        .enumerate()
        .filter(telling)
        .map(|(index, line)| {
            read(line).with_context(|| {
                format!("{}, line {}: {line:?} is of another kind", list.display(), index + 1)
            })
        })
        .collect()
}
