//! `descargar` and `verificar`: asks, waits for the ends, and streams to standard output where asked to.

use std::{
    fs::File,
    io::{self, Write},
    path::Path,
};

use bytes::Bytes;
use tokio::{
    io::{AsyncWrite, AsyncWriteExt},
    sync::mpsc,
    time::{Instant, MissedTickBehavior, interval},
};

use super::{
    chosen::Chosen,
    ended::Ended,
    session::{Session, cancelled},
    target::{Output, Sink, usage},
};
use crate::{
    cli::{
        args::Choice,
        commands::{file_name, means_several},
        exit::Exit,
        text::{coded, files, t},
        wanted,
    },
    model::FileName,
    node::client::{ClientError, DownloadAnswer, DownloadNumber, Named},
    store::{Spot, StoreError},
};

/// How often progress is told.
const TELL_EVERY: std::time::Duration = std::time::Duration::from_millis(500);

/// What is done with each file.
#[derive(Clone)]
pub(super) enum Wish {
    Download,
    DownloadAs(Named),
    Verify,
}

impl Session {
    pub(super) async fn download(
        &mut self,
        names: &[String],
        choice: &Choice,
        output: Option<Output>,
    ) -> Result<Exit, Ended> {
        if choice.espejo {
            return self.mirror(names, choice).await;
        }
        let chosen = Chosen::of(choice)?;
        let mut files = self.files(names).await?;
        files.retain(|file| chosen.has(file));
        if files.is_empty() {
            return Err(wanted::no_match(&names.join(" ")).into());
        }
        let Some(output) = output else {
            return self.all(&files, &Wish::Download).await;
        };
        let [file] = files.as_slice() else {
            return Err(usage(t!("usage-one-file", count = files.len())));
        };
        let (named, shown) = match output {
            Output::Stream(sink) => return self.stream(file, sink).await,
            Output::File { named, shown } => (named, shown),
            Output::Folder(folder) => {
                let spot = Spot::own_name(file);
                let shown = spot.below(&folder);
                (Named { folder, spot }, shown)
            }
        };
        self.report.show_as(Some(shown));
        self.all(&files, &Wish::DownloadAs(named)).await
    }

    pub(super) async fn verify(&mut self, names: &[String]) -> Result<Exit, Ended> {
        let mut files = self.files(names).await?;
        // Of what a pattern means, only what is there.
        let is_named = |file: &FileName| names.iter().any(|name| name == file.as_str());
        let folder = self.target.clone();
        files.retain(|file| is_named(file) || folder.join(file.as_str()).is_file());
        if files.is_empty() {
            let none = t!("none-here", pattern = names.join(" "));
            let none = coded(&none, ClientError::NotFound.code());
            return Err(wanted::NoFiles::NotFound(none).into());
        }
        self.all(&files, &Wish::Verify).await
    }

    /// The files that are meant. A plain name is not looked up: the central says whether there is such a file.
    pub(super) async fn files(&mut self, names: &[String]) -> Result<Vec<FileName>, Ended> {
        if !names.iter().any(|name| means_several(name)) {
            let file = |name: &String| {
                file_name(name).map_err(|bad| Ended::from(wanted::NoFiles::from(bad)))
            };
            return names.iter().map(file).collect();
        }
        Ok(wanted::of_words(&self.listed().await?, names)?)
    }

    pub(super) async fn all(&mut self, files: &[FileName], wish: &Wish) -> Result<Exit, Ended> {
        let mut running: Vec<DownloadNumber> = Vec::new();
        for file in files {
            match self.ask(file, wish).await {
                Ok(answer) => {
                    let number = answer.number();
                    self.report.asked(number, file);
                    running.push(number);
                }
                Err(
                    error @ (ClientError::Unreachable(_)
                    | ClientError::Denied(_)
                    | ClientError::Stopped),
                ) => {
                    return Err(error.into());
                }
                Err(error) => self.refused(file, error).await,
            }
        }
        self.wait().await?;
        Ok(self.report.worst())
    }

    async fn ask(&mut self, file: &FileName, wish: &Wish) -> Result<DownloadAnswer, ClientError> {
        let began = Instant::now();
        loop {
            let answer = match wish {
                Wish::Download => {
                    cancelled(&self.stop, self.client.download_in_turn(file.clone())).await
                }
                Wish::DownloadAs(named) => {
                    let asked = self.client.download_as(file.clone(), named.clone());
                    cancelled(&self.stop, asked).await
                }
                Wish::Verify => cancelled(&self.stop, self.client.verify(file.clone())).await,
            };
            match answer {
                Err(error) if self.is_worth_asking_again(&error, began) => {
                    self.wait_for_service(&error).await;
                }
                answer => return answer,
            }
        }
    }

    pub(super) async fn refused(&mut self, file: &FileName, error: ClientError) {
        let mut ended = Ended::from(error.clone());
        if let ClientError::NotFound = error {
            let listed = self.client.list().await.unwrap_or_default();
            ended.why = wanted::not_found(&listed, file.as_str());
        }
        self.report.refused(file, &ended);
    }

    /// Until everything has ended, or the program is to end.
    pub(super) async fn wait(&mut self) -> Result<(), Ended> {
        let client = self.client.clone();
        let idle = client.wait_idle();
        tokio::pin!(idle);
        let mut tick = interval(TELL_EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return Ok(()),
                Some(event) = self.events.recv() => self.event(&event),
                failed = self.around.at_end.ended() => {
                    failed.into_iter().for_each(|failed| self.report.note(&failed));
                }
                idle = &mut idle => {
                    self.tell_rest();
                    self.programs_end().await;
                    return Ok(idle.map(drop).map_err(ClientError::from)?);
                }
                _ = tick.tick() => {
                    self.tell_changes();
                    if let Ok(views) = self.client.downloads().await {
                        self.report.progress(&views);
                    }
                }
            }
        }
    }

    /// One file to what is written into in order.
    async fn stream(&mut self, file: &FileName, sink: Sink) -> Result<Exit, Ended> {
        self.report.show_as(sink.path().map(Path::to_owned));
        // While a pipe has no reader, no slot at the central is taken.
        let stop = self.stop.clone();
        let opened = tokio::select! {
            opened = open(sink.clone()) => opened,
            () = stop.cancelled() => return Ok(self.report.worst()),
        };
        let opened = opened.map_err(|error| not_written(&sink, &error))?;
        let began = Instant::now();
        let (answer, pieces) = loop {
            match cancelled(&self.stop, self.client.stream(file.clone())).await {
                Err(error) if self.is_worth_asking_again(&error, began) => {
                    self.wait_for_service(&error).await;
                }
                Err(error) => {
                    let exit = Ended::from(error.clone()).exit;
                    self.refused(file, error).await;
                    return Ok(exit);
                }
                Ok(stream) => break stream,
            }
        };
        let number = answer.number();
        self.report.asked(number, file);
        let writing = tokio::spawn(opened.write(pieces));
        self.wait().await?;
        let written = tokio::select! {
            written = writing => written,
            // A stalled reader does not delay the end.
            () = stop.cancelled() => return Ok(self.report.worst()),
        };
        match written {
            Ok(Ok(())) => Ok(self.report.worst()),
            // The reader has closed its pipe: nothing failed.
            Ok(Err(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => {
                self.report.forgive();
                Ok(Exit::Well)
            }
            Ok(Err(error)) => Err(not_written(&sink, &error)),
            Err(_) => Ok(self.report.worst().or_worse(Exit::Failed)),
        }
    }
}

/// What pieces are written into.
enum Opened {
    Stdout,
    Stderr,
    File(File),
}

/// Opens what has a name, off the async threads.
async fn open(sink: Sink) -> io::Result<Opened> {
    match sink {
        Sink::Stdout => Ok(Opened::Stdout),
        Sink::Stderr => Ok(Opened::Stderr),
        Sink::Path(path) => {
            let opening = tokio::task::spawn_blocking(move || Sink::open(&path));
            Ok(Opened::File(opening.await.map_err(io::Error::other)??))
        }
    }
}

impl Opened {
    async fn write(self, pieces: mpsc::Receiver<Bytes>) -> io::Result<()> {
        match self {
            Self::Stdout => write_all(tokio::io::stdout(), pieces).await,
            Self::Stderr => write_all(tokio::io::stderr(), pieces).await,
            Self::File(file) => {
                let writing = tokio::task::spawn_blocking(move || write_file(file, pieces));
                writing.await.map_err(io::Error::other)?
            }
        }
    }
}

async fn write_all(
    mut output: impl AsyncWrite + Unpin,
    mut pieces: mpsc::Receiver<Bytes>,
) -> io::Result<()> {
    while let Some(piece) = pieces.recv().await {
        output.write_all(&piece).await?;
    }
    output.flush().await
}

fn write_file(mut file: File, mut pieces: mpsc::Receiver<Bytes>) -> io::Result<()> {
    while let Some(piece) = pieces.blocking_recv() {
        file.write_all(&piece)?;
    }
    match file.sync_data() {
        // Pipes and most devices keep nothing.
        Err(error) if is_nothing_to_sync(&error) => Ok(()),
        other => other,
    }
}

fn is_nothing_to_sync(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let errno = Errno::from_io_error(error);
    matches!(errno, Some(Errno::INVAL | Errno::ROFS | Errno::NOTSUP))
}

fn not_written(sink: &Sink, error: &io::Error) -> Ended {
    let Some(path) = sink.path() else {
        return Ended::plain(Exit::Failed, t!("script-stdout", why = error));
    };
    let error = StoreError::new(path, error);
    Ended {
        exit: Exit::Failed,
        why: files::store(&error),
        code: error.code(),
    }
}
