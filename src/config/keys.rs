//! `[keys]`: the root of an engine's key ring, and the way to it.

use serde::Deserialize;
use std::path::PathBuf;

/// The section, as the file has it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Section {
    #[serde(default)]
    root: Option<String>,
    #[serde(default)]
    passphrase_file: Option<PathBuf>,
    #[serde(default)]
    kms_key: Option<String>,
    #[serde(default)]
    kms_endpoint_url: Option<String>,
    #[serde(default)]
    kms_profile: Option<String>,
}

/// What the file says of the key ring.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Keys {
    /// The kind of root that a data directory must have, and a new one gets.
    pub root: Option<Root>,
    /// The file with the passphrase.
    pub passphrase_file: Option<PathBuf>,
    /// Where AWS KMS is.
    pub kms: KmsPlace,
}

/// The kinds of root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Root {
    /// A file of the data directory.
    File,
    /// A passphrase.
    Passphrase,
    /// A key in AWS KMS: its ARN, or that of an alias.
    Kms(String),
}

/// Where AWS KMS is, and whose keys sign calls of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KmsPlace {
    /// Its URL; AWS's own of the key's region when there is none.
    pub endpoint_url: Option<String>,
    /// The profile; what the environment gives when there is none.
    pub profile: Option<String>,
}

impl Section {
    /// What it means; the error is the rule that it breaks.
    pub(super) fn read(self) -> Result<Keys, &'static str> {
        let root = match (self.root.as_deref(), self.kms_key) {
            (None, None) => None,
            (Some("file"), None) => Some(Root::File),
            (Some("passphrase"), None) => Some(Root::Passphrase),
            (Some("kms"), Some(key)) if key.starts_with("arn:") => Some(Root::Kms(key)),
            (Some("kms"), _) => return Err("root = \"kms\" needs kms_key, the ARN of a key or of an alias"),
            (None | Some("file" | "passphrase"), Some(_)) => return Err("kms_key goes with root = \"kms\""),
            (Some(_), _) => return Err("root must be \"file\", \"passphrase\" or \"kms\""),
        };
        if self.passphrase_file.as_ref().is_some_and(|file| !file.is_absolute()) {
            return Err("passphrase_file must be an absolute path");
        }
        let has_scheme = |url: &String| url.starts_with("http://") || url.starts_with("https://");
        if self.kms_endpoint_url.as_ref().is_some_and(|url| !has_scheme(url)) {
            return Err("kms_endpoint_url must begin with https:// (or http:// on loopback)");
        }
        let kms = KmsPlace { endpoint_url: self.kms_endpoint_url, profile: self.kms_profile };
        Ok(Keys { root, passphrase_file: self.passphrase_file, kms })
    }
}
