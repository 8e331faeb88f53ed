//! Findings that somebody has seen and does not want to be reminded of, until a time or for good: one JSON file of a user,
//! which all dashboards and commands of theirs on this machine share.

use crate::client::user_file::{UserFile, UserFileError};
use crate::domain::Time;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A finding that is muted, by [`Finding::key`](crate::domain::finding::Finding::key).
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub struct Mute {
    /// Why, in the words of whoever muted it.
    pub note: String,
    /// Until when; for good where there is none.
    pub until: Option<Time>,
    /// When it was muted.
    pub at: Time,
    /// By which user of this machine.
    pub who: String,
}

/// What is muted in one context, by the findings' keys.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Mutes(BTreeMap<String, Mute>);

/// What is muted, by the names of the contexts: the same account may be another one elsewhere, a demo's for instance.
type Contexts = BTreeMap<String, Mutes>;

impl Mutes {
    /// The mute of a finding at `now`, by this machine's clock; one whose time is over is none.
    pub fn of(&self, key: &str, now: Time) -> Option<&Mute> {
        self.0.get(key).filter(|mute| mute.until.is_none_or(|until| now < until))
    }
}

/// The file of a user, and of what is in it the part of one context.
#[derive(Debug, Clone)]
pub struct MutesFile {
    file: UserFile,
    context: String,
    who: String,
}

impl MutesFile {
    /// The file at `path`, which need not exist; `who` names the user.
    pub fn new(path: PathBuf, context: impl Into<String>, who: impl Into<String>) -> Self {
        Self { file: UserFile::new(path, "the muted findings"), context: context.into(), who: who.into() }
    }

    /// What is muted in the context.
    pub fn read(&self) -> Result<Mutes, UserFileError> {
        Ok(self.file.read::<Contexts>()?.remove(&self.context).unwrap_or_default())
    }

    /// Mutes findings until a time or for good.
    pub fn mute<K: AsRef<str>>(
        &self,
        keys: &[K],
        note: String,
        until: Option<Time>,
        now: Time,
    ) -> Result<Mutes, UserFileError> {
        let mute = Mute { note, until, at: now, who: self.who.clone() };
        self.change(now, |mutes| mutes.extend(keys.iter().map(|key| (key.as_ref().to_owned(), mute.clone()))))
    }

    /// Lets findings speak again.
    pub fn unmute<K: AsRef<str>>(&self, keys: &[K], now: Time) -> Result<Mutes, UserFileError> {
        self.change(now, |mutes| mutes.retain(|known, _| !keys.iter().any(|key| key.as_ref() == known)))
    }

    /// Changes what is muted, and leaves out what is over.
    fn change(&self, now: Time, change: impl FnOnce(&mut BTreeMap<String, Mute>)) -> Result<Mutes, UserFileError> {
        self.file.change(|all: &mut Contexts| {
            for mutes in all.values_mut() {
                mutes.0.retain(|_, mute| mute.until.is_none_or(|until| now < until));
            }
            change(&mut all.entry(self.context.clone()).or_default().0);
            all.retain(|_, mutes| !mutes.0.is_empty());
            all.get(&self.context).cloned().unwrap_or_default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    fn at(text: &str) -> Time {
        text.parse().unwrap()
    }

    fn file(folder: &tempfile::TempDir) -> MutesFile {
        MutesFile::new(folder.path().join("state/mutes.json"), "here", "ada")
    }

    #[test]
    fn a_finding_is_muted_until_its_time_and_no_longer() {
        let folder = tempfile::tempdir().unwrap();
        let (file, now) = (file(&folder), at("2026-11-23T03:00:00Z"));
        let until = Some(at("2026-11-24T03:00:00Z"));
        let mutes = file.mute(&["failed 1 eu x"], "disk is ordered".to_owned(), until, now).unwrap();
        assert_eq!(mutes.of("failed 1 eu x", now).map(|mute| mute.note.as_str()), Some("disk is ordered"));
        assert_eq!(mutes.of("failed 1 eu x", at("2026-11-24T03:00:00Z")), None);
        assert_eq!(mutes.of("failed 1 eu y", now), None);
        assert_eq!(file.read().unwrap(), mutes, "the next dashboard knows it");
        let mode = fs::metadata(file.file.path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn one_that_speaks_again_and_one_that_is_over_are_gone_from_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let (file, now) = (file(&folder), at("2026-11-23T03:00:00Z"));
        file.mute(&["a"], String::new(), Some(at("2026-11-23T04:00:00Z")), now).unwrap();
        file.mute(&["b"], String::new(), None, now).unwrap();
        let later = at("2026-11-23T05:00:00Z");
        assert_eq!(file.unmute(&["b"], later).unwrap(), Mutes::default());
        assert_eq!(fs::read_to_string(file.file.path()).unwrap(), "{}");
    }

    #[test]
    fn a_damaged_file_is_told_by_line_and_column_and_never_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let file = file(&folder);
        fs::create_dir(folder.path().join("state")).unwrap();
        fs::write(file.file.path(), "{\"here\": {\n \"a\": {\"note\": 7}\n}}").unwrap();
        let told = file.mute(&["b"], String::new(), None, at("2026-11-23T03:00:00Z")).unwrap_err().to_string();
        assert!(told.contains("line 2, column 16"), "{told}");
        assert_eq!(fs::read_to_string(file.file.path()).unwrap(), "{\"here\": {\n \"a\": {\"note\": 7}\n}}");
    }

    #[test]
    fn what_is_muted_in_one_context_speaks_in_another() {
        let folder = tempfile::tempdir().unwrap();
        let (here, now) = (file(&folder), at("2026-11-23T03:00:00Z"));
        let there = MutesFile { context: "https://elsewhere".to_owned(), ..here.clone() };
        here.mute(&["a"], String::new(), None, now).unwrap();
        assert!(there.read().unwrap().of("a", now).is_none());
        there.mute(&["a"], "there too".to_owned(), None, now).unwrap();
        assert_eq!(here.unmute(&["a"], now).unwrap(), Mutes::default());
        assert!(there.read().unwrap().of("a", now).is_some());
    }

    #[test]
    fn two_sessions_lose_nothing_of_each_other() {
        let folder = tempfile::tempdir().unwrap();
        let (file, now) = (file(&folder), at("2026-11-23T03:00:00Z"));
        std::thread::scope(|scope| {
            for session in 0..8 {
                let file = file.clone();
                scope.spawn(move || file.mute(&[&format!("{session}")], String::new(), None, now).unwrap());
            }
        });
        assert_eq!(file.read().unwrap().0.len(), 8);
    }
}
