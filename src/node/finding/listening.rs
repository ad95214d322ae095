//! How centrals are heard of that announce themselves. Only while there is no connection: whoever has a central needs no
//! hint, and what others announce costs nothing then.

use std::{net::SocketAddr, time::Duration};

use tokio::time::{Instant, timeout_at};

use super::config::Announcing;
use crate::{
    model::{GroupName, ShortClusterId},
    net::Browser,
    node::{
        Lost,
        rules::discovery::{Around, Choice, Unannounced},
    },
};

/// How long somebody is waited for before people hear that nobody is there.
const FIRST: Duration = Duration::from_secs(3);
/// How long others are waited for once one is there, so that it is known whether there are several clusters.
const OTHERS: Duration = Duration::from_millis(700);

/// See the module.
pub(super) struct Listening {
    /// Whom to look for, if it is to listen at all.
    announcing: Option<Announcing>,
    now: Option<(Browser, Around)>,
    open: fn() -> std::io::Result<Browser>,
}

impl Listening {
    pub(super) fn new(announcing: Option<Announcing>) -> Self {
        Self {
            announcing,
            now: None,
            open: Browser::start,
        }
    }

    /// It looks for somebody at all.
    pub(super) fn is_on(&self) -> bool {
        self.announcing.is_some()
    }

    /// One that has heard nothing yet, of a browser.
    #[cfg(test)]
    pub(super) fn of(announcing: Announcing, browser: Browser) -> Self {
        Self {
            announcing: Some(announcing),
            now: Some((browser, Around::default())),
            open: Browser::start,
        }
    }

    /// Nobody is looked for until the next time.
    pub(super) fn rest(&mut self) {
        self.now = None;
    }

    /// Those who announce themselves, of one cluster; nobody where nobody is to be looked for.
    ///
    /// # Errors
    /// When nobody is there, or more than one cluster.
    pub(super) async fn look_around(
        &mut self,
    ) -> Result<Vec<(SocketAddr, Option<ShortClusterId>)>, Lost> {
        let Some(Announcing { group }) = &self.announcing else {
            return Ok(Vec::new());
        };
        let group = group.clone();
        let (browser, around) = match &mut self.now {
            Some(now) => now,
            None => {
                let browser = (self.open)().map_err(|error| Lost::NotListening(error.into()))?;
                self.now.insert((browser, Around::default()))
            }
        };
        let is_over = listen(browser, around, group.as_ref()).await;
        let choice = around.choose(group.as_ref());
        if is_over {
            // Its thread has ended, or it fell behind: the next time begins anew.
            self.now = None;
        }
        match choice {
            Choice::These(there) => Ok(there),
            Choice::Nobody => Err(Lost::Unannounced(Unannounced::Nobody { group })),
            Choice::Several(names) => Err(Lost::Unannounced(Unannounced::Several { names })),
        }
    }
}

/// Hears what there is; true if nothing more can be heard.
async fn listen(browser: &mut Browser, around: &mut Around, group: Option<&GroupName>) -> bool {
    let began = Instant::now();
    let mut until = match around.choose(group) {
        Choice::Nobody => began + FIRST,
        // What was heard while it was away is there already.
        Choice::These(_) | Choice::Several(_) => began,
    };
    loop {
        match timeout_at(until, browser.next()).await {
            Ok(Some(heard)) => around.heard(heard),
            Ok(None) => return true,
            Err(_) => return false,
        }
        if around.choose(group) != Choice::Nobody {
            until = until.min(Instant::now() + OTHERS);
        }
        // Somebody who goes on announcing holds nobody up.
        if Instant::now() >= began + FIRST {
            return false;
        }
    }
}
