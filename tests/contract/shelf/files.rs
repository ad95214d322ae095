//! What lies there, as it is looked at, read and set aside.

use trozos::{
    model::{ByteRange, ChunkIndex, RetiredReason, Verdict},
    store::{StoreError, index::ReadFrom, manifest_id},
};

use super::{Place, blocking, bytes_of, look, manifest, name};

pub async fn what_is_there_is_found(place: Place) {
    let files: &[(&str, &[u8])] = &[
        ("película nº 1.mp4", b"abc"),
        ("serie/cap #1 [50%] {a}+b&c=d.mp4", b"defg"),
        ("serie/más/~ ^ `.bin", b"h"),
        ("vacío", b""),
    ];
    for (name, bytes) in files {
        place.hand.put(name, bytes).await;
    }
    for hidden in [".oculto", "mitad.part", "serie/.x/y"] {
        place.hand.put(hidden, b"x").await;
    }
    blocking(&place, |shelf| {
        let scan = shelf.scan().unwrap();
        let found: Vec<_> = scan.look.files.iter().collect();
        let lengths = found
            .iter()
            .map(|(name, seen)| (name.as_str(), seen.stamp.bytes));
        let expected = [
            ("película nº 1.mp4", 3),
            ("serie/cap #1 [50%] {a}+b&c=d.mp4", 4),
            ("serie/más/~ ^ `.bin", 1),
            ("vacío", 0),
        ];
        assert!(lengths.eq(expected), "{found:?}");
        for (name, seen) in found {
            assert_eq!(shelf.see(name), Some(*seen), "{name}");
            assert_eq!(shelf.see_current(name), Some(*seen), "{name}");
            assert_eq!(shelf.see_anew(name), Some(*seen), "{name}");
        }
        assert_eq!(shelf.see(&name("nada")), None);
        shelf.check_writable().unwrap();
        let again = shelf.scan().unwrap();
        assert_eq!(again.look.files, scan.look.files);
    })
    .await;
}

pub async fn digests_are_those_of_the_bytes(place: Place) {
    for (seed, length) in [
        (1, 0),
        (2, 1),
        (3, 300_000),
        (4, 9 << 20),
        (5, (17 << 20) + 3),
    ] {
        let bytes = bytes_of(seed, length);
        place.hand.put("serie/f", &bytes).await;
        let file = look(&place, "serie/f", &bytes).await;
        let made = blocking(&place, move |shelf| {
            let stopped = shelf.digest(&name("serie/f"), file.stamp, &|| false);
            assert!(length == 0 || stopped.is_err());
            shelf
                .digest(&name("serie/f"), file.stamp, &|| true)
                .unwrap()
        });
        let (made, expected) = (made.await, manifest(&bytes));
        assert_eq!(manifest_id(&made), manifest_id(&expected), "{length}");
    }
}

pub async fn any_range_is_read_as_it_is(place: Place) {
    let bytes = bytes_of(6, (11 << 20) + 77);
    place.hand.put("f", &bytes).await;
    let file = look(&place, "f", &bytes).await;
    blocking(&place, move |shelf| {
        let content = shelf.open(&file).unwrap();
        content.check_unchanged().unwrap();
        let length = bytes.len() as u64;
        let mut random = fastrand::Rng::with_seed(9);
        let mut ranges = vec![
            (0, length),
            (length - 1, length),
            (5, 5),
            (4 << 20, 8 << 20),
        ];
        ranges.extend((0..40).map(|_| {
            let start = random.u64(..length);
            (
                start,
                random.u64(start..length.min(start + (300 << 10))) + 1,
            )
        }));
        for (start, end) in ranges {
            let range = ByteRange { start, end };
            content.will_read(range);
            let mut read = b"before".to_vec();
            content.read_at(range, &mut read).unwrap();
            assert!(read.starts_with(b"before"));
            assert!(
                read[6..] == bytes[start as usize..end as usize],
                "{range:?}"
            );
        }
        let beyond = ByteRange {
            start: length - 1,
            end: length + 1,
        };
        assert!(content.read_at(beyond, &mut Vec::new()).is_err());
        for chunk in 0..file.meta.layout.chunk_count() {
            let verdict = shelf.check_chunk(&file, ChunkIndex(chunk), ReadFrom::Disk);
            assert_eq!(verdict, Verdict::Right, "{chunk}");
        }
    })
    .await;
}

/// Whoever reads while a file is written anew gets what was announced, or an error, and never some of each.
pub async fn what_has_changed_is_never_mixed(place: Place) {
    let (old, new) = (bytes_of(7, 9 << 20), bytes_of(8, 9 << 20));
    place.hand.put("f", &old).await;
    let file = look(&place, "f", &old).await;
    let opened = std::sync::Arc::clone(&file);
    let content = blocking(&place, move |shelf| shelf.open(&opened).unwrap()).await;
    let before = old.clone();
    let content = blocking(&place, move |_| {
        let mut read = Vec::new();
        let range = ByteRange {
            start: 0,
            end: 1000,
        };
        content.read_at(range, &mut read).unwrap();
        assert!(read == before[..1000]);
        content
    })
    .await;
    place.hand.put("f", &new).await;
    blocking(&place, move |shelf| {
        let mut read = Vec::new();
        let range = ByteRange {
            start: 8 << 20,
            end: 9 << 20,
        };
        let whole = content.read_at(range, &mut read);
        // A folder shows it by its date, a bucket by its answer.
        let whole = whole.and_then(|()| content.check_unchanged());
        assert!(matches!(whole, Err(StoreError::Changed(_))), "{whole:?}");
        let seen = shelf.see_anew(&name("f")).unwrap();
        assert_ne!(seen.stamp, file.stamp);
        let again = shelf.open(&file).map(drop);
        assert!(matches!(again, Err(StoreError::Changed(_))), "{again:?}");
        assert!(content.check_unchanged().is_err());
        let verdict = shelf.check_chunk(&file, ChunkIndex(0), ReadFrom::Disk);
        assert_ne!(verdict, Verdict::Right);
    })
    .await;
}

pub async fn what_is_gone_is_said_to_be(place: Place) {
    place.hand.put("carpeta/f", b"some").await;
    let file = look(&place, "carpeta/f", b"some").await;
    place.hand.remove("carpeta/f").await;
    blocking(&place, move |shelf| {
        assert_eq!(shelf.see_anew(&file.meta.name), None);
        let opened = shelf.open(&file).map(drop);
        assert!(matches!(opened, Err(StoreError::NotFound(_))), "{opened:?}");
        assert!(shelf.scan().unwrap().look.files.is_empty());
    })
    .await;
}

pub async fn what_is_set_aside_comes_back(place: Place) {
    for (name, bytes) in [("a/f.mp4", b"one"), ("b/f.mp4", b"two")] {
        place.hand.put(name, bytes).await;
    }
    let one = look(&place, "a/f.mp4", b"one").await;
    let two = look(&place, "b/f.mp4", b"two").await;
    let recovered = blocking(&place, move |shelf| {
        assert!(
            shelf
                .set_aside(&one, RetiredReason::Deleted)
                .unwrap()
                .is_some()
        );
        assert!(
            shelf
                .set_aside(&two, RetiredReason::Replaced)
                .unwrap()
                .is_some()
        );
        assert!(shelf.scan().unwrap().look.files.is_empty());
        assert_eq!(shelf.see(&one.meta.name), None);
        let aside = shelf.aside();
        let list = aside.list().unwrap();
        let told: Vec<_> = list
            .iter()
            .map(|file| (file.name.as_str(), file.bytes))
            .collect();
        assert_eq!(told, [("a/f.mp4", 3), ("b/f.mp4", 3)]);
        assert_eq!(list[0].reason, Some(RetiredReason::Deleted));
        assert_eq!(aside.recover(list[0].number + 100).unwrap(), None);
        let back = aside.recover(list[0].number).unwrap().unwrap();
        let gone = aside.empty(&[list[1].number]).unwrap();
        assert_eq!((gone.files, gone.bytes), (1, 3));
        assert!(aside.list().unwrap().is_empty());
        back
    });
    assert_eq!(recovered.await.as_str(), "a/f.mp4");
    assert_eq!(
        place.hand.get("a/f.mp4").await.as_deref(),
        Some(&b"one"[..])
    );
    assert_eq!(place.hand.get("b/f.mp4").await, None);
    // Its name is another's by now.
    let one = look(&place, "a/f.mp4", b"one").await;
    blocking(&place, move |shelf| {
        shelf.set_aside(&one, RetiredReason::Deleted).unwrap()
    })
    .await;
    place.hand.put("a/f.mp4", b"other").await;
    let recovered = blocking(&place, |shelf| {
        let aside = shelf.aside();
        let number = aside.list().unwrap()[0].number;
        aside.recover(number).unwrap().unwrap()
    });
    let recovered = recovered.await;
    assert_ne!(recovered.as_str(), "a/f.mp4");
    assert_eq!(
        place.hand.get(recovered.as_str()).await.as_deref(),
        Some(&b"one"[..])
    );
    assert_eq!(
        place.hand.get("a/f.mp4").await.as_deref(),
        Some(&b"other"[..])
    );
}

pub async fn only_what_was_meant_is_set_aside(place: Place) {
    place.hand.put("f", b"one").await;
    let one = look(&place, "f", b"one").await;
    place.hand.put("f", b"another").await;
    blocking(&place, move |shelf| {
        let aside = shelf.set_aside(&one, RetiredReason::Deleted);
        assert!(matches!(aside, Err(StoreError::Changed(_))), "{aside:?}");
        assert!(shelf.aside().list().unwrap().is_empty());
    })
    .await;
    assert_eq!(place.hand.get("f").await.as_deref(), Some(&b"another"[..]));
}
