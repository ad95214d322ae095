//! What a script prints: for people or as JSON, and the exit code that all of it comes to.

use std::{
    collections::BTreeMap,
    io::{IsTerminal, Write},
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    time::Instant,
};

use serde_json::{Value, json};

use super::{
    documents::{already_json, close, complete_json, failed_json, listed_json, progress_json},
    ended::{Ended, exit_of, is_end},
};
use crate::{
    cli::{
        args::{Output, Progress},
        console::{can_move, columns, page_columns},
        exit::Exit,
        news::{ClientNews, News},
        output,
        text::{self, line::Line, t},
        totals::Totals,
    },
    model::{ClusterStatus, FileName, ListedFile, messages::User},
    node::{
        Failure,
        client::{
            AccountAnswer, AccountWish, ClientEvent, DownloadEvent, DownloadNumber, DownloadView,
            Summary,
        },
    },
    store::PartNote,
};

/// Collects and prints.
pub(super) struct Report {
    json: bool,
    progress: Progress,
    pub(super) is_quiet: bool,
    is_verbose: bool,
    /// A file goes to standard output: nothing else may.
    stdout_is_taken: bool,
    /// The one file's path as it was typed.
    shown: Option<PathBuf>,
    /// What became of each file, as JSON.
    pub(super) files: Vec<Value>,
    /// Those that were asked for and have not ended.
    pub(super) names: BTreeMap<u64, FileName>,
    /// Chunks that were compared and those that were bad, by file.
    checked: BTreeMap<String, (u64, u64)>,
    /// The document, when it is not a list of files.
    document: Option<Value>,
    exit: Exit,
    /// Results could not be written, which was told.
    is_output_lost: bool,
    /// A line of progress stands on the terminal.
    line_is_open: bool,
    news: ClientNews,
    totals: Totals,
}

impl Report {
    pub(super) fn new(output: &Output) -> Self {
        let at_terminal = std::io::stderr().is_terminal() && !output.json && !output.silencioso;
        let usual = if at_terminal {
            Progress::Texto
        } else {
            Progress::No
        };
        Self {
            json: output.json,
            progress: output.progreso.unwrap_or(usual),
            is_quiet: output.silencioso,
            is_verbose: output.detallado,
            stdout_is_taken: false,
            shown: None,
            files: Vec::new(),
            names: BTreeMap::new(),
            checked: BTreeMap::new(),
            document: None,
            exit: Exit::Well,
            is_output_lost: false,
            line_is_open: false,
            news: ClientNews::new(false),
            totals: Totals::default(),
        }
    }

    pub(super) fn keep_stdout(&mut self, is_taken: bool) {
        self.stdout_is_taken = is_taken;
    }

    pub(super) fn show_as(&mut self, path: Option<PathBuf>) {
        self.shown = path;
    }

    /// The worst end so far.
    pub(super) fn worst(&self) -> Exit {
        self.exit
    }

    /// The reader has closed its pipe: stopping for that is no failure.
    pub(super) fn forgive(&mut self) {
        self.exit = Exit::Well;
    }

    /// A line of results.
    pub(super) fn result(&mut self, line: &str) {
        if self.stdout_is_taken {
            output::report(line);
        } else {
            self.results([line.as_bytes()]);
        }
    }

    /// Lines of results, which may be names that are no text. Where they cannot be written the program has failed.
    fn results<'a>(&mut self, lines: impl IntoIterator<Item = &'a [u8]>) {
        if self.is_output_lost {
            return;
        }
        if let Err(error) = output::say_bytes(lines.into_iter()) {
            self.is_output_lost = true;
            self.exit = self.exit.or_worse(Exit::Failed);
            let why = t!("script-stdout", why = error);
            self.note(&t!("error", why = why));
        }
    }

    /// Where a file is, for people and pipes: the very bytes of its path.
    fn result_path(&mut self, path: Option<&Path>) {
        if let Some(path) = path.filter(|_| !self.is_for_programs()) {
            self.results([path.as_os_str().as_bytes()]);
        }
    }

    /// Results are JSON.
    pub(super) fn is_for_programs(&self) -> bool {
        self.json || self.progress == Progress::Json
    }

    pub(super) fn note(&mut self, line: &str) {
        if self.line_is_open {
            self.line_is_open = false;
            output::report("");
        }
        let columns = if std::io::stderr().is_terminal() {
            columns()
        } else {
            usize::MAX
        };
        for line in Line::from(line).wrapped(columns) {
            output::report(&line.text());
        }
    }

    fn notes(&mut self, lines: &[Line]) {
        lines.iter().for_each(|line| self.note(&line.text()));
    }

    pub(super) fn listing(&mut self, listed: &[ListedFile]) {
        if self.json {
            let files: Vec<Value> = listed.iter().map(listed_json).collect();
            self.document = Some(json!({ "files": files }));
        } else if !listed.is_empty() {
            let lines = text::listing::listing(listed, page_columns());
            self.results(lines.iter().map(String::as_bytes));
        }
    }

    pub(super) fn status(&mut self, status: &ClusterStatus) {
        if self.json {
            self.document = serde_json::to_value(status).ok();
        } else {
            let lines = text::status::cluster(status, page_columns());
            self.results(lines.iter().map(String::as_bytes));
        }
    }

    /// What came of a wish about accounts.
    pub(super) fn account(&mut self, wish: &AccountWish, answer: &AccountAnswer) {
        if self.json {
            let document = json!({ "account": answer.account, "name": answer.name });
            self.document = Some(document);
        } else {
            self.result(&text::accounts::done(wish, answer));
        }
    }

    pub(super) fn users(&mut self, users: &[User]) {
        if self.json {
            self.document = Some(json!({ "users": users }));
        } else {
            let lines = text::accounts::users(users, page_columns());
            self.results(lines.iter().map(String::as_bytes));
        }
    }

    pub(super) fn asked(&mut self, number: DownloadNumber, file: &FileName) {
        self.names.insert(number.0, file.clone());
        self.totals.join(number);
    }

    /// A file that cannot even be asked for.
    pub(super) fn refused(&mut self, file: &FileName, ended: &Ended) {
        self.exit = self.exit.or_worse(ended.exit);
        let document = failed_json(file.as_str(), ended.exit, &ended.why, ended.code);
        self.files.push(document);
        let why = match ended.why.contains(file.as_str()) {
            true => ended.why.clone(),
            false => format!("{file}: {}", ended.why),
        };
        self.note(&t!("error", why = why));
    }

    pub(super) fn event(&mut self, event: &ClientEvent) {
        if let ClientEvent::Download { number, file, what } = event {
            if !self.names.contains_key(&number.0) {
                return;
            }
            if is_end(event) {
                self.names.remove(&number.0);
            }
            self.ended(file, what);
        }
        let is_told = match event {
            ClientEvent::Download {
                what: DownloadEvent::Failed { .. },
                ..
            } => true,
            _ if self.is_quiet => false,
            ClientEvent::Download {
                what: DownloadEvent::Remark(PartNote::NoLocks),
                ..
            } => true,
            // A reader who has gone, or a signal; whoever reads the rest is told by the exit code.
            ClientEvent::Download {
                what: DownloadEvent::Cancelled,
                ..
            } if self.stdout_is_taken => false,
            // What was mended is a result of `verificar`.
            ClientEvent::Download {
                what: DownloadEvent::Checked { bad, .. },
                ..
            } if *bad > 0 => !self.is_for_programs() || self.is_verbose,
            _ if is_end(event) => !self.is_for_programs(),
            _ => self.is_verbose,
        };
        if is_told {
            self.tell(event);
        }
    }

    /// For people. Whoever wants to know all is told all, but each thing once.
    fn tell(&mut self, event: &ClientEvent) {
        let event = self.as_placed(event);
        if !self.is_verbose {
            return self.notes(&[text::client::event(&event)]);
        }
        let mut lines = self.news.take(Instant::now(), &event);
        if let ClientEvent::Download {
            what: DownloadEvent::Complete(summary),
            ..
        } = &event
        {
            lines.extend(text::client::details(summary, columns()));
        }
        self.notes(&lines);
    }

    /// The same event, a complete file where it was put for whoever asked.
    fn as_placed(&self, event: &ClientEvent) -> ClientEvent {
        let mut event = event.clone();
        if let ClientEvent::Download {
            what:
                DownloadEvent::Complete(Summary { path, .. })
                | DownloadEvent::AlreadyComplete { path, .. },
            ..
        } = &mut event
            && let Some(placed) = self.placed(path)
        {
            *path = placed;
        }
        event
    }

    fn ended(&mut self, file: &FileName, what: &DownloadEvent) {
        let name = file.as_str();
        match what {
            DownloadEvent::Complete(summary) => {
                self.totals.learn(file, summary.bytes);
                let path = self.placed(&summary.path);
                let mut document = complete_json(name, path.as_deref(), summary);
                self.add_checked(name, &mut document);
                self.files.push(document);
                self.result_path(path.as_deref());
            }
            DownloadEvent::AlreadyComplete { path, bytes, whole } => {
                let path = self.placed(path);
                let mut document = already_json(name, path.as_deref(), *bytes, *whole);
                self.add_checked(name, &mut document);
                self.files.push(document);
                self.result_path(path.as_deref());
            }
            DownloadEvent::Failed { reason } => {
                let exit = exit_of(reason);
                self.exit = self.exit.or_worse(exit);
                let why = text::transfer::failure(reason);
                let document = failed_json(name, exit, &why, reason.code());
                self.files.push(document);
            }
            DownloadEvent::Checked { chunks, bad } => {
                let found = (u64::from(*chunks), u64::from(*bad));
                self.checked.insert(name.to_owned(), found);
            }
            DownloadEvent::Cancelled => {
                self.exit = self.exit.or_worse(Exit::Failed);
                self.files
                    .push(json!({ "name": name, "outcome": "cancelled" }));
            }
            _ => {}
        }
    }

    /// What a comparison with the cluster's came to.
    fn add_checked(&mut self, name: &str, document: &mut Value) {
        if let Some((chunks, bad)) = self.checked.remove(name) {
            document["checked_chunks"] = json!(chunks);
            document["bad_chunks"] = json!(bad);
        }
    }

    /// Where a file is, for people and programs.
    pub(super) fn placed(&self, path: &Path) -> Option<PathBuf> {
        if self.stdout_is_taken {
            return None;
        }
        let shown = self.shown.as_deref().unwrap_or(path);
        Some(shown.to_owned()).filter(|shown| !shown.as_os_str().is_empty())
    }

    /// How far everything is.
    pub(super) fn progress(&mut self, views: &[DownloadView]) {
        let due = self.news.due(Instant::now());
        self.notes(&due);
        match self.progress {
            Progress::No => {}
            Progress::Json => {
                for view in views {
                    if let Some(line) = progress_json(view) {
                        self.result(&line.to_string());
                    }
                }
            }
            Progress::Texto => {
                let columns = columns();
                let total = self.totals.of(views);
                let Some(line) = text::live::one_line(views, &total, columns) else {
                    return;
                };
                let text = line.text();
                if std::io::stderr().is_terminal() && can_move() {
                    let _ = write!(std::io::stderr(), "\r\u{1b}[K{text}");
                    self.line_is_open = true;
                } else {
                    output::report(&text);
                }
            }
        }
    }

    /// A request without an end counts as failed: its task has failed.
    fn book_endless(&mut self) {
        for file in std::mem::take(&mut self.names).into_values() {
            let broken = text::transfer::failure(&Failure::Broken);
            self.note(&t!("error", why = format!("{file}: {broken}")));
            let code = Failure::Broken.code();
            let document = failed_json(file.as_str(), Exit::Failed, &broken, code);
            self.files.push(document);
            self.exit = self.exit.or_worse(Exit::Failed);
        }
    }

    /// How the client has ended, and what to tell of it.
    pub(super) fn stopped(&mut self, exit: Exit, warning: Option<String>) {
        self.exit = self.exit.or_worse(exit);
        if let Some(warning) = warning {
            self.note(&warning);
        }
    }

    /// Prints what is left and says how the program ends: nothing that comes later changes that.
    pub(super) fn end(&mut self, done: &Result<Exit, Ended>) -> Exit {
        let rest = self.news.rest();
        self.notes(&rest);
        self.book_endless();
        let exit = match done {
            Ok(exit) => *exit,
            Err(ended) => {
                self.note(&t!("error", why = ended.why));
                ended.exit
            }
        };
        let exit = self.exit.or_worse(exit);
        if self.line_is_open {
            self.note("");
        }
        if self.is_for_programs() {
            let files = std::mem::take(&mut self.files);
            let mut document = self
                .document
                .take()
                .unwrap_or_else(|| json!({ "files": files }));
            close(&mut document, exit, done.as_ref().err());
            self.result(&document.to_string());
        }
        // It may be the document itself that cannot be written.
        self.exit.or_worse(exit)
    }
}
