//! A scratch server on a prepared copy: on a socket in it and nowhere else, for as long as this lasts.
//!
//! It runs as whom the files belong to, and never as root where the machine has another user, as do the programs that talk to it. Nothing of what the data does by itself begins: no replication, no
//! events, no plugin.

use super::owner::{served_by, take_over};
use super::programs::{CLIENT, SERVER};
use super::rows;
use super::server::rows_of;
use super::starting::{LIMIT, await_answer};
use super::target::SETTINGS_FILE;
use crate::domain::Secret;
use crate::engine::drivers::Fault;
use crate::engine::drivers::child::{Program, Running, Signal, User};
use crate::engine::drivers::unique::unique;
use crate::repository::Control;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, fchown};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long one question may take: a check reads whole tables.
const PATIENCE: Duration = Duration::from_secs(12 * 60 * 60);

/// How long the answer of one that starts may take.
const ANSWER: Duration = Duration::from_secs(120);

/// How long a server may take to end.
const END: Duration = Duration::from_secs(300);

/// How many rows are asked for at a time.
const ROWS: usize = 1000;

/// The socket, in the data directory, where the server and its clients are at home: its path is short, however long that of the folder is.
const SOCKET: &str = "vaultdeck.sock";

/// What makes the user for us, in the data directory while the server starts.
const BEGIN: &str = "vaultdeck-begin.sql";

/// What a server is told, whatever its data says.
const SETTINGS: [&str; 12] = [
    "--skip-networking",
    "--skip-slave-start",
    "--skip-log-bin",
    "--skip-name-resolve",
    "--performance-schema=OFF",
    "--innodb-buffer-pool-size=64M",
    "--innodb-buffer-pool-load-at-startup=OFF",
    "--innodb-buffer-pool-dump-at-shutdown=OFF",
    "--lower-case-table-names=0",
    "--max-allowed-packet=1G",
    "--pid-file=vaultdeck.pid",
    "--tmpdir=.",
];

/// What one is told that asks nobody for rights, and what one that has a user for us: only that one tells its events, and runs none.
const FOR_ALL: [&str; 2] = ["--skip-grant-tables", "--event-scheduler=DISABLED"];
const FOR_US: [&str; 1] = ["--event-scheduler=OFF"];

/// A server that runs; it ends when this is dropped.
pub(super) struct Server {
    running: Option<Running>,
    way: Way,
}

/// How it is reached.
struct Way {
    data: PathBuf,
    /// As whom it runs, and all that talks to it.
    worker: Option<User>,
    /// As whom it knows us.
    user: String,
    password: Option<Secret>,
}

impl Server {
    /// Starts one that asks nobody for rights, and waits until it takes connections. The inner error says why the data does not let it.
    pub(super) fn start(data: &Path, control: &Control) -> Result<Result<Self, String>, Fault> {
        let worker = worker(data)?;
        let way = Way { data: data.to_owned(), worker, user: "root".to_owned(), password: None };
        way.start(&FOR_ALL, control)
    }

    /// The same, of one that asks for rights and has a user for us who may do everything.
    pub(super) fn start_for_us(data: &Path, control: &Control) -> Result<Result<Self, String>, Fault> {
        let worker = worker(data)?;
        let (user, password) = (format!("vaultdeck-{}", unique()?), format!("aA1-{}{}", unique()?, unique()?));
        let file = data.join(BEGIN);
        let written = write_for(&file, &rows::user(&user, &password).0, worker);
        written.map_err(|error| Fault::of_io(format_args!("{} cannot be written", file.display()), &error))?;
        let way = Way { data: data.to_owned(), worker, user, password: Some(Secret::new(password)) };
        let begin = format!("--init-file={}", file.display());
        let settings: Vec<&str> = FOR_US.into_iter().chain([begin.as_str()]).collect();
        let started = way.start(&settings, control);
        let _ = fs::remove_file(&file);
        started
    }

    /// A program of the client with the way to the server.
    pub(super) fn reach(&self, program: Program) -> Program {
        self.way.reach(program)
    }

    /// The rows of an answer.
    pub(super) fn ask(&self, question: &str) -> Result<Vec<Vec<String>>, Fault> {
        self.way.ask(question)
    }

    /// The rows of an answer of any length, some at a time: `question` is told how many it has given, and how many it may give.
    pub(super) fn all_rows(&self, question: fn(usize, usize) -> String) -> Result<Vec<Vec<String>>, Fault> {
        let mut rows = Vec::new();
        loop {
            let next = self.ask(&question(rows.len(), ROWS))?;
            let is_last = next.len() < ROWS;
            rows.extend(next);
            if is_last {
                return Ok(rows);
            }
        }
    }

    /// Ends it in an orderly way.
    pub(super) fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        if let Some(running) = self.running.take() {
            running.end(Signal::TERM, END);
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

impl Way {
    fn start(self, settings: &[&str], control: &Control) -> Result<Result<Server, String>, Fault> {
        let of_data = self.data.join(SETTINGS_FILE);
        let program = if of_data.is_file() { SERVER.with_settings(&of_data)? } else { SERVER.program()? };
        let program = program.arg(format!("--datadir={}", self.data.display())).arg(format!("--socket={SOCKET}"));
        let settings = SETTINGS.iter().chain(settings);
        let program = settings.fold(program, |program, setting| program.arg(setting));
        let running = served_by(program.within(&self.data), self.worker).start(PATIENCE)?;
        let answer = || self.ask_for(ANSWER, rows::ANSWER).map(drop);
        let started = await_answer(running, LIMIT, &|| control.is_cancelled(), &answer)?;
        Ok(started.map(|running| Server { running: Some(running), way: self }))
    }

    fn reach(&self, program: Program) -> Program {
        let program = program.arg("--protocol=socket").arg(format!("--socket={SOCKET}"));
        let program = program.arg(format!("--user={}", self.user)).within(&self.data);
        let program = self.worker.into_iter().fold(program, Program::run_by);
        self.password.iter().fold(program, |program, password| program.secret("MYSQL_PWD", password))
    }

    fn ask(&self, question: &str) -> Result<Vec<Vec<String>>, Fault> {
        self.ask_for(PATIENCE, question)
    }

    fn ask_for(&self, patience: Duration, question: &str) -> Result<Vec<Vec<String>>, Fault> {
        let arguments = [
            "--batch",
            "--skip-column-names",
            "--connect-timeout=30",
            "--default-character-set=utf8mb4",
            "--execute",
            question,
        ];
        let program = arguments.iter().fold(self.reach(CLIENT.program()?), |program, argument| program.arg(argument));
        Ok(rows_of(&program.run(patience)?.output))
    }
}

/// Who works on a scratch folder.
fn worker(data: &Path) -> Result<Option<User>, Fault> {
    take_over(data).map_err(|error| Fault::of_io(format_args!("{} cannot be read", data.display()), &error))
}

/// Writes a file that only a user can read.
fn write_for(path: &Path, text: &str, user: Option<User>) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    // By no path: whoever owns the folder may have put a link there meanwhile.
    user.map_or(Ok(()), |user| fchown(&file, Some(user.uid), Some(user.gid)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scratch_server_reaches_nobody_and_nobody_reaches_it() {
        for setting in ["--skip-networking", "--skip-slave-start", "--skip-log-bin"] {
            assert!(SETTINGS.contains(&setting), "{setting}");
        }
        assert!(FOR_ALL.contains(&"--event-scheduler=DISABLED") && FOR_US.contains(&"--event-scheduler=OFF"));
    }
}
