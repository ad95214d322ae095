//! The doors of a central's figures: each is closed until its flag names a port.

use clap::Args;

use crate::{
    cli::{
        parsers::number,
        values::{switch, tidy},
    },
    node::doors::DoorsConfig,
};

/// Flags of doors.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "options")]
pub struct FiguresArgs {
    /// Datagrams.
    #[arg(long, value_name = "PUERTO", value_parser = tidy(number::<u16>(0, u16::MAX)))]
    pub cifras_udp: Option<u16>,
    /// Lines.
    #[arg(long, value_name = "PUERTO", value_parser = tidy(number::<u16>(0, u16::MAX)))]
    pub cifras_tcp: Option<u16>,
    /// Lines of which each connection has a process of its own.
    #[arg(long, value_name = "PUERTO", value_parser = tidy(number::<u16>(0, u16::MAX)))]
    pub cifras_tcp_procesos: Option<u16>,
    /// `GET /cambiar`.
    #[arg(long, value_name = "PUERTO", value_parser = tidy(number::<u16>(0, u16::MAX)))]
    pub cifras_http: Option<u16>,
    /// Whether anybody may set figures back to zero at these doors.
    #[arg(long, value_name = "si|no", value_parser = tidy(switch))]
    pub cifras_a_cero: Option<bool>,
}

impl FiguresArgs {
    /// What the node is told of the doors that are its own.
    pub fn config(&self) -> DoorsConfig {
        DoorsConfig {
            udp: self.cifras_udp,
            tcp: self.cifras_tcp,
            processes: self.cifras_tcp_procesos,
            program: None,
            may_reset: self.may_reset(),
        }
    }

    /// Whether anybody may set figures back to zero.
    pub fn may_reset(&self) -> bool {
        self.cifras_a_cero.unwrap_or(false)
    }
}
