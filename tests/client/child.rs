//! Credentials come from a profile, as a user has one. Variables of the environment cannot be changed safely in a running
//! process: a test runs itself again in a child process that has the profile's file in its environment.

use std::process::Command;

const URL: &str = "VAULTDECK_TEST_URL";

/// In the child process, the URL to test against.
pub fn given_url() -> Option<String> {
    std::env::var(URL).ok()
}

/// Runs one test of this binary against `url`, with a profile `moto` that has these keys, and one whose login is over.
pub fn in_child(test: &str, url: &str, keys: (&str, &str)) {
    in_child_with(test, url, keys, &[]);
}

/// The same with more variables in the environment.
pub fn in_child_with(test: &str, url: &str, keys: (&str, &str), more: &[(&str, &str)]) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config");
    let profiles = format!(
        "[profile moto]\naws_access_key_id = {}\naws_secret_access_key = {}\n\
         [profile sso]\nsso_session = corporate\nsso_account_id = 123456789012\nsso_role_name = Backup\n\
         [sso-session corporate]\nsso_region = eu-central-1\nsso_start_url = https://corporate.example.com/start\n",
        keys.0, keys.1
    );
    std::fs::write(&file, profiles).unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(URL, url)
        .env("AWS_CONFIG_FILE", &file)
        .env("HOME", folder.path())
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        // Keys that lie about in the environment must not overrule a profile that was named.
        .env("AWS_ACCESS_KEY_ID", "WRONG")
        .env("AWS_SECRET_ACCESS_KEY", "wrong")
        .envs(more.iter().copied())
        .output()
        .unwrap();
    let told = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && told.contains("1 passed"), "{told}");
}
