//! The machine step by step. Whole stories are told in `tests/sim.rs`.

use std::time::{Duration, Instant};

use super::{Action, Download, DownloadConfig, Event, FailReason, Finish, Holder, Notice};
use crate::model::{ChunkIndex, ChunkLayout, ChunkRange, ChunkSet, Fault, SecondaryNumber};

const MIB: u64 = 1 << 20;
const MS: Duration = Duration::from_millis(1);

fn source(number: u64) -> SecondaryNumber {
    SecondaryNumber::try_from(number).unwrap()
}

/// A machine and a clock.
struct Bench {
    machine: Download,
    now: Instant,
    chunks: u32,
}

impl Bench {
    /// A file of some chunks and connected sources, each with an equal share.
    fn running(chunks: u32, sources: u64) -> Self {
        Self::of(chunks, sources, None)
    }

    /// The same, read from its beginning while it comes.
    fn read(chunks: u32, sources: u64, ahead_chunks: u32) -> Self {
        Self::of(chunks, sources, Some(ahead_chunks))
    }

    fn of(chunks: u32, sources: u64, ahead_chunks: Option<u32>) -> Self {
        let now = Instant::now();
        let layout = ChunkLayout::for_file(u64::from(chunks) * MIB).unwrap();
        let config = DownloadConfig {
            seed: 1,
            source_wait: Duration::from_secs(60),
        };
        let mut bench = Self {
            machine: match ahead_chunks {
                None => Download::new(layout, config, now),
                Some(ahead) => Download::in_order(layout, config, ahead, now),
            },
            now,
            chunks,
        };
        bench.list(sources);
        for number in 1..=sources {
            let source = source(number);
            bench.feed(Event::Connected { source });
        }
        let have = ChunkSet::new(chunks);
        bench.feed(Event::Ready { have });
        bench
    }

    fn list(&mut self, sources: u64) {
        self.list_with(sources, None);
    }

    /// The same, one of them about to leave.
    fn list_with(&mut self, sources: u64, draining: Option<u64>) {
        let share = self.chunks / sources.max(1) as u32;
        let list = (1..=sources).map(|number| {
            let first = (number as u32 - 1) * share;
            let count = if number == sources {
                self.chunks - first
            } else {
                share
            };
            Holder {
                source: source(number),
                ranges: vec![ChunkRange { first, count }],
                is_draining: draining == Some(number),
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
    fn requests(actions: &[Action]) -> Vec<(u16, u32)> {
        let request = |action: &Action| match action {
            Action::Request { source, chunk } => Some((source.get(), chunk.0)),
            _ => None,
        };
        actions.iter().filter_map(request).collect()
    }

    fn bring(&mut self, number: u64, chunk: u32) {
        let (source, chunk) = (source(number), ChunkIndex(chunk));
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
        source: source(2),
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
    // It is tried again, and answers.
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
    let suspect = Action::Notice(Notice::Suspect { source: source(1) });
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
fn wrong_bytes_ban_their_sender_and_a_second_sender_blames_the_manifest() {
    let mut bench = Bench::running(4, 2);
    bench.actions();
    let chunk = ChunkIndex(0);
    bench.feed(Event::Wrong {
        source: source(1),
        chunk,
    });
    let actions = bench.actions();
    let banned = Notice::Banned {
        source: source(1),
        chunk: Some(chunk),
    };
    assert!(actions.contains(&Action::Notice(banned)));
    assert!(actions.contains(&Action::Disconnect { source: source(1) }));
    // It is listed, but never asked again.
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
    let reason = FailReason::WrongManifest {
        chunk,
        sources: [source(1), source(2)],
    };
    let finish = Action::Finish(Finish::Failed(reason));
    assert_eq!(bench.actions().last(), Some(&finish));
}

#[test]
fn an_idle_source_helps_the_one_that_everybody_waits_for() {
    let mut bench = Bench::running(4, 2);
    bench.actions();
    // The first brings its two at once; the second brings nothing for a while.
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
fn a_silent_source_that_says_that_it_cannot_is_asked_for_something_else() {
    let mut bench = Bench::running(4, 1);
    assert_eq!(Bench::requests(&bench.actions()), [(1, 0), (1, 1)]);
    bench.now += 600 * MS;
    bench.machine.handle_timeout(bench.now);
    let number = source(1);
    let suspect = Action::Notice(Notice::Suspect { source: number });
    assert_eq!(bench.actions(), [suspect]);
    for chunk in [0, 1] {
        let chunk = ChunkIndex(chunk);
        bench.feed(Event::Refused {
            source: number,
            chunk,
        });
    }
    let actions = bench.actions();
    assert!(actions.contains(&Action::Notice(Notice::Cleared { source: number })));
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
    let owner = |chunk: u32| u64::from(first[chunk as usize].0);
    // What comes out of order does not bring the reader on.
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
fn nobody_is_to_blame_for_a_reader_who_stands_still() {
    let mut bench = Bench::read(30, 2, 4);
    for (source, chunk) in Bench::requests(&bench.actions()) {
        bench.bring(source.into(), chunk);
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
    let (one, two) = (Some(source(1)), Some(source(2)));
    assert_eq!(cells, [(0, None), (0, None), (0, None), (1, two)]);
    let in_flight: Vec<_> = map.cells.iter().map(|cell| cell.in_flight).collect();
    assert_eq!(in_flight, [one, one, two, None]);
    let snapshot = bench.machine.snapshot(bench.now);
    assert_eq!(snapshot.elapsed, 10 * MS);
    assert!((snapshot.average_bytes_per_s - MIB as f64 * 100.0).abs() < 1.0);
    assert_eq!((snapshot.wasted_bytes, snapshot.retries), (0, 0));
}

#[test]
fn a_source_that_is_about_to_leave_brings_what_it_was_asked_for_and_goes() {
    let mut bench = Bench::running(30, 2);
    bench.actions();
    bench.list_with(2, Some(2));
    assert_eq!(bench.actions(), []);
    bench.bring(2, 15);
    let actions = bench.actions();
    assert_eq!(Bench::requests(&actions), [], "{actions:?}");
    // What it has to bring is all that it brings, then its connection ends; nobody calls it dead.
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
            .all(|(number, _)| *number == 1)
    );
    // The other one goes: it is needed after all, at once.
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
fn a_source_is_not_connected_to_while_it_is_about_to_leave_and_is_when_that_is_taken_back() {
    let mut bench = Bench::running(30, 1);
    bench.actions();
    bench.list_with(2, Some(2));
    assert_eq!(bench.actions(), []);
    bench.list(2);
    let connect = Action::Connect { source: source(2) };
    assert_eq!(bench.actions(), [connect]);
}

#[test]
fn one_that_was_about_to_leave_and_has_left_is_not_tried_in_vain() {
    let mut bench = Bench::running(30, 2);
    bench.list_with(2, Some(2));
    bench.bring(2, 15);
    bench.bring(2, 16);
    bench.actions();
    bench.list(1);
    assert_eq!(bench.actions(), []);
    // Unless there is no other: it may be there all the same.
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
fn the_only_source_works_on_though_it_is_about_to_leave() {
    let mut bench = Bench::running(3, 1);
    bench.actions();
    bench.list_with(1, Some(1));
    for chunk in 0..3 {
        bench.bring(1, chunk);
    }
    let finish = Action::Finish(Finish::Complete);
    assert!(bench.actions().contains(&finish));
}
