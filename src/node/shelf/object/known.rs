//! The objects of a bucket as far as they are known: from the last look, and from what this node did since. A look takes
//! long, so that what was done while it ran counts for more than what it found.

use std::collections::{BTreeMap, BTreeSet};

use crate::{model::FileName, net::objects::Object};

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Known {
    objects: BTreeMap<FileName, Object>,
    /// What was done while a look runs; nothing when none does.
    news: Option<BTreeMap<FileName, Option<Object>>>,
    /// Objects of no bytes that stand for folders.
    pub(super) markers: BTreeSet<FileName>,
}

impl Known {
    pub(super) fn get(&self, name: &FileName) -> Option<&Object> {
        self.objects.get(name)
    }

    /// An object is there, or gone.
    pub(super) fn note(&mut self, name: &FileName, object: Option<Object>) {
        if let Some(news) = &mut self.news {
            news.insert(name.clone(), object.clone());
        }
        match object {
            Some(object) => drop(self.objects.insert(name.clone(), object)),
            None => drop(self.objects.remove(name)),
        }
    }

    /// A look begins.
    pub(super) fn begin(&mut self) {
        self.news = Some(BTreeMap::new());
    }

    /// It has failed.
    pub(super) fn failed(&mut self) {
        self.news = None;
    }

    /// It has found these; gives what is there with all that was done meanwhile.
    pub(super) fn found(
        &mut self,
        mut found: BTreeMap<FileName, Object>,
    ) -> &BTreeMap<FileName, Object> {
        for (name, object) in self.news.take().unwrap_or_default() {
            match object {
                Some(object) => drop(found.insert(name, object)),
                None => drop(found.remove(&name)),
            }
        }
        self.markers.retain(|name| found.contains_key(name));
        self.objects = found;
        &self.objects
    }
}
