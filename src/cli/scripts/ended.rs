//! Why a script ends before its end.

use crate::{
    cli::{
        exit::Exit,
        text::{errors, links, security, t},
        wanted,
    },
    engine::download::FailReason,
    node::{
        Failure,
        client::{ClientError, ClientEvent, DownloadEvent},
    },
    proto::ErrorCode,
};

/// Why a script ends before its end.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) exit: Exit,
    pub(super) why: String,
    /// As docs/en/problems.md has it.
    pub(super) code: &'static str,
}

impl Ended {
    /// What has no other code than that of its exit.
    pub(super) fn plain(exit: Exit, why: String) -> Self {
        let code = exit.name();
        Self { exit, why, code }
    }
}

impl From<ClientError> for Ended {
    fn from(error: ClientError) -> Self {
        let (exit, why) = match &error {
            // A script does not report that it is retried.
            ClientError::Unreachable(lost) => (
                Exit::Unreachable,
                t!("script-unreachable", why = links::lost(lost)),
            ),
            ClientError::Denied(denied) => (Exit::Unreachable, security::denied(denied)),
            ClientError::NotFound | ClientError::NoLocalFile(_) => {
                (Exit::NotFound, errors::client(&error))
            }
            _ => (Exit::Failed, errors::client(&error)),
        };
        let code = error.code();
        Self { exit, why, code }
    }
}

impl From<wanted::NoFiles> for Ended {
    fn from(none: wanted::NoFiles) -> Self {
        match none {
            wanted::NoFiles::Client(error) => error.into(),
            wanted::NoFiles::NotFound(why) => Self {
                exit: Exit::NotFound,
                why,
                code: ClientError::NotFound.code(),
            },
            wanted::NoFiles::Bad(why) => Self::plain(Exit::Usage, why),
        }
    }
}

/// What a failure means to a script.
pub(super) fn exit_of(reason: &Failure) -> Exit {
    match reason {
        Failure::Sources(FailReason::WrongManifest { .. }) => Exit::Verification,
        Failure::Refused {
            code: ErrorCode::NotFound,
            ..
        } => Exit::NotFound,
        _ => Exit::Failed,
    }
}

/// True when an event is about the end of a download.
pub(super) fn is_end(event: &ClientEvent) -> bool {
    matches!(
        event,
        ClientEvent::Download {
            what: DownloadEvent::Complete(_)
                | DownloadEvent::AlreadyComplete { .. }
                | DownloadEvent::Failed { .. }
                | DownloadEvent::Cancelled
                | DownloadEvent::Paused,
            ..
        }
    )
}
