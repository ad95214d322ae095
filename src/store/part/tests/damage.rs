//! Part files and journals that are cut, damaged, emptied or exchanged.

use fastrand::Rng;

use super::{
    super::{Opened, PartNote, PartPlace},
    power::{Sample, for_seeds},
    sim::SimDisk,
};
use crate::model::{ChunkIndex, ChunkSet};

/// Chunks before a sync, and after it.
const SYNCED: [u32; 3] = [4, 0, 2];
const UNSURE: [u32; 2] = [5, 1];
/// Bytes of a record of the journal.
const RECORD_BYTES: usize = 16;

/// A part file of which some chunks are there.
fn half(sample: &Sample, seed: u64) -> SimDisk {
    let disk = sample.disk(seed);
    let Ok(Opened::Part { part, .. }) = sample.open(&disk) else {
        panic!("nothing has the name");
    };
    let write = |chunks: &[u32]| {
        for chunk in chunks {
            let chunk = ChunkIndex(*chunk);
            let range = sample.meta.layout.byte_range(chunk);
            let bytes = &sample.bytes[range.start as usize..range.end as usize];
            for checked in part.check(vec![(chunk, bytes)]) {
                assert!(part.write(&checked).unwrap());
            }
        }
    };
    write(&SYNCED);
    part.sync().unwrap();
    write(&UNSURE);
    disk
}

fn journal(sample: &Sample) -> String {
    format!("{}-diario", sample.part())
}

/// Receives the rest; what was there of it, and what was said.
fn go_on(sample: &Sample, disk: &SimDisk, seed: u64) -> (Vec<u32>, Vec<PartNote>) {
    let run = sample.receive(disk, &mut Rng::with_seed(seed));
    assert_eq!(run.end, Ok(()));
    assert_eq!(disk.content(sample.name()).unwrap(), sample.bytes);
    assert_eq!(disk.content("other").unwrap(), b"mine");
    assert!(disk.content(&sample.part()).is_none());
    (indexes(&run.had), run.notes)
}

fn indexes(chunks: &ChunkSet) -> Vec<u32> {
    chunks.iter().map(|chunk| chunk.0).collect()
}

fn sorted(chunks: impl Iterator<Item = u32>) -> Vec<u32> {
    let mut sorted: Vec<_> = chunks.collect();
    sorted.sort_unstable();
    sorted
}

fn all() -> Vec<u32> {
    sorted(SYNCED.into_iter().chain(UNSURE))
}

#[test]
fn a_journal_cut_at_every_byte_keeps_what_it_still_names() {
    for_seeds(0..10, |seed| {
        let sample = Sample::new(seed);
        let whole = half(&sample, seed).content(&journal(&sample)).unwrap();
        let header = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
        for cut in 0..whole.len() {
            let disk = half(&sample, seed);
            disk.put(&journal(&sample), &whole[..cut]);
            let (had, notes) = go_on(&sample, &disk, seed);
            let expected = match cut.checked_sub(header) {
                // No journal any more: every chunk was read.
                None => all(),
                Some(rest) => {
                    let records = rest / RECORD_BYTES;
                    // The record of the sync is one as well.
                    let named = if records > SYNCED.len() {
                        records - 1
                    } else {
                        records
                    };
                    sorted(SYNCED.into_iter().chain(UNSURE).take(named))
                }
            };
            assert_eq!(had, expected, "cut at {cut}");
            // A journal that names nothing and a file with something in it do not contradict each other.
            assert_eq!(notes, []);
        }
    });
}

#[test]
fn a_journal_with_any_byte_wrong_is_never_believed_too_much() {
    for_seeds(0..10, |seed| {
        let sample = Sample::new(seed);
        let whole = half(&sample, seed).content(&journal(&sample)).unwrap();
        for at in 0..whole.len() {
            let disk = half(&sample, seed);
            let mut wrong = whole.clone();
            wrong[at] ^= 1 << (at % 8);
            disk.put(&journal(&sample), &wrong);
            let (had, notes) = go_on(&sample, &disk, seed);
            assert!(had.iter().all(|chunk| all().contains(chunk)));
            assert_eq!(notes, []);
        }
    });
}

#[test]
fn a_part_file_of_any_length_keeps_its_good_chunks() {
    for_seeds(0..10, |seed| {
        let sample = Sample::new(seed);
        let part = half(&sample, seed).content(&sample.part()).unwrap();
        for length in 0..part.len() + 50 {
            let disk = half(&sample, seed);
            let mut bytes = part.clone();
            bytes.resize(length, 7);
            disk.put(&sample.part(), &bytes);
            let is_within =
                |chunk: u32| sample.meta.layout.byte_range(ChunkIndex(chunk)).end <= length as u64;
            let expected: Vec<_> = all().into_iter().filter(|c| is_within(*c)).collect();
            let lost = SYNCED.iter().filter(|c| !is_within(**c)).count() as u32;
            let (had, notes) = go_on(&sample, &disk, seed);
            assert_eq!(had, expected, "{length} bytes");
            let is_damage = |note: &PartNote| *note == PartNote::Damaged { chunks: lost };
            assert!(
                notes.iter().all(|note| is_damage(note) || is_aside(note)),
                "{notes:?}"
            );
            assert_eq!(notes.is_empty(), lost == 0, "{notes:?}");
        }
    });
}

fn is_aside(note: &PartNote) -> bool {
    matches!(note, PartNote::SetAside { .. })
}

#[test]
fn what_is_another_files_is_set_aside_and_not_touched() {
    for_seeds(0..200, |seed| {
        let sample = Sample::new(seed);
        let mut random = Rng::with_seed(seed + 2_000_000);
        let length = match random.u8(..3) {
            0 => sample.bytes.len(),
            1 => random.usize(1..sample.bytes.len()),
            _ => sample.bytes.len() + random.usize(1..99),
        };
        let foreign: Vec<u8> = (0..length).map(|_| random.u8(1..)).collect();
        let other = Sample::new(seed + 1_000_000);
        let others_journal = {
            let disk = half(&other, seed);
            disk.content(&journal(&other)).unwrap()
        };
        for its_journal in [None, Some(&b""[..]), Some(b"{}\n"), Some(&others_journal)] {
            let disk = half(&sample, seed);
            disk.put(&sample.part(), &foreign);
            if let Some(bytes) = its_journal {
                disk.put(&journal(&sample), bytes);
            }
            let (had, notes) = go_on(&sample, &disk, seed);
            assert!(had.is_empty());
            if sample.place == PartPlace::Hidden {
                continue;
            }
            let aside = format!("{}.1.part", sample.name());
            let to = std::path::Path::new("/disk").join(&aside);
            assert_eq!(notes, [PartNote::SetAside { to }]);
            assert_eq!(disk.content(&aside).unwrap(), foreign);
            if let Some(bytes) = its_journal {
                assert_eq!(disk.content(&format!("{aside}-diario")).unwrap(), bytes);
            }
        }
    });
}

#[test]
fn a_good_part_file_is_known_without_its_journal() {
    for_seeds(0..50, |seed| {
        let sample = Sample::new(seed);
        let other = Sample::new(seed + 1_000_000);
        let others_journal = half(&other, seed).content(&journal(&other)).unwrap();
        for bytes in [&b""[..], b"\n", &others_journal] {
            let disk = half(&sample, seed);
            disk.put(&journal(&sample), bytes);
            assert_eq!(go_on(&sample, &disk, seed), (all(), vec![]));
        }
    });
}

#[test]
fn emptied_files_start_anew() {
    for_seeds(0..50, |seed| {
        let sample = Sample::new(seed);
        for has_journal in [true, false] {
            let disk = half(&sample, seed);
            disk.put(&sample.part(), b"");
            let mut expected = vec![PartNote::Damaged {
                chunks: SYNCED.len() as u32,
            }];
            if !has_journal {
                disk.put(&journal(&sample), b"");
                expected.clear();
            }
            assert_eq!(go_on(&sample, &disk, seed), (vec![], expected));
        }
        // Space that was reserved, and a journal that did not come to the disk.
        let disk = half(&sample, seed);
        disk.put(&sample.part(), &vec![0; sample.bytes.len()]);
        disk.put(&journal(&sample), b"");
        let over = vec![PartNote::StartedOver];
        assert_eq!(go_on(&sample, &disk, seed), (vec![], over));
    });
}
