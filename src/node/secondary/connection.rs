//! One connection to a secondary, from its first line to its end.

use std::{net::SocketAddr, sync::Arc};

use tokio::sync::mpsc;

use super::{inputs::Context, legacy, sender::Sender};
use crate::{
    model::{
        Receiver,
        limits::{MAX_QUEUED_REQUESTS, SEND_STALL_TIMEOUT},
    },
    net::{
        Accepted, LineReader, LineWriter, Permit, PlainSocket, ReadError, Socket, Use, limit_unsent,
    },
    node::{
        Refused,
        greeting::{Entered, enter, turn_away},
    },
    proto::{Hello, Lines, PeerRole, data::FromSecondary, handshake::ServerRole},
};

/// Requests between the reading and the sending side of a connection; as many again wait at the sender.
pub(super) const UNREAD: usize = MAX_QUEUED_REQUESTS;

/// Serves a connection until it ends, or until its permit is revoked.
pub(super) async fn serve(accepted: Accepted, context: Context) {
    let Accepted {
        socket,
        peer,
        permit,
    } = accepted;
    let permit = Arc::new(permit);
    tokio::select! {
        () = attend(socket, peer, Arc::clone(&permit), context.clone()) => {}
        () = permit.revoked() => context.bad_peer(peer, Refused::GaveWay).await,
    }
}

async fn attend(socket: Socket, peer: SocketAddr, permit: Arc<Permit>, context: Context) {
    limit_unsent(&socket);
    let own = ServerRole::Secondary(context.number);
    let entered = tokio::select! {
        entered = enter(socket, &context.security, own, SEND_STALL_TIMEOUT) => entered,
        () = context.stop.cancelled() => return,
    };
    let refused = match entered {
        Entered::Peer {
            reader,
            writer,
            role,
        } => match receiver(role) {
            Ok(receiver) => {
                return converse(reader, writer, peer, (receiver, permit), context).await;
            }
            Err(refused) => turn_away(reader, writer, refused).await,
        },
        Entered::Legacy { line, writer } => {
            permit.set_use(Use::Busy);
            return legacy::serve(&line, peer, writer, &context).await;
        }
        Entered::Refused(refused) => refused,
        Entered::Gone => return,
    };
    context.bad_peer(peer, refused).await;
}

/// Who receives, by what it said it is.
fn receiver(role: PeerRole) -> Result<Receiver, Refused> {
    match role {
        PeerRole::Client {
            name: Some(name), ..
        } => Ok(Receiver::Client(name)),
        PeerRole::Client { name: None, .. } => Err(Refused::Nameless),
        PeerRole::Secondary { number, .. } => Ok(Receiver::Secondary(number)),
        PeerRole::Central { .. } => Err(Refused::Unexpected("a central receives nothing")),
    }
}

async fn converse<R, W>(
    mut reader: LineReader<R>,
    mut writer: LineWriter<W>,
    peer: SocketAddr,
    (receiver, permit): (Receiver, Arc<Permit>),
    context: Context,
) where
    R: tokio::io::AsyncRead + Unpin,
    W: PlainSocket,
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
    let send = Sender::new(writer, context, receiver, permit).run(peer, queued);
    let read = async {
        loop {
            let request = match reader.next_line().await {
                Ok(Some(line)) => Lines::parse(&line),
                Err(ReadError::Line(error)) => Err(error),
                Ok(None) | Err(ReadError::Io(_) | ReadError::CutShort) => return,
            };
            let request = request.map_err(Refused::from);
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
