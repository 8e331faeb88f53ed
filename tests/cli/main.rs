//! The command line as a user and a script meet it: the real binary, its output, its exit codes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod accounts;
mod air_gap;
mod backup_policies;
mod decode;
mod deletions;
mod demo;
mod events;
mod explore;
mod filters;
mod findings;
mod full_disk;
mod harness;
mod health;
mod history;
mod holds;
mod jobs;
#[path = "../client/kept_job.rs"]
mod kept_job;
mod keys;
#[path = "../repository/support/mounted.rs"]
mod mounted;
mod policies;
mod printing;
mod read_only;
mod recovery;
mod who_can;

use harness::Home;
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

#[test]
fn the_version_is_told() {
    let home = Home::new();
    let ran = home.run(&["--version"]);
    assert_eq!((ran.code, ran.out.trim()), (0, concat!("vaultdeck ", env!("CARGO_PKG_VERSION"))));
}

#[test]
fn what_makes_no_sense_is_a_usage_error() {
    let home = Home::new();
    let commands: [&[&str]; 8] = [
        &["no-such-command"],
        &["jobs", "--no-such-option"],
        &["resource", "add", "EFS", "x"],
        &["resource", "add", "EFS", "x", "--path", "/", "--tag", "novalue"],
        &["resource", "remove", "not-an-arn"],
        &["credentials", "--account", "12"],
        &["vaults", "--region", "nowhere"],
        &["--profile", "x", "vaults"],
    ];
    for command in commands {
        let ran = home.run(command);
        assert_eq!(ran.code, 2, "{command:?}: {}", ran.err);
        assert!(!ran.err.is_empty() && ran.out.is_empty(), "{command:?}");
    }
}

#[test]
fn the_data_directory_is_taken_before_and_after_the_subcommand_and_from_the_environment() {
    let home = Home::new();
    let other = home.path("other");
    let other = other.to_str().unwrap();
    home.add_resource(&["--data-dir", other]);
    for command in [
        vec!["--data-dir", other, "resource", "list", "--output", "json"],
        vec!["resource", "--data-dir", other, "list", "--output", "json"],
        vec!["resource", "list", "--output", "json", "--data-dir", other],
    ] {
        assert_eq!(home.json(&command).as_array().unwrap().len(), 1, "{command:?}");
    }
    let ran =
        home.command(&["resource", "list", "--output", "json"]).env("VAULTDECK_DATA_DIR", other).output().unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&ran.stdout).unwrap().as_array().unwrap().len(), 1);
    assert_eq!(home.json(&["resource", "list", "--output", "json"]), json!([]));
}

#[test]
fn a_resource_is_added_listed_and_removed() {
    let home = Home::new();
    let arn = home.add_resource(&[]);
    let listed = home.json(&["resource", "list", "--output", "json"]);
    let folder = home.path("projects").canonicalize().unwrap();
    assert_eq!(
        listed,
        json!([{
            "ResourceArn": arn,
            "ResourceType": "EFS",
            "Name": "projects",
            "AccountId": "123456789012",
            "Region": "us-east-1",
            "Path": folder.to_str().unwrap(),
            "Location": {"Path": folder.to_str().unwrap()},
            "Facts": {},
            "Tags": {"env": "prod"},
        }])
    );
    assert_eq!(home.run(&["resource", "remove", &arn]).code, 0);
    assert_eq!(home.json(&["resource", "list", "--output", "json"]), json!([]));
}

#[test]
fn the_same_name_and_path_keep_their_arn_and_another_path_is_refused() {
    let home = Home::new();
    let arn = home.add_resource(&[]);
    let folder = home.path("projects");
    let folder = folder.to_str().unwrap();
    let again =
        home.json(&["resource", "add", "EFS", "projects", "--path", folder, "--tag", "env=test", "--output", "json"]);
    assert_eq!(again, json!({"ResourceArn": arn}));
    let tags = home.json(&["resource", "list", "--output", "json"])[0]["Tags"].clone();
    assert_eq!(tags, json!({"env": "test"}));
    std::fs::create_dir(home.path("elsewhere")).unwrap();
    let elsewhere = home.path("elsewhere");
    let ran = home.run(&["resource", "add", "EFS", "projects", "--path", elsewhere.to_str().unwrap()]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("projects"), "{}", ran.err);
}

#[test]
fn a_dry_run_says_what_would_be_registered_and_registers_nothing() {
    let home = Home::new();
    let folder = home.path("projects");
    std::fs::create_dir_all(&folder).unwrap();
    let add = ["resource", "add", "EFS", "projects", "--path", folder.to_str().unwrap(), "--dry-run"];
    let ran = home.run(&add);
    assert_eq!(
        (ran.code, ran.out.contains(folder.canonicalize().unwrap().to_str().unwrap())),
        (0, true),
        "{}",
        ran.out
    );
    let told = home.json(&[&add[..], &["--output", "json"]].concat());
    assert_eq!(told, json!({"Location": {"Path": folder.canonicalize().unwrap()}, "Facts": {}}));
    assert_eq!(home.json(&["resource", "list", "--output", "json"]), json!([]));
    let absent = home.path("absent");
    let ran = home.run(&["resource", "add", "EFS", "x", "--path", absent.to_str().unwrap(), "--dry-run"]);
    assert_eq!((ran.code, ran.err.contains("absent")), (1, true), "{}", ran.err);
}

#[test]
fn a_resource_that_cannot_be_protected_is_refused_with_the_reason() {
    let home = Home::new();
    let absent = home.path("absent");
    for (kind, path) in [("EFS", absent.to_str().unwrap()), ("Floppy", "/")] {
        let ran = home.run(&["resource", "add", kind, "x", "--path", path]);
        assert_eq!(ran.code, 1, "{kind} {path}");
        assert!(ran.err.contains(if kind == "EFS" { "absent" } else { "Floppy" }), "{}", ran.err);
    }
}

#[test]
fn a_secret_comes_from_a_file_and_is_told_to_nobody() {
    let home = Home::new();
    std::fs::create_dir(home.path("projects")).unwrap();
    let (folder, file) = (home.path("projects"), home.path("secret"));
    let add = |file: &std::path::Path| {
        let (folder, file) = (folder.to_str().unwrap(), file.to_str().unwrap());
        home.run(&["resource", "add", "EFS", "x", "--path", folder, "--secret-file", file])
    };
    let absent = add(&file);
    assert_eq!(absent.code, 2);
    assert!(absent.err.contains("--secret-file") && absent.err.contains("No such file"), "{}", absent.err);
    std::fs::write(&file, "\n").unwrap();
    assert!(add(&file).err.contains("Invalid Secret: must not be empty"));
    std::fs::write(&file, "correct horse\n").unwrap();
    let unfit = add(&file);
    assert_eq!(unfit.code, 1);
    assert!(
        unfit.err.contains("EFS takes --path [--snapshot]; given is path") && unfit.err.contains("with a secret"),
        "{}",
        unfit.err
    );
    assert!(!unfit.err.contains("correct horse"), "{}", unfit.err);
}

#[test]
fn a_fresh_directory_has_the_first_account_its_vault_and_its_role() {
    let home = Home::new();
    let vaults = home.json(&["vaults", "--output", "json"]);
    assert_eq!(vaults[0]["BackupVaultArn"], "arn:aws:backup:us-east-1:123456789012:backup-vault:Default");
    let accounts = home.json(&["account", "list", "--output", "json"]);
    assert_eq!((&accounts[0]["AccountId"], &accounts[0]["Management"]), (&json!("123456789012"), &json!(true)));
    let role = "arn:aws:iam::123456789012:role/service-role/AWSBackupDefaultServiceRole";
    assert_eq!(home.json(&["role", "list", "--output", "json"]), json!([{"RoleArn": role}]));
}

#[test]
fn an_account_is_added_with_its_own_vault_and_role() {
    let home = Home::new();
    let ran = home.run(&["account", "add", "dev", "--id", "111122223333"]);
    assert_eq!((ran.code, ran.out.trim()), (0, "111122223333"));
    let vaults = home.json(&["vaults", "--account", "111122223333", "--output", "json"]);
    assert_eq!(vaults[0]["BackupVaultArn"], "arn:aws:backup:us-east-1:111122223333:backup-vault:Default");
    assert_eq!(home.run(&["account", "add", "dev2", "--id", "111122223333"]).code, 1);
}

#[test]
fn a_role_is_added_and_removed() {
    let home = Home::new();
    let role = "arn:aws:iam::123456789012:role/backup";
    assert_eq!(home.run(&["role", "add", role]).code, 0);
    assert!(home.run(&["role", "list"]).out.contains(role));
    assert_eq!(home.run(&["role", "remove", role]).code, 0);
    assert!(!home.run(&["role", "list"]).out.contains(role));
}

#[test]
fn credentials_have_awss_members_and_no_endpoint_when_nothing_serves() {
    let home = Home::new();
    let key = home.json(&["credentials", "--output", "json"]);
    let members: Vec<&String> = key.as_object().unwrap().keys().collect();
    assert_eq!(members.len(), 5, "{members:?}");
    assert_eq!((&key["AccountId"], &key["Region"]), (&json!("123456789012"), &json!("us-east-1")));
    assert_eq!(key["EndpointUrl"], Value::Null);
    let lines = home.run(&["credentials"]).out;
    let export = format!("export AWS_ACCESS_KEY_ID='{}'", key["AccessKeyId"].as_str().unwrap());
    assert!(lines.contains(&export), "the key changed or is not exported");
}

#[test]
fn what_is_secret_is_the_owners_alone() {
    let home = Home::new();
    home.add_resource(&[]);
    let data = home.data_dir();
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&data), 0o700);
    assert_eq!(mode(&data.join("keys/local.key")), 0o600);
    assert_eq!(mode(&data.join("catalog.sqlite")), 0o600);
}

#[test]
fn serve_says_one_line_and_ends_soon_on_sigterm() {
    let home = Home::new();
    let serving = home.serve(&[]);
    let key = home.json(&["credentials", "--output", "json"]);
    assert_eq!(key["EndpointUrl"].as_str(), Some(serving.url.as_str()));
    let begun = Instant::now();
    let (code, rest) = serving.terminate();
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert_eq!((code, rest.as_str()), (0, ""));
}

#[test]
fn commands_go_through_the_engine_that_serves() {
    let home = Home::new();
    let serving = home.serve(&[]);
    let arn = home.add_resource(&[]);
    assert_eq!(home.json(&["resource", "list", "--output", "json"])[0]["ResourceArn"].as_str(), Some(arn.as_str()));
    serving.terminate();
    assert_eq!(home.json(&["resource", "list", "--output", "json"])[0]["ResourceArn"].as_str(), Some(arn.as_str()));
}

#[test]
fn a_second_engine_on_the_directory_names_the_first() {
    let home = Home::new();
    let serving = home.serve(&[]);
    let ran = home.run(&["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(ran.code, 4);
    assert!(ran.err.contains(&serving.pid().to_string()), "{}", ran.err);
    serving.terminate();
}

#[test]
fn what_others_can_reach_is_refused() {
    let home = Home::new();
    let ran = home.run(&["serve", "--listen", "0.0.0.0:0"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("loopback"), "{}", ran.err);
}

#[test]
fn commands_in_parallel_wait_for_each_other() {
    let home = Home::new();
    let children: Vec<_> =
        (0..6).map(|_| home.command(&["role", "list", "--output", "json"]).spawn().unwrap()).collect();
    for child in children {
        let ran = child.wait_with_output().unwrap();
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    }
}

#[test]
fn serve_waits_for_a_command_that_holds_the_directory_for_a_moment() {
    let home = Home::new();
    let mut commands: Vec<_> = (0..4).map(|_| home.command(&["role", "list"]).spawn().unwrap()).collect();
    let serving = home.serve(&[]);
    for command in &mut commands {
        assert!(command.wait().unwrap().success());
    }
    serving.terminate();
}

#[test]
fn a_simulated_engine_can_follow_commands_that_only_register() {
    let home = Home::new();
    home.add_resource(&[]);
    let serving = home.serve(&["--clock", "simulated"]);
    serving.terminate();
    assert_eq!(home.json(&["resource", "list", "--output", "json"]).as_array().unwrap().len(), 1);
}

#[test]
fn a_mistake_in_the_config_file_is_told_by_its_line() {
    let home = Home::new();
    home.write_config("theme = \"light\"\n[contexts.a]\nurl = \"x\"\n");
    let ran = home.run(&["vaults"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("config.toml:3:1: unknown field `url`, expected one of"), "{}", ran.err);
}

#[test]
fn an_unknown_context_is_told_with_the_known_ones() {
    let home = Home::new();
    home.write_config("[contexts.prod]\nprofile = \"prod\"\n");
    let ran = home.run(&["vaults", "--context", "test"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("no context test") && ran.err.contains("it has prod"), "{}", ran.err);
}

#[test]
fn an_endpoint_without_an_engine_is_out_of_reach() {
    let home = Home::new();
    let ran = home
        .command(&["vaults", "--endpoint-url", "http://127.0.0.1:1", "--region", "us-east-1"])
        .env("AWS_ACCESS_KEY_ID", "x")
        .env("AWS_SECRET_ACCESS_KEY", "y")
        .output()
        .unwrap();
    assert_eq!(ran.status.code(), Some(4), "{}", String::from_utf8_lossy(&ran.stderr));
}

#[test]
fn a_list_over_an_endpoint_is_the_same_as_over_the_socket() {
    let home = Home::new();
    let serving = home.serve(&[]);
    let key = home.json(&["credentials", "--output", "json"]);
    let ran = home
        .command(&["vaults", "--endpoint-url", &serving.url, "--region", "us-east-1", "--output", "json"])
        .env("AWS_ACCESS_KEY_ID", key["AccessKeyId"].as_str().unwrap())
        .env("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"].as_str().unwrap())
        .output()
        .unwrap();
    let remote: Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!(remote, home.json(&["vaults", "--output", "json"]));
    serving.terminate();
}

#[test]
fn completions_are_made_for_every_shell() {
    let home = Home::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = home.run(&["completions", shell]);
        assert!(ran.code == 0 && ran.out.contains("recovery-key"), "{shell}");
    }
}
