//! Accounts at the prompt.

use super::prompt::{Extra, Prompt};
use crate::{
    cli::{
        console::page_columns,
        text::{self, errors},
    },
    engine::fold::fold,
    model::messages::User,
    node::client::AccountWish,
};

impl<E: Extra> Prompt<E> {
    pub(super) async fn account(&self, wish: AccountWish) {
        match self.handle.account(wish.clone()).await {
            Ok(answer) => self.printer.line(text::accounts::done(&wish, &answer)),
            Err(error) => self.complain(errors::client(&error)),
        }
    }

    pub(super) async fn users(&self, with: Option<&str>) {
        match self.handle.users().await {
            Ok(users) => {
                let users = chosen(users, with);
                self.printer
                    .lines(text::accounts::users(&users, page_columns()));
            }
            Err(error) => self.complain(errors::client(&error)),
        }
    }
}

/// Those whose names have a text in them.
pub(in crate::cli) fn chosen(mut users: Vec<User>, with: Option<&str>) -> Vec<User> {
    if let Some(with) = with.map(fold) {
        users.retain(|user| fold(user.name.as_str()).contains(&with));
    }
    users.sort_by(|one, other| one.name.cmp(&other.name));
    users
}
