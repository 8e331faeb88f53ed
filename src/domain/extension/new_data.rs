//! What backups stored anew, and how well it compressed.

use crate::domain::names::JobId;
use crate::domain::{Arn, Scope, Time, sizes};
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

/// The path of [`NewDataOfBackups`].
pub const NEW_DATA: &str = "/_vaultdeck/new-data";

/// Where less than this is new, it says nothing of what became of a resource. In bytes.
pub const LEAST_NEW: u64 = 1 << 20;

/// From this share of its bytes on, packed data is as large as it was, in percent: it is encrypted, or was compressed before.
const INCOMPRESSIBLE: u64 = 95;

/// `GET /_vaultdeck/new-data`: of each resource and rule of the caller's account and region the newest backup that stored much anew,
/// where hardly anything of that compressed; `?job=ID`: of one backup job, whatever it stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct NewDataOfBackups {
    /// The backups, the newest first.
    pub backups: Vec<NewDataOfBackup>,
}

/// What one backup stored anew: content of files that its vault did not hold yet.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct NewDataOfBackup {
    /// Its job.
    pub backup_job_id: JobId,
    /// The account and region that own it.
    pub scope: Scope,
    /// What was backed up.
    pub resource_arn: Arn,
    /// The resource's name, where it has one.
    pub resource_name: Option<String>,
    /// When it was done.
    pub completion_date: Time,
    /// How much was new, in bytes.
    pub new_bytes: u64,
    /// What of that was left when it was compressed, in bytes.
    pub compressed_bytes: u64,
    /// How much the resource holds in all, in bytes; none where its recovery point is not there any more.
    pub size_bytes: Option<u64>,
    /// How well new data of backups before it compressed; none where none of them says it.
    pub usual: Option<Usual>,
}

/// How well the new data of a history compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Usual {
    /// The median of what was left of it, in percent.
    pub percent: u64,
    /// How many backups say it.
    pub backups: u64,
}

impl Usual {
    /// Of some backups, each with its new bytes and what was left of them.
    pub fn of(told: impl IntoIterator<Item = (u64, u64)>) -> Option<Self> {
        let percents: Vec<u64> = told.into_iter().filter_map(|(new, packed)| percent(new, packed)).collect();
        let backups = percents.len() as u64;
        Some(Self { percent: sizes::median(percents)?, backups })
    }
}

impl NewDataOfBackup {
    /// What was left of the new data, in percent; none where nothing was new.
    pub fn percent(&self) -> Option<u64> {
        percent(self.new_bytes, self.compressed_bytes)
    }

    /// Whether much was new, and hardly anything of it compressed.
    pub fn is_incompressible(&self) -> bool {
        self.new_bytes >= LEAST_NEW && self.percent().is_some_and(|percent| percent >= INCOMPRESSIBLE)
    }

    /// Both in words: `12 GiB new, compressed to 99 %; usually 31 % (of 6 backups before)`. None where nothing was new.
    pub fn told(&self) -> Option<String> {
        let told = format!("{} new, compressed to {} %", sizes::bytes(self.new_bytes), self.percent()?);
        Some(match self.usual {
            Some(Usual { percent, backups: 1 }) => format!("{told}; the one before: {percent} %"),
            Some(Usual { percent, backups }) => format!("{told}; usually {percent} % ({backups} backups before)"),
            None => told,
        })
    }
}

/// What was left of some bytes; what grew by its packing is told as what it was.
fn percent(new: u64, packed: u64) -> Option<u64> {
    let percent = u128::from(packed.min(new)) * 100 / u128::from(new).max(1);
    (new > 0).then(|| u64::try_from(percent).unwrap_or(100))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn backup(new_bytes: u64, compressed_bytes: u64, usual: Option<Usual>) -> NewDataOfBackup {
        NewDataOfBackup {
            backup_job_id: "job".parse().unwrap(),
            scope: Scope::new("123456789012".parse().unwrap(), "us-east-1".parse().unwrap()),
            resource_arn: "arn:aws:elasticfilesystem:us-east-1:123456789012:file-system/fs-1".parse().unwrap(),
            resource_name: None,
            completion_date: Time::UNIX_EPOCH,
            new_bytes,
            compressed_bytes,
            size_bytes: None,
            usual,
        }
    }

    #[test]
    fn the_figures_are_told_in_words() {
        let told = |new, packed, usual| backup(new, packed, usual).told();
        let usual = |percent, backups| Some(Usual { percent, backups });
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(
            told(12 << 30, 12 << 30, usual(31, 6)),
            text("12 GiB new, compressed to 100 %; usually 31 % (6 backups before)")
        );
        assert_eq!(told(1000, 310, usual(40, 1)), text("1000 B new, compressed to 31 %; the one before: 40 %"));
        assert_eq!(told(1000, 1032, None), text("1000 B new, compressed to 100 %"), "packing adds a little");
        assert_eq!(told(0, 0, usual(31, 6)), None);
    }

    #[test]
    fn usual_is_the_median_of_the_backups_that_say_something() {
        let told = [(100, 90), (0, 0), (100, 30), (1000, 310)];
        assert_eq!(Usual::of(told), Some(Usual { percent: 31, backups: 3 }));
        assert_eq!(Usual::of([(0, 0)]), None);
        assert_eq!(Usual::of([(u64::MAX, u64::MAX)]), Some(Usual { percent: 100, backups: 1 }));
    }

    #[test]
    fn a_little_that_does_not_compress_says_nothing() {
        assert!(backup(LEAST_NEW, LEAST_NEW * 95 / 100 + 1, None).is_incompressible());
        assert!(!backup(LEAST_NEW - 1, LEAST_NEW, None).is_incompressible());
        assert!(!backup(LEAST_NEW, LEAST_NEW * 94 / 100, None).is_incompressible());
    }
}
