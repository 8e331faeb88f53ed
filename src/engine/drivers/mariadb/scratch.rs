//! A scratch server on a prepared copy: on a socket in it and nowhere else, for as long as this lasts.
//!
//! It runs as whom the files belong to, and asks nobody for rights. Nothing of what the data does by itself begins: no replication, no
//! events, no plugin.

use super::programs::{CLIENT, SERVER};
use super::rows;
use super::server::rows_of;
use super::target::SETTINGS_FILE;
use crate::engine::drivers::Fault;
use crate::engine::drivers::child::{Program, Running, Signal, User};
use crate::repository::Control;
use rustix::process::geteuid;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long the recovery may take, or one question.
const PATIENCE: Duration = Duration::from_secs(12 * 60 * 60);

/// How long a server may take to end.
const END: Duration = Duration::from_secs(300);

/// How often it is asked whether it takes connections.
const ASK: Duration = Duration::from_millis(100);

/// How many rows are asked for at a time.
const ROWS: usize = 1000;

/// The socket, in the data directory, where the server and its clients are at home: its path is short, however long that of the folder is.
const SOCKET: &str = "vaultdeck.sock";

/// What a server is told, whatever its data says.
const SETTINGS: [&str; 12] = [
    "--skip-networking",
    "--skip-grant-tables",
    "--skip-slave-start",
    "--skip-log-bin",
    "--event-scheduler=DISABLED",
    "--performance-schema=OFF",
    "--innodb-buffer-pool-size=64M",
    "--innodb-buffer-pool-load-at-startup=OFF",
    "--innodb-buffer-pool-dump-at-shutdown=OFF",
    "--lower-case-table-names=0",
    "--pid-file=vaultdeck.pid",
    "--tmpdir=.",
];

/// A server that runs; it ends when this is dropped.
pub(super) struct Server {
    running: Option<Running>,
    data: PathBuf,
}

impl Server {
    /// Starts one, and waits until it takes connections. The inner error says why the data does not let it.
    pub(super) fn start(data: &Path, control: &Control) -> Result<Result<Self, String>, Fault> {
        let settings = data.join(SETTINGS_FILE);
        let program = if settings.is_file() { SERVER.with_settings(&settings)? } else { SERVER.program()? };
        let mut program = program.arg(format!("--datadir={}", data.display())).arg(format!("--socket={SOCKET}"));
        program = SETTINGS.iter().fold(program, |program, setting| program.arg(setting)).within(data);
        program = as_owner(program, data)?;
        let mut server = Self { running: Some(program.start(PATIENCE)?), data: data.to_owned() };
        loop {
            if server.running.as_ref().is_none_or(Running::has_ended) {
                return Ok(Err(server.why()));
            }
            match server.ask(rows::ANSWER) {
                Ok(_) => return Ok(Ok(server)),
                Err(_) if control.is_cancelled() => return Err(Fault::Failed("The test was stopped.".to_owned())),
                Err(_) => std::thread::sleep(ASK),
            }
        }
    }

    /// Why it ended.
    fn why(&mut self) -> String {
        match self.running.take().map(Running::finish) {
            Some(Err(fault)) => fault.to_string(),
            Some(Ok(ended)) => format!("mariadbd ended: {}", ended.said),
            None => "mariadbd has ended".to_owned(),
        }
    }

    /// A program of the client with the way to the server.
    pub(super) fn reach(&self, program: Program) -> Program {
        program.arg("--protocol=socket").arg(format!("--socket={SOCKET}")).arg("--user=root").within(&self.data)
    }

    /// The rows of an answer.
    pub(super) fn ask(&self, question: &str) -> Result<Vec<Vec<String>>, Fault> {
        let arguments = ["--batch", "--skip-column-names", "--default-character-set=utf8mb4", "--execute", question];
        let program = arguments.iter().fold(self.reach(CLIENT.program()?), |program, argument| program.arg(argument));
        Ok(rows_of(&program.run(PATIENCE)?.output))
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

/// As whom the data belongs to; root's is served by root, who may then say so.
fn as_owner(program: Program, data: &Path) -> Result<Program, Fault> {
    let unread = |error: io::Error| Fault::of_io(format_args!("{} cannot be read", data.display()), &error);
    let found = fs::metadata(data).map_err(unread)?;
    Ok(match (geteuid().is_root(), found.uid()) {
        (false, _) => program,
        (true, 0) => program.arg("--user=root"),
        (true, uid) => program.run_by(User { uid, gid: found.gid() }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scratch_server_reaches_nobody_and_nobody_reaches_it() {
        for setting in ["--skip-networking", "--skip-slave-start", "--event-scheduler=DISABLED"] {
            assert!(SETTINGS.contains(&setting), "{setting}");
        }
    }
}
