//! What a flag is for.

use super::language;

/// The text of a flag: of this program's, or of all programs'.
pub(in crate::cli) fn flag_text(id: &str, path: &str) -> Option<String> {
    let id = id.replace('_', "-");
    language::find(&format!("flag-{path}-{id}")).or_else(|| language::find(&format!("flag-{id}")))
}
