//! `vaultdeck events`: one object a line, from any position, and on and on.

use crate::harness::Home;
use serde_json::Value;
use std::io::{BufRead, BufReader};

fn objects(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

#[test]
fn each_line_is_an_event_of_eventbridge_with_its_position() {
    let home = Home::new();
    home.add_resource(&[]);
    let ran = home.run(&["backup", "start", "projects", "--vault", "Default"]);
    assert_eq!(ran.code, 0, "{}", ran.err);

    let ran = home.run(&["events", "--output", "json"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let events = objects(&ran.out);
    let jobs: Vec<&Value> = events.iter().filter(|event| event["detail-type"] == "Backup Job State Change").collect();
    let states: Vec<&str> = jobs.iter().filter_map(|event| event["detail"]["state"].as_str()).collect();
    assert_eq!(states, ["CREATED", "RUNNING", "COMPLETED"]);
    for event in &events {
        assert_eq!(event["source"], "aws.backup");
        assert!(event["time"].as_str().unwrap().ends_with('Z') && event["resources"].is_array(), "{event}");
    }
    let position = jobs[1]["position"].as_u64().unwrap().to_string();
    let rest = home.run(&["events", "--after", &position, "--output", "json"]);
    assert_eq!(objects(&rest.out)[0], *jobs[2]);

    let text = home.run(&["events"]).out;
    assert_eq!(text.lines().count(), events.len());
    assert!(text.contains("COMPLETED   Backup Job"), "{text}");
}

#[test]
fn a_position_that_is_not_there_is_refused_and_nothing_can_be_followed_where_nothing_runs() {
    let home = Home::new();
    home.add_resource(&[]);
    let ran = home.run(&["events", "--after", "9999"]);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{}", ran.err);
    assert!(ran.err.contains("behind the last event"), "{}", ran.err);
    let ran = home.run(&["events", "--follow"]);
    assert_eq!(ran.code, 4, "{}", ran.err);
    assert!(ran.err.contains("no engine runs"), "{}", ran.err);
}

#[test]
fn what_happens_is_printed_while_it_is_followed() {
    let home = Home::new();
    let serving = home.serve(&[]);
    let mut child = home.command(&["events", "--follow", "--output", "json"]).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next = || -> Value { serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap() };
    // The first is the vault that every account has: from here on the command waits.
    assert_eq!(next()["detail"]["backupVaultName"], "Default");
    home.add_resource(&[]);
    let ran = home.run(&["backup", "start", "projects", "--vault", "Default", "--no-wait"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let mut states = Vec::new();
    while states.last().is_none_or(|state| state != "COMPLETED") {
        let event = next();
        if event["detail-type"] == "Backup Job State Change" {
            states.push(event["detail"]["state"].as_str().unwrap().to_owned());
        }
    }
    assert_eq!(states, ["CREATED", "RUNNING", "COMPLETED"]);
    assert_eq!(serving.terminate().0, 0, "a follower does not hold the engine up");
    assert_eq!(child.wait().unwrap().code(), Some(4));
}
