//! What a store's errors mean. Their texts may hold anything of a request or an answer, so that only a status and a code of
//! them are kept.

use std::{error::Error as _, time::Duration};

use object_store::{
    Error,
    client::{HttpError, HttpErrorKind},
};

use super::types::ObjectError;
use crate::model::RemoteError;

/// Codes by which stores say that credentials are no good, and not that they permit too little.
const BAD_CREDENTIALS: &[&str] = &[
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "ExpiredToken",
    "InvalidToken",
    "TokenRefreshRequired",
    "InvalidSecurity",
    "NotSignedUp",
    "AuthenticationFailed",
    "InvalidAuthenticationInfo",
    "AuthorizationHeaderMalformed",
];
/// Where the credentials of a machine of Amazon's are asked for: elsewhere nobody answers there.
const MACHINES_CREDENTIALS: &[&str] = &["169.254.169.254", "169.254.170.2", "metadata.google"];
/// Longest code that is believed to be one.
const MOST_CODE: usize = 64;

/// Waits so long.
pub(super) async fn within<T>(
    most: Duration,
    work: impl Future<Output = Result<T, ObjectError>>,
) -> Result<T, ObjectError> {
    let done = tokio::time::timeout(most, work).await;
    done.unwrap_or_else(|_| {
        let why = format!("nothing for {} s", most.as_secs());
        Err(RemoteError::unreachable(&why).into())
    })
}

/// Sorts an error.
pub(super) fn sort(error: Error) -> ObjectError {
    let text = error.to_string();
    let code = code_of(&text);
    let is_bucket = matches!(code, Some("NoSuchBucket" | "ContainerNotFound"));
    let why = match &error {
        Error::NotFound { .. } if is_bucket => RemoteError::BucketMissing,
        Error::NotFound { .. } => return ObjectError::NotThere,
        Error::Precondition { .. } | Error::NotModified { .. } => return ObjectError::Changed,
        Error::AlreadyExists { .. } => return ObjectError::Exists,
        Error::Unauthenticated { .. } => RemoteError::Credentials,
        Error::PermissionDenied { .. } if code.is_some_and(is_bad) => RemoteError::Credentials,
        Error::PermissionDenied { .. } => RemoteError::Denied,
        _ if MACHINES_CREDENTIALS.iter().any(|host| text.contains(host)) => {
            RemoteError::Credentials
        }
        _ if is_bucket => RemoteError::BucketMissing,
        _ if code.is_some_and(is_bad) => RemoteError::Credentials,
        _ => match http_error(&error) {
            Some((HttpErrorKind::Decode | HttpErrorKind::Unknown, why)) => {
                RemoteError::failed(&why)
            }
            Some((_, why)) => RemoteError::unreachable(&why),
            // Listings tell all their errors alike.
            None => match status_of(&text) {
                Some("401") => RemoteError::Credentials,
                Some("403") => RemoteError::Denied,
                _ => RemoteError::failed(&said(&text, code)),
            },
        },
    };
    ObjectError::Store(why)
}

fn is_bad(code: &str) -> bool {
    BAD_CREDENTIALS.contains(&code)
}

/// The code in a store's answer, which is XML.
fn code_of(text: &str) -> Option<&str> {
    let (_, after) = text.split_once("<Code>")?;
    let (code, _) = after.split_once("</Code>")?;
    let is_plain = code.bytes().all(|byte| byte.is_ascii_alphanumeric());
    (is_plain && !code.is_empty() && code.len() <= MOST_CODE).then_some(code)
}

/// The status of a server's answer.
fn status_of(text: &str) -> Option<&str> {
    let (_, after) = text.split_once("status code: ")?;
    let status = after.get(..3)?;
    let is_number = status.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then_some(status)
}

/// What is kept of an answer: its status, and its code.
fn said(text: &str, code: Option<&str>) -> String {
    match (status_of(text), code) {
        (Some(status), Some(code)) => format!("{status} {code}"),
        (Some(only), None) | (None, Some(only)) => only.to_owned(),
        // No answer of a server: the library's own words, up to what it quotes.
        (None, None) => text.split(['<', '?']).next().unwrap_or_default().to_owned(),
    }
}

/// What went wrong below the protocol, if anything did.
fn http_error(error: &Error) -> Option<(HttpErrorKind, String)> {
    let mut source = error.source();
    while let Some(error) = source {
        if let Some(found) = error.downcast_ref::<HttpError>() {
            let mut last: &dyn std::error::Error = found;
            while let Some(below) = last.source() {
                last = below;
            }
            return Some((found.kind(), last.to_string()));
        }
        source = error.source();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn generic(text: &str) -> Error {
        Error::Generic {
            store: "S3",
            source: text.into(),
        }
    }

    #[test]
    fn errors_are_sorted_by_what_a_person_can_do() {
        let not_found = |text: &str| Error::NotFound {
            path: "a".into(),
            source: text.into(),
        };
        let forbidden = |text: &str| Error::PermissionDenied {
            path: "a".into(),
            source: text.into(),
        };
        for (error, expected) in [
            (not_found("404: <Code>NoSuchKey</Code>"), None),
            (
                not_found("404: <Code>NoSuchBucket</Code>"),
                Some(RemoteError::BucketMissing),
            ),
            (
                forbidden("403: <Code>SignatureDoesNotMatch</Code>"),
                Some(RemoteError::Credentials),
            ),
            (
                forbidden("403: <Code>AccessDenied</Code>"),
                Some(RemoteError::Denied),
            ),
            (
                generic("PUT http://169.254.169.254/latest/api/token: timed out"),
                Some(RemoteError::Credentials),
            ),
            (
                generic("Server returned non-2xx status code: 403 x: <Code>NotSignedUp</Code>"),
                Some(RemoteError::Credentials),
            ),
            (
                generic("Server returned non-2xx status code: 403 x: <Code>Odd</Code>"),
                Some(RemoteError::Denied),
            ),
            (
                generic("Server returned non-2xx status code: 503 x: <Code>SlowDown</Code>"),
                Some(RemoteError::Failed("503 SlowDown".into())),
            ),
        ] {
            let expected = expected.map_or(ObjectError::NotThere, ObjectError::Store);
            let shown = error.to_string();
            assert_eq!(sort(error), expected, "{shown}");
        }
    }

    #[test]
    fn nothing_of_a_request_is_kept() {
        let text = "status code: 400 Bad Request: <Code>Odd</Code><Key>AKIASECRET</Key>";
        let ObjectError::Store(RemoteError::Failed(kept)) = sort(generic(text)) else {
            panic!("another error");
        };
        assert_eq!(kept, "400 Odd");
        let url = "no XML for https://x/y?sig=SECRET";
        let ObjectError::Store(RemoteError::Failed(kept)) = sort(generic(url)) else {
            panic!("another error");
        };
        assert!(!kept.contains("SECRET"), "{kept}");
        let code = format!("<Code>{}</Code>", "a".repeat(65));
        assert_eq!(code_of(&code), None);
        assert_eq!(code_of("<Code>a b</Code>"), None);
    }
}
