use std::time::Duration;

use super::*;
use crate::model::{ChunkIndex, ChunkSet, SecondaryNumber};

const MS: Duration = Duration::from_millis(1);

fn line(order: Order) -> (Line, Instant) {
    let now = Instant::now();
    (Line::new(now, order, None), now)
}

#[test]
fn who_got_least_lately_is_next_and_two_are_sent_to_at_a_time() {
    let (mut line, now) = line(Order::LeastLately);
    let [a, b, c, d] = [0; 4].map(|uplink| line.join(uplink));
    for (member, lately) in [(a, 300), (b, 100), (c, 200), (d, 100)] {
        line.ask(member, Lately(lately));
    }
    assert_eq!(line.start(now), Some(b));
    // Of two alike the one that asked first.
    assert_eq!(line.start(now), Some(d));
    assert_eq!(
        (line.start(now), line.waiting(), line.sending()),
        (None, 2, 2)
    );
    // One that is being sent to has one chunk at a time.
    line.ask(b, Lately(0));
    line.done(b);
    assert_eq!(line.start(now), Some(c));
    line.leave(d);
    assert_eq!(line.start(now), Some(a));
    assert_eq!((line.start(now), line.sending()), (None, 2));
}

#[test]
fn what_is_said_again_counts_and_who_goes_away_does_not() {
    let (mut line, now) = line(Order::LeastLately);
    let [a, b, c] = [0; 3].map(|uplink| line.join(uplink));
    for member in [a, b, c] {
        line.ask(member, Lately(100));
    }
    line.ask(c, Lately(0));
    line.done(a);
    assert!(!line.waits(a) && line.waits(b));
    assert_eq!(line.start(now), Some(c));
    assert_eq!(line.start(now), Some(b));
    line.leave(c);
    line.leave(c);
    assert_eq!((line.sending(), line.start(now)), (1, None));
}

#[test]
fn a_secondary_serves_those_first_who_can_give_on_more() {
    let (mut line, now) = line(Order::LeastLatelyForUplink);
    let slow = line.join(2_500_000);
    let unknown = line.join(0);
    let fast = line.join(125_000_000);
    line.ask(slow, Lately(0));
    line.ask(unknown, Lately(0));
    // Five chunks in two seconds are little for it.
    line.ask(fast, Lately(500));
    assert_eq!(line.start(now), Some(fast));
    assert_eq!(line.start(now), Some(unknown));
}

/// Sends through a line for some seconds to members that take so much each; the uplink gives `uplink`, in bytes per
/// millisecond. Gives the most slots that were used at the end, and what was sent in the last second.
fn send(uplink: u64, takes: &[u64], limit: Option<u64>) -> (usize, u64) {
    let (mut now, chunk) = (Instant::now(), 100_000);
    let mut line = Line::new(now, Order::LeastLately, limit);
    let members: Vec<_> = takes.iter().map(|_| line.join(0)).collect();
    let mut left: Vec<Option<u64>> = vec![None; takes.len()];
    let (mut most, mut last) = (0, 0);
    for ms in 0..20_000 {
        for (n, member) in members.iter().enumerate() {
            if left[n].is_none() {
                line.ask(*member, Lately(ms / 100));
            }
        }
        while let Some(started) = line.start(now) {
            let n = members
                .iter()
                .position(|member| *member == started)
                .unwrap();
            left[n] = Some(chunk);
        }
        let active: Vec<_> = (0..takes.len()).filter(|n| left[*n].is_some()).collect();
        for n in &active {
            let bytes = takes[*n].min(uplink / active.len() as u64);
            line.sent(now, bytes);
            if ms >= 19_000 {
                last += bytes;
            }
            let rest = left[*n].unwrap_or_default().saturating_sub(bytes);
            left[*n] = (rest > 0).then_some(rest);
            if rest == 0 {
                line.done(members[*n]);
            }
        }
        if ms >= 15_000 {
            most = most.max(line.sending());
        }
        now += MS;
    }
    (most, last)
}

#[test]
fn slots_are_as_many_as_it_takes_to_fill_the_uplink() {
    // Fast receivers: two, and a third that is tried.
    let (most, _) = send(10_000, &[100_000; 20], None);
    assert!(most <= 3, "{most}");
    // Slow ones: the uplink is filled all the same.
    let (_, last) = send(10_000, &[1000; 20], None);
    assert!(last >= 8_500_000, "{last}");
    let (_, last) = send(10_000, &[1000; 20], Some(10_000_000));
    assert!(last >= 8_500_000, "{last}");
    let (most, _) = send(100_000, &[1000; 40], None);
    assert_eq!(most, 16);
}

#[test]
fn a_secondary_sends_what_it_has_sent_least_and_begins_with_its_own() {
    let number = |n| SecondaryNumber::try_from(n).unwrap();
    let wanted = |chunks: &[u32]| {
        let mut set = ChunkSet::new(20);
        for chunk in chunks {
            set.insert(ChunkIndex(*chunk));
        }
        set
    };
    let mut spread = Spread::new(10, number(1));
    let all = wanted(&(0..20).collect::<Vec<_>>());
    let first: Vec<_> = (0..10).map(|_| spread.choose(&all).unwrap().0).collect();
    assert_eq!(first, [1, 4, 7, 0, 1, 2, 3, 4, 5, 6]);
    assert_eq!(spread.choose(&wanted(&[7, 8])), Some(ChunkIndex(7)));
    assert_eq!(spread.choose(&wanted(&[8, 9])), Some(ChunkIndex(8)));
    spread.give_back(ChunkIndex(8));
    assert_eq!(spread.choose(&wanted(&[8, 9])), Some(ChunkIndex(8)));
    // A content has no more chunks than it has.
    assert_eq!(spread.choose(&wanted(&[10, 19])), None);
    assert_eq!(spread.choose(&wanted(&[])), None);
}
