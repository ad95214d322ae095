//! A central that is nothing but its reign and a list of texts: for tests of what several centrals promise.

use std::{sync::Arc, time::Instant};

use trozos::{
    engine::leadership::{
        Action, Batch, Broken, Config, Event, Milestone, NotMigrated, Standing, StepDown,
    },
    model::Digest,
    node::central::{KeyStore, Reign},
};

use tokio::{
    sync::{mpsc, oneshot, watch},
    task::JoinHandle,
};

#[derive(Debug)]
enum Order {
    Write(String, oneshot::Sender<u64>),
    Migrate(Option<String>, oneshot::Sender<Result<String, NotMigrated>>),
    End,
}

/// What is seen of it.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    pub standing: Option<Standing>,
    pub term: Option<u64>,
    pub ready: bool,
    pub texts: Vec<String>,
    pub served_at: Option<Instant>,
    pub steps_down: Vec<StepDown>,
    pub broken: Option<Broken>,
}

pub struct Central {
    orders: mpsc::Sender<Order>,
    pub seen: watch::Receiver<Seen>,
    task: JoinHandle<()>,
}

struct Owner<S: KeyStore> {
    reign: Reign<S>,
    tell: watch::Sender<Seen>,
    texts: Vec<String>,
    waiting: Vec<(String, oneshot::Sender<u64>)>,
    in_flight: Vec<(String, oneshot::Sender<u64>)>,
    migrating: Option<oneshot::Sender<Result<String, NotMigrated>>>,
}

impl Central {
    pub fn start<S: KeyStore>(store: Arc<S>, config: Config) -> Self {
        let (orders, inbox) = mpsc::channel(100);
        let (tell, seen) = watch::channel(Seen::default());
        let owner = Owner {
            reign: Reign::new(store, config),
            tell,
            texts: Vec::new(),
            waiting: Vec::new(),
            in_flight: Vec::new(),
            migrating: None,
        };
        Self {
            orders,
            seen,
            task: tokio::spawn(owner.run(inbox)),
        }
    }

    /// Gives the seq once it is durable; `None` when it is not known to be.
    pub async fn write(&self, text: &str) -> Option<u64> {
        let (tell, told) = oneshot::channel();
        let order = Order::Write(text.to_owned(), tell);
        self.orders.send(order).await.ok()?;
        told.await.ok()
    }

    pub async fn migrate(&self, to: Option<&str>) -> Result<String, NotMigrated> {
        let (tell, told) = oneshot::channel();
        let order = Order::Migrate(to.map(str::to_owned), tell);
        self.orders.send(order).await.unwrap();
        told.await.unwrap()
    }

    pub async fn end(&self) {
        self.orders.send(Order::End).await.unwrap();
    }

    /// As SIGKILL does: nothing is given back.
    pub fn kill(&self) {
        self.task.abort();
    }

    /// Waits until it is seen like this.
    pub async fn until(&self, what: &str, is_so: impl FnMut(&Seen) -> bool) -> Seen {
        let mut watched = self.seen.clone();
        let within = std::time::Duration::from_secs(40);
        let waiting = tokio::time::timeout(within, watched.wait_for(is_so)).await;
        match waiting {
            Ok(Ok(seen)) => seen.clone(),
            Ok(Err(_)) => panic!("{what}: it has ended"),
            Err(_) => panic!("{what}: {:?}", self.seen.borrow().clone()),
        }
    }
}

impl<S: KeyStore> Owner<S> {
    async fn run(mut self, mut inbox: mpsc::Receiver<Order>) {
        loop {
            self.append();
            self.show();
            tokio::select! {
                action = self.reign.next() => {
                    if self.act(action) {
                        self.show();
                        return;
                    }
                }
                Some(order) = inbox.recv() => match order {
                    Order::Write(text, tell) if self.reign.is_active() => self.waiting.push((text, tell)),
                    Order::Write(..) => {}
                    Order::Migrate(to, tell) => {
                        self.migrating = Some(tell);
                        self.reign.handle(Event::Migrate(to));
                    }
                    Order::End => self.reign.handle(Event::Shutdown),
                },
                // Standings change without an action as well.
                () = tokio::time::sleep(std::time::Duration::from_millis(20)) => {}
            }
        }
    }

    fn show(&mut self) {
        let snapshot = self.reign.snapshot();
        let texts = &self.texts;
        self.tell.send_if_modified(|seen| {
            let is_same = seen.standing == Some(snapshot.standing)
                && seen.ready == snapshot.ready
                && seen.texts.len() == texts.len();
            seen.standing = Some(snapshot.standing);
            (seen.term, seen.ready) = (snapshot.term, snapshot.ready);
            if seen.texts.len() != texts.len() {
                seen.texts.clone_from(texts);
            }
            !is_same
        });
    }

    fn append(&mut self) {
        if let Some((seq, term)) = self.reign.next_batch()
            && !self.waiting.is_empty()
        {
            self.in_flight = std::mem::take(&mut self.waiting);
            let lines = self.in_flight.iter().map(|(text, _)| format!("{text}\n"));
            let body = lines.collect::<String>().into();
            self.reign.handle(Event::Append(Batch { seq, term, body }));
        }
    }

    fn apply(&mut self, body: &[u8]) {
        let text = std::str::from_utf8(body).unwrap();
        self.texts.extend(text.lines().map(str::to_owned));
    }

    /// Says whether it has ended.
    fn act(&mut self, action: Action) -> bool {
        match action {
            Action::Ask(..) | Action::Watch(..) | Action::Unwatch => {}
            Action::Load { body, .. } => {
                self.texts.clear();
                self.apply(&body);
            }
            Action::Apply(batch) => self.apply(&batch.body),
            Action::Compose(compose) => {
                let body = match compose.what {
                    Milestone::Term => format!("term {}\n", compose.term),
                    Milestone::HandedOver(to) => format!("handed over to {to}\n"),
                };
                self.reign.handle(Event::Composed(Batch {
                    seq: compose.seq,
                    term: compose.term,
                    body: body.into(),
                }));
            }
            Action::Serve { .. } => self
                .tell
                .send_modify(|seen| seen.served_at = Some(Instant::now())),
            Action::Committed(seq) => {
                for (text, tell) in std::mem::take(&mut self.in_flight) {
                    self.texts.push(text);
                    let _ = tell.send(seq);
                }
            }
            Action::MakeSnapshot(seq) => {
                let body = self.texts.join("\n").into();
                let term = self.reign.snapshot().term.unwrap();
                self.reign.handle(Event::SnapshotMade {
                    seq,
                    term,
                    body,
                    digest: Digest::new([0; 32]),
                });
            }
            Action::StepDown(why) => {
                self.texts.clear();
                self.waiting.clear();
                self.in_flight.clear();
                self.tell.send_modify(|seen| seen.steps_down.push(why));
            }
            Action::Limited | Action::Resumed | Action::Follow(_) => {}
            Action::Migration(end) => {
                if let Some(tell) = self.migrating.take() {
                    let _ = tell.send(end);
                }
            }
            Action::Fault(broken) => self.tell.send_modify(|seen| seen.broken = Some(broken)),
            Action::Stopped => return true,
        }
        false
    }
}
