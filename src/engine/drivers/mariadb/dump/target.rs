//! Restoring a dump: its files into a folder, or what they say into an empty server.

#[cfg(test)]
mod tests;

use super::{OF_DATABASE, SEQUENCE, SEQUENCES, USERS, files, users};
use crate::domain::types::keys::{URL_KEY, value};
use crate::domain::types::location::{Location, Part};
use crate::domain::{Invalid, Secret};
use crate::engine::drivers::mariadb::address::Address;
use crate::engine::drivers::mariadb::programs::CLIENT;
use crate::engine::drivers::mariadb::server::{self, Server};
use crate::engine::drivers::mariadb::{ENGINE_DETAIL, MariaDb, Seen, faults, rows};
use crate::engine::drivers::{Fault, Inside, Mark, RestoreAsk, RestoreCx, RestorePlan, Restored, Sink, Target};
use crate::engine::drivers::{endpoint, folder};
use crate::repository::{ItemPath, Node, Put, Refusal, RestoreOutcome, RestoreSize, StreamSink};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long one statement may take.
const PATIENCE: Duration = Duration::from_secs(2 * 60 * 60);

/// The most that the views or routines of a database may have, or the users.
const LONGEST: u64 = 256 << 20;

/// What a restore of a dump is to do.
pub(in crate::engine::drivers::mariadb) fn plan(driver: &MariaDb, ask: &RestoreAsk<'_>) -> Result<RestorePlan, Fault> {
    let restore = (driver.0.read)(ask.metadata)?;
    let mut metadata = ask.metadata.clone();
    metadata.retain(|key, _| !key.eq_ignore_ascii_case(URL_KEY));
    (driver.0.supported)(&metadata)?;
    driver.refuse_own_name(ask, &restore.identifier)?;
    let field = || format!("Metadata.{URL_KEY}");
    let target = match value(ask.metadata, URL_KEY).filter(|url| !url.is_empty()) {
        None => {
            let target = folder::target::new_folder(ask, restore.path.as_deref(), &restore.identifier)?;
            target.with(Part::Engine, Some(ENGINE_DETAIL.1))
        }
        Some(_) if restore.path.is_some() => {
            return Err(
                Invalid::value(field(), "is for a server and vaultdeck:path for a folder: give one of them").into()
            );
        }
        Some(url) => {
            let address = Address::parse(url).map_err(|rule| Invalid::value(field(), rule))?;
            let of_source = ask.source.and_then(|source| source.resource.location.part(Part::Url));
            endpoint::stay(ask, URL_KEY, "server that was backed up", &address.to_string(), of_source)?;
            Location::of([(Part::Url, address.to_string())])
        }
    };
    Ok(RestorePlan { target, makes: Some(restore.identifier), is_whole: true })
}

/// Opens nothing yet.
pub(in crate::engine::drivers::mariadb) fn target<'a>(
    driver: &MariaDb,
    cx: &RestoreCx<'a>,
) -> Result<Box<dyn Target + 'a>, Fault> {
    let name = Some((driver.0.read)(cx.metadata)?.identifier);
    let Some(url) = cx.target.part(Part::Url) else {
        let note = "These are SQL files: give them to mariadb, those of the sequences first, then those of the tables."
            .to_owned();
        let made = Restored { name, notes: vec![note], ..Restored::default() };
        return Ok(Box::new(folder::target::open(cx, Vec::new(), made)?));
    };
    let address = Address::parse(url).map_err(|rule| Fault::Failed(format!("The URL {rule}.")))?;
    Ok(Box::new(Into { address, secret: cx.secret.cloned(), content: cx.content, name }))
}

/// A server that is restored into.
struct Into<'a> {
    address: Address,
    secret: Option<Secret>,
    content: &'a Inside<'a>,
    name: Option<String>,
}

impl Into<'_> {
    fn look(&self) -> Result<Server, Fault> {
        server::look(&self.address, self.secret.as_ref())
    }

    /// Refuses a server in which somebody made what is not in the recovery point while the restore did not go on.
    fn refuse_others(&self) -> Result<(), Fault> {
        for row in server::ask(&self.address, self.secret.as_ref(), rows::LISTED)? {
            let [database, name, kind, ..] = row.as_slice() else { continue };
            let is_ours = self.has(&files::of_database(database, OF_DATABASE[0]))?
                && (name.is_empty() || kind == SEQUENCE || self.has(&files::of_table(database, name))?);
            if !is_ours {
                let found = if name.is_empty() { database.clone() } else { format!("{database}.{name}") };
                return Err(Fault::Failed(format!(
                    "The MariaDB server at {} has {found}, which is not of the recovery point: somebody made it since the restore began.",
                    self.address.place()
                )));
            }
        }
        Ok(())
    }

    fn has(&self, file: &Path) -> Result<bool, Fault> {
        let names = file.components().map(|name| name.as_os_str().as_bytes());
        let path = names.fold(ItemPath::root(), |path, name| path.join(name));
        Ok(self.content.find(&path)?.is_some())
    }

    /// Makes all databases at once, while there are none: one that is there later with such a name is this restore's.
    fn make_databases(&self) -> Result<(), Fault> {
        let root = ItemPath::root();
        let mut statements = b"SET NAMES utf8mb4;\n".to_vec();
        for name in self.content.names(&root)?.iter().filter(|name| name.ends_with(OF_DATABASE[0].as_bytes())) {
            let content = self.content.read(&root.join(name), LONGEST)?.unwrap_or_default();
            let mut lines = content.split_inclusive(|byte| *byte == b'\n');
            statements.extend_from_slice(lines.find(|line| line.starts_with(b"CREATE DATABASE ")).unwrap_or_default());
        }
        self.run_all(&statements)
    }

    /// Runs what a file says.
    fn run(&self, content: &mut dyn Read) -> Result<(), Refusal> {
        let client = CLIENT.on_server(&self.address, self.secret.as_ref()).and_then(|program| {
            program
                .arg("--batch")
                .arg("--binary-mode")
                .arg("--comments")
                .arg("--max-allowed-packet=1G")
                .with_input()
                .start(PATIENCE)
        });
        let mut running = client.map_err(all)?;
        let mut buffer = vec![0; 64 << 10];
        let mut poured = Ok(());
        while let read @ 1.. = content.read(&mut buffer).map_err(Refusal::from)? {
            poured = running.pour(&buffer[..read]);
            if poured.is_err() {
                break;
            }
        }
        // Why it did not take all is told best by its end.
        running.finish().map_err(|fault| all(faults::fault(&self.address, &fault.to_string())))?;
        poured.map_err(|error| {
            all(faults::fault(&self.address, &format!("mariadb ended well before it had read all: {error}")))
        })
    }

    /// What comes once all tables are there: routines, then views, which may need both, and the users. It gives a note.
    fn run_the_rest(&self) -> Result<String, Fault> {
        OF_DATABASE.into_iter().try_for_each(|end| self.run_those(end))?;
        let account = server::ask(&self.address, self.secret.as_ref(), rows::ACCOUNT)?.into_iter().flatten().next();
        let account = account.unwrap_or_default();
        let users = self.content.read(&ItemPath::root().join(USERS.as_bytes()), LONGEST)?.unwrap_or_default();
        self.run_all(&users::without(&users, &account))?;
        Ok(format!("{account}, as whom it was restored, keeps the password and the rights that it had there."))
    }

    /// Runs the files of databases with this end.
    fn run_those(&self, end: &str) -> Result<(), Fault> {
        let root = ItemPath::root();
        for name in self.content.names(&root)?.iter().filter(|name| name.ends_with(end.as_bytes())) {
            self.run_all(&self.content.read(&root.join(name), LONGEST)?.unwrap_or_default())?;
        }
        Ok(())
    }

    fn run_all(&self, mut content: &[u8]) -> Result<(), Fault> {
        self.run(&mut content).map_err(|refusal| match refusal {
            Refusal::Item(why) => Fault::Failed(why),
            Refusal::All(error) => Fault::behind(&error).cloned().unwrap_or_else(|| Fault::Failed(error.to_string())),
        })
    }
}

/// A server that takes one table not would take no other either: the restore ends with its words.
fn all(fault: Fault) -> Refusal {
    Refusal::All(fault.into_io())
}

impl Target for Into<'_> {
    fn items(&self) -> &[ItemPath] {
        &[]
    }

    fn begin(&mut self, _: &RestoreSize) -> Result<Mark, Fault> {
        let server = self.look()?;
        let listed = server::ask(&self.address, self.secret.as_ref(), rows::LISTED)?;
        if let Some(database) = listed.into_iter().flatten().next() {
            return Err(Fault::Failed(format!(
                "The MariaDB server at {} must have no database of its own, and has {database}: nothing was written.",
                self.address.place()
            )));
        }
        Ok(Mark::of(&server.seen))
    }

    /// What was begun is made anew: each file removes its table first.
    fn resume(&mut self, before: &Mark) -> Result<(), Fault> {
        let server = self.look()?;
        if before.read::<Seen>().is_some_and(|before| server.seen.is(&before)) {
            return self.refuse_others();
        }
        let place = self.address.place();
        Err(Fault::Failed(format!("At {place} is not the server any more that this job wrote into before.")))
    }

    fn sink(&mut self) -> Result<Sink<'_>, Fault> {
        self.make_databases()?;
        self.run_those(SEQUENCES)?;
        Ok(Sink::InOrder(self))
    }

    fn finish(self: Box<Self>, _: &RestoreOutcome) -> Result<Restored, Fault> {
        let note = self.run_the_rest()?;
        Ok(Restored { name: self.name, notes: vec![note], shares_secret: true, ..Restored::default() })
    }
}

impl StreamSink for Into<'_> {
    fn place(&self) -> PathBuf {
        PathBuf::from(self.address.place())
    }

    fn put(&self, path: &ItemPath, node: &Node, content: &mut dyn Read) -> Result<Put, Refusal> {
        // Those of the databases themselves come at the end.
        if !node.is_file() || path.components().len() < 2 {
            io::copy(content, &mut io::sink()).map_err(Refusal::from)?;
            return Ok(Put::Written);
        }
        self.run(content).map(|()| Put::Written)
    }
}
