//! What `pg_dump` writes of an item, as a file that nobody but its owner may read, in a folder that was opened before: a database has
//! more in it than every user of this machine may know, and a name in a folder may be a link that somebody put there.

use super::asked::{Item, Table};
use super::{PATIENCE, needed, rows};
use crate::engine::drivers::Fault;
use crate::engine::drivers::child::Running;
use crate::engine::drivers::postgresql::scratch::Server;
use crate::engine::drivers::psql::programs::Programs;
use rustix::fs::{AtFlags, Mode, OFlags, fsync, openat, unlinkat};
use rustix::io::Errno;
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::fd::OwnedFd;

/// A file that is made in a folder.
pub(super) struct NewFile<'a> {
    pub(super) folder: &'a OwnedFd,
    pub(super) name: &'a str,
}

impl NewFile<'_> {
    fn unwritten(&self, error: &io::Error) -> Fault {
        Fault::of_io(format_args!("The file {} cannot be written", self.name), error)
    }

    /// Takes away what an attempt made that was cut off.
    pub(super) fn forget(&self) -> Result<(), Fault> {
        match unlinkat(self.folder, self.name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(error) => Err(self.unwritten(&error.into())),
        }
    }

    /// Makes it, and has it written; nothing is left of one that could not be written.
    pub(super) fn write(&self, write: impl FnOnce(&mut File) -> Result<(), Fault>) -> Result<(), Fault> {
        let access = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let opened = openat(self.folder, self.name, access, Mode::RUSR | Mode::WUSR);
        let mut file = File::from(opened.map_err(|error| self.unwritten(&error.into()))?);
        let synced = |file: File| file.sync_all().and_then(|()| Ok(fsync(self.folder)?));
        let written = write(&mut file).and_then(|()| synced(file).map_err(|error| self.unwritten(&error)));
        if written.is_err() {
            // What failed says more than that this failed too.
            let _ = self.forget();
        }
        written
    }

    /// Makes it of what `pg_dump` writes: all of a database, or these tables of it.
    pub(super) fn dump(
        &self,
        programs: &Programs,
        server: &Server,
        item: &Item,
        tables: &[Table],
    ) -> Result<(), Fault> {
        let usual = ["--format=custom", "--no-owner", "--no-privileges", "--no-password"];
        let mut program = usual.iter().fold(needed(programs, "pg_dump")?, |program, argument| program.arg(argument));
        for argument in of_tables(tables) {
            program = program.arg(argument);
        }
        let program = server.reach(program, &item.database);
        self.write(|file| self.pour(program.start(PATIENCE)?, file))
    }

    fn pour(&self, mut program: Running, file: &mut File) -> Result<(), Fault> {
        let mut buffer = vec![0; 256 << 10];
        loop {
            match program.read(&mut buffer) {
                Ok(0) => return program.finish().map(drop),
                Ok(read) => file.write_all(&buffer[..read]).map_err(|error| self.unwritten(&error))?,
                // Its end says why.
                Err(error) => return Err(program.finish().err().unwrap_or_else(|| self.unwritten(&error))),
            }
        }
    }
}

/// What picks these tables; all of a database without any, but that nobody is told of what becomes new in it, and it asks nobody.
fn of_tables(tables: &[Table]) -> Vec<String> {
    if tables.is_empty() {
        return ["--no-subscriptions", "--no-publications"].map(str::to_owned).into();
    }
    let picked = tables.iter().map(|table| {
        let (schema, name) = (rows::quoted(&table.schema), rows::quoted(&table.name));
        format!("--table={schema}.{name}")
    });
    ["--strict-names".to_owned()].into_iter().chain(picked).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repository::OpenFolder;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_dump_is_its_owners_alone_and_goes_through_no_link() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path().canonicalize().unwrap();
        let opened = OpenFolder::open(&at).unwrap().into_descriptor();
        let write = |name| {
            NewFile { folder: &opened, name }.write(|file| {
                file.write_all(b"x").unwrap();
                Ok(())
            })
        };
        write("new").unwrap();
        assert_eq!(std::fs::metadata(at.join("new")).unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::write(at.join("precious"), "precious").unwrap();
        std::os::unix::fs::symlink(at.join("precious"), at.join("planted")).unwrap();
        assert!(write("planted").is_err());
        assert_eq!(std::fs::read_to_string(at.join("precious")).unwrap(), "precious");
        // One that was cut off goes, and not what a link leads to.
        NewFile { folder: &opened, name: "planted" }.forget().unwrap();
        assert!(!at.join("planted").exists() && at.join("precious").exists());
        let failed = NewFile { folder: &opened, name: "half" }.write(|_| Err(Fault::Failed("no".to_owned())));
        assert!(failed.is_err() && !at.join("half").exists());
    }

    #[test]
    fn a_table_comes_with_each_of_its_parts_and_a_database_with_no_subscription() {
        let table = |schema: &str, name: &str| Table { schema: schema.to_owned(), name: name.to_owned() };
        let picked = of_tables(&[table("b", "c\"d"), table("x", "part")]);
        assert_eq!(picked, ["--strict-names", "--table=\"b\".\"c\"\"d\"", "--table=\"x\".\"part\""]);
        assert!(of_tables(&[]).contains(&"--no-subscriptions".to_owned()));
    }
}
