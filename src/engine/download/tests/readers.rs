//! What readers wait for.

use super::*;
use crate::{
    engine::download::{ReaderAt, ReaderId},
    model::Part,
};

/// A reader in a hurry at a chunk.
fn at(reader: u64, position: u32, window_chunks: u32) -> Event {
    Event::Read(ReaderAt {
        reader: ReaderId(reader),
        position: ChunkIndex(position),
        window_chunks,
        is_urgent: true,
    })
}

/// Which parts of chunks were asked of whom.
fn parts(actions: &[Action]) -> Vec<(u32, u32, Part)> {
    let part = |action: &Action| match action {
        Action::RequestPart {
            source,
            chunk,
            part,
        } => Some((source.0, chunk.0, *part)),
        _ => None,
    };
    actions.iter().filter_map(part).collect()
}

fn cancels(actions: &[Action]) -> Vec<(u32, u32)> {
    let cancel = |action: &Action| match action {
        Action::Cancel { source, chunk } => Some((source.0, chunk.0)),
        _ => None,
    };
    actions.iter().filter_map(cancel).collect()
}

impl Bench {
    /// A download of what readers are near to, from connected sources.
    fn watched(chunks: u32, sources: u32) -> Self {
        let mut bench = Self::preparing(chunks, |layout, config, now| {
            Download::for_readers(layout, config, now)
        });
        bench.connect(sources);
        bench.actions();
        bench
    }

    fn receive(&mut self, id: u32, chunk: u32, bytes: u32) {
        self.feed(Event::Received {
            source: source(id),
            chunk: ChunkIndex(chunk),
            bytes,
        });
    }

    /// A source brings the part that it was asked for.
    fn bring_part(&mut self, (id, chunk, part): (u32, u32, Part)) {
        self.receive(id, chunk, part.bytes);
        self.feed(Event::PartCame {
            source: source(id),
            chunk: ChunkIndex(chunk),
        });
    }

    fn wait(&mut self, time: Duration) {
        let until = self.now + time;
        while let Some(due) = self.machine.poll_timeout().filter(|due| *due <= until) {
            self.now = due;
            self.machine.handle_timeout(due);
        }
        self.now = until;
    }

    fn received_of(&self, id: u32) -> crate::model::ReceivedFrom {
        let received = self.machine.received().into_iter();
        let mut of = received.filter(|received| received.source == source(id));
        of.next().unwrap()
    }
}

#[test]
fn without_readers_nothing_is_asked_for() {
    let mut bench = Bench::watched(30, 3);
    assert_eq!(bench.actions(), []);
    assert_eq!(bench.machine.poll_timeout(), None);
}

#[test]
fn the_chunk_that_a_reader_is_at_comes_in_parts_from_all_and_the_next_ones_whole() {
    let mut bench = Bench::watched(30, 3);
    bench.feed(at(1, 10, 4));
    let actions = bench.actions();
    let urgent = parts(&actions);
    assert_eq!(urgent.len(), 3, "{actions:?}");
    assert!(urgent.iter().all(|(_, chunk, _)| *chunk == 10));
    let bytes: u32 = urgent.iter().map(|(_, _, part)| part.bytes).sum();
    assert_eq!(u64::from(bytes), MIB);
    // What is urgent is asked for first.
    assert!(
        matches!(actions[0], Action::RequestPart { .. }),
        "{actions:?}"
    );
    let mut whole: Vec<_> = Bench::requests(&actions).into_iter().map(|r| r.1).collect();
    whole.sort_unstable();
    assert_eq!(whole, [11, 12, 13]);
    for part in urgent {
        bench.bring_part(part);
    }
    let actions = bench.actions();
    let joined = actions.iter().find_map(|action| match action {
        Action::JoinParts { chunk, parts } => Some((chunk.0, parts.len())),
        _ => None,
    });
    assert_eq!(joined, Some((10, 3)));
    assert_eq!(bench.received_of(1).wasted, 0);
    let chunk = ChunkIndex(10);
    bench.feed(Event::PartsVerified { chunk });
    assert!(bench.machine.have().contains(chunk));
    let received = bench.machine.received();
    assert_eq!(received.iter().map(|r| r.bytes).sum::<u64>(), MIB);
    assert_eq!(received.iter().map(|r| r.chunks).sum::<u64>(), 1);
    assert_eq!(received.iter().map(|r| r.wasted).sum::<u64>(), 0);
}

#[test]
fn a_seek_takes_back_what_nobody_is_near_to_and_what_is_half_here_may_come() {
    let mut bench = Bench::watched(100, 2);
    bench.feed(at(1, 0, 6));
    let asked = bench.actions();
    for part in parts(&asked) {
        bench.bring_part(part);
    }
    bench.feed(Event::PartsVerified {
        chunk: ChunkIndex(0),
    });
    let whole = Bench::requests(&asked);
    let (first, second) = (whole[0], whole[1]);
    bench.receive(first.0, first.1, 600_000);
    bench.receive(second.0, second.1, 400_000);
    bench.actions();
    bench.feed(at(1, 50, 6));
    let actions = bench.actions();
    let cancelled = cancels(&actions);
    assert!(!cancelled.contains(&first), "{actions:?}");
    assert!(cancelled.contains(&second), "{actions:?}");
    assert_eq!(parts(&actions)[0].1, 50);
    // Nothing outside of the window is asked for.
    let chunks = Bench::requests(&actions)
        .into_iter()
        .map(|(_, chunk)| chunk);
    assert!(chunks.into_iter().all(|chunk| (50..56).contains(&chunk)));
}

#[test]
fn a_reader_that_leaves_costs_nothing_after_a_moment() {
    let mut bench = Bench::watched(100, 2);
    bench.feed(at(1, 0, 6));
    let asked = bench.actions();
    let urgent = parts(&asked);
    bench.receive(urgent[0].0, 0, 50_000);
    bench.feed(Event::Left {
        reader: ReaderId(1),
    });
    // What has not begun goes at once.
    let cancelled = cancels(&bench.actions());
    let whole = Bench::requests(&asked);
    assert!(whole.iter().all(|request| cancelled.contains(request)));
    assert!(cancelled.iter().all(|(_, chunk)| *chunk != 0));
    // A player that comes back finds what has begun.
    bench.wait(1100 * MS);
    let actions = bench.actions();
    assert_eq!(cancels(&actions).len(), urgent.len(), "{actions:?}");
    assert!(actions.contains(&Action::ForgetParts {
        chunk: ChunkIndex(0)
    }));
    for (id, chunk) in cancelled.into_iter().chain(cancels(&actions)) {
        bench.feed(Event::Cancelled {
            source: source(id),
            chunk: ChunkIndex(chunk),
        });
    }
    let rest = bench.actions();
    let is_news = |action: &Action| matches!(action, Action::Notice(Notice::Cleared { .. }));
    assert!(rest.iter().all(is_news), "{rest:?}");
    bench.wait(Duration::from_secs(60));
    assert_eq!(bench.actions(), []);
    assert_eq!(bench.received_of(urgent[0].0).wasted, 50_000);
}

#[test]
fn a_silent_source_is_helped_soon_and_who_is_lost_at_once() {
    let mut bench = Bench::watched(100, 3);
    bench.feed(at(1, 0, 1));
    let asked = parts(&bench.actions());
    assert_eq!(asked.len(), 3);
    for part in &asked[1..] {
        bench.bring_part(*part);
    }
    bench.actions();
    bench.wait(250 * MS);
    assert_eq!(bench.actions(), []);
    bench.wait(100 * MS);
    let help = parts(&bench.actions());
    assert_eq!(help.len(), 1);
    assert_eq!(help[0].2, asked[0].2);
    assert_ne!(help[0].0, asked[0].0);
    // The other is as silent: a third is asked.
    bench.wait(700 * MS);
    let third = parts(&bench.actions());
    assert_eq!(third.len(), 1, "{third:?}");
    bench.bring_part(third[0]);
    let cancelled = cancels(&bench.actions());
    assert!(cancelled.contains(&(asked[0].0, 0)) && cancelled.contains(&(help[0].0, 0)));

    let mut bench = Bench::watched(100, 2);
    bench.feed(at(1, 0, 1));
    let asked = parts(&bench.actions());
    bench.bring_part(asked[1]);
    bench.actions();
    bench.feed(Event::Lost {
        source: source(asked[0].0),
        fault: Fault::Broken,
    });
    let again = parts(&bench.actions());
    assert_eq!(again, [(asked[1].0, 0, asked[0].2)]);
}

#[test]
fn wrong_parts_are_nobodys_fault_until_one_source_has_sent_all_of_the_chunk() {
    let mut bench = Bench::watched(100, 3);
    bench.feed(at(1, 0, 1));
    for part in parts(&bench.actions()) {
        bench.bring_part(part);
    }
    bench.actions();
    let chunk = ChunkIndex(0);
    bench.feed(Event::PartsWrong { chunk });
    let actions = bench.actions();
    let whole = parts(&actions);
    assert_eq!(whole.len(), 1, "{actions:?}");
    assert_eq!(u64::from(whole[0].2.bytes), MIB);
    let banned = |actions: &[Action]| {
        let banned = actions.iter().filter_map(|action| match action {
            Action::Notice(Notice::Banned { who, .. }) => Some(*who),
            _ => None,
        });
        banned.collect::<Vec<_>>()
    };
    assert_eq!(banned(&actions), []);
    bench.bring_part(whole[0]);
    bench.feed(Event::PartsVerified { chunk });
    bench.feed(Event::Lied {
        source: source(2),
        chunk,
    });
    assert_eq!(banned(&bench.actions()), [who(2)]);
    assert_eq!(bench.received_of(2).digest_failures, 1);

    // One source alone is proven wrong by its own chunk.
    let mut bench = Bench::watched(100, 1);
    bench.feed(at(1, 0, 1));
    let asked = parts(&bench.actions());
    bench.bring_part(asked[0]);
    bench.feed(Event::PartsWrong { chunk });
    assert_eq!(banned(&bench.actions()), [who(1)]);
}

#[test]
fn what_is_forgotten_is_missing_and_comes_again_when_it_is_needed() {
    let mut bench = Bench::watched(100, 1);
    bench.feed(at(1, 0, 1));
    let asked = parts(&bench.actions());
    bench.bring_part(asked[0]);
    let chunk = ChunkIndex(0);
    bench.feed(Event::PartsVerified { chunk });
    bench.feed(at(1, 1, 1));
    bench.actions();
    bench.feed(Event::Forgotten { chunk });
    assert!(bench.machine.have().is_empty());
    assert_eq!(bench.actions(), []);
    bench.feed(at(2, 0, 1));
    assert_eq!(parts(&bench.actions()), asked);
}

#[test]
fn a_download_that_is_kept_goes_on_when_nobody_reads_and_readers_come_first() {
    let mut bench = Bench::running(100, 2);
    bench.actions();
    bench.feed(at(1, 70, 3));
    let actions = bench.actions();
    assert!(parts(&actions).iter().all(|(_, chunk, _)| *chunk == 70));
    assert_eq!(cancels(&actions), []);
    bench.feed(Event::Left {
        reader: ReaderId(1),
    });
    bench.wait(1500 * MS);
    assert_eq!(cancels(&bench.actions()), []);
}
