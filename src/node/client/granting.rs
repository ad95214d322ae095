//! A download that the central grants begins.

use std::sync::Arc;

use super::{
    DownloadAnswer, DownloadEvent, DownloadNumber,
    state::{Client, Purpose},
};
use crate::{
    model::{Grant, messages::FromReceiver},
    node::{
        WatchLimits,
        fetch::{Fetch, FetchConfig, Folder, Goal, Own, Target},
        rules::downloads::Granted,
    },
    proto::PeerRole,
    store::{Existing, PartPlace},
};

impl Client {
    pub(super) fn granted(&mut self, number: DownloadNumber, grant: Grant) {
        match self.state.downloads.granted(number, &grant) {
            Granted::Start => {}
            Granted::Runs => return,
            Granted::Unwanted(finished) => {
                self.send(FromReceiver::Finished(finished));
                return;
            }
            Granted::Held(finished, asker) => {
                self.send(FromReceiver::Finished(finished));
                if let Some(answer) = asker {
                    let _ = answer.send(Ok(DownloadAnswer::Found(number)));
                }
                self.tell_of(number, &grant.file.name, DownloadEvent::Held);
                return;
            }
        }
        let started = DownloadEvent::Started {
            bytes: grant.file.layout.file_bytes(),
            chunks: grant.file.layout.chunk_count(),
            sources: grant
                .sources
                .iter()
                .map(|source| {
                    let chunks = source.ranges.iter().map(|range| range.count).sum();
                    (source.who, chunks)
                })
                .collect(),
        };
        let purpose = self.state.purposes.get(&number).cloned();
        let purpose = purpose.unwrap_or(Purpose::File(None));
        let config = self.fetch_config(purpose);
        let updates = self.updates.clone();
        let fetch = Fetch::start(grant.clone(), config, updates, &self.tasks);
        self.state.watching.runs(number, || fetch.watched());
        let begun = self.state.downloads.started(number, &grant, fetch);
        let Some((file, asker)) = begun else {
            return;
        };
        if let Some(answer) = asker {
            let _ = answer.send(Ok(DownloadAnswer::Found(number)));
        }
        self.tell_of(number, &file, started);
    }

    /// How a download of this purpose is received.
    fn fetch_config(&self, purpose: Purpose) -> FetchConfig {
        let config = &self.config;
        let goal = match purpose {
            Purpose::File(named) => Goal::File(Target {
                root: Folder::Made(match &named {
                    Some(named) => named.folder.clone(),
                    None => config.target.clone(),
                }),
                spot: named.map(|named| named.spot),
                existing: if config.overwrite {
                    Existing::Overwrite
                } else {
                    Existing::Keep
                },
                place: PartPlace::Beside,
                own: Own::Beside,
            }),
            Purpose::Verify => Goal::Verify(Folder::There(config.target.clone())),
            Purpose::Stream(reader) => Goal::Stream(reader),
            Purpose::Watch => Goal::Watch(WatchLimits::ALONE),
        };
        FetchConfig {
            network: self.network.clone(),
            security: Arc::clone(&config.security),
            central: self.state.central,
            role: PeerRole::Client {
                name: self.state.name.clone(),
                session: None,
            },
            source_wait: config.source_wait,
            downlink: Arc::clone(&self.downlink),
            goal,
        }
    }
}
