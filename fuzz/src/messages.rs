//! The messages of both planes, and the raw digests that follow `opened`.

use std::fmt::Debug;

use serde::{Serialize, de::DeserializeOwned};
use trozos::{
    model::{
        ChunkIndex, ChunkLayout, ChunkRange, Digest, FileMeta, Grant, Manifest, SourceInfo,
        limits::{MAX_FILE_BYTES, MAX_LINE_BYTES},
    },
    proto::{
        Hello, Lines,
        control::{FromCentral, ToCentral},
        data::{FromSecondary, ToSecondary},
        encode_line,
    },
};

use crate::names::{check_client_name, check_file_name};

/// Lines to the central.
pub fn to_central(data: &[u8]) {
    match round_trip(data) {
        Some(ToCentral::Hello(hello)) => check_hello(hello),
        Some(ToCentral::Enrol { name }) => check_client_name(&name),
        Some(ToCentral::Download { name, .. } | ToCentral::List { after: Some(name) }) => {
            check_file_name(&name);
        }
        Some(ToCentral::Resume { file, .. }) => check_file(&file),
        Some(ToCentral::Inventory { files, .. } | ToCentral::Added { files, .. }) => {
            files.iter().for_each(|held| check_file(&held.meta));
        }
        Some(ToCentral::Removed { files, .. }) => files.iter().for_each(check_file),
        Some(ToCentral::Sent { transfers }) => {
            transfers
                .iter()
                .for_each(|sent| check_file_name(&sent.file));
        }
        Some(
            ToCentral::Ping
            | ToCentral::Bye
            | ToCentral::Report { .. }
            | ToCentral::Finished(_)
            | ToCentral::List { after: None }
            | ToCentral::Status
            | ToCentral::Limits(_)
            | ToCentral::Noted { .. }
            | ToCentral::Cancel { .. },
        )
        | None => {}
    }
}

/// Lines from the central.
pub fn from_central(data: &[u8]) {
    match round_trip(data) {
        Some(FromCentral::Hello(hello)) => check_hello(hello),
        Some(FromCentral::Sources { sources, .. }) => sources.iter().for_each(check_source),
        Some(FromCentral::Enrolled { name }) => check_client_name(&name),
        Some(FromCentral::Listing { files, .. }) => {
            files.iter().for_each(|listed| check_file(&listed.file));
        }
        Some(FromCentral::Granted { grant, .. }) => check_grant(&grant),
        Some(FromCentral::Copy(order)) => check_grant(&order.grant),
        Some(FromCentral::Withdraw { files, .. }) => files.iter().for_each(check_file),
        Some(FromCentral::Check { file, .. } | FromCentral::Superseded { file, .. }) => {
            check_file(&file);
        }
        Some(FromCentral::Conflicts { names, .. }) => {
            for conflict in &names {
                check_file_name(&conflict.name);
                let versions = conflict.versions.iter();
                versions.for_each(|version| check_file(&version.file));
            }
        }
        Some(
            FromCentral::Ping
            | FromCentral::Bye
            | FromCentral::Error { .. }
            | FromCentral::Status(_)
            | FromCentral::Queued { .. }
            | FromCentral::Refused { .. }
            | FromCentral::Settled { .. }
            | FromCentral::CancelCopy { .. }
            | FromCentral::Noted { .. }
            | FromCentral::Ended { .. },
        )
        | None => {}
    }
}

/// Lines to a secondary.
pub fn to_secondary(data: &[u8]) {
    match round_trip(data) {
        Some(ToSecondary::Hello(hello)) => check_hello(hello),
        Some(ToSecondary::Open { name, .. }) => check_file_name(&name),
        Some(
            ToSecondary::Get { .. }
            | ToSecondary::Cancel { .. }
            | ToSecondary::Close
            | ToSecondary::Ping,
        )
        | None => {}
    }
}

/// Lines from a secondary.
pub fn from_secondary(data: &[u8]) {
    if let Some(FromSecondary::Hello(hello)) = round_trip(data) {
        check_hello(hello);
    }
}

/// A file's length, and the raw digests that a secondary sends for it.
pub fn manifest(data: &[u8]) {
    let Some((length, raw)) = data.split_first_chunk() else {
        return;
    };
    let length = u64::from_be_bytes(*length);
    let Ok(layout) = ChunkLayout::for_file(length) else {
        assert!(length > MAX_FILE_BYTES);
        return;
    };
    let expected_bytes = (u64::from(layout.chunk_count()) + 1) * Digest::BYTES as u64;
    assert_eq!(Manifest::raw_bytes(layout), expected_bytes);
    match Manifest::from_raw(layout, raw) {
        Ok(manifest) => {
            assert_eq!(manifest.to_raw(), raw);
            assert!(manifest.canonical().ends_with(raw));
            let digests = layout.all().iter().map(|chunk| manifest.chunk(chunk));
            let digests = digests.map(|digest| digest.expect("every chunk has a digest"));
            let again = Manifest::new(layout, manifest.whole(), digests.collect());
            assert_eq!(again, Ok(manifest.clone()));
            assert_eq!(manifest.chunk(ChunkIndex(layout.chunk_count())), None);
        }
        Err(error) => {
            assert_ne!(raw.len() as u64, expected_bytes);
            assert_eq!(error.expected_bytes, expected_bytes);
            assert_eq!(error.actual_bytes, raw.len() as u64);
        }
    }
}

/// What is understood can be said, on one line, and is understood as the same.
fn round_trip<M>(line: &[u8]) -> Option<M>
where
    M: DeserializeOwned + Serialize + PartialEq + Debug,
{
    if line.len() >= MAX_LINE_BYTES {
        return None;
    }
    let message: M = Lines::parse(line).ok()?;
    let mut encoded = Vec::new();
    encode_line(&message, &mut encoded);
    let (line_feed, encoded) = encoded.split_last().expect("it has a line feed");
    assert_eq!(*line_feed, b'\n');
    assert!(!encoded.contains(&b'\n'));
    let again: M = Lines::parse(encoded).expect("what was said is understood");
    assert_eq!(again, message);
    Some(message)
}

fn check_hello(hello: Hello) {
    if let Some(name) = &hello.name {
        check_client_name(name);
    }
    if let Ok(role) = hello.into_role() {
        assert_eq!(Hello::from_role(&role).into_role(), Ok(role));
    }
}

fn check_file(file: &FileMeta) {
    check_file_name(&file.name);
    assert!(file.layout.file_bytes() <= MAX_FILE_BYTES);
    let length = file.layout.file_bytes();
    assert_eq!(ChunkLayout::for_file(length), Ok(file.layout));
}

fn check_grant(grant: &Grant) {
    check_file(&grant.file);
    grant.sources.iter().for_each(check_source);
}

fn check_source(source: &SourceInfo) {
    for &ChunkRange { first, count } in &source.ranges {
        assert!(first.checked_add(count).is_some(), "a range that overflows");
    }
}
