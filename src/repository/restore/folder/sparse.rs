//! Writing into a new file, zeros left out.

use std::os::fd::OwnedFd;

use rustix::io::Errno;

/// Zeros are left out where a whole block of the file is zero: it becomes a hole.
const BLOCK: usize = 4096;

/// Writes `content` at `at`, but leaves out blocks of zeros. The file is new, so they are zeros already.
pub(super) fn write_with_holes(descriptor: &OwnedFd, content: &[u8], at: u64, size: u64) -> rustix::io::Result<()> {
    let end = at + content.len() as u64;
    let mut position = 0;
    let mut pending = 0;
    while position < content.len() {
        // Blocks are those of the file, not of the blob.
        let block = BLOCK - ((at + position as u64) % BLOCK as u64) as usize;
        let next = (position + block).min(content.len());
        if is_zero(&content[position..next]) {
            write_all(descriptor, &content[pending..position], at + pending as u64)?;
            pending = next;
        }
        position = next;
    }
    write_all(descriptor, &content[pending..], at + pending as u64)?;
    if pending == content.len() && end == size {
        // The file ends with a hole, which nothing was written behind.
        rustix::fs::ftruncate(descriptor, size)?;
    }
    Ok(())
}

fn write_all(descriptor: &OwnedFd, mut content: &[u8], mut at: u64) -> rustix::io::Result<()> {
    while !content.is_empty() {
        match rustix::io::pwrite(descriptor, content, at) {
            Ok(0) => return Err(Errno::IO),
            Ok(count) => {
                content = &content[count..];
                at += count as u64;
            }
            Err(Errno::INTR) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn is_zero(block: &[u8]) -> bool {
    // Most blocks show with their first bytes that they are not.
    let (head, rest) = block.split_at(block.len().min(16));
    head.iter().all(|byte| *byte == 0) && rest.chunks(64).all(|chunk| chunk.iter().fold(0, |or, byte| or | byte) == 0)
}
