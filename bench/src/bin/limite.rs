//! What a machine can do at best for this job: threads that send a file by sendfile on one side, as many
//! that receive, hash and pwrite on the other. No protocol: each connection carries every third chunk of
//! the file in order, and both sides know it.
//!
//! Two processes, as in the real thing: `limite enviar` listens, `limite recibir` connects.

use std::{
    fs::File,
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    os::unix::fs::FileExt,
    path::PathBuf,
    sync::Arc,
    time::Instant,
};

use anyhow::{Context, Result, ensure};
use clap::{Parser, ValueEnum};

const CHUNK_BYTES: u64 = 1 << 20;

#[derive(Parser)]
enum Command {
    /// Sends a file to whoever connects, one connection per thread, until it is killed.
    Enviar {
        #[arg(long)]
        file: PathBuf,
        #[arg(long)]
        listen: SocketAddr,
    },
    /// Receives the file over `threads` connections.
    Recibir {
        #[arg(long)]
        file: PathBuf,
        #[arg(long)]
        bytes: u64,
        #[arg(long)]
        from: SocketAddr,
        #[arg(long, default_value_t = 3)]
        threads: u64,
        #[arg(long, value_enum, default_value_t = Hash::One)]
        hash: Hash,
        /// Flush the file to the disk at the end.
        #[arg(long)]
        sync: bool,
        /// Take the file's space (fallocate) before anything is written.
        #[arg(long)]
        reserve: bool,
        /// Throw the bytes away after hashing.
        #[arg(long)]
        no_file: bool,
    },
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Hash {
    /// Nothing is hashed.
    None,
    /// One chunk after the other.
    One,
    /// Several chunks side by side in the lanes of vector registers.
    Many,
}

fn main() -> Result<()> {
    match Command::parse() {
        Command::Enviar { file, listen } => send(&file, listen),
        Command::Recibir { file, bytes, from, threads, hash, sync, reserve, no_file } => {
            let began = Instant::now();
            let target = Arc::new(File::create(&file).with_context(|| file.display().to_string())?);
            if reserve {
                rustix::fs::fallocate(&*target, rustix::fs::FallocateFlags::empty(), 0, bytes)?;
            }
            receive(&target, bytes, from, threads, hash, no_file)?;
            if sync {
                target.sync_data()?;
            }
            println!("{:.3}", began.elapsed().as_secs_f64());
            Ok(())
        }
    }
}

/// The chunks of one of `threads` connections.
fn chunks(bytes: u64, thread: u64, threads: u64) -> impl Iterator<Item = (u64, u64)> {
    (thread..bytes.div_ceil(CHUNK_BYTES)).step_by(threads as usize).map(move |chunk| {
        let start = chunk * CHUNK_BYTES;
        (start, (bytes - start).min(CHUNK_BYTES))
    })
}

fn send(path: &PathBuf, listen: SocketAddr) -> Result<()> {
    let file = Arc::new(File::open(path).with_context(|| path.display().to_string())?);
    let listener = TcpListener::bind(listen).with_context(|| listen.to_string())?;
    for stream in listener.incoming() {
        let (mut stream, file) = (stream?, Arc::clone(&file));
        std::thread::spawn(move || -> Result<()> {
            let mut which = [0; 16];
            stream.read_exact(&mut which)?;
            let number = |at: usize| u64::from_le_bytes(std::array::from_fn(|i| which[at + i]));
            let length = file.metadata()?.len();
            for (start, count) in chunks(length, number(0), number(8)) {
                let mut at = start;
                while at < start + count {
                    let left = (start + count - at) as usize;
                    ensure!(rustix::fs::sendfile(&stream, &file, Some(&mut at), left)? > 0, "cut short");
                }
            }
            Ok(())
        });
    }
    Ok(())
}

fn receive(file: &Arc<File>, bytes: u64, from: SocketAddr, threads: u64, hash: Hash, no_file: bool) -> Result<()> {
    let workers: Vec<_> = (0..threads)
        .map(|thread| {
            let file = Arc::clone(file);
            std::thread::spawn(move || receive_part(&file, bytes, from, thread, threads, hash, no_file))
        })
        .collect();
    for worker in workers {
        worker.join().map_err(|_| anyhow::anyhow!("a thread failed"))??;
    }
    Ok(())
}

fn receive_part(
    file: &File,
    bytes: u64,
    from: SocketAddr,
    thread: u64,
    threads: u64,
    hash: Hash,
    no_file: bool,
) -> Result<()> {
    let mut stream = TcpStream::connect(from)?;
    stream.write_all(&[thread.to_le_bytes(), threads.to_le_bytes()].concat())?;
    let at_once = if hash == Hash::Many { tape_sha256::lane_width().clamp(1, 16) } else { 1 };
    let mut buffers = vec![vec![0; CHUNK_BYTES as usize]; at_once];
    let all: Vec<_> = chunks(bytes, thread, threads).collect();
    for group in all.chunks(at_once) {
        for ((_, length), buffer) in group.iter().zip(&mut buffers) {
            stream.read_exact(&mut buffer[..*length as usize])?;
        }
        let read: Vec<&[u8]> =
            group.iter().zip(&buffers).map(|((_, length), buffer)| &buffer[..*length as usize]).collect();
        match hash {
            Hash::None => {}
            Hash::One => {
                for chunk in &read {
                    std::hint::black_box(ring::digest::digest(&ring::digest::SHA256, chunk));
                }
            }
            Hash::Many => {
                let mut digests = vec![[0; 32]; read.len()];
                tape_sha256::hash_many(&read, &mut digests);
                std::hint::black_box(digests);
            }
        }
        if !no_file {
            for ((start, _), chunk) in group.iter().zip(&read) {
                file.write_all_at(chunk, *start)?;
            }
        }
    }
    Ok(())
}
