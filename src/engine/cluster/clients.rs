//! What the cluster does for clients: names, requests, places.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use super::{
    Action, Cluster, LinkId, Notice, Refusal,
    accounts::Origin,
    admission::{Entered, Moved, RequestKey},
    machine::{Client, Peer, Request},
    source_ids::SourceIds,
};
use crate::model::{
    ClientName, FileName, Limit, Receiver, RequestId, Session,
    limits::{MAX_REQUESTS_PER_CLIENT, MAX_WAITING},
    messages::{ForClient, FromClient, Resume},
};

/// How often those who wait further back are told their places, and how many of them at once.
const PLACES_EVERY: Duration = Duration::from_millis(10);
const PLACES_AT_ONCE: usize = 16;

const TOO_MANY_REQUESTS: Refusal = Refusal::TooMany {
    of: Limit::Downloads,
    most: MAX_REQUESTS_PER_CLIENT,
};

impl Cluster {
    pub(super) fn of_client(&mut self, link: LinkId, message: FromClient) {
        match message {
            FromClient::Enrol { name } => self.enrol_client(link, name),
            FromClient::Download { request, name } => self.download(link, request, name),
            FromClient::Cancel { request } => self.cancel(link, request),
            FromClient::Resume(resume) => self.resume(link, resume),
        }
    }

    pub(super) fn client_hello(
        &mut self,
        link: LinkId,
        name: Option<ClientName>,
        session: Option<Session>,
        address: SocketAddr,
    ) {
        let client = Client {
            name: None,
            session,
            address,
            since: self.last_call,
            requests: Default::default(),
        };
        self.peers.insert(link, Peer::Client(client));
        if let Some(name) = name {
            self.set_name(link, name);
        }
    }

    fn enrol_client(&mut self, link: LinkId, name: ClientName) {
        self.set_name(link, name.clone());
        if matches!(self.peers.get(&link), Some(Peer::Client(_))) {
            let enrolled = ForClient::Enrolled { name };
            self.actions.push_back(Action::ToClient(link, enrolled));
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

    fn download(&mut self, link: LinkId, request: RequestId, name: FileName) {
        if let Err(refusal) = self.check_request(link, request, &name) {
            return self.refuse(link, request, refusal);
        }
        match self.admission.enter(self.last_call, (link, request)) {
            Entered::Running => self.start_download(link, request, name),
            Entered::Waits(place) => {
                let since = self.last_call;
                if let Some(Peer::Client(client)) = self.peers.get_mut(&link) {
                    let waiting = Request::Waiting { file: name, since };
                    client.requests.insert(request, waiting);
                }
                self.tell_place((link, request), place);
                self.tell_waits(link, request, place);
            }
            Entered::Full => {
                let refusal = Refusal::TooMany {
                    of: Limit::Waiting,
                    most: MAX_WAITING,
                };
                self.refuse(link, request, refusal);
            }
        }
    }

    fn refuse(&mut self, link: LinkId, request: RequestId, refusal: Refusal) {
        self.actions.push_back(Action::Refuse {
            link,
            request,
            refusal,
        });
    }

    fn check_request(
        &self,
        link: LinkId,
        request: RequestId,
        name: &FileName,
    ) -> Result<(), Refusal> {
        let Some(Peer::Client(client)) = self.peers.get(&link) else {
            return Err(Refusal::WrongRole("download"));
        };
        if client.name.is_none() {
            return Err(Refusal::NotEnrolled);
        }
        if client.requests.len() >= MAX_REQUESTS_PER_CLIENT
            || client.requests.contains_key(&request)
        {
            return Err(TOO_MANY_REQUESTS);
        }
        self.find(name).map(drop)
    }

    fn tell_place(&mut self, (link, request): RequestKey, place: u32) {
        let queued = ForClient::Queued {
            request,
            position: place,
        };
        self.actions.push_back(Action::ToClient(link, queued));
    }

    /// Those who wait further back hear of their places by and by.
    pub(super) fn tell_places(&mut self, now: Instant) {
        if !self.admission.has_more_to_tell() {
            self.places_at = None;
        } else if *self.places_at.get_or_insert(now + PLACES_EVERY) <= now {
            self.places_at = Some(now + PLACES_EVERY);
            for (key, place) in self.admission.tell_more(PLACES_AT_ONCE) {
                self.tell_place(key, place);
            }
        }
    }

    /// People hear of who waits when it begins to.
    fn tell_waits(&mut self, link: LinkId, request: RequestId, place: u32) {
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

    fn start_download(&mut self, link: LinkId, request: RequestId, name: FileName) {
        let Some(Peer::Client(Client {
            name: Some(client),
            address,
            ..
        })) = self.peers.get(&link)
        else {
            return;
        };
        let (client, address) = (client.clone(), *address);
        let Some(entry) = self.catalog.look_up(&name) else {
            // It was deleted while the request waited.
            self.refuse(link, request, Refusal::NotFound(name));
            self.forget_request(link, request);
            return;
        };
        let file = entry.meta.clone();
        let transfer = self.next_transfer();
        let mut ids = SourceIds::default();
        let grant = self.grant(transfer, &file, None, &mut ids);
        let sources = grant.sources.iter().map(|source| source.who).collect();
        let receiver = Receiver::Client(client.clone());
        let (now, origin) = (self.last_call, Origin::of_address(address.ip()));
        self.ledger
            .open(now, transfer, receiver.clone(), name.clone(), origin);
        self.begin(transfer, receiver, link, request, (&grant, ids));
        if let Some(Peer::Client(client)) = self.peers.get_mut(&link) {
            client.requests.insert(request, Request::Running(transfer));
        }
        let granted = ForClient::Granted { request, grant };
        self.actions.push_back(Action::ToClient(link, granted));
        self.tell(Notice::Granted {
            client,
            file: name,
            sources,
        });
    }

    /// A download that this central, or an earlier run of it, granted: it has its place.
    fn resume(&mut self, link: LinkId, resume: Resume) {
        let Resume {
            transfer,
            request,
            file,
            sources,
        } = resume;
        let Some(Peer::Client(client)) = self.peers.get_mut(&link) else {
            return self.wrong_role(link, "resume");
        };
        let session = client.session;
        let Some(name) = client.name.clone() else {
            return self.refuse(link, request, Refusal::NotEnrolled);
        };
        let receiver = Receiver::Client(name.clone());
        let others = self
            .transfers
            .get(&transfer)
            .is_some_and(|running| running.receiver != receiver || running.session != session);
        let number_taken = match client.requests.get(&request) {
            Some(Request::Running(other)) => *other != transfer,
            Some(Request::Waiting { .. }) => true,
            None => false,
        };
        let origin = Origin::of_address(client.address.ip());
        let is_made_up = !self.ledger.may_resume(transfer, origin);
        let is_full = client.requests.len() >= MAX_REQUESTS_PER_CLIENT;
        if is_full || others || number_taken || is_made_up {
            return self.refuse(link, request, TOO_MANY_REQUESTS);
        }
        let file_name = file.name.clone();
        // Books that an earlier run closed, and of which nothing else is known, stay as they are; the download goes on
        // like any other, or its end is told once more.
        self.ledger
            .resume(transfer, receiver.clone(), file_name, origin);
        self.admission.readmit(self.last_call, (link, request));
        let mut ids = SourceIds::adopt(&sources);
        if let Some(old) = self.transfers.remove(&transfer) {
            ids = old.ids;
            if (old.link, old.request) != (link, request) {
                // Its last connection has not been missed yet. It keeps its place: nobody else gets it.
                self.forget_request(old.link, old.request);
            }
        }
        if let Some(Peer::Client(client)) = self.peers.get_mut(&link) {
            client.requests.insert(request, Request::Running(transfer));
        }
        let grant = self.grant(transfer, &file, None, &mut ids);
        self.begin(transfer, receiver, link, request, (&grant, ids));
        self.push_sources(transfer);
    }

    fn cancel(&mut self, link: LinkId, request: RequestId) {
        let Some(Peer::Client(client)) = self.peers.get(&link) else {
            return self.wrong_role(link, "cancel");
        };
        // One that runs is ended by `finished`, which says what came of it.
        if matches!(client.requests.get(&request), Some(Request::Waiting { .. })) {
            self.forget_request(link, request);
        }
    }

    /// A request is over: its place is free at once.
    pub(super) fn forget_request(&mut self, link: LinkId, request: RequestId) {
        if let Some(Peer::Client(client)) = self.peers.get_mut(&link) {
            client.requests.remove(&request);
        }
        let moved = self
            .admission
            .leave(self.last_call, |key| key == (link, request));
        self.moved(moved);
    }

    /// From now on so many downloads run at once, at least one. Those that are too many then end first.
    pub fn set_max_downloads(&mut self, now: Instant, most: usize) {
        self.notice_own_stop(now);
        let moved = self.admission.set_places(now, most);
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
        let moved = self.admission.leave(now, |(of, _)| of == link);
        self.moved(moved);
    }

    /// Downloads that are sent nothing lend their places to those that wait.
    pub(super) fn lend_places(&mut self, now: Instant) {
        let (lenders, moved) = self.admission.lend(now);
        for (link, request) in lenders {
            if let Some(Peer::Client(client)) = self.peers.get(&link)
                && let Some(Request::Running(transfer)) = client.requests.get(&request)
                && let (Some(name), Some(running)) = (&client.name, self.transfers.get(transfer))
            {
                let notice = Notice::PlaceLent {
                    client: name.clone(),
                    file: running.file.name.clone(),
                    transfer: *transfer,
                };
                self.tell(notice);
            }
        }
        self.moved(moved);
    }

    fn moved(&mut self, moved: Moved) {
        // Places first: one that starts may be refused and let others move again.
        for (key, place) in moved.places {
            self.tell_place(key, place);
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
        model::{
            ChunkLayout, Digest, FileMeta, Finished, Incarnation, Outcome, SecondaryNumber, Term,
            TransferId,
            messages::{ForReceiver, FromReceiver, FromSecondary},
        },
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
                term: Term(2),
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
                let hello = Event::ClientHello {
                    name,
                    session: Some(Session(1)),
                    address,
                };
                bench.feed(link, hello);
            }
            bench
        }

        fn feed(&mut self, link: u64, event: impl Into<Event>) -> Vec<Action> {
            self.now += Duration::from_millis(1);
            self.cluster
                .handle_event(self.now, LinkId(link), event.into());
            std::iter::from_fn(|| self.cluster.poll_action()).collect()
        }

        fn download(&mut self, link: u64, request: u64) -> Option<TransferId> {
            let name = file().name;
            let actions = self.feed(
                link,
                FromClient::Download {
                    request: RequestId(request),
                    name,
                },
            );
            actions.iter().find_map(|action| match action {
                Action::ToClient(_, ForClient::Granted { grant, .. }) => Some(grant.transfer),
                _ => None,
            })
        }

        fn resume(&mut self, link: u64, request: u64, transfer: TransferId) -> Vec<Action> {
            let resume = FromClient::Resume(Resume {
                transfer,
                request: RequestId(request),
                file: file(),
                sources: Vec::new(),
            });
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
        let grants =
            |action: &Action| matches!(action, Action::ToClient(_, ForClient::Granted { .. }));
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
        bench.feed(2, FromClient::Enrol { name: name.clone() });
        // Its old connection is not missed yet.
        let refuses = |action: &Action| matches!(action, Action::Refuse { .. });
        assert!(bench.resume(3, 1, transfer).iter().any(refuses));
        bench.feed(3, FromClient::Enrol { name: name.clone() });
        assert!(!bench.resume(3, 1, transfer).iter().any(refuses));
        bench.feed(
            3,
            FromReceiver::Finished(Finished {
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
        let transfer = TransferId::new(Term(1), 7);
        let mut bench = Bench::of(Totals {
            settled: [transfer].into(),
            ..Totals::default()
        });
        let actions = bench.resume(2, 1, transfer);
        let is_sources = |action: &Action| matches!(action, Action::ToReceiver(_, ForReceiver::Sources { sources, .. }) if sources.len() == 1);
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
        let actions = bench.feed(2, FromReceiver::Finished(finished));
        let is_settled = |action: &Action| matches!(action, Action::ToClient(_, ForClient::Booked { transfer: of, .. }) if *of == transfer);
        assert!(actions.iter().any(is_settled), "{actions:?}");
        let granted = |action: &Action| matches!(action, Action::ToClient(link, ForClient::Granted { .. }) if *link == LinkId(3));
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
                Action::ToClient(link, ForClient::Granted { request, .. }) => {
                    Some((link.0, request.0))
                }
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
    fn a_download_that_is_sent_nothing_lends_its_place_until_it_is_sent_something() {
        let mut bench = Bench::new();
        let idle = bench.download(2, 1).unwrap();
        assert_eq!(bench.download(3, 1), None);
        assert_eq!(bench.download(3, 2), None);
        let mut actions = Vec::new();
        for _ in 0..6 {
            bench.now += Duration::from_secs(1);
            actions.extend(bench.feed(1, Event::Alive));
        }
        let lent = |action: &Action| match action {
            Action::Notice(Notice::PlaceLent { transfer, .. }) => Some(*transfer),
            _ => None,
        };
        assert_eq!(
            actions.iter().filter_map(lent).collect::<Vec<_>>(),
            [idle],
            "{actions:?}"
        );
        let grants =
            |action: &&Action| matches!(action, Action::ToClient(_, ForClient::Granted { .. }));
        assert_eq!(actions.iter().filter(grants).count(), 1);
        assert_eq!(bench.counts(), (2, 1));
        // It goes on: the one that has its place keeps it, and the next waits for both.
        let sent = |transfer, bytes| FromSecondary::Sent {
            transfers: vec![crate::model::SentTransfer {
                transfer,
                receiver: Receiver::Client(ClientName::try_from("ana").unwrap()),
                file: file().name,
                bytes,
                chunks: 0,
                last: false,
                whole_part: None,
            }],
        };
        bench.feed(1, sent(idle, 1));
        let granted = actions.iter().find_map(|action| match action {
            Action::ToClient(_, ForClient::Granted { grant, .. }) => Some(grant.transfer),
            _ => None,
        });
        let finished = |transfer| {
            FromReceiver::Finished(Finished {
                transfer,
                outcome: Outcome::Complete,
                reason: None,
                sources: Vec::new(),
            })
        };
        bench.feed(3, finished(granted.unwrap()));
        assert_eq!(bench.counts(), (1, 1));
        bench.feed(2, finished(idle));
        assert_eq!(bench.counts(), (1, 0));
    }

    #[test]
    fn a_number_that_is_taken_is_not_taken_over() {
        let mut bench = Bench::new();
        let transfer = bench.download(2, 1).unwrap();
        bench.download(3, 7);
        for (link, request) in [(3, 7), (2, 1)] {
            let other = TransferId::new(Term(1), transfer.number);
            let actions = bench.resume(link, request, other);
            assert!(
                matches!(&actions[..], [Action::Refuse { .. }]),
                "{actions:?}"
            );
        }
        assert_eq!(bench.counts(), (1, 1));
    }
}
