//! The doors of a central's figures, as its program opens them.

use std::{net::SocketAddr, sync::Arc};

use super::{
    args::CentralArgs,
    console::Printer,
    text::{errors, line::complaint, t},
};
use crate::{
    http::FiguresDoor,
    model::FigureDoor,
    node::{Security, StartError, central::CentralHandle, doors::Doors},
};

/// All that are open, until this is dropped.
#[derive(Debug)]
pub(super) struct Open {
    _doors: Doors,
    _http: Option<FiguresDoor>,
}

/// Opens those that were asked for, at the address of the central; `None` where none was. Tells where they are, or which
/// one does not open.
///
/// # Errors
/// When one does not.
pub(super) async fn open(
    args: &CentralArgs,
    security: &Arc<Security>,
    handle: &CentralHandle,
    printer: &Printer,
) -> Result<Option<Open>, ()> {
    let config = args.cifras.config();
    if config.is_closed() && args.cifras.cifras_http.is_none() {
        return Ok(None);
    }
    let (central, orders) = (handle.address(), &**handle);
    let opened = Doors::open(central.ip(), config, orders.clone()).await;
    let doors = opened.map_err(|(door, error)| failed(door, &error, printer))?;
    for (door, address) in doors.addresses() {
        tell(*door, *address, printer);
    }
    let http = match args.cifras.cifras_http {
        None => None,
        Some(port) => {
            let at = SocketAddr::new(central.ip(), port);
            let face = (args.http.names(), args.http.members(security));
            let may_reset = args.cifras.may_reset();
            let opened = FiguresDoor::open(at, face, orders.clone(), may_reset).await;
            let door = opened.map_err(|error| failed(FigureDoor::Http, &error, printer))?;
            tell(FigureDoor::Http, door.address(), printer);
            Some(door)
        }
    };
    Ok(Some(Open {
        _doors: doors,
        _http: http,
    }))
}

fn tell(door: FigureDoor, address: SocketAddr, printer: &Printer) {
    printer.line(t!("door-open", door = door.name(), address = address));
}

fn failed(door: FigureDoor, error: &StartError, printer: &Printer) {
    let why = errors::start(error);
    printer.line(complaint(t!("door-failed", door = door.name(), why = why)));
}
