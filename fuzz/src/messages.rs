//! The messages of both planes, and the raw digests that follow `opened`.

use std::fmt::Debug;

use serde::{Serialize, de::DeserializeOwned};
use trozos::{
    model::{
        ChunkIndex, ChunkLayout, ChunkRange, ClusterId, Digest, FileMeta, Grant, Have, Manifest,
        PeerNumber, SourceInfo, Ticket,
        limits::{MAX_CHUNKS, MAX_FILE_BYTES, MAX_LINE_BYTES, MAX_WANTED_CHUNKS},
        messages::{
            self, Answer, Counting, ForClient, ForReceiver, ForSecondary, FromClient, FromReceiver,
            Question,
        },
    },
    proto::{
        Hello, Lines, Wanted,
        account::{Channel, NotSigned},
        control::{FromCentral, ToCentral},
        data::{FromSource, ToSource},
        encode_line,
        handshake::{Nonce, Opening, ServerRole},
        ticket::{About, SigningKey, check},
    },
};

use crate::names::{check_account_name, check_client_name, check_file_name};

/// Lines to the central.
pub fn to_central(data: &[u8]) {
    match round_trip(data) {
        Some(ToCentral::Hello(hello)) => check_hello(hello),
        Some(ToCentral::Client(message)) => from_client(&message),
        Some(ToCentral::Signed(signed)) => {
            let (_, claim) = signed.parts();
            check_client_name(&claim.name);
            // Nobody has signed it here.
            assert_eq!(channel().check(&signed), Err(NotSigned));
        }
        Some(ToCentral::Question(Question::Users { after })) => {
            after.iter().for_each(check_account_name);
        }
        Some(ToCentral::Question(Question::Content { account, after })) => {
            check_account_name(&account);
            after.iter().for_each(check_file_name);
        }
        Some(ToCentral::Secondary(message)) => messages_from_secondary(&message),
        Some(ToCentral::Question(Question::List { after: Some(name) })) => check_file_name(&name),
        // Names and texts of rooms are checked where they are read.
        Some(ToCentral::Rooms(_)) => {}
        Some(ToCentral::Counting(Counting::Played { name })) => check_file_name(&name),
        Some(
            ToCentral::Question(
                Question::List { after: None } | Question::Status | Question::Audit { .. },
            )
            | ToCentral::Counting(Counting::Count { .. } | Counting::CountList { .. })
            | ToCentral::Ping
            | ToCentral::Bye
            | ToCentral::Receiver(FromReceiver::Report(_) | FromReceiver::Finished(_)),
        )
        | None => {}
    }
}

fn from_client(message: &FromClient) {
    match message {
        FromClient::Enrol { name } | FromClient::Guest { name } => check_client_name(name),
        FromClient::Download { name, .. } => check_file_name(name),
        FromClient::Resume(resume) => check_file(&resume.file),
        FromClient::Publish { order, .. } => check_file(&order.file),
        FromClient::Withdraw { name, .. } => check_file_name(name),
        FromClient::Offer { file, .. } => check_file(file),
        FromClient::Cancel { .. }
        | FromClient::SignOut
        | FromClient::Share(_)
        | FromClient::Progress { .. }
        | FromClient::MorePeers { .. }
        | FromClient::Seeding { .. } => {}
    }
}

/// A connection.
fn channel() -> Channel {
    let opening = Opening {
        hello: b"{}",
        server: ServerRole::Central,
        tls_session: b"",
    };
    Channel::new(&opening, Nonce::new([7; Nonce::BYTES]))
}

fn messages_from_secondary(message: &messages::FromSecondary) {
    use messages::FromSecondary;
    match message {
        FromSecondary::Inventory { files, .. } | FromSecondary::Added { files, .. } => {
            files.iter().for_each(|held| check_file(&held.meta));
        }
        FromSecondary::Removed { files, .. } => files.iter().for_each(check_file),
        FromSecondary::Sent { transfers } => {
            transfers
                .iter()
                .for_each(|sent| check_file_name(&sent.file));
        }
        FromSecondary::Limits(_) | FromSecondary::Ack { .. } => {}
    }
}

/// Lines from the central.
pub fn from_central(data: &[u8]) {
    match round_trip(data) {
        Some(FromCentral::Hello(hello)) => check_hello(hello),
        Some(FromCentral::Receiver(ForReceiver::Sources { sources, .. })) => {
            sources.iter().for_each(check_source);
        }
        Some(FromCentral::Client(message)) => for_client(&message),
        Some(FromCentral::Answer(Answer::Listing { files, .. })) => {
            files.iter().for_each(|listed| check_file(&listed.file));
        }
        Some(FromCentral::Answer(Answer::Users { users, .. })) => {
            users.iter().for_each(|user| check_account_name(&user.name));
        }
        Some(FromCentral::Answer(Answer::Content { files, .. })) => {
            files.iter().for_each(|listed| check_file(&listed.file));
        }
        Some(FromCentral::Answer(Answer::Audit { lines, .. })) => {
            for file in lines.iter().filter_map(|line| line.deed.file()) {
                check_file_name(file);
            }
        }
        Some(FromCentral::Secondary(message)) => for_secondary(&message),
        Some(
            FromCentral::Ping
            | FromCentral::Bye
            | FromCentral::Moved { .. }
            | FromCentral::Error { .. }
            | FromCentral::AccountRefused { .. }
            | FromCentral::Refused { .. }
            | FromCentral::RoomRefused { .. }
            | FromCentral::Rooms(_)
            | FromCentral::Counted(_)
            | FromCentral::Answer(Answer::Status(_)),
        )
        | None => {}
    }
}

fn for_client(message: &ForClient) {
    match message {
        ForClient::Enrolled { name } | ForClient::SignedOut { name } => check_client_name(name),
        ForClient::SignedIn { name, .. } => check_account_name(name),
        ForClient::Granted { grant, .. } => check_grant(grant),
        ForClient::Superseded { file, .. } => check_file(file),
        ForClient::Withdrawn { name, .. } => check_file_name(name),
        ForClient::Queued { .. }
        | ForClient::Published { .. }
        | ForClient::Booked { .. }
        | ForClient::YouAre { .. }
        | ForClient::Peers { .. }
        | ForClient::Private { .. }
        | ForClient::ServeTo { .. } => {}
    }
}

fn for_secondary(message: &ForSecondary) {
    match message {
        ForSecondary::Copy(order) => check_grant(&order.grant),
        ForSecondary::Withdraw { files, .. } => files.iter().for_each(check_file),
        ForSecondary::Check { file, .. } => check_file(file),
        ForSecondary::Conflicts { names, .. } => {
            for conflict in names {
                check_file_name(&conflict.name);
                let versions = conflict.versions.iter();
                versions.for_each(|version| check_file(&version.file));
            }
        }
        ForSecondary::CancelCopy { .. }
        | ForSecondary::Ack { .. }
        | ForSecondary::Ended { .. }
        | ForSecondary::Expelled { .. } => {}
    }
}

/// Lines to a secondary.
pub fn to_secondary(data: &[u8]) {
    match round_trip(data) {
        Some(ToSource::Hello(hello)) => check_hello(hello),
        Some(ToSource::Open { name, .. }) => check_file_name(&name),
        Some(ToSource::Any { wanted, .. }) => {
            let chunks = wanted.chunks();
            assert!(!chunks.is_empty() && chunks.chunk_count() <= MAX_CHUNKS);
            let first = chunks.iter().next().expect("it is not empty");
            assert!(chunks.chunk_count() - first.0 <= MAX_WANTED_CHUNKS);
            let again = Wanted::of(chunks.iter()).expect("it has a chunk");
            assert_eq!(again, wanted);
        }
        Some(ToSource::Get { .. } | ToSource::Cancel { .. } | ToSource::Close | ToSource::Ping)
        | None => {}
    }
}

/// Lines from a secondary.
pub fn from_secondary(data: &[u8]) {
    match round_trip(data) {
        Some(FromSource::Hello(hello)) => check_hello(hello),
        Some(FromSource::Have { chunks, .. }) => assert!(chunks.chunk_count() <= MAX_CHUNKS),
        Some(
            FromSource::Opened { .. }
            | FromSource::Data { .. }
            | FromSource::Cancelled { .. }
            | FromSource::Failed { .. }
            | FromSource::Queued
            | FromSource::None
            | FromSource::Closed { .. }
            | FromSource::Error { .. }
            | FromSource::Ping,
        )
        | None => {}
    }
}

/// The text of a ticket, and what it lets whom do.
pub fn ticket(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let Ok(ticket) = Ticket::try_from(text) else {
        return;
    };
    assert!(ticket.to_string().eq_ignore_ascii_case(text));
    let about = About {
        cluster: ClusterId(1),
        id: Digest::new([2; Digest::BYTES]),
        sender: PeerNumber::try_from(3).expect("a good number"),
    };
    let signer = SigningKey::from_seed(&[4; 32]);
    let good = signer.sign(&about, ticket.receiver, ticket.until_s);
    let checked = check(&ticket, &about, &signer.verify_key(), ticket.until_s);
    assert_eq!(checked.is_ok(), good == ticket, "somebody else can sign");
    assert!(check(&good, &about, &signer.verify_key(), ticket.until_s).is_ok());
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
    if let Have::Chunks(chunks) = &source.have {
        assert!(
            chunks.chunk_count() <= MAX_CHUNKS,
            "more chunks than a file has"
        );
    }
    for &ChunkRange { first, count } in &source.ranges {
        assert!(first.checked_add(count).is_some(), "a range that overflows");
    }
}
