//! A connection of a face, with the limits of time that its library lacks: a request that does not come to its end, an idle
//! peer, one that takes nothing of what it asked for.
//!
//! The library polls for input whenever it waits for a request, so that deadlines of requests are kept while it reads, and
//! those of answers while it writes.

use std::{
    fmt,
    io::{self, IoSlice},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker, ready},
};

use parking_lot::Mutex;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep_until},
};

use crate::{
    model::limits::{
        HTTP_HEAD_TIMEOUT, HTTP_IDLE_TIMEOUT, HTTP_PAUSE, HTTP_PAUSE_IS_IDLE, HTTP_WATCH_PAUSE,
        LEAST_TAKEN_BYTES,
    },
    net::{Permit, Stream, Use},
    node::send::{Cut, Part, PartError, is_stand_in},
};

/// What a connection is doing, shared by its stream and by whoever answers.
#[derive(Debug)]
struct Doing {
    /// Answers that are not over.
    answers: AtomicUsize,
    /// Answers that have begun since the connection did.
    begun: AtomicUsize,
    /// Who reads is woken when the last answer is over: from then on the connection is idle, and the library may have asked
    /// for input for the last time before.
    reader: Mutex<Option<Waker>>,
    /// The connection must end with a reset.
    cut: AtomicBool,
    /// What is being answered is watched, and may be paused for longer.
    is_watched: AtomicBool,
    /// What the kernel sends in place of the stand-in that comes next.
    part: Mutex<Option<HandedOver>>,
    /// The socket is one that files can be sent on.
    sends_files: bool,
    /// The server's, and the face's.
    permits: [Arc<Permit>; 2],
}

/// A part, and whom to tell when it cannot be read.
struct HandedOver(Arc<Part>, OnCut);

/// What a cut says to the node.
pub type OnCut = Arc<dyn Fn(Cut) + Send + Sync>;

impl fmt::Debug for HandedOver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Doing {
    fn set_use(&self, use_: Use) {
        for permit in &self.permits {
            permit.set_use(use_);
        }
    }
}

/// An answer that is being made or sent, for as long as this lives.
#[derive(Debug)]
pub struct Serving(Arc<Doing>);

impl Serving {
    /// The answer cannot be finished: the connection ends with a reset, so that nobody takes what came for the whole.
    pub fn cut(&self) {
        self.0.cut.store(true, Ordering::Relaxed);
    }
}

impl Serving {
    /// True when this connection knows parts, if what frames them leaves stand-ins where they are.
    pub fn sends_parts(&self) -> bool {
        self.0.sends_files
    }

    /// The stand-in that is written next is this part's.
    pub fn hand_over(&self, part: Arc<Part>, on_cut: OnCut) {
        *self.0.part.lock() = Some(HandedOver(part, on_cut));
    }

    /// What is being answered is watched: people pause it.
    pub fn is_watched(&self) {
        self.0.is_watched.store(true, Ordering::Relaxed);
    }

    /// Gives what can end this connection.
    pub fn cutter(&self) -> Cutter {
        Cutter(Arc::clone(&self.0))
    }
}

/// Can end a connection with a reset.
#[derive(Clone, Debug)]
pub struct Cutter(Arc<Doing>);

impl Cutter {
    /// See [`Serving::cut`].
    pub fn cut(&self) {
        self.0.cut.store(true, Ordering::Relaxed);
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        if self.0.answers.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.is_watched.store(false, Ordering::Relaxed);
            self.0.set_use(Use::Idle);
            if let Some(reader) = self.0.reader.lock().take() {
                reader.wake();
            }
        }
    }
}

/// See the module.
#[derive(Debug)]
pub struct VisitStream {
    stream: Stream,
    doing: Arc<Doing>,
    read: Deadline,
    /// The first byte of a request came then.
    request_began: Option<Instant>,
    /// Since when there is neither a request nor an answer.
    idle_since: Option<Instant>,
    /// Answers that had begun when it was last read.
    answers_seen: usize,
    write: Deadline,
    /// Since when the peer has taken less than the least, and how much it took.
    slow_since: Option<(Instant, u64)>,
    is_paused: bool,
}

/// A deadline that wakes its task.
#[derive(Debug)]
struct Deadline {
    sleep: Pin<Box<Sleep>>,
}

impl Deadline {
    fn new() -> Self {
        Self {
            sleep: Box::pin(sleep_until(Instant::now())),
        }
    }

    /// True once the moment has come; else the task is woken then.
    fn is_over(&mut self, at: Instant, context: &mut Context<'_>) -> bool {
        if self.sleep.deadline() != at {
            self.sleep.as_mut().reset(at);
        }
        self.sleep.as_mut().poll(context).is_ready()
    }
}

impl VisitStream {
    pub(super) fn new(stream: Stream, permits: [Arc<Permit>; 2]) -> Self {
        let doing = Doing {
            answers: AtomicUsize::new(0),
            begun: AtomicUsize::new(0),
            reader: Mutex::default(),
            cut: AtomicBool::new(false),
            is_watched: AtomicBool::new(false),
            part: Mutex::default(),
            sends_files: stream.sends_files().is_some(),
            permits,
        };
        Self {
            stream,
            doing: Arc::new(doing),
            read: Deadline::new(),
            request_began: Some(Instant::now()),
            idle_since: None,
            answers_seen: 0,
            write: Deadline::new(),
            slow_since: None,
            is_paused: false,
        }
    }

    /// Gives what notes that a request is being answered.
    pub fn answering(&self) -> impl Fn() -> Serving + Send + Sync + 'static {
        let doing = Arc::clone(&self.doing);
        move || {
            doing.begun.fetch_add(1, Ordering::AcqRel);
            if doing.answers.fetch_add(1, Ordering::AcqRel) == 0 {
                doing.set_use(Use::Busy);
            }
            Serving(Arc::clone(&doing))
        }
    }

    fn is_answering(&self) -> bool {
        self.doing.answers.load(Ordering::Acquire) > 0
    }

    /// Has the kernel send what a stand-in stands for.
    fn send_part(&mut self, context: &mut Context<'_>, most: usize) -> Poll<io::Result<usize>> {
        let mut handed = self.doing.part.lock();
        // Nobody says what it stands for otherwise, or the bytes do not enter the socket as they are.
        let (Some(HandedOver(part, on_cut)), Some(socket)) = (&*handed, self.stream.sends_files())
        else {
            self.doing.cut.store(true, Ordering::Relaxed);
            return Poll::Ready(Err(io::ErrorKind::InvalidData.into()));
        };
        let sent = ready!(part.poll_send(socket, context, most));
        let sent = sent.map_err(|error| self.cannot_send(error, on_cut));
        if sent.is_err() || part.is_over() {
            *handed = None;
        }
        Poll::Ready(sent)
    }

    /// The answer ends here, and not cleanly.
    fn cannot_send(&self, error: PartError, on_cut: &OnCut) -> io::Error {
        self.doing.cut.store(true, Ordering::Relaxed);
        match error {
            PartError::Connection(error) => error,
            PartError::Content(error) => {
                on_cut(Cut::Unreadable(error));
                io::ErrorKind::ConnectionReset.into()
            }
        }
    }

    /// The peer took bytes, or nothing yet.
    fn wrote(
        &mut self,
        written: Poll<io::Result<usize>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        match written {
            Poll::Ready(Ok(count)) => {
                if let Some((_, taken)) = &mut self.slow_since {
                    *taken += count as u64;
                    if *taken >= LEAST_TAKEN_BYTES {
                        self.slow_since = None;
                    }
                }
                if std::mem::take(&mut self.is_paused) && self.is_answering() {
                    self.doing.set_use(Use::Busy);
                }
                Poll::Ready(Ok(count))
            }
            Poll::Pending => match self.takes_nothing(context) {
                Some(error) => Poll::Ready(Err(error)),
                None => Poll::Pending,
            },
            failed => failed,
        }
    }

    /// The peer takes nothing now; gives the error once that is so for too long.
    fn takes_nothing(&mut self, context: &mut Context<'_>) -> Option<io::Error> {
        let (since, _) = *self.slow_since.get_or_insert((Instant::now(), 0));
        if !self.is_paused {
            if !self.write.is_over(since + HTTP_PAUSE_IS_IDLE, context) {
                return None;
            }
            // A player that has paused: it may go on, and gives way meanwhile.
            self.is_paused = true;
            self.doing.set_use(Use::Idle);
        }
        let pause = match self.doing.is_watched.load(Ordering::Relaxed) {
            true => HTTP_WATCH_PAUSE,
            false => HTTP_PAUSE,
        };
        let is_over = self.write.is_over(since + pause, context);
        is_over.then(|| io::ErrorKind::TimedOut.into())
    }
}

impl Drop for VisitStream {
    fn drop(&mut self) {
        if self.doing.cut.load(Ordering::Relaxed) {
            self.stream.socket().reset();
        }
    }
}

impl AsyncRead for VisitStream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let read = Pin::new(&mut this.stream).poll_read(context, buffer);
        // The answer to a request may be over before this is asked again.
        let begun = this.doing.begun.load(Ordering::Acquire);
        if std::mem::replace(&mut this.answers_seen, begun) != begun || this.is_answering() {
            (this.request_began, this.idle_since) = (None, None);
        }
        if this.is_answering() {
            *this.doing.reader.lock() = Some(context.waker().clone());
        }
        // Looked at again, as the answer may have ended before its end could wake anybody.
        if this.is_answering() {
            return read;
        }
        let now = Instant::now();
        if read.is_ready() {
            if buffer.filled().len() > before {
                this.request_began.get_or_insert(now);
                this.idle_since = None;
            }
            return read;
        }
        let at = match this.request_began {
            Some(began) => began + HTTP_HEAD_TIMEOUT,
            None => *this.idle_since.get_or_insert(now) + HTTP_IDLE_TIMEOUT,
        };
        if this.read.is_over(at, context) {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        Poll::Pending
    }
}

impl AsyncWrite for VisitStream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(context, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.doing.cut.load(Ordering::Relaxed) {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        let is_part = |slice: &IoSlice<'_>| !slice.is_empty() && is_stand_in(slice);
        let written = match slices.iter().position(is_part) {
            Some(0) => this.send_part(context, slices[0].len()),
            Some(part) => {
                let before = &slices[..part];
                Pin::new(&mut this.stream).poll_write_vectored(context, before)
            }
            None => Pin::new(&mut this.stream).poll_write_vectored(context, slices),
        };
        this.wrote(written, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let flushed = Pin::new(&mut this.stream).poll_flush(context);
        // What is encrypted waits for the peer here.
        match flushed {
            Poll::Pending => match this.takes_nothing(context) {
                Some(error) => Poll::Ready(Err(error)),
                None => Poll::Pending,
            },
            flushed => {
                if !this.is_answering() {
                    this.slow_since = None;
                }
                flushed
            }
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}
