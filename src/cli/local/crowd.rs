//! `--companeros N`: clients that all begin the same download at once, each with a line of its own, and where their bytes
//! came from.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use anyhow::Context;
use tokio::{
    sync::mpsc,
    task::JoinSet,
    time::{MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;

use crate::{
    cli::{
        args::LocalArgs,
        console::{Printer, page_columns},
        exit::Exit,
        program,
        text::{
            self, errors,
            line::{Line, Tone, complaint},
            t,
            table::{Table, name, whole},
            units::{bytes, time},
        },
    },
    model::{ClientName, ListedFile, Who},
    node::{
        Security,
        client::{self, ClientEvent, ClientHandle, DownloadEvent, Keeping, Summary},
    },
};

/// How often the lines are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// They may not take longer than this.
const WITHIN: Duration = Duration::from_secs(600);

/// One of the clients.
struct Member {
    name: String,
    handle: ClientHandle,
}

/// Runs it all; well only when all of them have the whole file.
pub(super) async fn run(
    args: &LocalArgs,
    security: &Arc<Security>,
    centrals: Vec<(String, u16)>,
    printer: &Printer,
    stop: &CancellationToken,
) -> Exit {
    let shown = tokio::select! {
        shown = show(args, security, centrals, printer) => shown,
        () = stop.cancelled() => Err(anyhow::anyhow!(t!("interrupted"))),
    };
    printer.live(Vec::new());
    match shown {
        Ok(()) => Exit::Well,
        Err(error) => {
            printer.line(complaint(t!("error", why = errors::chain(&error))));
            Exit::Failed
        }
    }
}

async fn show(
    args: &LocalArgs,
    security: &Arc<Security>,
    centrals: Vec<(String, u16)>,
    printer: &Printer,
) -> anyhow::Result<()> {
    std::fs::create_dir_all(&args.download.destino)
        .with_context(|| t!("local-cannot-make", path = args.download.destino))?;
    let target = tempfile::Builder::new()
        .prefix("companeros-")
        .tempdir_in(&args.download.destino)?;
    let mut members = Vec::new();
    let mut ends = JoinSet::new();
    for n in 1..=args.companeros.unwrap_or_default() {
        let mut config =
            args.download
                .config(centrals.clone(), Keeping::Nowhere, Arc::clone(security));
        config.target = target.path().join(n.to_string());
        config.peering.listen = vec![([127, 0, 0, 1], 0).into()];
        config.peering.gives = Some(0);
        let (sender, events) = mpsc::channel(program::EVENTS);
        let handle = client::start(config, sender).await;
        let called = ClientName::try_from(format!("companero-{n}").as_str()).context("name")?;
        let given = handle.enrol(called).await.map_err(client_error)?;
        ends.spawn(end_of(members.len(), events));
        members.push(Member {
            name: given.to_string(),
            handle,
        });
    }
    let first = members.first().context("nobody")?;
    let files = first.handle.list().await.map_err(client_error)?;
    let file = largest(&files).context(t!("demo-nothing"))?;
    printer.line(t!(
        "crowd-begins",
        count = members.len(),
        file = &file.file.name,
        size = bytes(file.file.layout.file_bytes())
    ));
    let asked = members.iter().map(|member| {
        let (handle, file) = (member.handle.clone(), file.file.name.clone());
        async move { handle.download(file).await }
    });
    for answer in futures_of(asked).await {
        answer.map_err(client_error)?;
    }
    let ended = tokio::time::timeout(WITHIN, follow(&members, ends, printer)).await;
    let summaries = ended.context(t!("demo-endless"))??;
    report(&members, &summaries, printer);
    for member in members {
        let _ = member.handle.stop().await;
    }
    Ok(())
}

/// All of them at once.
async fn futures_of<T: Send + 'static>(
    all: impl Iterator<Item = impl Future<Output = T> + Send + 'static>,
) -> Vec<T> {
    let tasks: JoinSet<T> = all.collect();
    tasks.join_all().await
}

/// Shows how far each is, until all have ended.
async fn follow(
    members: &[Member],
    mut ends: JoinSet<(usize, anyhow::Result<Summary>)>,
    printer: &Printer,
) -> anyhow::Result<BTreeMap<usize, Summary>> {
    let mut tick = interval(LOOK_EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut summaries = BTreeMap::new();
    while summaries.len() < members.len() {
        tokio::select! {
            Some(ended) = ends.join_next() => {
                let (n, summary) = ended?;
                summaries.insert(n, summary?);
            }
            _ = tick.tick() => {
                let mut lines = Vec::new();
                for member in members {
                    let views = member.handle.downloads().await.unwrap_or_default();
                    let mut states = views.iter().map(|view| text::client::state(&view.state));
                    let state = states.next_back().unwrap_or_default();
                    lines.push(Line::new(Tone::Plain, format!("{}: {state}", member.name)));
                }
                printer.live(lines);
            }
        }
    }
    Ok(summaries)
}

/// How a client's download ends.
async fn end_of(
    n: usize,
    mut events: mpsc::Receiver<ClientEvent>,
) -> (usize, anyhow::Result<Summary>) {
    while let Some(event) = events.recv().await {
        let ClientEvent::Download { what, .. } = event else {
            continue;
        };
        match what {
            DownloadEvent::Complete(summary) => return (n, Ok(summary)),
            DownloadEvent::Failed { reason } => {
                let why = text::transfer::failure(&reason);
                return (n, Err(anyhow::anyhow!(why)));
            }
            DownloadEvent::AlreadyComplete { .. } | DownloadEvent::Cancelled => break,
            _ => {}
        }
    }
    (n, Err(anyhow::anyhow!(t!("demo-not-downloaded"))))
}

/// What each took, and how much came from whom.
fn report(members: &[Member], summaries: &BTreeMap<usize, Summary>, printer: &Printer) {
    let mut from: BTreeMap<String, u64> = BTreeMap::new();
    let mut rows = Vec::new();
    for (n, summary) in summaries {
        let mut row = [0, 0];
        for source in &summary.sources {
            let (place, called) = match source.who {
                Who::Secondary(number) => (0, t!("map-secondary", number = number)),
                Who::Peer(_) => (1, t!("map-peers")),
            };
            row[place] += source.bytes;
            *from.entry(called).or_default() += source.bytes;
        }
        rows.push(vec![
            members[*n].name.clone(),
            time(summary.took),
            bytes(row[0]),
            bytes(row[1]),
        ]);
    }
    let head = vec![
        name(t!("crowd-client")),
        whole(t!("crowd-took")),
        whole(t!("crowd-from-secondaries")),
        whole(t!("crowd-from-peers")),
    ];
    printer.lines(Table::new(head).with(rows).lines(page_columns()));
    for (who, sent) in from {
        printer.line(t!("crowd-total", who = who, size = bytes(sent)));
    }
}

fn largest(files: &[ListedFile]) -> Option<ListedFile> {
    let largest = files.iter().max_by_key(|f| f.file.layout.file_bytes());
    largest.cloned()
}

fn client_error(error: client::ClientError) -> anyhow::Error {
    anyhow::anyhow!(errors::client(&error))
}
