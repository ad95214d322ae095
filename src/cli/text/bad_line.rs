//! Why a line at a prompt is no command.

use super::{figures, files::file_name, limits, spoken, spoken::usage, t};
use crate::{
    cli::commands::{BadLine, BadValue},
    model::limits::{MAX_ACCOUNT_NAME_CHARS, MAX_ROOM_NAME_CHARS, MAX_TEXT_BYTES},
};

/// What to answer to a line that is no command.
pub fn explain(bad: &BadLine) -> String {
    match bad {
        BadLine::Unknown {
            word,
            nearest: Some(near),
        } => t!("line-unknown-near", word = word, near = *near),
        BadLine::Unknown {
            word,
            nearest: None,
        } => t!("line-unknown", word = word),
        BadLine::Missing { id } => t!("line-missing", usage = usage(id)),
        BadLine::TooMuch { word, id } => t!("line-too-much", word = word, usage = usage(id)),
        BadLine::Value { value, reason } => {
            t!("line-value", value = value, why = why(reason))
        }
    }
}

fn why(reason: &BadValue) -> String {
    match reason {
        BadValue::FileName(error) => file_name(error),
        BadValue::ClientName => t!("bad-client-name"),
        BadValue::Published => t!("bad-published-name"),
        BadValue::Level => t!("why-priority"),
        BadValue::NotOff => t!("why-off"),
        BadValue::NotJson => t!("why-json"),
        BadValue::Secondary => t!("why-secondary"),
        BadValue::Choice => t!("why-choice", conflicts = spoken::command("CONFLICTOS")),
        BadValue::Retired => t!("why-retired", retired = spoken::command("RETIRADOS")),
        BadValue::Limit(why) => limits::why(*why),
        BadValue::Node => t!("why-node"),
        BadValue::RoomName => t!("why-room-name", most = MAX_ROOM_NAME_CHARS),
        BadValue::RoomText => t!("why-room-text", most = MAX_TEXT_BYTES),
        BadValue::RoomCount => t!("why-room-count"),
        BadValue::AccountName(_) => t!("refused-bad-name", most = MAX_ACCOUNT_NAME_CHARS),
        BadValue::AccountVerb => t!("why-account"),
        BadValue::AuditFilter => t!("why-audit"),
        BadValue::Moment => t!("why-moment"),
        BadValue::Figure(error) => figures::why(error),
    }
}
