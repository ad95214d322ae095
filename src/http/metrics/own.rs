//! What the face counts of itself, and what the system says of the process.

use std::time::UNIX_EPOCH;

use super::{Figures, Labels, Value, label, process::Process};
use crate::{
    http::counts::{Counts, Endpoint, Rejected, Requests},
    node::{ServerFigures, face::Streaming},
};

impl Figures {
    pub(super) fn own(&mut self, counts: &Counts, server: &ServerFigures) {
        self.connections(counts, server);
        self.requests(counts);
        self.streaming(&counts.streaming);
        self.process(counts);
    }

    fn connections(&mut self, counts: &Counts, server: &ServerFigures) {
        let (permits, http) = (server.permits, counts.connections());
        let all = permits.idle + permits.busy + permits.pinned;
        let rows = [
            ("lines", all.saturating_sub(http.all)),
            ("http", http.answering.saturating_sub(http.events)),
            ("idle", http.all.saturating_sub(http.answering)),
            ("sse", http.events),
        ];
        let rows = rows.into_iter();
        let rows = rows.map(|(usage, count)| (label("use", usage), count as f64));
        self.gauges(
            "trozos_connections",
            "Connections: of our own protocol, of HTTP with a request that is being answered, of HTTP without one, and of \
             pages that follow what happens.",
            rows.collect(),
        );
        let rows = [
            ("idle", permits.idle),
            ("busy", permits.busy),
            ("pinned", permits.pinned),
        ];
        let rows = rows.into_iter();
        let rows = rows.map(|(state, count)| (label("state", state), count as f64));
        self.gauges(
            "trozos_places",
            "Places for connections that are taken: idle ones give way to newcomers, busy ones to fair shares, pinned \
             ones to nobody.",
            rows.collect(),
        );
    }

    fn requests(&mut self, counts: &Counts) {
        let row = |row: Requests| {
            let code = match row.code {
                0 => "other".into(),
                code => code.to_string().into(),
            };
            let labels: Labels = vec![
                ("endpoint", row.endpoint.label().into()),
                ("method", row.method.into()),
                ("code", code),
            ];
            (labels, row.count)
        };
        let requests = counts.requests().into_iter().map(row).collect();
        self.counters("trozos_http_requests", "Requests by HTTP.", requests);
        type Count = fn(&Counts, Endpoint) -> u64;
        let by_endpoint: [(_, _, Count); 2] = [
            (
                "trozos_http_response_bytes",
                "Bytes of bodies that connections took.",
                Counts::response_bytes,
            ),
            (
                "trozos_http_aborted",
                "Answers that ended before all of them was sent.",
                Counts::aborted_answers,
            ),
        ];
        for (name, help, of) in by_endpoint {
            let row =
                |endpoint: Endpoint| (label("endpoint", endpoint.label()), of(counts, endpoint));
            self.counters(name, help, Endpoint::ALL.map(row).to_vec());
        }
        self.add(
            "trozos_http_request_head_seconds",
            "From a request to the head of its answer.",
            Value::Histogram(counts.heads()),
        );
        let row = |(reason, name)| (label("reason", name), counts.rejections(reason));
        self.counters(
            "trozos_http_rejected",
            "Requests and connections that were turned away.",
            Rejected::ALL.map(row).to_vec(),
        );
    }

    fn streaming(&mut self, streaming: &Streaming) {
        let now = streaming.now();
        self.gauge(
            "trozos_stream_readers",
            "Readers that watch a content while it comes.",
            now.readers as f64,
        );
        self.gauge(
            "trozos_stream_cache_bytes",
            "Bytes of verified chunks that are kept.",
            now.cache_bytes as f64,
        );
        self.add(
            "trozos_stream_first_byte_seconds",
            "From a request to its first byte.",
            Value::Histogram(now.first_byte),
        );
        self.seconds(
            "trozos_stream_starved_seconds",
            "Time for which readers that wanted more had nothing.",
            now.starved_s,
        );
        for (name, help, value) in [
            (
                "trozos_stream_seeks",
                "Times that a reader went on elsewhere.",
                now.seeks,
            ),
            (
                "trozos_stream_cancelled_bytes",
                "Bytes of no use: they came for readers that had gone, or gone on elsewhere, or came twice.",
                now.cancelled_bytes,
            ),
            (
                "trozos_stream_cache_hits",
                "Chunks that were there when a reader came to them.",
                now.cache_hits,
            ),
            (
                "trozos_stream_cache_misses",
                "Chunks that had to be fetched.",
                now.cache_misses,
            ),
        ] {
            self.counter(name, help, value);
        }
    }

    fn process(&mut self, counts: &Counts) {
        let process = Process::now();
        let since = counts.since.duration_since(UNIX_EPOCH);
        let since = since.map_or(0.0, |since| since.as_secs_f64());
        self.gauge(
            "trozos_start_time_seconds",
            "When this server started, in seconds since 1970.",
            since,
        );
        self.seconds(
            "process_cpu_seconds",
            "CPU time that the process has used.",
            process.cpu_s,
        );
        for (name, help, value) in [
            (
                "process_resident_memory_bytes",
                "Memory that the process has.",
                process.resident_bytes,
            ),
            (
                "process_open_fds",
                "File descriptors that are open.",
                process.open_fds,
            ),
            ("process_max_fds", "Most that may be open.", process.max_fds),
        ] {
            self.gauge(name, help, value as f64);
        }
    }
}
