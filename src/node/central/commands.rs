//! What the program that runs a central asks of it.

use std::time::Instant;

use tokio::sync::oneshot;

use super::{
    DownloadCount, Drained, Expelled, Present, Resolved, Summary, api::CentralCommand,
    state::Central,
};
use crate::model::{ClientName, Deed, Door};

/// Most rows of a table that pages show: a table with all would not be looked at.
const MOST_ROWS: usize = 256;

impl Central {
    pub(super) fn command(&mut self, now: Instant, command: CentralCommand) {
        match command {
            CentralCommand::PerFile(to) => self.told(to, |own| rows(own.cluster.per_file())),
            CentralCommand::PerClient(to) => self.told(to, |own| own.per_client()),
            CentralCommand::Status(to) => self.told(to, |own| own.cluster.status()),
            CentralCommand::Secondaries(to) => self.told(to, |own| own.cluster.secondaries(now)),
            CentralCommand::Clients(to) => self.told(to, |own| own.cluster.clients(now)),
            CentralCommand::Queue(to) => self.told(to, |own| own.cluster.queue(now)),
            CentralCommand::Expel(name, door, answer) => {
                let said = self.cluster.expel(now, &name);
                if let Expelled::Clients(_) = said {
                    self.cluster
                        .note_order(door, Deed::Expelled { client: name });
                }
                for (host, until) in self.cluster.expelled_hosts(now) {
                    self.expelled.expel(host, until);
                }
                self.reply(answer, said);
            }
            CentralCommand::Drain(number, door, to) => self.told(to, |own| {
                let said = own.cluster.drain(now, number);
                own.note_if(said == Drained::Yes, door, || Deed::Drained {
                    secondary: number,
                });
                said
            }),
            CentralCommand::EndDraining(number, door, to) => self.told(to, |own| {
                let said = own.cluster.end_draining(now, number);
                own.note_if(said == Drained::No, door, || Deed::Works {
                    secondary: number,
                });
                said
            }),
            CentralCommand::MaxDownloads(to) => self.told(to, |own| own.cluster.max_downloads()),
            CentralCommand::SetMaxDownloads(most, door, answer) => {
                let before = self.cluster.max_downloads();
                self.cluster.set_max_downloads(now, most);
                let most = self.cluster.max_downloads();
                self.note_if(before != most, door, || Deed::MaxDownloads {
                    most: most as u64,
                });
                self.reply(answer, ());
            }
            CentralCommand::Conflicts(to) => self.told(to, |own| own.cluster.conflicts()),
            CentralCommand::Resolve(name, choice, door, answer) => {
                let said = self.cluster.resolve(now, &name, choice);
                let is_done = matches!(said, Resolved::To(_));
                self.note_if(is_done, door, || Deed::Resolved { file: name });
                self.reply(answer, said);
            }
            CentralCommand::Statistics(to) => {
                self.told(to, |own| own.statistics.present(&own.cluster))
            }
            CentralCommand::Offer(name, to) => self.told(to, |own| own.cluster.offer(now, &name)),
            CentralCommand::Catalogue(to) => self.told(to, |own| own.shown.get(now, &own.cluster)),
            CentralCommand::Gateway(events) => self.open_gateway(now, events),
            CentralCommand::Summary(to) => self.told(to, |own| own.summary(now)),
            CentralCommand::Running(to) => self.told(to, |own| own.cluster.running(MOST_ROWS)),
            CentralCommand::Migrate(to, door, answer) => {
                let deed = || Deed::Migrated { to: to.clone() };
                self.note_if(self.several.is_some(), door, deed);
                self.migrate(to, answer);
            }
            CentralCommand::Accounts(to) => self.told(to, |own| own.cluster.accounts()),
            CentralCommand::Account(order, door, to) => {
                self.told(to, |own| own.account_order(now, order, door))
            }
            CentralCommand::Audit(query, to) => self.told(to, |own| {
                let trail = own.cluster.registry().trail();
                query.choose(trail.after(query.after))
            }),
            CentralCommand::Centrals(answer) => {
                // It is of no fact, and is wanted most when none can be written.
                let _ = answer.send(self.centrals());
            }
            CentralCommand::Place(command) => self.place_command(now, command),
            CentralCommand::Present(to) => self.told(to, |own| own.all_at_once(now)),
        }
    }

    /// An order that was carried out is in the audit trail.
    fn note_if(&mut self, is_done: bool, door: Door, deed: impl FnOnce() -> Deed) {
        if is_done {
            self.cluster.note_order(door, deed());
        }
    }

    fn told<T: Send + 'static>(
        &mut self,
        to: oneshot::Sender<T>,
        ask: impl FnOnce(&mut Self) -> T,
    ) {
        let said = ask(self);
        self.reply(to, said);
    }

    /// Downloads of each client; those of accounts are marked.
    fn per_client(&self) -> Vec<DownloadCount> {
        let accounts = self.cluster.registry().accounts();
        let row = |(name, downloads): (ClientName, u64)| DownloadCount {
            account: accounts.of_client(&name).is_some(),
            name: name.to_string(),
            downloads,
        };
        self.cluster.per_client().into_iter().map(row).collect()
    }

    fn all_at_once(&mut self, now: Instant) -> Present {
        let mut queue = self.cluster.queue(now);
        queue.truncate(MOST_ROWS);
        Present {
            summary: self.summary(now),
            running: self.cluster.running(MOST_ROWS),
            queue,
            catalogue: self.shown.changes(&self.cluster),
        }
    }

    fn summary(&mut self, now: Instant) -> Summary {
        let counts = self.counts.get(now, &self.cluster);
        let status = self.cluster.status_with(counts);
        Summary {
            secondaries: self.cluster.secondaries_of(now, &status),
            sums: self.cluster.sums().clone(),
            sent: self.cluster.sent_by_all(),
            lacking: counts.lacking(),
            bytes: counts.bytes(),
            server: self.server.figures(self.statistics.refused()),
            status,
        }
    }
}

/// The rows of a table of downloads.
fn rows<N: ToString>(table: impl IntoIterator<Item = (N, u64)>) -> Vec<DownloadCount> {
    let row = |(name, downloads): (N, u64)| DownloadCount {
        name: name.to_string(),
        downloads,
        account: false,
    };
    table.into_iter().map(row).collect()
}
