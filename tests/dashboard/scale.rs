//! Very many jobs and recovery points: a service of twelve regions tells them to the real binary, whose process says how much
//! memory it has.

use crate::driver::{Driver, Start};
use crate::fixture::{self, ago};
use crate::terminal::Terminal;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};
use vaultdeck::client::query::rows;
use vaultdeck::client::{Answer, Event, Key, Query, Reply};
use vaultdeck::domain::job::JobState;
use vaultdeck::tui::msg::Msg;

const REGIONS: usize = 12;
const JOBS: usize = 100_000 / REGIONS + 1;
const POINTS: usize = 10_000 / REGIONS + 1;
const PAGE: usize = 1000;
/// What of its memory may be its own, in KiB.
const MOST_OWN: u64 = 160 << 10;
/// So many resources are backed up in each region.
const RESOURCES: usize = 42;

fn region(nth: usize) -> String {
    format!("eu-west-{}", nth + 1)
}

fn arn(service: &str, region: &str, resource: &str) -> String {
    format!("arn:aws:{service}:{region}:123456789012:{resource}")
}

/// An id that no other region has.
fn id(region: &str, nth: usize) -> String {
    let region: usize = region.rsplit('-').next().unwrap().parse().unwrap();
    format!("0a1b2c3d-{region:04x}-4000-8000-{nth:012x}")
}

/// When the job or point of that number was made, the newest first, in seconds: over sixty days.
fn created(nth: usize, of: usize) -> i64 {
    static NOW: LazyLock<i64> = LazyLock::new(|| chrono::Utc::now().timestamp());
    *NOW - (nth as i64 + 1) * 60 * 86_400 / of as i64
}

fn creator(region: &str) -> Value {
    json!({
        "BackupPlanId": "11111111-1111-4111-8111-111111111111", "BackupPlanName": "nightly",
        "BackupPlanArn": arn("backup", region, "backup-plan:11111111-1111-4111-8111-111111111111"),
        "BackupPlanVersion": "ZGVmYXVsdCB2ZXJzaW9uIG9mIGEgcGxhbg", "BackupRuleId": "22222222-2222-4222-8222-222222222222",
        "BackupRuleName": "every-night", "BackupRuleCron": "cron(0 1 ? * * *)", "BackupRuleTimezone": "Etc/UTC",
    })
}

fn job(region: &str, nth: usize) -> Value {
    let (at, resource) = (created(nth, JOBS), nth % RESOURCES);
    let failed = nth % 50 == 7;
    json!({
        "AccountId": "123456789012", "BackupJobId": id(region, nth).to_uppercase(),
        "BackupVaultName": "production", "BackupVaultArn": arn("backup", region, "backup-vault:production"),
        "VaultType": "BACKUP_VAULT", "VaultLockState": "false",
        "RecoveryPointArn": arn("backup", region, &format!("recovery-point:{}", id(region, nth))),
        "EncryptionKeyArn": arn("kms", region, "key/33333333-3333-4333-8333-333333333333"), "IsEncrypted": true,
        "ResourceArn": arn("elasticfilesystem", region, &format!("file-system/fs-{resource:017x}")),
        "ResourceName": format!("resource-{resource}"), "ResourceType": "EFS",
        "CreationDate": at, "InitiationDate": at, "CompletionDate": at + 400, "StartBy": at + 28_800,
        "State": if failed { "FAILED" } else { "COMPLETED" },
        "StatusMessage": failed.then(|| format!("The path /srv/resource-{resource} does not exist")),
        "MessageCategory": if failed { "MISCELLANEOUS" } else { "SUCCESS" }, "PercentDone": "100.0",
        "BackupSizeInBytes": 1_610_612_736_i64 + nth as i64, "BytesTransferred": 734_003_200_i64,
        "IamRoleArn": "arn:aws:iam::123456789012:role/service-role/AWSBackupDefaultServiceRole",
        "CreatedBy": creator(region), "RecoveryPointLifecycle": { "DeleteAfterDays": 60 }, "IsParent": false,
    })
}

fn point(region: &str, nth: usize) -> Value {
    let (at, resource) = (created(nth, POINTS), nth % RESOURCES);
    json!({
        "RecoveryPointArn": arn("backup", region, &format!("recovery-point:{}", id(region, nth))),
        "BackupVaultName": "production", "BackupVaultArn": arn("backup", region, "backup-vault:production"),
        "ResourceArn": arn("elasticfilesystem", region, &format!("file-system/fs-{resource:017x}")),
        "ResourceName": format!("resource-{resource}"), "ResourceType": "EFS", "CreatedBy": creator(region),
        "IamRoleArn": "arn:aws:iam::123456789012:role/service-role/AWSBackupDefaultServiceRole", "Status": "COMPLETED",
        "CreationDate": at, "InitiationDate": at, "CompletionDate": at + 400, "BackupSizeInBytes": 1_610_612_736_i64,
        "Lifecycle": { "DeleteAfterDays": 90 }, "CalculatedLifecycle": { "DeleteAt": at + 90 * 86_400 },
        "EncryptionKeyArn": arn("kms", region, "key/33333333-3333-4333-8333-333333333333"), "IsEncrypted": true,
        "IsParent": false, "VaultType": "BACKUP_VAULT",
    })
}

/// What was told so far.
#[derive(Debug, Default)]
struct Told {
    jobs: AtomicUsize,
    points: AtomicUsize,
    /// Whether all pages but the first are kept back.
    hangs: AtomicBool,
}

/// One page of a list of so many, by the token in the request.
fn page(query: &str, (of, told): (usize, &AtomicUsize), name: &str, row: impl Fn(usize) -> Value) -> Value {
    let number = |name: &str| query.split(['?', '&']).find_map(|part| part.strip_prefix(name)?.parse::<usize>().ok());
    let begin = number("nextToken=").unwrap_or(0);
    let end = (begin + number("maxResults=").unwrap_or(PAGE).min(PAGE)).min(of);
    told.fetch_add(end - begin, Ordering::SeqCst);
    json!({ name: (begin..end).map(row).collect::<Vec<_>>(), "NextToken": (end < of).then(|| end.to_string()) })
}

fn answer(path: &str, region: &str, told: &Told) -> Value {
    match path.split('?').next().unwrap_or_default().trim_end_matches('/') {
        // What changed since.
        "/backup-jobs" if path.contains("createdAfter") || path.contains("completeAfter") => {
            json!({ "BackupJobs": [] })
        }
        "/backup-jobs" => page(path, (JOBS, &told.jobs), "BackupJobs", |nth| job(region, nth)),
        "/backup-vaults" if path.contains("shared") => json!({ "BackupVaultList": [] }),
        "/backup-vaults" => json!({ "BackupVaultList": [{
            "BackupVaultName": "production", "BackupVaultArn": arn("backup", region, "backup-vault:production"),
            "NumberOfRecoveryPoints": POINTS, "CreationDate": created(JOBS, JOBS),
        }] }),
        "/backup-vaults/production/recovery-points" => {
            page(path, (POINTS, &told.points), "RecoveryPoints", |nth| point(region, nth))
        }
        "/restore-jobs" => json!({ "RestoreJobs": [] }),
        "/copy-jobs" => json!({ "CopyJobs": [] }),
        "/backup/plans" => json!({ "BackupPlansList": [] }),
        "/resources" => json!({ "Results": [] }),
        _ => json!({}),
    }
}

/// Answers the requests of one connection.
fn serve(stream: TcpStream, told: &Told) -> Option<()> {
    let (mut writer, mut reader) = (stream.try_clone().ok()?, BufReader::new(stream));
    loop {
        let (mut first, mut length, mut region) = (String::new(), 0, String::new());
        reader.read_line(&mut first).ok().filter(|read| *read > 0)?;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
            let line = line.trim_end().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(told) = line.strip_prefix("content-length: ") {
                length = told.parse().ok()?;
            }
            // Which region is asked the signature says: AKID/DATE/REGION/SERVICE/aws4_request.
            if line.starts_with("authorization: ") {
                line.split('/').nth(2)?.clone_into(&mut region);
            }
        }
        let mut sent = vec![0; length];
        reader.read_exact(&mut sent).ok()?;
        let path = first.split(' ').nth(1)?;
        while path.contains("nextToken=") && told.hangs.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(10));
        }
        let (kind, body) = if first.starts_with("POST / ") && sent.starts_with(b"Action=GetCallerIdentity") {
            let identity =
                "<Arn>arn:aws:iam::123456789012:user/ada</Arn><UserId>AIDA</UserId><Account>123456789012</Account>";
            let answer = format!(
                "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
                 {identity}</GetCallerIdentityResult></GetCallerIdentityResponse>"
            );
            ("text/xml", answer)
        } else {
            ("application/json", answer(path, &region, told).to_string())
        };
        let head = "HTTP/1.1 200 OK\r\nx-vaultdeck-version: 9.9.9\r\n";
        let sizes = format!("content-type: {kind}\r\ncontent-length: {}\r\n\r\n", body.len());
        writer.write_all(format!("{head}{sizes}{body}").as_bytes()).ok()?;
    }
}

/// The URL of a service that tells all of this, and what it told so far.
fn service() -> (String, Arc<Told>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let told = Arc::new(Told::default());
    let all = Arc::clone(&told);
    std::thread::spawn(move || {
        while let Ok((stream, _)) = listener.accept() {
            let told = Arc::clone(&all);
            std::thread::spawn(move || serve(stream, &told));
        }
    });
    (url, told)
}

/// The real binary on that service.
fn start(url: &str) -> Terminal {
    let regions: Vec<String> = (0..REGIONS).map(region).collect();
    let (regions, home) = (regions.join(","), tempfile::tempdir().unwrap());
    let arguments = ["--endpoint-url", url, "--region", regions.as_str()];
    Terminal::start_in(home, &arguments, &[("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "secret")])
}

/// A member of `/proc/PID/status`, in KiB.
fn status(pid: &str, member: &str) -> u64 {
    let told = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = told.lines().find_map(|line| line.strip_prefix(member)?.strip_prefix(':')).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[test]
fn what_a_hundred_thousand_jobs_and_ten_thousand_points_of_twelve_scopes_take_is_bounded() {
    let (url, told) = service();
    let (begun, mut terminal) = (Instant::now(), start(&url));
    terminal.sees("loading");
    // An engine is asked for the recovery points of every vault where findings are shown.
    terminal.press("7");
    let is_told =
        || told.jobs.load(Ordering::SeqCst) >= REGIONS * JOBS && told.points.load(Ordering::SeqCst) >= REGIONS * POINTS;
    while !is_told() {
        assert!(begun.elapsed() < Duration::from_secs(240), "the lists were not read: {told:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
    terminal.press("4");
    terminal.sees("Backup jobs · 100,008");
    let (whole, pid) = (begun.elapsed(), terminal.id());
    let (resident, own, most) = (status(&pid, "VmRSS"), status(&pid, "RssAnon"), status(&pid, "VmHWM"));
    // What is mapped of the binary is the system's to keep or to drop, and of a build for tests it is much.
    assert!(
        own <= MOST_OWN,
        "{own} KiB of its own, {resident} KiB resident, {most} KiB at most; all was read after {whole:?}"
    );
    terminal.press("q");
    terminal.ends_cleanly();
}

#[test]
fn the_first_page_of_each_scope_is_shown_while_the_second_one_hangs() {
    let (url, told) = service();
    told.hangs.store(true, Ordering::SeqCst);
    let mut terminal = start(&url);
    terminal.sees("loading");
    terminal.press("4");
    terminal.sees("Backup jobs · 12,000");
    terminal.sees("resource-");
    assert_eq!(told.jobs.load(Ordering::SeqCst), REGIONS * PAGE);
    told.hangs.store(false, Ordering::SeqCst);
    terminal.sees("Backup jobs · 100,008");
    terminal.press("q");
    terminal.ends_cleanly();
}

#[test]
fn nothing_is_concluded_from_a_first_page_and_the_cursor_stays_on_its_row_when_the_others_come() {
    let home = fixture::home();
    let mut world = fixture::organization();
    world.scopes = vec![home.clone()];
    let job = |nth: u64| fixture::job(&home, nth, "projects", JobState::Completed, ago(nth as i64 + 1, 0));
    world.backups = (0..100).map(job).collect();
    world.backups[0].state = JobState::Failed;
    world.backups[0].status_message = Some("The disk is full".to_owned());
    let first: Vec<_> = world.backups[..10].to_vec();
    let mut driver = Driver::unanswered(Start { size: (160, 45), fixture: world, ..Start::default() });
    let key = Key::scoped(home, Query::BackupJobs);
    let begun = |generation| {
        let answer = Answer::BackupJobs(rows(first.clone()));
        Msg::Data(Box::new(Event::Begun { key: key.clone(), generation, answer }))
    };
    driver.silent = Some(key.clone());
    driver.answer_all();
    driver.press("4").sees("loading");
    driver.send(begun(1_000_000));
    driver.rest().sees("Backup jobs · 10").sees("loading").sees("projects").sees("The disk is full");
    // Of those that did not come yet nobody knows whether it was made good.
    driver.press("7").sees_no("The disk is full");
    driver.press("4 j j j");
    let row = |driver: &Driver| driver.app.page().listing().unwrap().table().position();
    assert_eq!(row(&driver), 4);
    driver.silent = None;
    let (result, at) = (driver.answer_of(&key), driver.app.world.wall);
    let reply = Reply { key: key.clone(), generation: 1_000_001, at, result, next_try: None };
    driver.send(Msg::Data(Box::new(Event::Answered(reply))));
    driver.rest().sees("Backup jobs · 100").sees_no("loading");
    assert_eq!(row(&driver), 4);
    // Once all are there a first page says nothing new.
    driver.send(begun(1_000_002));
    driver.rest().sees("Backup jobs · 100").press("7").sees("The disk is full");
}
