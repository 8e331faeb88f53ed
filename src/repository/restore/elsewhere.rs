//! A blob that could not be read where it was looked for first.

use crate::repository::blob_reader::BlobReader;
use crate::repository::{BlobKind, Error, FileKind, Id, Repository};

/// Asks for a blob alone, then wherever else it lies, and gives its content to `take`; nothing when no place has it. What
/// each place was found to be is told to the repository.
pub(super) fn read_elsewhere<T>(
    repository: &Repository,
    id: &Id,
    reader: &mut BlobReader<'_>,
    take: impl FnOnce(&[u8]) -> T,
) -> Option<T> {
    let locations = repository.index().find_all(BlobKind::Data, id);
    for location in locations {
        let (offset, length) = (u64::from(location.offset), location.length as usize);
        let error = match repository.storage().read_range(FileKind::Pack, &location.pack, offset, length) {
            Err(error) => error,
            Ok(mut sealed) => match reader.open(id, &mut sealed, location.uncompressed_length) {
                Ok(content) => return Some(take(content)),
                Err(problem) => Error::damaged(format!("pack {}", location.pack), problem),
            },
        };
        repository.report_unreadable(&location, &error);
    }
    None
}
