//! What a central answers to a command: the same at its prompt and to orders from outside.

use super::{Answer, NotDone, Request, Server, accounts};
use crate::{
    cli::{
        commands::{self, BadLine, CentralLine, Drain, Form, Numbers},
        console::page_columns,
        exit::Exit,
        text::{
            self,
            bad_line::explain,
            coded, language,
            line::{Line, complaint},
            spoken, t, uncoded,
        },
    },
    http,
    model::{Door, FigureDoor, FigureRequest, FileName, OrderId},
    node::{
        Stopped,
        central::{
            AccountChange, CentralAnswer, CentralOrders, Drained, DrainedSecondary, Expelled,
            NotMigrated, Order, Ordered, Rank, Resolved, Unanswered,
        },
    },
};

/// Does what a command says; `None` for those of the prompt itself.
pub(in crate::cli) async fn perform(
    orders: &CentralOrders,
    line: CentralLine,
    by: By,
    id: Option<OrderId>,
) -> Result<Option<CentralAnswer>, Unanswered> {
    use CentralAnswer as Answer;
    let handle = orders;
    Ok(Some(match line {
        CentralLine::PerFile => Answer::DownloadsPerFile(handle.downloads_per_file().await?),
        CentralLine::PerClient => Answer::DownloadsPerClient(handle.downloads_per_client().await?),
        CentralLine::Status => Answer::Status(handle.status().await?),
        CentralLine::Secondaries => Answer::Secondaries(handle.secondaries().await?),
        CentralLine::Centrals => Answer::Centrals(handle.centrals().await?),
        CentralLine::Migrate(to) => migrated(handle.migrate(to).await?),
        CentralLine::Clients => Answer::Clients(handle.clients().await?),
        CentralLine::Queue => Answer::Queue(handle.queue().await?),
        CentralLine::Expel(name) => {
            let said = handle.order(Order::Expel(name.clone()), id).await?;
            let clients = match said {
                Ordered::Expelled(Expelled::Clients(count)) => count,
                _ => 0,
            };
            Answer::Expelled { name, clients }
        }
        CentralLine::Drain(which, what) => drain(handle, which, what, id).await?,
        CentralLine::Conflicts(_) => Answer::Conflicts(handle.conflicts().await?),
        CentralLine::Resolve(name, choice) => resolve(handle, name, choice, id).await?,
        CentralLine::Statistics(_) => Answer::Statistics(handle.statistics().await?),
        CentralLine::Accounts => Answer::Accounts(handle.accounts().await?),
        CentralLine::Account(name, verb) => accounts::account(handle, &name.client(), verb).await?,
        CentralLine::FreeName(name) => {
            let freed = handle.free_account_name(&name.client()).await?;
            accounts::changed(&name.client(), AccountChange::Freed, freed)
        }
        CentralLine::Audit(query, _) => Answer::Audit(handle.audit(query).await?),
        CentralLine::Figure(name, order) => {
            let request = FigureRequest {
                name,
                order,
                door: by.door,
                who: by.who,
                request: None,
                may_reset: true,
            };
            match handle.figure(request, Rank::Operator).await? {
                Ok(figure) => Answer::Figure(figure),
                Err(error) => Answer::FigureRefused(error),
            }
        }
        CentralLine::Figures => Answer::Figures(handle.figures().await?),
        CentralLine::Info(_) => Answer::Info(Box::new(handle.info().await?)),
        CentralLine::Common(_) => return Ok(None),
    }))
}

/// What became of handing over to another central, as an answer.
fn migrated(done: Result<String, NotMigrated>) -> CentralAnswer {
    match done {
        Ok(to) => CentralAnswer::Migrated {
            to: Some(to),
            code: None,
        },
        Err(why) => CentralAnswer::Migrated {
            to: None,
            code: Some(why.code().to_owned()),
        },
    }
}

/// Begins or ends draining secondaries.
async fn drain(
    handle: &CentralOrders,
    which: Numbers,
    what: Drain,
    id: Option<OrderId>,
) -> Result<CentralAnswer, Unanswered> {
    let which = match which {
        Numbers::These(numbers) => Some(numbers),
        Numbers::All => None,
    };
    let begin = what == Drain::Begin;
    match handle.order(Order::Drain { which, begin }, id).await? {
        Ordered::Drained(rows) => Ok(CentralAnswer::Drained(rows)),
        _ => Err(Unanswered::OtherOrder),
    }
}

/// Settles a conflict.
async fn resolve(
    handle: &CentralOrders,
    name: FileName,
    choice: u16,
    id: Option<OrderId>,
) -> Result<CentralAnswer, Unanswered> {
    let order = Order::Resolve(name.clone(), choice);
    match handle.order(order, id).await? {
        Ordered::Resolved(resolved) => Ok(CentralAnswer::Resolved {
            name,
            choice,
            resolved,
        }),
        _ => Err(Unanswered::OtherOrder),
    }
}

/// Who gives an order, for those that say so.
#[derive(Clone, Debug)]
pub(in crate::cli) struct By {
    pub(in crate::cli) door: FigureDoor,
    pub(in crate::cli) who: String,
}

impl By {
    /// Whoever has this machine's console, or may use its socket.
    pub(in crate::cli) fn console() -> Self {
        Self {
            door: FigureDoor::Console,
            who: "console".to_owned(),
        }
    }

    /// The door as the audit trail has it: other programs come by the socket, or by the network.
    fn audited(&self) -> Door {
        match self.door {
            FigureDoor::Grpc => Door::Http,
            _ => Door::Socket,
        }
    }
}

/// Does what another program asks.
pub(in crate::cli) async fn order(
    handle: &CentralOrders,
    request: Request,
    by: By,
) -> Result<CentralAnswer, NotDone> {
    let line = commands::central(&request.line).map_err(|bad| NotDone::Bad(explain(&bad)))?;
    // Who reigns is told all the same.
    if handle.is_journal_busy() && line != CentralLine::Centrals {
        return Err(NotDone::JournalBusy);
    }
    match perform(&handle.by(by.audited()), line, by, request.id).await {
        Ok(Some(answer)) => Ok(answer),
        Ok(None) => Err(NotDone::Bad(t!("order-not-here", line = request.line))),
        Err(Unanswered::Stopped(Stopped)) => Err(NotDone::Stopping),
        Err(why) => Err(NotDone::Unanswered {
            code: why.code().to_owned(),
            message: uncoded(&unanswered(&why), why.code()).to_owned(),
        }),
    }
}

/// Why a central does not answer, for people.
pub(in crate::cli) fn unanswered(why: &Unanswered) -> String {
    let text = match why {
        Unanswered::Stopped(Stopped) => t!("order-stopping", program = Central::PROGRAM),
        Unanswered::Standby(None) => t!("order-standby-nobody"),
        Unanswered::Standby(Some(active)) if active.node.is_empty() => {
            t!("order-standby-at", address = active.address)
        }
        Unanswered::Standby(Some(active)) => t!(
            "order-standby",
            node = &active.node,
            address = active.address
        ),
        Unanswered::Unknown => t!("order-unknown"),
        Unanswered::Forgotten => t!("order-forgotten"),
        Unanswered::OtherOrder => t!("order-differs"),
    };
    coded(&text, why.code())
}

/// How the answer to a line is wanted.
pub(in crate::cli) fn form(line: &CentralLine) -> Form {
    match line {
        CentralLine::Conflicts(form)
        | CentralLine::Statistics(form)
        | CentralLine::Info(form)
        | CentralLine::Audit(_, form) => *form,
        CentralLine::PerFile
        | CentralLine::PerClient
        | CentralLine::Status
        | CentralLine::Secondaries
        | CentralLine::Centrals
        | CentralLine::Migrate(_)
        | CentralLine::Clients
        | CentralLine::Queue
        | CentralLine::Expel(_)
        | CentralLine::Drain(..)
        | CentralLine::Resolve(..)
        | CentralLine::Accounts
        | CentralLine::Account(..)
        | CentralLine::FreeName(_)
        | CentralLine::Figure(..)
        | CentralLine::Figures
        | CentralLine::Common(_) => Form::Table,
    }
}

impl Answer for CentralAnswer {
    fn lines(&self) -> Vec<Line> {
        let plain = |lines: Vec<String>| lines.into_iter().map(Line::from).collect();
        let columns = page_columns();
        match self {
            Self::DownloadsPerFile(rows) => {
                plain(text::central::counts(t!("column-file"), rows, columns))
            }
            Self::DownloadsPerClient(rows) => {
                plain(text::central::counts(t!("column-client"), rows, columns))
            }
            Self::Status(status) => plain(text::status::cluster(status, columns)),
            Self::Secondaries(secondaries) => plain(text::nodes::secondaries(secondaries, columns)),
            Self::Centrals(centrals) => plain(text::nodes::centrals(centrals, columns)),
            Self::Migrated { to: Some(to), .. } => vec![t!("migrated", to = to).into()],
            Self::Migrated { code, .. } => {
                vec![complaint(text::nodes::not_migrated(code.as_deref()))]
            }
            Self::Clients(clients) => plain(text::nodes::clients(clients, columns)),
            Self::Queue(queue) => plain(text::nodes::queue(queue, columns)),
            Self::Expelled { name, clients: 0 } => {
                vec![complaint(t!(
                    "no-such-client",
                    name = name,
                    clients = spoken::command("CLIENTES")
                ))]
            }
            Self::Expelled { name, clients } => {
                vec![t!("expelled", count = clients, name = name).into()]
            }
            Self::Drained(drained) => drained.iter().map(drained_line).collect(),
            Self::Conflicts(conflicts) => plain(text::conflicts::conflicts(conflicts, columns)),
            Self::Resolved {
                name,
                choice,
                resolved,
            } => vec![resolved_line(name, *choice, resolved)],
            Self::Accounts(accounts) => plain(text::accounts::accounts(accounts, columns)),
            Self::AccountCode {
                name,
                code: Some(code),
            } => plain(text::accounts::code(name, code)),
            Self::AccountCode { code: None, .. } => vec![complaint(t!("no-randomness"))],
            Self::AccountChanged { name, what } => {
                vec![text::accounts::changed(name, *what).into()]
            }
            Self::AccountRefused { name, code } => {
                vec![complaint(text::accounts::refused(name, code))]
            }
            Self::Audit(lines) => plain(text::accounts::audit(lines)),
            Self::Figure(figure) => vec![text::figures::value(figure)],
            Self::FigureRefused(error) => vec![text::figures::refused(error)],
            Self::Figures(figures) => plain(text::figures::all(figures, columns)),
            Self::Info(info) => plain(http::info_lines(info, language::chosen().tag())),
            Self::Statistics(document) => {
                plain(text::statistics::document(document, Form::Table, columns))
            }
        }
    }

    fn json_lines(&self) -> Option<Vec<String>> {
        match self {
            Self::Audit(lines) => Some(lines.iter().map(text::accounts::audit_json).collect()),
            _ => None,
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Drained(drained) if drained.iter().any(is_unknown) => Exit::NotFound,
            Self::Expelled { clients: 0, .. }
            | Self::Resolved {
                resolved: Resolved::NoSuchFile,
                ..
            } => Exit::NotFound,
            Self::Resolved {
                resolved: Resolved::NoConflict | Resolved::NoSuchChoice(_),
                ..
            } => Exit::Failed,
            Self::AccountRefused { .. } => Exit::NotFound,
            Self::AccountCode { code: None, .. } => Exit::Failed,
            Self::Migrated { to: None, .. } | Self::FigureRefused(_) => Exit::Failed,
            // As `videocliente estado`.
            Self::Status(status) if !status.ready => Exit::Failed,
            _ => Exit::Well,
        }
    }
}

fn resolved_line(name: &FileName, choice: u16, resolved: &Resolved) -> Line {
    match resolved {
        Resolved::To(file) => t!("resolved", file = &file.name).into(),
        Resolved::NoSuchFile => complaint(t!(
            "no-such-file",
            file = name,
            conflicts = spoken::command("CONFLICTOS")
        )),
        Resolved::NoConflict => complaint(t!("no-conflict", file = name)),
        Resolved::NoSuchChoice(choices) => complaint(t!(
            "no-such-choice",
            file = name,
            choice = choice,
            choices = text::either(&sorted(choices))
        )),
    }
}

fn sorted(choices: &[u16]) -> Vec<String> {
    let mut choices = choices.to_vec();
    choices.sort_unstable();
    choices.iter().map(ToString::to_string).collect()
}

fn is_unknown(drained: &DrainedSecondary) -> bool {
    drained.drained == Drained::NoSuchSecondary
}

fn drained_line(drained: &DrainedSecondary) -> Line {
    let number = drained.secondary.to_string();
    match drained.drained {
        Drained::Yes => t!(
            "draining",
            number = number,
            drain = spoken::command("DRENAR")
        )
        .into(),
        Drained::No if drained.unchanged => complaint(t!("was-not-draining", number = number)),
        Drained::No => t!("not-draining", number = number).into(),
        Drained::NoSuchSecondary => complaint(t!(
            "no-such-secondary",
            number = number,
            secondaries = spoken::command("SECUNDARIOS")
        )),
    }
}

/// Orders to a central.
#[derive(Clone, Copy, Debug)]
pub(in crate::cli) struct Central;

impl Server for Central {
    type Answer = CentralAnswer;
    const KIND: &'static str = "central";
    const PROGRAM: &'static str = "videocentral";
    const CHOICES: &'static [&'static str] = &["puerto", "socket"];

    fn check(line: &str) -> Result<bool, BadLine> {
        let line = commands::central(line)?;
        Ok(form(&line) == Form::Json)
    }

    fn wants_agreement(_: &CentralAnswer) -> bool {
        false
    }
}
