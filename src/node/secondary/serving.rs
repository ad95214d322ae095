//! One connection to a secondary, from its first line to its end.

use std::{net::SocketAddr, sync::Arc};

use tokio::{net::TcpStream, sync::mpsc, time::timeout};

use super::{context::Context, legacy, sender::Sender};
use crate::{
    model::{
        Receiver,
        limits::{HELLO_TIMEOUT, MAX_QUEUED_REQUESTS, SEND_STALL_TIMEOUT},
    },
    net::{Accepted, LineReader, LineWriter, Place, PlainSocket, ReadError, Use, split},
    node::refusals::gave_way,
    proto::{
        ErrorCode, Hello, Lines, PeerRole, WireError,
        data::{FromSecondary, ToSecondary},
        legacy::is_legacy,
    },
};

/// Requests between the reading and the sending side of a connection; as many again wait at the sender.
const UNREAD: usize = MAX_QUEUED_REQUESTS;

/// Serves a connection until it ends, or until its place is another's.
pub(super) async fn serve(accepted: Accepted, context: Context) {
    let Accepted {
        stream,
        peer,
        place,
    } = accepted;
    let place = Arc::new(place);
    tokio::select! {
        () = attend(stream, peer, Arc::clone(&place), context.clone()) => {}
        () = place.given_up() => context.bad_peer(peer, &gave_way()).await,
    }
}

async fn attend(stream: TcpStream, peer: SocketAddr, place: Arc<Place>, context: Context) {
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
            place.set_use(Use::Busy);
            return legacy::serve(&line, peer, writer, &context).await;
        }
        Ok(Err(ReadError::CutShort)) => {
            let rest = reader.rest();
            if is_legacy(&rest) {
                place.set_use(Use::Busy);
                legacy::serve(&rest, peer, writer, &context).await;
            }
            return;
        }
        Ok(Ok(Some(line))) => match greeting(&line) {
            Ok(receiver) => {
                return converse(reader, writer, peer, (receiver, place), context).await;
            }
            Err(refused) => refused,
        },
        Ok(Err(ReadError::Line(error))) => (ErrorCode::BadMessage, error.to_string()),
        Ok(Ok(None) | Err(ReadError::Io(_))) => return,
    };
    context.bad_peer(peer, &refused).await;
    let (code, message) = refused;
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
    (receiver, place): (Receiver, Arc<Place>),
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
    let send = Sender::new(writer, context, receiver, place).run(peer, queued);
    let read = async {
        loop {
            let request = match reader.next_line().await {
                Ok(Some(line)) => Lines::parse(&line),
                Err(ReadError::Line(error)) => Err(error),
                Ok(None) | Err(ReadError::Io(_) | ReadError::CutShort) => return,
            };
            let request = request.map_err(|error| error.to_string());
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
