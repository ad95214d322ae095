//! See [`trozos::cli::central`].

fn main() -> std::process::ExitCode {
    trozos::cli::central::main()
}
