//! Kills, power cuts and failures of the disk at every operation, on a disk in memory.

use std::{path::Path, sync::Arc};

use fastrand::Rng;
use rustix::io::Errno;

use super::{
    super::{Existing, Opened, PartFile, PartNote, PartPlace},
    sim::{Fault, SimDisk},
};
use crate::{
    model::{ChunkIndex, ChunkLayout, ChunkSet, FileMeta, FileName, Manifest},
    store::{
        StoreError,
        hash::{manifest_id, sha256},
    },
};

const CHUNK_BYTES: u32 = 48;
/// More operations than any run has.
const NEVER: u64 = u64::MAX;

/// A file to be received, and others that must not be touched.
pub(super) struct Sample {
    pub(super) meta: FileMeta,
    pub(super) manifest: Arc<Manifest>,
    pub(super) bytes: Vec<u8>,
    pub(super) place: PartPlace,
    pub(super) existing: Existing,
}

/// How far a run came.
#[derive(Debug)]
pub(super) struct Run {
    /// What was there when it began.
    pub(super) had: ChunkSet,
    /// What was written before a sync that was completed.
    pub(super) safe: ChunkSet,
    pub(super) notes: Vec<PartNote>,
    pub(super) end: Result<(), StoreError>,
}

impl Sample {
    pub(super) fn new(seed: u64) -> Self {
        let mut random = Rng::with_seed(seed);
        let length = random.usize(6..10) * CHUNK_BYTES as usize + random.usize(16..=48);
        let bytes: Vec<u8> = (0..length).map(|_| random.u8(1..)).collect();
        let layout = ChunkLayout::of_small_chunks(bytes.len() as u64, CHUNK_BYTES);
        let chunks = bytes.chunks(CHUNK_BYTES as usize).map(sha256).collect();
        let manifest = Manifest::new(layout, sha256(&bytes), chunks).unwrap();
        let name = *random.choice(&["a", "serie/a", "x/y/z/a"]).unwrap();
        Self {
            meta: FileMeta {
                name: FileName::try_from(name).unwrap(),
                layout,
                id: manifest_id(&manifest),
            },
            manifest: Arc::new(manifest),
            bytes,
            place: *random
                .choice(&[PartPlace::Beside, PartPlace::Hidden])
                .unwrap(),
            existing: Existing::Keep,
        }
    }

    pub(super) fn name(&self) -> &str {
        self.meta.name.as_str()
    }

    /// Path of the part file.
    pub(super) fn part(&self) -> String {
        match self.place {
            PartPlace::Beside => format!("{}.part", self.name()),
            PartPlace::Hidden => {
                format!(".trozos/partes/{}.part", sha256(self.name().as_bytes()))
            }
        }
    }

    pub(super) fn disk(&self, seed: u64) -> SimDisk {
        let disk = SimDisk::new(seed);
        disk.put("other", b"mine");
        disk
    }

    pub(super) fn open(&self, disk: &SimDisk) -> Result<Opened<SimDisk>, StoreError> {
        let manifest = Arc::clone(&self.manifest);
        PartFile::open(disk, &self.meta, manifest, self.existing, self.place)
    }

    pub(super) fn is_on(&self, disk: &SimDisk, chunk: ChunkIndex) -> bool {
        let range = self.meta.layout.byte_range(chunk);
        let range = range.start as usize..range.end as usize;
        let part = disk.content(&self.part()).unwrap();
        part.get(range.clone()) == Some(&self.bytes[range])
    }

    /// Receives what is missing in some order, syncing now and then.
    pub(super) fn receive(&self, disk: &SimDisk, random: &mut Rng) -> Run {
        let none = ChunkSet::new(self.meta.layout.chunk_count());
        let mut run = Run {
            had: none.clone(),
            safe: none,
            notes: Vec::new(),
            end: Ok(()),
        };
        run.end = self.receive_into(disk, random, &mut run);
        run
    }

    fn receive_into(
        &self,
        disk: &SimDisk,
        random: &mut Rng,
        run: &mut Run,
    ) -> Result<(), StoreError> {
        let (part, have, notes) = match self.open(disk)? {
            Opened::AlreadyComplete(_) => return Ok(()),
            Opened::Part { part, have, notes } => (part, have, notes),
        };
        for chunk in have.iter() {
            assert!(self.is_on(disk, chunk), "chunk {chunk} is not there");
        }
        (run.had, run.safe, run.notes) = (have.clone(), have.clone(), notes);
        let mut written = have;
        let all = self.meta.layout.all();
        let mut missing: Vec<_> = all.iter().filter(|c| !written.contains(*c)).collect();
        random.shuffle(&mut missing);
        while !missing.is_empty() {
            let lot = missing.split_off(missing.len() - random.usize(1..=3).min(missing.len()));
            let bytes = |chunk: ChunkIndex| {
                let range = self.meta.layout.byte_range(chunk);
                self.bytes[range.start as usize..range.end as usize].to_vec()
            };
            for checked in part.check(lot.into_iter().map(|c| (c, bytes(c))).collect()) {
                assert!(part.write(&checked)?);
                written.insert(checked.chunk());
            }
            if random.u8(..3) == 0 {
                part.sync()?;
                run.safe = written.clone();
            }
        }
        part.finish()?;
        Ok(())
    }

    /// What must hold whenever nobody writes.
    fn check(&self, disk: &SimDisk, safe: &ChunkSet) {
        assert_eq!(disk.content("other").unwrap(), b"mine");
        match disk.content(self.name()) {
            Some(content) => assert!(content == self.bytes, "a wrong file has the name"),
            None if safe.is_empty() => {}
            None => assert!(
                disk.content(&self.part()).is_some(),
                "neither part nor file"
            ),
        }
    }

    /// Goes on after a stop, to the end; nothing of `safe` may be asked for again.
    fn complete(&self, disk: &SimDisk, random: &mut Rng, safe: &ChunkSet) {
        let is_there = disk.content(self.name()).is_some();
        let run = self.receive(disk, random);
        assert_eq!(run.end, Ok(()));
        if !is_there {
            assert_contains(&run.had, safe);
        }
        if !safe.is_empty() {
            assert_eq!(run.notes, []);
        }
        disk.cut_power();
        assert_eq!(disk.content(self.name()).unwrap(), self.bytes);
        // The removal of the journal may be undone; the next look takes it away.
        self.open(disk).unwrap();
        let mut left = disk.files();
        // A first chunk of which only a part came to the disk looks like another file's.
        let is_aside = |path: &str| {
            let number = path
                .trim_end_matches("-diario")
                .strip_suffix(".part")
                .and_then(|path| path.strip_prefix(self.name())?.strip_prefix('.'));
            number.is_some_and(|number| number.parse::<u32>().is_ok())
        };
        left.retain(|path| !is_aside(path));
        // What only a power cut brings back takes no harm and does none: a journal of which the beginning
        // is not on the disk, or one that never got its name.
        let is_fresh = |path: &str| {
            let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
            name.starts_with('.') && name.ends_with(".part-diario")
        };
        left.retain(|path| !is_fresh(path));
        let is_cut = |path: &str| {
            let content = disk.content(path).unwrap();
            path.ends_with(".part-diario")
                && !(content.starts_with(b"{") && content.contains(&b'\n'))
        };
        left.retain(|path| !is_cut(path));
        let mut expected = [self.name(), "other"];
        expected.sort_unstable();
        assert_eq!(left, expected);
    }
}

fn assert_contains(larger: &ChunkSet, smaller: &ChunkSet) {
    let lost: Vec<_> = smaller.iter().filter(|c| !larger.contains(*c)).collect();
    assert!(
        lost.is_empty(),
        "chunks {lost:?} were on the disk and are lost"
    );
}

/// Runs a test for many seeds, and names the one that fails.
pub(super) fn for_seeds(
    seeds: std::ops::Range<u64>,
    test: impl Fn(u64) + std::panic::RefUnwindSafe,
) {
    for seed in seeds {
        let ended = std::panic::catch_unwind(|| test(seed));
        assert!(ended.is_ok(), "with seed {seed}");
    }
}

/// Operations of a run in which nothing goes wrong.
fn operations(sample: &Sample, seed: u64) -> u64 {
    let disk = sample.disk(seed);
    disk.set_fault(Fault::Kill { at: NEVER });
    let run = sample.receive(&disk, &mut Rng::with_seed(seed));
    assert_eq!(run.end, Ok(()));
    disk.operations()
}

#[test]
fn a_stop_at_every_operation_loses_at_most_what_was_not_synced() {
    for_seeds(0..60, |seed| {
        let sample = Sample::new(seed);
        for at in 0..=operations(&sample, seed) {
            let disk = sample.disk(seed + at);
            disk.set_fault(Fault::Kill { at });
            let run = sample.receive(&disk, &mut Rng::with_seed(seed));
            let mut random = Rng::with_seed(seed + at);
            if random.u8(..4) == 0 {
                disk.heal();
            } else {
                disk.cut_power();
            }
            sample.check(&disk, &run.safe);
            if run.end.is_ok() {
                assert_eq!(disk.content(sample.name()).unwrap(), sample.bytes);
            }
            sample.complete(&disk, &mut random, &run.safe);
        }
    });
}

#[test]
fn what_a_new_run_trusts_is_on_the_disk() {
    for_seeds(0..1500, |seed| {
        let sample = Sample::new(seed);
        let mut random = Rng::with_seed(seed);
        let disk = sample.disk(seed);
        let mut safe = ChunkSet::new(sample.meta.layout.chunk_count());
        // Stopped again and again, each time a few operations later.
        while disk.content(sample.name()).is_none() {
            disk.set_fault(Fault::Kill {
                at: random.u64(..60),
            });
            let run = sample.receive(&disk, &mut random);
            if !run.had.is_empty() || run.end.is_ok() {
                assert_contains(&run.had, &safe);
                safe = run.safe;
            }
            if random.bool() {
                disk.heal();
            } else {
                disk.cut_power();
            }
            sample.check(&disk, &safe);
        }
        sample.complete(&disk, &mut random, &safe);
    });
}

#[test]
fn a_failure_at_every_operation_is_told_and_nothing_is_lost() {
    for_seeds(0..40, |seed| {
        let sample = Sample::new(seed);
        for at in 0..operations(&sample, seed) {
            let mut random = Rng::with_seed(seed + at);
            let error = *random
                .choice(&[Errno::NOSPC, Errno::IO, Errno::ACCESS])
                .unwrap();
            for fault in [Fault::Full { from: at }, Fault::Fail { at, error }] {
                let disk = sample.disk(seed + at);
                disk.set_fault(fault.clone());
                let run = sample.receive(&disk, &mut Rng::with_seed(seed));
                match (&run.end, fault) {
                    (Err(failure), fault) => {
                        assert!(failure.path().starts_with("/disk"), "{failure}");
                        let is_kind = match (fault, error) {
                            (Fault::Full { .. }, _) | (_, Errno::NOSPC) => {
                                matches!(failure, StoreError::DiskFull(_))
                            }
                            (_, Errno::ACCESS) => matches!(failure, StoreError::Denied(_)),
                            _ => matches!(failure, StoreError::Other { .. }),
                        };
                        assert!(is_kind, "{error:?}: {failure:?}");
                    }
                    (Ok(()), _) => {
                        assert_eq!(disk.content(sample.name()).unwrap(), sample.bytes);
                    }
                }
                if random.bool() {
                    disk.heal();
                } else {
                    disk.cut_power();
                }
                sample.check(&disk, &run.safe);
                sample.complete(&disk, &mut random, &run.safe);
            }
        }
    });
}

#[test]
fn a_failure_while_going_on_is_told_and_nothing_is_lost() {
    for_seeds(0..1500, |seed| {
        let sample = Sample::new(seed);
        let mut random = Rng::with_seed(seed);
        let disk = sample.disk(seed);
        disk.set_fault(Fault::Kill {
            at: random.u64(20..60),
        });
        let first = sample.receive(&disk, &mut random);
        disk.heal();
        let error = *random
            .choice(&[Errno::NOSPC, Errno::IO, Errno::ACCESS])
            .unwrap();
        let at = random.u64(..60);
        disk.set_fault(match random.bool() {
            true => Fault::Fail { at, error },
            false => Fault::Full { from: at },
        });
        let second = sample.receive(&disk, &mut random);
        let safe = if second.had.is_empty() {
            first.safe
        } else {
            second.safe
        };
        match random.bool() {
            true => disk.heal(),
            false => disk.cut_power(),
        }
        sample.check(&disk, &safe);
        sample.complete(&disk, &mut random, &safe);
    });
}

#[test]
fn a_name_that_is_told_to_be_there_is_there_after_a_power_cut() {
    for_seeds(0..20, |seed| {
        let sample = Sample::new(seed);
        let operations = operations(&sample, seed);
        // Stopped when the file has its name, or nearly; then something fails once while that is looked at.
        for (stop, at) in
            (operations - 14..operations).flat_map(|stop| (0..40).map(move |at| (stop, at)))
        {
            let disk = sample.disk(seed);
            disk.set_fault(Fault::Kill { at: stop });
            let _ = sample.receive(&disk, &mut Rng::with_seed(seed));
            disk.heal();
            disk.set_fault(Fault::Fail {
                at,
                error: Errno::IO,
            });
            let run = sample.receive(&disk, &mut Rng::with_seed(seed));
            disk.heal();
            let run = match run.end {
                Ok(()) => sample.receive(&disk, &mut Rng::with_seed(seed)),
                Err(_) => continue,
            };
            assert_eq!(run.end, Ok(()));
            disk.cut_power();
            assert_eq!(
                disk.content(sample.name()).as_ref(),
                Some(&sample.bytes),
                "{stop}, {at}"
            );
        }
    });
}

#[test]
fn a_file_that_appears_meanwhile_is_not_overwritten() {
    for_seeds(0..40, |seed| {
        let sample = Sample::new(seed);
        for at in 0..operations(&sample, seed) {
            let disk = sample.disk(seed);
            let path = sample.name().to_owned();
            disk.set_fault(Fault::Appears {
                at,
                path,
                bytes: b"mine too".to_vec(),
            });
            let run = sample.receive(&disk, &mut Rng::with_seed(seed));
            match run.end {
                Err(failure) => {
                    assert_eq!(
                        failure,
                        StoreError::Exists(Path::new("/disk").join(sample.name()))
                    );
                    assert_eq!(disk.content(sample.name()).unwrap(), b"mine too");
                }
                // It came after the end, and what did that was another program.
                Ok(()) => assert!(
                    disk.content(sample.name()).unwrap() == b"mine too" || at == 0,
                    "overwritten"
                ),
            }
        }
    });
}

#[test]
fn a_file_that_is_replaced_is_there_all_the_time() {
    for_seeds(0..40, |seed| {
        let mut sample = Sample::new(seed);
        sample.existing = Existing::Overwrite;
        for at in 0..=operations(&sample, seed) + 5 {
            let disk = sample.disk(seed + at);
            disk.put(sample.name(), b"old");
            disk.set_fault(Fault::Kill { at });
            let run = sample.receive(&disk, &mut Rng::with_seed(seed));
            disk.cut_power();
            let content = disk.content(sample.name()).unwrap();
            assert!(content == sample.bytes || (content == b"old" && run.end.is_err()));
        }
    });
}
