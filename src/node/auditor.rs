//! The audit trail, followed over the network by somebody who proves to know the administrator's password: line after
//! line, from where it was left, at whichever central reigns.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use tokio::time::sleep;

use super::{
    Centrals, Lost, Security,
    finding::LinkConfig,
    link::{Link, LinkEvent},
    lost::LinkDown,
    security::Denied,
};
use crate::{
    model::{
        Audited, ClusterId,
        messages::{Answer, Question},
    },
    net::Network,
    proto::{
        ErrorCode, PeerRole,
        account::{AdminKey, Channel},
        control::{FromCentral, ToCentral},
    },
};

/// How often a central is asked for more once all was heard.
const ASK_EVERY: Duration = Duration::from_millis(500);

/// What is followed, and how it is proven that it may be.
#[derive(Clone, Debug)]
pub struct AuditorConfig {
    /// The centrals that it may go to.
    pub centrals: Centrals,
    /// What it knows and shows: the secret, certificates.
    pub security: Arc<Security>,
    /// The administrator's password.
    pub administrator: AdminKey,
    /// The number of the last line that is known.
    pub after: u64,
    /// The cluster that line is of, if it is known.
    pub cluster: Option<ClusterId>,
}

/// What an auditor hears.
#[derive(Clone, Debug, PartialEq)]
pub enum AuditNews {
    /// Lines of a cluster, in order, and of which the numbers before the first are missing: they were kept no longer.
    Lines {
        /// The cluster, if the central says it.
        cluster: Option<ClusterId>,
        /// The lines.
        lines: Vec<Audited>,
        /// Lines between the last one that was known and the first of these that were given up.
        missing: u64,
    },
    /// The trail is another one: it is of another cluster, or its central has lost its disk. It is followed from its
    /// beginning.
    Anew,
    /// The central is not reached; said each time that it fails.
    Away(Lost),
    /// It is not let in: it does not know the password, or the central has none. Nothing more comes.
    Refused(ErrorCode),
    /// The central and this program are not secured alike. Nothing more comes.
    Denied(Denied),
}

/// Follows the trail: each call of [`Self::next`] gives what comes.
#[derive(Debug)]
pub struct Auditor {
    config: AuditorConfig,
    link: Link,
    outbox: Option<tokio::sync::mpsc::Sender<ToCentral>>,
    channel: Option<Channel>,
    cluster: Option<ClusterId>,
    /// When to ask again; nothing was asked that is not answered.
    is_idle: bool,
    news: VecDeque<AuditNews>,
}

impl Auditor {
    /// Begins to look for the central.
    pub fn start(config: AuditorConfig) -> Self {
        let link = Link::start(LinkConfig {
            network: Network::Kernel,
            centrals: config.centrals.clone(),
            role: PeerRole::Client {
                name: None,
                session: None,
            },
            security: Arc::clone(&config.security),
        });
        Self {
            config,
            link,
            outbox: None,
            channel: None,
            cluster: None,
            is_idle: false,
            news: VecDeque::new(),
        }
    }

    /// What comes next. Cancel-safe.
    pub async fn next(&mut self) -> AuditNews {
        loop {
            if let Some(news) = self.news.pop_front() {
                return news;
            }
            tokio::select! {
                event = self.link.events.recv() => match event {
                    Some(event) => self.heard(event),
                    None => return AuditNews::Away(Lost::Stopped),
                },
                () = sleep(ASK_EVERY), if self.is_idle => self.ask(),
            }
        }
    }

    fn heard(&mut self, event: LinkEvent) {
        match event {
            LinkEvent::Up {
                cluster,
                channel,
                outbox,
                ..
            } => {
                let is_other = matches!((self.config.cluster, cluster), (Some(known), Some(now)) if known != now);
                if is_other {
                    self.config.after = 0;
                    self.news.push_back(AuditNews::Anew);
                }
                self.config.cluster = cluster.or(self.config.cluster);
                (self.cluster, self.channel) = (cluster, channel);
                self.outbox = Some(outbox);
                self.ask();
            }
            LinkEvent::Message(FromCentral::Answer(Answer::Audit { lines, last })) => {
                self.lines(lines, last);
            }
            LinkEvent::Message(message) => tracing::debug!(?message, "not for an auditor"),
            LinkEvent::Down(down) => {
                self.outbox = None;
                self.is_idle = false;
                let is_move = down.is_move();
                self.news.extend(match down {
                    LinkDown::Denied(denied) => Some(AuditNews::Denied(denied)),
                    LinkDown::Lost(Lost::Refused {
                        code: code @ ErrorCode::AdministratorRequired,
                        ..
                    }) => Some(AuditNews::Refused(code)),
                    LinkDown::Lost(lost) => (!is_move).then_some(AuditNews::Away(lost)),
                });
            }
        }
    }

    fn ask(&mut self) {
        self.is_idle = false;
        let Some(channel) = &self.channel else {
            // A central of an old version keeps no trail.
            return self
                .news
                .push_back(AuditNews::Refused(ErrorCode::AdministratorRequired));
        };
        let question = Question::Audit {
            after: self.config.after,
            proof: channel.prove(&self.config.administrator),
        };
        if let Some(outbox) = &self.outbox {
            // A full outbox belongs to a link that is about to end.
            let _ = outbox.try_send(question.into());
        }
    }

    fn lines(&mut self, lines: Vec<Audited>, last: u64) {
        if last < self.config.after {
            self.config.after = 0;
            self.news.push_back(AuditNews::Anew);
            return self.ask();
        }
        let (Some(first), Some(newest)) = (lines.first(), lines.last()) else {
            self.is_idle = true;
            return;
        };
        let covered = newest.n.saturating_sub(self.config.after);
        let missing = covered.saturating_sub(lines.len() as u64);
        let is_in_order = first.n > self.config.after && lines.is_sorted_by_key(|line| line.n);
        if !is_in_order {
            tracing::warn!(after = self.config.after, "lines out of order");
            self.is_idle = true;
            return;
        }
        self.config.after = newest.n;
        let cluster = self.cluster;
        let is_all = newest.n >= last;
        self.news.push_back(AuditNews::Lines {
            cluster,
            lines,
            missing,
        });
        if is_all {
            self.is_idle = true;
        } else {
            self.ask();
        }
    }
}

/// A line as programs read it: `docs/schema/audit.json`. The time is RFC 3339, in UTC.
pub fn document(line: &Audited) -> serde_json::Value {
    let mut document = serde_json::to_value(line).unwrap_or_default();
    let at = i64::try_from(line.at_ms).ok();
    let at = at.and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    if let Some(fields) = document.as_object_mut() {
        fields.remove("at_ms");
        let time = at.map(|at| format!("{at:.3}"));
        fields.insert("time".to_owned(), time.into());
    }
    document
}
