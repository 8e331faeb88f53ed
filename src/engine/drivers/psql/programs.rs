//! PostgreSQL's programs on this machine.

use crate::engine::drivers::Fault;
use crate::engine::drivers::child::Program;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Names the folder of the programs, or several with colons between them, instead of those that are looked through.
const FOLDER: &str = "VAULTDECK_POSTGRESQL";

/// Folders with a folder for each version, and what is in that.
const VERSIONED: [(&str, &str, &str); 2] = [("/usr/lib/postgresql", "", "bin"), ("/usr", "pgsql-", "bin")];

/// Folders of one version each.
const PLAIN: [&str; 3] = ["/usr/local/pgsql/bin", "/usr/local/bin", "/usr/bin"];

/// How long a program may take to say its version.
const PATIENCE: Duration = Duration::from_secs(20);

/// The programs of one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine::drivers) struct Programs {
    folder: PathBuf,
    /// The version's first number.
    major: u32,
}

/// All programs that there are, the oldest version first. An error where there are none.
pub(in crate::engine::drivers) fn installed() -> Result<Vec<Programs>, Fault> {
    let configured = std::env::var_os(FOLDER).map(|value| std::env::split_paths(&value).collect());
    let folders = configured.unwrap_or_else(folders);
    let mut found: Vec<Programs> = folders.into_iter().filter_map(|folder| Programs::look(&folder)).collect();
    found.sort_by_key(|programs| programs.major);
    found.dedup_by_key(|programs| programs.major);
    if found.is_empty() {
        return Err(Fault::Failed(format!(
            "The programs psql and pg_basebackup are needed and were not found: install postgresql-client of the server's version or \
             a newer one, or name their folder in the environment variable {FOLDER}."
        )));
    }
    Ok(found)
}

/// The oldest programs that can back up a server of this version.
pub(in crate::engine::drivers) fn for_server(installed: &[Programs], major: u32) -> Result<&Programs, Fault> {
    installed.iter().find(|programs| programs.major >= major).ok_or_else(|| {
        let newest = installed.last().map_or(0, |programs| programs.major);
        Fault::Unsupported {
            found: format!("The pg_basebackup of PostgreSQL {newest}, the newest on this machine,"),
            needs: format!("that of the server's version {major} or of a newer one (install postgresql-client-{major}, or name the folder of its \
                 programs in the environment variable {FOLDER})"),
        }
    })
}

/// The programs of a server of just this version, which a data directory of it needs.
pub(in crate::engine::drivers) fn with_server(major: u32) -> Result<Programs, Fault> {
    let found = installed()?.into_iter().find(|programs| programs.major == major);
    found.filter(|programs| programs.server("postgres").is_ok()).ok_or_else(|| {
        Fault::Failed(format!(
            "The server of PostgreSQL {major} is needed on this machine: install postgresql-{major}, or name the folder of its programs in \
             the environment variable {FOLDER}."
        ))
    })
}

impl Programs {
    /// Those in a folder, if they are all there.
    pub(in crate::engine::drivers) fn look(folder: &Path) -> Option<Self> {
        let said = Program::at(&folder.join("pg_basebackup")).ok()?.arg("--version").run(PATIENCE).ok()?;
        let major = major_of(&String::from_utf8_lossy(&said.output))?;
        folder.join("psql").is_file().then(|| Self { folder: folder.to_owned(), major })
    }

    /// The version's first number.
    pub(in crate::engine::drivers) fn major(&self) -> u32 {
        self.major
    }

    /// Whether a server is among them.
    pub(in crate::engine::drivers) fn have_server(&self) -> bool {
        ["postgres", "initdb", "pg_ctl"].iter().all(|name| self.server(name).is_ok())
    }

    /// One of those of a server.
    pub(in crate::engine::drivers) fn server(&self, name: &str) -> Result<Program, Fault> {
        Program::at(&self.folder.join(name))
    }

    pub(in crate::engine::drivers) fn psql(&self) -> Result<Program, Fault> {
        Program::at(&self.folder.join("psql"))
    }

    pub(in crate::engine::drivers) fn pg_basebackup(&self) -> Result<Program, Fault> {
        Program::at(&self.folder.join("pg_basebackup"))
    }

    pub(in crate::engine::drivers) fn pg_receivewal(&self) -> Result<Program, Fault> {
        Program::at(&self.folder.join("pg_receivewal"))
    }
}

/// Where programs may be, the most likely first.
fn folders() -> Vec<PathBuf> {
    let versioned = VERSIONED.iter().flat_map(|(above, prefix, below)| {
        let names =
            std::fs::read_dir(above).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.file_name());
        let versions = names.filter_map(|name| name.to_str()?.strip_prefix(prefix)?.parse::<u32>().ok());
        versions.map(|version| Path::new(above).join(format!("{prefix}{version}")).join(below)).collect::<Vec<_>>()
    });
    versioned.chain(PLAIN.iter().map(PathBuf::from)).collect()
}

/// `pg_basebackup (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`.
fn major_of(said: &str) -> Option<u32> {
    let version = said.split_once("(PostgreSQL) ")?.1;
    let digits = version.find(|c: char| !c.is_ascii_digit()).unwrap_or(version.len());
    version[..digits].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read_from_what_the_program_says() {
        assert_eq!(major_of("pg_basebackup (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"), Some(15));
        assert_eq!(major_of("pg_basebackup (PostgreSQL) 19devel\n"), Some(19));
        assert_eq!(major_of("something else 15.18"), None);
    }

    #[test]
    fn the_oldest_programs_that_are_no_older_than_the_server_are_taken() {
        let installed = [13, 15, 17].map(|major| Programs { folder: PathBuf::from("/x"), major });
        for (server, taken) in [(13, 13), (14, 15), (15, 15), (16, 17)] {
            assert_eq!(for_server(&installed, server).unwrap().major, taken);
        }
        let refused = for_server(&installed, 18).unwrap_err().to_string();
        assert!(refused.contains("PostgreSQL 17") && refused.contains("postgresql-client-18"), "{refused}");
    }
}
