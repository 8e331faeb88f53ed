//! A server that runs on a restored data directory for as long as its log is applied, and that nobody else can reach: it has a socket in a
//! folder of ours alone, no port, and a user for us with a password that nobody knows, who is gone with it.

use super::super::programs::{BINLOG, CLIENT, SERVER};
use super::super::rows;
use super::FOLDER;
use super::server::{NAMES_DETAIL, STORAGE_DETAIL};
use crate::domain::{PointDetails, Secret};
use crate::engine::drivers::Fault;
use crate::engine::drivers::child::{Program, Running};
use crate::engine::keys::random;
use crate::repository::Identity;
use rustix::process::geteuid;
use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long it may take to start and to end, and one statement of its log.
const PATIENCE: Duration = Duration::from_secs(12 * 60 * 60);

/// How often it is asked whether it has started.
const GLANCE: Duration = Duration::from_millis(100);

/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(120);

/// What a path to a socket may have at most, with room for its name.
const LONGEST: usize = 90;

/// The folder beside the log for what is large and goes: on the disk of the data, and not on the machine's for such things.
const ASIDE: &str = "aside";

/// The settings that a copy of a server has.
const SETTINGS: &str = "backup-my.cnf";

/// What it does not do while it only runs through a log: nobody waits for what it writes to be safe, and if it breaks off all is
/// made anew.
const CALM: [&str; 15] = [
    "--skip-networking",
    // Nothing of its data leads out of the data directory.
    "--skip-symbolic-links",
    "--skip-log-bin",
    "--skip-slave-start",
    "--skip-name-resolve",
    "--event-scheduler=OFF",
    "--performance-schema=OFF",
    "--general-log=OFF",
    "--slow-query-log=OFF",
    "--max-allowed-packet=1G",
    "--max-statement-time=0",
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-buffer-pool-load-at-startup=OFF",
    "--innodb-buffer-pool-dump-at-shutdown=OFF",
    "--innodb-strict-mode=OFF",
];

/// The server.
pub(super) struct Scratch {
    running: Running,
    private: Private,
    /// Where what is large and goes lies.
    aside: PathBuf,
    user: String,
    password: Secret,
    /// What ends it.
    end: String,
}

impl Scratch {
    /// Starts it on a data directory, and waits until it answers.
    pub(super) fn start(data: &Path, identity: Identity, details: &PointDetails) -> Result<Self, Fault> {
        let private = Private::make(identity)?;
        let aside = data.join(FOLDER).join(ASIDE);
        let made = DirBuilder::new().mode(0o700).create(&aside);
        made.map_err(|error| Fault::of_io(format_args!("The folder {}", aside.display()), &error))?;
        let user = format!("vaultdeck-{}", unique()?);
        let password = format!("aA1-{}{}", unique()?, unique()?);
        let (begin, end) = rows::user(&user, &password);
        let beginning = private.write("begin.sql", &begin).map_err(|error| private.failed(&error))?;
        let told = |key: &str, name: &str| details.get(name).map(|value| format!("--{key}={value}"));
        let of_server = [told("lower-case-table-names", NAMES_DETAIL), told("default-storage-engine", STORAGE_DETAIL)];
        let own = [
            format!("--datadir={}", data.display()),
            format!("--socket={}", private.socket().display()),
            format!("--pid-file={}", private.0.join("pid").display()),
            format!("--tmpdir={}", aside.display()),
            format!("--init-file={}", beginning.display()),
        ];
        // The folder is ours alone.
        let as_us = geteuid().is_root().then(|| "--user=root".to_owned());
        let arguments = own.into_iter().chain(of_server.into_iter().flatten()).chain(as_us);
        let program = SERVER.with_settings(&data.join(SETTINGS))?;
        let program = CALM.into_iter().fold(program, |program, argument| program.arg(argument));
        let running = arguments.fold(program, |program, argument| program.arg(argument)).start(PATIENCE)?;
        let mut scratch = Self { running, private, aside, user, password: Secret::new(password), end };
        scratch.await_answer()?;
        Ok(scratch)
    }

    fn await_answer(&mut self) -> Result<(), Fault> {
        let until = Instant::now() + PATIENCE;
        while !self.running.has_ended() && Instant::now() < until {
            if self.private.socket().exists() && self.ask(rows::ALIVE).is_ok() {
                return Ok(());
            }
            std::thread::sleep(GLANCE);
        }
        Err(Fault::Failed("The server that was to apply the log did not start".to_owned()))
    }

    /// The answer to a statement.
    pub(super) fn ask(&self, statement: &str) -> Result<String, Fault> {
        let program = self.client()?.arg("--batch").arg("--skip-column-names").arg("--execute").arg(statement);
        let ended = program.run(ANSWER)?;
        Ok(String::from_utf8_lossy(&ended.output).trim().to_owned())
    }

    fn client(&self) -> Result<Program, Fault> {
        let program = CLIENT.program()?.arg("--protocol=socket").arg(format!("--user={}", self.user));
        let program = program.arg(format!("--socket={}", self.private.socket().display()));
        Ok(program.secret("MYSQL_PWD", &self.password))
    }

    /// A client that runs what it is told.
    pub(super) fn listener(&self) -> Result<Running, Fault> {
        let arguments = ["--batch", "--binary-mode", "--comments", "--max-allowed-packet=1G"];
        let program = arguments.into_iter().fold(self.client()?, |program, argument| program.arg(argument));
        program.with_input().start(PATIENCE)
    }

    /// A program that writes the statements of files of a log.
    pub(super) fn reader(&self, files: &[PathBuf], start: u64, stop: Option<u64>) -> Result<Running, Fault> {
        let program = BINLOG.program()?.env("TZ", "UTC").arg(format!("--start-position={start}"));
        let program = program.arg(format!("--local-load={}", self.aside.display()));
        let stop = stop.map(|stop| format!("--stop-position={stop}"));
        let program = stop.into_iter().fold(program, |program, argument| program.arg(argument));
        files.iter().fold(program, |program, file| program.arg(file)).start(PATIENCE)
    }

    /// Ends it, when all it has is on the disk and nothing of us is left in it.
    pub(super) fn finish(self) -> Result<(), Fault> {
        self.ask(&self.end)?;
        self.running.finish().map(drop)
    }
}

/// A folder that nobody else can look into. It is called after the data directory: what an engine left that was killed is removed by
/// the next attempt.
struct Private(PathBuf);

impl Private {
    fn make(identity: Identity) -> Result<Self, Fault> {
        let path = std::env::temp_dir().join(format!("vaultdeck-{:x}-{:x}", identity.device, identity.inode));
        let private = |error: &io::Error| Fault::of_io(format_args!("The folder {}", path.display()), error);
        if path.as_os_str().len() > LONGEST {
            return Err(Fault::Failed(format!("The path {} is too long for a socket: set TMPDIR.", path.display())));
        }
        // In the system's folder for such things nobody can put another in the place of ours.
        let before = std::fs::symlink_metadata(&path);
        if before.is_ok_and(|before| before.is_dir() && before.uid() == geteuid().as_raw()) {
            std::fs::remove_dir_all(&path).map_err(|error| private(&error))?;
        }
        DirBuilder::new().mode(0o700).create(&path).map_err(|error| private(&error))?;
        Ok(Self(path))
    }

    fn socket(&self) -> PathBuf {
        self.0.join("socket")
    }

    fn write(&self, name: &str, text: &str) -> io::Result<PathBuf> {
        let path = self.0.join(name);
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?.write_all(text.as_bytes())?;
        Ok(path)
    }

    fn failed(&self, error: &io::Error) -> Fault {
        Fault::of_io(format_args!("The folder {}", self.0.display()), error)
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Sixteen hexadecimal digits that nobody has.
fn unique() -> Result<String, Fault> {
    let mut bytes = [0; 8];
    random(&mut bytes).map_err(|error| Fault::Failed(error.to_string()))?;
    Ok(hex::encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn nobody_looks_into_the_folder_and_what_was_left_in_it_goes() {
        let identity = Identity { device: 0xF00D, inode: u64::from(std::process::id()) };
        let private = Private::make(identity).unwrap();
        let path = private.0.clone();
        let file = private.write("begin.sql", "secret").unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(&file)), (0o700, 0o600));
        // As after a `kill -9`.
        std::mem::forget(private);
        let again = Private::make(identity).unwrap();
        assert!(!file.exists() && path.exists());
        drop(again);
        assert!(!path.exists());
    }

    #[test]
    fn a_server_that_applies_a_log_reaches_nobody_and_follows_no_link() {
        for setting in ["--skip-networking", "--skip-slave-start", "--event-scheduler=OFF", "--skip-symbolic-links"] {
            assert!(CALM.contains(&setting), "{setting}");
        }
    }
}
