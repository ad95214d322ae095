//! The answer to a player, for whom a content comes while it is read: its head, and its body once that has begun to come.

use axum::{
    body::Body,
    http::{Response, request::Parts},
};
use tokio::time::{Instant, timeout_at};

use super::{
    answers::manner,
    files::{Lasting, head},
    kinds,
    names::last_component,
    problem::Problem,
    viewers::Viewer,
};
use crate::{
    model::ByteRange,
    node::{Reading, Watched},
};

/// The head of an answer, and the bytes that are its body, if it has one. Waits until the digests are here.
pub(super) async fn head_for(
    request: &Parts,
    watched: &Watched,
    deadline: Instant,
) -> Result<(Response<Body>, Option<ByteRange>), Problem> {
    let manifest = timeout_at(deadline, watched.manifest()).await;
    let manifest = manifest.ok().and_then(Result::ok);
    let manifest = manifest.ok_or(Problem::NotReady)?;
    let manner = manner(request, Lasting::NotStored);
    let (response, range) = head(watched.meta(), &manifest, &request.headers, manner);
    Ok((response, range.filter(|range| !range.is_empty())))
}

/// Has what players look at first brought at once; true for what is played.
pub(super) fn prepare(watched: &Watched) -> bool {
    let is_played = kinds::of(last_component(&watched.meta().name)).is_played();
    if is_played {
        watched.prepare_to_play();
    }
    is_played
}

/// A body from its first byte on.
pub(super) async fn begin(
    watched: &Watched,
    range: ByteRange,
    viewer: &Viewer,
    deadline: Instant,
) -> Result<Reading, Problem> {
    let mut reading = watched.read(range);
    viewer.reads(reading.handle());
    // Players take a failure at the beginning for one that lasts; later they ask again.
    if range.start == 0 {
        let first = timeout_at(deadline, reading.first()).await;
        first.ok().and_then(Result::ok).ok_or(Problem::NotReady)?;
    }
    Ok(reading)
}
