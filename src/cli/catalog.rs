//! `vaultdeck catalog`: copies of the catalog, and the way back. No engine is needed, for it may not open.

use super::Session;
use super::arguments::CatalogCommand;
use super::failure::{Exit, Failure};
use super::output::{self, Column, Row, Show};
use super::sieve;
use crate::engine::catalog::copies::{self, PutBack};
use crate::engine::data_dir::DataDir;
use serde_json::json;
use std::path::Path;

const COLUMNS: [Column; 3] = [
    Column { title: "NAME", member: "Name", show: Show::Plain },
    Column { title: "MADE", member: "Made", show: Show::Time },
    Column { title: "SIZE", member: "SizeBytes", show: Show::Bytes },
];

pub(super) fn run(session: &Session, command: &CatalogCommand) -> Result<Exit, Failure> {
    if !session.data_dir.is_dir() {
        return Err(Failure::usage(format!("there is no data directory {}", session.data_dir.display())));
    }
    let catalog = session.data_dir.join("catalog.sqlite");
    match command {
        CatalogCommand::Copy => {
            let copy = copies::make(&catalog, chrono::Utc::now())?;
            output::write(&format!("{}\n", copy.path.display()))?;
        }
        CatalogCommand::Copies { rows: options } => {
            sieve::print(&COLUMNS, copies::list(&catalog)?.iter().map(row).collect(), options)?;
        }
        CatalogCommand::Restore { copy } => {
            let data_dir = DataDir::open_to_write(&session.data_dir)?;
            let done = copies::put_back(&data_dir.catalog(), copy.as_deref(), chrono::Utc::now())?;
            output::write(&told(&done, &session.data_dir))?;
        }
    }
    Ok(Exit::Done)
}

fn row(copy: &copies::Copy) -> Row {
    let size = std::fs::metadata(&copy.path).map(|facts| facts.len()).ok();
    let members = [
        ("Name", json!(copy.name())),
        ("Made", json!(copy.made)),
        ("SizeBytes", json!(size)),
        ("Path", json!(copy.path.to_string_lossy())),
    ];
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn told(done: &PutBack, data_dir: &Path) -> String {
    let mut text = format!("the catalog of {} is now the copy {}\n", data_dir.display(), done.from.display());
    if let Some(aside) = &done.aside {
        text += &format!("the catalog before lies in {}\n", aside.display());
    }
    text + "what the vaults got since then comes back when the engine starts, or now with: vaultdeck vault rescan --all\n"
}
