//! `videosecundario`.

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use clap::{Parser, Subcommand};

use super::{
    ANYWHERE, CENTRAL_PORT, Common, HttpArgs, MOST_VIEWERS, OfSecondary, Order, SecurityArgs,
    USUAL_SECONDARIES,
};
use crate::{
    cli::{
        centrals::{CentralPlaces, central_places, group_name},
        parsers::{DAY, Scrubs, look, number, quiet, scrub, secondary_number, upload_limit},
        place::{Place, place},
        quantity::size,
        text::t,
        timetable::Timetable,
        values::{PathParser, tidy},
    },
    http,
    model::{GroupName, SecondaryNumber, limits::MAX_SECONDARY_NUMBER},
    node::{Centrals, Security, secondary::SecondaryConfig},
    store::retired::RetiredLimits,
};

/// `videosecundario`.
#[derive(Parser, Clone, Debug)]
#[command(name = "videosecundario", version, next_help_heading = "options")]
#[command(subcommand_negates_reqs = true)]
pub struct SecondaryArgs {
    /// A subcommand, instead of running a secondary.
    #[command(subcommand)]
    pub instead: Option<SecondaryCommand>,
    /// Its number.
    #[arg(short, long, required = true, value_name = "N", value_parser = tidy(secondary_number))]
    pub numero: Option<u64>,
    /// How many secondaries there are.
    #[arg(long, value_name = "N", default_value_t = USUAL_SECONDARIES, value_parser = tidy(number::<u16>(1, 64)))]
    pub secundarios: u16,
    /// Where it listens.
    #[arg(short, long, value_name = "IP", default_value = ANYWHERE, value_parser = tidy(place))]
    pub ip: Place,
    /// Where it listens; 0 for a free port.
    #[arg(short, long, value_name = "PUERTO", value_parser = tidy(number::<u16>(0, u16::MAX)))]
    pub puerto: Option<u16>,
    /// The address that others are given.
    #[arg(long, value_name = "IP", value_parser = tidy(place))]
    pub ip_anunciada: Option<Place>,
    /// The centrals.
    #[arg(long, value_name = "HOST|auto", default_value = "localhost", value_parser = tidy(central_places))]
    pub ip_central: CentralPlaces,
    /// The central's port.
    #[arg(long, value_name = "PUERTO", default_value_t = CENTRAL_PORT, value_parser = tidy(number::<u16>(1, u16::MAX)))]
    pub puerto_central: u16,
    /// Of those that announce themselves, the group that is meant.
    #[arg(long, value_name = "NOMBRE", value_parser = tidy(group_name))]
    pub grupo: Option<GroupName>,
    /// The folder or bucket that it serves.
    #[arg(long, value_name = "CARPETA|CUBO", value_parser = PathParser)]
    pub directorio: Option<PathBuf>,
    /// Most bytes per second that it sends.
    #[arg(long, value_name = "TASA", value_parser = tidy(upload_limit))]
    pub limite_subida: Option<Timetable>,
    /// Most that is kept of what was set aside.
    #[arg(long, value_name = "TAMANO", value_parser = tidy(size))]
    pub retirados_max: Option<u64>,
    /// How many days it is kept.
    #[arg(long, value_name = "DIAS", default_value_t = 30, value_parser = tidy(number::<u32>(0, 36_500)))]
    pub retirados_dias: u32,
    /// The quiet time: how long a file must be unchanged before it is offered.
    #[arg(long, value_name = "TIEMPO", default_value = "4s", value_parser = tidy(quiet))]
    pub reposo: Duration,
    /// How often it looks at all that is there, where nobody tells of changes.
    #[arg(long, value_name = "TIEMPO", value_parser = tidy(look))]
    pub repaso: Option<Duration>,
    /// How often all that it serves is read again and compared with its digests.
    #[arg(long, value_name = "TIEMPO|no", default_value = "30d", value_parser = tidy(scrub))]
    pub repaso_digests: Scrubs,
    /// Continues without disks that were mounted in the folder before.
    #[arg(long)]
    pub olvidar_discos: bool,
    /// Answers HTTP for the whole cluster, and not only with its own files.
    #[arg(long)]
    pub pasarela: bool,
    /// Those who watch through it at once, when it does.
    #[arg(long, value_name = "N", default_value_t = MOST_VIEWERS, value_parser = tidy(number::<u16>(1, 1000)))]
    pub max_ver: u16,
    /// Where it takes orders of other programs.
    #[arg(long, value_name = "RUTA|no", value_parser = PathParser)]
    pub socket: Option<PathBuf>,
    /// Runs as a service.
    #[arg(long)]
    pub sin_consola: bool,
    #[command(flatten)]
    pub http: HttpArgs,
    #[command(flatten)]
    pub security: SecurityArgs,
    #[command(flatten)]
    pub common: Common,
}

/// What `videosecundario` does besides running a secondary.
#[derive(Subcommand, Clone, Debug)]
pub enum SecondaryCommand {
    /// Something that is asked of a secondary that runs.
    #[command(flatten)]
    Order(Order<OfSecondary>),
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
    /// Why the number is not allowed, for people.
    pub fn number(&self) -> Result<SecondaryNumber, String> {
        let highest = self.secundarios.max(USUAL_SECONDARIES);
        SecondaryNumber::try_from(self.numero.unwrap_or_default())
            .ok()
            .filter(|number| number.get() <= highest)
            .ok_or_else(|| self.bad_number(highest))
    }

    /// The port on which the secondary of a number listens.
    pub fn port(&self, number: SecondaryNumber) -> u16 {
        let usual = || Self::usual_port(number.get().into()).unwrap_or(CENTRAL_PORT);
        self.puerto.unwrap_or_else(usual)
    }

    /// The port of a number where none is given.
    pub fn usual_port(number: u64) -> Option<u16> {
        CENTRAL_PORT.checked_add(u16::try_from(number).ok()?)
    }

    /// The folder of a number where none is given.
    pub fn usual_folder(number: u64) -> String {
        format!("data/videos{number}")
    }

    /// What the node is told: it listens there, and others are given that address.
    pub fn config(
        &self,
        number: SecondaryNumber,
        listen: SocketAddr,
        announced_ip: Option<IpAddr>,
        security: Arc<Security>,
    ) -> SecondaryConfig {
        let folder = || PathBuf::from(Self::usual_folder(number.get().into()));
        SecondaryConfig {
            number,
            listen,
            announced_ip,
            announced_port: self.ip_anunciada.as_ref().and_then(|place| place.port),
            centrals: self.centrals(number),
            folder: self.directorio.clone().unwrap_or_else(folder),
            look_every: self.repaso,
            statistics: self.common.estadisticas.clone(),
            upload_limit_bytes_per_s: self.upload_limit_now(),
            retired: self.retired_limits(),
            quiet: self.reposo,
            scrub_every: self.repaso_digests.every,
            forget_disks: self.olvidar_discos,
            face: self.http.hosts(&security).map(|hosts| {
                let passwords = self.http.passwords(&security);
                let most_viewers = self.pasarela.then_some(self.max_ver.into());
                http::of_secondary(hosts, passwords, most_viewers)
            }),
            security,
        }
    }

    /// The centrals that it may go to.
    fn centrals(&self, number: SecondaryNumber) -> Centrals {
        let kept = format!("secundario{number}.centrales");
        let kept = self.common.estadisticas.join(kept);
        let (port, group) = (self.puerto_central, self.grupo.as_ref());
        self.ip_central.centrals(port, group, Some(kept))
    }

    /// The limit that holds when it starts.
    fn upload_limit_now(&self) -> Option<u64> {
        let timetable = self.limite_subida.as_ref()?;
        timetable.at(&jiff::Zoned::now()).limit
    }

    fn bad_number(&self, highest: u16) -> String {
        let number = self.numero.unwrap_or_default();
        let could_be = number > u64::from(highest) && number <= u64::from(MAX_SECONDARY_NUMBER);
        let number = number.to_string();
        if could_be {
            t!("usage-number-more", number = number, highest = highest)
        } else {
            t!("usage-number", number = number, highest = highest)
        }
    }
}
