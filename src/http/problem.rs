//! Why a request is not answered as it was meant: for programs (RFC 9457), and for people as a page.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, Response, StatusCode, Uri, header},
};

use super::{
    fields::plain,
    pages,
    text::{Tongue, w},
};
use crate::{model::error_codes, node::central::Unanswered};

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
    /// Only those who know the password may ask for this.
    PasswordWanted,
    /// The address of this request has guessed too often.
    TooManyGuesses,
    /// The secret would travel in the clear.
    NeedsTls,
    /// The request comes from a page of another site, or does not say that it does not.
    WrongOrigin,
    /// What is to change something must be JSON.
    NotJson,
    /// The host that asks was sent away.
    Expelled,
    /// There is no administrator here.
    AdminOff,
    /// The administrator's password would travel in the clear.
    AdminInClear,
    /// The request is not understood.
    BadRequest,
    /// What the request brings is too long.
    TooLarge,
    /// What it asks for does not go with how things are.
    Conflict,
    /// This address does something else.
    NotAllowed,
    /// The request is of a kind that is not answered at all.
    NotImplemented,
    /// Its address is too long.
    TooLong,
    /// Service has not begun, or no live secondary holds the file.
    NotReady,
    /// This central is on standby, and nobody is known who reigns.
    Standby,
    /// This server stops, or has no place for more.
    Stopping,
    /// The journal of this central does not keep up.
    JournalBusy,
    /// The file cannot be read now.
    Unreadable,
}

error_codes!(Problem, code {
    Self::NotFound => "http-not-found",
    Self::Replaced => "http-replaced",
    Self::BadHost => "http-bad-host",
    Self::WrongHost => "http-wrong-host",
    Self::PasswordWanted => "http-password-wanted",
    Self::TooManyGuesses => "http-too-many-guesses",
    Self::NeedsTls => "http-needs-tls",
    Self::WrongOrigin => "http-wrong-origin",
    Self::NotJson => "http-not-json",
    Self::Expelled => "http-expelled",
    Self::AdminOff => "http-admin-off",
    Self::AdminInClear => "http-admin-in-clear",
    Self::BadRequest => "http-bad-request",
    Self::TooLarge => "http-too-large",
    Self::Conflict => "http-conflict",
    Self::NotAllowed => "http-method-not-allowed",
    Self::NotImplemented => "http-not-implemented",
    Self::TooLong => "http-address-too-long",
    Self::NotReady => "http-not-ready",
    Self::Standby => "http-standby",
    Self::Stopping => "http-stopping",
    Self::JournalBusy => "journal-busy",
    Self::Unreadable => "http-unreadable",
});

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
            Self::PasswordWanted => StatusCode::UNAUTHORIZED,
            Self::TooManyGuesses => StatusCode::TOO_MANY_REQUESTS,
            Self::NeedsTls
            | Self::WrongOrigin
            | Self::Expelled
            | Self::AdminOff
            | Self::AdminInClear => StatusCode::FORBIDDEN,
            Self::NotJson => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::BadRequest => StatusCode::BAD_REQUEST,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Conflict => StatusCode::CONFLICT,
            Self::NotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::NotImplemented => StatusCode::NOT_IMPLEMENTED,
            Self::TooLong => StatusCode::URI_TOO_LONG,
            Self::NotReady | Self::Standby | Self::Stopping | Self::JournalBusy => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::Unreadable => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn title(self, tongue: Tongue) -> String {
        match self {
            Self::NotFound => w!(tongue, "http-not-found"),
            Self::Replaced => w!(tongue, "http-replaced"),
            Self::BadHost => w!(tongue, "http-bad-host"),
            Self::WrongHost => w!(tongue, "http-wrong-host"),
            Self::PasswordWanted => w!(tongue, "http-password-wanted"),
            Self::TooManyGuesses => w!(tongue, "http-too-many-guesses"),
            Self::NeedsTls => w!(tongue, "http-needs-tls"),
            Self::WrongOrigin => w!(tongue, "http-wrong-origin"),
            Self::NotJson => w!(tongue, "http-not-json"),
            Self::Expelled => w!(tongue, "http-expelled"),
            Self::AdminOff => w!(tongue, "http-admin-off"),
            Self::AdminInClear => w!(tongue, "http-admin-in-clear"),
            Self::BadRequest => w!(tongue, "http-bad-request"),
            Self::TooLarge => w!(tongue, "http-too-large"),
            Self::Conflict => w!(tongue, "http-conflict"),
            Self::NotAllowed => w!(tongue, "http-method-not-allowed"),
            Self::NotImplemented => w!(tongue, "http-not-implemented"),
            Self::TooLong => w!(tongue, "http-address-too-long"),
            Self::NotReady => w!(tongue, "http-not-ready"),
            Self::Standby => w!(tongue, "http-standby"),
            Self::Stopping => w!(tongue, "http-stopping"),
            Self::JournalBusy => w!(tongue, "http-journal-busy"),
            Self::Unreadable => w!(tongue, "http-unreadable"),
        }
    }

    fn retry_after(self) -> Option<u32> {
        match self {
            Self::NotReady | Self::Standby | Self::Stopping | Self::JournalBusy => {
                Some(RETRY_AFTER_S)
            }
            Self::TooManyGuesses => Some(GUESS_AFTER_S),
            _ => None,
        }
    }

    /// The answer, for programs or for people.
    pub(super) fn answer(self, reader: Reader) -> Response<Body> {
        Trouble::from(self).answer(reader)
    }
}

/// Who reads an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Reader {
    pub(super) tongue: Tongue,
    /// A person, who is shown a page.
    pub(super) is_person: bool,
    /// Something that wants a line of text.
    pub(super) wants_a_line: bool,
    /// A program that calls by gRPC, which is told by fields.
    pub(super) calls: bool,
}

impl Reader {
    /// Who sends such a request.
    pub(super) fn of(uri: &Uri, headers: &HeaderMap) -> Self {
        let accept = headers.get(header::ACCEPT);
        let accept = accept.and_then(|accept| accept.to_str().ok()).unwrap_or("");
        Self {
            tongue: Tongue::of(headers),
            is_person: accept.contains("text/html") && !uri.path().starts_with("/api/"),
            wants_a_line: accept.trim_start().starts_with("text/plain"),
            calls: is_call(headers),
        }
    }
}

/// A program calls by gRPC.
pub(super) fn is_call(headers: &HeaderMap) -> bool {
    let mime = headers.get(header::CONTENT_TYPE);
    let mime = mime.and_then(|mime| mime.to_str().ok()).unwrap_or("");
    mime.starts_with("application/grpc")
}

/// The same for a program that calls by gRPC: an answer that is its head alone, with the number that gRPC has for it.
fn called(problem: Problem) -> Response<Body> {
    let number = match problem {
        Problem::NotFound | Problem::NotAllowed | Problem::NotImplemented => 12,
        Problem::PasswordWanted => 16,
        Problem::NeedsTls
        | Problem::WrongOrigin
        | Problem::Expelled
        | Problem::AdminOff
        | Problem::AdminInClear => 7,
        Problem::TooManyGuesses | Problem::TooLarge | Problem::TooLong => 8,
        Problem::NotReady | Problem::Standby | Problem::JournalBusy | Problem::Stopping => 14,
        Problem::BadRequest | Problem::NotJson => 3,
        Problem::Replaced
        | Problem::BadHost
        | Problem::WrongHost
        | Problem::Conflict
        | Problem::Unreadable => 9,
    };
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    let mime = HeaderValue::from_static("application/grpc");
    headers.insert(header::CONTENT_TYPE, mime);
    headers.insert("grpc-status", HeaderValue::from(number));
    let code = HeaderValue::from_static(problem.code());
    headers.insert("grpc-message", code.clone());
    headers.insert("trozos-code", code);
    response
}

/// A problem, and what is to be said of this one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Trouble {
    problem: Problem,
    detail: Option<String>,
}

impl From<Unanswered> for Problem {
    fn from(why: Unanswered) -> Self {
        match why {
            Unanswered::Stopped(_) => Self::Stopping,
            Unanswered::Standby(_) | Unanswered::Unknown => Self::Standby,
            Unanswered::Forgotten | Unanswered::OtherOrder => Self::Conflict,
        }
    }
}

impl From<Unanswered> for Trouble {
    fn from(why: Unanswered) -> Self {
        let detail = match &why {
            Unanswered::Stopped(_) | Unanswered::Standby(None) => None,
            Unanswered::Standby(Some(active)) => {
                Some(format!("{} reigns at {}", active.node, active.address))
            }
            Unanswered::Unknown | Unanswered::Forgotten | Unanswered::OtherOrder => {
                Some(format!("{why} ({})", why.code()))
            }
        };
        Self {
            problem: why.into(),
            detail,
        }
    }
}

impl From<Problem> for Trouble {
    fn from(problem: Problem) -> Self {
        Self {
            problem,
            detail: None,
        }
    }
}

impl Trouble {
    /// Says more of a problem; for programs and their makers.
    pub(super) fn new(problem: Problem, detail: impl ToString) -> Self {
        Self {
            problem,
            detail: Some(detail.to_string()),
        }
    }

    /// The answer, for programs or for people.
    pub(super) fn answer(&self, reader: Reader) -> Response<Body> {
        let Self { problem, detail } = self;
        if reader.calls {
            return called(*problem);
        }
        let status = problem.status();
        let title = problem.title(reader.tongue);
        let retry_after = problem.retry_after();
        let mut response = if reader.is_person {
            pages::problem(status, &title, problem.code(), reader.tongue)
        } else if reader.wants_a_line {
            let line = format!("{title} ({})\n", problem.code());
            let mut response = Response::new(Body::from(line));
            plain(response.headers_mut());
            response
        } else {
            let mut document = serde_json::json!({
                "type": format!("urn:trozos:{}", problem.code()),
                "title": title,
                "status": status.as_u16(),
                "code": problem.code(),
            });
            if let Some(seconds) = retry_after {
                document["retry_after_s"] = seconds.into();
            }
            if let Some(detail) = detail {
                document["detail"] = detail.as_str().into();
            }
            let mut response = Response::new(Body::from(format!("{document}\n")));
            let json = HeaderValue::from_static("application/problem+json");
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_TYPE, json);
            headers.insert(header::CONTENT_LANGUAGE, reader.tongue.tag());
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            response
        };
        *response.status_mut() = status;
        let headers = response.headers_mut();
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if *problem == Problem::PasswordWanted {
            headers.insert(header::WWW_AUTHENTICATE, CHALLENGE);
        }
        response
    }
}
