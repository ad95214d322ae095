use super::*;
use crate::model::{Audience, samples::meta};

fn account(name: &str) -> AccountName {
    AccountName::try_from(name).unwrap()
}

fn order(name: &str, id: u8) -> Publish {
    Publish {
        file: meta(name, 10, id),
        audience: Audience::All,
        replaces: false,
    }
}

const PHONE: ConnectionId = ConnectionId(1);
const DESK: ConnectionId = ConnectionId(2);

/// Publishes, as a device of ana.
fn publish(room: &mut Publications, device: ConnectionId, order: Publish) -> Option<Published> {
    room.publish(1000, device, &account("ana"), order).ok()
}

#[test]
fn two_devices_of_one_account_are_two_sources_of_one_content_and_not_of_two() {
    let mut room = Publications::default();
    let file = meta("@ana/a", 10, 1);
    assert_eq!(
        publish(&mut room, PHONE, order("@ana/a", 1)),
        Some(Published::New)
    );
    assert_eq!(
        publish(&mut room, DESK, order("@ana/a", 1)),
        Some(Published::Again)
    );
    assert_eq!(room.devices(&file, None).len(), 2);
    let taken = room.publish(1000, DESK, &account("ana"), order("@ana/a", 2));
    assert!(matches!(taken, Err(Refusal::NameTaken(_))));
    let replacing = Publish {
        replaces: true,
        ..order("@ana/a", 2)
    };
    assert_eq!(
        publish(&mut room, DESK, replacing),
        Some(Published::Replaced)
    );
    // What has the old content is no source of the new one.
    assert!(room.devices(&file, None).is_empty());
    assert_eq!(room.devices(&meta("@ana/a", 10, 2), None).len(), 1);
    assert!(!room.offer(PHONE, &account("ana"), &file, true));
    // The fact of the second device is the first one's.
    assert_eq!(room.take_facts().len(), 2);
}

#[test]
fn only_the_owner_publishes_below_its_name_and_withdraws() {
    let mut room = Publications::default();
    for name in ["@eva/a", "a", "@ana", "ana/a"] {
        assert_eq!(publish(&mut room, PHONE, order(name, 1)), None, "{name}");
    }
    publish(&mut room, PHONE, order("@ana/a", 1)).unwrap();
    let name = meta("@ana/a", 10, 1).name;
    assert!(room.withdraw(&account("eva"), &name).is_err());
    assert_eq!(room.withdraw(&account("ana"), &name).unwrap().len(), 1);
    assert!(room.withdraw(&account("ana"), &name).is_err());
    assert_eq!(room.after(None, None).count(), 0);
}

#[test]
fn what_is_for_some_is_seen_by_them_and_by_its_owner_alone() {
    let mut room = Publications::default();
    let these = [account("luis")].into_iter().collect();
    let private = Publish {
        audience: Audience::Only(these),
        ..order("@ana/p", 1)
    };
    publish(&mut room, PHONE, private).unwrap();
    publish(&mut room, PHONE, order("@ana/q", 2)).unwrap();
    let (ana, luis, eva) = (account("ana"), account("luis"), account("eva"));
    for (viewer, files) in [
        (Some(&ana), 2),
        (Some(&luis), 2),
        (Some(&eva), 1),
        (None, 1),
    ] {
        assert_eq!(room.after(None, viewer).count(), files, "{viewer:?}");
        assert_eq!(room.count(&ana, viewer), files, "{viewer:?}");
        assert_eq!(
            room.content(&ana, None, viewer).count(),
            files,
            "{viewer:?}"
        );
        let file = meta("@ana/p", 10, 1);
        assert_eq!(room.devices(&file, viewer).len(), files - 1, "{viewer:?}");
    }
    assert!(room.sees_more(&luis) && room.sees_more(&ana) && !room.sees_more(&eva));
    // For whom it is, its owner alone is told.
    let told = |viewer| room.content(&ana, None, viewer).next().unwrap().audience;
    assert!(!told(Some(&ana)).is_all() && told(Some(&luis)).is_all());
}

#[test]
fn a_device_that_leaves_sends_nothing_and_its_files_stay_published() {
    let mut room = Publications::default();
    publish(&mut room, PHONE, order("@ana/a", 1)).unwrap();
    assert_eq!(room.left(PHONE).len(), 1);
    assert!(room.left(PHONE).is_empty());
    let file = meta("@ana/a", 10, 1);
    assert!(room.devices(&file, None).is_empty());
    assert!(room.offer(DESK, &account("ana"), &file, true));
    assert!(!room.offer(PHONE, &account("eva"), &file, true));
    assert_eq!(room.devices(&file, None).len(), 1);
    assert!(room.offer(DESK, &account("ana"), &file, false));
    assert!(room.devices(&file, None).is_empty());
    assert_eq!(room.withdraw_all(&account("ana")).len(), 1);
}

#[test]
fn nobody_publishes_more_than_so_many() {
    let mut room = Publications::default();
    for n in 0..MAX_PUBLISHED_EACH {
        publish(&mut room, PHONE, order(&format!("@ana/{n}"), 1)).unwrap();
    }
    assert_eq!(publish(&mut room, PHONE, order("@ana/more", 1)), None);
    let known = order("@ana/0", 1);
    assert_eq!(publish(&mut room, PHONE, known), Some(Published::Again));
}
