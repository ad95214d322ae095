//! What a name stands for, by what its secondaries tell.

use super::{announce::Announced, removal::Removed, *};
use crate::model::{
    Digest, HeldFile, Origin, RemovedReason,
    samples::{self, number},
};

const NOW: u64 = 1_000_000;

fn meta(id: u8) -> FileMeta {
    samples::meta("a", id.into(), id)
}

fn found(id: u8, modified: u64) -> HeldFile {
    HeldFile {
        modified: Some(modified),
        ..HeldFile::from(meta(id))
    }
}

fn written(id: u8, was: &[u8]) -> HeldFile {
    HeldFile {
        origin: Origin::Written,
        was: was.iter().map(|id| Digest::new([*id; 32])).collect(),
        ..HeldFile::from(meta(id))
    }
}

fn copied(id: u8) -> HeldFile {
    HeldFile {
        origin: Origin::Copied,
        ..HeldFile::from(meta(id))
    }
}

#[derive(Default)]
struct Bench(Catalog);

impl Bench {
    fn tell(&mut self, n: u64, file: &HeldFile) -> Announced {
        self.0.announce(number(n), file, NOW)
    }

    fn remove(&mut self, n: u64, id: u8, reason: RemovedReason) -> Removed {
        self.0.remove(number(n), &meta(id), reason, NOW)
    }

    /// The name's content and who holds it.
    fn now(&self) -> Option<(u8, Vec<u16>)> {
        let standing = self.0.get(&meta(1).name)?;
        let id = standing.meta.layout.file_bytes() as u8;
        Some((
            id,
            standing.holders.iter().map(SecondaryNumber::get).collect(),
        ))
    }

    fn restart(&mut self) {
        let records: Vec<_> = self
            .0
            .pasts
            .names()
            .map(|name| self.0.record(name.clone()))
            .collect();
        self.0 = Catalog::restore(&records, NOW);
    }
}

#[test]
fn an_edit_replaces_and_copies_of_the_old_content_are_outdated() {
    let mut bench = Bench::default();
    assert_eq!(bench.tell(1, &found(1, 5)), Announced::New);
    assert_eq!(bench.tell(2, &copied(1)), Announced::Holder);
    assert_eq!(bench.tell(2, &copied(1)), Announced::Known);
    assert_eq!(bench.tell(1, &written(2, &[1])), Announced::Replaced);
    assert_eq!(bench.now(), Some((2, vec![1])));
    let standing = bench.0.get(&meta(1).name).unwrap();
    assert_eq!(standing.outdated_at(number(2)), Some(meta(1).id));
    assert_eq!(standing.holders_of(meta(1).id), NumberSet::of(number(2)));
    assert_eq!(bench.0.conflict_count(), 0);
    // A copy of the old content that ends late, and one from an old backup.
    assert_eq!(bench.tell(3, &copied(1)), Announced::Outdated);
    bench.restart();
    assert_eq!(bench.tell(3, &found(1, 9)), Announced::Outdated);
    assert_eq!(bench.tell(1, &found(2, 6)), Announced::Holder);
    assert_eq!(bench.tell(3, &copied(2)), Announced::Holder);
    // Somebody wants the old one back.
    assert_eq!(bench.tell(3, &written(1, &[2])), Announced::Replaced);
    assert_eq!(bench.now(), Some((1, vec![3])));
}

#[test]
fn an_edit_of_what_the_central_may_or_may_not_have_heard_of_is_one() {
    let mut bench = Bench::default();
    bench.tell(1, &found(1, 5));
    bench.tell(2, &copied(1));
    // 2 was told of, and its note was lost with the connection.
    bench.tell(1, &written(2, &[1]));
    assert_eq!(bench.tell(1, &written(3, &[1, 2])), Announced::Replaced);
    // Nothing between was ever heard.
    assert_eq!(bench.tell(1, &written(5, &[3, 4])), Announced::Replaced);
    for old in [1, 2, 3, 4] {
        assert_eq!(bench.tell(3, &found(old, 9)), Announced::Outdated, "{old}");
    }
}

#[test]
fn a_file_that_is_being_changed_is_neither_held_nor_lacking() {
    let mut bench = Bench::default();
    bench.tell(1, &found(1, 5));
    bench.tell(2, &copied(1));
    assert_eq!(
        bench.remove(1, 1, RemovedReason::Changing),
        Removed::Changing
    );
    assert_eq!(bench.now(), Some((1, vec![2])));
    let standing = bench.0.get(&meta(1).name).unwrap();
    assert!(standing.busy().contains(number(1)));
    assert_eq!(bench.0.changing_count(), 1);
    assert_eq!(bench.tell(1, &written(2, &[1])), Announced::Replaced);
    assert_eq!(bench.0.changing_count(), 0);
    // The last holder changes it: the name stays.
    bench.remove(1, 2, RemovedReason::Changing);
    assert_eq!(bench.now(), Some((2, vec![])));
    bench.0.left(number(1));
    assert_eq!(bench.0.changing_count(), 0);
}

#[test]
fn independent_changes_are_a_conflict_that_a_person_decides() {
    let mut bench = Bench::default();
    for n in 1..=3 {
        bench.tell(n, &found(1, 5));
    }
    assert_eq!(bench.tell(1, &written(2, &[1])), Announced::Replaced);
    assert_eq!(bench.tell(2, &written(3, &[1])), Announced::Conflict);
    assert_eq!(bench.tell(2, &written(3, &[1])), Announced::Known);
    assert_eq!(bench.0.conflict_count(), 1);
    let standing = bench.0.get(&meta(1).name).unwrap();
    let busy = standing.busy();
    assert!(busy.contains(number(2)) && !busy.contains(number(3)));
    // It survives a restart, whoever enrols first.
    bench.restart();
    assert_eq!(bench.tell(2, &found(3, 99)), Announced::Conflict);
    assert_eq!(bench.tell(1, &found(2, 7)), Announced::Holder);
    assert_eq!(bench.now(), Some((2, vec![1])));
    let chosen = bench.0.choose(&meta(1).name, number(2), NOW);
    assert_eq!(chosen, Some(meta(3)));
    assert_eq!(bench.now(), Some((3, vec![2])));
    assert_eq!(bench.0.conflict_count(), 0);
    bench.restart();
    assert_eq!(bench.tell(1, &found(2, 200)), Announced::Outdated);
}

#[test]
fn what_is_found_at_first_does_not_depend_on_who_enrols_first() {
    let files = [found(1, 50), found(2, 70), found(3, 60)];
    let orders = [
        [0, 1, 2],
        [0, 2, 1],
        [1, 0, 2],
        [1, 2, 0],
        [2, 0, 1],
        [2, 1, 0],
    ];
    for order in orders {
        let mut bench = Bench::default();
        for n in order {
            bench.tell(n as u64 + 1, &files[n]);
        }
        // A copy of the third is younger than the second.
        bench.tell(4, &found(3, 90));
        assert_eq!(bench.now(), Some((2, vec![2])), "{order:?}");
        bench.restart();
        bench.tell(3, &found(3, 60));
        assert_eq!(bench.now(), Some((2, vec![])));
    }
    let mut bench = Bench::default();
    bench.tell(4, &found(3, 90));
    bench.tell(2, &found(2, 70));
    assert_eq!(bench.now(), Some((3, vec![4])));
    bench.tell(3, &found(3, 60));
    assert_eq!(bench.now(), Some((2, vec![2])));
}

#[test]
fn what_has_a_name_keeps_it_when_somebody_writes_other_content_elsewhere() {
    let mut bench = Bench::default();
    bench.tell(1, &found(1, 5));
    let later = HeldFile {
        modified: Some(9),
        ..written(2, &[])
    };
    assert_eq!(bench.tell(2, &later), Announced::Conflict);
    assert_eq!(bench.tell(3, &copied(1)), Announced::Holder);
    assert_eq!(bench.now(), Some((1, vec![1, 3])));
}

#[test]
fn deleted_is_deleted_until_somebody_puts_it_back() {
    let mut bench = Bench::default();
    bench.tell(1, &found(1, 5));
    bench.tell(2, &copied(1));
    bench.tell(1, &written(2, &[1]));
    let aside = vec![(number(2), meta(1))];
    let gone = Removed::Deleted {
        aside,
        promoted: None,
    };
    assert_eq!(bench.remove(1, 2, RemovedReason::Deleted), gone);
    bench.restart();
    for old in [1, 2] {
        assert_eq!(bench.tell(2, &found(old, 99)), Announced::Deleted);
        assert_eq!(bench.tell(3, &copied(old)), Announced::Deleted);
    }
    assert_eq!(bench.now(), None);
    assert_eq!(bench.tell(3, &written(1, &[])), Announced::New);
    assert_eq!(bench.tell(2, &found(1, 9)), Announced::Holder);
    // The one after it stays gone.
    assert_eq!(bench.tell(1, &found(2, 9)), Announced::Outdated);
}

#[test]
fn what_is_told_again_after_it_was_deleted_elsewhere_does_not_bring_it_back() {
    let mut bench = Bench::default();
    bench.tell(1, &found(1, 5));
    let act = HeldFile {
        act: Some(7),
        ..written(2, &[1])
    };
    assert_eq!(bench.tell(1, &act), Announced::Replaced);
    bench.tell(2, &copied(2));
    bench.remove(2, 2, RemovedReason::Deleted);
    assert_eq!(bench.tell(1, &act), Announced::Deleted);
    assert_eq!(bench.tell(1, &written(2, &[])), Announced::New);
}

#[test]
fn a_deletion_that_nobody_else_has_enrolled_to_hear_of_counts() {
    let mut bench = Bench::default();
    assert_eq!(bench.remove(1, 1, RemovedReason::Deleted), Removed::Unknown);
    assert_eq!(bench.tell(2, &found(1, 5)), Announced::Deleted);
}

#[test]
fn what_an_earlier_run_knew_stays_when_something_else_of_the_name_goes() {
    let mut bench = Bench::default();
    bench.tell(1, &found(1, 5));
    bench.tell(2, &written(2, &[]));
    bench.restart();
    bench.tell(2, &found(2, 9));
    assert_eq!(
        bench.remove(2, 2, RemovedReason::Deleted),
        Removed::OtherGone
    );
    assert_eq!(bench.now(), Some((1, vec![])));
    assert_eq!(bench.tell(1, &found(1, 5)), Announced::Holder);
}

#[test]
fn an_edit_wins_over_the_deletion_of_what_it_was_made_of() {
    let mut bench = Bench::default();
    bench.tell(1, &found(1, 5));
    bench.tell(2, &copied(1));
    bench.tell(1, &written(2, &[1]));
    assert_eq!(
        bench.remove(2, 1, RemovedReason::Deleted),
        Removed::OtherGone
    );
    assert_eq!(bench.now(), Some((2, vec![1])));
    let mut bench = Bench::default();
    bench.tell(1, &found(1, 5));
    bench.tell(2, &copied(1));
    bench.remove(2, 1, RemovedReason::Deleted);
    assert_eq!(bench.tell(1, &written(2, &[1])), Announced::New);
}

#[test]
fn what_was_edited_while_its_secondary_was_down_counts_unless_it_is_older() {
    let mut bench = Bench::default();
    bench.tell(1, &found(1, 50));
    bench.tell(2, &copied(1));
    let offline = |id, modified| HeldFile {
        was: vec![meta(1).id],
        ..found(id, modified)
    };
    assert_eq!(bench.tell(2, &offline(2, 40)), Announced::Conflict);
    assert_eq!(bench.tell(2, &offline(3, 60)), Announced::Replaced);
    // Told before the copies that it was made of.
    let mut bench = Bench::default();
    assert_eq!(bench.tell(2, &offline(3, 60)), Announced::New);
    assert_eq!(bench.tell(1, &found(1, 50)), Announced::Outdated);
}

#[test]
fn content_whose_last_copy_is_lost_leaves_the_name_to_the_one_before_until_it_is_back() {
    let mut bench = Bench::default();
    bench.tell(1, &found(1, 5));
    bench.tell(2, &copied(1));
    bench.tell(1, &written(2, &[1]));
    let promoted = Some(meta(1));
    assert_eq!(
        bench.remove(1, 2, RemovedReason::Lost),
        Removed::NameGone { promoted }
    );
    assert_eq!(bench.now(), Some((1, vec![2])));
    assert_eq!(bench.tell(1, &found(2, 6)), Announced::Replaced);
    assert_eq!(bench.now(), Some((2, vec![1])));
}

#[test]
fn the_deletion_of_content_whose_copies_were_lost_is_one_of_the_name() {
    let mut bench = Bench::default();
    bench.tell(1, &found(1, 5));
    bench.tell(2, &copied(1));
    bench.tell(1, &written(2, &[1]));
    bench.remove(1, 2, RemovedReason::Lost);
    assert_eq!(bench.now(), Some((1, vec![2])));
    let gone = Removed::Deleted {
        aside: vec![(number(2), meta(1))],
        promoted: None,
    };
    assert_eq!(bench.remove(1, 2, RemovedReason::Deleted), gone);
    assert_eq!(bench.tell(2, &found(1, 9)), Announced::Deleted);
}

#[test]
fn lost_content_that_is_written_again_and_deleted_takes_no_other_along() {
    let mut bench = Bench::default();
    bench.tell(1, &found(1, 5));
    bench.tell(2, &copied(1));
    bench.tell(1, &written(2, &[1]));
    bench.remove(1, 2, RemovedReason::Lost);
    bench.tell(1, &written(2, &[]));
    assert_eq!(bench.0.conflict_count(), 1);
    let gone = bench.remove(1, 2, RemovedReason::Deleted);
    assert_eq!(gone, Removed::OtherGone);
    assert_eq!(bench.0.conflict_count(), 0);
    assert_eq!(bench.now(), Some((1, vec![2])));
}

#[test]
fn a_conflict_ends_when_its_content_goes_or_the_names_content_does() {
    let mut bench = Bench::default();
    bench.tell(1, &found(1, 5));
    bench.tell(2, &written(2, &[]));
    assert_eq!(bench.0.conflict_count(), 1);
    assert_eq!(bench.remove(2, 2, RemovedReason::Lost), Removed::OtherGone);
    assert_eq!(bench.0.conflict_count(), 0);
    bench.tell(2, &written(2, &[]));
    let promoted = Some(meta(2));
    let gone = Removed::Deleted {
        aside: Vec::new(),
        promoted,
    };
    assert_eq!(bench.remove(1, 1, RemovedReason::Deleted), gone);
    assert_eq!(bench.now(), Some((2, vec![2])));
    assert_eq!(
        bench.remove(2, 2, RemovedReason::Lost),
        Removed::NameGone { promoted: None }
    );
    assert_eq!(bench.now(), None);
    assert_eq!(bench.tell(2, &found(2, 1)), Announced::New);
}

#[test]
fn who_has_what_a_deletion_gives_the_name_to_holds_it() {
    let mut bench = Bench::default();
    bench.tell(1, &found(1, 10));
    bench.tell(2, &copied(1));
    bench.tell(3, &written(2, &[1]));
    // Somebody puts the old content into an empty folder, while another folder still has it.
    bench.tell(4, &written(1, &[]));
    bench.remove(3, 2, RemovedReason::Deleted);
    assert_eq!(bench.now(), Some((1, vec![1, 2, 4])));
}

#[test]
fn content_that_its_last_holder_replaces_without_having_been_seen_leaves_the_name_to_the_new_one() {
    let mut bench = Bench::default();
    bench.tell(1, &found(1, 5));
    bench.restart();
    bench.tell(1, &found(1, 5));
    assert_eq!(bench.tell(1, &found(2, 4)), Announced::Promoted(meta(2)));
    assert_eq!(bench.now(), Some((2, vec![1])));
}

#[test]
fn a_name_whose_only_copy_is_lost_is_no_name_any_more() {
    let mut bench = Bench::default();
    bench.tell(1, &found(1, 5));
    let gone = Removed::NameGone { promoted: None };
    assert_eq!(bench.remove(1, 1, RemovedReason::Lost), gone);
    assert_eq!(bench.0.len(), 0);
}
