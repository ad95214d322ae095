//! Figures for Prometheus, in its own text and in OpenMetrics, all of one look at the node. No label names a file or a
//! client, so that there are as many series tomorrow as today.

use std::fmt;

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, Response, header},
};
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric, prometheus_text, text},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
    registry::Registry,
};

use super::{fields::plain, problem::Problem};
use crate::{
    engine::counters::Counters,
    model::ClusterStatus,
    node::{
        central::{SecondaryCondition, SecondaryInfo},
        secondary::SecondaryStatus,
    },
};

const PROMETHEUS: &str = "text/plain; version=0.0.4; charset=utf-8";
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// A label and its value.
type Label = (&'static str, &'static str);

/// One figure, with its rows: by label, or one without.
#[derive(Clone, Debug)]
struct Figure {
    name: &'static str,
    help: &'static str,
    value: Value,
}

#[derive(Clone, Debug)]
enum Value {
    /// It goes up and down.
    Gauge(f64),
    /// The same by label.
    Gauges(Vec<(Label, f64)>),
    /// It only grows. The library adds `_total` to its name.
    Counter(u64),
    /// The same by label.
    Counters(Vec<(Label, u64)>),
    /// Seconds that only grow.
    Seconds(f64),
}

/// All figures of one look.
#[derive(Debug, Default)]
pub(super) struct Figures(Vec<Figure>);

impl Figures {
    fn add(&mut self, name: &'static str, help: &'static str, value: Value) {
        self.0.push(Figure { name, help, value });
    }

    fn gauge(&mut self, name: &'static str, help: &'static str, value: f64) {
        self.add(name, help, Value::Gauge(value));
    }

    fn counter(&mut self, name: &'static str, help: &'static str, value: u64) {
        self.add(name, help, Value::Counter(value));
    }

    /// What a central knows.
    pub(super) fn of_central(
        status: &ClusterStatus,
        secondaries: &[SecondaryInfo],
        sums: &Counters,
    ) -> Self {
        let mut figures = Self::default();
        let count = |state| {
            let rows = secondaries.iter().filter(|info| info.state == state);
            rows.count() as f64
        };
        let states = vec![
            (("state", "ready"), count(SecondaryCondition::Up)),
            (("state", "draining"), count(SecondaryCondition::Draining)),
            (("state", "lost"), count(SecondaryCondition::Down)),
        ];
        let of = Value::Gauges(states);
        figures.add("trozos_secondaries", "Secondaries by state.", of);
        let ready = f64::from(u8::from(status.ready));
        for (name, help, value) in [
            ("trozos_ready", "1 once downloads can begin.", ready),
            (
                "trozos_files",
                "Files that can be downloaded.",
                status.files as f64,
            ),
            (
                "trozos_clients",
                "Clients that are connected.",
                status.clients as f64,
            ),
            (
                "trozos_downloads_running",
                "Downloads that run.",
                status.running as f64,
            ),
            (
                "trozos_downloads_waiting",
                "Downloads that wait.",
                status.waiting as f64,
            ),
            (
                "trozos_copies_running",
                "Copies between secondaries.",
                status.copies as f64,
            ),
            (
                "trozos_conflicts",
                "Names with several contents.",
                status.conflicts as f64,
            ),
        ] {
            figures.gauge(name, help, value);
        }
        figures.sums(sums);
        figures
    }

    /// What a secondary knows.
    pub(super) fn of_secondary(status: &SecondaryStatus, sums: &Counters) -> Self {
        let mut figures = Self::default();
        let ready = f64::from(u8::from(status.central.is_some() && !status.indexing));
        let limit = status.upload_limit_bytes_per_s.unwrap_or(0);
        for (name, help, value) in [
            ("trozos_ready", "1 once its whole folder is served.", ready),
            (
                "trozos_files",
                "Files that are served.",
                status.files as f64,
            ),
            (
                "trozos_catalogue_bytes",
                "Their length.",
                status.bytes as f64,
            ),
            (
                "trozos_transfers_running",
                "Transfers that are sent.",
                f64::from(status.sending),
            ),
            (
                "trozos_copies_running",
                "Copies that are received.",
                f64::from(status.copying),
            ),
            (
                "trozos_connections",
                "Connections.",
                f64::from(status.connections),
            ),
            (
                "trozos_upload_limit_bytes_per_second",
                "Most that is sent; 0 for no limit.",
                limit as f64,
            ),
        ] {
            figures.gauge(name, help, value);
        }
        figures.counter(
            "trozos_sent_bytes",
            "Bytes sent to clients.",
            sums.bytes_sent,
        );
        figures
    }

    /// What the books of all downloads say.
    fn sums(&mut self, sums: &Counters) {
        self.ended(sums);
        for (name, help, value) in [
            (
                "trozos_sent_bytes",
                "Bytes sent to clients.",
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

    /// How downloads ended, and how long they took.
    fn ended(&mut self, sums: &Counters) {
        let failed = sums.failed.saturating_sub(sums.cancelled);
        let outcomes = vec![
            (("outcome", "done"), sums.downloads),
            (("outcome", "failed"), failed),
            (("outcome", "cancelled"), sums.cancelled),
        ];
        let of = Value::Counters(outcomes);
        self.add("trozos_downloads", "Downloads that ended.", of);
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

    /// The answer, in the format that is asked for.
    pub(super) fn answer(self, request: &HeaderMap) -> Result<Response<Body>, Problem> {
        let accept = request.get(header::ACCEPT);
        let accept = accept.and_then(|accept| accept.to_str().ok()).unwrap_or("");
        let mut registry = Registry::default();
        registry.register_collector(Box::new(self));
        let mut written = String::new();
        let (mime, result) = if accept.contains("application/openmetrics-text") {
            (OPEN_METRICS, text::encode(&mut written, &registry))
        } else {
            (PROMETHEUS, prometheus_text::encode(&mut written, &registry))
        };
        result.map_err(|fmt::Error| Problem::Unreadable)?;
        let mut response = Response::new(Body::from(written));
        plain(response.headers_mut());
        let mime = HeaderValue::from_static(mime);
        response.headers_mut().insert(header::CONTENT_TYPE, mime);
        Ok(response)
    }
}

impl Collector for Figures {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        for Figure { name, help, value } in &self.0 {
            let kind = match value {
                Value::Gauge(_) | Value::Gauges(_) => MetricType::Gauge,
                Value::Counter(_) | Value::Counters(_) | Value::Seconds(_) => MetricType::Counter,
            };
            let mut metric = encoder.encode_descriptor(name, help, None, kind)?;
            match value {
                Value::Gauge(value) => ConstGauge::new(*value).encode(metric)?,
                Value::Counter(value) => ConstCounter::new(*value).encode(metric)?,
                Value::Seconds(value) => ConstCounter::new(*value).encode(metric)?,
                Value::Gauges(rows) => {
                    for (label, value) in rows {
                        let labels = [*label];
                        let row = metric.encode_family(&labels)?;
                        ConstGauge::new(*value).encode(row)?;
                    }
                }
                Value::Counters(rows) => {
                    for (label, value) in rows {
                        let labels = [*label];
                        let row = metric.encode_family(&labels)?;
                        ConstCounter::new(*value).encode(row)?;
                    }
                }
            }
        }
        Ok(())
    }
}
