//! Air-gapped vaults that are shared with other accounts of the organization: what those may, and nothing else.

use crate::bench::{Bench, VAULT, assert_completed};
use crate::harness::{MEMBER, caller, whole};
use vaultdeck::domain::extension::AddAccount;
use vaultdeck::domain::job::{JobState, RestoreJob};
use vaultdeck::domain::names::JobId;
use vaultdeck::domain::sharing::{ResourceShare, Shared};
use vaultdeck::domain::{AccountId, Arn, Lifecycle, ParentId};
use vaultdeck::engine::authorize::Principal;
use vaultdeck::engine::sharing::rows::Side;
use vaultdeck::engine::sharing::{NewShare, ShareOwner, SharesFilter};
use vaultdeck::engine::vaults::ops::VaultAt;
use vaultdeck::engine::{
    Caller, Engine, Error, ErrorKind, NewVault, RecoveryPointFilter, StartBackup, StartCopy, StartRestore,
};

const SAFE: &str = "safe";
const THIRD: &str = "333333333333";

/// An air-gapped vault `safe` with one point, and two other accounts.
struct Scene {
    bench: Bench,
    point: Arn,
    owner: AccountId,
}

impl Scene {
    fn new() -> Self {
        let bench = Bench::simulated();
        for (id, name) in [(MEMBER, "recovery"), (THIRD, "third")] {
            let account = AddAccount { account_id: Some(id.to_owned()), name: name.to_owned(), email: None };
            bench.engine().add_account(account).unwrap();
        }
        let vault = make(bench.engine(), &bench.caller);
        let request = StartBackup {
            air_gapped_vault: Some(vault),
            lifecycle: Some(Lifecycle::delete_after(10)),
            ..bench.backup_request(&bench.resource("projects", &[]))
        };
        let job = bench.engine().start_backup_job(&bench.caller, request).unwrap();
        let job = bench.wait(&job.id);
        assert_completed(&job);
        let owner = bench.caller.account.clone();
        Self { bench, point: job.recovery_point_arn.unwrap(), owner }
    }

    fn engine(&self) -> &Engine {
        self.bench.engine()
    }

    fn vault(&self) -> Arn {
        Arn::vault(&self.bench.caller.scope(), &SAFE.parse().unwrap())
    }

    fn at(&self) -> VaultAt<'_> {
        VaultAt { account: Some(&self.owner), name: SAFE }
    }

    fn share(&self) -> ResourceShare {
        let request = share("recovery", &[self.vault()], &[MEMBER]);
        self.engine().create_resource_share(&self.bench.caller, &request).unwrap()
    }

    fn shared_with(&self, who: &Caller) -> Vec<Arn> {
        let page = self.engine().list_shared_vaults(who, None, &whole()).unwrap();
        page.items.into_iter().map(|vault| vault.arn).collect()
    }

    fn restore_request(&self, who: &Caller) -> StartRestore {
        let own = &self.bench.caller;
        let metadata = self.engine().recovery_point_restore_metadata(own, SAFE, &self.point).unwrap();
        let role = Arn::default_role(&who.account);
        StartRestore { iam_role_arn: Some(role), ..self.bench.restore_request(&self.point, metadata) }
    }

    fn restore(&self, who: &Caller) -> Result<RestoreJob, Error> {
        let id = self.engine().start_restore_job(who, self.restore_request(who))?;
        Ok(self.end_of(who, &id))
    }

    /// A restore by the member before whose beginning something happens, and its end.
    fn restore_that_waits(&mut self, meanwhile: impl FnOnce(&Engine, &Caller)) -> RestoreJob {
        let request = self.restore_request(&member());
        self.bench.stop();
        // An engine that runs no jobs: the restore waits.
        let quiet = Engine::open(crate::harness::options(self.bench.path("data"))).unwrap();
        let id = quiet.start_restore_job(&member(), request).unwrap();
        meanwhile(&quiet, &self.bench.caller);
        let folder = tempfile::tempdir().unwrap();
        drop(crate::harness::Harness { engine: quiet, folder }.close());
        self.bench.start();
        self.end_of(&member(), &id)
    }

    fn end_of(&self, who: &Caller, id: &JobId) -> RestoreJob {
        let started = std::time::Instant::now();
        loop {
            let job = self.engine().describe_restore_job(who, id).unwrap();
            if job.state.is_final() {
                return job;
            }
            assert!(started.elapsed().as_secs() < 60, "the restore does not end: {job:?}");
            std::thread::sleep(std::time::Duration::from_millis(3));
        }
    }

    /// What `who` is answered by everything that only reads.
    fn reads(&self, who: &Caller) -> Vec<Result<(), Error>> {
        let (engine, filter) = (self.engine(), RecoveryPointFilter::default());
        vec![
            engine.describe_vault(who, self.at()).map(drop),
            engine.list_recovery_points_by_vault(who, self.at(), &filter, &whole()).map(drop),
            engine.list_protected_resources_of_vault(who, self.at(), &whole()).map(drop),
            engine.describe_recovery_point(who, self.at(), &self.point).map(drop),
            engine.recovery_point_restore_metadata(who, self.at(), &self.point).map(drop),
            engine.recovery_point_items(who, &self.point, "/", &whole()).map(drop),
        ]
    }

    fn assert_shut_out(&self, who: &Caller) {
        for answer in self.reads(who) {
            let refused = answer.unwrap_err();
            assert!([ErrorKind::AccessDenied, ErrorKind::ResourceNotFound].contains(&refused.kind()), "{refused}");
        }
        assert_eq!(self.restore(who).unwrap_err().kind(), ErrorKind::ResourceNotFound);
        assert!(self.shared_with(who).is_empty());
    }
}

fn make(engine: &Engine, caller: &Caller) -> Arn {
    let bounds = vaultdeck::domain::air_gap::RetentionBounds { min_days: 7, max_days: 30 };
    engine.create_air_gapped_vault(caller, &SAFE.parse().unwrap(), bounds, &NewVault::default()).unwrap().arn
}

fn share(name: &str, vaults: &[Arn], accounts: &[&str]) -> NewShare {
    NewShare {
        name: name.to_owned(),
        vaults: vaults.to_vec(),
        principals: accounts.iter().map(ToString::to_string).collect(),
        client_token: None,
    }
}

fn member() -> Caller {
    caller(MEMBER, "us-east-1")
}

fn third() -> Caller {
    caller(THIRD, "us-east-1")
}

#[test]
fn whom_it_is_shared_with_sees_it_and_restores_into_their_own_account() {
    let scene = Scene::new();
    scene.assert_shut_out(&member());
    scene.share();
    for answer in scene.reads(&member()) {
        answer.unwrap();
    }
    assert_eq!(scene.shared_with(&member()), [scene.vault()]);
    let own = scene.engine().list_vaults(&member(), None, &whole()).unwrap().items;
    assert!(own.iter().all(|vault| vault.name != SAFE), "it is not among their own");
    let points = scene
        .engine()
        .list_recovery_points_by_vault(&member(), scene.at(), &RecoveryPointFilter::default(), &whole())
        .unwrap();
    assert_eq!(points.items.len(), 1);

    let job = scene.restore(&member()).unwrap();
    assert_eq!(job.state, JobState::Completed, "{:?}", job.status_message);
    assert_eq!(job.scope.account.as_str(), MEMBER);
    let made = job.created_resource_arn.unwrap();
    assert_eq!(made.account(), MEMBER, "what was restored is the sharee's");
    scene.assert_shut_out(&third());
    scene.assert_shut_out(&caller(MEMBER, "eu-west-1"));
}

#[test]
fn whom_it_is_shared_with_does_nothing_else_to_it() {
    let scene = Scene::new();
    scene.share();
    let (engine, who, point) = (scene.engine(), member(), &scene.point);
    // A vault of the same name, so that the sharee's calls find one.
    make(engine, &who);
    let copy = StartCopy {
        recovery_point_arn: point.clone(),
        source_vault_name: SAFE.to_owned(),
        destination_vault_arn: Arn::vault(&who.scope(), &SAFE.parse().unwrap()),
        iam_role_arn: Arn::default_role(&who.account),
        idempotency_token: None,
        lifecycle: None,
    };
    for (what, answer) in [
        ("delete", engine.delete_recovery_point(&who, SAFE, point)),
        ("shorten", engine.update_recovery_point_lifecycle(&who, SAFE, point, Lifecycle::delete_after(1)).map(drop)),
        ("copy", engine.start_copy_job(&who, copy).map(drop)),
        ("tag", engine.tag_resource(&who, point, [("a".to_owned(), "b".to_owned())].into())),
        ("tag the vault", engine.tag_resource(&who, &scene.vault(), [("a".to_owned(), "b".to_owned())].into())),
    ] {
        let refused = answer.unwrap_err();
        assert!([ErrorKind::AccessDenied, ErrorKind::ResourceNotFound].contains(&refused.kind()), "{what}: {refused}");
    }
    let refused = engine.delete_recovery_point(&who, SAFE, point).unwrap_err().to_string();
    assert!(refused.contains("shared with this account for restores only"), "{refused}");
    // Not even a policy gives them more.
    let policy = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*",
         "Action": ["backup:DeleteRecoveryPoint", "backup:StartCopyJob", "backup:CopyFromBackupVault"],
         "Resource": "*"}]}"#;
    engine.put_vault_access_policy(&scene.bench.caller, SAFE, policy).unwrap();
    assert_eq!(engine.delete_recovery_point(&who, SAFE, point).unwrap_err().kind(), ErrorKind::AccessDenied);
    // Nor do they share it on.
    let on = engine.create_resource_share(&who, &share("on", &[scene.vault()], &[THIRD])).unwrap_err();
    assert_eq!(on.kind(), ErrorKind::ResourceNotFound);
    scene.assert_shut_out(&third());
    assert_eq!(scene.engine().describe_vault(&scene.bench.caller, SAFE).unwrap().recovery_points, 1);
}

#[test]
fn whom_it_is_shared_with_does_not_restore_into_what_was_backed_up() {
    let scene = Scene::new();
    scene.share();
    let mut request = scene.restore_request(&member());
    request.metadata.insert("newFileSystem".to_owned(), "false".to_owned());
    let refused = scene.engine().start_restore_job(&member(), request).map(drop).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidParameterValue, "{refused}");
}

#[test]
fn an_explicit_deny_of_the_vaults_policy_binds_them_too() {
    let scene = Scene::new();
    scene.share();
    let policy = format!(
        r#"{{"Version": "2012-10-17", "Statement": [{{"Effect": "Deny", "Principal": {{"AWS": "{MEMBER}"}},
             "Action": "backup:StartRestoreJob", "Resource": "*"}}]}}"#
    );
    scene.engine().put_vault_access_policy(&scene.bench.caller, SAFE, &policy).unwrap();
    let refused = scene.restore(&member()).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::AccessDenied);
    assert!(refused.to_string().contains("explicit deny"), "{refused}");
    assert!(scene.engine().describe_vault(&member(), scene.at()).is_ok());
}

#[test]
fn whoever_is_taken_out_of_a_share_is_out_at_once_and_so_are_all_when_it_is_deleted() {
    let scene = Scene::new();
    let made = scene.share();
    let (engine, owner) = (scene.engine(), &scene.bench.caller);
    engine.associate_resource_share(owner, &made.arn, &[], &[THIRD.to_owned()]).unwrap();
    assert_eq!(scene.restore(&third()).unwrap().state, JobState::Completed);
    engine.disassociate_resource_share(owner, &made.arn, &[], &[MEMBER.to_owned()]).unwrap();
    scene.assert_shut_out(&member());
    assert_eq!(scene.restore(&third()).unwrap().state, JobState::Completed);
    engine.disassociate_resource_share(owner, &made.arn, &[scene.vault()], &[]).unwrap();
    scene.assert_shut_out(&third());
    engine.associate_resource_share(owner, &made.arn, &[scene.vault()], &[]).unwrap();
    assert_eq!(scene.restore(&third()).unwrap().state, JobState::Completed);
    for stranger in [member(), third()] {
        let refused = engine.delete_resource_share(&stranger, &made.arn).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ResourceNotFound);
        let refused = engine.associate_resource_share(&stranger, &made.arn, &[], &[MEMBER.to_owned()]).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ResourceNotFound);
    }
    engine.delete_resource_share(owner, &made.arn).unwrap();
    scene.assert_shut_out(&third());
}

#[test]
fn another_vault_of_the_name_is_not_shared() {
    let scene = Scene::new();
    let made = scene.share();
    scene.bench.advance(chrono::Duration::days(12));
    let (engine, owner) = (scene.engine(), &scene.bench.caller);
    engine.delete_vault(owner, SAFE).unwrap();
    make(engine, owner);
    assert!(scene.shared_with(&member()).is_empty());
    assert_eq!(engine.describe_vault(&member(), scene.at()).unwrap_err().kind(), ErrorKind::AccessDenied);
    let filter = SharesFilter { shares: vec![made.arn], ..SharesFilter::default() };
    let vaults = engine.share_associations(owner, ShareOwner::Caller, Side::Vaults, &filter, &whole()).unwrap();
    assert!(vaults.items.is_empty());
}

#[test]
fn a_restore_that_waits_when_it_is_not_shared_any_more_fails() {
    let mut scene = Scene::new();
    let made = scene.share();
    let job = scene.restore_that_waits(|quiet, owner| quiet.delete_resource_share(owner, &made.arn).unwrap());
    assert_eq!(job.state, JobState::Failed);
    assert!(job.status_message.unwrap().contains("is not shared with account"));
}

#[test]
fn a_share_is_of_air_gapped_vaults_with_accounts_of_the_organization() {
    let scene = Scene::new();
    let (engine, owner) = (scene.engine(), &scene.bench.caller);
    let standard = Arn::vault(&owner.scope(), &VAULT.parse().unwrap());
    let missing = Arn::vault(&owner.scope(), &"nowhere".parse().unwrap());
    let bucket: Arn = "arn:aws:s3:::bucket".parse().unwrap();
    let safe = scene.vault();
    for (vault, account, kind, word) in [
        (&standard, MEMBER, ErrorKind::InvalidParameterValue, "logically air-gapped"),
        (&missing, MEMBER, ErrorKind::ResourceNotFound, "nowhere"),
        (&bucket, MEMBER, ErrorKind::ResourceNotFound, "bucket"),
        (&safe, "999999999999", ErrorKind::InvalidRequest, "not in this organization"),
        (&safe, "123456789012", ErrorKind::InvalidParameterValue, "the account that shares"),
        (&safe, "arn:aws:iam::210987654321:root", ErrorKind::InvalidParameterValue, "12 digits"),
        (
            &safe,
            "arn:aws:organizations::123456789012:ou/o-a/ou-b",
            ErrorKind::InvalidRequest,
            "not in this organization",
        ),
        (
            &safe,
            "arn:aws:organizations::123456789012:organization/o-a",
            ErrorKind::InvalidRequest,
            "not in this organization",
        ),
    ] {
        let refused =
            engine.create_resource_share(owner, &share("bad", std::slice::from_ref(vault), &[account])).unwrap_err();
        assert_eq!(refused.kind(), kind, "{vault} with {account}: {refused}");
        assert!(refused.to_string().contains(word), "{refused}");
    }
    let filter = SharesFilter::default();
    let none = engine.resource_shares(owner, ShareOwner::Caller, &filter, &whole()).unwrap();
    assert!(none.items.is_empty(), "what is refused makes nothing");
}

#[test]
fn a_unit_in_a_share_lets_in_who_lies_below_it_and_only_as_long() {
    let scene = Scene::new();
    let (engine, owner) = (scene.engine(), &scene.bench.caller);
    let root = ParentId::Root(engine.tree().unwrap().root);
    let upper = engine.create_unit(Principal::Owner, &root, "upper").unwrap().id;
    let lower = engine.create_unit(Principal::Owner, &ParentId::Unit(upper.clone()), "lower").unwrap().id;
    let put = |account: &str, to: &ParentId| engine.put_account(&account.parse().unwrap(), to).unwrap();
    put(MEMBER, &ParentId::Unit(lower));
    let organization = engine.tree().unwrap().organization;
    let unit = Arn::unit(&owner.account, &organization, &upper).to_string();
    let made = engine.create_resource_share(owner, &share("by unit", &[scene.vault()], &[&unit])).unwrap();
    for answer in scene.reads(&member()) {
        answer.unwrap();
    }
    assert_eq!(scene.shared_with(&member()), [scene.vault()]);
    assert_eq!(scene.restore(&member()).unwrap().state, JobState::Completed);
    scene.assert_shut_out(&third());
    let shares = |who: &Caller| {
        engine.resource_shares(who, ShareOwner::Others, &SharesFilter::default(), &whole()).unwrap().items
    };
    assert_eq!((shares(&member()).len(), shares(&third()).len()), (1, 0));
    // Where an account lies is looked up when it asks.
    put(MEMBER, &root);
    scene.assert_shut_out(&member());
    assert_eq!(shares(&member()), []);
    put(THIRD, &ParentId::Unit(upper));
    assert_eq!(scene.restore(&third()).unwrap().state, JobState::Completed);
    engine.disassociate_resource_share(owner, &made.arn, &[], &[unit]).unwrap();
    scene.assert_shut_out(&third());
}

#[test]
fn the_organization_in_a_share_lets_in_all_its_accounts_also_those_that_join_later() {
    let scene = Scene::new();
    let (engine, owner) = (scene.engine(), &scene.bench.caller);
    let organization = Arn::organization(&owner.account, &engine.tree().unwrap().organization).to_string();
    engine.create_resource_share(owner, &share("all", &[scene.vault()], &[&organization])).unwrap();
    let later = AddAccount { account_id: Some("444444444444".to_owned()), name: "later".to_owned(), email: None };
    engine.add_account(later).unwrap();
    for who in [member(), third(), caller("444444444444", "us-east-1")] {
        assert_eq!(scene.shared_with(&who), [scene.vault()]);
        assert_eq!(scene.restore(&who).unwrap().state, JobState::Completed);
    }
    assert!(scene.shared_with(owner).is_empty(), "its owner has it, and does not share it with itself");
    let filter = SharesFilter::default();
    assert_eq!(engine.resource_shares(owner, ShareOwner::Others, &filter, &whole()).unwrap().items, []);
    let told = engine.share_associations(owner, ShareOwner::Caller, Side::Principals, &filter, &whole()).unwrap();
    assert_eq!(told.items[0].shared.entity(), organization);
}

#[test]
fn a_restore_that_waits_when_its_account_leaves_the_unit_fails() {
    let mut scene = Scene::new();
    let root = ParentId::Root(scene.engine().tree().unwrap().root);
    let unit = scene.engine().create_unit(Principal::Owner, &root, "upper").unwrap().id;
    let account: AccountId = MEMBER.parse().unwrap();
    scene.engine().put_account(&account, &ParentId::Unit(unit.clone())).unwrap();
    let named = Arn::unit(&scene.owner, &scene.engine().tree().unwrap().organization, &unit).to_string();
    let request = share("by unit", &[scene.vault()], &[&named]);
    scene.engine().create_resource_share(&scene.bench.caller, &request).unwrap();
    let job = scene.restore_that_waits(|quiet, _| quiet.put_account(&account, &root).unwrap());
    assert_eq!(job.state, JobState::Failed);
    assert!(job.status_message.unwrap().contains("is not shared with account"));
}

#[test]
fn shares_are_told_to_their_owner_and_to_whom_they_name() {
    let scene = Scene::new();
    let made = scene.share();
    let (engine, owner) = (scene.engine(), &scene.bench.caller);
    let none = SharesFilter::default();
    let names = |who: &Caller, whose| {
        let shares = engine.resource_shares(who, whose, &none, &whole()).unwrap();
        shares.items.into_iter().map(|share| share.name).collect::<Vec<_>>()
    };
    assert_eq!(names(owner, ShareOwner::Caller), ["recovery"]);
    assert!(names(owner, ShareOwner::Others).is_empty());
    assert_eq!(names(&member(), ShareOwner::Others), ["recovery"]);
    assert!(names(&member(), ShareOwner::Caller).is_empty() && names(&third(), ShareOwner::Others).is_empty());
    let told = |side| {
        let found = engine.share_associations(owner, ShareOwner::Caller, side, &none, &whole()).unwrap();
        found.items.into_iter().map(|one| one.shared).collect::<Vec<_>>()
    };
    assert_eq!(told(Side::Vaults), [Shared::Vault(scene.vault())]);
    assert_eq!(told(Side::Principals), [Shared::With(MEMBER.parse().unwrap())]);
    let token = |name: &str| NewShare { client_token: Some("once".to_owned()), ..share(name, &[], &[]) };
    let first = engine.create_resource_share(owner, &token("twice")).unwrap();
    assert_eq!(engine.create_resource_share(owner, &token("twice")).unwrap(), first);
    assert_ne!(first.arn, made.arn);
    assert!(engine.create_resource_share(owner, &token("other")).is_err());
}

#[test]
fn who_can_names_the_air_gap_and_the_share() {
    let scene = Scene::new();
    scene.share();
    let ask = |action: &str, account: &str| {
        let told = scene.engine().who_can(&scene.bench.caller.scope(), &SAFE.parse().unwrap(), action).unwrap();
        let one = told.standings.into_iter().find(|one| one.principal.contains(&format!("::{account}:user/"))).unwrap();
        (one.allowed, one.because)
    };
    for (action, account, allowed, word) in [
        ("StartRestoreJob", MEMBER, true, "resource share recovery"),
        ("StartRestoreJob", THIRD, false, "air-gapped"),
        ("DeleteRecoveryPoint", MEMBER, false, "and nothing else"),
        ("DeleteRecoveryPoint", "123456789012", false, "logically air-gapped backup vault"),
        ("DeleteBackupVaultLockConfiguration", "123456789012", false, "logically air-gapped backup vault"),
    ] {
        let (can, because) = ask(action, account);
        assert_eq!(can, allowed, "{action} by {account}: {because}");
        assert!(because.contains(word), "{action} by {account}: {because}");
    }
}
