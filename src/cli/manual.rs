//! What a program's manual page has besides its flags: the commands of its prompt, how it ends, its files, examples and
//! the other pages. Their texts are `manual-…` in the catalogues.

use clap_mangen::roff::{Inline, Roff, bold, roman};

use super::{
    exit::Exit,
    text::{
        language, t,
        topics::{self, Topic},
    },
};

/// All that have a page.
const PROGRAMS: [&str; 4] = [
    "videocentral",
    "videosecundario",
    "videocliente",
    "videolocal",
];
/// Of each program: its files, of which `manual-file-<name>` says what they are.
const FILES: &[(&str, &[(&str, &str)])] = &[
    ("videocentral", &[("stats/central.json", "statistics")]),
    (
        "videosecundario",
        &[
            ("stats/secundarioN.json", "statistics"),
            ("data/videosN/.trozos", "served"),
            ("NAME.part, NAME.part-diario", "part"),
        ],
    ),
    (
        "videocliente",
        &[
            ("stats/cliente-NAME.json", "statistics"),
            ("NAME.part, NAME.part-diario", "part"),
            ("~/.cache/trozos", "names"),
        ],
    ),
    (
        "videolocal",
        &[
            ("stats", "statistics"),
            ("data/videosN/.trozos", "served"),
            ("NAME.part, NAME.part-diario", "part"),
        ],
    ),
];
/// Those of all programs.
const FILES_OF_ALL: &[(&str, &str)] = &[
    ("~/.config/trozos/trozos.toml", "config"),
    ("/etc/trozos/trozos.toml", "config-machine"),
    ("~/.local/state/trozos/historia-{program}", "history"),
];
/// Most examples of a program.
const MOST_EXAMPLES: usize = 4;

/// The sections of a program's page that clap knows nothing of, as roff.
pub(super) fn sections(program: &str, commands: &[Topic]) -> String {
    let mut page = Roff::new();
    of_prompt(&mut page, commands);
    exit_status(&mut page, program);
    files(&mut page, program);
    examples(&mut page, program);
    let others: Vec<String> = PROGRAMS
        .iter()
        .filter(|other| **other != program)
        .map(|other| format!("{other}(1)"))
        .collect();
    page.control("SH", [t!("manual-see-also").as_str()]);
    page.text([roman(others.join(", "))]);
    page.render()
}

/// A term, and below it what it means.
fn item(page: &mut Roff, term: Inline, meaning: &str) {
    page.control("TP", []);
    page.text([term]);
    page.text([roman(meaning)]);
}

fn of_prompt(page: &mut Roff, commands: &[Topic]) {
    page.control("SH", [t!("manual-prompt").as_str()]);
    page.text([roman(t!("manual-prompt-about"))]);
    for topic in commands {
        item(
            page,
            bold(topics::usage(topic.id)),
            &topics::at_length(topic.id),
        );
    }
}

fn exit_status(page: &mut Roff, program: &str) {
    page.control("SH", [t!("manual-exit").as_str()]);
    for exit in Exit::ALL {
        if let Some(meaning) = meaning(exit, program) {
            item(page, bold(exit.code().to_string()), &meaning);
        }
    }
}

/// What an exit means; `None` for programs that never end so.
fn meaning(exit: Exit, program: &str) -> Option<String> {
    let is_client = program == "videocliente";
    let takes_orders = matches!(program, "videocentral" | "videosecundario");
    match exit {
        Exit::Well => Some(t!("manual-exit-well")),
        Exit::Failed => Some(t!("manual-exit-failed")),
        Exit::Usage => Some(t!("manual-exit-usage")),
        Exit::Unreachable if is_client => Some(t!("manual-exit-unreachable")),
        Exit::Unreachable => takes_orders.then(|| t!("manual-exit-no-server")),
        Exit::NotFound if is_client => Some(t!("manual-exit-not-found")),
        Exit::NotFound => takes_orders.then(|| t!("manual-exit-no-such")),
        Exit::Verification => is_client.then(|| t!("manual-exit-verification")),
        Exit::Interrupted => is_client.then(|| t!("manual-exit-interrupted")),
    }
}

fn files(page: &mut Roff, program: &str) {
    page.control("SH", [t!("manual-files").as_str()]);
    let own = FILES.iter().find(|(name, _)| *name == program);
    let own = own.map_or(&[][..], |(_, files)| files);
    for (path, id) in own.iter().chain(FILES_OF_ALL) {
        let path = path
            .replace("{program}", program)
            .replace("NAME", &t!("value-nombre"));
        let meaning = language::find(&format!("manual-file-{id}"));
        item(page, bold(path), &meaning.unwrap_or_default());
    }
}

fn examples(page: &mut Roff, program: &str) {
    page.control("SH", [t!("manual-examples").as_str()]);
    for number in 1..=MOST_EXAMPLES {
        let id = format!("manual-example-{program}-{number}");
        let line = language::find_attribute(&id, "line");
        if let (Some(meaning), Some(line)) = (language::find(&id), line) {
            item(page, bold(line), &meaning);
        }
    }
}
