//! `--filter`: the language of the dashboard's lists, in every list that is printed.

use crate::harness::Home;
use serde_json::Value;

fn home() -> Home {
    let home = Home::new();
    home.add_resource(&[]);
    std::fs::write(home.path("projects/a.txt"), "alpha\n").unwrap();
    let ran = home.run(&["backup", "start", "projects", "--vault", "Default"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    home
}

/// How many rows a list has with a filter.
fn rows(home: &Home, list: &[&str], filter: &str) -> usize {
    let ran = home.run(&[list, &["--filter", filter, "--output", "json"]].concat());
    assert_eq!(ran.code, 0, "{list:?} {filter}: {}", ran.err);
    serde_json::from_str::<Vec<Value>>(&ran.out).unwrap().len()
}

#[test]
fn jobs_and_points_pass_as_they_would_in_the_dashboard() {
    let home = home();
    let account = home.run(&["accounts", "--output", "json"]).out;
    let account = serde_json::from_str::<Vec<Value>>(&account).unwrap();
    let name = account[0]["Name"].as_str().unwrap().to_owned();
    let of_account = format!("account=\"{name}\"");
    let jobs = [
        "state:completed",
        "state=completed,failed",
        "age<2h",
        "took<1h",
        "type:efs !restore",
        "projects",
        &of_account,
    ];
    for filter in jobs {
        assert_eq!(rows(&home, &["jobs"], filter), 1, "{filter}");
    }
    for filter in ["state:failed", "age>2h", "size>1TiB", "!projects", "account=nobody", "from:x"] {
        assert_eq!(rows(&home, &["jobs"], filter), 0, "{filter}");
    }
    assert_eq!(rows(&home, &["points"], "status:completed created<2h vault:default"), 1);
    assert_eq!(rows(&home, &["points"], "status!=completed"), 0);
    let text = home.run(&["jobs", "--filter", "state:completed"]).out;
    assert_eq!(text.lines().count(), 2, "a heading and a row:\n{text}");
}

#[test]
fn every_list_takes_a_filter() {
    let home = home();
    let lists: [(&[&str], &str); 12] = [
        (&["vaults"], "vault:default points>0"),
        (&["plans"], "plan:x"),
        (&["jobs"], "state:completed"),
        (&["points"], "size<1TiB"),
        (&["accounts"], "status:active"),
        (&["hold", "list"], "status:active"),
        (&["key", "list"], "state:enabled"),
        (&["resource", "list"], "type:efs region:us-east-1"),
        (&["account", "list"], "name:x"),
        (&["account", "unit", "list"], "unit:x"),
        (&["role", "list"], "role"),
        (&["findings"], "severity:critical kind:failed"),
    ];
    for (list, filter) in lists {
        let ran = home.run(&[list, &["--filter", filter]].concat());
        assert_eq!(ran.code, 0, "{list:?}: {}", ran.err);
        let ran = home.run(&[list, &["--filter", "nonsense:1"]].concat());
        assert_eq!(ran.code, 2, "{list:?}: {}", ran.err);
        assert!(
            ran.err.contains("--filter: nonsense:1: no field is called nonsense. Fields: "),
            "{list:?}: {}",
            ran.err
        );
    }
    assert_eq!(rows(&home, &["resource", "list"], "type:efs"), 1);
    assert_eq!(rows(&home, &["resource", "list"], "type:rds"), 0);
}

#[test]
fn what_cannot_be_read_says_what_can_and_asks_nobody() {
    let home = Home::new();
    let refused = |filter: &str| {
        let ran = home.run(&["jobs", "--endpoint-url", "http://127.0.0.1:1", "--filter", filter]);
        assert_eq!(ran.code, 2, "{filter}: {}", ran.err);
        ran.err
    };
    assert!(refused("stat:failed").contains("stat:failed: no field is called stat (state?)"));
    assert!(refused("state:fialed").contains("no state is fialed (failed?). There are: created, pending, running"));
    assert!(refused("age<2").contains("\"2\" is no moment; write 2h, 3d, 2026-11-23"));
    assert!(refused("!").contains("without it every row would pass"), "an empty variable behind the sign");
    assert!(refused("vault>x").contains("> compares numbers, sizes, spans and moments, and vault is a text"));
}

#[test]
fn findings_that_do_not_pass_do_not_fail_the_command() {
    let home = home();
    let gone = home.path("projects");
    std::fs::remove_dir_all(&gone).unwrap();
    assert_ne!(home.run(&["backup", "start", "projects", "--vault", "Default"]).code, 0);
    let failed = |filter: &str| home.run(&["findings", "--fail-on", "failed", "--filter", filter]).code;
    assert_eq!(failed("kind:failed"), 1);
    assert_eq!(failed("!kind:failed"), 0);
}
