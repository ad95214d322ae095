//! Command lines, and the configurations that they become.
//!
//! What their help says is in the catalogues: `flag-<name>` or, where programs differ, `flag-<program>-<name>`; the
//! comments here are for whoever reads the code. See [`super::flags`] for how a command line is read.

use std::{
    collections::HashSet,
    ffi::OsStr,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use clap::{
    Arg, Args, Command, Parser, Subcommand, ValueEnum,
    builder::{EnumValueParser, PossibleValue, TypedValueParser},
};

use super::{
    logging::LogFormat,
    parsers::{client_name, file_name, log_level, quiet},
    place::{Place, place},
    quantity::{BadValue, rate, size, time},
    text::{language::Language, security::SECRET_VARIABLE, t},
    values::{PathParser, tidy},
};
use crate::{
    model::{ClientName, SecondaryNumber, limits::MAX_SECONDARY_NUMBER},
    node::{
        NetworkRole, SecretSource, Security, SecurityError, SecurityFiles,
        central::CentralConfig,
        client::{ClientConfig, Keeping},
        secondary::SecondaryConfig,
    },
    store::retired::RetiredLimits,
};

/// How many secondaries there are unless said otherwise.
pub const USUAL_SECONDARIES: u16 = 3;
const CENTRAL_PORT: u16 = 50_000;
const DAY: Duration = Duration::from_secs(24 * 3600);
const ANYWHERE: &str = "0.0.0.0";

/// Flags of all programs.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "general")]
pub struct Common {
    /// Folder of the statistics.
    #[arg(long, value_name = "CARPETA", default_value = "stats", value_parser = PathParser)]
    pub estadisticas: PathBuf,
    /// Level of the log on stderr, or a filter of tracing's.
    #[arg(long, value_name = "NIVEL", default_value = "warn", value_parser = tidy(log_level))]
    pub registro: String,
    /// Form of the log.
    #[arg(long, value_name = "texto|json", value_parser = tidy(EnumValueParser::<LogFormat>::new()), default_value = "texto")]
    pub registro_formato: LogFormat,
    /// File of the log, instead of stderr.
    #[arg(long, value_name = "FICHERO", value_parser = PathParser)]
    pub registro_archivo: Option<PathBuf>,
    /// Language of what people read.
    #[arg(long, value_name = "es|en", value_parser = tidy(LanguageParser))]
    pub idioma: Option<Language>,
    /// Configuration file.
    #[arg(long, value_name = "FICHERO", value_parser = PathParser)]
    pub config: Option<PathBuf>,
    /// Prints every value and where it comes from, and ends.
    #[arg(long)]
    pub mostrar_config: bool,
}

/// Reads what locales are called too; completions offer the short names.
#[derive(Clone)]
struct LanguageParser;

impl TypedValueParser for LanguageParser {
    type Value = Language;

    fn parse_ref(
        &self,
        command: &Command,
        arg: Option<&Arg>,
        value: &OsStr,
    ) -> Result<Language, clap::Error> {
        let parse =
            |text: &str| Language::of(text).ok_or_else(|| BadValue::new(text, t!("why-language")));
        parse.parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let all = [Language::Spanish, Language::English];
        let values = all.map(|language| PossibleValue::new(language.tag()));
        Some(Box::new(values.into_iter()))
    }
}

/// Flags that say who may join, and how connections are protected.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "security")]
pub struct SecurityArgs {
    /// File with the cluster's secret; or else in the variable TROZOS_CLAVE.
    #[arg(long, value_name = "FICHERO", value_parser = PathParser)]
    pub clave_archivo: Option<PathBuf>,
    /// This node's certificate, in PEM.
    #[arg(long, value_name = "FICHERO", value_parser = PathParser)]
    pub tls_cert: Option<PathBuf>,
    /// Its private key, in PEM.
    #[arg(long, value_name = "FICHERO", value_parser = PathParser)]
    pub tls_clave: Option<PathBuf>,
    /// The authority that signs the cluster's certificates.
    #[arg(long, value_name = "FICHERO", value_parser = PathParser)]
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
        self.with(secret, role).map(Arc::new)
    }

    /// Reads the certificates alone.
    ///
    /// # Errors
    /// See [`SecurityError`].
    pub fn certificates(&self, role: NetworkRole) -> Result<Security, SecurityError> {
        self.with(SecretSource::None, role)
    }

    fn with(&self, secret: SecretSource, role: NetworkRole) -> Result<Security, SecurityError> {
        let files = SecurityFiles {
            secret,
            certificate: self.tls_cert.clone(),
            key: self.tls_clave.clone(),
            authority: self.tls_ca.clone(),
        };
        Security::load(&files, role)
    }
}

/// `videocentral`.
#[derive(Parser, Clone, Debug)]
#[command(name = "videocentral", version, next_help_heading = "options")]
#[command(args_conflicts_with_subcommands = true)]
pub struct CentralArgs {
    /// Something else to do than to run.
    #[command(subcommand)]
    pub instead: Option<CentralCommand>,
    /// Where it listens.
    #[arg(short, long, value_name = "IP", default_value = ANYWHERE, value_parser = tidy(place))]
    pub ip: Place,
    /// Where it listens; 0 for a free port.
    #[arg(short, long, value_name = "PUERTO", default_value_t = CENTRAL_PORT, value_parser = tidy(clap::value_parser!(u16)))]
    pub puerto: u16,
    /// How many secondaries must enrol before service begins.
    #[arg(long, value_name = "N", default_value_t = USUAL_SECONDARIES, value_parser = tidy(clap::value_parser!(u16).range(1..=64)))]
    pub secundarios: u16,
    /// Downloads at once.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = tidy(clap::value_parser!(u32).range(1..=10_000)))]
    pub max_clientes: u32,
    /// Runs as a service.
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
    /// Makes a private authority, certificates and a secret.
    #[command(next_help_heading = "options", alias = "certificates")]
    Certificados(CertificateArgs),
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

/// `videosecundario`.
#[derive(Parser, Clone, Debug)]
#[command(name = "videosecundario", version, next_help_heading = "options")]
pub struct SecondaryArgs {
    /// Its number.
    #[arg(short, long, value_name = "N", value_parser = tidy(clap::value_parser!(u64)))]
    pub numero: u64,
    /// How many secondaries there are.
    #[arg(long, value_name = "N", default_value_t = USUAL_SECONDARIES, value_parser = tidy(clap::value_parser!(u16).range(1..=64)))]
    pub secundarios: u16,
    /// Where it listens.
    #[arg(short, long, value_name = "IP", default_value = ANYWHERE, value_parser = tidy(place))]
    pub ip: Place,
    /// Where it listens; 0 for a free port.
    #[arg(short, long, value_name = "PUERTO", value_parser = tidy(clap::value_parser!(u16)))]
    pub puerto: Option<u16>,
    /// The address that others are given.
    #[arg(long, value_name = "IP", value_parser = tidy(place))]
    pub ip_anunciada: Option<Place>,
    /// The central.
    #[arg(long, value_name = "HOST", default_value = "localhost", value_parser = tidy(place))]
    pub ip_central: Place,
    /// The central's port.
    #[arg(long, value_name = "PUERTO", default_value_t = CENTRAL_PORT, value_parser = tidy(clap::value_parser!(u16).range(1..)))]
    pub puerto_central: u16,
    /// The folder that it serves.
    #[arg(long, value_name = "CARPETA", value_parser = PathParser)]
    pub directorio: Option<PathBuf>,
    /// Most bytes per second that it sends.
    #[arg(long, value_name = "TASA", value_parser = tidy(rate))]
    pub limite_subida: Option<u64>,
    /// Most that is kept of what was set aside.
    #[arg(long, value_name = "TAMANO", value_parser = tidy(size))]
    pub retirados_max: Option<u64>,
    /// How many days it is kept.
    #[arg(long, value_name = "DIAS", default_value_t = 30, value_parser = tidy(clap::value_parser!(u32).range(0..=36_500)))]
    pub retirados_dias: u32,
    /// How long a file must not have changed to be offered.
    #[arg(long, value_name = "TIEMPO", default_value = "4s", value_parser = tidy(quiet))]
    pub reposo: Duration,
    /// Goes on without the disks that the folder had.
    #[arg(long)]
    pub olvidar_discos: bool,
    /// Runs as a service.
    #[arg(long)]
    pub sin_consola: bool,
    #[command(flatten)]
    pub security: SecurityArgs,
    #[command(flatten)]
    pub common: Common,
}

/// `videocliente`.
#[derive(Parser, Clone, Debug)]
#[command(name = "videocliente", version, next_help_heading = "options")]
pub struct ClientArgs {
    /// What to do without a prompt.
    #[command(subcommand)]
    pub script: Option<Script>,
    /// The central.
    #[arg(long, value_name = "HOST", default_value = "localhost", value_parser = tidy(place))]
    pub ip_central: Place,
    /// The central's port.
    #[arg(long, value_name = "PUERTO", default_value_t = CENTRAL_PORT, value_parser = tidy(clap::value_parser!(u16).range(1..)))]
    pub puerto_central: u16,
    /// The name to enrol with.
    #[arg(long, value_name = "NOMBRE", value_parser = tidy(client_name))]
    pub nombre: Option<ClientName>,
    #[command(flatten)]
    pub download: DownloadArgs,
    #[command(flatten)]
    pub security: SecurityArgs,
    #[command(flatten)]
    pub common: Common,
}

/// What `videocliente` does for scripts.
#[derive(Subcommand, Clone, Debug)]
pub enum Script {
    /// Prints the files that can be downloaded.
    #[command(alias = "list")]
    Listar {
        /// Only names like these.
        #[arg(value_name = "PATRON", help_heading = "arguments", value_parser = file_name)]
        patrones: Vec<String>,
        #[command(flatten)]
        output: Output,
    },
    /// Downloads files.
    #[command(alias = "get")]
    Descargar {
        /// Names, or patterns.
        #[arg(value_name = "NOMBRE", required = true, help_heading = "arguments", value_parser = file_name)]
        nombres: Vec<String>,
        /// Where to write one file; `-` is stdout.
        #[arg(short = 'o', long, value_name = "RUTA", value_parser = PathParser)]
        salida: Option<PathBuf>,
        #[command(flatten)]
        output: Output,
    },
    /// Compares downloaded files with the cluster's, and mends them.
    #[command(alias = "verify")]
    Verificar {
        /// Names, or patterns.
        #[arg(value_name = "NOMBRE", required = true, help_heading = "arguments", value_parser = file_name)]
        nombres: Vec<String>,
        #[command(flatten)]
        output: Output,
    },
    /// Prints the state of the cluster.
    #[command(alias = "status")]
    Estado {
        #[command(flatten)]
        output: Output,
    },
}

impl Script {
    /// The same with each name once.
    #[must_use]
    pub fn without_repetition(mut self) -> Self {
        match &mut self {
            Self::Listar {
                patrones: names, ..
            }
            | Self::Descargar { nombres: names, .. }
            | Self::Verificar { nombres: names, .. } => {
                let mut seen = HashSet::new();
                names.retain(|name| seen.insert(name.clone()));
            }
            Self::Estado { .. } => {}
        }
        self
    }

    /// How it prints.
    pub fn output(&self) -> &Output {
        match self {
            Self::Listar { output, .. }
            | Self::Descargar { output, .. }
            | Self::Verificar { output, .. }
            | Self::Estado { output } => output,
        }
    }
}

/// How a script's results are printed.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "output")]
pub struct Output {
    /// One JSON document on stdout.
    #[arg(long)]
    pub json: bool,
    /// Progress on stderr.
    #[arg(long, value_name = "texto|json|no", value_parser = tidy(EnumValueParser::<Progress>::new()))]
    pub progreso: Option<Progress>,
    /// Only errors on stderr.
    #[arg(short = 'q', long, conflicts_with = "detallado")]
    pub silencioso: bool,
    /// Everything that happens on stderr.
    #[arg(short = 'v', long)]
    pub detallado: bool,
}

/// How progress is told. Without doc comments on the variants, which completions would show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Progress {
    // For people.
    #[value(alias = "text")]
    Texto,
    // JSON lines.
    Json,
    // Not.
    No,
}

/// Flags of programs that download.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "downloads")]
pub struct DownloadArgs {
    /// Folder of the downloads.
    #[arg(long, value_name = "CARPETA", default_value = "data/descargas", value_parser = PathParser)]
    pub destino: PathBuf,
    /// How long a download waits when no secondary is left.
    #[arg(long, value_name = "TIEMPO", default_value = "60s", value_parser = tidy(time))]
    pub espera_fuentes: Duration,
    /// Replaces a file of other content.
    #[arg(long)]
    pub sobrescribir: bool,
}

impl CentralArgs {
    /// What the node is told; it listens there.
    pub fn config(&self, listen: SocketAddr, security: Arc<Security>) -> CentralConfig {
        CentralConfig {
            listen,
            required_secondaries: self.secundarios,
            max_downloads: self.max_clientes as usize,
            statistics: self.common.estadisticas.clone(),
            security,
        }
    }
}

impl SecondaryArgs {
    /// How much of what was set aside is kept, and for how long.
    pub fn retired_limits(&self) -> RetiredLimits {
        RetiredLimits {
            max_bytes: self.retirados_max,
            max_age: DAY * self.retirados_dias,
        }
    }

    /// Its number.
    ///
    /// # Errors
    /// What is wrong with a number that is not allowed, for people.
    pub fn number(&self) -> Result<SecondaryNumber, String> {
        let highest = self.secundarios.max(USUAL_SECONDARIES);
        SecondaryNumber::try_from(self.numero)
            .ok()
            .filter(|number| number.get() <= highest)
            .ok_or_else(|| self.bad_number(highest))
    }

    /// The port on which the secondary of a number listens.
    pub fn port(&self, number: SecondaryNumber) -> u16 {
        self.puerto.unwrap_or(CENTRAL_PORT + number.get())
    }

    /// What the node is told: it listens there, and others are given that address.
    pub fn config(
        &self,
        number: SecondaryNumber,
        listen: SocketAddr,
        announced_ip: Option<IpAddr>,
        security: Arc<Security>,
    ) -> SecondaryConfig {
        let folder = || PathBuf::from(format!("data/videos{number}"));
        SecondaryConfig {
            number,
            listen,
            announced_ip,
            announced_port: self.ip_anunciada.as_ref().and_then(|place| place.port),
            central: (self.ip_central.host.clone(), self.puerto_central),
            folder: self.directorio.clone().unwrap_or_else(folder),
            statistics: self.common.estadisticas.clone(),
            upload_limit_bytes_per_s: self.limite_subida,
            retired: self.retired_limits(),
            quiet: self.reposo,
            forget_disks: self.olvidar_discos,
            security,
        }
    }

    fn bad_number(&self, highest: u16) -> String {
        let number = self.numero.to_string();
        let could_be =
            self.numero > u64::from(highest) && self.numero <= u64::from(MAX_SECONDARY_NUMBER);
        if could_be {
            t!("usage-number-more", number = number, highest = highest)
        } else {
            t!("usage-number", number = number, highest = highest)
        }
    }
}

impl DownloadArgs {
    /// What the node is told.
    pub fn config(
        &self,
        central: (String, u16),
        statistics: Keeping,
        security: Arc<Security>,
    ) -> ClientConfig {
        ClientConfig {
            central,
            security,
            target: self.destino.clone(),
            statistics,
            source_wait: self.espera_fuentes,
            overwrite: self.sobrescribir,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, FromArgMatches};

    use super::*;

    fn secondary(args: &[&str]) -> Result<SecondaryConfig, String> {
        let all = ["videosecundario"].iter().chain(args);
        let args = SecondaryArgs::try_parse_from(all).map_err(|error| error.to_string())?;
        let number = args.number()?;
        let ip = args.ip.ip().unwrap();
        let listen = SocketAddr::new(ip, args.port(number));
        Ok(args.config(number, listen, None, Arc::default()))
    }

    #[test]
    fn defaults_are_the_originals() {
        let args = CentralArgs::parse_from(["videocentral"]);
        let listen = SocketAddr::new(args.ip.ip().unwrap(), args.puerto);
        let central = args.config(listen, Arc::default());
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
        assert_eq!(client.download.espera_fuentes, Duration::from_secs(60));
    }

    #[test]
    fn numbers_that_are_not_allowed_are_named_with_the_remedy() {
        for bad in ["0", "4", "7", "65", "99999999999"] {
            let error = secondary(&["-n", bad]).unwrap_err();
            assert!(error.contains(bad), "{error}");
        }
        let error = secondary(&["-n", "7"]).unwrap_err();
        assert!(error.contains("--secundarios 7"), "{error}");
        assert!(secondary(&["-n", "7", "--secundarios", "7"]).is_ok());
        assert!(secondary(&[]).is_err());
        assert!(secondary(&["-n", "-1"]).is_err());
    }

    #[test]
    fn scripts_take_their_flags_before_and_after() {
        for line in [
            "videocliente --ip-central h descargar a b --json",
            "videocliente descargar a b --json --ip-central h",
            "videocliente get a b --json --ip-central h",
        ] {
            let command = crate::cli::flags::dressed(ClientArgs::command(), &Default::default());
            let matches = command.try_get_matches_from(line.split(' ')).unwrap();
            let args = ClientArgs::from_arg_matches(&matches).unwrap();
            assert_eq!(args.ip_central.host, "h");
            let Some(Script::Descargar {
                nombres, output, ..
            }) = args.script
            else {
                panic!("{line}");
            };
            assert_eq!((nombres.len(), output.json), (2, true));
        }
    }
}
