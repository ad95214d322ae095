//! What a secondary says on a new link, and when it gives its number up.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use crate::{
    model::{FileMeta, Finished, SentTransfer, limits::PAGE_BYTES},
    proto::{ErrorCode, control::ToCentral},
};

/// How long a number may be in use by a process whose lease is about to end.
pub const NUMBER_PATIENCE: Duration = Duration::from_secs(4);

/// All that a new link must be told: what is held, once the whole folder was read; copies that ended while
/// the central was away; everything sent of late, as the central may have forgotten.
pub fn first_words(
    held: Option<Vec<FileMeta>>,
    unsent: VecDeque<Finished>,
    sent: Vec<SentTransfer>,
) -> Vec<ToCentral> {
    let mut words = held.map_or_else(Vec::new, inventory);
    words.extend(unsent.into_iter().map(ToCentral::Finished));
    words.extend(sent_pages(sent));
    words
}

/// What is held, in pages, the last of them marked.
pub fn inventory(held: Vec<FileMeta>) -> Vec<ToCentral> {
    let mut pages = pages(held);
    let files = pages.pop().unwrap_or_default();
    let mut words: Vec<_> = pages
        .into_iter()
        .map(|files| ToCentral::Inventory { files, last: false })
        .collect();
    words.push(ToCentral::Inventory { files, last: true });
    words
}

/// A report, in pages.
pub fn sent_pages(sent: Vec<SentTransfer>) -> impl Iterator<Item = ToCentral> {
    pages(sent)
        .into_iter()
        .map(|transfers| ToCentral::Sent { transfers })
}

/// True when a refusal is not waited out. `in_use_since` is when the number was first found in use, kept by
/// the caller until a link stands.
pub fn is_for_good(now: Instant, code: ErrorCode, in_use_since: &mut Option<Instant>) -> bool {
    match code {
        ErrorCode::NumberInUse => {
            let since = *in_use_since.get_or_insert(now);
            now.saturating_duration_since(since) >= NUMBER_PATIENCE
        }
        ErrorCode::NumberNotAllowed | ErrorCode::WrongProtocol => true,
        _ => false,
    }
}

/// Cuts a list into pages that fit a line each; none for an empty list.
fn pages<T: serde::Serialize>(items: Vec<T>) -> Vec<Vec<T>> {
    let mut pages = Vec::new();
    let mut room = 0;
    for item in items {
        let size = serde_json::to_vec(&item).map_or(0, |json| json.len() + 1);
        if size > room || pages.is_empty() {
            pages.push(Vec::new());
            room = PAGE_BYTES;
        }
        room = room.saturating_sub(size);
        if let Some(page) = pages.last_mut() {
            page.push(item);
        }
    }
    pages
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold_everything_once_and_fit_a_line() {
        let items: Vec<String> = (0..1000).map(|n| format!("{n:0200}")).collect();
        let pages = pages(items.clone());
        assert!(pages.len() > 1);
        for page in &pages {
            assert!(serde_json::to_vec(page).unwrap().len() <= PAGE_BYTES + 2);
        }
        assert_eq!(pages.concat(), items);
        assert!(super::pages(Vec::<u8>::new()).is_empty());
    }
}
