//! The API of a central.

use axum::{
    http::{HeaderValue, Response, request::Parts},
    routing::{get, post},
};
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::json;

use super::{
    Answer, Nothing, READ, Route, WRITE, between, description, document,
    figures::{all, change, info, one},
    order_id, page_of, parsed, reader, sees_people, writer,
};
use crate::{
    http::{
        answers::asker,
        auth::Administration,
        catalogue::{Query, View},
        fields::typed,
        live::{running, waiting},
        names::{self, to_path},
        problem::{Problem, Trouble},
        server::Stopping,
        shared::Central,
        writes::administers,
    },
    model::FileName,
    node::central::{
        CentralAnswer, Drained, Expelled, NotMigrated, Order, Ordered, Resolved, Unanswered,
    },
};

const DESCRIPTION: &str = include_str!("central.json");

/// All of it.
pub(in crate::http) fn routes() -> Vec<Route<Central>> {
    let mut routes = vec![
        Route::new("/api/v1/openapi.json", READ, get(reader!(openapi))),
        Route::new("/api/v1/status", READ, get(reader!(status))),
        Route::new("/api/v1/secondaries", READ, get(reader!(secondaries))),
        Route::new("/api/v1/files", READ, get(reader!(files))),
        Route::new("/api/v1/files/{*name}", READ, get(reader!(file))),
        Route::new("/api/v1/downloads", READ, get(reader!(downloads))),
        Route::new("/api/v1/queue", READ, get(reader!(queue))),
        Route::new("/api/v1/clients", READ, get(reader!(clients))),
        Route::new("/api/v1/conflicts", READ, get(reader!(conflicts))),
        Route::new("/api/v1/statistics", READ, get(reader!(statistics))),
        Route::new("/api/v1/statistics/files", READ, get(reader!(per_file))),
        Route::new("/api/v1/statistics/clients", READ, get(reader!(per_client))),
        Route::new("/api/v1/events", READ, get(reader!(events))),
        Route::new(
            "/api/v1/secondaries/{number}/drain",
            &["POST", "DELETE"],
            post(writer!(drain)).delete(writer!(drain)),
        ),
        Route::new("/api/v1/centrals", READ, get(reader!(centrals))),
        Route::new("/api/v1/centrals/migrate", WRITE, post(writer!(migrate))),
        Route::new("/api/v1/clients/{name}/expel", WRITE, post(writer!(expel))),
        Route::new("/api/v1/conflicts/resolve", WRITE, post(writer!(resolve))),
        Route::new(
            "/api/v1/limits",
            &["GET", "POST"],
            get(reader!(limits)).post(writer!(set_limits)),
        ),
        Route::new("/api/v1/info", READ, get(reader!(info))),
        Route::new("/api/v1/figures", READ, get(reader!(all))),
        Route::new(
            "/api/v1/figures/{*name}",
            &["GET", "POST"],
            get(reader!(one)).post(writer!(change)),
        ),
    ];
    routes.extend(super::accounts::routes());
    routes
}

fn administration(central: &Central) -> Administration {
    central.administration
}

async fn openapi(_: &Central, _: &Parts) -> Answer {
    description(DESCRIPTION)
}

async fn status(central: &Central, _: &Parts) -> Answer {
    let summary = central.door.summary().await?;
    document(&CentralAnswer::Status(summary.status))
}

async fn secondaries(central: &Central, _: &Parts) -> Answer {
    let summary = central.door.summary().await?;
    document(&CentralAnswer::Secondaries(summary.secondaries))
}

async fn files(central: &Central, request: &Parts) -> Answer {
    let query = Query::of(request.uri.query());
    let all = central.door.catalogue().await?;
    let popular = central
        .door
        .popular()
        .await
        .map_err(|_| Problem::Stopping)?;
    let searched = std::sync::Arc::clone(&central.searched);
    let made = tokio::task::spawn_blocking(move || {
        let view = searched.select_of(&all, &query, popular);
        document(&listing(&view, &query))
    });
    made.await.map_err(|_| Problem::Stopping)?
}

fn listing(view: &View<'_>, query: &Query) -> serde_json::Value {
    let file = |listed: &&crate::model::ListedFile| {
        let mut row = json!({
            "name": listed.file.name,
            "bytes": listed.file.layout.file_bytes(),
            "id": listed.file.id,
            "holders": listed.holders,
            "secondaries": listed.wanted,
        });
        if listed.conflict {
            row["conflict"] = true.into();
        }
        row
    };
    let folders = view
        .folders
        .iter()
        .map(|folder| format!("{}{folder}/", query.folder));
    let mut page = json!({
        "folders": folders.collect::<Vec<_>>(),
        "files": view.files.iter().map(file).collect::<Vec<_>>(),
        "total": view.total,
    });
    let from = query.from + view.rows();
    if view.rows() > 0 && from < view.total {
        let next = Query {
            from,
            language: None,
            ..query.clone()
        };
        page["next"] = next.address_at("/api/v1/files").into();
    }
    page
}

async fn file(central: &Central, request: &Parts) -> Answer {
    let path = between(request, "/api/v1/files/", "")?;
    let name = names::of_path(path).ok_or(Problem::NotFound)?;
    let offer = central.offer(name).await?;
    let manifest = central.door.manifest(&offer).await;
    let (meta, holders) = &offer;
    let asker = asker(request)?;
    let path = to_path(&meta.name);
    let holder = |holder: &crate::node::central::Holder| {
        json!({
            "number": holder.number,
            "address": holder.address,
            "url": central.at_holder(asker, &offer, holder),
        })
    };
    document(&json!({
        "file": {
            "name": meta.name,
            "bytes": meta.layout.file_bytes(),
            "chunk": meta.layout.chunk_bytes(),
            "id": meta.id,
            "sha256": manifest.map(|manifest| manifest.whole()),
            "holders": holders.iter().map(holder).collect::<Vec<_>>(),
            "links": {
                "content": format!("/f/{path}"),
                "metalink": format!("/meta4/{path}.meta4"),
                "sha256": format!("/sha256/{path}.sha256"),
                "page": format!("/p/{path}"),
            },
        },
    }))
}

async fn downloads(central: &Central, request: &Parts) -> Answer {
    let sees_people = sees_people(central.administration, request)?;
    let rows = central.door.running().await?;
    let row = |row: &crate::node::central::Running| {
        let mut shown = running(row);
        if sees_people {
            shown["to"] = json!(row.to);
        }
        shown
    };
    document(&json!({ "downloads": rows.iter().map(row).collect::<Vec<_>>() }))
}

async fn queue(central: &Central, request: &Parts) -> Answer {
    let sees_people = sees_people(central.administration, request)?;
    let rows = central.door.queue().await?;
    let row = |row: &crate::node::central::QueueRow| {
        let mut shown = waiting(row);
        if sees_people {
            shown["client"] = row.client.clone().into();
        }
        shown
    };
    let rows: Vec<_> = rows.iter().map(row).collect();
    page_of("queue", &rows, request)
}

async fn clients(central: &Central, request: &Parts) -> Answer {
    administers(central.administration, asker(request)?)?;
    let clients = central.door.clients().await?;
    document(&CentralAnswer::Clients(clients))
}

async fn conflicts(central: &Central, _: &Parts) -> Answer {
    let conflicts = central.door.conflicts().await?;
    document(&CentralAnswer::Conflicts(conflicts))
}

async fn centrals(central: &Central, _: &Parts) -> Answer {
    let centrals = central.door.centrals().await?;
    document(&CentralAnswer::Centrals(centrals))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Migration {
    to: Option<String>,
}

async fn migrate(central: &Central, _: &Parts, body: &[u8]) -> Answer {
    let Migration { to } = parsed(body)?;
    let why = match central.door.migrate(to).await? {
        Ok(to) => {
            return document(&CentralAnswer::Migrated {
                to: Some(to),
                code: None,
            });
        }
        Err(why) => why,
    };
    let problem = match &why {
        NotMigrated::NotActive | NotMigrated::Lost => Problem::Standby,
        NotMigrated::Unknown(_) => Problem::NotFound,
        NotMigrated::UnderWay
        | NotMigrated::ToItself
        | NotMigrated::Alone
        | NotMigrated::NotReady(_)
        | NotMigrated::Behind(_)
        | NotMigrated::Silent => Problem::Conflict,
    };
    Err(Trouble::new(problem, why.code()))
}

async fn statistics(central: &Central, request: &Parts) -> Answer {
    administers(central.administration, asker(request)?)?;
    let statistics = central.door.statistics().await?;
    document(&CentralAnswer::Statistics(statistics))
}

async fn per_file(central: &Central, request: &Parts) -> Answer {
    let rows = central.door.downloads_per_file().await?;
    page_of("downloads_per_file", &rows, request)
}

async fn per_client(central: &Central, request: &Parts) -> Answer {
    administers(central.administration, asker(request)?)?;
    let rows = central.door.downloads_per_client().await?;
    page_of("downloads_per_client", &rows, request)
}

async fn limits(central: &Central, _: &Parts) -> Answer {
    let most = central.door.max_downloads().await?;
    document(&json!({ "limits": { "max_downloads": most } }))
}

async fn events(central: &Central, request: &Parts) -> Answer {
    let stop = request.extensions.get::<Stopping>();
    let Stopping(stop) = stop.ok_or(Problem::Stopping)?;
    let body = central.live.watch(asker(request)?.ip, stop);
    let mut response = Response::new(body);
    typed(response.headers_mut(), "text/event-stream");
    let unbuffered = HeaderValue::from_static("no");
    response
        .headers_mut()
        .insert("x-accel-buffering", unbuffered);
    Ok(response)
}

/// An order that would have to wait for the journal is refused.
fn keeps_up(central: &Central) -> Result<(), Problem> {
    match central.door.is_journal_busy() {
        true => Err(Problem::JournalBusy),
        false => Ok(()),
    }
}

async fn drain(central: &Central, request: &Parts, body: &[u8]) -> Answer {
    let Nothing {} = parsed(body)?;
    keeps_up(central)?;
    let which = match between(request, "/api/v1/secondaries/", "/drain")? {
        "all" => None,
        number => Some(vec![number.parse().map_err(|_| Problem::NotFound)?]),
    };
    let begin = request.method == axum::http::Method::POST;
    let order = Order::Drain { which, begin };
    let Ordered::Drained(drained) = central.door.order(order, order_id(request)?).await? else {
        return Err(Unanswered::OtherOrder.into());
    };
    if drained
        .iter()
        .any(|row| row.drained == Drained::NoSuchSecondary)
    {
        return Err(Trouble::new(Problem::NotFound, "no such secondary"));
    }
    document(&CentralAnswer::Drained(drained))
}

async fn expel(central: &Central, request: &Parts, body: &[u8]) -> Answer {
    let Nothing {} = parsed(body)?;
    keeps_up(central)?;
    let name = between(request, "/api/v1/clients/", "/expel")?;
    let name = percent_decode_str(name).decode_utf8();
    let name = name.map_err(|_| Problem::NotFound)?.into_owned();
    let order = Order::Expel(name.clone());
    let Ordered::Expelled(expelled) = central.door.order(order, order_id(request)?).await? else {
        return Err(Unanswered::OtherOrder.into());
    };
    match expelled {
        Expelled::Clients(clients) => document(&CentralAnswer::Expelled { name, clients }),
        Expelled::NoSuchClient => Err(Trouble::new(Problem::NotFound, "no such client")),
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Resolution {
    name: FileName,
    choice: u16,
}

async fn resolve(central: &Central, request: &Parts, body: &[u8]) -> Answer {
    let Resolution { name, choice } = parsed(body)?;
    keeps_up(central)?;
    let order = Order::Resolve(name.clone(), choice);
    let Ordered::Resolved(resolved) = central.door.order(order, order_id(request)?).await? else {
        return Err(Unanswered::OtherOrder.into());
    };
    match resolved {
        resolved @ Resolved::To(_) => document(&CentralAnswer::Resolved {
            name,
            choice,
            resolved,
        }),
        Resolved::NoSuchFile => Err(Trouble::new(Problem::NotFound, "no such file")),
        Resolved::NoConflict => Err(Trouble::new(Problem::Conflict, "it has one content only")),
        Resolved::NoSuchChoice(choices) => {
            let why = format!("no such choice; there are {choices:?}");
            Err(Trouble::new(Problem::Conflict, why))
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Limits {
    max_downloads: std::num::NonZeroU16,
}

async fn set_limits(central: &Central, request: &Parts, body: &[u8]) -> Answer {
    let Limits { max_downloads } = parsed(body)?;
    keeps_up(central)?;
    let most = usize::from(max_downloads.get());
    let order = Order::MaxDownloads(most);
    central.door.order(order, order_id(request)?).await?;
    limits(central, request).await
}
