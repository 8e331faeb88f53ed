//! A client of one server, for threads that wait for its answers.

use super::address::Address;
use super::faults::fault;
use crate::domain::{Invalid, Secret};
use crate::engine::drivers::Fault;
use mongodb::bson::{Document, RawDocumentBuf, doc};
use mongodb::options::{AuthMechanism, ClientOptions, Credential};
use mongodb::{Cursor, Database};
use std::time::Duration;
use tokio::runtime::Runtime;

/// How long a connection may take.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// How long it may take until a server that fits answers.
const SELECTION_LIMIT: Duration = Duration::from_secs(10);
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

    /// Waits for an answer, whatever else goes on in other threads.
    pub(super) fn wait<F: Future>(&self, work: F) -> F::Output {
        self.runtime.block_on(work)
    }

    /// The answer to a command, which the server's refusal is named after.
    pub(super) fn command(&self, database: &str, command: Document) -> Result<Document, Fault> {
        let name = command.keys().next().cloned().unwrap_or_default();
        let answer = self.wait(self.database(database).run_command(command).into_future());
        answer.map_err(|error| fault(&self.address, &name, &error))
    }

    /// The same of a command whose documents stay as they are, byte for byte.
    pub(super) fn raw(&self, database: &str, name: &str, command: RawDocumentBuf) -> Result<Document, Fault> {
        let answer = self.wait(self.database(database).run_raw_command(command).into_future());
        answer.map_err(|error| fault(&self.address, name, &error))
    }

    /// All that a command's cursor gives.
    pub(super) fn all(&self, database: &str, command: Document) -> Result<Vec<Document>, Fault> {
        self.try_all(database, &command)
            .map_err(|error| fault(&self.address, command.keys().next().map_or("a command", String::as_str), &error))
    }

    /// The same with the error as it came.
    pub(super) fn try_all(&self, database: &str, command: &Document) -> mongodb::error::Result<Vec<Document>> {
        self.wait(async {
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
