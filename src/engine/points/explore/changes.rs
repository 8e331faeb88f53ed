//! What is different between two recovery points of a resource.

use super::{Budget, Left, Readable, TRIES, is_moved, path_of, read_token, write_token};
use crate::domain::extension::{ChangedItem, Changes, ItemChange};
use crate::domain::{Arn, Invalid};
use crate::engine::Engine;
use crate::engine::caller::Caller;
use crate::engine::catalog::paging::page_size;
use crate::engine::error::{Error, Result};
use crate::engine::page::PageRequest;
use crate::repository::explore::{Comparison, Difference, Side, Step, What};
use crate::repository::{ItemPath, Node};

impl Engine {
    /// What is different in a recovery point from an older one of the same resource, in the order of the paths. Both may lie in
    /// vaults of their own; files are compared by length and time then.
    pub fn recovery_point_changes(
        &self,
        caller: &Caller,
        arn: &Arn,
        since: &Arn,
        request: &PageRequest,
    ) -> Result<Changes> {
        let both = |arn| self.catalog.read(|connection| Readable::get(connection, caller, arn));
        let (before, after) = (both(since)?, both(arn)?);
        if before.point.resource_arn != after.point.resource_arn {
            let rule =
                format_args!("{since} is of {}, and not of {}", before.point.resource_arn, after.point.resource_arn);
            return Err(Invalid::value("since", rule).into());
        }
        self.has_items_of_its_own(&after)?;
        let last = match request.next_token.as_deref().map(read_token::<2>).transpose()? {
            Some([of, _]) if of != token_of(arn, since) => {
                return Err(Error::invalid_parameter("Invalid NextToken: it is of two other recovery points"));
            }
            Some([_, path]) => path_of(&path)?,
            None => None,
        };
        let old = self.vault_store.get_class(&before.point.vault_arn, before.class)?;
        let new = self.vault_store.get_class(&after.point.vault_arn, after.class)?;
        let side = |repository, readable: &Readable| Result::Ok(Side { repository, tree: readable.tree(repository)? });
        let sides = (side(&old.repository, &before)?, side(&new.repository, &after)?);
        let mut changes = Vec::new();
        let mut budget = Budget::of(page_size(request)?);
        let next_token = match walk(sides, last, &mut budget, |told| changes.push(changed(&told)))? {
            Left::Done => None,
            Left::Behind(path) => {
                let path = path.map(|path| path.to_string()).unwrap_or_default();
                Some(write_token(&[&token_of(arn, since), &path]))
            }
        };
        Ok(Changes { changes, next_token })
    }
}

fn token_of(arn: &Arn, since: &Arn) -> String {
    format!("{arn} {since}")
}

/// Walks on from `last` as far as the budget lasts.
fn walk(
    (before, after): (Side<'_>, Side<'_>),
    mut last: Option<ItemPath>,
    budget: &mut Budget,
    mut tell: impl FnMut(Difference),
) -> Result<Left> {
    let (mut tries_left, mut found, mut read) = (TRIES, 0, 0);
    loop {
        let mut walk = Comparison::new(before, after, last.clone())?;
        let moved = loop {
            let step = walk.step();
            if is_moved(&step) && tries_left > 0 {
                break walk.last().cloned();
            }
            match step? {
                Step::Found(told) => {
                    found += 1;
                    tell(told);
                }
                Step::Nothing => {}
                Step::End => return Ok(Left::Done),
            }
            // A page without an item that was handled would be asked for again and again.
            if walk.last() != last.as_ref() && !budget.has(read + walk.read(), found) {
                return Ok(Left::Behind(walk.last().cloned()));
            }
        };
        tries_left -= 1;
        read += walk.read();
        last = moved;
    }
}

fn changed(told: &Difference) -> ChangedItem {
    let of_file = |node: &Option<Node>| node.as_ref().filter(|node| node.is_file()).map(|node| node.size);
    let modified = |node: &Option<Node>| {
        let at = node.as_ref()?.modified;
        chrono::DateTime::from_timestamp(at.seconds, at.nanoseconds)
    };
    let node = told.after.as_ref().or(told.before.as_ref());
    ChangedItem {
        path: told.path.to_string(),
        change: match told.what {
            What::Added => ItemChange::Added,
            What::Removed => ItemChange::Removed,
            What::Content => ItemChange::Changed,
            What::Metadata => ItemChange::Metadata,
        },
        kind: node.map(|node| node.kind.as_str()).unwrap_or_default().to_owned(),
        size_before: of_file(&told.before),
        size_after: of_file(&told.after),
        modified_before: modified(&told.before),
        modified_after: modified(&told.after),
    }
}
