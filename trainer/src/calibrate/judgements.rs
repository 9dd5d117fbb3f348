//! What somebody who looked at pictures says of the captions that a model made for them.
//!
//! A judgement is of one caption of one picture, whichever model said it: another model, or another quantisation, says other
//! things, and what has not been looked at is not judged. `models/judge.py` makes the sheets to look at and this file from the verdicts.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context as _, Result, anyhow, bail, ensure};

/// The rule in words, for the manifest.
pub const RULE: &str = "a judge who looked at the picture let it pass: who or what it is about is right, and at most one \
small thing of the rest is not";

/// What a caption is worth to somebody who cannot see the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Who or what it is about, and what that does or where it is, are right.
    Right,
    /// What it is about is right, and one small thing is off: the wording, a verb, a thing in somebody's hand.
    Passes,
    /// About half of it is right: another scene, another deed, or a second person who is not there.
    Misleads,
    /// Neither what it is about nor the scene is right.
    Wrong,
}

impl Verdict {
    /// Whether whoever asked would be served by it.
    #[must_use]
    pub fn accepts(self) -> bool {
        matches!(self, Self::Right | Self::Passes)
    }
}

impl FromStr for Verdict {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "right" => Ok(Self::Right),
            "passes" => Ok(Self::Passes),
            "misleads" => Ok(Self::Misleads),
            "wrong" => Ok(Self::Wrong),
            _ => bail!("{text:?} is none of right, passes, misleads and wrong"),
        }
    }
}

/// Verdicts on captions by the picture's file name, without its folder; the captions of one picture in their order.
#[derive(Debug, Default)]
pub struct Judgements(HashMap<String, Vec<(String, Verdict)>>);

impl Judgements {
    /// Reads lines of `picture<TAB>caption<TAB>verdict`; those that are empty or begin with `#` are passed over.
    ///
    /// # Errors
    ///
    /// When a file cannot be read, or a line is none of these, or judges otherwise what was judged before.
    pub fn read(files: &[PathBuf]) -> Result<Self> {
        let mut all = Self::default();
        for file in files {
            let text =
                std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
            all.add(&text).with_context(|| format!("{} cannot be used", file.display()))?;
        }
        for captions in all.0.values_mut() {
            captions.sort_by(|one, other| one.0.cmp(&other.0));
        }
        Ok(all)
    }

    fn add(&mut self, text: &str) -> Result<()> {
        for (number, line) in (1..).zip(text.lines()) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (picture, caption, verdict) = judgement(line).with_context(|| format!("line {number}"))?;
            let captions = self.0.entry(picture).or_default();
            match captions.iter().find(|(other, _)| *other == caption) {
                Some((_, earlier)) => {
                    ensure!(*earlier == verdict, "line {number}: this caption was called {earlier:?} before");
                }
                None => captions.push((caption, verdict)),
            }
        }
        Ok(())
    }

    /// All captions of a picture that somebody looked at.
    #[must_use]
    pub fn of(&self, picture: &Path) -> &[(String, Verdict)] {
        let name = picture.file_name().map(|name| name.to_string_lossy());
        name.and_then(|name| self.0.get(name.as_ref())).map_or(&[], Vec::as_slice)
    }

    /// Whether the caption of a picture was let pass; none where nobody looked.
    #[must_use]
    pub fn accepts(&self, picture: &Path, caption: &str) -> Option<bool> {
        self.of(picture).iter().find(|(other, _)| other == caption).map(|(_, verdict)| verdict.accepts())
    }
}

fn judgement(line: &str) -> Result<(String, String, Verdict)> {
    let mut fields = line.split('\t');
    let (Some(picture), Some(caption), Some(verdict), None) =
        (fields.next(), fields.next(), fields.next(), fields.next())
    else {
        return Err(anyhow!("picture, caption and verdict are to be parted by tabs"));
    };
    Ok((picture.to_owned(), caption.to_owned(), verdict.parse()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caption_is_accepted_where_it_was_let_pass_and_nowhere_else() {
        let text = "# by a test\n\na.jpg\ta dog runs\tright\nb.jpg\ta dog runs\twrong\nc.jpg\ta dog on a dog\tpasses\n\
                    e.jpg\ta dog in snow\tmisleads\n";
        let mut judgements = Judgements::default();
        judgements.add(text).expect("judgements");
        judgements.add("b.jpg\ta dog sits\tpasses\nb.jpg\ta dog runs\twrong\n").expect("another model's");
        for (picture, caption, expected) in [
            ("x/images/a.jpg", "a dog runs", Some(true)),
            ("x/images/b.jpg", "a dog runs", Some(false)),
            ("x/images/b.jpg", "a dog sits", Some(true)),
            ("x/images/c.jpg", "a dog on a dog", Some(true)),
            ("x/images/e.jpg", "a dog in snow", Some(false)),
            ("x/images/a.jpg", "a cat runs", None),
            ("x/images/d.jpg", "a dog runs", None),
        ] {
            assert_eq!(judgements.accepts(Path::new(picture), caption), expected, "{picture}: {caption}");
        }
        let of = |picture| judgements.of(Path::new(picture)).iter().map(|(caption, _)| caption.as_str());
        assert_eq!(of("b.jpg").collect::<Vec<_>>(), ["a dog runs", "a dog sits"]);
        assert_eq!(of("d.jpg").count(), 0);
    }

    #[test]
    fn what_is_no_judgement_is_refused_with_its_line() {
        for (text, expected) in [
            ("a.jpg\ta dog runs\n", "line 1"),
            ("a.jpg\ta dog runs\tright\nb.jpg\ta dog\tperhaps\n", "line 2"),
            ("a.jpg\ta dog runs\tright\tyes\n", "line 1"),
            ("a.jpg\ta dog runs\tright\na.jpg\ta dog runs\twrong\n", "line 2"),
        ] {
            let error = format!("{:#}", Judgements::default().add(text).expect_err(text));
            assert!(error.contains(expected), "{text:?}: {error}");
        }
        let missing = Judgements::read(&["/none/judged.tsv".into()]).expect_err("missing");
        assert!(missing.to_string().contains("/none/judged.tsv"), "{missing:#}");
    }
}
