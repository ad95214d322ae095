//! Which centrals are meant, as people write it: one place, several with commas, or `auto` for whoever announces itself.

use std::{
    fmt,
    hash::{DefaultHasher, Hash, Hasher},
    path::PathBuf,
};

use super::{
    place::{Place, place},
    quantity::BadValue,
    text::t,
    values,
};
use crate::{
    model::{GroupName, limits::MAX_CENTRALS},
    node::{Announcing, Centrals},
};

/// Stands for those that announce themselves.
pub(super) const AUTO: &str = "auto";

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CentralPlaces {
    /// Those that announce themselves on the network.
    Auto,
    /// These, in the order in which they are tried.
    At(Vec<Place>),
}

impl CentralPlaces {
    /// The place, if it is a single one.
    pub fn only(&self) -> Option<&Place> {
        match self {
            Self::At(places) if places.len() == 1 => places.first(),
            Self::At(_) | Self::Auto => None,
        }
    }

    /// What the node is told. Places without a port have this one.
    pub fn centrals(
        &self,
        port: u16,
        group: Option<&GroupName>,
        kept: Option<PathBuf>,
    ) -> Centrals {
        let group = group.cloned();
        match self {
            Self::Auto => Centrals {
                places: Vec::new(),
                announced: Some(Announcing { group }),
                kept,
            },
            Self::At(places) => {
                let at = |place: &Place| (place.host.clone(), place.port.unwrap_or(port));
                Centrals {
                    places: places.iter().map(at).collect(),
                    announced: None,
                    kept,
                }
            }
        }
    }

    /// A number that stands for these centrals in names of files.
    pub(super) fn number(&self, port: u16, group: Option<&GroupName>) -> u64 {
        let mut hasher = DefaultHasher::new();
        match self {
            Self::Auto => group.map(GroupName::as_str).hash(&mut hasher),
            Self::At(places) => {
                for place in places {
                    (&place.host, place.port.unwrap_or(port)).hash(&mut hasher);
                }
            }
        }
        hasher.finish()
    }

    /// Where a user's programs keep what these centrals said of each other.
    pub(super) fn kept(&self, port: u16, group: Option<&GroupName>) -> Option<PathBuf> {
        let number = self.number(port, group);
        Some(values::state()?.join(format!("centrales-{number:016x}")))
    }
}

impl fmt::Display for CentralPlaces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str(AUTO),
            Self::At(places) => {
                let places: Vec<String> = places.iter().map(ToString::to_string).collect();
                f.write_str(&places.join(","))
            }
        }
    }
}

/// Reads them.
///
/// # Errors
/// What was written and what can be.
pub(super) fn central_places(text: &str) -> Result<CentralPlaces, BadValue> {
    if text.eq_ignore_ascii_case(AUTO) {
        return Ok(CentralPlaces::Auto);
    }
    let mut places: Vec<Place> = Vec::new();
    for part in text.split(',').map(str::trim) {
        let place = place(part)?;
        if !places.contains(&place) {
            places.push(place);
        }
    }
    if places.len() > MAX_CENTRALS {
        return Err(BadValue::new(
            text,
            t!("why-centrals", count = MAX_CENTRALS),
        ));
    }
    Ok(CentralPlaces::At(places))
}

/// Reads what people call a cluster.
///
/// # Errors
/// What was written and what can be.
pub(super) fn group_name(text: &str) -> Result<GroupName, BadValue> {
    GroupName::try_from(text).map_err(|_| BadValue::new(text, t!("why-group")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn centrals_are_read_as_people_write_them() {
        for (text, places) in [
            ("c", &["c:7"][..]),
            ("c:8", &["c:8"]),
            ("a, b:9 ,[::1]:5", &["a:7", "b:9", "::1:5"]),
            ("a,a", &["a:7"]),
        ] {
            let read = central_places(text).unwrap();
            let centrals = read.centrals(7, None, None);
            let said = centrals
                .places
                .iter()
                .map(|(host, port)| format!("{host}:{port}"));
            assert_eq!(said.collect::<Vec<_>>(), places, "{text}");
            assert_eq!(central_places(&read.to_string()).unwrap(), read);
            assert_eq!(centrals.announced, None);
        }
        let auto = central_places("AUTO").unwrap();
        let group = group_name("aula 3").unwrap();
        let centrals = auto.centrals(7, Some(&group), None);
        assert_eq!(centrals.places, []);
        assert_eq!(centrals.announced, Some(Announcing { group: Some(group) }));
        assert_eq!(auto.to_string(), "auto");
    }

    #[test]
    fn what_are_no_centrals_is_told() {
        let many = ["a1", "a2"].repeat(9).join(",");
        assert!(central_places(&many).is_ok(), "the same ones");
        let many: Vec<String> = (0..=MAX_CENTRALS).map(|n| format!("c{n}")).collect();
        for (text, part) in [
            ("a,,b", "vací"),
            ("a,b:0", "65535"),
            (",", "vací"),
            (many.join(",").as_str(), "16"),
        ] {
            let error = central_places(text).unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
        let error = group_name(&"a".repeat(49)).unwrap_err().to_string();
        assert!(error.contains("48"), "{error}");
    }
}
