//! A job in view: a bar on a terminal, a line for every new state elsewhere.

use super::arguments::OrderOptions;
use super::context::Reached;
use super::failure::Failure;
use super::host::Host;
use super::output::{self, bytes, say};
use super::progress;
use crate::domain::job::JobState;
use crate::domain::names::JobId;
use indicatif::ProgressBar;
use std::future::Future;

/// Shows how a job goes, on standard error.
pub(super) struct Follower {
    bar: ProgressBar,
    state: String,
}

/// What there is to show of a job.
pub(super) struct Glance<'a> {
    pub(super) state: &'a str,
    pub(super) percent: Option<f64>,
    pub(super) moved: Option<i64>,
}

impl Follower {
    pub(super) fn new() -> Self {
        let bar = progress::bar("{spinner} {msg} [{bar:32}] {percent:>3}% {elapsed}");
        Self { bar, state: String::new() }
    }

    pub(super) fn show(&mut self, glance: &Glance<'_>) {
        if self.bar.is_hidden() && self.state != glance.state {
            say(glance.state);
        }
        glance.state.clone_into(&mut self.state);
        let moved = glance.moved.and_then(|moved| u64::try_from(moved).ok()).filter(|moved| *moved > 0);
        let moved = moved.map(|moved| format!(" {}", bytes(moved))).unwrap_or_default();
        self.bar.set_message(format!("{}{moved}", glance.state));
        let tenths = glance.percent.unwrap_or_default().clamp(0.0, 100.0) * 10.0;
        self.bar.set_position(tenths as u64);
    }

    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }
}

/// Prints the id of a job that is not to be followed. It is followed all the same where the engine would end with the command.
pub(super) fn left_alone(reached: &Reached, options: &OrderOptions, id: &JobId) -> Result<bool, Failure> {
    let alone = options.no_wait && !reached.host.as_ref().is_some_and(Host::is_own);
    if alone {
        output::write(&format!("{id}\n"))?;
    }
    Ok(alone)
}

/// Says how a job ended that did not end as it should.
pub(super) fn say_end(id: &JobId, state: &JobState, message: Option<&str>) {
    let message = message.unwrap_or("no reason was told");
    say(&format!("vaultdeck: job {id} ended {}: {message}", state.as_str()));
}

/// Waits for a job, or for `ctrl-c`, which leaves the job to itself.
pub(super) async fn wait<T>(
    reached: &Reached,
    job: impl Future<Output = Result<T, crate::client::Fault>>,
) -> Result<T, Failure> {
    tokio::select! {
        ended = job => Ok(ended?),
        _ = tokio::signal::ctrl_c() => {
            let own = reached.host.as_ref().is_some_and(Host::is_own);
            let message = if own {
                "interrupted; the job resumes when the engine runs again"
            } else {
                "no longer followed; the job goes on"
            };
            Err(Failure::failed(message))
        }
    }
}
