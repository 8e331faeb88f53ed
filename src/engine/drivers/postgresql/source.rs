//! Reading a cluster.

use super::address::Address;
use super::archive::{Archiver, Came};
use super::incremental::{Asked, Reads, Whole};
use super::manifest::Manifest;
use super::programs;
use super::server::{self, Server, Session};
use super::stream::Stream;
use super::trace::Traces;
use super::tree::ROOT;
use super::{Seen, faults};
use crate::domain::types::location::Part;
use crate::domain::{Consistency, PointDetails};
use crate::engine::drivers::sight::databases;
use crate::engine::drivers::{BackupCx, Fault, Mark, PointFacts, Source};
use crate::repository::{BackupOutcome, TreeSource};
use std::path::Path;

/// The detail with the name of the user whom the cluster was made with: who may do everything in what is restored of it.
pub(super) const FIRST_USER: &str = "FirstUser";

/// The detail that says which pages were read.
const PAGES_READ: &str = "PagesRead";

/// A cluster that is open for a backup.
struct Open {
    stream: Stream,
    server: Server,
    seen: Seen,
    /// Keeps the log until the last byte has come.
    session: Session,
    /// Where the next backup looks whether the cluster went on from this one.
    traces: Traces,
}

/// Opens the cluster of a resource, if it is still the one that was registered.
pub(super) fn open(cx: &BackupCx<'_>) -> Result<Box<dyn Source>, Fault> {
    let (resource, secret) = (&cx.of.resource, cx.of.secret.as_ref());
    let Some(url) = resource.location.part(Part::Url) else {
        return Err(Fault::Failed(format!(
            "{name} was restored to {at} and is no server yet: start one there (pg_ctl start) and register that, with vaultdeck resource \
             remove {name} and vaultdeck resource add {kind} {name} --url postgresql://USER@HOST:PORT.",
            name = resource.name,
            at = resource.location,
            kind = resource.resource_type,
        )));
    };
    let address = Address::parse(url).map_err(|rule| Fault::Failed(format!("The URL {rule}.")))?;
    let installed = programs::installed()?;
    let newest = server::newest(&installed)?;
    let mut session = Session::connect(newest, &address, secret)?;
    let server = session.look()?;
    let programs = programs::for_server(&installed, server.major)?;
    let identity = server::identify(newest, &address, secret)?;
    let system_identifier = identity.system_identifier.clone();
    let known: Option<Seen> = cx.of.mark.as_ref().and_then(Mark::read);
    if let Some(known) = known.filter(|known| known.system_identifier != system_identifier) {
        return Err(Fault::Failed(format!(
            "At {place} is another database cluster (system identifier {system_identifier}) than when {name} was registered or last \
             backed up ({known}). If this is right, register it again: vaultdeck resource add {kind} {name} --url {url}",
            place = address.place(),
            name = resource.name,
            known = known.system_identifier,
            kind = resource.resource_type,
        )));
    }
    let traces = Traces::of(&resource.arn, cx.line);
    // The slot may be the one that is missing for what follows.
    if !server.tells_changes && !session.traces(&traces)?.is_empty() {
        session.leave_trace(&traces, None)?;
    }
    session.hold_log()?;
    let asked = Asked { server: &server, identity: &identity, traces: &traces, session: &mut session };
    let reads = Reads::of(cx.before, cx.is_last, asked)?;
    let program = Archiver { programs: programs.clone(), address, secret: secret.cloned() };
    let seen = Seen {
        system_identifier,
        version: server.version.clone(),
        size_bytes: server.size_bytes,
        wal_level: server.wal_level.clone(),
    };
    let stream = Stream::begin(program, &server, reads)?;
    Ok(Box::new(Open { stream, server, seen, session, traces }))
}

impl Source for Open {
    fn items(&self) -> &dyn TreeSource {
        &self.stream
    }

    fn root(&self) -> &Path {
        Path::new(ROOT)
    }

    fn fault(&self) -> Option<Fault> {
        self.stream.fault()
    }

    fn finish(mut self: Box<Self>, outcome: &BackupOutcome) -> Result<PointFacts, Fault> {
        // Behind the end of the backup, whose log is in it.
        let restorable_from = Some(self.session.time()?);
        let first_user = self.session.first_user()?;
        // Only told: a database that is dropped while its size is asked for fails no backup.
        let databases = self.session.sizes().ok().and_then(|sizes| databases(&sizes));
        let (address, Came { program: came, tree, manifest: told, contents, whole }) = self.stream.into_what_came();
        let unfit =
            |why: &str| Fault::Failed(format!("The backup of the PostgreSQL server at {}: {why}.", address.place()));
        let ended = came.ok_or_else(|| unfit("it did not come to its end"))?.finish();
        let said = ended.map_err(|fault| faults::fault(&address, &fault.to_string()))?.said;
        if faults::tells_an_error(&said) {
            return Err(faults::fault(&address, &said));
        }
        if let Some(issue) = outcome.issues.first() {
            return Err(unfit(&format!("{} is not in it: {}", issue.path.display(), issue.reason)));
        }
        let manifest = Manifest::read(&told).map_err(|why| unfit(&why))?;
        manifest.check(&tree, &contents).map_err(|why| unfit(&why))?;
        let trace = self.server.tells_changes.then(|| self.traces.name(&told, &self.server.checksums));
        let untraced = self.session.leave_trace(&self.traces, trace.as_deref()).err();
        self.session.close();
        let mut details = details(&self.server, &self.seen, &manifest);
        details.insert(PAGES_READ.to_owned(), pages_read(whole.as_ref()));
        details.extend(databases);
        details.extend((!first_user.is_empty()).then(|| (FIRST_USER.to_owned(), first_user)));
        let issue = issue(whole, untraced);
        Ok(PointFacts { issue, details, mark: Some(Mark::of(&self.seen)), restorable_from, ..PointFacts::default() })
    }
}

/// What was read, and why all of it.
fn pages_read(whole: Option<&Whole>) -> String {
    whole.map_or_else(
        || "those that changed since the recovery point before".to_owned(),
        |whole| format!("all: {}", whole.why),
    )
}

/// What went otherwise than it should.
fn issue(whole: Option<Whole>, untraced: Option<Fault>) -> Option<String> {
    let told =
        |whole: Whole| format!("all of the cluster was read, and not only the pages that changed: {}", whole.why);
    let whole = whole.filter(|whole| !whole.is_expected).map(told);
    let untraced = untraced
        .map(|fault| format!("the next backup reads all of the cluster, since this one left no trace: {fault}"));
    let issues: Vec<String> = whole.into_iter().chain(untraced).collect();
    (!issues.is_empty()).then(|| issues.join("; "))
}

/// What there is to say of the point.
fn details(server: &Server, seen: &Seen, manifest: &Manifest) -> PointDetails {
    let of_server = [
        Consistency::Transaction.detail(),
        ("EngineVersion".to_owned(), server.version.clone()),
        ("DatabaseBytes".to_owned(), server.size_bytes.to_string()),
        ("SystemIdentifier".to_owned(), seen.system_identifier.clone()),
    ];
    let of_log = manifest.range().map(|range| {
        [
            ("Timeline".to_owned(), range.timeline.to_string()),
            ("StartLsn".to_owned(), range.start.clone()),
            ("EndLsn".to_owned(), range.end.clone()),
        ]
    });
    of_server.into_iter().chain(of_log.into_iter().flatten()).collect()
}
