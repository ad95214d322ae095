//! Orders that are about accounts.

use super::{AccountOrder, CentralCommand, CentralOrders, Unanswered};
use crate::{
    engine::{accounts::AccountRefusal, cluster::AccountInfo},
    model::{AccountName, ClientName},
    node::greeting::random_bytes,
    proto::account::{code_hash, recovery_code},
};

impl CentralOrders {
    /// The accounts, and the names that rest (`CUENTAS`).
    pub async fn accounts(&self) -> Result<Vec<AccountInfo>, Unanswered> {
        self.ask(CentralCommand::Accounts).await
    }

    /// Makes a code that lets one device more into an account within
    /// [`CODE_LASTS`](crate::model::limits::CODE_LASTS) (`CUENTA ana NUEVA`); one before it is good no more. Only its hash is
    /// kept. `None` when the system gives no random numbers.
    ///
    /// # Errors
    /// When there is no such account.
    pub async fn new_account_code(
        &self,
        name: &ClientName,
    ) -> Result<Result<Option<String>, AccountRefusal>, Unanswered> {
        let Some(random) = random_bytes() else {
            return Ok(Ok(None));
        };
        let mut letters = [0; 20];
        letters.copy_from_slice(&random[..20]);
        let code = recovery_code(letters);
        let order = AccountOrder::NewCode(name.clone(), code_hash(&code));
        Ok(self.account_order(order).await?.map(|_| Some(code)))
    }

    /// Takes the device from an account whose key begins so (`CUENTA ana QUITAR 1a2b3c4d`).
    ///
    /// # Errors
    /// When there is no such account, or none or several of its keys begin so.
    pub async fn remove_account_device(
        &self,
        name: &ClientName,
        key: &str,
    ) -> Result<Result<AccountName, AccountRefusal>, Unanswered> {
        let order = AccountOrder::RemoveDevice(name.clone(), key.to_owned());
        self.account_order(order).await
    }

    /// Ends an account; its name rests (`CUENTA ana BORRAR`).
    ///
    /// # Errors
    /// When there is no such account.
    pub async fn remove_account(
        &self,
        name: &ClientName,
    ) -> Result<Result<AccountName, AccountRefusal>, Unanswered> {
        self.account_order(AccountOrder::Remove(name.clone())).await
    }

    /// Has a name that rests be free (`LIBERAR ana`).
    ///
    /// # Errors
    /// When it does not rest.
    pub async fn free_account_name(
        &self,
        name: &ClientName,
    ) -> Result<Result<AccountName, AccountRefusal>, Unanswered> {
        self.account_order(AccountOrder::Free(name.clone())).await
    }

    async fn account_order(
        &self,
        order: AccountOrder,
    ) -> Result<Result<AccountName, AccountRefusal>, Unanswered> {
        self.ask(|answer| CentralCommand::Account(order, self.door, answer))
            .await
    }
}
