//! What pauses and priorities do to downloads, answer by answer. Whole stories are told in `tests/sim`.

use std::{cell::Cell, rc::Rc, time::Duration};

use super::{answers::ASK_AGAIN, *};
use crate::{
    model::{
        ChunkLayout, Digest, FileMeta, Finished, Grant, KnownSource, Outcome, ReceivedFrom,
        SourceId, Term,
        messages::{FromClient, FromReceiver, Resume},
        samples::{self, name, secondary as who},
    },
    node::Failure,
    proto::{ErrorCode, control::ToCentral},
};

/// A transfer that only knows whether it was told to stop.
#[derive(Clone, Debug, Default)]
struct Fetch(Rc<Cell<bool>>);

impl Receiving for Fetch {
    fn set_sources(&self, _: Vec<SourceInfo>) {}

    fn stop(&self) {
        self.0.set(true);
    }
}

/// Whoever asks, by name.
type Asker = &'static str;

struct Bench {
    downloads: Downloads<Asker, Fetch>,
    fetches: BTreeMap<DownloadNumber, (TransferId, Fetch)>,
    transfers: u64,
    now: Instant,
}

fn source(id: u32, number: u64) -> SourceInfo {
    samples::source(id, who(number))
}

fn ask_for(number: DownloadNumber, file: &str) -> FromClient {
    FromClient::Download {
        request: number.into(),
        name: name(file),
    }
}

fn refusal(code: ErrorCode) -> Failure {
    Failure::Refused {
        code,
        message: "no".to_owned().into(),
    }
}

impl Bench {
    fn new() -> Self {
        Self {
            downloads: Downloads::default(),
            fetches: BTreeMap::new(),
            transfers: 0,
            now: Instant::now(),
        }
    }

    /// A download that the central has not answered.
    fn ask(&mut self, file: &str, priority: Priority) -> DownloadNumber {
        let number = self.downloads.ask(name(file), "asker");
        assert!(self.downloads.set_priority(number, priority));
        number
    }

    /// A download that runs.
    fn run(&mut self, file: &str, priority: Priority) -> DownloadNumber {
        let number = self.ask(file, priority);
        assert!(matches!(self.grant(number), Granted::Start));
        number
    }

    fn grant(&mut self, number: DownloadNumber) -> Granted<Asker> {
        self.transfers += 1;
        let transfer = TransferId::new(Term(1), self.transfers);
        let file = FileMeta {
            name: self.downloads.file(number).unwrap().clone(),
            layout: ChunkLayout::for_file(5 << 20).unwrap(),
            id: Digest::new([1; 32]),
        };
        let grant = Grant {
            transfer,
            file,
            sources: vec![source(1, 2)],
        };
        let granted = self.downloads.granted(number, &grant);
        if granted == Granted::Start {
            let fetch = Fetch::default();
            self.fetches.insert(number, (transfer, fetch.clone()));
            self.downloads.started(number, &grant, fetch);
        }
        granted
    }

    fn was_told_to_stop(&self, number: DownloadNumber) -> bool {
        self.fetches[&number].1.0.get()
    }

    /// A transfer that was told to stop has done so.
    fn stop(&mut self, number: DownloadNumber) -> AfterStop {
        assert!(self.was_told_to_stop(number));
        let finished = Finished {
            transfer: self.fetches[&number].0,
            outcome: Outcome::Cancelled,
            reason: None,
            sources: Vec::new(),
            peers: Default::default(),
        };
        let took = Duration::from_secs(2);
        let stopped = self.downloads.stopped(self.now, number, &finished, took);
        stopped.unwrap().1
    }

    /// Its transfer ended with the file.
    fn complete(&mut self, number: DownloadNumber) {
        let finished = Finished {
            transfer: self.fetches[&number].0,
            outcome: Outcome::Complete,
            reason: None,
            sources: Vec::new(),
            peers: Default::default(),
        };
        self.downloads
            .end(self.now, number, End::Complete, &finished);
    }

    fn state(&self, number: DownloadNumber) -> &State<Asker, Fetch> {
        &self.downloads.get(number).unwrap().state
    }
}

#[test]
fn a_paused_download_keeps_its_number_and_goes_on_when_it_is_asked_to() {
    let mut bench = Bench::new();
    let number = bench.run("a", Priority::Normal);
    assert_eq!(bench.downloads.pause(number), GivenUp::Stopping);
    assert_eq!(bench.downloads.pause(number), GivenUp::Nothing);
    assert!(bench.downloads.get(number).unwrap().is_paused());
    assert!(!bench.downloads.is_idle());
    assert_eq!(bench.stop(number), AfterStop::Paused);
    assert!(bench.downloads.is_idle());
    let tally = bench.downloads.tally();
    assert!(tally.paused == 1 && !tally.all_well(), "{tally:?}");
    assert_eq!(bench.downloads.active(&name("a")), Some(number));
    // A new link is told of its end, and asks for nothing.
    let words = bench.downloads.first_messages(bench.now);
    assert!(
        matches!(
            &words[..],
            [
                ToCentral::Client(FromClient::Resume(_)),
                ToCentral::Receiver(FromReceiver::Finished(_))
            ]
        ),
        "{words:?}"
    );
    let resumed = bench.downloads.resume(number, "again");
    assert_eq!(resumed, Resuming::Ask(ask_for(number, "a")));
    assert_eq!(
        bench.downloads.resume(number, "third"),
        Resuming::Active(number, "third")
    );
    assert_eq!(bench.downloads.queued(number, 3), Answers::Asker("again"));
    assert_eq!(bench.grant(number), Granted::Start);
    bench.complete(number);
    let past = &bench.downloads.get(number).unwrap().past;
    assert_eq!(past.took, Duration::from_secs(2));
    assert!(bench.downloads.tally().all_well());
    assert_eq!(
        bench.downloads.resume(number, "late"),
        Resuming::Unknown("late")
    );
}

#[test]
fn one_that_goes_on_before_it_has_stopped_asks_again_by_itself() {
    let mut bench = Bench::new();
    let number = bench.run("a", Priority::Normal);
    bench.downloads.pause(number);
    assert_eq!(bench.downloads.resume(number, "x"), Resuming::Soon("x"));
    let after = AfterStop::Again(ask_for(number, "a"));
    assert_eq!(bench.stop(number), after);
    // A central that has just started is asked once more; one that has not got the file ends it.
    let refused =
        |bench: &mut Bench, code| bench.downloads.refused(bench.now, number, &refusal(code));
    assert_eq!(refused(&mut bench, ErrorCode::NotReady), Answers::Nothing);
    let later = bench.now + ASK_AGAIN;
    assert_eq!(
        bench.downloads.due_again(later),
        [ask_for(number, "a").into()]
    );
    let answers = refused(&mut bench, ErrorCode::NotFound);
    assert_eq!(answers, Answers::Waiting(name("a")));
    assert!(matches!(bench.state(number), State::Ended(End::Failed(_))));
}

#[test]
fn one_that_runs_and_cannot_be_taken_up_goes_on_and_asks_again() {
    let mut bench = Bench::new();
    let number = bench.run("a", Priority::Normal);
    let resume = bench.downloads.first_messages(bench.now);
    assert!(matches!(
        &resume[..],
        [ToCentral::Client(FromClient::Resume(_))]
    ));
    for _ in 0..2 {
        let refusal = refusal(ErrorCode::LimitExceeded);
        let answers = bench.downloads.refused(bench.now, number, &refusal);
        assert_eq!(answers, Answers::Nothing);
        assert!(matches!(bench.state(number), State::Running(_)));
        assert_eq!(bench.downloads.due_again(bench.now), []);
        bench.now += ASK_AGAIN;
        assert_eq!(bench.downloads.due_again(bench.now), resume);
        assert_eq!(bench.downloads.due_again(bench.now), []);
    }
    bench.complete(number);
    // So is its end, until the central has it.
    let end = bench.downloads.first_messages(bench.now);
    assert!(matches!(
        &end[..],
        [
            ToCentral::Client(FromClient::Resume(_)),
            ToCentral::Receiver(FromReceiver::Finished(_))
        ]
    ));
    let transfer = bench.fetches[&number].0;
    for told in [end, vec![]] {
        let refusal = refusal(ErrorCode::LimitExceeded);
        bench.downloads.refused(bench.now, number, &refusal);
        bench.now += ASK_AGAIN;
        assert_eq!(bench.downloads.due_again(bench.now), told);
        bench.downloads.endings.booked(transfer);
    }
}

#[test]
fn what_cannot_go_on_is_paused_again() {
    let mut bench = Bench::new();
    let number = bench.run("a", Priority::Normal);
    bench.downloads.pause(number);
    bench.stop(number);
    bench.downloads.resume(number, "x");
    let refusal = refusal(ErrorCode::NotReady);
    let answers = bench.downloads.refused(bench.now, number, &refusal);
    assert_eq!(answers, Answers::Asker("x"));
    assert!(matches!(bench.state(number), State::Paused));
    bench.downloads.resume(number, "y");
    // The link breaks: one that never began leaves no trace, this one does.
    let never = bench.ask("b", Priority::Normal);
    assert_eq!(bench.downloads.take_asked(), ["y", "asker"]);
    assert!(bench.downloads.get(never).is_none());
    assert!(matches!(bench.state(number), State::Paused));
    assert_eq!(bench.downloads.give_up(number), GivenUp::Dropped(name("a")));
    assert!(matches!(bench.state(number), State::Ended(End::Cancelled)));
}

#[test]
fn one_that_waits_is_paused_at_once_and_its_grant_comes_too_late() {
    let mut bench = Bench::new();
    let number = bench.ask("a", Priority::Normal);
    // Whoever asked is answered first.
    assert_eq!(bench.downloads.pause(number), GivenUp::Nothing);
    bench.downloads.queued(number, 2);
    let request = number.into();
    let withdrawn = GivenUp::Withdrawn(name("a"), FromClient::Cancel { request });
    assert_eq!(bench.downloads.pause(number), withdrawn);
    assert!(matches!(bench.grant(number), Granted::Unwanted(_)));
    assert_eq!(bench.downloads.queued(number, 1), Answers::Nothing);
    assert!(matches!(bench.state(number), State::Paused));
    // A grant that was on its way when it goes on again is as good as the next.
    bench.downloads.resume(number, "x");
    assert_eq!(bench.grant(number), Granted::Start);
}

#[test]
fn a_pause_that_comes_too_late_changes_nothing() {
    let mut bench = Bench::new();
    let number = bench.run("a", Priority::Normal);
    bench.downloads.pause(number);
    bench.complete(number);
    assert!(matches!(bench.state(number), State::Ended(End::Complete)));
}

#[test]
fn others_are_held_while_one_of_a_higher_priority_wants_to_run() {
    use Priority::{High, Low, Normal};
    let mut bench = Bench::new();
    let (low, normal) = (bench.run("low", Low), bench.ask("normal", Normal));
    // One that asks is enough.
    assert_eq!(bench.downloads.regulate(), []);
    assert!(bench.was_told_to_stop(low));
    assert_eq!(bench.stop(low), AfterStop::Held);
    bench.downloads.queued(normal, 1);
    let high = bench.run("high", High);
    let request = normal.into();
    let withdrawn = Regulated::Withdrawn(normal, name("normal"), FromClient::Cancel { request });
    assert_eq!(bench.downloads.regulate(), [withdrawn]);
    assert!(matches!(bench.state(normal), State::Held));
    // One that is asked for now is held when it is granted.
    let late = bench.ask("late", Normal);
    assert_eq!(bench.downloads.regulate(), []);
    assert!(matches!(bench.grant(late), Granted::Held(_, Some("asker"))));
    assert!(!bench.downloads.is_idle());
    // The highest is paused: the next go on, together, and the lowest still waits.
    bench.downloads.pause(high);
    let released = [
        Regulated::Released(ask_for(normal, "normal")),
        Regulated::Released(ask_for(late, "late")),
    ];
    assert_eq!(bench.downloads.regulate(), released);
    assert_eq!(bench.downloads.regulate(), []);
    bench.stop(high);
    for number in [normal, late] {
        assert_eq!(bench.grant(number), Granted::Start);
        bench.complete(number);
    }
    let released = Regulated::Released(ask_for(low, "low"));
    assert_eq!(bench.downloads.regulate(), [released]);
    // It is the only one that wants to run, until the paused one does.
    assert_eq!(bench.grant(low), Granted::Start);
    bench.downloads.resume(high, "x");
    bench.downloads.regulate();
    assert!(bench.was_told_to_stop(low));
}

#[test]
fn priorities_may_change_at_any_time() {
    use Priority::{High, Low, Normal};
    let mut bench = Bench::new();
    let (a, b) = (bench.run("a", Normal), bench.run("b", Normal));
    assert_eq!(bench.downloads.regulate(), []);
    assert!(bench.downloads.set_priority(b, High));
    bench.downloads.regulate();
    assert!(bench.was_told_to_stop(a) && !bench.was_told_to_stop(b));
    assert!(bench.downloads.get(a).unwrap().is_held());
    // It is equal again before the other has stopped.
    assert!(bench.downloads.set_priority(a, High));
    assert_eq!(bench.downloads.regulate(), []);
    assert_eq!(bench.stop(a), AfterStop::Again(ask_for(a, "a")));
    assert!(bench.downloads.set_priority(a, Low));
    let request = a.into();
    let withdrawn = Regulated::Withdrawn(a, name("a"), FromClient::Cancel { request });
    assert_eq!(bench.downloads.regulate(), [withdrawn]);
    // A held one that is paused stays so, and goes on held.
    assert_eq!(bench.downloads.pause(a), GivenUp::Dropped(name("a")));
    let held = Resuming::Held(name("a"), "x");
    assert_eq!(bench.downloads.resume(a, "x"), held);
    bench.complete(b);
    let released = Regulated::Released(ask_for(a, "a"));
    assert_eq!(bench.downloads.regulate(), [released]);
    assert!(!bench.downloads.set_priority(b, Low));
    assert!(!bench.downloads.set_priority(DownloadNumber(9), Low));
}

#[test]
fn a_file_that_is_read_may_be_downloaded_as_well() {
    let mut bench = Bench::new();
    let read = bench.downloads.ask_privately(name("a"), "reader");
    assert_eq!(bench.downloads.active(&name("a")), None);
    let number = bench.run("a", Priority::Normal);
    assert!(number > read);
    assert_eq!(bench.downloads.active(&name("a")), Some(number));
}

#[test]
fn what_earlier_runs_brought_is_added_up_by_secondary() {
    // In each run the central gives other ids.
    let received = |id: u32, number: u64, bytes| ReceivedFrom {
        bytes,
        wasted: 1,
        chunks: 1,
        ..ReceivedFrom::nothing(SourceId(id), who(number))
    };
    let first = Past::default().with(Duration::from_secs(1), &[received(1, 2, 10)]);
    let both = first.with(
        Duration::from_secs(2),
        &[received(1, 1, 5), received(2, 2, 20)],
    );
    assert_eq!(both.took, Duration::from_secs(3));
    let sums: Vec<_> = both.received.iter().map(|r| (r.bytes, r.wasted)).collect();
    assert_eq!(sums, [(5, 1), (30, 2)]);
}

#[test]
fn downloads_that_are_over_are_listed_for_a_while_and_count_for_ever() {
    let mut bench = Bench::new();
    let first = bench.run("first", Priority::Normal);
    let many = MOST_ENDED as u64 + 500;
    for n in 0..many {
        let number = bench.run(&n.to_string(), Priority::Normal);
        let (transfer, _) = bench.fetches[&number];
        let finished = Finished {
            transfer,
            outcome: Outcome::Complete,
            reason: None,
            sources: Vec::new(),
            peers: Default::default(),
        };
        let end = if n % 2 == 0 {
            End::Complete
        } else {
            End::Cancelled
        };
        assert!(bench.downloads.of_transfer(transfer).is_some());
        bench.downloads.end(bench.now, number, end, &finished);
        assert!(bench.downloads.of_transfer(transfer).is_none());
        assert_eq!(number.0, first.0 + n + 1, "no number is given twice");
    }
    let tally = bench.downloads.tally();
    assert_eq!((tally.complete, tally.failed), (many / 2, many / 2));
    let listed = bench.downloads.iter().count();
    assert!(listed <= MOST_ENDED + 2, "{listed}");
    // One that runs is not forgotten, however old it is.
    let (transfer, _) = bench.fetches[&first];
    assert_eq!(bench.downloads.of_transfer(transfer).unwrap().0, first);
}

#[test]
fn a_new_link_is_told_all_sources_that_a_transfer_ever_had() {
    let mut bench = Bench::new();
    let number = bench.run("a", Priority::Normal);
    let (transfer, _) = bench.fetches[&number];
    let (downloads, now) = (&mut bench.downloads, bench.now);
    downloads.set_sources(transfer, vec![source(3, 1)]);
    downloads.set_sources(transfer, vec![source(1, 2), source(3, 1)]);
    let told = downloads.first_messages(now);
    let [ToCentral::Client(FromClient::Resume(Resume { sources, .. }))] = &told[..] else {
        panic!("{told:?}");
    };
    let known = |id, number| KnownSource {
        id: SourceId(id),
        who: who(number),
    };
    assert_eq!(*sources, [known(1, 2), known(3, 1)]);
}

#[test]
fn what_failed_or_was_cancelled_can_be_resumed_unless_its_file_is_under_way() {
    let mut bench = Bench::new();
    let failed = bench.run("a", Priority::Normal);
    let transfer = bench.fetches[&failed].0;
    let finished = Finished {
        transfer,
        outcome: Outcome::Failed,
        reason: None,
        sources: Vec::new(),
        peers: Default::default(),
    };
    let end = End::Failed(refusal(ErrorCode::LimitExceeded));
    bench.downloads.end(bench.now, failed, end, &finished);
    let again = bench.run("a", Priority::Normal);
    assert_eq!(
        bench.downloads.resume(failed, "x"),
        Resuming::Active(again, "x")
    );
    bench.downloads.give_up(again);
    bench.stop(again);
    assert_eq!(
        bench.downloads.resume(again, "y"),
        Resuming::Ask(ask_for(again, "a"))
    );
    assert_eq!(bench.downloads.postpone(bench.now, again), Some("y"));
    bench.downloads.give_up(again);
    assert_eq!(
        bench.downloads.resume(failed, "z"),
        Resuming::Ask(ask_for(failed, "a"))
    );
    let private = bench.downloads.ask_privately(name("b"), "reader");
    bench.downloads.postpone(bench.now, private);
    bench.downloads.give_up(private);
    assert_eq!(bench.downloads.resume(private, "w"), Resuming::Unknown("w"));
}

#[test]
fn a_request_that_may_wait_is_repeated_until_there_is_service() {
    let mut bench = Bench::new();
    let number = bench.ask("a", Priority::Normal);
    assert_eq!(bench.downloads.postpone(bench.now, number), Some("asker"));
    assert_eq!(bench.downloads.postpone(bench.now, number), None);
    for _ in 0..3 {
        bench.now += ASK_AGAIN;
        let asked = bench.downloads.due_again(bench.now);
        assert_eq!(asked, [ask_for(number, "a").into()]);
        let not_ready = refusal(ErrorCode::NotReady);
        let answers = bench.downloads.refused(bench.now, number, &not_ready);
        assert_eq!(answers, Answers::Nothing);
    }
    // Without a link as well.
    let other = bench.ask("b", Priority::Normal);
    assert_eq!(bench.downloads.postpone_all(bench.now), [(other, "asker")]);
    assert!(bench.downloads.take_asked().is_empty());
    let first = bench.downloads.first_messages(bench.now);
    assert_eq!(
        first,
        [ask_for(number, "a").into(), ask_for(other, "b").into()]
    );
    assert_eq!(bench.grant(number), Granted::Start);
}

#[test]
fn the_next_run_goes_on_with_all_that_is_neither_complete_nor_cancelled() {
    let mut bench = Bench::new();
    let complete = bench.run("complete", Priority::Normal);
    bench.complete(complete);
    let paused = bench.run("paused", Priority::High);
    bench.downloads.pause(paused);
    bench.stop(paused);
    let cancelled = bench.run("cancelled", Priority::Normal);
    bench.downloads.give_up(cancelled);
    let runs = bench.run("runs", Priority::Normal);
    let reached = Reached {
        have_bytes: 3,
        file_bytes: 5,
    };
    bench.downloads.reach(runs, reached);
    bench.downloads.ask_privately(name("read"), "reader");
    bench.ask("unanswered", Priority::Normal);
    let unfinished = bench.downloads.unfinished();
    let remembered: Vec<_> = unfinished
        .iter()
        .map(|(_, download)| Remembered {
            file: download.file.clone(),
            purpose: (),
            priority: download.priority,
            reached: download.reached,
        })
        .collect();
    let names: Vec<_> = remembered.iter().map(|r| r.file.as_str()).collect();
    assert_eq!(names, ["paused", "runs"]);
    let mut next = Bench::new();
    for one in &remembered {
        next.downloads.restore(one).unwrap();
        assert_eq!(next.downloads.restore(one), None);
    }
    // Nobody has asked for them: they neither run nor count.
    assert!(next.downloads.is_idle() && next.downloads.tally() == Tally::default());
    assert_eq!(next.downloads.unfinished().len(), 2);
    let number = next.downloads.active(&name("runs")).unwrap();
    assert_eq!(next.downloads.get(number).unwrap().reached, reached);
    assert_eq!(
        next.downloads.resume(number, "x"),
        Resuming::Ask(ask_for(number, "runs"))
    );
    assert_eq!(next.downloads.tally().paused, 0);
}
