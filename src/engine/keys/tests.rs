use super::root::Unattended;
use super::root::conformance::MemoryRoot;
use super::*;
use crate::engine::vaults::data_key::read_key;

const VAULT: &str = "arn:aws:backup:us-east-1:123456789012:backup-vault:Default";
const ACCESS_KEY: &str = "AKIAVAULTDECKEXAMPLE";

/// What the versions wrote that knew no ring, with the key file `000102…1f`: a vault's `key.json`, the secret of an access
/// key as it is in the catalog, and what a vault's key sealed.
const KEY_JSON: &str = r#"{"Version":1,"VaultArn":"arn:aws:backup:us-east-1:123456789012:backup-vault:Default","WrappedKey":"QIG1t3xQEoPEr3vQrltIpS61Ozg4qKbXgD0ARb4NqEpHUo63SvqealLWN+jns59dg08QMK9cKyoQknhLNZ86aKlk7GeWSdc6Rp+SZ9dBLDRsYoJYV3wptno9jTmx3p38"}"#;
const VAULT_KEY: &str = "4081b5b77c501283c4af7bd0ae5b48a52eb53b3838a8a6d7803d0045be0da84a47528eb74afa9e6a52d637e8e7b39f5d834f1030\
    af5c2b2a1092784b359f3a68a964ec679649d73a469f9267d7412c346c628258577c29b67a3d8d39b1de9dfc";
const ACCESS_SECRET: &str = "d908b173228b3f9a4ddb8785324baf0d5bb583928ecc4d8191e19bb30527ef85b6b47e160a9377bb172391fb4ccbc1be60057b3c\
    bdecb8d164603f752ed40be3fa4fb025528bc953";
const SEALED: &str = "94e2845ea52fbc3ad2ba901e9e2c0beab909f9c20176790e2143279f53861e9c7c5c338e538630ffc2c862b5badd2ecb6728f55c\
    386609c7";

/// A data directory with the key file of the fixed bytes.
struct Old {
    _folder: tempfile::TempDir,
    data_dir: DataDir,
}

impl Old {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data_dir = DataDir::open(&folder.path().join("data")).unwrap();
        let secret: Vec<u8> = (0..32).collect();
        std::fs::write(data_dir.local_key(), hex::encode(secret) + "\n").unwrap();
        Self { _folder: folder, data_dir }
    }

    fn ring(&self) -> KeyRing {
        KeyRing::open(&self.data_dir, &Unattended, false).unwrap()
    }

    fn ring_of(&self, roots: Vec<Box<dyn Root>>) -> Result<KeyRing> {
        KeyRing::of(roots, CustomerKeys::open(&self.data_dir)?)
    }

    fn file_root(&self) -> Box<dyn Root> {
        Box::new(opening::open(&self.data_dir, &Unattended, false).unwrap().held.remove(0))
    }
}

fn vault() -> Arn {
    VAULT.parse().unwrap()
}

fn vault_key() -> Vec<u8> {
    (64..128).collect()
}

fn refused(place: &str) -> Error {
    Error::Internal(format!("{place} does not open it"))
}

fn unwrap(ring: &KeyRing, purpose: Purpose<'_>, wrapped: &[u8]) -> std::result::Result<Vec<u8>, String> {
    ring.unwrap(purpose, wrapped, refused).map(|secret| secret.to_vec()).map_err(|error| error.to_string())
}

#[test]
fn what_was_wrapped_before_there_was_a_ring_still_opens() {
    let old = Old::new();
    let ring = old.ring();
    let (vault, wrapped) = (vault(), hex::decode(VAULT_KEY).unwrap());
    assert_eq!(unwrap(&ring, Purpose::VaultKey(&vault), &wrapped).unwrap(), vault_key());
    let wrapped = hex::decode(ACCESS_SECRET).unwrap();
    let secret = unwrap(&ring, Purpose::AccessKey(ACCESS_KEY), &wrapped).unwrap();
    assert_eq!(secret, b"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
    let sealed = hex::decode(SEALED).unwrap();
    let plain = sealing::unseal(&vault_key(), "a context", &sealed).unwrap().unwrap();
    assert_eq!(plain.as_slice(), b"what a vault's key seals");
}

#[test]
fn the_key_of_an_old_vaults_folder_is_read() {
    let old = Old::new();
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("vaultdeck")).unwrap();
    std::fs::write(folder.path().join("vaultdeck/key.json"), KEY_JSON).unwrap();
    let files = crate::repository::LocalStorage::new(folder.path());
    let key = read_key(&files, &old.ring(), &vault()).unwrap();
    assert_eq!(key.value.master.to_bytes().as_slice(), vault_key());
    assert_eq!(key.value.under, None);
}

#[test]
fn the_key_file_alone_writes_what_earlier_versions_read() {
    let old = Old::new();
    let wrapped = old.ring().wrap(Purpose::AccessKey(ACCESS_KEY), b"secret").unwrap();
    let context = "vaultdeck access key AKIAVAULTDECKEXAMPLE";
    let secret: Vec<u8> = (0..32).collect();
    assert_eq!(sealing::unseal(&secret, context, &wrapped).unwrap().unwrap().as_slice(), b"secret");
}

#[test]
fn a_root_put_in_front_wraps_and_what_the_key_file_wrapped_still_opens() {
    let old = Old::new();
    let memory: Box<dyn Root> = Box::new(MemoryRoot::new("memory", [7; 32]));
    let ring = old.ring_of(vec![memory, old.file_root()]).unwrap();
    let vault = vault();
    let purpose = Purpose::VaultKey(&vault);
    assert_eq!(unwrap(&ring, purpose, &hex::decode(VAULT_KEY).unwrap()).unwrap(), vault_key());
    let wrapped = ring.wrap(purpose, b"secret").unwrap();
    assert_eq!(unwrap(&ring, purpose, &wrapped).unwrap(), b"secret");

    // The order changes, and all still opens.
    let memory: Box<dyn Root> = Box::new(MemoryRoot::new("memory", [7; 32]));
    let turned = old.ring_of(vec![old.file_root(), memory]).unwrap();
    assert_eq!(unwrap(&turned, purpose, &wrapped).unwrap(), b"secret");
}

#[test]
fn what_does_not_open_is_refused_with_the_root_that_wrapped_it() {
    let old = Old::new();
    let memory = |secret| -> Box<dyn Root> { Box::new(MemoryRoot::new("memory", secret)) };
    let ring = old.ring_of(vec![memory([7; 32]), old.file_root()]).unwrap();
    let wrapped = ring.wrap(Purpose::AccessKey("a"), b"secret").unwrap();
    let told = |ring: &KeyRing, id: &str, wrapped: &[u8]| unwrap(ring, Purpose::AccessKey(id), wrapped).unwrap_err();

    assert!(told(&ring, "b", &wrapped).contains("the memory of memory does not open it"));
    let another = old.ring_of(vec![memory([8; 32])]).unwrap();
    assert!(told(&another, "a", &wrapped).contains("the memory of memory does not open it"));
    assert!(told(&old.ring(), "a", &wrapped).contains("key root \"memory\", which is not set up, does not open it"));
    assert!(told(&old.ring(), "a", b"").contains("keys/local.key does not open it"));
    for at in 0..wrapped.len() {
        let mut changed = wrapped.clone();
        changed[at] ^= 1;
        told(&ring, "a", &changed);
        told(&ring, "a", &wrapped[..at]);
    }
    assert!(old.ring_of(Vec::new()).is_err());
}

#[test]
fn a_ring_shows_no_secret() {
    let old = Old::new();
    let own: Vec<u8> = (0..32).collect();
    root::conformance::assert_told_nowhere(&format!("{:?} {:#?}", old.ring(), old.ring()), Some(&own));
}
