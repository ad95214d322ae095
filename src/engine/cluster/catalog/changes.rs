//! What secondaries report about their files, and what follows for the other rooms.

use super::{
    Catalog,
    announce::Announced,
    removal::Removed,
    standing::{Other, Standing},
};
use crate::{
    engine::cluster::{Notice, numbers::NumberSet},
    model::{FileMeta, FileName, HeldFile, RemovedReason, SecondaryNumber},
};

/// What a change of a name means to the other rooms.
#[derive(Debug)]
#[must_use]
pub(in crate::engine::cluster) struct Change {
    /// The name.
    pub(in crate::engine::cluster) name: FileName,
    pub(in crate::engine::cluster) effect: Effect,
    /// For people.
    pub(in crate::engine::cluster) notices: Vec<Notice>,
}

/// See [`Change`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine::cluster) enum Effect {
    None,
    /// Others hold it, or want it, than before.
    Holders,
    /// Its content is gone: copies of it end. What has the name now is another file.
    Gone,
    /// The name has other content: copies of the old one end, and whoever receives that hears of the new one.
    Content,
}

/// When something was told, and who is there.
#[derive(Clone, Copy, Debug)]
pub(in crate::engine::cluster) struct Now {
    /// In seconds since 1970.
    pub(in crate::engine::cluster) wall_s: u64,
    /// Secondaries that are alive and have told what they hold.
    pub(in crate::engine::cluster) present: NumberSet,
}

fn offered(file: &FileMeta) -> Notice {
    Notice::Offered {
        file: file.name.clone(),
        bytes: file.layout.file_bytes(),
    }
}

pub(super) fn no_longer_offered(name: &FileName, deleted_at: Option<SecondaryNumber>) -> Notice {
    Notice::NoLongerOffered {
        file: name.clone(),
        deleted_at,
    }
}

fn conflict(name: &FileName, number: SecondaryNumber) -> Notice {
    Notice::Conflict {
        file: name.clone(),
        number,
    }
}

impl Catalog {
    /// A secondary holds a file.
    pub(in crate::engine::cluster) fn holds(
        &mut self,
        now: Now,
        number: SecondaryNumber,
        held: &HeldFile,
    ) -> Change {
        let file = &held.meta;
        let name = file.name.clone();
        let parties = self.parties_of(&name);
        let announced = self.announce(number, held, now.wall_s);
        if announced == Announced::Deleted {
            self.owed.withdraw(number, file);
            return Change {
                name,
                effect: Effect::None,
                notices: Vec::new(),
            };
        }
        self.owed.keep(number, &name);
        self.owe_conflict(now, &name, parties);
        let (effect, notices) = match announced {
            Announced::New => (Effect::Holders, self.newly_offered(file)),
            Announced::Holder | Announced::Known | Announced::Outdated | Announced::Deleted => {
                (Effect::Holders, Vec::new())
            }
            Announced::Replaced => {
                let replaced = Notice::Replaced {
                    file: name.clone(),
                    number,
                    bytes: file.layout.file_bytes(),
                };
                (Effect::Content, vec![replaced])
            }
            Announced::TookOver => (Effect::Content, vec![conflict(&name, number)]),
            Announced::Promoted(promoted) => (Effect::Content, vec![offered(&promoted)]),
            Announced::Conflict => (Effect::Holders, vec![conflict(&name, number)]),
        };
        Change {
            name,
            effect,
            notices,
        }
    }

    fn newly_offered(&self, file: &FileMeta) -> Vec<Notice> {
        let mut forms = self.twins.forms(&file.name);
        let other = forms.find(|form| *form != file.name);
        let same_text = other.map(|other| Notice::SameText {
            file: file.name.clone(),
            other,
        });
        [offered(file)].into_iter().chain(same_text).collect()
    }

    /// A secondary no longer holds a file.
    pub(in crate::engine::cluster) fn holds_no_longer(
        &mut self,
        now: Now,
        number: SecondaryNumber,
        file: &FileMeta,
        reason: RemovedReason,
    ) -> Change {
        let name = file.name.clone();
        let parties = self.parties_of(&name);
        let (effect, notices) = match self.remove(number, file, reason, now.wall_s) {
            Removed::Unknown => (Effect::None, Vec::new()),
            Removed::Changing | Removed::HolderGone | Removed::OtherGone => {
                (Effect::Holders, Vec::new())
            }
            Removed::NameGone { promoted: None } => {
                (Effect::Gone, vec![no_longer_offered(&name, None)])
            }
            Removed::NameGone {
                promoted: Some(meta),
            } => (Effect::Content, vec![offered(&meta)]),
            Removed::Deleted { aside, promoted } => {
                for (holder, meta) in aside {
                    self.owed.withdraw(holder, &meta);
                }
                let gone = no_longer_offered(&name, Some(number));
                let promoted = promoted.as_ref().map(offered);
                (Effect::Gone, [gone].into_iter().chain(promoted).collect())
            }
        };
        self.owe_conflict(now, &name, parties);
        Change {
            name,
            effect,
            notices,
        }
    }

    /// Drops the marks of files that a secondary is changing when its lease ends. It sets them again when it is back.
    pub(in crate::engine::cluster) fn left(&mut self, number: SecondaryNumber) -> Vec<Change> {
        self.owed.forget(number);
        if self.changing == 0 {
            return Vec::new();
        }
        let is_changing =
            |standing: &&Standing| standing.others.get(&number) == Some(&Other::Changing);
        let names = self.names.values().filter(is_changing);
        let names: Vec<_> = names.map(|standing| standing.meta.name.clone()).collect();
        let left = names.into_iter().map(|name| {
            let is_dropped = self.change(&name, |catalog| {
                if let Some(standing) = catalog.names.get_mut(&name) {
                    standing.others.remove(&number);
                }
                catalog.drop_if_empty(&name)
            });
            Change {
                name,
                effect: if is_dropped {
                    Effect::Gone
                } else {
                    Effect::Holders
                },
                notices: Vec::new(),
            }
        });
        left.collect()
    }

    /// All secondaries have told what they hold, and nobody has the content of some names. Another content that is
    /// there gets the name.
    pub(in crate::engine::cluster) fn give_up_orphans(
        &mut self,
        now: Now,
        remembered: Remembered,
    ) -> Vec<Change> {
        let is_due = |name: &&FileName| match remembered {
            Remembered::Awaited => !self.is_remembered(name),
            Remembered::GivenUp => true,
        };
        let due: Vec<_> = self.orphans.iter().filter(is_due).cloned().collect();
        due.into_iter()
            .map(|name| {
                let promoted = self.give_up(&name, now.wall_s);
                let effect = match promoted {
                    Some(_) => Effect::Content,
                    None if self.get(&name).is_none() => Effect::Gone,
                    None => Effect::None,
                };
                Change {
                    name,
                    effect,
                    notices: promoted.as_ref().map(offered).into_iter().collect(),
                }
            })
            .collect()
    }
}

/// What becomes of names of which only an earlier run has told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine::cluster) enum Remembered {
    /// Those who hold them may still come.
    Awaited,
    GivenUp,
}
