//! Command lines, and the configurations that they become.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use clap::{Args, Parser, Subcommand, error::ErrorKind};

use super::logging::LogFormat;
use crate::{
    model::{ClientName, SecondaryNumber, limits::MAX_SECONDARY_NUMBER},
    node::{
        NetworkRole, SecretSource, Security, SecurityError, SecurityFiles, central::CentralConfig,
        client::ClientConfig, secondary::SecondaryConfig,
    },
};

/// How many secondaries there are unless said otherwise.
pub const USUAL_SECONDARIES: u16 = 3;
/// Has the secret itself. Not a flag's, so that no help shows it.
const SECRET_VARIABLE: &str = "TROZOS_CLAVE";
const CENTRAL_PORT: u16 = 50_000;
const ANYWHERE: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
const TEMPLATE: &str = "\
{about-with-newline}
Uso: {usage}

{all-args}{after-help}";

/// Flags of all programs.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "General")]
pub struct Common {
    /// Carpeta de las estadísticas
    #[arg(long, value_name = "CARPETA", default_value = "stats")]
    pub estadisticas: PathBuf,
    /// Nivel del registro en stderr: error, warn, info, debug, trace, o un filtro de tracing
    #[arg(
        long,
        value_name = "NIVEL",
        env = "TROZOS_REGISTRO",
        default_value = "warn"
    )]
    pub registro: String,
    /// Forma del registro: texto, o json para programas, un objeto por línea; las horas, en UTC
    #[arg(
        long,
        value_name = "FORMA",
        value_enum,
        default_value_t,
        hide_possible_values = true
    )]
    pub registro_formato: LogFormat,
    /// Fichero del registro, en vez de stderr; un servicio lo abre de nuevo con SIGHUP
    #[arg(long, value_name = "FICHERO")]
    pub registro_archivo: Option<PathBuf>,
    /// Muestra esta ayuda
    #[arg(short, long, action = clap::ArgAction::Help)]
    pub help: Option<bool>,
    /// Muestra la versión
    #[arg(short = 'V', long, action = clap::ArgAction::Version)]
    pub version: Option<bool>,
}

/// Flags that say who may join, and how connections are protected.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Seguridad")]
pub struct SecurityArgs {
    /// Fichero con la clave del grupo, la misma en todos los nodos; o bien en la variable TROZOS_CLAVE
    #[arg(long, value_name = "FICHERO")]
    pub clave_archivo: Option<PathBuf>,
    /// Certificado de este nodo, en PEM
    #[arg(long, value_name = "FICHERO")]
    pub tls_cert: Option<PathBuf>,
    /// Clave privada de ese certificado, en PEM
    #[arg(long, value_name = "FICHERO")]
    pub tls_clave: Option<PathBuf>,
    /// Autoridad que firma los certificados del grupo: se exige uno suyo a los demás
    #[arg(long, value_name = "FICHERO")]
    pub tls_ca: Option<PathBuf>,
}

impl SecurityArgs {
    /// Reads the files, and the secret of the environment where no file is named.
    ///
    /// # Errors
    /// See [`SecurityError`].
    pub fn load(&self, role: NetworkRole) -> Result<Arc<Security>, SecurityError> {
        let of_environment = || match std::env::var_os(SECRET_VARIABLE) {
            Some(text) => SecretSource::Text(text.into_encoded_bytes()),
            None => SecretSource::None,
        };
        let secret = match &self.clave_archivo {
            Some(path) => SecretSource::File(path.clone()),
            None => of_environment(),
        };
        let files = SecurityFiles {
            secret,
            certificate: self.tls_cert.clone(),
            key: self.tls_clave.clone(),
            authority: self.tls_ca.clone(),
        };
        Security::load(&files, role).map(Arc::new)
    }
}

/// El central: sabe qué ficheros hay y quién los tiene, y reparte las descargas.
#[derive(Parser, Clone, Debug)]
#[command(name = "videocentral", version, help_template = TEMPLATE)]
#[command(
    disable_help_flag = true,
    disable_version_flag = true,
    next_help_heading = "Opciones",
    subcommand_help_heading = "Otras órdenes",
    disable_help_subcommand = true,
    args_conflicts_with_subcommands = true
)]
pub struct CentralArgs {
    /// Something else to do than to run.
    #[command(subcommand)]
    pub instead: Option<CentralCommand>,
    /// Dirección en la que escucha
    #[arg(short, long, value_name = "IP", default_value_t = ANYWHERE)]
    pub ip: IpAddr,
    /// Puerto en el que escucha; 0 para uno libre
    #[arg(short, long, value_name = "PUERTO", default_value_t = CENTRAL_PORT)]
    pub puerto: u16,
    /// Cuántos secundarios deben inscribirse antes de que empiece el servicio
    #[arg(long, value_name = "N", default_value_t = USUAL_SECONDARIES, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub secundarios: u16,
    /// Descargas a la vez; las demás esperan en una lista
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub max_clientes: u32,
    /// Sin órdenes: corre como servicio hasta una señal
    #[arg(long)]
    pub sin_consola: bool,
    #[command(flatten)]
    pub security: SecurityArgs,
    #[command(flatten)]
    pub common: Common,
}

/// What `videocentral` does beside running a central.
#[derive(Subcommand, Clone, Debug)]
pub enum CentralCommand {
    /// Hace una autoridad privada, un certificado por servidor, otro para los clientes y una clave
    #[command(disable_help_flag = true, help_template = TEMPLATE, next_help_heading = "Opciones")]
    Certificados(CertificateArgs),
}

/// What certificates are to be made.
#[derive(Args, Clone, Debug)]
pub struct CertificateArgs {
    /// Carpeta en la que se guarda todo; lo que ya haya en ella no se toca
    #[arg(value_name = "CARPETA", help_heading = "Argumentos")]
    pub carpeta: PathBuf,
    /// Nombre o dirección de un servidor, o varios con comas; una vez por servidor [por defecto: los de esta
    /// máquina]
    #[arg(long = "nodo", value_name = "NOMBRE_O_IP")]
    pub nodos: Vec<String>,
    /// Muestra esta ayuda
    #[arg(short, long, action = clap::ArgAction::Help)]
    pub help: Option<bool>,
}

/// Un secundario: guarda copias verificadas de los ficheros y las envía.
#[derive(Parser, Clone, Debug)]
#[command(name = "videosecundario", version, help_template = TEMPLATE)]
#[command(
    disable_help_flag = true,
    disable_version_flag = true,
    next_help_heading = "Opciones"
)]
pub struct SecondaryArgs {
    /// Su número: de 1 a 3, o más con --secundarios
    #[arg(short, long, value_name = "N")]
    pub numero: u64,
    /// Cuántos secundarios hay: el mayor número permitido
    #[arg(long, value_name = "N", default_value_t = USUAL_SECONDARIES, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub secundarios: u16,
    /// Dirección en la que escucha
    #[arg(short, long, value_name = "IP", default_value_t = ANYWHERE)]
    pub ip: IpAddr,
    /// Puerto en el que escucha; 0 para uno libre [por defecto: 50000 + número]
    #[arg(short, long, value_name = "PUERTO")]
    pub puerto: Option<u16>,
    /// Dirección que se da a los demás [por defecto: la que usa para llegar al central]
    #[arg(long, value_name = "IP")]
    pub ip_anunciada: Option<IpAddr>,
    /// Nombre o dirección del central
    #[arg(long, value_name = "HOST", default_value = "localhost")]
    pub ip_central: String,
    /// Puerto del central
    #[arg(long, value_name = "PUERTO", default_value_t = CENTRAL_PORT)]
    pub puerto_central: u16,
    /// Carpeta que sirve [por defecto: data/videosN]
    #[arg(long, value_name = "CARPETA")]
    pub directorio: Option<PathBuf>,
    /// Bytes por segundo que envía como mucho: 500K, 12M, 1G
    #[arg(long, value_name = "TASA", value_parser = rate)]
    pub limite_subida: Option<u64>,
    /// Sin órdenes: corre como servicio hasta una señal
    #[arg(long)]
    pub sin_consola: bool,
    #[command(flatten)]
    pub security: SecurityArgs,
    #[command(flatten)]
    pub common: Common,
}

/// Un cliente: descarga ficheros de todos los secundarios a la vez.
#[derive(Parser, Clone, Debug)]
#[command(name = "videocliente", version, help_template = TEMPLATE)]
#[command(
    disable_help_flag = true,
    disable_version_flag = true,
    next_help_heading = "Opciones"
)]
pub struct ClientArgs {
    /// Nombre o dirección del central
    #[arg(long, value_name = "HOST", default_value = "localhost")]
    pub ip_central: String,
    /// Puerto del central
    #[arg(long, value_name = "PUERTO", default_value_t = CENTRAL_PORT)]
    pub puerto_central: u16,
    /// Se inscribe con este nombre al empezar
    #[arg(long, value_name = "NOMBRE", value_parser = client_name)]
    pub nombre: Option<ClientName>,
    #[command(flatten)]
    pub download: DownloadArgs,
    #[command(flatten)]
    pub security: SecurityArgs,
    #[command(flatten)]
    pub common: Common,
}

/// Flags of programs that download.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Descargas")]
pub struct DownloadArgs {
    /// Carpeta de las descargas
    #[arg(long, value_name = "CARPETA", default_value = "data/descargas")]
    pub destino: PathBuf,
    /// Segundos que una descarga espera cuando no queda ningún secundario
    #[arg(long, value_name = "SEGUNDOS", default_value_t = 60)]
    pub espera_fuentes: u32,
    /// Reemplaza un fichero que ya exista con otro contenido
    #[arg(long)]
    pub sobrescribir: bool,
}

/// Bytes per second with a decimal suffix.
pub fn rate(text: &str) -> Result<u64, String> {
    let fail =
        || format!("«{text}» no es una tasa: escribe bytes por segundo, como 500K, 12M o 1G");
    let text_upper = text.trim().to_ascii_uppercase();
    let (digits, factor) = match text_upper.strip_suffix(['K', 'M', 'G']) {
        Some(digits) if text_upper.ends_with('K') => (digits, 1_000),
        Some(digits) if text_upper.ends_with('M') => (digits, 1_000_000),
        Some(digits) => (digits, 1_000_000_000),
        None => (text_upper.as_str(), 1),
    };
    let number: u64 = digits.trim().parse().map_err(|_| fail())?;
    match number.checked_mul(factor) {
        Some(rate) if rate > 0 => Ok(rate),
        _ => Err(fail()),
    }
}

fn client_name(text: &str) -> Result<ClientName, String> {
    ClientName::try_from(text).map_err(|_| {
        "un nombre tiene de 1 a 64 bytes, sin «/», «\\», «:» ni caracteres de control, y no empieza por \
         punto"
            .to_owned()
    })
}

impl CentralArgs {
    /// What the node is told.
    pub fn config(&self, security: Arc<Security>) -> CentralConfig {
        CentralConfig {
            listen: SocketAddr::new(self.ip, self.puerto),
            required_secondaries: self.secundarios,
            max_downloads: self.max_clientes as usize,
            statistics: self.common.estadisticas.clone(),
            security,
        }
    }
}

impl SecondaryArgs {
    /// What the node is told.
    ///
    /// # Errors
    /// A usage error for a number that is not allowed.
    pub fn config(&self, security: Arc<Security>) -> Result<SecondaryConfig, clap::Error> {
        let highest = self.secundarios.max(USUAL_SECONDARIES);
        let number = SecondaryNumber::try_from(self.numero)
            .ok()
            .filter(|number| number.get() <= highest)
            .ok_or_else(|| self.bad_number(highest))?;
        let port = self.puerto.unwrap_or(CENTRAL_PORT + number.get());
        let folder = || PathBuf::from(format!("data/videos{number}"));
        Ok(SecondaryConfig {
            number,
            listen: SocketAddr::new(self.ip, port),
            announced_ip: self.ip_anunciada,
            central: (self.ip_central.clone(), self.puerto_central),
            folder: self.directorio.clone().unwrap_or_else(folder),
            statistics: self.common.estadisticas.clone(),
            upload_limit_bytes_per_s: self.limite_subida,
            security,
        })
    }

    fn bad_number(&self, highest: u16) -> clap::Error {
        let remedy =
            if self.numero > u64::from(highest) && self.numero <= u64::from(MAX_SECONDARY_NUMBER) {
                format!(
                    "; para usarlo, da --secundarios {} aquí y en el central",
                    self.numero
                )
            } else {
                String::new()
            };
        let message = format!(
            "el número {} no vale: --numero va de 1 a {highest}{remedy}\n",
            self.numero
        );
        clap::Error::raw(ErrorKind::ValueValidation, message)
    }
}

impl DownloadArgs {
    /// What the node is told.
    pub fn config(
        &self,
        central: (String, u16),
        statistics: PathBuf,
        security: Arc<Security>,
    ) -> ClientConfig {
        ClientConfig {
            central,
            security,
            target: self.destino.clone(),
            statistics,
            source_wait: Duration::from_secs(u64::from(self.espera_fuentes)),
            overwrite: self.sobrescribir,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secondary(args: &[&str]) -> Result<SecondaryConfig, clap::Error> {
        let all = ["videosecundario"].iter().chain(args);
        SecondaryArgs::try_parse_from(all)?.config(Arc::default())
    }

    #[test]
    fn defaults_are_the_originals() {
        let central = CentralArgs::parse_from(["videocentral"]).config(Arc::default());
        assert_eq!(central.listen.to_string(), "0.0.0.0:50000");
        assert_eq!(
            (central.required_secondaries, central.max_downloads),
            (3, 5)
        );
        let config = secondary(&["-n", "2"]).unwrap();
        assert_eq!(config.listen.to_string(), "0.0.0.0:50002");
        assert_eq!(config.central, ("localhost".to_owned(), 50_000));
        assert_eq!(config.folder, PathBuf::from("data/videos2"));
        let client = ClientArgs::parse_from(["videocliente"]);
        assert_eq!(client.download.destino, PathBuf::from("data/descargas"));
        assert_eq!(client.download.espera_fuentes, 60);
    }

    #[test]
    fn numbers_that_are_not_allowed_are_named_with_the_remedy() {
        for bad in ["0", "4", "7", "65", "99999999999"] {
            let error = secondary(&["-n", bad]).unwrap_err();
            assert_eq!(error.exit_code(), 2);
            assert!(error.to_string().contains(bad), "{error}");
        }
        let error = secondary(&["-n", "7"]).unwrap_err().to_string();
        assert!(error.contains("--secundarios 7"), "{error}");
        assert!(secondary(&["-n", "7", "--secundarios", "7"]).is_ok());
        assert!(secondary(&[]).is_err());
        assert!(secondary(&["-n", "-1"]).is_err());
    }

    #[test]
    fn rates_have_decimal_units() {
        for (text, expected) in [("12M", 12_000_000), ("500k", 500_000), ("7", 7)] {
            assert_eq!(rate(text), Ok(expected));
        }
        for bad in ["", "M", "0", "-1", "1T", "99999999999G"] {
            assert!(rate(bad).is_err(), "{bad}");
        }
    }
}
