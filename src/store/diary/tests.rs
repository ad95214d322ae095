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

/// A diary as the first format had it: all in one file.
fn one_file(last: u64) -> Vec<u8> {
    let mut bytes =
        format!("{{\"trozos_journal\":1,\"cluster\":\"{CLUSTER}\",\"snapshot\":0}}\n").into_bytes();
    bytes.extend(format::encode(CLUSTER, 0, &snapshot(0).body));
    for seq in 1..=last {
        bytes.extend(format::encode(CLUSTER, seq, &body(seq)));
    }
    bytes
}

fn segment(number: u64) -> String {
    format!("{NAME}.{number:06}")
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
            // Also one that stands for less than all.
            let first = diary.segment.snapshot;
            diary.restart(&snapshot(random.u64(first..=diary.seq())))?;
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

/// Runs that are killed, fail, and lose their power, each at some operation.
fn interrupted(seed: u64) {
    let mut random = Rng::with_seed(seed);
    let disk = disk(seed);
    let mut promised = Promised::default();
    if random.u8(..4) == 0 {
        let last = random.u64(..6);
        disk.put(NAME, &one_file(last));
        promised.seq = Some(last);
    }
    for _ in 0..6 {
        let at = random.u64(..60);
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
    let files = disk.files();
    let (ours, others): (Vec<_>, Vec<_>) = files.iter().partition(|file| file.starts_with(NAME));
    assert_eq!(others, ["other"], "{seed}");
    // The head, and two segments at most.
    assert!(ours.len() <= 3 && ours[0] == NAME, "{seed}: {ours:?}");
    assert_eq!(disk.content("other").as_deref(), Some(&b"mine"[..]));
    let survey = segments::survey_on(&disk, name()).unwrap();
    assert!(survey.segments.iter().all(|segment| segment.found.is_ok()));
}

#[test]
fn nothing_that_was_appended_is_lost_when_the_power_goes_at_any_operation() {
    (0..4000).for_each(interrupted);
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
        let again = diary.restart(&snapshot(diary.seq()));
        assert!(failed && diary.append(b"x").is_err() && again.is_err());
    }
}

#[test]
fn a_diary_of_one_file_is_divided_and_goes_on() {
    let disk = disk(1);
    disk.put(NAME, &one_file(3));
    let mut opened = Diary::open_on(disk.clone(), name()).unwrap().unwrap();
    assert_eq!(opened.found.last(), 3);
    assert_eq!(opened.diary.append(&body(4)).unwrap(), 4);
    drop(opened);
    let head = disk.content(NAME).unwrap();
    assert_eq!(head, format::head(CLUSTER));
    assert_eq!(disk.files(), [NAME, &segment(1), "other"]);
    let opened = Diary::open_on(disk.clone(), name()).unwrap().unwrap();
    check(
        &opened.found,
        Promised {
            seq: Some(4),
            begun: 4,
        },
    );
    drop(opened);
    // The old file in the place of the head, as somebody may put it there who restores a copy.
    disk.put(NAME, &one_file(3));
    let refused = Diary::open_on(disk.clone(), name());
    assert!(matches!(refused, Err(DiaryError::Foreign(_))));
}

#[test]
fn a_part_of_a_diary_is_told_to_be_one() {
    let disk = disk(1);
    let mut diary = Diary::create_on(disk.clone(), name(), CLUSTER, &snapshot(0)).unwrap();
    diary.append(&body(1)).unwrap();
    drop(diary);
    let whole = (
        disk.content(NAME).unwrap(),
        disk.content(&segment(1)).unwrap(),
    );
    let folder = disk.folder(".", Make::Nothing).unwrap();
    let incomplete = |disk: &SimDisk| {
        let refused = Diary::open_on(disk.clone(), name());
        matches!(refused, Err(DiaryError::Incomplete(_)))
    };
    folder.remove(NAME).unwrap();
    assert!(incomplete(&disk));
    disk.put(NAME, &whole.0);
    folder.remove(segment(1)).unwrap();
    assert!(incomplete(&disk));
    assert!(segments::survey_on(&disk, name()).is_err());
    // A segment under another number is not taken for that one.
    disk.put(&segment(2), &whole.1);
    let refused = Diary::open_on(disk.clone(), name());
    assert!(matches!(refused, Err(DiaryError::Foreign(_))));
}

#[test]
fn a_segment_begins_with_any_snapshot_and_the_one_before_is_kept() {
    let disk = disk(1);
    let mut diary = Diary::create_on(disk.clone(), name(), CLUSTER, &snapshot(0)).unwrap();
    for seq in 1..=5 {
        diary.append(&body(seq)).unwrap();
    }
    diary.restart(&snapshot(3)).unwrap();
    assert_eq!((diary.seq(), diary.segment()), (5, 2));
    assert_eq!(diary.snapshot().unwrap(), snapshot(3));
    let seqs = |from, most| {
        let found = diary.since(from, most).unwrap();
        found.iter().map(|batch| batch.seq).collect::<Vec<_>>()
    };
    assert_eq!(seqs(2, 100), [2, 3, 4, 5]);
    assert_eq!(seqs(4, 1), [4]);
    assert!(seqs(6, 100).is_empty());
    assert!(diary.restart(&snapshot(2)).is_err(), "it is older");
    drop(diary);
    let mut diary = Diary::open_on(disk.clone(), name()).unwrap().unwrap().diary;
    // One that is ahead of all: what is between was never here.
    diary.restart(&snapshot(9)).unwrap();
    assert_eq!(diary.append(&body(10)).unwrap(), 10);
    let found = diary.since(1, 100).unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(disk.files(), [NAME, &segment(3), &segment(4), "other"]);
}

#[test]
fn damage_is_told_and_not_taken_for_a_write_that_was_cut_off() {
    let disk = disk(1);
    let mut diary = Diary::create_on(disk.clone(), name(), CLUSTER, &snapshot(0)).unwrap();
    let mut ends = vec![diary.segment.end];
    for seq in 1..=4 {
        diary.append(&body(seq)).unwrap();
        ends.push(diary.segment.end);
    }
    let whole = disk.content(&segment(1)).unwrap();
    let good = read(Path::new(NAME), &whole).unwrap();
    assert_eq!((good.batches.len(), good.cut), (4, None));
    let before_last = ends[3] as usize;
    for at in 0..whole.len() {
        for flip in [1, 0x80, 0xff] {
            let mut bytes = whole.clone();
            bytes[at] ^= flip;
            match segments::read_segment(Path::new(NAME), &bytes, CLUSTER, 1) {
                Ok(found) => {
                    // The last record is bad, and nothing follows.
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
    let mut bytes = format::header(CLUSTER, 1, 0);
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
    diary.restart(&snapshot(1)).unwrap();
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
        "{\"trozos_journal\":3,\"cluster\":\"x\",\"segments\":0}\n",
    )
    .unwrap();
    let is_later = matches!(
        Diary::open(&later),
        Err(DiaryError::Later { version: 3, .. })
    );
    assert!(is_later);
}
