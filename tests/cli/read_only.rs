//! A data directory that can be read and not written, on the real binary.

use crate::harness::{Home, Ran, Serving};
use crate::mounted::Mounted;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A home with a recovery point of the folder `projects`.
struct Scene {
    home: Home,
    point: String,
    resource: String,
}

impl Scene {
    fn new() -> Self {
        let home = Home::new();
        let resource = home.add_resource(&[]);
        fs::create_dir(home.path("projects/folder")).unwrap();
        fs::write(home.path("projects/folder/file"), "content").unwrap();
        let job = home.json(&["backup", "start", "projects", "--vault", "Default", "--output", "json"]);
        let point = job["RecoveryPointArn"].as_str().unwrap().to_owned();
        Self { home, point, resource }
    }

    fn path(&self, name: &str) -> String {
        self.home.path(name).to_str().unwrap().to_owned()
    }
}

fn refused(ran: &Ran, scene: &Scene, reason: &str) {
    let told = format!("data directory {} is read-only ({reason})", scene.home.data_dir().display());
    assert!(ran.code == 1 && ran.err.contains(&told), "{} {}", ran.code, ran.err);
}

#[test]
fn commands_that_read_work_and_those_that_write_are_refused_with_code_1() {
    let scene = Scene::new();
    let home = &scene.home;
    let _mounted = Mounted::read_only(&home.data_dir());
    assert_eq!(home.json(&["points", "--output", "json"])[0]["RecoveryPointArn"].as_str(), Some(scene.point.as_str()));
    assert_eq!(home.run(&["vault", "check", "Default"]).code, 0);
    let to = scene.path("back");
    let job = home.json(&["restore", "start", &scene.point, "--to", &to, "--output", "json"]);
    assert_eq!(job["State"], "COMPLETED", "{job}");
    assert!(job["StatusMessage"].as_str().unwrap().contains("forgotten when the engine ends"), "{job}");
    assert_eq!(fs::read_to_string(home.path("back/folder/file")).unwrap(), "content");
    assert_eq!(home.json(&["jobs", "--kind", "restore", "--output", "json"]), serde_json::json!([]));

    let commands: [&[&str]; 9] = [
        &["backup", "start", "projects", "--vault", "Default"],
        &["resource", "add", "EFS", "new", "--path", &to],
        &["account", "add", "new"],
        &["role", "add", "arn:aws:iam::123456789012:role/new"],
        &["vault", "recovery-key", "Default"],
        &["vault", "repair", "Default", "--yes"],
        &["vault", "rescan", "--all"],
        &["catalog", "restore"],
        &["clock", "confirm"],
    ];
    for command in commands {
        refused(&home.run(command), &scene, "Read-only file system");
    }
    let status = home.run(&["status"]);
    assert_eq!(status.code, 4, "no engine runs: {}", status.err);
    assert!(status.err.contains("is read-only (Read-only file system)"), "{}", status.err);
}

fn asked(home: &Home, url: &str, key: &Value, arguments: &[&str]) -> Ran {
    let mut command = home.command(arguments);
    command.args(["--endpoint-url", url]);
    command.env("AWS_ACCESS_KEY_ID", key["AccessKeyId"].as_str().unwrap());
    command.env("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"].as_str().unwrap());
    command.env("AWS_REGION", "us-east-1");
    ran(&mut command)
}

fn ran(command: &mut Command) -> Ran {
    let output = command.output().unwrap();
    Ran {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

#[test]
fn it_is_served_for_reading_and_that_is_told_everywhere() {
    let scene = Scene::new();
    let home = &scene.home;
    let key = home.json(&["credentials", "--output", "json"]);
    let _mounted = Mounted::read_only(&home.data_dir());
    let root = scene.path("restored");
    let mut serving = Serving::start(home.command(&["serve", "--listen", "127.0.0.1:0", "--restore-root", &root]));
    let url = serving.url.clone();

    let points = asked(home, &url, &key, &["points", "--output", "json"]);
    assert!(points.code == 0 && points.out.contains(&scene.point), "{}", points.err);
    let to = scene.path("restored/here");
    let restored = asked(home, &url, &key, &["restore", "start", &scene.point, "--to", &to, "--write"]);
    assert_eq!(restored.code, 0, "{}", restored.err);
    assert_eq!(fs::read_to_string(home.path("restored/here/folder/file")).unwrap(), "content");
    let backup = asked(home, &url, &key, &["backup", "start", &scene.resource, "--vault", "Default", "--write"]);
    let told = "data directory is read-only (Read-only file system): nothing in it can be changed";
    assert!(backup.code == 1 && backup.err.contains(told), "{} {}", backup.code, backup.err);
    let data_dir = home.data_dir();
    assert!(!backup.err.contains(data_dir.to_str().unwrap()), "a port tells no paths: {}", backup.err);
    let status = asked(home, &url, &key, &["status"]);
    assert!(status.code == 1 && status.out.contains("read-only (Read-only file system)"), "{}", status.out);

    // Others read beside it: there is no socket that they could go through.
    assert_eq!(home.run(&["points"]).code, 0);
    rustix::process::kill_process(
        rustix::process::Pid::from_raw(serving.pid() as i32).unwrap(),
        rustix::process::Signal::TERM,
    )
    .unwrap();
    let log = serving.errors();
    assert!(log.contains("is read-only (Read-only file system)") && log.contains("it is served for that"), "{log}");
}

/// Gives a tree to nobody, and takes away what would let it write.
fn give_away(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            give_away(&path);
        } else {
            hand_over(&path);
        }
    }
    hand_over(folder);
}

fn hand_over(path: &Path) {
    chown(path, Some(65534), Some(65534)).unwrap();
    let mode = fs::metadata(path).unwrap().permissions().mode();
    fs::set_permissions(path, fs::Permissions::from_mode(mode & 0o500)).unwrap();
}

/// The binary, where everybody may run it, as a user that is not root.
fn as_nobody(scene: &Scene, program: &Path, arguments: &[&str]) -> Ran {
    let home = scene.home.command(&[]);
    let mut command = Command::new("setpriv");
    command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]).arg(program).args(arguments).env_clear();
    for (name, value) in home.get_envs() {
        command.env(name, value.unwrap());
    }
    ran(command.env("XDG_STATE_HOME", scene.home.path("open/state")).current_dir("/"))
}

#[test]
fn a_user_without_permission_to_write_reads_and_restores() {
    let scene = Scene::new();
    let home = &scene.home;
    let data = home.data_dir();
    give_away(&data);
    let open: PathBuf = home.path("open");
    fs::create_dir(&open).unwrap();
    fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).unwrap();
    for folder in [home.path(""), home.path(".local"), home.path(".local/share")] {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let program = open.join("vaultdeck");
    fs::copy(env!("CARGO_BIN_EXE_vaultdeck"), &program).unwrap();

    let points = as_nobody(&scene, &program, &["points", "--output", "json"]);
    assert!(points.code == 0 && points.out.contains(&scene.point), "{}", points.err);
    let check = as_nobody(&scene, &program, &["vault", "check", "Default"]);
    assert_eq!(check.code, 0, "{} {}", check.out, check.err);
    let to = scene.path("open/back");
    let restored = as_nobody(&scene, &program, &["restore", "start", &scene.point, "--to", &to]);
    assert_eq!(restored.code, 0, "{}", restored.err);
    assert_eq!(fs::read_to_string(open.join("back/folder/file")).unwrap(), "content");
    let backup = as_nobody(&scene, &program, &["backup", "start", "projects", "--vault", "Default"]);
    refused(&backup, &scene, "Permission denied");
    assert_eq!(fs::metadata(&data).unwrap().permissions().mode() & 0o777, 0o500, "what its user took away stays so");
}
