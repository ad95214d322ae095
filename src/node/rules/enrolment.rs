//! What a secondary says on a new link, and when it gives up its number.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use crate::{
    model::{
        CopyLimits, Finished, SentTransfer,
        limits::PAGE_BYTES,
        messages::{FromReceiver, FromSecondary},
    },
    proto::{ErrorCode, control::ToCentral},
};

/// How long the central must keep saying that a number is in use before the number is given up. This is far longer than a
/// lease: a killed process leaves one behind, and it begins anew each time the central itself stands still.
pub const NUMBER_PATIENCE: Duration = Duration::from_secs(10);
/// A longer gap between two attempts means that one side stood still, or that there was no network. What was said before
/// the gap does not count.
const NO_ANSWER: Duration = Duration::from_secs(3);

/// For how long the central has been saying, without a gap, that a number is in use.
#[derive(Clone, Copy, Debug, Default)]
pub struct InUse {
    /// The first and the last time.
    said: Option<(Instant, Instant)>,
}

impl InUse {
    /// It was said again; gives for how long it has been said.
    fn again(&mut self, now: Instant) -> Duration {
        let since = match self.said {
            Some((since, last)) if now.saturating_duration_since(last) <= NO_ANSWER => since,
            Some(_) | None => now,
        };
        self.said = Some((since, now));
        now.saturating_duration_since(since)
    }
}

/// What a new link is told besides the files that are held ([`super::changes`] tells those): where no copies are taken,
/// which copies ended while the central was away, and everything that was sent lately, as the central may have forgotten.
pub fn first_messages(
    limits: CopyLimits,
    unsent: VecDeque<Finished>,
    sent: Vec<SentTransfer>,
) -> Vec<ToCentral> {
    let mut messages: Vec<ToCentral> = Vec::new();
    if !limits.is_none() {
        messages.push(FromSecondary::Limits(limits).into());
    }
    messages.extend(
        unsent
            .into_iter()
            .map(|end| FromReceiver::Finished(end).into()),
    );
    messages.extend(sent_pages(sent).map(ToCentral::from));
    messages
}

/// A report, in pages.
pub fn sent_pages(sent: Vec<SentTransfer>) -> impl Iterator<Item = FromSecondary> {
    pages(sent)
        .into_iter()
        .map(|transfers| FromSecondary::Sent { transfers })
}

/// True if waiting will not help against a refusal. The caller keeps `in_use` until the link is up.
pub fn is_for_good(now: Instant, code: ErrorCode, in_use: &mut InUse) -> bool {
    match code {
        ErrorCode::NumberInUse => in_use.again(now) >= NUMBER_PATIENCE,
        ErrorCode::NumberNotAllowed | ErrorCode::WrongProtocol => true,
        _ => false,
    }
}

/// Cuts a list into pages that fit a line each. An empty list has no pages.
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
    fn a_number_is_given_up_when_it_has_been_in_use_for_long_without_a_gap() {
        let start = Instant::now();
        let mut in_use = InUse::default();
        let mut is_for_good = |ms| {
            let now = start + Duration::from_millis(ms);
            is_for_good(now, ErrorCode::NumberInUse, &mut in_use)
        };
        assert!(!is_for_good(0));
        // The central stands still, and finds the old lease alive when it wakes.
        assert!(!is_for_good(12_000));
        let patience = NUMBER_PATIENCE.as_millis() as u64;
        for ms in (12_000..12_000 + patience).step_by(1900) {
            assert!(!is_for_good(ms), "{ms}");
        }
        assert!(is_for_good(12_000 + patience));
    }

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
