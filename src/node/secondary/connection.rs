//! One connection to a secondary: who receives on it. It ends when its permit is revoked.

use std::{net::SocketAddr, sync::Arc};

use super::inputs::Served;
use crate::{
    model::{Incarnation, Receiver, SecondaryNumber, limits::SEND_STALL_TIMEOUT},
    net::{Accepted, Permit, Socket, Use, limit_unsent},
    node::{
        Refused, Security,
        face::Reception,
        greeting::{Also, Entered, Reader, Writer, enter, refuse_http, turn_away},
        send::{self, Peer, Provider},
    },
    proto::{Hello, PeerRole, data::FromSource, handshake::ServerRole},
};

/// What every connection is given.
#[derive(Clone, Debug)]
pub(super) struct Context {
    pub(super) number: SecondaryNumber,
    pub(super) incarnation: Incarnation,
    pub(super) security: Arc<Security>,
    pub(super) send: send::Context<Served>,
    pub(super) face: Option<Reception>,
}

/// Serves a connection until it ends, or until its permit is revoked.
pub(super) async fn serve(accepted: Accepted, context: Context) {
    let Accepted {
        socket,
        peer,
        permit,
    } = accepted;
    let permit = Arc::new(permit);
    tokio::select! {
        () = attend(socket, peer, Arc::clone(&permit), &context) => {}
        () = permit.revoked() => context.bad_peer(peer, Refused::GaveWay).await,
    }
}

async fn attend(socket: Socket, address: SocketAddr, permit: Arc<Permit>, context: &Context) {
    limit_unsent(&socket);
    let own = ServerRole::Secondary(context.number);
    let entered = tokio::select! {
        entered = enter(socket, &context.security, own, Also::of(&context.face), SEND_STALL_TIMEOUT) => entered,
        () = context.send.stop.cancelled() => return,
    };
    let refused = match entered {
        Entered::Peer {
            reader,
            writer,
            role,
            ..
        } => match receiver(role) {
            Ok(receiver) => {
                let peer = Peer {
                    address,
                    receiver,
                    permit,
                };
                return converse(reader, writer, peer, context).await;
            }
            Err(refused) => turn_away(reader, writer, refused).await,
        },
        Entered::Legacy { line, writer } => {
            permit.set_use(Use::Busy);
            return send::serve_legacy(&line, address, writer, &context.send).await;
        }
        Entered::Http(stream) => match &context.face {
            Some(face) => {
                let stop = context.send.stop.clone();
                return face.attend(stream, address, permit, stop).await;
            }
            None => refuse_http(stream, SEND_STALL_TIMEOUT).await,
        },
        Entered::Refused(refused) => refused,
        Entered::Gone => return,
    };
    context.bad_peer(address, refused).await;
}

/// Who receives, by the role in its hello.
fn receiver(role: PeerRole) -> Result<Receiver, Refused> {
    match role {
        PeerRole::Client {
            name: Some(name), ..
        } => Ok(Receiver::Client(name)),
        PeerRole::Client { name: None, .. } => Err(Refused::Nameless),
        PeerRole::Secondary { number, .. } => Ok(Receiver::Secondary(number)),
        PeerRole::Central(_) => Err(Refused::Unexpected("a central receives nothing")),
        PeerRole::Peer { .. } => Err(Refused::Unexpected("a peer is a client to a secondary")),
    }
}

async fn converse(reader: Reader, mut writer: Writer, peer: Peer, context: &Context) {
    let hello = Hello::from_role(&PeerRole::Secondary {
        number: context.number,
        listens: None,
        incarnation: context.incarnation,
    });
    if writer.send(&FromSource::Hello(hello)).await.is_ok() {
        send::converse(reader, writer, peer, context.send.clone()).await;
    }
}

impl Context {
    async fn bad_peer(&self, address: SocketAddr, reason: Refused) {
        self.send.provider.bad_peer(address, reason).await;
    }
}
