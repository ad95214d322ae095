//! What the program that runs a central asks of it.

use std::time::Instant;

use tokio::sync::oneshot;

use super::{DownloadCount, Present, Summary, api::CentralCommand, state::Central};
use crate::engine::figures::Source;

/// Most rows of a table that pages show: a table with all would not be looked at.
const MOST_ROWS: usize = 256;

impl Central {
    pub(super) fn command(&mut self, now: Instant, command: CentralCommand) {
        match command {
            CentralCommand::PerFile(to) => self.told(to, |own| rows(own.cluster.per_file())),
            CentralCommand::PerClient(to) => self.told(to, |own| rows(own.cluster.per_client())),
            CentralCommand::Status(to) => self.told(to, |own| own.cluster.status()),
            CentralCommand::Secondaries(to) => self.told(to, |own| own.cluster.secondaries(now)),
            CentralCommand::Clients(to) => self.told(to, |own| own.cluster.clients(now)),
            CentralCommand::Queue(to) => self.told(to, |own| own.cluster.queue(now)),
            CentralCommand::Expel(name, answer) => {
                let said = self.cluster.expel(now, &name);
                for (host, until) in self.cluster.expelled_hosts(now) {
                    self.expelled.expel(host, until);
                }
                self.reply(answer, said);
            }
            CentralCommand::Drain(number, to) => {
                self.told(to, |own| own.cluster.drain(now, number))
            }
            CentralCommand::EndDraining(number, to) => {
                self.told(to, |own| own.cluster.end_draining(now, number))
            }
            CentralCommand::MaxDownloads(to) => self.told(to, |own| own.cluster.max_downloads()),
            CentralCommand::SetMaxDownloads(most, answer) => {
                self.cluster.set_max_downloads(now, most);
                self.reply(answer, ());
            }
            CentralCommand::Conflicts(to) => self.told(to, |own| own.cluster.conflicts()),
            CentralCommand::Resolve(name, choice, answer) => {
                let said = self.cluster.resolve(now, &name, choice);
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
            CentralCommand::Migrate(to, answer) => self.migrate(to, answer),
            CentralCommand::Centrals(answer) => {
                // It is of no fact, and is wanted most when none can be written.
                let _ = answer.send(self.centrals());
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

    fn told<T: Send + 'static>(
        &mut self,
        to: oneshot::Sender<T>,
        ask: impl FnOnce(&mut Self) -> T,
    ) {
        let said = ask(self);
        self.reply(to, said);
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
            status,
        }
    }
}

/// The rows of a table of downloads.
fn rows<N: ToString>(table: impl IntoIterator<Item = (N, u64)>) -> Vec<DownloadCount> {
    let row = |(name, downloads): (N, u64)| DownloadCount {
        name: name.to_string(),
        downloads,
    };
    table.into_iter().map(row).collect()
}
