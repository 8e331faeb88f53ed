//! What makes a server recover to a moment at its first start: the log lies in its `pg_wal`, and it needs nothing else.

use crate::domain::continuous::Moment;
use crate::repository::OpenFolder;
use rustix::fs::{Mode, OFlags, Stat, fchown, fstat, fsync, openat};
use std::fs::File;
use std::io::{self, Read as _, Write as _};

/// The settings that a server itself writes: they go before those in `postgresql.conf`.
const SETTINGS: &str = "postgresql.auto.conf";

/// The file that makes it recover as from an archive, once.
const SIGNAL: &str = "recovery.signal";

/// What begins the part that a restore adds.
const BEGIN: &str = "# Written by a restore to a moment. It means something at the first start only.";

/// Writes both, for the owner of the data directory. Again is fine.
pub(super) fn write(folder: OpenFolder, moment: Moment) -> io::Result<()> {
    let folder = folder.into_descriptor();
    let owner = fstat(&folder)?;
    for (name, append) in [(SETTINGS, Some(settings(moment))), (SIGNAL, None)] {
        let access = OFlags::RDWR | OFlags::CREATE | OFlags::APPEND | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mut file = File::from(openat(&folder, name, access, Mode::RUSR | Mode::WUSR)?);
        let mut before = String::new();
        if let Some(text) = append {
            file.read_to_string(&mut before)?;
            // What an earlier attempt added holds no less.
            if !before.contains(&text) {
                file.write_all(text.as_bytes())?;
            }
        }
        give(&file, &owner)?;
        file.sync_all()?;
    }
    fsync(&folder)?;
    Ok(())
}

/// Gives a file to whom its folder belongs to, where that is possible.
pub(super) fn give(file: &File, owner: &Stat) -> io::Result<()> {
    if rustix::process::geteuid().is_root() {
        let (user, group) = (rustix::fs::Uid::from_raw(owner.st_uid), rustix::fs::Gid::from_raw(owner.st_gid));
        fchown(file, Some(user), Some(group))?;
    }
    Ok(())
}

/// There is no archive, so the command that asks for something from it says no. Where the log has nothing behind the moment
/// there is nothing to stop before, and a server that was told to would refuse to start. It takes no questions meanwhile: one that
/// does refuses a log of a server with a higher `max_connections` or the like, which its own settings need not have.
fn settings(moment: Moment) -> String {
    let until = moment.at.format("%Y-%m-%d %H:%M:%S%.6f+00");
    let target = if moment.is_followed {
        format!("recovery_target_time = '{until}'\nrecovery_target_action = 'promote'\n")
    } else {
        "recovery_target_time = ''\n".to_owned()
    };
    format!(
        "\n{BEGIN}\nhot_standby = off\nrestore_command = 'false'\nrecovery_target_timeline = 'current'\nrecovery_target = ''\nrecovery_target_lsn = ''\n\
         recovery_target_name = ''\nrecovery_target_xid = ''\nrecovery_target_inclusive = on\n{target}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(is_followed: bool) -> Moment {
        Moment { at: "2026-11-26T10:00:00.5Z".parse().unwrap(), is_followed }
    }

    #[test]
    fn a_server_is_told_to_stop_only_where_something_comes_behind_the_moment() {
        assert!(settings(moment(true)).contains("recovery_target_time = '2026-11-26 10:00:00.500000+00'\n"));
        assert!(settings(moment(false)).contains("recovery_target_time = ''\n"));
        assert!(!settings(moment(false)).contains("promote"));
    }

    #[test]
    fn a_server_recovers_whatever_the_settings_of_the_one_that_wrote_the_log() {
        for is_followed in [true, false] {
            assert!(settings(moment(is_followed)).contains("\nhot_standby = off\n"));
        }
    }

    #[test]
    fn what_is_written_stands_behind_what_the_server_wrote_and_once() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(SETTINGS), "work_mem = '8MB'\n").unwrap();
        let open = || OpenFolder::open(&folder.path().canonicalize().unwrap()).unwrap();
        write(open(), moment(true)).unwrap();
        write(open(), moment(true)).unwrap();
        let text = std::fs::read_to_string(folder.path().join(SETTINGS)).unwrap();
        assert!(text.starts_with("work_mem = '8MB'\n"), "{text}");
        assert_eq!(text.matches(BEGIN).count(), 1);
        assert_eq!(std::fs::read(folder.path().join(SIGNAL)).unwrap(), b"");
    }
}
