//! Who is let in.

use crate::harness::{REGION, Server, sign};
use aws_credential_types::Credentials;
use aws_sdk_backup::config::Region;
use aws_sdk_backup::error::ProvideErrorMetadata;
use bytes::Bytes;
use http::Request;
use std::time::{Duration, SystemTime};
use vaultdeck::domain::extension::AddResource;

fn request(server: &Server) -> Request<Bytes> {
    Request::builder().uri(format!("{}/backup-vaults/", server.url)).body(Bytes::new()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn only_good_signatures_are_let_in() {
    let server = Server::start().await;
    let keys = server.keys();
    let now = SystemTime::now();
    let stranger = Credentials::new("AKIDSTRANGER", "secret", None, None, "test");
    let forger = Credentials::new(keys.access_key_id(), "another secret", None, None, "test");
    let odd =
        Credentials::new(keys.access_key_id(), keys.secret_access_key(), Some("no-such-session".into()), None, "test");
    let mut broken = request(&server);
    broken.headers_mut().insert("authorization", "AWS4-HMAC-SHA256 nonsense".parse().unwrap());
    let cases = [
        (request(&server), "MissingAuthenticationTokenException"),
        (broken, "IncompleteSignatureException"),
        (sign(request(&server), &stranger, "backup", now), "UnrecognizedClientException"),
        (sign(request(&server), &odd, "backup", now), "UnrecognizedClientException"),
        (sign(request(&server), &forger, "backup", now), "InvalidSignatureException"),
        (sign(request(&server), &keys, "sts", now), "InvalidSignatureException"),
        (sign(request(&server), &keys, "backup", now - Duration::from_secs(400)), "InvalidSignatureException"),
        (sign(request(&server), &keys, "backup", now + Duration::from_secs(400)), "InvalidSignatureException"),
    ];
    for (request, expected) in cases {
        let answer = server.send(request).await;
        assert_eq!((answer.status(), answer.header("x-amzn-errortype")), (403, expected), "{answer:?}");
    }
    let answer = server.send(sign(request(&server), &keys, "backup", now)).await;
    assert_eq!(answer.status(), 200, "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_one_account_sees_nothing_of_another() {
    let server = Server::start().await;
    let account = vaultdeck::domain::extension::AddAccount {
        account_id: Some("210987654321".to_owned()),
        name: "member".to_owned(),
        email: None,
    };
    server.engine.add_account(account).unwrap();
    server.backup().create_backup_vault().backup_vault_name("mine").send().await.unwrap();
    let member = server.backup_with(server.keys_of(Some("210987654321")));
    let vaults = member.list_backup_vaults().send().await.unwrap();
    let arns: Vec<&str> = vaults.backup_vault_list().iter().filter_map(|vault| vault.backup_vault_arn()).collect();
    assert_eq!(arns, ["arn:aws:backup:us-east-1:210987654321:backup-vault:Default"]);
    assert!(member.describe_backup_vault().backup_vault_name("mine").send().await.is_err());
    let theirs = member
        .describe_backup_vault()
        .backup_vault_name("Default")
        .backup_vault_account_id("123456789012")
        .send()
        .await;
    assert!(theirs.is_err(), "a vault of another account must not be shown");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_region_that_nobody_has_is_refused_with_the_nearest_names_and_not_made() {
    let server = Server::start().await;
    let in_region = |name: &str| {
        let config = server.backup().config().to_builder().region(Region::new(name.to_owned())).build();
        aws_sdk_backup::Client::from_conf(config)
    };
    let refused = in_region("us-eats-1").create_backup_vault().backup_vault_name("mine").send().await.unwrap_err();
    let message = refused.message().unwrap();
    assert!(message.contains("us-eats-1") && message.contains("nearest names are us-east-1,"), "{message}");
    let add = |region: &str| AddResource {
        resource_type: "EFS".to_owned(),
        name: "projects".to_owned(),
        location: vaultdeck::domain::types::Location::at_path(server.folder.path().join("projects").to_str().unwrap()),
        secret: None,
        tags: vaultdeck::domain::Tags::new(),
        account_id: None,
        region: Some(region.to_owned()),
    };
    std::fs::create_dir(server.folder.path().join("projects")).unwrap();
    let message = server.engine.add_resource(add("us-eats-1")).unwrap_err().to_string();
    assert!(message.contains("us-east-1"), "{message}");
    assert_eq!(server.engine.regions().unwrap(), [REGION], "no region came to be");

    // One that the config names is as good as AWS's, and what lives there stays in reach when the config names it no more.
    let own = "office-berlin-1";
    server.engine.set_own_regions([own.parse().unwrap()]);
    server.engine.add_resource(add(own)).unwrap();
    server.engine.set_own_regions([]);
    let vaults = in_region(own).list_backup_vaults().send().await.unwrap();
    assert_eq!(vaults.backup_vault_list()[0].backup_vault_name(), Some("Default"));
    assert!(in_region("office-hamburg-1").list_backup_vaults().send().await.is_err());
}
