//! An item of a dump: the statements of its files, one behind the other, as they are run.

use super::Origin;
use super::asked::Item;
use super::server::{Characters, Statements};
use super::text::{self, Change};
use crate::engine::drivers::mariadb::dump::{OF_DATABASE, SEQUENCES, of_database, of_table};
use crate::engine::drivers::{Fault, Inside};
use crate::repository::ItemPath;
use percent_encoding::percent_decode;
use std::fs::File;
use std::io::{self, BufReader, Read as _, Write};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

/// How much of a file has its head and what makes its table.
const HEAD: u64 = 256 << 10;

/// How a file says that it makes a table in the place of a view.
const VIEW: &str = "\n-- Temporary table structure for view ";

/// What stands in the head of a file before the character set of its database.
const SET: &str = " DEFAULT CHARACTER SET ";
const COLLATION: &str = " COLLATE ";

/// The files of an item in a scratch folder.
pub(super) struct Files {
    pub(super) data: PathBuf,
    /// In the order in which they are run; one may be the folder of all tables.
    pub(super) files: Vec<ItemPath>,
}

fn at(file: &Path) -> ItemPath {
    file.components().fold(ItemPath::root(), |path, name| path.join(name.as_os_str().as_bytes()))
}

/// Which files of a recovery point are those of an item, in the order in which they are run.
pub(super) fn wanted(item: &Item, content: &Inside<'_>) -> Result<Vec<ItemPath>, Fault> {
    let database = |end: &str| at(&of_database(&item.database, end));
    let [routines, views] = OF_DATABASE.map(database);
    if content.find(&routines)?.is_none() {
        let names = content.names(&ItemPath::root())?;
        let names = names.iter().filter_map(|name| name.strip_suffix(OF_DATABASE[0].as_bytes()));
        let names = names.map(|name| percent_decode(name).decode_utf8_lossy().into_owned());
        return Err(item.lacks_database(&names.collect::<Vec<_>>()));
    }
    let sequences = database(SEQUENCES);
    let wanted = match &item.table {
        None => {
            let tables = of_table(&item.database, "");
            let tables = tables.parent().map(at).unwrap_or_else(ItemPath::root);
            vec![sequences, tables, routines, views]
        }
        Some(table) => {
            let table = at(&of_table(&item.database, table));
            let mut head = Vec::new();
            let file = content.open(&table)?.ok_or_else(|| item.lacks_table())?;
            file.take(HEAD).read_to_end(&mut head).map_err(|error| Fault::of_io(format_args!("{table}"), &error))?;
            let head = String::from_utf8_lossy(&head);
            if head.contains(VIEW) {
                return Err(item.is_no_table("view"));
            }
            let takes_numbers = head.contains("nextval(");
            takes_numbers.then_some(sequences).into_iter().chain([table]).collect()
        }
    };
    let is_there = |path: &ItemPath| content.find(path).map(|found| found.is_some());
    let mut there = Vec::new();
    for path in wanted {
        if is_there(&path)? {
            there.push(path);
        }
    }
    Ok(there)
}

impl Origin for Files {
    fn open<'a>(&'a self, _: &'a Item) -> Result<Box<dyn Statements + 'a>, Fault> {
        Ok(Box::new(Opened { data: &self.data, files: self.files().map_err(|error| unread(&self.data, &error))? }))
    }
}

impl Files {
    /// The files, with those of the tables in the order of their names.
    fn files(&self) -> io::Result<Vec<PathBuf>> {
        let mut files = Vec::new();
        for path in &self.files {
            let below = path.components().iter().map(|name| std::ffi::OsStr::from_bytes(name));
            let path = below.fold(self.data.clone(), |path, name| path.join(name));
            if !path.is_dir() {
                files.push(path);
                continue;
            }
            let tables = std::fs::read_dir(&path)?.map(|entry| entry.map(|entry| entry.path()));
            let mut tables = tables.collect::<io::Result<Vec<_>>>()?;
            tables.sort();
            files.append(&mut tables);
        }
        Ok(files)
    }
}

struct Opened<'a> {
    data: &'a Path,
    files: Vec<PathBuf>,
}

impl Statements for Opened<'_> {
    /// What the head of each file says.
    fn characters(&self) -> Result<Characters, Fault> {
        let Some(first) = self.files.first() else { return Ok(Characters::default()) };
        let mut head = Vec::new();
        let read = File::open(first).and_then(|file| file.take(HEAD).read_to_end(&mut head));
        read.map_err(|error| unread(self.data, &error))?;
        Ok(characters(&String::from_utf8_lossy(&head)))
    }

    fn write(&self, change: Change<'_>, into: &mut dyn Write) -> Result<(), Fault> {
        for path in &self.files {
            let file = File::open(path).map_err(|error| unread(self.data, &error))?;
            text::copy(BufReader::new(file), Change { has_head: true, ..change }, into)
                .map_err(|error| Fault::of_io("The statements of the item cannot be written", &error))?;
        }
        Ok(())
    }
}

/// What the head of a file says of its database.
fn characters(head: &str) -> Characters {
    let line = head.lines().find(|line| line.starts_with("CREATE DATABASE ")).unwrap_or_default();
    // A name may have the same words in it.
    let Some((_, told)) = line.rsplit_once(SET) else { return Characters::default() };
    let word = |text: &str| text.split([' ', '*']).next().filter(|word| !word.is_empty()).map(str::to_owned);
    Characters { set: word(told), collation: told.rsplit_once(COLLATION).and_then(|(_, told)| word(told)) }
}

fn unread(data: &Path, error: &io::Error) -> Fault {
    Fault::of_io(format_args!("What was restored into {} cannot be read", data.display()), error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_of_a_file_says_how_its_database_takes_texts() {
        let told = |end: &str| {
            characters(&format!(
                "\nCREATE DATABASE /*!32312 IF NOT EXISTS*/ `a COLLATE x DEFAULT CHARACTER SET y` {end};\n"
            ))
        };
        let both = told("/*!40100 DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci */");
        let word = |word: &str| Some(word.to_owned());
        assert_eq!(both, Characters { set: word("utf8mb4"), collation: word("utf8mb4_general_ci") });
        let one = told("/*!40100 DEFAULT CHARACTER SET latin1 */");
        assert_eq!(one, Characters { set: word("latin1"), collation: None });
        assert_eq!(characters("USE `a`;\n"), Characters::default());
    }
}
