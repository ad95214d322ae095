//! Sees to it that a node has the limit that its timetable says, at any time. Whoever changes the timetable changes the limit
//! at once; what time changes is told.

use std::{sync::Arc, time::Duration};

use jiff::Zoned;
use tokio::{
    sync::{Mutex, Notify},
    task::JoinSet,
    time::timeout,
};

use super::timetable::{Held, Limit, Timetable};
use crate::node::{client::ClientHandle, secondary::SecondaryOrders};

/// How often the clock on the wall is looked at, which may be put forward or back, or go on while this machine sleeps.
const LOOK_EVERY: Duration = Duration::from_secs(20);

/// What can be limited.
pub(super) trait Limited: Clone + Send + Sync + 'static {
    /// Sets its limit. One that has stopped has none.
    fn set_limit(&self, limit: Limit) -> impl Future<Output = ()> + Send;

    /// Its limit where others may have set it; `None` where nobody else can, or it has stopped.
    fn limit_by_others(&self) -> impl Future<Output = Option<Limit>> + Send;
}

impl Limited for ClientHandle {
    async fn set_limit(&self, limit: Limit) {
        let _ = self.set_download_limit(limit).await;
    }

    async fn limit_by_others(&self) -> Option<Limit> {
        None
    }
}

/// What a client sends to others.
#[derive(Clone, Debug)]
pub(super) struct Uploads(pub(super) ClientHandle);

impl Limited for Uploads {
    async fn set_limit(&self, limit: Limit) {
        let _ = self.0.set_upload_limit(limit).await;
    }

    async fn limit_by_others(&self) -> Option<Limit> {
        None
    }
}

impl Limited for SecondaryOrders {
    async fn set_limit(&self, limit: Limit) {
        let _ = self.set_upload_limit(limit).await;
    }

    async fn limit_by_others(&self) -> Option<Limit> {
        let status = self.status().await.ok()?;
        Some(status.upload_limit_bytes_per_s)
    }
}

/// See the module.
pub(super) struct Limits<N> {
    shared: Arc<Shared<N>>,
    /// Ends with this.
    _following: JoinSet<()>,
}

struct Shared<N> {
    node: N,
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Default)]
struct State {
    timetable: Timetable,
    limit: Limit,
}

/// What holds now, of which timetable.
#[derive(Clone, Debug)]
pub(super) struct Now {
    pub(super) held: Held,
    /// Where there is more than one limit.
    pub(super) timetable: Option<String>,
}

impl<N: Limited> Limits<N> {
    /// Sets the limit of a node that has none, and follows the timetable from now on. What time changes is given to `tell`.
    pub(super) async fn start(
        node: N,
        timetable: Option<Timetable>,
        tell: impl Fn(&Held) + Send + 'static,
    ) -> Self {
        let shared = Arc::new(Shared {
            node,
            state: Mutex::default(),
            changed: Notify::new(),
        });
        if let Some(timetable) = timetable {
            shared.set(timetable).await;
        }
        let mut following = JoinSet::new();
        following.spawn(follow(Arc::clone(&shared), tell));
        Self {
            shared,
            _following: following,
        }
    }

    /// Another timetable, which holds from now on.
    pub(super) async fn set(&self, timetable: Timetable) -> Now {
        let now = self.shared.set(timetable).await;
        self.shared.changed.notify_one();
        now
    }

    /// What holds now, also where it was set past the timetable: that lasts until the timetable has another limit.
    pub(super) async fn now(&self) -> Now {
        let mut now = self.shared.state.lock().await.now();
        if let Some(limit) = self.shared.node.limit_by_others().await {
            now.held.limit = limit;
        }
        now
    }
}

impl State {
    fn now(&self) -> Now {
        Now {
            held: self.timetable.at(&Zoned::now()),
            timetable: self.timetable.text().map(str::to_owned),
        }
    }
}

impl<N: Limited> Shared<N> {
    async fn set(&self, timetable: Timetable) -> Now {
        let mut state = self.state.lock().await;
        state.timetable = timetable;
        let now = state.now();
        state.limit = now.held.limit;
        self.node.set_limit(state.limit).await;
        now
    }

    /// Sets what holds now. Says what, and whether that is another limit.
    async fn look(&self) -> (Held, bool) {
        let mut state = self.state.lock().await;
        let held = state.now().held;
        let is_another = held.limit != state.limit;
        if is_another {
            state.limit = held.limit;
            self.node.set_limit(held.limit).await;
        }
        (held, is_another)
    }
}

async fn follow<N: Limited>(shared: Arc<Shared<N>>, tell: impl Fn(&Held)) {
    loop {
        let (held, is_another) = shared.look().await;
        if is_another {
            tell(&held);
        }
        match held.until {
            None => shared.changed.notified().await,
            Some(until) => {
                let wait = until.timestamp().duration_since(Zoned::now().timestamp());
                let wait = Duration::try_from(wait).unwrap_or_default();
                let wait = wait.min(LOOK_EVERY);
                let _ = timeout(wait, shared.changed.notified()).await;
            }
        }
    }
}
