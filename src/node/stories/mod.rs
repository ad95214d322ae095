//! Stories of the real nodes: a central, secondaries and clients as they are, with real folders, on a network in memory
//! (`net/memory`) and by a clock that stands still while anything is done, so that a minute takes a moment. `tests/sim`
//! has more nodes and far more faults, and retells what is around the machines; here that is what is tried.
//!
//! Only the folder index lives in the world's time, as a thread of its own: [`cluster::until_found`] lets it keep up. A story
//! is told the same way each time, but not to the microsecond: `select!` and threads take turns as they like.

mod books;
mod centrals;
mod cluster;
mod downloads;
mod faults;
mod limits;
mod random;
mod watching;
