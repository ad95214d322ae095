//! The head of an answer that is a file, or a part of one.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header},
};
use base64::{Engine, engine::general_purpose::STANDARD};

use super::{
    kinds,
    names::{Placing, disposition, last_component},
    ranges::{Asked, Wants, asked},
};
use crate::model::{ByteRange, Digest, FileMeta, Manifest};

const REPR_DIGEST: HeaderName = HeaderName::from_static("repr-digest");
const CONTENT_DIGEST: HeaderName = HeaderName::from_static("content-digest");
/// Of RFC 3230: what aria2 reads.
const DIGEST: HeaderName = HeaderName::from_static("digest");

/// How long an answer may be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lasting {
    /// The name may stand for another content at any time.
    AskAgain,
    /// The address names the content.
    ForEver,
    /// It comes as it is read, and a cache would wait for it.
    NotStored,
}

/// How a file is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manner {
    pub(super) wants: Wants,
    pub(super) lasting: Lasting,
    /// The request asks for a file to be saved.
    pub(super) saved: bool,
}

/// The head of the answer, and the bytes that are its body, if it has one.
pub(super) fn head(
    meta: &FileMeta,
    manifest: &Manifest,
    request: &HeaderMap,
    manner: Manner,
) -> (Response<Body>, Option<ByteRange>) {
    let bytes = meta.layout.file_bytes();
    let tag = format!("\"{}\"", meta.id);
    let asked = asked(manner.wants, request, &tag, bytes);
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    put(headers, header::ETAG, &tag);
    let cache = match manner.lasting {
        Lasting::AskAgain => "no-cache",
        Lasting::ForEver => "public, max-age=31536000, immutable",
        Lasting::NotStored => "no-store",
    };
    put(headers, header::CACHE_CONTROL, cache);
    let whole = ByteRange {
        start: 0,
        end: bytes,
    };
    let (status, range) = match asked {
        Asked::Whole => (StatusCode::OK, whole),
        Asked::Part(range) => {
            let (first, last) = (range.start, range.end - 1);
            let part = format!("bytes {first}-{last}/{bytes}");
            put(headers, header::CONTENT_RANGE, &part);
            (StatusCode::PARTIAL_CONTENT, range)
        }
        // A body would be appended to the file by clients that go on with it.
        Asked::Unsatisfiable => {
            put(headers, header::CONTENT_RANGE, &format!("bytes */{bytes}"));
            put(headers, header::CONTENT_LENGTH, "0");
            *response.status_mut() = StatusCode::RANGE_NOT_SATISFIABLE;
            return (response, None);
        }
        Asked::NotModified => {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            return (response, None);
        }
        Asked::Failed => {
            put(headers, header::CONTENT_LENGTH, "0");
            *response.status_mut() = StatusCode::PRECONDITION_FAILED;
            return (response, None);
        }
    };
    describe(headers, meta, manifest, manner.saved);
    put(headers, header::CONTENT_LENGTH, &range.len().to_string());
    let has_body = manner.wants == Wants::Body;
    if has_body && let Some(digest) = digest_of(manifest, range) {
        put(headers, CONTENT_DIGEST, &field(digest));
    }
    *response.status_mut() = status;
    (response, has_body.then_some(range))
}

/// What is said of a file, whichever part of it is sent.
fn describe(headers: &mut HeaderMap, meta: &FileMeta, manifest: &Manifest, saved: bool) {
    let name = last_component(&meta.name);
    let kind = kinds::of(name);
    let placing = if saved {
        Placing::Attachment
    } else {
        kind.placing
    };
    put(headers, header::CONTENT_TYPE, kind.mime);
    put(headers, header::CONTENT_SECURITY_POLICY, kind.policy);
    put(headers, header::ACCEPT_RANGES, "bytes");
    let disposition = disposition(placing, name);
    put(headers, header::CONTENT_DISPOSITION, &disposition);
    let whole = manifest.whole();
    put(headers, REPR_DIGEST, &field(whole));
    let old = format!("SHA-256={}", STANDARD.encode(whole.as_bytes()));
    put(headers, DIGEST, &old);
}

/// The digest of a range, where it is known: of the whole, or of one chunk.
fn digest_of(manifest: &Manifest, range: ByteRange) -> Option<Digest> {
    let layout = manifest.layout();
    if range.start == 0 && range.end == layout.file_bytes() {
        return Some(manifest.whole());
    }
    manifest.chunk(layout.chunk_of(range)?)
}

/// A digest as RFC 9530 writes it.
fn field(digest: Digest) -> String {
    format!("sha-256=:{}:", STANDARD.encode(digest.as_bytes()))
}

fn put(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    // All of them are ASCII.
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::{ChunkLayout, FileName, FileTime, IndexedFile, Stamp};

    const CHUNK: u64 = 1 << 20;

    fn file(name: &str, bytes: u64) -> IndexedFile {
        let layout = ChunkLayout::for_file(bytes).unwrap();
        let chunks = (0..layout.chunk_count())
            .map(|chunk| Digest::new([chunk as u8; 32]))
            .collect();
        let manifest = Manifest::new(layout, Digest::new([9; 32]), chunks).unwrap();
        IndexedFile {
            meta: FileMeta {
                name: FileName::try_from(name).unwrap(),
                layout,
                id: Digest::new([7; 32]),
            },
            manifest: Arc::new(manifest),
            stamp: Stamp {
                device: 1,
                inode: 1,
                bytes,
                changed: FileTime(0, 0),
            },
        }
    }

    fn manner(wants: Wants) -> Manner {
        Manner {
            wants,
            lasting: Lasting::AskAgain,
            saved: false,
        }
    }

    fn get(
        file: &IndexedFile,
        wants: Wants,
        range: Option<&str>,
    ) -> (Response<Body>, Option<ByteRange>) {
        let mut headers = HeaderMap::new();
        if let Some(range) = range {
            headers.insert(header::RANGE, range.parse().unwrap());
        }
        head(&file.meta, &file.manifest, &headers, manner(wants))
    }

    fn value(response: &Response<Body>, name: &str) -> String {
        let value = response.headers().get(name);
        value.map_or("", |value| value.to_str().unwrap()).to_owned()
    }

    #[test]
    fn a_whole_file_says_all_of_itself() {
        let file = file("serie/ñu.mp4", 2 * CHUNK + 5);
        for wants in [Wants::Body, Wants::Head] {
            let (response, range) = get(&file, wants, None);
            assert_eq!(response.status(), 200);
            let expected = (wants == Wants::Body).then_some(2 * CHUNK + 5);
            assert_eq!(range.map(ByteRange::len), expected);
            for (name, expected) in [
                ("etag", format!("\"{}\"", file.meta.id)),
                ("content-length", (2 * CHUNK + 5).to_string()),
                ("accept-ranges", "bytes".to_owned()),
                ("content-type", "video/mp4".to_owned()),
                ("cache-control", "no-cache".to_owned()),
                (
                    "content-disposition",
                    "inline; filename=\"_u.mp4\"; filename*=UTF-8''%C3%B1u.mp4".to_owned(),
                ),
                (
                    "repr-digest",
                    "sha-256=:CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=:".to_owned(),
                ),
                (
                    "digest",
                    "SHA-256=CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=".to_owned(),
                ),
            ] {
                assert_eq!(value(&response, name), expected, "{name}");
            }
            let has_content_digest = response.headers().contains_key("content-digest");
            assert_eq!(has_content_digest, wants == Wants::Body);
            assert!(!response.headers().contains_key("last-modified"));
        }
    }

    #[test]
    fn parts_have_the_digest_of_the_whole_and_a_chunk_its_own() {
        let file = file("a.bin", 2 * CHUNK + 5);
        let chunk = |n: u8| format!("sha-256=:{}:", STANDARD.encode([n; 32]));
        for (range, part, digest) in [
            ("bytes=0-1", "bytes 0-1/2097157", String::new()),
            ("bytes=0-1048575", "bytes 0-1048575/2097157", chunk(0)),
            (
                "bytes=1048576-2097151",
                "bytes 1048576-2097151/2097157",
                chunk(1),
            ),
            ("bytes=-5", "bytes 2097152-2097156/2097157", chunk(2)),
            ("bytes=0-", "bytes 0-2097156/2097157", chunk(9)),
            ("bytes=1-1048576", "bytes 1-1048576/2097157", String::new()),
        ] {
            let (response, body) = get(&file, Wants::Body, Some(range));
            assert_eq!(response.status(), 206, "{range}");
            assert_eq!(value(&response, "content-range"), part);
            assert_eq!(value(&response, "content-digest"), digest, "{range}");
            assert_eq!(value(&response, "repr-digest"), chunk(9));
            let length = body.map_or(0, ByteRange::len).to_string();
            assert_eq!(value(&response, "content-length"), length);
        }
        // A body of 416 would be appended to the file by whoever goes on with it.
        let (response, body) = get(&file, Wants::Body, Some("bytes=2097157-"));
        assert_eq!((response.status().as_u16(), body), (416, None));
        assert_eq!(value(&response, "content-range"), "bytes */2097157");
        assert_eq!(value(&response, "content-length"), "0");
    }

    #[test]
    fn an_empty_file_is_whole_whatever_is_asked_of_it() {
        let (response, _) = get(&file("a", 0), Wants::Body, Some("bytes=0-"));
        assert_eq!(response.status(), 200);
        assert_eq!(value(&response, "content-length"), "0");
    }
}
