//! The connection of a client or a secondary to the central, as `node/link` and `node/finding` keep it up, without
//! sockets.

use std::time::{Duration, Instant};

use trozos::{
    engine::backoff::Backoff,
    model::limits::{
        CLIENT_HEARTBEAT, CLIENT_LEASE, CONNECT_TIMEOUT, EXPELLED_FOR, HEARTBEAT, HELLO_TIMEOUT,
        LEASE,
    },
    node::rules::terms::LatestTerm,
    proto::{
        ErrorCode, Hello, PeerRole, Reign,
        control::{FromCentral, ToCentral},
    },
};

use super::{
    Ctx,
    net::{End, Host, Incoming, Packet, address},
};

const RETRY: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(2));
const GOOD: Duration = Duration::from_secs(10);
/// The central is the first host.
pub const CENTRAL: usize = 0;

#[derive(Debug)]
enum State {
    Waiting {
        until: Instant,
    },
    Connecting {
        end: End,
        by: Instant,
    },
    Greeting {
        end: End,
        by: Instant,
    },
    Up {
        end: End,
        silent_at: Instant,
        beat_at: Instant,
    },
}

/// What happens on it.
#[derive(Debug)]
pub enum News {
    Up,
    Message(Box<FromCentral>),
    /// It ended or was not to be had; with the central's word when there was one.
    Down(Option<ErrorCode>),
}

#[derive(Debug)]
pub struct Link {
    role: PeerRole,
    state: State,
    backoff: Backoff,
    began: Instant,
    /// It was expelled.
    stays_away: bool,
    latest_term: LatestTerm,
    /// The central that it is connected to, or tries, of those in the list.
    tried: usize,
    central: Host,
}

impl Link {
    pub fn new(ctx: &mut Ctx<'_>, role: PeerRole) -> Self {
        Self {
            role,
            state: State::Waiting { until: ctx.now },
            backoff: Backoff::new(ctx.random.u64(..), RETRY.0, RETRY.1),
            began: ctx.now,
            stays_away: false,
            latest_term: LatestTerm::default(),
            tried: 0,
            central: CENTRAL,
        }
    }

    fn times(&self) -> (Duration, Duration) {
        match self.role {
            PeerRole::Secondary { .. } => (HEARTBEAT, LEASE),
            PeerRole::Client { .. } | PeerRole::Central(_) | PeerRole::Peer { .. } => {
                (CLIENT_HEARTBEAT, CLIENT_LEASE)
            }
        }
    }

    pub fn due(&self) -> Instant {
        match &self.state {
            State::Waiting { until } => *until,
            State::Connecting { by, .. } | State::Greeting { by, .. } => *by,
            State::Up {
                silent_at, beat_at, ..
            } => (*silent_at).min(*beat_at),
        }
    }

    pub fn is_up(&self) -> bool {
        matches!(self.state, State::Up { .. })
    }

    /// The central that it follows.
    pub fn follows(&self) -> Option<Host> {
        self.is_up().then_some(self.central)
    }

    pub fn end(&self) -> Option<End> {
        match &self.state {
            State::Waiting { .. } => None,
            State::Connecting { end, .. } | State::Greeting { end, .. } | State::Up { end, .. } => {
                Some(*end)
            }
        }
    }

    /// Says something; false when there is nobody to hear it.
    pub fn send(&self, ctx: &mut Ctx<'_>, message: impl Into<ToCentral>) -> bool {
        let State::Up { end, .. } = &self.state else {
            return false;
        };
        ctx.send(*end, Packet::ToCentral(message.into()));
        true
    }

    /// Tries at once instead of after the rest of a delay; false for one that is not to try.
    pub fn try_now(&mut self, ctx: &Ctx<'_>) -> bool {
        if let State::Waiting { until } = &mut self.state {
            if self.stays_away && *until > ctx.now {
                return false;
            }
            *until = ctx.now;
        }
        true
    }

    pub fn tick(&mut self, ctx: &mut Ctx<'_>) -> Option<News> {
        let (heartbeat, _) = self.times();
        match &mut self.state {
            State::Waiting { until } if *until <= ctx.now => {
                self.began = ctx.now;
                self.try_central(ctx, 0);
                None
            }
            State::Connecting { end, by } | State::Greeting { end, by } if *by <= ctx.now => {
                let end = *end;
                self.not_found(ctx, end, None)
            }
            State::Up {
                end,
                silent_at,
                beat_at,
            } => {
                if *silent_at <= ctx.now {
                    let end = *end;
                    return Some(self.down(ctx, end, None));
                }
                if *beat_at <= ctx.now {
                    *beat_at = ctx.now + heartbeat;
                    let end = *end;
                    ctx.send(end, Packet::ToCentral(ToCentral::Ping));
                }
                None
            }
            State::Waiting { .. } | State::Connecting { .. } | State::Greeting { .. } => None,
        }
    }

    fn try_central(&mut self, ctx: &mut Ctx<'_>, index: usize) {
        (self.tried, self.central) = (index, ctx.centrals[index]);
        let end = ctx.net.connect(ctx.time, ctx.host, address(self.central));
        let by = ctx.now + CONNECT_TIMEOUT;
        self.state = State::Connecting { end, by };
    }

    /// This central does not take it, or is not obeyed: the next one is tried.
    fn not_found(&mut self, ctx: &mut Ctx<'_>, end: End, code: Option<ErrorCode>) -> Option<News> {
        let next = self.tried + 1;
        if self.is_up() || next >= ctx.centrals.len() {
            return Some(self.down(ctx, end, code));
        }
        ctx.net.close(ctx.time, end);
        self.try_central(ctx, next);
        None
    }

    fn down(&mut self, ctx: &mut Ctx<'_>, end: End, code: Option<ErrorCode>) -> News {
        ctx.net.close(ctx.time, end);
        if ctx.now.saturating_duration_since(self.began) >= GOOD {
            self.backoff.reset();
        }
        let delay = match code {
            Some(ErrorCode::Expelled) => EXPELLED_FOR,
            _ => self.backoff.next_delay(),
        };
        self.stays_away = code == Some(ErrorCode::Expelled);
        let until = ctx.now + delay;
        self.state = State::Waiting { until };
        News::Down(code)
    }

    pub fn incoming(&mut self, ctx: &mut Ctx<'_>, end: End, what: Incoming) -> Option<News> {
        let (heartbeat, lease) = self.times();
        let message = match what {
            Incoming::Closed => return self.not_found(ctx, end, None),
            Incoming::Connected => {
                let hello = Hello::from_role(&self.role);
                ctx.send(end, Packet::ToCentral(ToCentral::Hello(hello)));
                let by = ctx.now + HELLO_TIMEOUT;
                self.state = State::Greeting { end, by };
                return None;
            }
            Incoming::Packet(Packet::FromCentral(message)) => message,
            other => panic!("{other:?} on a link"),
        };
        if let FromCentral::Error { code, .. } = message {
            return self.not_found(ctx, end, Some(code));
        }
        match &mut self.state {
            State::Greeting { .. } => {
                let FromCentral::Hello(hello) = message else {
                    panic!("{message:?}");
                };
                let Ok(PeerRole::Central(Reign { term, .. })) = hello.into_role() else {
                    panic!("no central");
                };
                if self.latest_term.greeted(ctx.now, term).is_err() {
                    return self.not_found(ctx, end, None);
                }
                let (silent_at, beat_at) = (ctx.now + lease, ctx.now + heartbeat);
                self.state = State::Up {
                    end,
                    silent_at,
                    beat_at,
                };
                Some(News::Up)
            }
            State::Up { silent_at, .. } => {
                *silent_at = ctx.now + lease;
                match message {
                    FromCentral::Ping => None,
                    FromCentral::Bye => Some(self.down(ctx, end, None)),
                    message => Some(News::Message(Box::new(message))),
                }
            }
            State::Waiting { .. } | State::Connecting { .. } => {
                panic!("{message:?} before a connection")
            }
        }
    }
}
