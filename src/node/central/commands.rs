//! What the program that runs a central asks of it.

use std::time::Instant;

use super::{DownloadCount, Present, Summary, api::CentralCommand, state::Central};

/// Most rows of a table that pages show: a table with all would not be looked at.
const MOST_ROWS: usize = 256;

impl Central {
    pub(super) fn command(&mut self, now: Instant, command: CentralCommand) {
        match command {
            CentralCommand::PerFile(answer) => {
                let said = rows(self.cluster.per_file());
                self.reply(answer, said);
            }
            CentralCommand::PerClient(answer) => {
                let said = rows(self.cluster.per_client());
                self.reply(answer, said);
            }
            CentralCommand::Status(answer) => {
                let said = self.cluster.status();
                self.reply(answer, said);
            }
            CentralCommand::Secondaries(answer) => {
                let said = self.cluster.secondaries(now);
                self.reply(answer, said);
            }
            CentralCommand::Clients(answer) => {
                let said = self.cluster.clients(now);
                self.reply(answer, said);
            }
            CentralCommand::Queue(answer) => {
                let said = self.cluster.queue(now);
                self.reply(answer, said);
            }
            CentralCommand::Expel(name, answer) => {
                let said = self.cluster.expel(now, &name);
                for (host, until) in self.cluster.expelled_hosts(now) {
                    self.expelled.expel(host, until);
                }
                self.reply(answer, said);
            }
            CentralCommand::Drain(number, answer) => {
                let said = self.cluster.drain(now, number);
                self.reply(answer, said);
            }
            CentralCommand::EndDraining(number, answer) => {
                let said = self.cluster.end_draining(now, number);
                self.reply(answer, said);
            }
            CentralCommand::MaxDownloads(answer) => {
                let said = self.cluster.max_downloads();
                self.reply(answer, said);
            }
            CentralCommand::SetMaxDownloads(most, answer) => {
                self.cluster.set_max_downloads(now, most);
                self.reply(answer, ());
            }
            CentralCommand::Conflicts(answer) => {
                let said = self.cluster.conflicts();
                self.reply(answer, said);
            }
            CentralCommand::Resolve(name, choice, answer) => {
                let said = self.cluster.resolve(now, &name, choice);
                self.reply(answer, said);
            }
            CentralCommand::Statistics(answer) => {
                let said = self.statistics.present(&self.cluster);
                self.reply(answer, said);
            }
            CentralCommand::Offer(name, answer) => {
                let said = self.cluster.offer(now, &name);
                self.reply(answer, said);
            }
            CentralCommand::Catalogue(answer) => {
                let said = self.shown.get(now, &self.cluster);
                self.reply(answer, said);
            }
            CentralCommand::Gateway(events) => self.open_gateway(now, events),
            CentralCommand::Summary(answer) => {
                let said = self.summary(now);
                self.reply(answer, said);
            }
            CentralCommand::Running(answer) => {
                let said = self.cluster.running(MOST_ROWS);
                self.reply(answer, said);
            }
            CentralCommand::Place(command) => self.place_command(now, command),
            CentralCommand::Present(answer) => {
                let said = self.all_at_once(now);
                self.reply(answer, said);
            }
        }
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
    };
    table.into_iter().map(row).collect()
}
