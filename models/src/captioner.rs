//! From a picture to a caption: preprocess, encode, decode, and the words of what was found.

use std::path::Path;

use image::RgbImage;

use crate::{
    Arithmetic, Bundle, Caption, CaptionError, DecodeError, Device, Encoded, EngineChoice, Network, NotUsed,
    Notice, Opening, TagNames, TokenId, Vocabulary,
    calibration::{self, Calibration, Features, Sight},
    decode::{self, Decoding, Diversity, Hypothesis, beam_search, diverse_beam_search},
    manifest::Manifest,
    open_network_as, preprocess,
    tags::TagsSection,
};

/// What may differ from one picture to the next.
#[derive(Clone, Copy, Default)]
pub struct CaptionOptions<'flag> {
    /// The width of the beam; without one the manifest's.
    pub beam_width: Option<usize>,
    /// Asked before the encoder and before every word; true ends the search with [`DecodeError::Cancelled`].
    pub cancelled: Option<&'flag dyn Fn() -> bool>,
}

/// What was found out of a picture, before it becomes words.
struct Searched {
    encoded: Encoded,
    /// With the bias that the picture gave.
    decoding: Decoding,
    hypotheses: Vec<Hypothesis>,
    /// Of each name of a tag; empty without tags.
    probabilities: Vec<f32>,
    /// All of it but what depends on the sentence.
    sight: Sight,
}

/// A caption, and sentences beside it that somebody else made.
#[derive(Clone, Debug, PartialEq)]
pub struct Beside {
    /// What the model says.
    pub caption: Caption,
    /// What a calibration of its confidence is fitted to; none without words.
    pub features: Option<Features>,
    /// The same of each other sentence, were it the best one; none for one with words that the model cannot say.
    pub others: Vec<Option<Features>>,
}

/// A model that is ready to describe pictures.
pub struct Captioner {
    manifest: Manifest,
    vocabulary: Vocabulary,
    network: Box<dyn Network>,
    diversity: Option<Diversity>,
    tag_names: Option<TagNames>,
}

impl Captioner {
    /// Opens a bundle and its networks; the files' bytes are let go afterwards.
    pub fn open(directory: &Path, choice: &EngineChoice) -> Result<Self, CaptionError> {
        Self::open_as(directory, &choice.clone().into(), &mut |_| {})
    }

    /// The same on a device of choice; `tell` is told what whoever waits should know.
    pub fn open_as(
        directory: &Path,
        opening: &Opening,
        tell: &mut dyn FnMut(Notice),
    ) -> Result<Self, CaptionError> {
        let bundle = Bundle::open(directory)?;
        let network = open_network_as(&bundle, opening, tell)?;
        let (manifest, vocabulary, tag_names) = bundle.into_parts();
        Ok(Self { tag_names, ..Self::from_parts(manifest, vocabulary, network) })
    }

    /// Puts a captioner together, as tests do with a network of their own.
    ///
    /// The vocabulary must be the manifest's. It gives no tags: their names are a file of a bundle.
    #[must_use]
    pub fn from_parts(manifest: Manifest, vocabulary: Vocabulary, network: Box<dyn Network>) -> Self {
        Self { manifest, vocabulary, network, diversity: None, tag_names: None }
    }

    /// Searches from now on with groups of sentences that differ; with none, as the manifest asks. The daemon does not: for
    /// trying it out, and for alternatives that say something else.
    pub fn set_diversity(&mut self, diversity: Option<Diversity>) {
        self.diversity = diversity;
    }

    /// Describes a picture.
    pub fn caption(
        &mut self,
        picture: &RgbImage,
        options: &CaptionOptions<'_>,
    ) -> Result<Caption, CaptionError> {
        Ok(self.caption_with_features(picture, options)?.0)
    }

    /// Describes a picture, and gives what a calibration of the confidence is fitted to; none without words.
    pub fn caption_with_features(
        &mut self,
        picture: &RgbImage,
        options: &CaptionOptions<'_>,
    ) -> Result<(Caption, Option<Features>), CaptionError> {
        let searched = self.search(picture, options)?;
        Ok(self.told(&searched))
    }

    /// The same, and what it thinks of `others`, which costs as much as so many greedy searches.
    pub fn caption_beside(
        &mut self,
        picture: &RgbImage,
        options: &CaptionOptions<'_>,
        others: &[&str],
    ) -> Result<Beside, CaptionError> {
        let searched = self.search(picture, options)?;
        let (caption, features) = self.told(&searched);
        let others = others.iter().map(|text| self.features_of(&searched, text)).collect::<Result<_, _>>()?;
        Ok(Beside { caption, features, others })
    }

    fn told(&self, searched: &Searched) -> (Caption, Option<Features>) {
        let Searched { hypotheses, probabilities, .. } = searched;
        let sight = hypotheses.first().map_or(searched.sight, |best| self.sight(searched, best));
        let calibration = self.manifest.calibration.as_ref();
        let tags =
            self.named().map_or_else(Vec::new, |(section, names)| section.likely(names, probabilities));
        let caption = Caption { tags, ..caption(hypotheses, &self.vocabulary, calibration, &sight) };
        (caption, calibration::features(hypotheses, &sight))
    }

    /// The features of a sentence that somebody else made, with what the search found as its others.
    fn features_of(&mut self, searched: &Searched, text: &str) -> Result<Option<Features>, DecodeError> {
        let Searched { encoded, decoding, hypotheses, .. } = searched;
        let words: Option<Vec<TokenId>> =
            text.split_whitespace().map(|word| self.vocabulary.id(word)).collect();
        let Some(words) = words.filter(|words| !words.is_empty()) else { return Ok(None) };
        let given = decode::weigh(self.network.as_mut(), encoded, decoding, &words)?;
        let sight = self.sight(searched, &given);
        let others = hypotheses.iter().filter(|other| other.tokens != words).cloned();
        let all: Vec<Hypothesis> = std::iter::once(given).chain(others).take(decoding.beam_width).collect();
        Ok(calibration::features(&all, &sight))
    }

    /// What the encoder says of the picture, and of the sentence for it.
    fn sight(&self, searched: &Searched, sentence: &Hypothesis) -> Sight {
        let evidence = self.manifest.evidence.as_ref();
        Sight {
            tag_agreement: self.agreement(sentence, &searched.probabilities),
            word_evidence: evidence.map_or(0.0, |section| {
                let scores = self.output(&searched.encoded, &section.output);
                section.of_text(scores, &self.vocabulary.text(&sentence.tokens))
            }),
            ..searched.sight
        }
    }

    fn search(&mut self, picture: &RgbImage, options: &CaptionOptions<'_>) -> Result<Searched, CaptionError> {
        let mut decoding = Decoding::of(&self.manifest);
        decoding.beam_width = options.beam_width.unwrap_or(decoding.beam_width);
        let cancelled = options.cancelled.unwrap_or(&|| false);

        // The encoder cannot be stopped, so it is not begun for nothing.
        if cancelled() {
            return Err(DecodeError::Cancelled.into());
        }
        let pixels = preprocess::pixels(picture, &self.manifest.preprocessing)?;
        let encoded = self.network.encode(&pixels)?;
        let scores = self.class_scores(&encoded);
        let sight = Sight {
            tag_spread: calibration::spread(scores),
            place_likeness: encoded.tensors.first().map_or(0.0, calibration::likeness),
            ..Sight::default()
        };
        let probabilities =
            self.named().map_or_else(Vec::new, |(section, names)| section.probabilities(names, scores));
        if let Some(section) = &self.manifest.evidence {
            decoding.bias = section.bias(self.output(&encoded, &section.output), &self.vocabulary);
        }
        let network = self.network.as_mut();
        let hypotheses = match self.diversity {
            None => beam_search(network, &encoded, &decoding, cancelled)?,
            Some(diversity) => diverse_beam_search(network, &encoded, &decoding, diversity, cancelled)?,
        };
        Ok(Searched { encoded, decoding, hypotheses, probabilities, sight })
    }

    fn named(&self) -> Option<(&TagsSection, &TagNames)> {
        self.manifest.tags.as_ref().zip(self.tag_names.as_ref())
    }

    /// What the encoder takes the picture for, where it says so and the classes have names.
    fn class_scores<'a>(&self, encoded: &'a Encoded) -> &'a [f32] {
        self.named().map_or(&[], |(section, _)| self.output(encoded, &section.output))
    }

    /// What the encoder gives as the output of this name; empty where it has none.
    fn output<'a>(&self, encoded: &'a Encoded, name: &str) -> &'a [f32] {
        let outputs = &self.manifest.encoder.outputs;
        let place = outputs.iter().position(|output| output.name == name);
        place.and_then(|place| encoded.tensors.get(place)).map_or(&[], |found| &found.values)
    }

    /// The probability of the likeliest thing that a sentence names.
    fn agreement(&self, sentence: &Hypothesis, probabilities: &[f32]) -> f32 {
        let Some((_, names)) = self.named() else { return 0.0 };
        let words = sentence.tokens.iter().filter_map(|token| self.vocabulary.word(*token));
        let places = words.flat_map(|word| names.called(word));
        places.filter_map(|place| probabilities.get(*place).copied()).fold(0.0, f32::max)
    }

    /// What the model says of itself.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The words that the model can say.
    #[must_use]
    pub fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    /// The name of the engine that runs it.
    #[must_use]
    pub fn engine(&self) -> &'static str {
        self.network.engine()
    }

    /// Where it runs.
    #[must_use]
    pub fn device(&self) -> Device {
        self.network.device()
    }

    /// What it computes in there.
    #[must_use]
    pub fn arithmetic(&self) -> Arithmetic {
        self.network.arithmetic()
    }

    /// The devices that were tried before, and why they are not used.
    #[must_use]
    pub fn not_used(&self) -> &[NotUsed] {
        self.network.not_used()
    }
}

/// The first hypothesis as a caption, the texts of the others as its alternatives.
fn caption(
    hypotheses: &[Hypothesis],
    vocabulary: &Vocabulary,
    calibration: Option<&Calibration>,
    sight: &Sight,
) -> Caption {
    let mut texts: Vec<String> = Vec::with_capacity(hypotheses.len());
    for hypothesis in hypotheses {
        let text = vocabulary.text(&hypothesis.tokens);
        if !text.is_empty() && !texts.contains(&text) {
            texts.push(text);
        }
    }
    let best = hypotheses.first();
    let text = best.map(|best| vocabulary.text(&best.tokens)).unwrap_or_default();
    texts.retain(|other| *other != text);
    let tokens = best.map(|best| best.tokens.clone()).unwrap_or_default();
    let log_probabilities = best.map(|best| best.word_log_probabilities.as_slice()).unwrap_or_default();
    let words = tokens
        .iter()
        .zip(log_probabilities)
        .filter_map(|(token, log)| Some((vocabulary.word(*token)?.to_owned(), log.exp().clamp(0.0, 1.0))))
        .collect();
    let (confidence, band) = calibration::confidence(calibration, hypotheses, &text, sight);
    Caption { text, tokens, confidence, band, alternatives: texts, words, tags: Vec::new() }
}

#[cfg(test)]
mod tests;
