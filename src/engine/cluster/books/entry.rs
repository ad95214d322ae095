//! One transfer's entry in the books: what was reported, whether the transfer is over, and when the entry can be
//! closed.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use super::origin::Origin;
use crate::{
    engine::{
        cluster::ConnectionId,
        registry::{Figures, OpenTransfer, Reported, sender_of},
    },
    model::{
        ClientName, FileName, Finished, Incarnation, ReceivedFrom, Receiver, SecondaryNumber,
        SentTransfer, TransferId,
    },
};

/// How long an ended transfer waits for the last reports of its secondaries.
pub(super) const REPORTED_WITHIN: Duration = Duration::from_secs(3);
/// How long a transfer whose receiver vanished waits for it to come back.
pub(super) const BACK_WITHIN: Duration = Duration::from_secs(60);

/// How many runs of one secondary an entry tells apart.
const MOST_RUNS: usize = 8;

/// See the module.
#[derive(Debug)]
pub(super) struct Entry {
    open: OpenTransfer,
    origin: Origin,
    granted: Granted,
    stage: Stage,
    /// Secondaries whose lease ended during the transfer. They may have sent bytes that they never reported.
    fell: BTreeSet<SecondaryNumber>,
}

/// When a transfer was granted.
#[derive(Clone, Copy, Debug)]
pub(super) enum Granted {
    /// By this run of the central.
    Now(Instant),
    /// By an earlier run, or nobody knows by whom; how long it took, as far as that is known. Runs of secondaries may
    /// have come and gone of which this run never hears.
    Earlier { took: Duration },
}

/// How far a transfer is.
///
/// ```text
///         ┌───────── goes on ◀──────────┐
///         ▼                             │
///   Runs ──▶ Orphan ──▶ Expelled ───────┤
///     │        │           │            │
///     └────────┴───────────┴──▶ Ended   │
///                (books are closed, and opened again)
/// ```
#[derive(Debug)]
enum Stage {
    /// Its receiver goes on with it.
    Runs,
    /// The receiver lost its connection at this time. It may come back.
    Orphan(Instant),
    /// The receiver was sent away then.
    Expelled(Instant),
    /// The receiver has told its end.
    Ended(Ended),
}

#[derive(Debug)]
struct Ended {
    at: Instant,
    /// Since when the last reports are awaited. It is later than the end if this process stood still.
    waits_since: Instant,
    /// Who said so last: it is told when the books are closed. Unknown for one that an earlier run closed.
    told_by: Option<ConnectionId>,
    finished: Finished,
}

impl Entry {
    /// A transfer whose receiver is there.
    pub(super) fn new(
        transfer: TransferId,
        receiver: &Receiver,
        file: &FileName,
        granted: Granted,
        origin: Origin,
    ) -> Self {
        Self {
            open: OpenTransfer {
                transfer,
                receiver: receiver.clone(),
                file: file.clone(),
                sent: Vec::new(),
            },
            origin,
            granted,
            stage: Stage::Runs,
            fell: BTreeSet::new(),
        }
    }

    /// A transfer of an earlier run, whose receiver may come back.
    pub(super) fn of_earlier(now: Instant, open: OpenTransfer, origin: Origin) -> Self {
        let took = Duration::ZERO;
        Self {
            open,
            origin,
            granted: Granted::Earlier { took },
            stage: Stage::Orphan(now),
            fell: BTreeSet::new(),
        }
    }

    /// A transfer that an earlier run has closed.
    pub(super) fn of_closed(
        now: Instant,
        open: OpenTransfer,
        took: Duration,
        finished: Option<Finished>,
    ) -> Self {
        let ended = |finished| Ended {
            at: now,
            waits_since: now,
            told_by: None,
            finished,
        };
        Self {
            open,
            origin: Origin::Saved,
            granted: Granted::Earlier { took },
            stage: finished.map_or(Stage::Orphan(now), |finished| Stage::Ended(ended(finished))),
            fell: BTreeSet::new(),
        }
    }

    pub(super) fn open(&self) -> &OpenTransfer {
        &self.open
    }

    pub(super) fn transfer(&self) -> TransferId {
        self.open.transfer
    }

    pub(super) fn origin(&self) -> Origin {
        self.origin
    }

    /// What its receiver said, if it said anything.
    pub(super) fn finished(&self) -> Option<&Finished> {
        self.ended().map(|ended| &ended.finished)
    }

    /// What each source brought, by its receiver's word.
    pub(super) fn claims(&self) -> &[ReceivedFrom] {
        self.finished().map_or(&[], |finished| &finished.sources)
    }

    pub(super) fn told_by(&self) -> Option<ConnectionId> {
        self.ended()?.told_by
    }

    fn ended(&self) -> Option<&Ended> {
        match &self.stage {
            Stage::Ended(ended) => Some(ended),
            Stage::Runs | Stage::Orphan(_) | Stage::Expelled(_) => None,
        }
    }

    /// The receiving client has a new name, to which the transfer is booked. A copy stays a copy.
    pub(super) fn rename(&mut self, name: &ClientName) {
        if let Receiver::Client(receiver) = &mut self.open.receiver {
            receiver.clone_from(name);
        }
    }

    /// The receiver is back. What it has told of the end stays.
    pub(super) fn resume(&mut self, receiver: &Receiver) {
        if let Receiver::Client(name) = receiver {
            self.rename(name);
        }
        match self.stage {
            Stage::Runs | Stage::Orphan(_) | Stage::Expelled(_) => self.stage = Stage::Runs,
            Stage::Ended(_) => {}
        }
    }

    /// Opens closed books again, as the receiver goes on or tells its end once more. Secondaries that died may still
    /// have sent bytes that they never reported.
    pub(super) fn reopen(&mut self, receiver: &Receiver, died: BTreeSet<SecondaryNumber>) {
        self.stage = Stage::Runs;
        self.fell.extend(died);
        self.resume(receiver);
    }

    /// The receiver's connection is gone.
    pub(super) fn orphan(&mut self, now: Instant) {
        if let Stage::Runs = self.stage {
            self.stage = Stage::Orphan(now);
        }
    }

    /// The receiver was expelled. Only the last reports of the secondaries are still expected.
    pub(super) fn expel(&mut self, now: Instant) {
        if let Stage::Runs | Stage::Orphan(_) = self.stage {
            self.stage = Stage::Expelled(now);
        }
    }

    /// The receiver says that the transfer is over. Its first word counts.
    pub(super) fn finish(&mut self, now: Instant, connection: ConnectionId, finished: Finished) {
        let told_by = Some(connection);
        match &mut self.stage {
            Stage::Ended(ended) => ended.told_by = told_by,
            stage @ (Stage::Runs | Stage::Orphan(_) | Stage::Expelled(_)) => {
                *stage = Stage::Ended(Ended {
                    at: now,
                    waits_since: now,
                    told_by,
                    finished,
                });
            }
        }
    }

    /// Nobody was heard for some time. The wait for last reports starts anew.
    pub(super) fn renew(&mut self, now: Instant) {
        if let Stage::Ended(ended) = &mut self.stage {
            ended.waits_since = now;
        }
    }

    /// A secondary's lease ended.
    pub(super) fn fell(&mut self, number: SecondaryNumber) {
        self.fell.insert(number);
    }

    /// A secondary's report. Its figures are cumulative within one run of the process.
    pub(super) fn report(
        &mut self,
        number: SecondaryNumber,
        incarnation: Incarnation,
        sent: &SentTransfer,
    ) {
        let mut reports = self.open.sent.iter_mut();
        let known = reports.find(|r| (r.number, r.incarnation) == (number, incarnation));
        match known {
            Some(reported) => {
                reported.bytes = reported.bytes.max(sent.bytes);
                reported.last = sent.last;
            }
            None => {
                self.join_oldest_runs(number);
                self.open.sent.push(Reported {
                    number,
                    incarnation,
                    bytes: sent.bytes,
                    last: sent.last,
                });
            }
        }
    }

    /// A secondary that restarts again and again must not fill an entry, so its oldest runs are merged.
    fn join_oldest_runs(&mut self, number: SecondaryNumber) {
        let runs = self.open.sent.iter().enumerate();
        let mut runs = runs.filter(|(_, run)| run.number == number);
        let (first, second) = (runs.next(), runs.next());
        if let (Some((first, _)), Some((second, _))) = (first, second)
            && runs.count() + 2 >= MOST_RUNS
        {
            let joined = self.open.sent.remove(second);
            let oldest = &mut self.open.sent[first];
            oldest.bytes = oldest.bytes.saturating_add(joined.bytes);
        }
    }

    /// True for a transfer that only a client ever mentioned: nobody here granted it, it has not ended, and no report
    /// names it.
    pub(super) fn is_hollow(&self) -> bool {
        let is_earlier = matches!(self.granted, Granted::Earlier { .. });
        let is_claimed = is_earlier && matches!(self.origin, Origin::Host(_));
        let nothing_sent = self.open.sent.iter().all(|reported| reported.bytes == 0);
        is_claimed && nothing_sent && self.ended().is_none()
    }

    /// True while the receiver's word is expected.
    pub(super) fn awaits_its_end(&self) -> bool {
        self.ended().is_none()
    }

    /// From grant to end, as far as both are known.
    pub(super) fn took(&self) -> Duration {
        match (self.granted, self.ended()) {
            (Granted::Now(granted), Some(ended)) => ended.at.saturating_duration_since(granted),
            (Granted::Now(_), None) => Duration::ZERO,
            (Granted::Earlier { took }, _) => took,
        }
    }

    /// Secondaries that have reported, or have brought something by the receiver's word.
    pub(super) fn involved(&self) -> Vec<SecondaryNumber> {
        let reported = self.open.sent.iter().map(|reported| reported.number);
        let claimed = self.claims().iter().filter_map(sender_of);
        let all: BTreeSet<_> = reported.chain(claimed).collect();
        all.into_iter().collect()
    }

    /// True when it can be closed. `alive` gives the present run of a live secondary.
    pub(super) fn is_due(
        &self,
        now: Instant,
        alive: &impl Fn(SecondaryNumber) -> Option<Incarnation>,
    ) -> bool {
        if self.deadline().is_some_and(|at| now >= at) {
            return true;
        }
        if self.awaits_its_end() {
            return false;
        }
        let has_reported = |number| {
            let Some(incarnation) = alive(number) else {
                return true;
            };
            let mut reports = self.open.sent.iter();
            let last = reports.find(|r| (r.number, r.incarnation) == (number, incarnation));
            last.is_some_and(|report| report.last)
        };
        let mut claims = self.claims().iter();
        self.open.sent.iter().all(|r| has_reported(r.number))
            && claims
                .all(|c| (c.bytes, c.wasted) == (0, 0) || sender_of(c).is_none_or(has_reported))
    }

    /// When the entry is closed whatever is missing.
    pub(super) fn deadline(&self) -> Option<Instant> {
        match &self.stage {
            Stage::Runs => None,
            Stage::Orphan(since) => Some(*since + BACK_WITHIN),
            Stage::Expelled(at) => Some(*at + REPORTED_WITHIN),
            Stage::Ended(ended) => Some(ended.waits_since + REPORTED_WITHIN),
        }
    }

    /// The senders that may have sent bytes that they never reported. `alive` gives the present run of a live
    /// secondary.
    pub(super) fn died(
        &self,
        alive: impl Fn(SecondaryNumber) -> Option<Incarnation>,
    ) -> BTreeSet<SecondaryNumber> {
        let has_died = |number: SecondaryNumber| {
            let mut reports = self.open.sent.iter().filter(|r| r.number == number);
            alive(number).is_none()
                || self.fell.contains(&number)
                || matches!(self.granted, Granted::Earlier { .. })
                || reports.any(|r| alive(number) != Some(r.incarnation))
        };
        let claimed = self.claims().iter().filter_map(sender_of);
        claimed.filter(|number| has_died(*number)).collect()
    }

    /// The figures of the transfer, if these secondaries may have sent bytes that they never reported.
    pub(super) fn figures(&self, died: &BTreeSet<SecondaryNumber>) -> Figures {
        Figures::of(&self.open.sent, self.finished(), self.took(), died)
    }
}
