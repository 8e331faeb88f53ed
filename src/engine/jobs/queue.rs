//! Which jobs may start now, which came too late, and which are over.

use crate::domain::names::JobId;
use crate::domain::{Arn, Time};
use crate::engine::Engine;
use crate::engine::clock::ClockKind;
use crate::engine::error::{Error, Result};
use crate::engine::jobs::KINDS;
use crate::engine::jobs::entered::Use;
use crate::engine::jobs::finish::{Finish, Verdict};
use crate::engine::jobs::group::{GROUP, Waiting};
use crate::engine::jobs::kind::{Chance, Decision, Job, Kind};
use crate::engine::jobs::live::{LiveJob, StopCause};
use crate::engine::jobs::outcome::Ending;
use crate::engine::jobs::readiness::Readiness;
use crate::engine::jobs::rows::store;
use crate::engine::jobs::turn::{RETRY_AFTER, Turn};
use crate::engine::jobs::worker::{self, Begun};
use chrono::Duration;
use std::collections::BTreeSet;
use std::sync::Arc;

impl Engine {
    /// Starts what may start and ends what came too late.
    pub(crate) fn dispatch(self: &Arc<Self>, turn: &mut Turn, now: Time) -> Result<()> {
        if self.jobs.is_stopping() {
            return Ok(());
        }
        let open = KINDS.iter().map(|kind| Ok((*kind, kind.open(self)?))).collect::<Result<Vec<_>>>()?;
        let known: BTreeSet<&JobId> = open.iter().flat_map(|(_, jobs)| jobs).map(|job| job.id()).collect();
        turn.retries.retain(|id, _| known.contains(id));
        let mut busy = self.jobs.live.all().into_iter().filter_map(|job| job.resource.clone()).collect();
        for (kind, jobs) in open {
            self.dispatch_kind(kind, jobs, &mut busy, turn, now)?;
        }
        turn.closed.clear();
        Ok(())
    }

    /// Looks at the jobs of a kind; `busy` are the resources that any job has.
    fn dispatch_kind(
        self: &Arc<Self>,
        kind: &'static dyn Kind,
        open: Vec<Box<dyn Job>>,
        busy: &mut BTreeSet<Arn>,
        turn: &mut Turn,
        now: Time,
    ) -> Result<()> {
        let mut free = kind.places(self).saturating_sub(self.jobs.live.working(Some(kind.table().kind)));
        let mut starts = Vec::new();
        let mut ends = Vec::new();
        for job in open.into_iter().filter(|job| self.is_idle(job.id())) {
            let taken = job.resource().is_some_and(|resource| busy.contains(resource));
            let decided = job.decide(self, turn, Chance { taken, free: free > 0, now });
            match decided.unwrap_or_else(|error| self.undecided(job.id(), &error, now)) {
                Decision::Start(entered) => {
                    free -= 1;
                    busy.extend(job.resource().cloned());
                    starts.push((job, entered));
                }
                Decision::Wait if job.holds_resource() => busy.extend(job.resource().cloned()),
                Decision::Wait => {}
                Decision::End(ending) => ends.push((job, ending)),
            }
        }
        if starts.is_empty() && ends.is_empty() {
            return Ok(());
        }
        let began = self.catalog.note(|tx| {
            for (job, ending) in &ends {
                self.jobs.setbacks().remove(job.id());
                job.end(tx, ending, 0, now)?;
            }
            starts.iter().map(|(job, _)| job.begin(tx, now)).collect::<Result<Vec<bool>>>()
        })?;
        if !ends.is_empty() {
            self.jobs.ended(ends.len());
        }
        // What attempts of theirs stored is nobody's now.
        let never_began = starts.iter().zip(&began).filter(|(_, began)| !**began).map(|((job, _), _)| job);
        for vault in ends.iter().map(|(job, _)| job).chain(never_began).filter_map(|job| job.left_in()) {
            self.jobs.litter(vault);
        }
        let mut lives = Vec::new();
        for ((job, entered), _) in starts.into_iter().zip(began).filter(|(_, began)| *began) {
            self.jobs.setbacks().remove(job.id());
            let (id, resource) = (job.id().clone(), job.resource().cloned());
            let live = LiveJob::new(id, kind.table(), resource, now, job.complete_by());
            lives.push((Arc::new(live), job, entered));
        }
        // All of them before the first begins: it is not to find that no other job works, and commit by itself.
        for (live, ..) in &lives {
            self.jobs.live.insert(Arc::clone(live));
        }
        let mut outcome = Ok(());
        for (live, job, entered) in lives {
            match outcome {
                Ok(()) => outcome = worker::start(self, Begun { kind, live, job, entered }),
                Err(_) => self.jobs.over(&live.id),
            }
        }
        outcome
    }

    /// What is to become of a job cannot be found out now: that is its own matter, and the turn goes on.
    fn undecided(&self, id: &JobId, error: &Error, now: Time) -> Decision {
        tracing::error!(job = %id, %error, "it could not be decided what is to become of a job; it waits");
        self.jobs.set_back(id, now, RETRY_AFTER, error.to_string());
        Decision::Wait
    }

    fn is_idle(&self, id: &JobId) -> bool {
        self.jobs.live.get(id).is_none()
    }

    /// Begins a job that no window presses, as soon as its vault lets it in.
    pub(super) fn start_again(
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
                self.jobs.set_back(id, now, RETRY_AFTER, closed.why);
                Decision::Wait
            }
            Readiness::Closed(closed) => Decision::End(closed.ending),
        })
    }

    /// How a job ends that was begun as often as a job may be: with what kept it from its end, where that is known.
    pub(super) fn given_up(&self, id: &JobId, told: Option<&str>, attempts: i64) -> Ending {
        let why = self.jobs.setbacks().get(id).map(|setback| setback.why.clone());
        match why.or_else(|| told.map(str::to_owned)) {
            Some(why) => Ending::failed(false, why),
            None => Ending::interrupted(attempts),
        }
    }

    /// How many jobs that make recovery points may be under way: by a simulated clock all of a moment begin together, and take
    /// turns; their commit is one too.
    pub(super) fn places_for_points(&self) -> usize {
        if self.clock.kind() == ClockKind::Simulated { GROUP } else { self.jobs.workers }
    }

    /// Whether a job rests for a while: see [`Setback`].
    pub(super) fn rests(&self, id: &JobId, now: Time) -> bool {
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

    /// A job could do nothing now, and is begun again after a pause.
    pub(crate) fn begin_later(&self, live: &LiveJob, why: String, pause: Duration) {
        tracing::warn!(job = %live.id, why, "a job waits to begin again");
        self.wait_to_begin(live, why, pause);
    }

    fn wait_to_begin(&self, live: &LiveJob, why: String, pause: Duration) {
        let told = self.catalog.note(|tx| store::note_setback(tx, live.table, &live.id, &why));
        if let Err(error) = told {
            tracing::error!(job = %live.id, %error, "nor could the reason");
        }
        self.jobs.set_back(&live.id, self.clock.now(), pause, why);
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
                    Some(Finish::Together(stored)) => group.push(Waiting { live, stored, pass: None }),
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
            Some(Finish::Together(stored)) => stored.discard(self, verdict),
        };
        // What goes wrong is this job's matter: the turn goes on.
        if let Err(error) = finished {
            self.set_back(live, &error);
        }
        self.jobs.over(&live.id);
    }

    /// When the next job starts again, comes too late, or ends, as far as that is a matter of time.
    pub(crate) fn next_job_event(&self, turn: &Turn) -> Result<Option<Time>> {
        let waiting = self.catalog.read(|connection| {
            KINDS.iter().map(|kind| kind.next_event(connection)).collect::<Result<Vec<Option<Time>>>>()
        })?;
        let live = self.jobs.live.all().into_iter().flat_map(|job| [job.held_until(), job.complete_by]).flatten().min();
        let retry = turn.retries.values().map(|(at, _)| *at).min();
        let now = self.clock.now();
        let rested = self.jobs.setbacks().values().map(|setback| setback.until).filter(|until| *until > now).min();
        Ok(waiting.into_iter().chain([live, retry, rested]).flatten().min())
    }
}
