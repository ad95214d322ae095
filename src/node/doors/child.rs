//! The process of one connection: it reads the peer's lines from its input, says what it understands to the central over its
//! output, and gives the answers back. It waits for one answer before it reads on, and ends with either side.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::TcpStream,
    os::{fd::AsFd, unix::net::UnixStream},
    process::exit,
    sync::mpsc,
    thread,
};

use super::words::refused;
use crate::model::{FigureError, FigureLine, limits::MAX_FIGURE_LINE_BYTES};

/// The first argument of such a process.
pub const CHILD: &str = "--hijo-de-cifras";

/// Serves the connection that this process was given.
///
/// # Errors
/// When it was given none, or a side failed.
pub fn run() -> io::Result<()> {
    let peer = TcpStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    let central = UnixStream::from(io::stdout().as_fd().try_clone_to_owned()?);
    let answers = BufReader::new(central.try_clone()?);
    let (tell, told) = mpsc::sync_channel(1);
    // The central may end while the peer says nothing.
    thread::spawn(move || {
        for answer in answers.lines() {
            let Ok(answer) = answer else { break };
            if tell.send(answer).is_err() {
                return;
            }
        }
        exit(0);
    });
    serve(&peer, &peer, &central, || told.recv().ok())
}

/// Reads lines, passes on those that are understood, and answers.
fn serve(
    reads: impl Read,
    mut writes: impl Write,
    mut central: impl Write,
    mut answer: impl FnMut() -> Option<String>,
) -> io::Result<()> {
    let mut reader = BufReader::new(reads);
    let mut line = Vec::new();
    loop {
        line.clear();
        let most = MAX_FIGURE_LINE_BYTES as u64 + 1;
        let taken = (&mut reader).take(most).read_until(b'\n', &mut line)?;
        if taken == 0 {
            return Ok(());
        }
        if !line.ends_with(b"\n") && taken as u64 == most {
            // There is no telling where the next one begins.
            let why = refused(&FigureError::NotUnderstood);
            return writes.write_all(format!("{why}\n").as_bytes());
        }
        let said = match FigureLine::read(&line) {
            Ok(understood) => {
                central.write_all(canonical(&understood).as_bytes())?;
                let Some(said) = answer() else { return Ok(()) };
                said
            }
            Err(error) => refused(&error),
        };
        writes.write_all(format!("{said}\n").as_bytes())?;
    }
}

/// A line as this program would write it.
fn canonical(line: &FigureLine) -> String {
    let request = line.request.as_ref();
    let request = request.map_or_else(String::new, |request| format!(" #{request}"));
    format!("{} {}{request}\n", line.name, line.order)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_understood_is_passed_on_and_all_is_answered() {
        let mut answers = vec!["uno".to_owned(), "dos".to_owned()].into_iter();
        let (mut said, mut passed_on) = (Vec::new(), Vec::new());
        let lines = b"inc.5\nnonsense\nvotos:a b inc.0 #7\r\ninc.1\n";
        serve(&lines[..], &mut said, &mut passed_on, || answers.next()).unwrap();
        let said = String::from_utf8(said).unwrap();
        assert_eq!(said, "uno\nconsulta mal formulada\ndos\n");
        let passed_on = String::from_utf8(passed_on).unwrap();
        let expected = "contador inc.5\nvotos:a b inc.0 #7\ncontador inc.1\n";
        assert_eq!(passed_on, expected);
        let long = vec![b'x'; 2 * MAX_FIGURE_LINE_BYTES];
        let (mut said, mut passed_on) = (Vec::new(), Vec::new());
        serve(&long[..], &mut said, &mut passed_on, || None).unwrap();
        assert_eq!(said, b"consulta mal formulada\n");
        assert!(passed_on.is_empty());
    }
}
