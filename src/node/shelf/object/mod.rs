//! A bucket of an object store as a place of files.
//!
//! `bucket` is how it is waited for, `known` which objects are known, `looking` a look at all of them. `content` is an object
//! that is sent, by `blocks` that are fetched ahead; `straight` one that is read whole. `intake` takes copies in, `records`
//! remembers which of them have begun, `aside` has what was set aside, `digests` keeps digests beside the objects.

mod aside;
mod blocks;
mod bucket;
mod content;
mod digests;
mod intake;
mod known;
mod looking;
mod records;
mod straight;

use std::{io, path::Path, sync::Arc, time::Duration};

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::{runtime::Handle, sync::Semaphore};

use self::{
    aside::ObjectAside,
    blocks::{Blocks, Source},
    bucket::{Bucket, seen, stamp_of},
    content::{ObjectContent, Reading},
    digests::Digests,
    intake::ObjectIntake,
    known::Known,
    records::Records,
    straight::Straight,
};
use super::kinds::{Aside, FoundWriters, Habits, Intake, Listening, Shelf};
use crate::{
    engine::index::Processes,
    model::{
        ChunkIndex, FileName, IndexedFile, Look, Manifest, RemoteError, RetiredReason, Seen, Stamp,
        Verdict,
    },
    net::objects::{Object, ObjectError, Objects},
    node::send::Content,
    store::{
        StoreError, Sweep,
        index::{Heard, ReadFrom, Scan, digest_of},
        retired::RetiredLimits,
        sha256,
    },
};

/// How often a bucket is looked at unless something else is ordered: a listing costs requests.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// Receivers that each keep the block that they are at.
const MOST_KEEPERS: usize = 128;
/// How long a bucket may take to answer at the start.
const FIRST_ANSWER: Duration = Duration::from_secs(6);

/// How a bucket is served.
#[derive(Clone, Debug)]
pub struct ObjectConfig {
    /// Whose uploads are its own.
    pub owner: String,
    /// How often to look at it.
    pub look_every: Option<Duration>,
    /// How much is kept of what was set aside.
    pub retired: RetiredLimits,
}

/// See the module.
#[derive(Debug)]
pub struct ObjectShelf {
    bucket: Bucket,
    look_every: Duration,
    reading: Reading,
    aside: Arc<ObjectAside>,
    intake: Arc<ObjectIntake>,
    records: Records,
    digests: Digests,
}

impl ObjectShelf {
    /// A bucket; nothing is asked of it yet. What it waits for runs on that runtime.
    pub fn new(objects: Objects, config: &ObjectConfig, runtime: Handle) -> Self {
        let bucket = Bucket::new(objects, runtime);
        let known: Arc<Mutex<Known>> = Arc::default();
        let aside = Arc::new(ObjectAside::new(&bucket, config.retired));
        let records = Records::new(&bucket, &config.owner);
        Self {
            look_every: config.look_every.unwrap_or(LOOK_EVERY),
            reading: Reading {
                bucket: bucket.clone(),
                known: Arc::clone(&known),
                blocks: Blocks::new(bucket.clone()),
                keepers: Arc::new(Semaphore::new(MOST_KEEPERS)),
            },
            intake: Arc::new(ObjectIntake {
                bucket: bucket.clone(),
                known,
                aside: Arc::clone(&aside),
                records: records.clone(),
            }),
            aside,
            records,
            digests: Digests::new(&bucket),
            bucket,
        }
    }

    /// Finds out whether it can be served; what may pass is told, and no error.
    ///
    /// # Errors
    /// What somebody must do something about.
    pub async fn probe(&self) -> Result<Option<StoreError>, StoreError> {
        let probe = tokio::time::timeout(FIRST_ANSWER, self.bucket.objects.probe());
        let silent = |_| {
            let why = format!("nothing for {} s", FIRST_ANSWER.as_secs());
            Err(RemoteError::unreachable(&why))
        };
        match probe.await.unwrap_or_else(silent) {
            Ok(()) => Ok(None),
            Err(why) => {
                let may_pass = why.may_pass();
                let error = self.bucket.fail("", why.into());
                if may_pass {
                    Ok(Some(error))
                } else {
                    Err(error)
                }
            }
        }
    }

    fn object(&self, name: &FileName) -> Option<Object> {
        self.reading.known.lock().get(name).cloned()
    }

    /// Asks for one object, and knows it from then on.
    fn ask_anew(&self, name: &FileName) -> Result<Object, StoreError> {
        self.bucket.ask(name.as_str(), async {
            let found = self.bucket.objects.find(name.as_str()).await?;
            self.reading.known.lock().note(name, found.clone());
            found.ok_or(ObjectError::NotThere)
        })
    }

    /// An object that is still what it was when its digests were made.
    fn as_indexed(&self, file: &IndexedFile) -> Result<Object, StoreError> {
        let name = &file.meta.name;
        let object = match self.object(name) {
            Some(object) if stamp_of(&object) == file.stamp => object,
            _ => self.ask_anew(name)?,
        };
        if stamp_of(&object) == file.stamp {
            Ok(object)
        } else {
            Err(StoreError::Changed(self.bucket.path().join(name.as_str())))
        }
    }
}

impl Shelf for ObjectShelf {
    fn path(&self) -> &Path {
        self.bucket.path()
    }

    fn habits(&self) -> Habits {
        Habits {
            looks_apart: true,
            look_every: Some(self.look_every),
            is_atomic: true,
        }
    }

    fn scan(&self) -> Result<Scan, StoreError> {
        looking::look(&self.bucket, &self.reading.known).map(Scan::from)
    }

    fn recall(&self, scan: Scan, _: &dyn Fn(&FileName) -> bool) -> Look {
        scan.look
    }

    fn see(&self, name: &FileName) -> Option<Seen> {
        self.object(name).map(|object| seen(&object))
    }

    fn see_current(&self, name: &FileName) -> Option<Seen> {
        self.see(name)
    }

    fn see_anew(&self, name: &FileName) -> Option<Seen> {
        match self.ask_anew(name) {
            Ok(object) => Some(seen(&object)),
            Err(StoreError::NotFound(_)) => None,
            // Nothing new is known of it.
            Err(_) => self.see(name),
        }
    }

    fn reopen(&self) -> io::Result<bool> {
        Ok(false)
    }

    fn listen(&self, _: Box<dyn Fn(Heard) + Send>) -> Listening {
        Listening::Looks
    }

    fn allows_writing(&self) -> Result<(), StoreError> {
        Ok(())
    }

    fn check_writable(&self) -> Result<(), StoreError> {
        let name = format!("{}/prueba-{:016x}", looking::HIDDEN, fastrand::u64(..));
        let tried = self.bucket.ask("", async {
            let tried = self.bucket.objects.try_writing(&name).await;
            tried.map_err(ObjectError::from)
        });
        match tried {
            Err(StoreError::Remote {
                path,
                why: RemoteError::Denied,
            }) => Err(StoreError::Denied(path)),
            other => other,
        }
    }

    fn writers(&self, _: &[(FileName, Stamp)]) -> FoundWriters {
        FoundWriters {
            open: Default::default(),
            processes: Processes::All,
        }
    }

    fn digest(
        &self,
        name: &FileName,
        stamp: Stamp,
        keep_on: &dyn Fn() -> bool,
    ) -> io::Result<Manifest> {
        let object = self.object(name).filter(|object| stamp_of(object) == stamp);
        let object = object.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        let tag = object.tag.clone();
        let reader = Straight::new(&self.bucket, name.to_string(), tag, object.bytes);
        let made = digest_of(reader, object.bytes, keep_on);
        if made.is_err() {
            // Most often it has changed, which is known then.
            let _ = self.ask_anew(name);
        }
        made
    }

    fn check_chunk(&self, file: &Arc<IndexedFile>, chunk: ChunkIndex, _: ReadFrom) -> Verdict {
        let Some(expected) = file.manifest.chunk(chunk) else {
            return Verdict::Unclear;
        };
        let range = file.meta.layout.byte_range(chunk);
        let Ok(object) = self.as_indexed(file) else {
            return Verdict::Unclear;
        };
        let name = file.meta.name.as_str();
        let read = self
            .bucket
            .objects
            .read(name, &object.tag, range.start..range.end);
        match self.bucket.ask(name, read) {
            Ok(bytes) if sha256(&bytes) == expected => Verdict::Right,
            Ok(_) => Verdict::Wrong,
            Err(_) => Verdict::Unclear,
        }
    }

    fn open(&self, file: &Arc<IndexedFile>) -> Result<Arc<dyn Content>, StoreError> {
        let object = self.as_indexed(file)?;
        let source = Source {
            name: file.meta.name.clone(),
            tag: object.tag,
            bytes: object.bytes,
        };
        Ok(Arc::new(ObjectContent::new(&self.reading, file, source)))
    }

    fn set_aside(
        &self,
        file: &Arc<IndexedFile>,
        reason: RetiredReason,
    ) -> Result<Option<String>, StoreError> {
        let name = &file.meta.name;
        let object = self.ask_anew(name)?;
        if stamp_of(&object) != file.stamp {
            return Err(StoreError::Changed(self.bucket.path().join(name.as_str())));
        }
        let taking = self.aside.take(name.as_str(), &object, reason);
        let taken = self.bucket.ask(name.as_str(), taking)?;
        self.reading.known.lock().note(name, None);
        Ok(taken)
    }

    fn adopt(&self, _: &Arc<IndexedFile>, _: RetiredReason) -> Option<String> {
        // The copy that took its name has kept it.
        None
    }

    fn aside(&self) -> Arc<dyn Aside> {
        Arc::clone(&self.aside) as _
    }

    fn kept_digests(&self) -> Vec<Bytes> {
        self.digests.load()
    }

    fn keeps_digests(&self) -> bool {
        true
    }

    fn keep_digests(&self, lines: Vec<u8>) {
        self.digests.keep(lines);
    }

    fn replace_digests(&self, all: &dyn Fn() -> Vec<u8>) {
        self.digests.replace(all);
    }

    fn sweep(&self, _: &Sweep) {
        self.bucket.wait(self.records.sweep());
    }

    fn intake(&self) -> Option<Arc<dyn Intake>> {
        Some(Arc::clone(&self.intake) as _)
    }

    fn close(&self) {
        self.digests.finish();
        self.bucket.close();
    }
}
