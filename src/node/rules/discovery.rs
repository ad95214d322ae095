//! Which of the centrals that announce themselves a node goes to: of one cluster, and of several the one that its user
//! names. Anybody can announce anything, so that what is kept of it is bounded.

use std::{collections::BTreeMap, net::SocketAddr};

use crate::{
    model::{GroupName, ShortClusterId, error_codes},
    proto::{
        CentralState,
        announcement::{Announced, Heard, Sighting},
    },
};

/// Announcements that are remembered at once.
const MOST_SIGHTINGS: usize = 64;
/// Clusters that are named to people.
const MOST_NAMED: usize = 8;

/// What is announced around a node.
#[derive(Clone, Debug, Default)]
pub struct Around {
    /// By the name of the service.
    seen: BTreeMap<String, Sighting>,
}

/// Where to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Nobody of this cluster, or of any, is there.
    Nobody,
    /// To these, the active one first.
    These(Vec<(SocketAddr, Option<ShortClusterId>)>),
    /// There are several clusters, called so.
    Several(Vec<String>),
}

/// Why no central is found by its announcement.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unannounced {
    /// None announces itself.
    #[error("no central announces itself, of group {group:?}")]
    Nobody {
        /// The only group that was looked for.
        group: Option<GroupName>,
    },
    /// Several clusters do.
    #[error("several clusters announce themselves: {names:?}")]
    Several {
        /// What they are called, and can be asked for by.
        names: Vec<String>,
    },
}

error_codes!(Unannounced, code {
    Self::Nobody { .. } => "nobody-announced",
    Self::Several { .. } => "several-clusters",
});

impl Around {
    /// Takes in what was heard.
    pub fn heard(&mut self, heard: Heard) {
        match heard {
            Heard::There(sighting) => {
                let has_room = self.seen.len() < MOST_SIGHTINGS;
                if has_room || self.seen.contains_key(&sighting.instance) {
                    self.seen.insert(sighting.instance.clone(), sighting);
                }
            }
            Heard::Gone(instance) => {
                self.seen.remove(&instance);
            }
        }
    }

    /// Where to go, if a group is `wanted`: by its name, or by what begins its cluster's id.
    pub fn choose(&self, wanted: Option<&GroupName>) -> Choice {
        let is_wanted = |said: &Announced| match wanted {
            None => true,
            Some(wanted) => {
                let id = said.cluster.map(|id| id.to_string());
                said.group.as_ref() == Some(wanted) || id.as_deref() == Some(wanted.as_str())
            }
        };
        let mut of: Vec<&Sighting> = self.seen.values().filter(|s| is_wanted(&s.said)).collect();
        let Some(first) = of.first() else {
            return Choice::Nobody;
        };
        let cluster = first.said.cluster;
        if of.iter().any(|other| other.said.cluster != cluster) {
            return Choice::Several(names(&of));
        }
        of.sort_by_key(|sighting| {
            let rank = match sighting.said.state {
                Some(CentralState::Active) => 0,
                Some(CentralState::Limited | CentralState::Unknown) => 1,
                None => 2,
            };
            (rank, std::cmp::Reverse(sighting.said.term))
        });
        let addresses = of.iter().flat_map(|sighting| sighting.addresses.iter());
        Choice::These(addresses.map(|at| (*at, cluster)).collect())
    }
}

/// What people can tell several clusters apart by, which is also what they may ask for.
fn names(of: &[&Sighting]) -> Vec<String> {
    let mut by_cluster: BTreeMap<Option<ShortClusterId>, &Sighting> = BTreeMap::new();
    for sighting in of {
        by_cluster.entry(sighting.said.cluster).or_insert(sighting);
    }
    let groups = || by_cluster.values().map(|sighting| &sighting.said.group);
    let named = by_cluster.iter().map(|(cluster, sighting)| {
        let is_unique = |group| groups().filter(|other| *other == group).count() == 1;
        match (&sighting.said.group, cluster) {
            (Some(group), _) if is_unique(&sighting.said.group) => group.to_string(),
            (_, Some(cluster)) => cluster.to_string(),
            (_, None) => sighting.instance.clone(),
        }
    });
    let mut names: Vec<String> = named.take(MOST_NAMED).collect();
    names.sort();
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Term;

    fn at(host: u8) -> SocketAddr {
        ([10, 0, 0, host], 50_000).into()
    }

    fn group(name: &str) -> Option<GroupName> {
        GroupName::try_from(name).ok()
    }

    /// A central on a host, of a cluster and a group; an empty name is none.
    fn there(host: u8, cluster: u32, named: &str, state: Option<CentralState>) -> Heard {
        Heard::There(Sighting {
            instance: format!("c{host}"),
            addresses: vec![at(host)],
            said: Announced {
                cluster: Some(ShortClusterId(cluster)),
                group: group(named),
                state,
                term: Term(host.into()),
            },
        })
    }

    fn chosen(around: &Around, wanted: &str) -> Choice {
        around.choose(group(wanted).as_ref())
    }

    fn these(hosts: &[u8], cluster: u32) -> Choice {
        let to = |host: &u8| (at(*host), Some(ShortClusterId(cluster)));
        Choice::These(hosts.iter().map(to).collect())
    }

    const ACTIVE: Option<CentralState> = Some(CentralState::Active);

    #[test]
    fn the_only_cluster_is_taken_with_its_active_central_first() {
        let mut around = Around::default();
        assert_eq!(chosen(&around, ""), Choice::Nobody);
        around.heard(there(1, 7, "", None));
        around.heard(there(2, 7, "", Some(CentralState::Limited)));
        around.heard(there(3, 7, "", ACTIVE));
        around.heard(there(4, 7, "", ACTIVE));
        // Two that say so: the later term.
        assert_eq!(chosen(&around, ""), these(&[4, 3, 2, 1], 7));
        around.heard(Heard::Gone("c4".to_owned()));
        around.heard(Heard::Gone("c2".to_owned()));
        assert_eq!(chosen(&around, ""), these(&[3, 1], 7));
        assert_eq!(chosen(&around, "b"), Choice::Nobody);
    }

    #[test]
    fn several_clusters_are_told_apart_by_their_groups_or_their_ids() {
        let mut around = Around::default();
        around.heard(there(1, 7, "lab", ACTIVE));
        around.heard(there(2, 8, "aula", ACTIVE));
        let several =
            |names: &[&str]| Choice::Several(names.iter().map(ToString::to_string).collect());
        assert_eq!(chosen(&around, ""), several(&["aula", "lab"]));
        assert_eq!(chosen(&around, "lab"), these(&[1], 7));
        assert_eq!(chosen(&around, "00000008"), these(&[2], 8));
        // Two of one name, and two without.
        around.heard(there(3, 9, "lab", ACTIVE));
        around.heard(there(4, 10, "", ACTIVE));
        around.heard(there(5, 11, "", ACTIVE));
        assert_eq!(chosen(&around, "lab"), several(&["00000007", "00000009"]));
        let all = ["00000007", "00000009", "0000000a", "0000000b", "aula"];
        assert_eq!(chosen(&around, ""), several(&all));
    }

    #[test]
    fn who_announces_without_end_takes_no_memory() {
        let mut around = Around::default();
        for n in 0..10_000 {
            let mut heard = there(1, n, &format!("g{n}"), ACTIVE);
            if let Heard::There(sighting) = &mut heard {
                sighting.instance = format!("c{n}");
            }
            around.heard(heard);
        }
        assert_eq!(around.seen.len(), MOST_SIGHTINGS);
        let Choice::Several(names) = chosen(&around, "") else {
            panic!("they differ");
        };
        assert_eq!(names.len(), MOST_NAMED);
    }
}
