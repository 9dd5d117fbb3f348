//! From hypotheses to a caption, and what a caller may ask for.

use std::sync::{Arc, Mutex};

use super::*;
use crate::{
    Encoded, NetworkError, Pixels, State, Step, Tensor, TokenId,
    network::tests::{WORDS, manifest, tagged, with_evidence},
};

fn hypothesis(tokens: &[u32], score: f32) -> Hypothesis {
    Hypothesis {
        tokens: tokens.iter().copied().map(TokenId).collect(),
        log_probability: score,
        score,
        word_log_probabilities: vec![0.5_f32.ln(); tokens.len()],
        doubts: Vec::new(),
        ended: true,
    }
}

#[test]
fn alternatives_are_the_other_texts() {
    let vocabulary = Vocabulary::from_text(WORDS).expect("a vocabulary");
    // Tokens 4 and 5 are words; a special token is not spelt, so that the third text is the first again.
    let found = [&[4, 5][..], &[5], &[4, 3, 5], &[4], &[5], &[3]].map(|tokens| hypothesis(tokens, -1.0));
    let caption = caption(&found, &vocabulary, None, &Sight::default());
    assert_eq!(caption.text, "a dog");
    assert_eq!(caption.alternatives, ["dog", "a"]);
    assert_eq!(caption.tokens, [TokenId(4), TokenId(5)]);
    assert_eq!(caption.words.iter().map(|(word, _)| word.as_str()).collect::<Vec<_>>(), ["a", "dog"]);
    assert!(caption.words.iter().all(|(_, probability)| (probability - 0.5).abs() < 1e-6));
    assert!((caption.confidence.value() - 0.5).abs() < 1e-6);
}

/// Pictures that were encoded, and the most rows of a step.
type Counts = Arc<Mutex<(usize, usize)>>;

/// Says "dog" and ends.
struct Dog {
    counts: Counts,
    /// For "a" and "dog".
    evidence: [f32; 2],
}

impl Network for Dog {
    fn encode(&mut self, pixels: &Pixels) -> Result<Encoded, NetworkError> {
        assert_eq!(pixels.shape(), [1, 3, 2, 4]);
        self.counts.lock().expect("the counts").0 += 1;
        let values = vec![-9.0, 3.0, 2.0, -9.0];
        let nothing = || Tensor { shape: Vec::new(), values: Vec::new() };
        let classes = Tensor { shape: vec![1, 4], values };
        let evidence = Tensor { shape: vec![1, 2], values: self.evidence.to_vec() };
        Ok(Encoded { tensors: vec![nothing(), nothing(), classes, evidence] })
    }

    fn start(&self, _: &Encoded, rows: usize) -> Result<State, NetworkError> {
        Ok(State { rows, tensors: Vec::new() })
    }

    fn step(&mut self, _: &Encoded, state: &State, tokens: &[TokenId]) -> Result<Step, NetworkError> {
        let mut counts = self.counts.lock().expect("the counts");
        counts.1 = counts.1.max(tokens.len());
        let row = |token: &TokenId| {
            if token.0 == 5 { [0.0, 0.0, 9.0, 0.0, 1.0, 2.0] } else { [0.0, 0.0, 0.0, 0.0, 3.0, 9.0] }
        };
        let values = tokens.iter().flat_map(row).collect();
        Ok(Step {
            logits: Tensor { shape: vec![tokens.len(), 6], values },
            state: state.clone(),
            attention: None,
        })
    }

    fn engine(&self) -> &'static str {
        "dog"
    }
}

fn captioner() -> (Captioner, Counts) {
    let counts = Counts::default();
    let vocabulary = Vocabulary::from_text(WORDS).expect("a vocabulary");
    (
        Captioner::from_parts(
            manifest(),
            vocabulary,
            Box::new(Dog { counts: Arc::clone(&counts), evidence: [-1.0, 2.5] }),
        ),
        counts,
    )
}

#[test]
fn the_beam_is_the_manifests_unless_another_is_asked_for() {
    for (beam_width, rows) in [(None, 2), (Some(1), 1), (Some(2), 2)] {
        let (mut captioner, counts) = captioner();
        let options = CaptionOptions { beam_width, cancelled: None };
        let caption = captioner.caption(&RgbImage::new(9, 9), &options).expect("a caption");
        assert_eq!(caption.text, "dog");
        assert_eq!((captioner.engine(), captioner.manifest().name.as_str()), ("dog", "tiny"));
        assert_eq!(*counts.lock().expect("the counts"), (1, rows), "{beam_width:?}");
    }
    let (mut captioner, _) = captioner();
    let options = CaptionOptions { beam_width: Some(0), cancelled: None };
    let error = captioner.caption(&RgbImage::new(9, 9), &options).expect_err("no beam");
    assert!(error.to_string().contains("the beam width is 0"), "{error}");
}

#[test]
fn what_was_cancelled_is_not_begun() {
    let (mut captioner, counts) = captioner();
    let options = CaptionOptions { beam_width: None, cancelled: Some(&|| true) };
    let error = captioner.caption(&RgbImage::new(9, 9), &options).expect_err("cancelled");
    assert!(error.is_cancelled());
    assert_eq!(counts.lock().expect("the counts").0, 0);
}

#[test]
fn a_picture_without_pixels_is_refused() {
    let (mut captioner, _) = captioner();
    let error = captioner.caption(&RgbImage::new(0, 0), &CaptionOptions::default()).expect_err("no pixels");
    assert!(matches!(error, CaptionError::Preprocess(_)) && !error.is_cancelled(), "{error}");
}

#[test]
fn what_the_encoder_takes_it_for_is_named() {
    let (plain, _) = captioner();
    let plain = Captioner { manifest: tagged(), ..plain };
    let names = TagNames::from_text("-\nSaluki\tdog\nbeagle\tdog\nteapot\n").expect("names");
    let (mut captioner, _) = captioner();
    let caption = captioner.caption(&RgbImage::new(9, 9), &CaptionOptions::default()).expect("a caption");
    assert!(caption.tags.is_empty(), "nobody said what the classes are called");
    let mut captioner = Captioner { tag_names: Some(names), ..plain };
    let (_, features) =
        captioner.caption_with_features(&RgbImage::new(9, 9), &CaptionOptions::default()).expect("a caption");
    let agreement = features.expect("features")[10];
    assert!(agreement > 0.5, "it says dog, and takes it for one: {agreement}");
    let caption = captioner.caption(&RgbImage::new(9, 9), &CaptionOptions::default()).expect("a caption");
    let tags: Vec<_> = caption.tags.iter().map(|tag| (tag.name.as_str(), tag.is_sure)).collect();
    assert_eq!(tags, [("dog", true), ("Saluki", false), ("beagle", false)]);
}

#[test]
fn what_the_picture_speaks_for_is_asked() {
    let (plain, _) = captioner();
    let mut captioner = Captioner { manifest: with_evidence(), ..plain };
    let picture = RgbImage::new(9, 9);
    let (caption, features) =
        captioner.caption_with_features(&picture, &CaptionOptions::default()).expect("a caption");
    assert_eq!(caption.text, "dog");
    let evidence = features.expect("features")[17];
    assert!((evidence - 2.5).abs() < 1e-6, "that for dog: {evidence}");
}

#[test]
fn what_the_picture_speaks_for_is_said_where_the_search_asks_for_it() {
    // The network has "dog" 6 nats before "a".
    for (search_weight, due) in [(0.0, "dog"), (1.0, "dog"), (10.0, "a dog")] {
        let (plain, counts) = captioner();
        let mut manifest = with_evidence();
        let section = manifest.evidence.as_mut().expect("evidence");
        section.search_weight = search_weight;
        let network = Box::new(Dog { evidence: [0.75, 0.0], counts });
        let mut captioner = Captioner { manifest, network, ..plain };
        let picture = RgbImage::new(9, 9);
        let (caption, features) =
            captioner.caption_with_features(&picture, &CaptionOptions::default()).expect("a caption");
        assert_eq!(caption.text, due, "{search_weight}");
        let sure = caption.words.iter().all(|(_, probability)| *probability > 0.9);
        assert_eq!(sure, due == "dog", "words have the network's probabilities: {:?}", caption.words);
        let log_probability = features.expect("features")[0];
        assert!(log_probability < 0.0, "{log_probability}");
    }
}

#[test]
fn other_sentences_have_the_features_that_they_would_have_as_the_best() {
    let (plain, _) = captioner();
    let mut captioner = Captioner { manifest: with_evidence(), ..plain };
    let picture = RgbImage::new(9, 9);
    let options = CaptionOptions::default();
    let (caption, own) = captioner.caption_with_features(&picture, &options).expect("a caption");
    let asked = [caption.text.as_str(), "a dog", "a cat", ""];
    let Beside { caption: again, features, others } =
        captioner.caption_beside(&picture, &options, &asked).expect("a caption");
    assert_eq!((&again, features), (&caption, own));
    assert_eq!(others[0], own, "the best sentence itself");
    let other = others[1].expect("words that it knows");
    assert!(other[0] < own.expect("features")[0], "{other:?} is less likely");
    assert!((other[17] - 0.75).abs() < 1e-6, "the mean evidence for a and dog: {other:?}");
    assert_eq!(others[2..], [None, None], "a cat is no word of it");
}
