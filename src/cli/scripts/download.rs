//! `descargar` and `verificar`: asks, waits for the ends, and streams to standard output where asked to.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use tokio::{
    io::AsyncWriteExt,
    sync::mpsc,
    time::{Instant, MissedTickBehavior, interval},
};

use super::{ASK_EVERY, Ended, Session, cancelled, is_stdout};
use crate::{
    cli::{
        args::Script,
        exit::Exit,
        text::{errors, t},
        wanted,
    },
    model::FileName,
    node::client::{ClientConfig, ClientError, ClientEvent, DownloadAnswer, DownloadNumber},
    store::StoreError,
};

/// How often progress is told.
const TELL_EVERY: std::time::Duration = std::time::Duration::from_millis(500);

/// Whether one file goes to standard output; a download's folder is never called `-`.
pub(super) fn destination(script: &Script, config: &mut ClientConfig) -> Result<bool, Ended> {
    let Script::Descargar {
        nombres, salida, ..
    } = script
    else {
        return Ok(false);
    };
    if salida.is_some() && nombres.len() > 1 {
        return Err(one_file(nombres.len()));
    }
    if is_stdout(&config.target) || salida.as_deref().is_some_and(is_stdout) {
        config.target = std::env::temp_dir();
        return Ok(true);
    }
    if let Some(path) = salida {
        if path.exists() && !config.overwrite {
            let error = StoreError::Exists(path.clone());
            return Err(Ended {
                exit: Exit::Failed,
                why: errors::store(&error),
            });
        }
        config.target = workshop(path);
    }
    Ok(false)
}

/// There is a place for one file, and there are several.
fn one_file(count: usize) -> Ended {
    Ended {
        exit: Exit::Usage,
        why: t!("usage-one-file", count = count),
    }
}

/// Where a file with another name than the catalogue's is made: a hidden folder beside it, which is the same the next
/// time, so that what came is not lost.
pub(super) fn workshop(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.trozos"))
}

/// What is done with each file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wish {
    Download,
    Verify,
}

impl Session {
    pub(super) async fn download(
        &mut self,
        names: &[String],
        output: Option<&Path>,
    ) -> Result<Exit, Ended> {
        let files = self.files(names).await?;
        if self.report.stdout_is_taken() {
            return match files.as_slice() {
                [file] => self.stream(file).await,
                _ => Err(one_file(files.len())),
            };
        }
        if output.is_some() && files.len() > 1 {
            return Err(one_file(files.len()));
        }
        self.report.rename_to(output);
        self.all(&files, Wish::Download).await
    }

    pub(super) async fn verify(&mut self, names: &[String]) -> Result<Exit, Ended> {
        let files = self.files(names).await?;
        self.all(&files, Wish::Verify).await
    }

    /// The files that are meant. A plain name is not looked up: the central says whether there is such a file.
    async fn files(&self, names: &[String]) -> Result<Vec<FileName>, Ended> {
        let is_plain = |name: &String| !crate::cli::commands::is_pattern(name);
        if names.iter().all(is_plain) {
            let file = |name: &String| {
                crate::cli::commands::file_name(name)
                    .map_err(|bad| Ended::from(wanted::NoFiles::from(bad)))
            };
            return names.iter().map(file).collect();
        }
        Ok(wanted::of_words(&self.listed().await?, names)?)
    }

    async fn all(&mut self, files: &[FileName], wish: Wish) -> Result<Exit, Ended> {
        let mut running: Vec<DownloadNumber> = Vec::new();
        for file in files {
            match self.ask(file, wish).await {
                Ok(DownloadAnswer::Found(number) | DownloadAnswer::Waits(number, _)) => {
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

    async fn ask(&mut self, file: &FileName, wish: Wish) -> Result<DownloadAnswer, ClientError> {
        let began = Instant::now();
        loop {
            let answer = match wish {
                Wish::Download => {
                    cancelled(&self.stop, self.client.download_in_turn(file.clone())).await
                }
                Wish::Verify => cancelled(&self.stop, self.client.verify(file.clone())).await,
            };
            match answer {
                Err(error) if self.is_worth_asking_again(&error, began) => {
                    tokio::time::sleep(ASK_EVERY).await;
                }
                answer => return answer,
            }
        }
    }

    async fn refused(&mut self, file: &FileName, error: ClientError) {
        let mut ended = Ended::from(error.clone());
        if let ClientError::NotFound = error {
            let listed = self.client.list().await.unwrap_or_default();
            ended.why = wanted::not_found(&listed, file.as_str());
        }
        self.report.refused(file, &ended);
    }

    /// Until everything has ended, or the program is to end.
    async fn wait(&mut self) -> Result<(), Ended> {
        let client = self.client.clone();
        let idle = client.wait_idle();
        tokio::pin!(idle);
        let mut tick = interval(TELL_EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return Ok(()),
                Some(event) = self.events.recv() => self.report.event(&event),
                idle = &mut idle => {
                    self.tell_rest();
                    return Ok(idle.map(drop).map_err(ClientError::from)?);
                }
                _ = tick.tick() => {
                    if let Ok(views) = self.client.downloads().await {
                        self.report.progress(&views);
                    }
                }
            }
        }
    }

    /// One file to standard output, in order.
    async fn stream(&mut self, file: &FileName) -> Result<Exit, Ended> {
        let began = Instant::now();
        let (answer, pieces) = loop {
            match cancelled(&self.stop, self.client.stream(file.clone())).await {
                Err(error) if self.is_worth_asking_again(&error, began) => {
                    tokio::time::sleep(ASK_EVERY).await;
                }
                Err(error) => {
                    let exit = Ended::from(error.clone()).exit;
                    self.refused(file, error).await;
                    return Ok(exit);
                }
                Ok(stream) => break stream,
            }
        };
        let (DownloadAnswer::Found(number) | DownloadAnswer::Waits(number, _)) = answer;
        self.report.asked(number, file);
        let writing = tokio::spawn(write_out(pieces));
        self.wait().await?;
        match writing.await {
            Ok(Ok(())) => Ok(self.report.worst()),
            // Whoever read has had enough: nothing failed.
            Ok(Err(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => {
                self.report.forgive();
                Ok(Exit::Well)
            }
            Ok(Err(error)) => Err(Ended {
                exit: Exit::Failed,
                why: t!("script-stdout", why = error),
            }),
            Err(_) => Ok(self.report.worst().or_worse(Exit::Failed)),
        }
    }
}

async fn write_out(mut pieces: mpsc::Receiver<Bytes>) -> std::io::Result<()> {
    let mut output = tokio::io::stdout();
    while let Some(piece) = pieces.recv().await {
        output.write_all(&piece).await?;
    }
    output.flush().await
}

/// True when an event is about the end of a download.
pub(super) fn is_end(event: &ClientEvent) -> bool {
    use crate::node::client::DownloadEvent;
    matches!(
        event,
        ClientEvent::Download {
            what: DownloadEvent::Complete(_)
                | DownloadEvent::AlreadyComplete { .. }
                | DownloadEvent::Failed { .. }
                | DownloadEvent::Cancelled
                | DownloadEvent::Paused,
            ..
        }
    )
}
