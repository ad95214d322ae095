//! `MATAR`, `CONGELAR`, `DESCONGELAR`, `LEVANTAR`, `NODOS`: what `videolocal` adds to a client's prompt.

use std::{future::Future, pin::Pin, sync::Arc};

use tokio::sync::Mutex;

use super::{children::Children, plan::Role};
use crate::cli::{
    client::Extra,
    commands::{BadLine, BadValue, Entry, entry, find},
    console::page_columns,
    text::{
        bad_line::explain,
        errors,
        line::Line,
        t,
        topics::{self, Topic},
    },
};

/// The commands.
pub(in crate::cli) const FAULTS: &[Entry<Verb>] = &[
    entry(Verb::Kill, "kill", &["MATAR", "KILL"]),
    entry(Verb::Freeze, "freeze", &["CONGELAR", "FREEZE"]),
    entry(Verb::Thaw, "thaw", &["DESCONGELAR", "THAW"]),
    entry(Verb::Raise, "raise", &["LEVANTAR", "RAISE"]),
    entry(Verb::Show, "nodes", &["NODOS", "NODES"]),
];

/// The children, as the prompt commands them.
#[derive(Clone, Debug)]
pub(super) struct Faults {
    children: Arc<Mutex<Children>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Verb {
    Kill,
    Freeze,
    Thaw,
    Raise,
    Show,
}

impl Faults {
    pub(super) fn new(children: Children) -> Self {
        Self {
            children: Arc::new(Mutex::new(children)),
        }
    }

    /// Stops all processes in order.
    pub(super) async fn stop(&self) {
        self.children.lock().await.stop().await;
    }

    async fn run(&self, verb: Verb, id: &'static str, rest: &str) -> Vec<String> {
        let mut children = self.children.lock().await;
        if verb == Verb::Show {
            return match rest.split_whitespace().next() {
                Some(word) => vec![explain(&BadLine::TooMuch {
                    word: word.to_owned(),
                    id,
                })],
                None => {
                    children.look();
                    children.table(page_columns())
                }
            };
        }
        let roles = match roles(rest, id, children.secondaries()) {
            Ok(roles) => roles,
            Err(bad) => return vec![explain(&bad)],
        };
        let mut answers = Vec::new();
        for role in roles {
            answers.push(one(&mut children, verb, role).await);
        }
        answers
    }
}

/// Does it to one node.
async fn one(children: &mut Children, verb: Verb, role: Role) -> String {
    if let Err(none) = children.has(role) {
        return errors::chain(&none);
    }
    let who = role.name();
    let done = match verb {
        Verb::Kill => children
            .kill(role)
            .map(|id| t!("local-killed", who = who, process = id.to_string())),
        Verb::Freeze => children
            .freeze(role, true)
            .map(|id| t!("local-froze", who = who, process = id.to_string())),
        Verb::Thaw => children
            .freeze(role, false)
            .map(|id| t!("local-thawed", who = who, process = id.to_string())),
        Verb::Raise => children.raise(role).await.map(|(id, port)| {
            t!(
                "local-raised",
                who = who,
                process = id.to_string(),
                port = port.to_string()
            )
        }),
        Verb::Show => Ok(String::new()),
    };
    done.unwrap_or_else(|error| t!("local-the", who = who, why = errors::chain(&error)))
}

/// The nodes that are meant: `2`, `1 3`, `C`, `*` for all secondaries.
fn roles(rest: &str, id: &'static str, secondaries: u16) -> Result<Vec<Role>, BadLine> {
    let mut roles = Vec::new();
    for word in rest.split_whitespace() {
        if word == "*" {
            roles.extend((1..=secondaries).map(Role::Secondary));
            continue;
        }
        roles.push(role(word).ok_or_else(|| BadLine::Value {
            value: word.to_owned(),
            reason: BadValue::Node,
        })?);
    }
    if roles.is_empty() {
        return Err(BadLine::Missing { id });
    }
    Ok(roles)
}

fn role(value: &str) -> Option<Role> {
    match value.to_uppercase().as_str() {
        "C" | "CENTRAL" => Some(Role::Central),
        number => number.parse().ok().map(Role::Secondary),
    }
}

fn verb(line: &str) -> Option<(Verb, &'static str, &str)> {
    let line = line.trim();
    let (word, value) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let entry = find(FAULTS, word)?;
    Some((entry.verb, entry.id, value.trim()))
}

impl Extra for Faults {
    fn try_run<'a>(
        &'a self,
        line: &'a str,
    ) -> Pin<Box<dyn Future<Output = Option<Vec<Line>>> + Send + 'a>> {
        Box::pin(async move {
            let (verb, id, value) = verb(line)?;
            Some(
                self.run(verb, id, value)
                    .await
                    .into_iter()
                    .map(Line::from)
                    .collect(),
            )
        })
    }

    fn help(&self) -> Vec<Topic> {
        topics::of(FAULTS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fault_commands_are_understood_and_others_are_left_alone() {
        assert_eq!(verb(" matar 2 "), Some((Verb::Kill, "kill", "2")));
        assert_eq!(verb("NODOS"), Some((Verb::Show, "nodes", "")));
        assert_eq!(verb("VIDEO matar"), None);
        assert_eq!(role("c"), Some(Role::Central));
        assert_eq!(role("3"), Some(Role::Secondary(3)));
        assert_eq!(role("x"), None);
        let all = |text| roles(text, "kill", 2);
        assert_eq!(all("1 c"), Ok(vec![Role::Secondary(1), Role::Central]));
        assert_eq!(all("*"), Ok(vec![Role::Secondary(1), Role::Secondary(2)]));
        assert!(all("").is_err() && all("1 x").is_err());
    }
}
