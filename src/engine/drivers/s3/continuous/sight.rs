//! How many objects a bucket had at a moment, and how many bytes: counted by the list of the base and the log, without a content of any.

use super::{AsOf, FOLDER};
use crate::engine::drivers::sight::MOST_COUNTED;
use crate::engine::drivers::{Fault, Glimpse, SightCx};
use crate::repository::key_of_item;
use chrono::SecondsFormat;

/// What there is to say of a moment.
pub(in crate::engine::drivers::s3) fn sight(cx: &SightCx<'_>) -> Result<Glimpse, Fault> {
    let as_of = AsOf::read(cx.content, cx.at)?;
    let (mut objects, mut bytes) = (as_of.objects(), as_of.bytes);
    let is_all = cx.content.each_file(FOLDER, MOST_COUNTED, &mut |path, node| {
        if node.is_file() && key_of_item(path).is_some() && !as_of.is_superseded(path) {
            objects += 1;
            bytes += node.size;
        }
    })?;
    let last = as_of.newest.map(|time| ("LastChangeTime", time.to_rfc3339_opts(SecondsFormat::AutoSi, true)));
    let counted = if is_all {
        vec![("Objects", objects.to_string()), ("ObjectBytes", bytes.to_string())]
    } else {
        vec![("Objects", format!("more than {MOST_COUNTED}"))]
    };
    let then = counted.into_iter().chain(last).map(|(name, value)| (name.to_owned(), value)).collect();
    Ok(Glimpse { then, ..Glimpse::default() })
}
