//! How `mongodump` calls the files of a collection.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha1::{Digest as _, Sha1};

/// The longest name, and how much of a longer one is left before its hash.
const LONGEST: usize = 238;
const LEFT: usize = 208;

/// What stays as it is, as in the query of a URL.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What ends the names of the two files of a collection.
pub(super) const DOCUMENTS: &str = ".bson";
pub(super) const METADATA: &str = ".metadata.json";

/// The name of a collection's files before their endings.
pub(super) fn stem(collection: &str) -> String {
    let written = utf8_percent_encode(collection, KEPT).to_string().replace("%20", "+");
    if written.len() <= LONGEST {
        return written;
    }
    let hash = URL_SAFE_NO_PAD.encode(Sha1::digest(collection.as_bytes()));
    format!("{}%24{hash}", &written[..LEFT])
}

/// Whether a database's name can be that of a folder; servers allow nothing else.
pub(super) fn is_folder(database: &str) -> bool {
    !matches!(database, "" | "." | "..") && !database.contains(['/', '\0'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_called_as_mongodump_calls_them() {
        for (collection, file) in [
            ("orders", "orders"),
            ("a b/c", "a+b%2Fc"),
            ("größe.x-y_z~", "gr%C3%B6%C3%9Fe.x-y_z~"),
            ("50%+$", "50%25%2B%24"),
        ] {
            assert_eq!(stem(collection), file);
        }
        let long = "x".repeat(239);
        assert_eq!(stem(&long[1..]), long[1..]);
        let hash = "xJ4JLb9bmw8Rv0fLTNDPmd5XbCk";
        assert_eq!(stem(&long), format!("{}%24{}", &long[..208], stem(&long).split_at(211).1));
        assert_eq!(stem(&long).len(), 208 + 3 + hash.len());
    }
}
