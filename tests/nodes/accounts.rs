//! Accounts over real connections: what is signed, by whom, and what is left of it after restarts.

use std::{path::PathBuf, time::Duration};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    time::timeout,
};
use trozos::{
    model::{AccountName, AuditQuery, limits::MAX_REGISTRATIONS},
    node::{
        auditor::{AuditNews, Auditor, AuditorConfig},
        central::CentralConfig,
        client::{AccountWish, ClientError},
    },
    proto::{
        ErrorCode,
        account::{AdminKey, Channel, DeviceKey},
        handshake::{Nonce, Opening, ServerRole},
    },
};

use crate::support::{Bench, Client, DEADLINE, client_name, name, put, start_central, until};

fn account(name: &str) -> AccountName {
    AccountName::try_from(name).unwrap()
}

fn refused(error: ClientError) -> ErrorCode {
    match error {
        ClientError::Refused { code, .. } => code,
        other => panic!("{other:?}"),
    }
}

impl Client {
    async fn register(&self, name: &str) -> Result<String, ClientError> {
        let answer = self.handle.account(AccountWish::Register(account(name)));
        Ok(answer.await?.name.to_string())
    }

    async fn sign_in(&self, name: Option<&str>, code: Option<&str>) -> Result<String, ClientError> {
        let wish = AccountWish::SignIn {
            name: name.map(account),
            code: code.map(str::to_owned),
        };
        Ok(self.handle.account(wish).await?.name.to_string())
    }

    async fn called(&self) -> String {
        self.handle.name().await.unwrap().unwrap().to_string()
    }
}

/// A client whose keys are in a file of this name.
async fn with_keys(bench: &Bench, who: &str, keys: &str) -> Client {
    let keys: PathBuf = bench.path(keys);
    bench
        .client_with(who, |config| config.identity = Some(keys))
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_whose_key_it_is_and_is_back_by_itself() {
    let (bench, central) = Bench::start(|config| config.required_secondaries = 1).await;
    put(&bench.served(1, "a.bin"), b"some bytes");
    let _secondary = bench.secondary(1).await;
    let ana = with_keys(&bench, "uno", "ana").await;
    let eva = with_keys(&bench, "dos", "eva").await;
    assert_eq!(ana.register("ana").await.unwrap(), "ana");
    let taken = eva.register("Ana").await.unwrap_err();
    assert_eq!(refused(taken), ErrorCode::NameTaken);
    let wrong = eva.sign_in(Some("ana"), None).await.unwrap_err();
    assert_eq!(refused(wrong), ErrorCode::WrongKey);
    let unknown = eva.sign_in(Some("luis"), None).await.unwrap_err();
    assert_eq!(refused(unknown), ErrorCode::UnknownAccount);
    let named = eva.handle.enrol_as(client_name("ana")).await.unwrap_err();
    assert_eq!(refused(named), ErrorCode::NameRegistered);
    assert_eq!(eva.called().await, "dos");
    let mut ana = ana;
    ana.level(1, 1).await;
    ana.handle.download(name("a.bin")).await.unwrap();
    ana.finished().await;

    // Another process of the same person, and a central that restarts.
    let also = with_keys(&bench, "tres", "ana").await;
    assert_eq!(also.called().await, "ana");
    central.handle.stop().await.unwrap();
    let config = again(&bench);
    let central = start_central(config).await;
    let both = || async {
        let clients = central.handle.clients().await.unwrap();
        let own = clients.iter().filter(|c| c.name == "ana" && c.account);
        (own.count() == 2).then_some(())
    };
    until("both are back", both).await;
    let rows = central.handle.downloads_per_client().await.unwrap();
    let row = rows.iter().find(|row| row.name == "ana").unwrap();
    assert!(row.account && row.downloads == 1, "{rows:?}");

    // It stays a guest until it connects again, also when it is started anew.
    let left = ana.handle.account(AccountWish::SignOut).await.unwrap();
    assert_eq!((left.account, left.name.as_str()), (None, "ana-2"));
    let guest = with_keys(&bench, "cuatro", "ana").await;
    assert_eq!(guest.called().await, "cuatro");
    assert_eq!(guest.sign_in(None, None).await.unwrap(), "ana");
    let users = guest.handle.users().await.unwrap();
    assert_eq!((users.len(), users[0].connected), (1, true));

    guest.handle.account(AccountWish::Unregister).await.unwrap();
    let rests = guest.register("ana").await.unwrap_err();
    assert_eq!(refused(rests), ErrorCode::NameTaken);
    let noted = central.handle.audit(AuditQuery::default()).await.unwrap();
    let did: Vec<_> = noted.iter().map(|line| line.deed.as_str()).collect();
    for deed in [
        "registered",
        "connected",
        "granted",
        "finished",
        "unregistered",
    ] {
        assert!(did.contains(&deed), "{did:?}");
    }
}

/// The same central once more, which waits for one secondary.
fn again(bench: &Bench) -> CentralConfig {
    CentralConfig {
        required_secondaries: 1,
        ..bench.central_config()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_lets_a_device_in_and_an_administrator_takes_one_away() {
    let (bench, central) = Bench::start(|_| ()).await;
    let ana = with_keys(&bench, "uno", "ana").await;
    let other = with_keys(&bench, "dos", "other").await;
    ana.register("ana").await.unwrap();
    let code = central.handle.new_account_code(&client_name("ana")).await;
    let code = code.unwrap().unwrap().unwrap();
    let wrong = other.sign_in(Some("ana"), Some("abcde")).await.unwrap_err();
    assert_eq!(refused(wrong), ErrorCode::WrongKey);
    assert_eq!(
        other.sign_in(Some("ana"), Some(&code)).await.unwrap(),
        "ana"
    );
    let accounts = central.handle.accounts().await.unwrap();
    assert_eq!(accounts[0].devices.len(), 2);
    let first = accounts[0].devices[0].0.clone();
    let who = client_name("ana");
    let removed = central.handle.remove_account_device(&who, &first).await;
    removed.unwrap().unwrap();
    // The device that is left signs in again by itself, the other is a guest.
    let settled = || async {
        let own = (
            ana.handle.signed_in().await.unwrap(),
            other.handle.signed_in().await.unwrap(),
        );
        matches!(own, (None, Some(_))).then_some(())
    };
    until("one is left", settled).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_are_limited_and_can_be_forbidden() {
    let (bench, _central) = Bench::start(|_| ()).await;
    let ana = bench.client("uno").await;
    for n in 0..MAX_REGISTRATIONS {
        ana.register(&format!("ana{n}")).await.unwrap();
    }
    let many = ana.register("luis").await.unwrap_err();
    assert_eq!(refused(many), ErrorCode::LimitExceeded);

    let (bench, _central) = Bench::start(|config| config.accounts = false).await;
    let eva = bench.client("dos").await;
    let closed = eva.register("eva").await.unwrap_err();
    assert_eq!(refused(closed), ErrorCode::RegistrationClosed);
}

/// A client that says lines as it likes.
struct Raw {
    reader: BufReader<tokio::net::tcp::OwnedReadHalf>,
    writer: tokio::net::tcp::OwnedWriteHalf,
    channel: Channel,
}

impl Raw {
    async fn open(bench: &Bench) -> Self {
        let stream = TcpStream::connect(bench.central).await.unwrap();
        let (reader, mut writer) = stream.into_split();
        let mut reader = BufReader::new(reader);
        let hello = r#"{"type":"hello","protocol":1,"role":"client","session":7}"#;
        writer
            .write_all(format!("{hello}\n").as_bytes())
            .await
            .unwrap();
        let mut answer = String::new();
        reader.read_line(&mut answer).await.unwrap();
        let answer: Value = serde_json::from_str(&answer).unwrap();
        let nonce: Nonce = serde_json::from_value(answer["nonce"].clone()).unwrap();
        let opening = Opening {
            hello: hello.as_bytes(),
            server: ServerRole::Central,
            tls_session: &[],
        };
        Self {
            reader,
            writer,
            channel: Channel::new(&opening, nonce),
        }
    }

    async fn say(&mut self, line: &Value) -> Value {
        let line = format!("{line}\n");
        self.writer.write_all(line.as_bytes()).await.unwrap();
        loop {
            let mut answer = String::new();
            let read = self.reader.read_line(&mut answer);
            timeout(DEADLINE, read).await.unwrap().unwrap();
            let answer: Value = serde_json::from_str(&answer).unwrap();
            if answer["type"] != "ping" {
                return answer;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_signed_elsewhere_is_refused() {
    let (bench, central) = Bench::start(|_| ()).await;
    let key = DeviceKey::from_seed([7; 32]);
    let sign = |channel: &Channel, wish| {
        let signed = key.sign(channel, wish, client_name("ana"), None);
        serde_json::to_value(signed).unwrap()
    };
    use trozos::model::Wish::{Register, SignIn};
    let mut first = Raw::open(&bench).await;
    let register = sign(&first.channel, Register);
    let answer = first.say(&register).await;
    assert_eq!(
        answer,
        json!({"type": "signed-in", "name": "ana", "new": true})
    );
    let sign_in = sign(&first.channel, SignIn);
    assert_eq!(first.say(&sign_in).await["type"], "signed-in");

    // The same hello, word for word, on another connection.
    for replayed in [register, sign_in] {
        let mut second = Raw::open(&bench).await;
        let answer = second.say(&replayed).await;
        assert_eq!(
            (&answer["type"], &answer["code"]),
            (&json!("error"), &json!("wrong-key"))
        );
    }
    let mut third = Raw::open(&bench).await;
    let mut changed = sign(&third.channel, SignIn);
    changed["name"] = json!("eva");
    assert_eq!(third.say(&changed).await["code"], "wrong-key");
    let mut fourth = Raw::open(&bench).await;
    let own = sign(&fourth.channel, SignIn);
    assert_eq!(fourth.say(&own).await["type"], "signed-in");
    assert_eq!(central.handle.accounts().await.unwrap()[0].connected, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_trail_is_followed_from_where_it_was_left_by_whoever_knows_the_password() {
    let right = AdminKey::from_text(b"una clave de prueba");
    let key = right.clone();
    let (bench, central) = Bench::start(move |config| config.administrator = Some(key)).await;
    let ana = bench.client("uno").await;
    ana.register("ana").await.unwrap();
    let follow = |administrator: AdminKey, after: u64| {
        Auditor::start(AuditorConfig {
            centrals: (bench.central.ip().to_string(), bench.central.port()).into(),
            security: Default::default(),
            administrator,
            after,
            cluster: None,
        })
    };
    let lines = async |auditor: &mut Auditor| match timeout(DEADLINE, auditor.next()).await {
        Ok(AuditNews::Lines { lines, missing, .. }) => {
            assert_eq!(missing, 0);
            lines
                .iter()
                .map(|line| line.deed.as_str().to_owned())
                .collect::<Vec<_>>()
        }
        other => panic!("{other:?}"),
    };
    let mut auditor = follow(right.clone(), 0);
    assert_eq!(lines(&mut auditor).await, ["registered", "connected"]);
    ana.handle.account(AccountWish::SignOut).await.unwrap();
    assert_eq!(lines(&mut auditor).await, ["disconnected"]);
    drop(auditor);
    let mut later = follow(right, 1);
    assert_eq!(lines(&mut later).await, ["connected", "disconnected"]);
    let mut stranger = follow(AdminKey::from_text(b"otra clave de prueba"), 0);
    let news = timeout(DEADLINE + Duration::from_secs(5), stranger.next()).await;
    let refused = AuditNews::Refused(ErrorCode::AdministratorRequired);
    assert_eq!(news.unwrap(), refused);
    drop(central);
}
