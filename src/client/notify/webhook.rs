//! A webhook: each event is POSTed as JSON. Any status of success means that the other side has it.

use super::LIMIT;
use crate::client::wire::Wire;
use crate::domain::event::Event;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, USER_AGENT};

/// A webhook.
pub struct Webhook {
    url: String,
    wire: Wire,
}

impl Webhook {
    /// A webhook at a URL; the error says what is wrong with that.
    pub fn new(url: &str) -> Result<Self, String> {
        Ok(Self { url: url.to_owned(), wire: Wire::to(url)? })
    }

    /// Sends an event.
    pub async fn send(&self, event: &Event) -> Result<(), String> {
        let body = serde_json::to_vec(event).map_err(|error| error.to_string())?;
        let request = http::Request::post(&self.url)
            .header(CONTENT_TYPE, "application/json")
            .header(USER_AGENT, concat!("vaultdeck/", env!("CARGO_PKG_VERSION")))
            .body(Bytes::from(body))
            .map_err(|_| "its URL cannot be used".to_owned())?;
        let response = self.wire.send(request, LIMIT).await.map_err(|error| error.to_string())?;
        let status = response.status();
        if status.is_success() { Ok(()) } else { Err(format!("it answered HTTP {}", status.as_u16())) }
    }
}
