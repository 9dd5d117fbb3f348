//! `descry-trainer seal`: a bundle's manifest lists every file that lies in its folder, and what the model scored.
//!
//! `export` and `quantise` list what they write. The card, the golden captions and the scores come later, when the model
//! has been looked at; from then on every byte of the folder is verified whenever the model is opened.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use descry_models::{
    Bundle, BundleError, ManifestError, UnknownEngine,
    manifest::{FileRecord, MANIFEST_FILE, Manifest, Precision, Score},
    sha256_hex,
};
use thiserror::Error;

use crate::evaluate::report::Report;

#[cfg(test)]
mod tests;

/// Arguments of `seal`.
#[derive(Debug, Clone, clap::Args)]
pub struct SealArguments {
    /// The bundle's folder, with all files that belong to it
    #[arg(long, value_name = "DIR")]
    pub bundle: PathBuf,
    /// What `evaluate --json` printed, a file for each; a score of the same circumstances is replaced
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub scores: Vec<PathBuf>,
}

/// The command: seals, and says what the manifest lists now.
pub fn run(arguments: &SealArguments) -> anyhow::Result<()> {
    let manifest = seal(arguments)?;
    for (name, record) in &manifest.files {
        println!("{} {:>8} {name}", record.sha256, record.bytes);
    }
    for score in &manifest.scores {
        let Score { dataset, split, engine, beam_width, images, cider, .. } = score;
        let precision = score.precision.name();
        println!(
            "CIDEr {cider:.1}: {dataset} {split}, {images} pictures, {precision}, {engine}, beam {beam_width}"
        );
    }
    Ok(())
}

/// Rewrites the manifest, and opens the bundle as its users will.
///
/// What the trainer made (networks, vocabulary, the run's configuration) must still be what the manifest recorded: a
/// damaged model is not made a whole one by listing it anew. Other files may have changed.
pub fn seal(arguments: &SealArguments) -> Result<Manifest, SealError> {
    let directory = &arguments.bundle;
    let path = directory.join(MANIFEST_FILE);
    let text = std::fs::read_to_string(&path).map_err(read_error(&path))?;
    let mut manifest =
        Manifest::from_toml(&text).map_err(|source| SealError::Manifest { path: path.clone(), source })?;

    let files = records(directory)?;
    let made = [&manifest.encoder.file, &manifest.decoder.file, &manifest.vocabulary.file];
    let optional = manifest.tags.iter().map(|tags| &tags.names).chain(&manifest.provenance.experiment);
    for name in made.into_iter().chain(optional) {
        if files.get(name) != manifest.files.get(name) {
            return Err(SealError::Altered(directory.join(name)));
        }
    }
    manifest.files = files;
    for file in &arguments.scores {
        let score = read_score(file, &manifest)?;
        manifest.scores.retain(|other| circumstances(other) != circumstances(&score));
        manifest.scores.push(score);
    }
    manifest.scores.sort_by(|one, other| circumstances(one).cmp(&circumstances(other)));

    let text = manifest.to_toml().map_err(|source| SealError::Manifest { path: path.clone(), source })?;
    std::fs::write(&path, text).map_err(|source| SealError::Write { path, source })?;
    Bundle::open(directory)?;
    Ok(manifest)
}

/// Size and digest of every file of the folder but the manifest. Whatever else is in it is refused: it would be shipped,
/// and nothing would vouch for it.
fn records(directory: &Path) -> Result<BTreeMap<String, FileRecord>, SealError> {
    let mut records = BTreeMap::new();
    for entry in std::fs::read_dir(directory).map_err(read_error(directory))? {
        let entry = entry.map_err(read_error(directory))?;
        let path = entry.path();
        let is_file = entry.file_type().map_err(read_error(&path))?.is_file();
        let name = entry.file_name().into_string().ok().filter(|name| is_file && !name.starts_with('.'));
        let Some(name) = name else { return Err(SealError::Stranger(path)) };
        if name != MANIFEST_FILE {
            let bytes = std::fs::read(&path).map_err(read_error(&path))?;
            let record = FileRecord { bytes: bytes.len() as u64, sha256: sha256_hex(&bytes) };
            records.insert(name, record);
        }
    }
    Ok(records)
}

/// What `evaluate --json` printed about this model.
fn read_score(file: &Path, manifest: &Manifest) -> Result<Score, SealError> {
    let text = std::fs::read_to_string(file).map_err(read_error(file))?;
    let not_a_score = |problem: String| SealError::Score { path: file.to_owned(), problem };
    let report: Report = serde_json::from_str(&text).map_err(|error| not_a_score(error.to_string()))?;
    if report.model != manifest.name {
        return Err(not_a_score(format!("it is of {}, and the bundle is {}", report.model, manifest.name)));
    }
    if report.precision == Precision::Int8 && manifest.quantisation.is_none() {
        return Err(not_a_score("it is of an int8 model, and the bundle is float32".to_owned()));
    }
    if report.diverse_groups.is_some() {
        return Err(not_a_score("it is of a diverse search, by which nothing is described".to_owned()));
    }
    let engine = report.engine.parse().map_err(|error: UnknownEngine| not_a_score(error.to_string()))?;
    Ok(Score {
        dataset: report.dataset,
        split: report.split,
        precision: report.precision,
        engine,
        beam_width: report.beam_width,
        images: report.scores.images,
        bleu1: report.scores.bleu1,
        bleu2: report.scores.bleu2,
        bleu3: report.scores.bleu3,
        bleu4: report.scores.bleu4,
        meteor: report.meteor,
        rouge_l: report.scores.rouge_l,
        cider: report.scores.cider,
    })
}

/// What two scores of the same thing have in common; also the order in which they are listed.
fn circumstances(score: &Score) -> impl Ord + use<'_> {
    (&score.dataset, &score.split, score.precision.name(), score.engine.name(), score.beam_width)
}

fn read_error(path: &Path) -> impl FnOnce(std::io::Error) -> SealError + use<> {
    let path = path.to_owned();
    move |source| SealError::Read { path, source }
}

/// Why a bundle cannot be sealed.
#[derive(Debug, Error)]
pub enum SealError {
    /// A file or folder cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The manifest is none, or would not be valid.
    #[error("the manifest {} cannot be used: {source}", path.display())]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// What is wrong with it.
        source: ManifestError,
    },
    /// A part of the model is not what was exported.
    #[error("{} is not what the manifest recorded when the model was made; export or quantise again", .0.display())]
    Altered(PathBuf),
    /// Something in the folder cannot be listed.
    #[error("{} is not a plain file of a bundle; move it out of the folder", .0.display())]
    Stranger(PathBuf),
    /// A file holds no score of this model.
    #[error("{} holds no score of this bundle: {problem}", path.display())]
    Score {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The manifest cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The manifest.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// What was sealed does not open.
    #[error("the bundle that was just sealed does not open: {0}")]
    Open(#[from] BundleError),
}
