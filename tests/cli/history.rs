//! `vaultdeck history`: what this machine kept of jobs on AWS is shown, and forgotten when somebody says so.

use crate::harness::Home;
use crate::kept_job::job;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;
use vaultdeck::client::history::{HistoryFile, Keeper, News};
use vaultdeck::domain::{Scope, Time};

fn file(home: &Home) -> HistoryFile {
    HistoryFile::of(&home.path(".local/state/vaultdeck"))
}

/// A home in which dashboards saw jobs of two contexts.
fn home() -> Home {
    let home = Home::new();
    home.write_config("[contexts.prod]\nprofile = \"prod\"\nregions = [\"us-east-1\"]\n");
    let scope = Scope::new("123456789012".parse().unwrap(), "us-east-1".parse().unwrap());
    let now: Time = "2026-11-23T12:00:00Z".parse().unwrap();
    let jobs = [1, 40, 300].map(|age| Arc::new(job(&scope, &format!("job-{age}"), now - chrono::Duration::days(age))));
    for (context, jobs) in [("AWS prod", &jobs[..]), ("https://backup.example.com", &jobs[1..2])] {
        let (told, news) = channel();
        let keeper = Keeper::start(file(&home), context.to_owned(), move |news| drop(told.send(news)));
        keeper.seen(&scope, &jobs.into(), now);
        assert!(matches!(news.recv_timeout(Duration::from_secs(30)), Ok(News::Past(..))));
    }
    home
}

#[test]
fn where_nothing_was_kept_that_is_said_and_nothing_is_made() {
    let home = Home::new();
    let ran = home.run(&["history", "show"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.contains("history.sqlite\n0 jobs; 0 B of at most 64.0 MiB, for 400 days"), "{}", ran.out);
    assert!(!file(&home).path().exists());
    let ran = home.run(&["history", "clear"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, "nothing is kept\n"));
}

#[test]
fn what_is_kept_is_shown_by_context_account_and_region() {
    let home = home();
    let told = home.json(&["history", "show", "--output", "json"]);
    assert_eq!(
        told["Scopes"],
        json!([
            {"Context": "AWS prod", "AccountId": "123456789012", "Region": "us-east-1", "Jobs": 3, "Since": "2026-01-27T12:00:00Z"},
            {"Context": "https://backup.example.com", "AccountId": "123456789012", "Region": "us-east-1", "Jobs": 1,
             "Since": "2026-10-14T12:00:00Z"},
        ])
    );
    assert_eq!(
        (&told["Jobs"], &told["Since"], &told["KeptDays"]),
        (&json!(4), &json!("2026-01-27T12:00:00Z"), &json!(400))
    );
    assert_eq!(told["Path"], Value::from(file(&home).path().to_str().unwrap()));
    let size = std::fs::metadata(file(&home).path()).unwrap().len();
    assert_eq!(told["SizeBytes"], Value::from(size));
    let text = home.run(&["history", "show"]).out;
    assert!(text.contains("4 jobs since 2026-01-27; ") && text.contains("AWS prod"), "{text}");
}

#[test]
fn nothing_is_forgotten_unless_somebody_says_so_and_then_what_was_meant() {
    let home = home();
    let ran = home.run(&["history", "clear", "--context", "prod"]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.out.contains("AWS prod") && ran.out.contains("3 jobs since 2026-01-27 would be forgotten"),
        "{}",
        ran.out
    );
    assert!(!ran.out.contains("backup.example.com"), "{}", ran.out);
    assert!(ran.err.contains("nobody is there to ask: say --yes"), "{}", ran.err);
    assert_eq!(home.json(&["history", "show", "--output", "json"])["Jobs"], json!(4));
    let ran = home.run(&["history", "clear", "--context", "prod", "--yes"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, "forgotten: 3 jobs\n"), "{}", ran.err);
    assert_eq!(home.json(&["history", "show", "--output", "json"])["Jobs"], json!(1));
    let ran = home.run(&["history", "clear", "--endpoint-url", "https://elsewhere.example.com", "--yes"]);
    assert_eq!(ran.out, "nothing is kept of https://elsewhere.example.com\n");
    let ran = home.run(&["history", "clear", "--yes"]);
    assert_eq!(ran.out, "forgotten: 1 job\n");
    assert_eq!(home.json(&["history", "show", "--output", "json"])["Scopes"], json!([]));
}

#[test]
fn a_damaged_file_is_told_of_and_goes_as_a_whole() {
    let home = home();
    std::fs::write(file(&home).path(), "no database at all".repeat(100)).unwrap();
    let ran = home.run(&["history", "show"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("is damaged") && ran.err.contains("vaultdeck history clear"), "{}", ran.err);
    assert_eq!(home.run(&["history", "clear", "--context", "prod", "--yes"]).code, 1, "one part of it cannot go");
    assert_eq!(home.run(&["history", "clear"]).code, 2, "it asks");
    assert!(file(&home).path().exists());
    let ran = home.run(&["history", "clear", "--yes"]);
    assert!(
        ran.code == 0 && ran.out.contains("The file is removed with all that is in it."),
        "{} {}",
        ran.out,
        ran.err
    );
    assert!(!file(&home).path().exists());
}
