//! Moves of the ring on a whole engine: whatever is in the way, each secret opens, and for nobody else.

use super::moving::{self, RootTold, begin};
use super::opening;
use super::root::conformance::{KmsInMemory, assert_told_nowhere};
use super::root::{Asked, Cost, Keeper, Kind, Passphrase, Unattended, file, kms};
use super::{NAMED, Purpose};
use crate::domain::extension::{AddAccount, AddResource};
use crate::domain::{Arn, Secret, Tags, VaultName};
use crate::engine::authorize::subject::Anything;
use crate::engine::authorize::{Principal, action, authorize};
use crate::engine::data_dir::DataDir;
use crate::engine::error::{Error, Result};
use crate::engine::organization::rows::{access_keys, sessions};
use crate::engine::resources::rows::secrets;
use crate::engine::{Caller, ClockKind, Engine, EngineOptions, NewKey, NewVault, RestoreRoots};
use parking_lot::Mutex;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

const FIRST: &str = "correct horse battery staple";
const SECOND: &str = "the second passphrase of this test";
const KMS_KEY: &str = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-0000-0000-000000000001";
const OTHER_KMS_KEY: &str = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-0000-0000-000000000002";
const MEMBER: &str = "210987654321";

/// Whoever starts the engine of a test.
#[derive(Default)]
struct Person {
    wanted: Option<Kind>,
    knows: Mutex<Option<&'static str>>,
    new: Option<&'static str>,
    kms: Arc<KmsInMemory>,
}

impl Person {
    fn who_knows(passphrase: Option<&'static str>) -> Self {
        Self { knows: Mutex::new(passphrase), ..Self::default() }
    }
}

impl Keeper for Person {
    fn wanted(&self) -> Option<Kind> {
        self.wanted.clone()
    }

    fn passphrase(&self, asked: Asked) -> Result<Option<Passphrase>> {
        let mut knows = self.knows.lock();
        if asked == Asked::New && self.new.is_some() {
            *knows = self.new;
        }
        knows.map(|text| Passphrase::new(Zeroizing::new(text.to_owned()))).transpose()
    }

    fn kms(&self) -> &dyn kms::Kms {
        self.kms.as_ref()
    }

    fn cost(&self) -> Cost {
        Cost::of_tests()
    }
}

/// A data directory, and what its engine knew when it was made.
struct House {
    folder: tempfile::TempDir,
    known: Known,
}

/// The secrets of a house, in the clear.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Known {
    /// By ARN.
    vaults: BTreeMap<String, Vec<u8>>,
    access_key: (String, String),
    /// Key, token, secret.
    session: (String, String, String),
    resource: (String, String),
}

fn options(data_dir: &Path) -> EngineOptions {
    EngineOptions {
        data_dir: data_dir.to_owned(),
        clock: ClockKind::Simulated,
        scheduler: false,
        simulated_rate: None,
        cold: BTreeMap::new(),
    }
}

fn close(engine: Arc<Engine>) {
    assert!(engine.shutdown(Duration::from_secs(10)));
    let begun = Instant::now();
    while Arc::strong_count(&engine) > 1 {
        assert!(begun.elapsed() < Duration::from_secs(30), "somebody holds the engine");
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn caller() -> Caller {
    let scope = Engine::first_scope().unwrap();
    Caller {
        user_arn: format!("arn:aws:iam::{}:user/test", scope.account).parse().unwrap(),
        account: scope.account,
        region: scope.region,
        user_id: None,
        restore_roots: RestoreRoots::Any,
    }
}

impl House {
    /// A house with a secret of each kind, under the root that `person` wants.
    fn of(person: &Person) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let engine = Engine::open_under(options(&folder.path().join("data")), person).unwrap();
        let key = engine.create_key(&caller(), NewKey::default()).unwrap();
        let request = NewVault { encryption_key_arn: Some(key.arn.to_string()), ..NewVault::default() };
        let name: VaultName = "sealed".parse().unwrap();
        engine.create_vault(&caller(), &name, request).unwrap();
        let member = AddAccount { account_id: Some(MEMBER.to_owned()), name: "member".to_owned(), email: None };
        engine.add_account(member).unwrap();
        let credentials = engine.credentials(crate::domain::extension::CredentialsRequest::default()).unwrap();
        let role = format!("arn:aws:iam::{MEMBER}:role/OrganizationAccountAccessRole").parse().unwrap();
        let session = engine.assume_role(&caller(), &role, "test", None).unwrap();
        let source = folder.path().join("source");
        fs::create_dir(&source).unwrap();
        let request = AddResource {
            resource_type: "EFS".to_owned(),
            name: "projects".to_owned(),
            location: crate::domain::types::Location::at_path(source.to_str().unwrap()),
            secret: None,
            tags: Tags::new(),
            account_id: None,
            region: None,
        };
        let resource: Arn = engine.add_resource(request).unwrap().resource_arn.parse().unwrap();
        let password = "the password of the resource";
        let sealed = engine.keys.wrap(Purpose::Resource(&resource), password.as_bytes()).unwrap();
        let put = engine.catalog.write(|tx| {
            let permit = authorize(tx, Principal::Owner, action::AddResource, &Anything(resource.as_str()))?;
            secrets::put(tx, &permit, Some(&sealed))
        });
        put.unwrap();
        let asked = Known {
            access_key: (credentials.access_key_id, String::new()),
            session: (session.access_key_id, session.session_token.to_string(), String::new()),
            resource: (resource.to_string(), String::new()),
            ..Known::default()
        };
        let known = known(&engine, &asked).unwrap();
        assert_eq!(known.access_key.1, credentials.secret_access_key);
        assert_eq!(known.session.2, *session.secret_access_key);
        assert_eq!(known.resource.1, password);
        assert_eq!(known.vaults.len(), 3, "{:?}", known.vaults.keys());
        close(engine);
        Self { folder, known }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn lock(&self) -> DataDir {
        DataDir::open_to_write(&self.data()).unwrap()
    }

    fn begin(&self, person: &Person, to: &Kind) -> Result<()> {
        begin(&self.lock(), person, to)
    }

    /// The whole move.
    fn move_to(&self, person: &Person, to: &Kind) {
        self.begin(person, to).unwrap();
        close(self.open(person).unwrap());
        assert_eq!(self.told().moving_from, None, "it came to its end");
    }

    fn open(&self, person: &dyn Keeper) -> Result<Arc<Engine>> {
        Engine::open_under(options(&self.data()), person)
    }

    fn told(&self) -> RootTold {
        moving::told(&self.data()).unwrap()
    }

    /// What an engine that this person opens knows.
    fn known_to(&self, person: &dyn Keeper) -> Result<Known> {
        let engine = self.open(person)?;
        let found = known(&engine, &self.known);
        close(engine);
        found
    }

    fn assert_opens(&self, person: &dyn Keeper) {
        assert_eq!(self.known_to(person).unwrap(), self.known);
    }

    /// Every secret as it lies there, by what it is.
    fn wrapped(&self) -> Vec<(String, Vec<u8>)> {
        let mut found = Vec::new();
        for path in files_in(&self.data()) {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let told = path.display().to_string();
            if name == "key.json" && !told.contains("/trash/") {
                let json: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
                if json["KmsKeyArn"].is_null() {
                    use base64::Engine as _;
                    let text = json["WrappedKey"].as_str().unwrap();
                    found.push((told, base64::engine::general_purpose::STANDARD.decode(text).unwrap()));
                }
            } else if told.contains("keys/kms/") && name.ends_with(".key") {
                found.push((told, fs::read(&path).unwrap()));
            }
        }
        let catalog = crate::engine::catalog::Catalog::open(&self.data().join("catalog.sqlite")).unwrap();
        let rows = catalog.read(|connection| {
            let mut rows = access_keys::sealed(connection)?;
            rows.extend(sessions::sealed(connection)?);
            rows.extend(secrets::sealed(connection)?.into_iter().map(|(arn, sealed)| (arn.to_string(), sealed)));
            Ok(rows)
        });
        found.extend(rows.unwrap());
        // Two vaults and their copies, a KMS key, an access key, a session and a resource.
        assert_eq!(found.len(), 8, "{found:?}");
        found
    }

    /// Fails unless this root wraps everything.
    fn assert_wrapped_by(&self, name: &str) {
        for (what, wrapped) in self.wrapped() {
            let by = super::taken_apart(&wrapped).0;
            assert_eq!(String::from_utf8_lossy(by), name, "{what}");
            assert_eq!(wrapped.starts_with(NAMED), name != file::NAME, "{what}");
        }
    }

    /// The files below the data directory that hold one of these, however it is written.
    fn telling(&self, secrets: &[&[u8]]) -> Vec<PathBuf> {
        use base64::Engine as _;
        // Each byte as a character of its own: the search in texts is a fast one also where tests are not optimized.
        let text = |bytes: &[u8]| bytes.iter().map(|byte| char::from(*byte)).collect::<String>();
        let encode = |secret: &[u8]| base64::engine::general_purpose::STANDARD.encode(secret);
        let forms: Vec<String> =
            secrets.iter().flat_map(|secret| [text(secret), hex::encode(secret), encode(secret)]).collect();
        let tells = |path: &PathBuf| {
            let content = text(&fs::read(path).unwrap());
            forms.iter().any(|form| content.contains(form))
        };
        files_in(&self.data()).into_iter().filter(tells).collect()
    }

    fn bytes(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        files_in(&self.data().join("keys")).into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
    }
}

fn files_in(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files_in(&path)) } else { found.push(path) }
    }
    found
}

/// All that an engine opens.
fn known(engine: &Engine, asked: &Known) -> Result<Known> {
    let mut found = asked.clone();
    for (scope, name) in crate::engine::rescan::vaults_on_disk(engine.vault_store.places())? {
        let arn = Arn::vault(&scope, &name);
        let key = engine.vault_store.data_key_of(&arn)?.1;
        found.vaults.insert(arn.to_string(), key.master.to_bytes().to_vec());
    }
    found.access_key.1 = engine.authenticate(&asked.access_key.0, None)?.secret.to_string();
    let (id, token, _) = &asked.session;
    found.session.2 = engine.authenticate(id, Some(token))?.secret.to_string();
    let resource: Arn = asked.resource.0.parse().unwrap();
    let registered = engine.catalog.read(|connection| engine.registered(connection, &resource))?.unwrap();
    found.resource.1 = registered.secret.map(|secret: Secret| secret.reveal().to_owned()).unwrap_or_default();
    Ok(found)
}

fn kms(key: &str) -> Kind {
    Kind::Kms(key.parse().unwrap())
}

#[test]
fn every_root_moves_to_every_other_and_wraps_all() {
    let person = Person { new: Some(FIRST), ..Person::default() };
    let house = House::of(&person);
    house.assert_wrapped_by("file");
    let second =
        |person: &Person| Person { new: Some(SECOND), kms: Arc::clone(&person.kms), ..Person::who_knows(Some(FIRST)) };
    let back =
        |person: &Person| Person { new: Some(FIRST), kms: Arc::clone(&person.kms), ..Person::who_knows(Some(SECOND)) };
    let steps = [
        (Kind::Passphrase, &person),
        (Kind::Passphrase, &second(&person)),
        (kms(KMS_KEY), &back(&person)),
        (kms(OTHER_KMS_KEY), &person),
        (Kind::File, &person),
        (kms(KMS_KEY), &person),
        (Kind::Passphrase, &person),
        (Kind::File, &person),
    ];
    for (to, person) in steps {
        house.move_to(person, &to);
        let told = house.told();
        house.assert_wrapped_by(&told.name);
        house.assert_opens(person);
        assert_eq!(house.data().join("keys/local.key").exists(), to == Kind::File, "{to}");
        assert!(!house.data().join("keys/root-move.json").exists());
    }
    house.assert_opens(&Unattended);
}

#[test]
fn who_has_the_disk_but_not_what_opens_the_root_opens_nothing() {
    for to in [Kind::Passphrase, kms(KMS_KEY)] {
        let person = Person { new: Some(FIRST), ..Person::default() };
        let house = House::of(&person);
        let old = fs::read(house.data().join("keys/local.key")).unwrap();
        let old_bytes = hex::decode(old.trim_ascii()).unwrap();
        house.move_to(&person, &to);

        // Nothing on the disk is key material in the clear: neither the old root, nor the new one, nor what they wrap.
        let new = opening::open(&house.lock(), &person, false).unwrap().held[0].secret.clone();
        let mut secrets: Vec<&[u8]> = vec![&old_bytes, new.reveal_to_tests(), FIRST.as_bytes()];
        secrets.extend(house.known.vaults.values().map(Vec::as_slice));
        secrets
            .extend([&house.known.access_key.1, &house.known.session.2, &house.known.resource.1].map(String::as_bytes));
        assert_eq!(house.telling(&secrets), Vec::<PathBuf>::new(), "{to}");
        fs::write(house.data().join("told"), hex::encode(house.known.vaults.values().next().unwrap())).unwrap();
        assert_eq!(house.telling(&secrets), [house.data().join("told")], "the search finds what there is");
        fs::remove_file(house.data().join("told")).unwrap();

        let away = Person { knows: Mutex::new(Some(SECOND)), ..Person::default() };
        away.kms.away.store(true, Ordering::SeqCst);
        for stranger in [&Unattended as &dyn Keeper, &away] {
            let refused = house.known_to(stranger).unwrap_err();
            assert!(matches!(refused, Error::RootClosed { .. }), "{to}: {refused}");
        }
        // With a copy of the old key, and the disk as it is now: the record away, the key put back.
        fs::write(house.data().join("keys/local.key"), &old).unwrap();
        fs::remove_file(house.data().join("keys/root.json")).unwrap();
        let ring = super::KeyRing::open(&house.lock(), &Unattended, false).unwrap();
        for (what, wrapped) in house.wrapped() {
            let vault: Arn = house.known.vaults.keys().next().unwrap().parse().unwrap();
            let refused = ring.unwrap(Purpose::VaultKey(&vault), &wrapped, |place| Error::Internal(place.to_owned()));
            assert!(refused.unwrap_err().to_string().contains("is not set up"), "{what}");
            let inner = super::taken_apart(&wrapped).1;
            for context in house.contexts() {
                let opened = super::sealing::unseal(&old_bytes, &context, inner).unwrap();
                assert!(opened.is_none(), "the old key opens {what}");
            }
        }
    }
}

impl House {
    /// What the secrets of this house are bound to.
    fn contexts(&self) -> Vec<String> {
        let vaults: Vec<Arn> = self.known.vaults.keys().map(|arn| arn.parse().unwrap()).collect();
        let resource: Arn = self.known.resource.0.parse().unwrap();
        let keys = files_in(&self.data().join("keys/kms")).into_iter().filter_map(|path| {
            let id = path.file_stem()?.to_str()?.to_owned();
            format!("arn:aws:kms:us-east-1:123456789012:key/{id}").parse().ok()
        });
        let keys: Vec<Arn> = keys.collect();
        let mut contexts: Vec<String> = vaults.iter().map(|arn| Purpose::VaultKey(arn).to_string()).collect();
        contexts.extend(keys.iter().map(|arn| Purpose::KmsKey(arn).to_string()));
        contexts.push(Purpose::Resource(&resource).to_string());
        contexts.push(Purpose::AccessKey(&self.known.access_key.0).to_string());
        contexts.push(Purpose::AccessKey(&self.known.session.0).to_string());
        contexts
    }
}

#[test]
fn a_move_that_was_only_begun_opens_with_either_root_and_ends_with_the_new_one() {
    for to in [Kind::Passphrase, kms(KMS_KEY)] {
        let person = Person { new: Some(FIRST), ..Person::default() };
        let house = House::of(&person);
        house.begin(&person, &to).unwrap();
        assert_eq!(house.told().moving_from.as_deref(), Some("keys/local.key"));
        for _ in 0..2 {
            // The old root alone, and what is made meanwhile is wrapped by the new one.
            let away = Person::default();
            away.kms.away.store(true, Ordering::SeqCst);
            house.assert_opens(&away);
            let engine = house.open(&away).unwrap();
            let wrapped = engine.keys.wrap(Purpose::AccessKey("a"), b"new").unwrap();
            assert_eq!(super::taken_apart(&wrapped).0, house.told().name.as_bytes());
            let problems = engine.health().problems;
            assert!(problems.iter().any(|problem| problem.code == "KeyRootMoves"), "{problems:?}");
            close(engine);
            assert!(house.told().moving_from.is_some(), "it waits for the new root");
        }
        house.assert_opens(&person);
        assert_eq!(house.told().moving_from, None);
        house.assert_wrapped_by(&house.told().name);
        assert!(!house.data().join("keys/local.key").exists());
        assert!(matches!(house.known_to(&Unattended).unwrap_err(), Error::RootClosed { .. }));
    }
}

#[test]
fn a_move_that_was_only_noted_leaves_the_old_root_and_what_it_noted_goes() {
    let person = Person { new: Some(FIRST), ..Person::default() };
    let house = House::of(&person);
    house.begin(&person, &Kind::Passphrase).unwrap();
    // As a crash between the two files leaves it.
    fs::remove_file(house.data().join("keys/root.json")).unwrap();
    assert_eq!(house.told().kind, "file");
    house.assert_opens(&Unattended);
    assert!(!house.data().join("keys/root-move.json").exists());
    assert!(house.data().join("keys/local.key").exists());
    house.assert_wrapped_by("file");
}

#[test]
fn half_of_all_wrapped_anew_opens_with_either_root() {
    let person = Person { new: Some(FIRST), ..Person::default() };
    let house = House::of(&person);
    house.begin(&person, &Kind::Passphrase).unwrap();
    let engine = house.open(&Person::default()).unwrap();
    engine.keys.rewrap_customer_keys().unwrap();
    close(engine);
    let names: std::collections::BTreeSet<_> =
        house.wrapped().iter().map(|(_, wrapped)| super::taken_apart(wrapped).0.to_vec()).collect();
    assert_eq!(names.len(), 2, "some by the old, some by the new");
    house.assert_opens(&Unattended);
    house.assert_opens(&person);
    house.assert_wrapped_by(&house.told().name);
}

#[test]
fn whoever_forgets_the_new_passphrase_before_the_move_has_ended_goes_back_or_on_to_another() {
    let forgotten = Person { new: Some(FIRST), ..Person::default() };
    for to in [Kind::File, Kind::Passphrase, kms(KMS_KEY)] {
        let house = House::of(&Person::default());
        house.begin(&forgotten, &Kind::Passphrase).unwrap();
        // What is new is wrapped by the root that nobody can open any more.
        close(house.open(&Unattended).unwrap());
        let person = Person { new: Some(SECOND), ..Person::default() };
        let engine = house.open(&Unattended).unwrap();
        engine.keys.rewrap_customer_keys().unwrap();
        close(engine);
        house.begin(&person, &to).unwrap();
        house.assert_opens(&Unattended);
        house.assert_opens(&person);
        house.assert_wrapped_by(&house.told().name);
        assert_eq!(house.told().moving_from, None, "{to}");
        house.assert_opens(&person);
    }
}

#[test]
fn a_wrong_passphrase_is_told_and_changes_nothing() {
    let person = Person { new: Some(FIRST), ..Person::default() };
    let house = House::of(&person);
    house.move_to(&person, &Kind::Passphrase);
    let before = house.bytes();
    let wrong = Person { new: Some(FIRST), ..Person::who_knows(Some(SECOND)) };
    for refused in [house.known_to(&wrong).unwrap_err(), house.begin(&wrong, &Kind::File).unwrap_err()] {
        let text = refused.to_string();
        assert!(text.contains("the passphrase does not open") && !refused.is_temporary(), "{text}");
        assert_told_nowhere(&format!("{text} {refused:?}"), Some(SECOND.as_bytes()));
    }
    let unknown = house.known_to(&Unattended).unwrap_err().to_string();
    assert!(unknown.contains("none was given") && unknown.contains("--passphrase-file"), "{unknown}");
    assert_eq!(house.bytes(), before);
    house.assert_opens(&person);
}

#[test]
fn a_new_passphrase_that_is_too_short_and_a_kms_that_is_away_begin_no_move() {
    let house = House::of(&Person::default());
    let before = house.bytes();
    let hasty = Person { new: Some("short"), ..Person::default() };
    assert!(house.begin(&hasty, &Kind::Passphrase).unwrap_err().to_string().contains("at least 12 characters"));
    assert!(house.begin(&Person::default(), &Kind::Passphrase).unwrap_err().to_string().contains("none was given"));
    hasty.kms.away.store(true, Ordering::SeqCst);
    let refused = house.begin(&hasty, &kms(KMS_KEY)).unwrap_err();
    assert!(refused.is_temporary() && refused.to_string().contains("does not answer"), "{refused}");
    let again = house.begin(&hasty, &Kind::File).unwrap_err().to_string();
    assert!(again.contains("is keys/local.key already"), "{again}");
    assert_eq!(house.bytes(), before);
}

#[test]
fn kms_is_asked_at_the_start_alone() {
    let person = Person { wanted: Some(kms(KMS_KEY)), ..Person::default() };
    let house = House::of(&person);
    let engine = house.open(&person).unwrap();
    person.kms.away.store(true, Ordering::SeqCst);
    assert_eq!(known(&engine, &house.known).unwrap(), house.known, "a running engine needs it no more");
    close(engine);
    let refused = house.known_to(&person).unwrap_err();
    assert!(refused.is_temporary() && refused.to_string().contains("try again when it can be reached"), "{refused}");
    person.kms.away.store(false, Ordering::SeqCst);
    house.assert_opens(&person);
}

#[test]
fn a_new_data_directory_gets_the_root_that_is_wanted_and_no_key_file() {
    for wanted in [Kind::Passphrase, kms(KMS_KEY)] {
        let person = Person { wanted: Some(wanted.clone()), ..Person::who_knows(Some(FIRST)) };
        let house = House::of(&person);
        assert!(!house.data().join("keys/local.key").exists());
        house.assert_wrapped_by(&house.told().name);
        house.assert_opens(&person);
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(house.data().join("keys/root.json")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let nobody = Person { wanted: Some(Kind::Passphrase), ..Person::default() };
    let folder = tempfile::tempdir().unwrap();
    let refused = Engine::open_under(options(folder.path()), &nobody).err().unwrap().to_string();
    assert!(refused.contains("a new passphrase is needed"), "{refused}");
    assert!(files_in(&folder.path().join("keys")).is_empty(), "nothing is made instead");
}

#[test]
fn another_root_than_the_one_that_is_wanted_is_refused_with_both_ways_out() {
    let house = House::of(&Person::default());
    let wants = |wanted: Kind| Person { wanted: Some(wanted), ..Person::who_knows(Some(FIRST)) };
    for wanted in [Kind::Passphrase, kms(KMS_KEY)] {
        let refused = house.known_to(&wants(wanted)).unwrap_err().to_string();
        assert!(refused.contains("keys/local.key") && refused.contains("vaultdeck key root move"), "{refused}");
    }
    house.assert_opens(&wants(Kind::File));
    let person = Person::default();
    house.move_to(&person, &kms(KMS_KEY));
    let alias = kms("arn:aws:kms:eu-central-1:123456789012:alias/backup");
    let with = |wanted: Kind| Person { wanted: Some(wanted), kms: Arc::clone(&person.kms), ..Person::default() };
    house.assert_opens(&with(kms(KMS_KEY)));
    house.assert_opens(&with(alias));
    for wanted in [Kind::File, kms(OTHER_KMS_KEY)] {
        assert!(matches!(house.known_to(&with(wanted)).unwrap_err(), Error::RootClosed { .. }));
    }
}

#[test]
fn what_an_older_copy_of_a_vaults_folder_and_of_the_catalog_hold_still_opens() {
    let person = Person { new: Some(FIRST), ..Person::default() };
    let house = House::of(&person);
    let key = house.data().join("vaults/123456789012/us-east-1/Default/vaultdeck/key.json");
    let (old_key, old_catalog) = (fs::read(&key).unwrap(), fs::read(house.data().join("catalog.sqlite")).unwrap());
    house.move_to(&person, &Kind::Passphrase);
    house.move_to(&person, &kms(KMS_KEY));
    fs::write(&key, old_key).unwrap();
    for more in ["catalog.sqlite-wal", "catalog.sqlite-shm"] {
        let _ = fs::remove_file(house.data().join(more));
    }
    fs::write(house.data().join("catalog.sqlite"), old_catalog).unwrap();
    house.assert_opens(&person);
}

#[test]
fn a_damaged_record_is_told_of_and_kept() {
    let person = Person { new: Some(FIRST), ..Person::default() };
    let house = House::of(&person);
    house.move_to(&person, &Kind::Passphrase);
    let record = house.data().join("keys/root.json");
    let whole = fs::read_to_string(&record).unwrap();
    for damage in [whole[..whole.len() / 2].to_owned(), whole.replace("passphrase\"", "pastphrase\""), String::new()] {
        fs::write(&record, &damage).unwrap();
        let refused = house.known_to(&person).unwrap_err();
        assert!(matches!(refused, Error::Damaged { .. }), "{refused}");
        assert_eq!(fs::read_to_string(&record).unwrap(), damage);
    }
    fs::write(&record, whole.replacen("\"Version\": 1", "\"Version\": 2", 1)).unwrap();
    assert!(matches!(house.known_to(&person).unwrap_err(), Error::Newer { .. }));
    fs::remove_file(&record).unwrap();
    let lost = house.known_to(&person).unwrap_err().to_string();
    assert!(lost.contains("keys/root.json"), "{lost}");
    fs::write(&record, whole).unwrap();
    house.assert_opens(&person);
}

#[test]
fn a_vault_whose_key_is_damaged_keeps_no_other_from_moving() {
    let person = Person { new: Some(FIRST), ..Person::default() };
    let house = House::of(&person);
    let member = house.data().join(format!("vaults/{MEMBER}/us-east-1/Default/vaultdeck"));
    let (key, copy) = (fs::read(member.join("key.json")).unwrap(), fs::read(member.join("copies/key.json")).unwrap());
    fs::write(member.join("key.json"), "{}").unwrap();
    fs::write(member.join("copies/key.json"), "{}").unwrap();
    house.begin(&person, &Kind::Passphrase).unwrap();
    close(house.open(&person).unwrap());
    assert_eq!(house.told().moving_from, None);
    // Put back as it was before the move: the new root keeps the secret of the one before.
    fs::write(member.join("key.json"), key).unwrap();
    fs::write(member.join("copies/key.json"), copy).unwrap();
    house.assert_opens(&person);
}
