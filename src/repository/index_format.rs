//! The files in `index/`, as restic writes them: packs, and which blobs lie in each.

use serde::{Deserialize, Serialize};

use super::blob_kind::BlobKind;
use super::{Error, Id, Result};

/// A file in `index/`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexFile {
    /// Packs and their blobs.
    pub packs: Vec<IndexPack>,
}

/// A pack and its blobs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexPack {
    /// The pack.
    pub id: Id,
    /// Its blobs, in order of their offsets.
    pub blobs: Vec<IndexBlob>,
}

/// A blob within a pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexBlob {
    /// The SHA-256 of its content.
    pub id: Id,
    /// Data or tree.
    #[serde(rename = "type")]
    pub kind: BlobKind,
    /// Where it begins.
    pub offset: u32,
    /// Its sealed length.
    pub length: u32,
    /// How long its content is, when it was compressed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uncompressed_length: Option<u32>,
}

impl IndexFile {
    /// Reads the JSON of an index file.
    pub fn from_json(id: &Id, json: &[u8]) -> Result<Self> {
        serde_json::from_slice(json).map_err(|error| Error::damaged(format!("index file {id}"), error))
    }

    /// The JSON of an index file.
    pub fn to_json(&self) -> Result<Vec<u8>> {
        serde_json::to_vec(self).map_err(|error| Error::damaged("a new index file", error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_json_is_that_of_restic() {
        let json = br#"{"packs":[{"id":"5ef68efe0afdf082d245e6accd7b6c09c2412a1657407ab32ff87dd01b07e30a","blobs":[{"id":"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824","type":"data","offset":0,"length":46,"uncompressed_length":5}]}]}"#;
        let file = IndexFile::from_json(&Id::of(json), json).unwrap();
        assert_eq!(file.packs[0].blobs[0].uncompressed_length, Some(5));
        assert_eq!(file.to_json().unwrap(), json);
    }
}
