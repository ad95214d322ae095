//! What people read of figures, and of what others say to them.

use super::{
    clean, coded,
    line::{Line, Tone, complaint},
    spoken, t,
    table::{Table, name, whole},
    units::count,
};
use crate::model::{FigureError, FigureValue};

/// The value of one.
pub fn value(figure: &FigureValue) -> Line {
    t!(
        "figure-value",
        name = figure.name.to_string(),
        value = figure.value.to_string()
    )
    .into()
}

/// The free ones.
pub fn all(figures: &[FigureValue], columns: usize) -> Vec<String> {
    if figures.is_empty() {
        return vec![t!("figures-none", figure = spoken::command("CIFRA"))];
    }
    let row = |figure: &FigureValue| vec![figure.name.to_string(), figure.value.to_string()];
    Table::new([name(t!("column-figure")), whole(t!("column-value"))])
        .with(figures.iter().map(row))
        .lines(columns)
}

/// Why an order changed nothing.
pub fn refused(error: &FigureError) -> Line {
    complaint(coded(&why(error), error.code()))
}

/// The same without its code.
pub fn why(error: &FigureError) -> String {
    match error {
        FigureError::NotUnderstood => t!("figure-not-understood"),
        FigureError::TooLarge => t!("figure-too-large"),
        FigureError::Overflow { value } => t!("figure-overflow", value = value.to_string()),
        FigureError::Counted => t!("figure-counted"),
        FigureError::OneVote => t!("figure-one-vote", enrol = spoken::command("INSCRIBIR")),
        FigureError::ResetDenied => t!("figure-reset-denied"),
        FigureError::TooMany { most } => t!("figure-too-many", most = count(*most)),
        FigureError::Busy => t!("figure-busy"),
        FigureError::Elsewhere => t!("figure-elsewhere", centrals = spoken::command("CENTRALES")),
        FigureError::Stopping => t!("figure-stopping"),
    }
}

/// What somebody says to this client alone.
pub fn private(from: &str, text: &str) -> Line {
    let line = t!("private-message", from = clean(from), text = clean(text));
    Line::new(Tone::Strong, line)
}
