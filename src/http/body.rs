//! The bodies of answers: what was made in memory, or bytes of a content, which come one piece after the other.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    body::{Body, HttpBody},
    http::{HeaderMap, Version},
};
use hyper::body::{Buf, Frame, SizeHint};
use parking_lot::Mutex;

use super::{
    counts::{self, Answer},
    show::Show,
};
use crate::node::{
    Cut, Feed, Piece, Reading,
    face::{Cutter, OnCut, Serving},
};

/// The rest of a body does not come: the connection, or its stream, is reset.
#[derive(Debug, thiserror::Error)]
#[error("the rest does not come")]
pub(super) struct CutShort;

/// The bytes of a content, on their way through the router, which only knows bodies of its own.
#[derive(Clone)]
pub(super) struct Fed(Arc<Mutex<Option<(Flow, OnCut)>>>);

/// Where bytes of a content come from.
enum Flow {
    /// From a file that this node holds.
    Held(Feed),
    /// From others, as they are read.
    Watched(Reading, Show),
}

impl Flow {
    fn rest_bytes(&self) -> u64 {
        match self {
            Self::Held(feed) => feed.rest_bytes(),
            Self::Watched(reading, _) => reading.rest_bytes(),
        }
    }

    async fn next(&mut self) -> Option<Result<Bytes, Cut>> {
        match self {
            Self::Held(feed) => Some(feed.next().await?.map(Bytes::Piece)),
            Self::Watched(reading, show) => {
                let piece = match reading.next().await? {
                    Ok(piece) => piece,
                    Err(end) => {
                        tracing::info!(%end, "a reader is cut off");
                        return Some(Err(Cut::Over));
                    }
                };
                show.came(reading.position(), reading.looked());
                show.sending(piece.len() as u64).await;
                Some(Ok(Bytes::Made(piece)))
            }
        }
    }
}

impl Fed {
    pub(super) fn new(feed: Feed, on_cut: OnCut) -> Self {
        Self(Arc::new(Mutex::new(Some((Flow::Held(feed), on_cut)))))
    }

    /// Of a content that comes while it is read.
    pub(super) fn watched(reading: Reading, show: Show) -> Self {
        let on_cut: OnCut = Arc::new(|_| ());
        let flow = Flow::Watched(reading, show);
        Self(Arc::new(Mutex::new(Some((flow, on_cut)))))
    }

    fn take(&self) -> Option<(Flow, OnCut)> {
        self.0.lock().take()
    }
}

/// The body of an answer. Its request is being answered for as long as this lives.
pub(super) struct Reply {
    inner: Inner,
    answer: Answer,
    serving: Serving,
    version: Version,
}

enum Inner {
    Made(Body),
    Fed {
        next: Option<Next>,
        rest_bytes: u64,
        on_cut: OnCut,
    },
}

type Next = Pin<Box<dyn Future<Output = (Flow, Option<Result<Bytes, Cut>>)> + Send>>;

fn next(mut feed: Flow) -> Next {
    Box::pin(async move {
        let piece = feed.next().await;
        (feed, piece)
    })
}

impl Reply {
    /// A body that was made, or what feeds it instead.
    pub(super) fn new(
        made: Body,
        fed: Option<&Fed>,
        (serving, mut answer): (Serving, Answer),
        version: Version,
    ) -> Self {
        let inner = match fed.and_then(Fed::take) {
            Some((flow, on_cut)) => {
                // HTTP/2 copies what it frames.
                if let Flow::Held(feed) = &flow
                    && version < Version::HTTP_2
                    && serving.sends_parts()
                {
                    feed.allow_parts();
                }
                if let Flow::Watched(..) = &flow {
                    serving.is_watched();
                }
                Inner::Fed {
                    rest_bytes: flow.rest_bytes(),
                    next: Some(next(flow)),
                    on_cut,
                }
            }
            None => Inner::Made(made),
        };
        if is_over(&inner) {
            answer.over();
        }
        Self {
            inner,
            answer,
            serving,
            version,
        }
    }
}

/// True when nothing more is to come. The library does not ask for the end of a body whose length it knows.
fn is_over(inner: &Inner) -> bool {
    match inner {
        Inner::Made(body) => body.is_end_stream() || body.size_hint().exact() == Some(0),
        Inner::Fed { rest_bytes, .. } => *rest_bytes == 0,
    }
}

impl Reply {
    /// Hands bytes on, which count once the connection has taken them.
    fn frame(&mut self, bytes: Bytes) -> Frame<Data> {
        if is_over(&self.inner) {
            self.answer.over();
        }
        let cut = matches!(&bytes, Bytes::Piece(piece) if piece.part().is_some());
        Frame::data(Data {
            bytes,
            cut: cut.then(|| self.serving.cutter()),
            count: self.answer.bytes(),
        })
    }
}

impl HttpBody for Reply {
    type Data = Data;
    type Error = CutShort;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Data>, CutShort>>> {
        let this = self.get_mut();
        let (next_piece, rest_bytes, on_cut) = match &mut this.inner {
            Inner::Made(body) => {
                let frame = std::task::ready!(Pin::new(body).poll_frame(context));
                return Poll::Ready(match frame {
                    Some(Ok(frame)) => match frame.into_data() {
                        Ok(made) => Some(Ok(this.frame(Bytes::Made(made)))),
                        // Those of gRPC have fields after them.
                        Err(frame) => frame.into_trailers().ok().map(|fields| {
                            this.answer.over();
                            Ok(Frame::trailers(fields))
                        }),
                    },
                    Some(Err(_)) => Some(Err(CutShort)),
                    None => {
                        this.answer.over();
                        None
                    }
                });
            }
            Inner::Fed {
                next,
                rest_bytes,
                on_cut,
            } => (next, rest_bytes, on_cut),
        };
        let Some(future) = next_piece else {
            return Poll::Ready(None);
        };
        let (feed, piece) = std::task::ready!(future.as_mut().poll(context));
        *next_piece = None;
        match piece {
            None => Poll::Ready(None),
            Some(Ok(piece)) => {
                *rest_bytes = feed.rest_bytes();
                *next_piece = Some(next(feed));
                if let Bytes::Piece(piece) = &piece
                    && let Some(part) = piece.part()
                {
                    let (part, on_cut) = (Arc::clone(part), Arc::clone(on_cut));
                    this.serving.hand_over(part, on_cut);
                }
                Poll::Ready(Some(Ok(this.frame(piece))))
            }
            Some(Err(cut)) => {
                on_cut(cut);
                // HTTP/2 resets the stream alone.
                if this.version < Version::HTTP_2 {
                    this.serving.cut();
                }
                Poll::Ready(Some(Err(CutShort)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.inner {
            Inner::Made(body) => body.is_end_stream(),
            Inner::Fed { next, .. } => next.is_none(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.inner {
            Inner::Made(body) => body.size_hint(),
            Inner::Fed { rest_bytes, .. } => SizeHint::with_exact(*rest_bytes),
        }
    }
}

/// Bytes of an answer, and what counts them.
pub(super) struct Data {
    bytes: Bytes,
    /// Ends the connection when what stands for a part was taken in its place.
    cut: Option<Cutter>,
    count: counts::Bytes,
}

enum Bytes {
    Made(bytes::Bytes),
    Piece(Piece),
}

impl Buf for Data {
    fn remaining(&self) -> usize {
        match &self.bytes {
            Bytes::Made(bytes) => bytes.remaining(),
            Bytes::Piece(piece) => piece.remaining(),
        }
    }

    fn chunk(&self) -> &[u8] {
        match &self.bytes {
            Bytes::Made(bytes) => bytes.chunk(),
            Bytes::Piece(piece) => piece.chunk(),
        }
    }

    fn advance(&mut self, count: usize) {
        self.count.took(count);
        match &mut self.bytes {
            Bytes::Made(bytes) => bytes.advance(count),
            Bytes::Piece(piece) => {
                piece.advance(count);
                if let Some(cut) = &self.cut
                    && !piece.is_honest()
                {
                    tracing::error!("a part of a file went another way than to its socket");
                    cut.cut();
                }
            }
        }
    }
}

/// True when a request brings a body in pieces, which no request here does.
pub(super) fn comes_in_pieces(headers: &HeaderMap) -> bool {
    headers.contains_key(axum::http::header::TRANSFER_ENCODING)
}
