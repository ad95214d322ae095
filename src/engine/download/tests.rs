//! The machine step by step. Whole stories are told in `tests/sim`.

mod readers;

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use super::{Action, Download, DownloadConfig, Event, FailReason, Finish, Notice};
use crate::model::{
    ChunkIndex, ChunkLayout, ChunkRange, ChunkSet, Fault, Have, SecondaryNumber, SourceId,
    SourceInfo, Who, limits::MAX_SOURCES,
};

const MIB: u64 = 1 << 20;
const MS: Duration = Duration::from_millis(1);

fn source(id: u32) -> SourceId {
    SourceId(id)
}

/// A secondary's number is not its id in the transfer: the central chooses ids as it likes.
fn who(id: u32) -> Who {
    Who::Secondary(SecondaryNumber::try_from(u64::from(65 - id)).unwrap())
}

/// A source that has all chunks, and none of its own.
fn info(id: u32) -> SourceInfo {
    SourceInfo {
        id: source(id),
        who: who(id),
        address: ([10, 0, 0, 1], id as u16).into(),
        have: Have::All,
        ranges: Vec::new(),
        draining: false,
    }
}

fn only(chunks: &[u32]) -> Have {
    let ranges = chunks.iter().map(|&first| ChunkRange { first, count: 1 });
    Have::Chunks(ChunkSet::of_ranges(&ranges.collect::<Vec<_>>()).unwrap())
}

/// A machine and a clock.
struct Bench {
    machine: Download,
    now: Instant,
    chunks: u32,
}

impl Bench {
    /// A download of so many chunks from connected sources, each with an equal share of its own.
    fn running(chunks: u32, sources: u32) -> Self {
        Self::of(chunks, sources, None)
    }

    /// The same, read from its beginning while it comes.
    fn read(chunks: u32, sources: u32, ahead_chunks: u32) -> Self {
        Self::of(chunks, sources, Some(ahead_chunks))
    }

    fn of(chunks: u32, sources: u32, ahead_chunks: Option<u32>) -> Self {
        let mut bench = Self::preparing(chunks, |layout, config, now| match ahead_chunks {
            None => Download::new(layout, config, now),
            Some(ahead) => Download::in_order(layout, config, ahead, now),
        });
        bench.connect(sources);
        bench
    }

    fn preparing(
        chunks: u32,
        machine: impl FnOnce(ChunkLayout, DownloadConfig, Instant) -> Download,
    ) -> Self {
        let now = Instant::now();
        let layout = ChunkLayout::for_file(u64::from(chunks) * MIB).unwrap();
        let config = DownloadConfig {
            seed: 1,
            source_wait: Duration::from_secs(60),
        };
        Self {
            machine: machine(layout, config, now),
            now,
            chunks,
        }
    }

    /// All sources are connected to, and nothing is here.
    fn connect(&mut self, sources: u32) {
        self.list(sources);
        for id in 1..=sources {
            let source = source(id);
            self.feed(Event::Connected { source });
        }
        let have = ChunkSet::new(self.chunks);
        self.feed(Event::Ready { have });
    }

    fn list(&mut self, sources: u32) {
        self.list_with(sources, None);
    }

    /// The same, with one of them drained.
    fn list_with(&mut self, sources: u32, draining: Option<u32>) {
        let share = self.chunks / sources.max(1);
        let list = (1..=sources).map(|id| {
            let first = (id - 1) * share;
            let count = if id == sources {
                self.chunks - first
            } else {
                share
            };
            SourceInfo {
                ranges: vec![ChunkRange { first, count }],
                draining: draining == Some(id),
                ..info(id)
            }
        });
        let list = list.collect();
        self.feed(Event::Sources(list));
    }

    fn feed(&mut self, event: Event) {
        self.machine.handle_event(self.now, event);
    }

    fn actions(&mut self) -> Vec<Action> {
        std::iter::from_fn(|| self.machine.poll_action()).collect()
    }

    /// What each source was asked for.
    fn requests(actions: &[Action]) -> Vec<(u32, u32)> {
        let request = |action: &Action| match action {
            Action::Request { source, chunk } => Some((source.0, chunk.0)),
            _ => None,
        };
        actions.iter().filter_map(request).collect()
    }

    fn bring(&mut self, id: u32, chunk: u32) {
        let (source, chunk) = (source(id), ChunkIndex(chunk));
        let bytes = MIB as u32;
        self.feed(Event::Received {
            source,
            chunk,
            bytes,
        });
        self.feed(Event::Verified { source, chunk });
    }
}

#[test]
fn each_source_starts_with_the_first_chunks_of_its_own_range() {
    let mut bench = Bench::running(30, 3);
    let mut requests = Bench::requests(&bench.actions());
    requests.sort_unstable();
    assert_eq!(
        requests,
        [(1, 0), (1, 1), (2, 10), (2, 11), (3, 20), (3, 21)]
    );
}

#[test]
fn a_dead_source_gives_all_back_in_one_step_and_gets_its_range_again() {
    let mut bench = Bench::running(30, 2);
    bench.actions();
    bench.feed(Event::Lost {
        source: source(2),
        fault: Fault::Broken,
    });
    let actions = bench.actions();
    let dead = Notice::Dead {
        who: who(2),
        fault: Fault::Broken,
        returned_chunks: 2,
    };
    assert!(actions.contains(&Action::Notice(dead)), "{actions:?}");
    let reported = Action::Report {
        source: source(2),
        fault: Fault::Broken,
        chunk: None,
    };
    assert!(actions.contains(&reported));
    // The source is tried again, and answers.
    bench.now += 300 * MS;
    bench.machine.handle_timeout(bench.now);
    let connect = Action::Connect { source: source(2) };
    assert!(bench.actions().contains(&connect));
    bench.feed(Event::Connected { source: source(2) });
    let actions = bench.actions();
    assert!(
        actions
            .iter()
            .any(|action| matches!(action, Action::Notice(Notice::Back { own_chunks: 15, .. })))
    );
    assert_eq!(Bench::requests(&actions), [(2, 15), (2, 16)]);
}

#[test]
fn silence_makes_suspect_and_then_dead() {
    let mut bench = Bench::running(10, 1);
    bench.actions();
    bench.now = bench.machine.poll_timeout().unwrap();
    bench.machine.handle_timeout(bench.now);
    let suspect = Action::Notice(Notice::Suspect { who: who(1) });
    assert_eq!(bench.actions(), [suspect]);
    let suspected = bench.now;
    bench.now = bench.machine.poll_timeout().unwrap();
    assert_eq!(bench.now - suspected, 1500 * MS);
    bench.machine.handle_timeout(bench.now);
    let actions = bench.actions();
    assert!(actions.contains(&Action::Disconnect { source: source(1) }));
    assert!(matches!(
        actions.last(),
        Some(Action::Notice(Notice::NoSources { .. }))
    ));
}

#[test]
fn a_source_that_is_tried_again_does_not_excuse_the_silence_of_another() {
    let mut bench = Bench::running(30, 2);
    bench.actions();
    bench.now += Duration::from_secs(600);
    bench.bring(1, 0);
    let last_bytes = bench.now;
    bench.feed(Event::Lost {
        source: source(2),
        fault: Fault::Broken,
    });
    let suspect = Action::Notice(Notice::Suspect { who: who(1) });
    let connect = Action::Connect { source: source(2) };
    let mut actions = bench.actions();
    while !actions.contains(&suspect) {
        bench.now = bench.machine.poll_timeout().unwrap().max(bench.now);
        bench.machine.handle_timeout(bench.now);
        actions.extend(bench.actions());
    }
    assert!(actions.contains(&connect), "{actions:?}");
    let silence = bench.now - last_bytes;
    assert!(silence < Duration::from_secs(1), "{silence:?}");
}

#[test]
fn wrong_bytes_ban_their_sender_and_blame_the_manifest_once_nobody_else_is_left() {
    let mut bench = Bench::running(4, 2);
    bench.actions();
    let chunk = ChunkIndex(0);
    bench.feed(Event::Wrong {
        source: source(1),
        chunk,
    });
    let actions = bench.actions();
    let banned = Notice::Banned {
        who: who(1),
        chunk: Some(chunk),
    };
    assert!(actions.contains(&Action::Notice(banned)));
    assert!(actions.contains(&Action::Disconnect { source: source(1) }));
    // The banned source is still listed, but never asked again.
    bench.list(2);
    assert!(
        Bench::requests(&bench.actions())
            .iter()
            .all(|(s, _)| *s == 2)
    );
    bench.feed(Event::Wrong {
        source: source(2),
        chunk,
    });
    let who = [who(1), who(2)];
    let reason = FailReason::WrongManifest { chunk, who };
    let finish = Action::Finish(Finish::Failed(reason));
    assert_eq!(bench.actions().last(), Some(&finish));
}

#[test]
fn a_chunk_that_two_send_wrong_is_asked_of_the_third() {
    let mut bench = Bench::running(1, 3);
    bench.actions();
    let chunk = ChunkIndex(0);
    for liar in [1, 2] {
        bench.feed(Event::Wrong {
            source: source(liar),
            chunk,
        });
        let reported = Action::Report {
            source: source(liar),
            fault: Fault::Digest,
            chunk: Some(chunk),
        };
        let actions = bench.actions();
        assert!(actions.contains(&reported), "{actions:?}");
    }
    bench.bring(3, 0);
    let actions = bench.actions();
    assert_eq!(actions.last(), Some(&Action::Finish(Finish::Complete)));
}

#[test]
fn an_idle_source_helps_the_one_that_everybody_waits_for() {
    let mut bench = Bench::running(4, 2);
    bench.actions();
    // The first source brings its two chunks at once. The second brings nothing for a while.
    bench.now += 10 * MS;
    bench.bring(1, 0);
    bench.bring(1, 1);
    bench.now = bench.machine.poll_timeout().unwrap();
    bench.machine.handle_timeout(bench.now);
    let actions = bench.actions();
    let helped: Vec<_> = Bench::requests(&actions);
    assert!(helped.contains(&(1, 3)), "{actions:?}");
    bench.now += 10 * MS;
    bench.bring(1, 3);
    bench.bring(1, 2);
    let actions = bench.actions();
    assert_eq!(actions.last(), Some(&Action::Finish(Finish::Complete)));
}

#[test]
fn a_source_that_refuses_all_that_is_missing_is_given_up_for_a_while() {
    let mut bench = Bench::running(1, 1);
    bench.actions();
    bench.feed(Event::Refused {
        source: source(1),
        chunk: ChunkIndex(0),
    });
    let actions = bench.actions();
    assert!(actions.contains(&Action::Disconnect { source: source(1) }));
    bench.now += 1000 * MS;
    bench.machine.handle_timeout(bench.now);
    bench.feed(Event::Connected { source: source(1) });
    assert_eq!(Bench::requests(&bench.actions()), [(1, 0)]);
}

#[test]
fn nothing_to_bring_is_complete_at_once() {
    let mut bench = Bench::running(0, 1);
    let actions = bench.actions();
    assert_eq!(actions.last(), Some(&Action::Finish(Finish::Complete)));
    assert_eq!(bench.machine.poll_timeout(), None);
}

#[test]
fn this_sides_disk_is_nobody_elses_fault() {
    let mut bench = Bench::running(10, 2);
    bench.actions();
    let reason = "disk full".to_owned();
    bench.feed(Event::LocalFailure {
        reason: reason.clone(),
    });
    let finish = Action::Finish(Finish::Failed(FailReason::Local(reason)));
    assert_eq!(bench.actions(), [finish]);
}

#[test]
fn a_silent_source_that_refuses_is_asked_for_something_else() {
    let mut bench = Bench::running(4, 1);
    assert_eq!(Bench::requests(&bench.actions()), [(1, 0), (1, 1)]);
    bench.now += 600 * MS;
    bench.machine.handle_timeout(bench.now);
    let suspect = Action::Notice(Notice::Suspect { who: who(1) });
    assert_eq!(bench.actions(), [suspect]);
    for chunk in [0, 1] {
        let chunk = ChunkIndex(chunk);
        bench.feed(Event::Refused {
            source: source(1),
            chunk,
        });
    }
    let actions = bench.actions();
    assert!(actions.contains(&Action::Notice(Notice::Cleared { who: who(1) })));
    assert_eq!(Bench::requests(&actions), [(1, 2), (1, 3)]);
}

#[test]
fn chunks_that_are_read_are_asked_for_in_order_and_not_too_far_ahead() {
    let mut bench = Bench::read(30, 3, 5);
    let asked = |bench: &mut Bench| {
        let mut asked = Bench::requests(&bench.actions());
        asked.sort_unstable_by_key(|(_, chunk)| *chunk);
        asked
    };
    let first = asked(&mut bench);
    let chunks: Vec<_> = first.iter().map(|(_, chunk)| *chunk).collect();
    assert_eq!(chunks, [0, 1, 2, 3, 4], "{first:?}");
    let owner = |chunk: u32| first[chunk as usize].0;
    // A chunk that comes out of order does not move the window.
    bench.now += 100 * MS;
    bench.bring(owner(3), 3);
    bench.bring(owner(0), 0);
    assert!(asked(&mut bench).iter().all(|(_, chunk)| *chunk < 5));
    bench.feed(Event::Taken { chunks: 1 });
    let next = asked(&mut bench);
    assert_eq!(next.iter().map(|(_, chunk)| *chunk).max(), Some(5));
    // The first missing chunk is asked for again before any other.
    bench.feed(Event::Lost {
        source: source(owner(1)),
        fault: Fault::Broken,
    });
    let again = asked(&mut bench);
    assert_eq!(again.first().map(|(_, chunk)| *chunk), Some(1), "{again:?}");
}

#[test]
fn a_reader_that_stands_still_makes_no_source_suspect() {
    let mut bench = Bench::read(30, 2, 4);
    for (source, chunk) in Bench::requests(&bench.actions()) {
        bench.bring(source, chunk);
    }
    assert_eq!(bench.actions(), []);
    assert_eq!(bench.machine.poll_timeout(), None);
    bench.now += Duration::from_secs(600);
    bench.feed(Event::Taken { chunks: 4 });
    let actions = bench.actions();
    assert_eq!(Bench::requests(&actions).len(), 4, "{actions:?}");
    assert_eq!(actions.len(), 4);
}

#[test]
fn the_only_source_that_refuses_the_next_chunk_is_asked_for_it_again() {
    let mut bench = Bench::read(30, 1, 2);
    assert_eq!(Bench::requests(&bench.actions()), [(1, 0), (1, 1)]);
    let refused = Event::Refused {
        source: source(1),
        chunk: ChunkIndex(0),
    };
    bench.feed(refused);
    bench.bring(1, 1);
    let actions = bench.actions();
    assert!(actions.contains(&Action::Disconnect { source: source(1) }));
    bench.now += 1000 * MS;
    bench.machine.handle_timeout(bench.now);
    bench.feed(Event::Connected { source: source(1) });
    assert_eq!(Bench::requests(&bench.actions()), [(1, 0)]);
}

#[test]
fn the_map_shows_who_brings_and_who_brought() {
    let mut bench = Bench::running(4, 2);
    bench.actions();
    bench.now += 10 * MS;
    bench.bring(2, 3);
    let map = bench.machine.chunk_map();
    assert_eq!((map.chunk_count, map.chunks_per_cell), (4, 1));
    let cells: Vec<_> = map
        .cells
        .iter()
        .map(|cell| (cell.have, cell.from))
        .collect();
    let (one, two) = (Some(who(1)), Some(who(2)));
    assert_eq!(cells, [(0, None), (0, None), (0, None), (1, two)]);
    let in_flight: Vec<_> = map.cells.iter().map(|cell| cell.in_flight).collect();
    assert_eq!(in_flight, [one, one, two, None]);
    let snapshot = bench.machine.snapshot(bench.now);
    assert_eq!(snapshot.elapsed, 10 * MS);
    assert!((snapshot.average_bytes_per_s - MIB as f64 * 100.0).abs() < 1.0);
    assert_eq!((snapshot.wasted_bytes, snapshot.retries), (0, 0));
}

#[test]
fn bytes_count_as_soon_as_they_come_and_those_of_two_who_send_the_same_once() {
    let mut bench = Bench::running(4, 2);
    bench.actions();
    let counted = |bench: &Bench| {
        let snapshot = bench.machine.snapshot(bench.now);
        (snapshot.have_bytes, snapshot.received_bytes)
    };
    assert_eq!(counted(&bench), (0, 0));
    bench.now += 10 * MS;
    let part = |id, chunk, bytes| Event::Received {
        source: source(id),
        chunk: ChunkIndex(chunk),
        bytes,
    };
    bench.feed(part(1, 0, 1000));
    bench.feed(part(2, 2, 500));
    assert_eq!(counted(&bench), (0, 1500));
    bench.bring(2, 3);
    assert_eq!(counted(&bench), (MIB, MIB + 1500));
    // What a lost source had sent of a chunk is lost with it.
    bench.feed(Event::Lost {
        source: source(1),
        fault: Fault::Broken,
    });
    assert_eq!(counted(&bench), (MIB, MIB + 500));
}

#[test]
fn a_drained_source_brings_what_it_was_asked_for_and_goes() {
    let mut bench = Bench::running(30, 2);
    bench.actions();
    bench.list_with(2, Some(2));
    assert_eq!(bench.actions(), []);
    bench.bring(2, 15);
    let actions = bench.actions();
    assert_eq!(Bench::requests(&actions), [], "{actions:?}");
    // It brings what it was asked for and no more. Then its connection ends, and nobody calls it dead.
    bench.bring(2, 16);
    let actions = bench.actions();
    assert_eq!(actions, [Action::Disconnect { source: source(2) }]);
    bench.now += Duration::from_secs(20);
    for chunk in 0..5 {
        bench.bring(1, chunk);
    }
    let actions = bench.actions();
    assert!(
        Bench::requests(&actions)
            .iter()
            .all(|(source, _)| *source == 1)
    );
    // The other source is lost: the drained one is needed again, at once.
    bench.feed(Event::Lost {
        source: source(1),
        fault: Fault::Broken,
    });
    let connect = Action::Connect { source: source(2) };
    assert!(bench.actions().contains(&connect));
    bench.feed(Event::Connected { source: source(2) });
    assert!(!Bench::requests(&bench.actions()).is_empty());
}

#[test]
fn a_drained_source_is_connected_to_once_it_is_not_drained_any_more() {
    let mut bench = Bench::running(30, 1);
    bench.actions();
    bench.list_with(2, Some(2));
    assert_eq!(bench.actions(), []);
    bench.list(2);
    let connect = Action::Connect { source: source(2) };
    assert_eq!(bench.actions(), [connect]);
}

#[test]
fn a_drained_source_that_has_left_is_not_tried_in_vain() {
    let mut bench = Bench::running(30, 2);
    bench.list_with(2, Some(2));
    bench.bring(2, 15);
    bench.bring(2, 16);
    bench.actions();
    bench.list(1);
    assert_eq!(bench.actions(), []);
    // It is tried once there is no other: it may be there all the same.
    let fault = Fault::Broken;
    let [lost, left] = [1, 2].map(source);
    bench.feed(Event::Lost {
        source: lost,
        fault,
    });
    let connect = Action::Connect { source: left };
    assert!(bench.actions().contains(&connect));
}

#[test]
fn nobody_is_missed_before_the_first_list() {
    let layout = ChunkLayout::checked(30 * MIB, MIB as u32).unwrap();
    let now = Instant::now();
    let config = DownloadConfig {
        source_wait: Duration::from_secs(60),
        seed: 1,
    };
    let mut machine = Download::new(layout, config, now);
    assert_eq!(
        (machine.poll_action(), machine.poll_timeout()),
        (None, None)
    );
    machine.handle_event(now, Event::Sources(Vec::new()));
    let missed = machine.poll_action();
    assert!(
        matches!(missed, Some(Action::Notice(Notice::NoSources { .. }))),
        "{missed:?}"
    );
}

#[test]
fn the_only_source_works_on_though_it_is_drained() {
    let mut bench = Bench::running(3, 1);
    bench.actions();
    bench.list_with(1, Some(1));
    for chunk in 0..3 {
        bench.bring(1, chunk);
    }
    let finish = Action::Finish(Finish::Complete);
    assert!(bench.actions().contains(&finish));
}

#[test]
fn a_source_is_asked_only_for_chunks_that_it_has() {
    let mut bench = Bench::running(6, 0);
    let have = [only(&[4, 5]), only(&[0, 1, 2, 3])];
    let list = [1, 2].into_iter().zip(have).map(|(id, have)| {
        let ranges = vec![ChunkRange { first: 0, count: 6 }];
        SourceInfo {
            have,
            ranges,
            ..info(id)
        }
    });
    bench.feed(Event::Sources(list.collect()));
    bench.feed(Event::Connected { source: source(1) });
    let mut asked = Bench::requests(&bench.actions());
    assert_eq!(asked, [(1, 4), (1, 5)]);
    bench.feed(Event::Connected { source: source(2) });
    for _ in 0..4 {
        let news = Bench::requests(&bench.actions());
        bench.now += 10 * MS;
        for (id, chunk) in news.iter().filter(|(id, _)| *id == 2) {
            bench.bring(*id, *chunk);
        }
        asked.extend(news);
    }
    // The first source is slow, and nobody can help it.
    let of_second: Vec<_> = asked.iter().filter(|(id, _)| *id == 2).collect();
    assert_eq!(of_second, [&(2, 0), &(2, 1), &(2, 2), &(2, 3)]);
    assert_eq!(asked.len(), 6);
    bench.bring(1, 4);
    bench.bring(1, 5);
    assert!(bench.actions().contains(&Action::Finish(Finish::Complete)));
}

#[test]
fn a_slow_source_brings_what_only_it_has_however_fast_the_others_are() {
    let mut bench = Bench::running(0, 0);
    let layout = ChunkLayout::for_file(40 * MIB).unwrap();
    let config = DownloadConfig {
        seed: 1,
        source_wait: Duration::from_secs(60),
    };
    bench.machine = Download::new(layout, config, bench.now);
    let fast = SourceInfo {
        have: only(&(0..39).collect::<Vec<_>>()),
        ..info(1)
    };
    bench.feed(Event::Sources(vec![fast, info(2)]));
    bench.feed(Event::Ready {
        have: ChunkSet::new(40),
    });
    for id in [1, 2] {
        bench.feed(Event::Connected { source: source(id) });
    }
    let mut waits = VecDeque::from(Bench::requests(&bench.actions()));
    let mut slow: Vec<u32> = Vec::new();
    while let Some((id, chunk)) = waits.pop_front() {
        if id == 2 {
            slow.push(chunk);
            bench.now += 300 * MS;
        } else {
            bench.now += MS;
        }
        bench.bring(id, chunk);
        waits.extend(Bench::requests(&bench.actions()));
    }
    assert!(slow.contains(&39), "{slow:?}");
    assert!(bench.machine.have().is_full());
}

#[test]
fn a_source_that_has_nothing_of_what_is_missing_does_not_end_the_wait() {
    let mut bench = Bench::running(2, 0);
    let with = |have| vec![SourceInfo { have, ..info(1) }];
    bench.feed(Event::Sources(with(only(&[0]))));
    bench.feed(Event::Connected { source: source(1) });
    bench.actions();
    bench.bring(1, 0);
    let missed = |actions: Vec<Action>| {
        let is_missed = |a: &Action| matches!(a, Action::Notice(Notice::NoSources { .. }));
        actions.iter().any(is_missed)
    };
    assert!(missed(bench.actions()));
    bench.feed(Event::Sources(with(only(&[0, 1]))));
    let actions = bench.actions();
    assert_eq!(Bench::requests(&actions), [(1, 1)]);
    let again = Notice::SourcesAgain {
        after: Duration::ZERO,
    };
    assert!(actions.contains(&Action::Notice(again)));
}

#[test]
fn an_id_stands_for_one_source_and_there_are_not_too_many() {
    let mut bench = Bench::running(2, 1);
    bench.actions();
    let other = SourceInfo {
        who: who(7),
        ..info(1)
    };
    bench.feed(Event::Sources(vec![other]));
    assert_eq!(bench.machine.received()[0].who, who(1));
    let many = (1..=2 * MAX_SOURCES as u32).map(|id| SourceInfo {
        id: source(id),
        ..info(1)
    });
    bench.feed(Event::Sources(many.collect()));
    assert_eq!(bench.machine.received().len(), MAX_SOURCES);
}
