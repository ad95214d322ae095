//! Real members of etcd, killed and frozen under two centrals.

use std::{sync::Arc, time::Duration};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use trozos::{
    engine::leadership::{Answer, Request, Standing},
    net::etcd::{Etcd, EtcdConfig, EtcdError, EtcdTls},
    node::central::BatchStore,
};

use crate::{
    ask, batch,
    etcd::Cluster,
    look,
    reigns::{assert_has, pair, serves},
    win,
};

/// A client of a new cluster with so many members, which ends with what comes with it.
pub fn store(members: usize) -> (Arc<Etcd>, Cluster) {
    let cluster = Cluster::start(members);
    let store = client(&cluster);
    (store, cluster)
}

fn client(cluster: &Cluster) -> Arc<Etcd> {
    let config = EtcdConfig {
        endpoints: cluster.endpoints(),
        prefix: "/trozos/prueba/".to_owned(),
        tls: None,
    };
    Arc::new(Etcd::new(config).unwrap())
}

#[test]
fn an_endpoint_is_an_address_with_its_port() {
    let with = |endpoints: &[&str]| {
        let config = EtcdConfig {
            endpoints: endpoints.iter().map(|&one| one.to_owned()).collect(),
            prefix: "/trozos/prueba/".to_owned(),
            tls: None,
        };
        Etcd::new(config).map(|_| ()).map_err(|error| match error {
            EtcdError::NoEndpoint => "none",
            EtcdError::NotAnEndpoint(_) => "wrong",
            EtcdError::NoCertificates(_) => "certificates",
            EtcdError::Certificates(_) => "bad certificates",
        })
    };
    assert_eq!(with(&[]), Err("none"));
    for wrong in [
        "",
        "e1",
        "e1:2379",
        "http://e1",
        "ftp://e1:2379",
        "http://:2379",
    ] {
        assert_eq!(with(&[wrong]), Err("wrong"), "{wrong}");
    }
    assert_eq!(with(&["https://e1:2379"]), Err("certificates"));
}

#[tokio::test]
#[ignore = "needs etcd"]
async fn a_batch_whose_answer_was_lost_is_known() {
    let (store, cluster) = store(1);
    let (fence, _) = win(&*store, "a").await;
    cluster.freeze(0);
    let append = Request::Append(fence, batch(1, "one"));
    assert!(store.ask(&append).await.is_err());
    cluster.thaw(0);
    // Whether or not the first try is done, the same is written once.
    let answer = ask(&*store, append).await;
    assert!(matches!(answer, Answer::Done(_)), "{answer:?}");
    assert_eq!(look(&*store).await.tail, 1);
    let status = store.status().await.unwrap();
    assert!(
        status.version.starts_with("3.") && status.bytes > 0,
        "{status:?}"
    );
}

#[tokio::test]
#[ignore = "needs etcd"]
async fn a_frozen_or_dead_member_costs_a_second() {
    let (store, mut cluster) = store(3);
    let (fence, _) = win(&*store, "a").await;
    for nth in 0..3 {
        cluster.freeze(nth);
        let start = std::time::Instant::now();
        let answer = ask(&*store, Request::Append(fence, batch(nth as u64 + 1, "b"))).await;
        assert!(matches!(answer, Answer::Done(_)), "{answer:?}");
        assert!(
            start.elapsed() < Duration::from_secs(10),
            "{:?}",
            start.elapsed()
        );
        cluster.thaw(nth);
    }
    cluster.kill(1);
    assert_eq!(look(&*store).await.tail, 3);
    cluster.kill(2);
    // Without most of the members there is no answer, also no old one.
    for _ in 0..3 {
        assert!(store.ask(&Request::Look).await.is_err());
    }
    cluster.revive(1);
    assert_eq!(look(&*store).await.tail, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs etcd"]
async fn the_active_outlives_an_outage_of_the_store() {
    let (store, mut cluster) = store(3);
    let (one, two) = pair(&store).await;
    assert!(one.write("text 0").await.is_some());
    for nth in 0..3 {
        cluster.kill(nth);
    }
    let limited = |seen: &crate::reigning::Seen| seen.standing == Some(Standing::Limited);
    one.until("one is limited", limited).await;
    assert_eq!(one.write("not written").await, None);
    for nth in 0..3 {
        cluster.revive(nth);
    }
    // Its key lives on: nobody waits for its end.
    let seen = one.until("one goes on", serves).await;
    assert_eq!((seen.term, seen.steps_down.len()), (Some(1), 0));
    assert!(one.write("text 1").await.is_some());
    let seen = two.until("two has it", |seen| seen.texts.len() == 3).await;
    assert_has(&seen, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs etcd"]
async fn members_die_and_freeze_under_the_active() {
    let (store, mut cluster) = store(3);
    let (one, two) = pair(&store).await;
    let mut written = 0;
    for round in 0..6 {
        let nth = round % 3;
        if round < 3 {
            cluster.freeze(nth);
        } else {
            cluster.kill(nth);
        }
        for _ in 0..10 {
            // Whoever serves now: a lease may end when the leader of the members stands still.
            let text = format!("text {written}");
            let central = if serves(&one.seen.borrow()) {
                &one
            } else {
                &two
            };
            if central.write(&text).await.is_none() {
                continue;
            }
            written += 1;
        }
        if round < 3 {
            cluster.thaw(nth);
        } else {
            cluster.revive(nth);
        }
    }
    assert!(written > 30, "{written}");
    let settled = |seen: &crate::reigning::Seen| serves(seen) || seen.ready;
    for central in [&one, &two] {
        central.until("it is one or the other", settled).await;
        let seen = central.until("it has all", |seen| {
            seen.texts
                .iter()
                .filter(|text| text.starts_with("text"))
                .count()
                >= written
        });
        assert_eq!(seen.await.broken, None);
    }
}

/// A certificate and its key, as PEM, of an authority.
fn issued(issuer: &Issuer<'_, KeyPair>) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, issuer).unwrap();
    (certificate.pem(), key.serialize_pem())
}

#[tokio::test]
#[ignore = "needs etcd"]
async fn etcd_takes_only_those_with_certificates() {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let authority = params.self_signed(&key).unwrap().pem();
    let issuer = Issuer::new(params, key);
    let (member, own) = (issued(&issuer), issued(&issuer));
    let cluster = Cluster::start_with_tls([&authority, &member.0, &member.1]);
    let with = |authority: &str, identity: Option<&(String, String)>| {
        let identity = identity
            .map(|(certificate, key)| (certificate.clone().into_bytes(), key.clone().into_bytes()));
        let config = EtcdConfig {
            endpoints: cluster.endpoints(),
            prefix: "/trozos/prueba/".to_owned(),
            tls: Some(EtcdTls {
                authority: authority.as_bytes().to_vec(),
                identity,
            }),
        };
        Etcd::new(config).unwrap()
    };
    let trusted = with(&authority, Some(&own));
    assert_eq!(look(&trusted).await.tail, 0);
    // One without a certificate, and one that trusts another authority.
    assert!(with(&authority, None).ask(&Request::Look).await.is_err());
    assert!(
        with(&member.0, Some(&own))
            .ask(&Request::Look)
            .await
            .is_err()
    );
    assert_eq!(look(&trusted).await.tail, 0);
}
