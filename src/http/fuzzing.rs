//! Doors for the package in fuzz/.

/// A file of subtitles as browsers take it.
pub fn to_vtt(file: &[u8]) -> String {
    super::subtitles::to_vtt(file)
}
