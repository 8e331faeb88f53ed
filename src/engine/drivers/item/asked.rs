//! What is asked for: which item, and where it goes.

use crate::domain::Invalid;
use crate::domain::types::Metadata;
use crate::domain::types::database::DatabaseRestore;
use crate::domain::types::keys::{DATABASE_KEY, ITEMS_KEY, PATH_KEY, URL_KEY, value};
use crate::engine::drivers::Fault;
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use std::fmt;

/// What a name has percent-encoded in an item, and in the name of a file.
const PARTS: &AsciiSet = &CONTROLS.add(b'/').add(b'.').add(b'%');

/// How items are asked for of one engine.
pub(in crate::engine::drivers) struct Rules {
    /// What the engine is called.
    pub(in crate::engine::drivers) engine: &'static str,
    /// What an item looks like.
    pub(in crate::engine::drivers) form: &'static str,
    /// What it becomes in a folder.
    pub(in crate::engine::drivers) file: &'static str,
    /// Reads and checks metadata, as AWS does.
    pub(in crate::engine::drivers) read: fn(&Metadata) -> Result<DatabaseRestore, Invalid>,
    /// Refuses what an engine does not do.
    pub(in crate::engine::drivers) supported: fn(&Metadata) -> Result<(), Invalid>,
}

/// An item as it was asked for.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::engine::drivers) struct Given<'a> {
    pub(in crate::engine::drivers) item: String,
    pub(in crate::engine::drivers) goes: Goes<'a>,
}

/// Where it goes.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::engine::drivers) enum Goes<'a> {
    IntoFolder(&'a str),
    /// Into a server, as a new database of this name.
    IntoServer {
        url: &'a str,
        database: Option<&'a str>,
    },
}

/// A refusal that is about one key.
pub(in crate::engine::drivers) fn refuse(key: &str, rule: impl fmt::Display) -> Fault {
    Invalid::value(format!("Metadata.{key}"), format_args!("{key} {rule}")).into()
}

fn get<'a>(metadata: &'a Metadata, key: &str) -> Option<&'a str> {
    value(metadata, key).filter(|text| !text.is_empty())
}

/// Refuses what goes with an item, where none is asked for.
pub(in crate::engine::drivers) fn refuse_without_item(metadata: &Metadata, engine: &str) -> Result<(), Fault> {
    match [URL_KEY, DATABASE_KEY].into_iter().find(|key| get(metadata, key).is_some()) {
        None => Ok(()),
        Some(key) => Err(refuse(
            key,
            format_args!("is for one database or table of a recovery point of {engine}: name that with {ITEMS_KEY}"),
        )),
    }
}

impl<'a> Given<'a> {
    /// Reads metadata; nothing where no item is asked for.
    pub(in crate::engine::drivers) fn read(rules: &Rules, metadata: &'a Metadata) -> Result<Option<Self>, Fault> {
        let get = |key: &str| get(metadata, key);
        let Some(items) = get(ITEMS_KEY) else { return Ok(None) };
        (rules.read)(metadata)?;
        let ours = |key: &str| [ITEMS_KEY, URL_KEY, DATABASE_KEY].iter().any(|known| known.eq_ignore_ascii_case(key));
        let others: Metadata =
            metadata.iter().filter(|(key, _)| !ours(key)).map(|(key, value)| (key.clone(), value.clone())).collect();
        (rules.supported)(&others)?;
        let items: Vec<String> = serde_json::from_str(items).unwrap_or_default();
        let [item] = items.as_slice() else {
            return Err(refuse(ITEMS_KEY, format_args!("must be one database or one table: {}", rules.form)));
        };
        let goes = match (get(PATH_KEY), get(URL_KEY), get(DATABASE_KEY)) {
            (Some(path), None, None) => Goes::IntoFolder(path),
            (Some(_), None, Some(_)) => return Err(refuse(DATABASE_KEY, format_args!("goes with {URL_KEY}"))),
            (None, Some(url), database) => Goes::IntoServer { url, database },
            _ => {
                let file = rules.file;
                let rule = format_args!(
                    "needs either {PATH_KEY}, a folder for {file}, or {URL_KEY}, a server for a new database"
                );
                return Err(refuse(ITEMS_KEY, rule));
            }
        };
        Ok(Some(Self { item: item.clone(), goes }))
    }
}

/// A name as it stands in an item; nothing where that is none.
pub(in crate::engine::drivers) fn name_of(part: &str) -> Option<String> {
    let name = percent_decode_str(part).decode_utf8().ok()?;
    (!name.is_empty() && !name.contains('\0')).then(|| name.into_owned())
}

/// A name as it stands in the name of a file.
pub(in crate::engine::drivers) fn encoded(name: &str) -> String {
    utf8_percent_encode(name, PARTS).to_string()
}
