//! Errors: what is wrong, with the value, and what to do about it.

use super::{coded, files::store, links, security, spoken, system, t, units::bytes};
use crate::{
    cli::names,
    http::LocalError,
    model::SystemError,
    node::{
        KeyStoreError, StartError, StatisticsTrouble, StopError,
        client::{ClientError, PublishError},
    },
    proto::{ErrorCode, Said},
    store::{Damage, diary::DiaryError, published::PathError},
};

/// Why a program does not start.
pub fn start(error: &StartError) -> String {
    let text = match error {
        StartError::PortInUse(address) => {
            let port = address.port().to_string();
            t!("start-port-in-use", port = port, address = address)
        }
        StartError::NotLocal(ip) => t!("start-not-local", ip = ip),
        StartError::NoSuchHost {
            host,
            zone: Some(zone),
        } => t!("lost-no-interface", host = host, zone = zone),
        StartError::NoSuchHost { host, zone: None } => t!("start-no-such-host", host = host),
        StartError::PortDenied(address) => t!("start-port-denied", address = address),
        StartError::Listen { address, source } => {
            t!("start-listen", address = address, why = source)
        }
        StartError::NumberInUse { number, message } => match links::holder(message) {
            Some(address) => t!("start-number-in-use-by", number = number, address = address),
            None => t!("start-number-in-use", number = number),
        },
        StartError::Refused(lost) => t!("start-refused", why = links::lost(lost)),
        StartError::KeyStore(error) => key_store(error),
        // These have their own.
        StartError::Denied(denied) => return security::denied(denied),
        StartError::Store(error) => return store(error),
        StartError::Journal(error) => return journal(error),
    };
    coded(&text, error.code())
}

/// Why a central's journal cannot be used, and what can be done about it.
pub fn journal(error: &DiaryError) -> String {
    let text = match error {
        DiaryError::Store(error) => return store(error),
        DiaryError::Foreign(path) => t!("journal-foreign", path = path),
        DiaryError::Later { path, version } => {
            t!("journal-later", path = path, version = version)
        }
        DiaryError::Damaged {
            path,
            at,
            seq,
            follow,
        } => t!(
            "journal-damaged",
            path = path,
            at = at,
            seq = seq,
            follow = follow
        ),
        DiaryError::Content { path, seq, words } => t!(
            "journal-not-understood",
            path = path,
            seq = seq,
            words = words
        ),
    };
    coded(&text, error.code())
}

/// Why there is no key store for several centrals.
fn key_store(error: &KeyStoreError) -> String {
    match error {
        KeyStoreError::NotBuilt => t!("etcd-not-built"),
        KeyStoreError::NoMember => t!("etcd-none"),
        KeyStoreError::NotAMember(given) => t!("etcd-address", given = given),
        KeyStoreError::NoAuthority(given) => t!("etcd-authority", given = given),
        KeyStoreError::Silent(members) => t!("etcd-silent", members = members),
        KeyStoreError::Foreign(members) => t!("etcd-foreign", members = members),
        KeyStoreError::Certificates(why) => t!("etcd-certificates", why = why),
    }
}

/// Why players cannot be given a file.
pub fn local(error: &LocalError) -> String {
    match error {
        LocalError::Start(error) => start(error),
        LocalError::NoRandomness => t!("watch-no-randomness"),
    }
}

/// Why a node's end is not as it should be.
pub fn stop(error: &StopError) -> String {
    match error {
        StopError::Statistics(error) => t!("error-statistics-not-saved", why = store(error)),
        StopError::Broken => t!("error", why = coded(&t!("program-failed"), error.code())),
    }
}

/// Trouble with a statistics file.
pub fn statistics(trouble: &StatisticsTrouble) -> String {
    match trouble {
        StatisticsTrouble::SetAside { path, to, damage } => {
            let why = self::damage(damage);
            t!("statistics-set-aside", path = path, why = why, to = to)
        }
        StatisticsTrouble::InUse { path, instead } => {
            t!("statistics-in-use", path = path, instead = instead)
        }
        StatisticsTrouble::Failed(error) => t!("statistics-failed", why = store(error)),
    }
}

/// An error with what led to it. Causes of ours are told in the chosen language already; the system's are here.
pub fn chain(error: &anyhow::Error) -> String {
    let told = error.chain().map(|cause| match cause.downcast_ref() {
        Some(error) => system::error(&SystemError::from(error as &std::io::Error)),
        None => cause.to_string(),
    });
    told.collect::<Vec<_>>().join(": ")
}

/// What is wrong with a file of this program's.
pub fn damage(damage: &Damage) -> String {
    match damage {
        Damage::TooLarge { bytes: size } => t!("damage-too-large", size = bytes(*size)),
        Damage::Cut { line, column } => t!(
            "damage-cut",
            line = line.to_string(),
            column = column.to_string()
        ),
        Damage::Syntax { line, column } => t!(
            "damage-syntax",
            line = line.to_string(),
            column = column.to_string()
        ),
        Damage::Content { line: 0, .. } => t!("damage-content"),
        Damage::Content { line, column, .. } => {
            t!(
                "damage-content-at",
                line = line.to_string(),
                column = column.to_string()
            )
        }
    }
}

/// Why a request of a client came to nothing.
pub fn client(error: &ClientError) -> String {
    let text = match error {
        ClientError::NotEnrolled => t!("client-not-enrolled"),
        ClientError::NotReady => t!("client-not-ready", status = spoken::command("ESTADO")),
        ClientError::NotFound => t!("client-not-found", list = spoken::command("LISTA_VIDEOS")),
        ClientError::Unreachable(lost) => t!("client-unreachable", why = links::lost(lost)),
        // These have their own.
        ClientError::Denied(denied) => return security::denied(denied),
        ClientError::AlreadyRunning(number) => t!("client-running", number = number),
        ClientError::Refused { code, message } => return links::refusal(*code, message),
        ClientError::NoSuchDownload(number) => {
            t!("no-download", which = number.0.to_string())
        }
        ClientError::NoLocalFile(file) => t!(
            "no-local-file",
            name = file,
            download = spoken::command("VIDEO")
        ),
        ClientError::UnknownAccount(name) => t!("client-unknown-account", name = name),
        ClientError::NoAccount => t!("client-no-account", register = spoken::command("REGISTRAR")),
        ClientError::Identity(error) => t!("client-identity", why = store(error)),
        ClientError::NoRandomness => t!("no-randomness"),
        ClientError::Stopped => t!("client-stopped"),
    };
    coded(&text, error.code())
}

/// Why nothing is published.
pub fn publishing(error: &PublishError) -> String {
    let text = match error {
        PublishError::NotConnected => {
            return links::refusal(ErrorCode::NotConnected, &Said::default());
        }
        PublishError::Client(ClientError::Refused {
            code: ErrorCode::NameTaken,
            ..
        }) => t!("publish-name-taken"),
        PublishError::Alone => t!("publish-alone"),
        PublishError::Path(PathError::Outside(path)) => {
            t!(
                "publish-outside",
                path = path,
                flag = names::dashed("publicar-desde")
            )
        }
        PublishError::Path(PathError::Hidden(path)) => t!("publish-hidden", path = path),
        PublishError::Path(PathError::Name { path, .. }) => t!("publish-name", path = path),
        // These have their own.
        PublishError::Path(PathError::Store(error)) => return store(error),
        PublishError::Name(error) => return super::files::file_name(error),
        PublishError::Listen(error) => return start(error),
        PublishError::Record(error) => return store(error),
        PublishError::Client(error) => return client(error),
    };
    coded(&text, error.code())
}
