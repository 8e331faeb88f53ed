//! Whoever reads what is printed may go away, and the disk that it goes to may be full.

use crate::harness::Home;
use std::fs::OpenOptions;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Output, Stdio};

/// A pipe whose reader has gone away.
fn broken() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer.into()
}

/// A file on a disk that is full.
fn full() -> Stdio {
    OpenOptions::new().write(true).open("/dev/full").unwrap().into()
}

fn ended(command: &mut Command) -> (i32, Output) {
    let output = command.output().unwrap();
    assert_eq!(output.status.signal(), None, "{command:?} died of a signal");
    (output.status.code().unwrap(), output)
}

const PRINTING: [&[&str]; 19] = [
    &["jobs"],
    &["jobs", "--output", "json"],
    &["jobs", "--output", "csv"],
    &["vaults"],
    &["plans"],
    &["points"],
    &["accounts"],
    &["resource", "list"],
    &["account", "list"],
    &["role", "list"],
    &["credentials"],
    &["vault", "check", "Default"],
    &["vault", "who-can", "Default", "DeleteRecoveryPoint"],
    &["vault", "recovery-key", "Default"],
    &["completions", "bash"],
    &["--help"],
    &["--version"],
    &["help", "jobs"],
    &["backup", "start", "projects", "--vault", "Default"],
];

#[test]
fn a_reader_that_went_away_is_no_failure() {
    let home = Home::new();
    home.add_resource(&[]);
    for arguments in PRINTING {
        let (code, output) = ended(home.command(arguments).stdout(broken()));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(code, 0, "{arguments:?}: {said}");
        assert!(!said.contains("panicked") && !said.contains("Broken pipe"), "{arguments:?}: {said}");
    }
}

#[test]
fn the_exit_code_is_the_same_when_nobody_listens_at_all() {
    let home = Home::new();
    home.add_resource(&[]);
    let commands = PRINTING.iter().copied().map(|arguments| (arguments, 0)).chain([
        (&["no-such-command"][..], 2),
        (&["jobs", "--region", "nowhere"][..], 2),
        (&["backup", "start", "no-such-resource", "--vault", "Default"][..], 1),
        (&[][..], 2),
    ]);
    for (arguments, expected) in commands {
        let (code, _) = ended(home.command(arguments).stdout(broken()).stderr(broken()));
        assert_eq!(code, expected, "{arguments:?} into broken pipes");
        let (code, _) = ended(home.command(arguments).stderr(full()));
        assert_eq!(code, expected, "{arguments:?} with standard error on a full disk");
    }
}

#[test]
fn what_could_not_be_written_is_a_failure() {
    let home = Home::new();
    home.add_resource(&[]);
    for arguments in PRINTING {
        let (code, output) = ended(home.command(arguments).stdout(full()));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(code, 1, "{arguments:?}: {said}");
        assert!(said.contains("standard output cannot be written: No space left on device"), "{arguments:?}: {said}");
    }
}

#[test]
fn an_engine_that_serves_goes_on_when_its_log_cannot_be_written() {
    let home = Home::new();
    let mut serve = home.command(&["serve", "--listen", "127.0.0.1:0"]);
    let mut child = serve.env("VAULTDECK_LOG", "debug").stdout(broken()).stderr(broken()).spawn().unwrap();
    let begun = std::time::Instant::now();
    while home.run(&["credentials", "--output", "json"]).out.contains("\"EndpointUrl\": null") {
        assert!(begun.elapsed().as_secs() < 30, "it does not serve");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
