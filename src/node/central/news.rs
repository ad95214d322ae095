//! Chooses which notices of the cluster people hear. Many files that come or go at once make one line. Notices about the
//! clients of one address are limited to what somebody could read: anybody can connect under any name, and a console may
//! be a file on a disk.

use std::{
    collections::BTreeMap,
    mem::take,
    net::{IpAddr, Ipv4Addr},
    time::{Duration, Instant},
};

use super::CentralEvent;
use crate::{
    engine::cluster::Notice,
    model::{ClientName, Receiver},
};

/// Up to so many files that come or go at once are told one by one.
const FEW: usize = 20;
/// Lines about the clients of one address: in one burst, and per second after that.
const BURST: f64 = 1000.0;
const LINES_PER_S: f64 = 10.0;
/// How often people hear how many lines were left out.
const TOLD_EVERY: Duration = Duration::from_secs(10);
/// Addresses that have an allowance of their own, and names whose address is remembered. All others share one.
const MOST_ADDRESSES: usize = 4096;
const MOST_NAMES: usize = 8192;
/// Stands for clients whose address is not known.
const ANYBODY: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

/// Sorts notices into what is told.
#[derive(Debug, Default)]
pub(super) struct News {
    offered: Vec<Notice>,
    gone: Vec<Notice>,
    told: Vec<CentralEvent>,
    addresses: BTreeMap<ClientName, IpAddr>,
    allowances: BTreeMap<IpAddr, Allowance>,
}

/// Lines that may still be told about the clients of one address.
#[derive(Debug)]
struct Allowance {
    lines: f64,
    at: Instant,
    left_out: u64,
    told_at: Instant,
}

impl Allowance {
    fn new(now: Instant) -> Self {
        Self {
            lines: BURST,
            at: now,
            left_out: 0,
            told_at: now,
        }
    }

    fn refill(&mut self, now: Instant) {
        let gained = now.saturating_duration_since(self.at).as_secs_f64() * LINES_PER_S;
        self.lines = (self.lines + gained).min(BURST);
        self.at = now;
    }

    /// True when one more line may be told.
    fn spend(&mut self, now: Instant) -> bool {
        self.refill(now);
        let may = self.lines >= 1.0;
        if may {
            self.lines -= 1.0;
        } else {
            self.left_out += 1;
        }
        may
    }
}

impl News {
    /// Takes a notice in. They come in the machine's order.
    pub(super) fn take_in(&mut self, now: Instant, notice: Notice) {
        match notice {
            Notice::Offered { .. } => self.offered.push(notice),
            Notice::NoLongerOffered { .. } => self.gone.push(notice),
            other => {
                self.tell_offers();
                if self.may_tell(now, &other) {
                    self.told.push(CentralEvent::Cluster(other));
                }
            }
        }
    }

    /// Gives what is to be told by now, with offers grouped that came in a row.
    pub(super) fn drain(&mut self) -> Vec<CentralEvent> {
        self.tell_offers();
        take(&mut self.told)
    }

    /// Time passes: people hear how much was left out.
    pub(super) fn handle_timeout(&mut self, now: Instant) {
        for (address, allowance) in &mut self.allowances {
            if allowance.left_out > 0 && now >= allowance.told_at + TOLD_EVERY {
                self.told.push(CentralEvent::LeftOut {
                    address: (*address != ANYBODY).then_some(*address),
                    lines: take(&mut allowance.left_out),
                });
                allowance.told_at = now;
            }
        }
        self.allowances.retain(|_, allowance| {
            allowance.refill(now);
            allowance.lines < BURST || allowance.left_out > 0
        });
    }

    fn may_tell(&mut self, now: Instant, notice: &Notice) -> bool {
        let address = match notice {
            Notice::ClientEnrolled { client, address } => {
                let ip = address.ip();
                if self.addresses.len() >= MOST_NAMES {
                    self.addresses.clear();
                }
                self.addresses.insert(client.clone(), ip);
                ip
            }
            Notice::ClientGone { client } => self.addresses.remove(client).unwrap_or(ANYBODY),
            Notice::Granted { client, .. }
            | Notice::SlotLent { client, .. }
            | Notice::Queued { client, .. }
            | Notice::Finished { client, .. }
            | Notice::Reported {
                by: Receiver::Client(client) | Receiver::Legacy(client),
                ..
            } => self.addresses.get(client).copied().unwrap_or(ANYBODY),
            Notice::Reported {
                by: Receiver::Http(address),
                ..
            } => *address,
            Notice::SecondaryUp { .. }
            | Notice::SecondaryDown { .. }
            | Notice::Drained { .. }
            | Notice::ServiceBegan
            | Notice::Limits { .. }
            | Notice::Level { .. }
            | Notice::NoSecondaries
            | Notice::Offered { .. }
            | Notice::NoLongerOffered { .. }
            | Notice::Published { .. }
            | Notice::Withdrawn { .. }
            | Notice::Conflict { .. }
            | Notice::SameText { .. }
            | Notice::Replaced { .. }
            | Notice::Resolved { .. }
            | Notice::CopyOrdered { .. }
            | Notice::CopyEnded { .. }
            | Notice::Damaged { .. }
            | Notice::Reported {
                by: Receiver::Secondary(_),
                ..
            } => return true,
        };
        let is_known = self.allowances.contains_key(&address);
        let counted = if is_known || self.allowances.len() < MOST_ADDRESSES {
            address
        } else {
            ANYBODY
        };
        let allowance = self.allowances.entry(counted);
        allowance.or_insert_with(|| Allowance::new(now)).spend(now)
    }

    fn tell_offers(&mut self) {
        let (offered, gone) = (take(&mut self.offered), take(&mut self.gone));
        let (come, left) = (offered.len(), gone.len());
        for notices in [gone, offered] {
            if notices.len() <= FEW {
                let events = notices.into_iter().map(CentralEvent::Cluster);
                self.told.extend(events);
            }
        }
        if come > FEW {
            self.told.push(CentralEvent::ManyOffered { files: come });
        }
        if left > FEW {
            self.told
                .push(CentralEvent::ManyNoLongerOffered { files: left });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn enrolled(name: &str, host: u8) -> Notice {
        Notice::ClientEnrolled {
            client: ClientName::try_from(name).unwrap(),
            address: ([10, 0, 0, host], 4000).into(),
        }
    }

    fn offered(name: &str) -> Notice {
        Notice::Offered {
            file: name.try_into().unwrap(),
            bytes: 1,
        }
    }

    #[test]
    fn a_client_that_changes_its_name_for_ever_is_told_within_bounds_and_counted() {
        let start = Instant::now();
        let mut news = News::default();
        for name in 0..50_000 {
            news.take_in(start, enrolled(&format!("a{name}"), 1));
        }
        assert_eq!(news.drain().len(), BURST as usize);
        // Somebody else is heard all the same, and so are secondaries.
        news.take_in(start, enrolled("ana", 2));
        news.take_in(start, Notice::NoSecondaries);
        assert_eq!(news.drain().len(), 2);
        news.handle_timeout(start + TOLD_EVERY);
        match news.drain().as_slice() {
            [CentralEvent::LeftOut { address, lines }] => {
                assert_eq!(*address, Some([10, 0, 0, 1].into()));
                assert_eq!(*lines, 50_000 - BURST as u64);
            }
            other => panic!("{other:?}"),
        }
        let later = start + TOLD_EVERY + Duration::from_secs(200);
        news.handle_timeout(later);
        assert!(news.drain().is_empty() && news.allowances.is_empty());
        news.take_in(later, enrolled("eva", 1));
        assert_eq!(news.drain().len(), 1);
        assert!(news.addresses.len() <= MOST_NAMES);
    }

    #[test]
    fn what_a_client_does_counts_for_its_address() {
        let start = Instant::now();
        let mut news = News::default();
        news.take_in(start, enrolled("ana", 1));
        let queued = || Notice::Queued {
            client: ClientName::try_from("ana").unwrap(),
            file: "a".try_into().unwrap(),
            position: 1,
        };
        for _ in 0..2000 {
            news.take_in(start, queued());
        }
        assert_eq!(news.drain().len(), BURST as usize);
        news.take_in(start, enrolled("eva", 1));
        assert!(news.drain().is_empty());
    }

    #[test]
    fn many_files_at_once_are_one_line_and_keep_their_place() {
        let now = Instant::now();
        let mut news = News::default();
        for name in 0..=FEW {
            news.take_in(now, offered(&format!("f{name}")));
        }
        news.take_in(now, Notice::ServiceBegan);
        news.take_in(now, offered("last"));
        let told = news.drain();
        assert!(matches!(
            told.as_slice(),
            [
                CentralEvent::ManyOffered { files: 21 },
                CentralEvent::Cluster(Notice::ServiceBegan),
                CentralEvent::Cluster(Notice::Offered { .. }),
            ]
        ));
    }
}
