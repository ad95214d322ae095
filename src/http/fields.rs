//! Fields of answers that are true now.

use axum::http::{HeaderMap, HeaderValue, header};

/// A line of text that is true now.
pub(super) fn plain(headers: &mut HeaderMap) {
    typed(headers, "text/plain; charset=utf-8");
}

/// Something of this type that is true now.
pub(super) fn typed(headers: &mut HeaderMap, mime: &'static str) {
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(mime));
    let no_store = HeaderValue::from_static("no-store");
    headers.insert(header::CACHE_CONTROL, no_store);
}
