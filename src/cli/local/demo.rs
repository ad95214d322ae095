//! The demonstration: a download during which one secondary is killed, raised again, and another is killed;
//! then every byte is compared with where it came from.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use tokio::{sync::mpsc, time::interval};
use tokio_util::sync::CancellationToken;

use super::{children::Children, plan::Role, samples::LARGE};
use crate::{
    cli::{
        args::LocalArgs,
        console::{Printer, page_columns},
        exit::Exit,
        news::{ClientNews, News},
        program,
        text::{
            self, errors, files,
            line::{Line, Tone, complaint, shorten},
            live::Total,
            t,
            table::{Table, whole},
            units::{bytes, time},
        },
    },
    engine::download::Notice,
    model::{ClientName, FileName, ListedFile},
    node::{
        Security,
        client::{self, ClientEvent, ClientHandle, DownloadEvent, DownloadState, Keeping, Summary},
    },
    store::sha256_file,
};

/// The first secondary is killed at this share of the file and restarted at the next; another is killed at the last,
/// once the first works again.
const KILL_AT: f64 = 0.25;
const RAISE_AT: f64 = 0.35;
const KILL_AGAIN_AT: f64 = 0.75;
const FIRST: u16 = 2;
const SECOND: u16 = 3;
/// Each secondary's upload from the download on, so that there is time to see something.
const RATE: u64 = 9_000_000;
const LOOK_EVERY: Duration = Duration::from_millis(25);
/// Where there is no terminal, lines of progress are as long as those of a usual one.
const LOG_COLUMNS: usize = 100;
/// Columns before a digest.
const DIGEST_IN: usize = 12;
const TELL_EVERY: Duration = Duration::from_millis(1000);
/// A download of the demonstration may not take longer than this.
const WITHIN: Duration = Duration::from_secs(600);

/// What is done to the cluster, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Kill,
    Raise,
    WaitForReturn,
    KillAnother,
    Done,
}

/// Runs it all; well only when every byte is right.
pub(super) async fn run(
    args: &LocalArgs,
    security: Arc<Security>,
    children: &mut Children,
    printer: &Printer,
    stop: &CancellationToken,
) -> Exit {
    let shown = tokio::select! {
        shown = show(args, security, children, printer) => shown,
        () = stop.cancelled() => Err(anyhow::anyhow!(t!("interrupted"))),
    };
    match shown {
        Ok(()) => {
            printer.line(Line::new(Tone::Good, t!("demo-well")));
            Exit::Well
        }
        Err(error) => {
            printer.line(complaint(t!("error", why = errors::chain(&error))));
            Exit::Failed
        }
    }
}

async fn show(
    args: &LocalArgs,
    security: Arc<Security>,
    children: &mut Children,
    printer: &Printer,
) -> anyhow::Result<()> {
    std::fs::create_dir_all(&args.download.destino)
        .with_context(|| t!("local-cannot-make", path = args.download.destino))?;
    let target = tempfile::Builder::new()
        .prefix("demo-")
        .tempdir_in(&args.download.destino)?;
    let statistics = Keeping::Folder(args.common.estadisticas.clone());
    let mut config = args
        .download
        .config(children.central_address(), statistics, security);
    config.target = target.path().to_owned();
    let (sender, mut events) = mpsc::channel(program::EVENTS);
    let handle = client::start(config, sender).await;
    let name = ClientName::try_from("demo").context("demo")?;
    handle.enrol(name).await.map_err(client_error)?;
    let files = handle.list().await.map_err(client_error)?;
    ensure!(!files.is_empty(), t!("demo-nothing"));
    printer.lines(text::listing::listing(&files, page_columns()));
    let large = largest(&files);
    let with_faults = args.secundarios >= SECOND;
    if with_faults && args.limite_subida.is_none() {
        children.limit_uploads(RATE).await?;
    }
    let mut summaries = Vec::new();
    for listed in &files {
        let file = listed.file.name.clone();
        let faults = (with_faults && file == large).then_some(&mut *children);
        let summary = download(&handle, &mut events, file.clone(), faults, printer).await?;
        summaries.push((file, summary));
    }
    if let Err(error) = handle.stop().await {
        printer.line(Line::new(Tone::Warning, errors::stop(&error)));
    }
    verify(&files, children, target.path(), args.secundarios, printer)?;
    for (file, summary) in &summaries {
        if *file == large {
            report(file, summary, printer);
        }
    }
    Ok(())
}

fn client_error(error: client::ClientError) -> anyhow::Error {
    anyhow::anyhow!(errors::client(&error))
}

/// The sample that was made for it, or else the largest file.
fn largest(files: &[ListedFile]) -> FileName {
    let sample = files.iter().find(|f| f.file.name.as_str() == LARGE);
    let largest = files.iter().max_by_key(|f| f.file.layout.file_bytes());
    let chosen = sample.or(largest).map(|listed| listed.file.name.clone());
    chosen.unwrap_or_else(|| files[0].file.name.clone())
}

/// Downloads one file; does to the cluster what is to be done meanwhile.
async fn download(
    handle: &ClientHandle,
    events: &mut mpsc::Receiver<ClientEvent>,
    file: FileName,
    mut faults: Option<&mut Children>,
    printer: &Printer,
) -> anyhow::Result<Summary> {
    handle.download(file).await.map_err(client_error)?;
    let mut step = if faults.is_some() {
        Step::Kill
    } else {
        Step::Done
    };
    let mut tick = interval(LOOK_EVERY);
    let mut news = ClientNews::new(true);
    let (began, mut told) = (Instant::now(), Instant::now());
    loop {
        tokio::select! {
            Some(event) = events.recv() => {
                printer.lines(news.take(Instant::now(), &event));
                let ClientEvent::Download { what, .. } = event else { continue };
                match what {
                    DownloadEvent::Complete(summary) => {
                        ensure!(step == Step::Done, t!("demo-too-fast"));
                        return Ok(summary);
                    }
                    DownloadEvent::Notice(Notice::Back { .. }) if step == Step::WaitForReturn => {
                        step = Step::KillAnother;
                    }
                    DownloadEvent::Failed { reason } => {
                        anyhow::bail!(text::transfer::failure(&reason));
                    }
                    DownloadEvent::AlreadyComplete { .. } | DownloadEvent::Cancelled => {
                        anyhow::bail!(t!("demo-not-downloaded"));
                    }
                    _ => {}
                }
            }
            _ = tick.tick() => {
                printer.lines(news.due(Instant::now()));
                ensure!(began.elapsed() < WITHIN, t!("demo-endless"));
                let views = handle.downloads().await?;
                let running = views.iter().find_map(|view| match &view.state {
                    DownloadState::Running(snapshot) => Some(snapshot),
                    _ => None,
                });
                let Some(snapshot) = running else { continue };
                if told.elapsed() >= TELL_EVERY {
                    told = Instant::now();
                    let columns = page_columns().min(LOG_COLUMNS);
                    printer.lines(text::live::one_line(&views, &Total::default(), columns));
                }
                if let Some(children) = &mut faults {
                    let share = snapshot.have_bytes as f64 / snapshot.file_bytes.max(1) as f64;
                    step = advance(step, share, children, printer).await?;
                }
            }
        }
    }
}

async fn advance(
    step: Step,
    share: f64,
    children: &mut Children,
    printer: &Printer,
) -> anyhow::Result<Step> {
    match step {
        Step::Kill if share >= KILL_AT => {
            let id = children.kill(Role::Secondary(FIRST))?;
            let process = id.to_string();
            printer.line(t!("demo-kill", number = FIRST, process = process));
            Ok(Step::Raise)
        }
        Step::Raise if share >= RAISE_AT => {
            let (id, port) = children.raise(Role::Secondary(FIRST)).await?;
            printer.line(t!(
                "demo-raise",
                number = FIRST,
                process = id.to_string(),
                port = port.to_string()
            ));
            Ok(Step::WaitForReturn)
        }
        Step::KillAnother if share >= KILL_AGAIN_AT => {
            let id = children.kill(Role::Secondary(SECOND))?;
            let process = id.to_string();
            printer.line(t!("demo-kill", number = SECOND, process = process));
            Ok(Step::Done)
        }
        Step::Kill | Step::Raise | Step::WaitForReturn | Step::KillAnother | Step::Done => Ok(step),
    }
}

/// Compares what was downloaded with what a secondary has on its disk, reading both.
fn verify(
    files: &[ListedFile],
    children: &Children,
    target: &Path,
    secondaries: u16,
    printer: &Printer,
) -> anyhow::Result<()> {
    let columns = page_columns();
    let mut table = Table::new([
        text::table::name(t!("column-file")),
        whole(t!("column-size")),
    ]);
    for listed in files {
        let name = listed.file.name.as_str();
        let original = (1..=secondaries)
            .map(|number| children.folder(number).join(name))
            .find(|path| path.is_file())
            .with_context(|| t!("demo-nowhere", name = name))?;
        let (ours, theirs) = (digest(&target.join(name))?, digest(&original)?);
        ensure!(ours == theirs, t!("demo-differs", name = name));
        let digest = t!(
            "download-digest",
            digest = shorten(&ours, columns.saturating_sub(DIGEST_IN))
        );
        let size = bytes(listed.file.layout.file_bytes());
        table.row_with(vec![name.to_owned(), size], Some(digest));
    }
    printer.line(t!("demo-compared"));
    printer.lines(table.lines(columns));
    Ok(())
}

fn digest(path: &Path) -> anyhow::Result<String> {
    let digest = sha256_file(path).map_err(|error| anyhow::anyhow!(files::store(&error)))?;
    Ok(digest.to_string())
}

/// What each secondary sent, and what the faults cost.
fn report(file: &FileName, summary: &Summary, printer: &Printer) {
    printer.line(t!("demo-sent", file = file));
    printer.lines(text::transfer::sources(&summary.sources, page_columns()));
    let wasted: u64 = summary.sources.iter().map(|s| s.wasted).sum();
    let retries: u64 = summary.sources.iter().map(|s| s.retries).sum();
    let recovery = summary.sources.iter().map(|s| s.recovery_ms).sum();
    printer.line(t!(
        "demo-cost",
        chunks = t!("chunks-again", count = retries),
        wasted = bytes(wasted),
        share = text::units::small_percent(wasted, summary.bytes),
        without = time(Duration::from_millis(recovery)),
        time = time(summary.took)
    ));
}
