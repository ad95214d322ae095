//! The map of a download's chunks: which source brought which, what is missing and what is on its way.

use unicode_width::UnicodeWidthStr;

use super::{
    line::{Line, Tone},
    t,
};
use crate::{
    model::Who,
    node::client::{ChunkCell, ChunkMap},
};

/// Columns of a map at most: it is read better when it is not too wide.
const MOST_COLUMNS: usize = 64;
/// Rows of a map at most; cells stand for more chunks where there are more.
const MOST_ROWS: usize = 16;
const MISSING: char = '·';
const IN_FLIGHT: char = '░';
const EARLIER: char = '▬';
/// A shape per secondary, for terminals without colours.
const SHAPES: [char; 8] = ['█', '▓', '▚', '▞', '▛', '▜', '▙', '▟'];
const OTHERS: char = '■';

/// The map and its legend, in so many columns.
pub fn lines(map: &ChunkMap, columns: usize) -> Vec<Line> {
    let wide = columns;
    let columns = wide.saturating_sub(4).clamp(8, MOST_COLUMNS);
    let at_once = map.cells.len().div_ceil(columns * MOST_ROWS).max(1);
    let squares: Vec<Square> = map.cells.chunks(at_once).map(square).collect();
    let mut lines: Vec<Line> = squares.chunks(columns).map(row).collect();
    let chunks = u64::from(map.chunks_per_cell) * at_once as u64;
    lines.extend(legend(&squares, wide));
    let scale = t!("map-legend", chunks = t!("chunks", count = chunks));
    lines.push(Line::new(Tone::Faint, format!("  {scale}")));
    lines
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Square {
    Missing,
    InFlight,
    Earlier,
    From(Who),
}

/// What several cells are together: on their way if one is, received if all are.
fn square(cells: &[ChunkCell]) -> Square {
    if cells.iter().any(|cell| cell.in_flight.is_some()) {
        return Square::InFlight;
    }
    if cells.iter().any(|cell| cell.have == 0) {
        return Square::Missing;
    }
    let from = cells.iter().find_map(|cell| cell.from);
    from.map_or(Square::Earlier, Square::From)
}

impl Square {
    fn shape(self) -> char {
        match self {
            Self::Missing => MISSING,
            Self::InFlight => IN_FLIGHT,
            Self::Earlier => EARLIER,
            Self::From(Who::Secondary(number)) => {
                let place = usize::from(number.get()).saturating_sub(1);
                SHAPES.get(place).copied().unwrap_or(OTHERS)
            }
            Self::From(Who::Peer(_)) => OTHERS,
        }
    }

    fn tone(self) -> Tone {
        match self {
            Self::Missing => Tone::Faint,
            Self::InFlight => Tone::Strong,
            Self::Earlier => Tone::Plain,
            Self::From(Who::Secondary(number)) => {
                Tone::Of(u8::try_from(number.get()).unwrap_or(u8::MAX))
            }
            Self::From(Who::Peer(_)) => Tone::Strong,
        }
    }

    fn name(self) -> String {
        match self {
            Self::Missing => t!("map-missing"),
            Self::InFlight => t!("map-in-flight"),
            Self::Earlier => t!("map-earlier"),
            Self::From(Who::Secondary(number)) => t!("map-secondary", number = number),
            Self::From(Who::Peer(_)) => t!("map-peers"),
        }
    }
}

/// A row, neighbours that are alike in one piece.
fn row(squares: &[Square]) -> Line {
    let mut line = Line::from("  ");
    for run in squares.chunk_by(|a, b| a == b) {
        let shapes: String = run.iter().map(|square| square.shape()).collect();
        line.push(run[0].tone(), shapes);
    }
    line
}

/// What the shapes mean, in as many lines as it takes.
fn legend(squares: &[Square], columns: usize) -> Vec<Line> {
    let mut kinds: Vec<Square> = Vec::new();
    for square in squares {
        if !kinds.contains(square) {
            kinds.push(*square);
        }
    }
    kinds.sort_by_key(|kind| match kind {
        Square::From(who) => (0, Some(*who)),
        Square::Earlier => (1, None),
        Square::InFlight => (2, None),
        Square::Missing => (3, None),
    });
    let mut lines = vec![Line::default()];
    for kind in kinds {
        let name = format!(" {}", kind.name());
        let last = lines.last().map_or(0, Line::width);
        if last > 0 && last + 4 + name.width() > columns {
            lines.push(Line::default());
        }
        if let Some(line) = lines.last_mut() {
            line.push(Tone::Plain, if line.width() == 0 { "  " } else { "   " });
            line.push(kind.tone(), kind.shape());
            line.push(Tone::Plain, name);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::SecondaryNumber;

    #[test]
    fn a_map_of_many_secondaries_fits_a_terminal() {
        let from = |n| ChunkCell {
            have: 1,
            in_flight: None,
            from: SecondaryNumber::try_from(n).ok().map(Who::Secondary),
        };
        let map = ChunkMap {
            chunk_count: 12,
            chunks_per_cell: 1,
            cells: (1..=12).map(from).collect(),
        };
        let lines = lines(&map, 80);
        assert!(
            lines.len() > 3 && lines.iter().all(|line| line.width() <= 80),
            "{lines:#?}"
        );
        let text: Vec<_> = lines.iter().map(Line::text).collect();
        assert_eq!(text[0], "  █▓▚▞▛▜▙▟■■■■");
        assert!(
            text[1].starts_with("  █ secundario 1   ▓ secundario 2"),
            "{text:#?}"
        );
        assert!(
            text.last().is_some_and(|last| last.contains("1 trozo")),
            "{text:#?}"
        );
    }
}
