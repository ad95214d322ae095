//! Whole transfers in the books.

use super::{
    entry::{BACK_WITHIN, REPORTED_WITHIN},
    *,
};
use crate::model::{
    Outcome, ReceivedFrom, Term, Who,
    limits::MAX_FILE_BYTES,
    samples::{self, number, received},
};

fn sent(bytes: u64, last: bool) -> SentTransfer {
    SentTransfer {
        transfer: TransferId::new(Term(1), 7),
        receiver: Receiver::Client(samples::client("ana")),
        file: samples::name("a"),
        bytes,
        chunks: 1,
        last,
        whole_part: None,
    }
}

fn books(now: Instant) -> Books {
    let mut books = Books::restore(now, &Ledger::default(), Numbers::new(Term(2), 1));
    let open = sent(0, false);
    books.open(now, open.transfer, &open.receiver, &open.file, HOST);
    books
}

fn finished(sources: Vec<ReceivedFrom>) -> Finished {
    Finished {
        sources,
        ..samples::finished(TransferId::new(Term(1), 7), Outcome::Complete)
    }
}

const RUN: Incarnation = Incarnation(1);
const LINK: ConnectionId = ConnectionId(9);
const HOST: Origin = Origin::Host(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST));

fn report(
    books: &mut Books,
    now: Instant,
    number: SecondaryNumber,
    run: Incarnation,
    sent: SentTransfer,
) {
    books.enrolled(now, number, run);
    books.report(now, number, run, &sent);
}

#[test]
fn sent_is_received_plus_wasted_to_the_byte() {
    let now = Instant::now();
    let mut books = books(now);
    report(&mut books, now, number(1), RUN, sent(60, false));
    books.finish(
        now,
        LINK,
        finished(vec![received(1, 60, 10), received(2, 30, 0)]),
    );
    assert!(
        books.close(now, |_| Some(RUN)).is_empty(),
        "waits for the last reports"
    );
    report(&mut books, now, number(1), RUN, sent(75, true));
    report(&mut books, now, number(2), RUN, sent(30, true));
    let closed = books.close(now, |_| Some(RUN));
    assert_eq!(closed[0].sent.iter().map(|s| s.bytes).sum::<u64>(), 105);
    let totals = books.totals().totals;
    assert_eq!(
        (
            totals.bytes_sent,
            totals.bytes_received,
            totals.bytes_wasted
        ),
        (105, 90, 15)
    );
    assert_eq!((totals.downloads, totals.bytes_unreported), (1, 0));
}

#[test]
fn a_killed_secondarys_last_bytes_are_known_from_the_receiver() {
    let now = Instant::now();
    let mut books = books(now);
    report(&mut books, now, number(1), RUN, sent(60, false));
    books.finish(now, LINK, finished(vec![received(1, 80, 5)]));
    let closed = books.close(now, |_| None);
    assert_eq!(closed.len(), 1);
    let totals = books.totals().totals;
    assert_eq!(
        (
            totals.bytes_sent,
            totals.bytes_received,
            totals.bytes_wasted
        ),
        (85, 80, 5)
    );
    assert_eq!((totals.downloads, totals.bytes_unreported), (1, 25));
}

#[test]
fn a_secondary_that_is_claimed_twice_is_booked_once() {
    let now = Instant::now();
    let mut books = books(now);
    report(&mut books, now, number(1), RUN, sent(60, true));
    books.finish(
        now,
        LINK,
        finished(vec![received(1, 50, 0), received(1, 40, 0)]),
    );
    books.close(now, |_| Some(RUN));
    let totals = books.totals().totals;
    assert_eq!(
        (
            totals.bytes_sent,
            totals.bytes_received,
            totals.bytes_wasted
        ),
        (60, 50, 10)
    );
    assert_eq!(totals.downloads, 0);
}

#[test]
fn figures_that_no_sum_can_hold_stop_nobody() {
    let now = Instant::now();
    let mut books = books(now);
    for run in 1..3 {
        report(
            &mut books,
            now,
            number(1),
            Incarnation(run),
            sent(u64::MAX, true),
        );
    }
    let claims = (1..4).map(|n| received(n, u64::MAX, u64::MAX)).collect();
    books.finish(now, LINK, finished(claims));
    assert_eq!(books.close(now, |_| None).len(), 1);
    assert!(books.totals().totals.bytes_sent >= 2 * MAX_FILE_BYTES);
}

#[test]
fn a_transfer_of_an_earlier_run_may_have_senders_that_are_gone() {
    let now = Instant::now();
    let mut books = Books::restore(now, &Ledger::default(), Numbers::new(Term(2), 1));
    let open = sent(0, false);
    books.resume(open.transfer, &open.receiver, &open.file, HOST);
    // The sender was started anew before the central was: its first run's figures reach nobody.
    report(&mut books, now, number(1), RUN, sent(60, true));
    books.finish(now, LINK, finished(vec![received(1, 80, 5)]));
    assert_eq!(books.close(now, |_| Some(RUN))[0].sent[0].bytes, 85);
    let totals = books.totals().totals;
    assert_eq!((totals.downloads, totals.bytes_unreported), (1, 25));
}

#[test]
fn an_end_that_is_told_again_counts_once() {
    let now = Instant::now();
    let mut books = books(now);
    let open = sent(0, false);
    report(&mut books, now, number(1), RUN, sent(80, true));
    for _ in 0..3 {
        books.resume(open.transfer, &open.receiver, &open.file, HOST);
        books.finish(now, LINK, finished(vec![received(1, 80, 0)]));
        assert_eq!(books.close(now, |_| Some(RUN)).len(), 1);
        let totals = books.totals();
        assert_eq!((totals.totals.downloads, totals.totals.bytes_sent), (1, 80));
        assert_eq!(totals.closed_ids.len(), 1);
    }
    // So it does in a later run of the central.
    let before = books.totals();
    let mut later = Books::restore(
        now,
        &Ledger::import(before.clone()),
        Numbers::new(Term(3), 2),
    );
    later.resume(open.transfer, &open.receiver, &open.file, HOST);
    assert_eq!(later.totals().open.len(), 1);
    later.finish(now, LINK, finished(vec![received(1, 80, 0)]));
    assert_eq!(later.close(now, |_| Some(RUN)).len(), 1);
    assert_eq!(later.totals().totals, before.totals);
    // One that knows only that it is settled leaves it as it is.
    let mut known = before;
    known.closed.clear();
    let mut later = Books::restore(now, &Ledger::import(known), Numbers::new(Term(3), 2));
    later.resume(open.transfer, &open.receiver, &open.file, HOST);
    assert!(later.totals().open.is_empty());
}

#[test]
fn a_late_report_amends_what_was_booked_without_it() {
    let now = Instant::now();
    let mut books = books(now);
    report(&mut books, now, number(1), RUN, sent(60, false));
    books.finish(now, LINK, finished(vec![received(1, 80, 5)]));
    // Its sender is so slow that its last report does not come in time: the claim is not borne out.
    assert_eq!(books.close(now + REPORTED_WITHIN, |_| Some(RUN)).len(), 1);
    assert_eq!(books.totals().totals.downloads, 0);
    for _ in 0..2 {
        // Also when the central was started anew meanwhile.
        let saved = serde_json::to_string(&books.totals()).unwrap();
        books = Books::restore(
            now,
            &Ledger::import(serde_json::from_str(&saved).unwrap()),
            Numbers::new(Term(3), 2),
        );
        report(&mut books, now, number(1), RUN, sent(90, true));
        let totals = books.totals();
        for books in [
            &totals.totals,
            &totals.secondaries[&number(1)],
            totals.clients.values().next().unwrap(),
            totals.files.values().next().unwrap(),
        ] {
            assert_eq!(
                (books.bytes_sent, books.bytes_received, books.bytes_wasted),
                (90, 80, 10)
            );
            assert_eq!((books.downloads, books.bytes_unreported), (1, 0));
        }
    }
}

#[test]
fn books_are_not_closed_because_the_central_stood_still() {
    let began = Instant::now();
    let mut books = books(began);
    books.finish(began, LINK, finished(vec![received(1, 80, 0)]));
    // The sender has died meanwhile, and its lease is given its time anew.
    let now = began + 2 * REPORTED_WITHIN;
    books.renew(now);
    assert!(books.close(now, |_| Some(RUN)).is_empty());
    assert_eq!(books.next_deadline(), Some(now + REPORTED_WITHIN));
    books.fell(number(1));
    assert_eq!(books.close(now, |_| None).len(), 1);
    let totals = books.totals().totals;
    assert_eq!((totals.downloads, totals.bytes_unreported), (1, 80));
    assert_eq!(totals.duration_ms, 0);
}

#[test]
fn a_claim_that_no_report_bears_out_is_no_download() {
    let now = Instant::now();
    let mut books = books(now);
    books.finish(now, LINK, finished(vec![received(1, 1000, 0)]));
    assert!(books.close(now, |_| Some(RUN)).is_empty());
    assert_eq!(books.close(now + REPORTED_WITHIN, |_| Some(RUN)).len(), 1);
    let totals = books.totals().totals;
    assert_eq!((totals.downloads, totals.bytes_received), (0, 0));
}

#[test]
fn claims_of_any_size_do_not_overflow_and_unreported_waste_spoils_no_download() {
    let now = Instant::now();
    let mut books = books(now);
    report(&mut books, now, number(1), RUN, sent(60, true));
    report(&mut books, now, number(3), RUN, sent(u64::MAX, true));
    let mut liar = received(2, 0, u64::MAX);
    liar.faults.protocol = u64::MAX;
    liar.retries = u64::MAX;
    let mut other = liar.clone();
    other.who = Who::Secondary(number(3));
    books.finish(now, LINK, finished(vec![received(1, 60, 0), liar, other]));
    assert_eq!(books.close(now + REPORTED_WITHIN, |_| Some(RUN)).len(), 1);
    let totals = books.totals();
    assert_eq!(
        (totals.totals.downloads, totals.totals.bytes_received),
        (1, 60)
    );
    assert_eq!(totals.secondaries[&number(2)].faults.protocol, u64::MAX);
    assert_eq!(totals.secondaries[&number(3)].bytes_sent, MAX_FILE_BYTES);
}

#[test]
fn a_vanished_receiver_is_waited_for_and_then_booked_as_unconfirmed() {
    let now = Instant::now();
    let mut books = books(now);
    report(&mut books, now, number(1), RUN, sent(60, true));
    books.orphan(now, TransferId::new(Term(1), 7));
    assert!(books.close(now, |_| Some(RUN)).is_empty());
    assert_eq!(books.close(now + BACK_WITHIN, |_| Some(RUN)).len(), 1);
    let totals = books.totals().totals;
    assert_eq!(
        (totals.failed, totals.bytes_sent, totals.bytes_unconfirmed),
        (1, 60, 60)
    );
}

#[test]
fn three_legacy_parts_make_a_download() {
    let mut books = Books::restore(Instant::now(), &Ledger::default(), Numbers::new(Term(2), 1));
    let client = Receiver::Legacy(samples::client("ana"));
    let now = Instant::now();
    let steps = [(0, 0), (2, 0), (2, 0), (1, 1), (0, 1)];
    for ((part, downloads), transfer) in steps.into_iter().zip(100..) {
        let part = SentTransfer {
            transfer: TransferId::new(Term(1), transfer),
            receiver: client.clone(),
            whole_part: Some(part),
            ..sent(10, true)
        };
        // It is told again after a reconnection, and counts once.
        report(&mut books, now, number(1), RUN, part.clone());
        report(&mut books, now, number(1), RUN, part);
        assert_eq!(books.totals().totals.downloads, downloads);
    }
    assert_eq!(books.totals().totals.bytes_sent, 50);
}
