//! What all threads of a restore into a sink share.

use parking_lot::{Mutex, MutexGuard};

use super::report::Report;
use super::sink::RandomSink;
use crate::repository::{Control, Repository};

pub(super) struct Run<'a, S> {
    pub(super) repository: &'a Repository,
    pub(super) control: &'a Control,
    pub(super) sink: &'a S,
    pub(super) report: Report,
    pub(super) workers: usize,
}

impl<S: RandomSink> Run<'_, S> {
    pub(super) fn stopped(&self) -> bool {
        self.control.is_cancelled() || self.report.stopped()
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panicking worker leaves nothing half done in what these guard.
    mutex.lock()
}
