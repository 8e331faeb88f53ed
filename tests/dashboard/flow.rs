//! From a registered directory to a restored one, by keys only, with the real binary on a real engine.

use crate::terminal::{Terminal, binary, vaultdeck};
use std::io::BufRead as _;
use std::path::Path;

const CTRL_S: &str = "\u{13}";
const ENTER: &str = "\r";

/// Runs a command of the `:` line.
fn run(terminal: &mut Terminal, command: &str) {
    terminal.press(":");
    terminal.sees("tab completes");
    terminal.press(command);
    terminal.press(ENTER);
}

/// The one folder below `restored/`.
fn restored(data: &Path) -> std::path::PathBuf {
    let folders: Vec<_> =
        std::fs::read_dir(data.join("restored")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(folders.len(), 1, "{folders:?}");
    folders[0].clone()
}

#[test]
fn vault_backup_plan_and_restore_by_keys_only() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    let source = home.path().join("projects");
    std::fs::create_dir_all(source.join("docs")).unwrap();
    std::fs::write(source.join("readme.md"), "hello").unwrap();
    std::fs::write(source.join("docs/plan.txt"), vec![7; 300_000]).unwrap();
    let path = source.to_string_lossy().into_owned();
    let added = vaultdeck(&data, &["resource", "add", "EFS", "projects", "--path", &path, "--tag", "env=prod"]);
    assert!(added.starts_with("arn:aws:elasticfilesystem:us-east-1:123456789012:file-system/fs-"), "{added}");

    let mut terminal = Terminal::start_in(home, &[], &[]);
    terminal.sees("First steps");
    terminal.press("6");
    terminal.sees("never backed up");

    run(&mut terminal, "create-vault");
    terminal.sees("Create a vault");
    terminal.press("safe");
    terminal.press(CTRL_S);
    terminal.sees("CreateBackupVault");
    terminal.press("y");
    terminal.sees("Recovery points in safe");

    run(&mut terminal, "start-backup");
    terminal.sees("Back up now");
    terminal.sees("projects");
    terminal.sees("safe");
    terminal.press(CTRL_S);
    terminal.sees("\"BackupVaultName\": \"safe\"");
    terminal.press("y");
    terminal.sees("COMPLETED");

    run(&mut terminal, "create-plan");
    terminal.sees("Create a backup plan");
    terminal.press("nightly");
    terminal.press(&"\t".repeat(13));
    terminal.press("env=prod");
    terminal.sees("matches 1 of 1 resource");
    terminal.press(CTRL_S);
    terminal.sees("CreateBackupPlan");
    terminal.press("y");
    terminal.sees("Selection nightly");

    terminal.press("2/safe\r\r");
    terminal.sees("Recovery points in safe");
    // Its row is there, not only the title.
    terminal.sees("on demand");
    terminal.press(ENTER);
    terminal.sees("readme.md");
    run(&mut terminal, "restore");
    terminal.sees("a new file system");
    terminal.press(CTRL_S);
    terminal.sees("StartRestoreJob");
    terminal.press("y");
    terminal.sees("Restored into");
    terminal.sees("COMPLETED");

    let back = restored(&data);
    assert_eq!(std::fs::read_to_string(back.join("readme.md")).unwrap(), "hello");
    assert_eq!(std::fs::read(back.join("docs/plan.txt")).unwrap(), vec![7; 300_000]);

    terminal.press("8");
    terminal.sees("Activity ·");
    terminal.sees("restore job");
    terminal.press("q");
    assert_eq!(terminal.ends_cleanly(), 0);
}

#[test]
fn the_aws_line_names_the_address_on_which_the_engine_listens() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    let mut serving = std::process::Command::new(binary())
        .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(&data)
        .env("HOME", home.path())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    std::io::BufReader::new(serving.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let url = line.trim().strip_prefix("listening on ").unwrap().to_owned();
    let mut terminal = Terminal::start_in(home, &[], &[]);
    terminal.sees("First steps");
    run(&mut terminal, "create-vault");
    terminal.sees("Create a vault");
    terminal.press("safe");
    terminal.press(CTRL_S);
    terminal.sees(&format!("--endpoint-url {url}"));
    drop(terminal);
    serving.kill().unwrap();
    serving.wait().unwrap();
}

#[test]
fn two_recovery_points_go_with_one_answer_and_each_has_its_lines_in_the_audit_log() {
    let home = tempfile::tempdir().unwrap();
    let (data, log) = (home.path().join("data"), home.path().join("home/.local/state/vaultdeck/audit.jsonl"));
    let source = home.path().join("projects");
    std::fs::create_dir_all(&source).unwrap();
    let path = source.to_string_lossy().into_owned();
    vaultdeck(&data, &["resource", "add", "EFS", "projects", "--path", &path]);
    for day in ["monday", "tuesday", "wednesday"] {
        std::fs::write(source.join("notes.txt"), day).unwrap();
        vaultdeck(&data, &["backup", "start", "projects", "--vault", "Default"]);
    }
    let mut terminal = Terminal::start_in(home, &[], &[]);
    terminal.sees("Overview");
    terminal.press("2");
    terminal.sees("none yet");
    terminal.press(ENTER);
    // Its rows are there, not only the title.
    terminal.sees("Recovery points in Default · 3");
    terminal.press("  ");
    terminal.sees("2 marked");
    terminal.press("adelete\r");
    terminal.sees("Delete 2 recovery points.");
    terminal.sees("What is left can be restored: 1 of projects.");
    terminal.press("2\r");
    terminal.sees("2 of 2 went well");
    terminal.press(ENTER);
    terminal.sees("2 done, 0 failed");
    terminal.press("8");
    terminal.sees("Activity ·");
    terminal.press("q");
    assert_eq!(terminal.ends_cleanly(), 0);
    let lines = std::fs::read_to_string(log).unwrap();
    let phases = |phase: &str| lines.lines().filter(|line| line.contains(&format!("\"{phase}\""))).count();
    assert_eq!(lines.matches("DeleteRecoveryPoint").count(), 4, "{lines}");
    assert_eq!((phases("intended"), phases("done")), (2, 2), "one change, one pair of lines: {lines}");
}
