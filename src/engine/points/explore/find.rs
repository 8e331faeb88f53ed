//! Where something is in all recovery points of a resource or a vault.

use super::{Budget, Left, Readable, TRIES, is_moved, path_of, read_token, write_token};
use crate::domain::extension::{Found, FoundItem, PointMatches, UnreadPoint};
use crate::domain::pattern::Pattern;
use crate::domain::recovery_point::{RecoveryPoint, RecoveryPointStatus};
use crate::domain::{Arn, VaultName};
use crate::engine::authorize::action::{ListRecoveryPointItems, ListRecoveryPointsByBackupVault};
use crate::engine::authorize::authorize;
use crate::engine::authorize::subject::{PointNamed, PointToRead};
use crate::engine::caller::Caller;
use crate::engine::catalog::Connection;
use crate::engine::catalog::paging::page_size;
use crate::engine::error::{Error, ErrorKind, Result};
use crate::engine::page::PageRequest;
use crate::engine::points::rows::{self, RecoveryPointFilter};
use crate::engine::{Engine, vaults};
use crate::repository::explore::{Barren, Search, Step};
use crate::repository::item_path::escape;
use crate::repository::{ItemPath, Node, Repository};

/// Where it is looked for: in the caller's account and region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Where {
    /// In the recovery points of a resource, in all vaults.
    Resource(Arn),
    /// In all recovery points of a vault.
    Vault(VaultName),
}

impl Engine {
    /// The items that a pattern is of, point by point, the newest first. What the caller may not read is passed over.
    pub fn find_items(
        &self,
        caller: &Caller,
        place: &Where,
        pattern: &Pattern,
        request: &PageRequest,
    ) -> Result<Found> {
        let points = self.catalog.read(|connection| readable(connection, caller, place))?;
        let (mut at, mut last) = match request.next_token.as_deref().map(read_token::<2>).transpose()? {
            None => (0, None),
            Some([point, path]) => (behind(&points, &point), path_of(&path)?),
        };
        let mut budget = Budget::of(page_size(request)?);
        let mut search = Looking { pattern, barren: self.barren.take(pattern), found: 0, read: 0 };
        let (mut recovery_points, mut unread) = (Vec::new(), Vec::new());
        let mut next_token = None;
        while let Some(readable) = points.get(at) {
            let mut items = Vec::new();
            let vault = self.has_items_of_its_own(readable);
            let vault = vault.and_then(|()| self.vault_store.get_class(&readable.point.vault_arn, readable.class));
            let left = vault
                .and_then(|vault| search.through(&vault.repository, readable, last.take(), &mut budget, &mut items));
            if !items.is_empty() {
                recovery_points.push(PointMatches {
                    recovery_point_arn: readable.point.arn.clone(),
                    resource_arn: readable.point.resource_arn.clone(),
                    resource_name: readable.point.resource_name.clone(),
                    backup_vault_name: readable.point.vault_name.clone(),
                    creation_date: readable.point.created,
                    items,
                });
            }
            match left {
                Ok(Left::Done) => (at, last) = (at + 1, None),
                Ok(Left::Behind(path)) => {
                    let path = path.map(|path| path.to_string()).unwrap_or_default();
                    next_token = Some(write_token(&[&place_of(readable), &path]));
                    break;
                }
                // One that is damaged, or whose disk is away, must not hide those before it.
                Err(error) => {
                    let recovery_point_arn = readable.point.arn.clone();
                    unread.push(UnreadPoint { recovery_point_arn, reason: error.to_string() });
                    (at, last) = (at + 1, None);
                }
            }
        }
        self.barren.keep(pattern, search.barren);
        Ok(Found { recovery_points, unread, next_token })
    }
}

/// The points that are looked through, the newest first.
fn readable(connection: &Connection, caller: &Caller, place: &Where) -> Result<Vec<Readable>> {
    let scope = caller.scope();
    let (mut all, mut request) = (Vec::new(), PageRequest::default());
    loop {
        let page = match place {
            Where::Resource(arn) => rows::list_by_resource(connection, &scope, arn, &request)?,
            Where::Vault(name) => {
                let vault = vaults::ops::readable(connection, caller, ListRecoveryPointsByBackupVault, name.as_str())?;
                rows::list_by_vault(connection, &vault.arn, &RecoveryPointFilter::default(), &request)?
            }
        };
        for point in page.items {
            all.extend(allowed(connection, caller, point)?);
        }
        match page.next_token {
            None => return Ok(all),
            next => request.next_token = next,
        }
    }
}

fn allowed(connection: &Connection, caller: &Caller, point: RecoveryPoint) -> Result<Option<Readable>> {
    if point.status == RecoveryPointStatus::Deleting {
        return Ok(None);
    }
    let subject = PointToRead(PointNamed { arn: &point.arn, found: Some(&point) });
    match authorize(connection, caller, ListRecoveryPointItems, &subject) {
        Ok(_) => Readable::of(connection, point),
        Err(Error::Service { kind: ErrorKind::AccessDenied | ErrorKind::ResourceNotFound, .. }) => Ok(None),
        Err(other) => Err(other),
    }
}

/// What tells where a point stands among the others, though some come and go.
fn place_of(readable: &Readable) -> String {
    format!("{:020} {}", readable.point.created.timestamp_millis(), readable.point.arn)
}

/// The first point that is not before that place.
fn behind(points: &[Readable], place: &str) -> usize {
    points.partition_point(|readable| place_of(readable).as_str() > place)
}

/// A search through many points.
struct Looking<'a> {
    pattern: &'a Pattern,
    /// Of all repositories: two lists with one id are the same.
    barren: Barren,
    found: usize,
    read: usize,
}

impl Looking<'_> {
    /// Looks through one point as far as the budget lasts.
    fn through(
        &mut self,
        repository: &Repository,
        readable: &Readable,
        mut last: Option<ItemPath>,
        budget: &mut Budget,
        items: &mut Vec<FoundItem>,
    ) -> Result<Left> {
        let tree = readable.tree(repository)?;
        let mut tries_left = TRIES;
        let pattern = self.pattern;
        let wanted = |path: &ItemPath, node: &Node| pattern.has(&escape(&node.name), &path.to_string());
        loop {
            let mut walk = Search::new(repository, tree, last.clone())?;
            let moved = loop {
                let remembered = (!self.pattern.is_of_paths()).then_some(&mut self.barren);
                let step = walk.step(wanted, remembered);
                if is_moved(&step) && tries_left > 0 {
                    break None;
                }
                match step? {
                    Step::Found((path, node)) => {
                        self.found += 1;
                        items.push(found(&path, &node));
                    }
                    Step::Nothing => {}
                    Step::End => break Some(Left::Done),
                }
                if walk.last() != last.as_ref() && !budget.has(self.read + walk.read(), self.found) {
                    break Some(Left::Behind(walk.last().cloned()));
                }
            };
            self.read += walk.read();
            match moved {
                Some(left) => return Ok(left),
                None => {
                    tries_left -= 1;
                    last = walk.last().cloned();
                }
            }
        }
    }
}

fn found(path: &ItemPath, node: &Node) -> FoundItem {
    FoundItem {
        path: path.to_string(),
        kind: node.kind.as_str().to_owned(),
        size: node.size,
        modified: chrono::DateTime::from_timestamp(node.modified.seconds, node.modified.nanoseconds),
    }
}
