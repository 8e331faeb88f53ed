//! The second half of a [move](crate::engine::keys::moving) of the key ring from one root to another: all that the ring wraps
//! is wrapped by the new root. Each step can be repeated, and a start of the engine repeats them until they are done.

use crate::domain::Arn;
use crate::engine::Engine;
use crate::engine::authorize::action::RewrapSecret;
use crate::engine::authorize::subject::Anything;
use crate::engine::authorize::{Doing, authorize};
use crate::engine::catalog::Transaction;
use crate::engine::error::Result;
use crate::engine::keys::{KeyRing, Purpose, Standing, moving};
use crate::engine::organization::rows::{access_keys, sessions};
use crate::engine::rescan;
use crate::engine::resources::rows::secrets;
use crate::engine::vaults::data_key;
use crate::repository::crash_point;

impl Engine {
    /// At the start: does what is left of a move. Where that cannot be, all opens as it is, and the next start tries again.
    pub(crate) fn finish_root_move(&self) {
        match self.keys.standing() {
            Standing::Settled => {}
            Standing::Waiting(why) => tracing::warn!(
                why,
                "the key ring moves to another root, which does not open; the root before still opens all, and stays until it does"
            ),
            Standing::Unfinished => match self.rewrap_all() {
                Ok(()) => {
                    tracing::info!("the key ring has moved to its new root");
                    self.keys.note_standing(Standing::Settled);
                }
                Err(error) => {
                    tracing::error!(
                        %error,
                        "the key ring's move to its new root is not finished: both roots open all, and the next start goes on"
                    );
                    self.keys.note_standing(Standing::Waiting(error.to_string()));
                }
            },
        }
    }

    fn rewrap_all(&self) -> Result<()> {
        self.keys.rewrap_customer_keys()?;
        // By their folders: the catalog may not know all of them.
        for (scope, name) in rescan::vaults_on_disk(self.vault_store.places())? {
            let vault = Arn::vault(&scope, &name);
            data_key::rewrap(self.vault_store.files_of(&vault)?.as_ref(), &self.keys, &vault)?;
        }
        crash_point::reached("before-rewrapped-secrets");
        self.catalog.write(|tx| rewrap_rows(tx, &self.keys))?;
        crash_point::reached("key-ring-rewrapped");
        moving::conclude(&self.data_dir)
    }
}

/// Wraps the secrets that the catalog keeps.
fn rewrap_rows(tx: &Transaction<'_>, keys: &KeyRing) -> Result<()> {
    let permit = |name: &str| authorize(tx, Doing::RootMove, RewrapSecret, &Anything(name));
    for (id, sealed) in access_keys::sealed(tx)? {
        if let Some(anew) = keys.rewrapped(Purpose::AccessKey(&id), &sealed)? {
            access_keys::reseal(tx, &permit(&id)?, &anew)?;
        }
    }
    for (id, sealed) in sessions::sealed(tx)? {
        if let Some(anew) = keys.rewrapped(Purpose::AccessKey(&id), &sealed)? {
            sessions::reseal(tx, &permit(&id)?, &anew)?;
        }
    }
    for (arn, sealed) in secrets::sealed(tx)? {
        if let Some(anew) = keys.rewrapped(Purpose::Resource(&arn), &sealed)? {
            secrets::reseal(tx, &permit(arn.as_str())?, &anew)?;
        }
    }
    Ok(())
}
