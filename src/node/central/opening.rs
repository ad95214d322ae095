//! Which key store a central is given, if its build has one.

/// Where the key store of several centrals is.
#[derive(Clone, Debug)]
pub struct KeyStoreConfig {
    /// `http://host:port` or `https://host:port`, one of each member.
    pub endpoints: Vec<String>,
    /// The cluster, whose keys have a prefix of their own.
    pub cluster: String,
    /// PEM of the authority that its certificates are from, for `https`.
    pub authority: Option<Vec<u8>>,
    /// PEM of the central's own certificate and key, where one is asked for.
    pub identity: Option<(Vec<u8>, Vec<u8>)>,
}

#[cfg(feature = "etcd")]
mod built {
    use crate::{
        net::etcd::{Etcd, EtcdConfig, EtcdError, EtcdTls},
        node::{central::opening::KeyStoreConfig, no_key_store::KeyStoreError},
    };

    /// The key store of this build.
    pub type OpenKeyStore = Etcd;

    /// A key store that has not been asked yet.
    ///
    /// # Errors
    /// See [`KeyStoreError`].
    pub fn open_key_store(config: KeyStoreConfig) -> Result<OpenKeyStore, KeyStoreError> {
        let identity = config.identity;
        let tls = config.authority.map(|authority| EtcdTls {
            authority,
            identity,
        });
        let opened = Etcd::new(EtcdConfig {
            endpoints: config.endpoints,
            prefix: format!("/trozos/{}/", config.cluster),
            tls,
        });
        opened.map_err(|error| match error {
            EtcdError::NoEndpoint => KeyStoreError::NoMember,
            EtcdError::NotAnEndpoint(given) => KeyStoreError::NotAMember(given),
            EtcdError::NoCertificates(given) => KeyStoreError::NoAuthority(given),
            EtcdError::Certificates(why) => KeyStoreError::Certificates(why),
        })
    }
}

#[cfg(not(feature = "etcd"))]
mod built {
    use crate::{
        model::{Call, Change, Reply, Revision, Silence},
        node::{
            central::{
                key_store::{KeyStore, KeyWatch},
                opening::KeyStoreConfig,
            },
            no_key_store::KeyStoreError,
        },
    };

    /// There is none.
    #[derive(Debug)]
    pub enum OpenKeyStore {}

    /// Always fails: the client of etcd is missing.
    ///
    /// # Errors
    /// [`KeyStoreError::NotBuilt`].
    pub fn open_key_store(_: KeyStoreConfig) -> Result<OpenKeyStore, KeyStoreError> {
        Err(KeyStoreError::NotBuilt)
    }

    impl KeyStore for OpenKeyStore {
        type Watch = Self;

        async fn call(&self, _: &Call) -> Result<Reply, Silence> {
            match *self {}
        }

        async fn watch(&self, _: Revision) -> Result<Self, Silence> {
            match *self {}
        }
    }

    impl KeyWatch for OpenKeyStore {
        async fn next(&mut self) -> Option<Vec<Change>> {
            match *self {}
        }
    }
}

pub use built::{OpenKeyStore, open_key_store};
