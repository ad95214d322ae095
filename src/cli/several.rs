//! What a central's flags say of the others.

use std::{
    fs,
    net::{IpAddr, SocketAddr, UdpSocket},
    path::{Path, PathBuf},
};

use super::args::CentralArgs;
use crate::{
    node::{
        StartError, announced_ip,
        central::{KeyStoreConfig, SeveralConfig},
    },
    store::StoreError,
};

/// The keys of a cluster without a name.
const USUAL_CLUSTER: &str = "trozos";

/// How this central is one of several, if it is.
///
/// # Errors
/// When a file cannot be read, or an address means nothing here.
pub(super) async fn config(
    args: &CentralArgs,
    listen: SocketAddr,
) -> Result<Option<SeveralConfig>, StartError> {
    if args.motor.is_empty() {
        return Ok(None);
    }
    let announced = match &args.ip_anunciada {
        Some(place) => announced_ip(&place.host).await?,
        None => None,
    };
    let port = args.ip_anunciada.as_ref().and_then(|place| place.port);
    let ip = announced.unwrap_or_else(|| towards(listen.ip(), &args.motor));
    let address = SocketAddr::new(ip, port.unwrap_or(listen.port()));
    let read = |path: &Option<PathBuf>| path.as_deref().map(read).transpose();
    let identity = read(&args.motor_cert)?.zip(read(&args.motor_clave)?);
    let cluster = args.grupo.as_ref().map(ToString::to_string);
    let machine = || {
        let system = rustix::system::uname();
        let name = system.nodename().to_string_lossy();
        format!("{name}-{}", listen.port())
    };
    Ok(Some(SeveralConfig {
        node: args.nodo.clone().unwrap_or_else(machine),
        address,
        ttl: args.ttl,
        key_store: KeyStoreConfig {
            endpoints: args.motor.clone(),
            cluster: cluster.unwrap_or_else(|| USUAL_CLUSTER.to_owned()),
            authority: read(&args.motor_ca)?,
            identity,
        },
        moves_every: args.migrar_cada,
    }))
}

fn read(path: &Path) -> Result<Vec<u8>, StoreError> {
    fs::read(path).map_err(|error| StoreError::new(path, &error))
}

/// The address of this machine by which others most likely reach it: where it listens, or that of its way to etcd.
fn towards(listens: IpAddr, members: &[String]) -> IpAddr {
    if !listens.is_unspecified() {
        return listens;
    }
    let local = |member: &String| {
        let (_, place) = member.split_once("://")?;
        let socket = UdpSocket::bind((listens, 0)).ok()?;
        // Nothing is sent.
        socket.connect(place.trim_end_matches('/')).ok()?;
        Some(socket.local_addr().ok()?.ip())
    };
    members.iter().find_map(local).unwrap_or(listens)
}
