//! Backup jobs on demand.

use crate::bench::{Bench, VAULT, assert_completed, pairs};
use std::fs;
use vaultdeck::domain::job::JobState;
use vaultdeck::domain::{Lifecycle, Tags};
use vaultdeck::engine::{ClockKind, ErrorKind, PageRequest};

#[test]
fn a_backup_on_demand_completes_and_leaves_a_recovery_point() {
    let bench = Bench::new(ClockKind::System, None);
    let resource = bench.resource("projects", &[("env", "prod")]);

    let job = bench.backup(&resource);

    assert_completed(&job);
    assert_eq!(job.message_category.as_deref(), Some("SUCCESS"));
    assert_eq!((job.status_message.as_deref(), job.percent_done), (None, Some(100.0)));
    assert!(job.bytes_transferred.unwrap() >= 10_000);
    let points = bench.points();
    assert_eq!(points.len(), 1);
    assert_eq!(Some(&points[0].arn), job.recovery_point_arn.as_ref());
    assert_eq!(points[0].created, job.created);
    let tags = bench.engine().list_tags(&bench.caller, &points[0].arn, &PageRequest::default()).unwrap();
    assert_eq!(tags.items, [("env".to_owned(), "prod".to_owned())]);
}

#[test]
fn the_second_backup_reads_only_what_changed() {
    let bench = Bench::simulated();
    let resource = bench.resource("projects", &[]);
    bench.backup(&resource);
    // Files that changed within two seconds of the first backup's start are read again, as a clock is only so fine.
    std::thread::sleep(std::time::Duration::from_millis(2100));
    bench.advance(chrono::Duration::minutes(1));
    bench.backup(&resource);
    bench.advance(chrono::Duration::minutes(1));
    fs::write(bench.path("projects/hello.txt"), "changed").unwrap();
    let job = bench.backup(&resource);
    assert_completed(&job);
    assert_eq!(job.bytes_transferred, Some(7));
}

#[test]
fn the_same_token_gives_the_same_job_and_another_request_with_it_is_refused() {
    let bench = Bench::simulated();
    let resource = bench.resource("projects", &[]);
    let mut request = bench.backup_request(&resource);
    request.idempotency_token = Some("once".to_owned());
    let first = bench.engine().start_backup_job(&bench.caller, request.clone()).unwrap();
    let again = bench.engine().start_backup_job(&bench.caller, request.clone()).unwrap();
    assert_eq!(first.id, again.id);
    request.start_window_minutes = Some(120);
    let refused = bench.engine().start_backup_job(&bench.caller, request).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidParameterValue);
    bench.wait(&first.id);
    assert_eq!(bench.jobs().len(), 1);
}

#[test]
fn what_cannot_be_backed_up_is_refused_by_name() {
    let bench = Bench::simulated();
    let resource = bench.resource("projects", &[]);
    let good = bench.backup_request(&resource);
    let refuse = |request| {
        let error = bench.engine().start_backup_job(&bench.caller, request).unwrap_err();
        (error.kind(), error.to_string())
    };
    let mut request = good.clone();
    request.vault_name = "absent".to_owned();
    assert_eq!(refuse(request).0, ErrorKind::ResourceNotFound);
    let mut request = good.clone();
    request.iam_role_arn = "arn:aws:iam::123456789012:role/stranger".parse().unwrap();
    let (kind, message) = refuse(request);
    assert_eq!(kind, ErrorKind::InvalidParameterValue);
    assert!(message.contains("role/stranger cannot be assumed by AWS Backup"), "{message}");
    let mut request = good.clone();
    request.resource_arn = "arn:aws:elasticfilesystem:us-east-1:123456789012:file-system/fs-0".parse().unwrap();
    assert_eq!(refuse(request).0, ErrorKind::ResourceNotFound);
    let mut request = good.clone();
    request.start_window_minutes = Some(10);
    assert!(refuse(request).1.contains("StartWindowMinutes"));
    assert!(bench.jobs().is_empty());
}

#[test]
fn a_path_that_is_gone_fails_the_job_and_leaves_no_recovery_point() {
    let bench = Bench::simulated();
    let resource = bench.resource("projects", &[]);
    fs::remove_dir_all(bench.path("projects")).unwrap();
    let job = bench.backup(&resource);
    assert_eq!(job.state, JobState::Failed);
    let message = job.status_message.unwrap();
    assert!(message.contains("projects") && message.contains("No such file"), "{message}");
    assert!(bench.points().is_empty());
}

#[test]
fn more_than_fifty_tags_fail_the_job() {
    let bench = Bench::simulated();
    let many: Vec<(String, String)> = (0..50).map(|n| (format!("k{n}"), String::new())).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    let resource = bench.resource("projects", &many);
    let mut request = bench.backup_request(&resource);
    request.recovery_point_tags = pairs(&[("one", "more")]);
    let job = bench.engine().start_backup_job(&bench.caller, request).unwrap();
    let job = bench.wait(&job.id);
    assert_eq!(job.state, JobState::Failed);
    assert!(job.status_message.unwrap().contains("More than 50 tags"));
}

#[test]
fn a_second_job_of_the_same_resource_waits_for_the_first_and_expires_if_that_takes_too_long() {
    // 10,017 bytes at one byte a second: nearly three hours.
    let bench = Bench::with_rate(1);
    let resource = bench.resource("projects", &[]);
    let first = bench.engine().start_backup_job(&bench.caller, bench.backup_request(&resource)).unwrap();
    let mut request = bench.backup_request(&resource);
    request.start_window_minutes = Some(60);
    let second = bench.engine().start_backup_job(&bench.caller, request).unwrap();
    bench.advance(chrono::Duration::minutes(30));
    assert_eq!(bench.job(&first.id).state, JobState::Running);
    assert_eq!(bench.job(&second.id).state, JobState::Created);
    let halfway = bench.job(&first.id).percent_done.unwrap();
    assert!((15.0..22.0).contains(&halfway), "{halfway}");

    bench.advance(chrono::Duration::hours(3));

    let (first, second) = (bench.job(&first.id), bench.job(&second.id));
    assert_completed(&first);
    assert_eq!((first.completed.unwrap() - first.created).num_seconds(), first.bytes_transferred.unwrap());
    assert_eq!(second.state, JobState::Expired);
    assert_eq!(
        second.status_message.as_deref(),
        Some("Backup job failed because there was a running job for the same resource.")
    );
    assert_eq!(second.completed, second.start_by);
    assert_eq!(bench.points().len(), 1);
}

#[test]
fn a_job_past_its_completion_window_expires_and_leaves_nothing() {
    let bench = Bench::with_rate(1);
    let resource = bench.resource("projects", &[]);
    let mut request = bench.backup_request(&resource);
    request.start_window_minutes = Some(60);
    request.complete_window_minutes = Some(120);
    let job = bench.engine().start_backup_job(&bench.caller, request).unwrap();
    bench.advance(chrono::Duration::hours(5));
    let job = bench.job(&job.id);
    assert_eq!(job.state, JobState::Expired);
    assert_eq!(job.status_message.as_deref(), Some("Backup job expired before completion."));
    assert!(job.initiated.is_some(), "it had begun");
    assert_eq!((job.completed.unwrap() - job.created).num_minutes(), 120);
    assert!(bench.points().is_empty());
}

#[test]
fn stopping_a_running_job_aborts_it() {
    let bench = Bench::with_rate(1);
    let resource = bench.resource("projects", &[]);
    let job = bench.engine().start_backup_job(&bench.caller, bench.backup_request(&resource)).unwrap();
    bench.advance(chrono::Duration::minutes(1));
    bench.engine().stop_backup_job(&bench.caller, &job.id).unwrap();
    let job = bench.wait(&job.id);
    assert_eq!(job.state, JobState::Aborted);
    assert_eq!(job.status_message.as_deref(), Some("Backup job was stopped by user."));
    assert!(bench.points().is_empty());
    let refused = bench.engine().stop_backup_job(&bench.caller, &job.id).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidRequest);
}

#[test]
fn a_job_that_ran_when_the_engine_stopped_runs_again() {
    let mut bench = Bench::with_rate(1);
    let resource = bench.resource("projects", &[]);
    let job = bench.engine().start_backup_job(&bench.caller, bench.backup_request(&resource)).unwrap();
    bench.advance(chrono::Duration::minutes(10));
    assert_eq!(bench.job(&job.id).state, JobState::Running);

    bench.restart();
    assert_eq!(bench.job(&job.id).state, JobState::Running);
    bench.advance(chrono::Duration::hours(4));

    assert_completed(&bench.job(&job.id));
    assert_eq!(bench.points().len(), 1);
    let report = bench.engine().check_vault(&bench.caller.scope(), &VAULT.parse().unwrap()).unwrap();
    assert_eq!((report.problems, report.snapshots), (vec![], 2), "the first attempt's snapshot waits for a collection");
}

/// The folder of the manifests of the vault of every test.
fn manifests(bench: &Bench) -> std::path::PathBuf {
    let scope = bench.caller.scope();
    bench.path(&format!("data/vaults/{}/{}/{VAULT}/vaultdeck/points", scope.account, scope.region))
}

#[test]
fn a_backup_whose_manifest_cannot_be_written_says_so_is_tried_again_after_pauses_and_fails_with_that_cause() {
    let bench = Bench::simulated();
    let resource = bench.resource("projects", &[]);
    let points = manifests(&bench);
    fs::rename(&points, points.with_extension("away")).unwrap();
    let job = bench.engine().start_backup_job(&bench.caller, bench.backup_request(&resource)).unwrap();
    let message = |after: i64| {
        bench.advance_to(job.created + chrono::Duration::minutes(after));
        let job = bench.job(&job.id);
        (job.state.clone(), job.status_message.unwrap_or_default(), job.completed)
    };
    // Begun at 0, 10 and 20 minutes: three times, and never a fourth.
    for minute in [0, 9, 11, 19] {
        let (state, message, _) = message(minute);
        assert_eq!(state, JobState::Running, "{minute}: {message}");
        assert!(message.contains("vaultdeck/points") && message.contains("No such file"), "{minute}: {message}");
    }
    let (state, message, completed) = message(40);
    assert_eq!(state, JobState::Failed);
    assert!(message.contains("vaultdeck/points") && !message.contains("engine stopped"), "{message}");
    assert_eq!((completed.unwrap() - job.created).num_minutes(), 20);
    assert!(bench.points().is_empty());
}

#[test]
fn a_backup_whose_manifest_can_be_written_at_the_second_try_completes_and_says_nothing_of_the_first() {
    let bench = Bench::simulated();
    let resource = bench.resource("projects", &[]);
    let points = manifests(&bench);
    fs::rename(&points, points.with_extension("away")).unwrap();
    let job = bench.engine().start_backup_job(&bench.caller, bench.backup_request(&resource)).unwrap();
    bench.advance(chrono::Duration::minutes(1));
    fs::rename(points.with_extension("away"), &points).unwrap();
    bench.advance(chrono::Duration::minutes(10));
    let job = bench.job(&job.id);
    assert_completed(&job);
    assert_eq!(job.status_message, None);
    assert_eq!(bench.points().len(), 1);
}

#[test]
fn why_a_job_was_set_back_is_known_after_a_restart() {
    let mut bench = Bench::simulated();
    let resource = bench.resource("projects", &[]);
    let points = manifests(&bench);
    fs::rename(&points, points.with_extension("away")).unwrap();
    let job = bench.engine().start_backup_job(&bench.caller, bench.backup_request(&resource)).unwrap();
    bench.advance(chrono::Duration::minutes(11));
    bench.restart();
    bench.advance(chrono::Duration::minutes(11));
    bench.restart();
    bench.advance(chrono::Duration::minutes(1));
    let job = bench.job(&job.id);
    assert_eq!(job.state, JobState::Failed);
    let message = job.status_message.unwrap();
    assert!(message.contains("vaultdeck/points"), "{message}");
}

#[test]
fn the_point_of_a_running_job_can_be_looked_at_and_tagged_and_nothing_else() {
    let bench = Bench::with_rate(1);
    let engine = bench.engine();
    let resource = bench.resource("projects", &[("env", "prod"), ("team", "web")]);
    let mut request = bench.backup_request(&resource);
    request.recovery_point_tags = pairs(&[("kind", "on-demand")]);
    request.lifecycle = Some(Lifecycle::delete_after(7));
    let job = engine.start_backup_job(&bench.caller, request).unwrap();
    let arn = job.recovery_point_arn.clone().unwrap();
    for minutes in [0, 1] {
        bench.advance(chrono::Duration::minutes(minutes));
        let point = engine.describe_recovery_point(&bench.caller, VAULT, &arn).unwrap();
        assert_eq!(point.status.as_str(), "CREATING");
        assert_eq!((point.completed, point.size_bytes, point.created), (None, None, job.created));
        assert_eq!(point.calculated_lifecycle.delete_at, Some(job.created + chrono::Duration::days(7)));
        assert_eq!(bench.points(), std::slice::from_ref(&point));
        let of_resource =
            engine.list_recovery_points_by_resource(&bench.caller, &resource, false, &PageRequest::default()).unwrap();
        assert_eq!(of_resource.items, [point]);
    }
    assert_eq!(engine.describe_vault(&bench.caller, VAULT).unwrap().recovery_points, 0);
    assert!(engine.status().unwrap().vaults_without_recovery_key.is_empty());

    engine.tag_resource(&bench.caller, &arn, pairs(&[("owner", "me"), ("team", "ops")])).unwrap();
    engine.untag_resource(&bench.caller, &arn, &["env".to_owned()]).unwrap();

    let refused = engine.delete_recovery_point(&bench.caller, VAULT, &arn).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidResourceState);
    assert!(refused.to_string().contains("CREATING"), "{refused}");
    let lifecycle = engine.update_recovery_point_lifecycle(&bench.caller, VAULT, &arn, Lifecycle::delete_after(9));
    assert!(lifecycle.unwrap_err().to_string().contains("CREATING"));
    let restore = engine.start_restore_job(
        &bench.caller,
        bench.restore_request(&arn, pairs(&[("file-system-id", "fs-0"), ("newFileSystem", "true")])),
    );
    assert!(restore.unwrap_err().to_string().contains("CREATING"));
    let items = engine.recovery_point_items(&bench.caller, &arn, "/", &PageRequest::default());
    assert_eq!(items.unwrap_err().kind(), ErrorKind::ResourceNotFound);

    bench.advance(chrono::Duration::hours(4));
    assert_completed(&bench.job(&job.id));
    let points = bench.points();
    assert_eq!((points.len(), points[0].status.as_str()), (1, "COMPLETED"));
    let tags = engine.list_tags(&bench.caller, &arn, &PageRequest::default()).unwrap().items;
    assert_eq!(tags.into_iter().collect::<Tags>(), pairs(&[("kind", "on-demand"), ("owner", "me"), ("team", "ops")]));
    assert_eq!(engine.describe_vault(&bench.caller, VAULT).unwrap().recovery_points, 1);
}

#[test]
fn the_point_of_a_job_that_ends_badly_is_gone_with_it() {
    let bench = Bench::with_rate(1);
    let resource = bench.resource("projects", &[("env", "prod")]);
    let gone = |job: &vaultdeck::domain::job::BackupJob| {
        let arn = job.recovery_point_arn.clone().unwrap();
        let point = bench.engine().describe_recovery_point(&bench.caller, VAULT, &arn);
        let tags = bench.engine().list_tags(&bench.caller, &arn, &PageRequest::default());
        assert_eq!(point.unwrap_err().kind(), ErrorKind::ResourceNotFound, "{:?}", job.state);
        assert_eq!(tags.unwrap_err().kind(), ErrorKind::ResourceNotFound, "{:?}", job.state);
    };
    let stopped = bench.engine().start_backup_job(&bench.caller, bench.backup_request(&resource)).unwrap();
    bench.advance(chrono::Duration::minutes(1));
    let mut request = bench.backup_request(&resource);
    request.start_window_minutes = Some(60);
    let expired = bench.engine().start_backup_job(&bench.caller, request).unwrap();
    bench.advance(chrono::Duration::hours(2));
    assert_eq!(bench.job(&expired.id).state, JobState::Expired);
    gone(&bench.job(&expired.id));
    bench.engine().stop_backup_job(&bench.caller, &stopped.id).unwrap();
    gone(&bench.wait(&stopped.id));
    fs::rename(bench.path("projects"), bench.path("moved")).unwrap();
    let failed = bench.backup(&resource);
    assert_eq!(failed.state, JobState::Failed);
    gone(&failed);
    assert!(bench.points().is_empty());
}

#[test]
fn a_running_job_and_a_restart_keep_the_point_and_a_vault_that_is_waited_for_can_go() {
    let mut bench = Bench::with_rate(1);
    let resource = bench.resource("projects", &[]);
    let job = bench.engine().start_backup_job(&bench.caller, bench.backup_request(&resource)).unwrap();
    bench.advance(chrono::Duration::minutes(1));
    bench.restart();
    bench.advance(chrono::Duration::minutes(1));
    assert_eq!(bench.points()[0].status.as_str(), "CREATING", "what a restart looks through keeps it");
    let refused = bench.engine().delete_vault(&bench.caller, VAULT).unwrap_err();
    assert!(refused.to_string().contains("a backup job is writing into it"), "{refused}");

    // A job that waits for its resource holds no vault.
    let other: vaultdeck::domain::VaultName = "other".parse().unwrap();
    bench.engine().create_vault(&bench.caller, &other, vaultdeck::engine::NewVault::default()).unwrap();
    let mut request = bench.backup_request(&resource);
    request.vault_name = "other".to_owned();
    let waiting = bench.engine().start_backup_job(&bench.caller, request).unwrap();
    bench.engine().delete_vault(&bench.caller, "other").unwrap();
    bench.advance(chrono::Duration::hours(4));
    assert_completed(&bench.job(&job.id));
    assert_eq!(bench.job(&waiting.id).state, JobState::Failed);
    assert_eq!(bench.points().len(), 1);
}
