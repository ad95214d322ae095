use std::{collections::BTreeMap, sync::LazyLock};

use tokio::time::Instant;

use super::*;
use crate::{
    model::{ClientName, Incarnation, SecondaryNumber, Session, Term, limits::HELLO_TIMEOUT},
    net::{Socket, connect, memory::MemoryNetwork},
    node::{
        refused::Refused,
        rules::terms::LatestTerm,
        testing::{PEER, Played, SERVER, listening, server_address},
    },
    proto::{PeerRole, Reign, data::ToSource, handshake::Secret, said::Details},
};

const STALL: Duration = Duration::from_secs(5);

/// Stretching a secret takes long, so each is made once.
static SECRETS: LazyLock<BTreeMap<&str, Secret>> = LazyLock::new(|| {
    let texts = ["the secret of the cluster", "the secret of another"];
    let secret = |text: &'static str| (text, Secret::from_text(text.as_bytes()).unwrap());
    texts.map(secret).into()
});

fn open() -> Security {
    Security::default()
}

fn closed_by(text: &str) -> Security {
    Security {
        secret: Some(SECRETS[text].clone()),
        ..Security::default()
    }
}

fn closed() -> Security {
    closed_by("the secret of the cluster")
}

fn secondary(number: u64) -> SecondaryNumber {
    SecondaryNumber::try_from(number).unwrap()
}

fn client() -> PeerRole {
    PeerRole::Client {
        name: Some(ClientName::try_from("eva").unwrap()),
        session: Some(Session(7)),
    }
}

fn copier() -> PeerRole {
    PeerRole::Secondary {
        number: secondary(3),
        listens: None,
        incarnation: Incarnation(9),
    }
}

/// What a server says of itself.
fn role_of(server: ServerRole) -> PeerRole {
    match server {
        ServerRole::Central => PeerRole::Central(Term(4).into()),
        ServerRole::Secondary(number) => PeerRole::Secondary {
            number,
            listens: None,
            incarnation: Incarnation(1),
        },
        ServerRole::Peer(number) => PeerRole::Peer { number },
    }
}

/// Both ends of a connection.
async fn connection() -> (MemoryNetwork, Socket, Socket) {
    let (network, mut listener) = listening();
    let at = [server_address()];
    let (near, _) = connect(&network.host(PEER), &at).await.unwrap();
    let (far, _) = listener.accept().await.unwrap();
    (network, near, far)
}

/// What came of a greeting at both ends: whom each has met.
struct Met {
    connector: Result<PeerRole, GreetError>,
    server: Result<PeerRole, Refused>,
}

/// The connector has dialled a server, and `own` answers.
async fn meet(
    connector: &Security,
    role: PeerRole,
    dialled: ServerRole,
    server: &Security,
    own: ServerRole,
) -> Met {
    let (_network, near, far) = connection().await;
    let hello = Hello::from_role(&role);
    let introduced = introduce(near.into(), STALL, connector, hello, dialled, |_| {});
    let entered = async {
        match enter(far, server, own, Also::Nobody, STALL).await {
            Entered::Peer {
                reader,
                mut writer,
                role,
                ..
            } => {
                let hello = FromServer::Hello(Hello::from_role(&role_of(own)));
                // A connector that expected a proof has gone.
                let _ = writer.send(&hello).await;
                Ok((role, reader, writer))
            }
            Entered::Refused(refused) => Err(refused),
            other @ (Entered::Legacy { .. } | Entered::Http(_) | Entered::Gone) => {
                panic!("{other:?}")
            }
        }
    };
    let (introduced, entered) = tokio::join!(introduced, entered);
    Met {
        connector: introduced.map(|(.., hello)| hello.into_role().unwrap()),
        server: entered.map(|(role, ..)| role),
    }
}

#[tokio::test(start_paused = true)]
async fn members_of_a_cluster_meet_on_both_planes() {
    for security in [open(), closed()] {
        for own in [ServerRole::Central, ServerRole::Secondary(secondary(1))] {
            for role in [client(), copier()] {
                let met = meet(&security, role.clone(), own, &security, own).await;
                assert_eq!(met.server.unwrap(), role);
                assert_eq!(met.connector.unwrap(), role_of(own));
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_staged_comes_right_after_the_greeting() {
    for security in [open(), closed()] {
        let (_network, near, far) = connection().await;
        let role = role_of(ServerRole::Central);
        let introduced = introduce(
            near.into(),
            STALL,
            &security,
            Hello::from_role(&client()),
            ServerRole::Central,
            |writer| writer.stage(&ToSource::Close),
        );
        let entered = async {
            let entered = enter(far, &security, ServerRole::Central, Also::Nobody, STALL).await;
            let Entered::Peer {
                mut reader,
                mut writer,
                ..
            } = entered
            else {
                panic!("{entered:?}");
            };
            let line = reader.next_line().await.unwrap().unwrap();
            writer
                .send(&FromServer::Hello(Hello::from_role(&role)))
                .await
                .unwrap();
            Lines::parse::<ToSource>(&line).unwrap()
        };
        let (introduced, staged) = tokio::join!(introduced, entered);
        assert_eq!(staged, ToSource::Close);
        introduced.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn who_does_not_know_the_secret_is_told_and_so_is_its_server() {
    let other = closed_by("the secret of another");
    let central = ServerRole::Central;
    let [one, two] = [1, 2].map(|number| ServerRole::Secondary(secondary(number)));

    let met = meet(&open(), client(), central, &closed(), central).await;
    assert_eq!(met.server, Err(Refused::NeedsSecret));
    let denied = met.connector.unwrap_err();
    assert!(matches!(denied, GreetError::Denied(Denied::SecretRequired)));

    // A server that asks for no proof gives none either.
    let met = meet(&closed(), client(), central, &open(), central).await;
    assert_eq!(met.server, Ok(client()));
    let denied = met.connector.unwrap_err();
    assert!(matches!(denied, GreetError::Denied(Denied::NoSecretThere)));

    for (connector, dialled, own) in [
        (other.clone(), central, central),
        (other, one, one),
        // Whoever passes a connection on to another server proves nothing there.
        (closed(), one, two),
        (closed(), central, one),
    ] {
        let met = meet(&connector, copier(), dialled, &closed(), own).await;
        assert_eq!(met.server, Err(Refused::WrongSecret));
        let denied = met.connector.unwrap_err();
        assert!(matches!(denied, GreetError::Denied(Denied::WrongSecret)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_central_of_an_earlier_term_is_known_by_its_hello() {
    for security in [open(), closed()] {
        let central = ServerRole::Central;
        let met = meet(&security, copier(), central, &security, central).await;
        let Ok(PeerRole::Central(Reign { term, .. })) = met.connector else {
            panic!("no central");
        };
        let (mut latest, now) = (LatestTerm::default(), crate::node::clock::now());
        latest.greeted(now, Term(term.0 + 1)).unwrap();
        let outdated = latest.greeted(now, term).unwrap_err();
        assert_eq!((outdated.term, outdated.latest), (Term(4), Term(5)));
    }
}

/// What a server makes of a peer that says this and then closes its side.
async fn heard(security: &Security, said: &[u8]) -> (Entered, Vec<String>) {
    let (_network, near, far) = connection().await;
    let (mut reader, mut writer) = split(near, STALL);
    let speaks = async {
        let _ = writer.send_encoded(said).await;
        writer.shutdown().await;
        let mut told = Vec::new();
        while let Ok(Some(line)) = reader.next_line().await {
            told.push(String::from_utf8(line.to_vec()).unwrap());
        }
        told
    };
    let enters = async {
        let entered = enter(far, security, ServerRole::Central, Also::Nobody, STALL).await;
        // A legacy client hears no more from here.
        match entered {
            Entered::Legacy { line, writer } => {
                drop(writer);
                Err(line)
            }
            other => Ok(other),
        }
    };
    let (entered, told) = tokio::join!(enters, speaks);
    let (_network, near, _far) = connection().await;
    let entered = entered.unwrap_or_else(|line| Entered::Legacy {
        line,
        writer: split(near, STALL).1,
    });
    (entered, told)
}

async fn refused(security: &Security, said: &[u8]) -> Refused {
    let (entered, told) = heard(security, said).await;
    let Entered::Refused(refused) = entered else {
        panic!("{entered:?}");
    };
    let [told] = &told[..] else {
        panic!("{told:?}");
    };
    let error: FromServer = Lines::parse(told.as_bytes()).unwrap();
    assert!(
        matches!(error, FromServer::Error { code, .. } if code == refused.code()),
        "{error:?}"
    );
    refused
}

#[tokio::test(start_paused = true)]
async fn garbage_for_a_first_line_is_refused_with_its_reason() {
    const LEGACY: &[u8] = b"{\"accion\":\"listado\"}\n";
    for security in [open(), closed()] {
        for garbage in [
            &b"nonsense\n"[..],
            b"get / HTTP/1.1\r\n\r\n",
            b"{\"type\":\"hello\"}\n",
            b"\xff\xfe\n",
        ] {
            let refused = refused(&security, garbage).await;
            assert!(matches!(refused, Refused::NotAMessage(_)), "{refused}");
        }
        let proof = format!("{{\"type\":\"proof\",\"proof\":\"{}\"}}\n", "0".repeat(64));
        let early = refused(&security, proof.as_bytes()).await;
        let expected = Refused::Unexpected("the first line must be hello");
        assert_eq!(early, expected);
        assert_eq!(
            refused(&security, &vec![b'x'; 1 << 20]).await,
            Refused::LineTooLong
        );
        let newer = b"{\"type\":\"hello\",\"protocol\":99,\"role\":\"client\",\"name\":\"eva\"}\n";
        let theirs = refused(&security, newer).await;
        assert_eq!(theirs, Refused::OtherProtocol { theirs: 99 });
        // The first byte of a TLS handshake.
        assert_eq!(refused(&security, b"\x16").await, Refused::HasNoTls);
    }
    let (entered, told) = heard(&open(), LEGACY).await;
    assert!(
        matches!(&entered, Entered::Legacy { line, .. } if line[..] == LEGACY[..LEGACY.len() - 1]),
        "{entered:?}"
    );
    assert!(told.is_empty(), "{told:?}");
    assert_eq!(refused(&closed(), LEGACY).await, Refused::OldInClosed);
}

#[tokio::test(start_paused = true)]
async fn http_is_told_apart_where_everybody_may_join() {
    const GET: &[u8] = b"GET / HTTP/1.1\r\n\r\n";
    let (_network, near, far) = connection().await;
    let (_reader, mut writer) = split(near, STALL);
    writer.send_encoded(GET).await.unwrap();
    let entered = enter(far, &open(), ServerRole::Central, Also::Nobody, STALL).await;
    assert!(matches!(entered, Entered::Http(_)), "{entered:?}");
    let refused = refused(&closed(), GET).await;
    assert!(matches!(refused, Refused::NotAMessage(_)), "{refused}");
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_goes_before_its_first_line_ends_is_nobody() {
    for security in [open(), closed()] {
        for said in [&b""[..], b"\n\n", b"{\"type\":\"hello\",\"proto"] {
            let (entered, told) = heard(&security, said).await;
            assert!(matches!(entered, Entered::Gone), "{entered:?}");
            assert!(told.is_empty(), "{told:?}");
        }
    }
    // One that has been challenged as well.
    let mut hello = Hello::from_role(&client());
    hello.nonce = Some(Nonce::new([1; Nonce::BYTES]));
    let mut line = Vec::new();
    encode_line(&ToServer::Hello(hello), &mut line);
    let (entered, told) = heard(&closed(), &line).await;
    assert!(matches!(entered, Entered::Gone), "{entered:?}");
    assert!(told.len() == 1 && told[0].contains("challenge"), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_keeps_silent_or_is_slow_has_as_long_as_a_first_line_may_take() {
    for said in [&b""[..], b"{\"type\""] {
        let (_network, near, far) = connection().await;
        let (mut reader, mut writer) = split(near, STALL);
        writer.send_encoded(said).await.unwrap();
        let began = Instant::now();
        let entering = tokio::spawn(async move {
            enter(far, &open(), ServerRole::Central, Also::Nobody, STALL).await
        });
        let told = reader.next_line().await.unwrap().unwrap();
        assert_eq!(began.elapsed(), HELLO_TIMEOUT);
        let told: FromServer = Lines::parse(&told).unwrap();
        assert!(matches!(told, FromServer::Error { .. }), "{told:?}");
        drop((reader, writer));
        let entered = entering.await.unwrap();
        assert!(matches!(entered, Entered::Refused(Refused::SaysNothing)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_breaks_while_its_peer_proves_itself_is_nobody() {
    let (network, near, far) = connection().await;
    let security = closed();
    let hello = Hello::from_role(&client());
    let introduced = introduce(
        near.into(),
        STALL,
        &security,
        hello,
        ServerRole::Central,
        |_| network.reset(SERVER, PEER),
    );
    let entered = enter(far, &security, ServerRole::Central, Also::Nobody, STALL);
    let (introduced, entered) = tokio::join!(introduced, entered);
    assert!(matches!(entered, Entered::Gone), "{entered:?}");
    let error = introduced.map(|_| ()).unwrap_err();
    assert!(
        matches!(
            error,
            GreetError::Read(ReadError::Io(_)) | GreetError::Write(_)
        ),
        "{error:?}"
    );
}

/// What a connector makes of a server that says these lines, each once it was said something, and then closes.
async fn answered(security: &Security, said: &[&[u8]]) -> GreetError {
    let (network, mut listener) = listening();
    let at = [server_address()];
    let (near, _) = connect(&network.host(PEER), &at).await.unwrap();
    let plays = async {
        let mut server = Played::accept(&mut listener).await;
        for line in said {
            server.hear_line().await;
            // The connector may leave before it has read all of it.
            let _ = server.writer.send_encoded(line).await;
        }
        if said.is_empty() {
            server.hear_line().await;
        }
        server.writer.shutdown().await;
        server
    };
    let hello = Hello::from_role(&client());
    let introduced = introduce(
        near.into(),
        STALL,
        security,
        hello,
        ServerRole::Central,
        |_| {},
    );
    let (introduced, _server) = tokio::join!(introduced, plays);
    introduced.map(|_| ()).unwrap_err()
}

fn line(message: &FromServer) -> Vec<u8> {
    let mut line = Vec::new();
    encode_line(message, &mut line);
    line
}

#[tokio::test(start_paused = true)]
async fn each_wrong_answer_of_a_server_has_its_reason() {
    let nonce = Nonce::new([2; Nonce::BYTES]);
    let challenge = line(&FromServer::Challenge { nonce });
    let full = line(&FromServer::Error {
        code: ErrorCode::LimitExceeded,
        message: Said::default(),
    });
    for security in [open(), closed()] {
        let web = answered(&security, &[b"HTTP/1.1 400 Bad Request\r\n\r\n"]).await;
        assert!(
            matches!(web, GreetError::Stranger(Stranger::Other(_))),
            "{web:?}"
        );
        let is_full = answered(&security, &[&full]).await;
        let code = ErrorCode::LimitExceeded;
        assert!(
            matches!(is_full, GreetError::Refused(c, _) if c == code),
            "{is_full:?}"
        );
        let closes = answered(&security, &[]).await;
        assert!(matches!(closes, GreetError::Closed), "{closes:?}");
        let cut = answered(&security, &[b"{\"type\":\"hel"]).await;
        assert!(
            matches!(cut, GreetError::Read(ReadError::CutShort)),
            "{cut:?}"
        );
        let long = answered(&security, &[&vec![b'x'; 1 << 20]]).await;
        assert!(
            matches!(long, GreetError::Read(ReadError::Line(_))),
            "{long:?}"
        );
    }
    let denied = answered(&open(), &[&challenge]).await;
    assert!(
        matches!(denied, GreetError::Denied(Denied::SecretRequired)),
        "{denied:?}"
    );
    // Challenged, the connector proves itself, and believes no server that does not.
    let hello = line(&FromServer::Hello(Hello::from_role(&role_of(
        ServerRole::Central,
    ))));
    let denied = answered(&closed(), &[&challenge, &hello]).await;
    assert!(
        matches!(denied, GreetError::Denied(Denied::NoSecretThere)),
        "{denied:?}"
    );
    let proof = format!("{{\"type\":\"proof\",\"proof\":\"{}\"}}\n", "0".repeat(64));
    let denied = answered(&closed(), &[&challenge, proof.as_bytes()]).await;
    assert!(
        matches!(denied, GreetError::Denied(Denied::WrongSecret)),
        "{denied:?}"
    );
    let closes = answered(&closed(), &[&challenge, b""]).await;
    assert!(matches!(closes, GreetError::Closed), "{closes:?}");
}

#[tokio::test(start_paused = true)]
async fn who_has_not_proven_the_secret_sends_nobody_elsewhere() {
    let refused = FromServer::Error {
        code: ErrorCode::NotActive,
        message: Said {
            message: "not here".to_owned(),
            details: Some(Details::Active {
                ip: Some([10, 0, 0, 9].into()),
                port: Some(1),
                term: None,
                centrals: Vec::new(),
            }),
        },
    };
    for (security, is_believed) in [(open(), true), (closed(), false)] {
        let (_network, near, far) = connection().await;
        let hello = Hello::from_role(&client());
        let own = ServerRole::Central;
        let introduced = introduce(near.into(), STALL, &security, hello, own, |_| {});
        let (reader, mut writer) = split(far, STALL);
        let (introduced, sent) = tokio::join!(introduced, writer.send(&refused));
        sent.unwrap();
        drop(reader);
        match introduced.map(|_| ()) {
            Err(GreetError::Refused(ErrorCode::NotActive, said)) => {
                assert_eq!(said.details.is_some(), is_believed);
            }
            other => panic!("{other:?}"),
        }
    }
}
