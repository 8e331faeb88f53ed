//! The numbers of NBD, and how its messages are read and written. All numbers travel with their highest byte first.

use std::io::{self, Read};

/// What a server says first.
pub(super) const GREETING: u64 = 0x4e42_444d_4147_4943;
/// What follows, and what each option begins with.
pub(super) const OPTION: u64 = 0x4948_4156_454f_5054;
/// What an answer to an option begins with.
pub(super) const OPTION_ANSWER: u64 = 0x0003_e889_0455_65a9;
/// What a request begins with.
pub(super) const REQUEST: u32 = 0x2560_9513;
/// What a simple answer to a request begins with.
pub(super) const SIMPLE: u32 = 0x6744_6698;
/// What each part of a structured one begins with.
pub(super) const STRUCTURED: u32 = 0x668e_33ef;

/// Flags of the handshake: fixed newstyle, and no zeros behind it.
pub(super) const FIXED_NEWSTYLE: u16 = 1;
pub(super) const NO_ZEROES: u16 = 2;

/// Options.
pub(super) const OPTION_ABORT: u32 = 2;
pub(super) const OPTION_GO: u32 = 7;
pub(super) const OPTION_STRUCTURED: u32 = 8;
pub(super) const OPTION_CONTEXTS: u32 = 10;

/// Answers to options.
pub(super) const ANSWER_ACK: u32 = 1;
pub(super) const ANSWER_INFO: u32 = 3;
pub(super) const ANSWER_CONTEXT: u32 = 4;
pub(super) const ANSWER_ERROR: u32 = 1 << 31;
pub(super) const ERROR_UNSUPPORTED: u32 = ANSWER_ERROR | 1;
pub(super) const ERROR_POLICY: u32 = ANSWER_ERROR | 2;
pub(super) const ERROR_TLS: u32 = ANSWER_ERROR | 5;
pub(super) const ERROR_UNKNOWN: u32 = ANSWER_ERROR | 6;
pub(super) const ERROR_SHUTDOWN: u32 = ANSWER_ERROR | 7;

/// What is told of an export.
pub(super) const INFO_EXPORT: u16 = 0;
/// A flag of an export.
pub(super) const READ_ONLY: u16 = 1 << 1;

/// Commands.
pub(super) const READ: u16 = 0;
pub(super) const DISCONNECT: u16 = 2;
pub(super) const BLOCK_STATUS: u16 = 7;

/// Parts of a structured answer.
pub(super) const LAST_PART: u16 = 1;
pub(super) const PART_NONE: u16 = 0;
pub(super) const PART_DATA: u16 = 1;
pub(super) const PART_HOLE: u16 = 2;
pub(super) const PART_STATUS: u16 = 5;
pub(super) const PART_ERROR: u16 = 1 << 15;

/// A flag of `base:allocation`: it reads as zeros.
pub(super) const ZERO: u32 = 1 << 1;
/// The flag of a dirty bitmap.
pub(super) const DIRTY: u32 = 1;
/// The server's number of "goes down".
pub(super) const SHUTDOWN: u32 = 108;

/// The next bytes as a number.
pub(super) fn u16_of(from: &mut impl Read) -> io::Result<u16> {
    let mut bytes = [0; 2];
    from.read_exact(&mut bytes)?;
    Ok(u16::from_be_bytes(bytes))
}

pub(super) fn u32_of(from: &mut impl Read) -> io::Result<u32> {
    let mut bytes = [0; 4];
    from.read_exact(&mut bytes)?;
    Ok(u32::from_be_bytes(bytes))
}

pub(super) fn u64_of(from: &mut impl Read) -> io::Result<u64> {
    let mut bytes = [0; 8];
    from.read_exact(&mut bytes)?;
    Ok(u64::from_be_bytes(bytes))
}

/// So many bytes, of which no server may send more than `most`.
pub(super) fn bytes_of(from: &mut impl Read, length: u32, most: u32) -> io::Result<Vec<u8>> {
    if length > most {
        return Err(broken("it sends more than was asked for"));
    }
    let mut bytes = vec![0; length as usize];
    from.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// A text with its length before it.
pub(super) fn put_text(to: &mut Vec<u8>, text: &str) {
    to.extend((text.len() as u32).to_be_bytes());
    to.extend(text.as_bytes());
}

/// The server does not keep to the protocol.
pub(super) fn broken(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("it does not keep to the protocol: {why}"))
}
