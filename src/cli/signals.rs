//! SIGINT, SIGTERM and SIGHUP: the first stops the program in order, the second ends it at once.

use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    iterator::Signals,
};
use tokio_util::sync::CancellationToken;

use super::{console::restore, exit::Exit};

/// Starts to listen; the token is cancelled by the first signal.
///
/// # Errors
/// When signals cannot be listened to.
pub fn listen() -> anyhow::Result<CancellationToken> {
    let stop = CancellationToken::new();
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    let stopped = stop.clone();
    std::thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || {
            for signal in signals.forever() {
                tracing::info!(signal, "signal");
                if stopped.is_cancelled() {
                    restore();
                    std::process::exit(i32::from(Exit::Interrupted.code()));
                }
                stopped.cancel();
            }
        })?;
    Ok(stop)
}
