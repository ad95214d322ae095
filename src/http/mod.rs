//! The HTTP face: browsers, curl, wget, aria2 and players as clients, at the same ports as the lines. It sends what nodes
//! give it, by their pacing and into their books, and decides nothing but what a request means.
//!
//! `server` takes connections from a node's `face` and checks what is true of all requests, `hosts` under which names, `auth` what its password gives;
//! `asker` is who asks, `secondary` and `central` are the routes of the servers, `shared` what all routes of one server share, `standby` where a central on standby sends people,
//! `answers` what they have in common. `ranges` is what a request means, `files` the head of the answer, `kinds` and
//! `names` what is said of a file, `lists` what programs
//! read about it, `body` how bytes come, `local` what a client's player asks. `watching` is what comes through this node from
//! all secondaries, `playing` how it and `local` answer, for `viewers` at the `pace` of their players, to whom it is a `show`; `subtitles` are what goes with films. `pages` are what people see, `catalogue` which files
//! of it, `live` what changes there by itself. `api` is for programs, `writes` which requests may change something,
//! `metrics` are figures, `counts` those of the face itself, `problem` is why not, `text` in whose language, `fields` what many answers have.

mod answers;
mod api;
mod asker;
mod auth;
mod body;
mod catalogue;
mod central;
mod counts;
mod fields;
mod figures;
mod files;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
#[cfg(feature = "grpc")]
mod grpc;
mod hosts;
mod info;
mod kinds;
mod lists;
mod live;
mod local;
mod metrics;
mod names;
mod operator;
mod pace;
mod pages;
mod playing;
mod problem;
mod ranges;
mod secondary;
mod server;
mod shared;
mod show;
mod standby;
mod subtitles;
mod text;
mod viewers;
mod watching;
mod writes;

use std::sync::Arc;

use crate::{
    model::FileName,
    node::{central::CentralDoor, face::FaceMaker, secondary::SecondaryDoor},
};

use self::server::Server;
pub use self::{
    auth::Passwords,
    figures::FiguresDoor,
    hosts::Hosts,
    info::info_lines,
    local::{Local, LocalError},
    operator::{NotOrdered, Operator, Order, Ordered, Ordering},
    problem::Problem,
};

/// Where a file is watched through a server.
pub fn address_of(name: &FileName) -> String {
    format!("/ver/{}", names::to_path(name))
}

/// The face of a central, through which so many viewers may watch.
pub fn of_central(
    hosts: Hosts,
    passwords: Passwords,
    most_viewers: usize,
) -> FaceMaker<CentralDoor> {
    of_central_with(hosts, passwords, most_viewers, None)
}

/// The same with what the central's program lends it.
pub fn of_central_with(
    hosts: Hosts,
    passwords: Passwords,
    most_viewers: usize,
    operator: Option<Operator>,
) -> FaceMaker<CentralDoor> {
    FaceMaker::new(move |door: CentralDoor| {
        let expelled = door.expelled().clone();
        let may = passwords.administration();
        let router = central::router(door, may, most_viewers, operator.clone());
        let (hosts, passwords) = (hosts.clone(), passwords.clone());
        Arc::new(Server::without(expelled, router, hosts, passwords))
    })
}

/// The face of a secondary; with so many viewers it is a gateway too.
pub fn of_secondary(
    hosts: Hosts,
    passwords: Passwords,
    most_viewers: Option<usize>,
) -> FaceMaker<SecondaryDoor> {
    FaceMaker::new(move |door: SecondaryDoor| {
        let expelled = door.expelled().clone();
        let router = secondary::router(door, passwords.administration(), most_viewers);
        let (hosts, passwords) = (hosts.clone(), passwords.clone());
        Arc::new(Server::without(expelled, router, hosts, passwords))
    })
}
