//! What a server holds: databases, collections, indexes.

use super::client::Client;
use super::faults::{self, fault};
use super::metadata::Metadata;
use super::names;
use crate::engine::drivers::Fault;
use mongodb::bson::{Bson, Document, doc};

/// Databases of the server itself.
const ITS_OWN: [&str; 3] = ["admin", "config", "local"];

/// Code of a server's answer about what is not there.
const NOT_FOUND: i32 = 26;

/// A collection of a database.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Collection {
    pub(super) database: String,
    pub(super) metadata: Metadata,
}

impl Collection {
    /// What it is called in messages.
    pub(super) fn shown(&self) -> String {
        format!("{}.{}", self.database, self.metadata.name)
    }
}

/// Which of a server's databases are meant: all, one by its name, or with a star in front all whose names end so.
#[derive(Debug, Clone, Copy)]
pub(super) struct Databases<'a>(pub(super) Option<&'a str>);

impl Databases<'_> {
    pub(super) fn has(self, name: &str) -> bool {
        match self.0 {
            None => true,
            Some(pattern) => pattern.strip_prefix('*').map_or(pattern == name, |end| name.ends_with(end)),
        }
    }
}

/// The databases that are meant, by name, with their sizes together as far as those are told. Some are meant and none is there: an error.
pub(super) fn databases(client: &Client, meant: Databases<'_>) -> Result<(Vec<String>, u64), Fault> {
    let found = match meant.0.filter(|name| !name.starts_with('*')) {
        // A user may be allowed to read this one, and not to know of others.
        Some(name) if collection_names(client, name)?.is_empty() => (Vec::new(), 0),
        Some(name) => (vec![name.to_owned()], 0),
        None => listed(client, meant)?,
    };
    match meant.0 {
        Some(meant) if found.0.is_empty() => {
            Err(Fault::Gone(format!("The server at {} has no database {meant}.", client.address().place())))
        }
        _ => Ok(found),
    }
}

fn listed(client: &Client, meant: Databases<'_>) -> Result<(Vec<String>, u64), Fault> {
    // All that there are: a user who may not know them is told so, and gets no backup of those that it may see.
    let told = client.command("admin", doc! { "listDatabases": 1, "authorizedDatabases": false })?;
    let rows = told.get_array("databases").map(Vec::as_slice).unwrap_or_default();
    let (mut found, mut bytes) = (Vec::new(), 0);
    for row in rows.iter().filter_map(Bson::as_document) {
        let name = row.get_str("name").unwrap_or_default();
        if ITS_OWN.contains(&name) || !meant.has(name) {
            continue;
        }
        if !names::is_folder(name) {
            return Err(Fault::Unsupported {
                found: format!("The database {name:?} of the server at {}", client.address().place()),
                needs: "a name without slashes".to_owned(),
            });
        }
        bytes += row.get("sizeOnDisk").map_or(0, number);
        found.push(name.to_owned());
    }
    found.sort_unstable();
    Ok((found, bytes))
}

fn number(value: &Bson) -> u64 {
    match value {
        Bson::Int32(number) => u64::try_from(*number).unwrap_or_default(),
        Bson::Int64(number) => u64::try_from(*number).unwrap_or_default(),
        Bson::Double(number) if *number > 0.0 => *number as u64,
        _ => 0,
    }
}

/// The collections of a database with their indexes, in the order of the names of their files.
pub(super) fn collections(client: &Client, database: &str) -> Result<Vec<Collection>, Fault> {
    let rows = client.all(database, doc! { "listCollections": 1 })?;
    let mut found: Vec<Collection> = rows
        .into_iter()
        .filter_map(read)
        .filter(|metadata| metadata.name == "system.js" || !metadata.name.starts_with("system."))
        .map(|metadata| Collection { database: database.to_owned(), metadata })
        .collect();
    found.sort_by_cached_key(|collection| names::stem(&collection.metadata.name));
    for collection in found.iter_mut().filter(|collection| !collection.metadata.is_view()) {
        collection.metadata.indexes = indexes(client, collection)?;
    }
    Ok(found)
}

/// The names of all collections of a database; none where there is no such database.
pub(super) fn collection_names(client: &Client, database: &str) -> Result<Vec<String>, Fault> {
    let rows = client.all(database, doc! { "listCollections": 1, "nameOnly": true })?;
    Ok(rows.into_iter().filter_map(|row| row.get_str("name").map(str::to_owned).ok()).collect())
}

/// Whether a collection is there still, the same one.
pub(super) fn is_there(client: &Client, collection: &Collection) -> Result<bool, Fault> {
    let filter = doc! { "name": &collection.metadata.name };
    let rows = client.all(&collection.database, doc! { "listCollections": 1, "filter": filter })?;
    Ok(rows.into_iter().filter_map(read).any(|now| now.uuid == collection.metadata.uuid))
}

/// How many documents it has, counted one by one: what a server remembers of it may be of another time.
pub(super) fn count(client: &Client, collection: &Collection) -> Result<u64, Fault> {
    let pipeline = vec![Bson::Document(doc! { "$count": "n" })];
    let command = doc! { "aggregate": &collection.metadata.name, "pipeline": pipeline, "cursor": {} };
    let rows = client.all(&collection.database, command)?;
    Ok(rows.first().and_then(|row| row.get("n")).map_or(0, number))
}

/// Its indexes; one that was dropped meanwhile has none, which is noticed when it is read.
fn indexes(client: &Client, collection: &Collection) -> Result<Vec<Document>, Fault> {
    let asked = client.try_all(&collection.database, &doc! { "listIndexes": &collection.metadata.name })?;
    match asked {
        Err(error) if faults::code(&error) == Some(NOT_FOUND) => Ok(Vec::new()),
        asked => asked.map_err(|error| fault(client.address(), "listIndexes", &error)),
    }
}

/// A row of `listCollections`.
fn read(mut row: Document) -> Option<Metadata> {
    let name = row.get_str("name").ok()?.to_owned();
    let uuid = row.get_document("info").ok().and_then(|info| info.get("uuid")).and_then(|uuid| match uuid {
        Bson::Binary(uuid) => Some(hex::encode(&uuid.bytes)),
        _ => None,
    });
    let kind = row.get_str("type").unwrap_or("collection").to_owned();
    let options = match row.remove("options") {
        Some(Bson::Document(options)) => options,
        _ => Document::new(),
    };
    Some(Metadata { name, kind, options, indexes: Vec::new(), uuid })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn databases_are_meant_by_name_or_by_how_they_end() {
        assert!(Databases(None).has("x") && Databases(Some("x")).has("x") && !Databases(Some("x")).has("xy"));
        assert!(Databases(Some("*-new")).has("shop-new") && !Databases(Some("*-new")).has("shop"));
    }
}
