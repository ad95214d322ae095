//! Everything that a program prints goes through one thread: above the prompt where there is one, with a block of live
//! lines between the two; plainly otherwise. A slow or closed console blocks nobody: answers and ends of downloads wait
//! for it, and there are only as many of those as were requested; other news are dropped when too much waits.

use std::{
    io::{self, Write},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc::{Receiver, Sender, SyncSender, channel, sync_channel},
    },
    time::Duration,
};

use rustyline::ExternalPrinter;
use tokio::sync::Notify;
use unicode_width::UnicodeWidthStr;

use super::{
    paint::{has_colours, painted},
    terminal::{columns, page_columns, rows},
};
use crate::cli::{output::unless_closed, text::line::Line};

/// Messages that may wait before news are left out, and before more commands are read.
const WAITING: usize = 4096;
/// How long the end of a program waits for its last lines.
const LAST_LINES: Duration = Duration::from_secs(2);

enum Message {
    Lines(Vec<Line>),
    Live(Vec<Line>),
    /// A line was typed and takes this many columns with its prompt.
    Entered {
        width: usize,
    },
    /// The prompt was left without a line.
    Left,
    Flush(SyncSender<()>),
}

/// Prints. Copies print to the same place.
#[derive(Clone, Debug)]
pub struct Printer {
    messages: Sender<Message>,
    progress: Arc<Progress>,
    has_prompt: bool,
}

/// How far the thread that prints is.
#[derive(Debug, Default)]
struct Progress {
    waiting: AtomicUsize,
    /// One message less waits.
    printed: Notify,
    /// Why lines could not be written, the first time.
    lost: OnceLock<io::Error>,
    /// The thread is gone: nothing more is printed.
    is_over: AtomicBool,
}

/// Lives as long as the thread that prints.
struct Printing(Arc<Progress>);

impl Drop for Printing {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let _ = self.0.lost.set(io::ErrorKind::Other.into());
        }
        self.0.is_over.store(true, Ordering::Release);
        self.0.printed.notify_waiters();
    }
}

impl Progress {
    fn done(&self) {
        self.waiting.fetch_sub(1, Ordering::AcqRel);
        self.printed.notify_waiters();
    }

    /// Waits until there are fewer than so many. Cancel-safe.
    async fn fewer_than(&self, most: usize) {
        loop {
            let printed = self.printed.notified();
            tokio::pin!(printed);
            // Before the look, so that nothing is missed between the two.
            printed.as_mut().enable();
            let is_over = self.is_over.load(Ordering::Acquire);
            if is_over || self.waiting.load(Ordering::Acquire) < most {
                return;
            }
            printed.await;
        }
    }
}

impl Printer {
    fn start(
        has_prompt: bool,
        print: impl FnOnce(&Receiver<Message>, &Progress) + Send + 'static,
    ) -> io::Result<Self> {
        let (messages, received) = channel();
        let progress = Arc::<Progress>::default();
        let printing = Printing(Arc::clone(&progress));
        std::thread::Builder::new()
            .name("printer".to_owned())
            .spawn(move || print(&received, &printing.0))?;
        Ok(Self {
            messages,
            progress,
            has_prompt,
        })
    }

    /// Prints to standard output.
    pub(super) fn plain() -> anyhow::Result<Self> {
        let print = |messages: &_, progress: &_| plain(&mut io::stdout(), messages, progress);
        Ok(Self::start(false, print)?)
    }

    /// Prints above a prompt.
    pub(super) fn above(printer: impl ExternalPrinter + Send + 'static) -> anyhow::Result<Self> {
        let screen = Screen {
            printer,
            live: Vec::new(),
            colours: has_colours(),
        };
        let print = |messages: &_, progress: &_| screen.run(messages, progress);
        Ok(Self::start(true, print)?)
    }

    /// Prints a line that was asked for.
    pub fn line(&self, line: impl Into<Line>) {
        self.lines([line]);
    }

    /// Prints lines together that were asked for.
    pub fn lines(&self, lines: impl IntoIterator<Item = impl Into<Line>>) {
        let lines: Vec<Line> = lines.into_iter().map(Into::into).collect();
        if !lines.is_empty() {
            self.send(Message::Lines(lines));
        }
    }

    /// Prints lines together, unless too much waits.
    pub fn news(&self, lines: impl IntoIterator<Item = impl Into<Line>>) {
        if self.has_room() {
            self.lines(lines);
        } else {
            tracing::debug!("the console takes nothing");
        }
    }

    /// Shows these lines right above the prompt instead of those of the last call. Nothing without a prompt.
    pub fn live(&self, lines: Vec<Line>) {
        if self.has_prompt && self.has_room() {
            self.send(Message::Live(lines));
        }
    }

    fn has_room(&self) -> bool {
        self.progress.waiting.load(Ordering::Acquire) < WAITING
    }

    /// Waits until more may be asked for. Cancel-safe.
    pub(super) async fn room(&self) {
        self.progress.fewer_than(WAITING).await;
    }

    /// Waits until all is printed, for as long as it takes. Cancel-safe.
    pub async fn printed(&self) {
        self.progress.fewer_than(1).await;
    }

    /// The error that kept lines from being written, if any. A closed pipe is none.
    pub fn lost(&self) -> Option<io::Error> {
        let lost = self.progress.lost.get()?;
        let again = |code| io::Error::from_raw_os_error(code);
        Some(
            lost.raw_os_error()
                .map_or_else(|| lost.kind().into(), again),
        )
    }

    /// Waits until all is printed, for a while.
    pub fn flush(&self) {
        let (done, flushed) = sync_channel(1);
        self.send(Message::Flush(done));
        let _ = flushed.recv_timeout(LAST_LINES);
    }

    pub(super) fn line_entered(&self, prompt_width: usize, line: &str) {
        let width = prompt_width + line.width();
        self.send(Message::Entered { width });
    }

    pub(super) fn prompt_left(&self) {
        self.send(Message::Left);
    }

    fn send(&self, message: Message) {
        self.progress.waiting.fetch_add(1, Ordering::AcqRel);
        // A failed thread prints nothing more, and nobody waits for it.
        if self.messages.send(message).is_err() {
            self.progress.done();
        }
    }
}

fn plain(output: &mut impl Write, messages: &Receiver<Message>, progress: &Progress) {
    let colours = has_colours();
    // After the reader has gone everything is dropped.
    for message in messages {
        match message {
            Message::Lines(lines) => {
                let lines = wrapped(&lines, page_columns());
                let text = block(&lines, colours);
                let written = output.write_all(text.as_bytes());
                let written = written.and_then(|()| output.flush());
                if let Err(error) = unless_closed(written) {
                    let _ = progress.lost.set(error);
                }
            }
            Message::Live(_) | Message::Entered { .. } | Message::Left => {}
            Message::Flush(done) => {
                let _ = done.try_send(());
            }
        }
        progress.done();
    }
}

struct Screen<P> {
    printer: P,
    /// What is shown right above the prompt.
    live: Vec<Line>,
    colours: bool,
}

impl<P: ExternalPrinter> Screen<P> {
    fn run(mut self, messages: &Receiver<Message>, progress: &Progress) {
        for message in messages {
            match message {
                Message::Lines(lines) => {
                    let erase = self.erase();
                    self.live = self.fitting(&self.live);
                    let lines = wrapped(&lines, columns());
                    let (above, live) =
                        (block(&lines, self.colours), block(&self.live, self.colours));
                    self.print(format!("{erase}{above}{live}"));
                }
                Message::Live(lines) => {
                    let lines = self.fitting(&lines);
                    if lines != self.live {
                        let mut text = format!("{}{}", self.erase(), block(&lines, self.colours));
                        if lines.is_empty() {
                            // Every print ends with a line feed, which must not leave a gap.
                            text.push_str("\x1b[A\n");
                        }
                        self.live = lines;
                        self.print(text);
                    }
                }
                Message::Entered { width } => self.entered(width),
                Message::Left => self.left(),
                Message::Flush(done) => {
                    let _ = done.try_send(());
                }
            }
            progress.done();
        }
    }

    fn print(&mut self, text: String) {
        if !text.is_empty() {
            let _ = self.printer.print(text);
        }
    }

    /// Moves to the first live line and clears from there; the prompt has been cleared. What the terminal has scrolled
    /// away since, as it has become lower, is out of reach.
    fn erase(&self) -> String {
        match self.live_rows().min(rows().saturating_sub(1)) {
            0 => String::new(),
            rows => format!("\x1b[{rows}A\r\x1b[J"),
        }
    }

    /// Rows that the live lines take: more than one each after the terminal has become narrower.
    fn live_rows(&self) -> usize {
        let columns = columns();
        let rows = self
            .live
            .iter()
            .map(|line| line.width().div_ceil(columns).max(1));
        rows.sum()
    }

    fn fitting(&self, lines: &[Line]) -> Vec<Line> {
        let columns = columns();
        lines.iter().map(|line| line.cut(columns)).collect()
    }

    /// The typed line stays where it is read later; the live lines above it go. The cursor is below the typed
    /// line, and ends there: the line feed that ends every print takes it the last row down.
    fn entered(&mut self, width: usize) {
        let live = self.live_rows();
        self.live.clear();
        if live == 0 {
            return;
        }
        let rows = width / columns() + 1;
        let up = live + rows;
        let down = if rows > 1 {
            format!("\x1b[{}B", rows - 1)
        } else {
            String::new()
        };
        self.print(format!("\x1b[{up}A\r\x1b[{live}M{down}\n"));
    }

    /// The empty prompt goes, and the live lines above it. The cursor is below it, and ends where they began.
    fn left(&mut self) {
        let up = self.live_rows() + 1;
        self.live.clear();
        self.print(format!("\x1b[{up}A\r\x1b[J\x1b[A\n"));
    }
}

fn wrapped(lines: &[Line], columns: usize) -> Vec<Line> {
    lines
        .iter()
        .flat_map(|line| line.wrapped(columns))
        .collect()
}

fn block(lines: &[Line], colours: bool) -> String {
    lines
        .iter()
        .map(|line| format!("{}\n", painted(line, colours)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes so many bytes, and has no space for more then.
    struct Full(usize);

    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            match self.0 {
                0 => Err(io::ErrorKind::StorageFull.into()),
                room => {
                    let count = room.min(bytes.len());
                    self.0 -= count;
                    Ok(count)
                }
            }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn printer(output: impl Write + Send + 'static, start: Receiver<()>) -> Printer {
        let mut output = output;
        let print = move |messages: &_, progress: &_| {
            let _ = start.recv();
            plain(&mut output, messages, progress);
        };
        Printer::start(false, print).unwrap()
    }

    #[tokio::test]
    async fn what_was_asked_for_is_printed_however_long_it_waits_and_news_are_not() {
        let (text, path) = tempfile::NamedTempFile::new().unwrap().into_parts();
        let (start, started) = sync_channel(1);
        let printer = printer(text, started);
        for number in 0..3 * WAITING {
            printer.line(format!("end {number}"));
            printer.news([format!("news {number}")]);
        }
        assert!(!printer.has_room());
        start.send(()).unwrap();
        printer.printed().await;
        let printed = std::fs::read_to_string(&path).unwrap();
        let count = |word: &str| {
            printed
                .lines()
                .filter(|line| line.starts_with(word))
                .count()
        };
        assert_eq!(count("end"), 3 * WAITING);
        assert!(count("news") < WAITING);
        assert!(printer.lost().is_none());
    }

    #[tokio::test]
    async fn lines_that_a_full_disk_does_not_take_are_known() {
        let (start, started) = sync_channel(1);
        start.send(()).unwrap();
        let printer = printer(Full(6), started);
        printer.line("first");
        printer.printed().await;
        assert!(printer.lost().is_none());
        printer.line("second");
        printer.printed().await;
        let lost = printer.lost().unwrap();
        assert_eq!(lost.kind(), io::ErrorKind::StorageFull);
    }
}
