//! What a service manager is told: that the program serves, how it is, that it has read its files again, that it
//! stops, and that it is alive. Goes to the socket that `NOTIFY_SOCKET` names, as systemd wants it; without one,
//! nowhere.

use std::{
    cell::{Cell, RefCell},
    future::{Future, pending},
    time::Duration,
};

use sd_notify::NotifyState;
use tokio::time::{MissedTickBehavior, interval};

use super::signals::Reload;
use crate::node::{
    central::{CentralEvent, Notice},
    secondary::SecondaryEvent,
};

/// The service manager, as far as one program knows it.
#[derive(Debug, Default)]
pub struct Manager {
    /// It knows that the program serves.
    ready: Cell<bool>,
    /// The secondary has read its whole folder.
    folder_read: Cell<bool>,
    /// The last line about the secondary and its central, once it has enrolled or knows that it cannot now.
    central: RefCell<Option<String>>,
}

impl Manager {
    /// The program serves; said once.
    pub fn ready(&self, status: &str) {
        if !self.ready.replace(true) {
            tell(&[NotifyState::Ready, NotifyState::Status(status)]);
        }
    }

    /// How the program is, in a line.
    fn status(&self, line: &str) {
        tell(&[NotifyState::Status(line)]);
    }

    /// The program begins to stop.
    pub fn stopping(&self) {
        tell(&[NotifyState::Stopping]);
    }

    /// Something happened at a central, told in this line.
    pub fn central_event(&self, event: &CentralEvent, line: &str) {
        if matches!(
            event,
            CentralEvent::Cluster(
                Notice::SecondaryUp { .. }
                    | Notice::SecondaryDown { .. }
                    | Notice::ServiceBegan
                    | Notice::Level { .. }
                    | Notice::NoSecondaries
            )
        ) {
            self.status(line);
        }
    }

    /// Something happened at a secondary, told in this line. It is ready when it has read its folder and tried to
    /// enrol: with the central away it serves whoever finds it.
    pub fn secondary_event(&self, event: &SecondaryEvent, line: &str) {
        if matches!(event, SecondaryEvent::FolderRead { .. }) {
            if self.folder_read.replace(true) {
                return;
            }
        } else if matches!(
            event,
            SecondaryEvent::Enrolled { .. }
                | SecondaryEvent::CentralLost { .. }
                | SecondaryEvent::Denied(_)
        ) {
            self.central.replace(Some(line.to_owned()));
        } else if !matches!(
            event,
            SecondaryEvent::FolderGone(_)
                | SecondaryEvent::FolderBack
                | SecondaryEvent::Refused { .. }
        ) {
            return;
        }
        self.status(line);
        // The state of the folder is soon out of date; the state of the link to the central is not.
        if self.folder_read.get()
            && let Some(line) = &*self.central.borrow()
        {
            self.ready(line);
        }
    }

    /// Waits for `stopped`. Meanwhile `read_again` does what every SIGHUP asks for, which the manager hears of, and
    /// that the program is alive as often as it wants to, as long as `healthy` answers with true.
    pub async fn watch(
        &self,
        stopped: impl Future<Output = ()>,
        reload: Reload,
        read_again: impl AsyncFn(),
        healthy: impl AsyncFn() -> bool,
    ) {
        tokio::select! {
            () = stopped => {}
            () = self.reloads(reload, read_again) => {}
            () = keep_alive(healthy) => {}
        }
    }

    async fn reloads(&self, mut reload: Reload, read_again: impl AsyncFn()) {
        loop {
            reload.asked().await;
            let now = NotifyState::monotonic_usec_now().ok();
            // This does not make a program ready.
            let now = now.filter(|_| self.ready.get());
            if let Some(now) = &now {
                tell(&[NotifyState::Reloading, now.clone()]);
            }
            read_again().await;
            if now.is_some() {
                tell(&[NotifyState::Ready]);
            }
        }
    }
}

/// Tells that the program is alive, twice in the time that the manager has patience for.
async fn keep_alive(healthy: impl AsyncFn() -> bool) {
    let Some(patience) = sd_notify::watchdog_enabled() else {
        return pending().await;
    };
    let mut tick = interval((patience / 2).max(Duration::from_millis(1)));
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        if healthy().await {
            tell(&[NotifyState::Watchdog]);
        }
    }
}

fn tell(states: &[NotifyState]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, "the service manager does not listen");
    }
}
