//! `volume.json`: what a recovery point says of its volume.

use super::bits::Bits;
use super::layout::{DESCRIPTION, PIECE, SEGMENT};
use crate::domain::Consistency;
use crate::engine::drivers::{Fault, Inside};
use crate::repository::ItemPath;
use serde::{Deserialize, Serialize};

/// The version that this program writes, and the newest that it reads.
const VERSION: u32 = 1;
/// No description is longer.
const LONGEST: u64 = 16 << 20;

/// What is told of a volume.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Description {
    version: u32,
    /// The size of the volume in bytes.
    pub(super) volume_size: u64,
    segment_size: u64,
    piece_size: u32,
    /// How many segments are not all zeros.
    segments: u64,
    /// Which: two hexadecimal digits for eight segments, the lowest bit for the first of them.
    present: String,
    /// From where it was read.
    pub(super) source: String,
    /// How much it is of one moment.
    pub(super) consistency: Consistency,
    /// What a bitmap told of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) bitmap: Option<Bitmap>,
}

/// What a bitmap of a server told when the backup began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Bitmap {
    /// Its name.
    pub(super) name: String,
    /// How many pieces were dirty.
    pub(super) dirty_pieces: u64,
    /// The segments with dirty pieces, as [`Description::present`].
    pub(super) dirty_segments: String,
}

impl Description {
    pub(super) fn new(size: u64, source: String, consistency: Consistency, bitmap: Option<Bitmap>) -> Self {
        Self {
            version: VERSION,
            volume_size: size,
            segment_size: SEGMENT,
            piece_size: PIECE,
            segments: 0,
            present: String::new(),
            source,
            consistency,
            bitmap,
        }
    }

    /// The same, with these segments.
    pub(super) fn with(&self, present: &Bits) -> Self {
        Self { segments: present.count(), present: present.to_hex(), ..self.clone() }
    }

    /// The segments that are not all zeros.
    pub(super) fn present(&self) -> Result<Bits, Fault> {
        let unreadable =
            || Fault::Failed(format!("{DESCRIPTION} of the recovery point does not say which segments it has."));
        let bits = Bits::from_hex(&self.present).filter(|bits| bits.count() == self.segments);
        bits.ok_or_else(unreadable)
    }

    /// As it is stored.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut text = serde_json::to_vec_pretty(self).unwrap_or_default();
        text.push(b'\n');
        text
    }

    /// That of a recovery point.
    pub(super) fn read(content: &Inside<'_>) -> Result<Self, Fault> {
        let path = ItemPath::root().join(DESCRIPTION.as_bytes());
        let Some(bytes) = content.read(&path, LONGEST)? else {
            return Err(Fault::Failed(format!("The recovery point has no {DESCRIPTION}: it is not of a volume.")));
        };
        let wrong = |e| Fault::Failed(format!("{DESCRIPTION} of the recovery point cannot be read: {e}"));
        let found: Self = serde_json::from_slice(&bytes).map_err(wrong)?;
        if found.version > VERSION || (found.segment_size, found.piece_size) != (SEGMENT, PIECE) {
            return Err(Fault::Unsupported {
                found: format!(
                    "A recovery point of a volume in form {} with segments of {} bytes",
                    found.version, found.segment_size
                ),
                needs: format!("form {VERSION} or older with segments of {SEGMENT} bytes, or a newer vaultdeck,"),
            });
        }
        Ok(found)
    }
}
