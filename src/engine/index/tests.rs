//! Rhythms of the machine that stories leave to chance: how often something is looked at again, and in what order.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use super::*;
use crate::model::{
    ChunkLayout, Digest, Extent, FileMeta, FileName, FileTime, IgnoredReason, IndexedFile, Look,
    Manifest, Origin, Seen, Stamp, SystemError, Writer, samples::name,
};

/// By the clock that dates files.
const NOW_S: i64 = 1_000_000;

struct Bench {
    now: Instant,
    index: Index,
    told: Vec<Notice>,
}

/// A file that nobody has touched for an hour.
fn seen(bytes: u64) -> Seen {
    Seen {
        stamp: Stamp {
            device: 1,
            inode: 2,
            bytes,
            changed: FileTime(NOW_S - 3600, 0),
        },
        status: FileTime(NOW_S - 3600, 0),
    }
}

fn content(name: &FileName, stamp: Stamp) -> Arc<IndexedFile> {
    let layout = ChunkLayout::for_file(stamp.bytes).unwrap();
    let digest = Digest::new([7; 32]);
    let chunks = vec![digest; layout.chunk_count() as usize];
    let manifest = Arc::new(Manifest::new(layout, digest, chunks).unwrap());
    let meta = FileMeta {
        name: name.clone(),
        layout,
        id: digest,
    };
    Arc::new(IndexedFile {
        meta,
        manifest,
        stamp,
    })
}

impl Bench {
    fn new(hash_threads: usize) -> Self {
        let now = Instant::now();
        let quiet = Duration::from_secs(4);
        let config = IndexConfig {
            quiet,
            look_every: None,
            hash_threads,
            scrub: None,
        };
        Self {
            now,
            index: Index::new(now, config),
            told: Vec::new(),
        }
    }

    fn feed(&mut self, event: Event) {
        self.index.handle_event(self.now, event);
    }

    /// The next thing that the machine wants from somebody else; nothing is known of any file.
    fn wanted(&mut self) -> Option<Action> {
        loop {
            match self.index.poll_action()? {
                Action::Tell(notice) => self.told.push(notice),
                Action::Recognise { name, stamp } => {
                    let found = Recognised::Unknown;
                    self.feed(Event::Recognised { name, stamp, found });
                }
                Action::Remember(_) | Action::ForgetOthers => {}
                action => return Some(action),
            }
        }
    }

    fn looked(&mut self, files: &[(FileName, Seen)]) {
        let (began, clock) = (self.now, FileTime(NOW_S, 0));
        let look = Look {
            files: files.iter().cloned().collect(),
            ..Look::default()
        };
        self.feed(Event::Looked { began, clock, look });
    }

    /// Answers a look at the processes: these files are open.
    fn found_writers(&mut self, asked: Vec<(FileName, Stamp)>, open: &[&str]) {
        let writer = Writer {
            process: 7,
            program: "editor".to_owned(),
        };
        let open: BTreeMap<_, _> = open
            .iter()
            .map(|text| (name(text), writer.clone()))
            .collect();
        let (began, processes) = (self.now, Processes::All);
        self.feed(Event::Writers {
            began,
            asked,
            open,
            processes,
        });
    }

    /// Lets time pass until the machine wants something. Looks see these files.
    fn wait(&mut self, files: &[(FileName, Seen)]) -> Action {
        loop {
            match self.wanted() {
                Some(Action::Look) => self.looked(files),
                Some(action) => return action,
                None => {
                    self.now = self.now.max(self.index.poll_timeout().unwrap());
                    self.index.handle_timeout(self.now);
                }
            }
        }
    }

    /// The next question is for writers: how long it took until then.
    fn asks_for_writers(&mut self, files: &[(FileName, Seen)], open: &[&str]) -> Duration {
        let began = self.now;
        match self.wait(files) {
            Action::FindWriters(asked) => self.found_writers(asked, open),
            other => panic!("{other:?}"),
        }
        self.now - began
    }

    fn reads(&mut self) -> (HashJob, FileName, Stamp) {
        match self.wait(&[]) {
            Action::Hash { job, name, stamp } => (job, name, stamp),
            other => panic!("{other:?}"),
        }
    }

    fn told(&self, what: impl Fn(&Notice) -> bool) -> usize {
        self.told.iter().filter(|notice| what(notice)).count()
    }
}

#[test]
fn a_file_that_is_open_is_looked_at_again_ever_more_seldom_until_it_is_closed() {
    let mut bench = Bench::new(1);
    let files = [(name("a"), seen(5))];
    for wait_ms in [0, 500, 1000, 2000, 4000, 4000] {
        let waited = bench.asks_for_writers(&files, &["a"]);
        assert_eq!(waited, Duration::from_millis(wait_ms));
    }
    // Its writer was heard to close it: the next look says that it is as it was.
    bench.feed(Event::Touched(name("a"), Touch::Closed));
    bench.feed(Event::Changed);
    let waited = bench.asks_for_writers(&files, &[]);
    assert_eq!(waited, Duration::from_millis(150));
    assert_eq!(bench.reads().1, name("a"));
}

#[test]
fn people_hear_once_of_a_file_that_stays_open_and_it_is_read_in_the_end() {
    let mut bench = Bench::new(1);
    let files = [(name("a"), seen(5))];
    let began = bench.now;
    while let Action::FindWriters(asked) = bench.wait(&files) {
        bench.found_writers(asked, &["a"]);
    }
    let took = bench.now - began;
    assert!((600..605).contains(&took.as_secs()), "{took:?}");
    assert_eq!(bench.index.snapshot().hashing, 1);
    let told = bench.told(|notice| matches!(notice, Notice::BeingWritten { .. }));
    assert_eq!(told, 1);
}

#[test]
fn a_file_that_cannot_be_read_is_tried_again_ever_more_seldom_or_when_it_changed() {
    let mut bench = Bench::new(1);
    let mut file = seen(5);
    let fail = |bench: &mut Bench, file: Seen| {
        let waited = bench.asks_for_writers(&[(name("a"), file)], &[]);
        let (job, ..) = bench.reads();
        let denied = SystemError::from(std::io::ErrorKind::PermissionDenied);
        let (after, read) = (Some(file), Read::Failed(denied));
        bench.feed(Event::Hashed { job, after, read });
        waited
    };
    for wait_s in [0, 30, 60, 120, 240, 480, 600, 600] {
        assert_eq!(fail(&mut bench, file), Duration::from_secs(wait_s));
    }
    let is_it = |notice: &Notice| matches!(notice, Notice::Ignored { .. });
    assert_eq!(bench.told(is_it), 1);
    // Its permissions are others: that it failed before says nothing.
    file.status = FileTime(NOW_S, 0);
    assert!(fail(&mut bench, file) <= Duration::from_secs(30));
    assert_eq!(fail(&mut bench, file), Duration::from_secs(30));
    assert_eq!(bench.told(is_it), 1);
}

#[test]
fn many_files_are_read_in_the_order_of_their_lengths_after_few_looks_at_the_processes() {
    const FILES: u64 = 50_000;
    let mut bench = Bench::new(1);
    let files = (0..FILES).map(|n| {
        let mut seen = seen(n * 7919 % FILES);
        seen.stamp.inode = n;
        (name(&format!("f{n}")), seen)
    });
    let files: Vec<_> = files.collect();
    let began = Instant::now();
    let (mut questions, mut last, mut read) = (0, 0, 0);
    while read < FILES {
        match bench.wait(&files) {
            Action::FindWriters(asked) => {
                questions += 1;
                bench.found_writers(asked, &[]);
            }
            Action::Hash { job, name, stamp } => {
                // The first ones are known before the others.
                assert!(stamp.bytes >= last || questions < 3, "{questions}");
                (last, read) = (stamp.bytes, read + 1);
                let after = Some(Seen { stamp, ..seen(0) });
                let read = Read::Content(content(&name, stamp));
                bench.feed(Event::Hashed { job, after, read });
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(questions <= 3, "{questions}");
    assert_eq!(bench.index.snapshot().served.files, FILES as usize);
    assert!(began.elapsed() < Duration::from_secs(20));
}

/// Lets the folder be read to its end as looks find it, and tells how what is served since came there.
fn origins(bench: &mut Bench, look: &Look) -> BTreeMap<FileName, Origin> {
    bench.told.clear();
    bench.feed(Event::Changed);
    let (end, clock) = (bench.now + Duration::from_secs(120), FileTime(NOW_S, 0));
    while bench.now < end {
        match bench.wanted() {
            Some(Action::Look) => {
                let (began, look) = (bench.now, look.clone());
                bench.feed(Event::Looked { began, clock, look });
            }
            Some(Action::FindWriters(asked)) => bench.found_writers(asked, &[]),
            Some(Action::Hash { job, name, stamp }) => {
                let after = Some(Seen { stamp, ..seen(0) });
                let read = Read::Content(content(&name, stamp));
                bench.feed(Event::Hashed { job, after, read });
            }
            Some(other) => panic!("{other:?}"),
            None => {
                bench.now += Duration::from_millis(100);
                bench.index.handle_timeout(bench.now);
            }
        }
    }
    let added = bench.told.iter().filter_map(|notice| match notice {
        Notice::Added { file, origin } => Some((file.meta.name.clone(), *origin)),
        _ => None,
    });
    added.collect()
}

#[test]
fn what_comes_to_light_was_there_before_and_what_is_put_there_was_not() {
    let files = |names: &[&str]| {
        let files = names.iter().map(|text| (name(text), seen(5)));
        files.collect::<BTreeMap<_, _>>()
    };
    let disk_away = Look {
        files: files(&["a"]),
        away: vec![name("disk")],
        ..Look::default()
    };
    let denied = SystemError::from(std::io::ErrorKind::PermissionDenied);
    let unreadable = Look {
        files: files(&["a"]),
        ignored: [("disk".to_owned(), IgnoredReason::Unreadable(denied))].into(),
        extent: Extent::Partial,
        ..Look::default()
    };
    for hides in [disk_away, unreadable] {
        let mut bench = Bench::new(1);
        let found = origins(&mut bench, &hides);
        assert_eq!(found, [(name("a"), Origin::Found)].into());
        let all = Look {
            files: files(&["a", "b", "disk/old"]),
            ..Look::default()
        };
        let came = origins(&mut bench, &all);
        let expected = [
            (name("b"), Origin::Written),
            (name("disk/old"), Origin::Found),
        ];
        assert_eq!(came, expected.into());
        let later = Look {
            files: files(&["a", "b", "disk/old", "disk/new"]),
            ..Look::default()
        };
        let came = origins(&mut bench, &later);
        assert_eq!(came, [(name("disk/new"), Origin::Written)].into());
    }
}
