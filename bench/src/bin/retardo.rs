//! A relay that holds every byte for a fixed time: a long path where the kernel has no netem. It keeps
//! whatever is on its way in memory, so it limits no rate of its own.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context, Result};
use clap::Parser;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::mpsc,
    time::{Instant, sleep_until},
};

#[derive(Parser)]
struct Args {
    /// Time each way, in milliseconds.
    #[arg(long)]
    ms: u64,
    /// LISTEN=TO addresses.
    routes: Vec<String>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    let hold = Duration::from_millis(args.ms);
    for route in &args.routes {
        let (listen, to) = route.split_once('=').context("LISTEN=TO")?;
        let (listen, to): (SocketAddr, SocketAddr) = (listen.parse()?, to.parse()?);
        let listener = TcpListener::bind(listen).await.with_context(|| listen.to_string())?;
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                tokio::spawn(relay(near, to, hold));
            }
        });
    }
    println!("listo");
    std::future::pending().await
}

async fn relay(near: TcpStream, to: SocketAddr, hold: Duration) -> Result<()> {
    // The handshake takes its round trip as well.
    tokio::time::sleep(2 * hold).await;
    let far = TcpStream::connect(to).await?;
    let _ = (near.set_nodelay(true), far.set_nodelay(true));
    let (near_read, near_write) = near.into_split();
    let (far_read, far_write) = far.into_split();
    let out = tokio::spawn(one_way(near_read, far_write, hold));
    let _ = one_way(far_read, near_write, hold).await;
    out.abort();
    Ok(())
}

async fn one_way(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, hold: Duration) -> Result<()> {
    let (sender, mut held) = mpsc::channel::<(Instant, Vec<u8>)>(1 << 16);
    let read = async move {
        loop {
            let mut piece = Vec::with_capacity(64 << 10);
            if from.read_buf(&mut piece).await? == 0 {
                return anyhow::Ok(());
            }
            sender.send((Instant::now() + hold, piece)).await?;
        }
    };
    let write = async move {
        while let Some((due, piece)) = held.recv().await {
            sleep_until(due).await;
            to.write_all(&piece).await?;
        }
        anyhow::Ok(())
    };
    let (read, written) = tokio::join!(read, write);
    read.and(written)
}
