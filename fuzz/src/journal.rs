//! The journal beside a part file: as it is written, and as anything else.

use std::{collections::BTreeSet, fs::File, io::Write};

use arbitrary::{Arbitrary, Unstructured};
use rustix::fs::{MemfdFlags, memfd_create};
use trozos::{
    model::{ChunkIndex, ChunkSet, FileMeta, samples},
    store::fuzzing::{JournalWriter, read_journal},
};

const MIB: u64 = 1 << 20;

/// What happens to a journal while it is written.
#[derive(Arbitrary, Debug)]
enum Step {
    Written(u8),
    Synced,
    Forget,
}

/// The first byte says how many chunks the file has; odd, and the rest is a journal; even, and it is a story
/// of one, and the damage that is done to it.
pub fn journal(data: &[u8]) {
    let Some((&first, rest)) = data.split_first() else {
        return;
    };
    let file = meta(u32::from(first / 2));
    if first % 2 == 1 {
        any_bytes(&file, rest);
    } else {
        story(&file, rest);
    }
}

/// A file in memory.
pub(crate) fn in_memory() -> File {
    let file = memfd_create("journal", MemfdFlags::CLOEXEC);
    file.expect("a file in memory can be made").into()
}

fn meta(chunks: u32) -> FileMeta {
    samples::meta("a", u64::from(chunks) * MIB, 7)
}

/// What is read of any bytes is within the file, and is the same when it is written anew.
fn any_bytes(meta: &FileMeta, bytes: &[u8]) {
    let mut file = in_memory();
    file.write_all(bytes).expect("memory");
    let Some((synced, unsure)) = read_journal(&mut file, meta).expect("memory") else {
        return;
    };
    for set in [&synced, &unsure] {
        assert_eq!(set.chunk_count(), meta.layout.chunk_count());
    }
    assert!(!synced.iter().any(|chunk| unsure.contains(chunk)));
    let mut anew = in_memory();
    let writer = anew.try_clone().expect("a second handle");
    JournalWriter::start(writer, meta, &synced).expect("memory");
    let nothing = ChunkSet::new(meta.layout.chunk_count());
    assert_eq!(
        read_journal(&mut anew, meta).expect("memory"),
        Some((synced, nothing))
    );
}

/// Undamaged it says what was written; cut or damaged, never more.
fn story(meta: &FileMeta, data: &[u8]) {
    let mut input = Unstructured::new(data);
    let Ok((cut, damage, change)) = input.arbitrary::<(Option<u16>, u16, u8)>() else {
        return;
    };
    let chunks = meta.layout.chunk_count();
    let mut file = in_memory();
    let writer = file.try_clone().expect("a second handle");
    let mut writer = JournalWriter::start(writer, meta, &ChunkSet::new(chunks)).expect("memory");
    let (mut written, mut ever, mut synced) = (Vec::new(), BTreeSet::new(), 0);
    let mut most_synced = BTreeSet::<ChunkIndex>::new();
    // A journal of more records than this cannot come to be, and is not read to its end.
    for step in crate::steps::<Step>(&mut input, chunks as usize) {
        match step {
            Step::Written(_) if chunks == 0 => {}
            Step::Written(chunk) => {
                let chunk = ChunkIndex(u32::from(chunk) % chunks);
                writer.written(chunk).expect("memory");
                written.push(chunk);
                ever.insert(chunk);
            }
            Step::Synced => {
                writer.synced().expect("memory");
                synced = written.len();
                most_synced.extend(&written);
            }
            Step::Forget => {
                writer.forget_unsynced().expect("memory");
                written.truncate(synced);
                // The writer is not asked to sync again after that.
                break;
            }
        }
    }
    let whole = read_journal(&mut file, meta).expect("memory");
    let (on_disk, unsure) = whole.expect("it is this file's");
    let expected: BTreeSet<_> = written[..synced].iter().copied().collect();
    assert_eq!(on_disk.iter().collect::<BTreeSet<_>>(), expected);
    let later: BTreeSet<_> = written[synced..].iter().copied().collect();
    let later: BTreeSet<_> = later.difference(&expected).copied().collect();
    assert_eq!(unsure.iter().collect::<BTreeSet<_>>(), later);

    let length = file.metadata().expect("memory").len();
    let cut = cut.map_or(length, |cut| u64::from(cut) % (length + 1));
    file.set_len(cut).expect("memory");
    if cut > 0 {
        use std::os::unix::fs::FileExt;
        let (at, mut byte) = (u64::from(damage) % cut, [0]);
        file.read_exact_at(&mut byte, at).expect("memory");
        byte[0] ^= change;
        file.write_all_at(&byte, at).expect("memory");
    }
    if let Some((on_disk, unsure)) = read_journal(&mut file, meta).expect("memory") {
        assert!(on_disk.iter().all(|chunk| most_synced.contains(&chunk)));
        assert!(unsure.iter().all(|chunk| ever.contains(&chunk)));
    }
}
