//! That what was written is there: every segment is read back, and its hash compared.

use super::image::{Hash, Image};
use crate::engine::drivers::Fault;
use crate::engine::drivers::volume::layout;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

/// By the numbers of the segments.
pub(super) type Hashes = BTreeMap<u64, Hash>;

/// How many segments are read back at once.
const AT_ONCE: usize = 2;

/// Compares what lies in the image with what was written; gives the bytes of it.
pub(super) fn compare(image: &Image, size: u64, written: &Hashes) -> Result<u64, Fault> {
    let (left, bytes) = (Mutex::new(written.iter()), AtomicU64::new(0));
    let fault: Mutex<Option<Fault>> = Mutex::new(None);
    let next = || if fault.lock().is_some() { None } else { left.lock().next() };
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some((number, hash)) = next() {
                    match compare_one(image, size, *number, hash) {
                        Ok(length) => {
                            bytes.fetch_add(length, Ordering::Relaxed);
                        }
                        Err(found) => {
                            fault.lock().get_or_insert(found);
                        }
                    }
                }
            });
        }
    });
    fault.into_inner().map_or(Ok(bytes.into_inner()), Err)
}

fn compare_one(image: &Image, size: u64, number: u64, expected: &Hash) -> Result<u64, Fault> {
    let range = layout::bytes_of(number, size);
    let shown = image.path().display();
    let (start, length) = (range.start, range.end - range.start);
    match image.hash(range) {
        Ok(found) if found == *expected => Ok(length),
        Ok(_) => Err(Fault::Failed(format!(
            "What was written into {shown} is not what is read there: {length} bytes from byte {start} on differ. The disk, or \
             somebody else, has changed them; restore to another place."
        ))),
        Err(error) => Err(Fault::of_io(format_args!("What was written into {shown} cannot be read back"), &error)),
    }
}
