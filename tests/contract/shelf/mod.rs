//! What a place of files promises, told once and tried on each: a folder, a bucket in memory, and buckets of real servers.
//! What needs a server is ignored here, and run by `.ci/run`.

mod copies;
mod faults;
mod files;
#[path = "../../support/relay.rs"]
mod relay;
#[path = "../../support/s3.rs"]
#[allow(dead_code)]
mod s3;

use std::{any::Any, path::PathBuf, sync::Arc};

use bytes::Bytes;
use trozos::{
    model::{ChunkLayout, FileMeta, FileName, IndexedFile, Manifest, Stamp},
    net::objects::{Expect, ObjectError, Objects},
    node::shelf::{FolderShelf, ObjectConfig, ObjectShelf, Shelf},
    store::{
        Root,
        index::{Disks, MissedDisks},
        indexed,
        retired::{Retired, RetiredLimits},
        sha256,
    },
};

/// A place, and a hand that changes what lies there behind its back.
pub struct Place {
    pub shelf: Arc<dyn Shelf>,
    pub hand: Hand,
    _kept: Box<dyn Any + Send>,
}

impl Drop for Place {
    fn drop(&mut self) {
        let shelf = Arc::clone(&self.shelf);
        std::thread::spawn(move || shelf.close()).join().unwrap();
    }
}

pub enum Hand {
    Folder(PathBuf),
    Objects(Objects),
}

impl Hand {
    pub async fn put(&self, name: &str, bytes: &[u8]) {
        match self {
            Self::Folder(folder) => {
                let path = folder.join(name);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, bytes).unwrap();
            }
            Self::Objects(objects) => {
                let bytes = Bytes::copy_from_slice(bytes);
                objects.put(name, bytes, &Expect::Anything).await.unwrap();
            }
        }
    }

    pub async fn remove(&self, name: &str) {
        match self {
            Self::Folder(folder) => std::fs::remove_file(folder.join(name)).unwrap(),
            Self::Objects(objects) => objects.remove(name).await.unwrap(),
        }
    }

    pub async fn get(&self, name: &str) -> Option<Vec<u8>> {
        match self {
            Self::Folder(folder) => std::fs::read(folder.join(name)).ok(),
            Self::Objects(objects) => match objects.read_small(name, 1 << 30).await {
                Ok(bytes) => Some(bytes.to_vec()),
                Err(ObjectError::NotThere) => None,
                Err(error) => panic!("{name}: {error}"),
            },
        }
    }
}

pub fn folder() -> Place {
    let kept = tempfile::tempdir().unwrap();
    let path = kept.path().join("served");
    let root = Root::create(&path).unwrap();
    let retired = Retired::new(root.clone(), RetiredLimits::default());
    let disks = kept.path().join("disks");
    let disks = Disks::open(disks, &path, MissedDisks::WaitedFor);
    Place {
        shelf: Arc::new(FolderShelf::new(root, retired, disks)),
        hand: Hand::Folder(path),
        _kept: Box::new(kept),
    }
}

/// A shelf of a bucket.
pub fn shelf_of(objects: &Objects) -> Arc<ObjectShelf> {
    let config = ObjectConfig {
        owner: "secundario7".to_owned(),
        look_every: None,
        retired: RetiredLimits::default(),
    };
    let runtime = tokio::runtime::Handle::current();
    Arc::new(ObjectShelf::new(objects.clone(), &config, runtime))
}

pub fn place_of(objects: Objects, kept: impl Any + Send) -> Place {
    Place {
        shelf: shelf_of(&objects),
        hand: Hand::Objects(objects),
        _kept: Box::new(kept),
    }
}

pub fn memory() -> Place {
    let name = format!("memory://contract-{:016x}/a/b", fastrand::u64(..));
    place_of(Objects::open(&name).unwrap(), ())
}

pub fn bucket(server: s3::S3) -> Place {
    let address = format!("s3://{}/un prefijo/ñ", s3::BUCKET);
    let objects = Objects::open_with(&address, s3::settings(server.address));
    place_of(objects.unwrap(), server)
}

/// Runs what blocks.
pub async fn blocking<T: Send + 'static>(
    place: &Place,
    work: impl FnOnce(&dyn Shelf) -> T + Send + 'static,
) -> T {
    let shelf = Arc::clone(&place.shelf);
    tokio::task::spawn_blocking(move || work(&*shelf))
        .await
        .unwrap()
}

pub fn name(text: &str) -> FileName {
    FileName::try_from(text).unwrap()
}

/// Bytes that are others at each place, and by each seed.
pub fn bytes_of(seed: u64, length: usize) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut bytes = vec![0; length];
    random.fill(&mut bytes);
    bytes
}

/// The digests of some bytes, made without the place.
pub fn manifest(bytes: &[u8]) -> Manifest {
    let layout = ChunkLayout::for_file(bytes.len() as u64).unwrap();
    let chunks = bytes.chunks(layout.chunk_bytes() as usize).map(sha256);
    Manifest::new(layout, sha256(bytes), chunks.collect()).unwrap()
}

/// A file as the last look found it, with the digests of what was put there.
pub async fn look(place: &Place, of: &str, bytes: &[u8]) -> Arc<IndexedFile> {
    let wanted = name(of);
    let stamp = blocking(place, move |shelf| {
        let scan = shelf.scan().unwrap();
        scan.look.files.get(&wanted).map(|seen| seen.stamp)
    });
    let stamp: Stamp = stamp.await.unwrap_or_else(|| panic!("{of} is not found"));
    Arc::new(indexed(name(of), stamp, Arc::new(manifest(bytes))))
}

pub fn meta(of: &str, bytes: &[u8]) -> FileMeta {
    let stamp = Stamp {
        device: 0,
        inode: 0,
        bytes: bytes.len() as u64,
        changed: Default::default(),
    };
    indexed(name(of), stamp, Arc::new(manifest(bytes))).meta
}

macro_rules! shelf_contract {
    ($place:expr, $attributes:tt) => {
        crate::shelf::shelf_contract!(@all $place, $attributes,
            what_is_there_is_found => crate::shelf::files::what_is_there_is_found,
            digests_are_those_of_the_bytes => crate::shelf::files::digests_are_those_of_the_bytes,
            any_range_is_read_as_it_is => crate::shelf::files::any_range_is_read_as_it_is,
            what_has_changed_is_never_mixed => crate::shelf::files::what_has_changed_is_never_mixed,
            what_is_gone_is_said_to_be => crate::shelf::files::what_is_gone_is_said_to_be,
            what_is_set_aside_comes_back => crate::shelf::files::what_is_set_aside_comes_back,
            only_what_was_meant_is_set_aside => crate::shelf::files::only_what_was_meant_is_set_aside,
        );
    };
    (@copies $place:expr, $attributes:tt) => {
        crate::shelf::shelf_contract!(@all $place, $attributes,
            copies_are_there_whole_or_not_at_all => crate::shelf::copies::copies_are_there_whole_or_not_at_all,
            no_copy_takes_the_name_of_another_file => crate::shelf::copies::no_copy_takes_the_name_of_another_file,
            an_older_version_is_set_aside => crate::shelf::copies::an_older_version_is_set_aside,
            what_a_killed_run_has_begun_is_given_up => crate::shelf::copies::what_a_killed_run_has_begun_is_given_up,
            digests_are_kept_beside_the_files => crate::shelf::copies::digests_are_kept_beside_the_files,
        );
    };
    (@all $place:expr, $attributes:tt, $($name:ident => $case:path,)+) => {
        $(crate::shelf::shelf_contract!(@one $place, $attributes, $name, $case);)+
    };
    (@one $place:expr, ($(#[$attribute:meta])*), $name:ident, $case:path) => {
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        $(#[$attribute])*
        async fn $name() {
            $case($place).await;
        }
    };
}
pub(crate) use shelf_contract;

mod in_a_folder {
    crate::shelf::shelf_contract!(crate::shelf::folder(), ());
}

mod in_memory {
    crate::shelf::shelf_contract!(crate::shelf::memory(), ());
    crate::shelf::shelf_contract!(@copies crate::shelf::memory(), ());
}

mod on_s3s {
    crate::shelf::shelf_contract!(crate::shelf::bucket(crate::shelf::s3::s3s()), (#[ignore = "needs trozos-s3"]));
    crate::shelf::shelf_contract!(@copies crate::shelf::bucket(crate::shelf::s3::s3s()), (#[ignore = "needs trozos-s3"]));
}

mod on_moto {
    crate::shelf::shelf_contract!(crate::shelf::bucket(crate::shelf::s3::moto()), (#[ignore = "needs moto"]));
    crate::shelf::shelf_contract!(@copies crate::shelf::bucket(crate::shelf::s3::moto()), (#[ignore = "needs moto"]));
}
