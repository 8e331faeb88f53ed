//! MariaDB's programs on this machine.

use super::address::Address;
use super::version::Version;
use crate::domain::Secret;
use crate::engine::drivers::Fault;
use crate::engine::drivers::child::Program;
use std::path::Path;
use std::time::Duration;

/// Names the folder of the programs, where they lie in none of the system's.
const FOLDER: &str = "VAULTDECK_MARIADB";

/// How long a program may take to say its version.
const PATIENCE: Duration = Duration::from_secs(20);

/// A program, by its name and the package that has it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Named(&'static str, &'static str);

/// The client.
pub(super) const CLIENT: Named = Named("mariadb", "mariadb-client");

/// Writes the statements that make a server's data again.
pub(super) const DUMP: Named = Named("mariadb-dump", "mariadb-client");

/// Copies the files of a server that runs, and makes a data directory of the copy.
pub(super) const BACKUP: Named = Named("mariadb-backup", "mariadb-backup");

/// The server.
pub(super) const SERVER: Named = Named("mariadbd", "mariadb-server");

impl Named {
    /// The program, whose settings come first.
    pub(super) fn with_settings(self, file: &Path) -> Result<Program, Fault> {
        self.found().map(|program| program.arg(format!("--defaults-file={}", file.display())))
    }

    /// The program, which reads no settings but those that it is given.
    pub(super) fn program(self) -> Result<Program, Fault> {
        self.found().map(|program| program.arg("--no-defaults"))
    }

    /// The program with the way to a server. A password travels in its environment.
    pub(super) fn on_server(self, address: &Address, secret: Option<&Secret>) -> Result<Program, Fault> {
        let told = address.arguments().into_iter().fold(self.program()?, |program, argument| program.arg(argument));
        Ok(secret.into_iter().fold(told, |program, secret| program.secret("MYSQL_PWD", secret)))
    }

    /// The version that it says.
    pub(super) fn version(self) -> Result<Version, Fault> {
        let ended = self.found()?.arg("--version").run(PATIENCE)?;
        let said = format!("{} {}", String::from_utf8_lossy(&ended.output), ended.said);
        let strange = || Fault::Failed(format!("{} does not say its version as MariaDB's programs do: {said}", self.0));
        Version::in_words(&said).ok_or_else(strange)
    }

    fn found(self) -> Result<Program, Fault> {
        match std::env::var_os(FOLDER) {
            None => Program::named(self.0, self.1),
            Some(folder) => {
                let path = Path::new(&folder).join(self.0);
                let missing =
                    |fault| Fault::Failed(format!("{fault} {FOLDER} names that folder; {} has the program.", self.1));
                Program::at(&path).map_err(missing)
            }
        }
    }
}
