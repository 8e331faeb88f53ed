//! What of the recovery points cannot be restored, as far as the repository knows.
//!
//! The repository remembers lost blobs; the catalog notes with each commit which packs a point needs. So when something is
//! lost, only the points that may need it are walked, and those that were damaged before.

use crate::domain::Arn;
use crate::domain::damage::Damage;
use crate::domain::extension::MissingItem;
use crate::engine::Engine;
use crate::engine::error::{Error, Result};
use crate::engine::points::rows::damage::{self, PointData};
use crate::engine::vaults::store::OpenVault;
use crate::repository::{self, FileKind, Id, ItemPath, LossWalk, LostItems};
use std::collections::{BTreeSet, HashSet};
use std::path::Path;

/// How many lost items of a point the catalog names; all are counted.
const NAMED: usize = 100;

/// Which points are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// Every one.
    AtAll,
    /// Those that may need what is known to be lost, those whose snapshot is gone, and those that were damaged before.
    AtSuspects,
}

impl Engine {
    /// Finds what of a vault's recovery points cannot be restored, and notes it. The points that were looked at are answered,
    /// the oldest first.
    pub(crate) fn look_for_damage(
        &self,
        arn: &Arn,
        vault: &OpenVault,
        look: Look,
    ) -> Result<Vec<(PointData, Option<Damage>)>> {
        let suspects = if look == Look::AtSuspects { Some(self.suspects(arn, vault)?) } else { None };
        if suspects.as_ref().is_some_and(BTreeSet::is_empty) {
            return Ok(Vec::new());
        }
        let mut points = self.catalog.read(|connection| damage::points(connection, (arn, vault.class)))?;
        points.retain(|point| suspects.as_ref().is_none_or(|suspects| suspects.contains(&point.arn)));
        let mut walk = vault.repository.loss_walk(&self.jobs.housekeeping);
        let mut looked_at = Vec::new();
        for mut point in points {
            let found = loop {
                let found = damage_of(&point, vault, &mut walk)?;
                let now = if found.is_some() { self.catalog.read(|c| damage::point(c, &point.arn))? } else { None };
                // A live continuous one may have got another snapshot since it was listed, and lost that one by it.
                match now.filter(|now| now.class == vault.class && now.snapshot != point.snapshot) {
                    Some(now) => point = now,
                    None => break found,
                }
            };
            self.note_damage(&point, found.as_ref())?;
            looked_at.push((point, found));
        }
        Ok(looked_at)
    }

    /// Looks at the suspects if anything may have changed since that was done last: losses that are new or gone, or points
    /// that were damaged and of which a backup may have stored what they lack. A failure is told in the log and stops
    /// nothing: the next change, or a check, finds the same.
    pub(crate) fn look_again(&self, arn: &Arn, vault: &OpenVault) {
        let losses = vault.repository.wounded_packs();
        let looked = || -> Result<()> {
            let known = self.upkeep.losses(arn, vault.class);
            let damaged = self.catalog.read(|connection| damage::count(connection, (arn, vault.class)))?;
            if damaged == 0 && known.as_ref() == Some(&losses) {
                return Ok(());
            }
            self.look_for_damage(arn, vault, Look::AtSuspects)?;
            self.upkeep.note_losses(arn, vault.class, losses.clone());
            Ok(())
        };
        if let Err(error) = looked() {
            tracing::warn!(vault = %arn, %error, "what cannot be restored could not be found out");
        }
    }

    fn suspects(&self, arn: &Arn, vault: &OpenVault) -> Result<BTreeSet<Arn>> {
        let present: HashSet<Id> = vault.repository.storage().ids(FileKind::Snapshot)?.into_iter().collect();
        let (packs, _) = vault.repository.wounded_packs();
        self.catalog.read(|connection| {
            let mut suspects = damage::needing(connection, arn, &packs)?;
            suspects.extend(damage::without_snapshot(connection, (arn, vault.class), &present)?);
            Ok(suspects)
        })
    }

    fn note_damage(&self, point: &PointData, found: Option<&Damage>) -> Result<()> {
        if point.damage.as_ref() == found {
            return Ok(());
        }
        match found {
            Some(damage) => tracing::warn!(point = %point.arn, "{}", damage.message()),
            None => tracing::info!(point = %point.arn, "the recovery point is whole again"),
        }
        self.catalog.note(|tx| damage::set(tx, &point.arn, found))
    }

    /// What of a recovery point could not be backed up, and what cannot be restored any more: all of both.
    pub(crate) fn missing_and_lost(&self, arn: &Arn) -> Result<(Vec<MissingItem>, Vec<MissingItem>)> {
        let (kept, damage) = self.catalog.read(|connection| {
            Ok((crate::engine::points::rows::owed_manifests::of(connection, arn)?, damage::of(connection, arn)?))
        })?;
        let missing = match kept {
            Some(kept) if kept.lacks.is_empty() => kept.manifest.missing,
            Some(kept) => self.missing_by_file(&kept.manifest)?,
            None => Vec::new(),
        };
        let Some(damage) = damage else { return Ok((missing, Vec::new())) };
        if damage.count.is_none_or(|count| count <= damage.items.len() as u64) {
            return Ok((missing, damage.items));
        }
        Ok((missing, self.all_lost(arn)?.map_or(damage.items, |all| all.items)))
    }

    /// Every lost item of a point, found by walking it.
    fn all_lost(&self, arn: &Arn) -> Result<Option<Damage>> {
        let tier = self.catalog.read(|connection| damage::tier_of(connection, arn))?;
        let Some((vault, class)) = tier else { return Ok(None) };
        let open = self.vault_store.get_class(&vault, class)?;
        let points = self.catalog.read(|connection| damage::points(connection, (&vault, class)))?;
        let Some(point) = points.into_iter().find(|point| point.arn == *arn) else { return Ok(None) };
        let mut walk = open.repository.loss_walk(&self.jobs.housekeeping);
        measure(&point, &open, &mut walk, usize::MAX)
    }

    /// The list of a point whose manifest the catalog has no copy of.
    fn missing_by_file(&self, wanted: &crate::engine::points::manifest::Manifest) -> Result<Vec<MissingItem>> {
        let open = self.vault_store.get(&wanted.vault_arn)?;
        let found = crate::engine::points::manifest::read(open.files(), open.key(), &wanted.recovery_point_id);
        match found {
            Ok(found) => Ok(found.map(|manifest| manifest.missing).unwrap_or_default()),
            // What it held is not known; the files of the point are.
            Err(Error::Damaged { .. }) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }
}

fn damage_of(point: &PointData, vault: &OpenVault, walk: &mut LossWalk<'_>) -> Result<Option<Damage>> {
    measure(point, vault, walk, NAMED)
}

/// What of a point cannot be restored; at most `limit` items are named.
fn measure(point: &PointData, vault: &OpenVault, walk: &mut LossWalk<'_>, limit: usize) -> Result<Option<Damage>> {
    let root = ItemPath::from_path(Path::new(&point.root)).map_err(|e| Error::Internal(e.to_string()))?;
    let snapshot = point.snapshot.parse::<Id>().map_err(|_| Error::Internal("no snapshot's id".to_owned()))?;
    let tree = match vault.repository.load_snapshot(&snapshot) {
        Ok(snapshot) => snapshot.tree,
        Err(repository::Error::NotFound { .. }) => return Ok(Some(Damage::of_everything("its snapshot is missing"))),
        Err(_) => return Ok(Some(Damage::of_everything("its snapshot is damaged"))),
    };
    let lost = walk.below(&tree, limit)?;
    Ok((lost.count > 0).then(|| below_root(&lost, &root)))
}

/// Lost items of a snapshot as those of a recovery point: with paths from the resource's root.
fn below_root(lost: &LostItems, root: &ItemPath) -> Damage {
    let mut items = Vec::new();
    for item in &lost.items {
        match item.path.components().strip_prefix(root.components()) {
            Some(below) if !below.is_empty() => {
                let path = below.iter().fold(ItemPath::root(), |path, name| path.join(name)).to_string();
                items.push(MissingItem { path, reason: item.reason.clone() });
            }
            // The root itself, or a folder on the way to it.
            _ => return Damage::of_everything(item.reason.clone()),
        }
    }
    Damage { count: Some(lost.count), items }
}
