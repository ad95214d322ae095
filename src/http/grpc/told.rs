//! Why a call is not answered as it was meant.

use tonic::{Code, Status, metadata::MetadataValue};

use crate::{
    http::{asker::Asker, problem::Problem, shared::Central, writes::administers},
    model::FigureError,
    node::Stopped,
};

/// Who calls.
pub(super) fn asker<T>(request: &tonic::Request<T>) -> Result<Asker, Status> {
    let asker = request.extensions().get::<Asker>();
    asker.cloned().ok_or_else(|| problem(Problem::BadHost))
}

/// The same, who must be the administrator.
pub(super) fn administrator<T>(
    central: &Central,
    request: &tonic::Request<T>,
) -> Result<Asker, Status> {
    let asker = asker(request)?;
    administers(central.administration, &asker).map_err(problem)?;
    Ok(asker)
}

/// A problem of requests of all kinds.
pub(super) fn problem(problem: Problem) -> Status {
    let code = match problem {
        Problem::PasswordWanted => Code::Unauthenticated,
        Problem::AdminOff | Problem::AdminInClear => Code::PermissionDenied,
        Problem::Stopping | Problem::NotReady => Code::Unavailable,
        _ => Code::FailedPrecondition,
    };
    coded(code, problem.code(), problem.code())
}

pub(super) fn stopping(_: Stopped) -> Status {
    problem(Problem::Stopping)
}

/// Why a figure is as it was.
pub(super) fn figure(error: &FigureError) -> Status {
    let code = match error {
        FigureError::NotUnderstood | FigureError::TooLarge => Code::InvalidArgument,
        FigureError::Overflow { .. } => Code::OutOfRange,
        FigureError::Counted | FigureError::OneVote => Code::FailedPrecondition,
        FigureError::ResetDenied => Code::PermissionDenied,
        FigureError::TooMany { .. } | FigureError::Busy => Code::ResourceExhausted,
        FigureError::Elsewhere | FigureError::Stopping => Code::Unavailable,
    };
    coded(code, error.code(), &error.to_string())
}

/// A status with the code that docs/en/problems.md explains.
pub(super) fn coded(code: Code, name: &'static str, words: &str) -> Status {
    let mut status = Status::new(code, words);
    let name = MetadataValue::from_static(name);
    status.metadata_mut().insert("trozos-code", name);
    status
}
