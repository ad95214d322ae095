//! The protocol of 2017 at a secondary: one request for one of a file's three parts, its length as a
//! big-endian signed 32-bit number, its bytes, close.

use std::{net::SocketAddr, time::Instant};

use tokio::io::AsyncWrite;

use super::{
    inputs::{Context, Input, Opened, Wanted},
    patience::Patience,
};
use crate::{
    model::{ByteRange, ClientName, FileName, Receiver, TransferId},
    net::LineWriter,
    node::Refused,
    proto::legacy::LegacyRequest,
};

/// What is read and sent in one go, in bytes.
const STEP_BYTES: u64 = 256 << 10;
/// The name of a client that does not say one.
const NAMELESS: &str = "original";

/// Sends one part, or closes without a byte: that is all the refusal that the protocol knows.
pub(super) async fn serve<W: AsyncWrite + Unpin>(
    line: &[u8],
    peer: SocketAddr,
    mut writer: LineWriter<W>,
    context: &Context,
) {
    if let Err(reason) = send(line, &mut writer, context).await {
        let _ = context
            .inputs
            .send(Input::BadPeer {
                address: peer,
                reason,
            })
            .await;
    }
    writer.shutdown().await;
}

async fn send<W: AsyncWrite + Unpin>(
    line: &[u8],
    writer: &mut LineWriter<W>,
    context: &Context,
) -> Result<(), Refused> {
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
    // No central named this transfer.
    let transfer = TransferId::without_term(fastrand::u64(..));
    let Opened {
        content,
        sending,
        stop,
    } = context
        .open_any(transfer, Wanted::Named(name), Receiver::Legacy(client))
        .await?;
    let range = content
        .file()
        .meta
        .layout
        .legacy_part(part)
        .ok_or(Refused::Unexpected("the parts are 0, 1 and 2"))?;
    let bytes = range.len();
    let too_large = |_| Refused::PartTooLarge { part, bytes };
    let length = i32::try_from(bytes).map_err(too_large)?;
    let gone = |error: std::io::Error| Refused::ReceiverGone(error.into());
    let mut header = &length.to_be_bytes()[..];
    while !header.is_empty() {
        let written = writer.write_some(header).await.map_err(gone)?;
        header = &header[written..];
    }
    let share = context.shares.client();
    share.set_busy(true);
    let mut patience = Patience::default();
    let mut buffer = Vec::new();
    let mut start = range.start;
    while start < range.end {
        let end = range.end.min(start + STEP_BYTES);
        let content = std::sync::Arc::clone(&content);
        let step = ByteRange { start, end };
        buffer.clear();
        let read = tokio::task::spawn_blocking(move || {
            let read = content.read_at(step, &mut buffer);
            (buffer, read.and_then(|()| content.check_unchanged()))
        });
        let (filled, read) = read.await.map_err(|_| Refused::Stopping)?;
        buffer = filled;
        read.map_err(Refused::Unreadable)?;
        let mut written = 0;
        while written < buffer.len() {
            let slice = context.pacer.slice_bytes().min(buffer.len() - written);
            let slice = usize::try_from(share.most_bytes()).map_or(slice, |most| slice.min(most));
            let turn = async {
                share.turn(slice).await;
                context.pacer.turn(slice).await
            };
            let mut turn = tokio::select! {
                turn = turn => turn,
                () = stop.cancelled() => return Ok(()),
            };
            let began = Instant::now();
            let count = tokio::select! {
                count = writer.write_some(&buffer[written..written + slice]) => count,
                // Its receiver was expelled: the protocol has no words for that.
                () = stop.cancelled() => return Ok(()),
            };
            let count = count.map_err(gone)?;
            patience.took(count, began.elapsed()).map_err(gone)?;
            sending.add_bytes(count as u64);
            share.got(count);
            turn.pay(count);
            written += count;
        }
        start = end;
    }
    sending.set_whole_part(part);
    Ok(())
}
