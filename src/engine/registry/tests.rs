//! Facts are lines of JSON, and a snapshot stands for all entries before it.

use std::collections::BTreeSet;

use super::*;
use crate::engine::figures::FigureFact;
use crate::model::{
    FigureDoor, NameRecord, OrderId, Outcome, Receiver, RequestId, SentTransfer, Session,
    TransferId,
    samples::{client, finished, meta, name, number, received},
};

fn transfer(n: u64) -> TransferId {
    TransferId::new(Term(7), n)
}

fn place(session: u64, request: u64) -> Place {
    Place {
        session: Session(session),
        request: RequestId(request),
        client: client("ana"),
        file: name("a"),
    }
}

fn order(session: u64) -> OrderId {
    OrderId {
        session: Session(session),
        number: 1,
    }
}

fn open(n: u64) -> OpenTransfer {
    OpenTransfer {
        transfer: transfer(n),
        receiver: Receiver::Client(client("ana")),
        file: name("a"),
        sent: vec![Reported {
            number: number(1),
            incarnation: Incarnation(u64::MAX),
            bytes: 60,
            last: true,
        }],
    }
}

fn settled(n: u64, bytes: u64) -> Entry {
    Entry::Settled(ClosedTransfer {
        open: open(n),
        finished: Some(crate::model::Finished {
            sources: vec![received(1, bytes, 0)],
            ..finished(transfer(n), Outcome::Complete)
        }),
        died: BTreeSet::new(),
        took_ms: 12,
    })
}

/// One of each kind at least, in an order that makes sense.
fn story() -> Vec<Entry> {
    let (session, request) = (Session(u64::MAX), RequestId(1));
    vec![
        Entry::Term { term: Term(7) },
        Entry::Secondary {
            number: number(1),
            incarnation: Incarnation(5),
            address: "10.0.0.1:50001".parse().unwrap(),
        },
        Entry::Begun,
        Entry::Figure(FigureFact::Changed {
            name: "sala.aforo".to_owned(),
            by: i64::MIN,
            value: i64::MIN,
            door: FigureDoor::Udp,
            who: "10.0.0.9".to_owned(),
            request: Some("a-7".to_owned()),
        }),
        Entry::Figure(FigureFact::Reset {
            name: "x".to_owned(),
            door: FigureDoor::Console,
            who: String::new(),
        }),
        Entry::Figure(FigureFact::Voted {
            file: name("a"),
            who: client("ana"),
            likes: true,
        }),
        Entry::Figure(FigureFact::Played {
            file: name("a"),
            reader: u64::MAX,
        }),
        Entry::Name(NameRecord {
            name: name("a"),
            current: Some(meta("a", 10, 1)),
            modified: Some(5),
            gone: vec![meta("a", 10, 2).id],
            deleted: false,
            by: Some(number(1)),
            at: 9,
        }),
        Entry::Client {
            name: client("ana"),
        },
        Entry::Open(open(1)),
        Entry::Granted {
            place: place(u64::MAX, 1),
            transfer: transfer(1),
        },
        Entry::Entered(place(3, 1)),
        Entry::Entered(place(2, 9)),
        Entry::Renamed {
            session: Session(2),
            client: client("eva"),
        },
        settled(1, 60),
        Entry::Left { session, request },
        settled(1, 50),
        settled(2, 60),
        Entry::Reopened {
            transfer: transfer(2),
        },
        Entry::Open(open(3)),
        Entry::Dropped {
            transfer: transfer(3),
        },
        Entry::Closed {
            transfer: transfer(4),
        },
        Entry::Unconfirmed {
            number: number(1),
            receiver: Receiver::Http("10.0.0.9".parse().unwrap()),
            bytes: 5,
        },
        Entry::Legacy {
            number: number(1),
            client: client("vieja"),
            sent: SentTransfer {
                transfer: transfer(4),
                receiver: Receiver::Legacy(client("vieja")),
                file: name("a"),
                bytes: 7,
                chunks: 0,
                last: true,
                whole_part: Some(1),
            },
        },
        Entry::Drained { number: number(1) },
        Entry::Drained { number: number(2) },
        Entry::Works { number: number(2) },
        Entry::Expelled {
            name: client("mal"),
            until_ms: 1_795_889_755_813,
        },
        Entry::Expelled {
            name: client("peor"),
            until_ms: 1,
        },
        Entry::LetIn {
            name: client("peor"),
        },
        Entry::MaxDownloads {
            most: 2,
            configured: 5,
        },
        Entry::Answered {
            id: order(7),
            at_ms: 1_795_889_755_813,
            answer: r#"{"drained":[]}"#.to_owned(),
        },
        Entry::Stopped,
    ]
}

#[test]
fn every_entry_is_one_line_that_is_read_as_it_was_written() {
    for entry in story() {
        let line = serde_json::to_string(&entry).unwrap();
        assert!(
            line.starts_with(r#"{"t":""#) && !line.contains('\n'),
            "{line}"
        );
        assert_eq!(
            serde_json::from_str::<Entry>(&line).unwrap(),
            entry,
            "{line}"
        );
        // A later version may say more.
        let more = line.replacen('{', r#"{"later":[1],"#, 1);
        assert_eq!(
            serde_json::from_str::<Entry>(&more).unwrap(),
            entry,
            "{more}"
        );
    }
}

#[test]
fn a_snapshot_and_the_entries_after_it_are_all_entries() {
    let story = story();
    let mut whole = Registry::default();
    story.iter().for_each(|entry| whole.apply(entry));
    for cut in 0..=story.len() {
        let mut first = Registry::default();
        story[..cut].iter().for_each(|entry| first.apply(entry));
        let mut second = Registry::restore(&first.snapshot()).unwrap();
        assert_eq!(second.digest(), first.digest());
        story[cut..].iter().for_each(|entry| second.apply(entry));
        assert_eq!(second, whole, "after {cut}");
        assert_eq!(second.digest(), whole.digest());
    }
}

#[test]
fn the_facts_of_a_story() {
    let mut registry = Registry::default();
    story().iter().for_each(|entry| registry.apply(entry));
    assert_eq!(registry.term(), Term(7));
    assert!(registry.has_all_of(Term(7)) && !registry.has_all_of(Term(6)));
    assert!(!registry.has_begun());
    assert_eq!([5, 4].map(|most| registry.max_downloads(most)), [2, 4]);
    assert_eq!(registry.drained().collect::<Vec<_>>(), [number(1)]);
    assert_eq!(registry.expelled().count(), 1);
    let answers = [7, 8].map(|session| registry.answers().find(order(session)));
    let answered = KnownOrder::Answered(r#"{"drained":[]}"#);
    assert_eq!(answers, [answered, KnownOrder::New]);
    // The line is in the order of arrival, whatever the numbers of sessions are.
    let rows = registry.waiting().rows();
    let rows = rows
        .iter()
        .map(|row| (row.place.session.0, row.place.client.as_str()));
    assert_eq!(rows.collect::<Vec<_>>(), [(3, "ana"), (2, "eva")]);
    // Of the first transfer the later figures count, the second is open again, the third was nothing.
    let totals = registry.ledger().tables().totals();
    assert_eq!(
        (totals.totals.downloads, totals.totals.bytes_received),
        (1, 50 + 7)
    );
    let open = registry.ledger().open().map(|open| open.transfer);
    assert_eq!(open.collect::<Vec<_>>(), [transfer(2)]);
    assert_eq!(
        registry.ledger().closed().known(),
        [transfer(1), transfer(4)]
    );
}

#[test]
fn what_an_earlier_run_kept_without_a_journal_is_imported() {
    let mut whole = Registry::default();
    story().iter().for_each(|entry| whole.apply(entry));
    let totals = Totals {
        open: whole.ledger().open().cloned().collect(),
        closed_ids: whole.ledger().closed().known(),
        closed: whole.ledger().closed().whole().rev().cloned().collect(),
        ..whole.ledger().tables().totals()
    };
    let names = whole.names().cloned();
    let imported = Registry::import(totals, names, true, Term(6));
    let shown = |registry: &Registry| {
        let ledger = registry.ledger();
        let closed: Vec<_> = ledger.closed().whole().cloned().collect();
        let open: Vec<_> = ledger.open().cloned().collect();
        (
            ledger.tables().totals(),
            open,
            closed,
            ledger.closed().known(),
        )
    };
    assert_eq!(shown(&imported), shown(&whole));
    assert!(imported.names().eq(whole.names()));
    assert!(imported.has_begun() && !imported.has_all_of(Term(6)));
}
