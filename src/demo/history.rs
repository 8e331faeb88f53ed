//! Thirty-five days in the life of the sample organization, with what goes wrong in them.

use super::files::{Random, import};
use super::organization::{
    AIR_GAPPED, COOLING_OFF, DATA, GROWING, LOST, PRIVATE, PRODUCTION, REMOVED_ROLE, RESTORED, SAMPLES, STAGING,
    Sample, UPLOADS, caller, folder_of, found, lock,
};
use super::{DAYS, Result, Tell, failed, volumes};
use crate::domain::legal_hold::{DateRange, HoldSelection};
use crate::domain::recovery_point::RecoveryPointStatus;
use crate::domain::{Arn, Lifecycle, Tags};
use crate::engine::{
    AdvanceTo, Engine, Error as EngineError, FIRST_REGION, NewHold, PageRequest, RecoveryPointFilter, StartBackup,
    StartRestore,
};
use chrono::{Duration, Utc};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

/// The day on which a role is taken away: the plan goes silent.
const ROLE_REMOVED: i64 = DAYS - 6;
/// The day on which a folder is lost: its backups fail.
const FOLDER_LOST: i64 = DAYS - 2;
/// The day of a large import: what follows does not fit into the window of a night.
const IMPORT: i64 = DAYS - 3;
/// The day on which somebody hides a file: whoever is not root sees a backup completed with issues.
const HIDDEN: i64 = DAYS - 1;
/// How much is imported; at the rate of the simulated past more than two hours of reading.
const IMPORTED_BYTES: u64 = 32 * 1024 * 1024;
/// The day on which somebody needs a folder back.
const RESTORE: i64 = DAYS - 8;
/// The day on which the lawyers ask for the customers' uploads of two days: they outlive their fourteen.
const HELD: i64 = DAYS - 12;
/// The day on which a copy of what matters most is put out of everybody's reach.
const GAPPED: i64 = DAYS - 9;
/// The day on which somebody backs up before an upgrade.
const UPGRADE: i64 = DAYS - 10;

/// Makes the organization and lives through its days, up to now.
pub(super) fn live(engine: &Arc<Engine>, files: &Path, tell: Tell<'_>) -> Result<()> {
    let mut random = Random::new(35);
    tell(0.0, "making files");
    for sample in &SAMPLES {
        let folder = folder_of(files, sample);
        sample.content.fill(&folder, &mut random).map_err(failed(format!("fill {}", folder.display())))?;
    }
    found(engine, files)?;
    volumes::make(engine, files)?;
    for day in 1..=DAYS {
        tell(day as f64 / DAYS as f64, &format!("day {day} of {DAYS}"));
        live_a_day(engine, files, day, &mut random)?;
    }
    engine.advance(AdvanceTo::At(Utc::now()))?;
    engine.put_vault_lock(&caller(DATA, FIRST_REGION)?, COOLING_OFF, &lock(5))?;
    Ok(())
}

fn live_a_day(engine: &Arc<Engine>, files: &Path, day: i64, random: &mut Random) -> Result<()> {
    for sample in SAMPLES.iter().filter(|sample| day < FOLDER_LOST || sample.name != LOST) {
        let folder = folder_of(files, sample);
        sample.content.live_a_day(&folder, day, random).map_err(failed(format!("change {}", folder.display())))?;
    }
    volumes::live_a_day(files, day)?;
    match day {
        HELD => hold_uploads(engine)?,
        UPGRADE => back_up_before_an_upgrade(engine)?,
        GAPPED => back_up_behind_the_air_gap(engine)?,
        RESTORE => restore_a_folder(engine, files)?,
        ROLE_REMOVED => engine.remove_role(&Arn::role(&caller(STAGING, FIRST_REGION)?.account, REMOVED_ROLE))?,
        IMPORT => {
            let folder = folder_of(files, named(GROWING));
            import(&folder, IMPORTED_BYTES, random).map_err(failed(format!("import into {}", folder.display())))?;
        }
        HIDDEN => {
            let file = folder_of(files, named(PRIVATE)).join("vpn.key");
            let hidden = fs::write(&file, "a key that is nobody else's business\n")
                .and_then(|()| fs::set_permissions(&file, fs::Permissions::from_mode(0o000)));
            hidden.map_err(failed(format!("hide {}", file.display())))?;
        }
        FOLDER_LOST => {
            let folder = folder_of(files, named(LOST));
            fs::remove_dir_all(&folder).map_err(failed(format!("remove {}", folder.display())))?;
        }
        _ => {}
    }
    let tomorrow = (engine.now() + Duration::days(1)).min(Utc::now());
    engine.advance(AdvanceTo::At(tomorrow))?;
    Ok(())
}

/// The sample of a name that the table has.
fn named(name: &str) -> &'static Sample {
    SAMPLES.iter().find(|sample| sample.name == name).unwrap_or(&SAMPLES[0])
}

fn arn_of(engine: &Engine, name: &str) -> Result<Arn> {
    let resources = engine.resources()?.resources;
    let found = resources.into_iter().find(|resource| resource.name == name);
    let text = found.map(|resource| resource.resource_arn).unwrap_or_default();
    Ok(text.parse::<Arn>().map_err(EngineError::from)?)
}

/// A hold on what there is of two days, of one resource.
fn hold_uploads(engine: &Engine) -> Result<()> {
    let caller = caller(PRODUCTION, FIRST_REGION)?;
    let now = engine.now();
    let selection = HoldSelection {
        vault_names: vec!["production-daily".to_owned()],
        resource_identifiers: vec![arn_of(engine, UPLOADS)?.to_string()],
        date_range: Some(DateRange { from_date: now - Duration::days(2), to_date: now }),
    };
    engine.create_legal_hold(
        &caller,
        NewHold {
            title: "Case 2026-117".to_owned(),
            description: "Uploads that a customer disputes; ask the legal team before it is released.".to_owned(),
            selection,
            tags: Tags::from([("team".to_owned(), "legal".to_owned())]),
            idempotency_token: None,
        },
    )?;
    Ok(())
}

fn back_up_before_an_upgrade(engine: &Engine) -> Result<()> {
    let caller = caller(PRODUCTION, FIRST_REGION)?;
    engine.start_backup_job(
        &caller,
        StartBackup {
            vault_name: "production-monthly".to_owned(),
            air_gapped_vault: None,
            resource_arn: arn_of(engine, RESTORED)?,
            iam_role_arn: Arn::default_role(&caller.account),
            idempotency_token: None,
            start_window_minutes: None,
            complete_window_minutes: None,
            lifecycle: None,
            recovery_point_tags: Tags::from([("reason".to_owned(), "before the upgrade".to_owned())]),
            backup_options: std::collections::BTreeMap::new(),
        },
    )?;
    Ok(())
}

fn back_up_behind_the_air_gap(engine: &Engine) -> Result<()> {
    let caller = caller(PRODUCTION, FIRST_REGION)?;
    engine.start_backup_job(
        &caller,
        StartBackup {
            vault_name: "production-daily".to_owned(),
            air_gapped_vault: Some(Arn::vault(&caller.scope(), &AIR_GAPPED.parse().map_err(EngineError::from)?)),
            resource_arn: arn_of(engine, RESTORED)?,
            iam_role_arn: Arn::default_role(&caller.account),
            idempotency_token: None,
            start_window_minutes: None,
            complete_window_minutes: None,
            lifecycle: Some(Lifecycle::delete_after(90)),
            recovery_point_tags: Tags::new(),
            backup_options: std::collections::BTreeMap::new(),
        },
    )?;
    Ok(())
}

/// Brings yesterday's journal back, into a folder beside the others.
fn restore_a_folder(engine: &Engine, files: &Path) -> Result<()> {
    let caller = caller(PRODUCTION, FIRST_REGION)?;
    let filter =
        RecoveryPointFilter { resource_arn: Some(arn_of(engine, RESTORED)?), ..RecoveryPointFilter::default() };
    let points =
        engine.list_recovery_points_by_vault(&caller, "production-daily", &filter, &PageRequest::default())?.items;
    // At whatever time of day this is run, the newest may be that of a job that is under way.
    let whole = points.into_iter().filter(|point| point.status == RecoveryPointStatus::Completed);
    let Some(point) = whole.max_by_key(|point| point.created) else { return Ok(()) };
    let mut metadata = engine.recovery_point_restore_metadata(&caller, "production-daily", &point.arn)?;
    metadata.insert("newFileSystem".to_owned(), "true".to_owned());
    metadata.insert("ItemsToRestore".to_owned(), r#"["/journal.log"]"#.to_owned());
    let target = files.join(PRODUCTION).join("projects-restored");
    metadata.insert("vaultdeck:path".to_owned(), target.to_string_lossy().into_owned());
    engine.start_restore_job(
        &caller,
        StartRestore {
            recovery_point_arn: point.arn,
            metadata,
            iam_role_arn: Some(Arn::default_role(&caller.account)),
            idempotency_token: None,
            resource_type: None,
            copy_source_tags: false,
        },
    )?;
    Ok(())
}
