//! What the program that runs a secondary asks of it.

use std::collections::BTreeMap;

use super::{
    DownloadCount, RunningKind, RunningTransfer, ScrubStatus, SecondaryEvent, SecondaryFigures,
    SecondaryStatus, api::SecondaryCommand, index::IndexCommand, state::Secondary,
};
use crate::node::clock;

impl Secondary {
    pub(super) fn command(&mut self, command: SecondaryCommand) {
        // The asker may have gone.
        match command {
            SecondaryCommand::Running(answer) => {
                let sending = self.state.sent.running().into_iter().map(|running| {
                    let (receiver, bytes) = (running.receiver, running.bytes);
                    RunningTransfer {
                        file: running.file,
                        kind: RunningKind::Sending { receiver, bytes },
                    }
                });
                let _ = answer.send(self.copies.running().chain(sending).collect());
            }
            SecondaryCommand::Downloads(answer) => {
                let mut table: BTreeMap<String, u64> = self
                    .state
                    .held
                    .by_name()
                    .keys()
                    .map(|name| (name.to_string(), 0))
                    .collect();
                table.extend(self.statistics.downloads());
                let rows = table.into_iter().map(|(name, downloads)| DownloadCount {
                    name,
                    downloads,
                    account: false,
                });
                let _ = answer.send(rows.collect());
            }
            SecondaryCommand::Status(answer) => {
                self.book();
                let _ = answer.send(self.status());
            }
            SecondaryCommand::Figures(answer) => {
                self.book();
                let _ = answer.send(SecondaryFigures {
                    status: self.status(),
                    sums: self.statistics.sums().clone(),
                    http_bytes: self.state.http_bytes,
                    stale_files: self.state.stale_files,
                    read_errors: self.state.read_errors,
                    server: self.server.figures(self.statistics.refused()),
                });
            }
            SecondaryCommand::Statistics(answer) => {
                self.book();
                let _ = answer.send(self.statistics.to_value());
            }
            SecondaryCommand::Reindex(answer) => {
                self.state.rereading = true;
                self.command_index(IndexCommand::ReadAll);
                self.tell(SecondaryEvent::Reindexing);
                let _ = answer.send(());
            }
            SecondaryCommand::SetUploadLimit(bytes_per_s, answer) => {
                self.context.send.uplink.set_limit(bytes_per_s);
                let _ = answer.send(());
            }
        }
    }

    fn status(&self) -> SecondaryStatus {
        let state = &self.state;
        SecondaryStatus {
            number: self.context.number,
            central: state.central,
            folder: self.root.path().to_owned(),
            files: state.held.by_name().len() as u64,
            bytes: state.held.bytes(),
            indexing: !state.indexed || state.rereading,
            read_only: state.read_only,
            away: state.is_gone || !state.disks_away.is_empty(),
            conflicts: state.conflicts.values().cloned().collect(),
            scrub: self.scrub_status(),
            sending: state.sent.running().len() as u32,
            copying: self.copies.orders.running().count() as u32,
            bytes_sent: state.sent_bytes,
            rate_bytes_per_s: state.rate.bytes_per_s(clock::now()),
            upload_limit_bytes_per_s: self.context.send.uplink.limit_bytes_per_s(),
            connections: self.server.connections() as u32,
        }
    }

    fn scrub_status(&self) -> Option<ScrubStatus> {
        let every = self.scrub_every?;
        let (done, ended_s) = self.state.scrub.clone().unwrap_or_default();
        Some(ScrubStatus {
            every_s: every.as_secs(),
            bytes: done.round.bytes,
            damaged: done.round.damaged,
            rounds: done.rounds,
            last: done.last,
            ended_s,
        })
    }
}
