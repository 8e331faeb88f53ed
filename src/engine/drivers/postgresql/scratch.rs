//! A scratch server on a restored data directory: on a socket in it and nowhere else, for as long as this lasts.
//!
//! It runs as whom the data belongs to, with settings of its own in place of `postgresql.conf`. What every server reads in its data is
//! `postgresql.auto.conf`, and in that is what a restore to a moment says, but also what was ever set by `ALTER SYSTEM`: whatever of it
//! runs a command, reaches somebody or loads a library is told otherwise by an argument, which counts more than a file. So nothing of
//! what the cluster does by itself begins: no archiving, no command of a recovery, no subscription, no library of others, no autovacuum,
//! no trigger of a session. It trusts whoever reaches its socket, which its owner alone can.

use super::rows;
use crate::engine::drivers::child::{Program, Running, Signal, User};
use crate::engine::drivers::psql::address::Address;
use crate::engine::drivers::psql::on_server;
use crate::engine::drivers::psql::programs::Programs;
use crate::engine::drivers::{Fault, child};
use crate::repository::Control;
use rustix::process::geteuid;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long the recovery may take, or one question.
const PATIENCE: Duration = Duration::from_secs(12 * 60 * 60);

/// How long a server may take to end.
const END: Duration = Duration::from_secs(120);

/// How often it is asked whether it takes connections.
const ASK: Duration = Duration::from_millis(100);

/// The folder of the socket as a program sees it that runs in the data directory: short, however long its path is.
const HERE: &str = "/proc/self/cwd";

/// Where the server's own settings lie in a scratch folder.
const OWN: &str = "server";

/// What a server is told, whatever its data says.
const SETTINGS: [&str; 36] = [
    "listen_addresses=",
    "port=5432",
    "unix_socket_directories=.",
    "unix_socket_permissions=0700",
    "external_pid_file=",
    "max_connections=100",
    "max_prepared_transactions=1000",
    "max_locks_per_transaction=256",
    "shared_buffers=64MB",
    "dynamic_shared_memory_type=mmap",
    "huge_pages=off",
    "fsync=off",
    "full_page_writes=off",
    "hot_standby=off",
    "restart_after_crash=off",
    "autovacuum=off",
    "archive_mode=off",
    // Those of what was backed up would be carried out here, and do there what they do.
    "archive_cleanup_command=",
    "recovery_end_command=",
    "restore_command=false",
    "primary_conninfo=",
    "primary_slot_name=",
    "max_wal_senders=0",
    "wal_level=replica",
    "max_logical_replication_workers=0",
    "shared_preload_libraries=",
    "session_preload_libraries=",
    "local_preload_libraries=",
    "jit=off",
    "ssl=off",
    "logging_collector=off",
    "log_destination=stderr",
    "log_min_messages=warning",
    "ignore_checksum_failure=off",
    "zero_damaged_pages=off",
    "lc_messages=C",
];

/// What sessions are told, whatever a database or a user has of its own.
const OF_SESSIONS: &str = "-c default_transaction_read_only=off -c statement_timeout=0 -c lock_timeout=0 -c row_security=off \
    -c search_path=pg_catalog -c client_min_messages=warning -c session_replication_role=replica";

/// The first version that can do without event triggers, among which are those of each new session.
const WITH_LOGIN_TRIGGERS: u32 = 17;

/// Where questions are asked that are of no database: the second one is in every cluster.
const HOMES: [&str; 2] = ["postgres", "template1"];

/// What a server says that will not let us in later either.
const FOR_GOOD: [&str; 6] = [
    "is not permitted to log in",
    "authentication failed",
    "no pg_hba.conf entry",
    "permission denied",
    "must be superuser",
    "\" does not exist",
];

/// What a server that recovers says, or one that does not listen yet.
const NOT_YET: [&str; 3] = ["the database system is", "No such file or directory", "Connection refused"];

/// For how long it may say something else.
const STRANGE: Duration = Duration::from_secs(120);

/// What stands between the columns of a row.
const COLUMN: char = '\u{1f}';

/// A server that runs; it ends when this is dropped.
pub(super) struct Server {
    running: Option<Running>,
    programs: Programs,
    data: PathBuf,
    /// The user whom the cluster was made with.
    user: String,
    /// Where what is of no database is asked.
    home: &'static str,
}

/// Whom a data directory belongs to, where that is another user than ours and we may become that one.
pub(super) fn owner(data: &Path) -> Result<Option<User>, Fault> {
    let unread = |error: io::Error| Fault::of_io(format_args!("{} cannot be read", data.display()), &error);
    let found = fs::metadata(data).map_err(unread)?;
    match (geteuid().is_root(), found.uid()) {
        (false, _) => Ok(None),
        (true, 0) => Err(Fault::Failed(format!(
            "PostgreSQL does not run as root, to whom the restored files in {} belong.",
            data.display()
        ))),
        (true, uid) => Ok(Some(User { uid, gid: found.gid() })),
    }
}

impl Server {
    /// Starts one, and waits until it has recovered and takes connections. The inner error says why the data does not let it.
    pub(super) fn start(
        programs: &Programs,
        scratch: &Path,
        data: &Path,
        user: &str,
        control: &Control,
    ) -> Result<Result<Self, String>, Fault> {
        let own = scratch.join(OWN);
        write_settings(&own)
            .map_err(|error| Fault::of_io(format_args!("{} cannot be written", own.display()), &error))?;
        let mut program = programs.server("postgres")?.arg("-D").arg(data).within(data);
        for setting in SETTINGS {
            program = program.arg("-c").arg(setting);
        }
        for (setting, file) in
            [("config_file", "postgresql.conf"), ("hba_file", "pg_hba.conf"), ("ident_file", "pg_ident.conf")]
        {
            program = program.arg("-c").arg(format!("{setting}={}", own.join(file).display()));
        }
        program = program.arg("-c").arg(format!("data_directory={}", data.display()));
        if let Some(owner) = owner(data)? {
            program = program.run_by(owner);
        }
        let running = program.start(PATIENCE)?;
        let mut server = Self {
            running: Some(running),
            programs: programs.clone(),
            data: data.to_owned(),
            user: user.to_owned(),
            home: HOMES[0],
        };
        let (begun, mut expected) = (Instant::now(), Instant::now());
        loop {
            if server.running.as_ref().is_none_or(Running::has_ended) {
                return Ok(Err(server.why()));
            }
            let Err(fault) = server.ask(server.home, rows::ANSWER) else { return Ok(Ok(server)) };
            let said = fault.to_string();
            let says = |words: &[&str]| words.iter().any(|words| said.contains(words));
            if control.is_cancelled() {
                return Err(Fault::Failed("The test was stopped.".to_owned()));
            }
            if server.home == HOMES[0] && lacks(&said, server.home) {
                server.home = HOMES[1];
                continue;
            }
            if says(&NOT_YET) {
                expected = Instant::now();
            }
            // What the machine or who asks is the reason for says nothing of the data.
            if says(&FOR_GOOD) || expected.elapsed() > STRANGE || begun.elapsed() > PATIENCE {
                return Err(Fault::Failed(format!("The scratch server does not answer: {said}")));
            }
            std::thread::sleep(ASK);
        }
    }

    /// Where what is of no database is asked.
    pub(super) fn home(&self) -> &'static str {
        self.home
    }

    /// Why it ended.
    fn why(&mut self) -> String {
        match self.running.take().map(Running::finish) {
            Some(Err(fault)) => fault.to_string(),
            Some(Ok(ended)) => format!("postgres ended: {}", ended.said),
            None => "postgres has ended".to_owned(),
        }
    }

    /// A program with the way to a database of the server.
    pub(super) fn reach(&self, program: Program, database: &str) -> Program {
        let address = Address {
            user: self.user.clone(),
            host: HERE.to_owned(),
            port: 5432,
            database: database.to_owned(),
            ssl_mode: None,
            ssl_root_certificate: None,
        };
        on_server(program.within(&self.data), &address, None).env("PGOPTIONS", of_sessions(self.programs.major()))
    }

    /// The rows of an answer.
    pub(super) fn ask(&self, database: &str, question: &str) -> Result<Vec<Vec<String>>, Fault> {
        let column = COLUMN.to_string();
        let arguments = ["-X", "-q", "-A", "-t", "-w", "-F", column.as_str(), "-v", "ON_ERROR_STOP=1", "-c", question];
        let program = arguments.iter().fold(self.programs.psql()?, |program, argument| program.arg(argument));
        let ended = self.reach(program, database).run(PATIENCE)?;
        let text = String::from_utf8_lossy(&ended.output).into_owned();
        Ok(text.lines().map(|line| line.split(COLUMN).map(str::to_owned).collect()).collect())
    }

    /// The databases that take connections.
    pub(super) fn databases(&self) -> Result<Vec<String>, Fault> {
        Ok(self.ask(self.home, rows::DATABASES)?.into_iter().flatten().collect())
    }

    /// Ends it in an orderly way, so that all it knows is in its files.
    pub(super) fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        if let Some(running) = self.running.take() {
            running.end(Signal::INT, END);
        }
        forget_memory(&self.data);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

/// Whether a server says that it has no such database.
fn lacks(said: &str, database: &str) -> bool {
    said.contains(&format!("database \"{database}\" does not exist"))
}

/// What sessions of this version are told.
fn of_sessions(major: u32) -> String {
    let triggers = if major >= WITH_LOGIN_TRIGGERS { " -c event_triggers=off" } else { "" };
    format!("{OF_SESSIONS}{triggers}")
}

/// Files that its owner alone needs, but who that is depends on the data.
fn write_settings(own: &Path) -> io::Result<()> {
    fs::create_dir_all(own)?;
    fs::set_permissions(own, Permissions::from_mode(0o755))?;
    for (name, text) in [("postgresql.conf", ""), ("pg_hba.conf", "local all all trust\n"), ("pg_ident.conf", "")] {
        let path = own.join(name);
        fs::write(&path, text)?;
        fs::set_permissions(&path, Permissions::from_mode(0o644))?;
    }
    Ok(())
}

/// Gives back the memory that a killed server held in common with its own processes: the system keeps it until somebody does. The server wrote down
/// which it is, and by now the number may be another one's: only what has that key too, and is nobody's any more, goes.
pub(super) fn forget_memory(data: &Path) {
    let Ok(text) = fs::read_to_string(data.join("postmaster.pid")) else { return };
    let Some((key, id)) = memory_of(&text) else { return };
    let there = fs::read_to_string("/proc/sysvipc/shm").unwrap_or_default();
    if !is_left(&there, key, id) {
        return;
    }
    if let Ok(program) = child::Program::named("ipcrm", "util-linux") {
        // One that is not there any more is what is wanted.
        let _ = program.arg("-m").arg(id.to_string()).run(END);
    }
}

/// The key and the number of that memory, in the seventh line. The key is a number with a sign, which the server writes without.
fn memory_of(text: &str) -> Option<(i32, u32)> {
    let mut numbers = text.lines().nth(6)?.split_whitespace();
    Some((numbers.next()?.parse::<u64>().ok()? as i32, numbers.next()?.parse().ok()?))
}

/// Whether the system has memory with this key and number that no process holds: key, number, mode, size, two processes, and how many
/// hold it.
fn is_left(there: &str, key: i32, id: u32) -> bool {
    there.lines().any(|line| {
        let fields: Vec<&str> = line.split_whitespace().take(7).collect();
        let [of_key, of_id, _, _, _, _, held] = fields[..] else { return false };
        of_key.parse() == Ok(key) && of_id.parse() == Ok(id) && held == "0"
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_of_a_server_is_in_the_seventh_line() {
        let text = "123\n/data\n1795716984\n5432\n/data\n\n 17405484     65536\nready   \n";
        assert_eq!(memory_of(text), Some((17_405_484, 65_536)));
        let signed = "1\n2\n3\n4\n5\n6\n18446744073709551615 7\n";
        assert_eq!(memory_of(signed), Some((-1, 7)));
        assert_eq!(memory_of("123\n/data\n"), None);
        assert_eq!(memory_of("1\n2\n3\n4\n5\n6\nx -m\n"), None);
    }

    #[test]
    fn memory_that_is_somebodys_or_anothers_is_left_alone() {
        let there = "       key      shmid perms                  size  cpid  lpid nattch   uid\n  17405484      65536   600  56  10  11      0   100\n\
                     17405485      65537   600  56  10  11      2   100\n";
        assert!(is_left(there, 17_405_484, 65_536));
        for (key, id) in [(17_405_485, 65_537), (17_405_485, 65_536), (17_405_484, 65_537)] {
            assert!(!is_left(there, key, id), "{key} {id}");
        }
    }

    #[test]
    fn no_session_has_a_trigger_where_the_version_knows_any() {
        assert!(of_sessions(17).ends_with(" -c event_triggers=off") && !of_sessions(16).contains("event_triggers"));
        let said = "FATAL: database \"postgres\" does not exist";
        assert!(lacks(said, "postgres") && !lacks("FATAL: role \"postgres\" does not exist", "postgres"));
    }

    #[test]
    fn a_scratch_server_reaches_nobody_and_nobody_reaches_it() {
        for setting in [
            "listen_addresses=",
            "archive_mode=off",
            "max_logical_replication_workers=0",
            "shared_preload_libraries=",
            "recovery_end_command=",
            "archive_cleanup_command=",
        ] {
            assert!(SETTINGS.contains(&setting), "{setting}");
        }
    }
}
