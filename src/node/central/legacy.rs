//! The protocol of 2017 at the central: one request, its answer, close.

use std::net::SocketAddr;

use tokio::{
    io::AsyncWrite,
    sync::{mpsc, oneshot},
};

use super::{
    inputs::{Answer, Input},
    pages::Pages,
};
use crate::{
    engine::cluster::{Cluster, Refusal},
    model::FileName,
    net::LineWriter,
    node::{Refused, clock},
    proto::legacy::{LegacyFound, LegacyRequest, LegacyServer, MAX_LEGACY_PART_BYTES},
};

/// Answers one request.
pub(super) async fn serve<W: AsyncWrite + Unpin>(
    line: &[u8],
    peer: SocketAddr,
    mut writer: LineWriter<W>,
    inputs: &mpsc::Sender<Input>,
) {
    let request = match serde_json::from_slice::<LegacyRequest>(line) {
        Ok(request) => request,
        Err(error) => {
            let words = error.to_string();
            let reason = Refused::NotAMessage(words.clone());
            let bad = Input::BadPeer {
                address: peer,
                reason,
            };
            let _ = inputs.send(bad).await;
            let _ = writer.send(&LegacyFound::not_found(&words)).await;
            return writer.shutdown().await;
        }
    };
    let (answer, answered) = oneshot::channel();
    if inputs
        .send(Input::Legacy { request, answer })
        .await
        .is_err()
    {
        return;
    }
    match answered.await {
        Ok(Answer::Nothing) | Err(_) => {}
        Ok(Answer::Found(found)) => {
            let _ = writer.send(&found).await;
        }
        Ok(Answer::Names(line)) => {
            // A long line may take any time, as long as somebody reads it.
            let mut rest = &line[..];
            while !rest.is_empty()
                && let Ok(count) = writer.write_some(rest).await
            {
                rest = &rest[count..];
            }
        }
    }
    writer.shutdown().await;
}

/// Answers a request from what the cluster knows.
pub(super) fn answer(cluster: &mut Cluster, pages: &mut Pages, request: LegacyRequest) -> Answer {
    match request {
        LegacyRequest::Listado => Answer::Names(pages.names(cluster)),
        LegacyRequest::Descarga { video, .. } => Answer::Found(find(cluster, &video)),
        LegacyRequest::Completado { nombre, video } => {
            // Downloads are counted by the secondaries' reports, not by a client's claim.
            tracing::debug!(client = nombre, file = video, "completado");
            Answer::Nothing
        }
        LegacyRequest::Caido { ip, puerto } => {
            tracing::info!(ip, puerto, "caido: looked at sooner, nobody is removed");
            if let Ok(ip) = ip.parse() {
                cluster.doubt(clock::now(), SocketAddr::new(ip, puerto));
            }
            Answer::Nothing
        }
    }
}

fn find(cluster: &Cluster, video: &str) -> LegacyFound {
    let name = match FileName::try_from(video) {
        Ok(name) => name,
        Err(error) => return LegacyFound::not_found(&error.to_string()),
    };
    match cluster.find(&name) {
        Ok((file, holders)) => {
            let longest = file.layout.legacy_part(2).map_or(0, |part| part.len());
            if longest > MAX_LEGACY_PART_BYTES {
                return LegacyFound::not_found(&format!(
                    "{name}: its parts have up to {longest} bytes and this protocol takes \
                     {MAX_LEGACY_PART_BYTES}; use videocliente"
                ));
            }
            LegacyFound {
                resultado: "hallado",
                servidores: holders
                    .into_iter()
                    .map(|holder| LegacyServer {
                        ip: holder.ip(),
                        puerto: holder.port(),
                    })
                    .collect(),
                error: None,
            }
        }
        Err(refusal @ Refusal::NotReady { .. }) => LegacyFound {
            resultado: "espera",
            servidores: Vec::new(),
            error: Some(refusal.to_string()),
        },
        Err(refusal) => LegacyFound::not_found(&refusal.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::{
        engine::{
            cluster::{ClusterConfig, ConnectionId, Event},
            registry::Registry,
        },
        model::{ChunkLayout, Digest, FileMeta, Incarnation, SecondaryNumber, Term},
    };

    fn cluster(length: u64) -> Cluster {
        let now = Instant::now();
        let config = ClusterConfig {
            required_secondaries: 1,
            max_downloads: 5,
            term: Term(1),
            seed: 1,
            wall_ms: 0,
        };
        let mut cluster = Cluster::new(now, config, Registry::default());
        let hello = Event::SecondaryHello {
            number: SecondaryNumber::try_from(1).unwrap(),
            incarnation: Incarnation(1),
            address: SocketAddr::from(([10, 0, 0, 1], 50_001)),
        };
        cluster.handle_event(now, ConnectionId(1), hello);
        let file = FileMeta {
            name: FileName::try_from("huge.img").unwrap(),
            layout: ChunkLayout::for_file(length).unwrap(),
            id: Digest::new([1; 32]),
        };
        let inventory = Event::inventory(vec![file]);
        cluster.handle_event(now, ConnectionId(1), inventory);
        cluster
    }

    #[test]
    fn files_whose_parts_are_too_long_for_the_protocol_are_refused() {
        let longest = 3 * MAX_LEGACY_PART_BYTES;
        let found = find(&cluster(longest), "huge.img");
        assert_eq!((found.resultado, found.servidores.len()), ("hallado", 1));
        for length in [longest + 1, 7 << 30] {
            let refused = find(&cluster(length), "huge.img");
            assert_eq!(
                (refused.resultado, refused.servidores.len()),
                ("no hallado", 0)
            );
            assert!(
                refused
                    .error
                    .is_some_and(|why| why.contains("videocliente"))
            );
        }
    }
}
