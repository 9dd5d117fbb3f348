//! Weights as `torch.save` writes them, `.pth`: dictionaries of tensors, in archives since `PyTorch` 1.6 and as a row of pickles
//! before, as many of torchvision's files still are. Nothing of a file is ever run; `machine` says how.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read as _};

use tch::{Kind, TchError, Tensor};
use thiserror::Error;
use zip::ZipArchive;
use zip::result::ZipError;

mod machine;

pub use machine::PickleError;
use machine::{Bytes, Machine, PARAMETER, TENSOR, Value};

/// How a file begins that `PyTorch` wrote before 1.6: a pickle of one long number.
const OLD: &[u8] = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";
/// How an archive begins.
const ARCHIVE: &[u8] = b"PK\x03\x04";
/// Dictionaries within dictionaries that are looked into: `state_dict` and the like.
const DEPTH: usize = 4;
/// More tensors than any network has.
const MAXIMUM_TENSORS: usize = 100_000;

/// Why a file gives no tensors.
#[derive(Debug, Error)]
pub enum TorchFileError {
    /// It begins as no file of `torch.save` does.
    #[error("it was not written by torch.save")]
    Foreign,
    /// The archive is damaged, or lacks a part.
    #[error("its archive cannot be read: {0}")]
    Archive(#[from] ZipError),
    /// A part of the archive is cut short.
    #[error("its archive is damaged: {0}")]
    Damaged(#[from] std::io::Error),
    /// What it says cannot be understood.
    #[error(transparent)]
    Pickle(#[from] PickleError),
    /// A tensor's numbers are not those that its shape asks for.
    #[error("the tensor {name:?} {problem}")]
    Tensor {
        /// Its name.
        name: String,
        /// What is wrong with it, beginning with a verb.
        problem: String,
    },
    /// libtorch refuses.
    #[error(transparent)]
    Torch(#[from] TchError),
}

/// Whether the bytes are those of a file that `torch.save` wrote.
#[must_use]
pub fn is_pickled(bytes: &[u8]) -> bool {
    bytes.starts_with(OLD) || bytes.starts_with(ARCHIVE)
}

/// All tensors of floating-point numbers in a file, by their names, those of inner dictionaries with the outer name and a
/// dot before them. Other values are left out.
pub fn tensors(bytes: &[u8]) -> Result<BTreeMap<String, Tensor>, TorchFileError> {
    let mut machine = Machine::default();
    let (root, storages) = if bytes.starts_with(ARCHIVE) {
        archive(&mut machine, bytes)?
    } else if let Some(rest) = bytes.strip_prefix(OLD) {
        old(&mut machine, rest)?
    } else {
        return Err(TorchFileError::Foreign);
    };
    let mut found = BTreeMap::new();
    let reader = Reader { machine: &machine, storages: &storages };
    reader.collect("", &root, DEPTH, &mut found)?;
    Ok(found)
}

/// Storages by their keys, as bytes: each is held once, however many tensors are a part of it.
type Storages = BTreeMap<String, Tensor>;

fn archive(machine: &mut Machine, bytes: &[u8]) -> Result<(Value, Storages), TorchFileError> {
    let mut archive = ZipArchive::new(Cursor::new(bytes))?;
    let pickle = archive.file_names().find(|name| name.ends_with("/data.pkl")).map(str::to_owned);
    let pickle = pickle.ok_or(TorchFileError::Foreign)?;
    let folder = pickle.trim_end_matches("data.pkl").to_owned() + "data/";
    // Parts are stored as they are, so all of them together are no longer than the whole.
    let mut left = bytes.len();
    let mut content = |name: &str| -> Result<Vec<u8>, TorchFileError> {
        let mut content = Vec::new();
        left -= archive.by_name(name)?.take(left as u64).read_to_end(&mut content)?;
        Ok(content)
    };
    let root = machine.read(&mut Bytes(&content(&pickle)?))?;
    let keys: BTreeSet<String> =
        machine.lists.iter().filter_map(|said| storage(said)).map(|(key, _, _)| key.to_owned()).collect();
    let mut storages = Storages::new();
    for key in keys {
        let bytes = content(&(folder.clone() + &key))?;
        storages.insert(key, Tensor::from_slice(&bytes));
    }
    Ok((root, storages))
}

/// Version, system, content, then the keys of the storages and their bytes, in this order.
fn old(machine: &mut Machine, rest: &[u8]) -> Result<(Value, Storages), TorchFileError> {
    let mut bytes = Bytes(rest);
    machine.read(&mut bytes)?;
    machine.read(&mut bytes)?;
    let root = machine.read(&mut bytes)?;
    let keys = machine.read(&mut bytes)?;
    let Value::List(keys) = keys else { return Err(PickleError::Broken.into()) };
    let keys = machine.lists.get(keys).cloned().unwrap_or_default();
    let widths: BTreeMap<String, usize> = machine
        .lists
        .iter()
        .filter_map(|said| {
            let (key, kind, _) = storage(said)?;
            Some((key.to_owned(), kind.elt_size_in_bytes()))
        })
        .collect();
    let mut storages = Storages::new();
    for key in keys {
        let Value::Text(key) = key else { return Err(PickleError::Broken.into()) };
        let count = bytes.number(8)?;
        let width = widths.get(&*key).copied().ok_or(PickleError::Broken)?;
        let length = count.checked_mul(width).ok_or(PickleError::Short)?;
        storages.insert(key.to_string(), Tensor::from_slice(bytes.take(length)?));
    }
    Ok((root, storages))
}

/// Key, kind of numbers and count of a storage, from what a pickle says of it: `("storage", kind, key, device, count)`.
fn storage(said: &[Value]) -> Option<(&str, Kind, usize)> {
    match said {
        [
            Value::Text(what),
            Value::Name(name),
            Value::Text(key),
            Value::Text(_),
            Value::Number(count),
            ..,
        ] if &**what == "storage" => Some((key, kind(name)?, usize::try_from(*count).ok()?)),
        _ => None,
    }
}

fn kind(name: &str) -> Option<Kind> {
    Some(match name {
        "torch.FloatStorage" => Kind::Float,
        "torch.DoubleStorage" => Kind::Double,
        "torch.HalfStorage" => Kind::Half,
        "torch.BFloat16Storage" => Kind::BFloat16,
        "torch.LongStorage" => Kind::Int64,
        "torch.IntStorage" => Kind::Int,
        "torch.ShortStorage" => Kind::Int16,
        "torch.CharStorage" => Kind::Int8,
        "torch.ByteStorage" => Kind::Uint8,
        "torch.BoolStorage" => Kind::Bool,
        _ => return None,
    })
}

struct Reader<'file> {
    machine: &'file Machine,
    storages: &'file Storages,
}

impl Reader<'_> {
    fn collect(
        &self,
        name: &str,
        value: &Value,
        depth: usize,
        found: &mut BTreeMap<String, Tensor>,
    ) -> Result<(), TorchFileError> {
        match value {
            Value::Dictionary(place) if depth > 0 => {
                let (pairs, _) = self.list(*place).as_chunks::<2>();
                for [key, value] in pairs {
                    let Value::Text(key) = key else { continue };
                    let name = if name.is_empty() { key.to_string() } else { format!("{name}.{key}") };
                    self.collect(&name, value, depth - 1, found)?;
                }
            }
            Value::Call(PARAMETER, arguments) if depth > 0 => {
                if let Some(data) = self.list(*arguments).first() {
                    self.collect(name, data, depth - 1, found)?;
                }
            }
            Value::Call(TENSOR, arguments) => {
                if found.len() == MAXIMUM_TENSORS {
                    return Err(PickleError::Long.into());
                }
                if let Some(tensor) = self.tensor(name, self.list(*arguments))? {
                    found.insert(name.to_owned(), tensor);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// `_rebuild_tensor_v2(storage, offset, size, stride, …)`; none of whole numbers.
    fn tensor(&self, name: &str, arguments: &[Value]) -> Result<Option<Tensor>, TorchFileError> {
        let refused =
            |problem: &str| TorchFileError::Tensor { name: name.to_owned(), problem: problem.to_owned() };
        let [Value::Outside(said), Value::Number(offset), Value::List(size), Value::List(stride), ..] =
            arguments
        else {
            return Err(PickleError::Broken.into());
        };
        let (key, kind, count) =
            storage(self.list(*said)).ok_or_else(|| refused("has numbers of an unknown kind"))?;
        if !matches!(kind, Kind::Float | Kind::Double | Kind::Half | Kind::BFloat16) {
            return Ok(None);
        }
        let bytes = self.storages.get(key).ok_or_else(|| refused("has no numbers"))?;
        if count.checked_mul(kind.elt_size_in_bytes()) != Some(bytes.numel()) {
            return Err(refused("has another count of numbers than it says"));
        }
        let [size, stride] = [*size, *stride].map(|place| self.numbers(place));
        let (Some(size), Some(stride)) = (size, stride) else { return Err(PickleError::Broken.into()) };
        let values = size.iter().try_fold(1i64, |product, side| product.checked_mul(*side));
        let sound =
            size.len() == stride.len() && size.iter().chain(&stride).chain([offset]).all(|side| *side >= 0);
        if !sound || values.is_none_or(|values| values > count as i64) {
            return Err(refused("has a shape that its numbers do not fill"));
        }
        Ok(Some(bytes.f_view_dtype(kind)?.f_as_strided(size, stride, *offset)?))
    }

    fn list(&self, place: usize) -> &[Value] {
        self.machine.lists.get(place).map(Vec::as_slice).unwrap_or_default()
    }

    fn numbers(&self, place: usize) -> Option<Vec<i64>> {
        let number = |value: &Value| if let Value::Number(number) = value { Some(*number) } else { None };
        self.list(place).iter().map(number).collect()
    }
}

#[cfg(test)]
mod tests;
