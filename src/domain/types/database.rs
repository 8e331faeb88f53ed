//! What RDS instances and Aurora clusters share: the rules of a database's name, and a restore that makes a new one.

use crate::domain::Invalid;
use crate::domain::lifecycle::unsupported;
use crate::domain::types::TypeFacts;
use crate::domain::types::keys::{Kind, Metadata, PATH_KEY, URL_KEY, is_of_moment, parse_bool, refused, value};
use crate::domain::types::location::Part;

/// What their locations look like.
pub(super) const LOOKS: &[(Part, &str)] = &[
    (Part::Url, "postgresql://USER@HOST:PORT or mysql://USER@HOST:PORT, without a password"),
    (Part::Path, "for MariaDB on the engine's machine: its data directory, which is copied then and not dumped"),
];

/// A restore of a database into a new one, read from its metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseRestore {
    /// The new database's name.
    pub identifier: String,
    /// The folder that becomes its data directory; the engine picks one when absent.
    pub path: Option<String>,
}

/// How the metadata of a type names things.
pub(super) struct Named {
    /// The type.
    pub(super) facts: &'static TypeFacts,
    /// The key with the new database's name.
    pub(super) identifier: &'static str,
    /// The key with its engine.
    pub(super) engine: &'static str,
    /// What an engine of ours restores.
    pub(super) engines: &'static [&'static str],
    /// Keys that AWS hands out and that change nothing.
    pub(super) told: &'static [&'static str],
}

impl Named {
    /// Reads and checks the metadata of a restore, as AWS does.
    pub(super) fn read(&self, metadata: &Metadata) -> Result<DatabaseRestore, Invalid> {
        self.facts.refuse_unknown_keys(metadata)?;
        self.facts.check_keys(metadata)?;
        let get = |name: &str| value(metadata, name).filter(|text| !text.is_empty());
        let identifier = get(self.identifier).unwrap_or_default();
        check_identifier(identifier)
            .map_err(|rule| refused(self.identifier, format_args!("{} {rule}", self.identifier)))?;
        Ok(DatabaseRestore { identifier: identifier.to_ascii_lowercase(), path: get(PATH_KEY).map(str::to_owned) })
    }

    /// Refuses by name what AWS would do and an engine does not: nothing may be accepted that is not done.
    pub(super) fn supported_by_engine(&self, metadata: &Metadata) -> Result<(), Invalid> {
        for (name, value) in metadata.iter().filter(|(_, value)| !value.is_empty()) {
            let Some(key) = self.facts.restore_key(name) else { continue };
            let is = |known: &str| key.name.eq_ignore_ascii_case(known);
            if is(self.engine) && !self.engines.contains(&value.as_str()) {
                return Err(unsupported(&format!("{}={value}", self.engine)));
            }
            let done = [self.identifier, self.engine, PATH_KEY].into_iter().any(is)
                || self.told.iter().copied().any(is)
                || is_of_moment(key.name)
                || key.kind == Kind::Bool && parse_bool(value) == Some(false);
            if !done {
                return Err(unsupported(key.name));
            }
        }
        Ok(())
    }
}

/// The rule that a database's name breaks, to stand behind what it is called: 1 to 63 letters, digits and hyphens.
pub fn check_identifier(name: &str) -> Result<(), String> {
    let fits = (1..=63).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && name.starts_with(|first: char| first.is_ascii_alphabetic())
        && !name.ends_with('-')
        && !name.contains("--");
    if fits {
        return Ok(());
    }
    Err(format!(
        "must have 1 to 63 letters, digits and single hyphens, with a letter first and no hyphen at the end; it is {name:?}"
    ))
}

/// What the types call the engines whose servers `mariadbd` starts.
const MARIADB: [&str; 2] = ["mariadb", "aurora-mysql"];

/// What is there after a restore.
pub(super) fn outcome(metadata: &Metadata, what: &str) -> String {
    let get = |key: &str| value(metadata, key).filter(|text| !text.is_empty());
    let starts =
        if get("engine").is_some_and(|engine| MARIADB.contains(&engine)) { "mariadbd" } else { "pg_ctl start" };
    match (get(URL_KEY), get(PATH_KEY)) {
        (Some(url), _) => {
            format!("{what} will be written into the server at {url}, which must be empty. The source is not touched.")
        }
        (None, None) => {
            format!("{what} will be written into the data directory of a new database; the source is not touched.")
        }
        (None, Some(folder)) => format!(
            "{what} will be written into {folder}, which must be empty or absent and becomes the data directory of a new \
             database: `{starts}` brings it up. The source is not touched."
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_that_rds_takes() {
        for name in ["a", "main-db", "Main2", &"a".repeat(63)] {
            assert_eq!(check_identifier(name), Ok(()), "{name}");
        }
        for name in ["", "2a", "-a", "a-", "a--b", "a_b", "a b", "é", &"a".repeat(64), "a:b", "a/b"] {
            assert!(check_identifier(name).is_err(), "{name}");
        }
    }

    #[test]
    fn what_is_there_after_a_restore_is_told_for_each_engine() {
        let told = |pairs: &[(&str, &str)]| {
            let pairs = pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
            outcome(&pairs.collect(), "everything")
        };
        let folder = ("vaultdeck:path", "/new");
        assert!(told(&[folder]).contains("`pg_ctl start` brings it up"));
        for engine in [("Engine", "mariadb"), ("engine", "aurora-mysql")] {
            assert!(told(&[engine, folder]).contains("`mariadbd` brings it up"));
        }
        assert!(told(&[("vaultdeck:url", "mysql://me@db")]).contains("server at mysql://me@db, which must be empty"));
    }
}
