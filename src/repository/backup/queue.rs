//! The queue between the walker, the readers and the workers.
//!
//! Every worker does both: it takes a file, reads and cuts it, and offers its pieces to those who have no file to read; what nobody
//! has room for, it handles itself, while it is still close to the processor. So nobody ever waits for a queue that only he could
//! empty.

use parking_lot::{Condvar, Mutex, MutexGuard};
use std::collections::VecDeque;

/// Files that may wait. They are only paths and metadata.
const WAITING_FILES: usize = 256;
/// Bytes of pieces that may wait.
const WAITING_BYTES: usize = 24 << 20;
/// The same for each worker who has no file to read.
const WAITING_EACH: usize = 2 << 20;

/// Something to do.
pub(super) enum Work<File, Piece> {
    File(File),
    Piece(Piece),
}

pub(super) struct Queue<File, Piece> {
    state: Mutex<State<File, Piece>>,
    work: Condvar,
    room: Condvar,
    workers: usize,
}

struct State<File, Piece> {
    files: VecDeque<File>,
    pieces: VecDeque<(Piece, usize)>,
    waiting_bytes: usize,
    /// Files being read: they may still give pieces.
    reading: usize,
    closed: bool,
    aborted: bool,
}

impl<File, Piece> Queue<File, Piece> {
    /// A queue for so many workers.
    pub(super) fn new(workers: usize) -> Self {
        let state = State {
            files: VecDeque::new(),
            pieces: VecDeque::new(),
            waiting_bytes: 0,
            reading: 0,
            closed: false,
            aborted: false,
        };
        Self { state: Mutex::new(state), work: Condvar::new(), room: Condvar::new(), workers }
    }

    fn state(&self) -> MutexGuard<'_, State<File, Piece>> {
        self.state.lock()
    }

    /// Waits for room and adds a file; false when the backup was aborted.
    pub(super) fn push_file(&self, file: File) -> bool {
        let mut state = self.state();
        while state.files.len() >= WAITING_FILES && !state.aborted {
            self.room.wait(&mut state);
        }
        if state.aborted {
            return false;
        }
        state.files.push_back(file);
        self.work.notify_one();
        true
    }

    /// Whether a file waits.
    pub(super) fn has_files(&self) -> bool {
        !self.state().files.is_empty()
    }

    /// Whether a piece may be offered now. Where all read files it would only grow cold.
    pub(super) fn has_room(&self) -> bool {
        let state = self.state();
        let helpers = self.workers.saturating_sub(state.reading);
        state.waiting_bytes < WAITING_BYTES.min(helpers * WAITING_EACH)
    }

    /// Adds a piece. Called by the worker that reads its file.
    pub(super) fn push_piece(&self, piece: Piece, bytes: usize) {
        let mut state = self.state();
        state.waiting_bytes += bytes;
        state.pieces.push_back((piece, bytes));
        self.work.notify_one();
    }

    /// The next thing to do, pieces first; nothing when all is done or the backup was aborted. A file must be followed by
    /// [`file_read`](Self::file_read).
    pub(super) fn next(&self) -> Option<Work<File, Piece>> {
        let mut state = self.state();
        loop {
            if state.aborted {
                return None;
            }
            if let Some((piece, bytes)) = state.pieces.pop_front() {
                state.waiting_bytes -= bytes;
                return Some(Work::Piece(piece));
            }
            if let Some(file) = state.files.pop_front() {
                state.reading += 1;
                self.room.notify_one();
                return Some(Work::File(file));
            }
            if state.closed && state.reading == 0 {
                return None;
            }
            self.work.wait(&mut state);
        }
    }

    /// A file that [`next`](Self::next) gave will give no more pieces.
    pub(super) fn file_read(&self) {
        let mut state = self.state();
        state.reading -= 1;
        if state.reading == 0 && state.closed {
            self.work.notify_all();
        }
    }

    /// No more files will come.
    pub(super) fn close(&self) {
        self.state().closed = true;
        self.work.notify_all();
    }

    /// Lets everybody stop.
    pub(super) fn abort(&self) {
        self.state().aborted = true;
        self.work.notify_all();
        self.room.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    #[test]
    fn everything_is_done_once_and_then_all_stop() {
        let queue = Queue::<u64, u64>::new(4);
        let sum = AtomicU64::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    while let Some(work) = queue.next() {
                        match work {
                            Work::Piece(piece) => _ = sum.fetch_add(piece, Ordering::Relaxed),
                            Work::File(file) => {
                                for _ in 0..10 {
                                    queue.push_piece(file, 1);
                                }
                                queue.file_read();
                            }
                        }
                    }
                });
            }
            assert!((0..1000).all(|file| queue.push_file(file)));
            queue.close();
        });
        assert_eq!(sum.into_inner(), 10 * 999 * 1000 / 2);
    }

    #[test]
    fn aborting_frees_who_waits() {
        let queue = Queue::<u64, u64>::new(4);
        std::thread::scope(|scope| {
            let pusher = scope.spawn(|| (0..10_000).all(|file| queue.push_file(file)));
            while queue.state().files.len() < WAITING_FILES {
                std::thread::yield_now();
            }
            queue.abort();
            assert!(!pusher.join().unwrap());
            assert!(queue.next().is_none());
        });
    }

    #[test]
    fn room_for_pieces_is_bounded_and_only_where_a_worker_has_no_file() {
        let queue = Queue::<u64, u64>::new(2);
        assert!(queue.has_room());
        queue.push_piece(1, WAITING_EACH);
        assert!(queue.has_room(), "two have no file");
        queue.push_piece(1, WAITING_EACH);
        assert!(!queue.has_room());
        assert!(queue.next().is_some() && queue.next().is_some());
        assert!(queue.push_file(1) && queue.push_file(2));
        assert!(matches!(queue.next(), Some(Work::File(1))));
        assert!(queue.has_room(), "one has no file");
        assert!(matches!(queue.next(), Some(Work::File(2))));
        assert!(!queue.has_room());
        queue.file_read();
        assert!(queue.has_room());

        let queue = Queue::<u64, u64>::new(1000);
        queue.push_piece(1, WAITING_BYTES);
        assert!(!queue.has_room());
    }
}
