//! What comes in by the doors of figures: lines, datagrams, and what their orders do.

use trozos::{
    engine::figures::Figures,
    model::{FigureDoor, FigureError, FigureLine, FigureName, FigureOrder, FigureRequest},
    node::doors::answered,
};

/// Lines, one after the other, given to figures: whatever comes, values are what the orders make of them, an order that fails
/// changes nothing, and what is saved is read again.
pub fn figures(data: &[u8]) {
    let mut figures = Figures::default();
    for line in data.split(|byte| *byte == b'\n').take(256) {
        let read = FigureLine::read(line);
        if let Ok(line) = &read {
            round_trip(line);
        }
        let Ok(FigureLine {
            name,
            order,
            request,
        }) = read
        else {
            continue;
        };
        let asked = FigureRequest {
            name: name.clone(),
            order,
            door: FigureDoor::Client,
            who: "ana".to_owned(),
            request,
            may_reset: line.len().is_multiple_of(2),
        };
        let ask = FigureRequest {
            order: FigureOrder::Ask,
            request: None,
            ..asked.clone()
        };
        let before = figures
            .decide(&ask, |_| 7)
            .answer
            .expect("asking works")
            .value;
        let copy = figures.clone();
        let decided = figures.decide(&asked, |_| 7);
        assert!(figures == copy, "deciding changes nothing");
        let changes = decided.fact.is_some();
        if let Some(fact) = decided.fact {
            figures.apply(fact);
        }
        let after = figures
            .decide(&ask, |_| 7)
            .answer
            .expect("asking works")
            .value;
        for door in FigureDoor::ALL {
            assert!(!answered(door, &decided.answer).contains('\n'));
        }
        match decided.answer {
            Ok(_) if !changes => assert_eq!(before, after),
            Ok(answer) => assert_eq!(answer.value, after),
            Err(FigureError::Overflow { value }) => assert_eq!((value, after), (before, before)),
            Err(_) => assert_eq!(before, after),
        }
    }
    let saved = serde_json::to_vec(&figures).expect("plain values");
    let read: Figures = serde_json::from_slice(&saved).expect("as it was written");
    assert!(read == figures);
}

/// What a process of a connection passes on means the same.
fn round_trip(line: &FigureLine) {
    let request = line.request.as_ref();
    let request = request.map_or_else(String::new, |request| format!(" #{request}"));
    let again = format!("{} {}{request}", line.name, line.order);
    assert_eq!(FigureLine::read(again.as_bytes()).as_ref(), Ok(line));
    let name = line.name.to_string();
    assert_eq!(FigureName::try_from(name.as_str()).as_ref(), Ok(&line.name));
}
