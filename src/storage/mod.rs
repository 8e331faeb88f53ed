//! Where vaults lie, and what can be put around a place.
//!
//! A vault's files are one [`Storage`]: all that is read and written in a vault goes through it. Which vaults there are, and how
//! one appears, moves to the trash and goes for good, is the matter of [`Places`], which hands the storages out. To keep vaults
//! elsewhere is to write these two, and nothing above them knows the difference.
//!
//! A storage can be wrapped in layers for what a way over a network needs: [`Retry`] for what fails and may pass, [`Limit`] for a
//! server that is to be spared, [`Cache`] for what is read again and again. Each is what it wraps to whoever uses it.
//! [`LocalPlaces`] needs none.

mod cache;
mod layered;
mod limit;
mod local_places;
mod retry;

pub use cache::Cache;
pub use layered::{Call, Layer, Layered};
pub use limit::Limit;
pub use local_places::LocalPlaces;
pub use retry::Retry;

use std::fmt;
use std::sync::Arc;

use crate::repository::{Result, Storage};

/// What a vault's place is called: the names of its account, its region and its own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The account's number.
    pub account: String,
    /// The region.
    pub region: String,
    /// The vault's name.
    pub name: String,
}

impl Place {
    /// The place of these names.
    pub fn new(account: &str, region: &str, name: &str) -> Self {
        Self { account: account.to_owned(), region: region.to_owned(), name: name.to_owned() }
    }
}

/// A deleted vault that lies in the trash.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Grave {
    /// The name that it was given.
    pub name: String,
    /// In which of the places of trash it lies.
    pub(crate) within: String,
}

impl fmt::Display for Grave {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.within, self.name)
    }
}

/// All places of vaults.
///
/// A vault appears whole or not at all: it is built out of sight, and [`finish`](Self::finish) gives it its place. What was
/// built and not finished is removed by [`remove_leftovers`](Self::remove_leftovers), or when the place is built anew.
pub trait Places: Send + Sync {
    /// Where a place is, for messages.
    fn location(&self, place: &Place) -> String;

    /// The files of the vault at a place, judged now: what reaches them from then on is what lies there now. `None` where there
    /// is no vault.
    fn find(&self, place: &Place) -> Result<Option<Arc<dyn Storage>>>;

    /// Whether anything at all lies at a place.
    fn is_taken(&self, place: &Place) -> Result<bool>;

    /// Where the cold storage of the vault at a place is, or would be made, for messages.
    fn cold_location(&self, place: &Place) -> String;

    /// The cold storage of the vault at a place; `None` where there is none. Whether it is that vault's is for the caller to
    /// judge.
    fn find_cold(&self, place: &Place) -> Result<Option<Arc<dyn Storage>>>;

    /// A place for the cold storage of a vault that has none, or that was begun and not finished.
    fn make_cold(&self, place: &Place) -> Result<Arc<dyn Storage>>;

    /// Moves a cold storage that does not lie in its vault's folder to the trash of its own disk, durably; one that is not
    /// there is fine.
    fn bury_cold(&self, place: &Place, name: &str) -> Result<()>;

    /// An empty storage in which the vault of a place is built.
    fn build(&self, place: &Place) -> Result<Arc<dyn Storage>>;

    /// Gives what was built its place, durably. The place must not be taken.
    fn finish(&self, place: &Place) -> Result<()>;

    /// Moves what lies at a place to the trash under a name, durably.
    fn bury(&self, place: &Place, name: &str) -> Result<Grave>;

    /// What lies in the trash.
    fn graves(&self) -> Result<Vec<Grave>>;

    /// Removes one of them for good.
    fn remove_grave(&self, grave: &Grave) -> Result<()>;

    /// Every place at which a vault may lie, by its names alone, sorted.
    fn all(&self) -> Result<Vec<Place>>;

    /// Removes what was being built when a process died.
    fn remove_leftovers(&self) -> Result<()>;
}
