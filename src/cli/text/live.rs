//! The block of live lines above the prompt: a row for each running download, and one line for all. Columns are aligned;
//! where there is little room those of least worth go: sources, then the bar, the rate, and the time left.

use std::time::Duration;

use unicode_width::UnicodeWidthStr;

use super::{
    clean, client,
    line::{Line, Tone, shorten, whole_words},
    t,
    transfer::{self, LONGEST_LEFT, settled_left, settled_rate},
    units::{LEAST_RATE, percent, rate, whole_time},
};
use crate::{
    engine::download::{Snapshot, SourceState},
    node::client::{DownloadState, DownloadView},
};

/// The bar, and how long it is where there is room.
const BAR: usize = 10;
const LONG_BAR: usize = 24;
/// Names get at least so many columns, if they need them, before the cells that follow get any: sources, the bar, the
/// rate, the time left.
const NAME_BEFORE: [usize; 4] = [24, 18, 12, 12];
const LEAST_NAME: usize = 8;
const GAP: usize = 2;
const EIGHTHS: [char; 8] = ['·', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];
const ARRIVED: char = '░';
const MISSING: char = '·';

/// How much there is to show lines in.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// Columns of the terminal.
    pub columns: usize,
    /// Rows that the block may take.
    pub rows: usize,
}

/// All downloads that were asked for together, and those that have joined them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Total {
    /// Bytes that are here.
    pub received_bytes: u64,
    /// Bytes of all files; `None` while the length of one is not known.
    pub bytes: Option<u64>,
    /// Rate of all that runs.
    pub rate_bytes_per_s: f64,
    /// Files that are complete.
    pub complete: usize,
    /// Files, those that are complete included.
    pub files: usize,
}

impl Total {
    fn time_left(&self) -> Option<Duration> {
        let left = self.bytes?.saturating_sub(self.received_bytes);
        let left = Duration::try_from_secs_f64(left as f64 / self.rate_bytes_per_s).ok();
        left.filter(|left| *left < LONGEST_LEFT)
    }

    /// `8 %, 590 kB/s, 53 s`, or as much of it as fits.
    fn figures(&self, columns: usize) -> String {
        let share = self.bytes.filter(|bytes| *bytes > 0);
        let share = share.map(|bytes| percent(self.received_bytes, bytes));
        let is_moving = self.rate_bytes_per_s >= LEAST_RATE;
        let rate = is_moving.then(|| rate(self.rate_bytes_per_s));
        let left = self.time_left().filter(|_| is_moving).map(whole_time);
        let all = [
            [&share, &rate, &left],
            [&share, &None, &left],
            [&share, &None, &None],
        ];
        let texts = all.map(|parts| {
            let parts: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
            parts.join(", ")
        });
        let fits = |text: &&String| text.width() <= columns;
        texts.iter().find(fits).cloned().unwrap_or_default()
    }
}

/// True for a download that has a place in the block.
pub fn is_live(state: &DownloadState) -> bool {
    match state {
        DownloadState::Queued(_) | DownloadState::Held | DownloadState::Running(_) => true,
        DownloadState::Asked
        | DownloadState::Paused
        | DownloadState::Complete
        | DownloadState::Failed(_)
        | DownloadState::Cancelled => false,
    }
}

/// The block: all that is live where it fits; else what runs, as far as it fits, and how much more there is.
pub fn lines(views: &[DownloadView], total: &Total, window: Window) -> Vec<Line> {
    let mut live: Vec<&DownloadView> = views.iter().filter(|view| is_live(&view.state)).collect();
    live.sort_by_key(|view| order(view));
    let with_total = usize::from(live.len() > 1);
    let rows = window.rows.max(1);
    let shown = if live.len() + with_total <= rows {
        live.len()
    } else {
        let running = live.iter().filter(|view| is_running(view)).count();
        running.min(rows - with_total)
    };
    let (shown, more) = live.split_at(shown);
    let rows: Vec<Cells> = shown.iter().map(|view| Cells::of(view)).collect();
    let layout = Layout::of(&rows, window.columns);
    let mut lines: Vec<Line> = rows.iter().map(|row| layout.line(row)).collect();
    if with_total > 0 {
        lines.push(total_line(more, total, window.columns));
    }
    lines
}

/// All in one line, for a script: the one download, or how many files are complete and how far all are.
pub fn one_line(views: &[DownloadView], total: &Total, columns: usize) -> Option<Line> {
    let live = views.iter().filter(|view| is_live(&view.state)).count();
    if live == 0 {
        return None;
    }
    if total.files < 2 {
        let window = Window { columns, rows: 1 };
        return lines(views, total, window).pop();
    }
    let files = t!("live-files", complete = total.complete, files = total.files);
    Some(joined(&files, total, columns))
}

/// What runs is first, then what waits, in its order.
fn order(view: &DownloadView) -> (u32, u64) {
    let number = view.number.0;
    match &view.state {
        DownloadState::Running(_) => (0, number),
        DownloadState::Queued(place) => (*place, number),
        DownloadState::Asked
        | DownloadState::Held
        | DownloadState::Paused
        | DownloadState::Complete
        | DownloadState::Failed(_)
        | DownloadState::Cancelled => (u32::MAX, number),
    }
}

fn is_running(view: &DownloadView) -> bool {
    matches!(view.state, DownloadState::Running(_))
}

fn total_line(more: &[&DownloadView], total: &Total, columns: usize) -> Line {
    let running = more.iter().filter(|view| is_running(view)).count();
    let waiting = more.len() - running;
    let what = match (running, waiting) {
        (0, 0) => t!("live-total"),
        (0, waiting) => t!("live-more-waiting", count = waiting),
        (running, 0) => t!("live-more-running", count = running),
        (running, waiting) => t!("live-more", running = running, waiting = waiting),
    };
    joined(&what, total, columns)
}

fn joined(what: &str, total: &Total, columns: usize) -> Line {
    let what = whole_words(what, columns.saturating_sub(1));
    let room = columns.saturating_sub(what.width() + 4);
    let figures = total.figures(room);
    let mut line = Line::new(Tone::Faint, what);
    if !figures.is_empty() {
        line.push(Tone::Faint, " · ");
        line.push(Tone::Plain, figures);
    }
    line
}

/// What there is to say of a download.
struct Cells {
    number: String,
    name: String,
    progress: Option<Progress>,
    /// Instead of figures.
    state: Option<(Tone, String)>,
}

struct Progress {
    percent: String,
    left: String,
    rate: String,
    verified: f64,
    received: f64,
    sources: (Tone, String),
}

impl Cells {
    fn of(view: &DownloadView) -> Self {
        let (progress, state) = match &view.state {
            DownloadState::Running(snapshot) => {
                let waits = snapshot.waiting_for_sources;
                let state = waits.then(|| (Tone::Warning, t!("live-no-sources")));
                (Some(Progress::of(snapshot)), state)
            }
            other => (None, Some((Tone::Faint, client::state(other)))),
        };
        Self {
            number: format!("[{}]", view.number.0),
            name: clean(view.file.as_str()),
            progress,
            state,
        }
    }
}

impl Progress {
    fn of(snapshot: &Snapshot) -> Self {
        let all = snapshot.file_bytes.max(1) as f64;
        // Only a verified file is whole.
        let percent = percent(
            snapshot
                .received_bytes
                .min(snapshot.file_bytes.saturating_sub(1)),
            snapshot.file_bytes,
        );
        Self {
            percent,
            left: settled_left(snapshot).map(whole_time).unwrap_or_default(),
            rate: settled_rate(snapshot).map(rate).unwrap_or_default(),
            verified: snapshot.have_bytes as f64 / all,
            received: snapshot.received_bytes as f64 / all,
            sources: sources(snapshot),
        }
    }
}

/// `3 fuentes`, or `2/3 fuentes` while some do not send.
fn sources(snapshot: &Snapshot) -> (Tone, String) {
    let all = snapshot.sources.len();
    let states = || snapshot.sources.iter().map(|source| source.state);
    // One that is being connected to is no news: it is one of those that will send.
    let at_work = |state: &SourceState| matches!(state, SourceState::Up | SourceState::Connecting);
    let up = states().filter(at_work).count();
    let in_trouble = states().any(|state| match state {
        SourceState::Up | SourceState::Connecting | SourceState::Resting => false,
        SourceState::Suspect | SourceState::Dead | SourceState::Banned => true,
    });
    let tone = if in_trouble {
        Tone::Warning
    } else {
        Tone::Faint
    };
    (tone, transfer::working(up, all))
}

/// The width of each column; 0 for those that are left out.
#[derive(Clone, Copy, Debug, Default)]
struct Layout {
    columns: usize,
    number: usize,
    name: usize,
    percent: usize,
    left: usize,
    rate: usize,
    bar: usize,
    sources: usize,
}

impl Layout {
    fn of(rows: &[Cells], columns: usize) -> Self {
        let widest = |text: fn(&Progress) -> &str| {
            let running = rows.iter().filter_map(|row| row.progress.as_ref());
            running.map(|p| text(p).width()).max().unwrap_or(0)
        };
        let longest = rows.iter().map(|row| row.name.width()).max().unwrap_or(0);
        let percent = widest(|p| &p.percent);
        let mut layout = Self {
            columns,
            number: rows.iter().map(|row| row.number.width()).max().unwrap_or(0),
            name: 0,
            percent: if percent > 0 { percent.max(5) } else { 0 },
            left: widest(|p| &p.left),
            rate: widest(|p| &p.rate),
            bar: if percent > 0 { BAR } else { 0 },
            sources: widest(|p| &p.sources.1),
        };
        for (cell, least) in NAME_BEFORE.into_iter().enumerate() {
            if layout.room() >= longest.min(least) {
                break;
            }
            match cell {
                0 => layout.sources = 0,
                1 => layout.bar = 0,
                2 => layout.rate = 0,
                _ => layout.left = 0,
            }
        }
        let spare = layout.room().saturating_sub(longest);
        if layout.bar > 0 {
            layout.bar += spare.min(LONG_BAR - BAR);
        }
        layout.name = layout.room().max(LEAST_NAME).min(longest);
        layout
    }

    /// Columns for names. One column of the terminal stays free: a full line would wrap in some.
    fn room(&self) -> usize {
        let cells = [self.percent, self.left, self.rate, self.bar, self.sources];
        let cells = cells.into_iter().filter(|width| *width > 0);
        let taken: usize = cells.map(|width| width + GAP).sum();
        self.columns.saturating_sub(1 + self.number + 1 + taken)
    }

    fn line(&self, cells: &Cells) -> Line {
        let mut line = Line::new(Tone::Faint, padded(&cells.number, self.number + 1));
        let name = shorten(&cells.name, self.name);
        line.push(Tone::Strong, padded(&name, self.name));
        if let Some(progress) = &cells.progress {
            line.push(Tone::Plain, aligned(&progress.percent, self.percent));
        }
        if let Some((tone, text)) = &cells.state {
            let room = self.columns.saturating_sub(1 + line.width() + GAP);
            line.push(Tone::Plain, " ".repeat(GAP));
            line.push(*tone, whole_words(text, room));
        } else if let Some(progress) = &cells.progress {
            self.figures(&mut line, progress);
        }
        line
    }

    fn figures(&self, line: &mut Line, progress: &Progress) {
        line.push(Tone::Plain, aligned(&progress.left, self.left));
        line.push(Tone::Strong, aligned(&progress.rate, self.rate));
        if self.bar > 0 {
            line.push(Tone::Plain, " ".repeat(GAP));
            line.pieces
                .extend(bar(progress.verified, progress.received, self.bar));
        }
        if self.sources > 0 {
            let (tone, text) = &progress.sources;
            line.push(Tone::Plain, " ".repeat(GAP));
            line.push(*tone, text.as_str());
        }
    }
}

fn padded(text: &str, columns: usize) -> String {
    let fill = columns.saturating_sub(text.width());
    format!("{text}{}", " ".repeat(fill))
}

/// Behind a gap, at the right of its column; nothing where there is no column.
fn aligned(text: &str, columns: usize) -> String {
    if columns == 0 {
        return String::new();
    }
    let fill = columns.saturating_sub(text.width());
    format!("{}{text}", " ".repeat(GAP + fill))
}

/// A bar of so many columns: what is verified is solid, what has come beyond it is faint.
fn bar(verified: f64, received: f64, columns: usize) -> [(Tone, String); 3] {
    let eighths = |share: f64| (share.clamp(0.0, 1.0) * columns as f64 * 8.0) as usize;
    let verified = eighths(verified);
    let mut solid = "█".repeat(verified / 8);
    let mut taken = verified / 8;
    if !verified.is_multiple_of(8) {
        solid.push(EIGHTHS[verified % 8]);
        taken += 1;
    }
    let arrived = (eighths(received).div_ceil(8)).saturating_sub(taken);
    let missing = columns - taken - arrived;
    let repeated = |c: char, count| std::iter::repeat_n(c, count).collect::<String>();
    [
        (Tone::Good, solid),
        (Tone::Faint, repeated(ARRIVED, arrived)),
        (Tone::Faint, repeated(MISSING, missing)),
    ]
}

#[cfg(test)]
mod tests;
