//! A data directory with a secret of each kind, and persons who open it.

use crate::domain::extension::{AddAccount, AddResource};
use crate::domain::{Arn, Secret, Tags, VaultName};
use crate::engine::authorize::subject::Anything;
use crate::engine::authorize::{Principal, action, authorize};
use crate::engine::data_dir::DataDir;
use crate::engine::error::Result;
use crate::engine::keys::moving::{self, RootTold, begin};
use crate::engine::keys::root::conformance::KmsInMemory;
use crate::engine::keys::root::{Asked, Cost, Keeper, Kind, Passphrase, file, kms};
use crate::engine::keys::{NAMED, Purpose, taken_apart};
use crate::engine::organization::rows::{access_keys, sessions};
use crate::engine::resources::rows::secrets;
use crate::engine::{Caller, ClockKind, Engine, EngineOptions, NewKey, NewVault, RestoreRoots};
use parking_lot::Mutex;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

pub(super) const FIRST: &str = "correct horse battery staple";
pub(super) const SECOND: &str = "the second passphrase of this test";
pub(super) const KMS_KEY: &str = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-0000-0000-000000000001";
pub(super) const OTHER_KMS_KEY: &str = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-0000-0000-000000000002";
pub(super) const MEMBER: &str = "210987654321";

/// Whoever starts the engine of a test.
#[derive(Default)]
pub(super) struct Person {
    pub(super) wanted: Option<Kind>,
    pub(super) knows: Mutex<Option<&'static str>>,
    pub(super) new: Option<&'static str>,
    pub(super) kms: Arc<KmsInMemory>,
}

impl Person {
    pub(super) fn who_knows(passphrase: Option<&'static str>) -> Self {
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
pub(super) struct House {
    pub(super) folder: tempfile::TempDir,
    pub(super) known: Known,
}

/// The secrets of a house, in the clear.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Known {
    /// By ARN.
    pub(super) vaults: BTreeMap<String, Vec<u8>>,
    pub(super) access_key: (String, String),
    /// Key, token, secret.
    pub(super) session: (String, String, String),
    pub(super) resource: (String, String),
}

pub(super) fn options(data_dir: &Path) -> EngineOptions {
    EngineOptions {
        data_dir: data_dir.to_owned(),
        clock: ClockKind::Simulated,
        scheduler: false,
        simulated_rate: None,
        cold: BTreeMap::new(),
    }
}

pub(super) fn close(engine: Arc<Engine>) {
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
    pub(super) fn of(person: &Person) -> Self {
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

    pub(super) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub(super) fn lock(&self) -> DataDir {
        DataDir::open_to_write(&self.data()).unwrap()
    }

    pub(super) fn begin(&self, person: &Person, to: &Kind) -> Result<()> {
        begin(&self.lock(), person, to)
    }

    /// The whole move.
    pub(super) fn move_to(&self, person: &Person, to: &Kind) {
        self.begin(person, to).unwrap();
        close(self.open(person).unwrap());
        assert_eq!(self.told().moving_from, None, "it came to its end");
    }

    pub(super) fn open(&self, person: &dyn Keeper) -> Result<Arc<Engine>> {
        Engine::open_under(options(&self.data()), person)
    }

    pub(super) fn told(&self) -> RootTold {
        moving::told(&self.data()).unwrap()
    }

    /// What an engine that this person opens knows.
    pub(super) fn known_to(&self, person: &dyn Keeper) -> Result<Known> {
        let engine = self.open(person)?;
        let found = known(&engine, &self.known);
        close(engine);
        found
    }

    pub(super) fn assert_opens(&self, person: &dyn Keeper) {
        assert_eq!(self.known_to(person).unwrap(), self.known);
    }

    /// Every secret as it lies there, by what it is.
    pub(super) fn wrapped(&self) -> Vec<(String, Vec<u8>)> {
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
            } else if told.contains("keys/kms/") && name.strip_suffix(".key").is_some() {
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
    pub(super) fn assert_wrapped_by(&self, name: &str) {
        for (what, wrapped) in self.wrapped() {
            let by = taken_apart(&wrapped).0;
            assert_eq!(String::from_utf8_lossy(by), name, "{what}");
            assert_eq!(wrapped.starts_with(NAMED), name != file::NAME, "{what}");
        }
    }

    /// The files below the data directory that hold one of these, however it is written.
    pub(super) fn telling(&self, secrets: &[&[u8]]) -> Vec<PathBuf> {
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

    pub(super) fn bytes(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        files_in(&self.data().join("keys")).into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
    }
}

pub(super) fn files_in(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files_in(&path)) } else { found.push(path) }
    }
    found
}

/// All that an engine opens.
pub(super) fn known(engine: &Engine, asked: &Known) -> Result<Known> {
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

impl House {
    /// What the secrets of this house are bound to.
    pub(super) fn contexts(&self) -> Vec<String> {
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
