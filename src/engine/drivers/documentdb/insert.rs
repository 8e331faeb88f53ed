//! Documents that are read from a dump and inserted, byte for byte as they are.

use super::client::Client;
use crate::engine::drivers::Fault;
use crate::engine::drivers::http::temporary;
use mongodb::bson::{Bson, Document, RawArrayBuf, RawDocument, RawDocumentBuf, cstr, doc};
use std::io::{self, Read};

/// The most that one command inserts: servers take 16 MiB, and as much beside it as a command needs.
const BATCH_BYTES: usize = 8 << 20;
const BATCH_DOCUMENTS: usize = 10_000;

/// The longest document: what a server takes, and some room for what another one takes.
const LONGEST: usize = 64 << 20;

/// The code of a document whose `_id` another one has.
const DUPLICATE_KEY: i32 = 11000;

/// Why documents could not be inserted.
pub(super) enum Uninserted {
    /// The content could not be read.
    Unread(io::Error),
    /// The server refused.
    Refused(Fault),
}

/// The documents of a file, one after the other.
pub(super) struct Documents<R>(pub(super) R);

impl<R: Read> Documents<R> {
    /// The next document; nothing at the end.
    pub(super) fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut head = [0; 4];
        let first = loop {
            match self.0.read(&mut head) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read?,
            }
        };
        if first == 0 {
            return Ok(None);
        }
        self.0.read_exact(&mut head[first..])?;
        let length = usize::try_from(i32::from_le_bytes(head)).unwrap_or_default();
        if !(5..=LONGEST).contains(&length) {
            return Err(io::Error::other(format!("a document says that it has {length} bytes")));
        }
        let mut document = vec![0; length];
        document[..4].copy_from_slice(&head);
        self.0.read_exact(&mut document[4..])?;
        Ok(Some(document))
    }
}

/// Inserts all documents of a file into a collection; how many they were.
pub(super) fn insert(
    client: &Client,
    database: &str,
    collection: &str,
    content: &mut dyn Read,
) -> Result<u64, Uninserted> {
    let mut documents = Documents(content);
    let (mut batch, mut count, mut bytes, mut all) = (RawArrayBuf::new(), 0, 0, 0);
    loop {
        let next = documents.next().map_err(Uninserted::Unread)?;
        let is_full = next.as_ref().is_none_or(|next| bytes + next.len() > BATCH_BYTES || count == BATCH_DOCUMENTS);
        if is_full && count > 0 {
            send(client, database, collection, std::mem::take(&mut batch), count).map_err(Uninserted::Refused)?;
            all += count as u64;
            (count, bytes) = (0, 0);
        }
        let Some(next) = next else { return Ok(all) };
        let document = RawDocument::from_bytes(&next).map_err(|error| Uninserted::Unread(io::Error::other(error)))?;
        batch.push(document);
        count += 1;
        bytes += next.len();
    }
}

/// One command; a server that did not take all of it is an error.
fn send(client: &Client, database: &str, collection: &str, batch: RawArrayBuf, count: usize) -> Result<(), Fault> {
    let mut command = RawDocumentBuf::new();
    command.append(cstr!("insert"), collection);
    command.append(cstr!("ordered"), true);
    // They were there: a rule that was made after them does not keep them away.
    command.append(cstr!("bypassDocumentValidation"), true);
    let durable = RawDocumentBuf::try_from(&doc! { "w": "majority" });
    command.append(cstr!("writeConcern"), durable.unwrap_or_default());
    command.append(cstr!("documents"), batch);
    let answer = client.raw(database, &format!("insert into {database}.{collection}"), command)?;
    let inserted = answer.get("n").and_then(|n| n.as_i64().or_else(|| n.as_i32().map(i64::from))).unwrap_or_default();
    if inserted == count as i64 && !answer.contains_key("writeErrors") && !answer.contains_key("writeConcernError") {
        return Ok(());
    }
    let why = first_error(&answer).unwrap_or_else(|| format!("it took {inserted} of {count} documents"));
    let said = format!("The server at {} did not insert into {database}.{collection}: {why}", client.address().place());
    // The collection was empty: somebody else writes into it, or what an engine asked for that was killed comes late. The next
    // attempt knows which.
    Err(if is_there_already(&answer) { temporary(said) } else { Fault::Failed(said) })
}

/// Whether a document was refused for its `_id`.
fn is_there_already(answer: &Document) -> bool {
    let written = answer.get_array("writeErrors").into_iter().flatten();
    written.filter_map(Bson::as_document).any(|error| error.get_i32("code").is_ok_and(|code| code == DUPLICATE_KEY))
}

fn first_error(answer: &Document) -> Option<String> {
    let of = |error: &Bson| error.as_document()?.get_str("errmsg").map(str::to_owned).ok();
    let written = answer.get_array("writeErrors").ok().and_then(|errors| errors.first()).and_then(of);
    written.or_else(|| answer.get("writeConcernError").and_then(of))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> io::Result<Vec<Vec<u8>>> {
        let mut documents = Documents(bytes);
        let mut all = Vec::new();
        while let Some(document) = documents.next()? {
            all.push(document);
        }
        Ok(all)
    }

    #[test]
    fn documents_are_read_one_by_one_as_they_are() {
        let (empty, one) = (b"\x05\0\0\0\0".to_vec(), b"\x0c\0\0\0\x10a\0\x01\0\0\0\0".to_vec());
        assert_eq!(read(&[]).unwrap(), Vec::<Vec<u8>>::new());
        assert_eq!(read(&[empty.clone(), one.clone()].concat()).unwrap(), [empty, one]);
    }

    #[test]
    fn a_document_whose_id_is_taken_is_told_from_what_a_server_does_not_take() {
        let answer =
            |code: i32| doc! { "n": 0, "ok": 1.0, "writeErrors": [{ "index": 0, "code": code, "errmsg": "no" }] };
        assert!(is_there_already(&answer(11000)));
        assert!(!is_there_already(&answer(2)) && !is_there_already(&doc! { "n": 1 }));
    }

    #[test]
    fn a_file_that_breaks_off_or_tells_no_lengths_is_not_taken() {
        for bytes in [&b"\x05\0"[..], b"\x05\0\0\0", b"\x04\0\0\0", b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f\0"] {
            assert!(read(bytes).is_err(), "{bytes:?}");
        }
    }
}
