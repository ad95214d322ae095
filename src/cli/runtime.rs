//! The runtime of all programs. Essential threads are created at the start, or the program does not run. Where no
//! thread can be created later, as at a user's process limit, the existing ones do the work.

use std::{
    panic::{set_hook, take_hook},
    time::Duration,
};

use tokio::runtime::{Builder, Runtime};

use super::{console::restore, exit::Exit, output, text::t};

/// Threads for blocking work are kept, as a new one cannot always be created. A year stands for ever.
const KEEP_THREADS: Duration = Duration::from_secs(365 * 24 * 3600);

/// Creates the runtime. With too few threads the program ends here: tokio panics then, and would wait for the threads
/// that it has.
///
/// # Errors
/// When the system does not give what a runtime needs.
pub(super) fn start() -> std::io::Result<Runtime> {
    let usual = take_hook();
    set_hook(Box::new(|_| {
        restore();
        output::report(&t!("error", why = t!("no-threads")));
        std::process::exit(i32::from(Exit::Failed.code()));
    }));
    let mut builder = Builder::new_multi_thread();
    builder.enable_all().thread_keep_alive(KEEP_THREADS);
    let runtime = builder.build();
    if let Ok(runtime) = &runtime {
        runtime.spawn_blocking(|| ());
    }
    set_hook(usual);
    runtime
}
