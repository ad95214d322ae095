//! `MATAR`, `CONGELAR`, `DESCONGELAR`, `LEVANTAR`, `NODOS`: what `videolocal` adds to a client's prompt.

use std::{future::Future, pin::Pin, sync::Arc};

use tokio::sync::Mutex;

use super::children::{Children, Role};
use crate::cli::{
    client::Extra,
    text::{help::Entry, table::table},
};

/// The commands, for completion.
pub(super) const WORDS: &[&str] = &["MATAR", "CONGELAR", "DESCONGELAR", "LEVANTAR", "NODOS"];

const HELP: &[Entry] = &[
    (
        "MATAR <n>",
        "mata el secundario n (SIGKILL); con C, el central",
    ),
    ("CONGELAR <n>", "lo para sin que lo sepa (SIGSTOP)"),
    ("DESCONGELAR <n>", "lo deja seguir (SIGCONT)"),
    ("LEVANTAR <n>", "lo arranca otra vez, en el mismo puerto"),
    ("NODOS", "los procesos, con su puerto y su carpeta"),
];

/// The children, as the prompt commands them.
#[derive(Clone, Debug)]
pub(super) struct Faults {
    children: Arc<Mutex<Children>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
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
            let rows: Vec<_> = children
                .rows()
                .into_iter()
                .map(|row| vec![row.name, row.process, row.state, row.port, row.folder])
                .collect();
            return table(&["nodo", "proceso", "estado", "puerto", "carpeta"], &rows);
        }
        let Some(role) = role(value) else {
            return vec![format!(
                "«{}» no vale: escribe el número de un secundario, o C para el central",
                crate::cli::text::clean(value)
            )];
        };
        let who = match role {
            Role::Central => "central".to_owned(),
            Role::Secondary(number) => format!("secundario {number}"),
        };
        let done = match verb {
            Verb::Kill => children
                .kill(role)
                .map(|id| format!("Muerto el {who} (proceso {id})")),
            Verb::Freeze => children
                .freeze(role, true)
                .map(|id| format!("Congelado el {who} (proceso {id})")),
            Verb::Thaw => children
                .freeze(role, false)
                .map(|id| format!("Descongelado el {who} (proceso {id})")),
            Verb::Raise => children
                .raise(role)
                .await
                .map(|(id, port)| format!("Levantado el {who} (proceso {id}, puerto {port})")),
            Verb::Show => Ok(String::new()),
        };
        vec![done.unwrap_or_else(|error| format!("El {who}: {error:#}"))]
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
    let verb = match word.to_uppercase().as_str() {
        "MATAR" => Verb::Kill,
        "CONGELAR" => Verb::Freeze,
        "DESCONGELAR" => Verb::Thaw,
        "LEVANTAR" => Verb::Raise,
        "NODOS" => Verb::Show,
        _ => return None,
    };
    Some((verb, value.trim()))
}

impl Extra for Faults {
    fn try_run<'a>(
        &'a mut self,
        line: &'a str,
    ) -> Pin<Box<dyn Future<Output = Option<Vec<String>>> + Send + 'a>> {
        Box::pin(async move {
            let (verb, value) = verb(line)?;
            Some(self.run(verb, value).await)
        })
    }

    fn help(&self) -> &'static [Entry] {
        HELP
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
