//! What a program says on its standard error: the last of it, without secrets.

use crate::domain::Secret;
use parking_lot::Mutex;
use std::io::{self, Read as _};
use std::process::ChildStderr;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// How many bytes of what a program says last on its standard error are told.
pub(super) const KEPT: usize = 4096;

/// How long the rest of that is waited for once the program has ended: what left its process group may hold the pipe open.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// What stands for a secret.
const STRUCK_OUT: &str = "***";

/// The last of what a program says on its standard error.
pub(super) struct Said {
    kept: Arc<Mutex<Kept>>,
    end: Option<Receiver<()>>,
    /// What is struck out: each secret as it is, and as it is in one line.
    secrets: Vec<String>,
}

/// The last bytes: as many more than are told as the longest secret has. So no secret is cut where it would be told.
#[derive(Default)]
struct Kept {
    bytes: Vec<u8>,
    is_cut: bool,
}

impl Said {
    pub(super) fn without(secrets: Vec<Secret>) -> Self {
        let forms = |secret: &Secret| [secret.reveal().to_owned(), in_one_line(secret.reveal())];
        let mut secrets: Vec<String> = secrets.iter().flat_map(forms).filter(|secret| !secret.is_empty()).collect();
        // A secret that begins another one would leave the rest of that.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        Self { kept: Arc::default(), end: None, secrets }
    }

    /// Reads it on a thread of its own, so that the program never waits for it.
    pub(super) fn listen(&mut self, errors: Option<ChildStderr>) -> io::Result<()> {
        let Some(mut errors) = errors else { return Ok(()) };
        let (done, end) = channel();
        let kept = Arc::clone(&self.kept);
        let most = KEPT + self.longest();
        let listen = move || {
            let mut buffer = [0; KEPT];
            while let Ok(read @ 1..) = errors.read(&mut buffer) {
                let mut kept = kept.lock();
                kept.bytes.extend_from_slice(&buffer[..read]);
                let surplus = kept.bytes.len().saturating_sub(most);
                kept.bytes.drain(..surplus);
                kept.is_cut |= surplus > 0;
            }
            drop(done);
        };
        std::thread::Builder::new().name("child stderr".to_owned()).spawn(listen)?;
        self.end = Some(end);
        Ok(())
    }

    fn longest(&self) -> usize {
        self.secrets.first().map_or(0, String::len)
    }

    /// In one line, without what would move a terminal's cursor.
    pub(super) fn text(&self) -> String {
        if let Some(end) = &self.end {
            let _ = end.recv_timeout(LAST_WORDS);
        }
        let kept = self.kept.lock();
        // What is before may be the end of a secret.
        let from = if kept.is_cut { self.longest() } else { 0 };
        let text = in_one_line(&String::from_utf8_lossy(&self.struck_out(&kept.bytes, from)));
        let text = self.secrets.iter().fold(text, |text, secret| text.replace(secret.as_str(), STRUCK_OUT));
        let from = (text.len().saturating_sub(KEPT)..=text.len()).find(|at| text.is_char_boundary(*at));
        text[from.unwrap_or_default()..].to_owned()
    }

    /// The bytes from a position on, with every secret struck out that ends behind it.
    fn struck_out(&self, bytes: &[u8], from: usize) -> Vec<u8> {
        let (mut told, mut at) = (Vec::with_capacity(bytes.len()), 0);
        while let Some(byte) = bytes.get(at) {
            match self.secrets.iter().find(|secret| bytes[at..].starts_with(secret.as_bytes())) {
                Some(secret) => {
                    at += secret.len();
                    if at > from {
                        told.extend_from_slice(STRUCK_OUT.as_bytes());
                    }
                }
                None => {
                    if at >= from {
                        told.push(*byte);
                    }
                    at += 1;
                }
            }
        }
        told
    }
}

fn in_one_line(text: &str) -> String {
    let text = text.replace(|c: char| c.is_control(), " ");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
