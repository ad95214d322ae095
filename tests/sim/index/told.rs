//! What the node is told, and whether it is true.

use super::*;

impl World {
    pub(super) fn notice(&mut self, notice: Notice) {
        match notice {
            Notice::Added { file, .. } => self.added(file),
            Notice::Removed { file, reason, why } => self.removed(&file, reason, why),
            Notice::Damaged { file } => {
                assert!(!self.held.contains_key(&file.meta.name));
                self.told_damaged.insert(file.meta.name.clone());
            }
            Notice::Ready(total) => {
                assert!(!self.was_ready, "ready twice");
                self.was_ready = true;
                assert_eq!(total.files, self.index.served().count());
            }
            Notice::ReadAll(_) => {
                assert!(self.asked_to_read_all, "nobody asked for it");
                self.asked_to_read_all = false;
            }
            Notice::DisksAway(away) => {
                assert_ne!(away, self.away, "told twice");
                self.away = away;
            }
            Notice::Hashing { bytes, .. } => assert!(bytes >= 64 << 20),
            Notice::Scrubbed { done, .. } => assert!(done.rounds > 0 || done.after.is_some()),
            Notice::CaughtUp
            | Notice::Ignored { .. }
            | Notice::ManyIgnored { .. }
            | Notice::BeingWritten { .. } => {}
        }
    }

    pub(super) fn added(&mut self, file: Arc<IndexedFile>) {
        let name = file.meta.name.clone();
        let content = content_of(&file);
        let stands_for = &self.meanings[&key(file.stamp)];
        assert!(
            stands_for.contains(&content),
            "{name} is served as what it never was"
        );
        let is_suspected = self.suspects.contains(&key(file.stamp));
        assert!(!is_suspected, "{name} is served again unread");
        if let Some(expected) = self.damaged.get(&key(file.stamp)) {
            assert_eq!(content, *expected, "{name} is served though it is damaged");
        }
        let withdrawn = self.withdrawn.remove(&name);
        // What is not seen where no disk is known to be away is forgotten.
        let may_be_forgotten = folder_of(&name) == DISK && !self.knows_disks;
        let came_back = withdrawn == Some(key(file.stamp)) && !may_be_forgotten;
        assert!(!came_back, "{name} came back");
        self.changing.remove(&name);
        self.told_damaged.remove(&name);
        self.unseen_since.remove(&name);
        self.held.insert(name, file);
    }

    pub(super) fn removed(&mut self, file: &Arc<IndexedFile>, reason: RemovedReason, why: Gone) {
        let name = &file.meta.name;
        let held = self.held.remove(name);
        let was_changing = self.changing.remove(name);
        let is_held = held.is_some_and(|held| Arc::ptr_eq(&held, file));
        assert!(is_held || was_changing, "{name} was not served");
        match reason {
            RemovedReason::Changing => {
                assert!(is_held && why == Gone::Changed);
                self.changing.insert(name.clone());
            }
            RemovedReason::Deleted => {
                let since = self.unseen_since.get(name);
                let missing = since.map(|since| self.now.duration_since(*since));
                assert!(missing >= Some(MISSING), "{name} was replaced, not deleted");
                let is_hidden = self.disk.contains_key(name) && !self.is_visible(name);
                assert!(
                    !is_hidden || self.was_changed_lately(name),
                    "{name} is on a disk that is away"
                );
            }
            RemovedReason::Lost => {}
        }
        if why == Gone::Withdrawn {
            self.withdrawn.insert(name.clone(), key(file.stamp));
        }
    }

    pub(super) fn was_changed_lately(&self, name: &FileName) -> bool {
        let at = self.changed_at.get(name);
        at.is_some_and(|at| self.now.duration_since(*at) < Duration::from_secs(60))
    }
}
