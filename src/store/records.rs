//! A file of records, one JSON object a line, appended to. The last record of a key counts; now and then the file is
//! rewritten without outdated ones. After a power failure unsynced records are gone, and a truncated last line is
//! removed.

use std::{
    fs::{File, OpenOptions},
    io::{self, BufWriter, Read, Write},
    path::{Path, PathBuf},
};

use serde::{Serialize, de::DeserializeOwned};

use super::{
    StoreError,
    statistics::{folder_of, remove_temporary, temporary_file},
};

/// Largest file that is read, in bytes.
const MOST_BYTES: u64 = 1 << 30;
/// Records beyond twice those that count before the file is written anew.
const SLACK: usize = 1000;
/// Bytes that are written at once.
const BUFFER_BYTES: usize = 256 << 10;

/// See the module.
#[derive(Debug)]
pub struct RecordLog {
    path: PathBuf,
    file: File,
    lines: usize,
}

impl RecordLog {
    /// Opens it, made if need be, and gives what is in it, the oldest first. Lines that cannot be understood are
    /// passed over; their number is logged.
    ///
    /// # Errors
    /// When it cannot be made, read or written.
    pub fn open<T: DeserializeOwned>(path: &Path) -> Result<(Self, Vec<T>), StoreError> {
        Self::read(path).map_err(|error| StoreError::new(path, &error))
    }

    fn read<T: DeserializeOwned>(path: &Path) -> io::Result<(Self, Vec<T>)> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        remove_temporary(path);
        let mut options = OpenOptions::new();
        let mut file = options.read(true).append(true).create(true).open(path)?;
        let mut bytes = Vec::new();
        Read::by_ref(&mut file)
            .take(MOST_BYTES)
            .read_to_end(&mut bytes)?;
        let whole = bytes
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        if whole < bytes.len() {
            tracing::warn!(file = %path.display(), "the last record was cut and is taken away");
            file.set_len(whole as u64)?;
        }
        let mut records = Vec::new();
        let (mut lines, mut bad) = (0, 0);
        for line in bytes[..whole].split(|byte| *byte == b'\n') {
            if line.is_empty() {
                continue;
            }
            lines += 1;
            match serde_json::from_slice(line) {
                Ok(record) => records.push(record),
                Err(_) => bad += 1,
            }
        }
        if bad > 0 {
            tracing::warn!(file = %path.display(), lines = bad, "records were not understood");
        }
        let path = path.to_owned();
        Ok((Self { path, file, lines }, records))
    }

    /// Appends records; they are on the disk when it returns.
    ///
    /// # Errors
    /// When they cannot be written. Some of them may be read by the next run all the same.
    pub fn append<T: Serialize>(&mut self, records: &[T]) -> Result<(), StoreError> {
        let write = |log: &mut Self| -> io::Result<()> {
            write_lines(&log.file, records)?;
            log.file.sync_data()
        };
        let written = write(self).map_err(|error| StoreError::new(&self.path, &error));
        self.lines += records.len();
        written
    }

    /// True when most of the file does not count any more; `live` is how many records do.
    pub fn is_loose(&self, live: usize) -> bool {
        self.lines > 2 * live + SLACK
    }

    /// Writes the file anew.
    ///
    /// # Errors
    /// When it cannot be written; the old one is still there.
    pub fn rewrite<T: Serialize>(&mut self, records: &[T]) -> Result<(), StoreError> {
        let write = || -> io::Result<File> {
            let file = temporary_file(&self.path)?;
            write_lines(file.as_file(), records)?;
            file.as_file().sync_all()?;
            file.persist(&self.path).map_err(|error| error.error)?;
            File::open(folder_of(&self.path))?.sync_all()?;
            OpenOptions::new().append(true).open(&self.path)
        };
        self.file = write().map_err(|error| StoreError::new(&self.path, &error))?;
        self.lines = records.len();
        Ok(())
    }
}

fn write_lines<T: Serialize>(file: &File, records: &[T]) -> io::Result<()> {
    let mut lines = BufWriter::with_capacity(BUFFER_BYTES, file);
    for record in records {
        serde_json::to_writer(&mut lines, record)?;
        lines.write_all(b"\n")?;
    }
    lines.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_found_again_and_a_cut_one_is_taken_away() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/records");
        let (mut log, none) = RecordLog::open::<(u8, u8)>(&path).unwrap();
        assert!(none.is_empty());
        log.append(&[(1u8, 1u8), (2, 1)]).unwrap();
        log.append(&[(1u8, 2u8)]).unwrap();
        drop(log);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes.extend(b"nonsense\n[3,");
        std::fs::write(&path, &bytes).unwrap();
        let (mut log, found) = RecordLog::open::<(u8, u8)>(&path).unwrap();
        assert_eq!(found, [(1, 1), (2, 1), (1, 2)]);
        assert!(!log.is_loose(2));
        for _ in 0..SLACK {
            log.append(&[(1u8, 3u8)]).unwrap();
        }
        assert!(log.is_loose(1));
        log.rewrite(&[(1u8, 3u8)]).unwrap();
        assert!(!log.is_loose(1));
        log.append(&[(2u8, 9u8)]).unwrap();
        let (_, found) = RecordLog::open::<(u8, u8)>(&path).unwrap();
        assert_eq!(found, [(1, 3), (2, 9)]);
        assert_eq!(
            std::fs::read_dir(path.parent().unwrap()).unwrap().count(),
            1
        );
    }
}
