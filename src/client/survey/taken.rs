//! Asks everything once, or again and again: what is known of jobs is then only completed.

use super::{Answers, Depth, LISTS, details, facts, points, take_in, told};
use crate::client::connect::Connection;
use crate::client::history::Past;
use crate::client::lists::Within;
use crate::client::wall::{Row, Wall};
use crate::client::{Answer, Fault, Feature, Key, Query};
use crate::domain::extension::Problem;
use crate::domain::finding::{Facts, Finding, findings};
use crate::domain::job::CopyJob;
use crate::domain::vault::Vault;
use crate::domain::{Scope, Time};
use chrono::Utc;
use futures_util::{StreamExt, stream};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// So many scopes are asked at a time, each one question after the other.
const AT_ONCE: usize = 8;

/// What some scopes told.
#[derive(Debug, Default)]
pub struct Survey {
    scopes: Vec<Scope>,
    known: Known,
    wall: Wall,
    problems: Vec<Problem>,
    now: Time,
    took: BTreeMap<Scope, Duration>,
    questions: u64,
    /// What could not be asked.
    pub faults: Vec<(Scope, Fault)>,
}

impl Survey {
    /// Asks the scopes that are meant for all that findings need. What cannot be asked is a fault of the survey, and no failure
    /// of it.
    pub async fn take(connection: &Arc<Connection>, within: &Within, depth: Depth) -> Result<Self, Fault> {
        let mut survey = Self::default();
        survey.refresh(connection, within, depth).await?;
        Ok(survey)
    }

    /// What was told, without asking anybody.
    #[cfg(test)]
    pub(crate) fn of(scopes: Vec<Scope>, answers: BTreeMap<Key, Answer>, now: Time) -> Self {
        let known = Known { answers, is_engine: true };
        let mut survey = Self { scopes, known, ..Self::default() };
        survey.move_to(now);
        survey
    }

    /// Asks again. Of the jobs that are known, only what came or changed since is asked for. What a scope does not tell this time
    /// is not known any more. After a failure all that was known stays.
    pub async fn refresh(&mut self, connection: &Arc<Connection>, within: &Within, depth: Depth) -> Result<(), Fault> {
        let (problems, now) = standing(connection).await?;
        let (mut scopes, mut faults) = (Vec::new(), Vec::new());
        for view in connection.list_scopes(within).await? {
            match view.fault {
                Some(fault) => faults.push((view.scope, fault)),
                None => scopes.push(view.scope),
            }
        }
        let asking = Asking { connection, is_engine: connection.capabilities().engine.is_some(), depth };
        let mut asked = Vec::with_capacity(scopes.len());
        for scope in &scopes {
            asked.push(asking.scope(scope, &self.known));
        }
        let told: Vec<Told> = stream::iter(asked).buffered(AT_ONCE).collect().await;
        self.known = Known { answers: BTreeMap::new(), is_engine: asking.is_engine };
        self.took.clear();
        for (scope, told) in scopes.iter().zip(told) {
            self.took.insert(scope.clone(), told.took);
            self.questions += told.questions;
            self.known.answers.extend(told.answers);
            faults.extend(told.faults);
        }
        (self.scopes, self.faults, self.problems) = (scopes, faults, problems);
        self.move_to(now);
        Ok(())
    }

    /// Looks at what is known as of now, where nothing has changed but the time and how an engine is.
    pub async fn keep(&mut self, connection: &Arc<Connection>) -> Result<(), Fault> {
        let (problems, now) = standing(connection).await?;
        self.problems = problems;
        self.move_to(now);
        Ok(())
    }

    /// Forgets all but how much was asked: what is asked next is asked as a whole.
    pub fn forget(&mut self) {
        *self = Self { questions: self.questions, ..Self::default() };
    }

    /// Looks at what is known as of another moment, without asking.
    fn move_to(&mut self, now: Time) {
        self.now = now;
        take_in(&mut self.wall, &self.known, &self.scopes, now);
    }

    /// What is wrong, as far as was told: unrecovered first, then the worst, then the newest.
    pub fn findings(&self) -> Vec<Finding> {
        findings(&self.facts())
    }

    /// What is known, as findings are drawn from it.
    pub fn facts(&self) -> Facts<'_> {
        let engine = self.scopes.first().filter(|_| self.known.is_engine).map(|home| (home, self.problems.as_slice()));
        facts(&self.known, &self.scopes, self.now, Some(&self.wall), engine)
    }

    /// The copy jobs that are known, each once; also where not every scope told of its own.
    pub fn copy_jobs(&self) -> Vec<&CopyJob> {
        super::facts::known_copies(&self.known, &self.scopes)
    }

    /// The scopes that could be entered, each with how long it took to ask it.
    pub fn scopes(&self) -> impl Iterator<Item = (&Scope, Duration)> {
        self.scopes.iter().map(|scope| (scope, self.took.get(scope).copied().unwrap_or_default()))
    }

    /// Whether a scope told all that it was asked.
    pub fn is_read(&self, scope: &Scope) -> bool {
        self.scopes.contains(scope) && !self.faults.iter().any(|(faulty, _)| faulty == scope)
    }

    /// The scopes that did not tell all, so that nobody knows what is over there; none where copies are not known, whose findings
    /// follow from all scopes together.
    pub fn unread(&self) -> Option<Vec<Scope>> {
        let unread = || self.faults.iter().map(|(scope, _)| scope.clone()).collect();
        super::facts::knows_copies(&self.known, &self.scopes).then(unread)
    }

    /// The resources that are there: on an engine those that are registered, on AWS also what was ever backed up.
    pub fn resources(&self) -> impl Iterator<Item = &Row> {
        let listed = super::facts::there(&self.known, &self.scopes);
        self.wall.rows().filter(move |row| !self.known.is_engine || listed.contains(&row.arn))
    }

    /// What became of each day of each resource.
    pub fn wall(&self) -> &Wall {
        &self.wall
    }

    /// Whether the recovery points of a vault were told.
    pub fn knows_points_of(&self, vault: &Vault) -> bool {
        let query = Query::RecoveryPoints { vault: vault.named() };
        told!(self.known, vault.scope, query, RecoveryPoints).is_some()
    }

    /// The time at the service when it was asked.
    pub fn now(&self) -> Time {
        self.now
    }

    /// How many questions were asked so far. One may take several calls, where a list has more than a page.
    pub fn questions(&self) -> u64 {
        self.questions
    }

    /// What was known at a moment of the past, as far as what is known now tells it: jobs that came later are not there, and
    /// those that ended later run. What no record has the time of is as it is now.
    pub fn as_of(&self, at: Time) -> Self {
        let answers = self.known.answers.iter().map(|(key, answer)| (key.clone(), super::past::cut(answer, at)));
        let known = Known { answers: answers.collect(), is_engine: self.known.is_engine };
        let mut past = Self {
            scopes: self.scopes.clone(),
            known,
            problems: self.problems.clone(),
            faults: self.faults.clone(),
            ..Self::default()
        };
        past.move_to(at);
        past
    }
}

/// What an engine says of itself, and the service's time: this machine's where it tells none.
async fn standing(connection: &Arc<Connection>) -> Result<(Vec<Problem>, Time), Fault> {
    if connection.capabilities().allows(Feature::Status).is_ok()
        && let Answer::Status(status) = connection.read(Key::context(Query::Status)).await?
    {
        return Ok((status.problems.clone(), status.now));
    }
    Ok((Vec::new(), Utc::now()))
}

/// What one scope told, and what it could not be asked.
struct Told {
    answers: BTreeMap<Key, Answer>,
    faults: Vec<(Scope, Fault)>,
    questions: u64,
    took: Duration,
}

/// Who is asked, and for what.
struct Asking<'a> {
    connection: &'a Arc<Connection>,
    is_engine: bool,
    depth: Depth,
}

impl Asking<'_> {
    /// Asks one scope for its lists, and then for what these told of.
    async fn scope(&self, scope: &Scope, before: &Known) -> Told {
        let (begun, bucket) = (Instant::now(), self.connection.new_bucket());
        let mut known = Known { answers: BTreeMap::new(), is_engine: self.is_engine };
        let (mut faults, mut questions) = (Vec::new(), 0);
        for detailed in [false, true] {
            let keys = if detailed {
                self.details(&known, scope)
            } else {
                LISTS.map(|query| Key::scoped(scope.clone(), query)).to_vec()
            };
            for key in keys {
                questions += 1;
                let previous = before.answer(&key).cloned();
                match self.connection.read_in_turn(key.clone(), previous, &bucket).await {
                    Ok(answer) => drop(known.answers.insert(key, answer)),
                    Err(fault) => faults.push((scope.clone(), fault)),
                }
            }
        }
        Told { answers: known.answers, faults, questions, took: begun.elapsed() }
    }

    fn details(&self, known: &Known, scope: &Scope) -> Vec<Key> {
        let mut keys = details(known, std::slice::from_ref(scope));
        if self.depth == Depth::Points && !self.is_engine {
            keys.extend(points(known, scope));
        }
        keys
    }
}

/// Answers that do not change any more.
#[derive(Debug, Default)]
struct Known {
    answers: BTreeMap<Key, Answer>,
    is_engine: bool,
}

impl Answers for Known {
    fn answer(&self, key: &Key) -> Option<&Answer> {
        self.answers.get(key)
    }
    fn past(&self, _: &Scope) -> Option<&Past> {
        // A command tells what the service tells.
        None
    }
    fn told_at(&self, _: &Key, now: Time) -> Time {
        now
    }
    fn is_engine(&self) -> bool {
        self.is_engine
    }
}
