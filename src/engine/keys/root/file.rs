//! The root that every data directory has: a secret in a file of its own, `keys/local.key`.

use super::{Description, Root};
use crate::engine::data_dir::{DataDir, write_private_file};
use crate::engine::error::{Error, Result};
use crate::engine::keys::sealing::{random, seal, unseal};
use std::fmt;
use std::path::Path;
use zeroize::Zeroizing;

const SECRET: usize = 32;

/// Its name. It stands before nothing that it wrapped, since it wrapped before roots had names.
pub(crate) const NAME: &str = "file";

/// Opens the key file of a data directory.
pub(in crate::engine::keys) fn open(data_dir: &DataDir, fresh: bool) -> Result<Option<Box<dyn Root>>> {
    Ok(Some(Box::new(LocalKey::open_or_create(&data_dir.local_key(), fresh)?)))
}

/// The secret of the key file.
struct LocalKey(Zeroizing<[u8; SECRET]>);

impl LocalKey {
    /// Reads the key file. In a fresh data directory a key is drawn and written (0600); in any other a key that is
    /// missing is never replaced, since the vaults would stay closed for ever.
    fn open_or_create(path: &Path, fresh: bool) -> Result<Self> {
        match std::fs::read(path) {
            Ok(content) => Self::parse(&Zeroizing::new(content), path),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound && !fresh => {
                Err(damaged(&format!("the key file {} is missing", path.display())))
            }
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                let mut secret = Zeroizing::new([0; SECRET]);
                random(secret.as_mut_slice())?;
                let text = Zeroizing::new(hex::encode(*secret) + "\n");
                write_private_file(path, text.as_bytes())?;
                Ok(Self(secret))
            }
            Err(e) => Err(Error::io(format!("read {}", path.display()), e)),
        }
    }

    fn parse(content: &[u8], path: &Path) -> Result<Self> {
        let mut secret = Zeroizing::new([0; SECRET]);
        hex::decode_to_slice(content.trim_ascii(), secret.as_mut_slice()).map_err(|_| {
            damaged(&format!("the key file {} is damaged: it must hold 64 hexadecimal digits", path.display()))
        })?;
        Ok(Self(secret))
    }
}

impl fmt::Debug for LocalKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalKey").finish_non_exhaustive()
    }
}

impl Root for LocalKey {
    fn wrap(&self, context: &str, secret: &[u8]) -> Result<Vec<u8>> {
        seal(self.0.as_slice(), context, secret)
    }

    fn unwrap(&self, context: &str, wrapped: &[u8]) -> Result<Option<Zeroizing<Vec<u8>>>> {
        unseal(self.0.as_slice(), context, wrapped)
    }

    fn describe(&self) -> Description {
        Description { name: NAME.to_owned(), place: "keys/local.key".to_owned() }
    }
}

fn damaged(what: &str) -> Error {
    Error::Damaged {
        what: what.to_owned(),
        advice:
            "Put back your copy of it. Without it the vaults open only with their recovery keys, by restic; nothing \
                 was deleted"
                .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::keys::root::conformance;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_key_file_keeps_the_rules_of_roots() {
        let folder = tempfile::tempdir().unwrap();
        let [path, other] = ["local.key", "other.key"].map(|name| folder.path().join(name));
        let key = LocalKey::open_or_create(&path, true).unwrap();
        let other = LocalKey::open_or_create(&other, true).unwrap();
        conformance::check(&key, &other, Some(key.0.as_slice()));
    }

    #[test]
    fn a_key_file_that_was_drawn_is_read_again_and_is_nobody_elses_business() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("local.key");
        let wrapped = LocalKey::open_or_create(&path, true).unwrap().wrap("a", b"secret").unwrap();
        let again = LocalKey::open_or_create(&path, false).unwrap();
        assert_eq!(again.unwrap("a", &wrapped).unwrap().unwrap().as_slice(), b"secret");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_damaged_key_file_is_told_of_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("local.key");
        let half = "0123456789abcdef";
        std::fs::write(&path, half).unwrap();
        let refused = LocalKey::open_or_create(&path, true).unwrap_err();
        assert!(matches!(refused, Error::Damaged { .. }));
        conformance::assert_told_nowhere(&format!("{refused} {refused:?}"), Some(half.as_bytes()));
        assert_eq!(std::fs::read(&path).unwrap(), half.as_bytes());
    }

    #[test]
    fn a_missing_key_file_is_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("local.key");
        assert!(matches!(LocalKey::open_or_create(&path, false), Err(Error::Damaged { .. })));
        assert!(!path.exists());
    }
}
