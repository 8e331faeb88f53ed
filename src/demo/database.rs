//! The sample organization's database: a real server of PostgreSQL in a folder of the demo, which lives as long as the demo does, and a
//! plan under which it is backed up continuously. A demo without an installed server has none, and says nothing of it.

use super::organization::{DATA, caller};
use super::{Result, beside, mark};
use crate::domain::extension::{AddResource, ResourceView};
use crate::domain::plan::{PlanDocument, Rule};
use crate::domain::selection::{SelectionDocument, TagCondition};
use crate::domain::types::location::Part;
use crate::domain::types::{Location, rds};
use crate::domain::{Arn, Lifecycle, Tags, Time, VaultName};
use crate::engine::data_dir::make_private_folder;
use crate::engine::drivers::postgresql::cluster::{Cluster, Unable, url_in};
use crate::engine::{Caller, Engine, Error as EngineError, ErrorKind, FIRST_REGION, NewVault, PageRequest};
use chrono::{Duration, Timelike as _, Utc};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::thread::JoinHandle;

/// What it is called.
const NAME: &str = "orders-db";
/// Its plan, whose vault has the same name.
const PLAN: &str = "databases";
/// The tag's value that brings it into its plan.
const TAG: &str = "continuous";
/// How many days back it can be restored.
const DAYS: i64 = 7;
/// How often somebody orders something.
const PAUSE: std::time::Duration = std::time::Duration::from_secs(4);
/// How often it is looked whether the demo ends.
const LOOK: std::time::Duration = std::time::Duration::from_millis(50);

/// How far ahead the first run of the plan is: its rule is of a minute, and one that has begun is over.
const FIRST_RUN: Duration = Duration::seconds(65);

/// The database, in a thread of its own: the server ends with it, however it ends.
pub struct Database {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

/// Where its cluster lies.
pub(super) fn folder(data_dir: &Path) -> PathBuf {
    beside(data_dir, "postgresql")
}

/// Whether a resource is the demo's own database.
pub(super) fn is_own(resource: &ResourceView, data_dir: &Path) -> bool {
    let folder = std::path::absolute(folder(data_dir)).unwrap_or_else(|_| folder(data_dir));
    resource.name == NAME && resource.location.part(Part::Url) == Some(url_in(&folder).as_str())
}

impl Database {
    /// Begins to start it beside an engine that lives by the system's clock; the thread does all that takes time. None where no
    /// server is installed; the error says why one that is cannot be used.
    pub fn beside(engine: &Arc<Engine>, data_dir: &Path) -> std::result::Result<Option<Self>, String> {
        let folder = std::path::absolute(folder(data_dir)).map_err(|error| error.to_string())?;
        let cluster = match Cluster::at(&folder) {
            Ok(cluster) => cluster,
            Err(Unable::NotInstalled) => return Ok(None),
            Err(Unable::Refused(why)) => return Err(why),
        };
        let stop = Arc::new(AtomicBool::new(false));
        let (engine, stopped) = (Arc::downgrade(engine), Arc::clone(&stop));
        let live = move || {
            if let Err(error) = live(&engine, &cluster, &folder, &stopped)
                && !stopped.load(Ordering::Relaxed)
            {
                tracing::warn!(%error, "the demo's database does not run");
            }
        };
        let thread = std::thread::Builder::new().name("demo database".to_owned()).spawn(live);
        Ok(Some(Self { stop, thread: thread.map_err(|error| error.to_string())? }))
    }

    /// Stops it, and waits for its end.
    pub fn stop(self) {
        self.stop.store(true, Ordering::Relaxed);
        if self.thread.join().is_err() {
            tracing::error!("the thread of the demo's database panicked");
        }
    }
}

/// Lives as long as the demo.
fn live(engine: &Weak<Engine>, cluster: &Cluster, folder: &Path, stop: &AtomicBool) -> Result<()> {
    let is_stopped = || stop.load(Ordering::Relaxed);
    make_private_folder(folder)?;
    mark(folder)?;
    let mut server = cluster.start(&is_stopped).map_err(EngineError::from)?;
    server.open_shop().map_err(EngineError::from)?;
    if let Some(engine) = engine.upgrade() {
        protect(&engine, &url_in(folder))?;
    }
    while !is_stopped() {
        server.sell().map_err(EngineError::from)?;
        let until = std::time::Instant::now() + PAUSE;
        while !is_stopped() && std::time::Instant::now() < until {
            std::thread::sleep(LOOK);
        }
    }
    server.stop().map_err(EngineError::from)?;
    Ok(())
}

/// Registers it, and makes its plan; what is there already stays.
fn protect(engine: &Engine, url: &str) -> Result<()> {
    let owner = caller(DATA, FIRST_REGION)?;
    let tags: Tags = [("env", "prod"), ("backup", TAG)].map(|(key, value)| (key.to_owned(), value.to_owned())).into();
    engine.add_resource(AddResource {
        resource_type: rds::FACTS.name.to_owned(),
        name: NAME.to_owned(),
        location: Location::of([(Part::Url, url.to_owned())]),
        secret: None,
        tags,
        account_id: Some(owner.account.to_string()),
        region: Some(owner.region.to_string()),
    })?;
    let plans = engine.list_plans(&owner, false, &PageRequest::default())?.items;
    if plans.iter().any(|plan| plan.name == PLAN) {
        return Ok(());
    }
    let vault: VaultName = PLAN.parse().map_err(EngineError::from)?;
    let request = NewVault { tags: Tags::new(), encryption_key_arn: None, creator_request_id: None };
    match engine.create_vault(&owner, &vault, request) {
        Err(EngineError::Service { kind: ErrorKind::AlreadyExists { .. }, .. }) | Ok(_) => {}
        Err(error) => return Err(error.into()),
    }
    make_plan(engine, &owner, Utc::now() + FIRST_RUN)
}

/// A plan that runs every day at this minute.
fn make_plan(engine: &Engine, owner: &Caller, first: Time) -> Result<()> {
    let rule = Rule {
        rule_name: "any-second".to_owned(),
        target_backup_vault_name: PLAN.to_owned(),
        schedule_expression: Some(format!("cron({} {} ? * * *)", first.minute(), first.hour())),
        schedule_expression_timezone: Some("Etc/UTC".to_owned()),
        lifecycle: Some(Lifecycle::delete_after(DAYS)),
        enable_continuous_backup: Some(true),
        ..Rule::default()
    };
    let document =
        PlanDocument { backup_plan_name: PLAN.to_owned(), rules: vec![rule], advanced_backup_settings: Vec::new() };
    let made = engine.create_plan(owner, document, Tags::new(), None)?;
    let by_tag = TagCondition {
        condition_type: "STRINGEQUALS".to_owned(),
        condition_key: "backup".to_owned(),
        condition_value: TAG.to_owned(),
    };
    let selection = SelectionDocument {
        selection_name: format!("tagged-{TAG}"),
        iam_role_arn: Arn::default_role(&owner.account).to_string(),
        list_of_tags: vec![by_tag],
        ..SelectionDocument::default()
    };
    engine.create_selection(owner, &made.id, selection, None)?;
    Ok(())
}
