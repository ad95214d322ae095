//! What need not be sent: holes, and chunks of other files.

use std::os::unix::fs::MetadataExt as _;

use super::*;
use crate::store::disk::Content as _;

/// A file with this content.
fn of(name: &str, bytes: &[u8]) -> (FileMeta, Arc<Manifest>) {
    let layout = ChunkLayout::for_file(bytes.len() as u64).unwrap();
    let chunks = bytes.chunks(layout.chunk_bytes() as usize).map(sha256);
    let manifest = Manifest::new(layout, sha256(bytes), chunks.collect()).unwrap();
    let meta = FileMeta {
        name: FileName::try_from(name).unwrap(),
        layout,
        id: manifest_id(&manifest),
    };
    (meta, Arc::new(manifest))
}

/// Bytes that do not repeat.
fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut bytes = vec![0; length];
    fastrand::Rng::with_seed(seed).fill(&mut bytes);
    bytes
}

fn part_of(folder: &Folder, name: &str, bytes: &[u8]) -> (Box<PartFile>, ChunkSet) {
    let (meta, manifest) = of(name, bytes);
    let (existing, place) = (Existing::Overwrite, PartPlace::Beside);
    match PartFile::open(&folder.root, &meta, manifest, existing, place).unwrap() {
        Opened::Part { part, have, .. } => (part, have),
        Opened::AlreadyComplete(path) => panic!("{path:?}"),
    }
}

/// Writes what is lacking; gives which chunks that were.
fn receive(part: &PartFile, bytes: &[u8]) -> Vec<u32> {
    let have = part.have();
    let chunks = bytes.chunks(1 << 20).enumerate();
    let lacking = chunks.filter(|(index, _)| !have.contains(ChunkIndex(*index as u32)));
    let write_one = |(index, chunk): (usize, &[u8])| {
        assert!(write(part, index as u32, chunk));
        index as u32
    };
    lacking.map(write_one).collect()
}

fn path(folder: &Folder, name: &str) -> PathBuf {
    folder.root.path().join(name)
}

/// Bytes on the disk.
fn space(folder: &Folder, name: &str) -> u64 {
    std::fs::metadata(path(folder, name)).unwrap().blocks() * 512
}

fn known(folder: &Folder, name: &str, bytes: &[u8]) -> OwnFile {
    let file = File::open(path(folder, name)).unwrap();
    OwnFile::known(file, of(name, bytes).1)
}

#[test]
fn zeros_are_not_asked_for_and_take_no_space() {
    let folder = Folder::new();
    // Chunks: data, zeros, a little in the middle of zeros, zeros, zeros that end early.
    let mut bytes = noise(1 << 20, 1);
    bytes.resize((4 << 20) + 77, 0);
    bytes[(2 << 20) + 300_000..][..4096].fill(7);
    let (part, have) = part_of(&folder, "disco.img", &bytes);
    assert!(have.is_empty());
    assert_eq!(receive(&part, &bytes), [0, 2]);
    part.finish().unwrap();
    assert_eq!(std::fs::read(path(&folder, "disco.img")).unwrap(), bytes);
    let used = space(&folder, "disco.img");
    assert!(used <= (1 << 20) + (128 << 10), "{used} bytes on the disk");
}

#[test]
fn only_what_will_be_written_is_set_aside_and_promised() {
    let folder = Folder::new();
    // Chunks: data, zeros, zeros, data, zeros that end early.
    let mut bytes = noise(1 << 20, 1);
    bytes.resize(3 << 20, 0);
    bytes.extend(noise(1 << 20, 2));
    bytes.resize((4 << 20) + 77, 0);
    let (part, _) = part_of(&folder, "a", &bytes);
    assert_eq!(part.promise.lacking(), 2 << 20);
    assert!(space(&folder, "a.part") <= (2 << 20) + (64 << 10));
    assert!(write(&part, 3, &bytes[3 << 20..4 << 20]));
    // These are there, and nothing comes of writing them.
    for (index, end) in [(1, 2 << 20), (4, bytes.len())] {
        assert!(write(&part, index, &bytes[(index as usize) << 20..end]));
    }
    assert_eq!(part.promise.lacking(), 1 << 20);
    part.put_away().unwrap();
    drop(part);
    assert!(space(&folder, "a.part") <= (1 << 20) + (64 << 10));
    let (part, have) = part_of(&folder, "a", &bytes);
    assert_eq!(have.iter().map(|c| c.0).collect::<Vec<_>>(), [3]);
    assert_eq!(part.promise.lacking(), 1 << 20);
    // What this disk has is no longer lacking either.
    std::fs::write(path(&folder, "older"), &bytes[..1 << 20]).unwrap();
    let older = known(&folder, "older", &bytes[..1 << 20]);
    let taken = part.take_own([older].into_iter(), &|| true).unwrap();
    assert_eq!((taken, part.promise.lacking()), (1 << 20, 0));
    part.finish().unwrap();
    assert_eq!(std::fs::read(path(&folder, "a")).unwrap(), bytes);
    assert!(space(&folder, "a") <= (2 << 20) + (64 << 10));
}

#[test]
fn a_file_of_nothing_but_zeros_needs_nothing() {
    let folder = Folder::new();
    let bytes = vec![0; (5 << 20) + 1];
    let (part, _) = part_of(&folder, "vacío", &bytes);
    assert!(part.have().is_full());
    part.finish().unwrap();
    assert_eq!(std::fs::read(path(&folder, "vacío")).unwrap(), bytes);
    assert!(space(&folder, "vacío") <= 64 << 10);
}

#[test]
fn what_stood_where_there_are_zeros_is_gone() {
    let folder = Folder::new();
    let mut bytes = noise(3 << 20, 2);
    // An earlier version was being received.
    let (part, _) = part_of(&folder, "a", &bytes);
    receive(&part, &bytes);
    part.sync().unwrap();
    drop(part);
    bytes[1 << 20..2 << 20].fill(0);
    let (part, have) = part_of(&folder, "a", &bytes);
    assert_eq!(have.iter().map(|c| c.0).collect::<Vec<_>>(), [0, 2]);
    assert!(receive(&part, &bytes).is_empty());
    part.finish().unwrap();
    assert_eq!(std::fs::read(path(&folder, "a")).unwrap(), bytes);
    assert!(space(&folder, "a") <= (2 << 20) + (64 << 10));
}

#[test]
fn only_what_was_appended_is_lacking() {
    let folder = Folder::new();
    let old = noise((40 << 20) + 99, 3);
    std::fs::write(path(&folder, "a"), &old).unwrap();
    let mut bytes = old.clone();
    bytes.extend(noise(1 << 20, 4));
    for is_known in [true, false] {
        let (part, _) = part_of(&folder, "a", &bytes);
        let own = if is_known {
            known(&folder, "a", &old)
        } else {
            OwnFile::named(&folder.root, &Spot::from(&FileName::try_from("a").unwrap())).unwrap()
        };
        let taken = part.take_own([own].into_iter(), &|| true).unwrap();
        assert_eq!(taken, 40 << 20);
        assert_eq!(receive(&part, &bytes), [40, 41]);
        drop(part);
        std::fs::remove_file(path(&folder, "a.part")).unwrap();
    }
}

#[test]
fn a_file_under_another_name_is_all_there_wherever_its_chunks_are() {
    let folder = Folder::new();
    let old = noise(6 << 20, 5);
    std::fs::write(path(&folder, "old"), &old).unwrap();
    let mut bytes: Vec<u8> = old.chunks(1 << 20).rev().flatten().copied().collect();
    bytes.extend_from_slice(&old[2 << 20..3 << 20]);
    let (part, _) = part_of(&folder, "new", &bytes);
    let files = [known(&folder, "old", &old)];
    assert_eq!(part.take_own(files.into_iter(), &|| true).unwrap(), 7 << 20);
    part.finish().unwrap();
    assert_eq!(std::fs::read(path(&folder, "new")).unwrap(), bytes);
}

#[test]
fn chunks_that_are_not_what_is_known_of_them_are_not_taken() {
    let folder = Folder::new();
    let bytes = noise(5 << 20, 6);
    let mut rotten = bytes.clone();
    rotten[(3 << 20) + 9] ^= 1;
    rotten.truncate((4 << 20) + 9);
    std::fs::write(path(&folder, "old"), &rotten).unwrap();
    let (part, _) = part_of(&folder, "new", &bytes);
    let files = [known(&folder, "old", &bytes)];
    assert_eq!(part.take_own(files.into_iter(), &|| true).unwrap(), 3 << 20);
    assert_eq!(receive(&part, &bytes), [3, 4]);
    part.finish().unwrap();
    assert_eq!(std::fs::read(path(&folder, "new")).unwrap(), bytes);
    assert_eq!(std::fs::read(path(&folder, "old")).unwrap(), rotten);
}

#[test]
fn holes_of_another_file_stay_holes() {
    let folder = Folder::new();
    let mut bytes = vec![0; 20 << 20];
    for at in (0..bytes.len()).step_by(1 << 20) {
        bytes[at + 500_000..][..8].copy_from_slice(&(at as u64 + 1).to_be_bytes());
    }
    let old = File::create(path(&folder, "old")).unwrap();
    old.set_len(bytes.len() as u64).unwrap();
    for at in (0..bytes.len()).step_by(1 << 20) {
        old.write_all_at(&bytes[at + 500_000..][..8], at as u64 + 500_000)
            .unwrap();
    }
    for own in [
        known(&folder, "old", &bytes),
        OwnFile {
            file: File::open(path(&folder, "old")).unwrap(),
            manifest: None,
            sample: 2,
        },
    ] {
        let (part, _) = part_of(&folder, "new", &bytes);
        assert_eq!(
            part.take_own([own].into_iter(), &|| true).unwrap(),
            20 << 20
        );
        part.finish().unwrap();
        assert_eq!(std::fs::read(path(&folder, "new")).unwrap(), bytes);
        let used = space(&folder, "new");
        assert!(
            used <= 20 * (64 << 10) + (64 << 10),
            "{used} bytes on the disk"
        );
        std::fs::remove_file(path(&folder, "new")).unwrap();
    }
}

#[test]
fn a_file_of_other_content_is_no_help_and_one_that_is_stopped_keeps_what_it_has() {
    let folder = Folder::new();
    let bytes = noise(50 << 20, 7);
    std::fs::write(path(&folder, "other"), noise(50 << 20, 8)).unwrap();
    std::fs::write(path(&folder, "same"), &bytes).unwrap();
    let (part, _) = part_of(&folder, "new", &bytes);
    let other = OwnFile::named(
        &folder.root,
        &Spot::from(&FileName::try_from("other").unwrap()),
    )
    .unwrap();
    assert_eq!(part.take_own([other].into_iter(), &|| true).unwrap(), 0);
    let asked = std::cell::Cell::new(0);
    let keep_on = || asked.replace(asked.get() + 1) < 2;
    let taken = part.take_own([known(&folder, "same", &bytes)].into_iter(), &keep_on);
    let taken = taken.unwrap();
    assert!((1 << 20..50 << 20).contains(&taken), "{taken}");
    part.sync().unwrap();
    drop(part);
    let (_, have) = part_of(&folder, "new", &bytes);
    assert_eq!(u64::from(have.len()) << 20, taken);
    let is_file = OwnFile::named(
        &folder.root,
        &Spot::from(&FileName::try_from("nobody").unwrap()),
    );
    assert!(is_file.is_none());
    assert!(File::open(path(&folder, "same")).unwrap().entry().is_ok());
}
