//! A secret in a file of its own, `keys/local.key`: what a data directory has unless something else is wanted.

use super::secret::{BYTES, Secret};
use crate::engine::data_dir::write_private_file;
use crate::engine::error::{Error, Result};
use std::path::Path;
use zeroize::Zeroizing;

/// Its name. It stands before nothing that it wrapped, since it wrapped before roots had names.
pub(crate) const NAME: &str = "file";

/// Reads the key file. One that is missing is never replaced, since the vaults would stay closed for ever.
pub(super) fn read(path: &Path) -> Result<Secret> {
    match std::fs::read(path) {
        Ok(content) => parse(&Zeroizing::new(content), path),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Err(damaged(&format!(
            "the key file {} is missing, and no keys/root.json names another root",
            path.display()
        ))),
        Err(e) => Err(Error::io(format!("read {}", path.display()), e)),
    }
}

/// Writes the key file (0600), whole or not at all.
pub(in crate::engine::keys) fn write(path: &Path, secret: &Secret) -> Result<()> {
    let text = Zeroizing::new(hex::encode(secret.reveal()) + "\n");
    write_private_file(path, text.as_bytes())
}

fn parse(content: &[u8], path: &Path) -> Result<Secret> {
    let mut bytes = Zeroizing::new([0; BYTES]);
    let read = hex::decode_to_slice(content.trim_ascii(), bytes.as_mut_slice()).ok();
    read.and_then(|()| Secret::of(bytes.as_slice())).ok_or_else(|| {
        damaged(&format!("the key file {} is damaged: it must hold 64 hexadecimal digits", path.display()))
    })
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
    fn a_key_file_is_read_again_and_is_nobody_elses_business() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("local.key");
        let secret = Secret::draw().unwrap();
        write(&path, &secret).unwrap();
        assert_eq!(read(&path).unwrap().reveal(), secret.reveal());
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_damaged_key_file_is_told_of_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("local.key");
        let half = "0123456789abcdef";
        std::fs::write(&path, half).unwrap();
        let refused = read(&path).unwrap_err();
        assert!(matches!(refused, Error::Damaged { .. }));
        conformance::assert_told_nowhere(&format!("{refused} {refused:?}"), Some(half.as_bytes()));
        assert_eq!(std::fs::read(&path).unwrap(), half.as_bytes());
    }

    #[test]
    fn a_missing_key_file_is_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("local.key");
        assert!(matches!(read(&path), Err(Error::Damaged { .. })));
        assert!(!path.exists());
    }
}
