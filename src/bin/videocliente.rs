//! See [`trozos::cli::client`].

fn main() -> std::process::ExitCode {
    trozos::cli::client::main()
}
