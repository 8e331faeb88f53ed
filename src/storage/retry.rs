//! Trying again what the way to a storage kept from being done.

use std::io::ErrorKind;
use std::time::Duration;

use super::layered::{Call, Layer};
use crate::repository::{Error, Result};

/// Calls that fail for a reason that may pass are made again after a pause, which doubles each time.
///
/// What the storage itself answers is an answer: that a file is not there or damaged, that there is no room, that something is
/// not allowed.
pub struct Retry {
    first_pause: Duration,
    attempts: u32,
    wait: Box<dyn Fn(Duration) + Send + Sync>,
}

impl Retry {
    /// So many attempts in all, at least one; `wait` lets a time go by.
    pub fn new(attempts: u32, first_pause: Duration, wait: impl Fn(Duration) + Send + Sync + 'static) -> Self {
        Self { first_pause, attempts, wait: Box::new(wait) }
    }
}

impl Layer for Retry {
    fn carry_out<T>(&self, call: Call, mut run: impl FnMut() -> Result<T>) -> Result<T> {
        let mut pause = self.first_pause;
        for _ in 1..self.attempts {
            match run() {
                Err(error) if call == Call::Repeatable && may_pass(&error) => {
                    tracing::debug!(%error, ?pause, "a call to a storage is made again");
                    (self.wait)(pause);
                    pause *= 2;
                }
                outcome => return outcome,
            }
        }
        run()
    }
}

/// Whether the same may well succeed a moment later.
fn may_pass(error: &Error) -> bool {
    let Error::Storage { source, .. } = error else { return false };
    !matches!(
        source.kind(),
        ErrorKind::StorageFull
            | ErrorKind::QuotaExceeded
            | ErrorKind::ReadOnlyFilesystem
            | ErrorKind::PermissionDenied
            | ErrorKind::NotFound
            | ErrorKind::NotADirectory
            | ErrorKind::InvalidInput
            | ErrorKind::Unsupported
    )
}

#[cfg(test)]
mod tests {
    use parking_lot::Mutex;
    use std::io;
    use std::sync::Arc;

    use super::*;

    fn failure(kind: ErrorKind) -> Error {
        Error::Storage { action: "read", path: "there".into(), source: kind.into() }
    }

    /// Carries out a call that fails some times; what came of it, how often it was made, and the pauses in seconds.
    fn attempts(call: Call, failures: usize, kind: ErrorKind) -> (bool, usize, Vec<u64>) {
        let pauses: Arc<Mutex<Vec<u64>>> = Arc::default();
        let waited = Arc::clone(&pauses);
        let retry = Retry::new(4, Duration::from_secs(1), move |pause| waited.lock().push(pause.as_secs()));
        let mut made = 0;
        let outcome = retry.carry_out(call, || {
            made += 1;
            if made > failures { Ok(()) } else { Err(failure(kind)) }
        });
        let pauses = pauses.lock().clone();
        (outcome.is_ok(), made, pauses)
    }

    #[test]
    fn what_may_pass_is_tried_again_with_growing_pauses_and_nothing_else_is() {
        let repeatable = |failures, kind| attempts(Call::Repeatable, failures, kind);
        assert_eq!(repeatable(0, ErrorKind::TimedOut), (true, 1, vec![]));
        assert_eq!(repeatable(3, ErrorKind::TimedOut), (true, 4, vec![1, 2, 4]));
        assert_eq!(repeatable(9, ErrorKind::ConnectionReset), (false, 4, vec![1, 2, 4]));
        for kind in [ErrorKind::StorageFull, ErrorKind::PermissionDenied, ErrorKind::ReadOnlyFilesystem] {
            assert_eq!(repeatable(1, kind), (false, 1, vec![]));
        }
        assert_eq!(attempts(Call::Once, 1, ErrorKind::TimedOut), (false, 1, vec![]));
        let retry = Retry::new(4, Duration::ZERO, |_| ());
        let answers = [Error::WrongKey, Error::damaged("x", "y"), Error::Cancelled];
        for answer in answers {
            let mut answer = Some(answer);
            assert!(retry.carry_out(Call::Repeatable, || answer.take().map_or(Ok(()), Err)).is_err());
        }
        assert!(may_pass(&Error::Storage { action: "read", path: "x".into(), source: io::Error::other("odd") }));
    }
}
