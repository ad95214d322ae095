//! A person at the central's prompt, who decides what is in conflict.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use serde_json::Value;
use trozos::store::sha256_file;

use crate::{
    ledger::{Ledger, SETTLED},
    nodes::served,
    support::process::Process,
};

const ASK_EVERY: Duration = Duration::from_millis(1_500);

/// See the module.
pub struct Decisions {
    random: fastrand::Rng,
    began: Instant,
    asked: Instant,
    /// Lines of the central's that were read.
    read: usize,
    /// What was seen in conflict last.
    seen: Vec<String>,
    /// What was chosen, until the central has confirmed it.
    chosen: Vec<(String, String)>,
    are_made: bool,
}

impl Decisions {
    pub fn new(seed: u64) -> Self {
        let now = Instant::now();
        Self {
            random: fastrand::Rng::with_seed(seed),
            began: now,
            asked: now,
            read: 0,
            seen: Vec::new(),
            chosen: Vec::new(),
            are_made: false,
        }
    }

    /// The central has said that nothing is in conflict.
    pub fn are_made(&self) -> bool {
        self.are_made
    }

    /// Asks what is in conflict from time to time, and decides what stays so. Gives what was done.
    pub fn turn(
        &mut self,
        central: &mut Process,
        folder: &Path,
        ledger: &mut Ledger,
    ) -> Vec<String> {
        if self.asked.elapsed() < ASK_EVERY {
            return Vec::new();
        }
        self.asked = Instant::now();
        let mut told = Vec::new();
        let lines = central.printed_after(self.read);
        self.read += lines.len();
        for (name, digest) in std::mem::take(&mut self.chosen) {
            let line = format!("Decidido: {name} es ");
            if lines.iter().any(|printed| printed.starts_with(&line)) {
                ledger.decided(&name, &digest);
                told.push(format!("decided: {name} is {digest}"));
            }
        }
        if let Some(conflicts) = listed(&lines) {
            self.are_made = conflicts.is_empty();
            for conflict in &conflicts {
                self.decide(conflict, central, folder);
            }
            let names = conflicts.iter().filter_map(|c| c["name"].as_str());
            self.seen = names.map(str::to_owned).collect();
        }
        central.try_type("CONFLICTOS JSON");
        told
    }

    /// Decides what was in conflict before as well, once all secondaries have told what they have.
    fn decide(&mut self, conflict: &Value, central: &mut Process, folder: &Path) {
        let name = conflict["name"].as_str().unwrap_or_default();
        if self.began.elapsed() < 2 * SETTLED || !self.seen.iter().any(|seen| seen == name) {
            return;
        }
        let versions = conflict["versions"].as_array();
        let Some(version) = self
            .random
            .choice(versions.into_iter().flatten().collect::<Vec<_>>())
        else {
            return;
        };
        let holder = version["secondaries"][0].as_u64().unwrap_or(1) as usize - 1;
        // Its id is not that of its bytes.
        let Ok(digest) = sha256_file(&folder.join(served(holder)).join(name)) else {
            return;
        };
        central.try_type(&format!("RESOLVER {name} {}", version["choice"]));
        self.chosen.push((name.to_owned(), digest.to_string()));
    }
}

/// The last answer to `CONFLICTOS JSON` among other lines.
fn listed(lines: &[String]) -> Option<Vec<Value>> {
    if lines.iter().any(|line| line == "[]") {
        return Some(Vec::new());
    }
    let from = lines.iter().rposition(|line| line == "[")?;
    let to = from + lines[from..].iter().position(|line| line == "]")?;
    let is_json = |line: &&String| {
        let line = line.trim_start();
        line.starts_with(['[', ']', '{', '}', '"']) || line.starts_with(|c: char| c.is_numeric())
    };
    let text: Vec<_> = lines[from..=to].iter().filter(is_json).cloned().collect();
    serde_json::from_str(&text.join("\n")).ok()
}
