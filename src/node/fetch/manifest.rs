//! The digests of a content, as a source sends them: for whoever receives chunks, and for a central that tells others what
//! they are.

use std::{net::SocketAddr, time::Duration};

use tokio::time::timeout;

use super::fault::Lost;
use crate::{
    model::{
        ClientName, Fault, FileMeta, Manifest, SecondaryNumber, TransferId, limits::HELLO_TIMEOUT,
    },
    net::{Network, ReadError},
    node::{
        Security,
        dialling::dial,
        greeting::{Reader, introduce},
    },
    proto::{
        Hello, Lines, PeerRole,
        data::{FromSource, ToSource},
        handshake::ServerRole,
    },
    store::manifest_id,
};

/// The name under which a central asks.
const CENTRAL: &str = "videocentral";
/// How long a source may take none of a request.
const WRITE_STALL: Duration = Duration::from_secs(10);
/// How long the digests of the longest file may take.
const WITHIN: Duration = Duration::from_secs(20);

/// Asks a secondary for the digests of a content.
pub(in crate::node) async fn fetch_manifest(
    network: &Network,
    security: &Security,
    (number, address): (SecondaryNumber, SocketAddr),
    file: &FileMeta,
) -> Result<Manifest, Lost> {
    let asked = async {
        let dialled = address.ip().to_string();
        let stream = dial(network, &[address], &dialled, security).await?;
        // Nothing is sent in it but digests, which are in no books.
        let transfer = TransferId::without_term(fastrand::u64(..));
        let open = ToSource::Open {
            transfer,
            id: file.id,
            name: file.name.clone(),
            manifest: true,
            queued: false,
            ticket: None,
        };
        let hello = Hello::from_role(&PeerRole::Client {
            name: ClientName::try_from(CENTRAL).ok(),
            session: None,
        });
        let server = ServerRole::Secondary(number);
        let introduced = introduce(stream, WRITE_STALL, security, hello, server, |writer| {
            writer.stage(&open);
        });
        let (mut reader, _writer, _) = introduced.await?;
        match next(&mut reader).await? {
            FromSource::Opened { manifest_bytes, .. } => {
                timeout(WITHIN, receive(&mut reader, file, manifest_bytes))
                    .await
                    .unwrap_or_else(|_| Err(Lost::protocol("digests took too long".to_owned())))
            }
            FromSource::Error { code, message } => Err(Lost::refused(code, message)),
            other => Err(Lost::protocol(format!("{other:?} instead of opened"))),
        }
    };
    timeout(HELLO_TIMEOUT + WITHIN, asked)
        .await
        .unwrap_or_else(|_| Err(Lost::protocol("no answer".to_owned())))
}

pub(super) async fn next(reader: &mut Reader) -> Result<FromSource, Lost> {
    let line = reader.next_line().await?.ok_or(ReadError::CutShort)?;
    let message = Lines::parse(&line)?;
    tracing::trace!(?message, "received");
    Ok(message)
}

/// The digests that follow `opened`, verified.
pub(super) async fn receive(
    reader: &mut Reader,
    file: &FileMeta,
    announced_bytes: u64,
) -> Result<Manifest, Lost> {
    let expected = Manifest::raw_bytes(file.layout);
    if announced_bytes != expected {
        return Err(Lost::protocol(format!(
            "manifest of {announced_bytes} bytes where {expected} were expected"
        )));
    }
    let length = expected as usize;
    let mut raw = Vec::with_capacity(length);
    while raw.len() < length {
        let left = length - raw.len();
        reader.read_raw(&mut raw, left).await?;
    }
    let manifest =
        Manifest::from_raw(file.layout, &raw).map_err(|error| Lost::protocol(error.to_string()))?;
    if manifest_id(&manifest) != file.id {
        return Err(Lost {
            fault: Fault::Digest,
            reason: "the manifest is not the catalogue's".to_owned(),
        });
    }
    Ok(manifest)
}
