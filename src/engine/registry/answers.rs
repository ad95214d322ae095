//! What orders were answered. Whoever gives an order names it by a session and a number, and gives it again under the same name
//! when no answer comes: what was done once is answered from here, at this central or at the next. (Ongaro, *Consensus:
//! bridging theory and practice*, 6.3.)
//!
//! The table is bounded, and what falls out of it depends on facts alone: each fact says when it was written.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::{
    OrderId, Session,
    limits::{ANSWERS_OF_A_SESSION, MAX_ORDER_SESSIONS, ORDER_SESSION_IDLE},
};

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Saved", into = "Saved")]
pub struct Answers {
    sessions: BTreeMap<Session, Kept>,
}

/// What is known of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known<'a> {
    /// It was done, and this was answered.
    Answered(&'a str),
    /// It was never done.
    New,
    /// It may have been done: that was too long ago, or its session was never heard of.
    Forgotten,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Kept {
    /// When it last gave an order, in milliseconds since 1970.
    last_ms: u64,
    /// Answers up to this number are not kept any more.
    floor: u64,
    answers: BTreeMap<u64, String>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Saved {
    sessions: Vec<(Session, Kept)>,
}

impl From<Saved> for Answers {
    fn from(saved: Saved) -> Self {
        Self {
            sessions: saved.sessions.into_iter().collect(),
        }
    }
}

impl From<Answers> for Saved {
    fn from(answers: Answers) -> Self {
        Self {
            sessions: answers.sessions.into_iter().collect(),
        }
    }
}

impl Answers {
    /// What is known of an order. The first one of a session has number 1.
    pub fn find(&self, OrderId { session, number }: OrderId) -> Known<'_> {
        let Some(kept) = self.sessions.get(&session) else {
            return match number {
                1 => Known::New,
                _ => Known::Forgotten,
            };
        };
        match kept.answers.get(&number) {
            Some(answer) => Known::Answered(answer),
            None if number <= kept.floor => Known::Forgotten,
            None => Known::New,
        }
    }

    /// An order was done.
    pub(super) fn keep(&mut self, id: OrderId, at_ms: u64, answer: String) {
        let oldest_ms = at_ms.saturating_sub(ORDER_SESSION_IDLE.as_millis() as u64);
        self.sessions.retain(|_, kept| kept.last_ms >= oldest_ms);
        let kept = self.sessions.entry(id.session).or_insert(Kept {
            last_ms: at_ms,
            floor: 0,
            answers: BTreeMap::new(),
        });
        kept.last_ms = at_ms.max(kept.last_ms);
        kept.answers.insert(id.number, answer);
        while kept.answers.len() > ANSWERS_OF_A_SESSION {
            if let Some((number, _)) = kept.answers.pop_first() {
                kept.floor = number;
            }
        }
        while self.sessions.len() > MAX_ORDER_SESSIONS {
            let idle = self.sessions.iter();
            let idle = idle.min_by_key(|(session, kept)| (kept.last_ms, **session));
            let Some(idle) = idle.map(|(session, _)| *session) else {
                return;
            };
            self.sessions.remove(&idle);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(session: u64, number: u64) -> OrderId {
        OrderId {
            session: Session(session),
            number,
        }
    }

    #[test]
    fn an_order_is_answered_again_and_what_may_have_been_done_is_not_taken_for_new() {
        let mut answers = Answers::default();
        assert_eq!(answers.find(id(1, 1)), Known::New);
        // Nobody begins with the second.
        assert_eq!(answers.find(id(1, 2)), Known::Forgotten);
        answers.keep(id(1, 1), 1000, "a".to_owned());
        assert_eq!(answers.find(id(1, 1)), Known::Answered("a"));
        assert_eq!(answers.find(id(1, 2)), Known::New);
        let most = ANSWERS_OF_A_SESSION as u64;
        for number in 2..=most + 1 {
            answers.keep(id(1, number), 1000 + number, "b".to_owned());
        }
        assert_eq!(answers.find(id(1, 1)), Known::Forgotten);
        assert_eq!(answers.find(id(1, 2)), Known::Answered("b"));
        let text = serde_json::to_string(&answers).unwrap();
        assert_eq!(serde_json::from_str::<Answers>(&text).unwrap(), answers);
        // After a day without orders it is as if there had been none.
        let later = 1000 + ORDER_SESSION_IDLE.as_millis() as u64 + most + 2;
        answers.keep(id(2, 1), later, "c".to_owned());
        assert_eq!(answers.find(id(1, most)), Known::Forgotten);
        assert_eq!(answers.sessions.len(), 1);
    }

    #[test]
    fn of_too_many_sessions_the_most_idle_one_is_forgotten() {
        let mut answers = Answers::default();
        for session in 0..=MAX_ORDER_SESSIONS as u64 {
            answers.keep(id(session, 1), 1000 + session, "a".to_owned());
        }
        assert_eq!(answers.sessions.len(), MAX_ORDER_SESSIONS);
        assert_eq!(answers.find(id(0, 1)), Known::New);
        assert_eq!(answers.find(id(1, 1)), Known::Answered("a"));
    }
}
