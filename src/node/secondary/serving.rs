//! One connection to a secondary, from its first line to its end.

use std::{net::SocketAddr, sync::Arc};

use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use super::{legacy, run::Input, sender::Sender, sent::Sending};
use crate::{
    model::{
        Digest, FileName, Incarnation, Receiver, SecondaryNumber, TransferId,
        limits::{HELLO_TIMEOUT, MAX_QUEUED_REQUESTS, SEND_STALL_TIMEOUT},
    },
    net::{Accepted, LineReader, LineWriter, Pacer, ReadError, split},
    proto::{
        ErrorCode, Hello, Lines, PeerRole, WireError,
        data::{FromSecondary, ToSecondary},
        legacy::is_legacy,
    },
    store::{ContentReader, Root, StoreError, index::IndexedFile},
};

/// Requests between the reading and the sending side of a connection; as many again wait at the sender.
const UNREAD: usize = MAX_QUEUED_REQUESTS;

/// What every connection is given.
#[derive(Clone, Debug)]
pub(super) struct Context {
    pub(super) number: SecondaryNumber,
    pub(super) incarnation: Incarnation,
    pub(super) root: Root,
    pub(super) inputs: mpsc::Sender<Input>,
    pub(super) stop: CancellationToken,
    pub(super) pacer: Option<Arc<Pacer>>,
}

/// What the owner knows of a content that is asked for.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) file: Arc<IndexedFile>,
    pub(super) sending: Sending,
}

/// A content that can be sent.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) content: Arc<ContentReader>,
    pub(super) sending: Sending,
}

/// What to look for.
#[derive(Debug)]
pub(super) enum Wanted {
    /// A content, by preference under a name.
    Content { id: Digest, name: FileName },
    /// Whatever has the name; for clients of the original.
    Named(FileName),
}

impl Context {
    /// Opens a content for a receiver.
    pub(super) async fn open(
        &self,
        transfer: TransferId,
        id: Digest,
        name: &FileName,
        receiver: &Receiver,
    ) -> Result<Opened, (ErrorCode, String)> {
        let wanted = Wanted::Content {
            id,
            name: name.clone(),
        };
        self.open_any(transfer, wanted, receiver.clone()).await
    }

    pub(super) async fn open_any(
        &self,
        transfer: TransferId,
        wanted: Wanted,
        receiver: Receiver,
    ) -> Result<Opened, (ErrorCode, String)> {
        let (answer, answered) = oneshot::channel();
        let stopping = || (ErrorCode::Stopping, "this secondary stops".to_owned());
        self.inputs
            .send(Input::Open {
                transfer,
                wanted,
                receiver,
                answer,
            })
            .await
            .map_err(|_| stopping())?;
        let Held { file, sending } = answered.await.map_err(|_| stopping())??;
        let root = self.root.clone();
        let name = file.meta.name.clone();
        let opened = tokio::task::spawn_blocking(move || ContentReader::open(&root, file));
        match opened.await.map_err(|_| stopping())? {
            Ok(content) => Ok(Opened {
                content: Arc::new(content),
                sending,
            }),
            Err(error) => {
                self.damaged(name, &error).await;
                Err((ErrorCode::NoSuchContent, error.to_string()))
            }
        }
    }

    /// A file is not what it was: the index looks at it again.
    pub(super) async fn damaged(&self, name: FileName, error: &StoreError) {
        tracing::warn!(file = %name, %error, "cannot be sent");
        let _ = self.inputs.send(Input::Damaged { name }).await;
    }

    async fn bad_peer(&self, address: SocketAddr, reason: &str) {
        let reason = reason.to_owned();
        let _ = self.inputs.send(Input::BadPeer { address, reason }).await;
    }
}

/// Serves a connection until it ends.
pub(super) async fn serve(accepted: Accepted, context: Context) {
    let Accepted {
        stream,
        peer,
        permit: _permit,
    } = accepted;
    // Requests that are taken back should find little on its way.
    let _ = socket2::SockRef::from(&stream).set_tcp_notsent_lowat(1 << 20);
    let (mut reader, mut writer) = split(stream, SEND_STALL_TIMEOUT);
    let first = tokio::select! {
        first = timeout(HELLO_TIMEOUT, reader.next_line()) => first,
        () = context.stop.cancelled() => return,
    };
    let refused = match first {
        Err(_) => (
            ErrorCode::TimedOut,
            format!("no line within {} s", HELLO_TIMEOUT.as_secs()),
        ),
        Ok(Ok(Some(line))) if is_legacy(&line) => {
            return legacy::serve(&line, peer, writer, &context).await;
        }
        Ok(Err(ReadError::CutShort)) => {
            let rest = reader.rest();
            if is_legacy(&rest) {
                legacy::serve(&rest, peer, writer, &context).await;
            }
            return;
        }
        Ok(Ok(Some(line))) => match greeting(&line) {
            Ok(receiver) => return converse(reader, writer, peer, receiver, context).await,
            Err(refused) => refused,
        },
        Ok(Err(ReadError::Line(error))) => (ErrorCode::BadMessage, error.to_string()),
        Ok(Ok(None) | Err(ReadError::Io(_))) => return,
    };
    let (code, message) = refused;
    context.bad_peer(peer, &message).await;
    let _ = writer.send(&FromSecondary::Error { code, message }).await;
    writer.shutdown().await;
}

/// Who receives, by the first line.
fn greeting(line: &[u8]) -> Result<Receiver, (ErrorCode, String)> {
    let bad = |message: String| (ErrorCode::BadMessage, message);
    let ToSecondary::Hello(hello) =
        Lines::parse::<ToSecondary>(line).map_err(|error| bad(error.to_string()))?
    else {
        return Err(bad("the first line must be hello".to_owned()));
    };
    match hello.into_role() {
        Ok(PeerRole::Client { name: Some(name) }) => Ok(Receiver::Client(name)),
        Ok(PeerRole::Client { name: None }) => Err((
            ErrorCode::NotEnrolled,
            "a client says its name in hello".to_owned(),
        )),
        Ok(PeerRole::Secondary { number, .. }) => Ok(Receiver::Secondary(number)),
        Ok(PeerRole::Central) => Err(bad("a central receives nothing".to_owned())),
        Err(error @ WireError::WrongProtocol { .. }) => {
            Err((ErrorCode::WrongProtocol, error.to_string()))
        }
        Err(error) => Err(bad(error.to_string())),
    }
}

async fn converse<R, W>(
    mut reader: LineReader<R>,
    mut writer: LineWriter<W>,
    peer: SocketAddr,
    receiver: Receiver,
    context: Context,
) where
    R: tokio::io::AsyncRead + Unpin,
    W: tokio::io::AsyncWrite + Unpin,
{
    let hello = Hello::from_role(&PeerRole::Secondary {
        number: context.number,
        listens: None,
        incarnation: context.incarnation,
    });
    if writer.send(&FromSecondary::Hello(hello)).await.is_err() {
        return;
    }
    let (requests, queued) = mpsc::channel(UNREAD);
    let send = Sender::new(writer, context.clone(), receiver).run(queued);
    let read = async {
        loop {
            let request = match reader.next_line().await {
                Ok(Some(line)) => Lines::parse(&line),
                Err(ReadError::Line(error)) => Err(error),
                Ok(None) | Err(ReadError::Io(_) | ReadError::CutShort) => return,
            };
            let request = request.map_err(|error| error.to_string());
            if let Err(error) = &request {
                context.bad_peer(peer, error).await;
            }
            let bad = request.is_err();
            if requests.send(request).await.is_err() {
                return;
            }
            if bad {
                // The sending side tells the peer, and ends.
                std::future::pending::<()>().await;
            }
        }
    };
    tokio::select! {
        () = send => {}
        // The peer has gone: nothing that it asked for is of use.
        () = read => {}
    }
}
