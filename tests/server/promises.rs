//! Each promise of a vault, tried by everybody who can reach it and with every call that could break it, and again with calls
//! that were good when they were captured.
//!
//! What is asked after each attempt is not only its answer: the vault, its lock, its policy, the hold and the recovery point
//! are what they were.

use crate::everybody::{Attempt, EVERYBODY, Who, attempt};
use crate::harness::{Answer, encoded, sign};
use crate::scene::{MEMBER, Scene, caller, deny};
use aws_credential_types::Credentials;
use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};
use std::time::{Duration, SystemTime};
use vaultdeck::engine::{ClockKind, PageRequest};

const POINT: &str = "/backup-vaults/guarded/recovery-points/";

impl Scene {
    fn of_point(&self, end: &str) -> String {
        format!("{POINT}{}{end}", encoded(&self.point))
    }

    /// What could take a recovery point away.
    pub fn against_the_point(&self) -> Vec<Attempt> {
        vec![
            attempt("DeleteRecoveryPoint", "DELETE", &self.of_point(""), Value::Null),
            attempt("DeleteBackupVault", "DELETE", "/backup-vaults/guarded", Value::Null),
            attempt("DisassociateRecoveryPoint", "POST", &self.of_point("/disassociate"), Value::Null),
            attempt("DisassociateRecoveryPointFromParent", "DELETE", &self.of_point("/parentAssociation"), Value::Null),
        ]
    }

    /// What could end its life before its day, or put that day off.
    pub fn against_its_life(&self) -> Vec<Attempt> {
        let lives = [json!({ "DeleteAfterDays": 1 }), json!({ "DeleteAfterDays": 4000 }), json!({})];
        let update = |lifecycle| {
            attempt("UpdateRecoveryPointLifecycle", "POST", &self.of_point(""), json!({ "Lifecycle": lifecycle }))
        };
        lives.into_iter().map(update).collect()
    }

    pub fn against_the_lock() -> Vec<Attempt> {
        let path = "/backup-vaults/guarded/vault-lock";
        let put = |request| attempt("PutBackupVaultLockConfiguration", "PUT", path, request);
        vec![
            put(json!({})),
            put(json!({ "MinRetentionDays": 1, "ChangeableForDays": 3 })),
            put(json!({ "MaxRetentionDays": 1 })),
            attempt("DeleteBackupVaultLockConfiguration", "DELETE", path, Value::Null),
        ]
    }

    fn against_the_policy() -> Vec<Attempt> {
        let path = "/backup-vaults/guarded/access-policy";
        let other = json!({ "Policy": deny("backup:ListTags").to_string() });
        vec![
            attempt("PutBackupVaultAccessPolicy", "PUT", path, other),
            attempt("DeleteBackupVaultAccessPolicy", "DELETE", path, Value::Null),
        ]
    }

    /// All that was promised, as the engine itself tells it.
    pub fn promised(&self, hold: Option<&str>) -> Value {
        let owner = caller(&self.server, MEMBER);
        let engine = &self.server.engine;
        let vault = engine.list_vaults(&owner, None, &PageRequest::default()).unwrap();
        let vault = vault.items.into_iter().find(|vault| vault.name == "guarded").unwrap();
        let points = vault.recovery_points;
        let policy = engine.vault_access_policy(&owner, "guarded").map(|(_, text)| text).ok();
        let of_resource = self.resource.parse().unwrap();
        let all =
            engine.list_recovery_points_by_resource(&owner, &of_resource, false, &PageRequest::default()).unwrap();
        let point = all.items.iter().find(|point| point.arn.as_str() == self.point).unwrap();
        let held = hold.map(|id| {
            let hold = engine.get_legal_hold(&owner, id).unwrap();
            let page = PageRequest::default();
            let points = engine.list_recovery_points_by_legal_hold(&owner, id, &page).unwrap().items.len();
            (format!("{:?}", hold.summary.status), points)
        });
        json!([
            format!("{:?}", vault.lock),
            points,
            policy,
            format!("{:?}", point.lifecycle),
            format!("{:?}", point.status),
            held
        ])
    }

    /// Whether whoever is not of the account gets nothing but what one gets who asks for what is not there.
    async fn assert_learns_nothing(&self, who: Who, what: &Attempt, answer: &Answer) {
        let (status, code, message) = answer.error();
        match who {
            Who::Unsigned => assert_eq!((status, code.as_str()), (403, "MissingAuthenticationTokenException")),
            _ => {
                let elsewhere =
                    attempt(what.operation, what.method, &what.path.replace("/guarded", "/nowhere"), what.body.clone());
                let (same_status, same_code, other) = self.try_it(who, &elsewhere).await.error();
                assert_eq!((status, &code), (same_status, &same_code), "{} {message}", what.operation);
                assert_eq!(message, other.replace("nowhere", "guarded"), "{}", what.operation);
            }
        }
    }

    /// Everybody makes every attempt; `expected` says what the account's own get.
    async fn nobody_succeeds(
        &self,
        hold: Option<&str>,
        attempts: &[Attempt],
        expected: impl Fn(&Attempt) -> (u16, &'static str),
    ) {
        let before = self.promised(hold);
        for what in attempts {
            for who in EVERYBODY {
                let answer = self.try_it(who, what).await;
                if who.is_own() {
                    let (status, code, message) = answer.error();
                    let told = format!("{who:?} {} {}: {message}", what.operation, what.body);
                    assert_eq!((status, code.as_str()), expected(what), "{told}");
                } else {
                    self.assert_learns_nothing(who, what, &answer).await;
                }
                assert_eq!(self.promised(hold), before, "{who:?} {} {}", what.operation, what.body);
            }
        }
    }

    /// The days go by for the engine.
    pub async fn pass(&self, days: i64) {
        let body = json!({ "advance_seconds": days * 86_400 }).to_string();
        let request = Request::builder().method("POST").uri(format!("{}/_clock", self.server.url));
        let answer = self.server.send(request.body(Bytes::from(body)).unwrap()).await;
        assert_eq!(answer.status(), 200, "{answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_breaks_a_final_lock() {
    let scene = Scene::with_clock(ClockKind::Simulated).await;
    let lock = json!({ "MinRetentionDays": 7, "ChangeableForDays": 3 }).to_string();
    let path = "/backup-vaults/guarded/vault-lock";
    assert_eq!(scene.call(&scene.user, "PUT", path, &lock).await.status(), 200);
    scene.pass(4).await;
    let attempts: Vec<Attempt> = [scene.against_the_point(), scene.against_its_life(), Scene::against_the_lock()]
        .into_iter()
        .flatten()
        .collect();
    scene.nobody_succeeds(None, &attempts, |_| (400, "InvalidRequestException")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_breaks_a_policy_that_nobody_can_change() {
    let scene = Scene::new().await;
    let attempts: Vec<Attempt> =
        [scene.against_the_point(), scene.against_its_life(), Scene::against_the_lock(), Scene::against_the_policy()]
            .into_iter()
            .flatten()
            .collect();
    let mut policy = deny("backup:DeleteRecoveryPoint");
    policy["Statement"][0]["Action"] =
        attempts.iter().map(|attempt| format!("backup:{}", attempt.operation)).collect::<Vec<_>>().into();
    scene.put(&policy).await;
    scene.nobody_succeeds(None, &attempts, |_| (403, "AccessDeniedException")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_breaks_a_hold_but_who_releases_it() {
    let scene = Scene::with_clock(ClockKind::Simulated).await;
    let body = json!({ "Title": "case 7", "Description": "an inquiry" }).to_string();
    let created = scene.call(&scene.user, "POST", "/legal-holds", &body).await.json();
    let id = created["LegalHoldId"].as_str().unwrap().to_owned();
    scene.nobody_succeeds(Some(&id), &scene.against_the_point(), |_| (400, "InvalidRequestException")).await;

    // A life may be made shorter, and even be over: what is held outlives it.
    let [shorter, ..] = &scene.against_its_life()[..] else { panic!() };
    for who in EVERYBODY {
        let status = scene.try_it(who, shorter).await.status();
        assert_eq!(status == 200, who.is_own(), "{who:?}");
    }
    let held = scene.promised(Some(&id));
    scene.pass(5).await;
    assert_eq!(scene.promised(Some(&id)), held);

    let cancel =
        attempt("CancelLegalHold", "DELETE", &format!("/legal-holds/{id}?cancelDescription=settled"), Value::Null);
    for who in [Who::Stranger, Who::Delegate, Who::Unsigned] {
        assert!(scene.try_it(who, &cancel).await.status() >= 400, "{who:?}");
        assert_eq!(scene.promised(Some(&id)), held, "{who:?}");
    }
    assert_eq!(scene.try_it(Who::Session, &cancel).await.status(), 201);
    // Sent again it releases nothing: not this hold, and not the one that took its place.
    let again = scene.call(&scene.user, "POST", "/legal-holds", &body).await.json();
    let again = again["LegalHoldId"].as_str().unwrap();
    let held = scene.promised(Some(again));
    for who in EVERYBODY {
        assert!(scene.try_it(who, &cancel).await.status() >= 400, "{who:?}");
        assert_eq!(scene.promised(Some(again)), held, "{who:?}");
    }
}

/// A request that was good when it was captured is judged as it is sent again: by what protects the vault now.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_captured_and_is_sent_again_breaks_nothing() {
    let scene = Scene::with_clock(ClockKind::Simulated).await;
    let [delete, ..] = &scene.against_the_point()[..] else { panic!() };
    let unlock = Scene::against_the_lock().pop().unwrap();
    let mut captured: Vec<Request<Bytes>> = Vec::new();
    for keys in [&scene.user, &scene.session] {
        captured.push(scene.capture(&unlock, keys));
        captured.extend(Scene::against_the_policy().iter().map(|what| scene.capture(what, keys)));
    }
    for request in &captured {
        assert_eq!(scene.server.send(request.clone()).await.status(), 200, "it is good");
        assert_eq!(scene.server.send(request.clone()).await.status(), 200, "and does the same once more");
    }
    captured.push(scene.capture(delete, &scene.user));
    captured.push(scene.capture(delete, &scene.session));

    let lock = json!({ "ChangeableForDays": 3 }).to_string();
    assert_eq!(scene.call(&scene.user, "PUT", "/backup-vaults/guarded/vault-lock", &lock).await.status(), 200);
    let mut policy = deny("backup:PutBackupVaultAccessPolicy");
    policy["Statement"][0]["Action"] =
        json!(["backup:PutBackupVaultAccessPolicy", "backup:DeleteBackupVaultAccessPolicy"]);
    scene.put(&policy).await;
    scene.pass(4).await;
    let before = scene.promised(None);
    for request in &captured {
        let answer = scene.server.send(request.clone()).await;
        assert!(matches!(answer.status(), 400 | 403), "{answer:?}");
        assert_eq!(scene.promised(None), before, "{} {}", request.method(), request.uri());
    }

    // One that is changed on the way, and one that is too old, are not let in at all.
    let signed = scene.capture(delete, &scene.user);
    let mut other = signed.clone();
    *other.uri_mut() = format!("{}{}", scene.server.url, POINT.to_owned() + "other").parse().unwrap();
    let old = sign(scene.build(delete), &scene.user, "backup", SystemTime::now() - Duration::from_secs(400));
    for request in [other, old] {
        let (status, code, _) = scene.server.send(request).await.error();
        assert_eq!((status, code.as_str()), (403, "InvalidSignatureException"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_over_changes_nothing_any_more() {
    let scene = Scene::new().await;
    let attempts: Vec<Attempt> =
        [scene.against_the_point(), scene.against_its_life(), Scene::against_the_lock(), Scene::against_the_policy()]
            .into_iter()
            .flatten()
            .collect();
    let captured = sign(scene.build(&attempts[0]), &scene.session, "backup", SystemTime::now());
    let catalog = rusqlite::Connection::open(scene.server.folder.path().join("data/catalog.sqlite")).unwrap();
    assert_eq!(catalog.execute("UPDATE sessions SET expires = 1", []).unwrap(), 1);
    let before = scene.promised(None);
    for what in &attempts {
        let (status, code, _) = scene.try_it(Who::Session, what).await.error();
        assert_eq!((status, code.as_str()), (403, "ExpiredTokenException"), "{}", what.operation);
    }
    assert_eq!(scene.server.send(captured).await.error().1, "ExpiredTokenException");
    // A role may not make itself a user: the session's keys without its token are nobody's.
    let without = Credentials::new(
        scene.session.access_key_id(),
        scene.session.secret_access_key(),
        None,
        None,
        "a session without its token",
    );
    let request = sign(scene.build(&attempts[0]), &without, "backup", SystemTime::now());
    assert_eq!(scene.server.send(request).await.error().1, "UnrecognizedClientException");
    assert_eq!(scene.promised(None), before);
}

/// A token stands for what was asked with it: with another request it makes nothing, and with the same nothing new.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_used_again_makes_nothing_else() {
    let scene = Scene::new().await;
    let hold = |title: &str| json!({ "Title": title, "Description": "d", "IdempotencyToken": "t" });
    let start = |days: i64| {
        json!({ "BackupVaultName": "guarded", "ResourceArn": scene.resource, "IdempotencyToken": "t",
                "IamRoleArn": crate::scene::ROLE, "Lifecycle": { "DeleteAfterDays": days } })
    };
    for (method, path, id, first, other) in [
        ("POST", "/legal-holds", "LegalHoldId", hold("one"), hold("two")),
        ("PUT", "/backup-jobs", "BackupJobId", start(30), start(1)),
    ] {
        let send = async |body: &Value| scene.call(&scene.user, method, path, &body.to_string()).await;
        let made = send(&first).await.json()[id].clone();
        assert!(made.is_string(), "{path}");
        assert_eq!(send(&first).await.json()[id], made, "{path}");
        let (status, _, message) = send(&other).await.error();
        assert!(status == 400 && message.contains("IdempotencyToken"), "{path}: {message}");
        let by_role = scene.call(&scene.session, method, path, &first.to_string()).await.json();
        assert_eq!(by_role[id], made, "the token is the account's");
    }
}
