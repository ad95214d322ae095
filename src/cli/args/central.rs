//! `videocentral`.

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use clap::{
    Args, Parser, Subcommand, ValueEnum,
    builder::{EnumValueParser, PossibleValue},
};

use super::{
    ANYWHERE, CENTRAL_PORT, Common, FiguresArgs, HttpArgs, LogArgs, MOST_VIEWERS, OfCentral, Order,
    SecurityArgs, USUAL_SECONDARIES,
};
use crate::{
    cli::{
        centrals::{CentralPlaces, central_places, group_name},
        parsers::{number, ttl},
        place::{Place, place},
        quantity::time,
        values::{PathParser, named_value, switch, tidy},
    },
    http,
    model::GroupName,
    node::{
        Centrals, Security,
        central::{Announce, CentralConfig, SeveralConfig},
    },
};

/// `videocentral`.
#[derive(Parser, Clone, Debug)]
#[command(name = "videocentral", version, next_help_heading = "options")]
#[command(args_conflicts_with_subcommands = true)]
pub struct CentralArgs {
    /// A subcommand, instead of running a central.
    #[command(subcommand)]
    pub instead: Option<CentralCommand>,
    /// Where it listens.
    #[arg(short, long, value_name = "IP", default_value = ANYWHERE, value_parser = tidy(place))]
    pub ip: Place,
    /// Where it listens; 0 for a free port.
    #[arg(short, long, value_name = "PUERTO", default_value_t = CENTRAL_PORT, value_parser = tidy(number::<u16>(0, u16::MAX)))]
    pub puerto: u16,
    /// How many secondaries must enrol before service begins.
    #[arg(long, value_name = "N", default_value_t = USUAL_SECONDARIES, value_parser = tidy(number::<u16>(1, 64)))]
    pub secundarios: u16,
    /// Downloads at once.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = tidy(number::<u32>(1, 10_000)))]
    pub max_clientes: u32,
    /// Those who watch through it at once.
    #[arg(long, value_name = "N", default_value_t = MOST_VIEWERS, value_parser = tidy(number::<u16>(1, 1000)))]
    pub max_ver: u16,
    /// What people call its cluster.
    #[arg(long, value_name = "NOMBRE", value_parser = tidy(group_name))]
    pub grupo: Option<GroupName>,
    /// Announces itself on its network; by default where everybody may join.
    #[arg(long, value_name = "si|no", value_parser = tidy(switch))]
    pub anunciar: Option<bool>,
    /// Where its journal is.
    #[arg(long, value_name = "RUTA", value_parser = PathParser)]
    pub diario: Option<PathBuf>,
    /// The members of etcd that have the journal of several centrals.
    #[arg(long, value_name = "URL", value_delimiter = ',')]
    pub motor: Vec<String>,
    /// The name of this one of several centrals.
    #[arg(long, value_name = "NOMBRE")]
    pub nodo: Option<String>,
    /// Where its peers and the other centrals find it.
    #[arg(long, value_name = "IP", value_parser = tidy(place))]
    pub ip_anunciada: Option<Place>,
    /// How long a central that is not heard counts as the active one.
    #[arg(long, value_name = "TIEMPO", default_value = "5s", value_parser = tidy(ttl))]
    pub ttl: Duration,
    /// The certificate of the authority of etcd's certificates.
    #[arg(long, value_name = "FICHERO", value_parser = PathParser)]
    pub motor_ca: Option<PathBuf>,
    /// Its own certificate for etcd.
    #[arg(long, value_name = "FICHERO", requires = "motor_clave", value_parser = PathParser)]
    pub motor_cert: Option<PathBuf>,
    /// The key of that.
    #[arg(long, value_name = "FICHERO", requires = "motor_cert", value_parser = PathParser)]
    pub motor_clave: Option<PathBuf>,
    /// Hands over to another central this often.
    #[arg(long, value_name = "TIEMPO", value_parser = tidy(time))]
    pub migrar_cada: Option<Duration>,
    /// Whether people may have accounts.
    #[arg(long, value_name = "si|no", default_value = "si", value_parser = tidy(switch))]
    pub cuentas: bool,
    /// Where it takes orders of other programs.
    #[arg(long, value_name = "RUTA|no", value_parser = PathParser)]
    pub socket: Option<PathBuf>,
    /// Runs as a service.
    #[arg(long)]
    pub sin_consola: bool,
    #[command(flatten)]
    pub cifras: FiguresArgs,
    #[command(flatten)]
    pub http: HttpArgs,
    #[command(flatten)]
    pub security: SecurityArgs,
    #[command(flatten)]
    pub common: Common,
}

/// What `videocentral` does besides running a central.
#[derive(Subcommand, Clone, Debug)]
pub enum CentralCommand {
    /// Makes a private authority, certificates and a secret.
    #[command(next_help_heading = "options")]
    Certificados(CertificateArgs),
    /// Makes an authority and certificates for members of etcd.
    #[command(next_help_heading = "options")]
    CertificadosMotor(CertificateArgs),
    /// Looks at a journal, or restores one from a copy.
    #[command(next_help_heading = "options")]
    Diario(JournalArgs),
    /// Follows the audit trail over the network.
    #[command(next_help_heading = "options")]
    Auditor(Box<AuditorArgs>),
    /// The prompt of a central that runs elsewhere.
    #[cfg(feature = "grpc")]
    #[command(next_help_heading = "options")]
    Consola(ConsoleArgs),
    /// Something that is asked of a central that runs.
    #[command(flatten)]
    Order(Order<OfCentral>),
}

/// What `videocentral auditor` follows, and where it writes it.
#[derive(Args, Clone, Debug)]
pub struct AuditorArgs {
    /// The centrals.
    #[arg(long, value_name = "HOST|auto", default_value = "localhost", value_parser = tidy(central_places))]
    pub ip_central: CentralPlaces,
    /// The central's port.
    #[arg(long, value_name = "PUERTO", default_value_t = CENTRAL_PORT, value_parser = tidy(number::<u16>(1, u16::MAX)))]
    pub puerto_central: u16,
    /// File with the administrator's password.
    #[arg(long, value_name = "FICHERO", value_parser = PathParser)]
    pub admin_contrasena_archivo: PathBuf,
    /// Where lines are written; `-` is stdout.
    #[arg(short = 'o', long, value_name = "RUTA", value_parser = PathParser)]
    pub salida: Option<PathBuf>,
    /// Only lines after this number.
    #[arg(long, value_name = "N", value_parser = tidy(number::<u64>(0, u64::MAX)))]
    pub tras: Option<u64>,
    #[command(flatten)]
    pub security: SecurityArgs,
    #[command(flatten)]
    pub log: LogArgs,
}

impl AuditorArgs {
    /// The centrals that it may go to.
    pub fn centrals(&self) -> Centrals {
        self.ip_central.centrals(self.puerto_central, None, None)
    }
}

/// Which central is spoken to from afar.
#[cfg(feature = "grpc")]
#[derive(Args, Clone, Debug)]
pub struct ConsoleArgs {
    /// Where it is.
    #[arg(long, value_name = "IP", value_parser = tidy(place))]
    pub en: Place,
    /// File with the administrator's password.
    #[arg(long, value_name = "FICHERO", value_parser = PathParser)]
    pub admin_contrasena_archivo: Option<PathBuf>,
    /// The certificate of the authority of its certificate.
    #[arg(long, value_name = "FICHERO", value_parser = PathParser)]
    pub tls_ca: Option<PathBuf>,
    /// One JSON document on stdout.
    #[arg(long)]
    pub json: bool,
    /// One order; without any there is a prompt.
    #[arg(value_name = "VALOR", help_heading = "arguments")]
    pub palabras: Vec<String>,
    #[command(flatten)]
    pub common: Common,
}

/// What certificates are to be made.
#[derive(Args, Clone, Debug)]
pub struct CertificateArgs {
    /// Folder of all that is made.
    #[arg(value_name = "CARPETA", help_heading = "arguments", value_parser = PathParser)]
    pub carpeta: PathBuf,
    /// Names and addresses of a server, with commas; once per server.
    #[arg(long = "nodo", value_name = "NOMBRE_O_IP")]
    pub nodos: Vec<String>,
}

/// What is to be done with a journal.
#[derive(Args, Clone, Debug)]
pub struct JournalArgs {
    /// What.
    #[arg(value_name = "ver|comprobar|restaurar", help_heading = "arguments", value_parser = tidy(EnumValueParser::<JournalAction>::new()))]
    pub accion: JournalAction,
    /// The journal, or the copy that one is restored from.
    #[arg(value_name = "RUTA", help_heading = "arguments", value_parser = PathParser)]
    pub ruta: PathBuf,
    /// The journal that is restored; the copy itself when it is not said.
    #[arg(value_name = "RUTA", id = "diario_destino", help_heading = "arguments", value_parser = PathParser)]
    pub destino: Option<PathBuf>,
    /// As a document.
    #[arg(long)]
    pub json: bool,
}

/// See [`JournalArgs`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JournalAction {
    /// Shows all facts.
    Ver,
    /// Says whether all is good.
    Comprobar,
    /// Makes one of what is good.
    Restaurar,
}

impl ValueEnum for JournalAction {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Ver, Self::Comprobar, Self::Restaurar]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(named_value(match self {
            Self::Ver => "ver",
            Self::Comprobar => "comprobar",
            Self::Restaurar => "restaurar",
        }))
    }
}

impl CentralArgs {
    /// What the node is told; it listens there.
    pub fn config(
        &self,
        listen: SocketAddr,
        security: Arc<Security>,
        several: Option<SeveralConfig>,
        operator: http::Operator,
    ) -> CentralConfig {
        CentralConfig {
            listen,
            required_secondaries: self.secundarios,
            max_downloads: self.max_clientes as usize,
            statistics: self.common.estadisticas.clone(),
            announce: self
                .anunciar
                .unwrap_or_else(|| security.is_open())
                .then(|| Announce {
                    group: self.grupo.clone(),
                }),
            accounts: self.cuentas,
            administrator: self.http.admin_key.clone(),
            journal: self.diario.clone(),
            several,
            face: self.http.hosts(&security).map(|hosts| {
                let passwords = self.http.passwords(&security);
                http::of_central_with(hosts, passwords, self.max_ver.into(), Some(operator))
            }),
            security,
        }
    }
}
