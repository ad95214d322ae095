//! A bucket as this node waits for it: calls from threads that may block, which end when the node does, and what their errors
//! mean for files.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use tokio::{runtime::Handle, task::JoinHandle};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    model::{FileTime, RemoteError, Seen, Stamp},
    net::objects::{Object, ObjectError, Objects},
    store::{StoreError, sha256},
};

/// See the module. Clones are the same one.
#[derive(Clone, Debug)]
pub(super) struct Bucket {
    pub(super) objects: Objects,
    path: Arc<Path>,
    runtime: Handle,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Bucket {
    pub(super) fn new(objects: Objects, runtime: Handle) -> Self {
        let path = PathBuf::from(objects.shown());
        Self {
            objects,
            path: path.into(),
            runtime,
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
        }
    }

    /// How people call it.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Waits for a call; an async thread must not.
    pub(super) fn wait<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        self.runtime.block_on(async {
            tokio::select! {
                biased;
                done = work => Some(done),
                () = self.stop.cancelled() => None,
            }
        })
    }

    /// Waits for a call about an object or, by an empty name, the whole bucket.
    pub(super) fn ask<T>(
        &self,
        name: &str,
        work: impl Future<Output = Result<T, ObjectError>>,
    ) -> Result<T, StoreError> {
        let done = self.wait(work);
        let done = done.unwrap_or_else(|| Err(RemoteError::unreachable("this node stops").into()));
        done.map_err(|error| self.fail(name, error))
    }

    /// Runs a task until it ends or the node does.
    pub(super) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
        let stop = self.stop.clone();
        let task = self.tasks.track_future(async move {
            tokio::select! {
                () = work => {}
                () = stop.cancelled() => {}
            }
        });
        self.runtime.spawn(task)
    }

    /// Nothing is waited for any more.
    pub(super) fn close(&self) {
        self.stop.cancel();
        self.tasks.close();
    }

    /// An error of a call, for people.
    pub(super) fn fail(&self, name: &str, error: ObjectError) -> StoreError {
        let path = match name {
            "" => self.path.to_path_buf(),
            name => self.path.join(name),
        };
        match error {
            ObjectError::NotThere => StoreError::NotFound(path),
            ObjectError::Changed => StoreError::Changed(path),
            ObjectError::Exists => StoreError::Exists(path),
            ObjectError::Store(why) => StoreError::Remote { path, why },
        }
    }
}

/// What an object is recognised by, in the words of a disk: the digest of its ETag stands for the number of its file.
pub(super) fn stamp_of(object: &Object) -> Stamp {
    let digest = sha256(object.tag.text().as_bytes());
    let first = digest.as_bytes().first_chunk::<8>();
    Stamp {
        device: 0,
        inode: first.map_or(0, |first| u64::from_be_bytes(*first)),
        bytes: object.bytes,
        changed: FileTime(object.changed_s, 0),
    }
}

/// An object as a look finds it.
pub(super) fn seen(object: &Object) -> Seen {
    let stamp = stamp_of(object);
    Seen {
        stamp,
        status: stamp.changed,
    }
}
