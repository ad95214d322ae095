//! A line at the prompt, as far as it is about the central.

use crate::{
    cli::{
        commands::{BringLine, PublishLine, RoomLine, Wanted},
        text::spoken,
    },
    model::{AccountName, ClientName, FigureName, FigureOrder, FileName},
    node::client::AccountWish,
};

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
    /// Something about rooms and channels.
    Room(RoomLine),
    Publish(PublishLine),
    Withdraw(FileName),
    Content(AccountName),
    Bring(BringLine),
    Account(AccountWish),
    Users(Option<String>),
    Figure(FigureName, FigureOrder),
    Figures,
}

impl Question {
    /// The command, where it is one that can wait for service as a whole: it needs the list of files.
    pub(super) fn waits(&self) -> Option<String> {
        let name = match self {
            Self::List(None) => "LISTA_VIDEOS",
            Self::List(Some(_)) => "BUSCAR",
            Self::Download(_) => "VIDEO",
            Self::Verify(_) => "VERIFICAR",
            Self::Watch(_) => "VER",
            Self::Bring(_) => "TRAER",
            Self::Content(_) => "CONTENIDO",
            Self::Name(_)
            | Self::Enrol(_)
            | Self::Status
            | Self::Resume(_)
            | Self::Room(_)
            | Self::Publish(_)
            | Self::Withdraw(_)
            | Self::Account(_)
            | Self::Figure(..)
            | Self::Figures
            | Self::Users(_) => return None,
        };
        Some(spoken::command(name))
    }
}

/// What is left of a line after what concerns this machine alone.
#[derive(Clone, Debug)]
pub(super) enum Next {
    Done,
    Ask(Question),
    /// The program is to end.
    Quit,
}
