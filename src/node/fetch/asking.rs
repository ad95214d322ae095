//! What a source is asked for on one connection: commands of the shell as lines, and what is still to come of them.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicU32, Ordering},
};

use parking_lot::{Mutex, MutexGuard};
use tokio::{
    sync::mpsc,
    time::{MissedTickBehavior, interval},
};

use super::{fault::Lost, messages::Command};
use crate::{
    model::{ChunkIndex, Part, limits::IDLE_TIMEOUT},
    node::greeting::Writer,
    proto::data::ToSource,
};

/// What was asked of a source.
#[derive(Debug, Default)]
pub(super) struct Asked {
    /// Chunks, or which part of each.
    chunks: Mutex<HashMap<ChunkIndex, Option<Part>>>,
    /// How many more the source may choose itself.
    any: AtomicU32,
}

impl Asked {
    pub(super) fn lock(&self) -> MutexGuard<'_, HashMap<ChunkIndex, Option<Part>>> {
        self.chunks.lock()
    }

    /// The source begins with a chunk that it was not asked for by name. False if it may not.
    pub(super) fn is_chosen(&self) -> bool {
        let one_less = |any: u32| any.checked_sub(1);
        self.any
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less)
            .is_ok()
    }
}

/// Sends commands as lines, many in one write; a sign of life when there are none.
pub(super) async fn write_all(
    mut writer: Writer,
    mut commands: mpsc::Receiver<Command>,
    asked: &Asked,
) -> Lost {
    let mut beat = interval(IDLE_TIMEOUT / 4);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    beat.reset();
    loop {
        let mut command = tokio::select! {
            command = commands.recv() => match command {
                Some(command) => Some(command),
                // The shell has let go: the reading side decides when it is over.
                None => return std::future::pending().await,
            },
            _ = beat.tick() => {
                writer.stage(&ToSource::Ping);
                None
            }
        };
        while let Some(next) = command {
            match next {
                Command::Request(chunk, lately) => {
                    asked.lock().insert(chunk, None);
                    writer.stage(&ToSource::Get {
                        chunk,
                        part: None,
                        lately,
                    });
                }
                Command::Any(wanted, lately, uplink) => {
                    asked.any.fetch_add(1, Ordering::Relaxed);
                    let wanted = *wanted;
                    writer.stage(&ToSource::Any {
                        lately,
                        uplink,
                        wanted,
                    });
                }
                Command::RequestPart(chunk, part) => {
                    let part = Some(part);
                    asked.lock().insert(chunk, part);
                    writer.stage(&ToSource::Get {
                        chunk,
                        part,
                        lately: None,
                    });
                }
                Command::Cancel(chunk) => writer.stage(&ToSource::Cancel { chunk }),
                Command::Close => writer.stage(&ToSource::Close),
            }
            command = commands.try_recv().ok();
        }
        if let Err(error) = writer.flush().await {
            return error.into();
        }
    }
}
