//! Job summaries over jobs that are put into the catalog as they were.

use super::*;
use crate::domain::extension::AddAccount;
use crate::engine::catalog::sample::{Job, insert, insert_restore};
use crate::engine::catalog::values::millis;
use crate::engine::{ClockKind, EngineOptions, ErrorKind, RestoreRoots};
use std::sync::Arc;

const MANAGEMENT: &str = "123456789012";
const MEMBER: &str = "210987654321";

struct Setting {
    engine: Arc<Engine>,
    _folder: tempfile::TempDir,
}

/// Two days of jobs in two accounts.
fn setting() -> Setting {
    let folder = tempfile::tempdir().unwrap();
    let options = EngineOptions {
        data_dir: folder.path().join("data"),
        clock: ClockKind::Simulated,
        scheduler: false,
        simulated_rate: None,
        cold: std::collections::BTreeMap::new(),
    };
    let engine = Engine::open(options).unwrap();
    let member = AddAccount { account_id: Some(MEMBER.to_owned()), name: "member".to_owned(), email: None };
    engine.add_account(member).unwrap();
    let (today, old) = (engine.now(), engine.now() - Duration::days(30));
    let yesterday = today - Duration::days(1);
    let job =
        |id, account, at, state, category| Job { id, account, created: millis(at), state, category, ..Job::default() };
    let jobs = [
        job("1", MANAGEMENT, today, "COMPLETED", Some("SUCCESS")),
        job("2", MANAGEMENT, today, "COMPLETED", Some("AccessDenied")),
        job("3", MANAGEMENT, yesterday, "FAILED", None),
        Job { resource_type: "S3", ..job("4", MANAGEMENT, today, "COMPLETED", Some("SUCCESS")) },
        job("5", MEMBER, today, "COMPLETED", Some("SUCCESS")),
        job("6", MANAGEMENT, old, "FAILED", None),
        Job { region: "eu-west-1", ..job("7", MANAGEMENT, today, "FAILED", None) },
    ];
    engine
        .catalog
        .write(|tx| {
            for job in &jobs {
                insert(tx, job);
            }
            insert_restore(tx, "r", today, Some(today), "COMPLETED");
            Ok(())
        })
        .unwrap();
    Setting { engine, _folder: folder }
}

fn caller(account: &str) -> Caller {
    Caller {
        account: account.parse().unwrap(),
        region: "us-east-1".parse().unwrap(),
        user_arn: format!("arn:aws:iam::{account}:user/test").parse().unwrap(),
        user_id: None,
        restore_roots: RestoreRoots::Any,
    }
}

fn filter(account: Option<&str>, state: &str, resource_type: &str, category: &str, period: &str) -> SummaryFilter {
    SummaryFilter {
        account_id: account.map(str::to_owned),
        state: Some(state.to_owned()),
        resource_type: Some(resource_type.to_owned()),
        message_category: Some(category.to_owned()),
        aggregation_period: Some(period.to_owned()),
    }
}

/// The rows as `ACCOUNT STATE TYPE CATEGORY COUNT`.
fn rows(setting: &Setting, account: &str, filter: &SummaryFilter) -> Vec<String> {
    let page = setting.engine.backup_job_summaries(&caller(account), filter, &PageRequest::default()).unwrap();
    let row = |row: JobSummary| {
        let category = row.message_category.unwrap_or_default();
        format!("{} {} {} {category} {}", row.account_id, row.state, row.resource_type, row.count)
    };
    page.items.into_iter().map(row).collect()
}

#[test]
fn everything_together_is_one_row() {
    let all = filter(Some(ALL), ALL, ALL, ALL, "FOURTEEN_DAYS");
    assert_eq!(rows(&setting(), MANAGEMENT, &all), [format!("{ALL} {ALL} {ALL} {ALL} 5")]);
}

#[test]
fn any_gives_a_row_for_each_value() {
    let any = filter(None, ANY, ANY, ANY, "SEVEN_DAYS");
    assert_eq!(
        rows(&setting(), MANAGEMENT, &any),
        [
            "123456789012 COMPLETED EFS AccessDenied 1",
            "123456789012 COMPLETED EFS SUCCESS 1",
            "123456789012 COMPLETED S3 SUCCESS 1",
            "123456789012 FAILED EFS  1",
        ]
    );
}

#[test]
fn a_value_narrows() {
    let failed = filter(Some(MANAGEMENT), "FAILED", "EFS", ALL, "FOURTEEN_DAYS");
    assert_eq!(rows(&setting(), MANAGEMENT, &failed), [format!("123456789012 FAILED EFS {ALL} 1")]);
    let none = filter(None, "EXPIRED", ALL, ALL, "FOURTEEN_DAYS");
    assert!(rows(&setting(), MANAGEMENT, &none).is_empty());
}

#[test]
fn a_day_at_a_time_each_row_has_its_day() {
    let setting = setting();
    let request = filter(None, ALL, ALL, ALL, "ONE_DAY");
    let page = PageRequest::default();
    let items = setting.engine.backup_job_summaries(&caller(MANAGEMENT), &request, &page).unwrap().items;
    assert_eq!(items.iter().map(|row| row.count).collect::<Vec<_>>(), [3, 1]);
    assert!(items.iter().all(|row| row.end - row.start == Duration::days(1)));
    assert_eq!(items[1].end, items[0].start);
    assert!(items[0].start <= setting.engine.now() && setting.engine.now() < items[0].end);
}

#[test]
fn the_management_account_sees_all_accounts_and_a_member_only_itself() {
    let setting = setting();
    let any = filter(Some(ANY), ALL, ALL, ALL, "SEVEN_DAYS");
    let row = |account, count| format!("{account} {ALL} {ALL} {ALL} {count}");
    assert_eq!(rows(&setting, MANAGEMENT, &any), [row(MANAGEMENT, 4), row(MEMBER, 1)]);
    assert_eq!(rows(&setting, MEMBER, &any), [row(MEMBER, 1)]);
    let other = filter(Some(MANAGEMENT), ALL, ALL, ALL, "SEVEN_DAYS");
    let error = setting.engine.backup_job_summaries(&caller(MEMBER), &other, &PageRequest::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AccessDenied);
}

#[test]
fn restore_jobs_have_no_category_and_copy_jobs_do_not_exist() {
    let setting = setting();
    let (who, page) = (caller(MANAGEMENT), PageRequest::default());
    let rows = setting.engine.restore_job_summaries(&who, &SummaryFilter::default(), &page).unwrap().items;
    assert_eq!((rows.len(), rows[0].count, rows[0].message_category.as_deref()), (1, 1, None));
    let copies = setting.engine.copy_job_summaries(&who, &SummaryFilter::default(), &page).unwrap();
    assert_eq!(copies, Page::empty());
}

#[test]
fn summaries_are_paged() {
    let setting = setting();
    let any = filter(None, ANY, ANY, ANY, "SEVEN_DAYS");
    let (mut counts, mut next_token) = (0, None);
    loop {
        let page = PageRequest { max_results: Some(3), next_token };
        let page = setting.engine.backup_job_summaries(&caller(MANAGEMENT), &any, &page).unwrap();
        counts += page.items.iter().map(|row| row.count).sum::<i64>();
        next_token = page.next_token;
        if next_token.is_none() {
            break;
        }
    }
    assert_eq!(counts, 4);
}

#[test]
fn wrong_questions_are_refused_by_name() {
    let setting = setting();
    let (who, page) = (caller(MANAGEMENT), PageRequest::default());
    let message =
        |filter: &SummaryFilter| setting.engine.backup_job_summaries(&who, filter, &page).unwrap_err().to_string();
    assert!(message(&filter(None, "DONE", ALL, ALL, "ONE_DAY")).starts_with("Invalid State"));
    assert!(message(&filter(None, ALL, ALL, ALL, "A_YEAR")).starts_with("Invalid AggregationPeriod"));
    let categories = SummaryFilter { message_category: Some(ANY.to_owned()), ..SummaryFilter::default() };
    assert!(setting.engine.restore_job_summaries(&who, &categories, &page).is_err());
}
