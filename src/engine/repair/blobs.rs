//! Lost blobs, from other vaults of this engine: a blob's name is the hash of its content, whatever vault it lies in.

use super::Repair;
use crate::domain::Arn;
use crate::engine::error::Result;
use crate::engine::points::rows::packs;
use crate::engine::points::rows::packs::refer;
use crate::engine::vaults;
use crate::engine::vaults::store::OpenVault;
use crate::repository::{BlobKind, Copies, Id};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A folder that comes back may lead to more that is lost: so often it is looked again, one level of folders a time.
const ROUNDS: usize = 256;

impl Repair<'_> {
    /// Brings back what other vaults hold. What lies below a lost folder is known only once that is back: it is looked again
    /// until nothing more is found.
    pub(super) fn blobs(&mut self) -> Result<()> {
        let others = self.other_vaults()?;
        let mut unreachable = BTreeSet::new();
        for _ in 0..ROUNDS {
            let wanted: Vec<(BlobKind, Id)> = self.wanted()?.difference(&unreachable).copied().collect();
            let mut found = Vec::new();
            for (kind, id) in wanted {
                match others.iter().find(|(_, other)| other.repository.is_readable(kind, &id)) {
                    Some((name, other)) => found.push((kind, id, name.clone(), Arc::clone(other))),
                    None => drop(unreachable.insert((kind, id))),
                }
            }
            if found.is_empty() {
                return Ok(());
            }
            let sources: BTreeSet<&str> = found.iter().map(|(_, _, name, _)| name.as_str()).collect();
            let subject = format!(
                "{} of lost data",
                if found.len() == 1 { "1 piece".to_owned() } else { format!("{} pieces", found.len()) }
            );
            let action = format!(
                "store {} again, from {} {}",
                if found.len() == 1 { "it" } else { "them" },
                if sources.len() == 1 { "vault" } else { "vaults" },
                sources.into_iter().collect::<Vec<_>>().join(", ")
            );
            let before = unreachable.len();
            let mut unread = Vec::new();
            self.step(subject, &action, |repair| repair.copy(&found, &mut unread));
            unreachable.extend(unread);
            if !self.really || unreachable.len() - before == found.len() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// What the damaged points lack.
    fn wanted(&self) -> Result<BTreeSet<(BlobKind, Id)>> {
        let mut walk = self.vault.repository.loss_walk(&self.engine.jobs.housekeeping);
        for point in self.damaged_points()? {
            let tree = point.snapshot.parse::<Id>().ok().and_then(|id| self.vault.repository.load_snapshot(&id).ok());
            if let Some(snapshot) = tree {
                walk.below(&snapshot.tree, 0)?;
            }
        }
        Ok(walk.into_unreadable())
    }

    /// Copies blobs from where they are readable; those that turn out not to be are answered in `unread`.
    fn copy(&self, found: &[(BlobKind, Id, String, Arc<OpenVault>)], unread: &mut Vec<(BlobKind, Id)>) -> Result<()> {
        let mut copies: Copies<'_> = self.vault.repository.store_copies()?;
        for (kind, id, _, other) in found {
            let content = {
                let _gate = other.enter();
                other.repository.load_blob(*kind, id)
            };
            match content {
                Ok(content) => copies.add(*kind, *id, &content)?,
                Err(error) => {
                    tracing::warn!(%error, "another vault does not hold what its index says");
                    unread.push((*kind, *id));
                }
            }
        }
        let mut stored: BTreeSet<Id> = copies.finish()?.into_iter().collect();
        stored.extend(self.vault.repository.retire_healed()?);
        let points = self.damaged_points()?;
        let now = self.engine.clock.now();
        self.engine.catalog.write(|tx| {
            packs::remember(tx, (self.arn, self.vault.class), &stored, now)?;
            points.iter().try_for_each(|point| refer(tx, self.arn, &point.arn, &stored))
        })
    }

    /// Every other vault that can be opened, with its name, and the other repository of this one.
    fn other_vaults(&self) -> Result<Vec<(String, Arc<OpenVault>)>> {
        let arns = self.engine.catalog.read(vaults::rows::arns)?;
        let open = |arn: Arn| match self.engine.tiers(&arn) {
            Ok(tiers) => {
                let name = arn.vault_name().unwrap_or_default().to_owned();
                let others = tiers.open.into_iter().filter(|open| arn != *self.arn || open.class != self.vault.class);
                others.map(|open| (name.clone(), open)).collect()
            }
            Err(error) => {
                tracing::warn!(vault = %arn, %error, "a vault that may hold what is lost cannot be opened");
                Vec::new()
            }
        };
        Ok(arns.into_iter().flat_map(open).collect())
    }
}
