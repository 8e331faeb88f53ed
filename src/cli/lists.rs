//! `vaultdeck vaults|plans|jobs|points|accounts`: what is there, in every account and region of a context.

use super::Session;
use super::arguments::{JobsOptions, Kind, ListOptions, PointsOptions};
use super::context::Reached;
use super::failure::{Exit, Failure};
use super::host::Purpose;
use super::output::{self, Column, Row, Show};
use super::rows;
use crate::client::Fault;
use crate::client::lists::Listed;
use crate::domain::Scope;

const fn column(title: &'static str, member: &'static str, show: Show) -> Column {
    Column { title, member, show }
}

const VAULTS: [Column; 6] = [
    column("VAULT", "BackupVaultName", Show::Plain),
    column("ACCOUNT", "AccountId", Show::Plain),
    column("REGION", "Region", Show::Plain),
    column("POINTS", "NumberOfRecoveryPoints", Show::Number),
    column("CREATED", "CreationDate", Show::Time),
    column("LOCKED", "Locked", Show::Plain),
];

const PLANS: [Column; 6] = [
    column("PLAN", "BackupPlanName", Show::Plain),
    column("ID", "BackupPlanId", Show::Plain),
    column("ACCOUNT", "AccountId", Show::Plain),
    column("REGION", "Region", Show::Plain),
    column("CREATED", "CreationDate", Show::Time),
    column("LAST RUN", "LastExecutionDate", Show::Time),
];

const JOBS: [Column; 9] = [
    column("KIND", "Kind", Show::Plain),
    column("STATE", "State", Show::Plain),
    column("RESOURCE", "Resource", Show::Plain),
    column("VAULT", "BackupVaultName", Show::Plain),
    column("CREATED", "CreationDate", Show::Time),
    column("SIZE", "BackupSizeInBytes", Show::Bytes),
    column("ACCOUNT", "AccountId", Show::Plain),
    column("ID", "JobId", Show::Plain),
    column("MESSAGE", "StatusMessage", Show::Plain),
];

const POINTS: [Column; 8] = [
    column("STATUS", "Status", Show::Plain),
    column("RESOURCE", "Resource", Show::Plain),
    column("VAULT", "BackupVaultName", Show::Plain),
    column("CREATED", "CreationDate", Show::Time),
    column("DELETED AT", "DeleteAt", Show::Time),
    column("SIZE", "BackupSizeInBytes", Show::Bytes),
    column("ACCOUNT", "AccountId", Show::Plain),
    column("RECOVERY POINT", "RecoveryPointArn", Show::Plain),
];

const ACCOUNTS: [Column; 5] = [
    column("ID", "AccountId", Show::Plain),
    column("NAME", "Name", Show::Plain),
    column("EMAIL", "Email", Show::Plain),
    column("STATUS", "Status", Show::Plain),
    column("MANAGEMENT", "Management", Show::Plain),
];

/// Rows from everywhere, and where none came from.
#[derive(Default)]
struct Found {
    rows: Vec<Row>,
    faults: Vec<(Scope, Fault)>,
}

impl Found {
    fn add<T>(&mut self, listed: Listed<T>, row: impl Fn(&T) -> Row) {
        self.rows.extend(listed.rows.iter().map(|record| row(record)));
        self.faults.extend(listed.faults);
    }

    /// The newest first; RFC 3339 in UTC sorts as text.
    fn newest_first(&mut self) {
        self.rows.sort_by_cached_key(|row| {
            std::cmp::Reverse(row.get("CreationDate").and_then(|at| at.as_str()).unwrap_or_default().to_owned())
        });
    }

    /// Prints what was found, and says on standard error what could not be asked.
    fn tell(mut self, columns: &[Column], options: &ListOptions) -> Result<Exit, Failure> {
        for row in self.rows.iter_mut().filter(|_| columns.iter().any(|column| column.member == "Resource")) {
            let name = resource_name(row);
            row.insert("Resource".to_owned(), name.into());
        }
        let nothing = self.rows.is_empty();
        output::print(columns, &self.rows, options.output)?;
        self.faults.dedup();
        for (scope, fault) in &self.faults {
            output::say(&format!("vaultdeck: {scope}: {fault}"));
        }
        match self.faults.into_iter().next() {
            None => Ok(Exit::Done),
            Some((_, fault)) if nothing => Err(fault.into()),
            Some(_) => Ok(Exit::DoneWithIssues),
        }
    }
}

/// What a person calls the resource of a row: its name, or the last part of its ARN.
fn resource_name(row: &Row) -> Option<String> {
    let text = |member: &str| row.get(member).and_then(|value| value.as_str()).filter(|text| !text.is_empty());
    let name = text("ResourceName").or_else(|| text("ResourceArn")?.rsplit(['/', ':']).next());
    name.map(str::to_owned)
}

async fn reach(session: &Session, options: &ListOptions) -> Result<Reached, Failure> {
    let regions: Vec<_> = options.within.region.iter().cloned().collect();
    Reached::open(session, &options.place, &regions, false, Purpose::Look).await
}

pub(super) async fn vaults(session: &Session, options: &ListOptions) -> Result<Exit, Failure> {
    let reached = reach(session, options).await?;
    let listed = reached.connection.list_vaults(&options.within.within()).await;
    reached.close().await;
    let mut found = Found::default();
    found.add(listed?, rows::vault);
    found.tell(&VAULTS, options)
}

pub(super) async fn plans(session: &Session, options: &ListOptions) -> Result<Exit, Failure> {
    let reached = reach(session, options).await?;
    let listed = reached.connection.list_plans(&options.within.within()).await;
    reached.close().await;
    let mut found = Found::default();
    found.add(listed?, rows::plan);
    found.tell(&PLANS, options)
}

pub(super) async fn jobs(session: &Session, options: &JobsOptions) -> Result<Exit, Failure> {
    let reached = reach(session, &options.list).await?;
    let found = find_jobs(&reached, options).await;
    reached.close().await;
    let mut found = found?;
    if let Some(state) = &options.state {
        found.rows.retain(|row| row["State"].as_str().is_some_and(|text| text.eq_ignore_ascii_case(state)));
    }
    found.newest_first();
    found.tell(&JOBS, &options.list)
}

async fn find_jobs(reached: &Reached, options: &JobsOptions) -> Result<Found, Failure> {
    let within = options.list.within.within();
    let wanted = |kind| options.kind.is_none_or(|only| only == kind);
    let mut found = Found::default();
    if wanted(Kind::Backup) {
        found.add(reached.connection.list_backup_jobs(&within).await?, rows::backup_job);
    }
    if wanted(Kind::Restore) {
        found.add(reached.connection.list_restore_jobs(&within).await?, rows::restore_job);
    }
    if wanted(Kind::Copy) {
        found.add(reached.connection.list_copy_jobs(&within).await?, rows::copy_job);
    }
    Ok(found)
}

pub(super) async fn points(session: &Session, options: &PointsOptions) -> Result<Exit, Failure> {
    let reached = reach(session, &options.list).await?;
    let within = options.list.within.within();
    let listed = reached.connection.list_recovery_points(&within, options.vault.as_deref()).await;
    reached.close().await;
    let mut found = Found::default();
    found.add(listed?, rows::recovery_point);
    found.newest_first();
    found.tell(&POINTS, &options.list)
}

pub(super) async fn accounts(session: &Session, options: &ListOptions) -> Result<Exit, Failure> {
    let reached = reach(session, options).await?;
    let listed = reached.connection.list_accounts().await;
    reached.close().await;
    let mut found = Found::default();
    let wanted = options.within.account.as_ref();
    let accounts = listed?;
    let accounts = accounts.iter().filter(|account| wanted.is_none_or(|wanted| *wanted == account.id));
    found.rows = accounts.map(|account| rows::account(account)).collect();
    found.tell(&ACCOUNTS, options)
}
