//! `videolocal`.

use std::path::PathBuf;

use clap::Parser;

use super::{Common, DownloadArgs, SecurityArgs, USUAL_SECONDARIES};
use crate::cli::{
    parsers::{number, upload_limit},
    timetable::Timetable,
    values::{PathParser, tidy},
};

/// `videolocal`. Its help is in the catalogues, see [`super`].
#[derive(Parser, Clone, Debug)]
#[command(name = "videolocal", version, next_help_heading = "options")]
pub(in crate::cli) struct LocalArgs {
    /// The demonstration.
    #[arg(long)]
    pub(in crate::cli) demo: bool,
    /// Makes completions and manual pages there.
    #[arg(long, value_name = "CARPETA", value_parser = PathParser)]
    pub(in crate::cli) generar: Option<PathBuf>,
    /// Folder of videos1, videos2…
    #[arg(long, value_name = "CARPETA", default_value = "data", value_parser = PathParser)]
    pub(in crate::cli) directorio: PathBuf,
    /// The central's port.
    #[arg(long, value_name = "PUERTO", default_value_t = 0, value_parser = tidy(number::<u16>(0, u16::MAX)))]
    pub(in crate::cli) puerto: u16,
    /// Port of secondary 1; the others have the next ones.
    #[arg(long, value_name = "PUERTO", default_value_t = 0, value_parser = tidy(number::<u16>(0, u16::MAX)))]
    pub(in crate::cli) puerto_secundarios: u16,
    /// How many secondaries.
    #[arg(long, value_name = "N", default_value_t = USUAL_SECONDARIES, value_parser = tidy(number::<u16>(1, 64)))]
    pub(in crate::cli) secundarios: u16,
    /// Downloads at once.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = tidy(number::<u32>(1, 10_000)))]
    pub(in crate::cli) max_clientes: u32,
    /// Most bytes per second that each secondary sends.
    #[arg(long, value_name = "TASA", value_parser = tidy(upload_limit))]
    pub(in crate::cli) limite_subida: Option<Timetable>,
    /// So many clients begin the same download at once.
    #[arg(long, value_name = "N", value_parser = tidy(number::<u16>(1, 100)))]
    pub(in crate::cli) companeros: Option<u16>,
    #[command(flatten)]
    pub(in crate::cli) download: DownloadArgs,
    #[command(flatten)]
    pub(in crate::cli) security: SecurityArgs,
    #[command(flatten)]
    pub(in crate::cli) common: Common,
}
