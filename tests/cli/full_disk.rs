//! The disk of the data directory, of the log and of the audit log is full; on the real binary. Only root may mount one.

use crate::harness::Home;
use crate::mounted::Mounted;
use serde_json::Value;
use std::fs;
use std::path::Path;

/// A home in which all that the program writes lies on a small disk, with a resource elsewhere and a recovery point of it.
struct Scene {
    home: Home,
    disk: Mounted,
    point: String,
}

fn scene() -> Option<Scene> {
    if !rustix::process::geteuid().is_root() {
        return None;
    }
    let home = Home::new();
    let disk = Mounted::ext4(&home.path("image"), &home.path(".local"), 96 << 20);
    home.add_resource(&[]);
    noise(&home.path("projects/first"), 1 << 20);
    let job = home.json(&["backup", "start", "projects", "--vault", "Default", "--output", "json"]);
    let point = job["RecoveryPointArn"].as_str().unwrap().to_owned();
    Some(Scene { home, disk, point })
}

fn noise(path: &Path, bytes: usize) {
    let mut content = vec![0; bytes];
    getrandom::fill(&mut content).unwrap();
    fs::write(path, content).unwrap();
}

impl Scene {
    fn restore(&self, to: &str) {
        let target = self.home.path(to);
        let ran = self.home.run(&["restore", "start", &self.point, "--to", target.to_str().unwrap()]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        let first = |folder: &str| fs::read(self.home.path(folder).join("first")).unwrap();
        assert!(first(to) == first("projects"), "what was restored differs");
    }

    /// The operations in the audit log, of which every line must be whole.
    fn audited(&self) -> Vec<String> {
        let log = fs::read_to_string(self.home.path(".local/state/vaultdeck/audit.jsonl")).unwrap();
        let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.map(|line| format!("{} {}", line["phase"], line["operation"]).replace('"', "")).collect()
    }
}

#[test]
fn no_command_ends_by_a_signal_and_only_backups_are_refused() {
    let Some(scene) = scene() else { return };
    let home = &scene.home;
    scene.disk.fill();
    let commands: [&[&str]; 11] = [
        &["vaults"],
        &["points"],
        &["jobs"],
        &["plans"],
        &["accounts"],
        &["resource", "list"],
        &["credentials"],
        &["vault", "check", "Default"],
        &["vault", "recovery-key", "Default"],
        &["catalog", "copies"],
        &["points", "--output", "json"],
    ];
    for command in commands {
        let ran = home.run(command);
        assert_eq!(ran.code, 0, "{command:?}: {}", ran.err);
    }
    scene.restore("restored");
    let refused = home.run(&["backup", "start", "projects", "--vault", "Default"]);
    assert_eq!(refused.code, 1, "{}", refused.err);
    let told = refused.out + &refused.err;
    let data = home.data_dir().canonicalize().unwrap();
    assert!(told.contains(&format!("the disk of {} has", data.display())) && told.contains("Delete"), "{told}");
    let audited = scene.audited();
    let last: Vec<&str> = audited.iter().rev().take(4).rev().map(String::as_str).collect();
    assert_eq!(
        last,
        ["intended StartRestoreJob", "done StartRestoreJob", "intended StartBackupJob", "done StartBackupJob"]
    );
}

#[test]
fn a_change_goes_on_when_the_disk_of_the_audit_log_was_full_from_the_start() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let home = Home::new();
    // Not one line fits.
    let disk = Mounted::tmpfs(&home.path(".local/state"), 1 << 16);
    disk.fill();
    home.add_resource(&[]);
    let job = home.json(&["backup", "start", "projects", "--vault", "Default", "--output", "json"]);
    assert_eq!(job["State"], "COMPLETED");
}

#[test]
fn an_engine_whose_disk_fills_up_while_a_backup_runs_goes_on_and_recovers() {
    let Some(scene) = scene() else { return };
    let home = &scene.home;
    let mut serving = home.serve(&[]);
    noise(&home.path("projects/second"), 30 << 20);
    let running = home.command(&["backup", "start", "projects", "--vault", "Default"]).spawn().unwrap();
    scene.disk.fill();
    let ended = running.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&ended.stdout) + String::from_utf8_lossy(&ended.stderr);
    // It was quicker than the disk was filled, or it says what is the matter.
    assert!(ended.status.success() || told.contains("The disk of the vault is full"), "{:?} {told}", ended.status);

    assert_eq!(serving.exit_code(), None, "the engine lives");
    let status = home.run(&["status"]);
    assert_eq!(status.code, 1, "{}", status.err);
    assert!(status.out.contains("The disk of the data directory is full"), "{}", status.out);
    assert_eq!(home.run(&["points"]).code, 0);
    scene.restore("restored");
    assert_eq!(home.run(&["backup", "start", "projects", "--vault", "Default"]).code, 1);

    fs::remove_file(home.path(".local/filler")).unwrap();
    let again = home.run(&["backup", "start", "projects", "--vault", "Default"]);
    assert_eq!(again.code, 0, "{}", again.err);
    let status = home.run(&["status"]);
    assert!(!status.out.contains("is full"), "{}", status.out);
    let reserve = fs::metadata(home.data_dir().join("reserve")).unwrap();
    assert!(reserve.len() >= 2 << 20, "the reserve is laid again: {}", reserve.len());
    assert_eq!(serving.terminate().0, 0);
}
