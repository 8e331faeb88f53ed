//! Where a command reads a secret from: never from its arguments, which every user of the machine can list.

use super::failure::Failure;
use crate::domain::Secret;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use zeroize::Zeroizing;

/// The secret in a file, or with `-` on standard input; one line end after it is not part of it.
pub(super) fn read(path: &Path) -> Result<Secret, Failure> {
    let unreadable = |why: &dyn std::fmt::Display| Failure::usage(format!("--secret-file {}: {why}", path.display()));
    // In one piece of memory that is wiped, however long the secret may be: a buffer that grows leaves copies behind. What is
    // cut after the longest secret, a line end of two bytes and one byte more is too long with or without its last two.
    let limit = crate::domain::secret::MAX_SECRET_BYTES + 3;
    let mut bytes = Zeroizing::new(Vec::with_capacity(limit));
    let limit = limit as u64;
    let read = if path == Path::new("-") {
        std::io::stdin().lock().take(limit).read_to_end(&mut bytes)
    } else {
        File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes))
    };
    read.map_err(|error| unreadable(&error))?;
    let text = std::str::from_utf8(&bytes).map_err(|_| unreadable(&"it is no UTF-8"))?;
    let text = text.strip_suffix('\n').unwrap_or(text);
    let secret = Secret::new(text.strip_suffix('\r').unwrap_or(text).to_owned());
    secret.check().map_err(|invalid| unreadable(&invalid))?;
    Ok(secret)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::secret::MAX_SECRET_BYTES;

    #[test]
    fn one_line_end_goes_and_what_is_too_long_is_refused_and_never_cut() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        let longest = "x".repeat(MAX_SECRET_BYTES);
        for (after, is_whole) in
            [("", true), ("\n", true), ("\r\n", true), ("\r\ny", false), ("\r\n\n", false), ("y", false)]
        {
            std::fs::write(&file, format!("{longest}{after}")).unwrap();
            let secret = read(&file);
            assert_eq!(secret.is_ok(), is_whole, "{after:?}");
            assert!(secret.map_or(true, |secret| secret.reveal() == longest), "{after:?}");
        }
    }
}
