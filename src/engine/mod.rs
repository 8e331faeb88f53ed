//! The backup service: catalog, scheduler, jobs, lifecycle, access, drivers .
//!
//! Everything is an operation on [`Engine`], in the words of AWS Backup: a [`Caller`] asks, the domain's records come
//! back, and what goes wrong is an [`Error`] with AWS's exception in [`Error::kind`].

pub mod access_policies;
pub mod authorize;
pub mod backup_policies;
pub mod caller;
pub mod catalog;
pub mod check;
pub mod clock;
pub mod conductor;
mod continuous;
pub mod data_dir;
pub mod deletion;
pub mod drivers;
pub mod error;
pub mod events;
pub mod findings;
pub mod health;
pub mod holds;
pub mod jobs;
pub mod keys;
pub mod kms;
pub mod metrics;
pub mod notifications;
pub mod offline;
pub mod organization;
pub mod page;
pub mod plans;
pub mod points;
pub mod read_only;
mod repair;
mod rescan;
pub mod resources;
mod rewrap;
pub mod sharing;
pub mod status;
pub mod tags;
pub mod trail;
mod upkeep;
pub mod vaults;

pub use backup_policies::policies::{NewPolicy, PolicyChange};
pub use caller::{Caller, RestoreRoots};
pub use clock::{ClockKind, Clocks, MachineClocks};
pub use conductor::request::{AdvanceTo, Cancel};
pub use error::{Constraint, Error, ErrorKind, OrganizationsException, Result, Unusable};
pub use events::feed::EventsRequest;
pub use holds::ops::NewHold;
pub use jobs::backup::ops::StartBackup;
pub use jobs::backup::rows::BackupJobFilter;
pub use jobs::copy::ops::StartCopy;
pub use jobs::copy::rows::CopyJobFilter;
pub use jobs::restore::ops::StartRestore;
pub use jobs::restore::rows::RestoreJobFilter;
pub use jobs::summaries::{JobSummary, SummaryFilter};
pub use kms::ops::NewKey;
pub use organization::creation::NewAccount;
pub use organization::credentials::Identity;
pub use organization::founding::Organization;
pub use organization::rows::account_requests::AccountRequest;
pub use organization::sessions::SessionCredentials;
pub use organization::settings::{GlobalSettings, RegionSettings};
pub use organization::tree::ChildId;
pub use page::{Page, PageRequest};
pub use points::rows::RecoveryPointFilter;
pub use tags::rows::taggable::{TagFilter, TagQuery};
pub use vaults::ops::NewVault;

use crate::domain::extension::RescanReport;
use crate::domain::{AccountId, Region, Scope, Time};
use catalog::{Catalog, copies};
use clock::EngineClock;
use data_dir::{Access, DataDir};
use drivers::{DRIVERS, Drivers};
use keys::KeyRing;
use keys::root::{Keeper, Unattended};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use vaults::store::VaultStore;

/// The first account: the management account of the organization.
pub const FIRST_ACCOUNT: &str = "123456789012";

/// The region that is used when none is named.
pub const FIRST_REGION: &str = "us-east-1";

/// How an engine is opened.
#[derive(Debug, Clone)]
pub struct EngineOptions {
    /// Where everything lies.
    pub data_dir: PathBuf,
    /// Whose time it lives in; a directory remembers.
    pub clock: ClockKind,
    /// Whether plans make jobs and jobs run; off for a command that only looks or registers.
    pub scheduler: bool,
    /// How many bytes a simulated job moves in a second of engine time; `None` means at once.
    pub simulated_rate: Option<u64>,
    /// Where the cold storage of a region's vaults lies: an absolute path. Where none is named, each vault's lies in the
    /// vault's own folder.
    pub cold: BTreeMap<Region, PathBuf>,
}

/// A live engine: it holds its data directory until it is dropped.
pub struct Engine {
    pub(crate) catalog: Catalog,
    pub(crate) clock: EngineClock,
    pub(crate) vault_store: VaultStore,
    pub(crate) keys: Arc<KeyRing>,
    pub(crate) jobs: Arc<jobs::Runtime>,
    pub(crate) drivers: Drivers,
    pub(crate) options: EngineOptions,
    pub(crate) own_regions: organization::regions::OwnRegions,
    pub(crate) upkeep: upkeep::State,
    pub(crate) event_readers: events::feed::Waiters,
    /// What was recorded lately of calls that were refused.
    pub(crate) refusals: trail::Refusals,
    pub(crate) deliveries: notifications::standing::Deliveries,
    pub(crate) chains: points::chains::Locks,
    pub(crate) followers: continuous::Followers,
    /// Held by whoever looks through the vaults' folders: two at once would bring the same things back.
    pub(crate) rescanning: Mutex<()>,
    /// Held by whoever looks at a moment of a continuous recovery point.
    pub(crate) looking: Mutex<()>,
    /// What a search of many calls need not read again.
    pub(crate) barren: points::explore::LastBarren,
    /// Held by whoever changes shares, and then the names of all the vaults that they share.
    pub(crate) sharing: Mutex<()>,
    /// Last, so that the lock is given back when all else is closed.
    pub(crate) data_dir: DataDir,
}

impl Engine {
    /// Opens the engine of a data directory, making what is missing.
    pub fn open(options: EngineOptions) -> Result<Arc<Self>> {
        Self::open_from(options, None)
    }

    /// The same, with what `keeper` has for the root of the key ring.
    pub fn open_under(options: EngineOptions, keeper: &dyn Keeper) -> Result<Arc<Self>> {
        Self::open_all(options, None, Arc::new(MachineClocks), Drivers(DRIVERS), keeper)
    }

    /// The same, but that the simulated time of a fresh directory begins at `start`: a history is made.
    pub fn open_from(options: EngineOptions, start: Option<Time>) -> Result<Arc<Self>> {
        Self::open_with(options, start, Arc::new(MachineClocks))
    }

    /// The same, on other clocks than this machine's.
    pub fn open_with(options: EngineOptions, start: Option<Time>, clocks: Arc<dyn Clocks>) -> Result<Arc<Self>> {
        Self::open_driving(options, start, clocks, Drivers(DRIVERS))
    }

    /// The same, with other drivers than this program's.
    pub fn open_driving(
        options: EngineOptions,
        start: Option<Time>,
        clocks: Arc<dyn Clocks>,
        drivers: Drivers,
    ) -> Result<Arc<Self>> {
        Self::open_all(options, start, clocks, drivers, &Unattended)
    }

    fn open_all(
        options: EngineOptions,
        start: Option<Time>,
        clocks: Arc<dyn Clocks>,
        drivers: Drivers,
        keeper: &dyn Keeper,
    ) -> Result<Arc<Self>> {
        let data_dir = DataDir::open(&options.data_dir)?;
        refuse_lost_catalog(&data_dir)?;
        let fresh = !data_dir.catalog().exists();
        if let (Access::Read(why), true) = (data_dir.access(), fresh) {
            return Err(Error::DataDir(format!("{why}; but there is nothing in it yet")));
        }
        let keys = KeyRing::open(&data_dir, keeper, fresh)?;
        let engine = Self::put_together(data_dir, options, start, clocks, drivers, keys)?;
        engine.begin()?;
        Ok(engine)
    }

    /// Opens the engine of a data directory whose catalog is lost, or damaged without a good copy: a new catalog is made from
    /// the vaults' folders, and what was left of the old one is kept aside. A catalog that is whole is opened as it is, and
    /// one of which there is a good copy is refused with the command that puts it back. `None` when nothing was made anew.
    pub fn open_rebuilding(options: EngineOptions) -> Result<(Arc<Self>, Option<RescanReport>)> {
        Self::open_rebuilding_under(options, &Unattended)
    }

    /// The same, with what `keeper` has for the root of the key ring.
    pub fn open_rebuilding_under(
        options: EngineOptions,
        keeper: &dyn Keeper,
    ) -> Result<(Arc<Self>, Option<RescanReport>)> {
        let data_dir = DataDir::open_to_write(&options.data_dir)?;
        let path = data_dir.catalog();
        let lost = refuse_lost_catalog(&data_dir).is_err();
        if !lost {
            match Catalog::open(&path) {
                Ok(_) => {
                    drop(data_dir);
                    return Ok((Self::open_under(options, keeper)?, None));
                }
                Err(Error::Damaged { .. }) => {}
                Err(other) => return Err(other),
            }
        }
        if copies::newest_good(&path)?.is_some() {
            return Err(if lost { catalog::lost(&path, &data_dir.vaults()) } else { catalog::damaged_at_start(&path) });
        }
        if let Some(aside) = copies::set_aside(&path, chrono::Utc::now())? {
            tracing::warn!(aside = %aside.display(), "the catalog before was moved aside");
        }
        let keys = KeyRing::open(&data_dir, keeper, false)?;
        let engine = Self::put_together(data_dir, options, None, Arc::new(MachineClocks), Drivers(DRIVERS), keys)?;
        let report = engine.rebuild()?;
        engine.begin()?;
        Ok((engine, Some(report)))
    }

    /// Puts right what an earlier process left, and lets things happen; in a directory that cannot be written nothing is
    /// put right.
    fn begin(self: &Arc<Self>) -> Result<()> {
        if self.data_dir.is_writable() {
            self.finish_root_move();
            self.know_vaults()?;
            self.name_keys_by_arn()?;
            self.settle_all_records()?;
            self.know_holds()?;
            self.found_organization()?;
            self.settle_backup_policies();
            self.clear_scratch();
        } else {
            self.own_vaults()?;
        }
        conductor::start(self)
    }

    fn put_together(
        data_dir: DataDir,
        options: EngineOptions,
        start: Option<Time>,
        clocks: Arc<dyn Clocks>,
        drivers: Drivers,
        keys: KeyRing,
    ) -> Result<Arc<Self>> {
        // The clock stands still there, so a job that lasts in engine time would never end.
        let simulated_rate = options.simulated_rate.filter(|_| data_dir.is_writable());
        let options = EngineOptions { simulated_rate, ..options };
        let keys = Arc::new(keys);
        let catalog = match data_dir.access() {
            Access::Write => Catalog::open_with(&data_dir.catalog(), Arc::clone(data_dir.reserve()))?,
            Access::Read(why) => Catalog::open_copy(&data_dir.catalog(), why)?,
        };
        let clock = match (options.scheduler, data_dir.is_writable()) {
            (true, true) => EngineClock::open(&catalog, clocks, options.clock, start)?,
            (true, false) => EngineClock::glance_as(&catalog, clocks, options.clock)?,
            (false, _) => EngineClock::glance(&catalog, clocks)?,
        };
        let vault_store = VaultStore::open(&data_dir, Arc::clone(&keys), &options.cold);
        let jobs = Arc::new(jobs::Runtime::new());
        Ok(Arc::new(Self {
            catalog,
            clock,
            vault_store,
            keys,
            jobs,
            drivers,
            options,
            own_regions: organization::regions::OwnRegions::default(),
            upkeep: upkeep::State::default(),
            event_readers: events::feed::Waiters::default(),
            refusals: trail::Refusals::default(),
            deliveries: notifications::standing::Deliveries::default(),
            chains: points::chains::Locks::default(),
            followers: continuous::Followers::default(),
            looking: Mutex::default(),
            barren: points::explore::LastBarren::default(),
            rescanning: Mutex::default(),
            sharing: Mutex::default(),
            data_dir,
        }))
    }

    /// Stops the engine: jobs that run are left to resume. Whether everything came to rest within `limit`.
    pub fn shutdown(&self, limit: Duration) -> bool {
        let left = self.jobs.ask_to_stop();
        // First of all: whoever asked may not wait until the last job has come to rest, and an orderly stop is no attempt.
        let writable = self.data_dir.is_writable();
        if writable && let Err(error) = jobs::worker::forgive(self, &left) {
            tracing::warn!(%error, "the stop counts as an attempt of the jobs that run");
        }
        self.followers.stop_all();
        let rested = self.jobs.rest(limit) && self.followers.rest(limit);
        if writable && let Err(error) = self.clock.save(&self.catalog, true) {
            tracing::warn!(%error, "the engine's time was not saved");
        }
        self.vault_store.close_all();
        rested
    }

    /// The last engine time that the directory remembers.
    pub fn last_seen(&self) -> Time {
        self.clock.last_seen()
    }

    /// Binds the directory to a kind of clock, from the next start on: a history that was simulated goes on in real time.
    pub fn live_by(&self, kind: ClockKind) -> Result<()> {
        self.catalog.write(|tx| clock::bind(tx, kind))
    }

    /// How many transactions have written since it was opened: while that stays, nothing that it tells has changed but what
    /// follows from the time, and how far jobs have come.
    pub fn commits(&self) -> u64 {
        self.catalog.commits().count()
    }

    /// The data directory.
    pub fn data_dir(&self) -> &DataDir {
        &self.data_dir
    }

    /// The first account and region: what is meant when none is named.
    pub fn first_scope() -> Result<Scope> {
        Ok(Scope::new(FIRST_ACCOUNT.parse::<AccountId>()?, FIRST_REGION.parse::<Region>()?))
    }
}

/// A catalog that is missing or empty beside vaults was lost: starting a new one would hide them.
fn refuse_lost_catalog(data_dir: &DataDir) -> Result<()> {
    let (catalog, vaults) = (data_dir.catalog(), data_dir.vaults());
    let empty = std::fs::metadata(&catalog).map_or(true, |facts| facts.len() == 0);
    let is_vaults = |entry: std::io::Result<std::fs::DirEntry>| {
        entry.is_ok_and(|entry| !entry.file_name().as_encoded_bytes().starts_with(b"."))
    };
    // What begins with a dot is no account's: the trash of vaults on another disk is.
    let holds_any = std::fs::read_dir(&vaults).is_ok_and(|mut entries| entries.any(is_vaults));
    if empty && holds_any { Err(catalog::lost(&catalog, &vaults)) } else { Ok(()) }
}
