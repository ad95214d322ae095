//! `videocentral certificados`: what a small cluster needs to be closed, in one step. `certificados-motor`: what etcd under several
//! centrals needs.

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
use crate::node::certificates::{FileNames, engine::make_for_engine, make, of_this_machine};

/// Makes them and prints how to use them.
pub(super) fn main(args: &CertificateArgs) -> ExitCode {
    let servers = nodes(args);
    match make(&args.carpeta, &servers, file_names()) {
        Ok(made) => output::wrote(output::say(&text::security::made(&args.carpeta, &made))).into(),
        Err(error) => {
            output::report(&t!("error", why = text::security::not_made(&error)));
            Exit::Failed.into()
        }
    }
}

/// The same for the members of etcd under several centrals.
pub(super) fn for_engine(args: &CertificateArgs) -> ExitCode {
    match make_for_engine(&args.carpeta, &nodes(args), file_names()) {
        Ok(made) => {
            let lines = text::security::made_for_engine(&args.carpeta, &made);
            output::wrote(output::say(&lines)).into()
        }
        Err(error) => {
            output::report(&t!("error", why = text::security::not_made(&error)));
            Exit::Failed.into()
        }
    }
}

/// The names and addresses of each node; those of this machine where none is named.
fn nodes(args: &CertificateArgs) -> Vec<Vec<String>> {
    let mut nodes: Vec<Vec<String>> = if args.nodos.is_empty() {
        vec![of_this_machine()]
    } else {
        let names = |node: &String| node.split(',').map(name).collect();
        args.nodos.iter().map(names).collect()
    };
    // One that is named twice is one.
    let mut seen = HashSet::new();
    nodes.retain(|names| seen.insert(names.clone()));
    nodes
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
