//! The lines of the protocol: messages to bytes and back, cut out of a stream as a connection does it.
//! `cargo bench --bench codec`
#![allow(clippy::unwrap_used)]

use bytes::BytesMut;
use divan::{
    Bencher, black_box,
    counter::{BytesCount, ItemsCount},
};
use serde::{Serialize, de::DeserializeOwned};
use trozos::{
    model::{
        ChunkIndex, ChunkLayout, Digest, FileMeta, FileName, ListedFile, RequestId,
        limits::PAGE_BYTES,
        messages::{Answer, FromClient},
    },
    proto::{
        Lines,
        control::{FromCentral, ToCentral},
        data::{FromSource, ToSource},
        encode_line,
    },
};

/// Small messages are measured so many at a time.
const MESSAGES: u32 = 1000;

fn main() {
    divan::main();
}

fn requests() -> Vec<ToSource> {
    (0..MESSAGES).map(|n| ToSource::Get { chunk: ChunkIndex(n * 8), part: None, lately: None }).collect()
}

fn data_headers() -> Vec<FromSource> {
    (0..MESSAGES)
        .map(|n| FromSource::Data { chunk: ChunkIndex(n * 8), offset: (n % 4) << 18, length: 1 << 18 })
        .collect()
}

fn wishes() -> Vec<ToCentral> {
    let name = |n| FileName::try_from(format!("Series/capítulo {n:05}.mp4").as_str()).unwrap();
    let wish = |n| FromClient::Download { request: RequestId(n), name: name(n) };
    (0..MESSAGES.into()).map(|n| wish(n).into()).collect()
}

/// One page, as long as a page may be.
fn listing() -> Vec<FromCentral> {
    let mut room = PAGE_BYTES;
    let files = (0..)
        .map(|n: u64| ListedFile {
            file: FileMeta {
                name: FileName::try_from(format!("Series/Año 2017/capítulo {n:05}.mp4").as_str()).unwrap(),
                layout: ChunkLayout::for_file((n << 20) + 12345).unwrap(),
                id: Digest::new([n as u8; 32]),
            },
            holders: 3,
            wanted: 4,
            conflict: false,
        })
        .take_while(|listed| {
            let size = serde_json::to_vec(listed).unwrap().len() + 1;
            let fits = size <= room;
            room = room.saturating_sub(size);
            fits
        })
        .collect();
    vec![Answer::Listing { ready: true, files, more: true }.into()]
}

fn encoded<M: Serialize>(messages: &[M]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for message in messages {
        encode_line(message, &mut bytes);
    }
    bytes
}

fn encode<M: Serialize + Sync>(bencher: Bencher<'_, '_>, messages: Vec<M>, items: usize) {
    let mut bytes = encoded(&messages);
    bencher.counter(BytesCount::new(bytes.len())).counter(ItemsCount::new(items)).bench_local(|| {
        bytes.clear();
        for message in black_box(&messages) {
            encode_line(message, &mut bytes);
        }
        bytes.len()
    });
}

fn decode<M: Serialize + DeserializeOwned + PartialEq>(bencher: Bencher<'_, '_>, messages: Vec<M>, items: usize) {
    let bytes = encoded(&messages);
    bencher
        .counter(BytesCount::new(bytes.len()))
        .counter(ItemsCount::new(items))
        .with_inputs(|| BytesMut::from(&bytes[..]))
        .bench_local_values(|mut buffer| {
            let mut lines = Lines::default();
            while let Some(line) = lines.next_line(&mut buffer).unwrap() {
                black_box(Lines::parse::<M>(&line).unwrap());
            }
        });
}

fn files_in(page: &[FromCentral]) -> usize {
    page.iter()
        .map(|message| match message {
            FromCentral::Answer(Answer::Listing { files, .. }) => files.len(),
            _ => 0,
        })
        .sum()
}

#[divan::bench]
fn encode_chunk_requests(bencher: Bencher<'_, '_>) {
    encode(bencher, requests(), MESSAGES as usize);
}

#[divan::bench]
fn decode_chunk_requests(bencher: Bencher<'_, '_>) {
    decode(bencher, requests(), MESSAGES as usize);
}

#[divan::bench]
fn encode_data_headers(bencher: Bencher<'_, '_>) {
    encode(bencher, data_headers(), MESSAGES as usize);
}

#[divan::bench]
fn decode_data_headers(bencher: Bencher<'_, '_>) {
    decode(bencher, data_headers(), MESSAGES as usize);
}

#[divan::bench]
fn encode_wishes(bencher: Bencher<'_, '_>) {
    encode(bencher, wishes(), MESSAGES as usize);
}

#[divan::bench]
fn decode_wishes(bencher: Bencher<'_, '_>) {
    decode(bencher, wishes(), MESSAGES as usize);
}

/// An item is a file of the page.
#[divan::bench]
fn encode_listing_page(bencher: Bencher<'_, '_>) {
    let page = listing();
    let files = files_in(&page);
    encode(bencher, page, files);
}

/// An item is a file of the page.
#[divan::bench]
fn decode_listing_page(bencher: Bencher<'_, '_>) {
    let page = listing();
    let files = files_in(&page);
    decode(bencher, page, files);
}
