//! The device of each folder at the time of a look. It tells an unmounted disk from deleted files.

use std::collections::BTreeMap;

use crate::model::FileName;

/// The device of each folder, by its path below the root. The root is "".
#[derive(Debug, Default)]
pub(super) struct Devices(BTreeMap<String, u64>);

impl Devices {
    /// As a look found them.
    pub(super) fn new(devices: BTreeMap<String, u64>) -> Self {
        Self(devices)
    }

    /// True when something was mounted or unmounted. Whoever listened before hears nothing of what lies below.
    pub(super) fn are_elsewhere(&self, later: &Self) -> bool {
        let device_now = |path: &String| later.0.get(path);
        self.0
            .iter()
            .any(|(path, device)| device_now(path).is_some_and(|now| now != device))
    }

    /// True when a file that a later look misses was on a disk that is gone, or is hidden by a disk that came. It is
    /// false for a folder replaced on the same device.
    pub(super) fn lost_since(&self, name: &FileName, later: &Self) -> bool {
        let Some(mut above) = self.0.get("") else {
            return false;
        };
        for (end, _) in name.as_str().match_indices('/') {
            let path = &name.as_str()[..end];
            let Some(device) = self.0.get(path) else {
                return false;
            };
            let lost = match later.0.get(path) {
                Some(now) => now != device,
                // A mount point can only go after its disk.
                None => device != above,
            };
            if lost {
                return true;
            }
            above = device;
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn devices(of: &[(&str, u64)]) -> Devices {
        let of = of.iter().map(|(path, device)| (path.to_string(), *device));
        Devices::new(of.collect())
    }

    #[test]
    fn an_unmounted_disk_is_told_from_a_deleted_folder() {
        let before = devices(&[("", 1), ("plain", 1), ("disk", 2), ("disk/in", 2)]);
        let lost = |name: &str, later: &[(&str, u64)]| {
            let name = FileName::try_from(name).unwrap();
            before.lost_since(&name, &devices(later))
        };
        let unmounted = [("", 1), ("plain", 1), ("disk", 1)];
        assert!(lost("disk/a", &unmounted));
        assert!(lost("disk/in/a", &unmounted));
        assert!(!lost("plain/a", &unmounted));
        assert!(!lost("a", &unmounted));
        // The mount point went with the disk.
        assert!(lost("disk/in/a", &[("", 1)]));
        assert!(!lost("plain/a", &[("", 1)]));
        // Something was mounted over files.
        assert!(lost("plain/a", &[("", 1), ("plain", 3)]));
        // Deleted on a disk that is there.
        assert!(!lost("disk/in/a", &[("", 1), ("disk", 2)]));
        assert!(!lost("unknown/a", &unmounted));
        assert!(before.are_elsewhere(&devices(&unmounted)));
        assert!(!before.are_elsewhere(&devices(&[("", 1), ("new", 5)])));
    }
}
