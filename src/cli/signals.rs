//! SIGINT and SIGTERM: the first stops the program in order, the second ends it at once. SIGHUP is the same where
//! there was a terminal, which is gone; a service reads again what may have changed. One that was ignored when the
//! program started stops nothing: `nohup` has SIGHUP ignored, and scripts have SIGINT ignored in what they start in
//! the background. A program that asks before it ends hears of a SIGINT, and decides.

use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    iterator::Signals,
};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use super::{console::restore, exit::Exit, logging::Log};

/// What SIGHUP means to a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hangup {
    /// Its terminal is gone: it stops in order.
    Stop,
    /// It has none: what may have changed is read again.
    Reload,
}

impl Hangup {
    /// What it means to a server that was told to run without a console, or was not.
    pub fn of(no_console: bool) -> Self {
        if no_console { Self::Reload } else { Self::Stop }
    }
}

/// What signals ask of a program.
#[derive(Clone, Debug)]
pub struct Requests {
    /// Cancelled by the first signal that stops it.
    pub stop: CancellationToken,
    /// SIGINTs that a program decides about.
    pub interrupts: Interrupts,
    /// Every SIGHUP of a service.
    pub reload: Reload,
    /// The log, which is in its new file by the time that others hear of a SIGHUP.
    pub log: Log,
}

/// SIGINTs of a program that asks before it ends. They stop other programs.
#[derive(Clone, Debug, Default)]
pub struct Interrupts {
    decides: Arc<AtomicBool>,
    heard: Arc<Notify>,
}

impl Interrupts {
    /// From here on they stop nothing: the program decides.
    pub fn decide(&self) {
        self.decides.store(true, Ordering::Relaxed);
    }

    /// Waits for the next one. Cancel-safe.
    pub async fn heard(&self) {
        self.heard.notified().await;
    }
}

/// SIGHUPs of a service. Several in a short time may count as one.
#[derive(Clone, Debug)]
pub struct Reload(watch::Receiver<u64>);

impl Reload {
    /// Waits for the next one. Cancel-safe.
    pub async fn asked(&mut self) {
        if self.0.changed().await.is_err() {
            pending().await
        }
    }
}

/// Starts to listen. The log is opened again at every SIGHUP that means to read again, before others hear of it.
///
/// # Errors
/// When signals cannot be listened to.
pub fn listen(hangup: Hangup, log: Log) -> anyhow::Result<Requests> {
    let stop = CancellationToken::new();
    let interrupts = Interrupts::default();
    let (sender, receiver) = watch::channel(0);
    let ignored = Ignored::now();
    let heard = [SIGINT, SIGTERM, SIGHUP].into_iter().filter(|signal| {
        let is_to_reload = *signal == SIGHUP && hangup == Hangup::Reload;
        is_to_reload || !ignored.has(*signal)
    });
    let mut signals = Signals::new(heard)?;
    let (stopped, again, asked) = (stop.clone(), log.clone(), interrupts.clone());
    std::thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || {
            for signal in signals.forever() {
                tracing::info!(signal, "signal");
                if signal == SIGHUP && hangup == Hangup::Reload {
                    again.reopen();
                    sender.send_modify(|reloads| *reloads += 1);
                } else if signal == SIGINT
                    && asked.decides.load(Ordering::Relaxed)
                    && !stopped.is_cancelled()
                {
                    asked.heard.notify_one();
                } else if stopped.is_cancelled() {
                    restore();
                    std::process::exit(i32::from(Exit::Interrupted.code()));
                } else {
                    stopped.cancel();
                }
            }
        })?;
    Ok(Requests {
        stop,
        interrupts,
        reload: Reload(receiver),
        log,
    })
}

/// The signals that this process ignores, a bit for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Ignored(u64);

impl Ignored {
    /// Called before anything is set up. Read from /proc, as the system call needs unsafe code; where /proc does not
    /// tell, none are ignored.
    fn now() -> Self {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        Self::of(&status)
    }

    fn of(status: &str) -> Self {
        let line = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        let mask = line.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
        Self(mask.unwrap_or(0))
    }

    fn has(self, signal: i32) -> bool {
        let bit = u32::try_from(signal - 1).ok();
        bit.and_then(|bit| self.0.checked_shr(bit)).unwrap_or(0) & 1 == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ignored_signals_are_read_from_what_the_system_tells() {
        let status = "Name:\tx\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000001003\n";
        let ignored = Ignored::of(status);
        assert!(ignored.has(SIGHUP) && ignored.has(SIGINT));
        assert!(!ignored.has(SIGTERM));
        assert_eq!(Ignored::of(""), Ignored(0));
        assert!(!Ignored::now().has(SIGTERM));
    }
}
