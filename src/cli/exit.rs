//! How programs end.

use std::process::ExitCode;

use crate::model::error_codes;

/// What a program's end means to whoever started it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// All went well.
    Well,
    /// Something that was asked for could not be done.
    Failed,
    /// The command line is wrong.
    Usage,
    /// A second signal ended it at once.
    Interrupted,
}

// Its number is its `code`.
error_codes!(Exit, name {
    Self::Well => "exit-0",
    Self::Failed => "exit-1",
    Self::Usage => "exit-2",
    Self::Interrupted => "exit-130",
});

impl Exit {
    /// The number.
    pub fn code(self) -> u8 {
        match self {
            Self::Well => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_the_number() {
        for exit in [Exit::Well, Exit::Failed, Exit::Usage, Exit::Interrupted] {
            assert_eq!(exit.name(), format!("exit-{}", exit.code()));
        }
    }
}
