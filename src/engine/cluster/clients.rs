//! What the cluster does for clients: names, requests, places.

use std::{net::SocketAddr, time::Instant};

use super::{
    Action, Cluster, LinkId, Notice, Refusal,
    admission::{Entered, Moved},
    machine::{Client, Peer, Request},
};
use crate::model::{
    ClientName, FileMeta, FileName, Receiver, TransferId, limits::MAX_REQUESTS_PER_CLIENT,
};

impl Cluster {
    pub(super) fn client_hello(
        &mut self,
        link: LinkId,
        name: Option<ClientName>,
        address: SocketAddr,
    ) {
        let client = Client {
            name: None,
            address,
            since: self.last_call,
            requests: Default::default(),
        };
        self.peers.insert(link, Peer::Client(client));
        if let Some(name) = name {
            self.set_name(link, name);
        }
    }

    pub(super) fn enrol_client(&mut self, link: LinkId, name: ClientName) {
        self.set_name(link, name.clone());
        if matches!(self.peers.get(&link), Some(Peer::Client(_))) {
            self.actions.push_back(Action::Enrolled { link, name });
        }
    }

    fn set_name(&mut self, link: LinkId, name: ClientName) {
        if self.is_expelled(&name) {
            return self.send_away(link);
        }
        let Some(Peer::Client(client)) = self.peers.get_mut(&link) else {
            return self.wrong_role(link, "enrol");
        };
        let address = client.address;
        let before = client.name.replace(name.clone());
        self.ledger.know_client(&name);
        if before.as_ref() != Some(&name) {
            if before.is_some() {
                self.rename_downloads(link, &name);
            }
            self.tell(Notice::ClientEnrolled {
                client: name,
                address,
            });
        }
    }

    /// What runs goes on under a client's new name, in whose books the client counts it as well.
    fn rename_downloads(&mut self, link: LinkId, name: &ClientName) {
        let receiver = Receiver::Client(name.clone());
        for (transfer, running) in &mut self.transfers {
            if running.link == link {
                running.receiver = receiver.clone();
                self.ledger.rename(*transfer, receiver.clone());
            }
        }
    }

    pub(super) fn download(&mut self, link: LinkId, request: u64, name: FileName) {
        if let Err(refusal) = self.check_request(link, request, &name) {
            self.actions.push_back(Action::Refuse {
                link,
                request,
                refusal,
            });
            return;
        }
        match self.admission.enter((link, request)) {
            Entered::Running => self.start_download(link, request, name),
            Entered::Waits(place) => {
                let since = self.last_call;
                if let Some(Peer::Client(client)) = self.peers.get_mut(&link) {
                    let waiting = Request::Waiting { file: name, since };
                    client.requests.insert(request, waiting);
                }
                self.tell_place(link, request, place);
            }
            Entered::Full => {
                let refusal = Refusal::TooMany("downloads waiting");
                self.actions.push_back(Action::Refuse {
                    link,
                    request,
                    refusal,
                });
            }
        }
    }

    fn check_request(&self, link: LinkId, request: u64, name: &FileName) -> Result<(), Refusal> {
        let Some(Peer::Client(client)) = self.peers.get(&link) else {
            return Err(Refusal::WrongRole("download"));
        };
        if client.name.is_none() {
            return Err(Refusal::NotEnrolled);
        }
        if client.requests.len() >= MAX_REQUESTS_PER_CLIENT
            || client.requests.contains_key(&request)
        {
            return Err(Refusal::TooMany("requests"));
        }
        self.find(name).map(drop)
    }

    fn tell_place(&mut self, link: LinkId, request: u64, place: u32) {
        self.actions.push_back(Action::Queue {
            link,
            request,
            place,
        });
        if let Some(Peer::Client(Client {
            name: Some(client),
            requests,
            ..
        })) = self.peers.get(&link)
            && let Some(Request::Waiting { file, .. }) = requests.get(&request)
        {
            let notice = Notice::Queued {
                client: client.clone(),
                file: file.clone(),
                place,
            };
            self.tell(notice);
        }
    }

    fn start_download(&mut self, link: LinkId, request: u64, name: FileName) {
        let Some(Peer::Client(Client {
            name: Some(client), ..
        })) = self.peers.get(&link)
        else {
            return;
        };
        let client = client.clone();
        let Some(entry) = self.catalog.look_up(&name) else {
            // It was deleted while the request waited.
            let refusal = Refusal::NotFound(name);
            self.actions.push_back(Action::Refuse {
                link,
                request,
                refusal,
            });
            self.forget_request(link, request);
            return;
        };
        let file = entry.meta.clone();
        let transfer = self.next_transfer();
        let grant = self.grant(transfer, &file, None);
        let sources = grant.sources.iter().map(|source| source.number).collect();
        self.begin(
            transfer,
            Receiver::Client(client.clone()),
            link,
            request,
            &grant,
        );
        if let Some(Peer::Client(client)) = self.peers.get_mut(&link) {
            client.requests.insert(request, Request::Running(transfer));
        }
        self.actions.push_back(Action::Grant {
            link,
            request,
            grant,
        });
        self.tell(Notice::Granted {
            client,
            file: name,
            sources,
        });
    }

    /// A download that this central, or an earlier run of it, granted: it has its place.
    pub(super) fn resume(
        &mut self,
        link: LinkId,
        transfer: TransferId,
        request: u64,
        file: FileMeta,
    ) {
        let Some(Peer::Client(client)) = self.peers.get_mut(&link) else {
            return self.wrong_role(link, "resume");
        };
        let Some(name) = client.name.clone() else {
            let refusal = Refusal::NotEnrolled;
            self.actions.push_back(Action::Refuse {
                link,
                request,
                refusal,
            });
            return;
        };
        let receiver = Receiver::Client(name.clone());
        let others = self
            .transfers
            .get(&transfer)
            .is_some_and(|running| running.receiver != receiver);
        let number_taken = match client.requests.get(&request) {
            Some(Request::Running(other)) => *other != transfer,
            Some(Request::Waiting { .. }) => true,
            None => false,
        };
        if client.requests.len() >= MAX_REQUESTS_PER_CLIENT || others || number_taken {
            let refusal = Refusal::TooMany("requests");
            self.actions.push_back(Action::Refuse {
                link,
                request,
                refusal,
            });
            return;
        }
        let file_name = file.name.clone();
        // Books that an earlier run closed, and of which nothing else is known, stay as they are; the download goes on
        // like any other, or its end is told once more.
        self.ledger.resume(transfer, receiver.clone(), file_name);
        self.admission.readmit((link, request));
        if let Some(old) = self.transfers.remove(&transfer)
            && (old.link, old.request) != (link, request)
        {
            // Its last connection has not been missed yet. It keeps its place: nobody else gets it.
            self.forget_request(old.link, old.request);
        }
        if let Some(Peer::Client(client)) = self.peers.get_mut(&link) {
            client.requests.insert(request, Request::Running(transfer));
        }
        let grant = self.grant(transfer, &file, None);
        self.begin(transfer, receiver, link, request, &grant);
        self.push_sources_of(|running| *running == file);
    }

    pub(super) fn cancel(&mut self, link: LinkId, request: u64) {
        let Some(Peer::Client(client)) = self.peers.get(&link) else {
            return self.wrong_role(link, "cancel");
        };
        // One that runs is ended by `finished`, which says what came of it.
        if matches!(client.requests.get(&request), Some(Request::Waiting { .. })) {
            self.forget_request(link, request);
        }
    }

    /// A request is over: its place is free at once.
    pub(super) fn forget_request(&mut self, link: LinkId, request: u64) {
        if let Some(Peer::Client(client)) = self.peers.get_mut(&link) {
            client.requests.remove(&request);
        }
        let moved = self.admission.leave(|key| key == (link, request));
        self.moved(moved);
    }

    /// From now on so many downloads run at once, at least one. Those that are too many then end first.
    pub fn set_max_downloads(&mut self, now: Instant, most: usize) {
        self.notice_own_stop(now);
        let moved = self.admission.set_places(most);
        self.moved(moved);
        self.after(now);
    }

    pub(super) fn client_gone(&mut self, now: Instant, link: LinkId, client: Client) {
        for request in client.requests.values() {
            if let Request::Running(transfer) = request {
                self.transfers.remove(transfer);
                self.ledger.orphan(now, *transfer);
            }
        }
        if let Some(name) = client.name {
            self.tell(Notice::ClientGone { client: name });
        }
        let moved = self.admission.leave(|(of, _)| of == link);
        self.moved(moved);
    }

    fn moved(&mut self, moved: Moved) {
        // Places first: one that starts may be refused and let others move again.
        for ((link, request), place) in moved.places {
            self.tell_place(link, request, place);
        }
        for (link, request) in moved.start {
            let waiting = match self.peers.get(&link) {
                Some(Peer::Client(client)) => client.requests.get(&request),
                Some(Peer::Secondary { .. }) | None => None,
            };
            if let Some(Request::Waiting { file, .. }) = waiting {
                let name = file.clone();
                self.start_download(link, request, name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        engine::cluster::{ClusterConfig, Event, Totals},
        model::{ChunkLayout, Digest, Finished, Incarnation, Outcome, SecondaryNumber},
    };

    fn file() -> FileMeta {
        FileMeta {
            name: FileName::try_from("a").unwrap(),
            layout: ChunkLayout::for_file(5 << 20).unwrap(),
            id: Digest::new([1; 32]),
        }
    }

    /// One place, one secondary with one file, and clients on connections 2 and 3, all called ana.
    struct Bench {
        now: Instant,
        cluster: Cluster,
    }

    impl Bench {
        fn new() -> Self {
            Self::of(Totals::default())
        }

        fn of(saved: Totals) -> Self {
            let config = ClusterConfig {
                required_secondaries: 1,
                max_downloads: 1,
                begun: false,
                seed: 1,
                wall_s: 0,
            };
            let now = Instant::now();
            let cluster = Cluster::new(now, config, saved, []);
            let mut bench = Self { now, cluster };
            let address = SocketAddr::from(([10, 0, 0, 1], 1));
            let hello = Event::SecondaryHello {
                number: SecondaryNumber::try_from(1).unwrap(),
                incarnation: Incarnation(1),
                address,
            };
            bench.feed(1, hello);
            let files = vec![file()];
            bench.feed(1, Event::inventory(files));
            for link in [2, 3] {
                let name = Some(ClientName::try_from("ana").unwrap());
                bench.feed(link, Event::ClientHello { name, address });
            }
            bench
        }

        fn feed(&mut self, link: u64, event: Event) -> Vec<Action> {
            self.now += Duration::from_millis(1);
            self.cluster.handle_event(self.now, LinkId(link), event);
            std::iter::from_fn(|| self.cluster.poll_action()).collect()
        }

        fn download(&mut self, link: u64, request: u64) -> Option<TransferId> {
            let name = file().name;
            let actions = self.feed(link, Event::Download { request, name });
            actions.iter().find_map(|action| match action {
                Action::Grant { grant, .. } => Some(grant.transfer),
                _ => None,
            })
        }

        fn resume(&mut self, link: u64, request: u64, transfer: TransferId) -> Vec<Action> {
            let resume = Event::Resume {
                transfer,
                request,
                file: file(),
            };
            self.feed(link, resume)
        }

        fn counts(&self) -> (u64, u64) {
            let status = self.cluster.status();
            (status.running, status.waiting)
        }
    }

    #[test]
    fn a_resumed_download_keeps_its_place_though_others_wait() {
        let mut bench = Bench::new();
        let transfer = bench.download(2, 1).unwrap();
        assert_eq!(bench.download(2, 2), None);
        assert_eq!(bench.counts(), (1, 1));
        // On a new connection, before the old one is missed.
        let actions = bench.resume(3, 1, transfer);
        let grants = |action: &Action| matches!(action, Action::Grant { .. });
        assert!(!actions.iter().any(grants), "{actions:?}");
        assert_eq!(bench.counts(), (1, 1));
        // And again on the same.
        bench.resume(3, 1, transfer);
        assert_eq!(bench.counts(), (1, 1));
    }

    #[test]
    fn a_download_goes_on_under_the_name_that_its_client_has_by_now() {
        let mut bench = Bench::new();
        let transfer = bench.download(2, 1).unwrap();
        let name = ClientName::try_from("eva").unwrap();
        bench.feed(2, Event::Enrol { name: name.clone() });
        // Its old connection is not missed yet.
        let refuses = |action: &Action| matches!(action, Action::Refuse { .. });
        assert!(bench.resume(3, 1, transfer).iter().any(refuses));
        bench.feed(3, Event::Enrol { name: name.clone() });
        assert!(!bench.resume(3, 1, transfer).iter().any(refuses));
        bench.feed(
            3,
            Event::Finished(Finished {
                transfer,
                outcome: Outcome::Complete,
                reason: None,
                sources: Vec::new(),
            }),
        );
        let totals = bench.cluster.totals();
        let downloads = |name: &str| {
            totals
                .clients
                .iter()
                .find(|(client, _)| client.as_str() == name)
                .map(|(_, counters)| counters.downloads)
        };
        assert_eq!((downloads("ana"), downloads("eva")), (Some(0), Some(1)));
    }

    #[test]
    fn a_download_whose_books_an_earlier_run_closed_goes_on_with_a_place_and_sources() {
        let transfer = TransferId(7);
        let mut bench = Bench::of(Totals {
            settled: [transfer].into(),
            ..Totals::default()
        });
        let actions = bench.resume(2, 1, transfer);
        let is_sources = |action: &Action| matches!(action, Action::Sources { sources, .. } if sources.len() == 1);
        assert!(actions.iter().any(is_sources), "{actions:?}");
        assert_eq!(bench.counts(), (1, 0));
        // Its place is a place, and is free at its end; the books are those of the earlier run.
        assert_eq!(bench.download(3, 1), None);
        let finished = crate::model::Finished {
            transfer,
            outcome: crate::model::Outcome::Complete,
            reason: None,
            sources: Vec::new(),
        };
        let actions = bench.feed(2, Event::Finished(finished));
        let is_settled = |action: &Action| matches!(action, Action::Settled { transfer: of, .. } if *of == transfer);
        assert!(actions.iter().any(is_settled), "{actions:?}");
        let granted =
            |action: &Action| matches!(action, Action::Grant { link, .. } if *link == LinkId(3));
        assert!(actions.iter().any(granted), "{actions:?}");
        let totals = bench.cluster.totals();
        assert_eq!((totals.totals.downloads, totals.totals.failed), (0, 0));
        assert!(totals.open.iter().all(|open| open.transfer != transfer));
    }

    #[test]
    fn other_numbers_of_places_count_at_once_and_end_nothing() {
        let mut bench = Bench::new();
        bench.download(2, 1).unwrap();
        for (link, request) in [(2, 2), (3, 1), (3, 2)] {
            assert_eq!(bench.download(link, request), None);
        }
        let places = |bench: &mut Bench, most| {
            bench.cluster.set_max_downloads(bench.now, most);
            let actions: Vec<_> = std::iter::from_fn(|| bench.cluster.poll_action()).collect();
            let grants = actions.iter().filter_map(|action| match action {
                Action::Grant { link, request, .. } => Some((link.0, *request)),
                _ => None,
            });
            grants.collect::<Vec<_>>()
        };
        assert_eq!(places(&mut bench, 3), [(2, 2), (3, 1)]);
        assert_eq!(bench.counts(), (3, 1));
        assert_eq!(places(&mut bench, 1), []);
        assert_eq!(bench.counts(), (3, 1));
        // None is ever no place at all.
        assert_eq!(places(&mut bench, 0), []);
    }

    #[test]
    fn a_number_that_is_taken_is_not_taken_over() {
        let mut bench = Bench::new();
        let transfer = bench.download(2, 1).unwrap();
        bench.download(3, 7);
        for (link, request) in [(3, 7), (2, 1)] {
            let other = TransferId(transfer.0 + 1000);
            let actions = bench.resume(link, request, other);
            assert!(
                matches!(&actions[..], [Action::Refuse { .. }]),
                "{actions:?}"
            );
        }
        assert_eq!(bench.counts(), (1, 1));
    }
}
