//! Opening many blobs one after the other, with buffers that are used again.

use super::{Id, MasterKey};

/// Opens, decompresses and verifies blobs. One for each thread.
pub(super) struct BlobReader<'a> {
    key: &'a MasterKey,
    decompressor: Option<zstd::bulk::Decompressor<'static>>,
    content: Vec<u8>,
}

impl<'a> BlobReader<'a> {
    pub(super) fn new(key: &'a MasterKey) -> Self {
        Self { key, decompressor: None, content: Vec::new() }
    }

    /// The content of a sealed blob, which is opened in place. Its hash is that of its name, or this is an error.
    pub(super) fn open<'b>(
        &'b mut self,
        id: &Id,
        sealed: &'b mut [u8],
        uncompressed_length: Option<u32>,
    ) -> Result<&'b [u8], String> {
        let packed = self.key.open(sealed).map_err(|error| error.to_string())?;
        let content = match uncompressed_length {
            None => &*packed,
            Some(length) => {
                self.decompress(packed, length as usize)?;
                &self.content
            }
        };
        if Id::of(content) == *id { Ok(content) } else { Err("its content has another hash".into()) }
    }

    fn decompress(&mut self, packed: &[u8], length: usize) -> Result<(), String> {
        let decompressor = match &mut self.decompressor {
            Some(decompressor) => decompressor,
            none => none.insert(zstd::bulk::Decompressor::new().map_err(|error| error.to_string())?),
        };
        self.content.clear();
        self.content.reserve(length);
        decompressor.decompress_to_buffer(packed, &mut self.content).map_err(|error| error.to_string())?;
        if self.content.len() == length { Ok(()) } else { Err("its length is not what the index says".into()) }
    }
}
