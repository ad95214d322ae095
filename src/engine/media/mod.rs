//! What the first bytes of a film say of it: how long it plays, and where its index lies, without which no player begins.
//! Whatever the bytes are, the look ends soon and gives something sensible or nothing.

mod film;
mod matroska;
mod mp4;

pub use film::Media;

impl Media {
    /// What the beginning of a file says, or a part of it that begins where [`Media::index`] of an earlier look does.
    /// `None` when that is no film of a known kind. A part that is cut short says what is whole in it.
    pub fn look(part: &[u8], at: u64, file_bytes: u64) -> Option<Self> {
        let end = at.checked_add(part.len() as u64)?;
        if end > file_bytes {
            return None;
        }
        match at {
            0 => matroska::look(part, file_bytes).or_else(|| mp4::look(part, 0, file_bytes)),
            _ => mp4::look(part, at, file_bytes),
        }
    }
}

#[cfg(test)]
mod tests;
