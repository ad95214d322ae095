//! The two halves of a connection to a receiver: one reads requests, the other answers them.

use std::future::pending;

use tokio::{io::AsyncRead, sync::mpsc};

use super::{
    provider::{Context, Provider},
    sender::{Peer, Read, Sender, UNREAD},
};
use crate::{
    net::{LineReader, LineWriter, PlainSocket, ReadError},
    node::Refused,
    proto::Lines,
};

/// Answers requests until the connection ends. Both sides have said hello.
pub(in crate::node) async fn converse<P, R, W>(
    reader: LineReader<R>,
    writer: LineWriter<W>,
    peer: Peer,
    context: Context<P>,
) where
    P: Provider,
    R: AsyncRead + Unpin,
    W: PlainSocket,
{
    let (requests, queued) = mpsc::channel(UNREAD);
    tokio::select! {
        () = Sender::new(writer, peer, context).run(queued) => {}
        // The peer has gone, and needs nothing of what it asked for.
        () = read(reader, requests) => {}
    }
}

/// Reads requests until the peer is gone.
async fn read<R: AsyncRead + Unpin>(mut reader: LineReader<R>, requests: mpsc::Sender<Read>) {
    loop {
        let request = match reader.next_line().await {
            Ok(Some(line)) => Lines::parse(&line),
            Err(ReadError::Line(error)) => Err(error),
            Ok(None) | Err(ReadError::Io(_) | ReadError::CutShort) => return,
        };
        let request = request.map_err(Refused::from);
        let is_bad = request.is_err();
        if requests.send(request).await.is_err() {
            return;
        }
        if is_bad {
            // The sender tells the peer, and ends the connection.
            pending::<()>().await;
        }
    }
}
