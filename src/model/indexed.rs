//! A file of a served folder as the disk shows it, and as it was when it was hashed.

use std::{sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};

use super::{FileMeta, Manifest};

/// A time of a file by its disk's clock: seconds since 1970, and nanoseconds.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct FileTime(pub i64, pub i64);

impl FileTime {
    /// How long it is after an earlier time. None when it is before that, or out of all range.
    pub fn since(self, earlier: Self) -> Option<Duration> {
        let nanoseconds =
            |Self(seconds, part): Self| i128::from(seconds) * 1_000_000_000 + i128::from(part);
        let passed = nanoseconds(self).checked_sub(nanoseconds(earlier))?;
        let passed = u64::try_from(passed).ok()?;
        Some(Duration::from_nanos(passed))
    }
}

/// What tells one state of a file from another without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Stamp {
    /// Number of its disk; another one after a restart of the computer.
    pub device: u64,
    /// Number of the file on its disk.
    pub inode: u64,
    /// Its length, in bytes.
    pub bytes: u64,
    /// Last change of its content.
    pub changed: FileTime,
}

impl Stamp {
    /// True when the content is as long and as old: only its place is another.
    pub fn is_dated_as(self, other: Self) -> bool {
        (self.bytes, self.changed) == (other.bytes, other.changed)
    }
}

/// A file as a look at the folder finds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// What its content is recognised by.
    pub stamp: Stamp,
    /// Last change of its content, name or permissions.
    pub status: FileTime,
}

/// A file that was hashed, as it was then.
#[derive(Debug)]
pub struct IndexedFile {
    /// Name, length, id.
    pub meta: FileMeta,
    /// Its digests.
    pub manifest: Arc<Manifest>,
    /// How it looked.
    pub stamp: Stamp,
}

impl IndexedFile {
    /// The last change of its content when it was read, in milliseconds since 1970 by its disk's clock.
    pub fn modified_ms(&self) -> i64 {
        let FileTime(seconds, nanoseconds) = self.stamp.changed;
        seconds
            .saturating_mul(1000)
            .saturating_add(nanoseconds / 1_000_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_files_are_subtracted_whatever_they_are() {
        let ms = Duration::from_millis;
        assert_eq!(
            FileTime(5, 100_000_000).since(FileTime(3, 900_000_000)),
            Some(ms(1200))
        );
        assert_eq!(FileTime(5, 0).since(FileTime(5, 0)), Some(ms(0)));
        assert_eq!(FileTime(5, 0).since(FileTime(5, 1)), None);
        assert_eq!(FileTime(-1, 0).since(FileTime(-2, 0)), Some(ms(1000)));
        assert_eq!(FileTime(i64::MAX, 0).since(FileTime(i64::MIN, 0)), None);
    }
}
