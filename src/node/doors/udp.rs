//! One order a datagram, one answer a datagram. Datagrams get lost and are repeated: one with a request's name counts once.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use tokio::{net::UdpSocket, time::sleep};
use tokio_util::sync::CancellationToken;

use super::{
    asking::Asking,
    words::{answered, request},
};
use crate::{model::limits::MAX_FIGURE_LINE_BYTES, node::central::FigureAsked};

/// Pause after a failure, so as not to spin.
const PAUSE: Duration = Duration::from_millis(20);

pub(super) async fn serve(socket: UdpSocket, asking: Asking, stop: CancellationToken) {
    let socket = Arc::new(socket);
    // One more than there may be: what is longer is seen to be.
    let mut datagram = vec![0; MAX_FIGURE_LINE_BYTES + 1];
    loop {
        let received = tokio::select! {
            received = socket.recv_from(&mut datagram) => received,
            () = stop.cancelled() => return,
        };
        match received {
            Ok((count, peer)) => ask(&socket, &asking, &datagram[..count], peer),
            // An answer that reached nobody; or no memory.
            Err(error) => {
                tracing::debug!(%error, "datagrams of figures");
                sleep(PAUSE).await;
            }
        }
    }
}

fn ask(socket: &Arc<UdpSocket>, asking: &Asking, datagram: &[u8], peer: SocketAddr) {
    let who = peer.ip().to_canonical().to_string();
    let request = request(datagram, asking.door, who, asking.may_reset);
    let (socket, door) = (Arc::clone(socket), asking.door);
    // What the network does not take now is lost, like any datagram.
    let reply = Box::new(move |answer| {
        let _ = socket.try_send_to(answered(door, &answer).as_bytes(), peer);
    });
    match request {
        Ok(request) => asking.orders.figure_now(FigureAsked { request, reply }),
        Err(error) => reply(Err(error)),
    }
}
