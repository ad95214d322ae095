//! Doors to a central's figures for programs of any kind: datagrams (`udp`), lines (`lines`), lines of which each
//! connection has a process of its own (`processes`, and `child` is that process). `words` is what is said there,
//! `asking` how the central is asked.
//!
//! The doors know nothing but how to ask: what waits, what goes first, and what counts is decided by the central.

mod accepting;
mod asking;
mod child;
mod lines;
mod processes;
mod udp;
mod words;

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

use tokio_util::sync::{CancellationToken, DropGuard};

use self::asking::Asking;
use super::{StartError, central::CentralOrders, start::listen_on};
use crate::{
    model::FigureDoor,
    net::{Network, datagrams},
    node::central::OpenDoor,
};

pub use self::{
    child::{CHILD, run as run_child},
    words::{misunderstood, refused},
};

#[cfg(feature = "fuzzing")]
pub use self::words::answered;

/// Which doors are open.
#[derive(Clone, Debug, Default)]
pub struct DoorsConfig {
    /// The port of datagrams; 0 for a free one.
    pub udp: Option<u16>,
    /// The port of lines.
    pub tcp: Option<u16>,
    /// The port of lines of which each connection has a process of its own.
    pub processes: Option<u16>,
    /// What is started for each of those; this very program where it is not said.
    pub program: Option<PathBuf>,
    /// Anybody may set figures back to zero.
    pub may_reset: bool,
}

impl DoorsConfig {
    /// True where no door is to be opened.
    pub fn is_closed(&self) -> bool {
        self.udp.is_none() && self.tcp.is_none() && self.processes.is_none()
    }
}

/// The doors that are open, until this is dropped.
#[derive(Debug)]
pub struct Doors {
    open: Vec<(FigureDoor, SocketAddr)>,
    _stop: DropGuard,
}

impl Doors {
    /// Opens doors of a central at an address of this machine.
    ///
    /// # Errors
    /// With the door whose port cannot be had. No door is open then.
    pub async fn open(
        ip: IpAddr,
        config: DoorsConfig,
        orders: CentralOrders,
    ) -> Result<Self, (FigureDoor, StartError)> {
        let stop = CancellationToken::new();
        let guard = stop.clone().drop_guard();
        let mut open = Vec::new();
        let asking = |door| Asking {
            door,
            orders: orders.clone(),
            may_reset: config.may_reset,
        };
        if let Some(port) = config.udp {
            let door = FigureDoor::Udp;
            let at = SocketAddr::new(ip, port);
            let socket = datagrams(at).map_err(|error| (door, StartError::listen(at, error)))?;
            let address = socket.local_addr().unwrap_or(at);
            told(&orders, OpenDoor::at(door, address)).await;
            open.push((door, address));
            tokio::spawn(udp::serve(socket, asking(door), stop.clone()));
        }
        let of_lines = [
            (FigureDoor::Tcp, config.tcp),
            (FigureDoor::Processes, config.processes),
        ];
        for (door, port) in of_lines {
            let Some(port) = port else { continue };
            let at = SocketAddr::new(ip, port);
            let listened = listen_on(&Network::Kernel, at).map_err(|error| (door, error));
            let (listener, address) = listened?;
            let is_open = OpenDoor::at(door, address);
            let count = is_open.connections.clone();
            told(&orders, is_open).await;
            open.push((door, address));
            let (asking, stop) = (asking(door), stop.clone());
            match door {
                FigureDoor::Processes => {
                    let program = config.program.clone();
                    let program = program.unwrap_or_else(|| PathBuf::from("/proc/self/exe"));
                    tokio::spawn(processes::serve(listener, program, asking, count, stop));
                }
                _ => drop(tokio::spawn(lines::serve(listener, asking, count, stop))),
            }
        }
        Ok(Self { open, _stop: guard })
    }

    /// Where each is.
    pub fn addresses(&self) -> &[(FigureDoor, SocketAddr)] {
        &self.open
    }
}

/// A central that has ended meanwhile need not know.
async fn told(orders: &CentralOrders, door: OpenDoor) {
    let _ = orders.door_open(door).await;
}
