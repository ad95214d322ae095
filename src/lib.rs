//! trozos: large files from a few servers that may fail.
pub mod engine;
pub mod model;
pub mod net;
pub mod node;
pub mod proto;
pub mod store;
