//! What is done to accounts by order.

use crate::{
    cli::commands::AccountVerb,
    engine::accounts::AccountRefusal,
    model::{AccountName, ClientName},
    node::{
        central::{AccountChange, CentralAnswer, CentralOrders, Unanswered},
        rules::central::code_of_account,
    },
};

/// Does something to an account.
pub(super) async fn account(
    handle: &CentralOrders,
    name: &ClientName,
    verb: AccountVerb,
) -> Result<CentralAnswer, Unanswered> {
    Ok(match verb {
        AccountVerb::Show => {
            let mut accounts = handle.accounts().await?;
            accounts.retain(|account| account.name.as_str() == name.as_str());
            match accounts.is_empty() {
                false => CentralAnswer::Accounts(accounts),
                true => refused(name, &AccountRefusal::Unknown(name.clone())),
            }
        }
        AccountVerb::NewCode => match handle.new_account_code(name).await? {
            Ok(code) => CentralAnswer::AccountCode {
                name: name.to_string(),
                code,
            },
            Err(refusal) => refused(name, &refusal),
        },
        AccountVerb::RemoveDevice(key) => {
            let removed = handle.remove_account_device(name, &key).await?;
            changed(name, AccountChange::DeviceRemoved, removed)
        }
        AccountVerb::Remove => {
            let removed = handle.remove_account(name).await?;
            changed(name, AccountChange::Removed, removed)
        }
    })
}

/// What became of an account, as an answer.
pub(super) fn changed(
    name: &ClientName,
    what: AccountChange,
    done: Result<AccountName, AccountRefusal>,
) -> CentralAnswer {
    match done {
        Ok(name) => CentralAnswer::AccountChanged {
            name: name.to_string(),
            what,
        },
        Err(refusal) => refused(name, &refusal),
    }
}

/// Why nothing was done to an account, as an answer.
fn refused(name: &ClientName, refusal: &AccountRefusal) -> CentralAnswer {
    CentralAnswer::AccountRefused {
        name: name.to_string(),
        code: code_of_account(refusal).code().to_owned(),
    }
}
