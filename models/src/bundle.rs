//! A folder becomes a bundle once every byte of it is what its manifest records.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use crate::{
    BundleError, TagNames, Vocabulary,
    manifest::{FileRecord, MANIFEST_FILE, Manifest},
    side_by_side::side_by_side,
};

/// The largest file that a bundle may hold; checked before any of it is read. A ResNet-50 in float32 has 94 MB.
pub const MAXIMUM_FILE_BYTES: u64 = 128 << 20;
/// The largest manifest.
pub const MAXIMUM_MANIFEST_BYTES: u64 = 1 << 20;

/// A model whose files were all verified.
#[derive(Clone, Debug)]
pub struct Bundle {
    directory: PathBuf,
    manifest: Manifest,
    vocabulary: Vocabulary,
    encoder_onnx: Vec<u8>,
    decoder_onnx: Vec<u8>,
    tag_names: Option<TagNames>,
}

impl Bundle {
    /// Opens the folder and verifies the size and the digest of each file that its manifest lists, before any of
    /// them is looked into. Files that the manifest does not list are not looked at.
    pub fn open(directory: &Path) -> Result<Self, BundleError> {
        let manifest = read_manifest(directory)?;
        let (mut vocabulary, mut encoder_onnx, mut decoder_onnx) = (Vec::new(), Vec::new(), Vec::new());
        let mut tag_names = None;
        for (name, bytes) in read_all_verified(directory, &manifest)? {
            if *name == manifest.vocabulary.file {
                vocabulary = bytes;
            } else if *name == manifest.encoder.file {
                encoder_onnx = bytes;
            } else if *name == manifest.decoder.file {
                decoder_onnx = bytes;
            } else if manifest.tags.as_ref().is_some_and(|tags| tags.names == *name) {
                tag_names = Some(read_tag_names(&directory.join(name), bytes, &manifest)?);
            }
        }
        let vocabulary = read_vocabulary(&directory.join(&manifest.vocabulary.file), vocabulary, &manifest)?;
        let directory = directory.to_owned();
        Ok(Self { directory, manifest, vocabulary, encoder_onnx, decoder_onnx, tag_names })
    }

    /// The checked manifest.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The words.
    #[must_use]
    pub fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    /// The encoder's file, verified but not parsed.
    #[must_use]
    pub fn encoder_onnx(&self) -> &[u8] {
        &self.encoder_onnx
    }

    /// The decoder's file, verified but not parsed.
    #[must_use]
    pub fn decoder_onnx(&self) -> &[u8] {
        &self.decoder_onnx
    }

    /// What the encoder's classes are called, where it gives them.
    #[must_use]
    pub fn tag_names(&self) -> Option<&TagNames> {
        self.tag_names.as_ref()
    }

    /// The folder that it was opened from.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// What is left when the networks have been opened: the files' bytes are let go.
    #[must_use]
    pub fn into_parts(self) -> (Manifest, Vocabulary, Option<TagNames>) {
        (self.manifest, self.vocabulary, self.tag_names)
    }
}

/// The digest of some bytes in 64 lower-case hexadecimal digits, as a manifest records it.
#[must_use]
pub fn sha256_hex(bytes: &[u8]) -> String {
    let digits =
        |byte: u8| [byte >> 4, byte & 15].map(|digit| char::from(b"0123456789abcdef"[digit as usize]));
    Sha256::digest(bytes).iter().copied().flat_map(digits).collect()
}

fn read_manifest(directory: &Path) -> Result<Manifest, BundleError> {
    match fs::metadata(directory) {
        Ok(metadata) if metadata.is_dir() => {}
        Ok(_) => return Err(BundleError::NotADirectory { path: directory.to_owned() }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(BundleError::NoDirectory { directory: directory.to_owned() });
        }
        Err(source) => return Err(BundleError::Unreadable { path: directory.to_owned(), source }),
    }
    let file = directory.join(MANIFEST_FILE);
    let bytes = match read_bounded(&file, MAXIMUM_MANIFEST_BYTES) {
        Err(BundleError::Missing { .. }) => {
            return Err(BundleError::NoManifest { directory: directory.to_owned() });
        }
        other => other?,
    };
    let parsed = match String::from_utf8(bytes) {
        Ok(text) => Manifest::from_toml(&text),
        Err(_) => Err(crate::ManifestError::Syntax("it is not UTF-8 text".to_owned())),
    };
    parsed.map_err(|source| BundleError::Manifest { file, source })
}

/// The files that the manifest lists, each with its name. The largest is read and verified beside all others: together they
/// are a twentieth of a cold start.
fn read_all_verified<'manifest>(
    directory: &Path,
    manifest: &'manifest Manifest,
) -> Result<Vec<(&'manifest String, Vec<u8>)>, BundleError> {
    let largest = manifest.files.iter().max_by_key(|(_, record)| record.bytes).map(|(name, _)| name);
    let read = |is_wanted: &dyn Fn(&String) -> bool| {
        let wanted = manifest.files.iter().filter(|(name, _)| is_wanted(name));
        wanted.map(|(name, record)| Ok((name, read_verified(&directory.join(name), record)?))).collect()
    };
    let (first, others): (Result<Vec<_>, _>, Result<Vec<_>, _>) =
        side_by_side(|| read(&|name| Some(name) == largest), || read(&|name| Some(name) != largest));
    let mut files = others?;
    files.append(&mut first?);
    Ok(files)
}

fn read_verified(file: &Path, record: &FileRecord) -> Result<Vec<u8>, BundleError> {
    let bytes = read_bounded(file, MAXIMUM_FILE_BYTES)?;
    let (file, expected, found) = (file.to_owned(), record.bytes, bytes.len() as u64);
    if found < expected {
        return Err(BundleError::Truncated { file, expected, found });
    }
    if found > expected {
        return Err(BundleError::Lengthened { file, expected, found });
    }
    let digest = sha256_hex(&bytes);
    if digest != record.sha256 {
        return Err(BundleError::Altered { file, expected: record.sha256.clone(), found: digest });
    }
    Ok(bytes)
}

/// Reads a regular file of at most `limit` bytes; even one that grows while it is read.
fn read_bounded(file: &Path, limit: u64) -> Result<Vec<u8>, BundleError> {
    let unreadable = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => BundleError::Missing { file: file.to_owned() },
        _ => BundleError::Unreadable { path: file.to_owned(), source },
    };
    // Asked before it is opened, since opening a pipe would wait for its writer.
    let metadata = fs::metadata(file).map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(BundleError::NotAFile { file: file.to_owned() });
    }
    let too_large = |found| BundleError::TooLarge { file: file.to_owned(), found, limit };
    if metadata.len() > limit {
        return Err(too_large(metadata.len()));
    }
    let mut bytes = Vec::with_capacity(metadata.len() as usize);
    File::open(file).and_then(|opened| opened.take(limit + 1).read_to_end(&mut bytes)).map_err(unreadable)?;
    if bytes.len() as u64 > limit {
        return Err(too_large(bytes.len() as u64));
    }
    Ok(bytes)
}

fn read_tag_names(file: &Path, bytes: Vec<u8>, manifest: &Manifest) -> Result<TagNames, BundleError> {
    let foreign = |problem: String| BundleError::ForeignTagNames { file: file.to_owned(), problem };
    let text = String::from_utf8(bytes).map_err(|_| foreign("it is not UTF-8 text".to_owned()))?;
    let names = TagNames::from_text(&text)
        .map_err(|source| BundleError::TagNames { file: file.to_owned(), source })?;
    // A checked manifest's tags name an output of two axes.
    let output = manifest.tags.as_ref().and_then(|tags| manifest.encoder_output(&tags.output));
    let classes = output.and_then(|output| output.shape.last().copied()).unwrap_or(0);
    if names.classes() != classes {
        let found = names.classes();
        return Err(foreign(format!("it names {found} classes where the encoder gives {classes}")));
    }
    Ok(names)
}

fn read_vocabulary(file: &Path, bytes: Vec<u8>, manifest: &Manifest) -> Result<Vocabulary, BundleError> {
    let foreign = |problem: String| BundleError::ForeignVocabulary { file: file.to_owned(), problem };
    let text = String::from_utf8(bytes).map_err(|_| foreign("it is not UTF-8 text".to_owned()))?;
    let vocabulary = Vocabulary::from_text(&text)
        .map_err(|source| BundleError::Vocabulary { file: file.to_owned(), source })?;
    let section = &manifest.vocabulary;
    if vocabulary.len() != section.size {
        return Err(foreign(format!(
            "it has {} words where the manifest counts {}",
            vocabulary.len(),
            section.size
        )));
    }
    let special = vocabulary.special();
    for (name, recorded, found) in [
        ("<pad>", section.pad, special.pad),
        ("<start>", section.start, special.start),
        ("<end>", section.end, special.end),
        ("<unk>", section.unknown, special.unknown),
    ] {
        if recorded != found {
            return Err(foreign(format!("{name} is token {found} where the manifest says {recorded}")));
        }
    }
    Ok(vocabulary)
}
