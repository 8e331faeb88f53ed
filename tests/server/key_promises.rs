//! What a KMS key promises to the vaults under it, tried by everybody and with every call of AWS KMS that could break it, and
//! again with calls that were good when they were captured.
//!
//! AWS KMS deletes a key whoever needs it. Here none is deleted under what is locked or held, and a key that is disabled takes
//! nothing from what protects its vaults.

use crate::everybody::attempt;
use crate::everybody::{Attempt, EVERYBODY, Who, of_kms};
use crate::harness::{ACCOUNT, Answer, sign};
use crate::scene::{MEMBER, ROLE, Scene, caller};
use serde_json::{Value, json};
use std::time::{Duration, Instant, SystemTime};
use vaultdeck::domain::Arn;
use vaultdeck::domain::kms::{KeyState, KmsKey};
use vaultdeck::engine::authorize::action::DescribeKey;
use vaultdeck::engine::{ClockKind, NewKey, NewVault, StartRestore};

/// The id of a key that is not there.
const NOWHERE: &str = "00000000-0000-4000-8000-000000000000";

/// A vault with a recovery point under a key of its own.
struct Sealed {
    scene: Scene,
    key: KmsKey,
}

/// Status, exception and message of a refusal by AWS KMS.
fn refusal(answer: &Answer) -> (u16, String, String) {
    let body = answer.json();
    let text = |member: &str| body[member].as_str().unwrap_or_default().to_owned();
    (answer.status(), text("__type"), text("message"))
}

impl Sealed {
    async fn new() -> Self {
        let mut made = None;
        let scene = Scene::with_vault(ClockKind::Simulated, |server, owner| {
            let key = server.engine.create_key(owner, NewKey::default()).unwrap();
            let arn = key.arn.to_string();
            made = Some(key);
            NewVault { encryption_key_arn: Some(arn), ..NewVault::default() }
        });
        let scene = scene.await;
        Self { scene, key: made.unwrap() }
    }

    /// The state of the key, and its material as it lies in its file.
    fn stands(&self) -> (KeyState, Vec<u8>) {
        let server = &self.scene.server;
        let told = server.engine.look_at_key(&caller(server, MEMBER), DescribeKey, self.key.arn.as_str()).unwrap();
        let file = server.folder.path().join(format!("data/keys/kms/{}.key", self.key.id));
        (told.state, std::fs::read(file).unwrap())
    }

    fn named(&self, operation: &'static str) -> Attempt {
        of_kms(operation, json!({ "KeyId": self.key.id }))
    }

    fn schedule(&self, days: i64) -> Attempt {
        of_kms("ScheduleKeyDeletion", json!({ "KeyId": self.key.id, "PendingWindowInDays": days }))
    }

    /// What would end the key, at once or after its days, by each name that it has; also calls that this engine does not have.
    fn against_the_key(&self) -> Vec<Attempt> {
        vec![
            self.schedule(7),
            self.schedule(30),
            of_kms("ScheduleKeyDeletion", json!({ "KeyId": self.key.arn })),
            of_kms("CancelKeyDeletion", json!({ "KeyId": self.key.arn })),
        ]
    }

    /// Calls that this engine does not have: they do nothing, whoever calls them.
    fn unknown(&self) -> Vec<Attempt> {
        ["DeleteImportedKeyMaterial", "ImportKeyMaterial", "PutKeyPolicy", "RotateKeyOnDemand", "UpdatePrimaryRegion"]
            .into_iter()
            .map(|operation| self.named(operation))
            .collect()
    }

    async fn own(&self, what: &Attempt) {
        let answer = self.scene.try_it(Who::User, what).await;
        assert_eq!(answer.status(), 200, "{} {answer:?}", what.operation);
    }

    async fn lock(&self) {
        let lock = json!({ "ChangeableForDays": 3 }).to_string();
        let path = "/backup-vaults/guarded/vault-lock";
        assert_eq!(self.scene.call(&self.scene.user, "PUT", path, &lock).await.status(), 200);
    }

    async fn hold(&self) -> String {
        let body = json!({ "Title": "case 7", "Description": "an inquiry" }).to_string();
        let created = self.scene.call(&self.scene.user, "POST", "/legal-holds", &body).await.json();
        created["LegalHoldId"].as_str().unwrap().to_owned()
    }

    /// Whoever is not of the account gets what one gets who names a key that is not there.
    async fn assert_learns_nothing(&self, who: Who, what: &Attempt, answer: &Answer) {
        let (status, code, message) = refusal(answer);
        if who == Who::Unsigned {
            assert_eq!((status, code.as_str()), (403, "MissingAuthenticationTokenException"), "{}", what.operation);
            return;
        }
        let elsewhere = of_kms(what.operation, json_of(&what.body.to_string().replace(&self.key.id, NOWHERE)));
        let (same_status, same_code, other) = refusal(&self.scene.try_it(who, &elsewhere).await);
        assert_eq!((status, &code), (same_status, &same_code), "{} {message}", what.operation);
        assert!(status >= 400, "{} {message}", what.operation);
        assert_eq!(message, other.replace(NOWHERE, &self.key.id), "{}", what.operation);
    }

    /// Everybody makes every attempt; the account's own get `expected`. Nothing is changed by any.
    async fn nobody_succeeds(&self, hold: Option<&str>, attempts: &[Attempt], expected: (u16, &str)) {
        let before = (self.stands(), self.scene.promised(hold));
        for what in attempts {
            for who in EVERYBODY {
                let answer = self.scene.try_it(who, what).await;
                if who.is_own() {
                    let (status, code, message) = refusal(&answer);
                    let told = format!("{who:?} {} {}: {message}", what.operation, what.body);
                    assert_eq!((status, code.as_str()), expected, "{told}");
                } else {
                    self.assert_learns_nothing(who, what, &answer).await;
                }
                let after = (self.stands(), self.scene.promised(hold));
                assert_eq!(after, before, "{who:?} {} {}", what.operation, what.body);
            }
        }
    }

    /// The recovery point is restored.
    async fn assert_restores(&self) {
        let (engine, owner) = (&self.scene.server.engine, caller(&self.scene.server, MEMBER));
        let point: Arn = self.scene.point.parse().unwrap();
        let mut metadata = engine.recovery_point_restore_metadata(&owner, "guarded", &point).unwrap();
        metadata.insert("newFileSystem".to_owned(), "true".to_owned());
        let request = StartRestore {
            recovery_point_arn: point,
            metadata,
            iam_role_arn: Some(ROLE.parse().unwrap()),
            idempotency_token: None,
            resource_type: None,
            copy_source_tags: false,
        };
        let id = engine.start_restore_job(&owner, request).unwrap();
        let begun = Instant::now();
        loop {
            let job = engine.describe_restore_job(&owner, &id).unwrap();
            if job.state.is_final() {
                assert_eq!(job.state.as_str(), "COMPLETED", "{:?}", job.status_message);
                return;
            }
            assert!(begun.elapsed() < Duration::from_secs(60), "the restore does not end");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_deletes_the_key_of_a_locked_vault() {
    let sealed = Sealed::new().await;
    sealed.lock().await;
    for days in [1, 4] {
        // While it cools off, and when it is final.
        sealed.scene.pass(days).await;
        sealed.nobody_succeeds(None, &sealed.against_the_key(), (400, "KMSInvalidStateException")).await;
    }
    sealed.nobody_succeeds(None, &sealed.unknown(), (404, "UnknownOperationException")).await;
    sealed.assert_restores().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_deletes_the_key_of_what_is_held_until_it_is_released() {
    let sealed = Sealed::new().await;
    let hold = sealed.hold().await;
    sealed.nobody_succeeds(Some(&hold), &sealed.against_the_key(), (400, "KMSInvalidStateException")).await;
    let release = format!("/legal-holds/{hold}?cancelDescription=settled");
    assert_eq!(sealed.scene.call(&sealed.scene.user, "DELETE", &release, "").await.status(), 201);
    sealed.own(&sealed.schedule(7)).await;
}

/// A key may be disabled under whatever is protected, and nothing is lost by it: neither a recovery point, nor the lock on it.
#[tokio::test(flavor = "multi_thread")]
async fn a_disabled_key_takes_nothing_from_the_lock_of_its_vault() {
    let sealed = Sealed::new().await;
    sealed.lock().await;
    sealed.scene.pass(4).await;
    let material = sealed.stands().1;
    for who in EVERYBODY {
        for (operation, state) in [("DisableKey", KeyState::Disabled), ("EnableKey", KeyState::Enabled)] {
            let before = sealed.stands();
            let answer = sealed.scene.try_it(who, &sealed.named(operation)).await;
            if who.is_own() {
                assert_eq!((answer.status(), sealed.stands()), (200, (state, material.clone())), "{who:?} {operation}");
            } else {
                sealed.assert_learns_nothing(who, &sealed.named(operation), &answer).await;
                assert_eq!(sealed.stands(), before, "{who:?} {operation}");
            }
        }
    }
    sealed.own(&sealed.named("DisableKey")).await;
    let promised = sealed.scene.promised(None);
    let all = [sealed.scene.against_the_point(), sealed.scene.against_its_life(), Scene::against_the_lock()];
    for what in all.iter().flatten() {
        for who in EVERYBODY {
            let (status, code, message) = sealed.scene.try_it(who, what).await.error();
            if who.is_own() {
                let told = format!("{who:?} {}: {message}", what.operation);
                assert_eq!((status, code.as_str()), (400, "InvalidRequestException"), "{told}");
            }
            assert!(status >= 400, "{who:?} {}", what.operation);
            assert_eq!(sealed.scene.promised(None), promised, "{who:?} {}", what.operation);
        }
    }
    sealed.nobody_succeeds(None, &sealed.against_the_key(), (400, "KMSInvalidStateException")).await;
    sealed.scene.pass(40).await;
    sealed.own(&sealed.named("EnableKey")).await;
    assert_eq!(sealed.scene.promised(None), promised);
    sealed.assert_restores().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_key_is_deleted_before_seven_days() {
    let sealed = Sealed::new().await;
    let attempts: Vec<Attempt> = [6, 1, 0, -1, 31, i64::MAX].map(|days| sealed.schedule(days)).into();
    sealed.nobody_succeeds(None, &attempts, (400, "ValidationException")).await;
    // Seven are seven, however often the time is asked for.
    sealed.own(&sealed.schedule(7)).await;
    sealed.scene.pass(6).await;
    assert!(matches!(sealed.stands(), (KeyState::PendingDeletion(_), _)));
    sealed.own(&sealed.named("CancelKeyDeletion")).await;
    sealed.own(&sealed.named("EnableKey")).await;
    sealed.assert_restores().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_that_waits_is_brought_nearer_by_nobody_and_put_off_by_its_account_alone() {
    let sealed = Sealed::new().await;
    sealed.own(&sealed.schedule(20)).await;
    let own_attempts = [sealed.schedule(7), sealed.named("EnableKey"), sealed.named("DisableKey")];
    sealed.nobody_succeeds(None, &own_attempts, (400, "KMSInvalidStateException")).await;
    let alias = of_kms("CreateAlias", json!({ "AliasName": "alias/mine", "TargetKeyId": sealed.key.id }));
    sealed.nobody_succeeds(None, &[alias], (400, "KMSInvalidStateException")).await;
    let before = sealed.stands();
    let cancel = sealed.named("CancelKeyDeletion");
    for who in [Who::Stranger, Who::Unsigned] {
        let answer = sealed.scene.try_it(who, &cancel).await;
        sealed.assert_learns_nothing(who, &cancel, &answer).await;
        assert_eq!(sealed.stands(), before, "{who:?}");
        // Nor does it become the key of another account's vault.
        let body = json!({ "EncryptionKeyArn": sealed.key.arn });
        let theirs = attempt("CreateBackupVault", "PUT", "/backup-vaults/theirs", body);
        assert!(sealed.scene.try_it(who, &theirs).await.status() >= 400, "{who:?}");
    }
    let answer = sealed.scene.try_it(Who::Session, &cancel).await;
    assert_eq!((answer.status(), sealed.stands()), (200, (KeyState::Disabled, before.1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_of_one_account_is_no_key_of_anothers_vault() {
    let sealed = Sealed::new().await;
    let alias = of_kms("CreateAlias", json!({ "AliasName": "alias/sealed", "TargetKeyId": sealed.key.id }));
    sealed.own(&alias).await;
    let alias = sealed.key.arn.as_str().replace(&format!("key/{}", sealed.key.id), "alias/sealed");
    // Nor is it told of there, and by the other account's number it has no name.
    for operation in ["ListKeys", "ListAliases"] {
        let list = of_kms(operation, json!({}));
        let (own, theirs) =
            (sealed.scene.try_it(Who::User, &list).await, sealed.scene.try_it(Who::Stranger, &list).await);
        assert_eq!((own.status(), theirs.status()), (200, 200), "{operation}");
        assert!(own.text().contains(&sealed.key.id) && !theirs.text().contains(&sealed.key.id), "{operation}");
    }
    let of_another = of_kms("DescribeKey", json!({ "KeyId": alias.replace(MEMBER, ACCOUNT) }));
    let (status, code, _) = refusal(&sealed.scene.try_it(Who::User, &of_another).await);
    assert_eq!((status, code.as_str()), (400, "NotFoundException"));
    for (number, name) in [sealed.key.arn.to_string(), alias].into_iter().enumerate() {
        let make = |vault: &str| {
            let body = json!({ "EncryptionKeyArn": name });
            attempt("CreateBackupVault", "PUT", &format!("/backup-vaults/{vault}-{number}"), body)
        };
        let (status, code, message) = sealed.scene.try_it(Who::Stranger, &make("theirs")).await.error();
        assert_eq!((status, code.as_str()), (400, "InvalidParameterValueException"), "{message}");
        assert!(message.contains("EncryptionKeyArn"), "{message}");
        assert_eq!(sealed.scene.try_it(Who::User, &make("ours")).await.status(), 200, "{name}");
    }
}

/// A request that was good when it was captured is judged as it is sent again.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_captured_of_a_key_and_is_sent_again_breaks_nothing() {
    let sealed = Sealed::new().await;
    let (scene, schedule, cancel) = (&sealed.scene, sealed.schedule(7), sealed.named("CancelKeyDeletion"));
    let captured =
        [&scene.user, &scene.session].map(|keys| [scene.capture(&schedule, keys), scene.capture(&cancel, keys)]);
    for request in captured.iter().flatten() {
        assert_eq!(scene.server.send(request.clone()).await.status(), 200, "it is good");
    }
    sealed.own(&sealed.named("EnableKey")).await;
    let before = sealed.stands();
    for [_, cancel] in &captured {
        let (status, code, _) = refusal(&scene.server.send(cancel.clone()).await);
        assert_eq!((status, code.as_str()), (400, "KMSInvalidStateException"));
        assert_eq!(sealed.stands(), before, "nothing is cancelled, and nothing disabled by that");
    }
    sealed.lock().await;
    for request in captured.iter().flatten() {
        let (status, code, _) = refusal(&scene.server.send(request.clone()).await);
        assert_eq!((status, code.as_str()), (400, "KMSInvalidStateException"));
        assert_eq!(sealed.stands(), before);
    }
    // One that is changed on the way, one that is too old, and one that was signed for another service are not let in.
    let mut other = captured[0][0].clone();
    *other.body_mut() = captured[0][1].body().clone();
    let old = sign(scene.build(&schedule), &scene.user, "kms", SystemTime::now() - Duration::from_secs(400));
    let of_backup = sign(scene.build(&schedule), &scene.user, "backup", SystemTime::now());
    for request in [other, old, of_backup] {
        let (status, code, _) = refusal(&scene.server.send(request).await);
        assert_eq!((status, code.as_str()), (403, "InvalidSignatureException"));
        assert_eq!(sealed.stands(), before);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_over_does_nothing_to_a_key_any_more() {
    let sealed = Sealed::new().await;
    let catalog = rusqlite::Connection::open(sealed.scene.server.folder.path().join("data/catalog.sqlite")).unwrap();
    assert_eq!(catalog.execute("UPDATE sessions SET expires = 1", []).unwrap(), 1);
    let before = sealed.stands();
    let mut attempts = sealed.against_the_key();
    attempts
        .extend(["DisableKey", "EnableKey", "DescribeKey", "GetKeyPolicy"].map(|operation| sealed.named(operation)));
    for what in &attempts {
        let (status, code, _) = refusal(&sealed.scene.try_it(Who::Session, what).await);
        assert_eq!((status, code.as_str()), (403, "ExpiredTokenException"), "{}", what.operation);
        assert_eq!(sealed.stands(), before, "{}", what.operation);
    }
}
