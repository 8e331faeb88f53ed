//! Saved views: a list of the dashboard with its filter, order and columns, under a name; one JSON file of a user, which all
//! dashboards of theirs on this machine share.

use crate::client::user_file::{UserFile, UserFileError};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The version of the file that is written; of a newer one nothing is known.
const VERSION: u64 = 1;
/// Names are no longer.
const LONGEST_NAME: usize = 40;

/// What a list shows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct View {
    /// The command that opens the list: `vaults`.
    pub list: String,
    /// Its filter; none where it is empty.
    #[serde(default)]
    pub filter: String,
    /// Whether only problems are shown.
    #[serde(default)]
    pub problems: bool,
    /// What it is sorted by, the first key first; the list's own order where it is empty.
    #[serde(default)]
    pub sort: Vec<SortKey>,
    /// The columns in their order, by their fields' names; the list's own where it is empty.
    #[serde(default)]
    pub columns: Vec<String>,
}

/// A key that rows are sorted by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SortKey {
    /// The column, by its field's name.
    pub by: String,
    /// Whether the other way round than the column sorts by itself.
    #[serde(default)]
    pub reversed: bool,
}

/// The saved views by their names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Views {
    version: Version,
    views: BTreeMap<String, View>,
}

/// A version that is understood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Version(u64);

impl Default for Version {
    fn default() -> Self {
        Self(VERSION)
    }
}

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let version = u64::deserialize(deserializer)?;
        let newer =
            || D::Error::custom(format!("version {version} is newer than {VERSION}, which this vaultdeck knows"));
        if version == VERSION { Ok(Self(version)) } else { Err(newer()) }
    }
}

impl Views {
    /// The view of a name.
    pub fn get(&self, name: &str) -> Option<&View> {
        self.views.get(name)
    }

    /// All of them, by their names.
    pub fn all(&self) -> impl Iterator<Item = (&str, &View)> {
        self.views.iter().map(|(name, view)| (name.as_str(), view))
    }
}

/// Whether a view can have a name: 1 to 40 lower-case letters, digits and dashes, a letter first.
pub fn check_name(name: &str) -> Result<(), String> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let begins = name.starts_with(|c: char| c.is_ascii_lowercase());
    if begins && name.chars().all(fits) && name.len() <= LONGEST_NAME {
        Ok(())
    } else {
        Err(format!("a view's name has 1 to {LONGEST_NAME} lower-case letters, digits and dashes, a letter first"))
    }
}

/// The file of a user.
#[derive(Debug, Clone)]
pub struct ViewsFile(UserFile);

impl ViewsFile {
    /// The file at `path`, which need not exist.
    pub fn new(path: PathBuf) -> Self {
        Self(UserFile::new(path, "the saved views"))
    }

    /// What is saved.
    pub fn read(&self) -> Result<Views, UserFileError> {
        self.0.read()
    }

    /// Saves a view under a name, in the place of one that has it.
    pub fn save(&self, name: &str, view: View) -> Result<Views, UserFileError> {
        self.change(|views| drop(views.insert(name.to_owned(), view)))
    }

    /// Forgets the view of a name.
    pub fn forget(&self, name: &str) -> Result<Views, UserFileError> {
        self.change(|views| drop(views.remove(name)))
    }

    fn change(&self, change: impl FnOnce(&mut BTreeMap<String, View>)) -> Result<Views, UserFileError> {
        self.0.change(|all: &mut Views| {
            change(&mut all.views);
            all.clone()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    fn view() -> View {
        let sort = vec![SortKey { by: "created".to_owned(), reversed: true }];
        let (list, filter) = ("backup-jobs".to_owned(), "state:failed age<1d".to_owned());
        View { list, filter, problems: false, sort, columns: vec!["state".to_owned(), "resource".to_owned()] }
    }

    fn file(folder: &tempfile::TempDir) -> ViewsFile {
        ViewsFile::new(folder.path().join("state/views.json"))
    }

    #[test]
    fn a_view_is_there_for_the_next_dashboard_of_its_user_and_for_nobody_else() {
        let folder = tempfile::tempdir().unwrap();
        let file = file(&folder);
        assert_eq!(file.read().unwrap(), Views::default());
        let saved = file.save("oncall", view()).unwrap();
        assert_eq!(saved.get("oncall"), Some(&view()));
        assert_eq!(file.read().unwrap(), saved);
        assert_eq!(fs::metadata(file.0.path()).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(file.forget("oncall").unwrap(), Views::default());
    }

    #[test]
    fn two_sessions_lose_nothing_of_each_other() {
        let folder = tempfile::tempdir().unwrap();
        let file = file(&folder);
        std::thread::scope(|scope| {
            for session in 0..8 {
                let file = file.clone();
                scope.spawn(move || file.save(&format!("view-{session}"), view()).unwrap());
            }
        });
        assert_eq!(file.read().unwrap().all().count(), 8);
    }

    #[test]
    fn a_damaged_or_newer_file_is_told_by_line_and_column_and_never_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let file = file(&folder);
        fs::create_dir(folder.path().join("state")).unwrap();
        let cases = [
            ("{\"version\": 1,\n \"views\": {\"a\": 7}}", "line 2, column 17"),
            ("{\"version\": 2,\n \"views\": {}}", "line 1, column 13: version 2 is newer than 1"),
            ("{\"version\": 1, \"views\": {},\n \"more\": 1}", "line 2, column 7"),
            ("{\"version\": 1", "line 1, column 13"),
        ];
        for (text, expected) in cases {
            fs::write(file.0.path(), text).unwrap();
            let told = file.save("b", view()).unwrap_err().to_string();
            assert!(told.contains(expected) && told.starts_with("the saved views "), "{told}");
            assert_eq!(fs::read_to_string(file.0.path()).unwrap(), text);
        }
    }

    #[test]
    fn names_can_be_typed() {
        assert!(check_name("oncall-2").is_ok());
        for name in ["", "2nd", "On call", "ünï", "a/b", "-", &"x".repeat(41)] {
            assert!(check_name(name).is_err(), "{name}");
        }
    }
}
