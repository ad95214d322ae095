//! trozos: large files from a few servers that may fail.
pub mod model;
pub mod proto;
