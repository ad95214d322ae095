//! How fast films are sent to players. Some ask for all that is left of a file, read a second of it, give up and ask again,
//! hundreds of times in a film: sent as fast as they take it, that is several times the film. So a player gets a lot at
//! once, for its beginning and each seek, and then not much faster than it plays. It is counted by address and content, as
//! each new request would begin anew otherwise. Pure.

use std::{collections::HashMap, net::IpAddr, time::Duration};

use tokio::time::Instant;

use crate::model::Digest;

/// What an address gets of a content at once, in bytes.
const BURST: u64 = 16 << 20;
/// Time after which it gets that again, however slowly its film plays.
const BURST_EVERY: Duration = Duration::from_secs(60);
/// How many times as fast as the film plays the rest is sent.
const TIMES: u64 = 4;
/// Players that are remembered before those are forgotten that have nothing to wait for.
const MANY: usize = 1024;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Pace {
    sent: HashMap<(IpAddr, Digest), Sent>,
}

/// What was sent and has not been played by now.
#[derive(Debug)]
struct Sent {
    bytes: u64,
    at: Instant,
    bytes_per_second: u64,
}

impl Sent {
    fn pass(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.at).as_micros();
        let played = passed * u128::from(self.bytes_per_second) / 1_000_000;
        let played = u64::try_from(played).unwrap_or(u64::MAX);
        // A moment that is too short for a byte is not lost.
        if played > 0 {
            self.bytes = self.bytes.saturating_sub(played);
            self.at = now;
        }
    }
}

impl Pace {
    /// Takes note of bytes that are about to be sent to a player, of a content that plays at this rate; gives how long they
    /// must wait.
    pub(super) fn send(
        &mut self,
        now: Instant,
        player: (IpAddr, Digest),
        bytes: u64,
        plays_per_second: u64,
    ) -> Duration {
        let least = BURST / BURST_EVERY.as_secs();
        let bytes_per_second = plays_per_second.saturating_mul(TIMES).max(least);
        if self.sent.len() >= MANY {
            self.sent.retain(|_, sent| {
                sent.pass(now);
                sent.bytes > 0
            });
        }
        let sent = self.sent.entry(player).or_insert(Sent {
            bytes: 0,
            at: now,
            bytes_per_second,
        });
        sent.pass(now);
        sent.bytes_per_second = bytes_per_second;
        sent.bytes = sent.bytes.saturating_add(bytes);
        let over = sent.bytes.saturating_sub(BURST);
        Duration::from_secs_f64(over as f64 / bytes_per_second as f64)
    }

    /// Bytes were noted and did not go.
    pub(super) fn give_back(&mut self, player: (IpAddr, Digest), bytes: u64) {
        if let Some(sent) = self.sent.get_mut(&player) {
            sent.bytes = sent.bytes.saturating_sub(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PIECE: u64 = 256 << 10;

    fn player(host: u8, content: u8) -> (IpAddr, Digest) {
        ([10, 0, 0, host].into(), Digest::new([content; 32]))
    }

    /// Sends pieces as fast as they go for so long; gives how many bytes went.
    fn send(pace: &mut Pace, from: Instant, seconds: u64, who: (IpAddr, Digest), rate: u64) -> u64 {
        let (mut now, mut bytes) = (from, 0);
        let end = from + Duration::from_secs(seconds);
        loop {
            now += pace.send(now, who, PIECE, rate);
            if now >= end {
                pace.give_back(who, PIECE);
                return bytes;
            }
            bytes += PIECE;
        }
    }

    #[test]
    fn a_player_gets_a_lot_at_once_and_then_four_times_what_it_plays() {
        let mut pace = Pace::default();
        let begin = Instant::now();
        let rate = 500_000;
        let first = send(&mut pace, begin, 1, player(1, 1), rate);
        assert!((BURST..BURST + 4 * rate).contains(&first), "{first}");
        let now = begin + Duration::from_secs(1);
        let then = send(&mut pace, now, 10, player(1, 1), rate);
        assert!(then.abs_diff(40 * rate) <= 2 * PIECE, "{then}");
        // Another content, and another player, have their own.
        for who in [player(1, 2), player(2, 1)] {
            assert!(send(&mut pace, now, 1, who, rate) >= BURST);
        }
    }

    #[test]
    fn a_player_that_asks_again_and_again_does_not_get_more() {
        let mut pace = Pace::default();
        let mut now = Instant::now();
        let mut bytes = 0;
        for _ in 0..30 {
            bytes += send(&mut pace, now, 1, player(1, 1), 250_000);
            now += Duration::from_millis(500);
        }
        assert!(bytes < (2 * (30 + 16)) << 20, "{bytes}");
    }

    #[test]
    fn a_burst_comes_again_after_a_minute_even_for_what_plays_slowly() {
        let mut pace = Pace::default();
        let begin = Instant::now();
        let who = player(1, 1);
        assert!(send(&mut pace, begin, 1, who, 2_000) >= BURST);
        let later = begin + Duration::from_secs(62);
        assert!(send(&mut pace, later, 1, who, 2_000) >= BURST);
    }

    #[test]
    fn those_that_have_gone_are_forgotten() {
        let mut pace = Pace::default();
        let now = Instant::now();
        for n in 0..MANY {
            let ip = std::net::Ipv4Addr::from(n as u32);
            pace.send(now, (ip.into(), Digest::new([0; 32])), 1, 1);
        }
        pace.send(now + BURST_EVERY, player(1, 1), 1, 1);
        assert_eq!(pace.sent.len(), 1);
    }
}
