//! Values for tests outside of the crate, as `model::samples` has them for those inside.

use trozos::model::{ChunkLayout, ClientName, Digest, FileMeta, FileName, SecondaryNumber};

pub fn name(text: &str) -> FileName {
    FileName::try_from(text).unwrap()
}

pub fn client_name(text: &str) -> ClientName {
    ClientName::try_from(text).unwrap()
}

pub fn number(n: u64) -> SecondaryNumber {
    SecondaryNumber::try_from(n).unwrap()
}

/// A file of so many bytes. Its id is this byte, repeated.
pub fn meta(file: &str, bytes: u64, id: u8) -> FileMeta {
    FileMeta {
        name: name(file),
        layout: ChunkLayout::for_file(bytes).unwrap(),
        id: Digest::new([id; 32]),
    }
}
