//! Addresses that let whoever has them read one thing for some hours: players cannot type passwords. All nodes of a cluster
//! sign alike, with a key of the secret's, so that what one gives out another answers. No clock: the time is an argument.

use std::{fmt, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use percent_encoding::percent_decode_str;
use ring::hmac;

use super::handshake::Secret;

/// The parameter of an address that has the signature.
pub const PARAMETER: &str = "t";
/// How long an address may be good.
pub const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// What addresses are signed with.
#[derive(Clone)]
pub struct LinkKey(hmac::Key);

impl fmt::Debug for LinkKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkKey(..)")
    }
}

impl From<&Secret> for LinkKey {
    fn from(secret: &Secret) -> Self {
        Self(secret.key_for(b"trozos 1 links\n"))
    }
}

impl LinkKey {
    /// What signs a path until a second since 1970: `t=…`, to be put after it.
    pub fn sign(&self, path: &str, until_s: u64) -> String {
        let tag = hmac::sign(&self.0, &message(path, until_s));
        let tag = URL_SAFE_NO_PAD.encode(tag.as_ref());
        format!("{PARAMETER}={until_s}.{tag}")
    }

    /// Until when the parameters of a path let it be read; `None` when they do not. In constant time for all that could be
    /// guessed.
    pub fn check(&self, path: &str, query: &str, now_s: u64) -> Option<u64> {
        let mut parameters = query.split('&');
        let signed = parameters.find_map(|one| one.strip_prefix(PARAMETER)?.strip_prefix('='))?;
        let (until, tag) = signed.split_once('.')?;
        let is_number = until.len() <= 19 && until.bytes().all(|byte| byte.is_ascii_digit());
        let until_s: u64 = until.parse().ok().filter(|_| is_number)?;
        let tag = URL_SAFE_NO_PAD.decode(tag).ok()?;
        hmac::verify(&self.0, &message(path, until_s), &tag).ok()?;
        // Clocks of nodes may differ a little.
        let is_now = until_s >= now_s && until_s <= now_s + LONGEST.as_secs() + 300;
        is_now.then_some(until_s)
    }
}

/// Players write an address anew, and escape other signs of it: a path is signed as what it means.
fn message(path: &str, until_s: u64) -> Vec<u8> {
    let mut message = b"v1|".to_vec();
    for (index, component) in path.split('/').enumerate() {
        if index > 0 {
            message.push(b'/');
        }
        for byte in percent_decode_str(component) {
            match byte {
                // A slash within a component is none between two.
                b'/' | b'%' | b'|' => message.extend_from_slice(format!("%{byte:02X}").as_bytes()),
                byte => message.push(byte),
            }
        }
    }
    message.extend_from_slice(format!("|{until_s}").as_bytes());
    message
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;

    static KEY: LazyLock<LinkKey> = LazyLock::new(|| {
        let secret = Secret::from_text(b"the secret of the cluster").unwrap();
        LinkKey::from(&secret)
    });

    const NOW: u64 = 1_800_000_000;

    #[test]
    fn a_link_is_good_for_its_path_until_its_time() {
        let query = KEY.sign("/ver/serie/%C3%B1u%201.mp4", NOW + 60);
        assert!(
            query
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && byte != b'&')
        );
        for (path, now, expected) in [
            ("/ver/serie/%C3%B1u%201.mp4", NOW, true),
            ("/ver/serie/%c3%b1u%201%2Emp4", NOW + 60, true),
            ("/ver/serie/%C3%B1u%201.mp4", NOW + 61, false),
            ("/ver/serie/%C3%B1u%202.mp4", NOW, false),
            ("/f/serie/%C3%B1u%201.mp4", NOW, false),
            ("/ver/serie%2F%C3%B1u%201.mp4", NOW, false),
            ("/ver/serie/%C3%B1u%201.mp4/", NOW, false),
        ] {
            let until = KEY.check(path, &query, now);
            assert_eq!(until, expected.then_some(NOW + 60), "{path} {now}");
            // Beside another parameter.
            let beside = format!("descargar=1&{query}");
            assert_eq!(KEY.check(path, &beside, now).is_some(), expected);
        }
    }

    #[test]
    fn what_was_not_signed_here_is_no_link() {
        let query = KEY.sign("/ver/a", NOW + 60);
        let (until, tag) = query.split_once('.').unwrap();
        let other = Secret::from_text(b"the secret of another").unwrap();
        for changed in [
            String::new(),
            "t=".to_owned(),
            format!("{until}."),
            format!("t={}.{tag}", NOW + 61),
            format!("t=+{}.{tag}", NOW + 60),
            format!("{until}.{}", &tag[1..]),
            format!("x{query}"),
            LinkKey::from(&other).sign("/ver/a", NOW + 60),
            // Longer than any link is given out for.
            KEY.sign("/ver/a", NOW + 2 * LONGEST.as_secs()),
            KEY.sign("/ver/a", u64::MAX),
        ] {
            assert_eq!(KEY.check("/ver/a", &changed, NOW), None, "{changed}");
        }
    }
}
