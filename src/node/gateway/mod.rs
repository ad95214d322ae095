//! Contents for those who speak no lines: one fetch for each content that somebody reads, from all secondaries, however many
//! read it. To the central it is a client with a name of its own, and its downloads are booked as any client's.
//!
//! `run` is its owner, `room` how much it has at once, `config` what it is made of.

mod config;
mod room;
mod run;

use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use self::{config::Question, run::Owner};
use crate::{model::FileName, node::Watched};

pub use self::config::NotWatched;
pub(in crate::node) use self::config::{GatewayConfig, Reach, own_name};

/// Questions that may wait for the owner.
const QUESTIONS: usize = 64;
/// How long a request is held for its first byte. Players take a failure at the beginning for one that lasts.
pub const FIRST_BYTE: Duration = Duration::from_secs(10);

/// See the module. Copies are the same.
#[derive(Clone, Debug)]
pub struct Gateway {
    questions: mpsc::Sender<Question>,
}

impl Gateway {
    /// Starts one. It says nothing to the central before somebody wants to read.
    pub(in crate::node) fn start(config: GatewayConfig) -> Self {
        let (questions, asked) = mpsc::channel(QUESTIONS);
        tokio::spawn(Owner::new(config).run(asked));
        Self { questions }
    }

    /// What a file comes from, for any number of readers. Waits while the central has it wait.
    ///
    /// # Errors
    /// When it cannot be read here.
    pub async fn watch(&self, name: FileName) -> Result<Watched, NotWatched> {
        let (answer, answered) = oneshot::channel();
        let question = Question { name, answer };
        let sent = self.questions.send(question).await;
        sent.map_err(|_| NotWatched::NotNow)?;
        answered.await.unwrap_or(Err(NotWatched::NotNow))
    }
}
