//! Accounts: what is signed, and what is answered.

use std::time::Instant;

use super::{api::AccountOrder, state::Central};
use crate::{
    engine::{
        accounts::AccountRefusal,
        cluster::{ConnectionId, Event},
    },
    model::{
        AccountName, Audited, Digest, Door, Proven,
        limits::PAGE_BYTES,
        messages::{Answer, Claim, Signed},
    },
    node::rules::central::{code_of_account, said_of_account},
    proto::{ErrorCode, account::Channel, control::FromCentral},
};

/// What an account may fill of a page beside its name, in bytes.
const BESIDE_NAME: usize = 64;

impl Central {
    /// Somebody wants something that it has signed; the signature is right.
    pub(super) fn signed(
        &mut self,
        now: Instant,
        connection: ConnectionId,
        signed: &Signed,
        channel: &Channel,
    ) {
        let (wish, claim) = signed.parts();
        let proven = Proven {
            wish,
            name: claim.name.clone(),
            key: claim.key,
            code: self.code(claim, channel),
        };
        self.cluster
            .handle_event(now, connection, Event::Proven(proven));
    }

    /// The hash of the recovery code that a claim proves.
    fn code(&self, claim: &Claim, channel: &Channel) -> Option<Digest> {
        let name = AccountName::try_from(claim.name.as_str()).ok()?;
        let account = self.cluster.registry().accounts().get(&name)?;
        let hash = account.code?.hash;
        channel.proves_code(claim, hash).then_some(hash)
    }

    pub(super) fn refuse_account(&mut self, connection: ConnectionId, refusal: &AccountRefusal) {
        let (code, message) = (code_of_account(refusal), said_of_account(refusal));
        if matches!(code, ErrorCode::LimitExceeded | ErrorCode::WrongKey) {
            self.count_refusal(connection, code, &message);
        }
        self.send(connection, FromCentral::AccountRefused { code, message });
    }

    /// What an administrator orders.
    pub(super) fn account_order(
        &mut self,
        now: Instant,
        order: AccountOrder,
        door: Door,
    ) -> Result<AccountName, AccountRefusal> {
        let cluster = &mut self.cluster;
        match order {
            AccountOrder::NewCode(name, hash) => cluster.new_account_code(now, &name, hash, door),
            AccountOrder::RemoveDevice(name, key) => cluster.remove_device(now, &name, &key, door),
            AccountOrder::Remove(name) => cluster.remove_account(now, &name, door),
            AccountOrder::Free(name) => cluster.free_account_name(now, &name, door),
        }
    }

    /// One page of the audit trail, for whoever has proven the administrator's password.
    pub(super) fn post_audit(&mut self, connection: ConnectionId, after: u64) {
        let trail = self.cluster.registry().trail();
        let mut bytes = 0;
        let fits = |line: &&Audited| {
            bytes += serde_json::to_vec(line).map_or(0, |json| json.len() + 1);
            bytes <= PAGE_BYTES
        };
        let lines = trail.after(after).take_while(fits).cloned().collect();
        let last = trail.last();
        self.send(connection, Answer::Audit { lines, last });
    }

    /// One page of the accounts.
    pub(super) fn post_users(&mut self, connection: ConnectionId, after: Option<&AccountName>) {
        let mut bytes = 0;
        let (users, more) =
            self.cluster
                .users(self.cluster.account_at(connection), after, |user| {
                    bytes += user.name.as_str().len() + BESIDE_NAME;
                    bytes <= PAGE_BYTES
                });
        self.send(connection, Answer::Users { users, more });
    }
}
