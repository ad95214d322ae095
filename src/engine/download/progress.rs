//! Whether a source is silent for too long. Owns one source's clock of progress; knows nothing of what follows from
//! silence.
//!
//! Silence counts only while something is awaited and this side can take it. A source that says that this side waits in its
//! line is not silent, but makes no progress: it is believed for a limited time.

use std::time::{Duration, Instant};

/// Silence that never makes a source suspect.
const PATIENCE: Duration = Duration::from_millis(500);
/// Silence after which a source is dead.
const DEATH: Duration = Duration::from_secs(2);
/// Silence after a source's word that this side waits in its line: from here on it is suspicious, or death. Sources repeat
/// the word every second.
const WORD_OVERDUE: Duration = Duration::from_secs(2);
const WORD_LOST: Duration = Duration::from_secs(3);
/// How long a source may let this side wait with nothing but its word. A line of all the receivers that a secondary may have
/// is shorter.
const LONGEST_LINE: Duration = Duration::from_secs(120);

/// How long a source has been silent, compared with the gaps that are usual for it. The estimator is that of TCP's
/// retransmission timer (RFC 6298), fed with the times between arrivals.
#[derive(Clone, Debug, Default)]
pub(super) struct Progress {
    /// Start of the present silence; `None` when nothing is awaited.
    silent_since: Option<Instant>,
    /// The silence began with bytes: its end measures a gap between arrivals.
    after_bytes: bool,
    /// When the source last said, in the present silence, that this side waits in its line.
    told_at: Option<Instant>,
    blocked: bool,
    /// Mean and mean deviation of the gaps, in seconds.
    gaps: Option<(f64, f64)>,
}

impl Progress {
    /// Says whether anything is awaited from now on.
    pub(super) fn set_awaiting(&mut self, now: Instant, awaiting: bool) {
        if !awaiting {
            self.silent_since = None;
            self.told_at = None;
        } else if self.silent_since.is_none() {
            self.restart(now);
        }
    }

    /// Bytes came.
    pub(super) fn bytes(&mut self, now: Instant) {
        let Some(since) = self.silent_since else {
            return;
        };
        // A wait in line says nothing about the gaps between arrivals.
        if self.after_bytes && self.told_at.is_none() {
            self.learn(now.saturating_duration_since(since).as_secs_f64());
        }
        self.silent_since = Some(now);
        self.told_at = None;
        self.after_bytes = true;
    }

    /// The source showed life without sending bytes.
    pub(super) fn sign_of_life(&mut self, now: Instant) {
        if self.told_at.is_some() {
            // This side waits in line as before.
            self.told_at = Some(now);
        } else if self.silent_since.is_some() {
            self.restart(now);
        }
    }

    /// The source says that this side waits in its line.
    pub(super) fn queued(&mut self, now: Instant) {
        if self.silent_since.is_some() {
            self.told_at = Some(now);
        }
    }

    /// How long this side has waited in the source's line; `None` if the source does not say that it waits.
    pub(super) fn in_line_for(&self, now: Instant) -> Option<Duration> {
        let since = self.silent_since.filter(|_| self.told_at.is_some())?;
        Some(now.saturating_duration_since(since))
    }

    /// How long nothing has come of what is awaited; `None` while nothing is, or this side takes nothing.
    pub(super) fn silent_for(&self, now: Instant) -> Option<Duration> {
        let since = self.counting()?;
        Some(now.saturating_duration_since(since))
    }

    /// Says whether this side takes nothing from now on.
    pub(super) fn set_blocked(&mut self, now: Instant, blocked: bool) {
        self.blocked = blocked;
        if self.silent_since.is_some() {
            self.restart(now);
        }
    }

    /// Leaves a time in which this side did not run out of account.
    pub(super) fn shift(&mut self, by: Duration) {
        if let Some(since) = &mut self.silent_since {
            *since += by;
            self.after_bytes = false;
        }
        if let Some(told_at) = &mut self.told_at {
            *told_at += by;
        }
    }

    /// When the present silence becomes suspicious.
    pub(super) fn suspect_at(&self) -> Option<Instant> {
        let usual = self
            .gaps
            .map_or(0.0, |(mean, deviation)| mean + 4.0 * deviation);
        let longest = DEATH.as_secs_f64();
        let usual = Duration::from_secs_f64(usual.clamp(0.0, longest));
        self.counting().map(|since| match self.told_at {
            Some(told_at) => (told_at + WORD_OVERDUE).min(since + LONGEST_LINE),
            None => since + usual.max(PATIENCE),
        })
    }

    /// When the present silence becomes death.
    pub(super) fn dead_at(&self) -> Option<Instant> {
        self.counting().map(|since| match self.told_at {
            Some(told_at) => (told_at + WORD_LOST).min(since + LONGEST_LINE),
            None => since + DEATH,
        })
    }

    fn counting(&self) -> Option<Instant> {
        self.silent_since.filter(|_| !self.blocked)
    }

    fn restart(&mut self, now: Instant) {
        self.silent_since = Some(now);
        self.told_at = None;
        self.after_bytes = false;
    }

    fn learn(&mut self, gap: f64) {
        self.gaps = Some(match self.gaps {
            None => (gap, gap / 2.0),
            Some((mean, deviation)) => (
                mean + (gap - mean) / 8.0,
                deviation + ((gap - mean).abs() - deviation) / 4.0,
            ),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn silence_counts_from_the_request_and_then_from_the_last_byte() {
        let start = Instant::now();
        let mut progress = Progress::default();
        assert_eq!((progress.suspect_at(), progress.dead_at()), (None, None));
        progress.set_awaiting(start, true);
        progress.set_awaiting(start + 100 * MS, true);
        assert_eq!(progress.suspect_at(), Some(start + PATIENCE));
        assert_eq!(progress.dead_at(), Some(start + DEATH));
        let later = start + 300 * MS;
        progress.bytes(later);
        assert_eq!(progress.suspect_at(), Some(later + PATIENCE));
        progress.set_awaiting(later, false);
        assert_eq!((progress.suspect_at(), progress.dead_at()), (None, None));
    }

    #[test]
    fn a_source_that_always_sends_in_lumps_gets_more_patience_but_not_more_life() {
        let mut now = Instant::now();
        let mut progress = Progress::default();
        progress.set_awaiting(now, true);
        for gap_ms in [600, 900].repeat(20) {
            now += gap_ms * MS;
            progress.bytes(now);
        }
        let patience = progress.suspect_at().unwrap() - now;
        assert!(patience > 900 * MS && patience < DEATH, "{patience:?}");
        assert_eq!(progress.dead_at(), Some(now + DEATH));
        for _ in 0..20 {
            now += 30_000 * MS;
            progress.bytes(now);
        }
        assert_eq!(progress.suspect_at(), progress.dead_at());
    }

    #[test]
    fn word_that_one_waits_is_life_but_not_progress() {
        let start = Instant::now();
        let mut progress = Progress::default();
        progress.queued(start);
        assert_eq!(progress.in_line_for(start), None);
        progress.set_awaiting(start, true);
        let mut now = start;
        for _ in 0..100 {
            now += 1000 * MS;
            progress.queued(now);
            assert_eq!(progress.suspect_at(), Some(now + WORD_OVERDUE));
            assert_eq!(progress.dead_at(), Some(now + WORD_LOST));
        }
        progress.sign_of_life(now);
        assert_eq!(progress.in_line_for(now), Some(now - start));
        // Such a gap is not learnt as a usual one.
        progress.bytes(now);
        assert_eq!(progress.in_line_for(now), None);
        assert_eq!(progress.suspect_at(), Some(now + PATIENCE));
        progress.bytes(now + 10 * MS);
        assert_eq!(progress.suspect_at(), Some(now + 10 * MS + PATIENCE));
        // No source is believed for ever.
        let last = now + 10 * MS;
        progress.queued(last + 119_000 * MS);
        assert_eq!(progress.dead_at(), Some(last + LONGEST_LINE));
        assert_eq!(progress.suspect_at(), Some(last + LONGEST_LINE));
    }

    #[test]
    fn silence_of_this_sides_making_does_not_count() {
        let start = Instant::now();
        let mut progress = Progress::default();
        progress.set_awaiting(start, true);
        progress.set_blocked(start, true);
        assert_eq!((progress.suspect_at(), progress.dead_at()), (None, None));
        let later = start + 60_000 * MS;
        progress.set_blocked(later, false);
        assert_eq!(progress.dead_at(), Some(later + DEATH));
        progress.shift(5000 * MS);
        assert_eq!(progress.dead_at(), Some(later + 5000 * MS + DEATH));
    }
}
