//! What is known of the engine that this process serves, kept for whoever looks again and again: monitors, and those who are
//! told of new findings.
//!
//! The engine is asked when something was written since, and then only for the jobs that changed; but no more often than
//! [`PAUSE`], nor so often that more than a [`PART`]th of the time goes into it, but each [`LONGEST`] at the latest. Where nothing was written, time alone goes on: what
//! follows from it is looked at each [`LONGEST`]. A look that finds nothing to do costs nothing, whatever there is.

use super::Session;
use super::failure::Failure;
use super::link::{connect, plain, transport_to};
use super::muted::mutes;
use super::under_way::UnderWay;
use crate::client::connect::Connection;
use crate::client::lists::Within;
use crate::client::metrics::text::text;
use crate::client::metrics::{Around, metrics};
use crate::client::mutes::{Mutes, MutesFile};
use crate::client::survey::{Depth, Survey};
use crate::domain::finding::{Finding, findings};
use crate::domain::{Scope, Time};
use crate::engine::Engine;
use axum::Router;
use chrono::Utc;
use parking_lot::RwLock;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// The engine is not asked again within so much time.
const PAUSE: Duration = Duration::from_secs(5);

/// Asking takes one part of so many of the time at most.
const PART: u32 = 20;

/// The longest that nobody looks.
const LONGEST: Duration = Duration::from_mins(1);

/// Everything is asked anew after so much time: of jobs that the engine forgets nobody tells.
const ANEW: Duration = Duration::from_hours(24);

/// A monitor waits so long for a look that is under way; then it is told what was known before.
const WAIT: Duration = Duration::from_secs(8);

/// What is older than this a monitor is not told: the look that is under way hangs.
const OLDEST: Duration = Duration::from_mins(10);

/// What is known of an engine of this process.
pub(super) struct Watch {
    engine: Arc<Engine>,
    connection: Arc<Connection>,
    mutes: MutesFile,
    /// Whether monitors are told of it.
    tells_monitors: bool,
    under_way: UnderWay<Arc<Found>>,
    known: Mutex<Known>,
    /// What a monitor is told, and since when; none before the first look.
    told: RwLock<Option<(Instant, Arc<str>)>>,
}

/// What was found by a look.
#[derive(Default)]
pub(super) struct Found {
    /// Which look it was, from 1 on.
    pub(super) number: u64,
    /// Everything that is wrong.
    pub(super) findings: Vec<Finding>,
    /// What the user has muted.
    pub(super) mutes: Mutes,
    /// The scopes that did not tell all that they were asked; none where nothing is known to be over, in whatever scope.
    pub(super) unread: Option<Vec<Scope>>,
    /// The service's time.
    pub(super) now: Time,
}

/// What is known since the last look.
#[derive(Default)]
struct Known {
    survey: Survey,
    found: Arc<Found>,
    refreshes: u64,
    last: Option<Last>,
}

/// When was looked last.
struct Last {
    /// How many transactions had written when it was asked.
    commits: u64,
    asked: Instant,
    took: Duration,
    looked: Instant,
    whole: Instant,
}

/// What a look has to do.
#[derive(Debug, PartialEq, Eq)]
enum Need {
    Nothing,
    Keep,
    Ask,
    AskAll,
}

impl Last {
    fn need(&self, commits: u64) -> Need {
        let pause = PAUSE.max(self.took * PART).min(LONGEST);
        if self.whole.elapsed() > ANEW {
            Need::AskAll
        } else if commits != self.commits && self.asked.elapsed() >= pause {
            Need::Ask
        } else if self.looked.elapsed() >= LONGEST {
            Need::Keep
        } else {
            Need::Nothing
        }
    }
}

impl Watch {
    /// A watch of an engine by these routes, which are its owner's.
    pub(super) fn of(
        session: &Session,
        engine: &Arc<Engine>,
        routes: Router,
        tells_monitors: bool,
    ) -> Result<Arc<Self>, Failure> {
        let connection = connect(plain(session, transport_to(routes)))?;
        let mutes = mutes(session, &connection, "");
        let (under_way, known, told) = (UnderWay::default(), Mutex::default(), RwLock::default());
        let engine = Arc::clone(engine);
        Ok(Arc::new(Self { engine, connection, mutes, tells_monitors, under_way, known, told }))
    }

    /// What a monitor is told, brought up to now where that is worth it. The error is that nothing is known yet, or not any more, or
    /// why not.
    pub(super) async fn metrics(self: Arc<Self>) -> Result<Arc<str>, String> {
        if let Ok(looked) = tokio::time::timeout(WAIT, self.look()).await {
            looked?;
        }
        of_late(self.told.read().as_ref())
    }

    /// The engine that is watched.
    pub(super) fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// What is found, brought up to now where that is worth it. All who ask at a time share one look.
    pub(super) async fn look(self: &Arc<Self>) -> Result<Arc<Found>, String> {
        let this = Arc::clone(self);
        let looked = self.under_way.share(async move { this.look_again().await }).await;
        looked.map_err(|why| format!("the look at the engine: {why}"))
    }

    async fn look_again(&self) -> Result<Arc<Found>, String> {
        let mut known = self.known.lock().await;
        let commits = self.engine.commits();
        let need = known.last.as_ref().map_or(Need::AskAll, |last| last.need(commits));
        if need != Need::Nothing {
            self.bring_up(&mut known, &need, commits).await?;
        }
        Ok(Arc::clone(&known.found))
    }

    async fn bring_up(&self, known: &mut Known, need: &Need, commits: u64) -> Result<(), String> {
        let begun = Instant::now();
        let mutes = tokio::task::block_in_place(|| muted(&self.mutes, &known.found))?;
        if *need == Need::AskAll {
            known.survey.forget();
        }
        if *need == Need::Keep {
            known.survey.keep(&self.connection).await.map_err(|fault| fault.to_string())?;
        } else {
            let refreshed = known.survey.refresh(&self.connection, &Within::default(), Depth::Points).await;
            refreshed.map_err(|fault| fault.to_string())?;
            known.refreshes += 1;
        }
        // Much to count, and this is one of the runtime's few threads.
        tokio::task::block_in_place(|| self.count(known, mutes));
        let looked = Instant::now();
        known.last = Some(match (known.last.take(), need) {
            // Of what was written meanwhile nothing is known yet.
            (Some(last), Need::Keep) => Last { looked, ..last },
            (Some(last), Need::Ask) => Last { commits, asked: begun, took: begun.elapsed(), looked, ..last },
            // How long it takes to ask for what changed is not known yet.
            _ => Last { commits, asked: begun, took: Duration::ZERO, looked, whole: begun },
        });
        Ok(())
    }

    /// Counts what follows from what is known.
    fn count(&self, known: &mut Known, mutes: Mutes) {
        let survey = &known.survey;
        let facts = survey.facts();
        let findings = findings(&facts);
        if self.tells_monitors {
            let (refreshes, now) = (known.refreshes, Utc::now());
            let around = Around { facts: &facts, findings: &findings, mutes: &mutes, refreshes, now };
            *self.told.write() = Some((Instant::now(), text(&metrics(survey, &around)).into()));
        }
        let (number, unread, now) = (known.found.number + 1, survey.unread(), survey.now());
        known.found = Arc::new(Found { number, findings, mutes, unread, now });
    }
}

/// What the user has muted. Where the file cannot be read, what was muted before counts; at the first look nobody knows what that
/// was, and all that is muted would speak.
fn muted(file: &MutesFile, before: &Found) -> Result<Mutes, String> {
    match file.read() {
        Err(error) if before.number == 0 => Err(error.to_string()),
        Err(error) => {
            tracing::warn!(%error, "what was muted before counts");
            Ok(before.mutes.clone())
        }
        Ok(mutes) => Ok(mutes),
    }
}

/// What a monitor may be told of what is known.
fn of_late(told: Option<&(Instant, Arc<str>)>) -> Result<Arc<str>, String> {
    let Some((since, text)) = told else {
        return Err("the engine is being read for the first time; ask again".to_owned());
    };
    let age = since.elapsed();
    if age > OLDEST {
        Err(format!("the engine has not told anything for {} minutes", age.as_secs() / 60))
    } else {
        Ok(Arc::clone(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ago(seconds: u64) -> Instant {
        Instant::now().checked_sub(Duration::from_secs(seconds)).unwrap()
    }

    fn last(seconds: u64, took: u64) -> Last {
        Last {
            commits: 7,
            asked: ago(seconds),
            took: Duration::from_secs(took),
            looked: ago(seconds),
            whole: ago(seconds),
        }
    }

    #[test]
    fn an_engine_is_asked_when_something_was_written_and_not_too_often() {
        assert_eq!(last(50, 0).need(7), Need::Nothing, "nothing was written");
        assert_eq!(last(1, 0).need(8), Need::Nothing, "it was asked a moment ago");
        assert_eq!(last(6, 0).need(8), Need::Ask);
        assert_eq!(last(6, 2).need(8), Need::Nothing, "it takes long");
        assert_eq!(last(41, 2).need(8), Need::Ask);
        assert_eq!(last(61, 900).need(8), Need::Ask, "however long it takes, nobody waits longer than that");
        assert_eq!(last(61, 0).need(7), Need::Keep, "time alone makes runs miss");
        assert_eq!(last(61, 0).need(8), Need::Ask);
    }

    #[test]
    fn a_monitor_is_not_told_what_is_older_than_ten_minutes() {
        assert!(of_late(None).is_err());
        assert_eq!(of_late(Some(&(ago(590), "text".into()))), Ok("text".into()));
        assert!(of_late(Some(&(ago(660), "text".into()))).is_err_and(|why| why.contains("11 minutes")));
    }

    #[test]
    fn mutes_that_cannot_be_read_are_those_before_and_an_error_where_nobody_knows_any() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mutes.json");
        std::fs::write(&path, "no JSON").unwrap();
        let file = MutesFile::new(path, "here", "");
        assert!(muted(&file, &Found::default()).is_err());
        let key = serde_json::json!({ "key": { "note": "n", "at": "2026-11-01T00:00:00Z", "who": "w" } });
        let before = Found { number: 1, mutes: serde_json::from_value(key).unwrap(), ..Found::default() };
        assert_eq!(muted(&file, &before), Ok(before.mutes.clone()));
    }
}
