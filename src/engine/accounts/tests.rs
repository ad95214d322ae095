use super::*;
use crate::{
    engine::registry::{Entry, Registry},
    model::samples::client,
};

const HOUR_MS: u64 = 3_600_000;
const DAY_MS: u64 = 24 * HOUR_MS;

/// A registrar with its registry, which applies what it decides.
#[derive(Default)]
struct Office {
    registrar: Registrar,
    registry: Registry,
    wall_ms: u64,
    host: u8,
}

fn key(n: u8) -> AccountKey {
    AccountKey(Digest::new([n; 32]))
}

fn account(name: &str) -> AccountName {
    AccountName::try_from(name).unwrap()
}

impl Office {
    fn ask(&mut self, wish: Wish, name: &str, key: AccountKey) -> Result<(), AccountRefusal> {
        self.ask_with(wish, name, key, None)
    }

    fn ask_with(
        &mut self,
        wish: Wish,
        name: &str,
        key: AccountKey,
        code: Option<Digest>,
    ) -> Result<(), AccountRefusal> {
        let proven = Proven {
            wish,
            name: client(name),
            key,
            code,
        };
        let own = AccountName::try_from(name).ok();
        let from = [10, 0, 0, self.host].into();
        let accounts = self.registry.accounts();
        let granted = self
            .registrar
            .decide(accounts, self.wall_ms, from, own.as_ref(), &proven)?;
        self.apply(Ok(granted))
    }

    fn apply(&mut self, granted: Result<Granted, AccountRefusal>) -> Result<(), AccountRefusal> {
        if let Some(fact) = granted?.fact {
            self.registry.apply(&Entry::Account(fact));
        }
        Ok(())
    }

    fn devices(&self, name: &str) -> usize {
        let account = self.registry.accounts().get(&account(name));
        account.map_or(0, |account| account.devices.len())
    }
}

#[test]
fn a_name_is_whose_key_it_is_and_nobody_elses() {
    let mut office = Office::default();
    assert_eq!(office.ask(Wish::Register, "Ana", key(1)), Ok(()));
    // Whoever did not hear of it may ask again.
    assert_eq!(office.ask(Wish::Register, "ana", key(1)), Ok(()));
    assert_eq!(office.registry.accounts().len(), 1);
    for other in ["ana", "ANA", "ａｎａ", "\u{430}\u{43d}\u{430}"] {
        // The last looks otherwise: its second letter is another.
        let expected = match AccountName::try_from(other).unwrap() {
            name if name.likeness() == account("ana").likeness() => {
                Err(AccountRefusal::NameTaken(name))
            }
            _ => Ok(()),
        };
        assert_eq!(
            office.ask(Wish::Register, other, key(2)),
            expected,
            "{other}"
        );
    }
    assert_eq!(office.ask(Wish::SignIn, "ANA", key(1)), Ok(()));
    let wrong = AccountRefusal::WrongKey(account("ana"));
    assert_eq!(office.ask(Wish::SignIn, "ana", key(2)), Err(wrong.clone()));
    assert_eq!(office.ask(Wish::Unregister, "ana", key(2)), Err(wrong));
    let unknown = AccountRefusal::Unknown(client("eva"));
    assert_eq!(office.ask(Wish::SignIn, "eva", key(1)), Err(unknown));
}

#[test]
fn names_that_look_like_one_another_are_one_name() {
    let mut office = Office::default();
    office.ask(Wish::Register, "cope", key(1)).unwrap();
    office.ask(Wish::Register, "paul", key(1)).unwrap();
    for other in ["c0pe", "pau1", "\u{441}\u{43e}\u{440}\u{435}"] {
        let refused = office.ask(Wish::Register, other, key(2)).unwrap_err();
        assert!(
            matches!(refused, AccountRefusal::NameTaken(_)),
            "{other}: {refused}"
        );
    }
    let accounts = office.registry.accounts();
    for (guest, is_reserved) in [
        ("cope", true),
        ("C0PE", true),
        ("cope-2", false),
        ("eva", false),
    ] {
        assert_eq!(accounts.is_reserved(&client(guest)), is_reserved, "{guest}");
    }
    assert_eq!(
        guest_name(accounts, None, &client("Cope")),
        client("Cope-2")
    );
    let coming = account("cope-2");
    let next = guest_name(accounts, Some(&coming), &client("cope"));
    assert_eq!(next, client("cope-3"));
}

#[test]
fn a_name_that_was_given_up_rests() {
    let mut office = Office::default();
    office.ask(Wish::Register, "ana", key(1)).unwrap();
    office.ask(Wish::Unregister, "ana", key(1)).unwrap();
    assert_eq!(office.registry.accounts().len(), 0);
    assert!(office.registry.accounts().is_reserved(&client("ana")));
    office.wall_ms = 90 * DAY_MS - 1;
    for key in [key(1), key(2)] {
        let refused = office.ask(Wish::Register, "ana", key).unwrap_err();
        let rests = matches!(refused, AccountRefusal::NameRests { until_ms, .. } if until_ms == 90 * DAY_MS);
        assert!(rests, "{refused}");
    }
    assert_eq!(rested(office.registry.accounts(), office.wall_ms), []);
    office.wall_ms += 1;
    assert_eq!(rested(office.registry.accounts(), office.wall_ms).len(), 1);
    office.ask(Wish::Register, "ana", key(2)).unwrap();
    // An administrator need not wait.
    let is_free = |office: &Office| free(office.registry.accounts(), &client("Ana"));
    let unknown = AccountRefusal::Unknown(client("Ana"));
    assert_eq!(is_free(&office), Err(unknown));
    let gone = remove(office.registry.accounts(), office.wall_ms, &client("ana"));
    office.apply(gone).unwrap();
    let freed = is_free(&office);
    office.apply(freed).unwrap();
    office.ask(Wish::Register, "ana", key(3)).unwrap();
}

#[test]
fn an_address_registers_five_accounts_in_an_hour() {
    let mut office = Office::default();
    for n in 0..MAX_REGISTRATIONS {
        office.wall_ms += 1;
        office
            .ask(Wish::Register, &format!("ana{n}"), key(1))
            .unwrap();
    }
    let too_many = AccountRefusal::TooMany {
        of: Limit::Registrations,
        most: 5,
    };
    assert_eq!(
        office.ask(Wish::Register, "eva", key(1)),
        Err(too_many.clone())
    );
    // What is refused for another reason does not count, nor does who signs in.
    office.ask(Wish::SignIn, "ana0", key(1)).unwrap();
    office.host = 1;
    office.ask(Wish::Register, "eva", key(1)).unwrap();
    office.host = 0;
    office.wall_ms = HOUR_MS;
    assert_eq!(office.ask(Wish::Register, "luis", key(1)), Err(too_many));
    office.wall_ms = HOUR_MS + 1;
    office.ask(Wish::Register, "luis", key(1)).unwrap();
    assert!(
        office
            .registrar
            .lately
            .values()
            .all(|times| times.len() <= 5)
    );
}

#[test]
fn a_code_lets_one_device_in_for_a_day() {
    let mut office = Office::default();
    let code = Digest::new([9; 32]);
    office.ask(Wish::Register, "ana", key(1)).unwrap();
    let wrong = Err(AccountRefusal::WrongKey(account("ana")));
    let sign_in =
        |office: &mut Office, n: u8| office.ask_with(Wish::SignIn, "ana", key(n), Some(code));
    assert_eq!(sign_in(&mut office, 2), wrong);
    let make = |office: &mut Office| {
        let made = new_code(
            office.registry.accounts(),
            office.wall_ms,
            &client("ana"),
            code,
        );
        office.apply(made).unwrap();
    };
    make(&mut office);
    let other = office.ask_with(Wish::SignIn, "ana", key(2), Some(Digest::new([8; 32])));
    assert_eq!(other, wrong);
    assert_eq!(sign_in(&mut office, 2), Ok(()));
    // It is used up.
    assert_eq!(sign_in(&mut office, 3), wrong);
    make(&mut office);
    office.wall_ms += DAY_MS;
    assert_eq!(sign_in(&mut office, 3), wrong);
    for n in 3..=8 {
        make(&mut office);
        assert_eq!(sign_in(&mut office, n), Ok(()));
    }
    make(&mut office);
    let too_many = AccountRefusal::TooMany {
        of: Limit::Devices,
        most: 8,
    };
    assert_eq!(
        (sign_in(&mut office, 9), office.devices("ana")),
        (Err(too_many), 8)
    );
    let none = remove_device(office.registry.accounts(), &client("ana"), "0909");
    assert!(none.is_err());
    let (granted, taken) =
        remove_device(office.registry.accounts(), &client("ana"), "0202").unwrap();
    assert_eq!(taken, key(2));
    office.apply(Ok(granted)).unwrap();
    assert_eq!(
        (sign_in(&mut office, 9), office.devices("ana")),
        (Ok(()), 8)
    );
    assert_eq!(office.ask(Wish::SignIn, "ana", key(2)), wrong);
}

#[test]
fn without_accounts_there_are_none() {
    let mut office = Office::default();
    office.ask(Wish::Register, "ana", key(1)).unwrap();
    office.registrar.set_open(false);
    for wish in [Wish::Register, Wish::SignIn, Wish::Unregister] {
        assert_eq!(office.ask(wish, "ana", key(1)), Err(AccountRefusal::Closed));
    }
    // Nobody else is called so meanwhile.
    assert!(office.registry.accounts().is_reserved(&client("ana")));
}
