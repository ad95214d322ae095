//! Tables with `|` between their columns, aligned by what a terminal shows.

use unicode_width::UnicodeWidthStr;

use super::clean;

/// Lines of a table. The first row is the head; columns of numbers are aligned to the right.
pub fn table(head: &[impl AsRef<str>], rows: &[Vec<String>]) -> Vec<String> {
    let rows: Vec<Vec<String>> =
        std::iter::once(head.iter().map(|h| h.as_ref().to_owned()).collect())
            .chain(
                rows.iter()
                    .map(|row| row.iter().map(|cell| clean(cell)).collect()),
            )
            .collect();
    let columns = head.len();
    let width_of = |column: usize| {
        let cells = rows.iter().filter_map(|row: &Vec<String>| row.get(column));
        cells.map(|cell| cell.width()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width_of).collect();
    let is_number = |column: usize| {
        rows.len() > 1
            && rows[1..].iter().all(|row| {
                row.get(column)
                    .and_then(|cell| cell.chars().next())
                    .is_some_and(|c| c.is_ascii_digit())
            })
    };
    let numbers: Vec<bool> = (0..columns).map(|c| c > 0 && is_number(c)).collect();
    let line = |row: &Vec<String>| {
        let cells: Vec<String> = row
            .iter()
            .enumerate()
            .map(|(column, cell)| {
                let fill = " ".repeat(widths[column].saturating_sub(cell.width()));
                if numbers[column] {
                    format!("{fill}{cell}")
                } else {
                    format!("{cell}{fill}")
                }
            })
            .collect();
        cells.join(" | ").trim_end().to_owned()
    };
    let rule = widths.iter().map(|width| "-".repeat(*width));
    let rule = rule.collect::<Vec<_>>().join("-|-");
    let mut lines: Vec<String> = rows.iter().map(line).collect();
    lines.insert(1, rule);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_with_accents_and_wide_letters() {
        let rows = vec![
            vec!["película.mp4".to_owned(), "12".to_owned()],
            vec!["映画.mp4".to_owned(), "3".to_owned()],
        ];
        assert_eq!(
            table(&["video", "descargas"], &rows),
            [
                "video        | descargas",
                "-------------|----------",
                "película.mp4 |        12",
                "映画.mp4     |         3",
            ]
        );
        assert_eq!(table(&["a"], &[]), ["a", "-"]);
    }
}
