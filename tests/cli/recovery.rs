//! The catalog is damaged, older than the vaults, or gone; on the real binary.

use crate::harness::{Home, Serving};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use vaultdeck::engine::{Caller, ClockKind, Engine, EngineOptions, RestoreRoots};
use vaultdeck::repository::{LocalStorage, Repository};

const MEMBER: &str = "111122223333";

fn catalog(home: &Home) -> PathBuf {
    home.data_dir().join("catalog.sqlite")
}

fn lose_catalog(home: &Home) {
    for end in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(home.data_dir().join(format!("catalog.sqlite{end}")));
    }
}

fn damage_catalog(home: &Home) {
    let file = fs::OpenOptions::new().write(true).open(catalog(home)).unwrap();
    file.write_all_at(&[0xA5; 2048], 4096 * 2).unwrap();
}

/// Backs the one resource up, with a file more than before; the recovery point's ARN.
fn back_up(home: &Home, file: &str, more: &[&str]) -> String {
    fs::write(home.path("projects").join(file), file).unwrap();
    let mut arguments = vec!["backup", "start", "projects", "--vault", "Default", "--output", "json"];
    arguments.extend(more);
    home.json(&arguments)["RecoveryPointArn"].as_str().unwrap().to_owned()
}

/// The points as the command line lists them: ARN and status, sorted.
fn points(home: &Home) -> Vec<(String, String)> {
    let text = |row: &Value, member: &str| row[member].as_str().unwrap().to_owned();
    let rows = home.json(&["points", "--output", "json"]);
    let mut points: Vec<_> =
        rows.as_array().unwrap().iter().map(|row| (text(row, "RecoveryPointArn"), text(row, "Status"))).collect();
    points.sort();
    points
}

fn completed(arns: &[&String]) -> Vec<(String, String)> {
    let mut all: Vec<_> = arns.iter().map(|arn| ((*arn).clone(), "COMPLETED".to_owned())).collect();
    all.sort();
    all
}

/// Waits until the engine's survey of the folders, which goes on in the background, gave `expected`.
fn wait_for(home: &Home, expected: &[(String, String)]) {
    let begun = Instant::now();
    while points(home) != expected {
        assert!(begun.elapsed() < Duration::from_secs(30), "{:?} is not {expected:?}", points(home));
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Deletes a recovery point as DeleteRecoveryPoint does.
fn delete(home: &Home, point: &str) {
    let options = EngineOptions {
        data_dir: home.data_dir(),
        clock: ClockKind::System,
        scheduler: true,
        simulated_rate: None,
        cold: std::collections::BTreeMap::new(),
    };
    let engine = Engine::open(options).unwrap();
    let caller = Caller {
        account: "123456789012".parse().unwrap(),
        region: "us-east-1".parse().unwrap(),
        user_arn: "arn:aws:iam::123456789012:user/test".parse().unwrap(),
        user_id: None,
        restore_roots: RestoreRoots::Any,
    };
    engine.delete_recovery_point(&caller, "Default", &point.parse().unwrap()).unwrap();
    assert!(engine.shutdown(Duration::from_secs(10)));
}

fn with_resource() -> Home {
    let home = Home::new();
    home.add_resource(&[]);
    home
}

fn serve(home: &Home) -> Serving {
    home.serve(&[])
}

/// The command behind `vaultdeck ` in a message, as a shell would split it.
fn command_in(message: &str, begin: &str) -> Vec<String> {
    let from = message.find(begin).unwrap_or_else(|| panic!("no {begin:?} in {message:?}"));
    let line = message[from..].lines().next().unwrap();
    line.split(' ').skip(1).map(|word| word.trim_matches(['\'', '.']).to_owned()).collect()
}

#[test]
fn a_damaged_catalog_names_the_copy_and_the_command_and_the_vaults_bring_the_rest() {
    let home = with_resource();
    let first = back_up(&home, "a", &[]);
    let made = home.run(&["catalog", "copy"]);
    assert_eq!(made.code, 0, "{}", made.err);
    let second = back_up(&home, "b", &[]);
    damage_catalog(&home);
    let damaged = fs::read(catalog(&home)).unwrap();

    let refused = home.run(&["points"]);
    assert_eq!(refused.code, 1);
    let command = command_in(&refused.err, "vaultdeck catalog restore ");
    assert!(made.out.trim().ends_with(&command[2]), "{command:?} is not {}", made.out);
    assert_eq!(fs::read(catalog(&home)).unwrap(), damaged, "nothing was touched");

    let command: Vec<&str> = command.iter().map(String::as_str).collect();
    let restored = home.run(&command);
    assert_eq!(restored.code, 0, "{}", restored.err);
    assert_eq!(points(&home), completed(&[&first]));
    let serving = serve(&home);
    wait_for(&home, &completed(&[&first, &second]));
    drop(serving);
    let target = home.path("back");
    let restored = home.run(&["restore", "start", &second, "--to", target.to_str().unwrap()]);
    assert_eq!(restored.code, 0, "{}", restored.err);
    assert_eq!(fs::read_to_string(target.join("b")).unwrap(), "b");
}

#[test]
fn an_older_catalog_takes_up_the_newer_points_without_further_ado_and_no_deleted_one() {
    let home = with_resource();
    let deleted = back_up(&home, "a", &[]);
    let kept = back_up(&home, "b", &[]);
    let older = fs::read(catalog(&home)).unwrap();
    let newer = back_up(&home, "c", &[]);
    delete(&home, &deleted);
    lose_catalog(&home);
    fs::write(catalog(&home), older).unwrap();

    let mut expected = completed(&[&kept, &newer]);
    expected.push((deleted, "EXPIRED".to_owned()));
    expected.sort();
    let serving = serve(&home);
    wait_for(&home, &expected);
    drop(serving);
    let messages: Vec<String> = {
        let database = rusqlite::Connection::open(catalog(&home)).unwrap();
        let mut statement =
            database.prepare("SELECT coalesce(status_message, '') FROM recovery_points ORDER BY created, arn").unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    assert!(messages.iter().any(|text| text.starts_with("Found in its vault at ")), "{messages:?}");
    assert!(messages.iter().any(|text| text.starts_with("Neither the snapshot nor the manifest")), "{messages:?}");
    // A second start finds nothing new, and takes nothing back.
    let serving = serve(&home);
    wait_for(&home, &expected);
    drop(serving);
    let again = home.json(&["vault", "rescan", "--output", "json"]);
    for member in ["Accounts", "Vaults", "RecoveryPoints", "Gone", "Problems"] {
        assert_eq!(again[member], serde_json::json!([]), "{member}");
    }
}

#[test]
fn with_no_catalog_at_all_a_rescan_gives_accounts_vaults_and_points_back() {
    let home = with_resource();
    assert_eq!(home.run(&["account", "add", "dev", "--id", MEMBER]).code, 0);
    let first = back_up(&home, "a", &[]);
    let second = back_up(&home, "b", &["--delete-after", "30"]);
    lose_catalog(&home);

    let refused = home.run(&["points"]);
    assert_eq!(refused.code, 1, "a new catalog would hide the vaults");
    assert!(!catalog(&home).exists());
    let command = command_in(&refused.err, "vaultdeck vault rescan ");
    let mut command: Vec<&str> = command.iter().take_while(|word| *word != "makes").map(String::as_str).collect();
    command.extend(["--output", "json"]);
    let report = home.json(&command);
    assert_eq!(report["Problems"], serde_json::json!([]));
    assert_eq!(report["RecoveryPoints"].as_array().unwrap().len(), 2);
    assert_eq!(report["Vaults"].as_array().unwrap().len(), 2, "{report}");
    assert_eq!(points(&home), completed(&[&first, &second]));
    let accounts = home.run(&["account", "list"]).out;
    assert!(accounts.contains(MEMBER), "{accounts}");
    let target = home.path("back");
    let restored = home.run(&["restore", "start", &first, "--to", target.to_str().unwrap()]);
    assert_eq!(restored.code, 0, "{}", restored.err);
    assert_eq!(fs::read_to_string(target.join("a")).unwrap(), "a");
    assert!(fs::read_dir(home.data_dir().join("trash")).unwrap().next().is_none(), "no folder was put away");
    drop(serve(&home));
    assert_eq!(points(&home), completed(&[&first, &second]));
}

#[test]
fn a_damaged_catalog_without_a_copy_is_made_anew_and_kept_aside() {
    let home = with_resource();
    let point = back_up(&home, "a", &[]);
    damage_catalog(&home);
    let damaged = fs::read(catalog(&home)).unwrap();
    let rescanned = home.run(&["vault", "rescan", "--all"]);
    assert_eq!(rescanned.code, 0, "{}", rescanned.err);
    assert!(rescanned.out.contains("plans, registered resources, the history of jobs"), "{}", rescanned.out);
    assert_eq!(points(&home), completed(&[&point]));
    let aside = fs::read_dir(home.data_dir().join("catalog-copies")).unwrap().map(|entry| entry.unwrap().path());
    let kept: Vec<_> = aside.filter(|path| path.is_dir()).collect();
    assert_eq!(kept.len(), 1);
    assert_eq!(fs::read(kept[0].join("catalog.sqlite")).unwrap(), damaged);
}

#[test]
fn no_local_key_is_drawn_for_vaults_that_another_one_closed() {
    let home = with_resource();
    back_up(&home, "a", &[]);
    lose_catalog(&home);
    fs::remove_file(home.data_dir().join("keys/local.key")).unwrap();
    let refused = home.run(&["vault", "rescan", "--all"]);
    assert_eq!(refused.code, 1);
    assert!(refused.err.contains("local.key is missing"), "{}", refused.err);
    assert!(!home.data_dir().join("keys/local.key").exists());
}

fn opens(home: &Home, account: &str, password: &str) -> bool {
    let vault = home.data_dir().join(format!("vaults/{account}/us-east-1/Default"));
    Repository::unlock(&LocalStorage::new(vault), password).is_ok()
}

#[test]
fn a_recovery_key_is_had_though_the_catalog_is_damaged_or_gone() {
    let home = with_resource();
    back_up(&home, "a", &[]);
    let before = home.run(&["vault", "recovery-key", "Default"]).out;
    assert!(opens(&home, "123456789012", before.trim()));
    damage_catalog(&home);
    let made = home.run(&["vault", "recovery-key", "Default"]);
    assert_eq!(made.code, 0, "{}", made.err);
    assert!(opens(&home, "123456789012", made.out.trim()));
    assert!(
        opens(&home, "123456789012", before.trim()),
        "nothing that opens the vault goes while the catalog is damaged"
    );
    lose_catalog(&home);
    let all = home.json(&["vault", "recovery-key", "--all", "--output", "json"]);
    let password = all["arn:aws:backup:us-east-1:123456789012:backup-vault:Default"].as_str().unwrap();
    assert!(opens(&home, "123456789012", password));
    let unknown = home.run(&["vault", "recovery-key", "nothing"]);
    assert_eq!((unknown.code, unknown.out.as_str()), (1, ""));
}

#[test]
fn all_recovery_keys_are_made_in_one_run_for_one_envelope() {
    let home = with_resource();
    assert_eq!(home.run(&["account", "add", "dev", "--id", MEMBER]).code, 0);
    let all = home.json(&["vault", "recovery-key", "--all", "--output", "json"]);
    let all = all.as_object().unwrap();
    assert_eq!(all.len(), 2);
    for account in ["123456789012", MEMBER] {
        let arn = format!("arn:aws:backup:us-east-1:{account}:backup-vault:Default");
        assert!(opens(&home, account, all[&arn].as_str().unwrap()), "{arn}");
    }
    let again = home.run(&["vault", "recovery-key", "--all"]);
    assert_eq!(again.out.lines().count(), 2, "{}", again.out);
    let replaced = &all["arn:aws:backup:us-east-1:123456789012:backup-vault:Default"];
    assert!(!opens(&home, "123456789012", replaced.as_str().unwrap()), "a second run replaces the first keys");
    assert_eq!(home.run(&["vault", "recovery-key"]).code, 2);
    assert_eq!(home.run(&["vault", "recovery-key", "Default", "--all"]).code, 2);
}

#[test]
fn copies_are_listed_and_a_copy_is_not_put_back_under_a_running_engine() {
    let home = with_resource();
    let serving = serve(&home);
    let made = home.run(&["catalog", "copy"]);
    assert_eq!(made.code, 0, "beside a running engine: {}", made.err);
    let copies = home.json(&["catalog", "copies", "--output", "json"]);
    assert_eq!(copies[0]["Path"].as_str().unwrap(), made.out.trim());
    let refused = home.run(&["catalog", "restore"]);
    assert_eq!(refused.code, 4, "{}", refused.err);
    drop(serving);
    assert_eq!(home.run(&["catalog", "restore", "nothing"]).code, 1);
    assert_eq!(home.run(&["catalog", "restore"]).code, 0);
}
