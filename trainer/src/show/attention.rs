//! Where the model looked for each word: the decoder is run once more along the caption, and what it attends to stays
//! bright while the rest of the picture goes dark.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use descry_models::{Bundle, EngineChoice, Network, TokenId, Vocabulary, open_network, preprocess};
use image::{Rgba, RgbaImage};

use super::inline;
use super::page::escape;
use super::sheet::Shown;
use crate::picture;

/// How dark the least attended place becomes, of 255.
const DARKEST: f32 = 215.0;

/// The section's HTML; none if the model has no attention, or there is nothing to show.
pub(super) fn section(bundle: &Path, choice: &EngineChoice, shown: &[&Shown<'_>]) -> Result<Option<String>> {
    if shown.is_empty() {
        return Ok(None);
    }
    let bundle = Bundle::open(bundle)?;
    let mut network = open_network(&bundle, choice)?;
    let mut html =
        "<p>For each word, what is bright is what the model attended to when it chose the word; the \
                    network divides the picture into a coarse grid, so the bright spots are blurred.</p>\n"
            .to_owned();
    let mut any = false;
    for (index, shown) in shown.iter().enumerate() {
        let pixels = picture::open(&shown.picture.file)
            .with_context(|| format!("cannot read {} again", shown.picture.file.display()))?;
        let prepared = preprocess::pixels(&pixels, &bundle.manifest().preprocessing)?;
        let maps = maps(network.as_mut(), &prepared, bundle.vocabulary(), &shown.caption.tokens)?;
        let (width, height) = (pixels.width(), pixels.height());
        let mut words = String::new();
        for (word, map) in maps {
            let Some(side) = side_of(&map) else { continue };
            any = true;
            let word = escape(&word);
            let _ = writeln!(
                words,
                "<li><svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{word}: {place}\">\
                 <use href=\"#attended-{index}\"/><image href=\"{}\" width=\"{width}\" height=\"{height}\" \
                 preserveAspectRatio=\"none\"/></svg><span>{word}</span><small>{place}</small></li>",
                inline::png(&shade(&map, side))?,
                place = brightest(&map, side),
            );
        }
        let _ = writeln!(
            html,
            "<h3>{}</h3>\n<p class=\"facts\">{}</p>\n<svg width=\"0\" height=\"0\" style=\"position:absolute\" aria-hidden=\"true\">\
             <defs><image id=\"attended-{index}\" href=\"{}\" width=\"{width}\" height=\"{height}\" \
             preserveAspectRatio=\"none\"/></defs></svg>\n<ol class=\"words\">\n{words}</ol>",
            escape(&shown.caption.text),
            escape(&shown.alternative()),
            inline::jpeg(&pixels)?,
        );
    }
    Ok(any.then_some(html))
}

/// Each word with the attention, over the places of the picture, from which it was chosen.
fn maps(
    network: &mut dyn Network,
    pixels: &descry_models::Pixels,
    vocabulary: &Vocabulary,
    tokens: &[TokenId],
) -> Result<Vec<(String, Vec<f32>)>> {
    let encoded = network.encode(pixels)?;
    let mut state = network.start(&encoded, 1)?;
    let mut last = vocabulary.special().start;
    let mut maps = Vec::with_capacity(tokens.len());
    for token in tokens {
        let step = network.step(&encoded, &state, &[last])?;
        if let (Some(attention), Some(word)) = (&step.attention, vocabulary.word(*token)) {
            maps.push((word.to_owned(), attention.row(0).to_vec()));
        }
        state = step.state;
        last = *token;
    }
    Ok(maps)
}

/// The side of the square that the places make; none if they make none.
fn side_of(map: &[f32]) -> Option<usize> {
    let side = map.len().isqrt();
    (side > 0 && side * side == map.len()).then_some(side)
}

/// Black over the places, the more the less they are attended to.
fn shade(map: &[f32], side: usize) -> RgbaImage {
    let most = map.iter().copied().fold(f32::MIN_POSITIVE, f32::max);
    RgbaImage::from_fn(side as u32, side as u32, |x, y| {
        let share = map[y as usize * side + x as usize] / most;
        Rgba([0, 0, 0, (DARKEST * (1.0 - share)) as u8])
    })
}

/// In words where the attention is: the third of the picture, across and down, that has most of it, and how much.
fn brightest(map: &[f32], side: usize) -> String {
    let mut thirds = [0.0_f32; 9];
    for (place, weight) in map.iter().enumerate() {
        let third = |at: usize| at * 3 / side;
        thirds[3 * third(place / side) + third(place % side)] += weight;
    }
    let total: f32 = thirds.iter().sum();
    let most = (0..9).max_by(|one, other| thirds[*one].total_cmp(&thirds[*other])).unwrap_or(4);
    let name = match (["upper", "middle", "lower"][most / 3], ["left", "centre", "right"][most % 3]) {
        ("middle", "centre") => "centre".to_owned(),
        (down, across) => format!("{down} {across}"),
    };
    format!("{name}, {:.0}%", 100.0 * thirds[most] / total.max(f32::MIN_POSITIVE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_the_attention_is() {
        let at = |place: usize| {
            let mut map = vec![0.0; 49];
            map[place] = 1.0;
            map
        };
        let cases = [
            (at(0), "upper left, 100%"),
            (at(24), "centre, 100%"),
            (at(48), "lower right, 100%"),
            (at(3), "upper centre, 100%"),
            (at(27), "middle right, 100%"),
        ];
        for (map, expected) in cases {
            assert_eq!(side_of(&map), Some(7));
            assert_eq!(brightest(&map, 7), expected);
        }
        assert_eq!(brightest(&[0.1, 0.2, 0.3, 0.4], 2), "middle centre, 40%".replace("middle ", ""));
        for broken in [vec![], vec![0.5, 0.5], vec![0.0; 48]] {
            assert_eq!(side_of(&broken), None);
        }
    }

    #[test]
    fn what_is_attended_to_stays_bright() {
        let shade = shade(&[0.5, 0.25, 0.25, 0.0], 2);
        let alpha: Vec<u8> = shade.pixels().map(|pixel| pixel.0[3]).collect();
        assert_eq!(alpha, [0, 107, 107, 215]);
        assert!(shade_of_nothing().pixels().all(|pixel| pixel.0[3] == 215));
    }

    fn shade_of_nothing() -> RgbaImage {
        shade(&[0.0; 4], 2)
    }
}
