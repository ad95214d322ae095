//! What a secondary's prompt does with what was set aside: shows it, brings it back, removes it for good.

use std::sync::Arc;

use super::{
    commands::{Emptying, Form},
    console::{Printer, Suggestion, Values},
    text::{self, files, line::complaint, t, units::bytes},
};
use crate::{
    node::secondary::SecondaryHandle,
    store::{
        StoreError,
        retired::{Retired, RetiredFile},
    },
};

/// Numbers of what can be brought back or removed.
#[derive(Debug)]
pub(super) struct RetiredValues(pub(super) Retired);

impl Values for RetiredValues {
    fn of(&self, id: &str, fresh: bool) -> Arc<[Suggestion]> {
        let suggestion = |file: RetiredFile| Suggestion {
            text: file.number.to_string(),
            remark: format!("{}: {}", file.name, bytes(file.bytes)),
        };
        match id {
            "recover" | "empty" if fresh => {
                let files = self.0.list().unwrap_or_default();
                files.into_iter().map(suggestion).collect()
            }
            _ => Arc::default(),
        }
    }
}

/// `RETIRADOS`.
pub(super) async fn show(handle: &SecondaryHandle, printer: &Printer, form: Form) {
    if let Some(files) = told(printer, handle.retired().await) {
        printer.lines(match form {
            Form::Table => text::retired::list(&files),
            Form::Json => text::retired::json(&files),
        });
    }
}

/// `RECUPERAR`.
pub(super) async fn recover(handle: &SecondaryHandle, printer: &Printer, number: u64) {
    match told(printer, handle.recover(number).await) {
        Some(Some(file)) => printer.line(t!("retired-recovered", file = file)),
        Some(None) => printer.line(complaint(t!("retired-no-such", number = number))),
        None => {}
    }
}

/// `VACIAR`: says what goes. The numbers of what is to go once somebody agrees.
pub(super) async fn ask(
    handle: &SecondaryHandle,
    printer: &Printer,
    what: Emptying,
) -> Option<Vec<u64>> {
    let files = told(printer, handle.retired().await)?;
    let going: Vec<RetiredFile> = match what {
        Emptying::Ask => {
            printer.lines(text::retired::list(&files));
            return None;
        }
        Emptying::All => files,
        Emptying::One(number) => {
            let is_meant = |file: &RetiredFile| file.number == number;
            let found: Vec<_> = files.into_iter().filter(is_meant).collect();
            if found.is_empty() {
                printer.line(complaint(t!("retired-no-such", number = number)));
                return None;
            }
            found
        }
    };
    if going.is_empty() {
        printer.line(t!("retired-none"));
        return None;
    }
    printer.lines(text::retired::confirm(&going));
    Some(going.iter().map(|file| file.number).collect())
}

/// Somebody has agreed.
pub(super) async fn empty(handle: &SecondaryHandle, printer: &Printer, numbers: Vec<u64>) {
    if let Some(gone) = told(printer, handle.empty_retired(numbers).await) {
        let what = text::retired::total(gone);
        printer.line(t!("retired-gone", what = what));
    }
}

/// What came of it; an error is told.
fn told<T>(printer: &Printer, result: Result<T, StoreError>) -> Option<T> {
    result
        .map_err(|error| printer.line(complaint(files::store(&error))))
        .ok()
}
