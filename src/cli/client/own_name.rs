//! The name of a client that was given none: its user's, at this machine.

use std::path::Path;

use crate::{
    model::{ClientName, limits::MAX_CLIENT_NAME_BYTES},
    store::{Claim, claim},
};

/// Clients of one user that run at once and are told apart.
const MOST_AT_ONCE: u32 = 64;
/// Bytes for the number of such a client.
const NUMBER_BYTES: usize = 4;
/// Where the system says which user has a number.
const USERS: &str = "/etc/passwd";

/// `ana@pc`; or `ana@pc-2` while another client of this user, that keeps its things in the same folder, has that name.
pub(super) fn claimed(folder: Option<&Path>) -> (ClientName, Option<Claim>) {
    let base = of(&user(), &host());
    let Some(folder) = folder.filter(|folder| std::fs::create_dir_all(folder).is_ok()) else {
        return (numbered(&base, 1), None);
    };
    for number in 1..=MOST_AT_ONCE {
        let name = numbered(&base, number);
        match claim(&folder.join(format!("nombre-{name}"))) {
            Ok(Some(claim)) => return (name, Some(claim)),
            Ok(None) => {}
            Err(error) => {
                tracing::debug!(%error, "the name is not claimed");
                break;
            }
        }
    }
    (numbered(&base, 1), None)
}

/// The name without what no name may have.
fn of(user: &str, host: &str) -> String {
    let is_good = |c: &char| !c.is_control() && !matches!(c, '/' | '\\' | ':' | '@');
    let clean = |text: &str| text.chars().filter(is_good).collect::<String>();
    let (user, host) = (clean(user.trim()), clean(host.trim()));
    let mut name = match (user.is_empty(), host.is_empty()) {
        (false, false) => format!("{user}@{host}"),
        (false, true) => user,
        (true, false) => host,
        (true, true) => "videocliente".to_owned(),
    };
    let mut most = MAX_CLIENT_NAME_BYTES - NUMBER_BYTES;
    while !name.is_char_boundary(most.min(name.len())) {
        most -= 1;
    }
    name.truncate(most);
    name.trim_start_matches('.').trim().to_owned()
}

fn numbered(base: &str, number: u32) -> ClientName {
    let text = match number {
        1 => base.to_owned(),
        number => format!("{base}-{number}"),
    };
    ClientName::try_from(text.as_str())
        .or_else(|_| ClientName::try_from("videocliente"))
        .unwrap_or_else(|_| unreachable!("letters"))
}

fn user() -> String {
    let named = ["USER", "LOGNAME"].into_iter().find_map(|variable| {
        let name = std::env::var(variable).ok()?;
        (!name.trim().is_empty()).then_some(name)
    });
    let uid = rustix::process::getuid().as_raw();
    named
        .or_else(|| user_of(&std::fs::read_to_string(USERS).ok()?, uid))
        .unwrap_or_default()
}

/// The user who has a number.
fn user_of(users: &str, uid: u32) -> Option<String> {
    let uid = uid.to_string();
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, number) = (fields.next()?, fields.nth(1)?);
        (number == uid && !name.is_empty()).then(|| name.to_owned())
    })
}

fn host() -> String {
    let system = rustix::system::uname();
    let host = system.nodename().to_string_lossy().into_owned();
    // The domain says nothing among neighbours.
    host.split('.').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_made_of_whatever_the_system_says() {
        for (user, host, name) in [
            ("ana", "pc", "ana@pc"),
            ("ana", "", "ana"),
            ("", "pc", "pc"),
            (" .a/n:a\n", "p\\c", "ana@pc"),
            ("", "", "videocliente"),
            (".", "..", "@.."),
        ] {
            assert_eq!(of(user, host), name);
            numbered(&of(user, host), 64);
        }
        let long = of(&"ñ".repeat(80), "pc");
        assert_eq!(numbered(&long, 64).as_str(), format!("{long}-64"));
    }

    #[test]
    fn a_user_is_found_by_number() {
        let users = "root:x:0:0:root:/root:/bin/sh\nbad\n:x:1:\nana:x:1000:1000::/home/ana:\n";
        assert_eq!(user_of(users, 1000), Some("ana".to_owned()));
        assert_eq!((user_of(users, 1), user_of(users, 7)), (None, None));
    }

    #[test]
    fn the_second_client_of_a_user_has_another_name() {
        let folder = tempfile::tempdir().unwrap();
        let (first, held) = claimed(Some(folder.path()));
        let (second, _other) = claimed(Some(folder.path()));
        assert_eq!(second.as_str(), format!("{first}-2"));
        drop(held);
        assert_eq!(claimed(Some(folder.path())).0, first);
        // Where nothing can be kept the name is the same.
        assert_eq!(claimed(Some(Path::new("/dev/null/x"))).0, first);
    }
}
