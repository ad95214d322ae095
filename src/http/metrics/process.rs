//! What the system says of this process.

use std::fs;

use rustix::process::{Resource, getrlimit};

/// In how many parts of a second Linux tells times to programs, on every machine.
const TICKS_PER_S: f64 = 100.0;

/// See the module. What the system does not say is 0.
#[derive(Clone, Copy, Debug)]
pub(super) struct Process {
    pub(super) cpu_s: f64,
    pub(super) resident_bytes: u64,
    pub(super) open_fds: u64,
    pub(super) max_fds: u64,
}

impl Process {
    pub(super) fn now() -> Self {
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        Self {
            cpu_s: cpu_s(&read("/proc/self/stat")),
            resident_bytes: resident_bytes(&read("/proc/self/status")),
            open_fds: open_fds(),
            max_fds: getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX),
        }
    }
}

fn cpu_s(stat: &str) -> f64 {
    // The name of the program is in parentheses, and may have any in it.
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
    let ticks = fields.split_whitespace().skip(11).take(2);
    let ticks = ticks.filter_map(|ticks| ticks.parse::<u64>().ok());
    ticks.sum::<u64>() as f64 / TICKS_PER_S
}

fn resident_bytes(status: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.map_or(0, |kib| kib * 1024)
}

fn open_fds() -> u64 {
    const FOLDER: &str = "/proc/self/fd";
    // Linux says it in the length of the folder since 6.2.
    match fs::metadata(FOLDER).map_or(0, |folder| folder.len()) {
        // Without the one that reads.
        0 => fs::read_dir(FOLDER).map_or(0, |fds| (fds.count() as u64).saturating_sub(1)),
        count => count,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_uses_something_of_everything() {
        let process = Process::now();
        assert!(process.cpu_s >= 0.0);
        let stat = "7 (a) b) c) S 1 7 7 0 -1 4194304 90 0 0 0 150 25 3 4 20 0 1 0 9";
        assert!((cpu_s(stat) - 1.75).abs() < 1e-9);
        assert!(process.resident_bytes > 1 << 20);
        assert!((3..process.max_fds).contains(&process.open_fds));
        let status = "Name:\tx\nVmRSS:\t    1234 kB\nThreads:\t1\n";
        assert_eq!(resident_bytes(status), 1234 * 1024);
        assert_eq!(resident_bytes("Name:\tx\n"), 0);
    }
}
