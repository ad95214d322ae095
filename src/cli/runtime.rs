//! The runtime of all programs. The threads that it cannot do without are there from the start, or the program does not
//! run: where no thread can be made later, as at the limit of a user's processes, what is there does the work.

use std::{
    panic::{set_hook, take_hook},
    time::Duration,
};

use tokio::runtime::{Builder, Runtime};

use super::{console::restore, exit::Exit, output, text::t};

/// Threads for blocking work stay, as another could not always be made. A year is for ever.
const KEEP_THREADS: Duration = Duration::from_secs(365 * 24 * 3600);

/// Makes it. Where there are too few threads the program ends here: tokio panics then, and waits for the threads that it
/// has for as long as they run.
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
