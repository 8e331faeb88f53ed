//! Proving a volume: the restored image is read once more, from its first byte to its last, beside the hashes in the recovery point.

use super::description::Description;
use super::layout;
use crate::domain::proof::Check;
use crate::domain::types::location::Location;
use crate::engine::drivers::{Fault, ProofCx};
use crate::repository::{BlobKind, Id, ItemPath, Node};
use rustix::fs::SeekFrom;
use rustix::io::Errno;
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

/// How much is read at once of what should be zeros.
const STEP: u64 = 1 << 20;

/// Where the image of a test lies.
pub(in crate::engine::drivers) fn scratch_place(scratch: &Path) -> Location {
    Location::at_path(scratch.join("volume.img").to_string_lossy())
}

/// Compares an image with what the backup noted of its volume.
pub(in crate::engine::drivers) fn prove(cx: &ProofCx<'_>) -> Result<Vec<Check>, Fault> {
    let description = Description::read(cx.content)?;
    let size = description.volume_size;
    let unread =
        |error: io::Error| Fault::of_io(format_args!("The restored volume {} cannot be read", cx.at.display()), &error);
    let image = File::open(cx.at).map_err(unread)?;
    let found_size = image.metadata().map_err(unread)?.len();
    let mut checks = vec![Check::new("Size of the volume in bytes", size, found_size)];
    if found_size < size {
        return Ok(checks);
    }
    let present = description.present()?;
    let (mut expected, mut found, mut strange) = (Sha256::new(), Sha256::new(), 0_u64);
    for number in 0..layout::segments(size) {
        cx.go_on()?;
        let range = layout::bytes_of(number, size);
        if !present.has(number) {
            strange += not_zero(&image, range).map_err(unread)?;
            continue;
        }
        let path = layout::names_of(number).iter().fold(ItemPath::root(), |path, name| path.join(name.as_bytes()));
        let missing = || Fault::Failed(format!("The recovery point has no {path}, which its description names."));
        let node = cx.content.find(&path)?.ok_or_else(missing)?;
        for (number, hash) in pieces(cx, &image, &node, range.start)?.into_iter().enumerate() {
            expected.update(node.content[number].as_bytes());
            found.update(hash.as_bytes());
        }
    }
    checks.push(Check::new(
        "SHA-256 of all segments with content, read back from the image",
        hex::encode(expected.finalize()),
        hex::encode(found.finalize()),
    ));
    checks.push(Check::new("Bytes that are not zero where the volume had zeros", 0, strange));
    Ok(checks)
}

/// The hashes of what lies in an image where a segment belongs, in the segment's own pieces.
fn pieces(cx: &ProofCx<'_>, image: &File, node: &Node, mut at: u64) -> Result<Vec<Id>, Fault> {
    let mut found = Vec::with_capacity(node.content.len());
    let mut buffer = Vec::new();
    for id in &node.content {
        let location = cx.content.repository.find_blob(BlobKind::Data, id);
        let length = location.map_err(|error| Fault::Failed(error.to_string()))?.content_length();
        buffer.resize(length as usize, 0);
        image
            .read_exact_at(&mut buffer, at)
            .map_err(|error| Fault::of_io("The restored volume cannot be read", &error))?;
        found.push(Id::of(&buffer));
        at += u64::from(length);
    }
    Ok(found)
}

/// How many bytes of a range are not zero; a hole is not read.
fn not_zero(image: &File, range: Range<u64>) -> io::Result<u64> {
    let (mut at, mut found, mut buffer) = (range.start, 0, vec![0; STEP as usize]);
    while at < range.end {
        match rustix::fs::seek(image, SeekFrom::Data(at)) {
            Ok(data) if data < range.end => at = at.max(data),
            Ok(_) | Err(Errno::NXIO) => break,
            // A file system without holes.
            Err(_) => {}
        }
        let wanted = (range.end - at).min(STEP) as usize;
        image.read_exact_at(&mut buffer[..wanted], at)?;
        found += buffer[..wanted].iter().filter(|byte| **byte != 0).count() as u64;
        at += wanted as u64;
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_zero_is_counted_to_the_last_byte() {
        let image = tempfile::tempfile().unwrap();
        image.set_len(STEP + 10).unwrap();
        assert_eq!(not_zero(&image, 0..STEP + 10).unwrap(), 0);
        image.write_all_at(b"\x01\x00\x02", STEP + 7).unwrap();
        assert_eq!(not_zero(&image, 0..STEP + 10).unwrap(), 2);
        assert_eq!(not_zero(&image, 0..STEP).unwrap(), 0);
    }
}
