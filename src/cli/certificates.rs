//! `videocentral certificados`: what a small cluster needs to be closed, in one step.

use std::process::ExitCode;

use super::{
    args::CertificateArgs,
    exit::Exit,
    program,
    text::{self, t},
};
use crate::node::certificates::{make, of_this_machine};

/// Makes them, and tells what to do with them.
pub(super) fn main(args: &CertificateArgs) -> ExitCode {
    let servers: Vec<Vec<String>> = if args.nodos.is_empty() {
        vec![of_this_machine()]
    } else {
        let names = |node: &String| node.split(',').map(|name| name.trim().to_owned()).collect();
        args.nodos.iter().map(names).collect()
    };
    match make(&args.carpeta, &servers) {
        Ok(made) => {
            program::wrote(program::say(&text::security::made(&args.carpeta, &made))).into()
        }
        Err(error) => {
            program::report(&t!("error", why = text::security::not_made(&error)));
            Exit::Failed.into()
        }
    }
}
