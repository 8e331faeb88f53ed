//! Who ends a program: its process group, and the watch over how long it does nothing.

use parking_lot::Mutex;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

/// A process group, as long as its number is nobody else's.
#[derive(Clone)]
pub(super) struct Group(Arc<Mutex<Option<Pid>>>);

impl Group {
    pub(super) fn of(leader: Pid) -> Self {
        Self(Arc::new(Mutex::new(Some(leader))))
    }

    pub(super) fn kill(&self) {
        if let Some(group) = *self.0.lock() {
            let _ = kill_process_group(group, Signal::KILL);
            // Should it have left its own group.
            let _ = kill_process(group, Signal::KILL);
        }
    }

    pub(super) fn forget(&self) {
        *self.0.lock() = None;
    }
}

/// Who kills a program that does nothing.
pub(super) struct Watch {
    waiting: Arc<Mutex<Waiting>>,
    pub(super) patience: Duration,
    /// The watch ends when this is dropped.
    _end: Sender<()>,
}

/// For how long a program has been waited for.
#[derive(Default)]
struct Waiting {
    since: Option<Instant>,
    has_lost_patience: bool,
}

impl Watch {
    pub(super) fn start(group: Group, patience: Duration) -> io::Result<Self> {
        let (end, ended) = channel();
        let waiting = Arc::new(Mutex::new(Waiting::default()));
        let watched = Arc::clone(&waiting);
        let tick = (patience / 10).clamp(Duration::from_millis(5), Duration::from_secs(1));
        let watch = move || {
            while ended.recv_timeout(tick) == Err(RecvTimeoutError::Timeout) {
                let mut waiting = watched.lock();
                if waiting.since.is_some_and(|since| since.elapsed() > patience) {
                    waiting.has_lost_patience = true;
                    return group.kill();
                }
            }
        };
        std::thread::Builder::new().name("child watch".to_owned()).spawn(watch)?;
        Ok(Self { waiting, patience, _end: end })
    }

    /// Only while the engine waits for the program its patience runs out, not while the program waits for the engine.
    pub(super) fn during<T>(&self, wait: impl FnOnce() -> T) -> T {
        self.waiting.lock().since = Some(Instant::now());
        let done = wait();
        self.waiting.lock().since = None;
        done
    }

    pub(super) fn has_lost_patience(&self) -> bool {
        self.waiting.lock().has_lost_patience
    }
}
