//! Downloads that are not complete: what an earlier run left, and how far they are.

use super::{
    errors, files,
    line::{Line, Tone},
    t,
    units::{bytes, percent},
};
use crate::node::client::{DownloadView, MemoryTrouble, Reached};

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

/// How far a paused download is, where that is known.
pub fn paused(reached: Reached) -> Option<String> {
    let how_far = how_far(reached)?;
    Some(t!("state-paused-at", how_far = how_far))
}

fn how_far(reached: Reached) -> Option<String> {
    let Reached {
        have_bytes,
        file_bytes,
    } = reached;
    (file_bytes > 0).then(|| {
        t!(
            "how-far",
            have = bytes(have_bytes),
            size = bytes(file_bytes),
            percent = percent(have_bytes, file_bytes)
        )
    })
}
