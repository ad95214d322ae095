//! On a disk in memory: power cuts, kills and failures at every operation, and damage at every byte.

use std::ffi::OsStr;

use fastrand::Rng;
use rustix::io::Errno;

use super::*;
use crate::store::part::tests::sim::{Fault, SimDisk};

const CLUSTER: &str = "00112233445566778899aabbccddeeff";
const NAME: &str = "central.diario";

fn name() -> &'static OsStr {
    OsStr::new(NAME)
}

fn snapshot(seq: u64) -> Batch {
    Batch {
        seq,
        body: format!("all until {seq}").into_bytes(),
    }
}

fn body(seq: u64) -> Vec<u8> {
    format!(
        "what was recorded as {seq}, {}",
        "x".repeat(seq as usize % 7 * 10)
    )
    .into_bytes()
}

fn disk(seed: u64) -> SimDisk {
    let disk = SimDisk::new(seed);
    disk.put("other", b"mine");
    disk
}

/// What a run was promised: the last record, if there is a diary at all.
#[derive(Clone, Copy, Debug, Default)]
struct Promised {
    seq: Option<u64>,
    /// What it was writing last.
    begun: u64,
}

/// Opens or makes it, and appends with a snapshot now and then.
fn run(disk: &SimDisk, random: &mut Rng, promised: &mut Promised) -> Result<(), DiaryError> {
    let mut diary = match Diary::open_on(disk.clone(), name())? {
        Some(opened) => {
            check(&opened.found, *promised);
            opened.diary
        }
        None => {
            assert_eq!(promised.seq, None, "it is gone");
            Diary::create_on(disk.clone(), name(), CLUSTER, &snapshot(0))?
        }
    };
    promised.seq = Some(diary.seq());
    for _ in 0..random.u8(2..8) {
        if random.u8(..4) == 0 {
            diary.compact(&snapshot(diary.seq()).body)?;
            continue;
        }
        let seq = diary.seq() + 1;
        promised.begun = promised.begun.max(seq);
        assert_eq!(diary.append(&body(seq))?, seq);
        promised.seq = Some(seq);
    }
    Ok(())
}

/// All that was promised is there, as it was, and nothing that was never written.
fn check(found: &Found, promised: Promised) {
    let first = found.snapshot.seq;
    assert_eq!(found.snapshot, snapshot(first));
    for (seq, batch) in (first + 1..).zip(&found.batches) {
        assert_eq!((batch.seq, &batch.body), (seq, &body(seq)));
    }
    let last = first + found.batches.len() as u64;
    let promise = promised.seq.unwrap_or(0);
    assert!(
        (promise..=promised.begun.max(promise)).contains(&last),
        "{last}: {promised:?}"
    );
}

#[test]
fn nothing_that_was_appended_is_lost_when_the_power_goes_at_any_operation() {
    for seed in 0..400 {
        let mut random = Rng::with_seed(seed);
        let disk = disk(seed);
        let mut promised = Promised::default();
        for _ in 0..6 {
            let at = random.u64(..40);
            disk.set_fault(match random.u8(..3) {
                0 => Fault::Fail {
                    at,
                    error: Errno::IO,
                },
                _ => Fault::Kill { at },
            });
            let _ = run(&disk, &mut random, &mut promised);
            if random.u8(..3) > 0 {
                disk.cut_power();
            } else {
                disk.heal();
            }
        }
        run(&disk, &mut random, &mut promised).unwrap_or_else(|error| panic!("{seed}: {error}"));
        assert_eq!(disk.files(), [NAME, "other"], "{seed}");
        assert_eq!(disk.content("other").as_deref(), Some(&b"mine"[..]));
    }
}

#[test]
fn after_a_failure_nothing_is_written_any_more() {
    for at in 0..4 {
        let disk = disk(at);
        let mut diary = Diary::create_on(disk.clone(), name(), CLUSTER, &snapshot(0)).unwrap();
        disk.set_fault(Fault::Fail {
            at,
            error: Errno::IO,
        });
        let failed = (1..=3).any(|seq| diary.append(&body(seq)).is_err());
        disk.heal();
        assert!(failed && diary.append(b"x").is_err() && diary.compact(b"x").is_err());
    }
}

#[test]
fn damage_is_told_and_not_taken_for_a_write_that_was_cut_off() {
    let disk = disk(1);
    let mut diary = Diary::create_on(disk.clone(), name(), CLUSTER, &snapshot(0)).unwrap();
    let mut ends = vec![diary.end];
    for seq in 1..=4 {
        diary.append(&body(seq)).unwrap();
        ends.push(diary.end);
    }
    let whole = disk.content(NAME).unwrap();
    let good = read(Path::new(NAME), &whole).unwrap();
    assert_eq!((good.batches.len(), good.cut), (4, None));
    let before_last = ends[3] as usize;
    for at in 0..whole.len() {
        for flip in [1, 0x80, 0xff] {
            let mut bytes = whole.clone();
            bytes[at] ^= flip;
            match read(Path::new(NAME), &bytes) {
                Ok(found) => {
                    // The last record is bad, and nothing follows. Or a number that nobody reads was written otherwise.
                    assert!(at >= before_last, "byte {at}");
                    assert_eq!(found.batches, good.batches[..3], "byte {at}");
                    let bytes = whole.len() as u64 - ends[3];
                    assert_eq!(found.cut, Some(Cut { bytes }));
                }
                Err(DiaryError::Damaged {
                    at: told, follow, ..
                }) => {
                    let record = ends.iter().filter(|end| **end <= at as u64).count() as u64;
                    assert!(told <= at as u64 || record == 0, "byte {at}: {told}");
                    assert!(follow > 0 || (at as u64) < ends[0], "byte {at}");
                }
                Err(DiaryError::Foreign(_) | DiaryError::Later { .. }) => {
                    assert!((at as u64) < ends[0], "byte {at}");
                }
                Err(other) => panic!("byte {at}: {other}"),
            }
        }
        // Cut off anywhere behind the snapshot, all whole records before are there.
        if at as u64 >= ends[0] {
            let found = read(Path::new(NAME), &whole[..at]).unwrap();
            let whole_ones = ends[1..].iter().filter(|end| **end <= at as u64).count();
            assert_eq!(found.batches, good.batches[..whole_ones], "cut at {at}");
        }
    }
}

#[test]
fn records_of_another_cluster_are_none_of_this() {
    let mut bytes = format::header(CLUSTER, 0);
    bytes.extend(format::encode(CLUSTER, 0, b"all"));
    let other = format::encode("another", 1, b"x");
    let found = read(Path::new(NAME), &[&bytes[..], &other].concat()).unwrap();
    assert_eq!((found.batches.len(), found.cut.is_some()), (0, true));
}

#[test]
fn a_diary_is_one_process_s_and_other_files_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep").join(NAME);
    assert!(Diary::open(&path).unwrap().is_none());
    let mut diary = Diary::create(&path, CLUSTER, &snapshot(0)).unwrap();
    diary.append(&body(1)).unwrap();
    let busy = |error| matches!(error, DiaryError::Store(StoreError::Busy(_)));
    assert!(busy(Diary::open(&path).unwrap_err()));
    // The file that takes its place is locked as well.
    diary.compact(&snapshot(1).body).unwrap();
    assert!(busy(Diary::open(&path).unwrap_err()));
    diary.append(&body(2)).unwrap();
    drop(diary);
    let opened = Diary::open(&path).unwrap().unwrap();
    assert_eq!(
        (opened.found.snapshot, opened.diary.seq()),
        (snapshot(1), 2)
    );
    let foreign = folder.path().join("notes.txt");
    std::fs::write(&foreign, "mine").unwrap();
    assert_eq!(
        Diary::open(&foreign).unwrap_err(),
        DiaryError::Foreign(foreign.clone())
    );
    assert!(Diary::create(&foreign, CLUSTER, &snapshot(0)).is_err());
    assert_eq!(std::fs::read(&foreign).unwrap(), b"mine");
    let later = folder.path().join("later");
    std::fs::write(
        &later,
        "{\"trozos_journal\":2,\"cluster\":\"x\",\"snapshot\":0}\n",
    )
    .unwrap();
    let is_later = matches!(
        Diary::open(&later),
        Err(DiaryError::Later { version: 2, .. })
    );
    assert!(is_later);
}
