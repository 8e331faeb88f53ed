//! Attempts to break what a vault promises, by ways that lie below the API: catalogs and files that are put back, lost or
//! damaged, repairs, and what goes with the days. What callers try is in `tests/server/promises.rs`.

mod keys;
mod paths;
mod policy_record;
mod records;
mod shares_record;

use crate::bench::{Bench, VAULT, assert_completed};
use std::fs;
use std::path::{Path, PathBuf};
use vaultdeck::domain::{Arn, Lifecycle};
use vaultdeck::engine::{ClockKind, Engine, EngineOptions, Error, ErrorKind};

/// The catalog of an engine that is stopped, with what SQLite keeps beside it.
pub struct OldCatalog(Vec<(PathBuf, Option<Vec<u8>>)>);

impl OldCatalog {
    /// Stops the engine, keeps a copy of its catalog, and starts it again.
    pub fn keep(bench: &mut Bench) -> Self {
        bench.stop();
        let paths = ["", "-wal", "-shm"].map(|end| bench.path(&format!("data/catalog.sqlite{end}")));
        let copy = Self(paths.into_iter().map(|path| (path.clone(), fs::read(path).ok())).collect());
        bench.start();
        copy
    }

    /// Stops the engine and puts the copy in the place of its catalog.
    pub fn put_back(&self, bench: &mut Bench) {
        bench.stop();
        for (path, content) in &self.0 {
            match content {
                Some(content) => fs::write(path, content).unwrap(),
                None => drop(fs::remove_file(path)),
            }
        }
    }
}

/// Stops the engine, takes its catalog away, and makes a new one from the vaults' folders.
pub fn lose_catalog(bench: &mut Bench) {
    bench.stop();
    for end in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(bench.path(&format!("data/catalog.sqlite{end}")));
    }
    let _ = fs::remove_dir_all(bench.path("data/catalog-copies"));
    let options = EngineOptions {
        data_dir: bench.path("data"),
        clock: ClockKind::Simulated,
        scheduler: true,
        simulated_rate: None,
        cold: std::collections::BTreeMap::new(),
    };
    let (engine, report) = Engine::open_rebuilding(options).unwrap();
    assert!(report.is_some());
    bench.engine = Some(engine);
}

/// A file of the test's vault that the engine keeps for itself.
pub fn own_file(bench: &Bench, name: &str) -> PathBuf {
    bench.path(&format!("data/vaults/123456789012/us-east-1/{VAULT}/vaultdeck/{name}"))
}

/// Puts something in the place of a file, or takes it away, at once: whoever looks meanwhile sees the one or the other.
pub fn put(path: &Path, content: Option<&[u8]>) {
    match content {
        Some(content) => {
            let beside = path.with_extension("new");
            fs::write(&beside, content).unwrap();
            fs::rename(beside, path).unwrap();
        }
        None => fs::remove_file(path).unwrap(),
    }
}

/// A recovery point that lives so many days, or for ever.
pub fn point(bench: &Bench, resource: &Arn, days: Option<i64>) -> Arn {
    let mut request = bench.backup_request(resource);
    request.lifecycle = days.map(Lifecycle::delete_after);
    let job = bench.engine().start_backup_job(&bench.caller, request).unwrap();
    let job = bench.wait(&job.id);
    assert_completed(&job);
    job.recovery_point_arn.unwrap()
}

pub fn delete(bench: &Bench, point: &Arn) -> Result<(), Error> {
    delete_in(bench, VAULT, point)
}

/// The same of a point in another vault.
pub fn delete_in(bench: &Bench, vault: &str, point: &Arn) -> Result<(), Error> {
    bench.engine().delete_recovery_point(&bench.caller, vault, point)
}

pub fn is_denied(answer: Result<(), Error>) -> bool {
    answer.is_err_and(|error| error.kind() == ErrorKind::AccessDenied)
}

/// A policy that denies everybody these actions.
pub fn deny(actions: &[&str]) -> String {
    let actions: Vec<String> = actions.iter().map(|action| format!("\"backup:{action}\"")).collect();
    format!(r#"{{"Statement":{{"Effect":"Deny","Principal":"*","Action":[{}],"Resource":"*"}}}}"#, actions.join(","))
}
