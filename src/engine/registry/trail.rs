//! The audit trail as facts: the last lines of it, numbered. Those that anybody can make many of are kept apart from
//! orders and accounts, so that they push none of these out.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::model::{Audited, Weight, limits::AUDIT_KEPT};

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Trail {
    /// The number of the last line. 0 before there was any.
    last: u64,
    lasting: VecDeque<Audited>,
    passing: VecDeque<Audited>,
}

impl Trail {
    /// One line more, which gets its number.
    pub(super) fn add(&mut self, line: Audited) {
        self.last += 1;
        let kept = match line.deed.weight() {
            Weight::Lasting => &mut self.lasting,
            Weight::Passing => &mut self.passing,
        };
        kept.push_back(Audited {
            n: self.last,
            ..line
        });
        if kept.len() > AUDIT_KEPT {
            kept.pop_front();
        }
    }

    /// The number of the last line.
    pub fn last(&self) -> u64 {
        self.last
    }

    /// The lines that are kept, from after a number, in order.
    pub fn after(&self, n: u64) -> impl Iterator<Item = &Audited> {
        let from = |lines: &VecDeque<Audited>| lines.partition_point(|line| line.n <= n);
        let (lasting, passing) = (from(&self.lasting), from(&self.passing));
        let mut lasting = self.lasting.range(lasting..).peekable();
        let mut passing = self.passing.range(passing..).peekable();
        std::iter::from_fn(move || {
            let is_lasting = match (lasting.peek(), passing.peek()) {
                (Some(one), Some(other)) => one.n < other.n,
                (one, _) => one.is_some(),
            };
            if is_lasting {
                lasting.next()
            } else {
                passing.next()
            }
        })
    }
}
