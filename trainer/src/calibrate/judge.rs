//! Whether a person would accept a caption, as far as captions that people wrote can tell: a proxy.
//!
//! The bound was chosen by looking at 108 captions of descry-attend-1 with their pictures, taken at random from the dev
//! splits of Flickr8k, everyday and scenes. One judge accepted 52 of them: the subject, what it does and where had to be
//! right, a shirt's colour had not. From 10 to 78 in steps of 4, the bound of 22 agreed best: on 75 % of the captions
//! (Cohen's kappa 0.50), where it accepts 55 %. CIDEr-D orders the accepted before the others with a ROC area of 0.81. Of
//! the 20 captions with the most confidence the judge accepted 18, and the bound 19.
//!
//! Of 1,550 captions of descry-attend-4, judged by looking with [`super::judgements`]' scale, 75 % were let pass and 37 %
//! were right in all; the bound accepts 71 %, agrees with "let pass" on 76 %, and CIDEr-D has an area of 0.80. So it stands
//! for what passes, and says little of what is right in all (60 %).

use crate::metrics::{cider::Cider, ptb};

/// The least CIDEr-D, times 100, of a caption that is accepted.
pub const LEAST_SCORE: f64 = 22.0;

/// The rule in words, for the manifest.
pub const RULE: &str = "its CIDEr-D (times 100, among all captions of the fit) is 22 or more";

/// The CIDEr-D of each caption against its references, times 100. How rare a word is is asked of all references together,
/// so that one bound serves sets of any size.
pub fn scores<'a>(captions: impl Iterator<Item = (&'a str, &'a [String])>) -> Vec<f64> {
    let (candidates, references): (Vec<_>, Vec<Vec<_>>) = captions
        .map(|(caption, references)| {
            (ptb::tokenise(caption), references.iter().map(|reference| ptb::tokenise(reference)).collect())
        })
        .unzip();
    Cider::new(&references).score(&candidates).1
}

/// Whether a caption of this score is accepted.
#[must_use]
pub fn accepts(score: f64) -> bool {
    score >= LEAST_SCORE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_said_is_accepted_and_what_nobody_said_is_not() {
        let references: Vec<Vec<String>> = [
            ["a black dog runs on the grass", "a dog is running through grass"],
            ["two children play in the snow", "kids in winter clothes in snow"],
            ["a man rides a bicycle down a hill", "a cyclist on a steep slope"],
        ]
        .map(|set| set.map(str::to_owned).to_vec())
        .to_vec();
        let captions = ["a black dog runs on the grass", "one red boat lies there", "a man rides a bicycle"];
        let scores = scores(captions.iter().copied().zip(references.iter().map(Vec::as_slice)));
        assert_eq!(scores.iter().map(|score| accepts(*score)).collect::<Vec<_>>(), [true, false, true]);
        assert!(RULE.contains(&format!("{LEAST_SCORE}")), "the rule names its bound");
    }
}
