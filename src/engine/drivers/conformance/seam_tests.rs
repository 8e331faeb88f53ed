//! The seam as a whole: an engine with a driver that is no part of this program.

use super::World;
use super::memory::Store;
use crate::domain::extension::{AddAccount, AddResource};
use crate::domain::job::JobState;
use crate::domain::types::Location;
use crate::domain::types::location::Part;
use crate::domain::{AccountId, Arn, Resource, Tags};
use crate::engine::authorize::action;
use crate::engine::authorize::subject::Anything;
use crate::engine::authorize::{Doing, authorize};
use crate::engine::caller::{Caller, RestoreRoots};
use crate::engine::drivers::{Driver, Drivers};
use crate::engine::error::Error;
use crate::engine::jobs::backup::ops::StartBackup;
use crate::engine::jobs::copy::ops::StartCopy;
use crate::engine::jobs::restore::ops::StartRestore;
use crate::engine::keys::Purpose;
use crate::engine::resources::rows::{self, secrets};
use crate::engine::{ClockKind, Engine, EngineOptions, MachineClocks, NewVault};
use std::sync::Arc;
use std::time::{Duration, Instant};

struct House {
    engine: Arc<Engine>,
    store: Store,
    caller: Caller,
    resource: Arn,
    folder: tempfile::TempDir,
}

impl House {
    fn new() -> Self {
        let (folder, store) = (tempfile::tempdir().unwrap(), Store::world());
        // An engine lives as long as its process, and so do its drivers.
        let driver: &'static dyn Driver = Box::leak(Box::new(store.clone()));
        let options = EngineOptions {
            data_dir: folder.path().join("data"),
            clock: ClockKind::System,
            scheduler: true,
            simulated_rate: None,
            cold: std::collections::BTreeMap::new(),
        };
        let drivers = Drivers(Box::leak(Box::new([driver])));
        let engine = Engine::open_driving(options, None, Arc::new(MachineClocks), drivers).unwrap();
        let scope = Engine::first_scope().unwrap();
        let caller = Caller {
            user_arn: Arn::role(&scope.account, "test"),
            account: scope.account,
            region: scope.region,
            user_id: None,
            restore_roots: RestoreRoots::Any,
        };
        let request = AddResource { secret: store.secret(), ..request("Memory", &store.resource().location) };
        let added = engine.add_resource(request).unwrap();
        let resource = added.resource_arn.parse().unwrap();
        Self { engine, store, caller, resource, folder }
    }

    fn back_up(&self) -> crate::domain::job::BackupJob {
        self.back_up_of(&self.resource)
    }

    fn back_up_of(&self, resource: &Arn) -> crate::domain::job::BackupJob {
        let started = self.engine.start_backup_job(
            &self.caller,
            StartBackup {
                vault_name: "Default".to_owned(),
                air_gapped_vault: None,
                resource_arn: resource.clone(),
                iam_role_arn: Arn::default_role(&self.caller.account),
                idempotency_token: None,
                start_window_minutes: None,
                complete_window_minutes: None,
                lifecycle: None,
                recovery_point_tags: Tags::new(),
                backup_options: std::collections::BTreeMap::new(),
            },
        );
        let id = started.unwrap().id;
        Self::wait(|| {
            Some(self.engine.describe_backup_job(&self.caller, &id).unwrap()).filter(|job| job.state.is_final())
        })
    }

    fn wait<T>(mut look: impl FnMut() -> Option<T>) -> T {
        let until = Instant::now() + Duration::from_secs(60);
        loop {
            if let Some(found) = look() {
                return found;
            }
            assert!(Instant::now() < until, "it takes too long");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn request(resource_type: &str, location: &Location) -> AddResource {
    AddResource {
        resource_type: resource_type.to_owned(),
        name: "source".to_owned(),
        location: location.clone(),
        secret: None,
        tags: Tags::new(),
        account_id: None,
        region: None,
    }
}

#[test]
fn a_resource_that_is_no_folder_is_backed_up_and_restored_by_the_engine() {
    let house = House::new();
    house.store.put(b"../a//b", b"content");
    let job = house.back_up();
    assert_eq!(job.state, JobState::Completed, "{:?}", job.status_message);
    let point = job.recovery_point_arn.unwrap();
    let metadata = house.engine.recovery_point_restore_metadata(&house.caller, "Default", &point).unwrap();
    let target = Location::of([(Part::Bucket, metadata["Bucket"].clone())]);
    let id = house.engine.start_restore_job(
        &house.caller,
        StartRestore {
            recovery_point_arn: point,
            metadata,
            iam_role_arn: None,
            idempotency_token: None,
            resource_type: Some("Memory".to_owned()),
            copy_source_tags: false,
        },
    );
    let id = id.unwrap();
    let look =
        || Some(house.engine.describe_restore_job(&house.caller, &id).unwrap()).filter(|job| job.state.is_final());
    let restored = House::wait(look);
    assert_eq!(restored.state, JobState::Completed, "{:?}", restored.status_message);
    assert_eq!(restored.status_message.as_deref(), Some("The bucket has no versions."));
    assert_eq!(house.store.content(&target), house.store.content(&house.store.resource().location));
    let listed = house.engine.resources().unwrap().resources;
    let made = listed.iter().find(|resource| resource.location == target && resource.path.is_none()).unwrap();
    let again = house.back_up_of(&made.resource_arn.parse().unwrap());
    assert_eq!(again.state, JobState::Completed, "it has the secret of what was backed up: {:?}", again.status_message);
}

#[test]
fn a_backup_whose_end_fails_leaves_no_recovery_point() {
    let house = House::new();
    house.store.put(b"a", b"content");
    house.store.break_at_end();
    let job = house.back_up();
    assert_eq!(job.state, JobState::Failed);
    assert_eq!(job.status_message.as_deref(), Some("The child process ended with status 1."));
    let vault = house.engine.describe_vault(&house.caller, "Default").unwrap();
    assert_eq!((vault.recovery_points, house.store.aborted()), (0, 0));
}

#[test]
fn what_fails_for_the_time_being_is_tried_again() {
    let house = House::new();
    house.store.put(b"a", b"content");
    house.store.busy(2);
    let job = house.back_up();
    assert_eq!(job.state, JobState::Completed, "{:?}", job.status_message);
}

#[test]
fn what_has_no_driver_and_what_has_no_such_location_is_refused_with_what_there_is() {
    let house = House::new();
    let at = house.store.resource().location;
    let refused = |kind: &str, at: &Location| house.engine.add_resource(request(kind, at)).unwrap_err().to_string();
    assert_eq!(refused("EFS", &at), "Invalid ResourceType: this engine cannot back up \"EFS\"; available: Memory");
    let path = Location::at_path("/srv");
    assert_eq!(refused("Memory", &path), "Invalid Location: Memory takes --bucket [--secret-file]; given is path /srv");
    let types = house.engine.supported_resource_types();
    assert_eq!(types.iter().map(|kind| kind.as_str()).collect::<Vec<_>>(), ["Memory"]);
}

#[test]
fn the_secret_of_a_resource_reaches_its_driver_and_nobody_else() {
    let house = House::new();
    house.store.put(b"a", b"content");
    assert_eq!(house.back_up().state, JobState::Completed, "the service lets in who brings the secret");

    let at = house.store.resource().location;
    let with = |text: &str| {
        let secret = Some(crate::domain::Secret::new(text.to_owned()));
        house.engine.add_resource(AddResource { secret, ..request("Memory", &at) })
    };
    let refused = with("wrong horse").unwrap_err().to_string();
    assert!(refused.contains("does not let this user in") && !refused.contains("wrong horse"), "{refused}");
    assert_eq!(with("").unwrap_err().to_string(), "Invalid Secret: must not be empty");
    assert_eq!(house.back_up().state, JobState::Completed, "what was refused replaced nothing");

    let secret = house.store.secret().unwrap();
    let listed = serde_json::to_string(&house.engine.resources().unwrap()).unwrap();
    assert!(!listed.contains(secret.reveal()));
    house.engine.shutdown(Duration::from_secs(10));
    for entry in walk(house.folder.path()) {
        let bytes = std::fs::read(&entry).unwrap();
        let told = bytes.windows(secret.reveal().len()).any(|window| window == secret.reveal().as_bytes());
        assert!(!told, "{} tells the secret", entry.display());
    }
}

#[test]
fn a_resource_that_is_removed_takes_its_secret_along_and_a_sealed_one_opens_for_its_own_only() {
    let house = House::new();
    let sealed = |arn: &Arn| house.engine.catalog.read(|connection| secrets::get(connection, arn)).unwrap();
    let stolen = sealed(&house.resource).unwrap();
    let other: Arn = format!("{}x", house.resource).parse().unwrap();
    let unwrapped = house.engine.keys.unwrap(Purpose::Resource(&other), &stolen, |_| Error::Internal(String::new()));
    assert!(unwrapped.is_err(), "sealed for one resource, opened for another");
    house.engine.remove_resource(&house.resource).unwrap();
    assert_eq!(sealed(&house.resource), None);
}

#[test]
fn a_copy_in_another_account_is_restored_there_without_the_secret_of_its_source() {
    const MEMBER: &str = "210987654321";
    let house = House::new();
    let engine = &house.engine;
    house.store.put(b"a", b"content");
    let point = house.back_up().recovery_point_arn.unwrap();
    let account = AddAccount { account_id: Some(MEMBER.to_owned()), name: "archive".to_owned(), email: None };
    engine.add_account(account).unwrap();
    let account: AccountId = MEMBER.parse().unwrap();
    let member = Caller { user_arn: Arn::role(&account, "test"), account, ..house.caller.clone() };
    let vault = engine.create_vault(&member, &"copies".parse().unwrap(), NewVault::default()).unwrap().arn;
    let policy = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*",
        "Action": "backup:CopyIntoBackupVault", "Resource": "*"}]}"#;
    engine.put_vault_access_policy(&member, "copies", policy).unwrap();
    let setting = ("isCrossAccountBackupEnabled".to_owned(), "true".to_owned());
    engine.update_global_settings(&house.caller, &[setting].into()).unwrap();
    let copy = StartCopy {
        recovery_point_arn: point,
        source_vault_name: "Default".to_owned(),
        destination_vault_arn: vault,
        iam_role_arn: Arn::default_role(&house.caller.account),
        idempotency_token: None,
        lifecycle: None,
    };
    let id = engine.start_copy_job(&house.caller, copy).unwrap().id;
    let look = || Some(engine.describe_copy_job(&house.caller, &id).unwrap()).filter(|job| job.state.is_final());
    let copy = House::wait(look);
    assert_eq!(copy.state, JobState::Completed, "{:?}", copy.status_message);
    let copy = copy.destination_recovery_point_arn.unwrap();

    let restore = StartRestore {
        metadata: engine.recovery_point_restore_metadata(&member, "copies", &copy).unwrap(),
        recovery_point_arn: copy,
        iam_role_arn: None,
        idempotency_token: None,
        resource_type: Some("Memory".to_owned()),
        copy_source_tags: false,
    };
    let id = engine.start_restore_job(&member, restore).unwrap();
    let look = || Some(engine.describe_restore_job(&member, &id).unwrap()).filter(|job| job.state.is_final());
    let job = House::wait(look);
    assert_eq!(job.state, JobState::Failed, "the service lets in whoever brings the secret");
    assert!(job.status_message.as_deref().is_some_and(|why| why.contains("does not let this user in")), "{job:?}");
    // Nor does what was restored get it.
    let made: Arn = house.resource.as_str().replace(house.caller.account.as_str(), MEMBER).parse().unwrap();
    assert_ne!(made, house.resource);
    let shared = engine.catalog.write(|tx| {
        let permit = authorize(tx, Doing::Outcome, action::AddResource, &Anything(made.as_str()))?;
        let before = rows::get(tx, &house.resource)?.unwrap();
        let theirs = Resource { arn: made.clone(), scope: member.scope(), ..before };
        rows::insert(tx, &permit, &theirs)?;
        engine.share_secret(tx, &permit, &house.resource)?;
        secrets::get(tx, &made)
    });
    assert_eq!(shared.unwrap(), None);
}

/// Every file below a folder.
fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let below = |entry: std::fs::DirEntry| match entry.file_type().unwrap() {
        kind if kind.is_dir() => walk(&entry.path()),
        kind if kind.is_file() => vec![entry.path()],
        _ => Vec::new(),
    };
    entries.flat_map(below).collect()
}
