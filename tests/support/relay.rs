//! A relay between a client and a server of HTTP that treats each connection as it is told: it cuts it, stops it, slows it down,
//! or answers in the server's place.

use std::{collections::VecDeque, net::SocketAddr, sync::Arc, time::Duration};

use parking_lot::Mutex;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// What is done to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// It is reset once so many bytes have come from the server.
    Reset(usize),
    /// Nothing more comes after so many bytes, though it stays open.
    Stall(usize),
    /// No more than so many bytes a second come.
    Slow(usize),
    /// Each request is answered with this status, and the connection ends.
    Status(u16),
}

/// See the module. It ends when it is dropped.
#[derive(Debug)]
pub struct Relay {
    pub address: SocketAddr,
    plan: Arc<Mutex<Plan>>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Plan {
    next: VecDeque<Fault>,
    others: Fault,
    connections: usize,
}

impl Relay {
    pub async fn start(server: SocketAddr) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let plan = Arc::new(Mutex::new(Plan {
            next: VecDeque::new(),
            others: Fault::None,
            connections: 0,
        }));
        let shared = Arc::clone(&plan);
        let task = tokio::spawn(async move {
            let mut running = tokio::task::JoinSet::new();
            loop {
                tokio::select! {
                    accepted = listener.accept() => {
                        let Ok((client, _)) = accepted else { return };
                        let fault = shared.lock().take();
                        running.spawn(serve(client, server, fault));
                    }
                    Some(_) = running.join_next() => {}
                }
            }
        });
        Self {
            address,
            plan,
            task,
        }
    }

    /// What is done to the next connections, one after the other.
    pub fn next(&self, faults: impl IntoIterator<Item = Fault>) {
        self.plan.lock().next.extend(faults);
    }

    /// What is done to all others.
    pub fn others(&self, fault: Fault) {
        self.plan.lock().others = fault;
    }

    /// Connections so far.
    pub fn connections(&self) -> usize {
        self.plan.lock().connections
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Plan {
    fn take(&mut self) -> Fault {
        self.connections += 1;
        self.next.pop_front().unwrap_or(self.others)
    }
}

async fn serve(mut client: TcpStream, server: SocketAddr, fault: Fault) {
    if let Fault::Status(status) = fault {
        return answer(&mut client, status).await;
    }
    let Ok(server) = TcpStream::connect(server).await else {
        return;
    };
    let _ = client.set_nodelay(true);
    let _ = server.set_nodelay(true);
    let (mut from_server, mut to_server) = server.into_split();
    let (mut from_client, mut to_client) = client.into_split();
    let up = tokio::io::copy(&mut from_client, &mut to_server);
    let down = async {
        let mut buffer = vec![0; 64 << 10];
        let mut passed = 0;
        loop {
            let count = match from_server.read(&mut buffer).await {
                Ok(0) | Err(_) => return false,
                Ok(count) => count,
            };
            let most = match fault {
                Fault::Reset(bytes) | Fault::Stall(bytes) => bytes.saturating_sub(passed),
                Fault::None | Fault::Slow(_) | Fault::Status(_) => count,
            };
            let now = count.min(most);
            if to_client.write_all(&buffer[..now]).await.is_err() {
                return false;
            }
            passed += now;
            match fault {
                Fault::Reset(bytes) if passed >= bytes => return true,
                Fault::Stall(bytes) if passed >= bytes => std::future::pending().await,
                Fault::Slow(rate) => {
                    let seconds = now as f64 / rate as f64;
                    tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
                }
                Fault::None | Fault::Reset(_) | Fault::Stall(_) | Fault::Status(_) => {}
            }
        }
    };
    let is_reset = tokio::select! {
        _ = up => false,
        is_reset = down => is_reset,
    };
    if is_reset && let Ok(client) = from_client.reunite(to_client) {
        // The last bytes may be lost with it, as with a real reset.
        let _ = client.set_zero_linger();
    }
}

/// Reads the head of a request, and as much of its body as comes at once.
async fn answer(client: &mut TcpStream, status: u16) {
    let mut head = Vec::new();
    let mut buffer = [0; 4096];
    while !head.windows(4).any(|end| end == b"\r\n\r\n") && head.len() < 64 << 10 {
        match client.read(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(count) => head.extend_from_slice(&buffer[..count]),
        }
    }
    let body = "<Error><Code>InternalError</Code></Error>";
    let answer = format!(
        "HTTP/1.1 {status} x\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    let _ = client.write_all(answer.as_bytes()).await;
    let _ = client.shutdown().await;
    // What is left of the request is taken in, so that the answer is not lost with a reset.
    let rest = async { while !matches!(client.read(&mut buffer).await, Ok(0) | Err(_)) {} };
    let _ = tokio::time::timeout(Duration::from_secs(2), rest).await;
}
