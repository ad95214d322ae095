//! What the program that runs a central asks of it.

use std::time::Instant;

use tokio::sync::oneshot;

use super::{
    CentralInfo, DownloadCount, OwnFigures, Present, Summary, api::CentralCommand,
    several::Several, state::Central,
};
use crate::engine::figures::Source;
use crate::model::{ClientName, Deed};

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
            CentralCommand::Order(order, id, given, door, to) => {
                self.ordered(now, order, (id, given, door), to);
            }
            CentralCommand::Settled(order, id, to) => {
                let _ = to.send(self.settled(&order, id));
            }
            CentralCommand::MaxDownloads(to) => self.told(to, |own| own.cluster.max_downloads()),
            CentralCommand::Conflicts(to) => self.told(to, |own| own.cluster.conflicts()),
            CentralCommand::Statistics(to) => {
                self.told(to, |own| own.statistics.present(&own.cluster))
            }
            CentralCommand::Offer(name, to) => self.told(to, |own| own.cluster.offer(now, &name)),
            CentralCommand::Catalogue(to) => self.told(to, |own| own.shown.get(now, &own.cluster)),
            CentralCommand::Gateway(events) => self.open_gateway(now, events),
            CentralCommand::Summary(to) => self.told(to, |own| own.summary(now)),
            CentralCommand::Running(to) => self.told(to, |own| own.cluster.running(MOST_ROWS)),
            CentralCommand::Migrate(to, door, answer) => {
                if self.several.is_some() && !self.is_standby() {
                    let deed = Deed::Migrated { to: to.clone() };
                    self.cluster.note_order(door, deed);
                }
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
            CentralCommand::Own(answer) => {
                let _ = answer.send(self.own());
            }
            CentralCommand::Place(command) => self.place_command(now, command),
            CentralCommand::Figure(asked) => self.queue_figure(Source::Operator, asked),
            CentralCommand::Figures(to) => self.told(to, |own| own.cluster.figures()),
            CentralCommand::Popular(to) => self.told(to, |own| own.popular(now)),
            CentralCommand::DoorOpen(door, to) => self.told(to, |own| own.figures.opened(door)),
            CentralCommand::Played(file, reader, to) => {
                self.told(to, |own| own.played(now, &file, &reader));
            }
            CentralCommand::Say(message, to) => self.told(to, |own| own.say(&message)),
            CentralCommand::Info(answer) => {
                // It is wanted most when nothing can be written.
                let _ = answer.send(self.info(now));
            }
            CentralCommand::Present(to) => self.told(to, |own| own.all_at_once(now)),
        }
    }

    /// Answers what the central that reigns can answer; of one that does not it is dropped.
    fn told<T: Send + 'static>(
        &mut self,
        to: oneshot::Sender<T>,
        ask: impl FnOnce(&mut Self) -> T,
    ) {
        if self.is_standby() {
            return;
        }
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
            centrals: self.others(),
        }
    }

    /// All centrals, where there are several.
    fn others(&self) -> Vec<CentralInfo> {
        match self.several.is_some() {
            true => self.centrals(),
            false => Vec::new(),
        }
    }

    fn own(&mut self) -> OwnFigures {
        OwnFigures {
            centrals: self.others(),
            node: self
                .several
                .as_ref()
                .map_or_else(String::new, |own| own.node.clone()),
            server: self.server.figures(self.statistics.refused()),
        }
    }

    pub(super) fn summary(&mut self, now: Instant) -> Summary {
        let counts = self.counts.get(now, &self.cluster);
        let status = self.cluster.status_with(counts);
        Summary {
            secondaries: self.cluster.secondaries_of(now, &status),
            sums: self.cluster.sums().clone(),
            sent: self.cluster.sent_by_all(),
            lacking: counts.lacking(),
            bytes: counts.bytes(),
            server: self.server.figures(self.statistics.refused()),
            key_store: self.several.as_ref().map(Several::figures),
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
