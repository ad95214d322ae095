//! Who asks, for the routes.

use std::net::IpAddr;

use super::{
    auth::{Right, Signer},
    text::Tongue,
};

/// See the module.
#[derive(Clone, Debug)]
pub(super) struct Asker {
    pub(super) ip: IpAddr,
    /// Under which of its names this server is asked, with the port.
    pub(super) host: String,
    pub(super) tongue: Tongue,
    /// What its password, or its address, gives.
    pub(super) right: Right,
    /// Nobody between both ends reads along.
    pub(super) is_private: bool,
    /// What signs the addresses that the answer has, where they need it.
    pub(super) signer: Option<Signer>,
    /// `http` or `https`, as this request came.
    pub(super) scheme: &'static str,
}

impl Asker {
    /// A path of this server as an address that its reader can give to a player.
    pub(super) fn address(&self, path: &str) -> String {
        let here = format!("{}://{}", self.scheme, self.host);
        self.signed(&here, path)
    }

    /// The same for any server of the cluster.
    pub(super) fn signed(&self, server: &str, path: &str) -> String {
        match &self.signer {
            Some(signer) => format!("{server}{path}?{}", signer.sign(path)),
            None => format!("{server}{path}"),
        }
    }
}
