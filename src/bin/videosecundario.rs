//! See [`trozos::cli::secondary`].

fn main() -> std::process::ExitCode {
    trozos::cli::secondary::main()
}
