//! What a server was like at a moment: its databases at the base, by the sizes of their files, and how much of its log leads from there to
//! the moment.

use super::binlog::{FOLDER, is_log};
use super::proof::is_database;
use crate::domain::PointDetails;
use crate::engine::drivers::sight::{MOST_COUNTED, databases};
use crate::engine::drivers::{Fault, Glimpse, SightCx};
use crate::repository::ItemPath;
use std::collections::BTreeMap;

/// What there is to say of a moment.
pub(super) fn sight(cx: &SightCx<'_>) -> Result<Glimpse, Fault> {
    let log = ItemPath::root().join(FOLDER.as_bytes());
    let mut files = if cx.content.find(&log)?.is_some() { cx.content.entries(&log)? } else { Vec::new() };
    files.retain(|node| node.is_file() && is_log(&node.name));
    let mut at_base = cx.of_base(&["EngineVersion", "DatabaseBytes"]);
    at_base.extend(sizes(cx)?);
    Ok(Glimpse { at_base, then: cx.log(&files) })
}

/// The databases of the base with what their files have, where there are not too many of these.
fn sizes(cx: &SightCx<'_>) -> Result<PointDetails, Fault> {
    let mut sizes = BTreeMap::new();
    for folder in cx.content.entries(&ItemPath::root())?.iter().filter(|node| is_database(node)) {
        sizes.insert(folder.name.clone(), 0);
    }
    let is_all = cx.content.each_file(FOLDER, MOST_COUNTED, &mut |path, node| {
        let folder = path.components().first().and_then(|name| sizes.get_mut(name));
        if let Some(size) = folder.filter(|_| path.components().len() > 1) {
            *size += node.size;
        }
    })?;
    let named = sizes.into_iter().map(|(folder, bytes)| (name_of(&folder), bytes)).collect();
    Ok(if is_all { databases(&named).into_iter().collect() } else { PointDetails::new() })
}

/// The name of a database by that of its folder, where a server writes most characters that are no letters as `@` and the four digits of
/// each. What it writes otherwise stays as it is.
fn name_of(folder: &[u8]) -> String {
    let text = String::from_utf8_lossy(folder);
    let mut pieces = text.split('@');
    let mut name = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let digits = piece.get(..4).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        match digits.and_then(|digits| char::from_u32(u32::from_str_radix(digits, 16).ok()?)) {
            Some(letter) => name.extend(std::iter::once(letter).chain(piece[4..].chars())),
            None => return text.into_owned(),
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_has_the_name_that_its_folder_stands_for() {
        for (folder, name) in [
            ("shop", "shop"),
            ("my@002dshop@0020@002e", "my-shop ."),
            ("@00e4@zz", "@00e4@zz"),
            ("a@12", "a@12"),
            ("@0g", "@0g"),
        ] {
            assert_eq!(name_of(folder.as_bytes()), name);
        }
    }
}
