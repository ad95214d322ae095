//! Files for a demonstration, different ones per secondary, where there are none.

use std::{
    fs,
    io::Write,
    path::Path,
    time::{Duration, SystemTime},
};

use super::plan::folder_of;
use crate::{
    cli::{
        console::Printer,
        text::{t, units::bytes},
    },
    store::{Root, StoreError},
};

/// A real, playable film.
const FILM: &[u8] = include_bytes!("../../../data/muestras/pelicula.mp4");
/// The file that the demonstration downloads.
pub(super) const LARGE: &str = "muestra-grande.bin";
const LARGE_BYTES: u64 = 96 << 20;
/// Samples are so old that no secondary waits for whoever writes them.
const OLD: Duration = Duration::from_secs(3600);
const EPISODE_BYTES: u64 = 5_000_000;

/// What a sample is made of.
enum Content {
    /// Bytes that look random and are the same every time.
    Noise(u64),
    Bytes(&'static [u8]),
}

const SAMPLES: &[(u16, &str, Content)] = &[
    (1, LARGE, Content::Noise(LARGE_BYTES)),
    (2, "pelicula.mp4", Content::Bytes(FILM)),
    (2, "serie/capítulo 1.bin", Content::Noise(EPISODE_BYTES)),
    (3, "nota con ñ.txt", Content::Bytes("¡hola!\n".as_bytes())),
    (3, "vacío.txt", Content::Bytes(b"")),
];

/// Makes the samples, unless a folder holds anything.
///
/// # Errors
/// What the disk says.
pub(super) fn make(base: &Path, secondaries: u16, printer: &Printer) -> Result<(), StoreError> {
    for number in 1..=secondaries {
        let root = Root::create(&folder_of(base, number))?;
        let mut entries =
            fs::read_dir(root.path()).map_err(|error| StoreError::new(root.path(), &error))?;
        if entries
            .any(|entry| entry.is_ok_and(|e| !e.file_name().as_encoded_bytes().starts_with(b".")))
        {
            return Ok(());
        }
    }
    for (number, name, content) in SAMPLES {
        let path = folder_of(base, (*number).min(secondaries)).join(name);
        let size = match content {
            Content::Noise(length) => *length,
            Content::Bytes(bytes) => bytes.len() as u64,
        };
        printer.line(t!("demo-making", path = path, size = bytes(size)));
        write(&path, content).map_err(|error| StoreError::new(&path, &error))?;
    }
    Ok(())
}

fn write(path: &Path, content: &Content) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut file = fs::File::create(path)?;
    match content {
        Content::Bytes(bytes) => file.write_all(bytes)?,
        Content::Noise(length) => {
            let mut random = fastrand::Rng::with_seed(*length);
            let mut piece = vec![0; 1 << 20];
            let mut left = *length;
            while left > 0 {
                let count = left.min(piece.len() as u64) as usize;
                random.fill(&mut piece[..count]);
                file.write_all(&piece[..count])?;
                left -= count as u64;
            }
        }
    }
    file.set_modified(SystemTime::now() - OLD)
}
