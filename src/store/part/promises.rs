//! Space that part files of this process will still take, where the file system cannot set it aside for them. Otherwise
//! each would find all of it free, and in the end none would have enough.
//!
//! One table for the process: its part files have many owners, and the disk is common to all.

use std::sync::{
    Arc, Weak,
    atomic::{AtomicU64, Ordering},
};

use parking_lot::Mutex;

static PROMISES: Mutex<Vec<Weak<Promise>>> = Mutex::new(Vec::new());

/// What one part file lacks; it ends when it is dropped.
#[derive(Debug)]
pub(super) struct Promise {
    device: u64,
    lacking_bytes: AtomicU64,
}

impl Promise {
    /// Asks whether a part file fits beside the others of its device, and counts it among them from then on if it
    /// does. `fits` is told what the others will still take, in bytes.
    pub(super) fn ask<E>(
        device: u64,
        lacking_bytes: u64,
        fits: impl FnOnce(u64) -> Result<(), E>,
    ) -> Result<Arc<Self>, E> {
        // Held until the promise is counted, so that two files cannot be promised the same space.
        let mut promises = PROMISES.lock();
        promises.retain(|promise| promise.strong_count() > 0);
        let others = promises.iter().filter_map(Weak::upgrade);
        let others = others.filter(|promise| promise.device == device);
        fits(others.map(|other| other.lacking()).sum())?;
        let promise = Arc::new(Self {
            device,
            lacking_bytes: AtomicU64::new(lacking_bytes),
        });
        promises.push(Arc::downgrade(&promise));
        Ok(promise)
    }

    /// So many bytes of it are on the disk now.
    pub(super) fn keep(&self, bytes: u64) {
        let less = |lacking: u64| Some(lacking.saturating_sub(bytes));
        let _ = self
            .lacking_bytes
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
    }

    pub(super) fn lacking(&self) -> u64 {
        self.lacking_bytes.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_next_is_told_what_the_others_lack() {
        // No other test has this device.
        let device = u64::MAX;
        let ask = |bytes, expected| {
            Promise::ask(device, bytes, |others| {
                if others == expected {
                    Ok(())
                } else {
                    Err(others)
                }
            })
        };
        let first = ask(100, 0).unwrap();
        let second = ask(50, 100).unwrap();
        first.keep(30);
        assert_eq!(ask(1, 0).unwrap_err(), 120);
        drop(second);
        first.keep(1000);
        ask(1, 0).unwrap();
    }
}
