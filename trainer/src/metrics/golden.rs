//! Our scores and words against those of pycocoevalcap, which `tests/golden/make_scores.py` wrote down.
//!
//! The synthetic set is made here by the same little grammar as in that script; a hash shows that it is the same set.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::{cider::Cider, ptb, score};
use crate::dataset::Dataset;

const SCORES: &str = include_str!("../../tests/golden/scores.json");
const WORDS: &str = include_str!("../../tests/golden/words.json");

/// Ours are the same formulas, so they agree far better than the 0.05 points that are asked for.
const TOLERANCE: f64 = 1e-6;

const PICTURES: usize = 1000;
const REFERENCES: usize = 5;

#[derive(Deserialize)]
struct Golden {
    synthetic: Expected,
    synthetic_first_50: Expected,
    flickr8k_dev: Expected,
    corpus_hash: String,
}

#[derive(Deserialize)]
struct Expected {
    images: usize,
    bleu1: f64,
    bleu2: f64,
    bleu3: f64,
    bleu4: f64,
    rouge_l: f64,
    cider: f64,
    cider_plain: f64,
    cider_of_the_first_ten: Vec<f64>,
}

fn golden() -> Golden {
    serde_json::from_str(SCORES).expect("golden scores")
}

/// A candidate for each picture, and each picture's references, not tokenised.
pub(super) struct Captions {
    candidates: Vec<String>,
    references: Vec<Vec<String>>,
}

/// Sentences of words, one for each picture, and the list of references of each picture.
pub(super) type Words = (Vec<Vec<String>>, Vec<Vec<Vec<String>>>);

impl Captions {
    pub(super) fn first(&self, count: usize) -> Captions {
        Captions {
            candidates: self.candidates[..count].to_vec(),
            references: self.references[..count].to_vec(),
        }
    }

    pub(super) fn words(&self) -> Words {
        let words = |texts: &Vec<String>| texts.iter().map(|text| ptb::tokenise(text)).collect();
        (words(&self.candidates), self.references.iter().map(words).collect())
    }

    fn check(&self, name: &str, expected: &Expected) {
        let (candidates, references) = self.words();
        let scores = score(&candidates, &references).expect("scores");
        assert_eq!(scores.images, expected.images, "{name}");
        for (metric, ours, theirs) in [
            ("BLEU-1", scores.bleu1, expected.bleu1),
            ("BLEU-2", scores.bleu2, expected.bleu2),
            ("BLEU-3", scores.bleu3, expected.bleu3),
            ("BLEU-4", scores.bleu4, expected.bleu4),
            ("ROUGE-L", scores.rouge_l, expected.rouge_l),
            ("CIDEr", scores.cider, expected.cider),
            ("plain CIDEr", scores.cider_plain, expected.cider_plain),
        ] {
            println!("{name} {metric}: {ours:.9}, pycocoevalcap {theirs:.9}");
            assert!((ours - theirs).abs() < TOLERANCE, "{name} {metric}: {ours}, not {theirs}");
        }
        let (_, each) = Cider::new(&references).score(&candidates);
        for (index, theirs) in expected.cider_of_the_first_ten.iter().enumerate() {
            assert!(
                (each[index] - theirs).abs() < TOLERANCE,
                "{name} {index}: {}, not {theirs}",
                each[index]
            );
        }
    }
}

/// The script's generator: a linear congruential one of 64 bits, of which the upper half is used.
struct Generator(u64);

impl Generator {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % bound as u64) as usize
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    fn scene(&mut self) -> [[&'static str; 5]; 3] {
        [self.pick(&SUBJECTS), self.pick(&ACTIONS), self.pick(&PLACES)]
    }

    fn sentence(&mut self, scene: &[[&'static str; 5]; 3]) -> String {
        let [subject, action, place] = scene.map(|group| self.pick(&group));
        let mut text = match self.below(4) {
            0 => format!("{place} , {subject} {action}"),
            _ => format!("{subject} {action} {place}"),
        };
        if self.below(3) == 0 {
            text[..1].make_ascii_uppercase();
        }
        text + self.pick(&ENDS)
    }
}

const SUBJECTS: [[&str; 5]; 7] = [
    ["a dog", "a brown dog", "the puppy", "a small dog", "somebody's dog"],
    ["a man", "an old man", "the guy", "a man in a hat", "a bearded man"],
    ["two children", "two kids", "a boy and a girl", "children", "two young children"],
    ["a woman", "a lady", "the woman in red", "a young woman", "a woman with glasses"],
    ["a group of people", "several people", "people", "a crowd", "five or six people"],
    ["a cat", "a striped cat", "the kitten", "a grey-and-white cat", "a cat"],
    ["a cyclist", "a man on a bike", "the bike rider", "a person on a bicycle", "a cyclist"],
];
const ACTIONS: [[&str; 5]; 6] = [
    ["runs", "is running", "dashes", "sprints", "runs quickly"],
    ["sits", "is sitting", "rests", "is seated", "sits quietly"],
    ["jumps", "is jumping", "leaps", "hops", "jumps high"],
    ["plays with a ball", "is playing", "plays ball", "is playing with a red ball", "kicks a ball"],
    ["looks at the camera", "stares", "is looking up", "looks on", "doesn't look away"],
    ["eats", "is eating", "has a snack", "eats lunch", "can't stop eating"],
];
const PLACES: [[&str; 5]; 5] = [
    ["on the beach", "by the sea", "on wet sand", "at the shore", "near the water"],
    ["in the park", "on the grass", "in a field", "on a green lawn", "in the grass"],
    ["on a city street", "on the street", "in the city", "beside a parked car", "at the corner"],
    ["in the snow", "on a snowy hill", "through deep snow", "in winter", "outside"],
    ["in a kitchen", "at a table", "indoors", "in the house", "inside (in the kitchen)"],
];
const ENDS: [&str; 6] = [" .", ".", "", "!", " , it seems .", "..."];

pub(super) fn synthetic() -> Captions {
    let mut generator = Generator(2026);
    let mut captions = Captions { candidates: Vec::new(), references: Vec::new() };
    for picture in 0..PICTURES {
        let scene = generator.scene();
        captions.references.push((0..REFERENCES).map(|_| generator.sentence(&scene)).collect());
        let own = generator.sentence(&scene);
        let elsewhere = generator.scene();
        let other = generator.sentence(&elsewhere);
        let words: Vec<&str> = own.split_whitespace().collect();
        captions.candidates.push(match picture % 6 {
            0 => words[..words.len() / 2].join(" "),
            1 => [words.as_slice(), words.as_slice()].concat().join(" "),
            2 => other,
            3 => format!("zeppelin {} gyroscope zeppelin", words.join(" ")),
            4 if picture % 60 == 4 => String::new(),
            _ => words.join(" "),
        });
    }
    captions
}

/// The script's recipe, by index, from the captions of a real data set.
pub(super) fn from_dataset(dataset: &Dataset) -> Captions {
    let references: Vec<Vec<String>> =
        dataset.pictures.iter().map(|picture| picture.captions.clone()).collect();
    let candidate = |(index, own): (usize, &Vec<String>)| {
        let next_one = &references[(index + 1) % references.len()];
        let words = |text: &'_ str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let picked = match index % 4 {
            0 => words(&next_one[0]),
            1 => words(&own[0])
                .into_iter()
                .enumerate()
                .filter(|(place, _)| place % 3 != 2)
                .map(|(_, word)| word)
                .collect(),
            2 => {
                let (first, second) = (words(&own[1]), words(&next_one[2]));
                [&first[..first.len() / 2], &second[second.len() / 2..]].concat()
            }
            _ => {
                let mut words = words(&own[3]);
                words.chunks_exact_mut(2).for_each(|pair| pair.swap(0, 1));
                words
            }
        };
        picked.join(" ")
    };
    let candidates = references.iter().enumerate().map(candidate).collect();
    Captions { candidates, references }
}

/// FNV-1a, 64 bits, of the texts with a line feed after each.
fn fnv<'a>(texts: impl Iterator<Item = &'a String>) -> String {
    let bytes = texts.flat_map(|text| text.bytes().chain(*b"\n"));
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}")
}

#[test]
fn scores_agree_on_a_thousand_synthetic_pictures() {
    let (captions, golden) = (synthetic(), golden());
    let hash = fnv(captions.candidates.iter().chain(captions.references.iter().flatten()));
    assert_eq!(hash, golden.corpus_hash, "the grammar is not the script's");
    captions.check("synthetic", &golden.synthetic);
    captions.first(50).check("synthetic, first 50", &golden.synthetic_first_50);
}

#[test]
fn words_agree_on_tricky_text() {
    let cases: BTreeMap<String, String> = serde_json::from_str(WORDS).expect("golden words");
    assert!(cases.len() > 30, "only {} cases", cases.len());
    for (text, words) in cases {
        assert_eq!(ptb::tokenise(&text).join(" "), words, "{text}");
    }
}

/// `DESCRY_DATASETS=DIR cargo test -p descry-trainer --lib -- --ignored real_data_set`, DIR holding `flickr8k/`.
#[test]
#[ignore = "needs Flickr8k: run with DESCRY_DATASETS"]
fn scores_agree_on_a_real_data_set() {
    let folder =
        std::env::var_os("DESCRY_DATASETS").expect("DESCRY_DATASETS names the folder of the data sets");
    let dataset = Dataset::open(&Path::new(&folder).join("flickr8k"), "dev").expect("flickr8k");
    from_dataset(&dataset).check("flickr8k dev", &golden().flickr8k_dev);
}
