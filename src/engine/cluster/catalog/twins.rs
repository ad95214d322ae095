//! Names that are the same text in two Unicode forms: a Mac writes accents as characters of their own (NFD), most
//! others write one character (NFC). Both are found by either; two files that differ in nothing else are a conflict.

use std::collections::{BTreeMap, BTreeSet};

use unicode_normalization::{UnicodeNormalization, is_nfc};

use crate::model::FileName;

/// The names that have, or could have, another form.
#[derive(Debug, Default)]
pub(super) struct Twins {
    /// By composed form, without ASCII names.
    forms: BTreeMap<String, BTreeSet<FileName>>,
    /// Composed forms that several names share.
    several: BTreeSet<String>,
}

fn composed(name: &FileName) -> String {
    if is_nfc(name.as_str()) {
        name.as_str().to_owned()
    } else {
        name.as_str().nfc().collect()
    }
}

impl Twins {
    pub(super) fn came(&mut self, name: &FileName) {
        if name.as_str().is_ascii() {
            return;
        }
        let key = composed(name);
        let names = self.forms.entry(key.clone()).or_default();
        names.insert(name.clone());
        if names.len() > 1 {
            self.several.insert(key);
        }
    }

    pub(super) fn went(&mut self, name: &FileName) {
        if name.as_str().is_ascii() {
            return;
        }
        let key = composed(name);
        let Some(names) = self.forms.get_mut(&key) else {
            return;
        };
        names.remove(name);
        if names.len() < 2 {
            self.several.remove(&key);
        }
        if names.is_empty() {
            self.forms.remove(&key);
        }
    }

    /// The names that are the same text.
    pub(super) fn forms(&self, name: &FileName) -> impl Iterator<Item = FileName> + use<> {
        let names = (!name.as_str().is_ascii())
            .then(|| self.forms.get(&composed(name)))
            .flatten();
        names.cloned().unwrap_or_default().into_iter()
    }

    /// The composed text that this name shares with others; `None` while it is the only one.
    pub(super) fn shared(&self, name: &FileName) -> Option<FileName> {
        if name.as_str().is_ascii() || self.several.is_empty() {
            return None;
        }
        let key = composed(name);
        let is_shared = self.several.contains(&key);
        is_shared
            .then(|| FileName::try_from(key.as_str()).ok())
            .flatten()
    }

    /// The composed form of a name.
    pub(super) fn composed(name: &FileName) -> FileName {
        FileName::try_from(composed(name).as_str()).unwrap_or_else(|_| name.clone())
    }

    /// How many composed forms several names share.
    pub(super) fn count(&self) -> usize {
        self.several.len()
    }

    /// The composed forms that several names share, with these names.
    pub(super) fn several(&self) -> impl Iterator<Item = &BTreeSet<FileName>> {
        self.several.iter().filter_map(|key| self.forms.get(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_a_name_find_each_other() {
        let name = |text: &str| FileName::try_from(text).unwrap();
        let (nfc, nfd) = (name("ni\u{f1}o"), name("nin\u{303}o"));
        let mut twins = Twins::default();
        twins.came(&nfd);
        assert_eq!(
            twins.forms(&nfc).collect::<Vec<_>>(),
            std::slice::from_ref(&nfd)
        );
        assert_eq!(twins.count(), 0);
        twins.came(&nfc);
        assert_eq!(twins.count(), 1);
        assert_eq!(twins.several().next().unwrap().len(), 2);
        assert_eq!(twins.shared(&nfd), Some(nfc.clone()));
        twins.went(&nfd);
        assert_eq!((twins.count(), twins.shared(&nfc)), (0, None));
        assert_eq!(
            twins.forms(&nfd).collect::<Vec<_>>(),
            std::slice::from_ref(&nfc)
        );
        twins.went(&nfc);
        assert_eq!(twins.forms(&nfd).count(), 0);
        twins.came(&name("plain"));
        assert!(twins.forms.is_empty());
    }
}
