//! Values for unit tests and fuzz targets: good ones, made of what matters where they are used.

use super::{
    ChunkLayout, ClientName, Digest, FileMeta, FileName, Finished, FromPeers, Have, Outcome,
    ReceivedFrom, SecondaryNumber, SourceId, SourceInfo, TransferId, Who,
};

/// The name of a file.
pub fn name(text: &str) -> FileName {
    FileName::try_from(text).expect("a good name")
}

/// The name of a client.
pub fn client(text: &str) -> ClientName {
    ClientName::try_from(text).expect("a good name")
}

/// The number of a secondary.
pub fn number(n: u64) -> SecondaryNumber {
    SecondaryNumber::try_from(n).expect("a good number")
}

/// A secondary as a source.
pub fn secondary(n: u64) -> Who {
    Who::Secondary(number(n))
}

/// A file of so many bytes. Its id is this byte, repeated.
pub fn meta(file: &str, bytes: u64, id: u8) -> FileMeta {
    FileMeta {
        name: name(file),
        layout: ChunkLayout::for_file(bytes).expect("a possible length"),
        id: Digest::new([id; Digest::BYTES]),
    }
}

/// A source that has all, with nothing of its own to send.
pub fn source(id: u32, who: Who) -> SourceInfo {
    SourceInfo {
        id: SourceId(id),
        who,
        address: ([10, 0, 0, 1], 1).into(),
        have: Have::All,
        ranges: Vec::new(),
        draining: false,
    }
}

/// What a receiver says when it is done and nobody sent it anything.
pub fn finished(transfer: TransferId, outcome: Outcome) -> Finished {
    Finished {
        transfer,
        outcome,
        reason: None,
        sources: Vec::new(),
        peers: FromPeers::default(),
    }
}

/// A chunk from a secondary whose id is its number.
pub fn received(n: u32, bytes: u64, wasted: u64) -> ReceivedFrom {
    ReceivedFrom {
        bytes,
        wasted,
        chunks: 1,
        ..ReceivedFrom::nothing(SourceId(n), secondary(n.into()))
    }
}
