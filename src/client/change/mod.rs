//! What can be changed. Each change has one file here: the exact requests, the words, the danger, the consequence, and how
//! it is sent. Nothing else in the program calls a writing operation.
//!
//! To add one: write its file with `create_vault.rs` as the pattern, and put it on the two lists of this page. What must be
//! asked, shown and logged follows from the trait `Change`; the tests send its examples and compare what leaves with what
//! was shown. Then a dialog or a command can propose it.

mod add_resource;
mod cancel_hold;
mod contract;
mod create_air_gapped_vault;
mod create_alias;
mod create_hold;
mod create_key;
mod create_plan;
mod create_selection;
mod create_vault;
mod delete_access_policy;
mod delete_notifications;
mod delete_plan;
mod delete_recovery_point;
mod delete_selection;
mod delete_vault;
mod delete_vault_lock;
mod disassociate_from_parent;
#[cfg(test)]
mod examples;
mod outcome;
mod put_access_policy;
mod put_notifications;
mod put_vault_lock;
mod request;
mod schedule_key_deletion;
mod sending;
mod set_key_state;
mod share_vault;
mod start_backup;
mod start_copy;
mod start_restore;
mod stop_backup;
mod tag_resource;
mod unshare_vault;
mod untag_resource;
mod update_lifecycle;
mod update_plan;
mod words;

use contract::Change;
pub use contract::{Ask, Danger};
pub use delete_selection::SelectionRef;
pub use outcome::{ChangeFailure, Outcome};
#[cfg(test)]
pub(in crate::client) use request::HIDDEN;
pub use request::{Request, new_token};
pub(crate) use sending::{Order, Sending};
pub use set_key_state::KeyChange;

/// Writes the closed list of all changes, and hands on to each what is asked of any.
macro_rules! changes {
    ($($file:ident::$name:ident,)+) => {
        $(pub use $file::$name;)+

        /// A change. Those that need several requests say so in their preview and carry them out in its order.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Mutation {
            $(#[doc = concat!("See [`", stringify!($name), "`].")] $name($name),)+
        }

        $(impl From<$name> for Mutation {
            fn from(change: $name) -> Self {
                Self::$name(change)
            }
        })+

        impl Mutation {
            fn change(&self) -> &dyn Change {
                match self {
                    $(Self::$name(change) => change,)+
                }
            }

            /// Sends its requests; see [`Change::send`].
            pub(in crate::client) async fn send(&self, sending: &mut Sending<'_>) -> Result<Outcome, ChangeFailure> {
                match self {
                    $(Self::$name(change) => change.send(sending).await,)+
                }
            }

            /// Some of every kind.
            #[cfg(test)]
            pub(in crate::client) fn examples() -> Vec<Self> {
                [$($name::examples().into_iter().map(Self::from).collect::<Vec<_>>(),)+].concat()
            }
        }
    };
}
changes! {
    add_resource::AddResource,
    create_vault::CreateVault,
    create_air_gapped_vault::CreateAirGappedVault,
    share_vault::ShareVault,
    unshare_vault::UnshareVault,
    delete_vault::DeleteVault,
    put_vault_lock::PutVaultLock,
    delete_vault_lock::DeleteVaultLock,
    create_plan::CreatePlan,
    update_plan::UpdatePlan,
    delete_plan::DeletePlan,
    create_selection::CreateSelection,
    delete_selection::DeleteSelection,
    put_access_policy::PutAccessPolicy,
    delete_access_policy::DeleteAccessPolicy,
    put_notifications::PutNotifications,
    delete_notifications::DeleteNotifications,
    start_backup::StartBackup,
    stop_backup::StopBackup,
    start_copy::StartCopy,
    start_restore::StartRestore,
    delete_recovery_point::DeleteRecoveryPoint,
    disassociate_from_parent::DisassociateFromParent,
    update_lifecycle::UpdateLifecycle,
    create_hold::CreateHold,
    cancel_hold::CancelHold,
    create_key::CreateKey,
    create_alias::CreateAlias,
    set_key_state::SetKeyState,
    schedule_key_deletion::ScheduleKeyDeletion,
    tag_resource::TagResource,
    untag_resource::UntagResource,
}

impl Mutation {
    /// The requests, in the order in which they are sent. `token` makes sending them twice create one thing only.
    pub fn requests(&self, token: &str) -> Vec<Request> {
        self.change().requests(token)
    }

    /// What it does, in one line.
    pub fn summary(&self) -> String {
        self.change().summary()
    }

    /// What else it means; empty for nothing.
    pub fn consequence(&self) -> String {
        self.change().consequence()
    }

    /// How much harm it can do, and what must be answered before it is sent.
    pub fn asks(&self) -> (Danger, Ask) {
        self.change().harm().into()
    }
}
