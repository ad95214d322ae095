//! JSON lines with a limit.

use bytes::{Buf, BytesMut};
use serde::{Serialize, de::DeserializeOwned};

use crate::model::limits::MAX_LINE_BYTES;

/// Cuts lines off the front of a buffer. Holds no bytes, only how far it has looked for a line feed, so
/// that a long line that comes in small pieces is not searched again from its start.
#[derive(Debug, Default)]
pub struct Lines {
    searched: usize,
}

/// A line that cannot be a message.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// No line feed within the limit.
    #[error("line longer than {MAX_LINE_BYTES} bytes")]
    TooLong,
    /// Not the JSON of any message that is expected here.
    #[error("not a message: {0}")]
    NotAMessage(#[from] serde_json::Error),
}

impl Lines {
    /// Takes the next whole line out of `buffer`, without its line feed; `None` while it is not whole.
    ///
    /// # Errors
    /// When the line, its line feed included, is over [`MAX_LINE_BYTES`].
    pub fn next_line(&mut self, buffer: &mut BytesMut) -> Result<Option<BytesMut>, LineError> {
        let window = buffer.len().min(MAX_LINE_BYTES);
        let start = self.searched.min(window);
        match buffer[start..window].iter().position(|byte| *byte == b'\n') {
            Some(found) => {
                let line = buffer.split_to(start + found);
                buffer.advance(1);
                self.searched = 0;
                Ok(Some(line))
            }
            None if buffer.len() >= MAX_LINE_BYTES => Err(LineError::TooLong),
            None => {
                self.searched = window;
                Ok(None)
            }
        }
    }

    /// Reads one line as a message.
    pub fn parse<M: DeserializeOwned>(line: &[u8]) -> Result<M, LineError> {
        Ok(serde_json::from_slice(line)?)
    }
}

/// Appends a message and its line feed to `buffer`.
pub fn encode_line<M: Serialize>(message: &M, buffer: &mut Vec<u8>) {
    serde_json::to_writer(&mut *buffer, message)
        .expect("our messages have string keys and writing to memory does not fail");
    buffer.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_whole_however_they_are_cut() {
        let text = b"{\"a\":1}\n\n{\"b\":2}\nrest";
        for step in 1..text.len() {
            let (mut lines, mut buffer, mut seen) = (Lines::default(), BytesMut::new(), Vec::new());
            for piece in text.chunks(step) {
                buffer.extend_from_slice(piece);
                while let Some(line) = lines.next_line(&mut buffer).unwrap() {
                    seen.push(line);
                }
            }
            assert_eq!(seen, [&b"{\"a\":1}"[..], b"", b"{\"b\":2}"]);
            assert_eq!(&buffer[..], b"rest");
        }
    }

    #[test]
    fn the_limit_holds_to_the_byte() {
        let mut line = vec![b'x'; MAX_LINE_BYTES - 1];
        line.push(b'\n');
        let mut fits = BytesMut::from(&line[..]);
        assert!(Lines::default().next_line(&mut fits).unwrap().is_some());
        line.insert(0, b'x');
        let mut over = BytesMut::from(&line[..]);
        assert!(Lines::default().next_line(&mut over).is_err());
    }
}
