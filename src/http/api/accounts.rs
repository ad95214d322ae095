//! Accounts and the audit trail, for administrators.

use axum::{
    http::request::Parts,
    routing::{delete, get, post},
};
use percent_encoding::percent_decode_str;
use serde_json::json;

use super::{Answer, Nothing, READ, Route, between, document, parsed, reader, stopping, writer};
use crate::{
    engine::accounts::AccountRefusal,
    http::{
        answers::asker,
        auth::Administration,
        problem::{Problem, Trouble},
        shared::Central,
        writes::administers,
    },
    model::{AccountName, AuditQuery, ClientName},
    node::{
        auditor,
        central::{AccountChange, CentralAnswer},
    },
};

const ACCOUNTS: &str = "/api/v1/accounts/";
const RESTING: &str = "/api/v1/resting-names/";
/// Lines of the audit trail in one answer.
const MOST_LINES: usize = 1000;

/// All of it.
pub(super) fn routes() -> Vec<Route<Central>> {
    vec![
        Route::new("/api/v1/accounts", READ, get(reader!(accounts))),
        Route::new(
            "/api/v1/accounts/{name}",
            &["DELETE"],
            delete(writer!(remove)),
        ),
        Route::new(
            "/api/v1/accounts/{name}/code",
            super::WRITE,
            post(writer!(new_code)),
        ),
        Route::new(
            "/api/v1/accounts/{name}/devices/{key}",
            &["DELETE"],
            delete(writer!(remove_device)),
        ),
        Route::new(
            "/api/v1/resting-names/{name}",
            &["DELETE"],
            delete(writer!(free)),
        ),
        Route::new("/api/v1/audit", READ, get(reader!(audit))),
    ]
}

fn administration(central: &Central) -> Administration {
    central.administration
}

async fn accounts(central: &Central, request: &Parts) -> Answer {
    administers(central.administration, asker(request)?)?;
    let accounts = central.door.accounts().await.map_err(stopping)?;
    document(&CentralAnswer::Accounts(accounts))
}

async fn new_code(central: &Central, request: &Parts, body: &[u8]) -> Answer {
    let Nothing {} = parsed(body)?;
    let name = named(between(request, ACCOUNTS, "/code")?)?;
    let made = central.door.new_account_code(&name).await;
    let code = made.map_err(stopping)?.map_err(refused)?;
    if code.is_none() {
        return Err(Problem::Stopping.into());
    }
    let name = name.to_string();
    document(&CentralAnswer::AccountCode { name, code })
}

async fn remove(central: &Central, request: &Parts, body: &[u8]) -> Answer {
    let Nothing {} = parsed(body)?;
    let name = named(between(request, ACCOUNTS, "")?)?;
    let removed = central.door.remove_account(&name).await.map_err(stopping)?;
    changed(AccountChange::Removed, removed)
}

async fn remove_device(central: &Central, request: &Parts, body: &[u8]) -> Answer {
    let Nothing {} = parsed(body)?;
    let path = between(request, ACCOUNTS, "")?;
    let (name, key) = path.split_once("/devices/").ok_or(Problem::NotFound)?;
    let name = named(name)?;
    let removed = central.door.remove_account_device(&name, key).await;
    changed(AccountChange::DeviceRemoved, removed.map_err(stopping)?)
}

async fn free(central: &Central, request: &Parts, body: &[u8]) -> Answer {
    let Nothing {} = parsed(body)?;
    let name = named(between(request, RESTING, "")?)?;
    let freed = central.door.free_account_name(&name).await;
    changed(AccountChange::Freed, freed.map_err(stopping)?)
}

fn changed(what: AccountChange, done: Result<AccountName, AccountRefusal>) -> Answer {
    let name = done.map_err(refused)?.to_string();
    document(&CentralAnswer::AccountChanged { name, what })
}

fn refused(refusal: AccountRefusal) -> Trouble {
    Trouble::new(Problem::NotFound, refusal)
}

/// A component of a path that names an account.
fn named(component: &str) -> Result<ClientName, Trouble> {
    let name = percent_decode_str(component).decode_utf8();
    let name = name.map_err(|_| Problem::NotFound)?;
    let name = ClientName::try_from(&*name).map_err(|_| Problem::NotFound)?;
    Ok(name)
}

async fn audit(central: &Central, request: &Parts) -> Answer {
    administers(central.administration, asker(request)?)?;
    let query = query(request.uri.query().unwrap_or_default())?;
    let (from_the_front, last) = (query.after > 0, query.last);
    let mut lines = central.door.audit(query).await.map_err(stopping)?;
    if from_the_front && last.is_none() {
        lines.truncate(MOST_LINES);
    } else {
        let most = last.unwrap_or(MOST_LINES).min(MOST_LINES);
        lines.drain(..lines.len().saturating_sub(most));
    }
    let lines: Vec<_> = lines.iter().map(auditor::document).collect();
    document(&json!({ "audit": lines }))
}

fn query(text: &str) -> Result<AuditQuery, Trouble> {
    let mut query = AuditQuery::default();
    let wrong = |key: &str| Trouble::new(Problem::BadRequest, format!("no such {key}"));
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = value.replace('+', " ");
        let value = percent_decode_str(&value).decode_utf8();
        let value = value.map_err(|_| wrong(key))?.into_owned();
        let moment = || -> Result<u64, Trouble> {
            let at: jiff::Timestamp = value.parse().map_err(|_| wrong(key))?;
            u64::try_from(at.as_millisecond()).map_err(|_| wrong(key))
        };
        match key {
            "who" => query.who = Some(value),
            "what" => query.what = Some(value),
            "file" => query.file = Some(value),
            "since" => query.since_ms = Some(moment()?),
            "until" => query.until_ms = Some(moment()?),
            "after" => query.after = value.parse().map_err(|_| wrong(key))?,
            "last" => query.last = Some(value.parse().map_err(|_| wrong(key))?),
            _ => return Err(wrong("filter")),
        }
    }
    Ok(query)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_read_from_an_address() {
        let read = query("who=ana&file=a%20b+c&since=2026-11-30T12:00:00Z&last=5&after=7").unwrap();
        assert_eq!(read.who.as_deref(), Some("ana"));
        assert_eq!(read.file.as_deref(), Some("a b c"));
        assert_eq!(read.since_ms, Some(1_796_040_000_000));
        assert_eq!((read.last, read.after), (Some(5), 7));
        assert_eq!(query("").unwrap(), AuditQuery::default());
        for bad in ["color=red", "since=yesterday", "last=-1", "who=%ff"] {
            assert!(query(bad).is_err(), "{bad}");
        }
    }
}
