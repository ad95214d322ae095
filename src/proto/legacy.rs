//! The protocol of 2017: one JSON object with `accion` per connection, the reply, then close.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// What the original's programs send. Names stay text: each server checks them where it uses them, because
/// the original expects `no hallado`, not an error, for a name that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "accion", rename_all = "lowercase")]
pub enum LegacyRequest {
    /// To the central: the names that can be downloaded.
    Listado,
    /// To the central (`parte` absent): who has a video. To a secondary: one of its three parts.
    Descarga {
        /// The name of the video.
        video: String,
        /// The client's name; only towards a secondary.
        #[serde(default)]
        nombre: Option<String>,
        /// 0, 1 or 2; only towards a secondary.
        #[serde(default)]
        parte: Option<u8>,
    },
    /// To the central: a download ended well, says the client.
    Completado {
        /// The client's name.
        nombre: String,
        /// The name of the video.
        video: String,
    },
    /// To the central: a secondary is down, says the client.
    Caido {
        /// Its address.
        ip: String,
        /// Its port.
        puerto: u16,
    },
}

/// The central's answer to `descarga`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LegacyFound {
    /// `hallado`, `no hallado` or `espera`.
    pub resultado: &'static str,
    /// Who sends it; empty unless found.
    pub servidores: Vec<LegacyServer>,
    /// Why not, which the legacy client does not read but a person at `nc` does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl LegacyFound {
    /// `no hallado`, and why.
    pub fn not_found(why: &str) -> Self {
        Self {
            resultado: "no hallado",
            servidores: Vec::new(),
            error: Some(why.to_owned()),
        }
    }
}

/// A secondary in [`LegacyFound`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LegacyServer {
    /// Its address.
    pub ip: IpAddr,
    /// Its port.
    pub puerto: u16,
}

/// Longest part that the original's signed 32-bit length can announce, in bytes.
pub const MAX_LEGACY_PART_BYTES: u64 = i32::MAX as u64;

/// True when a line is meant for the legacy protocol: it has `accion` and no `type`.
pub fn is_legacy(line: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Probe {
        accion: Option<serde::de::IgnoredAny>,
        r#type: Option<serde::de::IgnoredAny>,
    }
    serde_json::from_slice::<Probe>(line).is_ok_and(|p| p.accion.is_some() && p.r#type.is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_originals_messages_are_read() {
        for (line, legacy) in [
            (r#"{"accion":"listado"}"#, true),
            (r#"{"accion": "descarga", "video": "a.mp4"}"#, true),
            (
                r#"{"accion":"descarga","nombre":"ana","parte":2,"video":"a.mp4"}"#,
                true,
            ),
            (r#"{"accion":"caido","ip":"10.0.0.1","puerto":50001}"#, true),
            (
                r#"{"accion":"completado","nombre":"ana","video":"a.mp4"}"#,
                true,
            ),
            (r#"{"type":"hello","protocol":1,"role":"client"}"#, false),
            ("garbage", false),
        ] {
            assert_eq!(is_legacy(line.as_bytes()), legacy, "{line}");
            assert_eq!(
                serde_json::from_str::<LegacyRequest>(line).is_ok(),
                legacy,
                "{line}"
            );
        }
        assert!(
            serde_json::from_str::<LegacyRequest>(
                r#"{"accion":"descarga","video":"x","parte":-1}"#
            )
            .is_err()
        );
    }
}
