//! What a backup leaves on its server, so that the next one can tell whether it is still the same cluster, gone on from there.
//!
//! A machine that is set back to a snapshot, and a recovery point that is restored in the place of its cluster, go on in the same
//! timeline and at the same places of the log, with other content. Nothing in the log tells that: what was written since may begin and
//! end where it did before. So when all of a backup came, a replication slot is made on the server that keeps no log and that nobody uses,
//! named after that backup. A slot is a file of the data directory, on disk before its making returns, in no log, in no base backup and on no
//! standby. Where it is, the data directory went on from a moment behind that backup, all of whose content it therefore has in its past;
//! where it is not, nothing is known, and all is read.
//!
//! Also in the name is whether pages have checksums: `pg_checksums` changes every page of a stopped cluster and writes no log of it.

use crate::domain::Arn;
use sha2::{Digest as _, Sha256};

/// How many hexadecimal digits tell one from another.
const DIGITS: usize = 16;

/// The traces of the backups of which each may follow on the one before: at most one is on the server.
pub(super) struct Traces {
    /// What all their names begin with.
    pub(super) prefix: String,
}

impl Traces {
    /// Those of a resource's line ([`line`](crate::engine::drivers::BackupCx::line)).
    pub(super) fn of(resource: &Arn, line: &str) -> Self {
        Self { prefix: format!("vaultdeck_base_{}_", digits(format!("{resource} {line}").as_bytes())) }
    }

    /// The name of the trace of a backup, by its manifest and whether pages had checksums then.
    pub(super) fn name(&self, manifest: &[u8], checksums: &str) -> String {
        format!("{}{}{checksums}", self.prefix, begin_of_name(manifest))
    }

    /// Why a backup with this manifest is none that the cluster went on from, by the traces that are there.
    pub(super) fn doubt(&self, there: &[String], manifest: &[u8], checksums: &str) -> Option<String> {
        let (name, begin) = (self.name(manifest, checksums), begin_of_name(manifest));
        if there.contains(&name) {
            return None;
        }
        let is_of_it = |trace: &String| trace.strip_prefix(&self.prefix).is_some_and(|rest| rest.starts_with(&begin));
        Some(if there.iter().any(is_of_it) {
            "checksums of pages were switched on or off since the backup before".to_owned()
        } else {
            format!(
                "the server does not have the trace of the backup before ({name}), and so may have been set back, restored or replaced since"
            )
        })
    }
}

fn begin_of_name(manifest: &[u8]) -> String {
    format!("{}_", digits(manifest))
}

fn digits(content: &[u8]) -> String {
    hex::encode(Sha256::digest(content)).chars().take(DIGITS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_very_backup_with_the_same_checksums_is_one_that_the_cluster_went_on_from() {
        let resource: Arn = "arn:aws:rds:eu-central-1:111122223333:db:main".parse().unwrap();
        let traces = Traces::of(&resource, "a vault");
        let there = [traces.name(b"the manifest", "off")];
        assert!(
            there[0].len() < 64 && there[0].bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_')),
            "{there:?}"
        );
        assert_eq!(traces.doubt(&there, b"the manifest", "off"), None);
        assert!(traces.doubt(&there, b"the manifest", "on").unwrap().contains("switched on or off"));
        assert!(traces.doubt(&there, b"another manifest", "off").unwrap().contains("set back"));
        assert!(traces.doubt(&[], b"the manifest", "off").unwrap().contains("set back"));
        let others = Traces::of(&resource, "another vault");
        assert!(others.doubt(&there, b"the manifest", "off").unwrap().contains("set back"));
    }
}
