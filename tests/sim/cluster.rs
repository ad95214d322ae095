//! placeholder
pub fn run(_seed: u64, _trace: bool) {}
