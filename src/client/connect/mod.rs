//! A context and the way into each of its scopes.
//!
//! [`Connection::new`] calls nothing: the dashboard draws before the first call ends. Who the context is (its own account,
//! its regions) is found out by the first call that needs it, and forgotten when its credentials turn out to be void.

mod home;
mod login;
mod members;
mod scopes;

use crate::client::control::Control;
use crate::client::wire::{LOCAL_URL, Notice, Route, Wire};
use crate::client::{Capabilities, CommandLine, Fault, FaultKind};
use crate::domain::account::MEMBER_ROLE;
use crate::domain::extension::Health;
use crate::domain::{Region, Scope};
pub(crate) use home::{Clients, Home};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::{Mutex, watch};

pub use crate::client::wire::Handler;

/// Where `vaultdeck serve` listens unless it is told otherwise.
pub const USUAL_URL: &str = "http://127.0.0.1:9860";

/// Where the context is.
#[derive(Clone)]
pub enum Transport {
    /// The engine in this process.
    InProcess(Handler),
    /// The socket of an engine in another process.
    Socket(PathBuf),
    /// A URL: an engine, or anything else that speaks AWS Backup. `http://` on loopback only.
    Endpoint(String),
    /// AWS itself.
    Aws,
}

/// A context, as the command line and the config file describe it.
#[derive(Clone)]
pub struct Options {
    /// Where it is.
    pub transport: Transport,
    /// The AWS profile whose credentials are used, for [`Transport::Endpoint`] and [`Transport::Aws`]; none takes what the
    /// environment gives.
    pub profile: Option<String>,
    /// The regions; empty takes those that the engine or the profile names.
    pub regions: Vec<Region>,
    /// The role to assume in member accounts; none stays in the own account on AWS, and means [`MEMBER_ROLE`] on an engine.
    pub member_role: Option<String>,
    /// Whether mutations may be made where no engine is behind the context.
    pub write: bool,
    /// Where a local engine listens for other programs, if it does: an `aws` line that is copied from here goes there.
    pub served_at: Option<String>,
}

/// A context.
pub struct Connection {
    options: Options,
    wire: Wire,
    capabilities: Arc<watch::Sender<Capabilities>>,
    home: Mutex<home::HomeSlot>,
    members: members::MemberCredentials,
    clients: Mutex<HashMap<Scope, home::Kept>>,
}

impl Connection {
    /// Prepares a context; nothing is called yet. The error is one of the options.
    pub fn new(options: Options) -> Result<Arc<Self>, Fault> {
        let local = matches!(options.transport, Transport::InProcess(_) | Transport::Socket(_));
        let capabilities = Capabilities {
            engine: local.then(|| env!("CARGO_PKG_VERSION").to_owned()),
            control: local,
            write: local || options.write,
        };
        let capabilities = Arc::new(watch::Sender::new(capabilities));
        let wire = make_wire(&options.transport, &capabilities)?;
        let members = members::MemberCredentials::default();
        Ok(Arc::new(Self { options, wire, capabilities, home: Mutex::default(), members, clients: Mutex::default() }))
    }

    /// What the context can do, as far as it is known now.
    pub fn capabilities(&self) -> Capabilities {
        self.capabilities.borrow().clone()
    }

    /// Tells when that changes.
    pub fn watch_capabilities(&self) -> watch::Receiver<Capabilities> {
        self.capabilities.subscribe()
    }

    /// The context's name in a title.
    pub fn label(&self) -> String {
        match (&self.options.transport, &self.options.profile) {
            (Transport::InProcess(_), _) => "embedded engine".to_owned(),
            (Transport::Socket(_), _) => "local engine".to_owned(),
            (Transport::Endpoint(url), _) => url.clone(),
            (Transport::Aws, Some(profile)) => format!("AWS {profile}"),
            (Transport::Aws, None) => "AWS".to_owned(),
        }
    }

    /// What the context is called in the history of jobs: where its service is, and by which profile. None where an engine is
    /// behind it, as far as is known now: that keeps its own jobs, and lists them.
    pub fn history_name(&self) -> Option<String> {
        let place = match &self.options.transport {
            Transport::InProcess(_) | Transport::Socket(_) => return None,
            Transport::Endpoint(url) => without_secrets(url),
            Transport::Aws => "AWS".to_owned(),
        };
        let profile = self.options.profile.as_ref().map(|profile| format!(" {profile}")).unwrap_or_default();
        self.capabilities.borrow().engine.is_none().then(|| format!("{place}{profile}"))
    }

    /// The profile, where the context has one.
    pub fn profile(&self) -> Option<&str> {
        self.options.profile.as_deref()
    }

    /// How the `aws` command line reaches the same context. A local engine may listen nowhere yet; then its line names the
    /// usual address all the same, so that one that is copied can never reach AWS itself.
    pub fn command_line(&self) -> CommandLine {
        let endpoint_url = match &self.options.transport {
            Transport::Endpoint(url) => Some(url.clone()),
            Transport::InProcess(_) | Transport::Socket(_) => {
                Some(self.options.served_at.clone().unwrap_or_else(|| USUAL_URL.to_owned()))
            }
            Transport::Aws => None,
        };
        CommandLine { profile: self.options.profile.clone(), endpoint_url }
    }

    /// The engine's own routes, where they can be reached.
    pub fn control(&self) -> Option<Control> {
        self.is_local().then(|| Control::over(self.wire.clone()))
    }

    /// How the engine is, where one is behind the context.
    pub async fn health(&self) -> Result<Health, Fault> {
        let Some(base) = self.base_url() else {
            return Err(Fault::new(FaultKind::Refused, "AWS tells nothing of its own health here"));
        };
        crate::client::control::health(&self.wire, &base).await
    }

    /// Whether the engine is in this process or on its socket.
    pub(crate) fn is_local(&self) -> bool {
        matches!(self.options.transport, Transport::InProcess(_) | Transport::Socket(_))
    }

    pub(crate) fn wire(&self) -> &Wire {
        &self.wire
    }

    /// The base of every URL, without a slash at its end; none leaves it to the SDK.
    pub(crate) fn base_url(&self) -> Option<String> {
        match &self.options.transport {
            Transport::InProcess(_) | Transport::Socket(_) => Some(LOCAL_URL.to_owned()),
            Transport::Endpoint(url) => Some(url.trim_end_matches('/').to_owned()),
            Transport::Aws => None,
        }
    }

    /// The role to assume in members, where there is one. The members of a local engine have exactly one.
    pub(crate) fn member_role(&self) -> Option<&str> {
        if self.is_local() {
            return Some(MEMBER_ROLE);
        }
        let engine = self.capabilities.borrow().engine.is_some();
        self.options.member_role.as_deref().or(engine.then_some(MEMBER_ROLE))
    }
}

/// The HTTP client of a transport. It reports the engine's version as soon as an answer carries it.
fn make_wire(transport: &Transport, capabilities: &Arc<watch::Sender<Capabilities>>) -> Result<Wire, Fault> {
    let sender = Arc::downgrade(capabilities);
    let notice: Notice = Arc::new(move |version: &str| {
        let Some(sender) = sender.upgrade() else { return };
        sender.send_if_modified(|known| {
            let version = Some(crate::client::text::clean(version));
            let changed = known.engine != version || !known.write;
            known.engine = version;
            known.write = true;
            changed
        });
    });
    let route = match transport {
        Transport::InProcess(handler) => Route::InProcess(handler.clone()),
        Transport::Socket(path) => Route::Socket(path.clone()),
        Transport::Aws => return Ok(Wire::tls(notice)),
        Transport::Endpoint(url) => match loopback_authority(url)? {
            Some(authority) => Route::Tcp(authority),
            None => return Ok(Wire::tls(notice)),
        },
    };
    Ok(Wire::new(route, notice))
}

/// A URL without what may be a secret in it: the user and password, and what is asked.
fn without_secrets(url: &str) -> String {
    let bare = url.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
    let Some((scheme, rest)) = bare.split_once("://") else { return bare.to_owned() };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = authority.rsplit('@').next().unwrap_or_default();
    format!("{scheme}://{host}{path}")
}

/// Where a URL leads; the error is one of the option.
fn loopback_authority(url: &str) -> Result<Option<String>, Fault> {
    crate::client::wire::loopback_authority(url).map_err(|why| {
        Fault::new(FaultKind::Refused, format!("--endpoint-url {}: {why}", crate::client::text::clean(url)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_history_names_a_place_and_a_profile_and_no_secret() {
        let name = |transport, profile: Option<&str>| {
            let profile = profile.map(str::to_owned);
            let options =
                Options { transport, profile, regions: Vec::new(), member_role: None, write: false, served_at: None };
            Connection::new(options).unwrap().history_name()
        };
        let at = |url: &str, profile| name(Transport::Endpoint(url.to_owned()), profile);
        assert_eq!(
            at("https://ada:pass@backup.example.com/aws/?key=s", None).unwrap(),
            "https://backup.example.com/aws"
        );
        assert_eq!(at("https://backup.example.com", Some("prod")).unwrap(), "https://backup.example.com prod");
        assert_eq!(name(Transport::Aws, Some("prod")).unwrap(), "AWS prod");
        assert_eq!(name(Transport::Aws, None).unwrap(), "AWS");
        assert_eq!(name(Transport::Socket("/run/engine.sock".into()), None), None, "an engine keeps its own jobs");
    }

    #[test]
    fn plain_http_is_for_loopback_only() {
        assert_eq!(loopback_authority("http://127.0.0.1:9860"), Ok(Some("127.0.0.1:9860".to_owned())));
        assert_eq!(loopback_authority("http://[::1]:9860/"), Ok(Some("[::1]:9860".to_owned())));
        assert_eq!(loopback_authority("http://localhost"), Ok(Some("localhost:80".to_owned())));
        assert_eq!(loopback_authority("https://backup.example.com"), Ok(None));
        for url in ["http://10.0.0.1:9860", "http://bastion:9860", "ftp://127.0.0.1", "127.0.0.1:9860", "http://", ""] {
            let fault = loopback_authority(url).expect_err(url);
            assert_eq!(fault.kind, FaultKind::Refused, "{url}");
        }
    }
}
