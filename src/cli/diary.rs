//! `videocentral diario`: a journal is shown, checked, or restored from a copy. No central may be running on it that is
//! restored.

use std::{path::Path, process::ExitCode};

use serde_json::json;

use super::{
    args::{JournalAction, JournalArgs},
    exit::Exit,
    output,
    text::{self, t, units::bytes},
};
use crate::{
    node::central::{JournalRead, read_journal, restore_journal},
    store::{StoreError, diary::DiaryError},
};

/// Does what is asked, and says so.
pub(super) fn main(args: &JournalArgs) -> ExitCode {
    let done = match args.accion {
        JournalAction::Ver => show(&args.ruta, args.json),
        JournalAction::Comprobar => check(&args.ruta, args.json),
        JournalAction::Restaurar => again(args),
    };
    match done {
        Ok(lines) => output::wrote(output::say(&lines)).into(),
        Err(error) => {
            output::report(&t!("error", why = text::errors::journal(&error)));
            exit_of(&error).into()
        }
    }
}

fn exit_of(error: &DiaryError) -> Exit {
    match error {
        DiaryError::Store(StoreError::NotFound(_)) => Exit::NotFound,
        DiaryError::Store(_) => Exit::Failed,
        DiaryError::Foreign(_)
        | DiaryError::Incomplete(_)
        | DiaryError::Later { .. }
        | DiaryError::Damaged { .. }
        | DiaryError::Content { .. } => Exit::Verification,
    }
}

/// What is in it, a fact a line.
fn show(path: &Path, as_json: bool) -> Result<Vec<String>, DiaryError> {
    let journal = read_journal(path)?;
    let facts: serde_json::Value = serde_json::from_slice(&journal.facts).unwrap_or_default();
    let snapshot =
        json!({ "snapshot": journal.snapshot, "cluster": journal.cluster, "facts": facts });
    if as_json {
        let mut document = snapshot;
        document["batches"] = serde_json::to_value(&journal.batches).unwrap_or_default();
        return Ok(vec![document.to_string()]);
    }
    let mut lines = vec![snapshot.to_string()];
    for batch in &journal.batches {
        lines.push(serde_json::to_string(&batch.head).unwrap_or_default());
        let entries = batch.entries.iter();
        lines.extend(entries.map(|entry| serde_json::to_string(entry).unwrap_or_default()));
    }
    Ok(lines)
}

/// Whether all of it is good.
fn check(path: &Path, as_json: bool) -> Result<Vec<String>, DiaryError> {
    let journal = read_journal(path)?;
    let entries: usize = journal
        .batches
        .iter()
        .map(|batch| batch.entries.len())
        .sum();
    let seq = last_of(&journal);
    if as_json {
        let document = json!({
            "cluster": journal.cluster,
            "snapshot": journal.snapshot,
            "seq": seq,
            "entries": entries,
            "digest": journal.digest.to_string(),
            "cut_bytes": journal.cut.map_or(0, |cut| cut.bytes),
        });
        return Ok(vec![document.to_string()]);
    }
    let mut lines = vec![t!(
        "journal-good",
        path = path,
        seq = seq,
        entries = entries,
        digest = journal.digest.to_string()
    )];
    if let Some(cut) = journal.cut {
        lines.push(t!("journal-has-cut", bytes = bytes(cut.bytes)));
    }
    Ok(lines)
}

fn last_of(journal: &JournalRead) -> u64 {
    let last = journal.batches.last();
    last.map_or(journal.snapshot, |batch| batch.head.seq)
}

/// What is good of one is another's place's.
fn again(args: &JournalArgs) -> Result<Vec<String>, DiaryError> {
    let to = args.destino.as_deref().unwrap_or(&args.ruta);
    let restored = restore_journal(&args.ruta, to)?;
    if args.json {
        let before = restored.before.map(|path| path.display().to_string());
        let document = json!({ "seq": restored.seq, "lost": restored.lost, "before": before });
        return Ok(vec![document.to_string()]);
    }
    let mut lines = vec![t!("journal-restored", path = to, seq = restored.seq)];
    if restored.lost > 0 {
        lines.push(t!("journal-restored-lost", lost = restored.lost));
    }
    if let Some(before) = restored.before {
        lines.push(t!("journal-restored-before", path = before));
    }
    Ok(lines)
}
