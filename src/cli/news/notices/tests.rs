use super::*;
use crate::model::SecondaryNumber;

fn who(number: u64) -> Who {
    Who::Secondary(SecondaryNumber::try_from(number).unwrap())
}

fn dead(number: u64, returned_chunks: u32) -> Notice {
    Notice::Dead {
        who: who(number),
        fault: Fault::Broken,
        returned_chunks,
    }
}

fn texts(lines: &[Line]) -> Vec<String> {
    lines.iter().map(Line::text).collect()
}

#[test]
fn a_secondary_falls_once_however_many_downloads_it_served() {
    let mut notices = Notices::new(Touched::Downloads);
    let start = Instant::now();
    for (file, chunks) in [("a", 2), ("b", 2), ("c", 1)] {
        notices.take(start, file, &Notice::Suspect { who: who(2) });
        notices.take(start, file, &dead(2, chunks));
    }
    assert!(notices.due(start).is_empty());
    let later = start + GATHER;
    assert_eq!(
        texts(&notices.due(later)),
        [
            "El secundario 2 ha caído (se cortó la conexión): 5 trozos de 3 descargas pasan a los demás"
        ]
    );
    // One that notices later says nothing new.
    notices.take(later, "d", &dead(2, 1));
    assert!(notices.rest().is_empty());
    let back = Notice::Back {
        who: who(2),
        after: Duration::from_millis(5200),
        own_chunks: 0,
    };
    notices.take(later, "a", &back);
    notices.take(later, "b", &back);
    assert_eq!(
        texts(&notices.rest()),
        ["El secundario 2 ha vuelto tras 5 s"]
    );
    notices.take(later, "a", &dead(2, 1));
    assert_eq!(
        texts(&notices.rest()),
        ["El secundario 2 ha caído (se cortó la conexión): 1 trozo de a pasa a los demás"]
    );
}

#[test]
fn a_moment_of_silence_is_not_told() {
    let mut notices = Notices::new(Touched::Downloads);
    let now = Instant::now();
    notices.take(now, "a", &Notice::Suspect { who: who(1) });
    notices.take(now, "a", &Notice::Cleared { who: who(1) });
    assert!(notices.rest().is_empty());
    notices.take(now, "a", &Notice::Suspect { who: who(1) });
    assert_eq!(notices.rest().len(), 1);
    notices.take(now, "a", &Notice::Cleared { who: who(1) });
    assert_eq!(notices.rest().len(), 1);
}

#[test]
fn a_fall_that_nobody_saw_the_end_of_does_not_hide_the_next() {
    let mut notices = Notices::new(Touched::Copies);
    let start = Instant::now();
    notices.take(start, "a", &dead(1, 0));
    assert_eq!(notices.rest().len(), 1);
    notices.take(start + REMEMBERED, "b", &dead(1, 0));
    assert_eq!(
        texts(&notices.rest()),
        ["El secundario 1 ha caído (se cortó la conexión)"]
    );
}
