//! Why a request is not answered as it was meant (RFC 9457).

use axum::{
    body::Body,
    http::{HeaderValue, Response, StatusCode, header},
};

use super::text::{Tongue, w};
use crate::model::error_codes;

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// Nothing has this address.
    NotFound,
    /// The content is known, and its name is another one's by now.
    Replaced,
    /// The request names no host, or several.
    BadHost,
    /// The request names a host that this server is not.
    WrongHost,
    /// What the request says, or would have to, could be heard by others.
    NeedsTls,
    /// Only those who know the password may ask for this.
    PasswordWanted,
    /// The address of this request has guessed too often.
    TooManyGuesses,
    /// Only GET and HEAD are answered.
    NotAllowed,
    /// The request is of a kind that is not answered at all.
    NotImplemented,
    /// Its address is too long.
    TooLong,
    /// Service has not begun, or no live secondary holds the file.
    NotReady,
    /// This server stops, or has no place for more.
    Stopping,
    /// The file cannot be read now.
    Unreadable,
}

error_codes!(Problem, code {
    Self::NotFound => "http-not-found",
    Self::Replaced => "http-replaced",
    Self::BadHost => "http-bad-host",
    Self::WrongHost => "http-wrong-host",
    Self::NeedsTls => "http-needs-tls",
    Self::PasswordWanted => "http-password-wanted",
    Self::TooManyGuesses => "http-too-many-guesses",
    Self::NotAllowed => "http-method-not-allowed",
    Self::NotImplemented => "http-not-implemented",
    Self::TooLong => "http-address-too-long",
    Self::NotReady => "http-not-ready",
    Self::Stopping => "http-stopping",
    Self::Unreadable => "http-unreadable",
});

/// Methods that are answered.
pub(super) const ALLOWED: HeaderValue = HeaderValue::from_static("GET, HEAD, OPTIONS");

/// Seconds after which a server that is not ready may be asked again.
const RETRY_AFTER_S: u32 = 2;
/// Seconds after which somebody who has guessed too often may try again.
const GUESS_AFTER_S: u32 = 10;
/// What a browser asks its user by.
const CHALLENGE: HeaderValue =
    HeaderValue::from_static("Basic realm=\"trozos\", charset=\"UTF-8\"");

impl Problem {
    fn status(self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Replaced => StatusCode::GONE,
            Self::BadHost => StatusCode::BAD_REQUEST,
            Self::WrongHost => StatusCode::MISDIRECTED_REQUEST,
            Self::NeedsTls => StatusCode::FORBIDDEN,
            Self::PasswordWanted => StatusCode::UNAUTHORIZED,
            Self::TooManyGuesses => StatusCode::TOO_MANY_REQUESTS,
            Self::NotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::NotImplemented => StatusCode::NOT_IMPLEMENTED,
            Self::TooLong => StatusCode::URI_TOO_LONG,
            Self::NotReady | Self::Stopping => StatusCode::SERVICE_UNAVAILABLE,
            Self::Unreadable => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn title(self, tongue: Tongue) -> String {
        match self {
            Self::NotFound => w!(tongue, "http-not-found"),
            Self::Replaced => w!(tongue, "http-replaced"),
            Self::BadHost => w!(tongue, "http-bad-host"),
            Self::WrongHost => w!(tongue, "http-wrong-host"),
            Self::NeedsTls => w!(tongue, "http-needs-tls"),
            Self::PasswordWanted => w!(tongue, "http-password-wanted"),
            Self::TooManyGuesses => w!(tongue, "http-too-many-guesses"),
            Self::NotAllowed => w!(tongue, "http-method-not-allowed"),
            Self::NotImplemented => w!(tongue, "http-not-implemented"),
            Self::TooLong => w!(tongue, "http-address-too-long"),
            Self::NotReady => w!(tongue, "http-not-ready"),
            Self::Stopping => w!(tongue, "http-stopping"),
            Self::Unreadable => w!(tongue, "http-unreadable"),
        }
    }

    fn retry_after(self) -> Option<u32> {
        match self {
            Self::NotReady | Self::Stopping => Some(RETRY_AFTER_S),
            Self::TooManyGuesses => Some(GUESS_AFTER_S),
            _ => None,
        }
    }

    /// The answer.
    pub(super) fn answer(self, tongue: Tongue) -> Response<Body> {
        let status = self.status();
        let mut document = serde_json::json!({
            "type": format!("urn:trozos:{}", self.code()),
            "title": self.title(tongue),
            "status": status.as_u16(),
            "code": self.code(),
        });
        let retry_after = self.retry_after();
        if let Some(seconds) = retry_after {
            document["retry_after_s"] = seconds.into();
        }
        let mut response = Response::new(Body::from(format!("{document}\n")));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        let json = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, json);
        headers.insert(header::CONTENT_LANGUAGE, tongue.tag());
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if self == Self::PasswordWanted {
            headers.insert(header::WWW_AUTHENTICATE, CHALLENGE);
        }
        if self == Self::NotAllowed {
            headers.insert(header::ALLOW, ALLOWED);
        }
        response
    }
}
