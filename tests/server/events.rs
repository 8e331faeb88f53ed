//! The feed of events over HTTP.

use crate::harness::{REGION, Server, sign};
use bytes::Bytes;
use http::Request;
use serde_json::Value;
use std::time::SystemTime;

fn states(answer: &Value) -> Vec<String> {
    let events = answer["Events"].as_array().unwrap().iter();
    events.map(|event| format!("{} {}", event["detail-type"].as_str().unwrap(), event["detail"]["state"])).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_feed_is_read_page_by_page_from_any_position() {
    let server = Server::start().await;
    let start = server.call("GET", "/_vaultdeck/events", "").await.json()["Next"].as_u64().unwrap();
    let backup = server.backup();
    for name in ["first", "second", "third"] {
        backup.create_backup_vault().backup_vault_name(name).send().await.unwrap();
    }
    let page = server.call("GET", &format!("/_vaultdeck/events?after={start}&limit=2"), "").await.json();
    assert_eq!(states(&page), ["Backup Vault State Change \"CREATED\""; 2]);
    let event = &page["Events"][0];
    let arn = format!("arn:aws:backup:{REGION}:{}:backup-vault:first", crate::harness::ACCOUNT);
    assert_eq!((&event["source"], &event["version"]), (&Value::from("aws.backup"), &Value::from("0")));
    assert_eq!((&event["resources"][0], &event["region"]), (&Value::from(arn), &Value::from(REGION)));
    let next = page["Next"].as_u64().unwrap();
    let rest = server.call("GET", &format!("/_vaultdeck/events?after={next}"), "").await.json();
    assert_eq!(rest["Events"][0]["detail"]["backupVaultName"], "third");
    assert_eq!(rest["Events"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_waits_is_answered_by_what_happens_meanwhile() {
    let server = Server::start().await;
    let start = server.call("GET", "/_vaultdeck/events", "").await.json()["Next"].as_u64().unwrap();
    let path = format!("/_vaultdeck/events?after={start}&wait=20");
    let began = std::time::Instant::now();
    let (page, ()) = tokio::join!(server.call("GET", &path, ""), async {
        server.backup().create_backup_vault().backup_vault_name("new").send().await.unwrap();
    });
    assert_eq!(states(&page.json()), ["Backup Vault State Change \"CREATED\""]);
    assert!(began.elapsed().as_secs() < 15);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_signs_reads_it_and_what_makes_no_sense_is_named() {
    let server = Server::start().await;
    let unsigned = Request::get(format!("{}/_vaultdeck/events", server.url)).body(Bytes::new()).unwrap();
    assert_eq!(server.send(unsigned.clone()).await.status(), 403);
    let elsewhere = sign(unsigned, &server.keys(), "sts", SystemTime::now());
    assert_eq!(server.send(elsewhere).await.status(), 403);

    for (query, word) in [
        ("after=-1", "after"),
        ("after=999999", "after"),
        ("after=x", "after"),
        ("limit=0", "limit"),
        ("wait=21", "wait"),
        ("account=12", "AccountId"),
        ("region=nowhere", "Region"),
        ("afterwards=1", "afterwards"),
    ] {
        let (status, code, message) = server.call("GET", &format!("/_vaultdeck/events?{query}"), "").await.error();
        assert_eq!((status, code.as_str()), (400, "InvalidParameterValueException"), "{query}: {message}");
        assert!(message.to_lowercase().contains(&word.to_lowercase()), "{query}: {message}");
    }
    let (status, code, _) = server.call("POST", "/_vaultdeck/events", "{}").await.error();
    assert_eq!((status, code.as_str()), (404, "UnknownOperationException"));
}
