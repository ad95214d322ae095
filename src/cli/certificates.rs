//! `videocentral certificados`: what a small cluster needs to be closed, in one step.

use std::{collections::HashSet, process::ExitCode};

use super::{
    args::CertificateArgs,
    exit::Exit,
    output,
    place::place,
    text::{
        self,
        language::{self, Language},
        t,
    },
};
use crate::node::certificates::{FileNames, make, of_this_machine};

/// Makes them and prints how to use them.
pub(super) fn main(args: &CertificateArgs) -> ExitCode {
    let mut servers: Vec<Vec<String>> = if args.nodos.is_empty() {
        vec![of_this_machine()]
    } else {
        let names = |node: &String| node.split(',').map(name).collect();
        args.nodos.iter().map(names).collect()
    };
    // One that is named twice is one server.
    let mut seen = HashSet::new();
    servers.retain(|names| seen.insert(names.clone()));
    match make(&args.carpeta, &servers, file_names()) {
        Ok(made) => output::wrote(output::say(&text::security::made(&args.carpeta, &made))).into(),
        Err(error) => {
            output::report(&t!("error", why = text::security::not_made(&error)));
            Exit::Failed.into()
        }
    }
}

/// What the files are called in a folder that has none yet.
fn file_names() -> FileNames {
    match language::chosen() {
        Language::Spanish => FileNames::SPANISH,
        Language::English => FileNames::ENGLISH,
    }
}

/// A server's name in a certificate, which knows neither brackets nor zones.
fn name(written: &str) -> String {
    let written = written.trim();
    match place(written) {
        Ok(place) => place.ip().map_or(place.host, |ip| ip.to_string()),
        // An invalid name is reported where it is used.
        Err(_) => written.to_owned(),
    }
}
