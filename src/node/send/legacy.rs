//! The legacy protocol where contents are sent: one request for one of a file's three parts, its length as a big-endian
//! signed 32-bit number, its bytes, close.

use std::{net::SocketAddr, sync::Arc};

use tokio::{io::AsyncWrite, time::Instant};

use super::{
    meter::Meter,
    plan::{Pace, plan},
    provider::{Content, Context, Opened, Provider, Wanted},
    uplink::TooMuch,
};
use crate::{
    engine::send::Kind,
    model::{ByteRange, ClientName, FileName, Receiver, TransferId},
    net::LineWriter,
    node::Refused,
    proto::legacy::LegacyRequest,
};

/// The name of a client that says none.
const NAMELESS: &str = "original";

/// Sends one part, or closes without a byte, which is how this protocol refuses.
pub(in crate::node) async fn serve<P: Provider, W: AsyncWrite + Unpin>(
    line: &[u8],
    peer: SocketAddr,
    mut writer: LineWriter<W>,
    context: &Context<P>,
) {
    if let Err(reason) = answer(line, &mut writer, context).await {
        context.provider.bad_peer(peer, reason).await;
    }
    writer.shutdown().await;
}

async fn answer<P: Provider, W: AsyncWrite + Unpin>(
    line: &[u8],
    writer: &mut LineWriter<W>,
    context: &Context<P>,
) -> Result<(), Refused> {
    let (name, client, part) = request(line)?;
    // No central named this transfer.
    let transfer = TransferId::without_term(fastrand::u64(..));
    let receiver = Receiver::Legacy(client);
    let Opened {
        content,
        sending,
        stop,
    } = context
        .provider
        .open(transfer, Wanted::Named(name), receiver)
        .await?;
    let range = content
        .meta()
        .layout
        .legacy_part(part)
        .ok_or(Refused::Unexpected("the parts are 0, 1 and 2"))?;
    let bytes = range.len();
    let too_large = |_| Refused::PartTooLarge { part, bytes };
    let length = i32::try_from(bytes).map_err(too_large)?;
    let mut meter = Meter::new(context.uplink.join(Kind::Client));
    meter.open(sending);
    meter.share().set_busy();
    tokio::select! {
        sent = send_part(length, content, range, writer, &mut meter) => sent?,
        // Its receiver was expelled, for which the protocol has no message.
        () = stop.cancelled() => return Ok(()),
    }
    meter.took_part(part);
    Ok(())
}

/// What is asked for, and by whom.
fn request(line: &[u8]) -> Result<(FileName, ClientName, u8), Refused> {
    let bad = |error: String| Refused::NotAMessage(error);
    let request = serde_json::from_slice(line).map_err(|error| bad(error.to_string()))?;
    let LegacyRequest::Descarga {
        video,
        nombre,
        parte,
    } = request
    else {
        return Err(Refused::Unexpected("not a request for a secondary"));
    };
    let part = parte.ok_or(Refused::Unexpected("no part was asked for"))?;
    let name = FileName::try_from(video.as_str()).map_err(|error| bad(error.to_string()))?;
    let client = nombre
        .as_deref()
        .and_then(|name| ClientName::try_from(name).ok())
        .or_else(|| ClientName::try_from(NAMELESS).ok())
        .ok_or(Refused::Nameless)?;
    Ok((name, client, part))
}

async fn send_part<W: AsyncWrite + Unpin>(
    length: i32,
    content: Arc<dyn Content>,
    mut rest: ByteRange,
    writer: &mut LineWriter<W>,
    meter: &mut Meter,
) -> Result<(), Refused> {
    let gone = |error: std::io::Error| Refused::ReceiverGone(error.into());
    let mut header = &length.to_be_bytes()[..];
    while !header.is_empty() {
        let written = writer.write_some(header).await.map_err(gone)?;
        header = &header[written..];
    }
    let mut pace = Pace::default();
    let mut buffer = Vec::new();
    while rest.start < rest.end {
        let frame = plan(rest, pace, meter.share().most_bytes(), |_| false);
        let reader = Arc::clone(&content);
        buffer.clear();
        reader.will_read(rest);
        if let Some(fetching) = reader.fetch(frame.range) {
            fetching.await;
        }
        let read = tokio::task::spawn_blocking(move || {
            let read = reader.read_at(frame.range, &mut buffer);
            (buffer, read.and_then(|()| reader.check_unchanged()))
        });
        let (filled, read) = read.await.map_err(|_| Refused::Stopping)?;
        buffer = filled;
        read.map_err(Refused::Unreadable)?;
        if let Err(TooMuch) = meter.share().turn(frame.range.len()).await {
            continue;
        }
        let frame_began = Instant::now();
        let mut written = 0;
        while written < buffer.len() {
            let began = Instant::now();
            let count = writer.write_some(&buffer[written..]).await.map_err(gone)?;
            written += count;
            meter.took(count, began.elapsed()).map_err(gone)?;
        }
        pace.took(frame_began.elapsed());
        rest.start = frame.range.end;
    }
    Ok(())
}
