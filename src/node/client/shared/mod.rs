//! What a client serves to its peers: files that its user publishes, where they are, and `running` what it receives itself. `shelf` is the list of them, `records`
//! the folder where they are remembered, `connection` one connection of a peer, and `inputs` what connections ask of the
//! owner; `door` is where peers come in, `standing` what this client is to them. A peer is let in by a ticket of the central alone, and for one content.

mod connection;
mod door;
mod inputs;
mod records;
mod running;
mod shelf;
mod standing;

pub(super) use self::{
    door::Door,
    inputs::{Held, PeerInput, What},
    records::{Record, Records},
    running::Running,
    shelf::{Here, Item, Shelf, State},
    standing::{Own, Standing},
};
