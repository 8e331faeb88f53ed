//! What a restore names of a bucket: objects by their keys, and prefixes.

use crate::engine::drivers::{Fault, Inside};
use crate::repository::{ItemPath, Node, folders_below_key, places_of_key};

/// Where keys and prefixes lie in a recovery point. What is no key there is taken for a path in it, as the list of its items
/// shows them.
pub(super) fn places_of(items: &[String], content: &Inside<'_>) -> Result<Vec<ItemPath>, Fault> {
    if items.is_empty() {
        return Ok(Vec::new());
    }
    let names = content.names(&ItemPath::root())?;
    let mut places = Vec::new();
    for item in items {
        let found = places_of_item(item, &names, content)?;
        if found.is_empty() {
            return Err(Fault::Failed(format!("There are no objects that match {item:?} in the recovery point.")));
        }
        places.extend(found);
    }
    Ok(places)
}

/// The same of one of them, nothing where there is none; `names` are those in the recovery point's root.
pub(super) fn places_of_item(item: &str, names: &[Vec<u8>], content: &Inside<'_>) -> Result<Vec<ItemPath>, Fault> {
    let folders = || names.iter().map(Vec::as_slice);
    let mut found = present(places_of_key(folders(), item.as_bytes()), content, Node::is_file)?;
    if let Some(prefix) = item.strip_suffix('/') {
        found.extend(present(folders_below_key(folders(), prefix.as_bytes()), content, Node::is_directory)?);
    }
    if found.is_empty()
        && let Ok(path) = ItemPath::parse(item)
    {
        found = if path.components().is_empty() { vec![path] } else { present(vec![path], content, |_| true)? };
    }
    Ok(found)
}

/// Those of these places where something is, of the right sort.
fn present(places: Vec<ItemPath>, content: &Inside<'_>, right: fn(&Node) -> bool) -> Result<Vec<ItemPath>, Fault> {
    let mut found = Vec::new();
    for place in places {
        if content.find(&place)?.is_some_and(|node| right(&node)) {
            found.push(place);
        }
    }
    Ok(found)
}
