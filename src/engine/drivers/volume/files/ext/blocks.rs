//! The blocks of a file system, as they are when what its journal committed is in its place.

use super::damaged;
use super::replayed::Replayed;
use super::superblock::Superblock;
use crate::engine::drivers::volume::files::disk::Window;
use std::io;

/// What a journal's own blocks begin with; where a block of the file system does, the journal has zeros instead.
pub(super) const MAGIC: [u8; 4] = 0xc03b_3998_u32.to_be_bytes();

/// See the module.
pub(super) struct Blocks {
    window: Window,
    size: u32,
    count: u64,
    replayed: Replayed,
}

impl Blocks {
    /// Those that a superblock tells of.
    pub(super) fn new(window: &Window, superblock: &Superblock, replayed: Replayed) -> Self {
        Self { window: window.clone(), size: superblock.block_size, count: superblock.blocks, replayed }
    }

    /// The same, as many as another superblock tells of.
    pub(super) fn of(self, superblock: &Superblock) -> Self {
        Self { count: superblock.blocks, ..self }
    }

    /// How many bytes each has.
    pub(super) fn size(&self) -> u64 {
        self.size.into()
    }

    /// Fills a buffer with what lies at a byte.
    pub(super) fn read_at(&self, at: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.window.read_at(at, buffer)?;
        if self.replayed.is_empty() || buffer.is_empty() {
            return Ok(());
        }
        let size = self.size();
        let end = at + buffer.len() as u64;
        for block in at / size..=(end - 1) / size {
            let Some(copy) = self.replayed.of(block) else { continue };
            let (from, to) = (at.max(block * size), end.min((block + 1) * size));
            let here = &mut buffer[(from - at) as usize..(to - at) as usize];
            let within = from - block * size;
            self.window.read_at(copy.block * size + within, here)?;
            if copy.is_escaped {
                let hidden = MAGIC.iter().skip(within.min(4) as usize);
                for (byte, magic) in here.iter_mut().zip(hidden) {
                    *byte = *magic;
                }
            }
        }
        Ok(())
    }

    /// Whether blocks are some of its own: the first one is nobody's, for a superblock or the gap before it lies there.
    pub(super) fn check(&self, first: u64, count: u64) -> io::Result<()> {
        if first > 0 && first.checked_add(count).is_some_and(|end| end <= self.count) {
            return Ok(());
        }
        Err(damaged(format_args!("block {first} and {count} from there on are none of its {}", self.count)))
    }

    /// A block.
    pub(super) fn block(&self, number: u64) -> io::Result<Vec<u8>> {
        self.check(number, 1)?;
        let mut block = vec![0; self.size as usize];
        self.read_at(number * self.size(), &mut block)?;
        Ok(block)
    }
}
