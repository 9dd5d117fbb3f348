//! A run's weights: a safetensors file, read by name and held to the shapes that the formulas ask for.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ndarray::{Array1, Array2, ArrayD, IxDyn};
use safetensors::{SafeTensors, tensor::Dtype};
use thiserror::Error;

/// All tensors of a run, float32.
#[derive(Debug)]
pub struct Weights {
    path: PathBuf,
    tensors: BTreeMap<String, ArrayD<f32>>,
}

impl Weights {
    /// Reads a file whole.
    pub fn open(path: &Path) -> Result<Self, WeightsError> {
        let bytes =
            std::fs::read(path).map_err(|source| WeightsError::Read { path: path.to_owned(), source })?;
        Self::from_bytes(path, &bytes)
    }

    /// Reads a file's content; `path` is only for messages.
    pub fn from_bytes(path: &Path, bytes: &[u8]) -> Result<Self, WeightsError> {
        let file = SafeTensors::deserialize(bytes)
            .map_err(|source| WeightsError::Format { path: path.to_owned(), source })?;
        let mut tensors = BTreeMap::new();
        for (name, view) in file.tensors() {
            let refused =
                |problem: String| WeightsError::Tensor { path: path.to_owned(), name: name.clone(), problem };
            if view.dtype() != Dtype::F32 {
                return Err(refused(format!("is of type {:?} where float32 is due", view.dtype())));
            }
            let (values, _) = view.data().as_chunks::<4>();
            let values: Vec<f32> = values.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect();
            let tensor = ArrayD::from_shape_vec(IxDyn(view.shape()), values)
                .map_err(|_| refused(format!("does not fill its shape {:?}", view.shape())))?;
            tensors.insert(name, tensor);
        }
        Self::from_arrays(path, tensors)
    }

    /// Takes tensors as they are, if they hold nothing but numbers; `path` is only for messages.
    pub fn from_arrays(path: &Path, tensors: BTreeMap<String, ArrayD<f32>>) -> Result<Self, WeightsError> {
        let weights = Self { path: path.to_owned(), tensors };
        let is_broken = |tensor: &ArrayD<f32>| tensor.iter().any(|value| !value.is_finite());
        match weights.tensors.iter().find(|(_, tensor)| is_broken(tensor)) {
            Some((name, _)) => Err(weights.refused(
                name,
                "holds a value that is infinite or not a number: the training broke".to_owned(),
            )),
            None => Ok(weights),
        }
    }

    /// The mean of these weights and others of the same names and shapes.
    pub fn mean_with(mut self, others: &[Self]) -> Result<Self, WeightsError> {
        let parts = others.len() as f64 + 1.0;
        for (name, tensor) in &mut self.tensors {
            let mut sum = tensor.mapv(f64::from);
            for other in others {
                let part = other.tensor(name)?;
                if part.shape() != sum.shape() {
                    let (found, due) = (part.shape(), sum.shape());
                    return Err(
                        other.refused(name, format!("has the shape {found:?}, another run's {due:?}"))
                    );
                }
                sum.zip_mut_with(part, |sum, value| *sum += f64::from(*value));
            }
            *tensor = sum.mapv(|sum| (sum / parts) as f32);
        }
        Ok(self)
    }

    /// Whether there is a tensor of this name.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    /// A convolution's weight, OIHW.
    pub fn convolution(&self, name: &str) -> Result<&ArrayD<f32>, WeightsError> {
        let tensor = self.tensor(name)?;
        match tensor.shape() {
            [outputs, inputs, height, width]
                if [outputs, inputs, height, width].iter().all(|&&side| side > 0) =>
            {
                Ok(tensor)
            }
            shape => {
                Err(self
                    .refused(name, format!("has the shape {shape:?}; a convolution's weight has four sides")))
            }
        }
    }

    /// A matrix of `rows` by `columns`; `None` where any number above 0 will do.
    pub fn matrix(
        &self,
        name: &str,
        rows: Option<usize>,
        columns: Option<usize>,
    ) -> Result<Array2<f32>, WeightsError> {
        let tensor = self.tensor(name)?;
        let fits =
            |wanted: Option<usize>, found: usize| found > 0 && wanted.is_none_or(|wanted| wanted == found);
        match tensor.shape() {
            &[height, width] if fits(rows, height) && fits(columns, width) => {
                Array2::from_shape_vec((height, width), tensor.iter().copied().collect())
                    .map_err(|_| self.refused(name, "does not fill its shape".to_owned()))
            }
            shape => {
                let side =
                    |wanted: Option<usize>| wanted.map_or("any".to_owned(), |wanted| wanted.to_string());
                let (rows, columns) = (side(rows), side(columns));
                Err(self.refused(name, format!("has the shape {shape:?} where [{rows}, {columns}] is due")))
            }
        }
    }

    /// A list of `length` values.
    pub fn vector(&self, name: &str, length: usize) -> Result<Array1<f32>, WeightsError> {
        let tensor = self.tensor(name)?;
        if tensor.shape() != [length] {
            return Err(
                self.refused(name, format!("has the shape {:?} where [{length}] is due", tensor.shape()))
            );
        }
        Ok(tensor.iter().copied().collect())
    }

    /// The error that a tensor does not fit.
    #[must_use]
    pub fn refused(&self, name: &str, problem: String) -> WeightsError {
        WeightsError::Tensor { path: self.path.clone(), name: name.to_owned(), problem }
    }

    fn tensor(&self, name: &str) -> Result<&ArrayD<f32>, WeightsError> {
        self.tensors
            .get(name)
            .ok_or_else(|| WeightsError::Missing { path: self.path.clone(), name: name.to_owned() })
    }
}

/// Why weights cannot be exported.
#[derive(Debug, Error)]
pub enum WeightsError {
    /// The file cannot be read.
    #[error("cannot read the weights {}: {source}; name a run that has finished an epoch", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is no safetensors file, or cut short.
    #[error("{} is not a whole safetensors file: {source}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: safetensors::SafeTensorError,
    },
    /// A tensor that the model needs is not there.
    #[error("{}: there is no tensor {name:?}; these are not the weights of this model", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
    },
    /// A tensor is not what the model needs.
    #[error("{}: the tensor {name:?} {problem}", path.display())]
    Tensor {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// What is wrong with it.
        problem: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
    use safetensors::tensor::TensorView;

    fn file(name: &str, dtype: Dtype, shape: &[usize], data: &[u8]) -> Vec<u8> {
        let view = TensorView::new(dtype, shape.to_vec(), data).unwrap();
        safetensors::serialize([(name, view)], &None).unwrap()
    }

    #[test]
    fn broken_and_foreign_files_are_named() {
        let floats: Vec<u8> = [1.0f32, 2.0, 3.0, 4.0].iter().flat_map(|value| value.to_le_bytes()).collect();
        let good = file("key", Dtype::F32, &[2, 2], &floats);
        let cases: [(&str, Vec<u8>, &str); 6] = [
            ("empty", Vec::new(), "not a whole safetensors file"),
            ("text", b"not safetensors at all".to_vec(), "not a whole safetensors file"),
            ("cut short", good[..good.len() - 3].to_vec(), "not a whole safetensors file"),
            ("half precision", file("key", Dtype::F16, &[2, 2], &floats[..8]), "is of type F16"),
            ("broken training", file("key", Dtype::F32, &[1], &f32::NAN.to_le_bytes()), "the training broke"),
            ("another model", file("other", Dtype::F32, &[2, 2], &floats), "there is no tensor \"key\""),
        ];
        for (case, bytes, message) in cases {
            let error = Weights::from_bytes(Path::new("best.safetensors"), &bytes)
                .and_then(|weights| weights.matrix("key", None, Some(2)))
                .unwrap_err()
                .to_string();
            assert!(error.contains(message) && error.contains("best.safetensors"), "{case}: {error}");
        }
    }

    #[test]
    fn shapes_are_held() {
        let floats: Vec<u8> = [1.0f32; 6].iter().flat_map(|value| value.to_le_bytes()).collect();
        let weights =
            Weights::from_bytes(Path::new("w"), &file("key", Dtype::F32, &[2, 3], &floats)).unwrap();
        assert_eq!(weights.matrix("key", Some(2), Some(3)).unwrap().dim(), (2, 3));
        let error = weights.matrix("key", None, Some(2)).unwrap_err().to_string();
        assert!(error.contains("[2, 3] where [any, 2] is due"), "{error}");
        assert!(weights.vector("key", 6).is_err());
        assert!(weights.convolution("key").is_err());
    }

    #[test]
    fn weights_of_one_kind_have_a_mean() {
        let weights = |name: &str, shape: &[usize], values: [f32; 2]| {
            let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
            Weights::from_bytes(Path::new(name), &file("bias", Dtype::F32, shape, &bytes)).unwrap()
        };
        let one = || weights("one", &[2], [1.0, -4.0]);
        let mean =
            one().mean_with(&[weights("b", &[2], [2.0, 0.5]), weights("c", &[2], [6.0, 0.5])]).unwrap();
        assert_eq!(mean.vector("bias", 2).unwrap().to_vec(), [3.0, -1.0]);
        assert_eq!(one().mean_with(&[]).unwrap().vector("bias", 2).unwrap().to_vec(), [1.0, -4.0]);
        let error = one().mean_with(&[weights("other", &[1, 2], [0.0; 2])]).unwrap_err().to_string();
        assert!(error.starts_with("other: the tensor \"bias\" has the shape [1, 2]"), "{error}");
    }

    #[test]
    fn no_bytes_make_it_panic() {
        let floats: Vec<u8> = [1.0f32; 6].iter().flat_map(|value| value.to_le_bytes()).collect();
        let good = file("key", Dtype::F32, &[2, 3], &floats);
        let mut random = StdRng::seed_from_u64(7);
        for _ in 0..5_000 {
            let mut bytes = good.clone();
            for _ in 0..random.random_range(1..4) {
                let place = random.random_range(0..bytes.len());
                bytes[place] = random.random();
            }
            bytes.truncate(random.random_range(0..=bytes.len()));
            let _ = Weights::from_bytes(Path::new("w"), &bytes);
        }
    }
}
