//! The cameras as one caller has them: one that another has reserved is closed to it.

use std::sync::Arc;

use tokio::sync::watch;

use super::Sources;
use crate::{
    request::{Caller, Cancel},
    source::{
        camera::{Camera, CameraError, CameraId},
        live::{Cameras, Live, LiveFrame},
    },
};

/// The cameras as one caller has them.
#[derive(Debug, Clone)]
pub(super) struct CamerasFor {
    sources: Sources,
    caller: Caller,
}

impl Cameras for CamerasFor {
    fn list(&self) -> Result<Vec<Camera>, CameraError> {
        self.sources.0.cameras.list()
    }

    fn open(&self, camera: &CameraId) -> Result<Arc<dyn Live>, CameraError> {
        self.check(camera)?;
        let live = self.sources.0.cameras.open(camera)?;
        Ok(Arc::new(LiveFor { live, camera: camera.clone(), cameras: self.clone() }))
    }

    fn is_in_use(&self, camera: &CameraId) -> bool {
        self.sources.0.cameras.is_in_use(camera)
    }

    fn watch(&self) -> watch::Receiver<u64> {
        self.sources.0.cameras.watch()
    }
}

impl CamerasFor {
    /// The cameras of `sources`, for a caller.
    pub(super) fn new(sources: Sources, caller: Caller) -> Self {
        Self { sources, caller }
    }

    /// Refuses a camera that another has reserved.
    fn check(&self, camera: &CameraId) -> Result<(), CameraError> {
        if self.sources.may_look(camera, &self.caller) {
            return Ok(());
        }
        let found = self.list()?.into_iter().find(|found| found.id == *camera);
        Err(CameraError::Reserved(found.map_or_else(|| camera.to_string(), |found| found.name)))
    }
}

/// A camera that one caller looks through, until another reserves it.
#[derive(Debug)]
struct LiveFor {
    live: Arc<dyn Live>,
    camera: CameraId,
    cameras: CamerasFor,
}

impl Live for LiveFor {
    fn next_frame(&self, after: u64, cancel: &Cancel) -> Result<LiveFrame, CameraError> {
        self.cameras.check(&self.camera)?;
        self.live.next_frame(after, cancel)
    }
}
