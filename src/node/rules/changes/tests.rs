//! What is told to a central, over connections and restarts.

use super::{paging::WINDOW, *};
use crate::model::{HeldFile, messages::FromSecondary, samples::meta};

fn file(name: &str, id: u8) -> FileMeta {
    meta(name, 9, id)
}

#[derive(Default)]
struct Bench {
    changes: Changes,
    held: BTreeMap<FileName, FileMeta>,
}

impl Bench {
    fn put(&mut self, name: &str, id: u8) {
        let meta = file(name, id);
        self.held.insert(meta.name.clone(), meta.clone());
        self.changes.held(&meta, Origin::Written);
    }

    fn take(&mut self, name: &str, reason: RemovedReason) {
        let meta = self.held.remove(&FileName::try_from(name).unwrap());
        self.changes.gone(&meta.unwrap(), reason);
    }

    /// All that can be said, each acknowledged at once.
    fn say(&mut self) -> Vec<FromSecondary> {
        let mut said = Vec::new();
        while let Some(message) = self.changes.next(&self.held) {
            self.changes.acknowledged(self.changes.batches);
            said.push(message);
        }
        said
    }
}

fn files(message: &FromSecondary) -> Vec<HeldFile> {
    match message {
        FromSecondary::Inventory { files, .. } | FromSecondary::Added { files, .. } => {
            files.clone()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_change_is_told_again_until_it_is_acknowledged() {
    let mut bench = Bench::default();
    bench.put("a", 1);
    bench.changes.up();
    assert!(bench.changes.next(&bench.held).is_none());
    bench.changes.read();
    bench.say();
    assert!(bench.changes.is_told());
    bench.put("a", 2);
    let told = bench.changes.next(&bench.held).unwrap();
    let was = |message: &FromSecondary| files(message)[0].was.clone();
    assert_eq!(was(&told), [Digest::new([1; 32])]);
    // The note is lost with the connection, and somebody edits once more.
    bench.changes.down();
    bench.put("a", 3);
    bench.changes.up();
    let told = bench.changes.next(&bench.held).unwrap();
    let edited = &files(&told)[0];
    assert_eq!(edited.origin, Origin::Written);
    assert_eq!(edited.was, [Digest::new([1; 32]), Digest::new([2; 32])]);
    bench.changes.acknowledged(bench.changes.batches);
    assert!(bench.changes.is_told());
}

#[test]
fn deletions_are_told_also_after_a_restart() {
    let mut bench = Bench::default();
    bench.put("a", 1);
    bench.put("b", 1);
    bench.changes.read();
    bench.changes.up();
    bench.say();
    bench.changes.down();
    bench.take("a", RemovedReason::Deleted);
    bench.put("b", 2);
    let records = bench.changes.records();
    bench.changes = Changes::restore(records, 7);
    bench.changes.read();
    bench.changes.up();
    let said = bench.say();
    // Nobody saw the edit of b any more: it is found, as an edit of what was acknowledged.
    let b = &files(&said[0])[0];
    assert_eq!((b.origin, b.was.len()), (Origin::Found, 1));
    let deleted = FromSecondary::Removed {
        files: vec![file("a", 1)],
        reason: RemovedReason::Deleted,
        batch: Some(2),
    };
    assert_eq!(said[1], deleted);
    assert!(
        bench
            .changes
            .records()
            .iter()
            .all(|record| record.deleted.is_none())
    );
    assert_eq!(bench.changes.records().len(), 1);
}

#[test]
fn the_deletion_of_what_the_central_has_not_heard_of_is_one_of_what_that_was_made_of() {
    let mut bench = Bench::default();
    bench.put("a", 1);
    bench.changes.read();
    bench.changes.up();
    bench.say();
    bench.changes.arrived(&file("a", 2));
    bench.put("a", 3);
    bench.take("a", RemovedReason::Deleted);
    let deleted = FromSecondary::Removed {
        files: vec![file("a", 3), file("a", 1), file("a", 2)],
        reason: RemovedReason::Deleted,
        batch: Some(2),
    };
    assert_eq!(bench.say(), [deleted]);
}

#[test]
fn an_edit_of_a_copy_that_is_not_served_yet_is_one_of_that_copy() {
    let mut bench = Bench::default();
    bench.put("a", 1);
    bench.changes.read();
    bench.changes.up();
    bench.say();
    bench.changes.arrived(&file("a", 2));
    bench.take("a", RemovedReason::Changing);
    bench.say();
    bench.put("a", 3);
    let was = files(&bench.say()[0])[0].was.clone();
    assert!(was.contains(&Digest::new([2; 32])), "{was:?}");
}

#[test]
fn what_the_central_has_never_heard_of_takes_the_place_of_nothing_that_it_has() {
    let mut bench = Bench::default();
    bench.put("a", 1);
    bench.changes.read();
    bench.changes.up();
    bench.say();
    // The central is away while somebody edits, and hears of the next edit as it begins.
    bench.changes.down();
    bench.put("a", 2);
    bench.take("a", RemovedReason::Changing);
    bench.changes.up();
    bench.say();
    bench.put("a", 3);
    let was = files(&bench.say()[0])[0].was.clone();
    assert!(was.contains(&Digest::new([1; 32])), "{was:?}");
}

#[test]
fn a_file_that_is_back_after_a_restart_is_not_told_as_deleted() {
    let mut bench = Bench::default();
    bench.put("a", 1);
    bench.changes.read();
    bench.changes.up();
    bench.say();
    bench.changes.down();
    bench.take("a", RemovedReason::Deleted);
    bench.changes = Changes::restore(bench.changes.records(), 7);
    let meta = file("a", 1);
    bench.held.insert(meta.name.clone(), meta);
    bench.changes.read();
    bench.changes.up();
    let said = bench.say();
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(bench.changes.is_told());
}

#[test]
fn thousands_of_changes_wait_for_notes_and_each_is_told_once() {
    let mut bench = Bench::default();
    bench.changes.read();
    bench.changes.up();
    bench.say();
    let long = "x".repeat(200);
    for n in 0..5000 {
        bench.put(&format!("{long}{n}"), 1);
    }
    let mut told = 0;
    let mut unanswered = 0;
    while let Some(message) = bench.changes.next(&bench.held) {
        told += files(&message).len();
        assert!(serde_json::to_vec(&message).unwrap().len() < 60_000);
        unanswered += 1;
    }
    assert_eq!(unanswered, WINDOW);
    assert!(told < 5000);
    // The first was the inventory.
    bench.changes.acknowledged(2);
    told += files(&bench.changes.next(&bench.held).unwrap()).len();
    assert!(bench.changes.next(&bench.held).is_none());
    bench.changes.acknowledged(bench.changes.batches);
    told += bench
        .say()
        .iter()
        .map(|message| files(message).len())
        .sum::<usize>();
    assert_eq!(told, 5000);
    // What is deleted as it is told of is told of after that.
    let name = format!("{long}7");
    bench.put(&name, 2);
    bench.changes.next(&bench.held).unwrap();
    bench.take(&name, RemovedReason::Deleted);
    assert!(bench.changes.next(&bench.held).is_none());
    bench.changes.acknowledged(bench.changes.batches);
    assert_eq!(bench.say().len(), 1);
    assert!(bench.changes.is_told());
}

#[test]
fn what_was_lost_and_is_found_again_was_put_there_by_nobody() {
    let mut bench = Bench::default();
    bench.put("a", 1);
    bench.changes.read();
    bench.changes.up();
    bench.say();
    bench.take("a", RemovedReason::Lost);
    bench.put("a", 1);
    let said = bench.say();
    assert_eq!(files(&said[0])[0].origin, Origin::Found);
    let meta = bench.held.remove(&file("a", 1).name).unwrap();
    bench.changes.set_aside(&meta);
    bench.put("a", 1);
    let said = bench.say();
    assert_eq!(files(&said[0])[0].origin, Origin::Written);
    bench.take("a", RemovedReason::Changing);
    bench.say();
    // A new connection hears that it is being changed.
    bench.changes.up();
    assert_eq!(bench.say().len(), 2);
    bench.put("a", 2);
    assert_eq!(files(&bench.say()[0])[0].origin, Origin::Written);
    bench.changes.up();
    assert_eq!(bench.say().len(), 1);
}
