//! A download that is taken up again, whatever lies where its part file and its journal should be.

use std::{
    fs,
    io::Read,
    path::Path,
    sync::{Arc, LazyLock},
};

use arbitrary::{Arbitrary, Unstructured};
use trozos::{
    model::{ChunkIndex, ChunkLayout, ChunkSet, FileMeta, FileName, Manifest},
    store::{
        Existing, Opened, PartFile, PartNote, PartPlace, Root, fuzzing::JournalWriter, manifest_id,
        sha256,
    },
};

const MIB: usize = 1 << 20;
/// Lengths of files: up to three chunks, so that every chunk of which a journal speaks is looked at.
const LENGTHS: [usize; 5] = [0, 1, MIB, MIB + 1, 2 * MIB + 77];

struct Sample {
    content: Vec<u8>,
    meta: FileMeta,
    manifest: Arc<Manifest>,
}

static SAMPLES: LazyLock<Vec<Sample>> = LazyLock::new(|| LENGTHS.map(sample).into());

fn sample(length: usize) -> Sample {
    let content: Vec<u8> = (0..length).map(|i| (i % 251) as u8).collect();
    let layout = ChunkLayout::for_file(length as u64).expect("a short file");
    let digests = content.chunks(MIB).map(sha256).collect();
    let manifest = Manifest::new(layout, sha256(&content), digests).expect("all its chunks");
    let meta = FileMeta {
        name: FileName::try_from("a").expect("a name"),
        layout,
        id: manifest_id(&manifest),
    };
    Sample {
        content,
        meta,
        manifest: Arc::new(manifest),
    }
}

/// What lies where the part file should be.
#[derive(Arbitrary, Debug)]
enum Found<'a> {
    Nothing,
    /// The file, with changes of single bytes, and perhaps of another length.
    Changed {
        changes: [(u32, u8); 3],
        length: Option<u32>,
    },
    Bytes(&'a [u8]),
}

/// What lies where the journal should be.
#[derive(Arbitrary, Debug)]
enum Journal<'a> {
    Nothing,
    /// One that is in order, of some chunks.
    Of {
        chunks: Vec<u8>,
        synced: bool,
    },
    Bytes(&'a [u8]),
}

/// What is said to be there is right, and the rest makes it the file.
pub fn part(data: &[u8]) {
    let mut input = Unstructured::new(data);
    let Ok((length, found, journal)) = input.arbitrary::<(u8, Found<'_>, Journal<'_>)>() else {
        return;
    };
    let sample = &SAMPLES[usize::from(length) % LENGTHS.len()];
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() {
        tempfile::tempdir_in(memory)
    } else {
        tempfile::tempdir()
    };
    let folder = folder.expect("a temporary folder can be made");
    put_part(&folder.path().join("a.part"), sample, found);
    put_journal(&folder.path().join("a.part-diario"), sample, journal);
    go_on(folder.path(), sample);
}

fn put_part(path: &Path, sample: &Sample, found: Found<'_>) {
    match found {
        Found::Nothing => {}
        Found::Changed { changes, length } => {
            let mut bytes = sample.content.clone();
            for (at, change) in changes {
                if !bytes.is_empty() {
                    let at = at as usize % bytes.len();
                    bytes[at] ^= change;
                }
            }
            if let Some(length) = length {
                bytes.resize(length as usize % (4 * MIB), 0);
            }
            fs::write(path, bytes).expect("a file can be written");
        }
        Found::Bytes(bytes) => fs::write(path, bytes).expect("a file can be written"),
    }
}

fn put_journal(path: &Path, sample: &Sample, journal: Journal<'_>) {
    match journal {
        Journal::Nothing => {}
        Journal::Of { chunks, synced } => {
            let count = sample.meta.layout.chunk_count();
            let file = fs::File::create(path).expect("a file can be made");
            let mut journal = JournalWriter::start(file, &sample.meta, &ChunkSet::new(count))
                .expect("a journal can be written");
            for chunk in chunks {
                // Now and then one that the file lacks.
                let chunk = ChunkIndex(u32::from(chunk) % (count + 1));
                journal.written(chunk).expect("a journal can be written");
            }
            if synced {
                journal.synced().expect("a journal can be written");
            }
        }
        Journal::Bytes(bytes) => fs::write(path, bytes).expect("a file can be written"),
    }
}

fn go_on(folder: &Path, sample: &Sample) {
    let Sample {
        content,
        meta,
        manifest,
    } = sample;
    let root = Root::open(folder).expect("the folder is there");
    let manifest = Arc::clone(manifest);
    let opened = PartFile::open(&root, meta, manifest, Existing::Keep, PartPlace::Beside);
    let Opened::Part { part, have, notes } = opened.expect("nothing is in the way") else {
        panic!("nothing has the file's name");
    };
    let layout = meta.layout;
    let mut there = Vec::new();
    let file = fs::File::open(folder.join("a.part"));
    let read = file.and_then(|mut file| file.read_to_end(&mut there));
    read.expect("the part file can be read");
    let bytes_of = |chunk| {
        let range = layout.byte_range(chunk);
        range.start as usize..range.end as usize
    };
    for chunk in have.iter() {
        assert_eq!(
            there[bytes_of(chunk)],
            content[bytes_of(chunk)],
            "chunk {chunk}"
        );
    }
    let missing = layout.all().iter().filter(|chunk| !have.contains(*chunk));
    let missing = missing
        .map(|chunk| (chunk, &content[bytes_of(chunk)]))
        .collect();
    for checked in part.check(missing) {
        assert!(part.write(&checked).expect("a chunk can be written"));
    }
    part.sync().expect("memory can be synced");
    let path = part.finish().expect("the file is whole");
    assert!(fs::read(&path).expect("it can be read") == *content);
    let set_aside = notes
        .iter()
        .any(|note| matches!(note, PartNote::SetAside { .. }));
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let name = entry.expect("the folder can be read").file_name();
        let name = name.to_str().expect("ours are text");
        assert!(
            name == "a"
                || set_aside && name.starts_with("a.1.part")
                // A journal that is none is somebody's.
                || name == "a.1.part-diario",
            "{name} is left"
        );
    }
}
