//! Two centrals on one store, as their owners see them.

use std::{sync::Arc, time::Duration};

use trozos::{
    engine::leadership::{Config, NotMigrated, Standing, StepDown},
    node::central::KeyStore,
};

use crate::reigning::{Central, Seen};

pub fn config(node: &str) -> Config {
    Config {
        ttl: Duration::from_secs(3),
        snapshot_batches: 20,
        kept_batches: 10,
        ..Config::new(node, "127.0.0.1:1")
    }
}

pub fn serves(seen: &Seen) -> bool {
    seen.standing == Some(Standing::Serving)
}

pub async fn pair<S: KeyStore>(store: &Arc<S>) -> (Central, Central) {
    let one = Central::start(Arc::clone(store), config("one"));
    one.until("one serves", serves).await;
    let two = Central::start(Arc::clone(store), config("two"));
    two.until("two is ready", |seen| seen.ready).await;
    (one, two)
}

/// Orders it until the other is known to be ready.
pub async fn hand_over(from: &Central, to: &str) {
    loop {
        match from.migrate(Some(to)).await {
            Ok(name) => return assert_eq!(name, to),
            Err(NotMigrated::NotReady(_) | NotMigrated::Unknown(_)) => {}
            Err(other) => panic!("{other:?}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Nothing that was acknowledged is lost, and nothing is there twice.
pub fn assert_has(seen: &Seen, written: usize) {
    let texts: Vec<&String> = (seen.texts.iter())
        .filter(|text| text.starts_with("text"))
        .collect();
    let expected: Vec<String> = (0..written).map(|nth| format!("text {nth}")).collect();
    assert_eq!(texts, expected.iter().collect::<Vec<_>>());
    assert_eq!(seen.broken, None);
}

pub async fn two_centrals_hand_over<S: KeyStore>(store: Arc<S>) {
    let (one, two) = pair(&store).await;
    assert_eq!(two.migrate(None).await, Err(NotMigrated::NotActive));
    assert_eq!(one.migrate(Some("one")).await, Err(NotMigrated::ToItself));
    let nobody = one.migrate(Some("nobody")).await;
    assert_eq!(nobody, Err(NotMigrated::Unknown("nobody".to_owned())));
    let mut written = 0;
    for round in 0..4 {
        let (from, to, name) = if round % 2 == 0 {
            (&one, &two, "two")
        } else {
            (&two, &one, "one")
        };
        for _ in 0..10 {
            let seq = from.write(&format!("text {written}")).await;
            assert!(seq.is_some());
            written += 1;
        }
        hand_over(from, name).await;
        let seen = to.until("the other serves", serves).await;
        assert_eq!(seen.term, Some(round + 2));
        assert_has(&seen, written);
        from.until("it follows", |seen| seen.ready).await;
    }
    let seen = one.seen.borrow().clone();
    assert!(
        seen.steps_down
            .contains(&StepDown::HandedOver("two".to_owned()))
    );
}

pub async fn the_other_takes_over<S: KeyStore>(store: Arc<S>) {
    let (one, two) = pair(&store).await;
    for nth in 0..50 {
        assert!(one.write(&format!("text {nth}")).await.is_some());
    }
    one.kill();
    let seen = two.until("two serves", serves).await;
    assert_has(&seen, 50);
    assert!(two.write("text 50").await.is_some());
    // One that ends without another gives the key back.
    two.end().await;
    let three = Central::start(Arc::clone(&store), config("three"));
    let seen = three.until("three serves", serves).await;
    assert_has(&seen, 51);
}
