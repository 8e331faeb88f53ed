//! `vaultdeck vaults|plans|jobs|points|accounts`: what is there, in every account and region of a context.

use super::Session;
use super::arguments::{JobsOptions, Kind, ListOptions, PointsOptions};
use super::context::Reached;
use super::failure::{Exit, Failure};
use super::host::Purpose;
use super::output::{self, Column, Row};
use super::rows;
use super::sieve::{Known, Sieve};
use crate::client::Fault;
use crate::client::attributes::{
    Attribute, account, backup_job, copy_job, hold, kms_key, plan, point, restore_job, vault,
};
use crate::client::lists::Listed;
use crate::domain::Scope;
use std::collections::HashSet;

const VAULTS: [Column; 7] = [
    Column::of(&vault::NAME),
    Column::of(&vault::ACCOUNT),
    Column::of(&vault::REGION),
    Column::of(&vault::POINTS),
    Column::of(&vault::CREATED),
    Column::of(&vault::LOCKED),
    Column::of(&vault::SHARED_BY),
];

const PLANS: [Column; 6] = [
    Column::of(&plan::NAME),
    Column::of(&plan::ID),
    Column::of(&plan::ACCOUNT),
    Column::of(&plan::REGION),
    Column::of(&plan::CREATED),
    Column::of(&plan::LAST_RUN),
];

/// The three kinds of job stand in one table: what they share has one member.
const JOBS: [Column; 9] = [
    Column::of(&backup_job::KIND),
    Column::of(&backup_job::STATE),
    Column::of(&backup_job::RESOURCE),
    Column::of(&backup_job::VAULT),
    Column::of(&backup_job::CREATED),
    Column::of(&backup_job::SIZE),
    Column::of(&backup_job::ACCOUNT),
    Column::of(&backup_job::ID),
    Column::of(&backup_job::MESSAGE),
];

const POINTS: [Column; 8] = [
    Column::of(&point::STATUS),
    Column::of(&point::RESOURCE),
    Column::of(&point::VAULT),
    Column::of(&point::CREATED),
    Column::of(&point::DELETED),
    Column::of(&point::SIZE),
    Column::of(&point::ACCOUNT),
    Column::of(&point::ARN),
];

const ACCOUNTS: [Column; 5] = [
    Column::of(&account::ID),
    Column::of(&account::NAME),
    Column::of(&account::EMAIL),
    Column::of(&account::STATUS),
    Column::of(&account::MANAGEMENT),
];

/// Rows from everywhere, and where none came from.
#[derive(Default)]
pub(super) struct Found {
    pub(super) rows: Vec<Row>,
    pub(super) faults: Vec<(Scope, Fault)>,
}

impl Found {
    pub(super) fn add<T>(&mut self, listed: Listed<T>, attributes: &[&Attribute<T>]) {
        self.rows.extend(listed.rows.iter().map(|record| rows::told(&**record, attributes)));
        self.faults.extend(listed.faults);
    }

    /// The newest first; RFC 3339 in UTC sorts as text.
    fn newest_first(&mut self) {
        self.rows.sort_by_cached_key(|row| {
            std::cmp::Reverse(row.get("CreationDate").and_then(|at| at.as_str()).unwrap_or_default().to_owned())
        });
    }

    /// Prints what was found and passes, and says on standard error what could not be asked.
    pub(super) fn tell(self, columns: &[Column], sieve: &Sieve, options: &ListOptions) -> Result<Exit, Failure> {
        let nothing = self.rows.is_empty();
        sieve.print(columns, self.rows, &options.rows)?;
        let first = self.faults.first().map(|(_, fault)| fault.clone());
        match (first, say_faults(self.faults)) {
            (Some(fault), _) if nothing => Err(fault.into()),
            (_, true) => Ok(sieve.ends(Exit::DoneWithIssues)),
            (_, false) => Ok(sieve.ends(Exit::Done)),
        }
    }
}

/// Says on standard error what could not be asked; whether there was such. A scope of which several questions failed for the same
/// reason, each with a request of its own, says so once.
pub(super) fn say_faults(faults: Vec<(Scope, Fault)>) -> bool {
    let mut said = HashSet::new();
    for (scope, fault) in &faults {
        let line = format!("vaultdeck: {scope}: {fault}");
        if !said.contains(&line) {
            output::say(&line);
            said.insert(line);
        }
    }
    !faults.is_empty()
}

/// Reads the filter of a list, then opens the way to what is listed.
pub(super) async fn open(session: &Session, known: Known, options: &ListOptions) -> Result<(Sieve, Reached), Failure> {
    let mut sieve = Sieve::new(known, &options.rows)?;
    let reached = reach(session, options).await?;
    sieve.name_accounts(&reached.connection).await;
    Ok((sieve, reached))
}

pub(super) async fn reach(session: &Session, options: &ListOptions) -> Result<Reached, Failure> {
    let regions: Vec<_> = options.within.region.iter().cloned().collect();
    Reached::open(session, &options.place, &regions, false, Purpose::Look).await
}

pub(super) async fn vaults(session: &Session, options: &ListOptions) -> Result<Exit, Failure> {
    let (sieve, reached) = open(session, Known::records(vault::ALL), options).await?;
    let within = options.within.within();
    let listed = reached.connection.list_vaults(&within).await;
    let shared = reached.connection.list_shared_vaults(&within).await;
    reached.close().await;
    let mut found = Found::default();
    found.add(listed?, vault::ALL);
    // A place that does not answer was told of already.
    found.add(Listed { faults: Vec::new(), ..shared? }, vault::ALL);
    found.tell(&VAULTS, &sieve, options)
}

pub(super) async fn plans(session: &Session, options: &ListOptions) -> Result<Exit, Failure> {
    let (sieve, reached) = open(session, Known::records(plan::ALL), options).await?;
    let listed = reached.connection.list_plans(&options.within.within()).await;
    reached.close().await;
    let mut found = Found::default();
    found.add(listed?, plan::ALL);
    found.tell(&PLANS, &sieve, options)
}

pub(super) async fn holds(session: &Session, options: &ListOptions, columns: &[Column]) -> Result<Exit, Failure> {
    let (sieve, reached) = open(session, Known::records(hold::ALL), options).await?;
    let listed = reached.connection.list_legal_holds(&options.within.within()).await;
    reached.close().await;
    let mut found = Found::default();
    found.add(listed?, hold::ALL);
    found.newest_first();
    found.tell(columns, &sieve, options)
}

pub(super) async fn kms_keys(session: &Session, options: &ListOptions, columns: &[Column]) -> Result<Exit, Failure> {
    let (sieve, reached) = open(session, Known::records(kms_key::ALL), options).await?;
    let listed = reached.connection.list_kms_keys(&options.within.within()).await;
    reached.close().await;
    let mut found = Found::default();
    found.add(listed?, kms_key::ALL);
    found.tell(columns, &sieve, options)
}

pub(super) async fn jobs(session: &Session, options: &JobsOptions) -> Result<Exit, Failure> {
    let known = Known::records(backup_job::ALL).and_records(&[&backup_job::RESOURCE]);
    let known = known.and_records(restore_job::ALL).and_records(copy_job::ALL);
    let (sieve, reached) = open(session, known, &options.list).await?;
    let found = find_jobs(&reached, options).await;
    reached.close().await;
    let mut found = found?;
    if let Some(state) = &options.state {
        found.rows.retain(|row| row["State"].as_str().is_some_and(|text| text.eq_ignore_ascii_case(state)));
    }
    found.newest_first();
    found.tell(&JOBS, &sieve, &options.list)
}

async fn find_jobs(reached: &Reached, options: &JobsOptions) -> Result<Found, Failure> {
    let within = options.list.within.within();
    let wanted = |kind| options.kind.is_none_or(|only| only == kind);
    let mut found = Found::default();
    if wanted(Kind::Backup) {
        found.add(
            reached.connection.list_backup_jobs(&within).await?,
            &[backup_job::ALL, &[&backup_job::RESOURCE]].concat(),
        );
    }
    if wanted(Kind::Restore) {
        found.add(
            reached.connection.list_restore_jobs(&within).await?,
            &[restore_job::ALL, &[&restore_job::RESOURCE]].concat(),
        );
    }
    if wanted(Kind::Copy) {
        found.add(reached.connection.list_copy_jobs(&within).await?, &[copy_job::ALL, &[&copy_job::RESOURCE]].concat());
    }
    Ok(found)
}

pub(super) async fn points(session: &Session, options: &PointsOptions) -> Result<Exit, Failure> {
    let known = Known::records(point::ALL).and_records(&[&point::RESOURCE]);
    let (sieve, reached) = open(session, known, &options.list).await?;
    let within = options.list.within.within();
    let listed = reached.connection.list_recovery_points(&within, options.vault.as_deref()).await;
    reached.close().await;
    let mut found = Found::default();
    found.add(listed?, &[point::ALL, &[&point::RESOURCE]].concat());
    found.newest_first();
    found.tell(&POINTS, &sieve, &options.list)
}

pub(super) async fn accounts(session: &Session, options: &ListOptions) -> Result<Exit, Failure> {
    let (sieve, reached) = open(session, Known::records(account::ALL), options).await?;
    let listed = reached.connection.list_accounts().await;
    reached.close().await;
    let mut found = Found::default();
    let wanted = options.within.account.as_ref();
    let accounts = listed?;
    let accounts = accounts.iter().filter(|account| wanted.is_none_or(|wanted| *wanted == account.id));
    found.rows = accounts.map(|account| rows::told(&**account, account::ALL)).collect();
    found.tell(&ACCOUNTS, &sieve, options)
}
