//! Pages of ListBackupJobs: every filter, and every pair, by values that many jobs have and that none has.

use crate::{Result, head, told};
use rusqlite::Connection;
use std::time::Instant;
use vaultdeck::domain::Time;
use vaultdeck::engine::{BackupJobFilter, Caller, ClockKind, Engine, EngineOptions, PageRequest, RestoreRoots};

const BUDGET: f64 = 50.0;

/// The first moment of the history, in milliseconds, and how far two jobs are apart.
const BEGIN: i64 = 1_760_000_000_000;
const APART: i64 = 34_560;

/// 2 accounts, 20 vaults, 200 resources, 3 types, 4 states.
const FILL: &str = "
    INSERT INTO accounts (id, name, email, management, status, joined) SELECT '210987654321', 'member', 'member@accounts.invalid', 0, 'ACTIVE', 0
        WHERE NOT EXISTS (SELECT 1 FROM accounts WHERE id = '210987654321');
    WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :jobs)
    INSERT INTO backup_jobs (id, account, region, vault_name, vault_arn, resource_arn, resource_name, resource_type, created,
        initiated, completed, state, message_category, percent_done, size_bytes, bytes_transferred, backup_options,
        complete_by, recovery_point_tags)
    SELECT printf('%08X-0000-4000-8000-000000000000', i),
        CASE WHEN i % 10 = 0 THEN '210987654321' ELSE '123456789012' END, 'us-east-1', 'vault-' || (i % 20),
        'arn:aws:backup:us-east-1:123456789012:backup-vault:vault-' || (i % 20),
        'arn:aws:elasticfilesystem:us-east-1:123456789012:file-system/fs-' || (i % 200), 'name-' || (i % 200),
        CASE i % 200 % 3 WHEN 0 THEN 'EFS' WHEN 1 THEN 'S3' ELSE 'EBS' END,
        1760000000000 + i * 34560, 1760000000000 + i * 34560, 1760000000000 + i * 34560 + 60000 + i % 7 * 600000,
        CASE WHEN i % 50 = 0 THEN 'FAILED' WHEN i % 51 = 0 THEN 'EXPIRED' WHEN i % 997 = 0 THEN 'ABORTED' ELSE 'COMPLETED' END,
        CASE WHEN i % 50 = 0 THEN 'AccessDenied' WHEN i % 51 = 0 THEN 'MISCELLANEOUS' ELSE 'SUCCESS' END,
        100.0, 1000, 1000, '{}', 0, '{}'
    FROM n";

type Change = (String, Box<dyn Fn(&mut BackupJobFilter)>);

pub fn run(jobs: i64) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let options = EngineOptions {
        data_dir: folder.path().join("data"),
        clock: ClockKind::System,
        scheduler: false,
        simulated_rate: None,
        cold: std::collections::BTreeMap::new(),
    };
    drop(Engine::open(options.clone())?);
    eprintln!("writing {jobs} jobs …");
    let started = Instant::now();
    let database = Connection::open(options.data_dir.join("catalog.sqlite"))?;
    let (accounts, rows) = FILL.split_once(';').ok_or("two statements")?;
    database.execute_batch(accounts)?;
    database.execute(rows, [jobs])?;
    database.close().map_err(|(_, error)| error)?;
    eprintln!("{:.1} µs a row", started.elapsed().as_secs_f64() * 1e6 / jobs as f64);

    let engine = Engine::open(options)?;
    let caller = Caller {
        account: "123456789012".parse()?,
        region: "us-east-1".parse()?,
        user_arn: "arn:aws:iam::123456789012:user/bench".parse()?,
        user_id: None,
        restore_roots: RestoreRoots::Any,
    };
    let changes = changes(jobs)?;
    let mut measured: Vec<(f64, String)> = Vec::new();
    for (index, (name, first)) in changes.iter().enumerate() {
        for (other, second) in &changes[index..] {
            let mut filter = BackupJobFilter::default();
            first(&mut filter);
            second(&mut filter);
            let what = if name == other { name.clone() } else { format!("{name}, {other}") };
            measured.push((page(&engine, &caller, &filter)?, what));
        }
    }
    let number = measured.len();
    measured.sort_by(|a, b| b.0.total_cmp(&a.0));
    head(&format!("a page of 1000 of ListBackupJobs at {jobs} jobs: the slowest of {number} filters and pairs"));
    for (milliseconds, what) in measured.iter().take(15) {
        told(what, *milliseconds, BUDGET);
    }
    Ok(())
}

/// The quicker of two calls: the first one may read from the disk.
fn page(engine: &Engine, caller: &Caller, filter: &BackupJobFilter) -> Result<f64> {
    let mut best = f64::INFINITY;
    for _ in 0..2 {
        let started = Instant::now();
        engine.list_backup_jobs(caller, filter, &PageRequest::default())?;
        best = best.min(started.elapsed().as_secs_f64() * 1000.0);
    }
    Ok(best)
}

fn changes(jobs: i64) -> Result<Vec<Change>> {
    type Set = fn(&mut BackupJobFilter, String);
    let texts: [(&str, Set, &[&str]); 5] = [
        ("state", |f, text| f.state = Some(text), &["COMPLETED", "FAILED", "ABORTED", "RUNNING"]),
        ("vault", |f, text| f.vault_name = Some(text), &["vault-7", "vault-none"]),
        ("type", |f, text| f.resource_type = Some(text), &["EFS", "S3", "none"]),
        ("category", |f, text| f.message_category = Some(text), &["SUCCESS", "accessdenied", "none"]),
        ("parent", |f, text| f.parent_job_id = Some(text), &["none"]),
    ];
    let mut changes: Vec<Change> = vec![
        ("no filter".to_owned(), Box::new(|_| ())),
        ("all accounts".to_owned(), Box::new(|f| f.account_id = Some("*".to_owned()))),
        ("account 210987654321".to_owned(), Box::new(|f| f.account_id = Some("210987654321".to_owned()))),
    ];
    for (name, set, values) in texts {
        for value in values {
            let value = (*value).to_owned();
            changes.push((format!("{name} {value}"), Box::new(move |f| set(f, value.clone()))));
        }
    }
    for resource in ["fs-1", "fs-none"] {
        let arn: vaultdeck::domain::Arn =
            format!("arn:aws:elasticfilesystem:us-east-1:123456789012:file-system/{resource}").parse()?;
        changes.push((format!("resource {resource}"), Box::new(move |f| f.resource_arn = Some(arn.clone()))));
    }
    for (place, part) in [("the begin", 0.0), ("the middle", 0.5), ("the end", 0.999), ("beyond", 1.1)] {
        let millis = BEGIN + (part * (jobs * APART) as f64) as i64;
        let at: Time = chrono::DateTime::from_timestamp_millis(millis).ok_or("no such time")?;
        changes.push((format!("created after {place}"), Box::new(move |f| f.created_after = Some(at))));
        changes.push((format!("created before {place}"), Box::new(move |f| f.created_before = Some(at))));
        changes.push((format!("ended after {place}"), Box::new(move |f| f.complete_after = Some(at))));
        changes.push((format!("ended before {place}"), Box::new(move |f| f.complete_before = Some(at))));
    }
    Ok(changes)
}
