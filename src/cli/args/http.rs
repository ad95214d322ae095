//! Whether a server answers HTTP, and under which names.

use std::{net::IpAddr, path::PathBuf};

use clap::Args;

use crate::{
    cli::{
        place::Place,
        text::t,
        values::{PathParser, switch, tidy},
    },
    http::{Hosts, Passwords},
    node::{Security, SecurityError, administrator},
    proto::{Password, account::AdminKey},
};

/// Flags of servers that may answer HTTP.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "options")]
pub struct HttpArgs {
    /// Answers HTTP at its port; by default where everybody may join.
    #[arg(long, value_name = "si|no", value_parser = tidy(switch))]
    pub http: Option<bool>,
    /// Names by which browsers may ask it, besides its addresses and the machine's own name.
    #[arg(long, value_name = "NOMBRE", value_delimiter = ',')]
    pub http_nombre: Vec<String>,
    /// File with the password of whoever may give orders by HTTP.
    #[arg(long, value_name = "FICHERO", value_parser = PathParser)]
    pub admin_contrasena_archivo: Option<PathBuf>,
    /// Takes it over the network too, unencrypted.
    #[arg(long)]
    pub admin_en_claro: bool,
    /// What is in the file, once it is read.
    #[arg(skip)]
    pub administrator: Option<Password>,
    /// The same, as it is proven.
    #[arg(skip)]
    pub admin_key: Option<AdminKey>,
}

/// Why HTTP cannot be answered as it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HttpTrouble {
    /// TLS says who may join, and those who ask by HTTP show no certificate and have no secret to say.
    MissingSecret,
    /// Whoever asks from another machine would say the secret for all to hear, and nobody can ask from this one.
    InTheClear,
    /// A central does not trust the secondaries, which it must ask for digests and chunks.
    MissingAuthority,
}

impl HttpTrouble {
    /// For people.
    pub fn text(self) -> String {
        match self {
            Self::MissingSecret => t!("http-needs-secret"),
            Self::InTheClear => t!("http-tells-secret"),
            Self::MissingAuthority => t!("http-needs-authority"),
        }
    }
}

impl HttpArgs {
    /// Reads the file with the administrator's password.
    ///
    /// # Errors
    /// See [`SecurityError`].
    pub fn read_password(&mut self) -> Result<(), SecurityError> {
        let path = self.admin_contrasena_archivo.as_deref();
        if let Some((password, key)) = path.map(administrator).transpose()? {
            (self.administrator, self.admin_key) = (Some(password), Some(key));
        }
        Ok(())
    }

    /// Whether what is asked for is possible at this place.
    ///
    /// # Errors
    /// See `HttpTrouble`.
    pub fn check(&self, security: &Security, place: &Place) -> Result<(), HttpTrouble> {
        if self.http != Some(true) || security.is_open() {
            return Ok(());
        }
        if !security.is_closed() {
            return Err(HttpTrouble::MissingSecret);
        }
        if security.has_tls() {
            return security
                .trusts()
                .then_some(())
                .ok_or(HttpTrouble::MissingAuthority);
        }
        let ip = place.host.parse::<IpAddr>();
        let is_elsewhere = ip.is_ok_and(|ip| !ip.is_loopback() && !ip.is_unspecified());
        if is_elsewhere {
            Err(HttpTrouble::InTheClear)
        } else {
            Ok(())
        }
    }

    /// What those say who ask by HTTP, and what addresses are signed with.
    pub fn passwords(&self, security: &Security) -> Passwords {
        Passwords {
            member: security.password(),
            links: security.link_key(),
            administrator: self.administrator.clone(),
            in_clear: self.admin_en_claro,
        }
    }

    /// What those say who ask of a door that gives no orders.
    pub fn members(&self, security: &Security) -> Passwords {
        Passwords {
            member: security.password(),
            ..Passwords::default()
        }
    }

    /// The names of this server.
    pub fn names(&self) -> Hosts {
        let system = rustix::system::uname();
        let machine = system.nodename().to_str().ok();
        Hosts::new(machine, &self.http_nombre)
    }

    /// The names under which HTTP is answered, if it is: in an open cluster unless it is switched off, in a closed one once
    /// it is switched on.
    pub fn hosts(&self, security: &Security) -> Option<Hosts> {
        let is_on = self.http.unwrap_or_else(|| security.is_open());
        is_on.then(|| self.names())
    }
}
