//! How values of single flags are read.

use std::time::Duration;

use super::{
    quantity::{BadValue, time},
    text::t,
};
use crate::model::ClientName;

/// With a longer quiet time it would look as if nothing worked.
const LONGEST_QUIET: Duration = Duration::from_secs(24 * 3600);

/// The name of a file, or a pattern. Spaces may be part of it; line ends and byte order marks of lists are not.
pub(super) fn file_name(text: &str) -> Result<String, BadValue> {
    let around = ['\r', '\n', '\u{feff}'];
    let name = text.trim_matches(around);
    if name.trim().is_empty() {
        return Err(BadValue::empty());
    }
    Ok(name.to_owned())
}

pub(super) fn quiet(text: &str) -> Result<Duration, BadValue> {
    let quiet = time(text)?;
    if quiet > LONGEST_QUIET {
        return Err(BadValue::new(text, t!("why-quiet")));
    }
    Ok(quiet)
}

pub(super) fn log_level(text: &str) -> Result<String, BadValue> {
    super::logging::filter(text)?;
    Ok(text.to_owned())
}

pub(super) fn client_name(text: &str) -> Result<ClientName, BadValue> {
    ClientName::try_from(text).map_err(|_| BadValue::new(text, t!("bad-client-name")))
}
