//! Every filter of the lists of jobs, and every pair, against a catalog in which many jobs fit one of them and none both.

use super::*;
use crate::domain::Arn;
use crate::engine::catalog::Catalog;
use crate::engine::catalog::sample::{catalog, hour};
use crate::engine::catalog::values::time;
use crate::engine::jobs::backup::rows::{self as backups, BackupJobFilter};
use crate::engine::jobs::copy::rows::{self as copies, CopyJobFilter};
use crate::engine::jobs::restore::rows::{self as restores, RestoreJobFilter};
use rusqlite::StatementStatus;

const JOBS: i64 = 8_000;

/// What one page may cost in SQLite's steps. A walk over all jobs costs more.
const STEPS: i32 = 45_000;

/// A type, vault, state and category each: those of even and of odd jobs, so that pairs of one and the other fit nothing.
const VALUES: [[&str; 4]; 2] = [["EFS", "even", "COMPLETED", "SUCCESS"], ["S3", "odd", "FAILED", "AccessDenied"]];

fn filled(folder: &tempfile::TempDir) -> Catalog {
    let catalog = catalog(folder);
    catalog
        .write(|tx| {
            let mut backup = tx.prepare(
                "INSERT INTO backup_jobs (id, account, region, vault_name, vault_arn, resource_arn, resource_type, created,
                    completed, state, message_category, backup_options, complete_by, recovery_point_tags)
                 VALUES (?1, '123456789012', 'us-east-1', ?2,
                    'arn:aws:backup:us-east-1:123456789012:backup-vault:' || ?2, ?3, ?4, ?5, ?6, ?7, ?8, '{}', 0, '{}')",
            )?;
            let mut restore = tx.prepare(
                "INSERT INTO restore_jobs (id, account, region, recovery_point_arn, vault_arn, created, completed, state,
                    resource_type, metadata)
                 VALUES (?1, '123456789012', 'us-east-1', 'arn:aws:backup:us-east-1:123456789012:recovery-point:1',
                    'arn:aws:backup:us-east-1:123456789012:backup-vault:Default', ?2, ?3, ?4, ?5, '{}')",
            )?;
            for number in 0..JOBS {
                let [kind, vault, state, category] = VALUES[(number % 2) as usize];
                let (id, created) = (format!("{number:08}"), hour(number));
                let resource = format!("arn:aws:elasticfilesystem:us-east-1:123456789012:file-system/fs-{}", number % 50);
                let ended = created + 3_600_000;
                backup.execute(rusqlite::params![id, vault, resource, kind, created, ended, state, category])?;
                restore.execute(rusqlite::params![id, created, ended, state, kind])?;
            }
            Ok(())
        })
        .unwrap();
    catalog
}

/// Filters by what they are called; of each kind one that fits many jobs and one that fits none.
type Filters<F> = Vec<(&'static str, Box<dyn Fn(&mut F)>)>;

fn backup_filters() -> Filters<BackupJobFilter> {
    let mut all: Filters<BackupJobFilter> = Vec::new();
    for (name, resource) in [("resource", "fs-1"), ("no resource", "fs-none")] {
        let arn: Arn =
            format!("arn:aws:elasticfilesystem:us-east-1:123456789012:file-system/{resource}").parse().unwrap();
        all.push((name, Box::new(move |f| f.resource_arn = Some(arn.clone()))));
    }
    for (name, index) in [("first kind", 0), ("second kind", 1)] {
        let [kind, vault, state, category] = VALUES[index];
        for part in 0..4 {
            all.push((
                name,
                Box::new(move |f| match part {
                    0 => f.resource_type = Some(kind.to_owned()),
                    1 => f.vault_name = Some(vault.to_owned()),
                    2 => f.state = Some(state.to_owned()),
                    _ => f.message_category = Some(category.to_lowercase()),
                }),
            ));
        }
    }
    all.push(("no vault", Box::new(|f| f.vault_name = Some("none".to_owned()))));
    all.push(("no type", Box::new(|f| f.resource_type = Some("RDS".to_owned()))));
    all.push(("no state", Box::new(|f| f.state = Some("RUNNING".to_owned()))));
    all.push(("no category", Box::new(|f| f.message_category = Some("none".to_owned()))));
    all.push(("parent", Box::new(|f| f.parent_job_id = Some("none".to_owned()))));
    for at in [-1, 10, JOBS / 2, JOBS - 10, JOBS + 10] {
        let at = time(hour(at)).unwrap();
        all.push(("created after", Box::new(move |f| f.created_after = Some(at))));
        all.push(("created before", Box::new(move |f| f.created_before = Some(at))));
        all.push(("ended after", Box::new(move |f| f.complete_after = Some(at))));
        all.push(("ended before", Box::new(move |f| f.complete_before = Some(at))));
    }
    all
}

fn restore_filters() -> Filters<RestoreJobFilter> {
    let mut all: Filters<RestoreJobFilter> = Vec::new();
    for state in ["COMPLETED", "FAILED", "RUNNING"] {
        all.push(("state", Box::new(move |f| f.status = Some(state.to_owned()))));
    }
    for kind in ["EFS", "S3", "RDS"] {
        all.push(("type", Box::new(move |f| f.resource_type = Some(kind.to_owned()))));
    }
    for at in [-1, JOBS / 2, JOBS + 10] {
        let at = time(hour(at)).unwrap();
        all.push(("created after", Box::new(move |f| f.created_after = Some(at))));
        all.push(("created before", Box::new(move |f| f.created_before = Some(at))));
        all.push(("ended after", Box::new(move |f| f.complete_after = Some(at))));
        all.push(("ended before", Box::new(move |f| f.complete_before = Some(at))));
    }
    all
}

/// Every filter alone and with every other one.
fn each_pair<F: Default>(filters: &Filters<F>, mut check: impl FnMut(&str, &F)) {
    for (index, (name, first)) in filters.iter().enumerate() {
        for (other, second) in &filters[index..] {
            let mut filter = F::default();
            first(&mut filter);
            second(&mut filter);
            check(&format!("{name} and {other}"), &filter);
        }
    }
}

/// Fails when any statement of a page scans, sorts, or takes too many steps; the keys that the page would show.
fn judge(connection: &Connection, list: &JobList, what: &str) -> Vec<Key> {
    let few = std::cell::Cell::new(0);
    for run in list.runs(connection, None).unwrap() {
        let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {}", run.sql)).unwrap();
        let details: Vec<String> = plan
            .query_map(params_from_iter(&run.parameters), |row| row.get("detail"))
            .unwrap()
            .map(std::result::Result::unwrap)
            .collect();
        for detail in &details {
            assert!(detail.starts_with("SEARCH") && !detail.contains("TEMP B-TREE"), "{what}: {detail}: {}", run.sql);
        }
        let mut statement = connection.prepare(&run.sql).unwrap();
        let mut rows = statement.query(params_from_iter(&run.parameters)).unwrap();
        let mut taken = 0;
        while taken <= 1000 && rows.next().unwrap().is_some() {
            taken += 1;
        }
        drop(rows);
        few.set(few.get() + statement.get_status(StatementStatus::VmStep));
    }
    assert!(few.get() < STEPS, "{what}: {} steps", few.get());
    list.newest(connection, None, 1001).unwrap()
}

/// What fits, found without any of the ways above.
fn plainly(connection: &Connection, table: &str, conditions: &[(String, Value)]) -> Vec<Key> {
    let texts: Vec<&str> = conditions.iter().map(|(text, _)| text.as_str()).collect();
    let sql = format!(
        "SELECT created, id FROM {table} NOT INDEXED WHERE {} ORDER BY created DESC, id DESC LIMIT 1001",
        if texts.is_empty() { "1".to_owned() } else { texts.join(" AND ") }
    );
    let values = conditions.iter().map(|(_, value)| value.clone());
    let mut statement = connection.prepare(&sql).unwrap();
    let rows = statement.query_map(params_from_iter(values), |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.map(std::result::Result::unwrap).collect()
}

fn condition(text: &str, value: Option<impl Into<Value>>) -> Option<(String, Value)> {
    value.map(|value| (text.to_owned(), value.into()))
}

#[test]
fn every_filter_and_pair_of_the_backup_jobs_is_searched_and_gives_what_fits() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = filled(&folder);
    let region = "us-east-1".parse().unwrap();
    let account: crate::domain::AccountId = "123456789012".parse().unwrap();
    catalog
        .read(|connection| {
            each_pair(&backup_filters(), |what, f| {
                let conditions: Vec<_> = [
                    condition("resource_arn = ?", f.resource_arn.as_ref().map(|arn| arn.as_str().to_owned())),
                    condition("state = ?", f.state.clone()),
                    condition("vault_name = ?", f.vault_name.clone()),
                    condition("resource_type = ?", f.resource_type.clone()),
                    condition("parent_job_id = ?", f.parent_job_id.clone()),
                    condition("message_category = ? COLLATE NOCASE", f.message_category.clone()),
                    condition("created > ?", f.created_after.map(millis)),
                    condition("created < ?", f.created_before.map(millis)),
                    condition("completed > ?", f.complete_after.map(millis)),
                    condition("completed < ?", f.complete_before.map(millis)),
                ]
                .into_iter()
                .flatten()
                .collect();
                let expected = plainly(connection, "backup_jobs", &conditions);
                for account in [None, Some(&account)] {
                    let list = backups::listing(account, &region, f);
                    assert_eq!(judge(connection, &list, what), expected, "{what}");
                }
            });
            Ok(())
        })
        .unwrap();
}

#[test]
fn every_filter_and_pair_of_the_restore_jobs_is_searched_and_gives_what_fits() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = filled(&folder);
    let region = "us-east-1".parse().unwrap();
    catalog
        .read(|connection| {
            each_pair(&restore_filters(), |what, f| {
                let conditions: Vec<_> = [
                    condition("state = ?", f.status.clone()),
                    condition("resource_type = ?", f.resource_type.clone()),
                    condition("created > ?", f.created_after.map(millis)),
                    condition("created < ?", f.created_before.map(millis)),
                    condition("completed > ?", f.complete_after.map(millis)),
                    condition("completed < ?", f.complete_before.map(millis)),
                ]
                .into_iter()
                .flatten()
                .collect();
                let expected = plainly(connection, "restore_jobs", &conditions);
                let list = restores::listing(None, &region, f);
                assert_eq!(judge(connection, &list, what), expected, "{what}");
            });
            Ok(())
        })
        .unwrap();
}

fn copy_filters() -> Filters<CopyJobFilter> {
    let mut all: Filters<CopyJobFilter> = Vec::new();
    for (kind, vault, state) in [("EFS", "even", "COMPLETED"), ("S3", "odd", "FAILED"), ("RDS", "none", "RUNNING")] {
        all.push(("type", Box::new(move |f| f.resource_type = Some(kind.to_owned()))));
        all.push(("vault", Box::new(move |f| f.destination_vault_arn = Some(destination(vault)))));
        all.push(("state", Box::new(move |f| f.state = Some(state.to_owned()))));
        all.push(("resource", Box::new(move |f| f.resource_arn = Some(destination(kind)))));
        all.push(("source", Box::new(move |f| f.source_recovery_point_arn = Some(destination(state)))));
    }
    for parent in ["even", "none"] {
        all.push(("parent", Box::new(move |f| f.parent_job_id = Some(parent.to_owned()))));
    }
    for at in [-1, JOBS / 2, JOBS + 10] {
        let at = time(hour(at)).unwrap();
        all.push(("created after", Box::new(move |f| f.created_after = Some(at))));
        all.push(("created before", Box::new(move |f| f.created_before = Some(at))));
        all.push(("ended after", Box::new(move |f| f.complete_after = Some(at))));
        all.push(("ended before", Box::new(move |f| f.complete_before = Some(at))));
    }
    all
}

fn destination(name: &str) -> Arn {
    format!("arn:aws:backup:us-east-1:210987654321:backup-vault:{name}").parse().unwrap()
}

#[test]
fn every_filter_and_pair_of_the_copy_jobs_is_searched_and_gives_what_fits() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = catalog(&folder);
    let insert = |tx: &Connection| -> crate::engine::error::Result<()> {
        let mut copy = tx.prepare(
            "INSERT INTO copy_jobs (id, account, region, source_vault_arn, source_point_arn, destination_vault_arn,
                destination_account, destination_region, destination_point_id, resource_arn, resource_type, created,
                completed, state, message_category, iam_role_arn, parent_job_id)
             VALUES (?1, '123456789012', 'us-east-1', 'v', ?2, ?3, '210987654321', 'us-east-1', 'p', ?4, ?5, ?6, ?7, ?8,
                ?9, 'r', iif(?5 = 'EFS', 'even', NULL))",
        )?;
        for number in 0..JOBS {
            let [kind, vault, state, category] = VALUES[(number % 2) as usize];
            let (id, created) = (format!("{number:08}"), hour(number));
            let (source, resource) = (destination(state), destination(kind));
            copy.execute(rusqlite::params![
                id,
                source.as_str(),
                destination(vault).as_str(),
                resource.as_str(),
                kind,
                created,
                created + 3_600_000,
                state,
                category
            ])?;
        }
        Ok(())
    };
    catalog.write(|tx| insert(tx)).unwrap();
    let owner = "123456789012".parse().unwrap();
    catalog
        .read(|connection| {
            each_pair(&copy_filters(), |what, f| {
                let text = |arn: &Option<Arn>| arn.as_ref().map(|arn| arn.as_str().to_owned());
                let conditions: Vec<_> = [
                    condition("state = ?", f.state.clone()),
                    condition("resource_type = ?", f.resource_type.clone()),
                    condition("destination_vault_arn = ?", text(&f.destination_vault_arn)),
                    condition("resource_arn = ?", text(&f.resource_arn)),
                    condition("source_point_arn = ?", text(&f.source_recovery_point_arn)),
                    condition("parent_job_id = ?", f.parent_job_id.clone()),
                    condition("created > ?", f.created_after.map(millis)),
                    condition("created < ?", f.created_before.map(millis)),
                    condition("completed > ?", f.complete_after.map(millis)),
                    condition("completed < ?", f.complete_before.map(millis)),
                ]
                .into_iter()
                .flatten()
                .collect();
                let expected = plainly(connection, "copy_jobs", &conditions);
                for account in [None, Some(&owner)] {
                    let list = copies::listing(account, "us-east-1", f);
                    assert_eq!(judge(connection, &list, what), expected, "{what}");
                }
            });
            Ok(())
        })
        .unwrap();
}

#[test]
fn a_job_is_listed_by_what_it_became_and_by_how_long_it_took() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = filled(&folder);
    let region = "us-east-1".parse().unwrap();
    let ended = time(hour(JOBS * 2)).unwrap();
    catalog
        .write(|tx| {
            tx.execute(
                "UPDATE backup_jobs SET state = 'ABORTED', completed = ?1 WHERE id = '00000000'",
                [millis(ended)],
            )?;
            Ok(())
        })
        .unwrap();
    let list = |change: fn(&mut BackupJobFilter)| {
        let mut filter = BackupJobFilter::default();
        change(&mut filter);
        let page = catalog.read(|c| backups::list(c, None, &region, &filter, &PageRequest::default())).unwrap();
        page.items.into_iter().map(|job| job.id.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(list(|f| f.state = Some("ABORTED".to_owned())), ["00000000"]);
    // Created long before, and yet it ended after all others.
    assert_eq!(list(|f| f.complete_after = Some(time(hour(JOBS + 5)).unwrap())), ["00000000"]);
}

#[test]
fn a_catalog_of_the_version_before_knows_its_jobs_by_their_facets() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.sqlite");
    let connection = Connection::open(&path).unwrap();
    connection.execute_batch(crate::engine::catalog::migrations::ALL[0]).unwrap();
    connection.pragma_update(None, "user_version", 1).unwrap();
    connection
        .execute_batch(
            "INSERT INTO accounts VALUES ('123456789012', 'name', 'mail', 1, 'ACTIVE', 0);
             INSERT INTO backup_jobs (id, account, region, vault_name, vault_arn, resource_arn, resource_type, created,
                completed, state, message_category, backup_options, complete_by, recovery_point_tags)
             SELECT value, '123456789012', 'us-east-1', 'Default', 'v', 'r', 'EFS', value, value + 5,
                CASE value % 2 WHEN 0 THEN 'COMPLETED' ELSE 'FAILED' END, CASE value % 3 WHEN 0 THEN NULL ELSE 'SUCCESS' END,
                '{}', 0, '{}' FROM (WITH RECURSIVE n (value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value < 30)
                SELECT value FROM n)",
        )
        .unwrap();
    drop(connection);
    let catalog = Catalog::open(&path).unwrap();
    catalog
        .read(|c| {
            let facet = |sql: &str| -> i64 { c.query_row(sql, [], |row| row.get(0)).unwrap() };
            assert_eq!(facet("SELECT count(*) FROM backup_jobs WHERE facet IS NULL"), 0);
            assert_eq!(facet("SELECT count(*) FROM backup_job_facets"), 4);
            assert_eq!(facet("SELECT min(longest) FROM backup_job_facets"), 5);
            Ok(())
        })
        .unwrap();
}
