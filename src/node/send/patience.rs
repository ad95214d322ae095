//! How long a receiver may take too little before it is given up.

use std::{io, time::Duration};

use crate::model::limits::{LEAST_TAKEN_BYTES, SEND_STALL_TIMEOUT};

/// Adds up how long this side has waited for a socket, until it has taken enough. Time in which nothing is to be sent, or
/// in which this side holds back, does not count.
#[derive(Debug, Default)]
pub(super) struct Patience {
    waited: Duration,
    taken_bytes: u64,
}

impl Patience {
    /// The socket took so many bytes after such a wait.
    ///
    /// # Errors
    /// `TimedOut` when it has taken too little for too long.
    pub(super) fn took(&mut self, bytes: u64, waited: Duration) -> io::Result<()> {
        self.waited += waited;
        self.taken_bytes += bytes;
        if self.taken_bytes >= LEAST_TAKEN_BYTES {
            *self = Self::default();
        } else if self.waited >= SEND_STALL_TIMEOUT {
            return Err(io::ErrorKind::TimedOut.into());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_byte_per_second_is_too_little_and_the_least_in_time_is_enough() {
        let mut slow = Patience::default();
        let given_up = (1..).find(|_| slow.took(1, SECOND).is_err());
        assert_eq!(given_up, Some(SEND_STALL_TIMEOUT.as_secs()));
        // It takes just enough at the last moment, for ever.
        let mut enough = Patience::default();
        for _ in 0..10 {
            let late = SEND_STALL_TIMEOUT - Duration::from_millis(1);
            assert!(enough.took(LEAST_TAKEN_BYTES - 1, late).is_ok());
            assert!(enough.took(1, SECOND).is_ok());
        }
        assert!(
            enough
                .took(LEAST_TAKEN_BYTES - 1, SEND_STALL_TIMEOUT)
                .is_err()
        );
    }
}
