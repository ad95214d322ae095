//! What kind of file a name is of, and how a browser may show it. Pure.

use super::names::Placing;

/// How a file is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kind {
    /// `Content-Type`
    pub(super) mime: &'static str,
    /// Unless the request asks for an attachment.
    pub(super) placing: Placing,
    /// `Content-Security-Policy`: a browser makes a page around what it shows, which needs its own styles.
    pub(super) policy: &'static str,
}

impl Kind {
    /// Films and music.
    pub(super) fn is_played(&self) -> bool {
        self.mime.starts_with("video/") || self.mime.starts_with("audio/")
    }
}

const SHOWN_POLICY: &str =
    "default-src 'none'; media-src 'self'; img-src 'self' data:; style-src 'unsafe-inline'";
const SAVED_POLICY: &str = "sandbox; default-src 'none'";

/// What runs nothing when it is opened.
const SHOWN: [(&str, &str); 22] = [
    ("mp4", "video/mp4"),
    ("m4v", "video/mp4"),
    ("mov", "video/quicktime"),
    ("mkv", "video/x-matroska"),
    ("webm", "video/webm"),
    ("ts", "video/mp2t"),
    ("mp3", "audio/mpeg"),
    ("m4a", "audio/mp4"),
    ("flac", "audio/flac"),
    ("ogg", "audio/ogg"),
    ("opus", "audio/ogg"),
    ("ogv", "video/ogg"),
    ("wav", "audio/wav"),
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("png", "image/png"),
    ("gif", "image/gif"),
    ("webp", "image/webp"),
    ("avif", "image/avif"),
    ("vtt", "text/vtt; charset=utf-8"),
    ("srt", "text/plain; charset=utf-8"),
    ("txt", "text/plain; charset=utf-8"),
];

/// By the ending of a name. All that is not known, and all that can act (HTML, SVG, scripts), is only to be saved.
pub(super) fn of(file_name: &str) -> Kind {
    let ending = file_name.rsplit_once('.').map_or("", |(_, ending)| ending);
    let ending = ending.to_ascii_lowercase();
    let shown = SHOWN.iter().find(|(known, _)| *known == ending);
    if let Some((_, mime)) = shown {
        return Kind {
            mime,
            placing: Placing::Inline,
            policy: SHOWN_POLICY,
        };
    }
    let mime = match ending.as_str() {
        "pdf" => "application/pdf",
        _ => "application/octet-stream",
    };
    Kind {
        mime,
        placing: Placing::Attachment,
        policy: SAVED_POLICY,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_act_is_saved_and_what_is_played_is_shown() {
        for (name, mime, placing) in [
            ("a.mp4", "video/mp4", Placing::Inline),
            ("A.MKV", "video/x-matroska", Placing::Inline),
            ("s.srt", "text/plain; charset=utf-8", Placing::Inline),
            ("x.svg", "application/octet-stream", Placing::Attachment),
            ("x.html", "application/octet-stream", Placing::Attachment),
            ("x.js", "application/octet-stream", Placing::Attachment),
            ("x.pdf", "application/pdf", Placing::Attachment),
            ("mp4", "application/octet-stream", Placing::Attachment),
            ("", "application/octet-stream", Placing::Attachment),
        ] {
            let kind = of(name);
            assert_eq!((kind.mime, kind.placing), (mime, placing), "{name}");
            let is_sandboxed = kind.policy.starts_with("sandbox");
            assert_eq!(is_sandboxed, placing == Placing::Attachment, "{name}");
        }
    }
}
