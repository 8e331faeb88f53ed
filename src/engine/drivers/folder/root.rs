//! Which folder a registered path leads to, and whether it is still that one.
//!
//! A path stays the same when the disk behind it is not mounted: what is backed up then is the empty folder below, and the
//! recovery points that hold the data expire one by one. So the folder's device and inode are remembered when it is
//! registered and at every backup. Where both have changed, another file system is there, and there is no backup until the
//! folder is registered again: a job that fails is seen, and the newest recovery point stays one that holds the data. Where
//! only the inode has changed, the folder was replaced on its file system, as a deployment does; where only the device has,
//! the system numbers its disks anew, as after a restart. An empty folder of the same file system is backed up, and the job
//! says each time that there was more before.

use crate::domain::Resource;
use crate::domain::types::location::Part;
use crate::engine::drivers::Mark;
use crate::repository::{BackupOutcome, Identity, OpenFolder};
use serde::{Deserialize, Serialize};
use std::io;
use std::path::Path;

/// What was seen of a resource's root before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::engine::drivers) struct SourceRoot {
    /// Which folder it was; not known of a resource that an older version or a restore registered.
    pub(in crate::engine::drivers) identity: Option<Identity>,
    /// What was in it.
    pub(in crate::engine::drivers) held: Held,
}

/// What was ever in a root since it was registered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::engine::drivers) enum Held {
    /// Nothing that is known.
    #[default]
    Nothing,
    /// Something, when it was registered.
    Items,
    /// Files, at a backup.
    Files,
}

/// How a root, or the folder of a restore, is kept in a mark. The numbers have a sign, as SQLite's.
#[derive(Serialize, Deserialize)]
struct Kept {
    device: Option<i64>,
    inode: Option<i64>,
    #[serde(default)]
    held: i64,
}

/// The mark of a folder.
pub(in crate::engine::drivers) fn mark_of(identity: Identity) -> Mark {
    SourceRoot { identity: Some(identity), held: Held::Nothing }.mark()
}

/// The folder of a mark, if it tells one.
pub(in crate::engine::drivers) fn identity_of(mark: &Mark) -> Option<Identity> {
    SourceRoot::of(Some(mark)).identity
}

impl SourceRoot {
    /// What a mark tells; nothing when there is none.
    pub(in crate::engine::drivers) fn of(mark: Option<&Mark>) -> Self {
        let Some(Kept { device, inode, held }) = mark.and_then(Mark::read) else { return Self::default() };
        let identity = |device: i64, inode: i64| Identity { device: device as u64, inode: inode as u64 };
        Self {
            identity: device.zip(inode).map(|(device, inode)| identity(device, inode)),
            held: match held {
                0 => Held::Nothing,
                1 => Held::Items,
                _ => Held::Files,
            },
        }
    }

    /// The mark that tells it.
    pub(in crate::engine::drivers) fn mark(&self) -> Mark {
        Mark::of(&Kept {
            device: self.identity.map(|identity| identity.device as i64),
            inode: self.identity.map(|identity| identity.inode as i64),
            held: self.held as i64,
        })
    }

    /// The folder at a registered path as it is now, for its registration.
    pub(in crate::engine::drivers) fn look(path: &Path) -> io::Result<Self> {
        let folder = OpenFolder::look(path)?;
        // Who may not list it now will be told so by the backup.
        let empty = folder.is_empty().unwrap_or(true);
        Ok(Self { identity: Some(folder.identity()), held: if empty { Held::Nothing } else { Held::Items } })
    }

    /// Refuses a folder that lies on another file system than before.
    pub(in crate::engine::drivers) fn expect(&self, resource: &Resource, found: Identity) -> Result<(), String> {
        let Some(known) = self.identity else { return Ok(()) };
        if known.device == found.device || known.inode == found.inode {
            return Ok(());
        }
        Err(format!(
            "{} lies on another file system than when it was registered or last backed up (device {}, and now {}): a \
             disk is not mounted, or the folder was moved to another one. Mount it; or, if this is right, register the \
             folder again: vaultdeck resource add {} {} {}",
            resource.location.part(Part::Path).unwrap_or_default(),
            device(known),
            device(found),
            resource.resource_type,
            resource.name,
            resource.location.options(),
        ))
    }

    /// What a backup found missing as a whole: the reason, if the tree has shrunk to nothing.
    pub(in crate::engine::drivers) fn shrunk(&self, outcome: &BackupOutcome) -> Option<&'static str> {
        match self.held {
            Held::Nothing => None,
            Held::Items | Held::Files if outcome.items == 0 => Some(
                "the folder is empty, and there was something in it before; if that is right, register the folder again",
            ),
            Held::Files if files(outcome) == 0 => {
                Some("there is no file in it any more; if that is right, register the folder again")
            }
            Held::Items | Held::Files => None,
        }
    }

    /// What is known after a backup. What was ever in the folder is not forgotten when it is empty.
    pub(in crate::engine::drivers) fn after(&self, found: Identity, outcome: &BackupOutcome) -> Self {
        let holds = if files(outcome) > 0 { Held::Files } else { Held::Nothing };
        Self { identity: Some(found), held: self.held.max(holds) }
    }
}

fn files(outcome: &BackupOutcome) -> u64 {
    outcome.files_new + outcome.files_changed + outcome.files_unmodified
}

/// A device as `ls` and `/proc/self/mountinfo` write it.
fn device(identity: Identity) -> String {
    format!("{}:{}", rustix::fs::major(identity.device), rustix::fs::minor(identity.device))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::types::location::Location;
    use crate::domain::{Arn, Scope, Tags, types};

    fn resource() -> Resource {
        let scope = Scope::new("123456789012".parse().unwrap(), "us-east-1".parse().unwrap());
        Resource {
            arn: Arn::file_system(&scope, "fs-0"),
            scope,
            resource_type: types::efs::FACTS.resource_type(),
            name: "r".to_owned(),
            location: Location::at_path("/srv/r"),
            tags: Tags::new(),
        }
    }

    #[test]
    fn a_root_is_another_ones_only_where_device_and_inode_have_changed() {
        let known = Identity { device: rustix::fs::makedev(8, 17), inode: 2 };
        let root = SourceRoot { identity: Some(known), held: Held::Files };
        let elsewhere = rustix::fs::makedev(8, 1);
        assert_eq!(root.expect(&resource(), known), Ok(()));
        assert_eq!(root.expect(&resource(), Identity { inode: 99, ..known }), Ok(()), "replaced on its file system");
        assert_eq!(root.expect(&resource(), Identity { device: elsewhere, ..known }), Ok(()), "disks renumbered");
        let refused = root.expect(&resource(), Identity { device: elsewhere, inode: 99 }).unwrap_err();
        assert!(
            refused.contains("(device 8:17, and now 8:1)") && refused.contains("resource add EFS r --path /srv/r"),
            "{refused}"
        );
        assert_eq!(SourceRoot::default().expect(&resource(), known), Ok(()), "nothing is known of it");
    }
}
