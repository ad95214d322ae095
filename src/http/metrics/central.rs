//! What a central knows of its cluster.

use super::{Figures, Value, label};
use crate::{
    engine::counters::Counters,
    http::counts::Counts,
    model::ClusterStatus,
    node::central::{KeyStoreFigures, SecondaryCondition, SecondaryInfo, Summary},
};

impl Figures {
    /// All figures of a central.
    pub(in crate::http) fn of_central(look: &Summary, counts: &Counts) -> Self {
        let mut figures = Self::default();
        figures.build("central");
        figures.secondaries(&look.secondaries);
        figures.cluster(&look.status, look.lacking, look.bytes);
        figures.sent(look.sent.lines_bytes, look.sent.http_bytes);
        figures.ended(&look.sums);
        figures.sums(&look.sums);
        figures.faults(&look.sums);
        figures.refused(&look.server);
        figures.own(counts, &look.server);
        if let Some(key_store) = &look.key_store {
            figures.key_store(key_store);
        }
        figures
    }

    /// What has the journal of several centrals.
    fn key_store(&mut self, look: &KeyStoreFigures) {
        if let Some(bytes) = look.bytes {
            let help = "What the database of etcd takes on the disk of the member that is asked.";
            self.gauge("trozos_etcd_bytes", help, bytes as f64);
        }
        let help = "1 while etcd takes nothing more, for want of room.";
        self.gauge("trozos_etcd_full", help, f64::from(u8::from(look.full)));
    }

    fn secondaries(&mut self, all: &[SecondaryInfo]) {
        let count = |holds: &dyn Fn(&SecondaryInfo) -> bool| {
            all.iter().filter(|info| holds(info)).count() as f64
        };
        let is_up = |info: &SecondaryInfo| info.state == SecondaryCondition::Up;
        let rows = vec![
            ("ready", count(&|info| is_up(info) && info.missing == 0)),
            ("copying", count(&|info| is_up(info) && info.missing > 0)),
            (
                "draining",
                count(&|info| info.state == SecondaryCondition::Draining),
            ),
            (
                "lost",
                count(&|info| info.state == SecondaryCondition::Down),
            ),
        ];
        let rows = rows.into_iter();
        let rows = rows.map(|(state, count)| (label("state", state), count));
        self.gauges(
            "trozos_secondaries",
            "Secondaries that have enrolled since the central started, by state.",
            rows.collect(),
        );
    }

    fn cluster(&mut self, status: &ClusterStatus, lacking: u64, bytes: u64) {
        for (name, help, value) in [
            (
                "trozos_ready",
                "1 once downloads can begin.",
                u64::from(status.ready),
            ),
            (
                "trozos_secondaries_required",
                "Secondaries without which service does not begin.",
                u64::from(status.required),
            ),
            (
                "trozos_files",
                "Files that can be downloaded.",
                status.files,
            ),
            (
                "trozos_files_underreplicated",
                "Of those, files that a secondary lacks which should hold them.",
                lacking,
            ),
            ("trozos_catalogue_bytes", "Their length.", bytes),
            (
                "trozos_conflicts",
                "Names with several contents.",
                status.conflicts,
            ),
            (
                "trozos_clients",
                "Clients that are connected.",
                status.clients,
            ),
            (
                "trozos_downloads_running",
                "Downloads that run.",
                status.running,
            ),
            (
                "trozos_downloads_waiting",
                "Downloads that wait.",
                status.waiting,
            ),
            (
                "trozos_copies_running",
                "Copies between secondaries.",
                status.copies,
            ),
        ] {
            self.gauge(name, help, value as f64);
        }
    }

    /// How downloads ended, and how long they took.
    fn ended(&mut self, sums: &Counters) {
        let failed = sums.failed.saturating_sub(sums.cancelled);
        let rows = vec![
            (label("outcome", "done"), sums.downloads),
            (label("outcome", "failed"), failed),
            (label("outcome", "cancelled"), sums.cancelled),
        ];
        self.counters("trozos_downloads", "Downloads that ended.", rows);
        for (name, help, ms) in [
            (
                "trozos_recovery_seconds",
                "From failures to returns.",
                sums.recovery_ms,
            ),
            (
                "trozos_download_duration_seconds",
                "From grant to end.",
                sums.duration_ms,
            ),
        ] {
            self.add(name, help, Value::Seconds(ms as f64 / 1000.0));
        }
    }

    /// What the books say of downloads that are over.
    fn sums(&mut self, sums: &Counters) {
        for (name, help, value) in [
            (
                "trozos_booked_bytes",
                "Bytes sent in downloads that are over: received, wasted and unconfirmed ones together.",
                sums.bytes_sent,
            ),
            (
                "trozos_received_bytes",
                "Verified bytes.",
                sums.bytes_received,
            ),
            ("trozos_wasted_bytes", "Bytes of no use.", sums.bytes_wasted),
            (
                "trozos_unconfirmed_bytes",
                "Bytes of which nobody said that they came, as those by HTTP.",
                sums.bytes_unconfirmed,
            ),
            (
                "trozos_unreported_bytes",
                "Bytes known only from receivers.",
                sums.bytes_unreported,
            ),
            ("trozos_chunks", "Verified chunks.", sums.chunks),
            (
                "trozos_retries",
                "Chunks asked for elsewhere.",
                sums.retries,
            ),
            ("trozos_hedges", "Chunks asked for twice.", sums.hedges),
            (
                "trozos_digest_failures",
                "Chunks with a wrong digest.",
                sums.digest_failures,
            ),
            (
                "trozos_recoveries",
                "Returns of secondaries.",
                sums.recoveries,
            ),
            (
                "trozos_recovered_chunks",
                "Chunks they got back.",
                sums.recovered_chunks,
            ),
        ] {
            self.counter(name, help, value);
        }
    }

    fn faults(&mut self, sums: &Counters) {
        let faults = &sums.faults;
        let rows = [
            ("unreachable", faults.unreachable),
            ("broken", faults.broken),
            ("stalled", faults.stalled),
            ("digest", faults.digest),
            ("refused", faults.refused),
            ("protocol", faults.protocol),
        ];
        let rows = rows.into_iter();
        let rows = rows.map(|(fault, count)| (label("fault", fault), count));
        self.counters(
            "trozos_faults",
            "What receivers found wrong with secondaries.",
            rows.collect(),
        );
    }
}
