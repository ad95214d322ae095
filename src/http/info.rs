//! How a central is, as one text for all who ask: its prompt, curl, gRPC and its page.

use axum::{
    body::Body,
    extract::State,
    http::{HeaderValue, Response, header, request::Parts},
};

use super::{
    answers::{asker, told},
    catalogue::Query,
    fields::plain,
    pages,
    problem::{Problem, Reader},
    shared::Central,
    text::{Tongue, w},
};
use crate::{
    model::FigureDoor,
    node::{
        Stopped,
        central::{CentralStanding, Connections, DoorInfo, Info, InfoStanding, TrafficInfo},
    },
};

/// The text of `INFO` in a language, by its tag, line by line.
pub fn info_lines(info: &Info, language: &str) -> Vec<String> {
    lines(info, Tongue::default().chosen(Some(language)))
}

pub(super) fn lines(info: &Info, tongue: Tongue) -> Vec<String> {
    let mut lines = vec![
        w!(tongue, "info-version", version = info.version.as_str()),
        standing(info, tongue),
    ];
    if info.centrals.len() > 1 {
        for central in &info.centrals {
            lines.push(w!(
                tongue,
                "info-central",
                node = central.node.as_str(),
                address = central.address.as_str(),
                state = central_state(central.state, tongue)
            ));
        }
    }
    for service in &info.services {
        let state = up(service.up, tongue);
        let service = service.name.as_str();
        lines.push(w!(tongue, "info-service", service = service, state = state));
    }
    let doors = info.queue.doors.iter();
    lines.extend(doors.map(|door| of_door(door, tongue)));
    lines.push(w!(
        tongue,
        "info-queue",
        waiting = info.queue.waiting.to_string(),
        most = info.queue.most.to_string(),
        figures = info.figures.to_string()
    ));
    lines.extend(of_connections(&info.connections, tongue));
    lines.push(w!(
        tongue,
        "info-journal",
        facts = info.journal.facts.to_string(),
        durable = info.journal.durable.to_string(),
        held = info.journal.held.to_string()
    ));
    lines.extend(of_traffic(&info.traffic, tongue));
    lines
}

fn of_door(door: &DoorInfo, tongue: Tongue) -> String {
    let open = match door.address {
        Some(address) => address.to_string(),
        None => up(!is_a_port(door.door), tongue),
    };
    w!(
        tongue,
        "info-door",
        door = door.door.name(),
        state = open,
        orders = door.orders.to_string(),
        refused = door.refused.to_string(),
        rate = format!("{:.0}", door.orders_per_s),
        connections = door.connections.to_string()
    )
}

fn of_connections(there: &Connections, tongue: Tongue) -> [String; 2] {
    [
        w!(
            tongue,
            "info-connections",
            secondaries = there.secondaries.to_string(),
            known = there.secondaries_known.to_string(),
            clients = there.clients.to_string()
        ),
        w!(
            tongue,
            "info-states",
            idle = there.idle.to_string(),
            busy = there.busy.to_string(),
            pinned = there.pinned.to_string(),
            refused = there.refused.to_string()
        ),
    ]
}

fn of_traffic(traffic: &TrafficInfo, tongue: Tongue) -> [String; 2] {
    [
        w!(
            tongue,
            "info-traffic",
            lines = traffic.lines_bytes.to_string(),
            http = traffic.http_bytes.to_string(),
            received = traffic.received_bytes.to_string()
        ),
        w!(
            tongue,
            "info-downloads",
            downloads = traffic.downloads.to_string(),
            running = traffic.running.to_string(),
            waiting = traffic.waiting.to_string()
        ),
    ]
}

/// Doors that have a port of their own.
fn is_a_port(door: FigureDoor) -> bool {
    match door {
        FigureDoor::Udp | FigureDoor::Tcp | FigureDoor::Processes | FigureDoor::Http => true,
        FigureDoor::Api | FigureDoor::Grpc | FigureDoor::Console | FigureDoor::Client => false,
    }
}

fn up(is_up: bool, tongue: Tongue) -> String {
    match is_up {
        true => w!(tongue, "info-up"),
        false => w!(tongue, "info-down"),
    }
}

fn standing(info: &Info, tongue: Tongue) -> String {
    let state = match info.standing {
        InfoStanding::Active => w!(tongue, "info-active"),
        InfoStanding::Limited => w!(tongue, "info-limited"),
        InfoStanding::Standby => w!(tongue, "info-standby"),
    };
    w!(
        tongue,
        "info-standing",
        cluster = info.cluster.as_str(),
        state = state,
        term = info.term.to_string(),
        seconds = info.up_s.to_string()
    )
}

fn central_state(state: CentralStanding, tongue: Tongue) -> String {
    match state {
        CentralStanding::Active => w!(tongue, "info-active"),
        CentralStanding::Limited => w!(tongue, "info-limited"),
        CentralStanding::Ready => w!(tongue, "info-standby"),
        CentralStanding::Behind => w!(tongue, "info-behind"),
    }
}

/// `/info`: text for curl, a page for people.
pub(super) async fn answer(State(central): State<Central>, request: Parts) -> Response<Body> {
    let answer = async {
        let info = central.door.info().await;
        let info = info.map_err(|Stopped| Problem::Stopping)?;
        said(&info, &request)
    };
    let answer = answer.await;
    told(&request, answer)
}

/// The same for whoever asks this of another door.
pub(super) fn said(info: &Info, request: &Parts) -> Result<Response<Body>, Problem> {
    let query = Query::of(request.uri.query());
    let tongue = asker(request)?.tongue.chosen(query.language.as_deref());
    let lines = lines(info, tongue);
    if Reader::of(&request.uri, &request.headers).is_person {
        return Ok(pages::info(&lines, tongue));
    }
    let mut response = Response::new(Body::from(lines.join("\n") + "\n"));
    plain(response.headers_mut());
    let language: HeaderValue = tongue.tag();
    response
        .headers_mut()
        .insert(header::CONTENT_LANGUAGE, language);
    Ok(response)
}
