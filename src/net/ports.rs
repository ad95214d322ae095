//! Ports of this machine, for programs of others that must be told one before they start.

use std::{
    io,
    net::{Ipv4Addr, TcpListener, TcpStream},
};

/// So many ports that nobody listens on at this moment; somebody else may take one before they are used.
///
/// # Errors
/// What the system says.
pub fn free_ports(count: usize) -> io::Result<Vec<u16>> {
    // All are held until the last one is known.
    let held: io::Result<Vec<TcpListener>> = (0..count)
        .map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))
        .collect();
    let mut ports = Vec::new();
    for listener in held? {
        ports.push(listener.local_addr()?.port());
    }
    Ok(ports)
}

/// Whether somebody listens on a port of this machine.
pub fn has_listener(port: u16) -> bool {
    TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_ports_are_different_ones_on_which_nobody_listens() {
        let ports = free_ports(3).unwrap();
        assert!(ports[0] != ports[1] && ports[1] != ports[2] && ports[0] != ports[2]);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        assert!(has_listener(listener.local_addr().unwrap().port()));
    }
}
