//! `MATAR`, `CONGELAR`, `DESCONGELAR`, `LEVANTAR`, `NODOS`: what `videolocal` adds to a client's prompt.

use std::{future::Future, pin::Pin, sync::Arc};

use tokio::sync::Mutex;

use super::{children::Children, plan::Role};
use crate::cli::{
    client::Extra,
    commands::{Entry, entry, find},
    console::page_columns,
    text::{
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

    async fn run(&self, verb: Verb, value: &str) -> Vec<String> {
        let mut children = self.children.lock().await;
        if verb == Verb::Show {
            children.look();
            return children.table(page_columns());
        }
        let Some(role) = role(value) else {
            return vec![t!("line-value", value = value, why = t!("why-node"))];
        };
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
        vec![done.unwrap_or_else(|error| t!("local-the", who = who, why = errors::chain(&error)))]
    }
}

fn role(value: &str) -> Option<Role> {
    match value.to_uppercase().as_str() {
        "C" | "CENTRAL" => Some(Role::Central),
        number => number.parse().ok().map(Role::Secondary),
    }
}

fn verb(line: &str) -> Option<(Verb, &str)> {
    let line = line.trim();
    let (word, value) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let entry = find(FAULTS, word)?;
    Some((entry.verb, value.trim()))
}

impl Extra for Faults {
    fn try_run<'a>(
        &'a mut self,
        line: &'a str,
    ) -> Pin<Box<dyn Future<Output = Option<Vec<Line>>> + Send + 'a>> {
        Box::pin(async move {
            let (verb, value) = verb(line)?;
            Some(
                self.run(verb, value)
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
        assert_eq!(verb(" matar 2 "), Some((Verb::Kill, "2")));
        assert_eq!(verb("NODOS"), Some((Verb::Show, "")));
        assert_eq!(verb("VIDEO matar"), None);
        assert_eq!(role("c"), Some(Role::Central));
        assert_eq!(role("3"), Some(Role::Secondary(3)));
        assert_eq!(role("x"), None);
    }
}
