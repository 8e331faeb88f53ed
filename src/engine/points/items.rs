//! What a recovery point holds: the items of its folders, and what is missing from it.

use crate::domain::continuous::{Chain, Moment};
use crate::domain::extension::{Item, Items};
use crate::domain::{Arn, PointDetails};
use crate::engine::caller::Caller;
use crate::engine::catalog::Connection;
use crate::engine::catalog::paging::page_size;
use crate::engine::drivers::{Fault, Inside, Listing, Shown};
use crate::engine::error::{Error, Result};
use crate::engine::page::PageRequest;
use crate::engine::points::ops::to_look_into;
use crate::engine::{Engine, points};
use crate::repository::item_path::escape;
use crate::repository::{self, FileKind, Id, ItemPath, Repository};
use std::path::Path;

/// Where a page ends: the path it belongs to and the last name, both as texts of [`ItemPath`].
const SEPARATOR: char = '\n';

impl Engine {
    /// The items of a folder in a recovery point, sorted by name; the first page also tells what could not be backed up.
    pub fn recovery_point_items(&self, caller: &Caller, arn: &Arn, path: &str, request: &PageRequest) -> Result<Items> {
        let not_found = || Error::no_such_recovery_point(arn);
        let (point, (snapshot, source, class)) = self
            .catalog
            .read(|connection| {
                let point = to_look_into(connection, caller, arn)?;
                Ok(points::rows::content(connection, arn)?.map(|content| (point, content)))
            })?
            .ok_or_else(not_found)?;
        let snapshot: Id = snapshot.parse().map_err(|_| not_found())?;
        let below = ItemPath::parse(path).map_err(|e| Error::invalid_parameter(format!("Invalid path: {e}")))?;
        let root = ItemPath::from_path(Path::new(&source)).map_err(|e| Error::Internal(e.to_string()))?;
        let after = request.next_token.as_deref().map(|token| read_token(token, &below)).transpose()?;
        let vault = self.vault_store.get_class(&point.vault_arn, class)?;
        let limit = page_size(request)?;
        let page = match self.driver_of(&point.resource_type).ok().and_then(|driver| driver.browse()) {
            Some(browse) => {
                let content = Inside { repository: &vault.repository, snapshot, root: &root };
                browse.page(&content, &below, after.as_deref(), limit).map_err(|fault| match fault {
                    Fault::Gone(message) => Error::not_found(message),
                    other => other.into(),
                })?
            }
            None => {
                let folder = below.components().iter().fold(root, |path, name| path.join(name));
                page_of(&vault.repository, &snapshot, &folder, after.as_deref(), limit)
                    .map_err(|error| not_listed(error, &below))?
            }
        };
        let next_token =
            page.items.last().filter(|_| page.more).map(|last| write_token(&below, &escape(&last.node.name)));
        let (missing, lost) = if after.is_none() { self.missing_and_lost(arn)? } else { (Vec::new(), Vec::new()) };
        let (details, bases) = match after {
            None => self.catalog.read(|connection| {
                let chain = points::rows::chains::get(connection, arn)?.and_then(|row| row.chain);
                let bases = chain.into_iter().flat_map(|chain| chain.bases).map(|base| base.from);
                Ok((told(connection, arn)?, bases.collect()))
            })?,
            Some(_) => (PointDetails::new(), Vec::new()),
        };
        let items = page.items.iter().map(item).collect();
        Ok(Items { items, missing, lost, details, bases, note: page.note, next_token })
    }

    /// What its driver said of a recovery point, how far back it reaches, and when it was last proven: nothing of it is read.
    pub fn recovery_point_details(&self, caller: &Caller, arn: &Arn) -> Result<PointDetails> {
        self.catalog.read(|connection| {
            to_look_into(connection, caller, arn)?;
            told(connection, arn)
        })
    }
}

fn told(connection: &Connection, arn: &Arn) -> Result<PointDetails> {
    let manifest = points::rows::owed_manifests::of(connection, arn)?.map(|kept| kept.manifest);
    let (mut details, moment) = manifest.map(|manifest| (manifest.details, manifest.moment)).unwrap_or_default();
    let chain = points::rows::chains::get(connection, arn)?.and_then(|row| row.chain);
    details.extend(chain.iter().flat_map(Chain::details));
    details.extend(moment.iter().map(Moment::detail));
    details.extend(points::rows::proofs::details(connection, arn)?);
    Ok(details)
}

/// A page of a folder, read without a pass, since a caller must not wait for a collection. That one may move a folder into
/// another pack between the look into the index and the reading: then the index knows better by now.
fn page_of(
    repository: &Repository,
    snapshot: &Id,
    folder: &ItemPath,
    after: Option<&[u8]>,
    size: usize,
) -> repository::Result<Listing> {
    let mut tries_left = 3;
    loop {
        tries_left -= 1;
        match repository.entries_page(snapshot, folder, after, size) {
            Err(repository::Error::NotFound { kind: FileKind::Pack, .. }) if tries_left > 0 => {}
            outcome => {
                let page = outcome?;
                let items = page.nodes.into_iter().map(|node| Shown { node, is_unread: false, note: None }).collect();
                return Ok(Listing { items, more: page.more, note: None });
            }
        }
    }
}

fn not_listed(error: repository::Error, folder: &ItemPath) -> Error {
    match error {
        repository::Error::NoSuchPath { .. } => {
            Error::not_found(format!("The recovery point holds no folder {folder}."))
        }
        repository::Error::NotAFolder { .. } => {
            Error::invalid_parameter(format!("Invalid path: {folder} is not a folder of this recovery point"))
        }
        other => Error::Repository(other),
    }
}

fn item(Shown { node, is_unread, note }: &Shown) -> Item {
    let modified = Some(node.modified).filter(|_| !is_unread);
    Item {
        note: note.clone(),
        name: escape(&node.name),
        kind: node.kind.as_str().to_owned(),
        size: node.size,
        mode: node.permissions,
        modified: modified.and_then(|at| chrono::DateTime::from_timestamp(at.seconds, at.nanoseconds)),
        link_target: (node.kind == repository::NodeKind::Symlink).then(|| escape(&node.link_target)),
    }
}

fn write_token(folder: &ItemPath, name: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(format!("{folder}{SEPARATOR}{SEPARATOR}{name}"))
}

/// The name after which a page begins; the token must come from the same folder.
fn read_token(token: &str, folder: &ItemPath) -> Result<Vec<u8>> {
    use base64::Engine as _;
    let bad = || Error::invalid_parameter("Invalid NextToken: it did not come from a call with these parameters");
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(token).map_err(|_| bad())?;
    let text = String::from_utf8(bytes).map_err(|_| bad())?;
    let prefix = format!("{folder}{SEPARATOR}{SEPARATOR}");
    let name = text.strip_prefix(&prefix).ok_or_else(bad)?;
    ItemPath::parse(name).ok().and_then(|path| path.components().first().cloned()).ok_or_else(bad)
}
