//! How programs end.

use std::process::ExitCode;

use crate::model::error_codes;

/// What a program's end means to whoever started it. The numbers are a promise to scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// All went well.
    Well,
    /// Something that was asked for could not be done.
    Failed,
    /// The command line is wrong.
    Usage,
    /// The central cannot be reached, or does not let this program in.
    Unreachable,
    /// There is no such file.
    NotFound,
    /// Received or local data does not match the cluster's, and could not be repaired.
    Verification,
    /// A signal ended it.
    Interrupted,
}

// Its number is its `code`.
error_codes!(Exit, name {
    Self::Well => "exit-0",
    Self::Failed => "exit-1",
    Self::Usage => "exit-2",
    Self::Unreachable => "exit-3",
    Self::NotFound => "exit-4",
    Self::Verification => "exit-5",
    Self::Interrupted => "exit-130",
});

impl Exit {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Well,
        Self::Failed,
        Self::Usage,
        Self::Unreachable,
        Self::NotFound,
        Self::Verification,
        Self::Interrupted,
    ];

    /// The number.
    pub fn code(self) -> u8 {
        match self {
            Self::Well => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Unreachable => 3,
            Self::NotFound => 4,
            Self::Verification => 5,
            Self::Interrupted => 130,
        }
    }

    /// The more telling of two exits: any failure over success, a specific reason over a general failure.
    #[must_use]
    pub fn or_worse(self, other: Self) -> Self {
        let weight = |exit: Self| match exit {
            Self::Well => 0,
            Self::Failed => 1,
            Self::NotFound => 2,
            Self::Verification => 3,
            Self::Usage => 4,
            Self::Unreachable => 5,
            Self::Interrupted => 6,
        };
        if weight(other) > weight(self) {
            other
        } else {
            self
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
        for exit in Exit::ALL {
            assert_eq!(exit.name(), format!("exit-{}", exit.code()));
            assert_eq!(exit.or_worse(Exit::Well), exit);
            assert_eq!(Exit::Well.or_worse(exit), exit);
        }
    }
}
