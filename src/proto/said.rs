//! What an error or a refusal says beside its code: words for whoever reads a log, and values for programs that tell
//! people about it in their own language.

use std::net::IpAddr;

use serde::{Deserialize, Deserializer, Serialize};

use crate::model::{Limit, SecondaryNumber, Term};

/// Beside a code, in the same object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// For people, in English.
    pub message: String,
    /// The values in it; none of a version that does not tell them.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "known"
    )]
    pub details: Option<Details>,
}

/// The values of a refusal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "about", rename_all = "kebab-case")]
pub enum Details {
    /// With `number-in-use`: who has the number.
    Holder {
        /// Where it listens.
        ip: IpAddr,
        /// Where it listens.
        port: u16,
    },
    /// With `number-not-allowed`: the highest number that is taken.
    Numbers {
        /// The one that was refused.
        number: SecondaryNumber,
        /// The highest.
        most: u16,
    },
    /// With `wrong-protocol`: what the one who refuses speaks.
    Protocol {
        /// Version.
        version: u32,
    },
    /// With `not-active`: which central is, as far as the one who refuses knows.
    Active {
        /// Where it listens; left out while nobody is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ip: Option<IpAddr>,
        /// Where it listens.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        port: Option<u16>,
        /// Its reign.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        term: Option<Term>,
        /// Where the cluster's centrals are.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        centrals: Vec<(IpAddr, u16)>,
    },
    /// With `limit-exceeded`: which limit.
    Limit {
        /// Of what.
        of: Limit,
        /// How many there may be, where that is fixed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        most: Option<u64>,
    },
}

/// Details of a newer version, or wrong ones, are none: the code is enough.
fn known<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Details>, D::Error> {
    let value = serde_json::Value::deserialize(deserializer)?;
    Ok(serde_json::from_value(value).ok())
}

impl From<String> for Said {
    fn from(message: String) -> Self {
        let details = None;
        Self { message, details }
    }
}

impl std::fmt::Display for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::{ErrorCode, control::FromCentral};

    fn details(json: &str) -> Option<Details> {
        match serde_json::from_str(json).unwrap() {
            FromCentral::Error {
                code: ErrorCode::NumberInUse,
                message,
            } => {
                assert_eq!(message.message, "x");
                message.details
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn details_are_optional_and_never_in_the_way() {
        let holder = Details::Holder {
            ip: "10.0.0.5".parse().unwrap(),
            port: 50_001,
        };
        let head = r#"{"type":"error","code":"number-in-use","message":"x""#;
        for (rest, expected) in [
            ("}", None),
            (
                r#","details":{"about":"holder","ip":"10.0.0.5","port":50001}}"#,
                Some(holder.clone()),
            ),
            (r#","details":{"about":"weather"}}"#, None),
            (r#","details":{"about":"holder","port":"high"}}"#, None),
            (r#","details":7}"#, None),
            (r#","details":null}"#, None),
        ] {
            assert_eq!(details(&format!("{head}{rest}")), expected, "{rest}");
        }
        let said = FromCentral::Error {
            code: ErrorCode::NumberInUse,
            message: Said {
                message: "x".to_owned(),
                details: Some(holder),
            },
        };
        let json = serde_json::to_string(&said).unwrap();
        assert_eq!(serde_json::from_str::<FromCentral>(&json).unwrap(), said);
        let plain = FromCentral::Error {
            code: ErrorCode::NumberInUse,
            message: "x".to_owned().into(),
        };
        assert_eq!(serde_json::to_string(&plain).unwrap(), format!("{head}}}"));
    }
}
