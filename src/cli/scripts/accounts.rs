//! Who a script's user is, and who else there is.

use serde_json::json;

use super::{
    ended::Ended,
    session::{Session, cancelled},
};
use crate::{
    cli::{client::chosen_users, console::page_columns, exit::Exit, text},
    node::client::AccountWish,
};

impl Session {
    pub(super) async fn users(&mut self, with: Option<&str>) -> Result<Exit, Ended> {
        let users = cancelled(&self.stop, self.client.users()).await?;
        let users = chosen_users(users, with);
        if self.report.is_for_programs() {
            self.report.document = Some(json!({ "users": users }));
        } else {
            for line in text::accounts::users(&users, page_columns()) {
                self.report.result(&line);
            }
        }
        Ok(Exit::Well)
    }

    /// Makes or takes an account.
    pub(super) async fn account(&mut self, wish: AccountWish) -> Result<Exit, Ended> {
        let answer = cancelled(&self.stop, self.client.account(wish.clone())).await?;
        if self.report.is_for_programs() {
            let document = json!({ "account": answer.account, "name": answer.name });
            self.report.document = Some(document);
        } else {
            self.report.result(&text::accounts::done(&wish, &answer));
        }
        Ok(Exit::Well)
    }

    /// Leaves an account, which takes being it, or ends it.
    pub(super) async fn end_account(&mut self, wish: AccountWish) -> Result<Exit, Ended> {
        let own = AccountWish::SignIn {
            name: None,
            code: None,
        };
        cancelled(&self.stop, self.client.account(own)).await?;
        self.account(wish).await
    }
}
