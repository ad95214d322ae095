//! Which id each source of one transfer has. An id is never given to another source, so that a receiver's connections
//! and figures stay right.

use std::collections::BTreeMap;

use crate::model::{KnownSource, SourceId, Who, limits::MAX_SOURCES};

/// See the module.
#[derive(Clone, Debug, Default)]
pub(in crate::engine::cluster) struct SourceIds(BTreeMap<SourceId, Who>);

impl SourceIds {
    /// Adopts the ids that an earlier central gave a receiver. Of two claims about one id or one source the first
    /// counts.
    pub(in crate::engine::cluster) fn adopt(known: &[KnownSource]) -> Self {
        let mut ids = Self::default();
        for KnownSource { id, who } in known.iter().take(MAX_SOURCES) {
            if ids.find(*who).is_none() {
                ids.0.entry(*id).or_insert(*who);
            }
        }
        ids
    }

    /// The id of a source, which gets one if it has none.
    pub(in crate::engine::cluster) fn id_of(&mut self, who: Who) -> SourceId {
        if let Some(id) = self.find(who) {
            return id;
        }
        let is_free = |id: &SourceId| !self.0.contains_key(id);
        let id = (1..).map(SourceId).find(is_free);
        let id = id.expect("a transfer has fewer sources than there are ids");
        self.0.insert(id, who);
        id
    }

    /// What an id stands for.
    pub(in crate::engine::cluster) fn who(&self, id: SourceId) -> Option<Who> {
        self.0.get(&id).copied()
    }

    fn find(&self, who: Who) -> Option<SourceId> {
        let mut ids = self.0.iter();
        ids.find_map(|(id, known)| (*known == who).then_some(*id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::samples::secondary as who;

    #[test]
    fn an_id_stands_for_one_source_also_after_the_centrals_restart() {
        let mut ids = SourceIds::default();
        let given = [who(3), who(1), who(3)].map(|who| ids.id_of(who));
        assert_eq!(given, [SourceId(1), SourceId(2), SourceId(1)]);
        let claim = |id, number| KnownSource {
            id: SourceId(id),
            who: who(number),
        };
        let claims = [claim(2, 1), claim(u32::MAX, 5), claim(2, 9), claim(7, 1)];
        let mut ids = SourceIds::adopt(&claims);
        assert_eq!(ids.id_of(who(1)), SourceId(2));
        assert_eq!(ids.id_of(who(3)), SourceId(1));
        assert_eq!(ids.id_of(who(9)), SourceId(3));
        assert_eq!(ids.who(SourceId(u32::MAX)), Some(who(5)));
        assert_eq!(ids.who(SourceId(7)), None);
    }
}
