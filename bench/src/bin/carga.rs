//! Many clients in one process, as cheap as they can be: they speak the protocol and keep nothing.
//!
//! `carga control` loads a central: clients that connect, list, ask for a file and wait. `carga datos` loads
//! a secondary: clients that ask for chunks and throw them away. `carga lastre` hangs on to one: clients that
//! do nothing, or next to nothing.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use clap::Parser;
use hdrhistogram::Histogram;
use tokio::{
    sync::{Barrier, mpsc, watch},
    time::sleep,
};
use trozos::{
    model::{
        ChunkIndex, ClientName, FileMeta, FileName, RequestId, TransferId,
        messages::{Answer, ForClient, FromClient, Question},
    },
    net::{self, LineReader, LineWriter, Network, ReadSide, WriteSide, connect, split},
    proto::{
        Hello, Lines, PeerRole,
        control::{FromCentral, ToCentral},
        data::{FromSource, ToSource},
    },
};

#[derive(Parser)]
enum Args {
    /// Clients of a central.
    Control {
        #[arg(long)]
        central: SocketAddr,
        #[arg(long)]
        clients: usize,
        /// A file that all of them ask for.
        #[arg(long)]
        file: Option<String>,
        /// How long they stay, in seconds.
        #[arg(long, default_value_t = 5.0)]
        seconds: f64,
        /// Listings per second of the one client whose answers are timed.
        #[arg(long, default_value_t = 100.0)]
        probes: f64,
    },
    /// The time from connecting to the central to the first byte of a file.
    Primero {
        #[arg(long)]
        central: SocketAddr,
        #[arg(long)]
        file: String,
        #[arg(long, default_value_t = 50)]
        times: usize,
    },
    /// Receivers of one file from one secondary.
    Datos {
        #[arg(long)]
        central: SocketAddr,
        #[arg(long)]
        file: String,
        #[arg(long)]
        clients: usize,
        #[arg(long, default_value_t = 5.0)]
        seconds: f64,
    },
    /// Receivers of one file from one secondary that are of no use: some say hello and nothing more, some ask
    /// for chunks and read a few bytes per second. They say when they are all there, and stay until the end of
    /// the standard input.
    Lastre {
        #[arg(long)]
        central: SocketAddr,
        #[arg(long)]
        file: String,
        #[arg(long)]
        idle: usize,
        #[arg(long)]
        slow: usize,
    },
}

#[tokio::main]
async fn main() -> Result<()> {
    match Args::parse() {
        Args::Control { central, clients, file, seconds, probes } => {
            control(central, clients, file, Duration::from_secs_f64(seconds), probes).await
        }
        Args::Primero { central, file, times } => first_bytes(central, &file, times).await,
        Args::Datos { central, file, clients, seconds } => {
            data(central, &file, clients, Duration::from_secs_f64(seconds)).await
        }
        Args::Lastre { central, file, idle, slow } => dead_weight(central, &file, idle, slow).await,
    }
}

/// A client's connection to a central.
struct Control {
    reader: LineReader<ReadSide>,
    writer: LineWriter<WriteSide>,
}

impl Control {
    async fn open(central: SocketAddr, name: &str) -> Result<Self> {
        let (socket, _) = connect(&Network::Kernel, &[central]).await?;
        let (reader, writer) = split(socket, Duration::from_secs(30));
        let mut control = Self { reader, writer };
        let name = ClientName::try_from(name).ok().context("name")?;
        let hello = Hello::from_role(&PeerRole::Client { name: Some(name), session: None });
        control.writer.send(&ToCentral::Hello(hello)).await?;
        control.until(|message| matches!(message, FromCentral::Hello(_)).then_some(())).await?;
        Ok(control)
    }

    async fn until<T>(&mut self, mut wanted: impl FnMut(FromCentral) -> Option<T>) -> Result<T> {
        loop {
            let line = self.reader.next_line().await?.context("the central closed")?;
            let message = Lines::parse(&line)?;
            if let FromCentral::Error { message, .. } = message {
                bail!("central: {message}");
            }
            if let Some(found) = wanted(message) {
                return Ok(found);
            }
        }
    }

    /// One page; the last name when there is more.
    async fn page(&mut self, after: Option<FileName>) -> Result<(usize, Option<FileName>)> {
        self.writer.send(&Question::List { after }).await?;
        self.until(|message| match message {
            FromCentral::Answer(Answer::Listing { files, more, .. }) => {
                let last = files.last().map(|listed| listed.file.name.clone());
                Some((files.len(), last.filter(|_| more)))
            }
            _ => None,
        })
        .await
    }
}

async fn control(central: SocketAddr, clients: usize, file: Option<String>, stay: Duration, probes: f64) -> Result<()> {
    let (times, mut timed) = mpsc::unbounded_channel();
    let (over, ended) = watch::channel(false);
    let start = Arc::new(Barrier::new(clients + 1));
    let tasks: Vec<_> = (0..clients)
        .map(|n| {
            let (times, mut ended, start, file) = (times.clone(), ended.clone(), Arc::clone(&start), file.clone());
            tokio::spawn(async move {
                start.wait().await;
                let mut client = Control::open(central, &format!("cliente{n}")).await?;
                let began = Instant::now();
                client.page(None).await?;
                let _ = times.send((false, began.elapsed()));
                if let Some(file) = file {
                    let name = FileName::try_from(file.as_str()).ok().context("file")?;
                    let request = RequestId(1);
                    client.writer.send(&FromClient::Download { request, name }).await?;
                    client
                        .until(|message| {
                            let FromCentral::Client(message) = message else {
                                return None;
                            };
                            matches!(message, ForClient::Granted { .. } | ForClient::Queued { .. }).then_some(())
                        })
                        .await?;
                }
                // Signs of life, as every client gives them; what the central says meanwhile is read.
                loop {
                    tokio::select! {
                        () = sleep(Duration::from_secs(2)) => client.writer.send(&ToCentral::Ping).await?,
                        line = client.reader.next_line() => { line?.context("the central closed")?; }
                        _ = ended.changed() => return anyhow::Ok(()),
                    }
                }
            })
        })
        .collect();
    let mut probe = Control::open(central, "sonda").await?;
    start.wait().await;
    let began = Instant::now();
    let mut files = 0;
    while began.elapsed() < stay {
        let asked = Instant::now();
        files = probe.page(None).await?.0;
        let _ = times.send((true, asked.elapsed()));
        sleep(Duration::from_secs_f64(1.0 / probes)).await;
    }
    over.send_replace(true);
    let mut failed = 0;
    for task in tasks {
        failed += usize::from(task.await?.is_err());
    }
    drop(times);
    let mut probed = Histogram::<u64>::new(3)?;
    let mut first = Histogram::<u64>::new(3)?;
    while let Some((is_probe, took)) = timed.recv().await {
        let histogram = if is_probe { &mut probed } else { &mut first };
        histogram.record(took.as_micros() as u64)?;
    }
    println!(
        "{{\"clients\": {clients}, \"failed\": {failed}, \"files_on_page\": {files}, \"probe\": {}, \"first\": {}}}",
        json(&probed),
        json(&first)
    );
    Ok(())
}

/// Milliseconds.
fn json(histogram: &Histogram<u64>) -> String {
    let ms = |quantile| histogram.value_at_quantile(quantile) as f64 / 1000.0;
    format!(
        "{{\"count\": {}, \"p50_ms\": {}, \"p99_ms\": {}, \"max_ms\": {}}}",
        histogram.len(),
        ms(0.5),
        ms(0.99),
        histogram.max() as f64 / 1000.0
    )
}

/// A grant: the transfer, the file, a secondary's address.
async fn grant(control: &mut Control, request: RequestId, file: &str) -> Result<(TransferId, FileMeta, SocketAddr)> {
    let name = FileName::try_from(file).ok().context("file")?;
    control.writer.send(&FromClient::Download { request, name }).await?;
    control
        .until(|message| match message {
            FromCentral::Client(ForClient::Granted { grant, .. }) => {
                let source = grant.sources.first()?;
                Some(Ok((grant.transfer, grant.file.clone(), source.address)))
            }
            FromCentral::Refused { message, .. } => Some(Err(anyhow::anyhow!(message))),
            _ => None,
        })
        .await?
}

/// A receiver's connection to a secondary, with a file open.
struct Data {
    reader: LineReader<ReadSide>,
    writer: LineWriter<WriteSide>,
}

impl Data {
    async fn open(address: SocketAddr, client: &str, transfer: TransferId, file: &FileMeta) -> Result<Self> {
        let (socket, _) = connect(&Network::Kernel, &[address]).await?;
        let (reader, mut writer) = split(socket, Duration::from_secs(60));
        let name = ClientName::try_from(client).ok().context("name")?;
        writer.stage(&ToSource::Hello(Hello::from_role(&PeerRole::Client { name: Some(name), session: None })));
        writer.stage(&ToSource::Open { transfer, id: file.id, name: file.name.clone(), manifest: false, queued: true, ticket: None });
        writer.flush().await?;
        Ok(Self { reader, writer })
    }

    /// The length of the next frame, which is thrown away.
    async fn frame(&mut self, sink: &mut Vec<u8>) -> Result<u64> {
        loop {
            let line = self.reader.next_line().await?.context("the secondary closed")?;
            match Lines::parse(&line)? {
                FromSource::Data { length, .. } => {
                    let mut left = length as usize;
                    while left > 0 {
                        sink.clear();
                        left -= self.reader.read_raw(sink, left.min(64 << 10)).await?;
                    }
                    return Ok(u64::from(length));
                }
                FromSource::Hello(_) | FromSource::Opened { .. } | FromSource::Queued | FromSource::Ping => {}
                other => bail!("{other:?}"),
            }
        }
    }
}

async fn first_bytes(central: SocketAddr, file: &str, times: usize) -> Result<()> {
    let mut all = Histogram::<u64>::new(3)?;
    for n in 0..times {
        let began = Instant::now();
        let mut control = Control::open(central, &format!("primero{n}")).await?;
        let (transfer, meta, address) = grant(&mut control, RequestId(1), file).await?;
        let mut data = Data::open(address, "primero", transfer, &meta).await?;
        data.writer.send(&ToSource::Get { chunk: ChunkIndex(0), part: None, lately: None }).await?;
        data.frame(&mut Vec::with_capacity(64 << 10)).await?;
        all.record(began.elapsed().as_micros() as u64)?;
    }
    println!("{}", json(&all));
    Ok(())
}

async fn dead_weight(central: SocketAddr, file: &str, idle: usize, slow: usize) -> Result<()> {
    net::connection_permits();
    let mut control = Control::open(central, "lastre").await?;
    let (_, meta, address) = grant(&mut control, RequestId(1), file).await?;
    let mut kept = Vec::new();
    for n in 0..idle {
        kept.push(
            Data::open(address, &format!("parado{n}"), TransferId::without_term(2_000_000 + n as u64), &meta).await?,
        );
    }
    let window = meta.layout.chunk_count().min(64);
    for n in 0..slow {
        let transfer = TransferId::without_term(3_000_000 + n as u64);
        let mut data = Data::open(address, &format!("lento{n}"), transfer, &meta).await?;
        for chunk in 0..window {
            data.writer.stage(&ToSource::Get { chunk: ChunkIndex(chunk), part: None, lately: None });
        }
        data.writer.flush().await?;
        tokio::spawn(drip(data));
    }
    println!("{{\"idle\": {idle}, \"slow\": {slow}}}");
    let wait = tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink()));
    tokio::select! {
        _ = wait => Ok(()),
        ended = stay(&mut control) => ended,
    }
}

/// Reads a few bytes per second until the other side has enough of it.
async fn drip(mut data: Data) -> Result<()> {
    let mut sink = Vec::new();
    loop {
        sink.clear();
        data.reader.read_raw(&mut sink, 16).await?;
        sleep(Duration::from_secs(1)).await;
    }
}

/// Gives signs of life to the central, and reads what it says.
async fn stay(control: &mut Control) -> Result<()> {
    loop {
        tokio::select! {
            () = sleep(Duration::from_secs(2)) => control.writer.send(&ToCentral::Ping).await?,
            line = control.reader.next_line() => { line?.context("the central closed")?; }
        }
    }
}

async fn data(central: SocketAddr, file: &str, clients: usize, stay: Duration) -> Result<()> {
    let mut control = Control::open(central, "datos").await?;
    let (_, meta, address) = grant(&mut control, RequestId(1), file).await?;
    let tasks: Vec<_> = (0..clients)
        .map(|n| {
            let meta = meta.clone();
            tokio::spawn(async move {
                let transfer = TransferId::without_term(1_000_000 + n as u64);
                let mut data = Data::open(address, &format!("datos{n}"), transfer, &meta).await?;
                let count = meta.layout.chunk_count();
                let mut sink = Vec::with_capacity(64 << 10);
                let (mut bytes, began) = (0, Instant::now());
                let mut next = (n as u32 * 7) % count;
                while began.elapsed() < stay {
                    data.writer.send(&ToSource::Get { chunk: ChunkIndex(next), part: None, lately: None }).await?;
                    let length = u64::from(meta.layout.chunk_len(ChunkIndex(next)));
                    let end = bytes + length;
                    while bytes < end {
                        bytes += data.frame(&mut sink).await?;
                    }
                    next = (next + 1) % count;
                }
                anyhow::Ok(bytes)
            })
        })
        .collect();
    let (mut bytes, mut failed) = (0, 0);
    for task in tasks {
        match task.await? {
            Ok(count) => bytes += count,
            Err(error) => {
                eprintln!("{error:#}");
                failed += 1;
            }
        }
    }
    println!("{{\"clients\": {clients}, \"failed\": {failed}, \"bytes\": {bytes}}}");
    Ok(())
}
