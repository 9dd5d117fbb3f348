//! What a manifest must satisfy beyond its syntax, so that no one after it has to ask again.

use std::collections::BTreeSet;

use super::{
    FORMAT_VERSION, MANIFEST_FILE, MAXIMUM_BEAM_WIDTH, MAXIMUM_SIDE, MAXIMUM_VALUES, MAXIMUM_VOCABULARY,
    MAXIMUM_WORDS, Manifest, is_plain_file_name,
};
use crate::{ManifestError, bundle::MAXIMUM_FILE_BYTES, evidence::MAXIMUM_SEARCH_WEIGHT};

/// More files than any bundle has, and few enough to verify.
const MAXIMUM_FILES: usize = 64;
/// More tensors than any network gives.
const MAXIMUM_TENSORS: usize = 64;
/// Beyond it only the longest sentence would ever win.
const MAXIMUM_LENGTH_PENALTY: f32 = 10.0;

type Checked = Result<(), ManifestError>;

impl Manifest {
    /// Checks every bound and every cross-reference; [`Manifest::from_toml`] has done so already.
    pub fn check(&self) -> Checked {
        require(self.format_version == FORMAT_VERSION, "format_version", || {
            format!("is {} where {FORMAT_VERSION} is due", self.format_version)
        })?;
        self.check_names()?;
        self.check_files()?;
        self.check_preprocessing()?;
        self.check_vocabulary()?;
        self.check_encoder()?;
        self.check_decoder()?;
        self.check_decoding()?;
        self.check_calibration()?;
        self.check_tags()?;
        self.check_evidence()?;
        self.check_scores()
    }

    fn check_names(&self) -> Checked {
        for (field, value) in [
            ("name", &self.name),
            ("language", &self.language),
            ("licence", &self.licence),
            ("created", &self.created),
        ] {
            require(!value.trim().is_empty(), field, || "is empty".to_owned())?;
        }
        Ok(())
    }

    fn check_files(&self) -> Checked {
        require(self.files.len() <= MAXIMUM_FILES, "files", || {
            format!("lists {} files; at most {MAXIMUM_FILES} are taken", self.files.len())
        })?;
        for (name, record) in &self.files {
            let field = format!("files.{name:?}");
            require(is_plain_file_name(name) && name != MANIFEST_FILE, &field, || {
                "is not the plain name of a file of the bundle".to_owned()
            })?;
            require(record.bytes <= MAXIMUM_FILE_BYTES, &field, || {
                format!("has {} bytes; at most {MAXIMUM_FILE_BYTES} are taken", record.bytes)
            })?;
            let digits = record.sha256.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
            require(digits && record.sha256.len() == 64, &field, || {
                "has a sha256 that is not 64 lower-case hexadecimal digits".to_owned()
            })?;
        }
        let mut used = BTreeSet::new();
        for (field, file) in [
            ("vocabulary.file", &self.vocabulary.file),
            ("encoder.file", &self.encoder.file),
            ("decoder.file", &self.decoder.file),
        ] {
            self.require_listed(field, file)?;
            require(used.insert(file), field, || format!("names {file:?}, which has another use"))?;
        }
        match &self.provenance.experiment {
            Some(file) => self.require_listed("provenance.experiment", file),
            None => Ok(()),
        }
    }

    fn require_listed(&self, field: &str, file: &str) -> Checked {
        require(self.files.contains_key(file), field, || {
            format!("names {file:?}, which is not listed under files")
        })
    }

    fn check_preprocessing(&self) -> Checked {
        for (field, side) in [
            ("preprocessing.width", self.preprocessing.width),
            ("preprocessing.height", self.preprocessing.height),
        ] {
            require((1..=MAXIMUM_SIDE).contains(&side), field, || {
                format!("is {side}; it must lie between 1 and {MAXIMUM_SIDE}")
            })?;
        }
        let mean = &self.preprocessing.mean;
        require(mean.iter().all(|value| value.is_finite()), "preprocessing.mean", || {
            "holds a value that is not a finite number".to_owned()
        })?;
        // A subnormal scale would overflow every pixel to infinity.
        require(self.preprocessing.scale.iter().all(|value| value.is_normal()), "preprocessing.scale", || {
            "holds a value that cannot be divided by".to_owned()
        })
    }

    fn check_vocabulary(&self) -> Checked {
        let vocabulary = &self.vocabulary;
        require((5..=MAXIMUM_VOCABULARY).contains(&vocabulary.size), "vocabulary.size", || {
            format!("is {}; it must lie between 5 and {MAXIMUM_VOCABULARY}", vocabulary.size)
        })?;
        let mut used = BTreeSet::new();
        for (field, token) in [
            ("vocabulary.pad", vocabulary.pad),
            ("vocabulary.start", vocabulary.start),
            ("vocabulary.end", vocabulary.end),
            ("vocabulary.unknown", vocabulary.unknown),
        ] {
            require(token.index() < vocabulary.size, field, || {
                format!("is {token}, outside a vocabulary of {} words", vocabulary.size)
            })?;
            require(used.insert(token), field, || format!("is {token}, which another special token has"))?;
        }
        Ok(())
    }

    fn check_encoder(&self) -> Checked {
        let input = &self.encoder.input;
        require(!input.name.is_empty(), "encoder.input.name", || "is empty".to_owned())?;
        let due = [1, 3, self.preprocessing.height as usize, self.preprocessing.width as usize];
        require(input.shape == due, "encoder.input.shape", || {
            format!("is {:?} where the preprocessing gives {due:?}", input.shape)
        })?;
        let outputs = &self.encoder.outputs;
        require((1..=MAXIMUM_TENSORS).contains(&outputs.len()), "encoder.outputs", || {
            format!("lists {} tensors; 1 to {MAXIMUM_TENSORS} are taken", outputs.len())
        })?;
        require_distinct("encoder.outputs", outputs.iter().map(|output| output.name.as_str()))?;
        for output in outputs {
            let field = format!("encoder.outputs.{}", output.name);
            require_shape(&field, &output.shape)?;
            require(output.shape[0] == 1, &field, || {
                format!("has the shape {:?}, whose first axis is not 1", output.shape)
            })?;
        }
        Ok(())
    }

    fn check_decoder(&self) -> Checked {
        let decoder = &self.decoder;
        require((1..=MAXIMUM_TENSORS).contains(&decoder.state.len()), "decoder.state", || {
            format!("lists {} tensors; 1 to {MAXIMUM_TENSORS} are taken", decoder.state.len())
        })?;
        let context = decoder.context.iter().map(String::as_str);
        let states = decoder.state.iter().map(|state| state.input.as_str());
        require_distinct("decoder's inputs", context.chain(states).chain([decoder.token.as_str()]))?;
        let states = decoder.state.iter().map(|state| state.output.as_str());
        let attention = decoder.attention.as_deref();
        require_distinct("decoder's outputs", states.chain([decoder.logits.as_str()]).chain(attention))?;
        for name in &decoder.context {
            require(self.encoder_output(name).is_some(), "decoder.context", || {
                format!("names {name:?}, which is no output of the encoder")
            })?;
        }
        for state in &decoder.state {
            let field = format!("decoder.state.{}", state.input);
            require_shape(&field, &state.shape)?;
            let Some(output) = self.encoder_output(&state.input) else {
                return invalid(&field, "is no output of the encoder");
            };
            require(output.shape[1..] == state.shape[..], &field, || {
                format!("has the shape {:?} where the encoder gives {:?}", state.shape, output.shape)
            })?;
        }
        Ok(())
    }

    fn check_decoding(&self) -> Checked {
        let decoding = &self.decoding;
        require((1..=MAXIMUM_BEAM_WIDTH).contains(&decoding.beam_width), "decoding.beam_width", || {
            format!("is {}; it must lie between 1 and {MAXIMUM_BEAM_WIDTH}", decoding.beam_width)
        })?;
        require((1..=MAXIMUM_WORDS).contains(&decoding.maximum_words), "decoding.maximum_words", || {
            format!("is {}; it must lie between 1 and {MAXIMUM_WORDS}", decoding.maximum_words)
        })?;
        let penalty = decoding.length_penalty;
        require((0.0..=MAXIMUM_LENGTH_PENALTY).contains(&penalty), "decoding.length_penalty", || {
            format!("is {penalty}; it must lie between 0 and {MAXIMUM_LENGTH_PENALTY}")
        })?;
        let size = self.vocabulary.size;
        let foreign = decoding.may_repeat.iter().flatten().find(|word| word.0 as usize >= size);
        require(foreign.is_none(), "decoding.may_repeat", || {
            format!("holds {}, and the vocabulary has {size} words", foreign.map_or(0, |word| word.0))
        })
    }

    fn check_calibration(&self) -> Checked {
        let Some(calibration) = &self.calibration else { return Ok(()) };
        let all = [&calibration.intercept].into_iter().chain(calibration.coefficients.values());
        let mut all = all.chain(calibration.words.values());
        require(all.all(|value| value.is_finite()), "calibration", || {
            "holds a coefficient that is not a finite number".to_owned()
        })?;
        let bands = &calibration.bands;
        let falling = bands.high >= bands.middle && bands.middle >= bands.low && bands.low >= 0.0;
        require(falling && bands.high.is_finite(), "calibration.bands", || {
            format!(
                "are {}, {} and {}; they must fall and not be below 0",
                bands.high, bands.middle, bands.low
            )
        })?;
        let fit = &calibration.fit;
        let all = [fit.accepted, fit.roc_area, fit.expected_calibration_error];
        require(all.iter().all(|value| (0.0..=1.0).contains(value)), "calibration.fit", || {
            "holds a share that does not lie between 0 and 1".to_owned()
        })
    }

    fn check_tags(&self) -> Checked {
        let Some(tags) = &self.tags else { return Ok(()) };
        let Some(output) = self.encoder_output(&tags.output) else {
            return invalid(
                "tags.output",
                format!("is {:?}, which is no output of the encoder", tags.output),
            );
        };
        require(output.shape.len() == 2, "tags.output", || {
            format!("has the shape {:?} where [1, classes] is due", output.shape)
        })?;
        self.require_listed("tags.names", &tags.names)?;
        let used = [&self.vocabulary.file, &self.encoder.file, &self.decoder.file];
        require(!used.contains(&&tags.names), "tags.names", || {
            format!("names {:?}, which has another use", tags.names)
        })?;
        tags.check()
    }

    fn check_evidence(&self) -> Checked {
        let Some(evidence) = &self.evidence else { return Ok(()) };
        let Some(output) = self.encoder_output(&evidence.output) else {
            return invalid(
                "evidence.output",
                format!("is {:?}, which is no output of the encoder", evidence.output),
            );
        };
        require(output.shape == [1, evidence.words.len()], "evidence.words", || {
            format!("are {} where the output has the shape {:?}", evidence.words.len(), output.shape)
        })?;
        require(evidence.is_sorted(), "evidence.words", || "are not in order, or not distinct".to_owned())?;
        let weight = evidence.search_weight;
        require((0.0..=MAXIMUM_SEARCH_WEIGHT).contains(&weight), "evidence.search_weight", || {
            format!("is {weight}; it must lie between 0 and {MAXIMUM_SEARCH_WEIGHT}")
        })?;
        let is_share = evidence.fit.roc_area.is_none_or(|area| (0.0..=1.0).contains(&area));
        require(is_share, "evidence.fit", || "holds a share that does not lie between 0 and 1".to_owned())
    }

    fn check_scores(&self) -> Checked {
        for score in &self.scores {
            let all = [score.bleu1, score.bleu2, score.bleu3, score.bleu4, score.rouge_l, score.cider];
            require(all.iter().chain(&score.meteor).all(|value| value.is_finite()), "scores", || {
                format!("hold a value for {} {} that is not a finite number", score.dataset, score.split)
            })?;
        }
        Ok(())
    }
}

fn require_distinct<'names>(field: &str, names: impl Iterator<Item = &'names str>) -> Checked {
    let mut seen = BTreeSet::new();
    for name in names {
        require(!name.is_empty(), field, || "hold a tensor without a name".to_owned())?;
        require(seen.insert(name), field, || format!("name {name:?} twice"))?;
    }
    Ok(())
}

fn require_shape(field: &str, shape: &[usize]) -> Checked {
    let values = shape.iter().try_fold(1_usize, |product, axis| product.checked_mul(*axis));
    let sane = values.is_some_and(|values| (1..=MAXIMUM_VALUES).contains(&values));
    require(sane && (1..=8).contains(&shape.len()), field, || {
        format!("has the shape {shape:?}; it must have 1 to 8 axes and at most {MAXIMUM_VALUES} values")
    })
}

fn require(holds: bool, field: &str, problem: impl FnOnce() -> String) -> Checked {
    if holds { Ok(()) } else { invalid(field, problem()) }
}

fn invalid(field: &str, problem: impl Into<String>) -> Checked {
    Err(ManifestError::Invalid { field: field.to_owned(), problem: problem.into() })
}
