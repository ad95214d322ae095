//! `videocentral auditor`: a process of its own that follows the audit trail over the network and writes each line to
//! standard output or to a file. A file is continued where it ends, so that no line is written twice or left out that the
//! central still has.

use std::{
    fs::{File, OpenOptions},
    io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
    process::ExitCode,
    sync::Arc,
};

use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::{
    args::AuditorArgs,
    exit::Exit,
    logging::Log,
    output, program, runtime,
    signals::{self, Hangup, Requests},
    text::{errors, links, security, t},
};
use crate::{
    model::{ClusterId, limits::MAX_LINE_BYTES},
    node::{
        NetworkRole, Security, administrator,
        auditor::{AuditNews, Auditor, AuditorConfig, document},
    },
};

/// The program.
pub(super) fn main(args: &AuditorArgs) -> ExitCode {
    let security = match args.security.load(NetworkRole::Connects) {
        Ok(security) => security,
        Err(error) => return output::refuse(&error),
    };
    let key = match administrator(&args.admin_contrasena_archivo) {
        Ok((_, key)) => key,
        Err(error) => return output::refuse(&error),
    };
    let (mut sink, known) = match sink(args) {
        Ok(opened) => opened,
        Err(error) => {
            output::report(&t!("error", why = errors::chain(&error.into())));
            return Exit::Failed.into();
        }
    };
    let started = || -> anyhow::Result<_> {
        let log = Log::open_or_warn(args.log.registro_archivo.as_deref());
        let Requests { stop, .. } = signals::listen(Hangup::Stop, log.clone())?;
        log.start(&args.log.registro, args.log.registro_formato, None)?;
        Ok((stop, runtime::start()?))
    };
    let (stop, runtime) = match started() {
        Ok(started) => started,
        Err(error) => {
            output::report(&t!("error", why = errors::chain(&error)));
            return Exit::Failed.into();
        }
    };
    let exit = runtime.block_on(follow(args, security, key, known, &mut sink, &stop));
    runtime.shutdown_timeout(program::LAST_WORK);
    exit.into()
}

async fn follow(
    args: &AuditorArgs,
    security: Arc<Security>,
    administrator: crate::proto::account::AdminKey,
    known: Known,
    sink: &mut Sink,
    stop: &CancellationToken,
) -> Exit {
    let mut auditor = Auditor::start(AuditorConfig {
        centrals: args.centrals(),
        security,
        administrator,
        after: known.after,
        cluster: known.cluster,
    });
    let mut is_away = false;
    loop {
        let news = tokio::select! {
            news = auditor.next() => news,
            () = stop.cancelled() => return Exit::Well,
        };
        match news {
            AuditNews::Lines {
                cluster,
                lines,
                missing,
            } => {
                is_away = false;
                if missing > 0 {
                    output::report(&t!("audit-missing", count = missing));
                }
                let lines = lines.iter().map(|line| {
                    let mut document = document(line);
                    document["cluster"] = cluster.map(|cluster| cluster.to_string()).into();
                    document.to_string()
                });
                let lines: Vec<String> = lines.collect();
                match sink.write(&lines) {
                    Ok(()) => {}
                    Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Exit::Well,
                    Err(error) => {
                        output::report(&t!("error", why = errors::chain(&error.into())));
                        return Exit::Failed;
                    }
                }
            }
            AuditNews::Anew => output::report(&t!("audit-anew")),
            AuditNews::Away(lost) => {
                if !std::mem::replace(&mut is_away, true) {
                    output::report(&t!("central-away", reason = links::lost(&lost)));
                }
            }
            AuditNews::Refused(code) => {
                let why = links::refusal(code, &Default::default());
                output::report(&t!("error", why = why));
                return Exit::Unreachable;
            }
            AuditNews::Denied(denied) => {
                output::report(&t!("error", why = security::denied(&denied)));
                return Exit::Unreachable;
            }
        }
    }
}

/// Where lines go.
#[derive(Debug)]
enum Sink {
    Stdout,
    File(File),
}

/// What was written before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Known {
    after: u64,
    cluster: Option<ClusterId>,
}

impl Sink {
    /// Writes lines; into a file they are on the disk afterwards.
    fn write(&mut self, lines: &[String]) -> io::Result<()> {
        let mut text = lines.join("\n");
        text.push('\n');
        match self {
            Self::Stdout => {
                let mut stdout = io::stdout().lock();
                stdout.write_all(text.as_bytes())?;
                stdout.flush()
            }
            Self::File(file) => {
                file.write_all(text.as_bytes())?;
                file.sync_data()
            }
        }
    }
}

fn sink(args: &AuditorArgs) -> io::Result<(Sink, Known)> {
    let from = args.tras;
    match args
        .salida
        .as_deref()
        .filter(|path| *path != Path::new("-"))
    {
        Some(path) => {
            let (file, known) = continued(path)?;
            let after = from.unwrap_or(known.after);
            Ok((Sink::File(file), Known { after, ..known }))
        }
        None => Ok((
            Sink::Stdout,
            Known {
                after: from.unwrap_or(0),
                cluster: None,
            },
        )),
    }
}

/// Opens a file where its last whole line ends. What was being written when this program was killed is cut off, and is
/// asked for again.
fn continued(path: &Path) -> io::Result<(File, Known)> {
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)?;
    let bytes = file.metadata()?.len();
    // The last line is somewhere in here.
    let from = bytes.saturating_sub(2 * MAX_LINE_BYTES as u64);
    file.seek(SeekFrom::Start(from))?;
    let (mut known, mut end) = (Known::default(), from);
    let mut reader = BufReader::new(&mut file).take(bytes - from);
    let mut line = Vec::new();
    let mut at = from;
    loop {
        line.clear();
        let length = reader.read_until(b'\n', &mut line)? as u64;
        if length == 0 || line.last() != Some(&b'\n') {
            break;
        }
        at += length;
        end = at;
        if let Some(read) = known_of(&line) {
            known = read;
        }
    }
    file.set_len(end)?;
    file.seek(SeekFrom::Start(end))?;
    Ok((file, known))
}

fn known_of(line: &[u8]) -> Option<Known> {
    let line: Value = serde_json::from_slice(line).ok()?;
    let cluster = line["cluster"].as_str();
    Some(Known {
        after: line["n"].as_u64()?,
        cluster: cluster.and_then(|cluster| ClusterId::try_from(cluster).ok()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_goes_on_where_its_last_whole_line_ends() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("auditoria.jsonl");
        let (_, known) = continued(&path).unwrap();
        assert_eq!(known, Known::default());
        let whole = "{\"n\":7,\"cluster\":\"00000000000000ff\"}\n{\"n\":9,\"cluster\":\"00000000000000ff\"}\n";
        std::fs::write(&path, format!("{whole}{{\"n\":10,\"clu")).unwrap();
        let (file, known) = continued(&path).unwrap();
        let cluster = Some(ClusterId(255));
        assert_eq!(known, Known { after: 9, cluster });
        Sink::File(file).write(&["{\"n\":10}".to_owned()]).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text, format!("{whole}{{\"n\":10}}\n"));
        // A long file is not read whole.
        let long = "{\"n\":1}\n".repeat(100_000) + "{\"n\":2}\n";
        std::fs::write(&path, &long).unwrap();
        assert_eq!(continued(&path).unwrap().1.after, 2);
    }
}
