//! Accounts and the audit trail.

use super::{
    coded, spoken, t,
    table::{Table, minor, name, whole},
};
use crate::{
    cli::text::clean,
    model::{
        Actor, Audited, Door,
        limits::{CODE_LASTS, NAME_RESTS},
        messages::User,
    },
    node::{
        auditor,
        central::{AccountChange, AccountInfo},
        client::{AccountAnswer, AccountWish},
    },
    proto::{ErrorCode, Said},
};

/// The accounts, for administrators.
pub fn accounts(accounts: &[AccountInfo], columns: usize) -> Vec<String> {
    if accounts.is_empty() {
        return vec![t!("no-accounts")];
    }
    let row = |account: &AccountInfo| {
        let devices = account.devices.iter().map(|(key, _)| key.clone());
        vec![
            account.name.to_string(),
            if account.rests {
                t!("account-rests", until = moment(account.since_ms))
            } else {
                moment(account.since_ms)
            },
            match account.connected {
                0 => String::new(),
                connected => connected.to_string(),
            },
            devices.collect::<Vec<_>>().join(" "),
            account.code_until_ms.map(moment).unwrap_or_default(),
        ]
    };
    Table::new([
        name(t!("column-account")),
        whole(t!("column-since")),
        whole(t!("column-connections")),
        minor(1, t!("column-devices")),
        minor(2, t!("column-code")),
    ])
    .with(accounts.iter().map(row))
    .lines(columns)
}

/// A recovery code.
pub fn code(account: &str, code: &str) -> Vec<String> {
    let hours = CODE_LASTS.as_secs() / 3600;
    vec![
        code.to_owned(),
        t!(
            "account-code",
            account = account,
            hours = hours,
            code = code
        ),
    ]
}

/// What was done to an account.
pub fn changed(account: &str, what: AccountChange) -> String {
    match what {
        AccountChange::DeviceRemoved => t!("account-device-removed", account = account),
        AccountChange::Removed => t!(
            "account-removed",
            account = account,
            free = spoken::command("LIBERAR")
        ),
        AccountChange::Freed => t!("account-freed", account = account),
    }
}

/// Why it was not done.
pub fn refused(account: &str, code: &str) -> String {
    let why = match ErrorCode::of(code) {
        ErrorCode::UnknownAccount => t!("account-unknown", account = account),
        ErrorCode::WrongKey => t!("account-no-device", account = account),
        other => return super::links::refusal(other, &Said::default()),
    };
    coded(&why, code)
}

/// What came of a wish.
pub fn done(wish: &AccountWish, answer: &AccountAnswer) -> String {
    let name = &answer.name;
    match wish {
        AccountWish::Register(_) => t!("account-registered", name = name),
        AccountWish::SignIn { .. } => t!("account-signed-in", name = name),
        AccountWish::SignOut => t!(
            "account-left",
            name = name,
            connect = spoken::command("CONECTAR")
        ),
        AccountWish::Unregister => t!(
            "account-closed",
            name = name,
            days = NAME_RESTS.as_secs() / 86400
        ),
    }
}

/// The accounts, for everybody.
pub fn users(users: &[User], columns: usize) -> Vec<String> {
    if users.is_empty() {
        return vec![t!("no-users")];
    }
    let row = |user: &User| {
        vec![
            user.name.to_string(),
            if user.connected {
                t!("user-connected")
            } else {
                t!("user-away")
            },
            match user.files {
                0 => String::new(),
                files => files.to_string(),
            },
        ]
    };
    Table::new([
        name(t!("column-account")),
        whole(t!("column-state")),
        minor(1, t!("column-files")),
    ])
    .with(users.iter().map(row))
    .lines(columns)
}

/// Lines of the audit trail, for people: the time, who, what, and the rest as it is written.
pub fn audit(lines: &[Audited]) -> Vec<String> {
    if lines.is_empty() {
        return vec![t!("no-audit")];
    }
    lines.iter().map(audit_line).collect()
}

fn audit_line(line: &Audited) -> String {
    let mut rest = auditor::document(line);
    if let Some(fields) = rest.as_object_mut() {
        for told in ["n", "time", "who", "what"] {
            fields.remove(told);
        }
    }
    let rest = rest.as_object().into_iter().flatten();
    let rest = rest.map(|(field, value)| match value.as_str() {
        Some(text) => format!("{field}={}", clean(text)),
        None => format!("{field}={value}"),
    });
    let rest: Vec<String> = rest.collect();
    let line = format!(
        "{} {} {} {} {}",
        line.n,
        moment(line.at_ms),
        actor(&line.who),
        line.deed.as_str(),
        rest.join(" ")
    );
    line.trim_end().to_owned()
}

fn actor(actor: &Actor) -> String {
    match actor {
        Actor::Account(name) => t!("actor-account", name = name),
        Actor::Guest(name) => t!("actor-guest", name = name),
        Actor::Legacy(name) => t!("actor-legacy", name = name),
        Actor::Http(host) => t!("actor-http", host = host),
        Actor::Secondary(number) => t!("actor-secondary", number = number),
        Actor::Administrator(Door::Console) => t!("actor-console"),
        Actor::Administrator(Door::Socket) => t!("actor-socket"),
        Actor::Administrator(Door::Http) => t!("actor-admin-http"),
        Actor::Administrator(Door::Unknown) => t!("actor-admin"),
    }
}

/// A line of the audit trail, for programs.
pub fn audit_json(line: &Audited) -> String {
    auditor::document(line).to_string()
}

/// A moment, here.
fn moment(ms: u64) -> String {
    let at = i64::try_from(ms).ok();
    let at = at.and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    at.map_or_else(
        || "-".to_owned(),
        |at| {
            let local = at.to_zoned(jiff::tz::TimeZone::system());
            local.strftime("%Y-%m-%d %H:%M:%S").to_string()
        },
    )
}
