//! The secondaries that an earlier run of the central knew.

use super::{Member, Members};
use crate::{
    engine::registry::{Known, Registry},
    model::CopyLimits,
};

impl Members {
    /// Goes on from what was recorded. Nobody is here yet.
    pub(in crate::engine::cluster) fn restore(registry: &Registry) -> Self {
        let member = |known: Known| Member {
            address: known.address,
            incarnation: known.incarnation,
            lease: None,
            limits: CopyLimits::default(),
            is_remembered: true,
        };
        let known = registry.secondaries();
        let mut members = Self {
            known: known
                .map(|(number, known)| (number, member(known)))
                .collect(),
            ..Self::default()
        };
        for number in registry.drained() {
            members.drain(number);
        }
        members
    }

    /// Panics where a registry knows anything else.
    pub(in crate::engine::cluster) fn assert_recorded(&self, registry: &Registry) {
        assert!(
            self.draining().iter().eq(registry.drained()),
            "who is drained"
        );
        let known = self.known.iter();
        let known = known.map(|(number, m)| (*number, (m.incarnation, m.address)));
        let recorded = registry.secondaries();
        let recorded = recorded.map(|(number, k)| (number, (k.incarnation, k.address)));
        assert!(known.eq(recorded), "who is known");
    }

    /// Those that have enrolled in this run.
    pub(in crate::engine::cluster) fn count(&self) -> usize {
        self.known.values().filter(|m| !m.is_remembered).count()
    }

    /// Somebody of an earlier run is not back, or has not told what it holds.
    pub(in crate::engine::cluster) fn is_any_awaited(&self) -> bool {
        self.known.values().any(|member| !member.is_present())
    }
}
