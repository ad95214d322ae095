//! What of the places must never be lost: who has one, and in which order the others wait.

use std::collections::BTreeSet;

use super::{Places, Request};
use crate::{
    engine::registry::{Entry, Place, Registry, Row},
    model::{ClientName, FileName, RequestId, Session, TransferId},
};

impl Places {
    /// What was decided since the last call. `file_of` tells what a running transfer brings.
    pub(in crate::engine::cluster) fn take_facts(
        &mut self,
        registry: &Registry,
        file_of: impl Fn(TransferId) -> Option<FileName>,
    ) -> Vec<Entry> {
        let waiting = registry.waiting();
        let mut facts: Vec<Entry> = std::mem::take(&mut self.renamed)
            .into_iter()
            .filter(|(session, _)| waiting.has(*session))
            .map(|(session, client)| Entry::Renamed { session, client })
            .collect();
        for (session, request) in std::mem::take(&mut self.touched) {
            let known = waiting.get(session, request);
            facts.extend(self.fact(session, request, known, &file_of));
        }
        facts
    }

    /// What is to be recorded of a request of which this is known.
    fn fact(
        &self,
        session: Session,
        request: RequestId,
        known: Option<&Row>,
        file_of: impl Fn(TransferId) -> Option<FileName>,
    ) -> Option<Entry> {
        let Some((client, state)) = self.of_session(session, request) else {
            return known.map(|_| Entry::Left { session, request });
        };
        let client: ClientName = client.name.clone()?;
        let place = |file| Place {
            session,
            request,
            client,
            file,
        };
        match state {
            Request::Waiting { file, .. } => {
                let is_known = known.is_some_and(|row| row.transfer.is_none());
                (!is_known).then(|| Entry::Entered(place(file.clone())))
            }
            Request::Running(transfer) => {
                let is_known = known.is_some_and(|row| row.transfer == Some(*transfer));
                let file = file_of(*transfer).filter(|_| !is_known)?;
                Some(Entry::Granted {
                    place: place(file),
                    transfer: *transfer,
                })
            }
        }
    }

    /// Panics where a registry knows anything else.
    pub(in crate::engine::cluster) fn assert_recorded(&self, registry: &Registry) {
        let recorded = registry.waiting().rows();
        let line: Vec<_> = recorded
            .iter()
            .filter(|row| row.transfer.is_none())
            .map(|row| (row.place.session, row.place.request))
            .collect();
        let waits = |(connection, request)| {
            let session = self.get(connection)?.session?;
            Some((session, request))
        };
        let own: Vec<_> = self.line.line().filter_map(waits).collect();
        assert_eq!(own, line, "the line");
        let running = recorded.iter().filter(|row| row.transfer.is_some());
        for row in running.clone() {
            let request = self.of_session(row.place.session, row.place.request);
            let is_it = matches!(request, Some((_, Request::Running(transfer))) if Some(*transfer) == row.transfer);
            assert!(is_it, "{row:?} is {request:?}");
        }
        let own = self
            .clients
            .values()
            .filter(|client| client.session.is_some());
        let own = own.flat_map(|client| {
            let requests = client.requests.iter();
            let runs = requests.filter(|(_, r)| matches!(r, Request::Running(_)));
            runs.map(|(request, _)| (client.session, *request))
        });
        let waits: BTreeSet<_> = line
            .iter()
            .map(|(s, request)| (Some(*s), *request))
            .collect();
        let own: BTreeSet<_> = own.filter(|key| !waits.contains(key)).collect();
        assert_eq!(own.len(), running.count(), "what runs");
        let expelled = registry.expelled().map(|(name, _)| name);
        assert!(self.sent_away.refused().eq(expelled), "who is expelled");
        let own = self.sent_away.hosts().map(|(host, _)| host);
        let hosts = registry.expelled_hosts().map(|(host, _)| host);
        assert!(own.eq(hosts), "which hosts are expelled");
    }
}
