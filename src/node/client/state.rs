//! What a client's owner has and knows: its name, its link to the central, its downloads.

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc, time::Instant};

use tokio::sync::{mpsc, oneshot};
use tokio_util::task::TaskTracker;

use super::{
    ClientConfig, ClientEvent, DownloadEvent, DownloadNumber, Named, Tally, account::Account,
    api::Asker, counting::Counts, maps::Maps, memory::Memory, peering::Peering,
    questions::Questions, rooms::Rooms, statistics::Statistics, telling::Telling,
    watch_list::WatchList,
};
use crate::{
    model::{ClientName, FileName, TransferId},
    net::Network,
    node::{
        fetch::{Downlink, Fetch, FetchUpdate, Reader},
        link::Link,
        lost::LinkDown,
        rules::downloads::{Downloads, State as DownloadState},
    },
    proto::control::ToCentral,
};

/// See the module.
pub(super) struct Client {
    pub(super) network: Network,
    pub(super) config: ClientConfig,
    pub(super) telling: Telling,
    pub(super) link: Link,
    pub(super) account: Account,
    pub(super) rooms: Rooms,
    pub(super) statistics: Statistics,
    pub(super) memory: Memory,
    /// Given to each download's task, which tells its news there.
    pub(super) updates: mpsc::Sender<(TransferId, FetchUpdate)>,
    pub(super) tasks: TaskTracker,
    /// What all downloads receive together.
    pub(super) downlink: Arc<Downlink>,
    pub(super) peering: Peering,
    pub(super) state: State,
}

/// What the owner knows.
#[derive(Debug, Default)]
pub(super) struct State {
    /// What it is called: as it wants, until the central gives it another name.
    pub(super) name: Option<ClientName>,
    /// The name that it was told to have, of which its statistics are.
    pub(super) wanted_name: Option<ClientName>,
    /// What it was called before its user typed another name, which the central has not taken yet.
    pub(super) name_before: Option<ClientName>,
    /// To the central, while there is a link.
    pub(super) outbox: Option<mpsc::Sender<ToCentral>>,
    /// Where the central was found last.
    pub(super) central: Option<SocketAddr>,
    /// The same as it was dialled: a host name or an address, and a port.
    pub(super) place: Option<(String, u16)>,
    /// There has been a link since the start.
    pub(super) was_up: bool,
    /// People know that the central is away.
    pub(super) told_lost: bool,
    /// Why the central is lost, which is not told before that time: another one may take over by then.
    pub(super) lost: Option<(Instant, LinkDown)>,
    /// People know that the folder has no locks.
    pub(super) told_no_locks: bool,
    pub(super) downloads: Downloads<Asker, Fetch>,
    /// What each download is for.
    pub(super) purposes: BTreeMap<DownloadNumber, Purpose>,
    pub(super) maps: Maps,
    /// Downloads that somebody watches.
    pub(super) watching: WatchList,
    pub(super) questions: Questions,
    pub(super) counts: Counts,
    /// Those who wait until nothing is left to do.
    pub(super) idle_waiters: Vec<oneshot::Sender<Tally>>,
    /// Those who wait until any download ends.
    pub(super) end_waiters: Vec<oneshot::Sender<bool>>,
}

/// What a download is for.
#[derive(Clone, Debug)]
pub(super) enum Purpose {
    /// The file goes into the folder of the downloads, or where its user said.
    File(Option<Named>),
    /// The file that is there is compared with the cluster's, and mended.
    Verify,
    /// Somebody reads it as it comes.
    Stream(Reader),
    /// Players read it at any place, and nothing is kept.
    Watch,
}

impl Client {
    pub(super) fn tell(&mut self, event: ClientEvent) {
        if event.is_kept() {
            for waiter in self.state.end_waiters.drain(..) {
                let _ = waiter.send(true);
            }
        }
        self.telling.tell(event);
    }

    pub(super) fn tell_of(&mut self, number: DownloadNumber, file: &FileName, what: DownloadEvent) {
        self.memory.may_change();
        let file = file.clone();
        self.tell(ClientEvent::Download { number, file, what });
    }

    /// Sends a message to the central; false without a link.
    pub(super) fn send(&mut self, message: impl Into<ToCentral>) -> bool {
        let sent = match &self.state.outbox {
            Some(outbox) => outbox.try_send(message.into()).is_ok(),
            None => false,
        };
        if !sent {
            self.state.outbox = None;
        }
        sent
    }

    /// A download is over. Whoever read it hears so; another may be resumed, for what it was for.
    pub(super) fn end_reading(&mut self, number: DownloadNumber) {
        let state = self.state.downloads.get(number).map(|d| &d.state);
        let purpose = self.state.purposes.get(&number);
        let is_stream = matches!(purpose, Some(Purpose::Stream(_) | Purpose::Watch));
        if is_stream && matches!(state, Some(DownloadState::Ended(_))) {
            self.state.purposes.remove(&number);
        }
    }

    /// Sends a question. Without a link it is sent once the present attempt to connect succeeds, and answered with
    /// "unreachable" once that fails.
    pub(super) fn ask(&mut self, message: impl Into<ToCentral>) {
        if !self.send(message) {
            self.link.try_now();
        }
    }
}
