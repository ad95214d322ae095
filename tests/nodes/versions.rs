//! What a name stands for: edits, renames, deletions and conflicts, with real nodes and files on loopback.

use std::{fs, path::Path};

use trozos::{
    model::Conflict,
    node::{
        central::{CentralConfig, Resolved},
        client::{ClientEvent, DownloadEvent},
    },
};

use crate::support::{Bench, Central, Secondary, name, noise, put, start_central, tree, until};

fn read(path: &Path) -> Option<Vec<u8>> {
    fs::read(path).ok()
}

/// Waits until a file holds the same at all secondaries.
async fn everywhere(bench: &Bench, file: &str, bytes: Option<&[u8]>) {
    let what = format!("{file} is the same everywhere");
    until(&what, || async {
        (1..=3)
            .all(|n| read(&bench.served(n, file)).as_deref() == bytes)
            .then_some(())
    })
    .await;
}

async fn is_level(central: &Central) {
    until("level", || async {
        let status = central.handle.status().await.ok()?;
        status.level.then_some(())
    })
    .await;
}

async fn three(bench: &Bench) -> Vec<Secondary> {
    let mut secondaries = Vec::new();
    for n in 1..=3 {
        secondaries.push(bench.secondary(n).await);
    }
    secondaries
}

/// The same central once more, where it was.
fn again(bench: &Bench, required_secondaries: u16) -> CentralConfig {
    CentralConfig {
        required_secondaries,
        ..bench.central_config()
    }
}

async fn stop(secondaries: Vec<Secondary>) {
    for secondary in secondaries {
        secondary.handle.stop().await.unwrap();
    }
}

async fn conflicts(central: &Central, count: usize) -> Vec<Conflict> {
    until("conflicts", || async {
        let conflicts = central.handle.conflicts().await.ok()?;
        (conflicts.len() == count).then_some(conflicts)
    })
    .await
}

/// Another content takes the place of a file, as editors and rsync do it.
/// Waits until all secondaries show so many conflicts.
async fn all_know_of(secondaries: &[Secondary], count: usize) {
    for secondary in secondaries {
        until("conflicts at a secondary", || async {
            let status = secondary.handle.status().await.ok()?;
            (status.conflicts.len() == count).then_some(())
        })
        .await;
    }
}

fn replace(path: &Path, bytes: &[u8]) {
    let beside = path.with_file_name(".nuevo");
    fs::write(&beside, bytes).unwrap();
    fs::rename(beside, path).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_goes_everywhere_and_the_old_version_is_kept() {
    let (bench, central) = Bench::start(|_| {}).await;
    let (old, new) = (noise(1, 3_000_000), noise(2, 2_000_000));
    put(&bench.served(2, "curso/tema.mp4"), &old);
    let secondaries = three(&bench).await;
    everywhere(&bench, "curso/tema.mp4", Some(&old)).await;
    is_level(&central).await;
    replace(&bench.served(3, "curso/tema.mp4"), &new);
    everywhere(&bench, "curso/tema.mp4", Some(&new)).await;
    is_level(&central).await;
    for n in [1, 2] {
        let kept = tree(&bench.path(&format!("videos{n}/.trozos/retirados")));
        assert_eq!(kept.len(), 1, "{kept:?}");
        assert_eq!(kept[0].1, trozos::store::sha256(&old).to_string());
    }
    // An old backup of a secondary does not bring it back.
    let mut secondaries = secondaries;
    let one = secondaries.remove(0);
    one.handle.stop().await.unwrap();
    central.handle.stop().await.unwrap();
    put(&bench.served(1, "curso/tema.mp4"), &old);
    let central = start_central(again(&bench, 3)).await;
    secondaries.push(bench.secondary(1).await);
    everywhere(&bench, "curso/tema.mp4", Some(&new)).await;
    is_level(&central).await;
    stop(secondaries).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_renamed_while_it_is_changed_is_gone_everywhere() {
    use std::io::Write;
    let (bench, central) = Bench::start(|_| {}).await;
    put(&bench.served(1, "take.mp4"), b"first");
    let mut secondaries = three(&bench).await;
    everywhere(&bench, "take.mp4", Some(b"first")).await;
    is_level(&central).await;
    let path = bench.served(2, "take.mp4");
    let mut file = fs::File::options().append(true).open(&path).unwrap();
    file.write_all(b" and more").unwrap();
    until_not_serving(&mut secondaries[1], "take.mp4").await;
    // Before anybody has read what it became.
    fs::rename(&path, bench.served(2, "final.mp4")).unwrap();
    drop(file);
    everywhere(&bench, "take.mp4", None).await;
    everywhere(&bench, "final.mp4", Some(b"first and more")).await;
    is_level(&central).await;
    stop(secondaries).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_while_the_central_is_away_arrives_when_it_is_back() {
    let (bench, central) = Bench::start(|_| {}).await;
    for file in ["a", "b", "c", "folder/d"] {
        put(&bench.served(1, file), file.as_bytes());
    }
    let secondaries = three(&bench).await;
    everywhere(&bench, "folder/d", Some(b"folder/d")).await;
    is_level(&central).await;
    central.handle.stop().await.unwrap();
    fs::remove_file(bench.served(1, "a")).unwrap();
    replace(&bench.served(2, "b"), b"edited");
    fs::rename(bench.served(3, "folder"), bench.served(3, "other")).unwrap();
    put(&bench.served(3, "new"), b"new");
    // The secondary that deleted the file is started anew, too, after it has seen that.
    let mut secondaries = secondaries;
    let mut one = secondaries.remove(0);
    until_not_serving(&mut one, "a").await;
    one.handle.stop().await.unwrap();
    secondaries.push(bench.secondary(1).await);
    let central = start_central(again(&bench, 3)).await;
    everywhere(&bench, "a", None).await;
    everywhere(&bench, "b", Some(b"edited")).await;
    everywhere(&bench, "c", Some(b"c")).await;
    everywhere(&bench, "folder/d", None).await;
    everywhere(&bench, "other/d", Some(b"folder/d")).await;
    everywhere(&bench, "new", Some(b"new")).await;
    is_level(&central).await;
    stop(secondaries).await;
}

async fn until_not_serving(secondary: &mut Secondary, wanted: &str) {
    use trozos::node::secondary::SecondaryEvent;
    loop {
        let event = tokio::time::timeout(crate::support::DEADLINE, secondary.events.recv()).await;
        match event.unwrap().unwrap() {
            SecondaryEvent::NoLongerServing { file, .. } if file.as_str() == wanted => return,
            _ => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_that_were_changed_independently_are_kept_and_shown_until_somebody_decides() {
    let (bench, central) = Bench::start(|_| {}).await;
    put(&bench.served(1, "plan.txt"), b"first");
    let secondaries = three(&bench).await;
    everywhere(&bench, "plan.txt", Some(b"first")).await;
    is_level(&central).await;
    central.handle.stop().await.unwrap();
    replace(&bench.served(1, "plan.txt"), b"mine");
    replace(&bench.served(2, "plan.txt"), b"yours!");
    let central = start_central(again(&bench, 3)).await;
    let shown = conflicts(&central, 1).await;
    let status = central.handle.status().await.unwrap();
    assert!(!status.level && status.conflicts == 1, "{status:?}");
    assert_eq!(shown[0].versions.len(), 2, "{shown:?}");
    assert_eq!(read(&bench.served(1, "plan.txt")).unwrap(), b"mine");
    assert_eq!(read(&bench.served(2, "plan.txt")).unwrap(), b"yours!");
    // It is the same after all have been started anew, in another order.
    let offered = shown[0].versions[0].file.id;
    stop(secondaries).await;
    central.handle.stop().await.unwrap();
    let central = start_central(again(&bench, 3)).await;
    let mut secondaries = Vec::new();
    for n in [3, 2, 1] {
        secondaries.push(bench.secondary(n).await);
    }
    let shown = conflicts(&central, 1).await;
    until("all have told what they hold", || async {
        let conflicts = central.handle.conflicts().await.ok()?;
        (conflicts.first()?.versions.len() == 2).then_some(())
    })
    .await;
    assert_eq!(shown[0].versions[0].file.id, offered, "{shown:?}");
    for wrong in [0, 9] {
        let resolved = central.handle.resolve(name("plan.txt"), wrong).await;
        assert!(matches!(resolved, Ok(Resolved::NoSuchChoice(_))));
    }
    let missing = central.handle.resolve(name("nothing"), 1).await;
    assert_eq!(missing, Ok(Resolved::NoSuchFile));
    let resolved = central.handle.resolve(name("plan.txt"), 2).await;
    assert!(matches!(resolved, Ok(Resolved::To(_))), "{resolved:?}");
    everywhere(&bench, "plan.txt", Some(b"yours!")).await;
    is_level(&central).await;
    let kept = tree(&bench.path("videos1/.trozos/retirados"));
    let mine = trozos::store::sha256(b"mine").to_string();
    assert!(kept.iter().any(|(_, digest)| *digest == mine), "{kept:?}");
    stop(secondaries).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_of_what_nobody_has_any_more_begins_anew_with_the_new_version() {
    let (bench, central) = Bench::start(|config| config.required_secondaries = 1).await;
    let (old, new) = (noise(1, 8_000_000), noise(2, 3_000_000));
    put(&bench.served(1, "film.mp4"), &old);
    let mut config = bench.secondary_config(1);
    // Slow enough that it is replaced in the middle.
    config.upload_limit_bytes_per_s = Some(1_500_000);
    let secondary = crate::support::start_secondary(config).await;
    let mut client = bench.client("ana").await;
    client.level(1, 1).await;
    client.handle.download(name("film.mp4")).await.unwrap();
    loop {
        let event = client.events.recv().await.unwrap();
        if let ClientEvent::Download { what, .. } = event
            && matches!(what, DownloadEvent::Started { .. })
        {
            break;
        }
    }
    // In place: what was there before is nowhere any more.
    fs::write(bench.served(1, "film.mp4"), &new).unwrap();
    match client.finished().await {
        DownloadEvent::Complete(summary) => {
            assert!(fs::read(&summary.path).unwrap() == new);
        }
        other => panic!("{other:?}"),
    }
    client.handle.stop().await.unwrap();
    secondary.handle.stop().await.unwrap();
    central.handle.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_differ_in_their_unicode_form_are_found_and_are_a_conflict() {
    let (bench, central) = Bench::start(|_| {}).await;
    let (nfc, nfd) = ("a\u{f1}o.txt", "an\u{303}o.txt");
    put(&bench.served(1, nfd), b"decomposed");
    let secondaries = three(&bench).await;
    everywhere(&bench, nfd, Some(b"decomposed")).await;
    let mut client = bench.client("ana").await;
    client.handle.download(name(nfc)).await.unwrap();
    assert!(matches!(
        client.finished().await,
        DownloadEvent::Complete(_)
    ));
    put(&bench.served(2, nfc), b"composed");
    let shown = conflicts(&central, 1).await;
    assert_eq!(shown[0].versions.len(), 2, "{shown:?}");
    assert!(!central.handle.status().await.unwrap().level);
    // Whoever has either of them shows it, and so does the listing.
    all_know_of(&secondaries, 1).await;
    client
        .listing("shown", |listed| {
            listed.len() == 2 && listed.iter().all(|file| file.conflict)
        })
        .await;
    let composed = shown[0].versions.iter().find(|v| v.file.name == name(nfc));
    let choice = composed.unwrap().choice;
    let resolved = central.handle.resolve(name(nfd), choice).await;
    assert!(matches!(resolved, Ok(Resolved::To(_))), "{resolved:?}");
    everywhere(&bench, nfc, Some(b"composed")).await;
    everywhere(&bench, nfd, None).await;
    is_level(&central).await;
    all_know_of(&secondaries, 0).await;
    client.handle.stop().await.unwrap();
    stop(secondaries).await;
}
