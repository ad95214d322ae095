//! What the program that runs a central asks of it.

use std::time::Instant;

use super::{DownloadCount, Present, Summary, api::CentralCommand, state::Central};

/// Most rows of a table that pages show: a table with all would not be looked at.
const MOST_ROWS: usize = 256;

impl Central {
    pub(super) fn command(&mut self, now: Instant, command: CentralCommand) {
        // The asker may have gone.
        match command {
            CentralCommand::PerFile(answer) => {
                let _ = answer.send(rows(self.cluster.per_file()));
            }
            CentralCommand::PerClient(answer) => {
                let _ = answer.send(rows(self.cluster.per_client()));
            }
            CentralCommand::Status(answer) => {
                let _ = answer.send(self.cluster.status());
            }
            CentralCommand::Secondaries(answer) => {
                let _ = answer.send(self.cluster.secondaries(now));
            }
            CentralCommand::Clients(answer) => {
                let _ = answer.send(self.cluster.clients(now));
            }
            CentralCommand::Queue(answer) => {
                let _ = answer.send(self.cluster.queue(now));
            }
            CentralCommand::Expel(name, answer) => {
                let expelled = self.cluster.expel(now, &name);
                for (host, until) in self.cluster.expelled_hosts(now) {
                    self.expelled.expel(host, until);
                }
                let _ = answer.send(expelled);
            }
            CentralCommand::Drain(number, answer) => {
                let _ = answer.send(self.cluster.drain(now, number));
            }
            CentralCommand::EndDraining(number, answer) => {
                let _ = answer.send(self.cluster.end_draining(now, number));
            }
            CentralCommand::MaxDownloads(answer) => {
                let _ = answer.send(self.cluster.max_downloads());
            }
            CentralCommand::SetMaxDownloads(most, answer) => {
                self.cluster.set_max_downloads(now, most);
                let _ = answer.send(());
            }
            CentralCommand::Conflicts(answer) => {
                let _ = answer.send(self.cluster.conflicts());
            }
            CentralCommand::Resolve(name, choice, answer) => {
                let _ = answer.send(self.cluster.resolve(now, &name, choice));
            }
            CentralCommand::Statistics(answer) => {
                let _ = answer.send(self.statistics.present(&self.cluster));
            }
            CentralCommand::Offer(name, answer) => {
                let _ = answer.send(self.cluster.offer(now, &name));
            }
            CentralCommand::Catalogue(answer) => {
                let _ = answer.send(self.shown.get(now, &self.cluster));
            }
            CentralCommand::Gateway(events) => self.open_gateway(now, events),
            CentralCommand::Summary(answer) => {
                let _ = answer.send(self.summary(now));
            }
            CentralCommand::Running(answer) => {
                let _ = answer.send(self.cluster.running(MOST_ROWS));
            }
            CentralCommand::Place(command) => self.place_command(now, command),
            CentralCommand::Present(answer) => {
                let _ = answer.send(self.all_at_once(now));
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
