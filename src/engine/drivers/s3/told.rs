//! What an answer tells beside what the SDK makes of it: the store's time, and the order in which a listing tells versions.

use crate::domain::Time;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    AfterDeserializationInterceptorContextRef, BeforeDeserializationInterceptorContextRef,
};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::DateTime;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::date_time::Format;
use parking_lot::Mutex;
use std::sync::Arc;

/// The time that the last answer told, in whole seconds: the store's own, by which it tells when an object changed.
#[derive(Debug, Clone, Default)]
pub(super) struct Clock(Arc<Mutex<Option<Time>>>);

impl Clock {
    /// The store's time when it answered last; this machine's, of a store that tells none.
    pub(super) fn now(&self) -> Time {
        self.0.lock().unwrap_or_else(|| chrono::DateTime::from(std::time::SystemTime::now()))
    }
}

impl Intercept for Clock {
    fn name(&self) -> &'static str {
        "clock of the store"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let told = context.response().headers().get("date");
        let told = told.and_then(|date| DateTime::from_str(date, Format::HttpDate).ok());
        if let Some(time) = told.and_then(|told| time_of(&told)) {
            *self.0.lock() = Some(time);
        }
        Ok(())
    }
}

/// A time of an answer.
pub(super) fn time_of(told: &DateTime) -> Option<Time> {
    chrono::DateTime::from_timestamp(told.secs(), told.subsec_nanos())
}

/// Which elements of a listing of versions are delete markers, in the order of the answer: the SDK gives the two sorts apart.
#[derive(Debug, Clone, Default)]
pub(super) struct Order(Arc<Mutex<Vec<bool>>>);

impl Order {
    /// The order, once the answer has come.
    pub(super) fn take(&self) -> Vec<bool> {
        std::mem::take(&mut self.0.lock())
    }
}

impl Intercept for Order {
    fn name(&self) -> &'static str {
        "order of versions"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        *self.0.lock() = context.response().body().bytes().map(markers_in).unwrap_or_default();
        Ok(())
    }
}

/// What is text in an element has its angle brackets escaped, so each of these begins one.
fn markers_in(body: &[u8]) -> Vec<bool> {
    let elements = body.split(|byte| *byte == b'<').map(|element| match element {
        element if element.starts_with(b"DeleteMarker>") => Some(true),
        element if element.starts_with(b"Version>") => Some(false),
        _ => None,
    });
    elements.flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_versions_and_delete_markers_is_that_of_the_answer() {
        let body =
            b"<R><Version><Key>&lt;Version&gt;</Key><VersionId>1</VersionId></Version><DeleteMarker><Key>a</Key>\
            </DeleteMarker><DeleteMarker></DeleteMarker><Version></Version></R>";
        assert_eq!(markers_in(body), [false, true, true, false]);
        assert_eq!(markers_in(b""), [false; 0]);
    }
}
