use super::*;
use crate::{
    cli::samples::view,
    engine::download::SourceSnapshot,
    model::{ReceivedFrom, SecondaryNumber, SourceId, Who},
};

const MB: u64 = 1_000_000;

fn source(number: u64, state: SourceState) -> SourceSnapshot {
    SourceSnapshot {
        state,
        rate_bytes_per_s: 0.0,
        in_flight: 2,
        received: ReceivedFrom::nothing(
            SourceId(number as u32),
            Who::Secondary(SecondaryNumber::try_from(number).unwrap()),
        ),
    }
}

fn snapshot(received: u64) -> Snapshot {
    Snapshot {
        file_bytes: 24 * MB,
        have_bytes: received / 2,
        received_bytes: received,
        resumed_bytes: 0,
        chunk_count: 24,
        have_chunks: 0,
        rate_bytes_per_s: 590_000.0,
        time_left: Some(Duration::from_secs(113)),
        elapsed: Duration::from_secs(10),
        average_bytes_per_s: 0.0,
        wasted_bytes: 0,
        retries: 0,
        waiting_for_sources: false,
        readers: 0,
        sources: vec![
            source(1, SourceState::Up),
            source(2, SourceState::Up),
            source(3, SourceState::Up),
        ],
    }
}

fn running(number: u64, file: &str) -> DownloadView {
    let state = DownloadState::Running(Box::new(snapshot(6 * MB)));
    view(number, file, state)
}

fn texts(views: &[DownloadView], total: &Total, columns: usize, rows: usize) -> Vec<String> {
    let lines = lines(views, total, Window { columns, rows });
    let texts: Vec<_> = lines.iter().map(Line::text).collect();
    assert!(lines.len() <= rows.max(1), "{texts:#?}");
    for text in &texts {
        assert!(text.width() < columns, "{columns}: {texts:#?}");
    }
    texts
}

fn total() -> Total {
    Total {
        received_bytes: 8 * MB,
        bytes: Some(100 * MB),
        rate_bytes_per_s: 590_000.0,
        complete: 2,
        files: 60,
    }
}

#[test]
fn sixty_downloads_take_a_few_rows_and_what_runs_is_first() {
    let mut views: Vec<_> = (1..=55)
        .map(|n| view(n, "espera.mp4", DownloadState::Queued(56 - n as u32)))
        .collect();
    views.extend((56..=60).map(|n| running(n, "corre.mp4")));
    for columns in [40, 80, 120] {
        let texts = texts(&views, &total(), columns, 8);
        assert_eq!(texts.len(), 6);
        assert!(texts[..5].iter().all(|text| text.contains("25 %")));
        assert!(texts[5].starts_with("55 más en espera · 8 %"), "{texts:#?}");
    }
    let last = texts(&views, &total(), 80, 8).pop().unwrap();
    assert_eq!(last, "55 más en espera · 8 %, 590 kB/s, 2 min 36 s");
    let few = texts(&views, &total(), 80, 3);
    assert_eq!(few.len(), 3);
    assert!(
        few[2].starts_with("3 más en curso y 55 en espera"),
        "{few:#?}"
    );
    let one = texts(&views, &total(), 80, 1);
    assert!(one[0].starts_with("5 más en curso"), "{one:#?}");
}

#[test]
fn cells_are_aligned_and_those_of_least_worth_go_first() {
    let long = format!("{}.mp4", "una conferencia larga ".repeat(5));
    let mut waits = snapshot(MB);
    waits.waiting_for_sources = true;
    let mut fallen = snapshot(23 * MB);
    fallen.sources[1].state = SourceState::Dead;
    let views = [
        running(1, "pelicula.mp4"),
        view(2, &long, DownloadState::Running(Box::new(fallen))),
        view(3, "c", DownloadState::Running(Box::new(waits))),
        view(14, "d", DownloadState::Queued(4)),
    ];
    let wide = texts(&views, &total(), 120, 8);
    let narrow = texts(&views, &total(), 40, 8);
    let usual = texts(&views, &total(), 80, 8);
    for lines in [&wide, &usual, &narrow] {
        let place = |line: &str| line.find(" %").map(|at| line[..at].width());
        assert_eq!(place(&lines[0]), place(&lines[1]), "{lines:#?}");
        assert!(lines[0].contains("1 min 53 s"), "{lines:#?}");
        assert!(lines[3].contains("en espera"), "{lines:#?}");
    }
    assert!(wide[0].ends_with("3 fuentes") && wide[1].ends_with("2/3 fuentes"));
    assert!(wide[0].contains('█') && wide[0].contains('░') && wide[0].contains('·'));
    assert!(usual[0].contains("590 kB/s") && usual[0].contains('█'));
    assert!(!usual[0].contains("fuentes"), "{usual:#?}");
    assert!(!narrow[0].contains("kB/s") && !narrow[0].contains('█'));
    assert!(
        narrow[1].contains('…') && narrow[1].contains("mp4"),
        "{narrow:#?}"
    );
    assert!(usual[2].contains("sin fuentes"), "{usual:#?}");
}

#[test]
fn numbers_that_mean_nothing_are_left_out() {
    let mut fresh = snapshot(MB);
    fresh.elapsed = Duration::from_secs(1);
    let mut stalled = snapshot(MB);
    stalled.rate_bytes_per_s = 1.0;
    stalled.time_left = Some(Duration::from_secs(23_000_000));
    for snapshot in [fresh, stalled] {
        let views = [view(1, "a.mp4", DownloadState::Running(Box::new(snapshot)))];
        let texts = texts(&views, &Total::default(), 80, 8);
        assert_eq!(texts.len(), 1);
        assert!(
            !texts[0].contains("/s") && !texts[0].contains(" min"),
            "{texts:?}"
        );
    }
    let nothing = Total::default();
    assert_eq!(nothing.figures(80), "");
    let mut whole = snapshot(24 * MB);
    whole.have_bytes = 23 * MB;
    let views = [view(1, "a.mp4", DownloadState::Running(Box::new(whole)))];
    assert!(texts(&views, &nothing, 80, 8)[0].contains("99 %"));
}

#[test]
fn a_script_has_one_line() {
    let views = [running(1, "a.mp4"), running(2, "b.mp4")];
    let line = one_line(&views, &total(), 80).unwrap().text();
    assert_eq!(line, "2 de 60 ficheros · 8 %, 590 kB/s, 2 min 36 s");
    let alone = Total {
        files: 1,
        ..Total::default()
    };
    let line = one_line(&views[..1], &alone, 80).unwrap().text();
    assert!(line.starts_with("[1] a.mp4"), "{line}");
    assert!(one_line(&[], &alone, 80).is_none());
}

#[test]
fn bars_have_their_width_at_every_share() {
    let width = |pieces: [(Tone, String); 3]| -> usize {
        pieces.iter().map(|(_, text)| text.width()).sum()
    };
    for columns in [10, 24] {
        for verified in 0..=columns * 8 {
            for received in verified..=columns * 8 {
                let share = |eighths: usize| eighths as f64 / (columns * 8) as f64;
                let bar = bar(share(verified), share(received), columns);
                assert_eq!(width(bar), columns, "{verified} {received}");
            }
        }
    }
    let text = |verified, received| {
        let pieces = bar(verified, received, 4);
        pieces.map(|(_, text)| text).concat()
    };
    assert_eq!(text(0.5, 0.5), "██··");
    assert_eq!(text(0.25, 0.75), "█░░·");
    assert_eq!(text(1.0, 1.0), "████");
    assert_eq!(text(f64::NAN, f64::NAN), "····");
}
