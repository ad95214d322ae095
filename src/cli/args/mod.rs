//! Command lines, and the configurations that they become: what all programs have here, what each has in its file.
//!
//! What their help says is in the catalogues: `flag-<name>` or, where programs differ, `flag-<program>-<name>`; the
//! comments here are for whoever reads the code. See [`super::flags`] for how a command line is read.

mod central;
mod client;
mod figures;
mod http;
mod local;
mod orders;
mod peers;
mod secondary;

use std::{ffi::OsStr, path::PathBuf, sync::Arc, time::Duration};

use clap::{
    Arg, Args, Command,
    builder::{EnumValueParser, PossibleValue, TypedValueParser},
};

use super::{
    at_end::{Program, program},
    logging::LogFormat,
    parsers::{download_limit, log_level},
    quantity::{BadValue, time},
    text::{language::Language, security::SECRET_VARIABLES, t},
    timetable::Timetable,
    values::{PathParser, tidy},
};
use crate::node::{
    Centrals, NetworkRole, SecretSource, Security, SecurityError, SecurityFiles,
    client::{ClientConfig, Keeping},
};

#[cfg(feature = "grpc")]
pub use central::ConsoleArgs;
pub use central::{
    AuditorArgs, CentralArgs, CentralCommand, CertificateArgs, JournalAction, JournalArgs,
};
pub use client::{Choice, ClientArgs, Output, Progress, Publication, Script, Watching};
pub use figures::FiguresArgs;
pub use http::HttpArgs;
pub(super) use local::LocalArgs;
pub use orders::{OfCentral, OfSecondary, Order, OrderArgs};
pub use peers::PeerArgs;
pub use secondary::{SecondaryArgs, SecondaryCommand};

/// How many secondaries there are unless said otherwise.
const USUAL_SECONDARIES: u16 = 3;
pub(super) const CENTRAL_PORT: u16 = 50_000;
const MOST_VIEWERS: u16 = 16;
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

/// Flags of the log, of a program that has no statistics.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "general")]
pub struct LogArgs {
    /// Level of the log on stderr, or a filter of tracing's.
    #[arg(long, value_name = "NIVEL", default_value = "warn", value_parser = tidy(log_level))]
    pub registro: String,
    /// Form of the log.
    #[arg(long, value_name = "texto|json", value_parser = tidy(EnumValueParser::<LogFormat>::new()), default_value = "texto")]
    pub registro_formato: LogFormat,
    /// File of the log, instead of stderr.
    #[arg(long, value_name = "FICHERO", value_parser = PathParser)]
    pub registro_archivo: Option<PathBuf>,
}

/// Accepts names of locales too; completions offer only the short names.
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
        let of_environment = || match SECRET_VARIABLES.into_iter().find_map(std::env::var_os) {
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
    /// Most bytes per second that all downloads receive.
    #[arg(long, value_name = "TASA", value_parser = tidy(download_limit))]
    pub limite_bajada: Option<Timetable>,
    /// Runs this when a download has completed.
    #[arg(long, value_name = "PROGRAMA", value_parser = tidy(program))]
    pub al_terminar: Option<Program>,
    /// Rings the terminal's bell when a download ends.
    #[arg(long)]
    pub campana: bool,
}

/// What a person wants around all downloads.
#[derive(Clone, Debug, Default)]
pub struct Habits {
    /// What limits all that is received.
    pub limit: Option<Timetable>,
    /// What limits all that other clients are sent.
    pub upload: Option<Timetable>,
    /// What is run at the end of each.
    pub at_end: Option<Program>,
    /// The terminal's bell rings at the end of each.
    pub bell: bool,
}

impl DownloadArgs {
    /// What is wanted around all downloads.
    pub fn habits(&self) -> Habits {
        Habits {
            limit: self.limite_bajada.clone(),
            upload: None,
            at_end: self.al_terminar.clone(),
            bell: self.campana,
        }
    }

    /// What the node is told.
    pub fn config(
        &self,
        centrals: impl Into<Centrals>,
        statistics: Keeping,
        security: Arc<Security>,
    ) -> ClientConfig {
        ClientConfig {
            centrals: centrals.into(),
            security,
            target: self.destino.clone(),
            statistics,
            source_wait: self.espera_fuentes,
            overwrite: self.sobrescribir,
            memory: None,
            identity: None,
            patience: Default::default(),
            peering: Default::default(),
        }
    }
}

/// Flags whose values a file may give.
pub(super) fn settings_can_have(arg: &Arg) -> bool {
    let is_about_this_run = matches!(
        arg.get_id().as_str(),
        "help"
            | "version"
            | "config"
            | "mostrar_config"
            | "demo"
            | "companeros"
            | "generar"
            | "incluir"
            | "excluir"
            | "espejo"
            | "por_contenido"
            | "borrar"
            | "ensayo"
            | "tras"
    );
    arg.get_long().is_some() && !is_about_this_run
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use clap::{CommandFactory, FromArgMatches, Parser};

    use super::*;
    use crate::node::secondary::SecondaryConfig;

    fn secondary(args: &[&str]) -> Result<SecondaryConfig, String> {
        let all = ["videosecundario"].iter().chain(args);
        let args = SecondaryArgs::try_parse_from(all).map_err(|error| error.to_string())?;
        let number = args.number()?;
        let ip = args.ip.ip().unwrap();
        let listen = SocketAddr::new(ip, args.port(number));
        Ok(args.config(number, listen, None, Arc::default()))
    }

    fn nobody() -> crate::http::Operator {
        crate::http::Operator::new(Arc::new(|_, _, _| {
            Box::pin(std::future::ready(Err(crate::http::NotOrdered::Stopping)))
        }))
    }

    #[test]
    fn defaults_are_the_originals() {
        let args = CentralArgs::parse_from(["videocentral"]);
        let listen = SocketAddr::new(args.ip.ip().unwrap(), args.puerto);
        let central = args.config(listen, Arc::default(), None, nobody());
        assert_eq!(central.listen.to_string(), "0.0.0.0:50000");
        assert_eq!(
            (central.required_secondaries, central.max_downloads),
            (3, 5)
        );
        let config = secondary(&["-n", "2"]).unwrap();
        assert_eq!(config.listen.to_string(), "0.0.0.0:50002");
        assert_eq!(config.centrals.places, [("localhost".to_owned(), 50_000)]);
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
            let command = crate::cli::dress::dressed(ClientArgs::command(), &Default::default());
            let matches = command.try_get_matches_from(line.split(' ')).unwrap();
            let args = ClientArgs::from_arg_matches(&matches).unwrap();
            assert_eq!(args.ip_central.to_string(), "h");
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
