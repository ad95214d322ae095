//! Tables with `|` between their columns, aligned by what a terminal shows, in as many columns as it has: names are
//! shortened, then columns of little weight are left out, as are those in which nothing stands. What is too long for a cell, as the reason of a failure, is a
//! line of its own below its row.

use unicode_width::UnicodeWidthStr;

use super::{clean, line::shorten};

/// Between two columns.
const BETWEEN: &str = " | ";
/// Names are shortened to this before a column is left out, and to the other before the table is wider than the terminal.
const SHORT_NAME: usize = 24;
const SHORTEST_NAME: usize = 8;
/// What is below a row is this much further in.
const NOTE_IN: &str = "    ";

/// One column.
#[derive(Clone, Debug)]
pub struct Column {
    head: String,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Always there, and whole.
    Whole,
    /// Always there, in the middle shortened where there is little room.
    Name,
    /// Left out where there is no room, the highest number first.
    Minor(u8),
}

/// A column that is always there.
pub fn whole(head: impl Into<String>) -> Column {
    column(head, Kind::Whole)
}

/// A column of names, which are shortened where there is little room.
pub fn name(head: impl Into<String>) -> Column {
    column(head, Kind::Name)
}

/// A column that is left out where there is no room, the highest number first.
pub fn minor(rank: u8, head: impl Into<String>) -> Column {
    column(head, Kind::Minor(rank))
}

fn column(head: impl Into<String>, kind: Kind) -> Column {
    let head = head.into();
    Column { head, kind }
}

/// A table.
#[derive(Clone, Debug)]
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Row>,
}

#[derive(Clone, Debug)]
struct Row {
    cells: Vec<String>,
    note: Option<String>,
}

impl Table {
    /// A table without rows.
    pub fn new(columns: impl IntoIterator<Item = Column>) -> Self {
        Self {
            columns: columns.into_iter().collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: Vec<String>) {
        self.row_with(cells, None);
    }

    /// Adds a row, with a line below it.
    pub fn row_with(&mut self, cells: Vec<String>, note: Option<String>) {
        let cells = cells.iter().map(|cell| clean(cell)).collect();
        self.rows.push(Row { cells, note });
    }

    /// The same with all these rows.
    pub fn with(mut self, rows: impl IntoIterator<Item = Vec<String>>) -> Self {
        rows.into_iter().for_each(|row| self.row(row));
        self
    }

    /// Its lines, the head first, in so many columns of a terminal.
    pub fn lines(&self, columns: usize) -> Vec<String> {
        let shown = self.fitting(columns);
        let line = |cell: &dyn Fn(usize) -> String| {
            let cells: Vec<String> = shown
                .iter()
                .map(|place| aligned(&place.short(cell(place.at)), place))
                .collect();
            cells.join(BETWEEN).trim_end().to_owned()
        };
        let rule: Vec<_> = shown.iter().map(|place| "-".repeat(place.width)).collect();
        let mut lines = vec![line(&|at| self.columns[at].head.clone()), rule.join("-|-")];
        for row in &self.rows {
            lines.push(line(&|at| row.cells.get(at).cloned().unwrap_or_default()));
            lines.extend(row.note.iter().map(|note| format!("{NOTE_IN}{note}")));
        }
        lines
    }

    /// The columns that are shown, and how wide each is.
    fn fitting(&self, columns: usize) -> Vec<Place> {
        let shown = (0..self.columns.len()).filter(|at| !self.says_nothing(*at));
        let mut places: Vec<Place> = shown.map(|at| self.place(at)).collect();
        while width(&places) > columns {
            let over = width(&places) - columns;
            let spare = spare(&places, SHORT_NAME);
            if spare >= over {
                narrow(&mut places, over, SHORT_NAME);
                break;
            }
            let rank = |place: &Place| match place.kind {
                Kind::Minor(rank) => Some(rank),
                Kind::Whole | Kind::Name => None,
            };
            let least = places.iter().filter_map(rank).max();
            match least {
                Some(least) => places.retain(|place| rank(place) != Some(least)),
                None => {
                    narrow(&mut places, over, SHORTEST_NAME);
                    break;
                }
            }
        }
        places
    }

    /// True for a column of little weight in which no row has anything.
    fn says_nothing(&self, at: usize) -> bool {
        let has_any = |row: &Row| row.cells.get(at).is_some_and(|cell| !cell.is_empty());
        match self.columns[at].kind {
            Kind::Minor(_) => !self.rows.is_empty() && !self.rows.iter().any(has_any),
            Kind::Whole | Kind::Name => false,
        }
    }

    fn place(&self, at: usize) -> Place {
        let cells = || self.rows.iter().filter_map(|row| row.cells.get(at));
        let widest = cells().map(|cell| cell.width()).max().unwrap_or(0);
        let is_number = |cell: &String| cell.starts_with(|c: char| c.is_ascii_digit());
        Place {
            at,
            kind: self.columns[at].kind,
            width: widest.max(self.columns[at].head.width()),
            to_the_right: at > 0
                && cells().any(is_number)
                && cells().all(|cell| cell.is_empty() || is_number(cell)),
        }
    }
}

/// Where a column is shown.
struct Place {
    at: usize,
    kind: Kind,
    width: usize,
    /// Columns of numbers are aligned to the right.
    to_the_right: bool,
}

impl Place {
    fn short(&self, cell: String) -> String {
        match self.kind {
            Kind::Name => shorten(&cell, self.width),
            Kind::Whole | Kind::Minor(_) => cell,
        }
    }
}

fn width(places: &[Place]) -> usize {
    let between = BETWEEN.len() * places.len().saturating_sub(1);
    places.iter().map(|place| place.width).sum::<usize>() + between
}

/// Columns that are won by names of this length.
fn spare(places: &[Place], shortest: usize) -> usize {
    let names = places.iter().filter(|place| place.kind == Kind::Name);
    names
        .map(|place| place.width.saturating_sub(shortest))
        .sum()
}

/// Takes so many columns from names, from the longest first.
fn narrow(places: &mut [Place], over: usize, shortest: usize) {
    for _ in 0..over {
        let names = places.iter_mut().filter(|place| place.kind == Kind::Name);
        let longest = names.max_by_key(|place| place.width);
        match longest {
            Some(place) if place.width > shortest => place.width -= 1,
            _ => return,
        }
    }
}

fn aligned(cell: &str, place: &Place) -> String {
    let fill = " ".repeat(place.width.saturating_sub(cell.width()));
    if place.to_the_right {
        format!("{fill}{cell}")
    } else {
        format!("{cell}{fill}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(cells: &[&str]) -> Vec<String> {
        cells.iter().map(|cell| (*cell).to_owned()).collect()
    }

    #[test]
    fn columns_are_aligned_with_accents_and_wide_letters() {
        let table = Table::new([name("video"), whole("descargas")])
            .with([row(&["película.mp4", "12"]), row(&["映画.mp4", "3"])]);
        assert_eq!(
            table.lines(80),
            [
                "video        | descargas",
                "-------------|----------",
                "película.mp4 |        12",
                "映画.mp4     |         3",
            ]
        );
        assert_eq!(Table::new([name("a")]).lines(80), ["a", "-"]);
    }

    #[test]
    fn a_table_is_never_wider_than_the_terminal() {
        let long = format!("{}-12.mkv", "una serie muy larga ".repeat(6));
        let mut table = Table::new([
            whole("nº"),
            name("fichero"),
            minor(1, "tamaño"),
            minor(2, "de dónde viene"),
        ]);
        table.row(row(&["1", &long, "18,0 MB", "de los secundarios 1 y 2"]));
        table.row_with(
            row(&["2", "corto.mp4", "1,0 MB", "-"]),
            Some("falló: nadie lo tiene".to_owned()),
        );
        for columns in [120, 80, 60, 40, 30] {
            let lines = table.lines(columns);
            assert!(
                lines.iter().all(|line| line.width() <= columns),
                "{columns}: {lines:#?}"
            );
            assert!(
                lines[2].contains("…") && lines[2].contains(".mkv"),
                "{lines:#?}"
            );
            assert_eq!(lines[4], "    falló: nadie lo tiene");
        }
        assert!(table.lines(80)[0].contains("viene"));
        assert!(!table.lines(50)[0].contains("viene"));
        assert!(table.lines(50)[0].contains("tamaño"));
        assert!(!table.lines(30)[0].contains("tamaño"));
    }
}
