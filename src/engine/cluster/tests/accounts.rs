//! Accounts as others notice them: who is called how, to whom what is booked, and what is noted of it.

use super::*;
use crate::{
    engine::accounts::AccountRefusal,
    model::{
        AccountKey, AccountName, Actor, Audited, ClientName, Deed, Digest, Door, Proven, Wish,
        samples::client,
    },
};

impl Bench {
    fn prove(&mut self, connection: u64, wish: Wish, name: &str) -> Vec<Action> {
        let proven = Proven {
            wish,
            name: client(name),
            key: AccountKey(Digest::new([connection as u8; 32])),
            code: None,
        };
        self.feed(connection, Event::Proven(proven))
    }

    fn called(&self, connection: u64) -> String {
        let clients = self.cluster.clients(self.now).into_iter();
        let at = SocketAddr::from(([10, 0, 1, connection as u8], 1));
        let mut here = clients.filter(|client| client.address == at);
        here.next().unwrap().name
    }

    fn noted(&self) -> Vec<Audited> {
        self.cluster.registry().trail().after(0).cloned().collect()
    }

    fn finish(&mut self, connection: u64, transfer: TransferId) {
        self.feed(
            connection,
            FromReceiver::Finished(finished(transfer, Outcome::Complete)),
        );
        self.pass(LEASE);
    }
}

fn account(name: &str) -> AccountName {
    AccountName::try_from(name).unwrap()
}

fn refusal(actions: &[Action]) -> Option<&AccountRefusal> {
    actions.iter().find_map(|action| match action {
        Action::RefuseAccount { refusal, .. } => Some(refusal),
        _ => None,
    })
}

fn told(actions: &[Action]) -> Vec<(u64, ForClient)> {
    let to_client = |action: &Action| match action {
        Action::ToClient(connection, message) => Some((connection.0, message.clone())),
        _ => None,
    };
    actions.iter().filter_map(to_client).collect()
}

#[test]
fn of_two_who_register_a_name_at_once_one_has_it() {
    let mut bench = Bench::new(5, &[(1, &["a"])]);
    bench.client(11, "uno");
    bench.client(12, "dos");
    let first = bench.prove(11, Wish::Register, "ana");
    let second = bench.prove(12, Wish::Register, "Ana");
    let record = first.iter().position(|a| matches!(a, Action::Record(_)));
    let answer = first.iter().position(|a| matches!(a, Action::ToClient(..)));
    assert!(record < answer, "{first:?}");
    let name = account("ana");
    let new = true;
    assert_eq!(told(&first), [(11, ForClient::SignedIn { name, new })]);
    let taken = AccountRefusal::NameTaken(account("ana"));
    assert_eq!(refusal(&second), Some(&taken));
    assert_eq!(
        (bench.called(11), bench.called(12)),
        ("ana".to_owned(), "dos".to_owned())
    );
    bench.cluster.assert_recorded();
}

#[test]
fn a_guest_of_a_name_makes_way_for_its_account_and_keeps_its_figures() {
    let mut bench = Bench::new(5, &[(1, &["a", "b"])]);
    bench.client(11, "ana");
    let over = bench.download(11, 1, "a").unwrap().transfer;
    bench.finish(11, over);
    let runs = bench.download(11, 2, "b").unwrap().transfer;
    bench.client(12, "eva");
    let actions = bench.prove(12, Wish::Register, "ana");
    let renamed = ForClient::Enrolled {
        name: client("ana-2"),
    };
    assert!(told(&actions).contains(&(11, renamed)), "{actions:?}");
    bench.cluster.assert_recorded();
    bench.finish(11, runs);
    let own = bench.download(12, 1, "a").unwrap().transfer;
    bench.finish(12, own);
    let per_client = bench.cluster.per_client();
    let of = |name: &str| per_client.get(&client(name)).copied();
    assert_eq!((of("ana"), of("ana-2")), (Some(1), Some(2)));
    // A late report of what the guest had changes nothing of the account's.
    let report = SentTransfer {
        transfer: over,
        receiver: Receiver::Client(client("ana")),
        file: file("a").name,
        bytes: 7,
        chunks: 1,
        last: true,
        whole_part: None,
    };
    bench.feed(
        1,
        FromSecondary::Sent {
            transfers: vec![report],
        },
    );
    bench.cluster.assert_recorded();
    assert_eq!(
        bench.cluster.per_client().get(&client("ana")).copied(),
        Some(1)
    );
}

#[test]
fn nobody_without_the_key_is_called_as_an_account() {
    let mut bench = Bench::new(5, &[(1, &["a"])]);
    bench.client(11, "uno");
    bench.prove(11, Wish::Register, "ana");
    // An old client, which hears of nothing but names.
    bench.client(12, "ANA");
    assert_eq!(bench.called(12), "ANA-2");
    let actions = bench.feed(
        12,
        FromClient::Guest {
            name: client("ana"),
        },
    );
    let registered = AccountRefusal::Registered(client("ana"));
    assert_eq!(refusal(&actions), Some(&registered));
    assert_eq!(bench.called(12), "ANA-2");
    let wrong = bench.prove(12, Wish::SignIn, "ana");
    let key = AccountRefusal::WrongKey(account("ana"));
    assert_eq!(refusal(&wrong), Some(&key));
    // Who leaves the account is a guest.
    bench.feed(11, FromClient::SignOut);
    assert_eq!(bench.called(11), "ana-2");
    let again = bench.prove(11, Wish::SignIn, "ana");
    assert_eq!(
        (refusal(&again), bench.called(11)),
        (None, "ana".to_owned())
    );
    bench.cluster.assert_recorded();
}

#[test]
fn what_a_secondary_says_of_an_unknown_transfer_is_not_an_accounts() {
    let mut bench = Bench::new(5, &[(1, &["a"])]);
    bench.client(11, "uno");
    bench.prove(11, Wish::Register, "ana");
    let sent = |n: u64, receiver: fn(ClientName) -> Receiver| SentTransfer {
        transfer: TransferId::new(Term(1), n),
        receiver: receiver(client("ana")),
        file: file("a").name,
        bytes: 1000,
        chunks: 1,
        last: true,
        whole_part: None,
    };
    let transfers = vec![sent(1, Receiver::Client), sent(2, Receiver::Legacy)];
    bench.feed(1, FromSecondary::Sent { transfers });
    bench.pass(Duration::from_secs(120));
    bench.cluster.assert_recorded();
    let totals = bench.cluster.totals();
    let of_account = totals.clients.get(&client("ana"));
    assert!(
        of_account.is_none_or(|row| row.bytes_sent == 0),
        "{totals:?}"
    );
}

#[test]
fn an_account_has_one_name_on_all_of_its_devices_and_ends_on_all() {
    let mut bench = Bench::new(5, &[(1, &["a"])]);
    bench.client(11, "uno");
    bench.client(12, "dos");
    bench.prove(11, Wish::Register, "ana");
    let code = Digest::new([9; 32]);
    let made = bench
        .cluster
        .new_account_code(bench.now, &client("ana"), code, Door::Socket);
    assert_eq!(made, Ok(account("ana")));
    let proven = Proven {
        wish: Wish::SignIn,
        name: client("ana"),
        key: AccountKey(Digest::new([12; 32])),
        code: Some(code),
    };
    bench.feed(12, Event::Proven(proven));
    assert_eq!(
        (bench.called(11), bench.called(12)),
        ("ana".to_owned(), "ana".to_owned())
    );
    let grants = [11, 12].map(|device| bench.download(device, 1, "a").unwrap().transfer);
    for (device, transfer) in [11, 12].into_iter().zip(grants) {
        bench.finish(device, transfer);
    }
    assert_eq!(bench.cluster.per_client().get(&client("ana")), Some(&2));
    let actions = bench.prove(12, Wish::Unregister, "ana");
    let out = |message: &ForClient| matches!(message, ForClient::SignedOut { .. });
    assert_eq!(told(&actions).iter().filter(|(_, m)| out(m)).count(), 2);
    bench.cluster.assert_recorded();
    let rests = bench.prove(11, Wish::Register, "ana");
    assert!(matches!(
        refusal(&rests),
        Some(AccountRefusal::NameRests { .. })
    ));
    let freed = bench
        .cluster
        .free_account_name(bench.now, &client("ana"), Door::Http);
    assert_eq!(freed, Ok(account("ana")));
    assert_eq!(refusal(&bench.prove(11, Wish::Register, "ana")), None);
}

#[test]
fn who_did_what_is_noted() {
    let mut bench = Bench::new(5, &[(1, &["a"])]);
    bench.client(11, "uno");
    let guests = bench.download(11, 1, "a").unwrap().transfer;
    bench.finish(11, guests);
    bench.prove(11, Wish::Register, "ana");
    let own = bench.download(11, 2, "a").unwrap().transfer;
    bench.finish(11, own);
    bench.feed(11, Event::Closed(Parting::Goodbye));
    bench.cluster.note_order(
        Door::Console,
        Deed::Works {
            secondary: number(1),
        },
    );
    let noted = bench.noted();
    let lines: Vec<_> = noted
        .iter()
        .map(|line| {
            (
                line.who.clone(),
                line.deed.as_str(),
                line.deed.file().is_some(),
            )
        })
        .collect();
    let (guest, ana) = (Actor::Guest(client("uno")), Actor::Account(account("ana")));
    assert_eq!(
        lines,
        [
            (guest.clone(), "granted", true),
            (guest, "finished", true),
            (ana.clone(), "registered", false),
            (ana.clone(), "connected", false),
            (ana.clone(), "granted", true),
            (ana.clone(), "finished", true),
            (ana, "disconnected", false),
            (Actor::Administrator(Door::Console), "works", false),
        ]
    );
    assert!(noted.iter().map(|line| line.n).eq(1..=8));
    assert!(noted.is_sorted_by_key(|line| line.at_ms));
}

#[test]
fn many_downloads_push_no_order_out_of_the_trail() {
    use crate::model::limits::AUDIT_KEPT;
    let mut registry = Registry::default();
    let line = |deed: Deed| {
        crate::engine::registry::Entry::Audit(Audited {
            n: 0,
            at_ms: 1,
            who: Actor::Administrator(Door::Console),
            deed,
        })
    };
    registry.apply(&line(Deed::Unregistered));
    for _ in 0..AUDIT_KEPT + 5 {
        registry.apply(&line(Deed::Disconnected));
    }
    let trail = registry.trail();
    let kept: Vec<u64> = trail.after(0).map(|line| line.n).collect();
    assert_eq!(kept.len(), AUDIT_KEPT + 1);
    assert_eq!(
        (kept[0], kept[1], trail.last()),
        (1, 7, AUDIT_KEPT as u64 + 6)
    );
    assert_eq!(trail.after(kept[1]).count(), AUDIT_KEPT - 1);
}
