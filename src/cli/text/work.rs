//! Downloads that are not complete: what an earlier run left, and how far they are.

use super::{
    errors, files,
    line::{Line, Tone},
    t,
    transfer::{settled_left, settled_rate},
    units::{bytes, percent, rate, whole_time},
};
use crate::{
    engine::download::Snapshot,
    node::client::{DownloadView, MemoryTrouble, Reached},
};

/// Downloads that are listed one by one.
const MOST_LISTED: usize = 10;

/// What an earlier run left.
pub fn remembered(views: &[DownloadView]) -> Vec<Line> {
    let first = how_many(views);
    let each = views.iter().take(MOST_LISTED).map(|view| {
        let head = t!("download-head", number = view.number, file = view.file);
        Line::from(match how_far(view.reached) {
            Some(how_far) => format!("    {head}: {how_far}"),
            None => format!("    {head}"),
        })
    });
    let more = views.len().saturating_sub(MOST_LISTED);
    let more = (more > 0).then(|| Line::from(format!("    {}", t!("and-more", count = more))));
    std::iter::once(first).chain(each).chain(more).collect()
}

/// The same in one line.
pub fn how_many(views: &[DownloadView]) -> Line {
    Line::new(Tone::Good, t!("remembered", count = views.len()))
}

/// What went wrong with the file of what is left.
pub fn trouble(trouble: &MemoryTrouble) -> String {
    match trouble {
        MemoryTrouble::SetAside { path, to, damage } => {
            let why = errors::damage(damage);
            t!("memory-set-aside", path = path, why = why, to = to)
        }
        MemoryTrouble::Failed(error) => t!("memory-failed", why = files::store(error)),
    }
}

/// How far a paused download is, in few words, where that is known.
pub fn paused(reached: Reached) -> Option<String> {
    let share = percent(reached.have_bytes, reached.file_bytes);
    (reached.file_bytes > 0 && reached.have_bytes > 0)
        .then(|| t!("state-paused-at", how_far = share))
}

/// The same in full.
pub fn paused_in_full(reached: Reached) -> Option<String> {
    let how_far = how_far(reached).filter(|_| reached.have_bytes > 0)?;
    Some(t!("state-paused-at", how_far = how_far))
}

/// How far one is that runs, how fast, and how long it still takes.
pub fn running(snapshot: &Snapshot) -> String {
    let reached = Reached {
        have_bytes: snapshot.received_bytes,
        file_bytes: snapshot.file_bytes,
    };
    let left = settled_left(snapshot).map(|left| t!("time-left", time = whole_time(left)));
    let parts = [how_far(reached), settled_rate(snapshot).map(rate), left];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    parts.join(", ")
}

fn how_far(reached: Reached) -> Option<String> {
    let Reached {
        have_bytes,
        file_bytes,
    } = reached;
    if have_bytes == 0 {
        return (file_bytes > 0).then(|| bytes(file_bytes));
    }
    (file_bytes > 0).then(|| {
        t!(
            "how-far",
            have = bytes(have_bytes),
            size = bytes(file_bytes),
            percent = percent(have_bytes, file_bytes)
        )
    })
}
