//! A network in memory and in tokio's time, for tests: hosts with addresses, connections that keep order and lose
//! nothing while they stand, links that are slow, cut in one direction, or reset, processes that are frozen or killed.
//! With a paused clock a wait takes no time, and nothing depends on what else the machine does.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard},
    task::{Context, Poll, Waker},
    time::Duration,
};

use bytes::{Buf, Bytes};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::mpsc,
    time::{Instant, Sleep, sleep, sleep_until},
};

use super::{Network, socket::Socket};

/// What one direction of a connection holds that its reader has not taken, in bytes.
const WINDOW_BYTES: usize = 256 << 10;
/// Connections that wait to be accepted.
const BACKLOG: usize = 1024;
/// The first port that a host connects from.
const FIRST_PORT: u16 = 49_152;

/// All hosts and what is between them. Copies are the same.
#[derive(Clone, Debug, Default)]
pub struct MemoryNetwork(Arc<Mutex<World>>);

/// A host of such a network: where a node is started.
#[derive(Clone, Debug)]
pub struct MemoryHost {
    network: MemoryNetwork,
    ip: IpAddr,
    /// How often processes of it had been killed.
    kills: u32,
}

#[derive(Debug, Default)]
struct World {
    /// One way, on every link.
    latency: Duration,
    /// What each host can send.
    bytes_per_s: Option<u64>,
    /// When a host's uplink is free again.
    uplinks: BTreeMap<IpAddr, Instant>,
    listeners: BTreeMap<SocketAddr, mpsc::Sender<(Socket, SocketAddr)>>,
    /// From one host to another nothing passes.
    cuts: BTreeSet<(IpAddr, IpAddr)>,
    /// Their processes do nothing; the kernel goes on.
    frozen: BTreeSet<IpAddr>,
    kills: BTreeMap<IpAddr, u32>,
    pipes: BTreeMap<u64, Pipe>,
    next_pipe: u64,
    next_port: u16,
}

/// One direction of a connection.
#[derive(Debug)]
struct Pipe {
    from: SocketAddr,
    to: SocketAddr,
    segments: VecDeque<(Instant, Bytes)>,
    waiting_bytes: usize,
    last_arrival: Instant,
    /// The writer has ended it.
    ended: Option<Instant>,
    is_reset: bool,
    has_reader: bool,
    has_writer: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

impl Pipe {
    fn wake(&mut self) {
        for waker in [self.reader.take(), self.writer.take()] {
            waker.into_iter().for_each(Waker::wake);
        }
    }
}

/// A host's address.
pub fn ip(host: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(10, 0, 0, host))
}

impl MemoryNetwork {
    /// One of its hosts, as nodes see it.
    pub fn host(&self, host: u8) -> Network {
        let ip = ip(host);
        Network::Memory(MemoryHost {
            network: self.clone(),
            ip,
            kills: self.world().killed(ip),
        })
    }

    /// How long bytes are on their way from now on.
    pub fn set_latency(&self, latency: Duration) {
        self.world().latency = latency;
    }

    /// What each host can send from now on.
    pub fn set_uplinks(&self, bytes_per_s: u64) {
        self.world().bytes_per_s = Some(bytes_per_s);
    }

    /// Nothing passes from one host to another any more, and nobody is told.
    pub fn cut(&self, from: u8, to: u8) {
        self.world().cuts.insert((ip(from), ip(to)));
    }

    /// What was sent meanwhile arrives.
    pub fn mend(&self, from: u8, to: u8) {
        let mut world = self.world();
        world.cuts.remove(&(ip(from), ip(to)));
        world.wake(|_| true);
    }

    /// A host's process stands still: it reads and writes nothing, and whoever connects gets no answer.
    pub fn freeze(&self, host: u8) {
        self.world().frozen.insert(ip(host));
    }

    /// It goes on.
    pub fn thaw(&self, host: u8) {
        let mut world = self.world();
        world.frozen.remove(&ip(host));
        world.wake(|_| true);
    }

    /// All connections between two hosts are reset.
    pub fn reset(&self, one: u8, other: u8) {
        let (one, other) = (ip(one), ip(other));
        self.world().reset(|pipe| {
            let ends = (pipe.from.ip(), pipe.to.ip());
            ends == (one, other) || ends == (other, one)
        });
    }

    /// A host's process has gone: its connections are reset, and who connects is refused. What is left of it in this
    /// process reaches nobody.
    pub fn kill(&self, host: u8) {
        let gone = ip(host);
        let mut world = self.world();
        *world.kills.entry(gone).or_default() += 1;
        world.listeners.retain(|address, _| address.ip() != gone);
        world.reset(|pipe| pipe.from.ip() == gone || pipe.to.ip() == gone);
    }

    /// How many connections stand.
    pub fn connections(&self) -> usize {
        let world = self.world();
        let stand = world.pipes.values().filter(|pipe| !pipe.is_reset);
        stand.count() / 2
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap()
    }
}

impl World {
    fn killed(&self, host: IpAddr) -> u32 {
        self.kills.get(&host).copied().unwrap_or_default()
    }

    fn wake(&mut self, which: impl Fn(&Pipe) -> bool) {
        let pipes = self.pipes.values_mut();
        pipes.filter(|pipe| which(pipe)).for_each(Pipe::wake);
    }

    fn reset(&mut self, which: impl Fn(&Pipe) -> bool) {
        for pipe in self.pipes.values_mut().filter(|pipe| which(pipe)) {
            pipe.is_reset = true;
            pipe.segments.clear();
            pipe.wake();
        }
    }

    fn pipe(&mut self, from: SocketAddr, to: SocketAddr) -> u64 {
        self.next_pipe += 1;
        self.pipes.insert(
            self.next_pipe,
            Pipe {
                from,
                to,
                segments: VecDeque::new(),
                waiting_bytes: 0,
                last_arrival: Instant::now(),
                ended: None,
                is_reset: false,
                has_reader: true,
                has_writer: true,
                reader: None,
                writer: None,
            },
        );
        self.next_pipe
    }

    /// When something that is sent now arrives, after all that was sent before.
    fn arrival(&mut self, pipe: u64, bytes: usize) -> Instant {
        let now = Instant::now();
        let (from, to) = {
            let pipe = &self.pipes[&pipe];
            (pipe.from.ip(), pipe.to.ip())
        };
        let sent = match self.bytes_per_s {
            Some(rate) if from != to => {
                let uplink = self.uplinks.entry(from).or_insert(now);
                let takes = Duration::from_secs_f64(bytes as f64 / rate as f64);
                *uplink = (*uplink).max(now) + takes;
                *uplink
            }
            _ => now,
        };
        let latency = if from == to {
            Duration::ZERO
        } else {
            self.latency
        };
        let pipe = self.pipes.get_mut(&pipe).unwrap();
        pipe.last_arrival = pipe.last_arrival.max(sent + latency);
        pipe.last_arrival
    }

    fn forget(&mut self, pipe: u64) {
        let state = &self.pipes[&pipe];
        if !state.has_reader && !state.has_writer {
            self.pipes.remove(&pipe);
        }
    }
}

impl MemoryHost {
    pub(super) fn listen(&self, address: SocketAddr) -> io::Result<MemoryListener> {
        let mut world = self.network.world();
        world.next_port = world.next_port.max(FIRST_PORT) + 1;
        let port = match address.port() {
            0 => world.next_port,
            port => port,
        };
        let address = SocketAddr::new(self.ip, port);
        if world
            .listeners
            .get(&address)
            .is_some_and(|l| !l.is_closed())
        {
            return Err(io::ErrorKind::AddrInUse.into());
        }
        let (sender, incoming) = mpsc::channel(BACKLOG);
        world.listeners.insert(address, sender);
        Ok(MemoryListener { address, incoming })
    }

    /// Waits for ever where the kernel would, too.
    pub(super) async fn connect(&self, to: SocketAddr) -> io::Result<Socket> {
        let (there, round_trip) = {
            let mut world = self.network.world();
            world.next_port = world.next_port.max(FIRST_PORT) + 1;
            let local = SocketAddr::new(self.ip, world.next_port);
            let is_cut = [(local.ip(), to.ip()), (to.ip(), local.ip())]
                .iter()
                .any(|link| world.cuts.contains(link));
            let is_alive = world.killed(self.ip) == self.kills;
            let there = (is_alive && !is_cut).then(|| (local, world.listeners.get(&to).cloned()));
            (there, world.latency * 2)
        };
        let Some((local, listener)) = there else {
            return std::future::pending().await;
        };
        sleep(round_trip).await;
        let refused = || io::Error::from(io::ErrorKind::ConnectionRefused);
        let listener = listener.ok_or_else(refused)?;
        let (near, far) = {
            let mut world = self.network.world();
            let (up, down) = (world.pipe(local, to), world.pipe(to, local));
            (
                MemorySocket::new(&self.network, (local, to), (down, up)),
                MemorySocket::new(&self.network, (to, local), (up, down)),
            )
        };
        let accepted = listener.try_send((Socket::Memory(far), local));
        accepted.map_err(|_| refused())?;
        Ok(Socket::Memory(near))
    }
}

/// Where connections come in.
#[derive(Debug)]
pub struct MemoryListener {
    pub(super) address: SocketAddr,
    incoming: mpsc::Receiver<(Socket, SocketAddr)>,
}

impl MemoryListener {
    /// The next one; none ever after the host was killed. Cancel-safe.
    pub(super) async fn accept(&mut self) -> (Socket, SocketAddr) {
        match self.incoming.recv().await {
            Some(accepted) => accepted,
            None => std::future::pending().await,
        }
    }
}

/// One side of a connection.
#[derive(Debug)]
pub struct MemorySocket {
    pub(super) local: SocketAddr,
    pub(super) peer: SocketAddr,
    reader: MemoryReader,
    writer: MemoryWriter,
}

impl MemorySocket {
    fn new(
        network: &MemoryNetwork,
        (local, peer): (SocketAddr, SocketAddr),
        (read, write): (u64, u64),
    ) -> Self {
        Self {
            local,
            peer,
            reader: MemoryReader {
                network: network.clone(),
                pipe: read,
                arrives: None,
            },
            writer: MemoryWriter {
                network: network.clone(),
                pipe: write,
            },
        }
    }

    pub(super) fn into_split(self) -> (MemoryReader, MemoryWriter) {
        (self.reader, self.writer)
    }

    pub(super) async fn peek(&self) -> io::Result<Option<u8>> {
        let mut arrives = None;
        std::future::poll_fn(|context| {
            self.reader
                .poll_with(&mut arrives, context, |segment| segment[0])
        })
        .await
    }

    pub(super) fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self.writer.poll(None, bytes) {
            Poll::Ready(taken) => taken,
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
        }
    }
}

/// The reading side.
#[derive(Debug)]
pub struct MemoryReader {
    network: MemoryNetwork,
    pipe: u64,
    arrives: Option<Pin<Box<Sleep>>>,
}

impl MemoryReader {
    /// Waits for a segment and does something with it; `None` at the end of the stream.
    fn poll_with<T>(
        &self,
        arrives: &mut Option<Pin<Box<Sleep>>>,
        context: &mut Context<'_>,
        take: impl FnOnce(&mut Bytes) -> T,
    ) -> Poll<io::Result<Option<T>>> {
        loop {
            let at = {
                let mut guard = self.network.world();
                let world = &mut *guard;
                let pipe = world.pipes.get_mut(&self.pipe).unwrap();
                if pipe.is_reset {
                    return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
                }
                let (from, to) = (pipe.from.ip(), pipe.to.ip());
                pipe.reader = Some(context.waker().clone());
                let stands_still = world.cuts.contains(&(from, to)) || world.frozen.contains(&to);
                let next = pipe.segments.front().map(|(at, _)| *at);
                match next.or(pipe.ended) {
                    Some(at) if !stands_still && at <= Instant::now() => {
                        let Some((_, segment)) = pipe.segments.front_mut() else {
                            return Poll::Ready(Ok(None));
                        };
                        let before = segment.len();
                        let taken = take(segment);
                        pipe.waiting_bytes -= before - segment.len();
                        if segment.is_empty() {
                            pipe.segments.pop_front();
                        }
                        if let Some(writer) = pipe.writer.take() {
                            writer.wake();
                        }
                        return Poll::Ready(Ok(Some(taken)));
                    }
                    Some(at) if !stands_still => at,
                    _ => return Poll::Pending,
                }
            };
            let mut sleep = Box::pin(sleep_until(at));
            if sleep.as_mut().poll(context).is_pending() {
                *arrives = Some(sleep);
                return Poll::Pending;
            }
        }
    }
}

impl AsyncRead for MemoryReader {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let mut arrives = this.arrives.take();
        let polled = this.poll_with(&mut arrives, context, |segment| {
            let count = segment.len().min(buffer.remaining());
            buffer.put_slice(&segment[..count]);
            segment.advance(count);
        });
        this.arrives = arrives;
        polled.map_ok(|_| ())
    }
}

impl Drop for MemoryReader {
    fn drop(&mut self) {
        let mut world = self.network.world();
        let pipe = world.pipes.get_mut(&self.pipe).unwrap();
        pipe.has_reader = false;
        pipe.wake();
        world.forget(self.pipe);
    }
}

/// The writing side.
#[derive(Debug)]
pub struct MemoryWriter {
    network: MemoryNetwork,
    pipe: u64,
}

impl MemoryWriter {
    fn poll(&self, context: Option<&mut Context<'_>>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut guard = self.network.world();
        let world = &mut *guard;
        let pipe = world.pipes.get_mut(&self.pipe).unwrap();
        if pipe.is_reset {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        let (from, to) = (pipe.from.ip(), pipe.to.ip());
        let is_heard = !world.cuts.contains(&(to, from));
        if (!pipe.has_reader && is_heard) || pipe.ended.is_some() {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let room = WINDOW_BYTES - pipe.waiting_bytes;
        if room == 0 || world.frozen.contains(&from) {
            pipe.writer = context.map(|context| context.waker().clone());
            return Poll::Pending;
        }
        let count = room.min(bytes.len());
        let at = world.arrival(self.pipe, count);
        let pipe = world.pipes.get_mut(&self.pipe).unwrap();
        let segment = Bytes::copy_from_slice(&bytes[..count]);
        pipe.segments.push_back((at, segment));
        pipe.waiting_bytes += count;
        if let Some(reader) = pipe.reader.take() {
            reader.wake();
        }
        Poll::Ready(Ok(count))
    }

    fn end(&self) {
        let mut world = self.network.world();
        if world.pipes[&self.pipe].ended.is_none() {
            let at = world.arrival(self.pipe, 0);
            let pipe = world.pipes.get_mut(&self.pipe).unwrap();
            pipe.ended = Some(at);
            pipe.wake();
        }
    }
}

impl AsyncWrite for MemoryWriter {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if bytes.is_empty() {
            return Poll::Ready(Ok(0));
        }
        self.poll(Some(context), bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.end();
        Poll::Ready(Ok(()))
    }
}

impl Drop for MemoryWriter {
    fn drop(&mut self) {
        self.end();
        let mut world = self.network.world();
        if let Some(pipe) = world.pipes.get_mut(&self.pipe) {
            pipe.has_writer = false;
        }
        world.forget(self.pipe);
    }
}

impl AsyncRead for MemorySocket {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().reader).poll_read(context, buffer)
    }
}

impl AsyncWrite for MemorySocket {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().writer).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().writer).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        time::timeout,
    };

    use super::*;
    use crate::net::{ConnectError, Listener, connect};

    const LATENCY: Duration = Duration::from_millis(10);
    const SERVER: u8 = 1;
    const CLIENT: u8 = 2;

    fn at() -> SocketAddr {
        (ip(SERVER), 7).into()
    }

    /// A network, and both sides of a connection on it.
    async fn connected() -> (MemoryNetwork, Listener, Socket, Socket) {
        let network = MemoryNetwork::default();
        network.set_latency(LATENCY);
        let mut listener = network.host(SERVER).listen(at()).unwrap();
        let (near, address) = connect(&network.host(CLIENT), &[at()]).await.unwrap();
        assert_eq!(address, at());
        let (far, peer) = listener.accept().await.unwrap();
        assert_eq!(near.local_addr().unwrap(), peer);
        assert_eq!(far.peer_addr().unwrap(), peer);
        assert_eq!(network.connections(), 1);
        (network, listener, near, far)
    }

    fn is_kind<T>(result: io::Result<T>, kind: io::ErrorKind) -> bool {
        result.is_err_and(|error| error.kind() == kind)
    }

    #[tokio::test(start_paused = true)]
    async fn bytes_arrive_in_order_after_the_latency_and_then_the_end() {
        let (network, _listener, mut near, mut far) = connected().await;
        let began = Instant::now();
        near.write_all(b"one").await.unwrap();
        network.set_latency(Duration::ZERO);
        near.write_all(b"two").await.unwrap();
        assert_eq!(far.peek().await.unwrap(), Some(b'o'));
        near.shutdown().await.unwrap();
        let mut all = String::new();
        far.read_to_string(&mut all).await.unwrap();
        assert_eq!((all.as_str(), began.elapsed()), ("onetwo", LATENCY));
        assert_eq!(far.peek().await.unwrap(), None);
        drop((near, far));
        assert_eq!(network.connections(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn an_uplink_takes_its_time_and_a_window_its_reader() {
        let (network, _listener, mut near, mut far) = connected().await;
        network.set_uplinks(WINDOW_BYTES as u64);
        let began = Instant::now();
        let whole = vec![7; 2 * WINDOW_BYTES];
        let writing = timeout(Duration::from_secs(60), near.write_all(&whole));
        assert!(writing.await.is_err(), "nobody has read anything");
        let again = near.try_write(b"more");
        assert!(is_kind(again, io::ErrorKind::WouldBlock));
        let mut first = vec![0; WINDOW_BYTES];
        far.read_exact(&mut first).await.unwrap();
        near.write_all(&whole[..1]).await.unwrap();
        far.read_u8().await.unwrap();
        let took = began.elapsed() - Duration::from_secs(60);
        assert!(took < 2 * LATENCY, "{took:?}");
        near.write_all(&first).await.unwrap();
        let began = Instant::now();
        far.read_exact(&mut first).await.unwrap();
        assert!(began.elapsed() >= Duration::from_secs(1));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_sent_into_a_cut_arrives_once_it_is_mended() {
        let (network, _listener, mut near, mut far) = connected().await;
        network.cut(CLIENT, SERVER);
        near.write_all(b"a").await.unwrap();
        far.write_all(b"b").await.unwrap();
        assert_eq!(near.read_u8().await.unwrap(), b'b');
        assert!(timeout(LATENCY * 100, far.read_u8()).await.is_err());
        // Nobody answers who would connect.
        let attempt = connect(&network.host(CLIENT), &[at()]).await;
        assert!(matches!(attempt, Err(ConnectError::TimedOut(_))));
        network.mend(CLIENT, SERVER);
        assert_eq!(far.read_u8().await.unwrap(), b'a');
    }

    #[tokio::test(start_paused = true)]
    async fn a_frozen_process_reads_and_writes_nothing() {
        let (network, mut listener, mut near, mut far) = connected().await;
        network.freeze(SERVER);
        near.write_all(b"a").await.unwrap();
        assert!(timeout(LATENCY * 100, far.read_u8()).await.is_err());
        assert!(timeout(LATENCY * 100, far.write_u8(1)).await.is_err());
        // Its kernel takes connections all the same.
        connect(&network.host(CLIENT), &[at()]).await.unwrap();
        listener.accept().await.unwrap();
        network.thaw(SERVER);
        assert_eq!(far.read_u8().await.unwrap(), b'a');
    }

    #[tokio::test(start_paused = true)]
    async fn resets_and_ends_are_noticed() {
        let (network, _listener, mut near, mut far) = connected().await;
        network.reset(SERVER, CLIENT);
        assert!(is_kind(
            near.read_u8().await,
            io::ErrorKind::ConnectionReset
        ));
        assert!(is_kind(
            far.write_u8(1).await,
            io::ErrorKind::ConnectionReset
        ));
        let (_network, _listener, mut near, far) = connected().await;
        drop(far);
        assert!(is_kind(near.write_u8(1).await, io::ErrorKind::BrokenPipe));
    }

    #[tokio::test(start_paused = true)]
    async fn a_killed_process_reaches_nobody_and_another_may_take_its_port() {
        let (network, _listener, mut near, _far) = connected().await;
        let old = network.host(SERVER);
        assert!(is_kind(old.listen(at()), io::ErrorKind::AddrInUse));
        network.kill(SERVER);
        assert!(near.read_u8().await.is_err());
        let refused = connect(&network.host(CLIENT), &[at()]).await;
        assert!(matches!(refused, Err(ConnectError::Refused { .. })));
        let mut listener = network.host(SERVER).listen(at()).unwrap();
        let again = connect(&old, &[at()]).await;
        assert!(matches!(again, Err(ConnectError::TimedOut(_))));
        connect(&network.host(CLIENT), &[at()]).await.unwrap();
        listener.accept().await.unwrap();
    }
}
