//! Listing a bucket's versions, and comparing the list with the one before.

use super::changes::{Look, changes_of, is_removal};
use super::known::{self, Known, Lines};
use super::log::{Change, Entry};
use super::versions::{Unlisted, Version, Versions};
use crate::engine::drivers::s3::client::Client;
use crate::engine::drivers::{Broken, Fault};
use crate::repository::Control;
use std::io;
use std::path::{Path, PathBuf};

/// The files of a listing that is not stored yet.
const NEW: &str = "new";
const CHANGES: &str = "changes";

/// A bucket that is listed.
pub(super) struct Listing<'a> {
    pub(super) client: &'a Client,
    pub(super) bucket: &'a str,
    pub(super) spool: &'a Path,
    pub(super) control: &'a Control,
}

/// What a listing found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// How many entries of the log it led to.
    pub(super) entries: u64,
    /// Whether the list before had objects.
    had_objects: bool,
    /// Whether it has a version that the list before has.
    has_known: bool,
}

/// Where the entries lie that a listing led to.
pub(super) fn changes_file(spool: &Path) -> PathBuf {
    spool.join(CHANGES)
}

/// Where the list lies until it counts.
pub(super) fn new_file(spool: &Path) -> PathBuf {
    spool.join(NEW)
}

impl Listing<'_> {
    /// Notes the versions that are there, to begin with.
    pub(super) fn note(&self) -> Result<(), Fault> {
        self.in_order(|versions| self.write_all(versions))?;
        let settled = known::settle(&new_file(self.spool), &known::path(self.spool, ""));
        settled.map_err(|error| self.unwritten(&error))
    }

    /// Lists the versions, and writes down the list and what changed since the one in a file.
    pub(super) fn compare(&self, before: &Path, look: Look) -> Result<Found, Broken> {
        let found = self.in_order(|versions| self.write_changes(before, versions, look))?;
        if found.had_objects && !found.has_known {
            return Err(Broken::Gap(format!(
                "none of the versions that the bucket {} had is there any more: it was emptied for good, or deleted and made anew",
                self.bucket
            )));
        }
        Ok(found)
    }

    /// Lists as the store does, or by itself where the store has an order of its own.
    fn in_order<T>(&self, work: impl Fn(Versions<'_>) -> Result<T, Unlisted>) -> Result<T, Fault> {
        let told = |unlisted| match unlisted {
            Unlisted::Fault(fault) => fault,
            Unlisted::OutOfOrder => Fault::Failed(format!("The keys of the bucket {} have no order.", self.bucket)),
        };
        match work(Versions::listed(self.client, self.bucket, self.control)) {
            Err(Unlisted::OutOfOrder) => work(Versions::sorted(self.client, self.bucket, self.control)?).map_err(told),
            listed => listed.map_err(told),
        }
    }

    fn write_all(&self, mut versions: Versions<'_>) -> Result<(), Unlisted> {
        let mut list = Lines::create(&new_file(self.spool)).map_err(|error| self.unwritten(&error))?;
        while let Some(group) = versions.next_key()? {
            self.write(&mut list, &group)?;
        }
        Ok(list.finish().map_err(|error| self.unwritten(&error))?)
    }

    fn write_changes(&self, before: &Path, mut versions: Versions<'_>, look: Look) -> Result<Found, Unlisted> {
        let unwritten = |error: io::Error| self.unwritten(&error);
        let mut known = Known::open(before).map_err(unwritten)?;
        let mut list = Lines::create(&new_file(self.spool)).map_err(unwritten)?;
        let mut changes = Lines::create(&changes_file(self.spool)).map_err(unwritten)?;
        let (mut found, mut next) = (Found::default(), versions.next_key()?);
        while let Some(key) = first_of(next.as_deref(), known.key()) {
            let before = if known.key() == Some(&*key) { known.next_key().map_err(unwritten)? } else { Vec::new() };
            let is_listed = next.as_ref().is_some_and(|versions| versions[0].key == key);
            let now = if is_listed { std::mem::replace(&mut next, versions.next_key()?) } else { None };
            let now = now.unwrap_or_default();
            found.had_objects |= before.first().is_some_and(|newest| !newest.is_marker);
            found.has_known |= now.iter().any(|version| before.iter().any(|known| known.is(version)));
            let entries = changes_of(&before, &now, look);
            // What a listing only missed is still known.
            if is_removal(&before, &now, &entries) && !self.is_so(&entries)? {
                self.write(&mut list, &before)?;
                continue;
            }
            self.write(&mut list, &now)?;
            for entry in &entries {
                changes.write(entry).map_err(unwritten)?;
            }
            found.entries += entries.len() as u64;
        }
        // Where nothing changed nobody needs them.
        if found.entries > 0 {
            list.finish().map_err(unwritten)?;
            changes.finish().map_err(unwritten)?;
        }
        Ok(found)
    }

    /// Whether a key is what its last entry says: some stores leave out of a page what lies beside a folder of its name.
    fn is_so(&self, entries: &[Entry]) -> Result<bool, Fault> {
        let Some(entry) = entries.last() else { return Ok(true) };
        if self.control.is_cancelled() {
            return Err(Fault::of_io("The bucket cannot be listed", &io::ErrorKind::Interrupted.into()));
        }
        let newest = self.client.newest_version(self.bucket, &entry.key)?;
        Ok(match entry.change {
            Change::Put => newest == entry.version_id,
            Change::DeleteMarker | Change::Removed => newest.is_none(),
        })
    }

    fn write(&self, list: &mut Lines, versions: &[Version]) -> Result<(), Fault> {
        versions.iter().try_for_each(|version| list.write(version)).map_err(|error| self.unwritten(&error))
    }

    fn unwritten(&self, error: &io::Error) -> Fault {
        Fault::of_io(format!("The folder {} for the list of versions", self.spool.display()), error)
    }
}

/// The first key of two lists.
fn first_of(left: Option<&[Version]>, right: Option<&str>) -> Option<String> {
    let left = left.and_then(<[Version]>::first).map(|version| version.key.as_str());
    [left, right].into_iter().flatten().min().map(str::to_owned)
}
