//! The connection to a context, as the session has it.

use super::Session;
use super::failure::Failure;
use crate::client::connect::{Connection, Handler, Options, Transport};
use crate::server::in_process;
use std::sync::Arc;

/// The way to routes of this process.
pub(super) fn transport_to(routes: axum::Router) -> Transport {
    let call = in_process(routes);
    let handler: Handler = Arc::new(move |request| Box::pin(call(request)));
    Transport::InProcess(handler)
}

/// What is plain of a context: another may be of a profile, of chosen regions, or served somewhere.
pub(super) fn plain(session: &Session, transport: Transport) -> Options {
    Options {
        transport,
        profile: None,
        regions: Vec::new(),
        member_role: session.config.member_role.clone(),
        write: false,
        served_at: None,
    }
}

/// The connection of these options.
pub(super) fn connect(options: Options) -> Result<Arc<Connection>, Failure> {
    Connection::new(options).map_err(|fault| Failure::usage(fault.to_string()))
}
