//! trozos: large files from a few servers that may fail, to everybody on a LAN.
//!
//! In reading order, each layer knowing only those above it in this list: [`model`] is the vocabulary,
//! [`engine`] decides, [`proto`] is the wire's language, [`net`] has the sockets, [`store`] the files,
//! [`node`] makes the three roles of them, [`http`] is their face for browsers and other programs, and [`cli`] is what
//! people see.

#[warn(missing_docs)]
pub mod model;

#[warn(missing_docs)]
pub mod engine;

#[warn(missing_docs)]
pub mod proto;

pub mod net;

pub mod store;

pub mod node;

pub mod http;

pub mod cli;
