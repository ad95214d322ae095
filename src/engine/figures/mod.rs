//! Named values that people and programs count with. `table` has them, decides what an order does to one, and applies the
//! facts that follow; `queue` says whose order is next where many wait. Both are pure; `engine/registry` keeps the table,
//! `node/central/figures` asks both.

mod queue;
mod table;
#[cfg(test)]
mod tests;

pub use self::{
    queue::{Queue, Source},
    table::{Decided, FigureFact, Figures},
};
