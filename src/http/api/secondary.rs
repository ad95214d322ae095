//! The API of a secondary.

use axum::{
    http::request::Parts,
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::json;

use super::{
    Answer, Nothing, READ, Route, WRITE, description, document, page_of, parsed, reader,
    sees_people, stopping, writer,
};
use crate::{
    http::{
        answers::asker,
        auth::Administration,
        problem::{Problem, Trouble},
        shared::Secondary,
        writes::administers,
    },
    node::secondary::{Emptied, Transfer, TransferKind},
    store::StoreError,
};

const DESCRIPTION: &str = include_str!("secondary.json");

/// All of it.
pub(in crate::http) fn routes() -> Vec<Route<Secondary>> {
    vec![
        Route::new("/api/v1/openapi.json", READ, get(reader!(openapi))),
        Route::new("/api/v1/status", READ, get(reader!(status))),
        Route::new("/api/v1/transfers", READ, get(reader!(transfers))),
        Route::new("/api/v1/statistics", READ, get(reader!(statistics))),
        Route::new("/api/v1/statistics/files", READ, get(reader!(per_file))),
        Route::new("/api/v1/retired", READ, get(reader!(retired))),
        Route::new("/api/v1/retired/recover", WRITE, post(writer!(recover))),
        Route::new("/api/v1/retired/empty", WRITE, post(writer!(empty))),
        Route::new("/api/v1/reindex", WRITE, post(writer!(reindex))),
        Route::new(
            "/api/v1/limits",
            &["GET", "POST"],
            get(reader!(limits)).post(writer!(set_limits)),
        ),
    ]
}

fn administration(secondary: &Secondary) -> Administration {
    secondary.administration
}

fn disk(error: StoreError) -> Trouble {
    Trouble::new(Problem::Unreadable, format!("{}: {error}", error.code()))
}

async fn openapi(_: &Secondary, _: &Parts) -> Answer {
    description(DESCRIPTION)
}

async fn status(secondary: &Secondary, request: &Parts) -> Answer {
    let sees_people = sees_people(secondary.administration, request)?;
    let status = secondary.door.status().await.map_err(stopping)?;
    let mut shown = json!({ "status": status });
    if !sees_people && let Some(status) = shown["status"].as_object_mut() {
        status.remove("folder");
    }
    document(&shown)
}

async fn transfers(secondary: &Secondary, request: &Parts) -> Answer {
    let sees_people = sees_people(secondary.administration, request)?;
    let running = secondary.door.running().await.map_err(stopping)?;
    let row = |transfer: Transfer| {
        let mut row = json!(transfer);
        if !sees_people
            && let TransferKind::Sending { .. } = transfer.kind
            && let Some(sending) = row["sending"].as_object_mut()
        {
            sending.remove("to");
        }
        row
    };
    let rows = running.into_iter().map(Transfer::from).map(row);
    let rows: Vec<_> = rows.collect();
    page_of("transfers", &rows, request)
}

async fn statistics(secondary: &Secondary, request: &Parts) -> Answer {
    administers(secondary.administration, asker(request)?)?;
    let statistics = secondary.door.statistics().await.map_err(stopping)?;
    document(&json!({ "statistics": statistics }))
}

async fn per_file(secondary: &Secondary, request: &Parts) -> Answer {
    let rows = secondary.door.downloads().await.map_err(stopping)?;
    page_of("downloads", &rows, request)
}

async fn retired(secondary: &Secondary, request: &Parts) -> Answer {
    administers(secondary.administration, asker(request)?)?;
    let files = secondary.door.retired().await.map_err(disk)?;
    page_of("retired", &files, request)
}

/// Which of what was set aside: their numbers, or all.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Which {
    numbers: Numbers,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Numbers {
    These(Vec<u64>),
    All(All),
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum All {
    All,
}

impl Which {
    fn numbers(self) -> Option<Vec<u64>> {
        match self.numbers {
            Numbers::These(numbers) => Some(numbers),
            Numbers::All(All::All) => None,
        }
    }
}

async fn recover(secondary: &Secondary, _: &Parts, body: &[u8]) -> Answer {
    let which: Which = parsed(body)?;
    let recovered = secondary.door.recover_all(which.numbers()).await;
    let recovered = recovered.map_err(disk)?;
    if let Some(missing) = recovered.iter().find(|file| file.name.is_none()) {
        return Err(no_such(missing.number));
    }
    document(&json!({ "recovered": recovered }))
}

async fn empty(secondary: &Secondary, _: &Parts, body: &[u8]) -> Answer {
    let which: Which = parsed(body)?;
    let emptied = secondary.door.empty_all(which.numbers(), true).await;
    match emptied.map_err(disk)? {
        Emptied::NotThere(number) => Err(no_such(number)),
        // There was nothing.
        Emptied::WouldGo(_) => document(&json!({ "removed": { "files": 0, "bytes": 0 } })),
        Emptied::Gone(removed) => document(&json!({ "removed": removed })),
    }
}

fn no_such(number: u64) -> Trouble {
    Trouble::new(
        Problem::NotFound,
        format!("nothing that was set aside has the number {number}"),
    )
}

async fn reindex(secondary: &Secondary, _: &Parts, body: &[u8]) -> Answer {
    let Nothing {} = parsed(body)?;
    secondary.door.reindex().await.map_err(stopping)?;
    document(&"reindexing")
}

async fn limits(secondary: &Secondary, _: &Parts) -> Answer {
    let status = secondary.door.status().await.map_err(stopping)?;
    let limit = status.upload_limit_bytes_per_s;
    document(&json!({ "limits": { "upload_bytes_per_s": limit } }))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Limits {
    /// `None` for no limit; it must be said.
    #[serde(deserialize_with = "Option::deserialize")]
    upload_bytes_per_s: Option<std::num::NonZeroU64>,
}

async fn set_limits(secondary: &Secondary, request: &Parts, body: &[u8]) -> Answer {
    let Limits { upload_bytes_per_s } = parsed(body)?;
    let limit = upload_bytes_per_s.map(std::num::NonZeroU64::get);
    secondary
        .door
        .set_upload_limit(limit)
        .await
        .map_err(stopping)?;
    limits(secondary, request).await
}
