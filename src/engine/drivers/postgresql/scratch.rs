//! A scratch server on a restored data directory: on a socket in it and nowhere else, for as long as this lasts.
//!
//! It runs as whom the data belongs to, with settings of its own: of those that were restored it has only what a restore to a moment
//! says. So nothing of what the cluster does by itself begins: no archiving, no subscription, no library of others, no autovacuum. It
//! trusts whoever reaches its socket, which its owner alone can.

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
use std::time::Duration;

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
const SETTINGS: [&str; 31] = [
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
    -c search_path=pg_catalog -c client_min_messages=warning";

/// What stands between the columns of a row.
const COLUMN: char = '\u{1f}';

/// A server that runs; it ends when this is dropped.
pub(super) struct Server {
    running: Option<Running>,
    programs: Programs,
    data: PathBuf,
    /// The user whom the cluster was made with.
    user: String,
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
        let mut server =
            Self { running: Some(running), programs: programs.clone(), data: data.to_owned(), user: user.to_owned() };
        loop {
            if server.running.as_ref().is_none_or(Running::has_ended) {
                return Ok(Err(server.why()));
            }
            match server.ask("postgres", rows::ANSWER) {
                Ok(_) => return Ok(Ok(server)),
                // It answers, and will not answer otherwise later.
                Err(fault) if fault.to_string().contains("does not exist") => return Ok(Err(fault.to_string())),
                Err(_) if control.is_cancelled() => return Err(Fault::Failed("The test was stopped.".to_owned())),
                Err(_) => std::thread::sleep(ASK),
            }
        }
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
        on_server(program.within(&self.data), &address, None).env("PGOPTIONS", OF_SESSIONS)
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
        Ok(self.ask("postgres", rows::DATABASES)?.into_iter().flatten().collect())
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
/// which it is.
pub(super) fn forget_memory(data: &Path) {
    let Ok(text) = fs::read_to_string(data.join("postmaster.pid")) else { return };
    let Some(id) = memory_of(&text) else { return };
    if let Ok(program) = child::Program::named("ipcrm", "util-linux") {
        // One that is not there any more is what is wanted.
        let _ = program.arg("-m").arg(id).run(END);
    }
}

/// The number of that memory, in the seventh line behind its key.
fn memory_of(text: &str) -> Option<&str> {
    let id = text.lines().nth(6)?.split_whitespace().nth(1)?;
    id.bytes().all(|digit| digit.is_ascii_digit()).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_of_a_server_is_in_the_seventh_line() {
        let text = "123\n/data\n1795716984\n5432\n/data\n\n 17405484     65536\nready   \n";
        assert_eq!(memory_of(text), Some("65536"));
        assert_eq!(memory_of("123\n/data\n"), None);
        assert_eq!(memory_of("1\n2\n3\n4\n5\n6\nx -m\n"), None);
    }

    #[test]
    fn a_scratch_server_reaches_nobody_and_nobody_reaches_it() {
        for setting in
            ["listen_addresses=", "archive_mode=off", "max_logical_replication_workers=0", "shared_preload_libraries="]
        {
            assert!(SETTINGS.contains(&setting), "{setting}");
        }
    }
}
