//! Work that is done once at a time, for all who ask for it meanwhile.

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use parking_lot::Mutex;
use std::future::Future;
use tokio::task::AbortHandle;

/// What all who ask wait for. The error says why there is nothing.
type Awaited<T> = Shared<BoxFuture<'static, Result<T, String>>>;

/// The work that is under way, if any is.
pub(super) struct UnderWay<T>(Mutex<Option<(AbortHandle, Awaited<T>)>>);

impl<T> Default for UnderWay<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T: Clone + Send + Sync + 'static> UnderWay<T> {
    /// What comes of the work that is under way, or of `work` where none is. It is a task of its own: whoever goes away breaks
    /// nothing off, and a panic in it is an error of those who wait and nothing else.
    pub(super) fn share(&self, work: impl Future<Output = Result<T, String>> + Send + 'static) -> Awaited<T> {
        let mut under_way = self.0.lock();
        if let Some((_, awaited)) = under_way.as_ref().filter(|(task, _)| !task.is_finished()) {
            return awaited.clone();
        }
        let task = tokio::spawn(work);
        let handle = task.abort_handle();
        let awaited =
            task.map(|ended| ended.unwrap_or_else(|why| Err(format!("it broke off: {why}")))).boxed().shared();
        *under_way = Some((handle, awaited.clone()));
        awaited
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};
    use tokio::sync::Notify;

    #[tokio::test]
    async fn who_asks_while_work_is_under_way_waits_for_that_and_who_asks_later_for_new_work() {
        let (under_way, begun, go) = (UnderWay::default(), Arc::new(AtomicU32::new(0)), Arc::new(Notify::new()));
        let work = || {
            let (begun, go) = (Arc::clone(&begun), Arc::clone(&go));
            async move {
                let number = begun.fetch_add(1, Ordering::SeqCst);
                go.notified().await;
                Ok(number)
            }
        };
        let first = under_way.share(work());
        // Who does not wait to the end breaks nothing off.
        drop(under_way.share(work()));
        let second = under_way.share(work());
        go.notify_one();
        assert_eq!((first.await, second.await, begun.load(Ordering::SeqCst)), (Ok(0), Ok(0), 1));
        go.notify_one();
        assert_eq!(under_way.share(work()).await, Ok(1));
    }

    #[tokio::test]
    async fn a_panic_is_an_error_and_the_next_work_is_done() {
        let under_way = UnderWay::<u32>::default();
        let broken = under_way.share(async { panic!("a fault of the look") }).await;
        assert!(broken.unwrap_err().starts_with("it broke off: "));
        assert_eq!(under_way.share(async { Ok(7) }).await, Ok(7));
    }
}
