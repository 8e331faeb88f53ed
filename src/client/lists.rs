//! One-time reading over all scopes, for the command line: the same questions as the dashboard's, asked once.

use crate::client::approve::{Pending, approve_command_line};
use crate::client::audit::Audit;
use crate::client::connect::Connection;
use crate::client::mutate::mutate;
use crate::client::pace::Bucket;
use crate::client::query::ScopeView;
use crate::client::read::{Asker, Question};
use crate::client::{Answer, ChangeFailure, Fault, FaultKind, Key, Mutation, Outcome, Query, Rows};
use crate::domain::KnownPoint;
use crate::domain::job::{BackupJob, CopyJob, RestoreJob};
use crate::domain::kms::KmsKey;
use crate::domain::legal_hold::HoldSummary;
use crate::domain::names::JobId;
use crate::domain::plan::PlanSummary;
use crate::domain::trail::ApiCall;
use crate::domain::vault::Vault;
use crate::domain::{Account, AccountId, Arn, Region, Scope};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

/// Which scopes are meant; none of a part means all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Within {
    /// Only this account.
    pub account: Option<AccountId>,
    /// Only this region.
    pub region: Option<Region>,
}

impl Within {
    /// Whether a scope is meant.
    pub(crate) fn takes(&self, scope: &Scope) -> bool {
        self.account.as_ref().is_none_or(|account| *account == scope.account)
            && self.region.as_ref().is_none_or(|region| *region == scope.region)
    }
}

/// What was found, and where nothing could be found out.
#[derive(Debug, Clone)]
pub struct Listed<T> {
    /// The records of all scopes that answered.
    pub rows: Vec<Arc<T>>,
    /// The scopes that did not.
    pub faults: Vec<(Scope, Fault)>,
}

/// How often a followed job is asked for.
const FOLLOW_EVERY: Duration = Duration::from_millis(500);
/// How many times in a row a followed job may not answer.
const FOLLOW_FAULTS: u32 = 10;

impl Connection {
    /// Asks one question once.
    pub async fn read(self: &Arc<Self>, key: Key) -> Result<Answer, Fault> {
        self.read_in_turn(key, None, &self.new_bucket()).await
    }

    /// What the questions to one scope take their turns by.
    pub(crate) fn new_bucket(&self) -> Arc<Bucket> {
        Arc::new(Bucket::of(self.capabilities().engine.is_some()))
    }

    /// Asks one question of many to a scope once, when it is its turn. `previous` is the answer that is only to be completed.
    pub(crate) async fn read_in_turn(
        self: &Arc<Self>,
        key: Key,
        previous: Option<Answer>,
        bucket: &Arc<Bucket>,
    ) -> Result<Answer, Fault> {
        let whole = previous.is_none();
        let question = Question { key, previous, whole, bucket: Arc::clone(bucket), told: Arc::new(|_| {}) };
        self.clone().ask(question).await
    }

    /// The accounts of the organization.
    pub async fn list_accounts(self: &Arc<Self>) -> Result<Rows<Account>, Fault> {
        match self.read(Key::context(Query::Accounts)).await? {
            Answer::Accounts(accounts) => Ok(accounts),
            _ => Err(wrong_answer()),
        }
    }

    /// The scopes that are meant, the home scope first.
    pub async fn list_scopes(self: &Arc<Self>, within: &Within) -> Result<Vec<ScopeView>, Fault> {
        let mut scopes = self.scopes().await?;
        scopes.retain(|view| within.takes(&view.scope));
        if let (true, Some(account), Some(region)) = (scopes.is_empty(), &within.account, &within.region) {
            // A scope that the context does not list can still be entered: a region that holds nothing yet.
            let scope = Scope::new(account.clone(), region.clone());
            scopes.push(ScopeView { scope, account_name: None, home: false, fault: None });
        }
        Ok(scopes)
    }

    /// The scope in which the context itself is at home.
    pub async fn home_scope(self: &Arc<Self>) -> Result<Scope, Fault> {
        let home = self.home().await?;
        let region = home.regions.first().cloned().ok_or_else(wrong_answer)?;
        Ok(Scope::new(home.account.clone(), region))
    }

    async fn everywhere<T>(
        self: &Arc<Self>,
        within: &Within,
        query: &Query,
        pick: impl Fn(&Answer) -> Option<&Rows<T>>,
    ) -> Result<Listed<T>, Fault> {
        let scopes = self.list_scopes(within).await?;
        let asked = scopes.iter().map(|view| async {
            match &view.fault {
                Some(fault) => Err(fault.clone()),
                None => self.read(Key::scoped(view.scope.clone(), query.clone())).await,
            }
        });
        let answers = futures_util::future::join_all(asked).await;
        let mut listed = Listed { rows: Vec::new(), faults: Vec::new() };
        for (view, answer) in scopes.into_iter().zip(answers) {
            match answer.and_then(|answer| pick(&answer).cloned().ok_or_else(wrong_answer)) {
                Ok(rows) => listed.rows.extend(rows.iter().cloned()),
                Err(fault) => listed.faults.push((view.scope, fault)),
            }
        }
        Ok(listed)
    }

    /// The vaults.
    pub async fn list_vaults(self: &Arc<Self>, within: &Within) -> Result<Listed<Vault>, Fault> {
        self.everywhere(within, &Query::Vaults, Answer::vaults).await
    }

    /// The vaults that other accounts share with those that are meant.
    pub async fn list_shared_vaults(self: &Arc<Self>, within: &Within) -> Result<Listed<Vault>, Fault> {
        self.everywhere(within, &Query::SharedVaults, Answer::vaults).await
    }

    /// The KMS keys.
    pub async fn list_kms_keys(self: &Arc<Self>, within: &Within) -> Result<Listed<KmsKey>, Fault> {
        self.everywhere(within, &Query::KmsKeys, Answer::kms_keys).await
    }

    /// The plans.
    pub async fn list_plans(self: &Arc<Self>, within: &Within) -> Result<Listed<PlanSummary>, Fault> {
        self.everywhere(within, &Query::Plans, Answer::plans).await
    }

    /// The legal holds, active and released.
    pub async fn list_legal_holds(self: &Arc<Self>, within: &Within) -> Result<Listed<HoldSummary>, Fault> {
        self.everywhere(within, &Query::LegalHolds, Answer::legal_holds).await
    }

    /// Who asked for which change lately; only an engine tells.
    pub async fn list_api_calls(self: &Arc<Self>, within: &Within) -> Result<Listed<ApiCall>, Fault> {
        self.everywhere(within, &Query::ApiCalls, Answer::api_calls).await
    }

    /// The backup jobs.
    pub async fn list_backup_jobs(self: &Arc<Self>, within: &Within) -> Result<Listed<BackupJob>, Fault> {
        self.everywhere(within, &Query::BackupJobs, Answer::backup_jobs).await
    }

    /// The restore jobs.
    pub async fn list_restore_jobs(self: &Arc<Self>, within: &Within) -> Result<Listed<RestoreJob>, Fault> {
        self.everywhere(within, &Query::RestoreJobs, Answer::restore_jobs).await
    }

    /// The copy jobs.
    pub async fn list_copy_jobs(self: &Arc<Self>, within: &Within) -> Result<Listed<CopyJob>, Fault> {
        let mut listed = self.everywhere(within, &Query::CopyJobs, Answer::copy_jobs).await?;
        // Who copies and to whom it comes both list it.
        let mut seen = HashSet::new();
        listed.rows.retain(|job| seen.insert(job.id.clone()));
        Ok(listed)
    }

    /// The recovery points of the vault of that name, or of all vaults; also of those that others share. Each is there once,
    /// of its own vault where that is meant as well.
    pub async fn list_recovery_points(
        self: &Arc<Self>,
        within: &Within,
        vault: Option<&str>,
    ) -> Result<Listed<KnownPoint>, Fault> {
        let (vaults, shared) = (self.list_vaults(within).await?, self.list_shared_vaults(within).await?);
        let mut listed = Listed { rows: Vec::new(), faults: vaults.faults };
        for found in
            vaults.rows.iter().chain(&shared.rows).filter(|found| vault.is_none_or(|vault| vault == found.name))
        {
            let query = Query::RecoveryPoints { vault: found.named() };
            match self.read(Key::scoped(found.scope.clone(), query)).await {
                Ok(Answer::RecoveryPoints(rows)) => listed.rows.extend(rows.iter().cloned()),
                Ok(_) => return Err(wrong_answer()),
                Err(fault) => listed.faults.push((found.scope.clone(), fault)),
            }
        }
        let mut seen = HashSet::new();
        listed.rows.retain(|point| seen.insert(point.arn.clone()));
        Ok(listed)
    }

    /// A recovery point in any vault of its scope, by its ARN. The scope is the ARN's unless `within` names one.
    pub async fn find_recovery_point(self: &Arc<Self>, within: &Within, arn: &Arn) -> Result<Arc<KnownPoint>, Fault> {
        let scope = arn.scope();
        let within = Within {
            account: within.account.clone().or_else(|| scope.as_ref().map(|scope| scope.account.clone())),
            region: within.region.clone().or_else(|| scope.map(|scope| scope.region)),
        };
        let listed = self.list_recovery_points(&within, None).await?;
        let none = || Fault::new(FaultKind::NotFound, format!("no vault holds the recovery point {arn}"));
        let fault = listed.faults.into_iter().next().map(|(_, fault)| fault);
        listed.rows.into_iter().find(|point| point.arn == *arn).ok_or_else(|| fault.unwrap_or_else(none))
    }

    /// Carries out what a subcommand orders.
    pub async fn order(
        self: &Arc<Self>,
        audit: &Arc<Audit>,
        scope: Scope,
        mutation: impl Into<Mutation>,
    ) -> Result<Outcome, ChangeFailure> {
        let pending = Pending::new(scope, mutation, &self.capabilities(), &self.command_line());
        let refused =
            |why: &str| ChangeFailure { fault: Box::new(Fault::new(FaultKind::Refused, why)), done: Vec::new() };
        mutate(self, audit, approve_command_line(pending.map_err(refused)?)).await
    }

    /// Follows a backup job to its end, telling each state that it sees.
    pub async fn follow_backup(
        self: &Arc<Self>,
        scope: &Scope,
        id: &JobId,
        tell: impl FnMut(&BackupJob),
    ) -> Result<Arc<BackupJob>, Fault> {
        let key = Key::scoped(scope.clone(), Query::BackupJob { id: id.clone() });
        let pick = |answer| if let Answer::BackupJob(job) = answer { Some(job) } else { None };
        self.follow(key, pick, |job| job.state.is_final(), tell).await
    }

    /// Follows a copy job to its end, telling each state that it sees.
    pub async fn follow_copy(
        self: &Arc<Self>,
        scope: &Scope,
        id: &JobId,
        tell: impl FnMut(&CopyJob),
    ) -> Result<Arc<CopyJob>, Fault> {
        let key = Key::scoped(scope.clone(), Query::CopyJob { id: id.clone() });
        let pick = |answer| if let Answer::CopyJob(job) = answer { Some(job) } else { None };
        self.follow(key, pick, |job| job.state.is_final(), tell).await
    }

    /// Follows a restore job to its end, telling each state that it sees.
    pub async fn follow_restore(
        self: &Arc<Self>,
        scope: &Scope,
        id: &JobId,
        tell: impl FnMut(&RestoreJob),
    ) -> Result<Arc<RestoreJob>, Fault> {
        let key = Key::scoped(scope.clone(), Query::RestoreJob { id: id.clone() });
        let pick = |answer| if let Answer::RestoreJob(job) = answer { Some(job) } else { None };
        self.follow(key, pick, |job| job.state.is_final(), tell).await
    }

    /// Asks again until `is_over`. What passes by itself may fail it [`FOLLOW_FAULTS`] times in a row.
    async fn follow<T>(
        self: &Arc<Self>,
        key: Key,
        pick: impl Fn(Answer) -> Option<Arc<T>>,
        is_over: impl Fn(&T) -> bool,
        mut tell: impl FnMut(&T),
    ) -> Result<Arc<T>, Fault> {
        let mut faults = 0;
        loop {
            match self.read(key.clone()).await {
                Ok(answer) => {
                    let job = pick(answer).ok_or_else(wrong_answer)?;
                    faults = 0;
                    tell(&job);
                    if is_over(&job) {
                        return Ok(job);
                    }
                }
                Err(fault) if fault.is_passing() && faults < FOLLOW_FAULTS => faults += 1,
                Err(fault) => return Err(fault),
            }
            tokio::time::sleep(FOLLOW_EVERY).await;
        }
    }
}

fn wrong_answer() -> Fault {
    Fault::new(FaultKind::Other, "the answer is of another question")
}
