//! What a secondary's prompt completes of what was set aside.

use std::sync::Arc;

use super::{
    console::{Suggestion, Values},
    text::units::bytes,
};
use crate::{node::shelf::Aside, store::retired::RetiredFile};

/// Numbers of what can be brought back or removed.
#[derive(Debug)]
pub(super) struct RetiredValues(pub(super) Arc<dyn Aside>);

impl Values for RetiredValues {
    fn of(&self, id: &str, fresh: bool) -> Arc<[Suggestion]> {
        let suggestion = |file: RetiredFile| Suggestion {
            text: file.number.to_string(),
            remark: format!("{}: {}", file.name, bytes(file.bytes)),
        };
        match id {
            "recover" | "empty" if fresh => {
                let files = self.0.list().unwrap_or_default();
                files.into_iter().map(suggestion).collect()
            }
            _ => Arc::default(),
        }
    }
}
