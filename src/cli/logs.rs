//! Where the log goes: a file in the state folder, or standard error for `serve`; never the dashboard's terminal.
//!
//! Who logs never waits for the log and never fails by it: lines go through a queue to a thread that writes them. What
//! cannot be queued or written is counted, and told as soon as a line can be written again.

use super::arguments::Command;
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;
use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// Which messages are kept, in `tracing`'s own syntax.
const FILTER_VARIABLE: &str = "VAULTDECK_LOG";

/// How many days of files are kept.
const DAYS: usize = 14;

/// How many lines wait to be written before more are dropped.
const WAITING: usize = 8192;

/// How long the end of the program waits for the last lines.
const FAREWELL: Duration = Duration::from_secs(1);

/// Starts the log. The guard writes what is left when it is dropped. A log that cannot be opened is no reason not to work.
pub(super) fn start(command: &Command, state_dir: &Path) -> Option<Guard> {
    let filter = EnvFilter::try_from_env(FILTER_VARIABLE).unwrap_or_else(|_| EnvFilter::new("warn,vaultdeck=info"));
    let sink = if matches!(command, Command::Serve(_)) {
        Sink::start(Box::new(std::io::stderr()))?
    } else {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(state_dir).ok()?;
        let appender = RollingFileAppender::builder()
            .rotation(Rotation::DAILY)
            .filename_prefix("vaultdeck")
            .filename_suffix("log")
            .max_log_files(DAYS)
            .build(state_dir)
            .ok()?;
        Sink::start(Box::new(appender))?
    };
    let guard = Guard(sink.clone());
    // What goes wrong in writing is the sink's matter: the subscriber itself would tell it on standard error, and panic
    // where nobody reads that.
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).log_internal_errors(false);
    let _ = builder.with_writer(sink).try_init();
    if matches!(command, Command::Serve(_)) {
        // The hook that the language brings writes to standard error itself, and a thread that panics would stand still with
        // its reader.
        std::panic::set_hook(Box::new(|panic| tracing::error!("{panic}")));
    }
    Some(guard)
}

/// Writes what still waits when it is dropped.
pub(super) struct Guard(Sink);

impl Drop for Guard {
    fn drop(&mut self) {
        let (done, written) = sync_channel(1);
        if self.0.queue.try_send(Entry::Flush(done)).is_ok() {
            let _ = written.recv_timeout(FAREWELL);
        }
    }
}

/// What goes through the queue.
enum Entry {
    Line(Vec<u8>),
    Flush(SyncSender<()>),
}

/// Takes lines and never blocks.
#[derive(Clone)]
struct Sink {
    queue: SyncSender<Entry>,
    lost: Arc<AtomicU64>,
}

impl Sink {
    fn start(out: Box<dyn Write + Send>) -> Option<Self> {
        let (queue, entries) = sync_channel(WAITING);
        let lost = Arc::new(AtomicU64::new(0));
        let log = Log { out, lost: Arc::clone(&lost), why: String::new() };
        std::thread::Builder::new().name("log".to_owned()).spawn(move || log.run(&entries)).ok()?;
        Some(Self { queue, lost })
    }
}

impl Write for Sink {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        if self.queue.try_send(Entry::Line(line.to_vec())).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Sink {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Where the lines end.
struct Log {
    out: Box<dyn Write + Send>,
    lost: Arc<AtomicU64>,
    /// Why the last line was lost.
    why: String,
}

impl Log {
    fn run(mut self, entries: &Receiver<Entry>) {
        for entry in entries {
            match entry {
                Entry::Line(line) => self.line(&line),
                Entry::Flush(done) => {
                    let _ = done.try_send(());
                }
            }
        }
    }

    fn line(&mut self, line: &[u8]) {
        let lost = self.lost.swap(0, Ordering::Relaxed);
        if lost > 0 {
            let now = chrono::Utc::now().format("%Y-%m-%dT%H:%M:%S%.6fZ");
            let why = if self.why.is_empty() { "they came faster than they could be written" } else { &self.why };
            let note =
                format!("{now}  WARN vaultdeck::log: {lost} lines of the log were lost before this one: {why}\n");
            if !self.put(note.as_bytes()) {
                self.lost.fetch_add(lost + 1, Ordering::Relaxed);
                return;
            }
            self.why.clear();
        }
        if !self.put(line) {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Whether it could be written. What writes may itself want to complain on a standard error that nobody reads.
    fn put(&mut self, text: &[u8]) -> bool {
        let out = &mut self.out;
        let written = catch_unwind(AssertUnwindSafe(|| out.write_all(text).and_then(|()| out.flush())));
        match written {
            Ok(Ok(())) => true,
            Ok(Err(error)) => {
                self.why = error.to_string();
                false
            }
            Err(_) => {
                "the writer panicked".clone_into(&mut self.why);
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use parking_lot::Mutex;

    /// Fails, panics or blocks as long as a test wants it to.
    #[derive(Clone, Default)]
    struct Place(Arc<Mutex<(Option<&'static str>, String)>>);

    impl Place {
        fn set(&self, trouble: Option<&'static str>) {
            self.0.lock().0 = trouble;
        }

        fn text(&self) -> String {
            self.0.lock().1.clone()
        }
    }

    impl Write for Place {
        fn write(&mut self, text: &[u8]) -> std::io::Result<usize> {
            let trouble = self.0.lock().0;
            match trouble {
                Some("panic") => panic!("nobody reads standard error"),
                Some(why) => Err(std::io::Error::other(why)),
                None => {
                    self.0.lock().1 += std::str::from_utf8(text).unwrap();
                    Ok(text.len())
                }
            }
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn settle(sink: &Sink) {
        let (done, written) = sync_channel(1);
        sink.queue.send(Entry::Flush(done)).unwrap();
        written.recv().unwrap();
    }

    #[test]
    fn lines_that_cannot_be_written_are_counted_and_told_when_writing_works_again() {
        let place = Place::default();
        let mut sink = Sink::start(Box::new(place.clone())).unwrap();
        for trouble in ["No space left on device", "panic"] {
            sink.write_all(b"before\n").unwrap();
            settle(&sink);
            place.set(Some(trouble));
            for _ in 0..3 {
                sink.write_all(b"lost\n").unwrap();
            }
            settle(&sink);
            place.set(None);
            sink.write_all(b"after\n").unwrap();
            settle(&sink);
        }
        let text = place.text();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 6, "{text}");
        assert!(lines[1].ends_with("3 lines of the log were lost before this one: No space left on device"), "{text}");
        assert!(lines[4].ends_with("3 lines of the log were lost before this one: the writer panicked"), "{text}");
        assert_eq!((lines[0], lines[2], lines[5]), ("before", "after", "after"));
    }

    #[test]
    fn a_log_that_nobody_empties_holds_up_nobody() {
        let (queue, entries) = sync_channel(2);
        let mut sink = Sink { queue, lost: Arc::default() };
        for _ in 0..5 {
            sink.write_all(b"line\n").unwrap();
        }
        assert_eq!(sink.lost.load(Ordering::Relaxed), 3);
        let place = Place::default();
        let mut log = Log { out: Box::new(place.clone()), lost: Arc::clone(&sink.lost), why: String::new() };
        while let Ok(Entry::Line(line)) = entries.try_recv() {
            log.line(&line);
        }
        let text = place.text();
        assert!(text.contains("3 lines of the log were lost before this one: they came faster"), "{text}");
        assert_eq!(text.matches("line\n").count(), 2);
    }
}
