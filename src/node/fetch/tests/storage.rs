use std::{fs, sync::Arc, time::Duration};

use tokio::time::{Instant, sleep};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::played::Sample;
use crate::{
    engine::download::Event,
    model::ChunkIndex,
    node::{
        Failure, WatchLimits, Watched,
        fetch::{
            buffers::Buffers,
            goal::{Folder, Goal, Own, Target},
            messages::{Done, Effects},
            storage::{Completion, Storage},
            update::FetchUpdate,
            writing::SinkSlot,
        },
    },
    store::{Existing, PartPlace, StoreError},
};

const MIB: usize = 1 << 20;

struct Scene {
    sample: Sample,
    folder: tempfile::TempDir,
    storage: Storage,
    slot: SinkSlot,
    unwanted: CancellationToken,
}

fn scene() -> Scene {
    in_folder(Sample::new(2 * MIB), tempfile::tempdir().unwrap(), "")
}

fn in_folder(sample: Sample, folder: tempfile::TempDir, below: &str) -> Scene {
    let goal = Goal::File(Target {
        root: Folder::Made(folder.path().join(below)),
        spot: None,
        existing: Existing::Keep,
        place: PartPlace::Beside,
        own: Own::Beside,
    });
    let (slot, unwanted) = (SinkSlot::default(), CancellationToken::new());
    let storage = Storage::new(
        goal,
        &Watched::new(sample.meta.clone(), Arc::default(), WatchLimits::ALONE),
        Arc::clone(&slot),
        unwanted.clone(),
        TaskTracker::new(),
    );
    Scene {
        sample,
        folder,
        storage,
        slot,
        unwanted,
    }
}

impl Scene {
    async fn opened(&mut self) -> Effects {
        self.storage.open(&self.sample.manifest);
        let done = self.storage.next().await.unwrap();
        self.storage.handle(done)
    }

    async fn write(&self, chunk: u32) {
        let chunk = ChunkIndex(chunk);
        let buffers = Buffers::new(self.sample.meta.layout);
        let mut buffer = buffers.try_get().unwrap();
        buffer.bytes.extend_from_slice(self.sample.chunk(chunk));
        let sink = Arc::clone(self.slot.get().unwrap());
        sink.keep(vec![(chunk, buffer)], &mut |_, kept| {
            kept.unwrap();
        });
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.collect();
        names.sort();
        names
    }
}

#[tokio::test(start_paused = true)]
async fn a_part_file_is_opened_once_and_gets_its_name_when_it_is_whole() {
    let mut scene = scene();
    assert!(matches!(scene.storage.complete(), Completion::Nowhere));
    let effects = scene.opened().await;
    assert!(effects.updates.is_empty());
    assert!(matches!(&effects.events[..], [Event::Ready { .. }]));
    // Another source is connected: there is nothing more to open.
    scene.storage.open(&scene.sample.manifest.clone());
    scene.write(0).await;
    scene.write(1).await;
    let Completion::Naming(naming) = scene.storage.complete() else {
        panic!("it has no name");
    };
    let path = naming.await.unwrap().unwrap();
    assert!(fs::read(path).unwrap() == *scene.sample.bytes);
    assert_eq!(scene.names(), ["a.mp4"]);
}

#[tokio::test(start_paused = true)]
async fn a_file_that_is_there_is_all_there_is_to_do() {
    let scene = scene();
    fs::write(scene.folder.path().join("a.mp4"), &*scene.sample.bytes).unwrap();
    let mut scene = in_folder(scene.sample, scene.folder, "");
    let effects = scene.opened().await;
    assert!(effects.events.is_empty() && effects.failure.is_none());
    assert!(scene.storage.is_already_there());
    assert!(matches!(
        scene.storage.complete(),
        Completion::AlreadyThere(_)
    ));
}

#[tokio::test(start_paused = true)]
async fn a_folder_that_cannot_be_is_this_sides_failure() {
    let scene = scene();
    fs::write(scene.folder.path().join("file"), b"no folder").unwrap();
    let mut scene = in_folder(scene.sample, scene.folder, "file");
    let effects = scene.opened().await;
    assert!(matches!(effects.failure, Some(Failure::Store(_))));
    // It is not tried again, and nothing is waited for.
    scene.storage.open(&scene.sample.manifest.clone());
    assert!(!scene.storage.give_up());
}

#[tokio::test(start_paused = true)]
async fn what_was_written_is_synced_five_seconds_later_and_not_again() {
    let mut scene = scene();
    scene.opened().await;
    let began = Instant::now();
    scene.write(0).await;
    let synced = loop {
        scene.storage.sync_if_due();
        tokio::select! {
            done = scene.storage.next() => break done.unwrap(),
            () = sleep(Duration::from_millis(250)) => {}
        }
    };
    assert!(matches!(synced, Done::Synced(Ok(()))));
    assert_eq!(began.elapsed(), Duration::from_secs(5));
    scene.storage.handle(synced);
    for _ in 0..100 {
        scene.storage.sync_if_due();
        sleep(Duration::from_secs(1)).await;
    }
    let more = tokio::time::timeout(Duration::from_secs(1), scene.storage.next());
    assert!(more.await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_sync_that_fails_and_work_that_panics_are_this_sides_failures() {
    let mut scene = scene();
    scene.opened().await;
    let full = StoreError::DiskFull("a".into());
    let effects = scene.storage.handle(Done::Synced(Err(full.clone())));
    assert_eq!(effects.failure, Some(Failure::Store(full)));
    let effects = scene.storage.handle(Done::Broken);
    assert_eq!(effects.failure, Some(Failure::Broken));
}

#[tokio::test(start_paused = true)]
async fn what_is_there_at_the_end_is_kept_or_taken_away_as_its_owner_wants() {
    for is_wanted in [true, false] {
        let mut scene = scene();
        scene.opened().await;
        scene.write(1).await;
        if !is_wanted {
            scene.unwanted.cancel();
        }
        assert!(!scene.storage.give_up());
        scene.storage.leave(None).await.unwrap();
        let left = scene.names();
        assert_eq!(left.len(), if is_wanted { 2 } else { 0 }, "{left:?}");
        if is_wanted {
            drop((scene.storage, scene.slot));
            let mut again = in_folder(scene.sample, scene.folder, "");
            let effects = again.opened().await;
            let resumed = &effects.updates[..];
            assert!(
                matches!(resumed, [FetchUpdate::Resumed { bytes }] if *bytes == MIB as u64),
                "{resumed:?}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_part_file_that_is_opened_too_late_is_left() {
    let mut scene = scene();
    scene.storage.open(&scene.sample.manifest);
    assert!(scene.storage.give_up());
    scene.unwanted.cancel();
    // Nobody takes the result.
    scene.storage.leave(None).await.unwrap();
    scene.storage.close();
    drop(scene.storage);
    for _ in 0..1000 {
        let others = || std::thread::sleep(Duration::from_millis(1));
        tokio::task::spawn_blocking(others).await.unwrap();
        if fs::read_dir(scene.folder.path()).unwrap().next().is_none() {
            return;
        }
    }
    panic!("{:?}", fs::read_dir(scene.folder.path()).unwrap().next());
}
