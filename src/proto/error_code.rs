//! What an `error` or `refused` line may say.

use serde::{
    Deserialize, Serialize,
    de::{IntoDeserializer, value::StrDeserializer},
};

use crate::model::error_codes;

/// Code of an error on the wire; PROTOCOL.md lists them with cause and remedy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorCode {
    /// The peer speaks another version of the protocol.
    WrongProtocol,
    /// The cluster is closed: a secret must be proven, and the peer has shown none.
    SecretRequired,
    /// The peer's proof is not right.
    WrongSecret,
    /// This port speaks TLS only.
    TlsRequired,
    /// This port does not speak TLS.
    NoTls,
    /// The line is no message, or not one that is expected here.
    BadMessage,
    /// A line, a name or a number is over its limit.
    LimitExceeded,
    /// The client has not enrolled with a name.
    NotEnrolled,
    /// The required secondaries have not all enrolled yet, or none is alive.
    NotReady,
    /// No secondary that is alive holds a file of this name.
    NotFound,
    /// Nobody who can send the published file is connected.
    NoSource,
    /// This is for others.
    NotAllowed,
    /// Another live secondary has this number.
    NumberInUse,
    /// The cluster has no place for this number.
    NumberNotAllowed,
    /// The secondary holds no content of this id, or no such chunk of it.
    NoSuchContent,
    /// The file changed on the secondary's disk after it was indexed.
    FileChanged,
    /// The secondary could not read its disk.
    ReadFailed,
    /// This central is not the active one of its cluster.
    NotActive,
    /// The server stops.
    Stopping,
    /// The administrator of the cluster has ended this client's connection; its name is refused for a while.
    Expelled,
    /// Another account has the name, or one that looks like it, or had it of late.
    NameTaken,
    /// The text is no name of an account.
    BadName,
    /// There are no accounts at this central.
    RegistrationClosed,
    /// The connection is no account's.
    NotConnected,
    /// There is no account of the name.
    UnknownAccount,
    /// The key is none of the account's.
    WrongKey,
    /// The name is an account's: it takes the account's key.
    NameRegistered,
    /// Only for administrators, who prove that they know the password.
    AdministratorRequired,
    /// The peer did not answer in time.
    TimedOut,
    /// Anything that is the server's own fault.
    Internal,
    /// A code of a newer version.
    #[serde(other)]
    Unknown,
}

error_codes!(ErrorCode, code {
    Self::WrongProtocol => "wrong-protocol",
    Self::SecretRequired => "secret-required",
    Self::WrongSecret => "wrong-secret",
    Self::TlsRequired => "tls-required",
    Self::NoTls => "no-tls",
    Self::BadMessage => "bad-message",
    Self::LimitExceeded => "limit-exceeded",
    Self::NotEnrolled => "not-enrolled",
    Self::NotReady => "not-ready",
    Self::NotFound => "not-found",
    Self::NoSource => "no-source",
    Self::NotAllowed => "not-allowed",
    Self::NumberInUse => "number-in-use",
    Self::NumberNotAllowed => "number-not-allowed",
    Self::NoSuchContent => "no-such-content",
    Self::FileChanged => "file-changed",
    Self::ReadFailed => "read-failed",
    Self::NotActive => "not-active",
    Self::Stopping => "stopping",
    Self::NameTaken => "name-taken",
    Self::BadName => "bad-name",
    Self::RegistrationClosed => "registration-closed",
    Self::NotConnected => "not-connected",
    Self::UnknownAccount => "unknown-account",
    Self::WrongKey => "wrong-key",
    Self::NameRegistered => "name-registered",
    Self::AdministratorRequired => "administrator-required",
    Self::TimedOut => "timed-out",
    Self::Expelled => "expelled",
    Self::Internal => "internal",
    Self::Unknown => "unknown",
});

impl ErrorCode {
    /// The code of this name; [`Self::Unknown`] where there is none.
    pub fn of(name: &str) -> Self {
        let name: StrDeserializer<'_, serde::de::value::Error> = name.into_deserializer();
        Self::deserialize(name).unwrap_or(Self::Unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_the_wire() {
        for code in ErrorCode::CODES {
            let read: ErrorCode = serde_json::from_str(&format!("\"{code}\"")).unwrap();
            assert_eq!(read.code(), *code);
            assert_eq!(ErrorCode::of(code), read);
            assert_eq!(serde_json::to_string(&read).unwrap(), format!("\"{code}\""));
        }
    }
}
