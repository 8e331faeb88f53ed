//! Reading ranges of packs ahead of those who need what is in them.

use crossbeam_channel::Receiver;

use super::run::{Fetched, Run, Unit};
use crate::repository::FileKind;
use crate::repository::blob_reader::BlobReader;
use crate::repository::restore::elsewhere::read_elsewhere;

/// Fetches until no more is asked for. What nobody waits for any more is dropped.
pub(super) fn work<'r>(run: &'r Run<'_>, units: Receiver<Unit<'r>>) {
    let mut reader = BlobReader::new(run.repository.key());
    for unit in units {
        if !run.stopped() {
            fetch(run, unit, &mut reader);
        }
    }
}

fn fetch(run: &Run<'_>, unit: Unit<'_>, reader: &mut BlobReader<'_>) {
    let mut range = run.repository.storage().read_range(FileKind::Pack, &unit.pack, unit.start, unit.length as usize);
    for piece in unit.pieces {
        let (id, location) = (piece.id, piece.location);
        let start = (u64::from(location.offset) - unit.start) as usize;
        let outcome = match &mut range {
            Ok(range) => match range.get_mut(start..start + location.length as usize) {
                Some(sealed) => reader.open(&id, sealed, location.uncompressed_length).map(<[u8]>::to_vec),
                None => Err("it is shorter than its index says".to_owned()),
            },
            Err(error) => Err(error.to_string()),
        };
        let outcome = outcome.or_else(|problem| {
            read_elsewhere(run.repository, &id, reader, <[u8]>::to_vec)
                .ok_or_else(|| format!("pack {}: blob {id}: {problem}", unit.pack))
        });
        let permit = piece.permit;
        // Whoever asked may have given the item up.
        let _ = piece.reply.send(outcome.map(|content| Fetched { content, _permit: permit }));
    }
}
