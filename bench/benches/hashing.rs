//! SHA-256 by several libraries, in pieces of the sizes that this program reads and hashes.
//! `cargo bench --bench hashing`

use divan::{Bencher, black_box, counter::BytesCount};
use sha2::Digest as _;

const SIZES: [usize; 2] = [256 << 10, 1 << 20];

fn main() {
    divan::main();
}

/// Every thread hashes a buffer of its own.
fn hash<T>(bencher: Bencher<'_, '_>, size: usize, digest: impl Fn(&[u8]) -> T + Sync) {
    let bytes: Vec<u8> = (0..size).map(|i| (i * 7 + i / 251) as u8).collect();
    bencher.counter(BytesCount::new(size)).with_inputs(|| bytes.clone()).bench_refs(|bytes| digest(black_box(bytes)));
}

#[divan::bench(args = SIZES, threads = [1, 2])]
fn sha2_crate(bencher: Bencher<'_, '_>, size: usize) {
    hash(bencher, size, |bytes| sha2::Sha256::digest(bytes));
}

#[divan::bench(args = SIZES, threads = [1, 2])]
fn ring_crate(bencher: Bencher<'_, '_>, size: usize) {
    hash(bencher, size, |bytes| ring::digest::digest(&ring::digest::SHA256, bytes));
}

#[divan::bench(args = SIZES, threads = [1, 2])]
fn aws_lc(bencher: Bencher<'_, '_>, size: usize) {
    hash(bencher, size, |bytes| aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes));
}

/// As many messages at once as the processor has lanes for.
#[divan::bench(args = SIZES, threads = [1, 2])]
fn tape_sha256_lanes(bencher: Bencher<'_, '_>, size: usize) {
    let lanes = tape_sha256::lane_width();
    let bytes: Vec<u8> = (0..size * lanes).map(|i| (i * 7 + i / 251) as u8).collect();
    bencher.counter(BytesCount::new(size * lanes)).with_inputs(|| bytes.clone()).bench_refs(|bytes| {
        let messages: Vec<&[u8]> = black_box(bytes).chunks(size).collect();
        let mut digests = vec![[0; 32]; lanes];
        tape_sha256::hash_many(&messages, &mut digests);
        digests
    });
}
