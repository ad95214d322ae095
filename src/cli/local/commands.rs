//! `MATAR`, `CONGELAR`, `DESCONGELAR`, `LEVANTAR`, `NODOS`, and a central's `CENTRALES` and `MIGRAR`: what `videolocal` adds
//! to a client's prompt.

use std::{future::Future, pin::Pin, sync::Arc};

use tokio::sync::Mutex;

use super::{children::Children, plan::Role, reigning};
use crate::cli::{
    client::Extra,
    commands::{BadLine, BadValue, Entry, central, entry, find, in_language},
    console::page_columns,
    text::{
        bad_line::explain,
        errors,
        line::{Line, complaint},
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
    entry(Verb::Centrals, "centrals", &["CENTRALES", "CENTRALS"]),
    entry(Verb::Migrate, "migrate", &["MIGRAR", "MIGRATE"]),
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
    Centrals,
    Migrate,
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

    async fn run(&self, verb: Verb, id: &'static str, rest: &str) -> Vec<Line> {
        let mut children = self.children.lock().await;
        let done = match verb {
            Verb::Show => show(&mut children, id, rest).await,
            Verb::Centrals | Verb::Migrate => of_central(&mut children, id, rest).await,
            Verb::Kill | Verb::Freeze | Verb::Thaw | Verb::Raise => {
                faults(&mut children, verb, id, rest).await
            }
        };
        done.unwrap_or_else(|bad| vec![explain(&bad).into()])
    }
}

async fn show(children: &mut Children, id: &'static str, rest: &str) -> Result<Vec<Line>, BadLine> {
    if let Some(word) = rest.split_whitespace().next() {
        return Err(BadLine::TooMuch {
            word: word.to_owned(),
            id,
        });
    }
    children.look();
    let standing = reigning::standing(children).await;
    let table = children.table(&standing, page_columns());
    Ok(table.into_iter().map(Line::from).collect())
}

/// What is for the central that reigns. Its nodes are called in capitals here.
async fn of_central(
    children: &mut Children,
    id: &'static str,
    rest: &str,
) -> Result<Vec<Line>, BadLine> {
    let names = FAULTS.iter().find(|entry| entry.id == id);
    let word = names.map_or("", |entry| in_language(entry.names));
    let line = format!("{word} {}", rest.to_uppercase());
    // What is no order is told as a central tells it.
    central(&line)?;
    let answer = reigning::order(children, line).await;
    Ok(answer.unwrap_or_else(|error| vec![complaint(errors::chain(&error))]))
}

async fn faults(
    children: &mut Children,
    verb: Verb,
    id: &'static str,
    rest: &str,
) -> Result<Vec<Line>, BadLine> {
    let mut answers = Vec::new();
    for role in roles(rest, id, children.secondaries())? {
        answers.push(one(children, verb, role).await.into());
    }
    Ok(answers)
}

/// The central, where it has no number: of several the one that reigns, or the one that does not run as it should.
async fn meant(children: &mut Children, verb: Verb) -> anyhow::Result<Role> {
    let standing_still = match verb {
        Verb::Raise => children.central_that(|node| !node.is_alive()),
        Verb::Thaw => children.central_that(|node| node.frozen),
        Verb::Kill | Verb::Freeze | Verb::Show | Verb::Centrals | Verb::Migrate => None,
    };
    match standing_still {
        Some(role) => Ok(role),
        None => reigning::active(children).await,
    }
}

/// Does it to one node.
async fn one(children: &mut Children, verb: Verb, role: Role) -> String {
    let role = match role {
        // Of several, the one that counts.
        Role::Central => match meant(children, verb).await {
            Ok(active) => active,
            Err(nobody) => return errors::chain(&nobody),
        },
        Role::Member(_) | Role::CentralOf(_) | Role::Secondary(_) => role,
    };
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
        Verb::Show | Verb::Centrals | Verb::Migrate => Ok(String::new()),
    };
    done.unwrap_or_else(|error| t!("local-the", who = who, why = errors::chain(&error)))
}

/// The nodes that are meant: `2`, `1 3`, `C`, `C1`, `E2`, `*` for all secondaries.
fn roles(rest: &str, id: &'static str, secondaries: u16) -> Result<Vec<Role>, BadLine> {
    let mut roles = Vec::new();
    for word in rest.split_whitespace() {
        if word == "*" {
            roles.extend((1..=secondaries).map(Role::Secondary));
            continue;
        }
        roles.push(Role::of(word).ok_or_else(|| BadLine::Value {
            value: word.to_owned(),
            reason: BadValue::Node,
        })?);
    }
    if roles.is_empty() {
        return Err(BadLine::Missing { id });
    }
    Ok(roles)
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
            Some(self.run(verb, id, value).await)
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
        assert_eq!(verb("migrar c2"), Some((Verb::Migrate, "migrate", "c2")));
        let all = |text| roles(text, "kill", 2);
        assert_eq!(all("1 c"), Ok(vec![Role::Secondary(1), Role::Central]));
        assert_eq!(all("*"), Ok(vec![Role::Secondary(1), Role::Secondary(2)]));
        assert!(all("").is_err() && all("1 x").is_err());
    }
}
