//! A damaged file is made whole, and is never worse off than before: on a disk in memory that stops and fails at
//! every operation, and on a real one.

use std::sync::Arc;

use fastrand::Rng;
use rustix::io::Errno;

use super::{
    super::{Checkup, Opened, PartFile, PartNote, PartPlace},
    Folder, bytes, file,
    power::{Sample, for_seeds},
    sim::{Fault, SimDisk},
};
use crate::{model::ChunkIndex, store::StoreError};

/// Content with damage: some bytes differ, or it is too short, or too long. At least a chunk is bad unless it is only
/// too long.
fn damage(right: &[u8], random: &mut Rng) -> Vec<u8> {
    let mut damaged = right.to_vec();
    for _ in 0..random.usize(..3) {
        let at = random.usize(..damaged.len());
        damaged[at] ^= 0x55;
    }
    match random.u8(..4) {
        0 => damaged.truncate(random.usize(..damaged.len())),
        1 => damaged.extend_from_slice(&[7; 99]),
        _ if damaged == right => damaged[right.len() / 2] ^= 1,
        _ => {}
    }
    damaged
}

fn sample(seed: u64) -> Sample {
    let mut sample = Sample::new(seed);
    sample.place = PartPlace::Beside;
    sample
}

fn verify(sample: &Sample, disk: &SimDisk) -> Result<(Checkup, Opened<SimDisk>), StoreError> {
    let manifest = Arc::clone(&sample.manifest);
    PartFile::verify(disk, &sample.meta, manifest, &|| true)
}

/// Verifies, and receives what is bad; gives what was asked for.
fn repair(sample: &Sample, disk: &SimDisk) -> Result<(Checkup, Vec<ChunkIndex>), StoreError> {
    let (checkup, opened) = verify(sample, disk)?;
    let mut asked = Vec::new();
    if let Opened::Part { part, have, .. } = opened {
        let all = sample.meta.layout.all();
        for chunk in all.iter().filter(|chunk| !have.contains(*chunk)) {
            let range = sample.meta.layout.byte_range(chunk);
            let right = &sample.bytes[range.start as usize..range.end as usize];
            for checked in part.check(vec![(chunk, right)]) {
                assert!(part.write(&checked)?);
            }
            asked.push(chunk);
        }
        part.finish()?;
    }
    Ok((checkup, asked))
}

/// Chunks of a content that are not as they should be.
fn bad_chunks(sample: &Sample, content: &[u8]) -> Vec<ChunkIndex> {
    let is_bad = |chunk: &ChunkIndex| {
        let range = sample.meta.layout.byte_range(*chunk);
        let range = range.start as usize..range.end as usize;
        content.get(range.clone()) != Some(&sample.bytes[range])
    };
    sample.meta.layout.all().iter().filter(is_bad).collect()
}

#[test]
fn only_what_is_bad_is_asked_for() {
    for_seeds(0..300, |seed| {
        let sample = sample(seed);
        let mut random = Rng::with_seed(seed);
        let disk = sample.disk(seed);
        let damaged = damage(&sample.bytes, &mut random);
        disk.put(sample.name(), &damaged);
        let bad = bad_chunks(&sample, &damaged);
        let (checkup, asked) = repair(&sample, &disk).unwrap();
        assert_eq!(asked, bad);
        let chunks = sample.meta.layout.chunk_count();
        let expected = Checkup {
            chunks,
            bad: bad.len() as u32,
        };
        assert_eq!(checkup, expected);
        assert_eq!(disk.content(sample.name()).unwrap(), sample.bytes);
        // Nothing is wrong with it any more, and nothing is left.
        let (checkup, opened) = verify(&sample, &disk).unwrap();
        assert_eq!(checkup.bad, 0);
        assert!(matches!(opened, Opened::AlreadyComplete(_)));
        let mut expected = [sample.name(), "other"];
        expected.sort_unstable();
        assert_eq!(disk.files(), expected);
        disk.cut_power();
        assert_eq!(disk.content(sample.name()).unwrap(), sample.bytes);
    });
}

/// Whatever stops it, the file is as it was or as it should be, and the next attempt makes it whole.
fn check_after(sample: &Sample, disk: &SimDisk, damaged: &[u8]) {
    let content = disk.content(sample.name()).expect("the file is gone");
    assert!(
        content == damaged || content == sample.bytes,
        "neither as it was nor as it should be"
    );
    assert_eq!(disk.content("other").unwrap(), b"mine");
    repair(sample, disk).unwrap();
    assert_eq!(disk.content(sample.name()).unwrap(), sample.bytes);
}

fn damaged_disk(sample: &Sample, seed: u64, at: u64) -> (SimDisk, Vec<u8>) {
    let disk = sample.disk(seed + at);
    let damaged = damage(&sample.bytes, &mut Rng::with_seed(seed));
    disk.put(sample.name(), &damaged);
    (disk, damaged)
}

fn operations(sample: &Sample, seed: u64) -> u64 {
    let (disk, _) = damaged_disk(sample, seed, 0);
    disk.set_fault(Fault::Kill { at: u64::MAX });
    repair(sample, &disk).unwrap();
    disk.operations()
}

#[test]
fn a_stop_at_every_operation_leaves_the_old_file_or_the_whole_one() {
    for_seeds(0..25, |seed| {
        let sample = sample(seed);
        for at in 0..=operations(&sample, seed) {
            let (disk, damaged) = damaged_disk(&sample, seed, at);
            disk.set_fault(Fault::Kill { at });
            let _ = repair(&sample, &disk);
            if Rng::with_seed(seed + at).bool() {
                disk.heal();
            } else {
                disk.cut_power();
            }
            check_after(&sample, &disk, &damaged);
        }
    });
}

#[test]
fn a_failure_at_every_operation_leaves_the_old_file_or_the_whole_one() {
    for_seeds(0..25, |seed| {
        let sample = sample(seed);
        for at in 0..operations(&sample, seed) {
            for fault in [
                Fault::Full { from: at },
                Fault::Fail {
                    at,
                    error: Errno::IO,
                },
            ] {
                let (disk, damaged) = damaged_disk(&sample, seed, at);
                disk.set_fault(fault);
                let _ = repair(&sample, &disk);
                if Rng::with_seed(seed + at).bool() {
                    disk.heal();
                } else {
                    disk.cut_power();
                }
                check_after(&sample, &disk, &damaged);
            }
        }
    });
}

#[test]
fn another_file_that_takes_the_name_meanwhile_is_not_replaced() {
    let sample = sample(3);
    let (disk, _) = damaged_disk(&sample, 3, 0);
    let (_, opened) = verify(&sample, &disk).unwrap();
    let Opened::Part { part, have, .. } = opened else {
        panic!("it was damaged");
    };
    disk.put(sample.name(), b"another");
    for chunk in sample
        .meta
        .layout
        .all()
        .iter()
        .filter(|c| !have.contains(*c))
    {
        let range = sample.meta.layout.byte_range(chunk);
        let right = &sample.bytes[range.start as usize..range.end as usize];
        for checked in part.check(vec![(chunk, right)]) {
            assert!(part.write(&checked).unwrap());
        }
    }
    assert!(matches!(part.finish(), Err(StoreError::Changed(_))));
    assert_eq!(disk.content(sample.name()).unwrap(), b"another");
}

#[test]
fn it_stops_when_it_is_told_to_and_goes_on_with_what_it_has() {
    let folder = Folder::new();
    let path = folder.root.path().join("a");
    let mut damaged = bytes();
    damaged[1 << 20] ^= 1;
    std::fs::write(&path, &damaged).unwrap();
    let (meta, manifest) = file("a");
    let asked = std::cell::Cell::new(0);
    for most in 0..2 {
        asked.set(0);
        let keep_on = || asked.replace(asked.get() + 1) < most;
        let stopped = PartFile::verify(&folder.root, &meta, Arc::clone(&manifest), &keep_on);
        assert!(stopped.is_err());
        assert_eq!(std::fs::read(&path).unwrap(), damaged);
    }
    let verified = PartFile::verify(&folder.root, &meta, manifest, &|| true);
    let Ok((checkup, Opened::Part { part, have, notes })) = verified else {
        panic!("{verified:?}");
    };
    assert_eq!((checkup, have.len()), (Checkup { chunks: 4, bad: 1 }, 3));
    let foreign = notes.iter().any(|n| matches!(n, PartNote::SetAside { .. }));
    assert!(!foreign, "{notes:?}");
    let chunk = ChunkIndex(1);
    let checked = part.check(vec![(chunk, super::chunk(1))]);
    assert!(part.write(&checked[0]).unwrap());
    part.finish().unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), bytes());
    assert_eq!(folder.entries(), ["a"]);
}

#[test]
fn there_must_be_a_file() {
    let folder = Folder::new();
    let (meta, manifest) = file("a");
    let nothing = PartFile::verify(&folder.root, &meta, Arc::clone(&manifest), &|| true);
    assert!(matches!(nothing, Err(StoreError::NotFound(_))));
    std::fs::create_dir(folder.root.path().join("a")).unwrap();
    assert!(PartFile::verify(&folder.root, &meta, manifest, &|| true).is_err());
    assert!(!folder.root.has_file(&meta.name));
}
