//! A line at the prompt, as far as it is about the central.

use crate::{cli::commands::Wanted, model::ClientName};

/// What a line asks of the central.
#[derive(Clone, Debug)]
pub(super) enum Question {
    /// The name that was given at the start, or one of its own.
    Name(Option<ClientName>),
    Enrol(ClientName),
    List(Option<String>),
    Download(Wanted),
    Status,
    Resume(Wanted),
    Verify(Wanted),
    Watch(Wanted),
}

/// What is left of a line after what concerns this machine alone.
#[derive(Clone, Debug)]
pub(super) enum Next {
    Done,
    Ask(Question),
    /// The program is to end.
    Quit,
}
