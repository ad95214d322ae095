//! Figures for Prometheus, in its own text and in OpenMetrics, all of one look at the node. No label names a file or a
//! client, so that there are as many series tomorrow as today.

mod central;
mod own;
mod process;
mod secondary;
mod standing;

use std::{borrow::Cow, fmt};

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, Response, header},
};
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric, MetricEncoder, NoLabelSet, prometheus_text, text},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
    registry::Registry,
};

use super::{fields::plain, problem::Problem};
use crate::{
    node::{
        ServerFigures,
        central::QueueInfo,
        face::{Timed, Timings},
    },
    proto::ErrorCode,
};

const PROMETHEUS: &str = "text/plain; version=0.0.4; charset=utf-8";
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Labels and their values.
type Labels = Vec<(&'static str, Cow<'static, str>)>;

/// One figure, with its rows: by labels, or one without.
#[derive(Clone, Debug)]
struct Figure {
    name: &'static str,
    help: &'static str,
    value: Value,
}

#[derive(Clone, Debug)]
enum Value {
    /// They go up and down.
    Gauge(Vec<(Labels, f64)>),
    /// They only grow. The library adds `_total` to their name.
    Counter(Vec<(Labels, u64)>),
    /// Seconds that only grow.
    Seconds(f64),
    /// How long something took.
    Histogram(Timed),
}

/// All figures of one look.
#[derive(Debug, Default)]
pub(super) struct Figures(Vec<Figure>);

/// The labels of a row that has one.
fn label(name: &'static str, value: impl Into<Cow<'static, str>>) -> Labels {
    vec![(name, value.into())]
}

impl Figures {
    fn add(&mut self, name: &'static str, help: &'static str, value: Value) {
        self.0.push(Figure { name, help, value });
    }

    fn gauge(&mut self, name: &'static str, help: &'static str, value: f64) {
        self.gauges(name, help, vec![(Labels::new(), value)]);
    }

    fn gauges(&mut self, name: &'static str, help: &'static str, rows: Vec<(Labels, f64)>) {
        self.add(name, help, Value::Gauge(rows));
    }

    fn counter(&mut self, name: &'static str, help: &'static str, value: u64) {
        self.counters(name, help, vec![(Labels::new(), value)]);
    }

    fn counters(&mut self, name: &'static str, help: &'static str, rows: Vec<(Labels, u64)>) {
        self.add(name, help, Value::Counter(rows));
    }

    fn seconds(&mut self, name: &'static str, help: &'static str, seconds: f64) {
        self.add(name, help, Value::Seconds(seconds));
    }

    /// What this program is.
    fn build(&mut self, role: &'static str) {
        let mut labels = label("version", env!("CARGO_PKG_VERSION"));
        labels.extend(label("role", role));
        let rows = vec![(labels, 1.0)];
        self.gauges("trozos_build_info", "What this program is.", rows);
    }

    /// What is watched through a node.
    pub(super) fn watched(mut self, (viewers, sent_bytes): (usize, u64)) -> Self {
        self.gauge(
            "trozos_stream_viewers",
            "Addresses that watch something through this node.",
            viewers as f64,
        );
        self.counter(
            "trozos_stream_sent_bytes",
            "Bytes that those were sent.",
            sent_bytes,
        );
        self
    }

    /// What people and programs count, and by which doors.
    pub(super) fn counting(mut self, queue: &QueueInfo, figures: usize) -> Self {
        self.gauge("trozos_figures", "Free figures.", figures as f64);
        self.gauge(
            "trozos_figure_orders_waiting",
            "Orders to figures that wait.",
            queue.waiting as f64,
        );
        let doors = queue.doors.iter();
        let rows = doors.map(|door| (label("door", door.door.name()), door.orders));
        self.counters(
            "trozos_figure_orders",
            "Orders to figures that came in, by door.",
            rows.collect(),
        );
        let doors = queue.doors.iter();
        let rows = doors.map(|door| (label("door", door.door.name()), door.refused));
        self.counters(
            "trozos_figure_refusals",
            "Of these, orders that changed nothing because something was wrong with them.",
            rows.collect(),
        );
        self
    }

    /// Payload that was sent, by protocol.
    fn sent(&mut self, lines: u64, http: u64) {
        let rows = vec![(label("via", "lines"), lines), (label("via", "http"), http)];
        self.counters(
            "trozos_sent_bytes",
            "Payload bytes that secondaries have sent, to clients and to each other, counted as they are sent.",
            rows,
        );
    }

    /// Connections that were refused.
    fn refused(&mut self, of: &ServerFigures) {
        let row = |code: &&'static str| {
            let count = of.refused.get(&ErrorCode::of(code)).copied().unwrap_or(0);
            (label("code", *code), count)
        };
        self.counters(
            "trozos_refused",
            "Connections that were refused, or ended for what their peers did.",
            ErrorCode::CODES.iter().map(row).collect(),
        );
    }

    /// The answer, in the format that is asked for.
    pub(super) fn answer(self, request: &HeaderMap) -> Result<Response<Body>, Problem> {
        let accept = request.get(header::ACCEPT);
        let accept = accept.and_then(|accept| accept.to_str().ok()).unwrap_or("");
        let is_open = accept.contains("application/openmetrics-text");
        let mut registry = Registry::default();
        registry.register_collector(Box::new(self));
        let mut written = String::with_capacity(32 << 10);
        let (mime, result) = if is_open {
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

impl Value {
    fn kind(&self) -> MetricType {
        match self {
            Self::Gauge(_) => MetricType::Gauge,
            Self::Counter(_) | Self::Seconds(_) => MetricType::Counter,
            Self::Histogram(_) => MetricType::Histogram,
        }
    }

    fn encode(&self, mut metric: MetricEncoder<'_>) -> Result<(), fmt::Error> {
        match self {
            Self::Seconds(value) => ConstCounter::new(*value).encode(metric),
            Self::Histogram(timed) => {
                let bounds = Timings::BOUNDS_S.into_iter().chain([f64::INFINITY]);
                let classes: Vec<(f64, u64)> = bounds.zip(timed.classes).collect();
                let count = timed.classes.iter().sum();
                metric.encode_histogram::<NoLabelSet>(timed.sum_s, count, &classes, None)
            }
            Self::Gauge(rows) => encode_rows(metric, rows, |value| ConstGauge::new(*value)),
            Self::Counter(rows) => encode_rows(metric, rows, |value| ConstCounter::new(*value)),
        }
    }
}

fn encode_rows<V, M: EncodeMetric>(
    mut metric: MetricEncoder<'_>,
    rows: &[(Labels, V)],
    of: impl Fn(&V) -> M,
) -> Result<(), fmt::Error> {
    if let [(labels, value)] = rows
        && labels.is_empty()
    {
        return of(value).encode(metric);
    }
    for (labels, value) in rows {
        of(value).encode(metric.encode_family(labels)?)?;
    }
    Ok(())
}

impl Collector for Figures {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        for Figure { name, help, value } in &self.0 {
            let metric = encoder.encode_descriptor(name, help, None, value.kind())?;
            value.encode(metric)?;
        }
        Ok(())
    }
}
