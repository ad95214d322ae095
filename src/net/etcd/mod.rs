//! A client of etcd: transactions, leases and watches, one endpoint at a time.
//!
//! Every request has a deadline. After any error, and after any silence, the next endpoint is asked; one is only accepted
//! once it has answered a linearizable read, so that a member that stands still, or has no quorum, is not asked for long.
//! HTTP/2's own keepalive is not used: etcd ends connections that use it often. Watches do not come back by themselves:
//! whoever watches begins anew from a revision that it knows.

mod calls;
mod client;
mod codec;
mod endpoints;
mod messages;
mod translation;
mod watch;

pub use calls::REQUEST_WITHIN;
pub use client::{Etcd, EtcdConfig, EtcdStatus};
pub use endpoints::{EtcdError, EtcdTls};
pub use watch::{EtcdWatch, WatchEnd};
