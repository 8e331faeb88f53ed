//! How deliveries stand, as health and status tell it.

use crate::domain::extension::{DeliveryStatus, Problem, ProblemSeverity};
use crate::engine::Engine;
use crate::engine::error::Result;
use crate::engine::notifications::rows;
use parking_lot::Mutex;
use std::collections::BTreeMap;

/// So often a target may fail in a row before that is a problem: what is mended by the next try is none.
const TOLERATED: u32 = 2;

/// What went wrong with a queue of a target since it last took something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trouble {
    pub(super) failures: u32,
    pub(super) why: String,
}

/// What is known of the deliveries of this process.
#[derive(Default)]
pub struct Deliveries {
    /// The names of the targets; none before they were told.
    targets: Mutex<Option<Vec<String>>>,
    /// Whether vaults' topics are among them.
    topics: Mutex<bool>,
    troubles: Mutex<BTreeMap<(String, String), Trouble>>,
}

impl Deliveries {
    pub(super) fn begin(&self, names: Vec<String>, topics: bool) {
        *self.targets.lock() = Some(names);
        *self.topics.lock() = topics;
    }

    pub(super) fn note_trouble(&self, target: &str, queue: &str, trouble: Trouble) {
        self.troubles.lock().insert((target.to_owned(), queue.to_owned()), trouble);
    }

    pub(super) fn note_delivered(&self, target: &str, queue: &str) {
        self.troubles.lock().remove(&(target.to_owned(), queue.to_owned()));
    }

    /// The worst of a target's troubles.
    fn trouble(&self, target: &str) -> Option<Trouble> {
        let troubles = self.troubles.lock();
        let of_target = troubles.iter().filter(|((name, _), _)| name == target).map(|(_, trouble)| trouble);
        of_target.max_by_key(|trouble| trouble.failures).cloned()
    }
}

impl Engine {
    /// The first event that is to be delivered yet, or of which it is not known yet.
    pub(crate) fn first_to_deliver(&self) -> Result<Option<u64>> {
        // Before the targets were told, any may come that has not read these events.
        let delivers = self.deliveries.targets.lock().as_ref().is_none_or(|targets| !targets.is_empty());
        self.catalog.read(|connection| {
            let unread = if delivers { rows::noted(connection)?.map(|noted| noted + 1) } else { None };
            Ok([rows::first_waiting(connection)?, unread].into_iter().flatten().min())
        })
    }

    /// How deliveries stand, target by target.
    pub(crate) fn delivery_status(&self) -> Result<Vec<DeliveryStatus>> {
        let waiting = self.catalog.read(rows::waiting)?;
        let mut names = self.deliveries.targets.lock().clone().unwrap_or_default();
        let others = waiting.iter().map(|waiting| &waiting.target).filter(|name| !names.contains(name));
        let others: Vec<String> = others.cloned().collect();
        names.extend(others);
        let status = |name: String| {
            let waiting = waiting.iter().find(|waiting| waiting.target == name);
            let trouble = self.deliveries.trouble(&name);
            DeliveryStatus {
                waiting: waiting.map_or(0, |waiting| waiting.count),
                oldest: waiting.and_then(|waiting| waiting.oldest),
                failures: trouble.as_ref().map_or(0, |trouble| trouble.failures),
                last_error: trouble.map(|trouble| trouble.why),
                target: name,
            }
        };
        Ok(names.into_iter().map(status).collect())
    }

    /// That notifications do not get where they should.
    pub(crate) fn delivery_trouble(&self) -> Option<Problem> {
        let warning = |code: &str, message: String| {
            Some(Problem { code: code.to_owned(), severity: ProblemSeverity::Warning, message })
        };
        let stuck: Vec<String> = self
            .delivery_status()
            .ok()?
            .into_iter()
            .filter(|status| status.failures > TOLERATED)
            .map(|status| {
                let why = status.last_error.unwrap_or_default();
                format!("{} event(s) wait for {} ({why})", status.waiting, status.target)
            })
            .collect();
        if !stuck.is_empty() {
            let message = format!(
                "Notifications are not delivered: {}. They are tried again and again, and kept as long as fewer \
                 than a million events came since.",
                stuck.join("; ")
            );
            return warning("NotificationsUndelivered", message);
        }
        let delivers = self.deliveries.targets.lock().is_some();
        let nowhere = delivers && !*self.deliveries.topics.lock() && self.catalog.read(rows::any).unwrap_or(false);
        if nowhere {
            let message =
                "Vaults notify topics of SNS, and the config names no way to SNS: nothing is sent. Name one as \
                 [notifications.NAME] with `sns`, or delete the vaults' notifications."
                    .to_owned();
            return warning("NotificationsWithoutTopics", message);
        }
        None
    }
}
