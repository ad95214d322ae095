//! What a cluster in etcd begins with: the first central to come names it, and brings the journal that it had by itself.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use super::{
    batches::{VERSION, batch},
    key_store::BatchStore,
};
use crate::{
    engine::{
        leadership::{Answer, Batch, Kept, Request},
        registry::Registry,
    },
    model::{ClusterId, LeaseId},
    node::{KeyStoreError, clock},
    store::sha256,
};

/// How long the key store may be silent.
const FIRST_ANSWER: Duration = Duration::from_secs(10);
/// Pause before it is asked again then.
const ASK_AGAIN: Duration = Duration::from_millis(250);
/// How long a central that brings a journal may be silent.
const CLAIM: Duration = Duration::from_secs(30);
/// etcd takes no value of more than a megabyte and a half.
const PIECE_BYTES: usize = 512 << 10;

/// What a central had by itself.
pub(super) struct Own {
    /// Its journal, if it has one.
    pub(super) journal: Option<PathBuf>,
    pub(super) cluster: ClusterId,
    pub(super) registry: Registry,
    /// The last batch, and when it was written.
    pub(super) seq: u64,
    pub(super) at: u64,
}

enum Step {
    Named(ClusterId),
    /// Somebody else brings a journal.
    Wait,
    Silent,
}

pub(super) struct Founding<'a, S> {
    pub(super) store: &'a S,
    pub(super) node: &'a str,
    /// For people.
    pub(super) members: String,
    pub(super) own: Own,
    pub(super) lease: Option<LeaseId>,
}

impl<S: BatchStore> Founding<'_, S> {
    /// The name of the cluster.
    ///
    /// # Errors
    /// The key store is silent, what it has is not understood, or is another cluster's than the journal here.
    pub(super) async fn name(mut self) -> Result<ClusterId, KeyStoreError> {
        let mut heard = clock::now();
        loop {
            match self.step().await? {
                Step::Named(id) => {
                    self.give_back().await;
                    return self.own_or(id);
                }
                Step::Wait => heard = clock::now(),
                Step::Silent if is_over(heard) => return Err(KeyStoreError::Silent(self.members)),
                Step::Silent => {}
            }
            tokio::time::sleep(ASK_AGAIN).await;
        }
    }

    fn own_or(self, id: ClusterId) -> Result<ClusterId, KeyStoreError> {
        let Own {
            journal, cluster, ..
        } = self.own;
        match journal {
            Some(path) if cluster != id => Err(KeyStoreError::OtherCluster {
                path,
                own: cluster,
                theirs: id,
            }),
            Some(_) | None => Ok(id),
        }
    }

    async fn step(&mut self) -> Result<Step, KeyStoreError> {
        if self.own.registry == Registry::default() {
            let id = self.own.cluster.to_string();
            let answer = self.store.ask(&Request::Identify(id)).await;
            return answer.map_or(Ok(Step::Silent), |answer| self.named(&answer));
        }
        let Some(lease) = self.lease else {
            if let Ok(Answer::Granted(lease)) = self.store.ask(&Request::Grant(CLAIM)).await {
                self.lease = Some(lease);
                return Ok(Step::Wait);
            }
            return Ok(Step::Silent);
        };
        let claim = Request::Claim(self.node.to_owned(), lease);
        match self.store.ask(&claim).await {
            Ok(Answer::Won(claim)) => Ok(self.bring(claim).await),
            Ok(Answer::LeaseGone) => {
                self.lease = None;
                Ok(Step::Wait)
            }
            Ok(answer) => self.named(&answer),
            Err(_) => Ok(Step::Silent),
        }
    }

    fn named(&self, answer: &Answer) -> Result<Step, KeyStoreError> {
        match answer {
            Answer::Identity { format, .. } if *format > VERSION => {
                Err(KeyStoreError::Later(*format))
            }
            Answer::Identity { id, .. } => match ClusterId::try_from(id.as_str()) {
                Ok(id) => Ok(Step::Named(id)),
                Err(_) => Err(KeyStoreError::Foreign(self.members.clone())),
            },
            Answer::Claimed => Ok(Step::Wait),
            _ => Ok(Step::Silent),
        }
    }

    /// Writes what this central had as the first snapshot.
    async fn bring(&self, claim: crate::engine::leadership::Fence) -> Step {
        let own = &self.own;
        // A journal that begins with a snapshot has at least the batch that this stands for.
        let (seq, term) = (own.seq.max(1), own.registry.term());
        let body = own.registry.snapshot();
        let kept = Kept {
            seq,
            term: term.0.into(),
            pieces: u32::try_from(body.len().div_ceil(PIECE_BYTES)).unwrap_or(u32::MAX),
            digest: sha256(&body),
        };
        for (n, piece) in (0..).zip(body.chunks(PIECE_BYTES)) {
            let piece = bytes::Bytes::copy_from_slice(piece);
            let put = Request::PutImported(claim, seq, n, piece);
            match self.store.ask(&put).await {
                Ok(Answer::Done(_)) => {}
                Ok(_) => return Step::Wait,
                Err(_) => return Step::Silent,
            }
        }
        let last = Batch {
            seq,
            term: term.0.into(),
            body: batch(seq, term, own.at, &[]).into(),
        };
        let import = Request::Import {
            claim,
            id: own.cluster.to_string(),
            kept,
            batch: last,
        };
        match self.store.ask(&import).await {
            Ok(Answer::Done(_)) => {
                tracing::info!(seq, "this central's journal is in etcd now");
                Step::Named(own.cluster)
            }
            Ok(_) => Step::Wait,
            Err(_) => Step::Silent,
        }
    }

    async fn give_back(&self) {
        if let Some(lease) = self.lease {
            // It ends by itself as well.
            let _ = self.store.ask(&Request::Revoke(lease)).await;
        }
    }
}

fn is_over(since: Instant) -> bool {
    clock::now() - since >= FIRST_ANSWER
}
