//! `videocliente`, and what it does for scripts.

use std::{collections::HashSet, net::SocketAddr, path::PathBuf};

use clap::{
    Args, Parser, Subcommand, ValueEnum,
    builder::{EnumValueParser, PossibleValue},
};

use super::{CENTRAL_PORT, Common, DownloadArgs, PeerArgs, SecurityArgs};
use crate::{
    cli::{
        centrals::{CentralPlaces, central_places, group_name},
        parsers::{account_name, client_name, file_name, number, own_address},
        values::{PathParser, named_value, tidy},
    },
    model::{AccountName, ClientName, GroupName},
    node::Centrals,
};

/// `videocliente`.
#[derive(Parser, Clone, Debug)]
#[command(name = "videocliente", version, next_help_heading = "options")]
pub struct ClientArgs {
    /// What to do without a prompt.
    #[command(subcommand)]
    pub script: Option<Script>,
    /// The centrals.
    #[arg(long, value_name = "HOST|auto", default_value = "localhost", value_parser = tidy(central_places))]
    pub ip_central: CentralPlaces,
    /// The central's port.
    #[arg(long, value_name = "PUERTO", default_value_t = CENTRAL_PORT, value_parser = tidy(number::<u16>(1, u16::MAX)))]
    pub puerto_central: u16,
    /// Of those that announce themselves, the group that is meant.
    #[arg(long, value_name = "NOMBRE", value_parser = tidy(group_name))]
    pub grupo: Option<GroupName>,
    /// The name to enrol with.
    #[arg(long, value_name = "NOMBRE", value_parser = tidy(client_name))]
    pub nombre: Option<ClientName>,
    #[command(flatten)]
    pub download: DownloadArgs,
    #[command(flatten)]
    pub peers: PeerArgs,
    #[command(flatten)]
    pub security: SecurityArgs,
    #[command(flatten)]
    pub common: Common,
}

impl ClientArgs {
    /// The centrals that it may go to.
    pub fn centrals(&self) -> Centrals {
        let (port, group) = (self.puerto_central, self.grupo.as_ref());
        let kept = self.ip_central.kept(port, group);
        self.ip_central.centrals(port, group, kept)
    }
}

/// What `videocliente` does for scripts.
#[derive(Subcommand, Clone, Debug)]
pub enum Script {
    /// Prints the files that can be downloaded.
    Listar {
        /// Only names like these.
        #[arg(value_name = "PATRON", help_heading = "arguments", value_parser = file_name)]
        patrones: Vec<String>,
        #[command(flatten)]
        output: Output,
    },
    /// Downloads files.
    Descargar {
        /// Names, or patterns.
        #[arg(value_name = "NOMBRE", required = true, help_heading = "arguments", value_parser = file_name)]
        nombres: Vec<String>,
        /// Where to write one file; `-` is stdout.
        #[arg(short = 'o', long, value_name = "RUTA", value_parser = PathParser)]
        salida: Option<PathBuf>,
        #[command(flatten)]
        choice: Choice,
        #[command(flatten)]
        output: Output,
    },
    /// Compares downloaded files with the cluster's, and mends them.
    Verificar {
        /// Names, or patterns.
        #[arg(value_name = "NOMBRE", required = true, help_heading = "arguments", value_parser = file_name)]
        nombres: Vec<String>,
        #[command(flatten)]
        output: Output,
    },
    /// Prints addresses of files for players, which need no secret for some hours.
    Enlace {
        /// Names, or patterns.
        #[arg(value_name = "NOMBRE", required = true, help_heading = "arguments", value_parser = file_name)]
        nombres: Vec<String>,
        /// How long they work where there is a secret.
        #[arg(long, value_name = "N", default_value_t = 12, value_parser = tidy(number::<u8>(1, 24)))]
        horas: u8,
        #[command(flatten)]
        output: Output,
    },
    /// Lets a player show a file while it comes.
    Ver {
        /// A name, or a pattern that means one file.
        #[arg(value_name = "NOMBRE", help_heading = "arguments", value_parser = file_name)]
        fichero: String,
        #[command(flatten)]
        watching: Watching,
        #[command(flatten)]
        output: Output,
    },
    /// Publishes files.
    Publicar {
        #[command(flatten)]
        what: Publication,
        #[command(flatten)]
        output: Output,
    },
    /// Withdraws published files.
    Retirar {
        /// Their names.
        #[arg(value_name = "NOMBRE", required = true, help_heading = "arguments", value_parser = file_name)]
        nombres: Vec<String>,
        #[command(flatten)]
        output: Output,
    },
    /// Prints what an account publishes.
    Contenido {
        /// The account.
        #[arg(value_name = "CUENTA", help_heading = "arguments")]
        cuenta: String,
        #[command(flatten)]
        output: Output,
    },
    /// Downloads published files from their owners.
    Traer {
        /// Their names.
        #[arg(value_name = "NOMBRE", required = true, help_heading = "arguments", value_parser = file_name)]
        nombres: Vec<String>,
        /// Where to write one file; `-` is stdout.
        #[arg(short = 'o', long, value_name = "RUTA", value_parser = PathParser)]
        salida: Option<PathBuf>,
        #[command(flatten)]
        output: Output,
    },
    /// Makes an account, and is it from then on.
    Registrar {
        /// Its name.
        #[arg(value_name = "NOMBRE", help_heading = "arguments", value_parser = tidy(account_name))]
        cuenta: AccountName,
        #[command(flatten)]
        output: Output,
    },
    /// Is an account from then on.
    Conectar {
        /// Which; the last one when it is not said.
        #[arg(value_name = "NOMBRE", help_heading = "arguments", value_parser = tidy(account_name))]
        cuenta: Option<AccountName>,
        /// A code that lets this machine in.
        #[arg(value_name = "CODIGO", help_heading = "arguments", requires = "cuenta")]
        codigo: Option<String>,
        #[command(flatten)]
        output: Output,
    },
    /// Is a guest from then on.
    Desconectar {
        #[command(flatten)]
        output: Output,
    },
    /// Ends its account.
    Baja {
        #[command(flatten)]
        output: Output,
    },
    /// Prints the accounts.
    Usuarios {
        /// Only those whose names have this in them.
        #[arg(value_name = "BUSCADO", help_heading = "arguments")]
        texto: Option<String>,
        #[command(flatten)]
        output: Output,
    },
    /// Prints the state of the cluster.
    Estado {
        #[command(flatten)]
        output: Output,
    },
}

impl Script {
    /// The same script without repeated names.
    #[must_use]
    pub fn without_repetition(mut self) -> Self {
        match &mut self {
            Self::Listar {
                patrones: names, ..
            }
            | Self::Descargar { nombres: names, .. }
            | Self::Verificar { nombres: names, .. }
            | Self::Retirar { nombres: names, .. }
            | Self::Traer { nombres: names, .. }
            | Self::Enlace { nombres: names, .. } => {
                let mut seen = HashSet::new();
                names.retain(|name| seen.insert(name.clone()));
            }
            Self::Ver { .. }
            | Self::Publicar { .. }
            | Self::Contenido { .. }
            | Self::Estado { .. }
            | Self::Registrar { .. }
            | Self::Conectar { .. }
            | Self::Desconectar { .. }
            | Self::Baja { .. }
            | Self::Usuarios { .. } => {}
        }
        self
    }

    /// How it prints.
    pub fn output(&self) -> &Output {
        match self {
            Self::Listar { output, .. }
            | Self::Descargar { output, .. }
            | Self::Verificar { output, .. }
            | Self::Enlace { output, .. }
            | Self::Ver { output, .. }
            | Self::Publicar { output, .. }
            | Self::Retirar { output, .. }
            | Self::Contenido { output, .. }
            | Self::Traer { output, .. }
            | Self::Registrar { output, .. }
            | Self::Conectar { output, .. }
            | Self::Desconectar { output }
            | Self::Baja { output }
            | Self::Usuarios { output, .. }
            | Self::Estado { output } => output,
        }
    }
}

/// How a file is watched.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "watching")]
pub struct Watching {
    /// It is downloaded as well.
    #[arg(long)]
    pub guardar: bool,
    /// The program that shows it.
    #[arg(long, value_name = "PROGRAMA")]
    pub reproductor: Option<String>,
    /// Where others of the network find it.
    #[arg(long, value_name = "IP", value_parser = tidy(own_address))]
    pub servir_en: Option<SocketAddr>,
    /// It ends when nobody reads any more.
    #[arg(long)]
    pub hasta_cerrar: bool,
}

/// What is published, and how.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "publishing")]
pub struct Publication {
    /// Files, or folders.
    #[arg(value_name = "RUTA", required = true, help_heading = "arguments", value_parser = PathParser)]
    pub rutas: Vec<PathBuf>,
    /// What it is called.
    #[arg(long, value_name = "NOMBRE")]
    pub como: Option<String>,
    /// Who may have it.
    #[arg(long, value_name = "CUENTA")]
    pub para: Vec<String>,
    /// Replaces other content of the name.
    #[arg(long)]
    pub reemplazar: bool,
    /// All files of a folder.
    #[arg(long)]
    pub todo: bool,
    /// Goes on to serve it.
    #[arg(long)]
    pub servir: bool,
}

/// Which files of those that are meant, and what a mirror of them does.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "mirror")]
pub struct Choice {
    /// Only files like these.
    #[arg(long, value_name = "PATRON")]
    pub incluir: Vec<String>,
    /// No files like these.
    #[arg(long, value_name = "PATRON")]
    pub excluir: Vec<String>,
    /// Only what is missing or differs.
    #[arg(long, conflicts_with = "salida")]
    pub espejo: bool,
    /// What differs is found by content, not by length.
    #[arg(long, requires = "espejo")]
    pub por_contenido: bool,
    /// Removes what the cluster does not have.
    #[arg(long, requires = "espejo")]
    pub borrar: bool,
    /// Only says what would be done.
    #[arg(long, requires = "espejo")]
    pub ensayo: bool,
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

/// How progress is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// For people.
    Texto,
    /// JSON lines.
    Json,
    /// Not.
    No,
}

impl ValueEnum for Progress {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Texto, Self::Json, Self::No]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(named_value(match self {
            Self::Texto => "texto",
            Self::Json => "json",
            Self::No => "no",
        }))
    }
}
