//! Pretrained weights of an encoder: torchvision's `.pth` or `.safetensors` by torchvision's names, or a file by a run's own.
//!
//! Batch normalisation is folded into the convolution before it (Jacob et al. 2018, section 3.2): frozen, it is nothing
//! but a factor and a shift for each channel.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use tch::{Kind, TchError, Tensor};
use thiserror::Error;

use super::description::{Convolution, Description};
use super::pickled::{self, TorchFileError};

/// The largest file that is read: VGG-16 with its classifier has half a gigabyte.
const MAXIMUM_BYTES: u64 = 2 << 30;

/// Why a file gives no weights for an encoder.
#[derive(Debug, Error)]
pub enum PretrainedError {
    /// The file cannot be read.
    #[error("cannot read the encoder's weights {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It is too large to be weights of one of these networks.
    #[error("{} has {bytes} bytes; weights of an encoder have at most {MAXIMUM_BYTES}", path.display())]
    Large {
        /// The file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
    },
    /// It is neither kind of file, or damaged.
    #[error("{} is neither safetensors nor what torch.save wrote: {source}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong with it as safetensors.
        source: TchError,
    },
    /// It is a file of `torch.save`, and cannot be used.
    #[error("cannot use {}: {source}", path.display())]
    Pickled {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: TorchFileError,
    },
    /// A tensor is missing.
    #[error("{}: there is no tensor {name:?}; these are not the weights of {network}", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// The encoder that the experiment names.
        network: &'static str,
    },
    /// A tensor has another shape.
    #[error("{}: {name} has the shape {found:?}, the encoder wants {due:?}", path.display())]
    Shape {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// Its shape.
        found: Vec<i64>,
        /// The shape that the encoder wants.
        due: Vec<i64>,
    },
    /// A tensor holds what is not a number.
    #[error("{}: {name} holds a value that is infinite or not a number", path.display())]
    NotFinite {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
    },
}

/// Weight and bias of every convolution of `description`, by the run's names (`stem.weight`, …), float32.
///
/// `network` is its name for messages.
pub fn read(
    path: &Path,
    description: &Description,
    network: &'static str,
) -> Result<BTreeMap<String, Tensor>, PretrainedError> {
    let file = File { path, tensors: tensors(path)?, network };
    let prefix = file.prefix(description);
    let mut weights = BTreeMap::new();
    for (convolution, _) in description.convolutions() {
        let [weight, bias] = file.folded(convolution, &prefix, description.epsilon)?;
        weights.insert(format!("{}.weight", convolution.name), weight);
        weights.insert(format!("{}.bias", convolution.name), bias);
    }
    Ok(weights)
}

/// All tensors of a file, by the names that it has for them.
pub fn tensors(path: &Path) -> Result<BTreeMap<String, Tensor>, PretrainedError> {
    let failed = |source| PretrainedError::Read { path: path.to_owned(), source };
    let bytes = std::fs::metadata(path).map_err(failed)?.len();
    if bytes > MAXIMUM_BYTES {
        return Err(PretrainedError::Large { path: path.to_owned(), bytes });
    }
    let bytes = std::fs::read(path).map_err(failed)?;
    if pickled::is_pickled(&bytes) {
        return pickled::tensors(&bytes)
            .map_err(|source| PretrainedError::Pickled { path: path.to_owned(), source });
    }
    drop(bytes);
    let tensors = Tensor::read_safetensors(path)
        .map_err(|source| PretrainedError::Format { path: path.to_owned(), source })?;
    Ok(tensors.into_iter().collect())
}

struct File<'file> {
    path: &'file Path,
    tensors: BTreeMap<String, Tensor>,
    network: &'static str,
}

impl File<'_> {
    /// What stands before every name, such as `state_dict.module.`: found at the first convolution.
    fn prefix(&self, description: &Description) -> String {
        let first = description.convolutions().next();
        let names =
            first.map(|(first, _)| [format!("{}.weight", first.name), format!("{}.weight", first.published)]);
        let before = |name: &String| {
            let endings = names.iter().flatten();
            let mut prefixes = endings.filter_map(|ending| name.strip_suffix(ending.as_str()));
            prefixes.find(|prefix| prefix.is_empty() || prefix.ends_with('.')).map(str::to_owned)
        };
        self.tensors.keys().filter_map(before).min_by_key(String::len).unwrap_or_default()
    }

    /// Weight and bias of a convolution as they are, or with the batch normalisation after it.
    fn folded(
        &self,
        convolution: &Convolution,
        prefix: &str,
        epsilon: f64,
    ) -> Result<[Tensor; 2], PretrainedError> {
        let shape = convolution.shape().map(|side| side as i64);
        let channels = [convolution.output as i64];
        let own = |part: &str| format!("{prefix}{}.{part}", convolution.name);
        let published = |part: &str| format!("{prefix}{}.{part}", convolution.published);
        let holds = |name: &str| self.tensors.contains_key(name);
        let foreign = convolution.name != convolution.published;
        if holds(&own("bias")) || foreign && holds(&own("weight")) {
            return Ok([self.tensor(&own("weight"), &shape)?, self.tensor(&own("bias"), &channels)?]);
        }
        let Some(normalisation) = &convolution.normalisation else {
            return Ok([
                self.tensor(&published("weight"), &shape)?,
                self.tensor(&published("bias"), &channels)?,
            ]);
        };
        let weight = self.tensor(&published("weight"), &shape)?.to_kind(Kind::Double);
        let of_channels = |part: &str| {
            let tensor = self.tensor(&format!("{prefix}{normalisation}.{part}"), &channels)?;
            Ok::<_, PretrainedError>(tensor.to_kind(Kind::Double))
        };
        let factor = of_channels("weight")? / (of_channels("running_var")? + epsilon).sqrt();
        let bias = of_channels("bias")? - of_channels("running_mean")? * &factor;
        Ok([weight * factor.view([-1, 1, 1, 1]), bias].map(|tensor| tensor.to_kind(Kind::Float)))
    }

    fn tensor(&self, name: &str, due: &[i64]) -> Result<Tensor, PretrainedError> {
        let (path, name) = (self.path.to_owned(), name.to_owned());
        let Some(tensor) = self.tensors.get(&name) else {
            return Err(PretrainedError::Missing { path, name, network: self.network });
        };
        if tensor.size() != due {
            return Err(PretrainedError::Shape { path, name, found: tensor.size(), due: due.to_vec() });
        }
        let tensor = tensor.to_kind(Kind::Float).contiguous();
        if tensor.isfinite().all().int64_value(&[]) == 0 {
            return Err(PretrainedError::NotFinite { path, name });
        }
        Ok(tensor)
    }
}
