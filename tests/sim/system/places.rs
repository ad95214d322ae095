//! Places, the waiting list and grants, as whoever listens to the central understands them.

use std::collections::{BTreeMap, BTreeSet};

use trozos::{
    engine::cluster::{Action, ConnectionId, Event, Notice},
    model::{
        ClusterStatus, Grant, RequestId, TransferId,
        messages::{ForClient, FromClient, FromReceiver, Resume},
    },
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Request {
    Waiting { arrival: u64, position: u32 },
    Running(TransferId),
}

/// What it was like before a client was to go on with a download, and under which request.
#[derive(Debug)]
struct Before {
    request: (ConnectionId, RequestId),
    requests: BTreeMap<(ConnectionId, RequestId), Request>,
    resumed: BTreeSet<(ConnectionId, RequestId)>,
}

/// See the module.
#[derive(Debug)]
pub struct Places {
    most: usize,
    requests: BTreeMap<(ConnectionId, RequestId), Request>,
    /// Running downloads beyond the places: those that a client goes on with after a reconnection.
    resumed: BTreeSet<(ConnectionId, RequestId)>,
    /// Downloads that have lent their place once.
    lent: BTreeSet<TransferId>,
    /// Before the last event, if that was to go on with a download.
    before: Option<Before>,
    arrivals: u64,
    granted: BTreeSet<TransferId>,
}

impl Places {
    pub fn new(most: usize) -> Self {
        Self {
            most,
            requests: BTreeMap::new(),
            resumed: BTreeSet::new(),
            lent: BTreeSet::new(),
            before: None,
            arrivals: 0,
            granted: BTreeSet::new(),
        }
    }

    pub fn event(&mut self, link: ConnectionId, event: &Event) {
        self.before = None;
        match event {
            Event::Closed { .. } => self.gone(link),
            Event::Client(FromClient::Cancel { request }) => {
                if let Some(Request::Waiting { .. }) = self.requests.get(&(link, *request)) {
                    self.requests.remove(&(link, *request));
                }
            }
            Event::Receiver(FromReceiver::Finished(finished)) => {
                let over = Request::Running(finished.transfer);
                self.requests
                    .retain(|(of, _), request| *of != link || *request != over);
            }
            Event::Client(FromClient::Resume(Resume {
                transfer, request, ..
            })) => {
                let again = Request::Running(*transfer);
                let of = |(key, request): (&_, &Request)| (*request == again).then_some(*key);
                let before = self.requests.iter().find_map(of);
                self.before = Some(Before {
                    request: (link, *request),
                    requests: self.requests.clone(),
                    resumed: self.resumed.clone(),
                });
                self.requests.retain(|_, request| *request != again);
                self.requests.insert((link, *request), again);
                // One that this central knows to run has its place already.
                if before.is_none_or(|before| self.resumed.remove(&before)) {
                    self.resumed.insert((link, *request));
                }
            }
            _ => {}
        }
    }

    fn gone(&mut self, link: ConnectionId) {
        self.requests.retain(|(of, _), _| *of != link);
    }

    pub fn action(&mut self, action: &Action) {
        match action {
            Action::ToClient(link, ForClient::Granted { request, grant }) => {
                let running = Request::Running(grant.transfer);
                let before = self.requests.insert((*link, *request), running);
                assert!(
                    !matches!(before, Some(Request::Running(_))),
                    "{request:?} of {link:?} runs twice"
                );
            }
            Action::ToClient(link, ForClient::Queued { request, position }) => {
                self.arrivals += 1;
                let arrival = match self.requests.get(&(*link, *request)) {
                    Some(Request::Waiting { arrival, .. }) => *arrival,
                    Some(Request::Running(_)) => {
                        panic!("{request:?} of {link:?} runs and waits")
                    }
                    None => self.arrivals,
                };
                let position = *position;
                let waits = Request::Waiting { arrival, position };
                self.requests.insert((*link, *request), waits);
            }
            Action::Refuse {
                connection: link,
                request,
                ..
            } => {
                let key = (*link, *request);
                if let Some(before) = self.before.take_if(|before| before.request == key) {
                    // Somebody else has it, and keeps it.
                    (self.requests, self.resumed) = (before.requests, before.resumed);
                    return;
                }
                // One that runs goes on: its client asked once more before it heard of the grant.
                if let Some(Request::Waiting { .. }) = self.requests.get(&key) {
                    self.requests.remove(&key);
                }
            }
            Action::ToClient(link, ForClient::Booked { transfer, .. }) => {
                // Taken up again only to tell an end that was told before.
                let over = Request::Running(*transfer);
                self.requests
                    .retain(|(of, _), request| of != link || *request != over);
            }
            Action::Notice(Notice::SlotLent { transfer, .. }) => {
                assert!(self.is_waited_for(), "a place is lent to nobody");
                self.lent.insert(*transfer);
            }
            Action::Close {
                connection: link, ..
            } => self.gone(*link),
            _ => {}
        }
    }

    fn is_waited_for(&self) -> bool {
        let mut requests = self.requests.values();
        requests.any(|request| matches!(request, Request::Waiting { .. }))
    }

    pub fn grant(&mut self, grant: &Grant) {
        assert!(self.granted.insert(grant.transfer), "granted twice");
        let mut chunks = BTreeSet::new();
        for source in &grant.sources {
            for chunk in source.ranges.iter().flat_map(|range| range.iter()) {
                assert!(chunks.insert(chunk), "{chunk} is assigned twice");
            }
        }
        let count = grant.file.layout.chunk_count() as usize;
        assert!(chunks.len() == count || grant.sources.is_empty());
    }

    pub fn check(&self, status: &ClusterStatus) {
        let is_waiting = |request: &Request| matches!(request, Request::Waiting { .. });
        let mut line: Vec<_> = self
            .requests
            .values()
            .filter_map(|request| match request {
                Request::Waiting { arrival, position } => Some((*arrival, *position)),
                Request::Running(_) => None,
            })
            .collect();
        line.sort_unstable();
        // The first hear of each change at once, the others when their place is half of what they were told.
        for (place, (_, told)) in (1..).zip(&line) {
            let is_about = told.ilog2() == u32::ilog2(place) && *told >= place;
            assert!(
                *told == place || place > 8 && is_about,
                "the line is {line:?}"
            );
        }
        let running: Vec<_> = self
            .requests
            .iter()
            .filter(|(_, r)| !is_waiting(r))
            .collect();
        assert_eq!(status.waiting, line.len() as u64, "{:?}", self.requests);
        assert_eq!(status.running, running.len() as u64, "{:?}", self.requests);
        let fresh = running
            .iter()
            .filter(|(key, _)| !self.resumed.contains(*key))
            .filter(|(_, request)| match request {
                Request::Running(transfer) => !self.lent.contains(transfer),
                Request::Waiting { .. } => true,
            });
        assert!(fresh.count() <= self.most, "{:?}", self.requests);
        assert!(
            line.is_empty() || running.len() >= self.most,
            "a place is lost: {:?}",
            self.requests
        );
        let transfers: BTreeSet<_> = running.iter().map(|(_, r)| format!("{r:?}")).collect();
        assert_eq!(transfers.len(), running.len(), "{:?}", self.requests);
    }
}
