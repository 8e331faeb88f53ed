//! Backups and restores that a person starts and follows.

use crate::harness::Home;
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

/// A small tree with a subfolder, a mode, a link and a name that needs care.
fn fill(folder: &Path) {
    fs::create_dir_all(folder.join("docs")).unwrap();
    fs::write(folder.join("docs/a.txt"), "alpha\n").unwrap();
    fs::write(folder.join("a name\twith\nodd \"bytes\""), "odd\n").unwrap();
    fs::set_permissions(folder.join("docs/a.txt"), fs::Permissions::from_mode(0o640)).unwrap();
    symlink("a.txt", folder.join("docs/link")).unwrap();
}

/// Every path below `folder`, with mode and content or target.
fn tree(folder: &Path) -> Vec<(String, u32, Vec<u8>)> {
    fn walk(root: &Path, folder: &Path, found: &mut Vec<(String, u32, Vec<u8>)>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let facts = fs::symlink_metadata(&path).unwrap();
            let content = if facts.is_symlink() {
                fs::read_link(&path).unwrap().to_string_lossy().into_owned().into_bytes()
            } else if facts.is_file() {
                fs::read(&path).unwrap()
            } else {
                Vec::new()
            };
            let name = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
            found.push((name, facts.permissions().mode(), content));
            if facts.is_dir() {
                walk(root, &path, found);
            }
        }
    }
    let mut found = Vec::new();
    walk(folder, folder, &mut found);
    found.sort();
    found
}

/// A home with a filled resource and one recovery point of it.
fn backed_up() -> (Home, String) {
    let home = Home::new();
    home.add_resource(&[]);
    fill(&home.path("projects"));
    let ran = home.run(&["backup", "start", "projects", "--vault", "Default", "--delete-after", "7"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    (home, ran.out.trim().to_owned())
}

#[test]
fn a_backup_prints_its_recovery_point_and_a_restore_brings_the_same_tree() {
    let (home, point) = backed_up();
    let target = home.path("back");
    let ran = home.run(&["restore", "start", &point, "--to", target.to_str().unwrap()]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.starts_with("arn:aws:elasticfilesystem:us-east-1:123456789012:file-system/fs-"), "{}", ran.out);
    assert_eq!(tree(&home.path("projects")), tree(&target));
}

#[test]
fn a_copy_that_is_not_let_in_says_why_and_a_wrong_destination_is_refused() {
    let (home, point) = backed_up();
    assert_eq!(home.run(&["account", "add", "archive"]).code, 0);
    let accounts: Value = serde_json::from_str(&home.run(&["account", "list", "--output", "json"]).out).unwrap();
    let account = accounts[1]["AccountId"].as_str().unwrap();
    let vault = format!("arn:aws:backup:us-east-1:{account}:backup-vault:Default");
    let ran = home.run(&["copy", "start", &point, "--to", &vault]);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{}", ran.err);
    assert!(ran.err.contains("isCrossAccountBackupEnabled is not true"), "{}", ran.err);
    let jobs = home.run(&["jobs", "--kind", "copy", "--output", "json"]);
    let jobs: Value = serde_json::from_str(&jobs.out).unwrap();
    assert_eq!(
        (jobs[0]["State"].as_str(), jobs[0]["DestinationBackupVaultArn"].as_str()),
        (Some("FAILED"), Some(vault.as_str())),
        "{jobs}"
    );
    let ran = home.run(&["copy", "start", &point, "--to", "arn:aws:s3:::bucket"]);
    assert!(ran.code != 0 && ran.err.contains("is not the ARN of a backup vault"), "{}", ran.err);
}

#[test]
fn a_recovery_point_is_found_by_the_end_of_its_arn() {
    let (home, point) = backed_up();
    let id = point.rsplit(':').next().unwrap();
    let target = home.path("back");
    assert_eq!(home.run(&["restore", "start", id, "--to", target.to_str().unwrap()]).code, 0);
    assert_eq!(home.run(&["restore", "start", "no-such-point", "--to", target.to_str().unwrap()]).code, 1);
}

#[test]
fn only_the_chosen_items_come_back() {
    let (home, point) = backed_up();
    let target = home.path("back");
    let ran = home.run(&["restore", "start", &point, "--to", target.to_str().unwrap(), "--item", "/docs/a.txt"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let names: Vec<String> = tree(&target).into_iter().map(|(name, ..)| name).collect();
    assert_eq!(names, ["docs", "docs/a.txt"]);
}

#[test]
fn a_restore_into_the_source_gets_a_folder_of_its_own() {
    let (home, point) = backed_up();
    let before = tree(&home.path("projects"));
    let ran = home.run(&["restore", "start", &point, "--into-source"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let folder = fs::read_dir(home.path("projects"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.file_name().unwrap().to_string_lossy().starts_with("aws-backup-restore_"))
        .unwrap();
    assert_eq!(tree(&folder), before);
}

#[test]
fn a_restore_into_a_folder_that_holds_something_is_refused() {
    let (home, point) = backed_up();
    let full = home.path("full");
    fill(&full);
    let ran = home.run(&["restore", "start", &point, "--to", full.to_str().unwrap()]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("full"), "{}", ran.err);
}

#[test]
fn a_source_that_is_gone_fails_the_job_and_names_it() {
    let home = Home::new();
    home.add_resource(&[]);
    fs::remove_dir(home.path("projects")).unwrap();
    let ran = home.run(&["backup", "start", "projects", "--vault", "Default"]);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""));
    assert!(ran.err.contains("FAILED") && ran.err.contains("projects"), "{}", ran.err);
}

#[test]
fn an_order_that_the_engine_refuses_is_told_in_its_words() {
    let home = Home::new();
    home.add_resource(&[]);
    let commands: [(&[&str], &str); 4] = [
        (&["backup", "start", "projects", "--vault", "Absent"], "Absent"),
        (&["backup", "start", "unknown", "--vault", "Default"], "unknown"),
        (&["backup", "start", "projects", "--vault", "Default", "--delete-after", "0"], "DeleteAfterDays"),
        (
            &["backup", "start", "projects", "--vault", "Default", "--role", "arn:aws:iam::123456789012:role/none"],
            "cannot be assumed",
        ),
    ];
    for (command, words) in commands {
        let ran = home.run(command);
        assert!(ran.code != 0 && ran.err.contains(words), "{command:?}: {} {}", ran.code, ran.err);
    }
}

#[test]
fn a_job_that_another_process_runs_need_not_be_waited_for() {
    let home = Home::new();
    home.add_resource(&[]);
    fill(&home.path("projects"));
    let serving = home.serve(&[]);
    let ran = home.run(&["backup", "start", "projects", "--vault", "Default", "--no-wait"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let jobs = home.json(&["jobs", "--output", "json"]);
    assert_eq!(jobs[0]["JobId"].as_str(), Some(ran.out.trim()));
    serving.terminate();
}

#[test]
fn the_job_at_its_end_is_told_as_json() {
    let home = Home::new();
    home.add_resource(&[]);
    let job = home.json(&["backup", "start", "projects", "--vault", "Default", "--output", "json"]);
    assert_eq!((&job["State"], &job["CompletedWithIssues"]), (&json!("COMPLETED"), &json!(false)));
    assert_eq!(job["ResourceName"], "projects");
}

#[test]
fn the_lists_agree_with_what_was_done() {
    let (home, point) = backed_up();
    let points = home.json(&["points", "--vault", "Default", "--output", "json"]);
    assert_eq!((points[0]["RecoveryPointArn"].as_str(), &points[0]["Status"]), (Some(&*point), &json!("COMPLETED")));
    assert!(points[0]["DeleteAt"].is_string());
    assert_eq!(home.json(&["points", "--vault", "Another", "--output", "json"]), json!([]));
    assert_eq!(home.json(&["jobs", "--kind", "restore", "--output", "json"]), json!([]));
    assert_eq!(home.json(&["jobs", "--state", "completed", "--output", "json"]).as_array().unwrap().len(), 1);
    let csv = home.run(&["points", "--output", "csv"]).out;
    assert!(csv.lines().count() == 2 && csv.contains(&point), "{csv}");
}

#[test]
fn what_was_ordered_is_in_the_audit_log_before_and_after() {
    let (home, _) = backed_up();
    let log = home.path(".local/state/vaultdeck/audit.jsonl");
    assert_eq!(fs::metadata(&log).unwrap().permissions().mode() & 0o777, 0o600);
    let entries: Vec<Value> =
        fs::read_to_string(&log).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told: Vec<(&str, &str)> =
        entries.iter().map(|entry| (entry["phase"].as_str().unwrap(), entry["operation"].as_str().unwrap())).collect();
    assert_eq!(told, [("intended", "StartBackupJob"), ("done", "StartBackupJob")]);
}

#[test]
fn a_recovery_key_is_one_line_and_new_each_time() {
    let (home, _) = backed_up();
    let first = home.run(&["vault", "recovery-key", "Default"]);
    let second = home.run(&["vault", "recovery-key", "Default"]);
    assert_eq!((first.code, first.out.lines().count()), (0, 1));
    assert_ne!(first.out, second.out);
    assert_eq!(home.run(&["vault", "recovery-key", "Absent"]).code, 1);
}

#[test]
fn a_check_finds_the_vault_whole_and_a_damaged_pack_by_name() {
    let (home, _) = backed_up();
    let whole = home.run(&["vault", "check", "Default"]);
    assert!(whole.code == 0 && whole.out.contains("is whole"), "{}{}", whole.out, whole.err);
    let data = home.data_dir().join("vaults/123456789012/us-east-1/Default/data");
    let pack = first_file(&data);
    let mut content = fs::read(&pack).unwrap();
    content[10] ^= 1;
    fs::set_permissions(&pack, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(&pack, content).unwrap();
    let damaged = home.run(&["vault", "check", "Default"]);
    let name = pack.file_name().unwrap().to_str().unwrap();
    assert_eq!(damaged.code, 1);
    assert!(damaged.out.contains(&name[..8]), "{} does not name {name}", damaged.out);
    let lines: Vec<&str> = damaged.out.lines().collect();
    let point = lines.iter().find(|line| line.starts_with("damaged: recovery point ")).unwrap();
    assert!(point.contains(" of projects, ") && point.contains("restored"), "{point}");
    assert!(!damaged.out.contains("blob "), "{}", damaged.out);
    let advice = lines.iter().position(|line| line.starts_with("  - ")).unwrap();
    assert!(
        lines[advice..].iter().all(|line| line.starts_with("  - ")),
        "advice comes once, at the end: {}",
        damaged.out
    );
    let json = home.run(&["vault", "check", "Default", "--output", "json"]);
    let report: Value = serde_json::from_str(&json.out).unwrap();
    let kinds: Vec<&str> =
        report["Problems"].as_array().unwrap().iter().map(|problem| problem["Kind"].as_str().unwrap()).collect();
    assert_eq!((json.code, kinds), (1, vec!["RecoveryPoint", "File"]));
}

fn first_file(folder: &Path) -> std::path::PathBuf {
    let mut entries: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for entry in entries {
        if entry.is_file() {
            return entry;
        }
        if fs::read_dir(&entry).unwrap().next().is_some() {
            return first_file(&entry);
        }
    }
    panic!("no file in {}", folder.display())
}

#[test]
fn a_restore_test_proves_the_point_and_keeps_nothing() {
    let (home, point) = backed_up();
    let resources = home.run(&["resource", "list", "--output", "json"]).out;
    let ran = home.run(&["restore", "test", &point, "--output", "json"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let proof: Value = serde_json::from_str(&ran.out).unwrap();
    let members: Vec<&String> = proof.as_object().unwrap().keys().collect();
    assert_eq!(members, ["Checks", "Proven", "RecoveryPointArn", "Seconds"]);
    assert_eq!((&proof["RecoveryPointArn"], &proof["Proven"]), (&json!(point), &json!(true)));
    let checks = proof["Checks"].as_array().unwrap();
    assert!(checks.len() >= 3 && checks.iter().all(|check| check["Expected"] == check["Found"]), "{proof}");
    assert_eq!(home.run(&["resource", "list", "--output", "json"]).out, resources);
    assert!(!home.data_dir().join("scratch").exists());

    let said = home.run(&["restore", "test", &point]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.out.starts_with("ok     ") && said.out.contains("\nproven in "), "{}", said.out);
    let shown = home.run(&["point", "show", &point]);
    assert!(shown.out.contains("\nLastProven") && shown.out.contains("\nRecoveryPointArn"), "{}", shown.out);
    let jobs: Value = serde_json::from_str(&home.run(&["jobs", "--kind", "restore", "--output", "json"]).out).unwrap();
    assert_eq!((&jobs[0]["ValidationStatus"], &jobs[0]["CreatedResourceArn"]), (&json!("SUCCESSFUL"), &Value::Null));
}

#[test]
fn a_point_that_lost_its_data_is_not_proven() {
    let (home, point) = backed_up();
    assert_eq!(home.run(&["restore", "test", &point]).code, 0);
    let packs = home.data_dir().join("vaults/123456789012/us-east-1/Default/data");
    let folders = fs::read_dir(packs).unwrap().map(|entry| entry.unwrap().path());
    for pack in folders.flat_map(|folder| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path())) {
        let mut content = fs::read(&pack).unwrap();
        let middle = content.len() / 2;
        content[middle] ^= 1;
        fs::set_permissions(&pack, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&pack, content).unwrap();
    }
    let ran = home.run(&["restore", "test", &point, "--output", "json"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    let proof: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(proof["Proven"], json!(false), "{proof}");
    let failing = proof["Checks"].as_array().unwrap().iter().find(|check| check["Expected"] != check["Found"]).unwrap();
    assert!(failing["Name"].as_str().unwrap().contains("restored"), "{proof}");
    assert!(home.run(&["point", "show", &point]).out.contains("\nLastDisproven"));
}
