//! What programs read about a file: a Metalink (RFC 5854) for those that take pieces from several servers, digests for
//! `sha256sum -c`, a list for players. Pure.

use std::fmt::Write;

use super::{kinds, names::last_component};
use crate::model::{ChunkIndex, FileName, Manifest};

/// More pieces than this are left out: a program that wants only the whole would read megabytes of them.
const MOST_PIECES: u32 = 1 << 16;
/// Files of a list for players.
const MOST_PLAYED: usize = 10_000;

/// A file, its digests, and the addresses of its content.
pub(super) fn metalink(name: &FileName, manifest: &Manifest, addresses: &[String]) -> String {
    let layout = manifest.layout();
    let mut xml = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <metalink xmlns=\"urn:ietf:params:xml:ns:metalink\">\n",
    );
    let (name, bytes) = (escaped(name.as_str()), layout.file_bytes());
    // Writing into a text does not fail.
    let _ = writeln!(xml, "<file name=\"{name}\">\n<size>{bytes}</size>");
    let _ = writeln!(xml, "<hash type=\"sha-256\">{}</hash>", manifest.whole());
    if (1..=MOST_PIECES).contains(&layout.chunk_count()) {
        let length = layout.chunk_bytes();
        let _ = writeln!(xml, "<pieces length=\"{length}\" type=\"sha-256\">");
        for chunk in 0..layout.chunk_count() {
            if let Some(digest) = manifest.chunk(ChunkIndex(chunk)) {
                let _ = writeln!(xml, "<hash>{digest}</hash>");
            }
        }
        xml.push_str("</pieces>\n");
    }
    for address in addresses {
        let address = escaped(address);
        let _ = writeln!(xml, "<url priority=\"1\">{address}</url>");
    }
    xml.push_str("</file>\n</metalink>\n");
    xml
}

/// A line of `sha256sum`.
pub(super) fn sha256(name: &FileName, manifest: &Manifest) -> String {
    format!("{} *{name}\n", manifest.whole())
}

/// A list of files and their addresses, for players.
pub(super) fn playlist(files: &[(FileName, String)]) -> String {
    let mut list = String::from("#EXTM3U\n");
    for (name, address) in files {
        let title = last_component(name);
        let _ = write!(list, "#EXTINF:-1,{title}\n{address}\n");
    }
    list
}

/// Files of a folder, and of those in it, that a player plays: as people count.
pub(super) fn playable<'a>(
    names: impl Iterator<Item = &'a FileName>,
    folder: &FileName,
) -> Vec<FileName> {
    let is_inside = |name: &&FileName| {
        let rest = name.as_str().strip_prefix(folder.as_str());
        rest.is_some_and(|rest| rest.starts_with('/')) && kinds::of(name.as_str()).is_played()
    };
    let mut playable: Vec<FileName> = names.filter(is_inside).take(MOST_PLAYED).cloned().collect();
    playable.sort_by_cached_key(|name| counted(name.as_str()));
    playable
}

/// A name as a key by which `2` comes before `10`.
fn counted(name: &str) -> String {
    let mut key = String::with_capacity(name.len() + 16);
    let mut digits = String::new();
    let flush = |digits: &mut String, key: &mut String| {
        if !digits.is_empty() {
            let value = digits.trim_start_matches('0');
            // How long a number is says more than its first digit.
            key.push(char::from_digit(value.len().min(35) as u32, 36).unwrap_or('z'));
            key.push_str(value);
            digits.clear();
        }
    };
    for c in name.chars() {
        if c.is_ascii_digit() {
            digits.push(c);
        } else {
            flush(&mut digits, &mut key);
            key.extend(c.to_lowercase());
        }
    }
    flush(&mut digits, &mut key);
    key
}

/// A text within XML.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&apos;"),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ChunkLayout, Digest};

    fn manifest(bytes: u64) -> Manifest {
        let layout = ChunkLayout::for_file(bytes).unwrap();
        let chunks = (0..layout.chunk_count()).map(|n| Digest::new([n as u8; 32]));
        Manifest::new(layout, Digest::new([9; 32]), chunks.collect()).unwrap()
    }

    #[test]
    fn a_metalink_has_all_digests_and_addresses() {
        let name = FileName::try_from("a/ñ & \"b\" <c>.mp4").unwrap();
        let addresses = ["http://10.0.0.1:1/c/x/y", "http://10.0.0.2:1/c/x/y"];
        let xml = metalink(
            &name,
            &manifest((2 << 20) + 1),
            &addresses.map(str::to_owned),
        );
        for part in [
            "<file name=\"a/ñ &amp; &quot;b&quot; &lt;c&gt;.mp4\">",
            "<size>2097153</size>",
            "<pieces length=\"1048576\" type=\"sha-256\">",
            "<url priority=\"1\">http://10.0.0.1:1/c/x/y</url>",
            "<url priority=\"1\">http://10.0.0.2:1/c/x/y</url>",
        ] {
            assert!(xml.contains(part), "{part}: {xml}");
        }
        assert_eq!(xml.matches("<hash>").count(), 3);
        let empty = metalink(&name, &manifest(0), &[]);
        assert!(!empty.contains("<pieces"));
    }

    #[test]
    fn a_folder_is_played_in_the_order_in_which_people_count() {
        let names = [
            "serie/cap 10.mp4",
            "serie/cap 9.mkv",
            "serie/Cap 09 bis.mp3",
            "serie/cap 9.srt",
            "serie/extra/cap 1.mp4",
            "series/cap 1.mp4",
            "serie",
            "otra.mp4",
        ];
        let names = names.map(|name| FileName::try_from(name).unwrap());
        let folder = FileName::try_from("serie").unwrap();
        let playable = playable(names.iter(), &folder);
        let playable: Vec<&str> = playable.iter().map(FileName::as_str).collect();
        let expected = [
            "serie/Cap 09 bis.mp3",
            "serie/cap 9.mkv",
            "serie/cap 10.mp4",
            "serie/extra/cap 1.mp4",
        ];
        assert_eq!(playable, expected);
    }

    #[test]
    fn lists_are_what_their_readers_take() {
        let name = FileName::try_from("a/ñ b.mp4").unwrap();
        let line = sha256(&name, &manifest(1));
        assert_eq!(line, format!("{} *a/ñ b.mp4\n", "09".repeat(32)));
        assert_eq!(
            playlist(&[(name, "http://10.0.0.1/x".to_owned())]),
            "#EXTM3U\n#EXTINF:-1,ñ b.mp4\nhttp://10.0.0.1/x\n"
        );
    }
}
