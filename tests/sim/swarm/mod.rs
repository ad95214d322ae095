//! Flash crowds in virtual time: real download machines, real lines of senders, and the central's real room of swarms, on
//! a network where each uplink is shared evenly by what is sent at a time, and each downlink by what comes. Clients are
//! killed and frozen, lie, share nothing, come late and leave; secondaries die.
//!
//! After each event: nothing is asked of a peer that it has not announced, two chunks at most are outstanding there and one
//! `any` at a secondary, no wrong chunk is kept. In the end everybody who lives has the file, within the time that the
//! uplinks need for it, and the central has heard as much as of a short file.

mod client;
mod sender;
mod world;

pub use world::{Crowd, run};
