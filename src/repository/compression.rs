//! Compression of blobs, and of the files that restic calls unpacked (index, snapshot, lock).

use super::{Error, Result};
use parking_lot::Mutex;
use zstd::bulk::Compressor;
use zstd::zstd_safe::{DCtx, ErrorCode, ResetDirective, get_error_name};

/// Faster than restic's default, and still smaller.
pub const LEVEL: i32 = 2;

/// Marks an unpacked file of a version 2 repository as compressed; others begin with `{` or `[`.
const COMPRESSED: u8 = 2;

/// What no unpacked file reaches; guards against one that claims to be larger than memory.
const UNPACKED_LIMIT: usize = 1 << 30;

/// How many contexts of a sort are kept for the next user.
const KEPT: usize = 8;

/// zstd's contexts, to be used again: making one costs more than the small file or folder that it is for.
struct Contexts<T>(Mutex<Vec<T>>);

static COMPRESSORS: Contexts<Compressor<'static>> = Contexts(Mutex::new(Vec::new()));
static DECOMPRESSORS: Contexts<DCtx<'static>> = Contexts(Mutex::new(Vec::new()));

impl<T> Contexts<T> {
    /// Works with a context that nobody else uses. After a failure it is not used again, whatever state that left it in.
    fn with<V>(
        &self,
        make: impl FnOnce() -> std::io::Result<T>,
        work: impl FnOnce(&mut T) -> std::io::Result<V>,
    ) -> std::io::Result<V> {
        let idle = self.0.lock().pop();
        let mut context = idle.map_or_else(make, Ok)?;
        let value = work(&mut context)?;
        let mut idle = self.0.lock();
        if idle.len() < KEPT {
            idle.push(context);
        }
        Ok(value)
    }
}

/// Compresses the content of an unpacked file.
pub fn encode_unpacked(json: &[u8]) -> Result<Vec<u8>> {
    let compressed = COMPRESSORS.with(|| Compressor::new(LEVEL), |context| context.compress(json));
    let compressed = compressed.map_err(|error| refused(&error))?;
    let mut out = Vec::with_capacity(compressed.len() + 1);
    out.push(COMPRESSED);
    out.extend_from_slice(&compressed);
    Ok(out)
}

/// The content of an unpacked file, compressed or (as version 1 wrote it) not.
pub fn decode_unpacked(content: &[u8]) -> Result<Vec<u8>, String> {
    match content.first() {
        Some(b'{' | b'[') => Ok(content.to_vec()),
        Some(&COMPRESSED) => decompress_unknown(&content[1..]),
        Some(byte) => Err(format!("unknown encoding {byte}")),
        None => Err("it is empty".into()),
    }
}

fn decompress_unknown(compressed: &[u8]) -> Result<Vec<u8>, String> {
    use std::io::Read;
    let mut out = Vec::new();
    DECOMPRESSORS
        .with(decompressor, |context| {
            // What was cut off at the limit before is not gone on with.
            context.reset(ResetDirective::SessionOnly).map_err(named)?;
            let decoder = zstd::stream::read::Decoder::with_context(compressed, context);
            decoder.take(UNPACKED_LIMIT as u64 + 1).read_to_end(&mut out)
        })
        .map_err(|error| error.to_string())?;
    if out.len() > UNPACKED_LIMIT { Err("it is larger than 1 GiB".into()) } else { Ok(out) }
}

/// The content of a compressed blob, whose length the pack's header says.
pub fn decompress_blob(compressed: &[u8], length: usize) -> Result<Vec<u8>, String> {
    let mut content = Vec::with_capacity(length);
    DECOMPRESSORS
        .with(decompressor, |context| context.decompress(&mut content, compressed).map_err(named))
        .map_err(|error| error.to_string())?;
    if content.len() == length { Ok(content) } else { Err("its length is not what the pack's header says".into()) }
}

/// Whether compressing is unlikely to be worth its time: media, archives, encrypted data.
///
/// The bytes of a few stretches are counted; only where they look like noise, a sample is compressed for certainty.
pub fn is_incompressible(content: &[u8], sampler: &mut zstd::bulk::Compressor<'_>) -> bool {
    const STRETCHES: usize = 8;
    const STRETCH: usize = 2048;
    const SAMPLE: usize = 64 << 10;
    if content.len() < 4 * SAMPLE {
        return false;
    }
    let mut counts = [0u32; 256];
    for stretch in 0..STRETCHES {
        let start = (content.len() - STRETCH) / (STRETCHES - 1) * stretch;
        for &byte in &content[start..start + STRETCH] {
            counts[usize::from(byte)] += 1;
        }
    }
    // For noise the sum of squares is near n²/256 + n; text and tables are many times above it.
    let total = (STRETCHES * STRETCH) as u64;
    let squares: u64 = counts.iter().map(|&count| u64::from(count).pow(2)).sum();
    if squares > (total * total / 256 + total) * 11 / 10 {
        return false;
    }
    let middle = content.len() / 2 - SAMPLE / 2;
    let mut out = vec![0; zstd::zstd_safe::compress_bound(SAMPLE)];
    sampler
        .compress_to_buffer(&content[middle..middle + SAMPLE], &mut out)
        .is_ok_and(|length| length > SAMPLE - SAMPLE / 64)
}

fn decompressor() -> std::io::Result<DCtx<'static>> {
    DCtx::try_create().ok_or_else(|| std::io::ErrorKind::OutOfMemory.into())
}

fn named(code: ErrorCode) -> std::io::Error {
    std::io::Error::other(get_error_name(code))
}

fn refused(error: &std::io::Error) -> Error {
    Error::System { what: "compression", problem: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unpacked_file_survives() {
        let json = br#"{"a":1}"#.repeat(1000);
        assert_eq!(decode_unpacked(&encode_unpacked(&json).unwrap()).unwrap(), json);
        assert_eq!(decode_unpacked(b"{}").unwrap(), b"{}");
        assert!(decode_unpacked(b"").is_err());
        assert!(decode_unpacked(b"\x07abc").is_err());
        assert!(decode_unpacked(b"\x02abc").is_err());
    }

    #[test]
    fn a_blob_of_another_length_is_refused() {
        let compressed = zstd::bulk::compress(b"hello hello hello", LEVEL).unwrap();
        assert_eq!(decompress_blob(&compressed, 17).unwrap(), b"hello hello hello");
        assert!(decompress_blob(&compressed, 16).is_err());
        assert!(decompress_blob(&compressed, 18).is_err());
    }

    #[test]
    fn contexts_are_used_again_and_none_after_a_failure() {
        let contexts: Contexts<u32> = Contexts(Mutex::new(Vec::new()));
        let mut made = 0;
        let mut turn = |fails: bool| {
            let make = || {
                made += 1;
                Ok(made)
            };
            contexts.with(make, |context| if fails { Err(std::io::Error::other("no")) } else { Ok(*context) }).ok()
        };
        assert_eq!([turn(false), turn(false), turn(true), turn(false)], [Some(1), Some(1), None, Some(2)]);
    }

    #[test]
    fn what_fails_or_is_cut_spoils_nothing_that_comes_after() {
        let json = br#"{"a":1}"#.repeat(100_000);
        let file = encode_unpacked(&json).unwrap();
        for _ in 0..3 {
            assert!(decode_unpacked(&file[..file.len() / 2]).is_err());
            assert_eq!(decode_unpacked(&file).unwrap(), json);
            assert!(decompress_blob(&file[1..], 10).is_err());
            assert_eq!(decompress_blob(&file[1..], json.len()).unwrap(), json);
            assert_eq!(encode_unpacked(&json).unwrap(), file);
        }
    }

    #[test]
    fn noise_is_told_from_text() {
        let mut sampler = zstd::bulk::Compressor::new(1).unwrap();
        let mut noise = vec![0; 1 << 20];
        crate::repository::crypto::random(&mut noise).unwrap();
        assert!(is_incompressible(&noise, &mut sampler));
        assert!(!is_incompressible(&noise[..1000], &mut sampler));
        assert!(!is_incompressible(&b"The quick brown fox. ".repeat(50_000), &mut sampler));
        assert!(!is_incompressible(&vec![0; 1 << 20], &mut sampler));
    }
}
