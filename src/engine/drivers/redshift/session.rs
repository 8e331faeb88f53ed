//! One session of `psql`: its questions are asked within one transaction, and it ends when this is dropped or the engine ends.

use super::{rows, unique};
use crate::domain::Secret;
use crate::engine::drivers::Fault;
use crate::engine::drivers::child::Running;
use crate::engine::drivers::psql::address::Address;
use crate::engine::drivers::psql::{faults, on_server, programs};
use crate::repository::Control;
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::time::Duration;

/// How long nothing may come.
const PATIENCE: Duration = Duration::from_secs(30 * 60);

/// How many rows come at once.
const FETCH: u32 = 1000;

/// A session.
pub(super) struct Session {
    address: Address,
    running: Option<BufReader<Running>>,
    /// The line behind each answer, which nobody could have put into one.
    end: String,
    /// What stands between the columns and the rows of an answer: no name can hold it, so what is answered is of one meaning.
    column: String,
    row: String,
    /// How much of that was seen, at the beginning of a line.
    seen: usize,
    is_line_start: bool,
    is_over: bool,
}

impl Session {
    /// Connects to a database of a server.
    pub(super) fn connect(address: &Address, database: &str, secret: Option<&Secret>) -> Result<Self, Fault> {
        let mut address = address.clone();
        database.clone_into(&mut address.database);
        let installed = programs::installed()?;
        let newest = installed.last().ok_or_else(|| Fault::Failed("There is no psql.".to_owned()))?;
        // What rows hold is in no words but the detailed ones.
        let arguments = ["-X", "-q", "-A", "-t", "-w", "-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=terse"];
        let program = arguments.iter().fold(newest.psql()?, |program, argument| program.arg(argument));
        let running = on_server(program, &address, secret).with_input().start(PATIENCE)?;
        let end = format!("end-{}", unique()?);
        let running = Some(BufReader::new(running));
        let (column, row) = (format!("column-{}", unique()?), format!("row-{}", unique()?));
        let mut session = Self { address, running, end, column, row, seen: 0, is_line_start: true, is_over: true };
        session.ask(rows::SETTINGS)?;
        Ok(session)
    }

    /// Where it leads.
    pub(super) fn address(&self) -> &Address {
        &self.address
    }

    /// The rows of an answer.
    pub(super) fn ask(&mut self, question: &str) -> Result<Vec<Vec<String>>, Fault> {
        let (column, row) = (self.column.clone(), self.row.clone());
        self.tell(&format!("\\pset fieldsep '{column}'\n\\pset recordsep '{row}'\n{question}\n"))?;
        let mut answer = Vec::new();
        let mut buffer = vec![0; 64 << 10];
        loop {
            match self.read(&mut buffer, None)? {
                0 => break,
                length => answer.extend_from_slice(&buffer[..length]),
            }
        }
        let answer = String::from_utf8_lossy(&answer);
        let Some(rows) = answer.strip_suffix('\n') else { return Ok(Vec::new()) };
        Ok(rows.split(&row).map(|row| row.split(&column).map(str::to_owned).collect()).collect())
    }

    /// Has the server do something.
    pub(super) fn order(&mut self, statement: &str) -> Result<(), Fault> {
        self.ask(statement).map(drop)
    }

    /// Has the server do what a text says, in which the program itself finds nothing to do, whatever is in it.
    pub(super) fn carry_out(&mut self, text: &str) -> Result<(), Fault> {
        let tag = format!("$t{}$", unique()?);
        self.order(&rows::carry_out(text, &tag))
    }

    /// Asks for rows whose columns are parted by commas, and which are [read](Self::read) as they come.
    pub(super) fn stream(&mut self, question: &str) -> Result<(), Fault> {
        self.tell(&format!(
            "\\pset fieldsep ','\n\\pset recordsep '\\n'\n\\set FETCH_COUNT {FETCH}\n{question}\n\\unset FETCH_COUNT\n"
        ))
    }

    fn tell(&mut self, text: &str) -> Result<(), Fault> {
        (self.seen, self.is_line_start, self.is_over) = (0, true, false);
        let said = format!("{text}\\echo {}\n", self.end);
        let told = self.running.as_mut().map(|running| running.get_mut().tell(&said));
        if matches!(told, Some(Ok(()))) { Ok(()) } else { Err(self.why()) }
    }

    /// The next bytes of an answer, as long as the job goes on that waits for it; 0 at its end.
    pub(super) fn read(&mut self, buffer: &mut [u8], stop: Option<&Control>) -> Result<usize, Fault> {
        match self.fill(buffer, stop) {
            Ok(Some(length)) => Ok(length),
            _ if stop.is_some_and(Control::is_cancelled) => {
                self.running = None;
                Err(Fault::Failed("The job was stopped.".to_owned()))
            }
            Ok(None) | Err(_) => Err(self.why()),
        }
    }

    /// Nothing where the program ended before the answer did.
    fn fill(&mut self, buffer: &mut [u8], stop: Option<&Control>) -> io::Result<Option<usize>> {
        if self.is_over {
            return Ok(Some(0));
        }
        let Some(running) = &mut self.running else { return Ok(None) };
        let end = self.end.as_bytes();
        let mut written = 0;
        while written + end.len() < buffer.len() {
            if running.buffer().is_empty() {
                running.get_mut().wait_unless(&|| stop.is_some_and(Control::is_cancelled))?;
            }
            if self.is_line_start {
                let mut byte = [0];
                if running.read(&mut byte)? == 0 {
                    return Ok(None);
                }
                if end.get(self.seen) == Some(&byte[0]) {
                    self.seen += 1;
                    continue;
                }
                if self.seen == end.len() && byte[0] == b'\n' {
                    self.is_over = true;
                    return Ok(Some(written));
                }
                // What looked like the end was content.
                let looked = std::mem::take(&mut self.seen);
                buffer[written..written + looked].copy_from_slice(&end[..looked]);
                buffer[written + looked] = byte[0];
                written += looked + 1;
                self.is_line_start = byte[0] == b'\n';
                continue;
            }
            let came = running.fill_buf()?;
            if came.is_empty() {
                return Ok(None);
            }
            let line = came.iter().position(|byte| *byte == b'\n').map_or(came.len(), |at| at + 1);
            let length = line.min(buffer.len() - written);
            buffer[written..written + length].copy_from_slice(&came[..length]);
            self.is_line_start = came[length - 1] == b'\n';
            running.consume(length);
            written += length;
        }
        Ok(Some(written))
    }

    /// Why the session ended.
    fn why(&mut self) -> Fault {
        let Some(running) = self.running.take() else { return faults::fault(&self.address, "the session has ended") };
        let said = match running.into_inner().finish() {
            Ok(ended) => format!("psql ended without an answer {}", ended.said),
            Err(fault) => fault.to_string(),
        };
        faults::fault(&self.address, said.trim_end())
    }

    /// Ends it.
    pub(super) fn close(mut self) {
        if let Some(running) = self.running.take() {
            let _ = running.into_inner().finish();
        }
    }
}
