//! A range of a content as pieces, for protocols that frame bytes themselves. Pacing, books and stamps are those of the lines:
//! a piece has its turn of the uplink, and its bytes are counted when the socket takes them.

use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use bytes::Buf;
use parking_lot::Mutex;
use tokio::{sync::Notify, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use super::{
    part::{MOST_PART_BYTES, Part},
    provider::{Content, Opened},
    uplink::{Share, TooMuch, Uplink},
};
use crate::{
    engine::send::Kind, model::ByteRange, node::Refused, node::rules::sent::Sending,
    store::StoreError,
};

/// Bytes of a piece: much fewer cost a system call each, many more leave the processor's cache before they are sent.
const PIECE_BYTES: u64 = 256 << 10;

/// A content that a host asks for by another protocol.
#[derive(Clone, Copy, Debug)]
pub struct Request {
    /// Which bytes.
    pub range: ByteRange,
    /// For whom.
    pub host: IpAddr,
}

/// Why the rest of a range does not come.
#[derive(Debug)]
pub enum Cut {
    /// The content cannot be read as it was.
    Unreadable(StoreError),
    /// The receiver was sent away, or this node stops.
    Over,
}

/// See the module.
pub struct Feed {
    content: Arc<dyn Content>,
    rest: ByteRange,
    books: Arc<Books>,
    stop: CancellationToken,
    /// The kernel may send pieces: the receiver's stream can do that, and the file, as far as is known.
    by_kernel: Arc<AtomicBool>,
    /// A piece that is being read, and which.
    ahead: Option<(ByteRange, JoinHandle<Read>)>,
}

type Read = (Vec<u8>, Result<(), StoreError>);

impl std::fmt::Debug for Feed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Feed({:?})", self.rest)
    }
}

/// What all pieces of a feed count in.
#[derive(Debug)]
struct Books {
    share: Share,
    sending: Sending,
    /// Bytes of the last piece that the socket has not taken.
    waiting: Mutex<u64>,
    taken: Notify,
    /// A buffer that is free.
    spare: Mutex<Option<Vec<u8>>>,
}

impl Feed {
    pub(in crate::node) fn new(opened: Opened, range: ByteRange, uplink: &Arc<Uplink>) -> Self {
        let share = uplink.join(Kind::Client);
        share.set_busy();
        let books = Books {
            share,
            sending: opened.sending,
            waiting: Mutex::new(0),
            taken: Notify::new(),
            spare: Mutex::new(None),
        };
        Self {
            content: opened.content,
            rest: range,
            books: Arc::new(books),
            stop: opened.stop,
            by_kernel: Arc::default(),
            ahead: None,
        }
    }

    /// Its pieces go to a stream that knows parts.
    pub fn allow_parts(&self) {
        self.by_kernel.store(true, Ordering::Relaxed);
    }

    /// Bytes that are still to come.
    pub fn rest_bytes(&self) -> u64 {
        self.rest.len()
    }

    /// The next piece, once the socket has taken the last one and this receiver has its turn; `None` after the last.
    ///
    /// # Errors
    /// When the rest does not come.
    pub async fn next(&mut self) -> Option<Result<Piece, Cut>> {
        if self.rest.is_empty() {
            return None;
        }
        let stop = self.stop.clone();
        tokio::select! {
            piece = self.piece() => Some(piece),
            () = stop.cancelled() => Some(Err(Cut::Over)),
        }
    }

    async fn piece(&mut self) -> Result<Piece, Cut> {
        loop {
            if self.ahead.is_none()
                && let Some(part) = self.part().await?
            {
                return Ok(part);
            }
            self.read_ahead();
            let Some((range, reading)) = self.ahead.as_mut() else {
                return Err(Cut::Over);
            };
            let range = *range;
            let (bytes, read) = reading.await.map_err(|_| Cut::Over)?;
            self.ahead = None;
            if let Err(error) = read {
                return Err(Cut::Unreadable(error));
            }
            self.books.until_taken().await;
            if let Err(TooMuch) = self.books.share.turn(range.len()).await {
                self.books.give_back(bytes);
                continue;
            }
            *self.books.waiting.lock() = range.len();
            self.rest.start = range.end;
            if !self.is_next_a_part() {
                self.read_ahead();
            }
            return Ok(Piece {
                bytes: Bytes::Read(bytes),
                at: 0,
                books: Arc::clone(&self.books),
            });
        }
    }

    /// A piece that the kernel sends, if it can send the next one. The last bytes of a range are always read: they are looked
    /// at after that, so that nothing which has changed meanwhile comes to a clean end.
    async fn part(&mut self) -> Result<Option<Piece>, Cut> {
        loop {
            let left = self.rest.len().saturating_sub(PIECE_BYTES);
            let bytes = left.min(MOST_PART_BYTES).min(self.books.share.most_bytes());
            let range = ByteRange {
                start: self.rest.start,
                end: self.rest.start + bytes,
            };
            let may =
                self.by_kernel.load(Ordering::Relaxed) && self.content.kernel_file().is_some();
            if !may || range.is_empty() {
                return Ok(None);
            }
            self.books.until_taken().await;
            if !self.content.is_in_memory(range) {
                return Ok(None);
            }
            self.content.check_unchanged().map_err(Cut::Unreadable)?;
            if let Err(TooMuch) = self.books.share.turn(range.len()).await {
                continue;
            }
            *self.books.waiting.lock() = range.len();
            self.rest.start = range.end;
            let part = Part::new(Arc::clone(&self.content), range, &self.by_kernel);
            return Ok(Some(Piece {
                bytes: Bytes::Part(Arc::new(part)),
                at: 0,
                books: Arc::clone(&self.books),
            }));
        }
    }

    /// True when the next piece will most likely be sent by the kernel.
    fn is_next_a_part(&self) -> bool {
        let left = self.rest.len().saturating_sub(PIECE_BYTES);
        let start = self.rest.start;
        let next = ByteRange {
            start,
            end: start + left.min(PIECE_BYTES),
        };
        let may = self.by_kernel.load(Ordering::Relaxed) && !next.is_empty();
        may && self.content.is_in_memory(next)
    }

    /// Begins to read the next piece, while the last one is being sent.
    fn read_ahead(&mut self) {
        if self.ahead.is_some() || self.rest.is_empty() {
            return;
        }
        let most = self.books.share.most_bytes().clamp(1, PIECE_BYTES);
        let range = ByteRange {
            start: self.rest.start,
            end: self.rest.end.min(self.rest.start + most),
        };
        let content = Arc::clone(&self.content);
        let mut bytes = self.books.spare.lock().take().unwrap_or_default();
        content.will_read(self.rest);
        let fetching = content.fetch(range);
        let read = move || {
            bytes.clear();
            let read = content.read_at(range, &mut bytes);
            (bytes, read.and_then(|()| content.check_unchanged()))
        };
        let reading = match fetching {
            None => tokio::task::spawn_blocking(read),
            Some(fetching) => tokio::spawn(async move {
                fetching.await;
                let done = tokio::task::spawn_blocking(read).await;
                done.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
            }),
        };
        self.ahead = Some((range, reading));
    }
}

impl Books {
    async fn until_taken(&self) {
        while *self.waiting.lock() > 0 {
            self.taken.notified().await;
        }
    }

    fn took(&self, bytes: u64) {
        self.share.took(bytes);
        self.sending.add_bytes(bytes);
        let mut waiting = self.waiting.lock();
        *waiting = waiting.saturating_sub(bytes);
        if *waiting == 0 {
            self.taken.notify_one();
        }
    }

    fn give_back(&self, buffer: Vec<u8>) {
        *self.spare.lock() = Some(buffer);
    }
}

/// Bytes on their way to a socket. They count as sent when they are taken from here.
#[derive(Debug)]
pub struct Piece {
    bytes: Bytes,
    at: usize,
    books: Arc<Books>,
}

#[derive(Debug)]
enum Bytes {
    Read(Vec<u8>),
    Part(Arc<Part>),
}

impl Piece {
    /// What its bytes stand for, if the kernel is to send it.
    pub fn part(&self) -> Option<&Arc<Part>> {
        match &self.bytes {
            Bytes::Read(_) => None,
            Bytes::Part(part) => Some(part),
        }
    }

    /// False when somebody took what stands for a part in its place.
    pub fn is_honest(&self) -> bool {
        self.part().is_none_or(|part| part.has_sent(self.at as u64))
    }
}

impl Buf for Piece {
    fn remaining(&self) -> usize {
        self.chunk().len()
    }

    fn chunk(&self) -> &[u8] {
        match &self.bytes {
            Bytes::Read(bytes) => &bytes[self.at..],
            Bytes::Part(part) => part.stand_in(self.at as u64),
        }
    }

    fn advance(&mut self, count: usize) {
        self.at += count;
        self.books.took(count as u64);
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        if let Bytes::Read(bytes) = &mut self.bytes {
            self.books.give_back(std::mem::take(bytes));
        }
    }
}

/// Why a content was not opened, as far as other protocols tell it apart.
#[derive(Debug)]
pub enum NotOpened {
    /// It is not here any more.
    NotHeld,
    /// It cannot be read now.
    Unreadable,
    /// This node stops, or is full.
    Stopping,
}

impl From<Refused> for NotOpened {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::NotHeld(_) => Self::NotHeld,
            Refused::Unreadable(_) => Self::Unreadable,
            _ => Self::Stopping,
        }
    }
}
