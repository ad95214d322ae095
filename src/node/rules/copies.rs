//! The copies that a secondary was told to make: which one starts, and which one waits for another to end. Knows neither
//! sources nor files.

use std::collections::{BTreeMap, VecDeque};

use super::Receiving;
use crate::model::{CopyOrder, FileMeta, Finished, SourceInfo, TransferId};

/// Ends of copies that are kept while the central is away.
const MOST_UNSENT: usize = 1000;

/// The central's orders that run or wait.
#[derive(Debug)]
pub struct CopyOrders<R> {
    running: BTreeMap<TransferId, Copy<R>>,
    unsent: VecDeque<Finished>,
}

#[derive(Debug)]
struct Copy<R> {
    file: FileMeta,
    receiving: R,
    /// A newer order for the same name, which starts once this one has released the part file.
    next: Option<CopyOrder>,
}

impl<R> Default for CopyOrders<R> {
    fn default() -> Self {
        Self {
            running: BTreeMap::new(),
            unsent: VecDeque::new(),
        }
    }
}

impl<R: Receiving> CopyOrders<R> {
    /// Takes an order in, and gives it back if it can start now. A running copy of the same name is ended first; what it
    /// has received is kept.
    #[must_use]
    pub fn order(&mut self, order: CopyOrder) -> Option<CopyOrder> {
        let name = &order.grant.file.name;
        let Some(old) = self.running.values_mut().find(|c| c.file.name == *name) else {
            return Some(order);
        };
        old.receiving.stop();
        old.next = Some(order);
        None
    }

    /// An order runs.
    pub fn started(&mut self, transfer: TransferId, file: FileMeta, receiving: R) {
        let next = None;
        let copy = Copy {
            file,
            receiving,
            next,
        };
        self.running.insert(transfer, copy);
    }

    /// The central calls a copy off: its file is gone, has other content, or is here.
    pub fn cancel(&mut self, transfer: TransferId) {
        for (running, copy) in &mut self.running {
            if *running == transfer {
                copy.receiving.abandon();
            }
            copy.next = copy
                .next
                .take()
                .filter(|next| next.grant.transfer != transfer);
        }
    }

    /// The node stops.
    pub fn stop_all(&mut self) {
        for copy in self.running.values_mut() {
            copy.next = None;
            copy.receiving.stop();
        }
    }

    /// Who can send in a copy that runs or waits.
    pub fn set_sources(&mut self, transfer: TransferId, sources: &[SourceInfo]) {
        for (running, copy) in &mut self.running {
            match &mut copy.next {
                Some(next) if next.grant.transfer == transfer => {
                    next.grant.sources = sources.to_vec();
                }
                _ if *running == transfer => copy.receiving.set_sources(sources.to_vec()),
                _ => {}
            }
        }
    }

    /// The file of a copy that runs.
    pub fn file(&self, transfer: TransferId) -> Option<&FileMeta> {
        Some(&self.running.get(&transfer)?.file)
    }

    /// A copy is over; gives its file, and the order that waited for it.
    pub fn ended(&mut self, transfer: TransferId) -> Option<(FileMeta, Option<CopyOrder>)> {
        let copy = self.running.remove(&transfer)?;
        Some((copy.file, copy.next))
    }

    /// Keeps the end of a copy until the central is back.
    pub fn keep_unsent(&mut self, finished: Finished) {
        if self.unsent.len() == MOST_UNSENT {
            self.unsent.pop_front();
        }
        self.unsent.push_back(finished);
    }

    /// Takes out the ends that the central has not heard of.
    pub fn take_unsent(&mut self) -> VecDeque<Finished> {
        std::mem::take(&mut self.unsent)
    }

    /// The copies that run.
    pub fn running(&self) -> impl Iterator<Item = (&FileMeta, &R)> {
        self.running
            .values()
            .map(|copy| (&copy.file, &copy.receiving))
    }
}
