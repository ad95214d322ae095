//! What is announced on a network, by anybody.

use std::net::SocketAddr;

use trozos::{
    node::rules::discovery::{Around, Choice},
    proto::announcement::{Announced, Heard, Sighting},
};

/// Entries of TXT records, each after its length as in DNS; an empty one ends a record. Each record is of a service of its
/// own, of which a few share a name.
pub fn announced(data: &[u8]) {
    let mut around = Around::default();
    let mut entries: Vec<(&[u8], &[u8])> = Vec::new();
    let mut services = 0u16;
    let mut rest = data;
    while let Some((length, after)) = rest.split_first() {
        let (entry, after) = after.split_at(after.len().min((*length).into()));
        rest = after;
        if !entry.is_empty() {
            let equals = entry.iter().position(|byte| *byte == b'=');
            let (key, value) = entry.split_at(equals.unwrap_or(entry.len()));
            entries.push((key, value.get(1..).unwrap_or_default()));
            continue;
        }
        services = services.wrapping_add(1);
        hear(&mut around, &entries, services);
        entries.clear();
    }
    hear(&mut around, &entries, services.wrapping_add(1));
}

fn hear(around: &mut Around, entries: &[(&[u8], &[u8])], service: u16) {
    let value = |key: &str| {
        let found = entries.iter().find(|(known, _)| *known == key.as_bytes());
        found.map(|(_, value)| *value)
    };
    let Ok(said) = Announced::of_txt(value) else {
        return;
    };
    // What is read can be said again, within DNS's limits.
    let txt = said.to_txt();
    assert!(txt.iter().all(|(key, value)| key.len() + value.len() < 255));
    let again = Announced::of_txt(|key| {
        let found = txt.iter().find(|(known, _)| *known == key);
        found.map(|(_, value)| value.as_bytes())
    });
    let again = again.expect("of its own making");
    assert_eq!((again.cluster, again.term), (said.cluster, said.term));
    let group = said.group.clone();
    assert_eq!(again.group, group);
    let address = SocketAddr::from(([10, 0, 0, 1], service.max(1)));
    around.heard(Heard::There(Sighting {
        instance: format!("c{}", service % 200),
        addresses: vec![address; 8],
        said,
    }));
    for wanted in [None, group.as_ref()] {
        match around.choose(wanted) {
            Choice::Nobody => {}
            Choice::These(there) => assert!(there.len() <= 64 * 8),
            Choice::Several(names) => {
                assert!((1..=8).contains(&names.len()));
                let is_harmless = |name: &String| !name.chars().any(char::is_control);
                assert!(names.iter().all(is_harmless));
            }
        }
    }
}
