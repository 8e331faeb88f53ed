//! A command: each event is the standard input of a run of its own. Exit code 0 means that it has it.

use super::words;
use crate::domain::event::Event;
use std::pin::pin;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{ChildStderr, ChildStdin};

/// How long a run may take; then it is killed.
const LIMIT: Duration = Duration::from_secs(30);

/// How long what a run said is read after its end: what it left in the background may hold the pipe open for ever.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// How many bytes of what a run says are kept; far more than is told.
const KEPT: u64 = 4096;

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
        let (input, errors) = (child.stdin.take(), child.stderr.take());
        let mut said = Vec::new();
        let status = {
            let mut talk = pin!(async { tokio::join!(give(input, line), hear(errors, &mut said)) });
            // Its end decides, not that of the pipes, which others may have as well.
            tokio::select! {
                _ = &mut talk => child.wait().await,
                status = child.wait() => {
                    if status.as_ref().is_ok_and(|status| !status.success()) {
                        let _ = tokio::time::timeout(LAST_WORDS, talk).await;
                    }
                    status
                }
            }
        };
        let status = status.map_err(|error| error.to_string())?;
        if status.success() {
            return Ok(());
        }
        let said = words(&String::from_utf8_lossy(&said));
        Err(format!("it ended with {status}{}", if said.is_empty() { said } else { format!(": {said}") }))
    }
}

/// Gives a run its input. A program that does not read all of it says by its exit code whether that was enough.
async fn give(input: Option<ChildStdin>, line: &[u8]) {
    if let Some(mut input) = input {
        let _ = input.write_all(line).await;
    }
}

/// Keeps the beginning of what a run says, and reads the rest so that it can go on. What cannot be read was not said.
async fn hear(errors: Option<ChildStderr>, said: &mut Vec<u8>) {
    if let Some(mut errors) = errors {
        let _ = (&mut errors).take(KEPT).read_to_end(said).await;
        let _ = tokio::io::copy(&mut errors, &mut tokio::io::sink()).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Scope;
    use crate::domain::event::DetailType;
    use std::time::Instant;

    async fn told_to(script: &str, padding: usize) -> (Result<(), String>, Duration) {
        let scope = Scope::new("123456789012".parse().unwrap(), "us-west-1".parse().unwrap());
        let time = "2026-11-23T05:00:00Z".parse().unwrap();
        let mut event = Event::new(1, "id".to_owned(), scope, time, DetailType::BackupVault);
        event.detail = serde_json::Value::String("x".repeat(padding));
        let command = Command::new(&["sh", "-c", script].map(str::to_owned)).unwrap();
        let begun = Instant::now();
        (command.send(&event).await, begun.elapsed())
    }

    #[tokio::test]
    async fn what_a_run_leaves_behind_in_the_background_holds_up_nothing() {
        let (sent, took) = told_to("cat >/dev/null; sleep 20 & exit 0", 0).await;
        assert_eq!(sent, Ok(()));
        assert!(took < Duration::from_secs(10), "{took:?}");
        let (sent, took) = told_to("echo no room >&2; sleep 20 <&0 & exit 3", 1 << 20).await;
        assert_eq!(sent, Err("it ended with exit status: 3: no room".to_owned()));
        assert!(took < Duration::from_secs(10), "{took:?}");
    }

    #[tokio::test]
    async fn a_run_may_say_more_than_is_told_before_it_reads() {
        let script = "head -c 1000000 /dev/zero | tr '\\0' e >&2; cat >/dev/null; exit 3";
        let (sent, took) = told_to(script, 1 << 20).await;
        let said = sent.unwrap_err();
        assert!(said.starts_with("it ended with exit status: 3: eee") && said.len() < 300, "{said}");
        assert!(took < Duration::from_secs(10), "{took:?}");
    }
}
