//! Many who count at once, and how long each waits: lines to trozos, `INCR` to redis, puts to etcd by its JSON gateway.
//! Prints one JSON document.

use std::{
    collections::VecDeque,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use clap::{Parser, ValueEnum};
use hdrhistogram::Histogram;

#[derive(Parser, Clone)]
struct Args {
    #[arg(long)]
    at: SocketAddr,
    #[arg(long)]
    what: What,
    /// Connections.
    #[arg(long, default_value_t = 20)]
    clients: u32,
    /// Orders of each that wait for their answers at once.
    #[arg(long, default_value_t = 1)]
    window: usize,
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// Orders in each second of all together; as many as are answered where it is not said.
    #[arg(long)]
    rate: Option<f64>,
}

#[derive(Clone, Copy, ValueEnum)]
enum What {
    Trozos,
    Redis,
    Etcd,
}

/// What one connection saw: microseconds, for each acknowledged order.
type Waits = Histogram<u64>;

fn main() -> Result<()> {
    let args = Args::parse();
    let began = Instant::now();
    let until = began + Duration::from_secs_f64(args.seconds);
    let threads = (0..args.clients).map(|client| {
        let args = args.clone();
        thread::spawn(move || count(&args, client, until))
    });
    let threads: Vec<_> = threads.collect();
    let mut all = waits()?;
    for thread in threads {
        match thread.join() {
            Ok(waits) => all.add(waits?)?,
            Err(_) => bail!("a thread failed"),
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    let ms = |quantile| all.value_at_quantile(quantile) as f64 / 1000.0;
    println!(
        "{{\"acknowledged\": {}, \"per_s\": {:.1}, \"p50_ms\": {:.3}, \"p99_ms\": {:.3}, \"worst_ms\": {:.3}}}",
        all.len(),
        all.len() as f64 / seconds,
        ms(0.5),
        ms(0.99),
        all.max() as f64 / 1000.0
    );
    Ok(())
}

fn waits() -> Result<Waits> {
    Ok(Histogram::new_with_bounds(1, 600_000_000, 3)?)
}

fn count(args: &Args, client: u32, until: Instant) -> Result<Waits> {
    let stream = TcpStream::connect(args.at).with_context(|| args.at.to_string())?;
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut writer = stream;
    let order = match args.what {
        What::Trozos => b"inc.1\n".to_vec(),
        What::Redis => b"INCR contador\r\n".to_vec(),
        What::Etcd => {
            // One key for each who counts, of the same length.
            let body = format!("{{\"key\":\"Yy0{:05}\",\"value\":\"MTIzNDU2\"}}", client);
            let head = format!("POST /v3/kv/put HTTP/1.1\r\nHost: {}\r\nContent-Length: {}\r\n\r\n", args.at, body.len());
            (head + &body).into_bytes()
        }
    };
    let every = args.rate.map(|rate| Duration::from_secs_f64(f64::from(args.clients) / rate));
    let mut next = Instant::now();
    let mut sent = VecDeque::new();
    let mut waits = waits()?;
    loop {
        let is_over = Instant::now() >= until;
        if is_over && sent.is_empty() {
            return Ok(waits);
        }
        let may_send = !is_over && sent.len() < args.window;
        if may_send && every.is_none_or(|_| next <= Instant::now()) {
            writer.write_all(&order)?;
            // One that is late was to be sent then.
            sent.push_back(if every.is_some() { next } else { Instant::now() });
            next += every.unwrap_or_default();
        } else if sent.is_empty() {
            thread::sleep(next.saturating_duration_since(Instant::now()));
        } else {
            answered(args.what, &mut reader)?;
            let at = sent.pop_front().context("nothing was sent")?;
            waits.saturating_record((at.elapsed().as_micros() as u64).max(1));
        }
    }
}

/// Reads one answer, which must be a good one.
fn answered(what: What, reader: &mut BufReader<TcpStream>) -> Result<()> {
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let good = match what {
        What::Trozos => "Estado ",
        What::Redis => ":",
        What::Etcd => "HTTP/1.1 200",
    };
    if !line.starts_with(good) {
        bail!("answered: {line:?}");
    }
    if let What::Etcd = what {
        let mut length = 0;
        loop {
            line.clear();
            reader.read_line(&mut line)?;
            let field = line.to_ascii_lowercase();
            if let Some(value) = field.strip_prefix("content-length:") {
                length = value.trim().parse()?;
            }
            if line.trim().is_empty() {
                break;
            }
        }
        std::io::copy(&mut reader.by_ref().take(length), &mut std::io::sink())?;
    }
    Ok(())
}
