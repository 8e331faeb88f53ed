//! Screen 8: what was changed, by whom.

use crate::driver::{Driver, Start};
use crate::fixture;
use serde_json::json;
use vaultdeck::client::audit::Logged;
use vaultdeck::client::query::rows;
use vaultdeck::client::{Answer, Key, Query};
use vaultdeck::domain::trail::ApiCall;
use vaultdeck::domain::{Scope, Time};
use vaultdeck::tui::msg::{Effect, Msg};

fn ago(minutes: i64) -> Time {
    fixture::now() - chrono::Duration::minutes(minutes)
}

fn scope(driver: &Driver) -> Scope {
    driver.app.world.shown[0].clone()
}

fn logged(driver: &Driver, id: &str, minutes: i64, session: &str) -> Logged {
    Logged {
        id: id.to_owned(),
        at: ago(minutes),
        session: Some(session.to_owned()),
        who: "ada".to_owned(),
        context: "embedded engine".to_owned(),
        scope: scope(driver),
        operation: "DeleteBackupVault".to_owned(),
        request: json!({ "BackupVaultName": format!("vault-{id}") }),
        request_id: Some(format!("r-{id}")),
        outcome: Some(Ok(())),
    }
}

fn call(driver: &Driver, id: &str, minutes: i64, error: Option<&str>) -> ApiCall {
    ApiCall {
        id: id.to_owned(),
        at: ago(minutes),
        scope: scope(driver),
        source: "backup.amazonaws.com".to_owned(),
        name: "DeleteRecoveryPoint".to_owned(),
        user_arn: "arn:aws:iam::111122223333:user/mallory".to_owned(),
        user_id: None,
        from: "127.0.0.1".to_owned(),
        agent: "Boto3/1.40 md/Botocore".to_owned(),
        request_id: format!("r-{id}"),
        resources: Vec::new(),
        request: json!({ "backupVaultName": "v", "recoveryPointArn": format!("arn:aws:backup:us-east-1:111122223333:recovery-point:{id}") }),
        error: error.map(|error| ("AccessDeniedException".to_owned(), error.to_owned())),
    }
}

fn take_log(driver: &mut Driver, log: Vec<Logged>) {
    driver.send(Msg::Logged(Ok(log.into())));
    driver.answer_all();
}

fn answer(driver: &mut Driver, calls: Vec<ApiCall>) {
    let key = Key::scoped(scope(driver), Query::ApiCalls);
    driver.reply(key, Ok(Answer::ApiCalls(rows(calls))));
    driver.answer_all();
}

fn at(size: (u16, u16)) -> Driver {
    let mut driver = Driver::start(Start { size, ..Start::default() });
    driver.press("8");
    driver
}

#[test]
fn what_others_changed_stands_beside_what_other_sessions_did_the_newest_first() {
    let mut driver = at((160, 45));
    let log = vec![logged(&driver, "b", 20, "another")];
    take_log(&mut driver, log);
    let calls =
        vec![call(&driver, "p-1", 5, Some("explicit deny in a resource-based policy")), call(&driver, "p-2", 30, None)];
    answer(&mut driver, calls);
    driver
        .sees("mallory")
        .sees("delete recovery point p-1")
        .sees("refused")
        .sees("Boto3/1.40")
        .sees("delete backup vault vault-b");
    let screen = driver.screen();
    let order: Vec<usize> = ["p-1", "vault-b", "p-2"].map(|name| screen.find(name).unwrap()).to_vec();
    assert!(order.is_sorted(), "{screen}");
    driver.press("/").write("who:ada").press("enter").sees("vault-b").sees_no("mallory");
}

#[test]
fn a_call_of_this_machine_is_told_once_and_one_of_this_dashboard_as_it_knows_it() {
    let mut driver = at((160, 45));
    let log = vec![logged(&driver, "a", 1, "another"), logged(&driver, "c", 2, "this-session")];
    take_log(&mut driver, log);
    let calls = vec![call(&driver, "a", 1, None), call(&driver, "c", 2, None)];
    answer(&mut driver, calls);
    driver.sees("vault-a").sees_no("vault-c").sees_no("mallory");
}

#[test]
fn the_log_is_read_when_it_comes_into_view_and_again_while_it_is() {
    let mut driver = Driver::usual();
    let reads =
        |driver: &mut Driver| driver.take_effects().iter().filter(|effect| matches!(effect, Effect::ReadLog)).count();
    assert_eq!(reads(&mut driver), 0);
    driver.press("8");
    assert_eq!(reads(&mut driver), 1);
    driver.press("j k");
    assert_eq!(reads(&mut driver), 0);
    driver.wait(6);
    assert_eq!(reads(&mut driver), 1);
    driver.press("r");
    assert_eq!(reads(&mut driver), 1);
    driver.press("1").wait(60);
    assert_eq!(reads(&mut driver), 0);
}

#[test]
fn a_log_that_cannot_be_read_is_said_and_the_trail_is_shown_all_the_same() {
    let mut driver = at((120, 40));
    driver.send(Msg::Logged(Err("what was changed is not known: the audit log /x: it is a folder".to_owned())));
    let calls = vec![call(&driver, "p-1", 5, None)];
    answer(&mut driver, calls);
    driver.sees("it is a folder").sees("mallory");
}

#[test]
fn on_aws_it_says_who_knows_what_others_changed() {
    let mut driver = Driver::start(Start { capabilities: fixture::aws(), embedded: false, ..Start::default() });
    driver.press("8").sees("cloudtrail lookup-events");
    assert!(!driver.wants().iter().any(|key| key.query == Query::ApiCalls));
}

#[test]
fn what_the_log_knows_no_end_of_is_under_way_for_an_hour_and_unknown_then() {
    let mut driver = at((120, 40));
    let mut log = vec![logged(&driver, "a", 1, "another"), logged(&driver, "b", 90, "another")];
    for one in &mut log {
        one.outcome = None;
    }
    take_log(&mut driver, log);
    driver.sees("under way").sees("unknown");
}

#[test]
fn the_exact_request_of_the_selected_change_stands_beside_the_list() {
    let mut driver = at((160, 45));
    let calls = vec![call(&driver, "p-1", 5, None)];
    answer(&mut driver, calls);
    driver.rest();
    driver.sees("user/mallory").sees("\"backupVaultName\"");
}
