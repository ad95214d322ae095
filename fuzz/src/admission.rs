//! Slots and the line of those that wait, beside a plain list of each.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Instant,
};

use arbitrary::{Arbitrary, Unstructured};
use trozos::{
    engine::cluster::{
        ConnectionId,
        fuzzing::{Line, RequestKey},
    },
    model::RequestId,
};

use crate::oracle::places::knows_position;

#[derive(Arbitrary, Debug)]
enum Step {
    Enter(u8, u8),
    Readmit(u8, u8),
    Leave(u8, u8),
    LeaveLink(u8),
}

fn key(connection: u8, request: u8) -> RequestKey {
    (
        ConnectionId(u64::from(connection % 16)),
        RequestId(u64::from(request % 4)),
    )
}

/// The first byte says how many slots there are.
pub fn admission(data: &[u8]) {
    let mut input = Unstructured::new(data);
    let Ok(slots) = input.int_in_range(0..=6usize) else {
        return;
    };
    let mut admission = Line::new(slots, Instant::now());
    let slots = slots.max(1);
    let (mut running, mut line) = (BTreeSet::new(), Vec::new());
    let mut told = BTreeMap::new();
    for step in crate::steps(&mut input, 500) {
        match step {
            Step::Enter(connection, request) => {
                let key = key(connection, request);
                if running.contains(&key) || line.contains(&key) {
                    continue;
                }
                let position = admission.enter(key);
                if running.len() < slots && line.is_empty() {
                    running.insert(key);
                    assert_eq!(position, Some(0));
                } else {
                    line.push(key);
                    told.insert(key, line.len() as u32);
                    assert_eq!(position, Some(line.len() as u32));
                }
            }
            Step::Readmit(connection, request) => {
                let key = key(connection, request);
                if !line.contains(&key) {
                    admission.readmit(key);
                    running.insert(key);
                }
            }
            Step::Leave(connection, request) => {
                let gone = key(connection, request);
                let line = (&mut line, &mut told);
                leave(&mut admission, slots, &mut running, line, |key| key == gone);
            }
            Step::LeaveLink(connection) => {
                let (gone, _) = key(connection, 0);
                leave(
                    &mut admission,
                    slots,
                    &mut running,
                    (&mut line, &mut told),
                    |(connection, _)| connection == gone,
                );
            }
        }
        assert_eq!(admission.counts(), (running.len(), line.len()));
        // A slot is free only when nobody waits for it.
        assert!(line.is_empty() || running.len() >= slots);
    }
}

fn leave(
    admission: &mut Line,
    slots: usize,
    running: &mut BTreeSet<RequestKey>,
    (line, told): (&mut Vec<RequestKey>, &mut BTreeMap<RequestKey, u32>),
    gone: impl Fn(RequestKey) -> bool,
) {
    running.retain(|key| !gone(*key));
    line.retain(|key| !gone(*key));
    let free = slots.saturating_sub(running.len()).min(line.len());
    let starts: Vec<_> = line.drain(..free).collect();
    running.extend(&starts);
    let (started, moved) = admission.leave(gone);
    assert_eq!(started, starts);
    told.extend(moved);
    for (position, key) in (1..).zip(line.iter()) {
        let told = told[key];
        assert!(knows_position(told, position), "{told} is {position}");
    }
}
