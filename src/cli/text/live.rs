//! The lines right above the prompt: one per download, with a bar and what each source is doing, in as many
//! columns as there are.

use unicode_width::UnicodeWidthStr;

use super::{
    clean, client,
    line::{Line, Tone, fitting},
    t, transfer,
    units::{percent, rate, short_rate, whole_time},
};
use crate::{
    engine::download::{Snapshot, SourceSnapshot, SourceState},
    node::client::{DownloadState, DownloadView},
};

/// From here on there is room for units and longer bars.
const WIDE: usize = 120;
const EIGHTHS: [char; 8] = ['·', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];
/// Names get at least this many columns.
const LEAST_NAME: usize = 8;
const MOST_NAME: usize = 40;

/// A line for each download that waits or runs.
pub fn lines(views: &[DownloadView], columns: usize) -> Vec<Line> {
    views
        .iter()
        .filter(|view| is_live(&view.state))
        .map(|view| line(view, columns))
        .collect()
}

fn is_live(state: &DownloadState) -> bool {
    matches!(state, DownloadState::Queued(_) | DownloadState::Running(_))
}

fn line(view: &DownloadView, columns: usize) -> Line {
    let head = format!("[{}] ", view.number.0);
    let rest = match &view.state {
        DownloadState::Running(snapshot) => running(snapshot, columns),
        other => Line::from(client::state(other)),
    };
    let name = clean(view.file.as_str());
    // One column stays free: a full line would wrap in some terminals.
    let room = columns.saturating_sub(head.width() + rest.width() + 2);
    let name = shorten(&name, room.clamp(LEAST_NAME, MOST_NAME));
    let mut line = Line::new(Tone::Faint, head);
    line.push(Tone::Strong, name);
    line.push(Tone::Plain, " ");
    line.pieces.extend(rest.pieces);
    line
}

fn running(snapshot: &Snapshot, columns: usize) -> Line {
    let is_wide = columns >= WIDE;
    let mut line = Line::default();
    let share = snapshot.have_bytes as f64 / snapshot.file_bytes.max(1) as f64;
    line.push(Tone::Good, bar(share, if is_wide { 24 } else { 10 }));
    line.push(
        Tone::Plain,
        format!(" {:>5}", percent(snapshot.have_bytes, snapshot.file_bytes)),
    );
    if snapshot.waiting_for_sources {
        line.push(Tone::Warning, format!(" {}", t!("waiting-for-sources")));
        return line;
    }
    line.push(
        Tone::Strong,
        format!(" {:>10}", rate(snapshot.rate_bytes_per_s)),
    );
    if let Some(left) = snapshot.time_left {
        let left = whole_time(left);
        let left = if is_wide {
            t!("left", left = left)
        } else {
            left
        };
        line.push(Tone::Plain, format!(" {left}"));
    }
    line.push(Tone::Faint, " │");
    for source in &snapshot.sources {
        let (tone, text) = source_piece(source, is_wide);
        line.push(
            Tone::Faint,
            format!(" {}:", transfer::who(source.received.who)),
        );
        line.push(tone, text);
    }
    line
}

/// What one source is doing: its rate and, after ×, the chunks that it has been asked for; or its state.
fn source_piece(source: &SourceSnapshot, is_wide: bool) -> (Tone, String) {
    let tone = match source.state {
        SourceState::Up => Tone::Plain,
        SourceState::Connecting | SourceState::Resting => Tone::Faint,
        SourceState::Suspect => Tone::Warning,
        SourceState::Dead | SourceState::Banned => Tone::Bad,
    };
    let text = match source.state {
        SourceState::Up if is_wide => {
            format!(" {} ×{}", rate(source.rate_bytes_per_s), source.in_flight)
        }
        SourceState::Up => format!(
            "{}×{}",
            short_rate(source.rate_bytes_per_s),
            source.in_flight
        ),
        state => transfer::source_state(state, source.rate_bytes_per_s),
    };
    (tone, text)
}

/// A bar of so many columns.
fn bar(share: f64, columns: usize) -> String {
    let eighths = (share.clamp(0.0, 1.0) * columns as f64 * 8.0) as usize;
    let mut bar = "█".repeat(eighths / 8);
    if eighths / 8 < columns {
        bar.push(EIGHTHS[eighths % 8]);
        bar.push_str(&"·".repeat(columns - eighths / 8 - 1));
    }
    bar
}

/// A name in so many columns: its beginning and its end, where the number of an episode often is.
pub fn shorten(name: &str, columns: usize) -> String {
    if name.width() <= columns {
        return name.to_owned();
    }
    let tail_columns = columns / 3;
    let mut tail = String::new();
    for c in name.chars().rev() {
        let longer = format!("{c}{tail}");
        if longer.width() > tail_columns {
            break;
        }
        tail = longer;
    }
    let head = fitting(name, columns.saturating_sub(tail.width() + 1));
    format!("{head}…{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_have_their_width_at_every_share() {
        for columns in [10, 24] {
            for eighth in 0..=columns * 8 {
                let share = eighth as f64 / (columns * 8) as f64;
                assert_eq!(bar(share, columns).width(), columns, "{share}");
            }
        }
        assert_eq!(bar(0.5, 4), "██··");
        assert_eq!(bar(1.0, 4), "████");
        assert_eq!(bar(f64::NAN, 2), "··");
    }

    #[test]
    fn long_names_keep_both_ends() {
        assert_eq!(shorten("corto.mp4", 9), "corto.mp4");
        let short = shorten("una serie muy larga - episodio 12.mkv", 20);
        assert_eq!(short.width(), 20);
        assert!(
            short.starts_with("una serie") && short.ends_with("12.mkv"),
            "{short}"
        );
        assert!(shorten("映画映画映画映画映画", 9).width() <= 9);
    }
}
