//! Our side of the comparison: whole jobs of the engine, from the request to the commit, each in a process of its own that
//! opens the engine and stops it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use vaultdeck::domain::extension::AddResource;
use vaultdeck::domain::job::JobState;
use vaultdeck::domain::{Arn, Tags};
use vaultdeck::engine::{
    Caller, ClockKind, Engine, EngineOptions, PageRequest, RecoveryPointFilter, RestoreRoots, StartBackup, StartRestore,
};

use crate::Result;

const VAULT: &str = "Default";
/// The file in the data directory that holds the resource's ARN.
const RESOURCE: &str = "bench-resource";
/// How often it is looked whether a job is over.
const LOOK: Duration = Duration::from_millis(2);

pub fn create(data: &Path, source: &Path) -> Result<()> {
    let engine = open(data)?;
    let added = engine.add_resource(AddResource {
        resource_type: "EFS".to_owned(),
        name: "bench".to_owned(),
        location: vaultdeck::domain::types::Location::at_path(
            source.to_str().ok_or("the path of the source is not UTF-8")?,
        ),
        secret: None,
        tags: BTreeMap::new(),
        account_id: None,
        region: None,
    })?;
    fs::write(data.join(RESOURCE), added.resource_arn)?;
    close(&engine)
}

pub fn backup(data: &Path) -> Result<()> {
    let (engine, caller) = (open(data)?, caller()?);
    let request = StartBackup {
        vault_name: VAULT.to_owned(),
        air_gapped_vault: None,
        resource_arn: fs::read_to_string(data.join(RESOURCE))?.parse()?,
        iam_role_arn: Arn::default_role(&caller.account),
        idempotency_token: None,
        start_window_minutes: None,
        complete_window_minutes: None,
        lifecycle: None,
        recovery_point_tags: Tags::new(),
        backup_options: BTreeMap::new(),
    };
    let id = engine.start_backup_job(&caller, request)?.id;
    let job = loop {
        let job = engine.describe_backup_job(&caller, &id)?;
        if job.state.is_final() {
            break job;
        }
        std::thread::sleep(LOOK);
    };
    close(&engine)?;
    match (job.state, job.status_message) {
        (JobState::Completed, None) => Ok(()),
        (state, message) => Err(format!("{}: {message:?}", state.as_str()).into()),
    }
}

pub fn restore(data: &Path, target: &Path) -> Result<()> {
    let (engine, caller) = (open(data)?, caller()?);
    let (filter, page) = (RecoveryPointFilter::default(), PageRequest::default());
    let points = engine.list_recovery_points_by_vault(&caller, VAULT, &filter, &page)?.items;
    let point = points.into_iter().next().ok_or("there is no recovery point")?.arn;
    let mut metadata = engine.recovery_point_restore_metadata(&caller, VAULT, &point)?;
    let path = target.to_str().ok_or("the path of the target is not UTF-8")?;
    metadata.insert("vaultdeck:path".to_owned(), path.to_owned());
    let request = StartRestore {
        recovery_point_arn: point,
        metadata,
        iam_role_arn: Some(Arn::default_role(&caller.account)),
        idempotency_token: None,
        resource_type: None,
        copy_source_tags: false,
    };
    let id = engine.start_restore_job(&caller, request)?;
    let job = loop {
        let job = engine.describe_restore_job(&caller, &id)?;
        if job.state.is_final() {
            break job;
        }
        std::thread::sleep(LOOK);
    };
    close(&engine)?;
    match job.state {
        JobState::Completed => Ok(()),
        state => Err(format!("{}: {:?}", state.as_str(), job.status_message).into()),
    }
}

fn open(data: &Path) -> Result<Arc<Engine>> {
    let options = EngineOptions {
        data_dir: data.to_owned(),
        clock: ClockKind::System,
        scheduler: true,
        simulated_rate: None,
        cold: std::collections::BTreeMap::new(),
    };
    Ok(Engine::open(options)?)
}

fn close(engine: &Arc<Engine>) -> Result<()> {
    if engine.shutdown(Duration::from_secs(10)) { Ok(()) } else { Err("the engine does not stop".into()) }
}

fn caller() -> Result<Caller> {
    let scope = Engine::first_scope()?;
    Ok(Caller {
        user_arn: format!("arn:aws:iam::{}:user/bench", scope.account).parse()?,
        account: scope.account,
        region: scope.region,
        user_id: None,
        restore_roots: RestoreRoots::Any,
    })
}
