//! A server that runs on a restored data directory for as long as its log is applied, and that nobody else can reach: it has a socket in a
//! folder of its user alone, no port, and a user for us with a password that nobody knows, who is gone with it.
//!
//! It runs as whom the files belong to, as does all that talks to it. A server knows its files by their whole path: where that
//! user does not come there, as below the engine's own folder, which root alone may enter, it has to be root's.

use super::super::owner::{is_root, reaches, served_by};
use super::super::programs::{BINLOG, CLIENT, SERVER};
use super::super::rows;
use super::super::starting::{LIMIT, await_answer};
use super::FOLDER;
use super::server::{NAMES_DETAIL, STORAGE_DETAIL};
use crate::domain::{PointDetails, Secret};
use crate::engine::drivers::Fault;
use crate::engine::drivers::child::{Program, Running, User};
use crate::engine::drivers::unique::unique;
use rustix::fs::{Gid, Mode, OFlags, Uid, fchown, mkdirat, open, openat};
use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long it may take to start and to end, and one statement of its log.
const PATIENCE: Duration = Duration::from_secs(12 * 60 * 60);

/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(120);

/// The folder beside the log for what is the server's alone and goes, and what is in it. Paths from the data directory, where all these
/// programs are at home: a socket has a short one.
const ASIDE: &str = "binary-logs/aside";
const OWN: &str = "aside";
const OWN_BEGIN: &str = "begin.sql";
const SOCKET: &str = "binary-logs/aside/socket";
const PID: &str = "binary-logs/aside/pid";
const BEGIN: &str = "binary-logs/aside/begin.sql";

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
    way: Way,
    /// What ends it.
    end: String,
}

/// How it is reached.
struct Way {
    data: PathBuf,
    worker: Option<User>,
    user: String,
    password: Secret,
}

impl Scratch {
    /// Starts it on a data directory that belongs to `worker`, and waits until it answers.
    pub(super) fn start(data: &Path, worker: Option<User>, details: &PointDetails) -> Result<Self, Fault> {
        let worker = worker.filter(|user| reaches(*user, data));
        let user = format!("vaultdeck-{}", unique()?);
        let password = format!("aA1-{}{}", unique()?, unique()?);
        let (begin, end) = rows::user(&user, &password);
        let made = make_aside(data, &begin, worker);
        made.map_err(|error| Fault::of_io(format_args!("The folder {}", data.join(ASIDE).display()), &error))?;
        let told = |key: &str, name: &str| details.get(name).map(|value| format!("--{key}={value}"));
        let of_server = [told("lower-case-table-names", NAMES_DETAIL), told("default-storage-engine", STORAGE_DETAIL)];
        let own = [
            format!("--datadir={}", data.display()),
            format!("--socket={SOCKET}"),
            format!("--pid-file={PID}"),
            format!("--tmpdir={ASIDE}"),
            format!("--init-file={}", data.join(BEGIN).display()),
        ];
        let program = SERVER.with_settings(&data.join(SETTINGS))?;
        let program = CALM.into_iter().fold(program, |program, argument| program.arg(argument));
        let arguments = own.into_iter().chain(of_server.into_iter().flatten());
        let program = arguments.fold(program, |program, argument| program.arg(argument)).within(data);
        let running = served_by(program, worker).start(PATIENCE)?;
        let way = Way { data: data.to_owned(), worker, user, password: Secret::new(password) };
        let running = await_answer(running, LIMIT, &|| false, &|| way.ask(rows::ALIVE).map(drop))?;
        let ended = |why| Fault::Failed(format!("The server that was to apply the log did not start: {why}"));
        Ok(Self { running: running.map_err(ended)?, way, end })
    }

    /// That it ran as root, where it did.
    pub(super) fn root_note(&self) -> Option<String> {
        let shown = self.way.data.display();
        is_root(self.way.worker).then(|| {
            format!("The log was applied as root, since the user whom the files belong to does not come to {shown} through what is above it.")
        })
    }

    /// The answer to a statement.
    pub(super) fn ask(&self, statement: &str) -> Result<String, Fault> {
        self.way.ask(statement)
    }

    /// A client that runs what it is told.
    pub(super) fn listener(&self) -> Result<Running, Fault> {
        let arguments = ["--batch", "--binary-mode", "--comments", "--max-allowed-packet=1G"];
        let program = arguments.into_iter().fold(self.way.client()?, |program, argument| program.arg(argument));
        program.with_input().start(PATIENCE)
    }

    /// A program that writes the statements of files of a log, which lie in the data directory.
    pub(super) fn reader(&self, files: &[PathBuf], start: u64, stop: Option<u64>) -> Result<Running, Fault> {
        let program = BINLOG.program()?.env("TZ", "UTC").arg(format!("--start-position={start}"));
        let program = program.arg(format!("--local-load={ASIDE}"));
        let stop = stop.map(|stop| format!("--stop-position={stop}"));
        let program = stop.into_iter().fold(program, |program, argument| program.arg(argument));
        self.way.at_home(files.iter().fold(program, |program, file| program.arg(file))).start(PATIENCE)
    }

    /// Ends it, when all it has is on the disk and nothing of us is left in it.
    pub(super) fn finish(self) -> Result<(), Fault> {
        self.ask(&self.end)?;
        self.running.finish().map(drop)
    }
}

impl Way {
    /// A program in the data directory, as whom that belongs to.
    fn at_home(&self, program: Program) -> Program {
        self.worker.into_iter().fold(program.within(&self.data), Program::run_by)
    }

    fn client(&self) -> Result<Program, Fault> {
        let program = CLIENT.program()?.arg("--protocol=socket").arg(format!("--user={}", self.user));
        let program = program.arg(format!("--socket={SOCKET}")).arg("--connect-timeout=30");
        Ok(self.at_home(program).secret("MYSQL_PWD", &self.password))
    }

    fn ask(&self, statement: &str) -> Result<String, Fault> {
        let program = self.client()?.arg("--batch").arg("--skip-column-names").arg("--execute").arg(statement);
        let ended = program.run(ANSWER)?;
        Ok(String::from_utf8_lossy(&ended.output).trim().to_owned())
    }
}

/// Makes the folder that only the server's user can look into, with what makes our user in it. From one folder to the next, and never by a
/// path: whoever owns the data may put a link in the place of a folder meanwhile.
fn make_aside(data: &Path, begin: &str, worker: Option<User>) -> io::Result<()> {
    let as_folder = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let logs = openat(open(data, as_folder, Mode::empty())?, FOLDER, as_folder | OFlags::NOFOLLOW, Mode::empty())?;
    mkdirat(&logs, OWN, Mode::RWXU)?;
    let folder = openat(&logs, OWN, as_folder | OFlags::NOFOLLOW, Mode::empty())?;
    let new = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut file = File::from(openat(&folder, OWN_BEGIN, new, Mode::RUSR | Mode::WUSR)?);
    file.write_all(begin.as_bytes())?;
    let Some(User { uid, gid }) = worker else { return Ok(()) };
    let (uid, gid) = (Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)));
    fchown(&file, uid, gid)?;
    Ok(fchown(&folder, uid, gid)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn nobody_looks_into_the_folder_of_the_server() {
        let data = tempfile::tempdir().unwrap();
        std::fs::create_dir(data.path().join(FOLDER)).unwrap();
        make_aside(data.path(), "secret", None).unwrap();
        let mode = |path: &str| std::fs::metadata(data.path().join(path)).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(ASIDE), mode(BEGIN)), (0o700, 0o600));
        assert_eq!(BEGIN, format!("{FOLDER}/{OWN}/{OWN_BEGIN}"));
        assert!([ASIDE, SOCKET, PID, BEGIN].iter().all(|path| path.starts_with(FOLDER)));
    }

    #[test]
    fn nothing_is_made_or_given_where_a_link_leads() {
        let (data, precious) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::os::unix::fs::symlink(precious.path(), data.path().join(FOLDER)).unwrap();
        make_aside(data.path(), "secret", None).unwrap_err();
        assert_eq!(std::fs::read_dir(precious.path()).unwrap().count(), 0);
        std::fs::remove_file(data.path().join(FOLDER)).unwrap();
        std::fs::create_dir(data.path().join(FOLDER)).unwrap();
        std::os::unix::fs::symlink(precious.path(), data.path().join(ASIDE)).unwrap();
        make_aside(data.path(), "secret", None).unwrap_err();
        assert_eq!(std::fs::read_dir(precious.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_server_that_applies_a_log_reaches_nobody_and_follows_no_link() {
        for setting in ["--skip-networking", "--skip-slave-start", "--event-scheduler=OFF", "--skip-symbolic-links"] {
            assert!(CALM.contains(&setting), "{setting}");
        }
    }
}
