//! Flags of a client about its peers: where it is found, what it publishes.

use std::{
    net::{Ipv6Addr, SocketAddr},
    path::PathBuf,
};

use clap::Args;

use crate::{
    cli::{
        parsers::{number, upload_limit},
        timetable::Timetable,
        values::{PathParser, home, tidy},
    },
    node::client::PeeringConfig,
};

/// Where a client is found by its peers, unless that is in use.
const PEERS_PORT: u16 = 50100;

/// See the module.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "peers")]
pub struct PeerArgs {
    /// The port at which other clients are served.
    #[arg(long, value_name = "PUERTO", default_value_t = PEERS_PORT, value_parser = tidy(number::<u16>(0, u16::MAX)))]
    pub puerto_companeros: u16,
    /// Folders that files may be published from, beside the usual ones.
    #[arg(long, value_name = "CARPETA", value_parser = PathParser)]
    pub publicar_desde: Vec<PathBuf>,
    /// Most bytes per second that other clients are sent.
    #[arg(long, value_name = "TASA", value_parser = tidy(upload_limit))]
    pub limite_subida: Option<Timetable>,
    /// Gives other clients chunks of what it receives, and for a while of what it has received.
    #[arg(long)]
    pub compartir: bool,
    /// Neither gives to other clients nor takes from them.
    #[arg(long)]
    pub sin_companeros: bool,
}

impl PeerArgs {
    /// What the node is told. `target` is the folder of downloads, `state` where it keeps what it remembers.
    pub fn config(&self, target: PathBuf, state: PathBuf) -> PeeringConfig {
        if self.sin_companeros {
            return PeeringConfig {
                alone: true,
                ..PeeringConfig::default()
            };
        }
        let at = |port| SocketAddr::from((Ipv6Addr::UNSPECIFIED, port));
        let at_old = |port| SocketAddr::from(([0, 0, 0, 0], port));
        let port = self.puerto_companeros;
        let mut allowed = self.publicar_desde.clone();
        allowed.push(target);
        allowed.extend(home());
        allowed.extend(std::env::current_dir());
        PeeringConfig {
            // Where there is no IPv6, the older one alone; where the port is in use, any that is free.
            listen: vec![at(port), at_old(port), at(0), at_old(0)],
            allowed,
            records: Some(state),
            serves: false,
            gives: self.compartir.then_some(0),
            alone: false,
            upload_limit_bytes_per_s: None,
        }
    }
}
