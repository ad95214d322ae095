//! A file that is being received: `NAME.part` and its journal of verified chunks.

/// What was found of an earlier run, when it could not simply go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartNote {
    /// It was of other content, or its journal is of no use: everything is asked for again.
    StartedOver,
    /// Some journalled chunks were not in the file as they should be, and are asked for again.
    Damaged {
        /// How many.
        chunks: u32,
    },
}
