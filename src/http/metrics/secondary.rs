//! What a secondary knows of itself.

use std::path::Path;

use super::Figures;
use crate::{
    http::counts::Counts,
    node::secondary::{ScrubStatus, SecondaryFigures, SecondaryStatus},
};

impl Figures {
    /// All figures of a secondary. Asks a disk.
    pub(in crate::http) fn of_secondary(look: &SecondaryFigures, counts: &Counts) -> Self {
        let mut figures = Self::default();
        figures.build("secondary");
        figures.folder(&look.status);
        for (name, help, value) in [
            (
                "trozos_disk_read_errors",
                "Times that a file could not be read when it was to be sent.",
                look.read_errors,
            ),
            (
                "trozos_stale_files",
                "Times that a file was not as it was indexed when it was to be sent.",
                look.stale_files,
            ),
        ] {
            figures.counter(name, help, value);
        }
        if let Some(scrub) = &look.status.scrub {
            figures.scrub(scrub);
        }
        let lines = look.status.bytes_sent.saturating_sub(look.http_bytes);
        figures.sent(lines, look.http_bytes);
        figures.refused(&look.server);
        figures.own(counts, &look.server);
        figures
    }

    fn scrub(&mut self, scrub: &ScrubStatus) {
        let last = scrub.last.unwrap_or_default();
        for (name, help, value) in [
            (
                "trozos_scrub_bytes",
                "Bytes that were read again and compared with their digests in this round.",
                scrub.bytes,
            ),
            (
                "trozos_scrub_damaged_files",
                "Files that this round of reading everything again and the one before found damaged.",
                scrub.damaged + last.damaged,
            ),
            (
                "trozos_scrub_rounds",
                "Times that everything was read again.",
                scrub.rounds,
            ),
            (
                "trozos_scrub_last_end_seconds",
                "When that was done for the last time, in seconds since 1970; 0 for never.",
                scrub.ended_s.unwrap_or(0),
            ),
        ] {
            self.gauge(name, help, value as f64);
        }
    }

    fn folder(&mut self, status: &SecondaryStatus) {
        let ready = status.central.is_some() && !status.indexing;
        for (name, help, value) in [
            (
                "trozos_ready",
                "1 while its whole folder is served and it has a central.",
                u64::from(ready),
            ),
            ("trozos_files", "Files that are served.", status.files),
            ("trozos_catalogue_bytes", "Their length.", status.bytes),
            (
                "trozos_conflicts",
                "Names of its files with several contents.",
                status.conflicts.len() as u64,
            ),
            (
                "trozos_disk_away",
                "1 while its folder, or one below it, is on a disk that is away.",
                u64::from(status.away),
            ),
            (
                "trozos_transfers_running",
                "Transfers that are sent.",
                u64::from(status.sending),
            ),
            (
                "trozos_copies_running",
                "Copies that are received.",
                u64::from(status.copying),
            ),
            (
                "trozos_upload_limit_bytes_per_second",
                "Most that is sent; 0 for no limit.",
                status.upload_limit_bytes_per_s.unwrap_or(0),
            ),
        ] {
            self.gauge(name, help, value as f64);
        }
        if let Some(bytes) = free_bytes(&status.folder) {
            self.gauge(
                "trozos_disk_free_bytes",
                "Space that is left where its folder is.",
                bytes as f64,
            );
        }
    }
}

/// Space that is left for files; `None` when the system does not say.
fn free_bytes(folder: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(folder).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}
