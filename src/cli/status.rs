//! `vaultdeck status` and `vaultdeck clock`: whether an engine does what it is there for, and what time it lives in.

use super::Session;
use super::arguments::{ClockCommand, PlainFormat, StatusOptions};
use super::context::Reached;
use super::failure::{Exit, Failure};
use super::host::{Host, Purpose};
use super::output;
use crate::domain::extension::{Health, Problem, ProblemSeverity, Status};
use crate::engine::data_dir::live_engine;
use crate::engine::read_only::ReadOnly;

/// Tells how an engine is; the exit code tells it too: 0 well, 3 with warnings, 1 with errors, 4 when none answers.
pub(super) async fn run(session: &Session, options: &StatusOptions) -> Result<Exit, Failure> {
    if options.place.names_a_place() {
        let reached = Reached::open(session, &options.place, &[], false, Purpose::Look).await?;
        let health = reached.connection.health().await;
        reached.close().await;
        return tell(options.output, &health?);
    }
    if live_engine(&session.data_dir).is_none() {
        let directory = session.data_dir.display();
        let what_to_do = match ReadOnly::found(&session.data_dir) {
            Some(why) => format!("The {why}"),
            None => "Start one: vaultdeck serve".to_owned(),
        };
        return Err(Failure::out_of_reach(format!(
            "no engine runs in {directory}: no plan runs and nothing expires. {what_to_do}"
        )));
    }
    let host = Host::reach(session, Purpose::Look).await?;
    let status = host.control().status().await;
    host.close().await;
    let status = status?;
    match options.output {
        PlainFormat::Json => output::print_json(&status)?,
        PlainFormat::Text => output::write(&(facts(&status) + &told(&status.problems)))?,
    }
    Ok(exit(&status.problems))
}

/// `vaultdeck clock confirm`.
pub(super) async fn clock(session: &Session, command: ClockCommand) -> Result<Exit, Failure> {
    let ClockCommand::Confirm = command;
    let host = Host::reach(session, Purpose::Look).await?;
    let confirmed = host.control().confirm_clock().await;
    host.close().await;
    let confirmed = confirmed?;
    let time = confirmed.now.format("%Y-%m-%d %H:%M:%S UTC");
    output::write(&if confirmed.was_doubted {
        format!("the clock is believed: it is {time}\n")
    } else {
        format!("the clock was not doubted: it is {time}\n")
    })?;
    Ok(Exit::Done)
}

fn tell(format: PlainFormat, health: &Health) -> Result<Exit, Failure> {
    match format {
        PlainFormat::Json => output::print_json(health)?,
        PlainFormat::Text => output::write(&told(&health.problems))?,
    }
    Ok(exit(&health.problems))
}

fn facts(status: &Status) -> String {
    format!(
        "vaultdeck {} runs as process {}{}\nengine time {}, by the {} clock\n{} active jobs\n",
        status.version,
        status.pid,
        status.endpoint_url.as_ref().map(|url| format!(", listening on {url}")).unwrap_or_default(),
        status.now.format("%Y-%m-%d %H:%M:%S UTC"),
        status.clock,
        status.active_jobs
    )
}

fn told(problems: &[Problem]) -> String {
    if problems.is_empty() {
        return "all is well\n".to_owned();
    }
    let line = |problem: &Problem| match problem.severity {
        ProblemSeverity::Error => format!("error: {}\n", problem.message),
        ProblemSeverity::Warning => format!("warning: {}\n", problem.message),
    };
    problems.iter().map(line).collect()
}

fn exit(problems: &[Problem]) -> Exit {
    match problems.iter().map(|problem| problem.severity).max() {
        None => Exit::Done,
        Some(ProblemSeverity::Warning) => Exit::DoneWithIssues,
        Some(ProblemSeverity::Error) => Exit::Failed,
    }
}
