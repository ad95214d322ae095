//! Figures and their queue.

use std::time::{Duration, Instant};

use super::{FigureFact, Figures, Queue, Source};
use crate::model::{
    FigureAnswer, FigureDoor, FigureError, FigureName, FigureOrder, FigureRequest, FigureValue,
    FileName,
    limits::{MAX_FIGURE_QUEUE, MAX_FIGURE_REQUESTS, MAX_FIGURES, MAX_PLAYERS},
};

fn asked(name: &str, order: FigureOrder) -> FigureRequest {
    FigureRequest {
        name: FigureName::try_from(name).unwrap(),
        order,
        door: FigureDoor::Udp,
        who: "10.0.0.1".to_owned(),
        request: None,
        may_reset: false,
    }
}

/// Decides and applies, as the central does.
fn give(figures: &mut Figures, asked: &FigureRequest) -> FigureAnswer {
    let decided = figures.decide(asked, |_| 7);
    if let Some(fact) = decided.fact {
        figures.apply(fact);
    }
    decided.answer
}

fn value(answer: FigureAnswer) -> i64 {
    answer.unwrap().value
}

#[test]
fn an_order_that_fails_changes_nothing() {
    let mut figures = Figures::default();
    let add = |by| asked("x", FigureOrder::Add(by));
    assert_eq!(value(give(&mut figures, &add(i64::MAX))), i64::MAX);
    let before = figures.clone();
    let overflow = Err(FigureError::Overflow { value: i64::MAX });
    assert_eq!(give(&mut figures, &add(1)), overflow);
    let reset = asked("x", FigureOrder::Reset);
    assert_eq!(give(&mut figures, &reset), Err(FigureError::ResetDenied));
    for name in ["descargas:a", "reproducciones:a"] {
        let counted = give(&mut figures, &asked(name, FigureOrder::Add(1)));
        assert_eq!(counted, Err(FigureError::Counted));
    }
    for order in [FigureOrder::Add(1), FigureOrder::Add(2), FigureOrder::Reset] {
        // Without a name there is no vote.
        let voted = give(&mut figures, &asked("votos:a", order));
        assert_eq!(voted, Err(FigureError::OneVote));
    }
    assert_eq!(figures, before);
    assert_eq!(
        value(give(&mut figures, &asked("descargas:a", FigureOrder::Ask))),
        7
    );
    let reset = FigureRequest {
        may_reset: true,
        ..reset
    };
    assert_eq!(value(give(&mut figures, &reset)), 0);
    assert!(figures.is_empty());
    assert_eq!(value(give(&mut figures, &add(i64::MIN))), i64::MIN);
    let overflow = Err(FigureError::Overflow { value: i64::MIN });
    assert_eq!(give(&mut figures, &add(-1)), overflow);
}

#[test]
fn a_repeated_request_counts_once() {
    let mut figures = Figures::default();
    let named = |request: &str, who: &str| FigureRequest {
        request: Some(request.to_owned()),
        who: who.to_owned(),
        ..asked("x", FigureOrder::Add(5))
    };
    assert_eq!(value(give(&mut figures, &named("a", "one"))), 5);
    assert_eq!(value(give(&mut figures, &named("b", "one"))), 10);
    // The answer is that of the first time.
    assert_eq!(value(give(&mut figures, &named("a", "one"))), 5);
    assert_eq!(value(give(&mut figures, &named("a", "other"))), 15);
    // Also after a restart.
    let saved = serde_json::to_vec(&figures).unwrap();
    let mut restored: Figures = serde_json::from_slice(&saved).unwrap();
    assert_eq!(restored, figures);
    assert_eq!(value(give(&mut restored, &named("b", "one"))), 10);
    for number in 0..MAX_FIGURE_REQUESTS {
        value(give(&mut restored, &named(&number.to_string(), "third")));
    }
    let before = value(give(&mut restored, &asked("x", FigureOrder::Ask)));
    assert_eq!(value(give(&mut restored, &named("a", "one"))), before + 5);
}

#[test]
fn each_name_has_one_vote_and_each_reader_one_play() {
    let mut figures = Figures::default();
    let vote = |who: &str, by| FigureRequest {
        door: FigureDoor::Client,
        who: who.to_owned(),
        ..asked("votos:a", FigureOrder::Add(by))
    };
    for (who, by, votes) in [
        ("ana", 1, 1),
        ("ana", 1, 1),
        ("luis", 1, 2),
        ("ana", -1, 1),
        ("ana", -1, 1),
        ("luis", -1, 0),
    ] {
        assert_eq!(value(give(&mut figures, &vote(who, by))), votes, "{who}");
    }
    assert!(figures.is_empty());
    let file = FileName::try_from("a").unwrap();
    for (reader, plays) in [(1, 1), (1, 1), (2, 2)] {
        if let Some(fact) = figures.decide_play(&file, reader) {
            figures.apply(fact);
        }
        assert_eq!(figures.plays(&file), plays);
    }
    for reader in 3..MAX_PLAYERS as u64 + 10 {
        let file = file.clone();
        figures.apply(FigureFact::Played { file, reader });
    }
    assert!(figures.decide_play(&file, 1).is_some());
}

#[test]
fn there_are_only_so_many_figures() {
    let mut figures = Figures::default();
    for number in 0..MAX_FIGURES {
        let one = asked(&format!("f{number}"), FigureOrder::Add(1));
        assert_eq!(value(give(&mut figures, &one)), 1);
    }
    let most = MAX_FIGURES as u64;
    let one_more = give(&mut figures, &asked("more", FigureOrder::Add(1)));
    assert_eq!(one_more, Err(FigureError::TooMany { most }));
    let known = give(&mut figures, &asked("f7", FigureOrder::Add(1)));
    let name = FigureName::try_from("f7").unwrap();
    assert_eq!(known, Ok(FigureValue { name, value: 2 }));
}

#[test]
fn operators_overtake_a_flood_that_goes_on_draining() {
    let began = Instant::now();
    let mut queue: Queue<u32> = Queue::default();
    for number in 0..MAX_FIGURE_QUEUE as u32 {
        queue.push(Source::Door(FigureDoor::Udp), number).unwrap();
    }
    assert_eq!(queue.push(Source::Door(FigureDoor::Udp), 9), Err(9));
    queue
        .push(Source::Door(FigureDoor::Tcp), 1_000_000)
        .unwrap();
    // A flood at one door does not keep another's waiting.
    let first = queue.take(began);
    assert!(first.contains(&1_000_000) && first.contains(&0));
    // What is taken at once is little: an operator's order is next.
    assert!(first.len() <= 64);
    queue.push(Source::Operator, 2_000_000).unwrap();
    assert!(queue.take(began).starts_with(&[2_000_000]));
    let mut drained = first.len() + 63;
    while queue.poll_timeout(began) == Some(began) {
        drained += queue.take(began).len();
    }
    // The doors wait for the next batch; an operator does not.
    assert!(queue.take(began).is_empty());
    queue.push(Source::Operator, 2_000_001).unwrap();
    assert_eq!(queue.poll_timeout(began), Some(began));
    assert_eq!(queue.take(began), [2_000_001]);
    // Operators that flood as well starve nobody, and are not starved.
    for number in 0..2000 {
        queue.push(Source::Operator, 3_000_000 + number).unwrap();
    }
    let mut now = began;
    let mut operators = 0;
    let mut batches = 0;
    while !queue.is_empty() {
        now += Duration::from_millis(5);
        batches += 1;
        while queue.poll_timeout(now) == Some(now) {
            let taken = queue.take(now);
            let of_operators = taken.iter().filter(|n| **n >= 3_000_000).count();
            if operators + of_operators < 2000 {
                assert!(of_operators >= 56, "{of_operators}");
            }
            operators += of_operators;
            drained += taken.len() - of_operators;
        }
    }
    assert_eq!(operators, 2000);
    assert_eq!(drained, MAX_FIGURE_QUEUE + 1);
    // Over twenty thousand in each second.
    assert!(batches < 50, "{batches}");
}

#[test]
fn an_idle_door_is_answered_at_once() {
    let began = Instant::now();
    let mut queue: Queue<u32> = Queue::default();
    assert_eq!(queue.poll_timeout(began), None);
    for second in 0..3 {
        let now = began + Duration::from_secs(second);
        queue.push(Source::Door(FigureDoor::Tcp), 1).unwrap();
        assert_eq!(queue.poll_timeout(now), Some(now));
        assert_eq!(queue.take(now), [1]);
    }
}
