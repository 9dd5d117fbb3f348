//! The processes that learn one model together: what each of them adds up with the others.
//!
//! Data parallelism: every process holds the whole model and takes its part of each batch; the gradients of all parts are
//! added up as one flat buffer, and each process makes the same step. The sums go over MPI, which `mpirun` starts and which
//! is behind the feature `mpi`; a process that is alone adds nothing. Only the first process writes.

use anyhow::Result;
use tch::Tensor;
#[cfg(feature = "mpi")]
use tch::{Device, Kind};

#[cfg(feature = "mpi")]
mod ranks;

/// Variables by which the usual implementations of MPI tell a process that it is one of several.
const LAUNCHED: [&str; 4] = ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMIX_RANK", "MV2_COMM_WORLD_SIZE"];

/// This process among those that learn together.
pub(super) enum Peers {
    /// There is no other.
    Alone,
    /// One of those that `mpirun` started.
    #[cfg(feature = "mpi")]
    Together(ranks::Ranks),
}

/// Whether this process was started by `mpirun` or its like.
#[must_use]
pub fn launched_together() -> bool {
    LAUNCHED.iter().any(|name| std::env::var_os(name).is_some())
}

/// The number of this process among those on its machine, where `mpirun` says it: which of its GPUs is its own.
#[must_use]
pub fn local_rank() -> usize {
    let names =
        ["OMPI_COMM_WORLD_LOCAL_RANK", "MPI_LOCALRANKID", "MV2_COMM_WORLD_LOCAL_RANK", "SLURM_LOCALID"];
    names.iter().find_map(|name| std::env::var(name).ok()?.parse().ok()).unwrap_or(0)
}

impl Peers {
    /// Joins the others, where there are any.
    pub(super) fn join() -> Result<Self> {
        if !launched_together() {
            return Ok(Self::Alone);
        }
        #[cfg(feature = "mpi")]
        return ranks::Ranks::join().map(Self::Together);
        #[cfg(not(feature = "mpi"))]
        anyhow::bail!(
            "this was started by mpirun, but descry-trainer was built without its feature `mpi`: each process would train \
             and overwrite the same run. Build it with `--features torch,mpi`, or start it without mpirun"
        )
    }

    /// The number of this process, from 0.
    pub(super) fn rank(&self) -> usize {
        match self {
            Self::Alone => 0,
            #[cfg(feature = "mpi")]
            Self::Together(ranks) => ranks.rank(),
        }
    }

    /// How many processes there are.
    pub(super) fn count(&self) -> usize {
        match self {
            Self::Alone => 1,
            #[cfg(feature = "mpi")]
            Self::Together(ranks) => ranks.count(),
        }
    }

    /// Whether this is the process that writes and speaks.
    pub(super) fn is_first(&self) -> bool {
        self.rank() == 0
    }

    /// The sums of these numbers over all processes.
    pub(super) fn sum(&self, values: Vec<f64>) -> Vec<f64> {
        match self {
            Self::Alone => values,
            #[cfg(feature = "mpi")]
            Self::Together(ranks) => ranks.sum(&values),
        }
    }

    /// The sums of gradients over all processes, in whose place they are put. Those that are not defined stay so.
    pub(super) fn sum_gradients(&self, gradients: Vec<Tensor>) -> Vec<Tensor> {
        match self {
            Self::Alone => gradients,
            #[cfg(feature = "mpi")]
            Self::Together(ranks) => {
                let defined = || gradients.iter().filter(|gradient| gradient.defined());
                let flat: Vec<_> =
                    defined().map(|gradient| gradient.to_kind(Kind::Float).flatten(0, -1)).collect();
                let flat = Tensor::cat(&flat, 0).to_device(Device::Cpu).contiguous();
                let mut values = vec![0f32; flat.numel()];
                flat.copy_data(&mut values, flat.numel());
                let summed = Tensor::from_slice(&ranks.sum(&values));
                let mut at = 0;
                let mut part = |gradient: &Tensor| {
                    if !gradient.defined() {
                        return Tensor::new();
                    }
                    let length = gradient.numel() as i64;
                    at += length;
                    summed
                        .narrow(0, at - length, length)
                        .view(gradient.size().as_slice())
                        .to_device(gradient.device())
                };
                gradients.iter().map(&mut part).collect()
            }
        }
    }

    /// What the first process computes, for all: numbers, of which all know how many there are.
    pub(super) fn of_first(
        &self,
        count: usize,
        compute: impl FnOnce() -> Result<Vec<f64>>,
    ) -> Result<Vec<f64>> {
        let mut values = if self.is_first() { compute()? } else { Vec::new() };
        values.resize(count, 0.0);
        match self {
            Self::Alone => {}
            #[cfg(feature = "mpi")]
            Self::Together(ranks) => ranks.tell(&mut values),
        }
        Ok(values)
    }

    /// Waits until all have come here.
    pub(super) fn wait(&self) {
        match self {
            Self::Alone => {}
            #[cfg(feature = "mpi")]
            Self::Together(ranks) => ranks.wait(),
        }
    }

    /// Ends all processes after an error in this one: the others would wait for it for ever.
    pub(super) fn give_up(&self, error: &anyhow::Error) {
        match self {
            Self::Alone => {
                let _ = error;
            }
            #[cfg(feature = "mpi")]
            Self::Together(ranks) => ranks.give_up(error),
        }
    }
}
