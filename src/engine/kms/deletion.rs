//! What becomes of a key whose deletion was scheduled: at its day its material is destroyed, unless something has come that
//! needs it.

use crate::domain::Time;
use crate::domain::kms::KmsKey;
use crate::engine::Engine;
use crate::engine::authorize::action::DestroyKey;
use crate::engine::authorize::subject::{KeyNamed, KeyToDestroy};
use crate::engine::authorize::{Doing, authorize};
use crate::engine::clock::Jumps;
use crate::engine::error::Result;
use crate::engine::jobs::turn::Turn;
use crate::engine::kms::{ops, rows};
use chrono::Duration;

/// When the deletion of a key that something needs is looked at again.
const ASK_AGAIN: Duration = Duration::days(1);

impl Engine {
    /// Destroys the keys whose day has come. By a clock that nobody believes none is.
    pub(crate) fn destroy_keys(&self, turn: &mut Turn, now: Time) -> Result<()> {
        if !self.clock.is_trusted() || turn.next_key_deletion.is_some_and(|at| at > now) {
            return Ok(());
        }
        turn.next_key_deletion = None;
        for key in self.due_keys(now)? {
            if let Err(error) = self.destroy_key(&key, now) {
                tracing::warn!(key = %key.arn, %error, "the day of a KMS key's deletion has come, and it is not deleted");
                turn.next_key_deletion = Some(now + ASK_AGAIN);
            }
        }
        Ok(())
    }

    fn due_keys(&self, now: Time) -> Result<Vec<KmsKey>> {
        let pending = self.keys.customer().pending();
        if pending.is_empty() {
            return Ok(Vec::new());
        }
        // What is destroyed cannot be put right: a day that lay in a jump of the clock waits, as that of a lock does.
        let jumps = self.catalog.read(Jumps::of)?;
        Ok(pending.into_iter().filter(|(_, at)| jumps.final_at(*at) <= now).map(|(key, _)| key).collect())
    }

    fn destroy_key(&self, key: &KmsKey, now: Time) -> Result<()> {
        self.heed_protection_under(&key.arn)?;
        let is_destroyed = self.catalog.write(|tx| {
            // What is destroyed because of a time is not destroyed before that time is remembered.
            self.clock.save_in(tx)?;
            // Somebody may have cancelled it meanwhile.
            let Some(found) = self.keys.customer().get(&key.arn).filter(|found| found == key) else { return Ok(false) };
            let needed_by = ops::needed_by(tx, &key.arn)?;
            let named = KeyNamed { name: key.arn.as_str(), found: Some(&found) };
            let subject = KeyToDestroy { key: named, needed_by: needed_by.as_deref() };
            let permit = authorize(tx, Doing::KeyDeletion, DestroyKey, &subject)?;
            rows::remove_tags(tx, &permit)?;
            self.keys.customer().destroy(&permit, now)?;
            Ok(true)
        })?;
        if !is_destroyed {
            return Ok(());
        }
        self.vault_store.close_under(&key.arn);
        tracing::warn!(key = %key.arn, "the days of a KMS key are over: its material is destroyed");
        Ok(())
    }

    /// When the next key is destroyed.
    pub(crate) fn next_key_deletion(&self, turn: &Turn) -> Result<Option<Time>> {
        let pending = self.keys.customer().pending();
        if pending.is_empty() || !self.clock.is_trusted() {
            return Ok(None);
        }
        let jumps = self.catalog.read(Jumps::of)?;
        let next = pending.into_iter().map(|(_, at)| jumps.final_at(at)).min();
        Ok(next.map(|at| turn.next_key_deletion.map_or(at, |again| again.max(at))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::kms::tests::engine;

    #[test]
    fn a_key_whose_deletion_is_cancelled_at_its_day_stays() {
        let (folder, engine, caller) = engine();
        let key = engine.create_key(&caller, ops::NewKey::default()).unwrap();
        let has_material = || folder.path().join(format!("data/keys/kms/{}.key", key.id)).exists();
        let pending = engine.schedule_key_deletion(&caller, &key.id, 7).unwrap();
        let day = engine.now() + Duration::days(7);
        engine.cancel_key_deletion(&caller, &key.id).unwrap();
        engine.destroy_key(&pending, day).unwrap();
        engine.enable_key(&caller, &key.id).unwrap();
        assert!(has_material());
        let pending = engine.schedule_key_deletion(&caller, &key.id, 7).unwrap();
        engine.destroy_key(&pending, day).unwrap();
        assert!(!has_material());
    }
}
