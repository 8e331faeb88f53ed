//! `vaultdeck demo`: the dashboard on the sample organization.

use super::arguments::DemoOptions;
use super::context::Reached;
use super::failure::{Exit, Failure};
use super::host::{Host, Purpose};
use super::progress::{self, LENGTH};
use super::{Session, dashboard, output};
use crate::demo;
use crate::engine::Engine;
use crate::engine::data_dir::live_engine;
use crate::tui::check_terminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(super) async fn run(session: &Session, options: &DemoOptions) -> Result<Exit, Failure> {
    if !options.no_dashboard {
        let alone = |why| Failure::usage(format!("{why}; --no-dashboard makes the demo alone"));
        check_terminal().map_err(alone)?;
    }
    let data_dir = if session.data_dir_named { &session.data_dir } else { &session.places.demo_dir };
    let session = Session { data_dir: data_dir.clone(), ..session.clone() };
    let (host, database) = if live_engine(data_dir).is_some() && !options.reset {
        (Host::reach(&session, Purpose::Work).await?, None)
    } else {
        let engine = open(data_dir.clone(), options.reset).await?;
        // It comes while the dashboard shows what there is already.
        let database =
            if options.no_dashboard || options.without_database { None } else { database_beside(&engine, data_dir) };
        (Host::of(engine, Purpose::Work)?, database)
    };
    let reached = Reached::of_host(&session, host)?;
    if options.no_dashboard {
        reached.close().await;
        output::write(&told(data_dir))?;
        return Ok(Exit::Done);
    }
    let ended = dashboard::show(&session, reached, options.theme.as_deref(), false).await;
    if let Some(database) = database {
        let stopped = tokio::task::spawn_blocking(move || database.stop()).await;
        stopped.map_err(|error| Failure::failed(format!("the demo's database did not stop: {error}")))?;
    }
    ended
}

/// The database of the demo, where this machine has what it needs.
fn database_beside(engine: &Arc<Engine>, data_dir: &Path) -> Option<demo::Database> {
    match demo::Database::beside(engine, data_dir) {
        Ok(database) => database,
        Err(why) => {
            output::say(&format!("The demo is without its PostgreSQL database: {why}."));
            None
        }
    }
}

/// Makes or continues the demo on a thread of its own, with a bar on standard error.
async fn open(data_dir: PathBuf, reset: bool) -> Result<Arc<Engine>, Failure> {
    let bar = progress::bar("{spinner} {msg:24} [{bar:32}] {elapsed}");
    bar.set_message("the sample organization");
    let shown = bar.clone();
    let made = tokio::task::spawn_blocking(move || {
        let mut tell = |done: f64, what: &str| {
            shown.set_message(what.to_owned());
            shown.set_position((done * LENGTH as f64) as u64);
        };
        demo::open(&demo::Options { data_dir, reset }, &mut tell)
    })
    .await;
    bar.finish_and_clear();
    match made {
        Ok(Ok(engine)) => Ok(engine),
        Ok(Err(demo::Error::Engine(error))) => Err(error.into()),
        Ok(Err(refused @ (demo::Error::NotADemo(_) | demo::Error::ProtectsMore { .. }))) => {
            Err(Failure::usage(refused.to_string()))
        }
        Ok(Err(error)) => Err(Failure::failed(error.to_string())),
        Err(panicked) => Err(Failure::failed(format!("the demo was not made: {panicked}"))),
    }
}

fn told(data_dir: &Path) -> String {
    let files = demo::files_folder(data_dir);
    format!("data directory  {}\nits files       {}\n", data_dir.display(), files.display())
}
