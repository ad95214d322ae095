//! Whether a server answers HTTP, and under which names.

use clap::Args;

use crate::{
    cli::values::{switch, tidy},
    http::Hosts,
    node::Security,
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
}

/// HTTP is asked for where a secret or TLS says who may join, and nothing would say so of those who ask by HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OnlyInOpen;

impl HttpArgs {
    /// Whether what is asked for is possible.
    ///
    /// # Errors
    /// See [`OnlyInOpen`].
    pub fn check(&self, security: &Security) -> Result<(), OnlyInOpen> {
        if self.http == Some(true) && !security.is_open() {
            return Err(OnlyInOpen);
        }
        Ok(())
    }

    /// The names under which HTTP is answered, if it is.
    pub fn hosts(&self, security: &Security) -> Option<Hosts> {
        let is_on = self.http.unwrap_or(true) && security.is_open();
        let system = rustix::system::uname();
        let machine = system.nodename().to_str().ok();
        is_on.then(|| Hosts::new(machine, &self.http_nombre))
    }
}
