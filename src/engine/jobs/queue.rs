//! Which jobs may start now, which came too late, and which are over.

use crate::domain::job::{JobKind, JobState};
use crate::domain::names::JobId;
use crate::domain::{Arn, Time};
use crate::engine::Engine;
use crate::engine::catalog::Connection;
use crate::engine::clock::ClockKind;
use crate::engine::error::{Error, Result};
use crate::engine::jobs::backup;
use crate::engine::jobs::backup::group::{GROUP, Waiting};
use crate::engine::jobs::live::{Finish, LiveJob, StopCause, Verdict, Work};
use crate::engine::jobs::outcome::Ending;
use crate::engine::jobs::readiness::{Entered, Readiness, Use};
use crate::engine::jobs::rows::backups;
use crate::engine::jobs::rows::store::{self, BackupRecord, Moved, RestoreRecord};
use crate::engine::jobs::turn::{RETRY_AFTER, Turn};
use crate::engine::jobs::{MAX_ATTEMPTS, Setback, restore};
use crate::engine::organization::roles;
use crate::engine::vaults;
use chrono::Duration;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What to do with a job that is not under way.
enum Decision {
    /// Begin it, or begin it again, in the vault that has let it in.
    Start(Entered),
    /// Leave it for later.
    Wait,
    /// It is over.
    End(Ending),
}

impl Engine {
    /// Starts what may start and ends what came too late.
    pub(crate) fn dispatch(self: &Arc<Self>, turn: &mut Turn, now: Time) -> Result<()> {
        if self.jobs.is_stopping() {
            return Ok(());
        }
        if self.data_dir.is_writable() {
            self.dispatch_backups(turn, now)?;
        }
        self.dispatch_restores(turn, now)?;
        turn.closed.clear();
        Ok(())
    }

    fn dispatch_backups(self: &Arc<Self>, turn: &mut Turn, now: Time) -> Result<()> {
        let open = self.catalog.read(store::open_backups)?;
        let known: BTreeSet<&JobId> = open.iter().map(|record| &record.job.id).collect();
        turn.retries.retain(|id, _| known.contains(id));
        // By a simulated clock all jobs of a moment begin together, and take turns; their commit is one too.
        let places = if self.clock.kind() == ClockKind::Simulated { GROUP } else { self.jobs.workers };
        let mut free = places.saturating_sub(self.jobs.live.working(Some(Work::Backup)));
        let mut busy: BTreeSet<_> = self.jobs.live.all().into_iter().filter_map(|job| job.resource.clone()).collect();
        // Jobs that an earlier process left running own their resource, also while they are not taken up.
        let interrupted = |record: &BackupRecord| record.job.state != JobState::Created && self.is_idle(&record.job.id);
        let mut starts = Vec::new();
        let mut ends = Vec::new();
        for record in open
            .iter()
            .filter(|record| interrupted(record))
            .chain(open.iter().filter(|record| record.job.state == JobState::Created && self.is_idle(&record.job.id)))
        {
            let taken = busy.contains(&record.job.resource_arn);
            match self.decide_backup(turn, record, taken, free > 0, now)? {
                Decision::Start(entered) => {
                    free -= 1;
                    busy.insert(record.job.resource_arn.clone());
                    starts.push((record, entered));
                }
                Decision::Wait => {
                    if interrupted(record) {
                        busy.insert(record.job.resource_arn.clone());
                    }
                }
                Decision::End(ending) => ends.push((record, ending)),
            }
        }
        if starts.is_empty() && ends.is_empty() {
            return Ok(());
        }
        let began = self.catalog.write(|tx| {
            for (record, ending) in &ends {
                self.jobs.setbacks().remove(&record.job.id);
                store::end_backup(tx, &record.job.id, ending, Moved::default(), now)?;
            }
            starts.iter().map(|(record, _)| begin_backup(tx, record, now)).collect::<Result<Vec<bool>>>()
        })?;
        let mut lives = Vec::new();
        for ((record, entered), began) in starts.into_iter().zip(began) {
            if began {
                self.jobs.setbacks().remove(&record.job.id);
                let job = &record.job;
                let resource = Some(job.resource_arn.clone());
                let live = LiveJob::new(job.id.clone(), Work::Backup, resource, now, Some(record.complete_by));
                let mut record = record.clone();
                record.job.initiated = record.job.initiated.or(Some(now));
                lives.push((Arc::new(live), record, entered));
            }
        }
        // All of them before the first begins: it is not to find that no other job works, and commit by itself.
        for (live, ..) in &lives {
            self.jobs.live.insert(Arc::clone(live));
        }
        let mut outcome = Ok(());
        for (live, record, entered) in lives {
            match outcome {
                Ok(()) => outcome = backup::run::spawn(self, live, record, entered),
                Err(_) => self.jobs.over(&live.id),
            }
        }
        outcome
    }

    fn is_idle(&self, id: &JobId) -> bool {
        self.jobs.live.get(id).is_none()
    }

    fn decide_backup(
        self: &Arc<Self>,
        turn: &mut Turn,
        record: &BackupRecord,
        taken: bool,
        free: bool,
        now: Time,
    ) -> Result<Decision> {
        let job = &record.job;
        if job.state == JobState::Aborting {
            return Ok(Decision::End(Ending::stopped()));
        }
        if job.state != JobState::Created {
            return self.decide_interrupted(turn, record, free, now);
        }
        if job.start_by.is_some_and(|start_by| now >= start_by) {
            let ending = match turn.retries.remove(&job.id) {
                _ if taken => Ending::resource_busy(),
                Some((_, why)) => Ending::never_started(Some(&why)),
                None => Ending::never_started(None),
            };
            return Ok(Decision::End(ending));
        }
        if taken {
            return Ok(Decision::Wait);
        }
        if let Some(ending) = self.refusal(record)? {
            return Ok(Decision::End(ending));
        }
        if turn.retries.get(&job.id).is_some_and(|(at, _)| *at > now) || !free {
            return Ok(Decision::Wait);
        }
        Ok(match self.ready(turn, &job.vault_arn, Use::Writing)? {
            Readiness::Ready(entered) => Decision::Start(entered),
            Readiness::NotNow => Decision::Wait,
            // Say since restic holds it: it may be free again soon.
            Readiness::Closed(closed) if closed.temporary => {
                turn.retries.insert(job.id.clone(), (now + RETRY_AFTER, closed.why));
                Decision::Wait
            }
            Readiness::Closed(closed) => Decision::End(closed.ending),
        })
    }

    /// A job that ran when an earlier process ended.
    fn decide_interrupted(
        self: &Arc<Self>,
        turn: &mut Turn,
        record: &BackupRecord,
        free: bool,
        now: Time,
    ) -> Result<Decision> {
        let job = &record.job;
        if !self.jobs.resumes() {
            Ok(Decision::Wait)
        } else if now >= record.complete_by {
            Ok(Decision::End(Ending::past_deadline(job.status_message.as_deref())))
        } else if record.attempts >= MAX_ATTEMPTS {
            Ok(Decision::End(self.given_up(&job.id, job.status_message.as_deref(), record.attempts)))
        } else if free && !self.rests(&job.id, now) {
            self.start_again(turn, &job.id, &job.vault_arn, Use::Writing, now)
        } else {
            Ok(Decision::Wait)
        }
    }

    /// Begins a job that no window presses, as soon as its vault lets it in.
    fn start_again(
        self: &Arc<Self>,
        turn: &mut Turn,
        id: &JobId,
        vault: &Arn,
        use_for: Use,
        now: Time,
    ) -> Result<Decision> {
        Ok(match self.ready(turn, vault, use_for)? {
            Readiness::Ready(entered) => Decision::Start(entered),
            Readiness::NotNow => Decision::Wait,
            Readiness::Closed(closed) if closed.temporary => {
                self.jobs.setbacks().insert(id.clone(), Setback { until: now + RETRY_AFTER, why: closed.why });
                Decision::Wait
            }
            Readiness::Closed(closed) => Decision::End(closed.ending),
        })
    }

    /// How a job ends that was begun as often as a job may be: with what kept it from its end, where that is known.
    fn given_up(&self, id: &JobId, told: Option<&str>, attempts: i64) -> Ending {
        let why = self.jobs.setbacks().get(id).map(|setback| setback.why.clone());
        match why.or_else(|| told.map(str::to_owned)) {
            Some(why) => Ending::failed(false, why),
            None => Ending::interrupted(attempts),
        }
    }

    /// Whether a job waits for a while since its end could not be written down.
    fn rests(&self, id: &JobId, now: Time) -> bool {
        self.jobs.setbacks().get(id).is_some_and(|setback| setback.until > now)
    }

    /// The work of a job is done, and what comes of it could not be written down: the job says so and is begun again
    /// after a pause, for the cause may pass.
    pub(crate) fn set_back(&self, live: &LiveJob, error: &Error) {
        tracing::error!(job = %live.id, %error, "the end of a job could not be written down");
        let why = format!("What the job did could not be written down: {error}");
        self.wait_to_begin(live, why, RETRY_AFTER);
    }

    /// What a job did does not count, and it is begun again at once.
    pub(crate) fn begin_again(&self, live: &LiveJob, why: String) {
        tracing::warn!(job = %live.id, why, "a job begins again");
        self.wait_to_begin(live, why, Duration::zero());
    }

    fn wait_to_begin(&self, live: &LiveJob, why: String, pause: Duration) {
        let until = self.clock.now() + pause;
        let told = self.catalog.note(|tx| store::note_setback(tx, live.work.kind(), &live.id, &why));
        if let Err(error) = told {
            tracing::error!(job = %live.id, %error, "nor could the reason");
        }
        self.jobs.setbacks().insert(live.id.clone(), Setback { until, why });
    }

    /// Why a job cannot start at all: its role, its vault.
    fn refusal(&self, record: &BackupRecord) -> Result<Option<Ending>> {
        let job = &record.job;
        self.catalog.read(|connection| {
            if let Some(role) = &job.iam_role_arn
                && !roles::is_assumable(connection, &job.scope.account, role.as_str())?
            {
                return Ok(Some(Ending::role_not_assumable(role.as_str())));
            }
            let vault = vaults::rows::vault_key(connection, &job.vault_arn)?;
            Ok(vault.is_none().then(|| Ending::no_vault(job.vault_arn.as_str())))
        })
    }

    fn dispatch_restores(self: &Arc<Self>, turn: &mut Turn, now: Time) -> Result<()> {
        let mut free = self.jobs.workers.saturating_sub(self.jobs.live.working(Some(Work::Restore)));
        for record in self.catalog.read(store::open_restores)? {
            if !self.is_idle(&record.job.id) || !self.may_restore(&record.job.id) {
                continue;
            }
            match self.decide_restore(turn, &record, free > 0, now)? {
                Decision::Wait => {}
                Decision::End(ending) => {
                    self.jobs.setbacks().remove(&record.job.id);
                    self.catalog.note(|tx| store::end_restore(tx, &record.job.id, &ending, None, now))?;
                }
                Decision::Start(entered) => {
                    if self.catalog.note(|tx| store::begin(tx, JobKind::Restore, &record.job.id, now))? {
                        free -= 1;
                        self.jobs.setbacks().remove(&record.job.id);
                        let live = LiveJob::new(record.job.id.clone(), Work::Restore, None, now, None);
                        restore::run::spawn(self, live, record, entered)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Whether a restore job is this process's to run. What an earlier one left is taken up only where it can be written down
    /// how that went.
    fn may_restore(&self, id: &JobId) -> bool {
        self.data_dir.is_writable() || self.jobs.is_of_session(id)
    }

    fn decide_restore(
        self: &Arc<Self>,
        turn: &mut Turn,
        record: &RestoreRecord,
        free: bool,
        now: Time,
    ) -> Result<Decision> {
        if record.job.state == JobState::Running {
            if !self.jobs.resumes() {
                return Ok(Decision::Wait);
            }
            if record.attempts >= MAX_ATTEMPTS {
                let told = record.job.status_message.as_deref();
                return Ok(Decision::End(self.given_up(&record.job.id, told, record.attempts)));
            }
        }
        if !free || self.rests(&record.job.id, now) {
            return Ok(Decision::Wait);
        }
        if let Some(role) = &record.job.iam_role_arn
            && !self.catalog.read(|c| roles::is_assumable(c, &record.job.scope.account, role.as_str()))?
        {
            return Ok(Decision::End(Ending::role_not_assumable(role.as_str())));
        }
        match &record.job.vault_arn {
            Some(vault) => self.start_again(turn, &record.job.id, vault, Use::Reading, now),
            None => Ok(Decision::End(Ending::failed(false, "The job names no backup vault."))),
        }
    }

    /// Ends held jobs whose engine time has come, and those that a user stopped.
    pub(crate) fn finish_held(self: &Arc<Self>, now: Time) -> Result<()> {
        let mut group = Vec::new();
        for live in self.jobs.live.all() {
            let Some(until) = live.held_until().filter(|_| live.can_finish()) else { continue };
            if live.stop_cause() == Some(StopCause::User) {
                self.finish(&live, Verdict::Stopped);
            } else if until <= now {
                match live.take_finish() {
                    Some(Finish::Backup(stored)) => group.push(Waiting { live, stored, pass: None }),
                    finish => self.finish_alone(&live, finish, Verdict::Complete),
                }
            }
        }
        self.commit_group(group);
        Ok(())
    }

    /// Stops the jobs whose completion window is over.
    pub(crate) fn enforce_deadlines(self: &Arc<Self>, now: Time) -> Result<()> {
        for live in self.jobs.live.all() {
            if live.complete_by.is_none_or(|deadline| now < deadline) {
                continue;
            }
            if live.can_finish() {
                self.finish(&live, Verdict::Expired);
            } else {
                live.stop(StopCause::Deadline);
            }
        }
        Ok(())
    }

    /// Ends a held job whose result does not count.
    fn finish(self: &Arc<Self>, live: &LiveJob, verdict: Verdict) {
        let finish = live.take_finish();
        self.finish_alone(live, finish, verdict);
    }

    fn finish_alone(self: &Arc<Self>, live: &LiveJob, finish: Option<Finish>, verdict: Verdict) {
        let finished = match finish {
            None => Ok(()),
            Some(Finish::Alone(finish)) => finish(self, verdict),
            Some(Finish::Backup(stored)) => stored.discard(self, verdict),
        };
        // What goes wrong is this job's matter: the turn goes on.
        if let Err(error) = finished {
            self.set_back(live, &error);
        }
        self.jobs.over(&live.id);
    }

    /// When the next job starts again, comes too late, or ends, as far as that is a matter of time.
    pub(crate) fn next_job_event(&self, turn: &Turn) -> Result<Option<Time>> {
        let start_by = self.catalog.read(backups::next_start_by)?;
        let live = self.jobs.live.all().into_iter().flat_map(|job| [job.held_until(), job.complete_by]).flatten().min();
        let retry = turn.retries.values().map(|(at, _)| *at).min();
        let now = self.clock.now();
        let rested = self.jobs.setbacks().values().map(|setback| setback.until).filter(|until| *until > now).min();
        Ok([start_by, live, retry, rested].into_iter().flatten().min())
    }
}

/// Begins a backup job if its vault is still there: with the turn to write in hand nobody deletes it.
fn begin_backup(connection: &Connection, record: &BackupRecord, now: Time) -> Result<bool> {
    if vaults::rows::vault_key(connection, &record.job.vault_arn)?.is_none() {
        let ending = Ending::no_vault(record.job.vault_arn.as_str());
        store::end_backup(connection, &record.job.id, &ending, Moved::default(), now)?;
        return Ok(false);
    }
    store::begin(connection, JobKind::Backup, &record.job.id, now)
}
