//! The routes that look through recovery points: what they take and refuse.

use crate::harness::{Server, encoded};
use crate::jobs::back_up;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn changes_and_places_are_told_and_bad_questions_name_their_parameter() {
    let server = Server::start().await;
    let backup = server.backup();
    let (resource, path) = server.file_system("projects", &[]);
    let first = back_up(&backup, &resource).await;
    std::fs::remove_file(path.join("hello.txt")).unwrap();
    let second = back_up(&backup, &resource).await;
    let route = format!("/_vaultdeck/recovery-points/{}/changes", encoded(&second));
    let told = server.call("GET", &format!("{route}?since={}", encoded(&first)), "").await;
    assert_eq!(told.status(), 200, "{told:?}");
    let change = &told.json()["Changes"][0];
    assert_eq!(
        (&change["Path"], &change["Change"], &change["SizeBefore"], &change["SizeAfter"]),
        (&json!("/hello.txt"), &json!("removed"), &json!(5), &json!(null))
    );
    let find = async |query: String| server.call("GET", &format!("/_vaultdeck/find?{query}"), "").await;
    let told = find(format!("name=hello.%2A&resource={}", encoded(&resource))).await;
    assert_eq!(told.json()["RecoveryPoints"][0]["RecoveryPointArn"], first, "{told:?}");
    assert_eq!(told.json()["RecoveryPoints"].as_array().unwrap().len(), 1);
    let told = find("name=%5Ehello&regex=true&vault=Default".to_owned()).await;
    assert_eq!(told.json()["RecoveryPoints"][0]["Items"][0]["Path"], "/hello.txt");
    for (query, named) in [
        ("vault=Default", "name"),
        ("name=a", "resource"),
        ("name=%28&regex=true&vault=Default", "name"),
        ("name=a&vault=Default&resource=arn", "resource"),
        ("name=a&vault=Default&nextToken=x", "NextToken"),
        ("name=a&vault=Default&maxResults=0", "MaxResults"),
        ("name=a&vault=Default&color=red", "color"),
    ] {
        let refused = find(query.to_owned()).await;
        assert_eq!(refused.status(), 400, "{query}: {refused:?}");
        assert!(refused.error().2.contains(named), "{query}: {refused:?}");
    }
    let without = server.call("GET", &route, "").await;
    assert!(without.status() == 400 && without.error().2.contains("since"), "{without:?}");
    let missing = server.call("GET", "/_vaultdeck/find?name=a&vault=no-such-vault", "").await;
    assert_eq!(missing.status(), 403, "a vault that is not there is not told from a forbidden one: {missing:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_backup_stored_anew_is_told_of_one_job_and_of_those_that_hardly_compressed() {
    let server = Server::start().await;
    let backup = server.backup();
    let (resource, path) = server.file_system("projects", &[]);
    std::fs::write(path.join("notes.md"), "the same words\n".repeat(10_000)).unwrap();
    back_up(&backup, &resource).await;
    let jobs = backup.list_backup_jobs().send().await.unwrap();
    let id = jobs.backup_jobs()[0].backup_job_id().unwrap();
    let told = server.call("GET", &format!("/_vaultdeck/new-data?job={id}"), "").await;
    assert_eq!(told.status(), 200, "{told:?}");
    let told = &told.json()["Backups"][0];
    assert_eq!((told["BackupJobId"].as_str(), told["ResourceArn"].as_str()), (Some(id), Some(resource.as_str())));
    let (new, left) = (told["NewBytes"].as_u64().unwrap(), told["CompressedBytes"].as_u64().unwrap());
    assert!(new >= 150_000 && left < new / 10, "{told}");
    assert_eq!(told["Usual"], json!(null), "it is the first");
    let incompressible = server.call("GET", "/_vaultdeck/new-data", "").await;
    assert_eq!(incompressible.json(), json!({ "Backups": [] }));
    let missing = server.call("GET", "/_vaultdeck/new-data?job=no-such-job", "").await;
    assert!(missing.error().2.contains("no-such-job"), "{missing:?}");
    let refused = server.call("GET", "/_vaultdeck/new-data?color=red", "").await;
    assert!(refused.status() == 400 && refused.error().2.contains("color"), "{refused:?}");
    let posted = server.call("POST", "/_vaultdeck/new-data", "").await;
    assert_eq!(posted.error().1, "UnknownOperationException", "{posted:?}");
}
