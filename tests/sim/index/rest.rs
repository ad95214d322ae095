//! The end: everything comes to rest, and what is served is what is there.

use super::*;

impl World {
    pub(super) fn comes_to_rest(&mut self) {
        self.tell(|| "* rest".to_owned());
        self.is_there = true;
        self.is_open = true;
        self.is_mounted |= self.random.u8(..4) > 0;
        self.is_writable |= self.random.bool();
        let clock = self.clock();
        for file in self.disk.values_mut() {
            file.is_open = false;
            if !file.is_readable && self.random.bool() {
                (file.is_readable, file.status) = (true, clock);
            }
        }
        self.heard = 1.0;
        self.index.handle_event(self.now, Event::Missed);
        self.index.handle_event(self.now, Event::Changed);
        self.pass(REST);
        // One that cannot be read may be tried again at this very moment.
        for _ in 0..60 {
            if self.index.snapshot().hashing > 0 {
                self.pass(Duration::from_secs(1));
            }
        }
        let Snapshot {
            settling,
            waiting,
            hashing,
            missing,
            ..
        } = self.index.snapshot();
        assert_eq!((settling, waiting, hashing, missing), (0, 0, 0, 0));
        assert!(self.was_ready && !self.asked_to_read_all);
        for name in &self.changing {
            let file = &self.disk[name];
            let has_reason =
                !file.is_readable || file.is_rotten || self.told_damaged.contains(name);
            assert!(has_reason, "{name} is waited for");
        }
        let missing_disk = !self.is_mounted && self.knows_disks;
        assert_eq!(self.away.len(), usize::from(missing_disk));
        let served: Vec<_> = self.index.served().map(|file| &file.meta.name).collect();
        assert_eq!(served, self.held.keys().collect::<Vec<_>>());
        for (name, held) in &self.held {
            let found = self.visible(name);
            let is_it = found.is_some_and(|found| found.stamp == held.stamp);
            assert!(is_it, "{name} is not what is served");
            let is_right = found.is_some_and(|found| found.reads_as() == content_of(held));
            let is_seen = !self.scrubs || held.meta.layout.chunk_count() == 0;
            assert!(is_right || is_seen, "{name} is damaged, and served");
        }
        for (name, file) in &self.disk {
            let has_reason = !self.is_visible(name)
                || !file.is_readable
                || file.is_rotten
                || self.told_damaged.contains(name)
                || self.withdrawn.get(name) == Some(&key(file.stamp));
            assert!(
                has_reason || self.held.contains_key(name),
                "{name} is not served"
            );
        }
    }
}
