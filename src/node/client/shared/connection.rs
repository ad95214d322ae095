//! One connection of a peer: who it is, and what is sent to it. It ends when its permit is revoked.

use std::{net::SocketAddr, sync::Arc};

use super::{inputs::Served, standing::Standing};
use crate::{
    model::{ClientName, PeerNumber, Receiver, limits::SEND_STALL_TIMEOUT},
    net::{Accepted, Permit, Socket, UNSENT_BYTES, limit_unsent, lower_effort},
    node::{
        Refused, Security,
        greeting::{Also, Entered, enter, refuse_http, turn_away},
        send::{self, Peer, Provider},
    },
    proto::{Hello, PeerRole, data::FromSource, handshake::ServerRole},
};

/// What every connection is given.
#[derive(Clone, Debug)]
pub(super) struct Context {
    pub(super) standing: Standing,
    pub(super) security: Arc<Security>,
    pub(super) send: send::Context<Served>,
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
        // Its user ends it, and waits for nobody: the peer goes on elsewhere, or later.
        () = context.send.stop.cancelled() => {}
    }
}

async fn attend(socket: Socket, address: SocketAddr, permit: Arc<Permit>, context: &Context) {
    limit_unsent(&socket, UNSENT_BYTES);
    lower_effort(&socket);
    let Some(own) = context.standing.now() else {
        // Without a central nobody can have been sent here.
        return;
    };
    let role = ServerRole::Peer(own.number);
    let security = &context.security;
    let refused = match enter(socket, security, role, Also::Nobody, SEND_STALL_TIMEOUT).await {
        Entered::Peer {
            reader,
            mut writer,
            role,
            ..
        } => match receiver(&role) {
            Ok(receiver) => {
                let hello = Hello::from_role(&PeerRole::Peer { number: own.number });
                if writer.send(&FromSource::Hello(hello)).await.is_ok() {
                    let peer = Peer {
                        address,
                        receiver,
                        permit,
                    };
                    send::converse(reader, writer, peer, context.send.clone()).await;
                }
                return;
            }
            Err(refused) => turn_away(reader, writer, refused).await,
        },
        Entered::Legacy { .. } => Refused::Unexpected("a client serves its peers alone"),
        Entered::Http(stream) => refuse_http(stream, SEND_STALL_TIMEOUT).await,
        Entered::Refused(refused) => refused,
        Entered::Gone => return,
    };
    context.bad_peer(address, refused).await;
}

/// Who receives, by the role in its hello. Peers have numbers, and no names.
fn receiver(role: &PeerRole) -> Result<Receiver, Refused> {
    match role {
        PeerRole::Peer { number } => name_of(*number)
            .map(Receiver::Client)
            .ok_or(Refused::Nameless),
        PeerRole::Client { .. } | PeerRole::Secondary { .. } | PeerRole::Central(_) => {
            Err(Refused::Unexpected("a client serves its peers alone"))
        }
    }
}

fn name_of(number: PeerNumber) -> Option<ClientName> {
    ClientName::try_from(number.to_string().as_str()).ok()
}

impl Context {
    async fn bad_peer(&self, address: SocketAddr, reason: Refused) {
        self.send.provider.bad_peer(address, reason).await;
    }
}
