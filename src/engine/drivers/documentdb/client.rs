//! A client of one server, for threads that wait for its answers.

use super::address::Address;
use super::faults::fault;
use crate::domain::{Invalid, Secret};
use crate::engine::drivers::Fault;
use crate::engine::drivers::http::{stopped, temporary};
use crate::repository::Control;
use mongodb::bson::{Document, RawDocumentBuf, doc};
use mongodb::options::{AuthMechanism, ClientOptions, Credential};
use mongodb::{Cursor, Database};
use std::pin::pin;
use std::time::Duration;
use tokio::runtime::Runtime;

/// How long a connection may take.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// How long it may take until a server that fits answers.
const SELECTION_LIMIT: Duration = Duration::from_secs(10);
/// How long a server may be silent that is asked something.
const SILENCE_LIMIT: Duration = Duration::from_secs(5 * 60);
/// How long it may read a whole collection for an index.
const INDEX_LIMIT: Duration = Duration::from_secs(24 * 3600);
/// How often a thread that waits looks whether it is to stop.
const TICK: Duration = Duration::from_millis(100);
/// Threads that move bytes, whoever waits for them.
const THREADS: usize = 2;

/// A client of one server, and the runtime that its connections live in.
pub(super) struct Client {
    sdk: mongodb::Client,
    runtime: Runtime,
    address: Address,
}

impl Client {
    /// A client of a server. It is not called yet.
    pub(super) fn open(address: &Address, secret: Option<&Secret>) -> Result<Self, Fault> {
        let credential = credential(address, secret)?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(THREADS)
            .thread_name("documentdb")
            .enable_all()
            .build()
            .map_err(|error| Fault::of_io("No threads could be started for the server", &error))?;
        let opened = runtime.block_on(async {
            let mut options = ClientOptions::parse(address.anonymous()).await?;
            options.app_name = Some("vaultdeck".to_owned());
            options.connect_timeout = Some(CONNECT_LIMIT);
            options.server_selection_timeout = Some(SELECTION_LIMIT);
            options.credential = credential;
            mongodb::Client::with_options(options)
        });
        let sdk = opened.map_err(|error| fault(address, "the handshake", &error))?;
        Ok(Self { sdk, runtime, address: address.clone() })
    }

    /// Where it leads.
    pub(super) fn address(&self) -> &Address {
        &self.address
    }

    /// A database of the server.
    pub(super) fn database(&self, name: &str) -> Database {
        self.sdk.database(name)
    }

    /// Waits for an answer to a call, unless it is to stop or the server is silent for too long.
    pub(super) fn wait<F: Future>(&self, call: &str, stop: Option<&Control>, work: F) -> Result<F::Output, Fault> {
        self.wait_for(limit_of(call), call, stop, work)
    }

    fn wait_for<F: Future>(
        &self,
        limit: Duration,
        call: &str,
        stop: Option<&Control>,
        work: F,
    ) -> Result<F::Output, Fault> {
        self.runtime.block_on(async {
            let mut work = pin!(tokio::time::timeout(limit, work));
            loop {
                tokio::select! {
                    done = &mut work => return done.map_err(|_| {
                        temporary(format!("The server at {} does not answer {call} in time.", self.address.place()))
                    }),
                    () = tokio::time::sleep(TICK) => stopped(stop)?,
                }
            }
        })
    }

    /// The answer to a command, which the server's refusal is named after.
    pub(super) fn command(&self, database: &str, command: Document) -> Result<Document, Fault> {
        let name = name_of(&command);
        let answer = self.wait(&name, None, self.database(database).run_command(command).into_future())?;
        answer.map_err(|error| fault(&self.address, &name, &error))
    }

    /// The same of a command whose documents stay as they are, byte for byte.
    pub(super) fn raw(&self, database: &str, name: &str, command: RawDocumentBuf) -> Result<Document, Fault> {
        let answer = self.wait(name, None, self.database(database).run_raw_command(command).into_future())?;
        answer.map_err(|error| fault(&self.address, name, &error))
    }

    /// All that a command's cursor gives.
    pub(super) fn all(&self, database: &str, command: Document) -> Result<Vec<Document>, Fault> {
        self.try_all(database, &command)?.map_err(|error| fault(&self.address, &name_of(&command), &error))
    }

    /// The same with the error as it came.
    pub(super) fn try_all(
        &self,
        database: &str,
        command: &Document,
    ) -> Result<mongodb::error::Result<Vec<Document>>, Fault> {
        self.wait(&name_of(command), None, async {
            let mut cursor: Cursor<Document> = self.database(database).run_cursor_command(command.clone()).await?;
            let mut all = Vec::new();
            while cursor.advance().await? {
                all.push(cursor.deserialize_current()?);
            }
            Ok(all)
        })
    }

    /// The server's version, as in `5.0.0`.
    pub(super) fn version(&self) -> Result<String, Fault> {
        let told = self.command("admin", doc! { "buildInfo": 1 })?;
        told.get_str("version").map(str::to_owned).map_err(|_| {
            Fault::Failed(format!(
                "The server at {} does not say its version: it is no DocumentDB.",
                self.address.place()
            ))
        })
    }
}

fn name_of(command: &Document) -> String {
    command.keys().next().cloned().unwrap_or_default()
}

/// How long a server may think about a call.
fn limit_of(call: &str) -> Duration {
    if call == "createIndexes" { INDEX_LIMIT } else { SILENCE_LIMIT }
}

/// How the user says who it is. A password alone says nothing, nor does a user alone.
fn credential(address: &Address, secret: Option<&Secret>) -> Result<Option<Credential>, Invalid> {
    let wrong = |rule: &str| Err(Invalid::value("Secret", rule));
    let (user, secret) = match (&address.user, secret) {
        (None, None) => return Ok(None),
        (Some(user), Some(secret)) => (user, secret),
        (Some(_), None) => return wrong("must hold the password of the user in the URL: give it with --secret-file"),
        (None, Some(_)) => return wrong("is given, and the URL names no user: mongodb://USER@HOST:PORT"),
    };
    let mut credential = Credential::default();
    credential.username = Some(user.clone());
    credential.password = Some(secret.reveal().to_owned());
    credential.source = Some(address.option("authSource").unwrap_or("admin").to_owned());
    credential.mechanism = address.option("authMechanism").map(|name| match name {
        "SCRAM-SHA-1" => AuthMechanism::ScramSha1,
        _ => AuthMechanism::ScramSha256,
    });
    Ok(Some(credential))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::pending;

    #[test]
    fn a_silent_server_is_waited_for_no_longer_than_its_limit_or_the_job() {
        let client = Client::open(&Address::parse("mongodb://127.0.0.1:1").unwrap(), None).unwrap();
        let silent = client.wait_for(Duration::from_millis(150), "find", None, pending::<()>());
        assert!(
            matches!(&silent, Err(Fault::Temporary { why, .. }) if why.contains("does not answer find")),
            "{silent:?}"
        );
        let control = Control::new();
        control.cancel();
        let stopped = client.wait("find", Some(&control), pending::<()>());
        assert_eq!(stopped, Err(Fault::Failed("The job was stopped.".to_owned())));
        assert_eq!(client.wait("find", None, async { 1 }), Ok(1));
        assert!(limit_of("createIndexes") > limit_of("drop"));
    }
}
