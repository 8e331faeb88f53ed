//! A service that cannot fall silent: signals, a log that nobody reads, a conductor that panics, blocks or ends.

use crate::harness::{Home, Serving};
use rustix::process::{Pid, Signal, kill_process};
use std::io::Read as _;
use std::time::{Duration, Instant};

/// Waits until `look` gives something.
fn until<T>(what: &str, limit: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < limit, "{what}: not within {} s", limit.as_secs());
        std::thread::sleep(Duration::from_millis(100));
    }
}

const SOON: Duration = Duration::from_secs(15);

fn send(serving: &Serving, signal: Signal) {
    kill_process(Pid::from_raw(serving.pid() as i32).unwrap(), signal).unwrap();
}

/// Status and body of the health route.
fn health(serving: &Serving) -> (u16, serde_json::Value) {
    use std::io::Write as _;
    let address = serving.url.trim_start_matches("http://");
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    write!(stream, "GET /_vaultdeck/health HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let status = text.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(text.split("\r\n\r\n").nth(1).unwrap()).unwrap())
}

fn backs_up(home: &Home) {
    let ran = home.run(&["backup", "start", "projects", "--vault", "Default"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
}

/// A served engine with a file by which a test lets it misbehave.
fn misbehaving(home: &Home) -> (Serving, impl Fn(&str)) {
    let file = home.path("misbehave");
    std::fs::write(&file, "").unwrap();
    let mut command = home.command(&["serve", "--listen", "127.0.0.1:0"]);
    command.env("VAULTDECK_MISBEHAVE", &file).env("VAULTDECK_LOG", "info");
    let serving = Serving::start(command);
    (serving, move |what| std::fs::write(&file, what).unwrap())
}

#[test]
fn hang_ups_and_other_signals_are_survived_and_two_end_the_service_in_order() {
    let home = Home::new();
    for last in [Signal::TERM, Signal::INT] {
        let mut serving = home.serve(&[]);
        home.add_resource(&[]);
        for signal in [Signal::HUP, Signal::USR1, Signal::USR2, Signal::PIPE] {
            send(&serving, signal);
            std::thread::sleep(Duration::from_millis(200));
            assert_eq!(serving.exit_code(), None, "{signal:?}");
            backs_up(&home);
        }
        send(&serving, last);
        assert_eq!(until("its end", SOON, || serving.exit_code()), 0, "{last:?}");
    }
}

#[test]
fn a_hang_up_reads_the_config_again_and_says_so() {
    let home = Home::new();
    let mut command = home.command(&["serve", "--listen", "127.0.0.1:0"]);
    command.env("VAULTDECK_LOG", "info");
    let mut serving = Serving::start(command);
    send(&serving, Signal::HUP);
    std::thread::sleep(Duration::from_millis(300));
    let config = home.path(".config/vaultdeck/config.toml");
    std::fs::create_dir_all(config.parent().unwrap()).unwrap();
    std::fs::write(&config, "theme = \"light\"\n").unwrap();
    send(&serving, Signal::HUP);
    std::thread::sleep(Duration::from_millis(300));
    let cold = "theme = \"light\"\n[regions.us-east-1]\ncold = \"/mnt/archive\"\n";
    std::fs::write(&config, cold).unwrap();
    send(&serving, Signal::HUP);
    std::thread::sleep(Duration::from_millis(300));
    std::fs::write(&config, "nonsense = 1\n").unwrap();
    send(&serving, Signal::HUP);
    std::thread::sleep(Duration::from_millis(300));
    send(&serving, Signal::TERM);
    until("its end", SOON, || serving.exit_code());
    let log = serving.errors();
    assert!(log.contains("SIGHUP: the config is read again: nothing changed"), "{log}");
    assert!(log.contains("SIGHUP: the config is read again: its restore_roots and regions count from now on"), "{log}");
    assert!(log.contains("SIGHUP: the config cannot be read") && log.contains("nonsense"), "{log}");
    let later = "what the config says of its cold storage counts from the engine's next start on";
    assert_eq!(log.matches(later).count(), 1, "{log}");
    assert!(!log.contains("of its notifications counts"), "{log}");
}

#[test]
fn after_a_hang_up_other_restore_roots_count_at_once() {
    let home = Home::new();
    let serving = home.serve(&["--restore-root", home.path("given").to_str().unwrap()]);
    home.add_resource(&[]);
    backs_up(&home);
    let key = home.json(&["credentials", "--output", "json"]);
    let point = home.json(&["points", "--output", "json"])[0]["RecoveryPointArn"].as_str().unwrap().to_owned();
    let restore = |to: &str| {
        let mut command = home.command(&["restore", "start", &point, "--to", home.path(to).to_str().unwrap()]);
        let command = command.args(["--endpoint-url", &serving.url, "--write"]);
        let command = command.env("AWS_ACCESS_KEY_ID", key["AccessKeyId"].as_str().unwrap());
        let command = command.env("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"].as_str().unwrap());
        let output = command.env("AWS_REGION", "us-east-1").output().unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, why) = restore("named/1");
    assert!(code == 1 && why.contains("lies outside of the folders"), "{code} {why}");

    home.write_config(&format!("restore_roots = [{:?}]\n", home.path("named")));
    send(&serving, Signal::HUP);
    let mut attempt = 1;
    until("the new root", SOON, || {
        attempt += 1;
        (restore(&format!("named/{attempt}")).0 == 0).then_some(())
    });
    assert_eq!(restore("given/1").0, 0, "the command line's stay");

    home.write_config("");
    send(&serving, Signal::HUP);
    until("the old roots again", SOON, || {
        attempt += 1;
        let (code, why) = restore(&format!("named/{attempt}"));
        (code == 1).then(|| assert!(why.contains("lies outside of the folders"), "{why}"))
    });
    assert_eq!(restore("given/2").0, 0);
}

#[test]
fn a_log_that_nobody_reads_stops_nothing() {
    let home = Home::new();
    let mut command = home.command(&["serve", "--listen", "127.0.0.1:0"]);
    command.env("VAULTDECK_LOG", "debug");
    let mut serving = Serving::start(command);
    home.add_resource(&[]);
    backs_up(&home);
    drop(serving.take_errors());
    for _ in 0..3 {
        send(&serving, Signal::HUP);
        backs_up(&home);
    }
    assert_eq!(home.run(&["status"]).code, 0);
    assert_eq!(serving.exit_code(), None);
}

#[test]
fn a_log_whose_reader_stands_still_stops_nothing() {
    let home = Home::new();
    let mut command = home.command(&["serve", "--listen", "127.0.0.1:0"]);
    command.env("VAULTDECK_LOG", "trace");
    let serving = Serving::start(command);
    // The pipe holds 64 KiB, and nothing takes from it.
    for _ in 0..800 {
        assert_eq!(health(&serving).0, 200);
    }
    home.add_resource(&[]);
    backs_up(&home);
    assert_eq!(home.run(&["status"]).code, 0);
}

#[test]
fn a_step_that_panics_is_told_everywhere_and_the_others_go_on() {
    let home = Home::new();
    let (serving, misbehave) = misbehaving(&home);
    home.add_resource(&[]);
    assert_eq!(health(&serving), (200, serde_json::json!({"Healthy": true, "Problems": []})));

    misbehave("removing old records: panic");
    send(&serving, Signal::HUP);
    let (_, told) = until("the health route", SOON, || Some(health(&serving)).filter(|(status, _)| *status == 503));
    assert!(told["Problems"].to_string().contains("removing old records"), "{told}");
    let status = home.run(&["status"]);
    assert_eq!(status.code, 1, "{}", status.out);
    assert!(status.out.contains("error: ") && status.out.contains("removing old records"), "{}", status.out);
    let elsewhere = home.run(&["status", "--endpoint-url", &serving.url, "--output", "json"]);
    assert_eq!(elsewhere.code, 1, "{}", elsewhere.err);
    assert!(elsewhere.out.contains("ConductorFails"), "{}", elsewhere.out);
    backs_up(&home);

    misbehave("");
    send(&serving, Signal::HUP);
    until("health again", SOON, || (health(&serving).0 == 200).then_some(()));
    let status = home.run(&["status"]);
    assert_eq!(status.code, 3, "what panicked is still told: {}", status.out);
    assert!(status.out.contains("warning: "), "{}", status.out);
}

#[test]
fn a_conductor_that_blocks_is_told_within_a_minute_and_reading_goes_on() {
    let home = Home::new();
    let (serving, misbehave) = misbehaving(&home);
    home.add_resource(&[]);
    backs_up(&home);
    misbehave("collecting vaults: block");
    send(&serving, Signal::HUP);
    let minute = Duration::from_secs(60);
    let (_, told) = until("the health route", minute, || Some(health(&serving)).filter(|(status, _)| *status == 503));
    assert_eq!(told["Problems"][0]["Code"], "ConductorBlocked");
    let status = home.run(&["status"]);
    assert_eq!(status.code, 1, "{}", status.out);
    assert!(status.out.contains("collecting vaults"), "{}", status.out);
    assert!(home.run(&["points"]).out.contains("COMPLETED"));
}

#[test]
fn a_conductor_that_ends_ends_the_service_with_a_failure() {
    let home = Home::new();
    let (mut serving, misbehave) = misbehaving(&home);
    misbehave("conductor: panic");
    send(&serving, Signal::HUP);
    assert_eq!(until("its end", SOON, || serving.exit_code()), 1);
    let log = serving.errors();
    assert!(log.contains("ConductorStopped") && log.contains("cannot go on without its conductor"), "{log}");
}

#[test]
fn no_engine_is_told_with_a_code_of_its_own() {
    let home = Home::new();
    let ran = home.run(&["status"]);
    assert_eq!(ran.code, 4);
    assert!(ran.err.contains("no engine runs in") && ran.err.contains("vaultdeck serve"), "{}", ran.err);
    assert!(!home.data_dir().exists(), "nothing was made");
}

#[test]
fn a_clock_that_is_believed_needs_no_confirmation() {
    let home = Home::new();
    let _serving = home.serve(&[]);
    let ran = home.run(&["clock", "confirm"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.starts_with("the clock was not doubted: it is 20"), "{}", ran.out);
}
