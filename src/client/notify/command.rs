//! A command: each event is the standard input of a run of its own. Exit code 0 means that it has it.

use super::words;
use crate::domain::event::Event;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;

/// How long a run may take; then it is killed.
const LIMIT: Duration = Duration::from_secs(30);

/// A command.
pub struct Command {
    program: String,
    arguments: Vec<String>,
}

impl Command {
    /// A program and its arguments; the error is that there is no program.
    pub fn new(command: &[String]) -> Result<Self, String> {
        let (program, arguments) = command.split_first().ok_or("it names no program")?;
        Ok(Self { program: program.clone(), arguments: arguments.to_vec() })
    }

    /// Runs it with an event.
    pub async fn send(&self, event: &Event) -> Result<(), String> {
        let mut line = serde_json::to_vec(event).map_err(|error| error.to_string())?;
        line.push(b'\n');
        tokio::time::timeout(LIMIT, self.run(&line))
            .await
            .unwrap_or_else(|_| Err(format!("it was not done within {} s", LIMIT.as_secs())))
    }

    async fn run(&self, line: &[u8]) -> Result<(), String> {
        let started = tokio::process::Command::new(&self.program)
            .args(&self.arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn();
        let mut child = started.map_err(|error| format!("it does not start: {error}"))?;
        if let Some(mut input) = child.stdin.take() {
            // A program that does not read all of it says by its exit code whether that was enough.
            let _ = input.write_all(line).await;
        }
        let ended = child.wait_with_output().await.map_err(|error| error.to_string())?;
        if ended.status.success() {
            return Ok(());
        }
        let said = words(&String::from_utf8_lossy(&ended.stderr));
        Err(format!("it ended with {}{}", ended.status, if said.is_empty() { said } else { format!(": {said}") }))
    }
}
