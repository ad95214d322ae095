//! See [`trozos::cli::local`].

fn main() -> std::process::ExitCode {
    trozos::cli::local::main()
}
