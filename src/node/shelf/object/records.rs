//! Which uploads in parts have begun, as small objects beside the files: what a killed process leaves is given up by a later
//! run. Stores keep unfinished parts, and charge for them, until somebody does.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use super::{bucket::Bucket, looking::HIDDEN};
use crate::{
    net::objects::{Expect, Upload},
    node::clock::wall_ms,
};

/// Longest record that is read.
const MOST_BYTES: u64 = 8 << 10;
/// Records that are looked at.
const MOST_RECORDS: usize = 10_000;
/// What others have begun is given up after this long.
const OTHERS_AFTER: Duration = Duration::from_secs(7 * 24 * 3600);

/// What a record says.
#[derive(Debug, Serialize, Deserialize)]
struct Begun {
    /// Of the file.
    name: String,
    /// The store's name of the upload.
    id: String,
}

/// See the module. Clones are the same.
#[derive(Clone, Debug)]
pub(super) struct Records {
    bucket: Bucket,
    /// Whose they are.
    owner: Arc<str>,
    running: Arc<Mutex<BTreeSet<String>>>,
}

impl Records {
    pub(super) fn new(bucket: &Bucket, owner: &str) -> Self {
        Self {
            bucket: bucket.clone(),
            owner: owner.into(),
            running: Arc::default(),
        }
    }

    fn folder() -> String {
        format!("{HIDDEN}/subidas/")
    }

    /// Records an upload; gives the record's key. One that cannot be recorded goes on all the same.
    pub(super) async fn begun(&self, name: &str, upload: &Upload) -> String {
        let random = fastrand::u32(..);
        let key = format!(
            "{}{}-{:015}-{random:08x}",
            Self::folder(),
            self.owner,
            wall_ms()
        );
        self.running.lock().insert(key.clone());
        let begun = Begun {
            name: name.to_owned(),
            id: upload.id().to_owned(),
        };
        let bytes = serde_json::to_vec(&begun).unwrap_or_default();
        let put = self
            .bucket
            .objects
            .put(&key, bytes.into(), &Expect::Anything);
        if let Err(error) = put.await {
            tracing::warn!(file = name, %error, "an upload is not recorded");
        }
        key
    }

    /// An upload has come to its end.
    pub(super) async fn over(&self, key: String) {
        if let Err(error) = self.bucket.objects.remove(&key).await {
            tracing::debug!(%error, "the record of an upload is left");
        }
        self.running.lock().remove(&key);
    }

    /// Gives up what an earlier run of this node has begun, and what others have begun long ago.
    pub(super) async fn sweep(&self) {
        let folder = Self::folder();
        let listed = self.bucket.objects.list(&folder, MOST_RECORDS);
        let records = match listed.await {
            Ok(records) => records,
            Err(error) => return tracing::warn!(%error, "unfinished uploads are not looked at"),
        };
        let mut given_up = 0;
        for key in records.into_keys() {
            if self.running.lock().contains(&key) || !self.is_due(&key) {
                continue;
            }
            let Ok(bytes) = self.bucket.objects.read_small(&key, MOST_BYTES).await else {
                continue;
            };
            if let Ok(begun) = serde_json::from_slice::<Begun>(&bytes) {
                let upload = Upload::known(begun.id);
                let given = self.bucket.objects.give_up(&begun.name, &upload).await;
                if let Err(error) = given {
                    tracing::warn!(file = begun.name, %error, "an upload cannot be given up");
                    continue;
                }
            }
            let _ = self.bucket.objects.remove(&key).await;
            given_up += 1;
        }
        if given_up > 0 {
            tracing::info!(given_up, "uploads that nobody goes on with");
        }
    }

    /// True for an own one, and for an old one.
    fn is_due(&self, key: &str) -> bool {
        let Some(name) = key.strip_prefix(Self::folder().as_str()) else {
            return false;
        };
        let Some((owner, rest)) = name.split_once('-') else {
            return true;
        };
        let began = rest.split('-').next().and_then(|ms| ms.parse::<u64>().ok());
        let age = began.map(|began| wall_ms().saturating_sub(began));
        *owner == *self.owner || age.is_none_or(|age| u128::from(age) >= OTHERS_AFTER.as_millis())
    }
}
