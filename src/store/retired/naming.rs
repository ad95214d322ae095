//! Names for what is set aside, and for what comes back.

use crate::{
    model::{FileName, limits::MAX_COMPONENT_BYTES},
    store::disk::HIDDEN,
};

/// Longest name that file systems take, in bytes.
const LONGEST: usize = 255;
/// What follows the last dot counts as a kind of file up to this length, in bytes.
const LONGEST_KIND: usize = 16;
/// Names that are tried for what comes back.
const TRIED: u32 = 10_000;

/// The folder of a file, "." for the root, and its own name.
pub(super) fn split(name: &FileName) -> (&str, &str) {
    name.as_str()
        .rsplit_once('/')
        .unwrap_or((".", name.as_str()))
}

/// The hidden folder of a folder; "" is the root.
pub(super) fn base(home: &str) -> String {
    match home {
        "" => format!("{HIDDEN}/retirados"),
        home => format!("{home}/{HIDDEN}/retirados"),
    }
}

/// The folders whose hidden one may take a file: the root's, and those above the file, the outermost first.
pub(super) fn homes(name: &FileName) -> impl Iterator<Item = &str> {
    let name = name.as_str();
    std::iter::once("").chain(name.match_indices('/').map(|(end, _)| &name[..end]))
}

/// The folder of what is set aside of a name, where it can be of use, and the first name that is tried there.
pub(in crate::store) fn usual_place(name: &FileName) -> (String, &str) {
    match split(name) {
        (".", file) => (base(""), file),
        (above, file) => (format!("{}/{above}", base("")), file),
    }
}

/// The n-th name to be tried, from 1.
pub(in crate::store) fn numbered(file: &str, n: u32) -> String {
    match n {
        0 | 1 => file.to_owned(),
        n => with_remark(file, &format!("-{n}"), LONGEST),
    }
}

/// A name with something more before its kind, not too long.
fn with_remark(file: &str, remark: &str, longest: usize) -> String {
    let (stem, kind) = match file.rfind('.') {
        Some(dot) if dot > 0 && file.len() - dot <= LONGEST_KIND => file.split_at(dot),
        _ => (file, ""),
    };
    let room = longest.saturating_sub(remark.len() + kind.len());
    let end = (0..=room.min(stem.len()))
        .rev()
        .find(|end| stem.is_char_boundary(*end));
    let stem = &stem[..end.unwrap_or(0)];
    format!("{stem}{remark}{kind}")
}

/// Names that are tried in turn for a file that comes back: its own, new ones beside it, and, where its folder is none
/// any more, the same at the top.
pub fn to_recover(name: &str, number: u64) -> impl Iterator<Item = FileName> {
    let spare = format!("recuperado-{number}");
    let name = FileName::try_from(name).map_or(spare, |name| name.to_string());
    let (folder, file) = match name.rsplit_once('/') {
        Some((folder, file)) => (format!("{folder}/"), file.to_owned()),
        None => (String::new(), name.clone()),
    };
    let top = (!folder.is_empty()).then(String::new);
    let folders = std::iter::once(folder).chain(top);
    folders.flat_map(move |folder| {
        let file = file.clone();
        (0..TRIED).filter_map(move |n| {
            let file = match n {
                0 => file.clone(),
                1 => with_remark(&file, " (recuperado)", MAX_COMPONENT_BYTES),
                n => with_remark(&file, &format!(" (recuperado {n})"), MAX_COMPONENT_BYTES),
            };
            FileName::try_from(format!("{folder}{file}").as_str()).ok()
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_their_kind_and_are_never_too_long() {
        assert_eq!(numbered("a.mp4", 1), "a.mp4");
        assert_eq!(numbered("a.mp4", 2), "a-2.mp4");
        assert_eq!(numbered("a", 12), "a-12");
        assert_eq!(
            numbered("v1.0 of something long", 2),
            "v1.0 of something long-2"
        );
        let long = format!("{}.mp4", "ñ".repeat(118));
        assert_eq!(long.len(), 240);
        let far = numbered(&long, u32::MAX);
        assert!(
            far.len() <= LONGEST && far.ends_with("-4294967295.mp4"),
            "{far}"
        );
        let names: Vec<_> = to_recover(&long, 1).take(3).collect();
        assert_eq!(names[0].as_str(), long);
        assert!(names[1].as_str().ends_with(" (recuperado).mp4"));
        assert!(names[2].as_str().ends_with(" (recuperado 2).mp4"));
    }

    #[test]
    fn what_comes_back_has_its_folder_while_there_is_one() {
        let names: Vec<_> = to_recover("serie/a.mp4", 1)
            .map(|name| name.to_string())
            .collect();
        assert_eq!(names[0], "serie/a.mp4");
        assert_eq!(names[1], "serie/a (recuperado).mp4");
        assert_eq!(names[TRIED as usize], "a.mp4");
        let odd: Vec<_> = to_recover(".hidden", 7).take(1).collect();
        assert_eq!(odd[0].as_str(), "recuperado-7");
        let above = FileName::try_from("a/b/c").unwrap();
        assert_eq!(homes(&above).collect::<Vec<_>>(), ["", "a", "a/b"]);
        assert_eq!(base("a"), "a/.trozos/retirados");
    }
}
