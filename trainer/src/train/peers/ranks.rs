//! The processes of an MPI world, by the crate `mpi` (rsmpi) over whatever MPI is installed.

use anyhow::{Context as _, Result};
use mpi::collective::SystemOperation;
use mpi::datatype::Equivalence;
use mpi::environment::Universe;
use mpi::topology::SimpleCommunicator;
use mpi::traits::{Communicator as _, CommunicatorCollectives as _, Root as _};

/// This process in its world. MPI is finished when it is dropped.
pub(crate) struct Ranks {
    world: SimpleCommunicator,
    _universe: Universe,
}

impl Ranks {
    pub(super) fn join() -> Result<Self> {
        let universe = mpi::initialize().context("MPI was started before in this process")?;
        Ok(Self { world: universe.world(), _universe: universe })
    }

    pub(super) fn rank(&self) -> usize {
        usize::try_from(self.world.rank()).unwrap_or(0)
    }

    pub(super) fn count(&self) -> usize {
        usize::try_from(self.world.size()).unwrap_or(1)
    }

    pub(super) fn sum<T: Equivalence + Default + Clone>(&self, values: &[T]) -> Vec<T> {
        let mut sums = vec![T::default(); values.len()];
        self.world.all_reduce_into(values, sums.as_mut_slice(), SystemOperation::sum());
        sums
    }

    pub(super) fn tell(&self, values: &mut [f64]) {
        self.world.process_at_rank(0).broadcast_into(values);
    }

    pub(super) fn wait(&self) {
        self.world.barrier();
    }

    pub(super) fn give_up(&self, error: &anyhow::Error) {
        if self.count() > 1 {
            eprintln!("descry-trainer, process {}: {error:#}", self.rank());
            self.world.abort(1);
        }
    }
}
