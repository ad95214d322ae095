//! Rooms by themselves: what stories on a key store do not reach, as their registries are small and their troubles short.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use bytes::Bytes;

use super::{
    Action, Active, AskId, Batch, Config, Event, Fence, Kept, Leadership, Request, Sight, Standby,
    Standing,
    follow::{Follow, Wish},
    handover::target,
    keeping::{Keeping, PIECE_BYTES},
    types::NotMigrated,
};
use crate::model::{Call, Digest, KeyOp, KeyValue, LeaseId, Reply, Revision, Silence, Txned};

const FENCE: Fence = Fence(Revision(7));

fn config() -> Config {
    Config {
        snapshot_batches: 1,
        ..Config::new("a", "a:7000")
    }
}

#[test]
fn a_large_snapshot_is_kept_and_loaded_in_pieces() {
    let now = Instant::now();
    let body: Bytes = (0..2 * PIECE_BYTES + 10)
        .map(|at| (at % 251) as u8)
        .collect();
    let mut keeping = Keeping::new(now);
    keeping.wrote(10);
    assert!(keeping.is_wanted(now, &config()));
    assert!(!keeping.is_wanted(now, &config()), "one at a time");
    keeping.made(now, 1, 1, body.clone(), Digest::new([1; 32]));
    assert_eq!(
        keeping.due(now, FENCE, 0, &config()),
        None,
        "it is not committed"
    );
    let mut pieces = Vec::new();
    let mut kept: Option<Kept> = None;
    for nth in 0..20 {
        let Some(request) = keeping.due(now, FENCE, 1, &config()) else {
            break;
        };
        keeping.asked(AskId(nth));
        assert!(keeping.takes(AskId(nth)));
        match request {
            Request::Current => keeping.current(None),
            Request::PutPiece(_, 1, n, piece) => {
                assert_eq!(n as usize, pieces.len());
                pieces.push(piece);
                keeping.done(Revision(8));
            }
            Request::SetCurrent(_, current, Revision(0)) => {
                assert_eq!(pieces.len(), 3);
                kept = Some(current);
                keeping.done(Revision(9));
            }
            Request::Trim(..) | Request::Compact(_) => {
                assert!(kept.is_some(), "removed before it is current");
                keeping.done(Revision(10));
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(keeping.due_at(1), None);

    let mut follow = Follow::new(now);
    let mut out = VecDeque::new();
    for nth in 0..4 {
        let Some(Wish::Ask(request)) = follow.due(now) else {
            panic!("it reads on");
        };
        follow.asked(AskId(nth));
        assert!(follow.takes(AskId(nth)));
        match request {
            Request::Current => follow.current(kept.clone(), &mut out).unwrap(),
            Request::Piece(1, n) => {
                follow.piece(now, Some(pieces[n as usize].clone()), &mut out);
            }
            other => panic!("{other:?}"),
        }
    }
    let loaded = Action::Load {
        seq: 1,
        body,
        digest: Digest::new([1; 32]),
    };
    assert_eq!(out.pop_front(), Some(loaded));
    assert!(matches!(
        follow.due(now),
        Some(Wish::Ask(Request::Log(2, _)))
    ));
}

#[test]
fn a_snapshot_that_is_replaced_while_it_is_read_is_read_anew() {
    let now = Instant::now();
    let mut follow = Follow::new(now);
    let mut out = VecDeque::new();
    let kept = Kept {
        seq: 5,
        term: 1,
        pieces: 2,
        digest: Digest::new([1; 32]),
    };
    follow.current(Some(kept), &mut out).unwrap();
    follow.piece(now, Some("half".into()), &mut out);
    follow.piece(now, None, &mut out);
    assert_eq!((follow.applied(), out.len()), (0, 0));
    let later = now + Duration::from_secs(1);
    assert!(matches!(
        follow.due(later),
        Some(Wish::Ask(Request::Current))
    ));
}

fn standby(node: &str, applied: u64, ready: bool) -> Standby {
    Standby {
        node: node.to_owned(),
        address: String::new(),
        lease: None,
        created: Revision(1),
        applied,
        reads: 1,
        ready,
    }
}

#[test]
fn whom_an_order_to_migrate_means() {
    let with = |standbys: &[Standby], format| Sight {
        revision: Revision(9),
        active: None,
        handover: None,
        standbys: standbys.to_vec(),
        format,
        tail: 9,
    };
    let all = [
        standby("a", 9, false),
        standby("b", 7, true),
        standby("c", 8, true),
        standby("d", 9, false),
    ];
    let name = |to: Option<&str>, sight: &Sight| target("a", to, sight).map(|found| found.node);
    let sight = with(&all, 1);
    assert_eq!(name(None, &sight), Ok("c".to_owned()));
    assert_eq!(name(Some("b"), &sight), Ok("b".to_owned()));
    assert_eq!(name(Some("a"), &sight), Err(NotMigrated::ToItself));
    assert_eq!(
        name(Some("d"), &sight),
        Err(NotMigrated::NotReady("d".to_owned()))
    );
    assert_eq!(
        name(Some("e"), &sight),
        Err(NotMigrated::Unknown("e".to_owned()))
    );
    assert_eq!(name(None, &with(&all[..1], 1)), Err(NotMigrated::Alone));
    // None of them reads what the journal is written in.
    assert_eq!(
        name(None, &with(&all, 2)),
        Err(NotMigrated::NotReady("b".to_owned()))
    );
}

/// A store that answers everything but batches, if it is told so.
struct Alone {
    machine: Leadership,
    now: Instant,
    active: Option<KeyValue>,
    answers_batches: bool,
    renewals: usize,
}

impl Alone {
    fn reply(&mut self, call: &Call) -> Result<Reply, Silence> {
        let mut got = Vec::new();
        match call {
            Call::Txn(txn) => {
                for op in &txn.then {
                    match op {
                        KeyOp::Put { key, .. }
                            if key.starts_with("log/") && !self.answers_batches =>
                        {
                            return Err(Silence);
                        }
                        KeyOp::Put { key, value, lease } if key == "active" => {
                            self.active = Some(KeyValue {
                                key: key.clone(),
                                value: value.clone(),
                                created: FENCE.0,
                                modified: FENCE.0,
                                lease: *lease,
                            });
                        }
                        KeyOp::Get(get) if get.range.from == "active" => {
                            got.push(self.active.iter().cloned().collect());
                        }
                        KeyOp::Get(_) => got.push(Vec::new()),
                        KeyOp::Put { .. } | KeyOp::Delete(_) => {}
                    }
                }
            }
            Call::Grant(_) => return Ok(Reply::Granted(LeaseId(1))),
            Call::Renew(_) => {
                self.renewals += 1;
                return Ok(Reply::Done);
            }
            Call::Revoke(_) | Call::Compact(_) => return Ok(Reply::Done),
        }
        Ok(Reply::Txn(Txned {
            revision: FENCE.0,
            held: true,
            got,
        }))
    }

    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while self.now < end {
            while let Some(action) = self.machine.poll_action() {
                match action {
                    Action::Ask(id, call) => {
                        let reply = self.reply(&call);
                        self.machine
                            .handle_event(self.now, Event::Answer(id, reply));
                    }
                    Action::Compose(wanted) => {
                        let batch = Batch {
                            seq: wanted.seq,
                            term: wanted.term,
                            body: "first".into(),
                        };
                        self.machine.handle_event(self.now, Event::Composed(batch));
                    }
                    _ => {}
                }
            }
            self.now += Duration::from_millis(10);
            self.machine.handle_timeout(self.now);
        }
    }
}

#[test]
fn who_cannot_write_lets_its_lease_end() {
    let now = Instant::now();
    let mut alone = Alone {
        machine: Leadership::new(now, Config::new("a", "a:7000")),
        now,
        active: None,
        answers_batches: true,
        renewals: 0,
    };
    alone.pass(Duration::from_secs(2));
    assert_eq!(alone.machine.snapshot().standing, Standing::Serving);
    assert!(alone.machine.is_active(alone.now));
    let active = alone.machine.active().cloned();
    assert!(matches!(active, Some(Active { fence: FENCE, .. })));
    alone.answers_batches = false;
    let (seq, term) = alone.machine.next_batch().unwrap();
    let body = "second".into();
    let batch = Batch { seq, term, body };
    alone.machine.handle_event(alone.now, Event::Append(batch));
    assert_eq!(alone.machine.next_batch(), None, "one at a time");
    // Renewals are answered all the while.
    alone.pass(Duration::from_secs(3));
    let before = alone.renewals;
    alone.pass(Duration::from_secs(5));
    assert_eq!(alone.renewals, before);
    assert_eq!(alone.machine.snapshot().standing, Standing::Limited);
    assert!(!alone.machine.is_active(alone.now));
    // The same batch is written once there is an answer, and the reign goes on.
    alone.answers_batches = true;
    alone.pass(Duration::from_secs(2));
    assert_eq!(alone.machine.snapshot().standing, Standing::Serving);
    assert_eq!(alone.machine.snapshot().applied, seq);
}
