//! Films and other contents through this node: it fetches them from all secondaries, and gives on what is verified, in
//! order. Nobody has to follow a redirection, and a secondary that dies is not noticed.

use std::sync::Arc;

use axum::{
    body::Body,
    http::{HeaderMap, Response, StatusCode, header, request::Parts},
};
use tokio::time::{Instant, timeout_at};

use super::{
    answers::{asker, counts, is_saved},
    body::Fed,
    playing::{begin, head_for, prepare},
    problem::Problem,
    show::{Players, Show},
    subtitles,
    viewers::Viewers,
};
use crate::{
    engine::media::Media,
    model::{ByteRange, FileName},
    node::{FIRST_BYTE, Gateway, NotWatched, Reading, Watched},
};

/// What is looked at of a film to know how fast it plays, in bytes.
const LOOKED_AT: u64 = 256 << 10;

/// See the module. Copies are the same.
#[derive(Clone, Debug)]
pub(super) struct Watching(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    gateway: Gateway,
    viewers: Viewers,
    players: Players,
}

impl Watching {
    /// For so many viewers at once.
    pub(super) fn new(gateway: Gateway, most_viewers: usize) -> Self {
        Self(Arc::new(Shared {
            gateway,
            viewers: Viewers::new(most_viewers),
            players: Players::default(),
        }))
    }

    /// How many viewers there are, and how many bytes all of them were sent.
    pub(super) fn figures(&self) -> (usize, u64) {
        (self.0.viewers.count(), self.0.viewers.sent_bytes())
    }

    /// The answer to a request for a file, or for a part of it.
    pub(super) async fn answer(
        &self,
        request: &Parts,
        name: FileName,
    ) -> Result<Response<Body>, Problem> {
        let asker = asker(request)?;
        let counts = counts(request).ok_or(Problem::Stopping)?;
        let asked_at = Instant::now();
        let deadline = asked_at + FIRST_BYTE;
        let watched = self.watch(name, deadline).await?;
        watched.count_in(&counts.streaming);
        let (mut response, range) = head_for(request, &watched, deadline).await?;
        let Some(range) = range else {
            return Ok(response);
        };
        let content = watched.meta().id;
        let viewer = timeout_at(deadline, self.0.viewers.enter(asker.ip, content)).await;
        let viewer = viewer.map_err(|_| Problem::NotReady)?;
        let is_played = prepare(&watched);
        if is_played {
            self.learn_rate(&watched);
        }
        let player = (asker.ip, content);
        if self.0.players.seeks(player, range.start) {
            counts.streaming.sought();
        }
        let reader = counts.streaming.reader();
        let reading = begin(&watched, range, &viewer, deadline).await?;
        let is_part = response.status() == StatusCode::PARTIAL_CONTENT;
        let show = Show {
            players: self.0.players.clone(),
            viewer,
            player,
            counts: Arc::clone(&counts.streaming),
            asked_at: Some(asked_at),
            _reader: reader,
            is_paced: is_played && is_part && !is_saved(request) && is_open_ended(&request.headers),
        };
        response
            .extensions_mut()
            .insert(Fed::watched(reading, show));
        Ok(response)
    }

    /// A file of subtitles, as browsers take it.
    pub(super) async fn subtitles(&self, name: FileName) -> Result<String, Problem> {
        if !subtitles::is_one(name.as_str()) {
            return Err(Problem::NotFound);
        }
        let deadline = Instant::now() + FIRST_BYTE;
        let watched = self.watch(name, deadline).await?;
        let bytes = watched.meta().layout.file_bytes();
        if bytes > subtitles::MOST_BYTES {
            return Err(Problem::NotFound);
        }
        let file = timeout_at(deadline, part(&watched, 0, bytes)).await;
        let file = file.ok().flatten().ok_or(Problem::NotReady)?;
        // A film's worth of lines takes a while.
        let made = tokio::task::spawn_blocking(move || subtitles::to_vtt(&file));
        made.await.map_err(|_| Problem::Stopping)
    }

    async fn watch(&self, name: FileName, deadline: Instant) -> Result<Watched, Problem> {
        let watched = timeout_at(deadline, self.0.gateway.watch(name)).await;
        match watched.map_err(|_| Problem::NotReady)? {
            Ok(watched) => Ok(watched),
            Err(NotWatched::NotFound) => Err(Problem::NotFound),
            Err(NotWatched::NotNow) => Err(Problem::NotReady),
        }
    }

    /// Finds out how fast a film plays, once.
    fn learn_rate(&self, watched: &Watched) {
        let id = watched.meta().id;
        if !self.0.players.begin_to_learn(id) {
            return;
        }
        let (players, watched) = (self.0.players.clone(), watched.clone());
        tokio::spawn(async move {
            players.learned(id, rate_of(&watched).await);
        });
    }
}

/// Bytes that a second of a film has, where its kind says so; `None` when nothing of it comes.
async fn rate_of(watched: &Watched) -> Option<Option<u64>> {
    let bytes = watched.meta().layout.file_bytes();
    let begin = part(watched, 0, LOOKED_AT).await?;
    let Some(mut media) = Media::look(&begin, 0, bytes) else {
        return Some(None);
    };
    if media.duration.is_none()
        && let Some(index) = media.index.filter(|index| index.start > 0)
    {
        let index_part = part(watched, index.start, LOOKED_AT).await?;
        media = Media::look(&index_part, index.start, bytes).unwrap_or_default();
    }
    Some(media.bytes_per_second(bytes))
}

/// So many bytes from a place on, or all that there are.
async fn part(watched: &Watched, start: u64, most: u64) -> Option<Vec<u8>> {
    let end = start.saturating_add(most);
    let mut reading: Reading = watched.read(ByteRange { start, end });
    let mut bytes = Vec::new();
    while let Some(piece) = reading.next().await {
        bytes.extend_from_slice(&piece.ok()?);
    }
    Some(bytes)
}

/// True for a range to the end of the file, as all players ask for.
fn is_open_ended(headers: &HeaderMap) -> bool {
    let field = headers.get(header::RANGE);
    let field = field.and_then(|field| field.to_str().ok()).unwrap_or("");
    field.trim_end().ends_with('-')
}
