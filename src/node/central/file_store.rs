//! A journal in a file, as a store of batches of one central. Its lock is the lease: whoever has it open has the key, until it
//! is closed. Of other centrals it knows nothing, and refuses what is about them. Blocking.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;

use super::{
    batches::{VERSION as FORMAT, head_of},
    key_store::BatchStore,
};
use crate::{
    engine::{
        leadership::{Active, Answer, Batch, Fence, Kept, Request, Sight},
        registry::Registry,
    },
    model::{LeaseId, Revision, Silence},
    store::{
        StoreError,
        diary::{self, Diary, DiaryError, Found, Opened},
        sha256,
    },
};

/// Longest snapshot, in bytes.
const MAX_SNAPSHOT_BYTES: usize = 1 << 30;
/// The lock.
const LEASE: LeaseId = LeaseId(1);
/// A snapshot that is read is given in pieces of this size.
const PIECE_BYTES: usize = 512 << 10;

/// See the module.
#[derive(Debug)]
pub struct FileStore {
    diary: Diary,
    active: Option<Active>,
    /// Changes made, so that each is later than the ones before.
    revision: i64,
    /// Pieces of snapshots that are not set yet.
    pieces: BTreeMap<(u64, u32), Bytes>,
    /// `None` until somebody asks for it.
    current: Option<Current>,
    set_at: Revision,
}

/// The snapshot with which the present segment begins.
#[derive(Clone, Debug)]
struct Current {
    kept: Kept,
    /// Where its pieces end.
    ends: Vec<usize>,
}

impl Current {
    fn of(snapshot: &diary::Batch) -> Self {
        let bytes = snapshot.body.len();
        let ends = (1..=bytes.div_ceil(PIECE_BYTES)).map(|n| bytes.min(n * PIECE_BYTES));
        let ends: Vec<usize> = ends.collect();
        let term = Registry::restore(&snapshot.body);
        Self {
            kept: Kept {
                seq: snapshot.seq,
                term: term.map_or(0, |registry| registry.term().0.into()),
                pieces: ends.len() as u32,
                digest: sha256(&snapshot.body),
            },
            ends,
        }
    }
}

impl FileStore {
    /// Opens a journal, and says what was in it; `None` when there is none.
    ///
    /// # Errors
    /// See [`DiaryError`].
    pub fn open(path: &Path) -> Result<Option<(Self, Found)>, DiaryError> {
        let opened = Diary::open(path)?;
        Ok(opened.map(|Opened { diary, found }| (Self::of(diary), found)))
    }

    /// Makes a new one, which stands for what `snapshot` says.
    ///
    /// # Errors
    /// See [`Diary::create`].
    pub fn create(path: &Path, cluster: &str, snapshot: &diary::Batch) -> Result<Self, DiaryError> {
        Ok(Self::of(Diary::create(path, cluster, snapshot)?))
    }

    fn of(diary: Diary) -> Self {
        let revision = i64::try_from(diary.segment()).unwrap_or(i64::MAX);
        Self {
            diary,
            active: None,
            revision,
            pieces: BTreeMap::new(),
            current: None,
            set_at: Revision(revision),
        }
    }

    /// The file.
    pub fn diary(&self) -> &Diary {
        &self.diary
    }

    /// Writes a batch, if it is the next one; it is on the disk when this returns.
    ///
    /// # Errors
    /// What the disk says. Nothing can be written from then on.
    pub fn append(&mut self, batch: &Batch) -> Result<Answer, StoreError> {
        let next = self.diary.seq() + 1;
        if batch.seq > next {
            return Ok(Answer::Gap);
        }
        if batch.seq < next {
            let there = self.diary.since(batch.seq, 1)?;
            return Ok(match there.first() {
                Some(there) if there.seq == batch.seq && there.body != batch.body => {
                    Answer::OtherBatch
                }
                // It is, or a snapshot has it.
                Some(_) | None => Answer::Done(Revision(self.revision)),
            });
        }
        self.diary.append(&batch.body)?;
        Ok(self.changed())
    }

    /// Begins a new segment with what the registry was after a batch.
    ///
    /// # Errors
    /// As [`Self::append`].
    pub fn restart(&mut self, seq: u64, body: Vec<u8>) -> Result<(), StoreError> {
        self.diary.restart(&diary::Batch { seq, body })?;
        self.revision += 1;
        (self.current, self.set_at) = (None, Revision(self.revision));
        Ok(())
    }

    fn changed(&mut self) -> Answer {
        self.revision += 1;
        Answer::Done(Revision(self.revision))
    }

    /// Answers as a store does.
    ///
    /// # Errors
    /// As [`Self::append`].
    pub fn answer(&mut self, request: &Request) -> Result<Answer, StoreError> {
        if let Some(fence) = fence_of(request)
            && self.active.as_ref().map(|active| active.fence) != Some(fence)
        {
            return Ok(Answer::Fenced(Revision(self.revision), self.active.clone()));
        }
        Ok(match request {
            Request::Identify(_) => Answer::Identity {
                id: self.diary.cluster().to_owned(),
                format: FORMAT,
            },
            Request::Look => Answer::Sight(Sight {
                revision: Revision(self.revision),
                active: self.active.clone(),
                handover: None,
                standbys: Vec::new(),
                format: FORMAT,
                tail: self.diary.seq(),
            }),
            Request::Grant(_) => Answer::Granted(LEASE),
            Request::Renew(LEASE) => Answer::Done(Revision(self.revision)),
            Request::Campaign(active) => self.campaign(active),
            Request::Release(_) => {
                self.active = None;
                self.changed()
            }
            Request::Append(_, batch) => self.append(batch)?,
            Request::Log(from, most) => {
                let found = self.diary.since(*from, *most as usize)?;
                let batches = found.into_iter().map(|found| Batch {
                    seq: found.seq,
                    term: head_of(&found.body).map_or(0, |head| head.term.0.into()),
                    body: found.body.into(),
                });
                Answer::Page(batches.collect(), Revision(self.revision))
            }
            Request::Current => Answer::Current(self.current()?),
            Request::Piece(seq, n) => Answer::Piece(self.piece(*seq, *n)?),
            Request::PutPiece(_, seq, n, piece) => self.put_piece(*seq, *n, piece.clone()),
            Request::SetCurrent(_, kept, before) => self.set_current(kept, *before)?,
            // What is old goes by itself.
            Request::Trim(..) | Request::Compact(_) => Answer::Done(Revision(self.revision)),
            Request::Renew(_) | Request::Revoke(_) => Answer::LeaseGone,
            Request::Announce(_)
            | Request::Mark(..)
            | Request::Unmark(_)
            | Request::Transfer(..)
            | Request::Claim(..)
            | Request::PutImported(..)
            | Request::Import { .. } => Answer::Refused("a file is one central's".to_owned()),
        })
    }

    fn campaign(&mut self, active: &Active) -> Answer {
        if let Some(holder) = &self.active {
            return Answer::Fenced(Revision(self.revision), Some(holder.clone()));
        }
        self.revision += 1;
        let fence = Fence(Revision(self.revision));
        self.active = Some(Active {
            fence,
            ..active.clone()
        });
        Answer::Won(fence)
    }

    /// The snapshot that is set, and when it was; one that says nothing is none.
    fn current(&mut self) -> Result<Option<(Kept, Revision)>, StoreError> {
        if self.current.is_none() {
            self.current = Some(Current::of(&self.diary.snapshot()?));
        }
        let kept = self.current.as_ref().map(|current| &current.kept);
        let kept = kept.filter(|kept| kept.seq > 0);
        Ok(kept.map(|kept| (kept.clone(), self.set_at)))
    }

    fn piece(&mut self, seq: u64, n: u32) -> Result<Option<Bytes>, StoreError> {
        if self.current()?.is_none_or(|(kept, _)| kept.seq != seq) {
            return Ok(None);
        }
        let ends = self.current.as_ref().map(|current| current.ends.as_slice());
        let (ends, n) = (ends.unwrap_or_default(), n as usize);
        let begin = n.checked_sub(1).map_or(Some(&0), |before| ends.get(before));
        let (Some(begin), Some(end)) = (begin, ends.get(n)) else {
            return Ok(None);
        };
        let body = self.diary.snapshot()?.body;
        Ok(body.get(*begin..*end).map(Bytes::copy_from_slice))
    }

    fn put_piece(&mut self, seq: u64, n: u32, piece: Bytes) -> Answer {
        // Those of another snapshot are of none that will be set.
        self.pieces.retain(|(of, _), _| *of == seq);
        let sum: usize = self.pieces.values().map(Bytes::len).sum();
        if sum + piece.len() > MAX_SNAPSHOT_BYTES {
            return Answer::NoSpace;
        }
        self.pieces.insert((seq, n), piece);
        self.changed()
    }

    fn set_current(&mut self, kept: &Kept, before: Revision) -> Result<Answer, StoreError> {
        let current = self.current()?;
        if current.as_ref().is_some_and(|(there, _)| there == kept) {
            return Ok(Answer::Done(Revision(self.revision)));
        }
        if current.map_or(Revision::default(), |(_, at)| at) != before {
            return Ok(Answer::OtherCurrent);
        }
        let pieces: Vec<&Bytes> = (0..kept.pieces)
            .filter_map(|n| self.pieces.get(&(kept.seq, n)))
            .collect();
        let mut ends = Vec::new();
        let mut body = Vec::new();
        for piece in &pieces {
            body.extend_from_slice(piece);
            ends.push(body.len());
        }
        if pieces.len() != kept.pieces as usize || sha256(&body) != kept.digest {
            return Ok(Answer::Refused("the snapshot is not whole".to_owned()));
        }
        self.restart(kept.seq, body)?;
        self.pieces.clear();
        let kept = kept.clone();
        self.current = Some(Current { kept, ends });
        Ok(Answer::Done(Revision(self.revision)))
    }
}

/// The reign that a request is of.
fn fence_of(request: &Request) -> Option<Fence> {
    match request {
        Request::Append(fence, _)
        | Request::Mark(fence, _)
        | Request::Unmark(fence)
        | Request::Transfer(fence, ..)
        | Request::Release(fence)
        | Request::PutPiece(fence, ..)
        | Request::SetCurrent(fence, ..)
        | Request::Trim(fence, ..) => Some(*fence),
        Request::Identify(_)
        | Request::Look
        | Request::Grant(_)
        | Request::Renew(_)
        | Request::Revoke(_)
        | Request::Announce(_)
        | Request::Campaign(_)
        | Request::Log(..)
        | Request::Current
        | Request::Piece(..)
        | Request::Claim(..)
        | Request::PutImported(..)
        | Request::Import { .. }
        | Request::Compact(_) => None,
    }
}

/// A store that several tasks ask.
#[derive(Clone, Debug)]
pub struct SharedFile(Arc<Mutex<FileStore>>);

impl SharedFile {
    /// Shares it.
    pub fn new(store: FileStore) -> Self {
        Self(Arc::new(Mutex::new(store)))
    }
}

impl BatchStore for SharedFile {
    async fn ask(&self, request: &Request) -> Result<Answer, Silence> {
        let (store, request) = (Arc::clone(&self.0), request.clone());
        let asked = tokio::task::spawn_blocking(move || {
            let mut store = store.lock().unwrap_or_else(PoisonError::into_inner);
            store.answer(&request)
        });
        // A disk that failed says nothing that one could act on.
        match asked.await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => {
                tracing::warn!(%error, "the journal");
                Err(Silence)
            }
            Err(_) => Err(Silence),
        }
    }
}
