//! Which requests may change something. A page of another site can have a browser send requests here, with the password that
//! the browser remembers: what no form and no link can send is asked for, and the rest is refused before anybody looks at
//! who asks. Pure.

use axum::http::{HeaderMap, HeaderValue, header};

use super::{
    asker::Asker,
    auth::{Administration, Right},
    problem::Problem,
};

/// What a program that is no page says, so that it cannot be one of another site.
const OWN_FIELD: &str = "x-trozos";

/// Whether a request may change something, as far as its head says.
///
/// # Errors
/// Why not.
pub(super) fn may_write(
    administration: Administration,
    headers: &HeaderMap,
    asker: &Asker,
) -> Result<(), Problem> {
    comes_from_here(headers, &asker.host)?;
    administers(administration, asker)
}

/// Whether whoever asks is the administrator.
///
/// # Errors
/// Why not.
pub(super) fn administers(administration: Administration, asker: &Asker) -> Result<(), Problem> {
    if !administration.is_on {
        return Err(Problem::AdminOff);
    }
    if !administration.in_clear && !asker.is_private {
        return Err(Problem::AdminInClear);
    }
    if asker.right < Right::Administrator {
        return Err(Problem::PasswordWanted);
    }
    Ok(())
}

/// Whether a request comes from a page of this server, or from a program that says so.
fn comes_from_here(headers: &HeaderMap, host: &str) -> Result<(), Problem> {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let origin = origins.next();
    let is_own = |origin: &HeaderValue| {
        let origin = origin.to_str().unwrap_or("");
        let of = origin
            .strip_prefix("http://")
            .or(origin.strip_prefix("https://"));
        of.is_some_and(|of| of.eq_ignore_ascii_case(host))
    };
    if origins.next().is_some() || origin.is_some_and(|origin| !is_own(origin)) {
        return Err(Problem::WrongOrigin);
    }
    let site = headers.get("sec-fetch-site");
    if site.is_some_and(|site| site != "same-origin" && site != "none") {
        return Err(Problem::WrongOrigin);
    }
    if !is_json(headers) {
        return Err(Problem::NotJson);
    }
    let says_so = headers.get(OWN_FIELD).is_some_and(|field| field == "1");
    if origin.is_none() && !says_so {
        return Err(Problem::WrongOrigin);
    }
    Ok(())
}

fn is_json(headers: &HeaderMap) -> bool {
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    let only = types.next().filter(|_| types.next().is_none());
    let mime = only.and_then(|mime| mime.to_str().ok()).unwrap_or("");
    let mime = mime.split(';').next().unwrap_or("").trim();
    mime.eq_ignore_ascii_case("application/json")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::text::Tongue;

    const HOST: &str = "10.0.0.1:50000";

    fn headers(fields: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn only_pages_of_this_server_and_programs_that_say_so_may_write() {
        const JSON: (&str, &str) = ("content-type", "application/json; charset=utf-8");
        const OWN: (&str, &str) = ("origin", "http://10.0.0.1:50000");
        for (fields, expected) in [
            (vec![JSON, OWN], Ok(())),
            (vec![JSON, ("origin", "https://10.0.0.1:50000")], Ok(())),
            (vec![JSON, ("x-trozos", "1")], Ok(())),
            (vec![JSON, OWN, ("sec-fetch-site", "same-origin")], Ok(())),
            (vec![JSON], Err(Problem::WrongOrigin)),
            (vec![JSON, ("x-trozos", "0")], Err(Problem::WrongOrigin)),
            (
                vec![JSON, ("x-trozos", "1"), ("origin", "http://evil.example")],
                Err(Problem::WrongOrigin),
            ),
            (vec![JSON, ("origin", "null")], Err(Problem::WrongOrigin)),
            (
                vec![JSON, ("origin", "http://10.0.0.1")],
                Err(Problem::WrongOrigin),
            ),
            (
                vec![JSON, ("origin", "http://10.0.0.1:50000.evil.example")],
                Err(Problem::WrongOrigin),
            ),
            (vec![JSON, OWN, OWN], Err(Problem::WrongOrigin)),
            (
                vec![JSON, OWN, ("sec-fetch-site", "cross-site")],
                Err(Problem::WrongOrigin),
            ),
            (
                vec![JSON, OWN, ("sec-fetch-site", "same-site")],
                Err(Problem::WrongOrigin),
            ),
            (vec![OWN], Err(Problem::NotJson)),
            (vec![OWN, JSON, JSON], Err(Problem::NotJson)),
            (
                vec![OWN, ("content-type", "text/plain")],
                Err(Problem::NotJson),
            ),
            (
                vec![("content-type", "application/x-www-form-urlencoded")],
                Err(Problem::NotJson),
            ),
        ] {
            let checked = comes_from_here(&headers(&fields), HOST);
            assert_eq!(checked, expected, "{fields:?}");
        }
    }

    #[test]
    fn the_password_counts_where_nobody_reads_along() {
        let on = Administration {
            is_on: true,
            in_clear: false,
        };
        let in_clear = Administration {
            in_clear: true,
            ..on
        };
        let off = Administration::default();
        for (administration, is_private, right, expected) in [
            (off, true, Right::Administrator, Err(Problem::AdminOff)),
            (on, true, Right::Administrator, Ok(())),
            (on, true, Right::Member, Err(Problem::PasswordWanted)),
            (on, true, Right::Stranger, Err(Problem::PasswordWanted)),
            (on, false, Right::Administrator, Err(Problem::AdminInClear)),
            (on, false, Right::Stranger, Err(Problem::AdminInClear)),
            (in_clear, false, Right::Administrator, Ok(())),
            (
                in_clear,
                false,
                Right::Stranger,
                Err(Problem::PasswordWanted),
            ),
        ] {
            let asker = Asker {
                ip: std::net::Ipv4Addr::LOCALHOST.into(),
                host: HOST.to_owned(),
                tongue: Tongue::English,
                right,
                is_private,
                signer: None,
                scheme: "http",
            };
            let administers = administers(administration, &asker);
            assert_eq!(administers, expected, "{is_private} {right:?}");
        }
    }
}
