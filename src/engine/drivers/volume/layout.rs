//! How a volume lies in a recovery point: its description, and its segments in folders of sixteen.
//!
//! ```text
//! volume.json
//! segments/00/00000000.seg      bytes 0 to 64 MiB of the volume
//! segments/00/00000012.seg      bytes 768 to 832 MiB
//! segments/01/00000016.seg      the folder is the number's sixteenth part, in hexadecimal
//! ```
//!
//! A segment that is all zeros is absent; the last one is as long as what is left of the volume. Sixteen to a folder, for what
//! a folder tells of them is stored again when one of them changes: some 35 KiB for each.

use std::ops::Range;

/// How long a segment is.
pub(in crate::engine::drivers) const SEGMENT: u64 = 64 << 20;
/// In pieces of how many bytes segments are stored.
pub(in crate::engine::drivers) const PIECE: u32 = 64 << 10;
/// The largest volume, as AWS's.
pub(super) const LARGEST: u64 = 64 << 40;

/// What the description is called.
pub(super) const DESCRIPTION: &str = "volume.json";
/// The folder of all segments.
pub(super) const SEGMENTS: &str = "segments";
/// How many segments there are to a folder.
const IN_FOLDER: u64 = 16;

/// What a path in a recovery point is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Root,
    Description,
    Segments,
    Folder(u64),
    Segment(u64),
}

impl Place {
    /// What these names from the root lead to; none for a path that no volume has.
    pub(super) fn of<'n>(mut names: impl Iterator<Item = &'n [u8]>) -> Option<Self> {
        let Some(first) = names.next() else { return Some(Self::Root) };
        if first != SEGMENTS.as_bytes() {
            return (first == DESCRIPTION.as_bytes() && names.next().is_none()).then_some(Self::Description);
        }
        let Some(folder) = names.next() else { return Some(Self::Segments) };
        let folder = number(folder, 16).filter(|number| folder_name(*number).as_bytes() == folder)?;
        let Some(name) = names.next() else { return Some(Self::Folder(folder)) };
        let segment = number(name.strip_suffix(b".seg")?, 10)?;
        let fits = segment_name(segment).as_bytes() == name && segment / IN_FOLDER == folder && names.next().is_none();
        fits.then_some(Self::Segment(segment))
    }
}

fn number(text: &[u8], radix: u32) -> Option<u64> {
    u64::from_str_radix(std::str::from_utf8(text).ok()?, radix).ok()
}

pub(super) fn folder_name(number: u64) -> String {
    format!("{number:02x}")
}

pub(super) fn segment_name(number: u64) -> String {
    format!("{number:08}.seg")
}

/// The names on the way to a segment.
pub(super) fn names_of(segment: u64) -> [String; 3] {
    [SEGMENTS.to_owned(), folder_name(segment / IN_FOLDER), segment_name(segment)]
}

/// How many segments a volume has, the absent ones counted.
pub(super) fn segments(size: u64) -> u64 {
    size.div_ceil(SEGMENT)
}

/// How many folders they are in.
pub(super) fn folders(size: u64) -> u64 {
    segments(size).div_ceil(IN_FOLDER)
}

/// The numbers of the segments of a folder.
pub(super) fn segments_in(folder: u64, size: u64) -> Range<u64> {
    folder * IN_FOLDER..((folder + 1) * IN_FOLDER).min(segments(size))
}

/// The bytes of a segment.
pub(super) fn bytes_of(segment: u64, size: u64) -> Range<u64> {
    segment * SEGMENT..((segment + 1) * SEGMENT).min(size)
}

/// The pieces that lie, wholly or in part, in a range of bytes.
pub(super) fn pieces(bytes: Range<u64>) -> Range<u64> {
    bytes.start / u64::from(PIECE)..bytes.end.div_ceil(u64::from(PIECE))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(path: &str) -> Option<Place> {
        Place::of(path.split('/').filter(|name| !name.is_empty()).map(str::as_bytes))
    }

    #[test]
    fn each_segment_has_one_path_that_leads_back_to_it() {
        assert_eq!(format!("{}/{}", folder_name(12 / IN_FOLDER), segment_name(12)), "00/00000012.seg");
        for number in [0, 15, 16, 4095, 4096, segments(LARGEST) - 1] {
            let path = format!("segments/{}/{}", folder_name(number / IN_FOLDER), segment_name(number));
            assert_eq!(place(&path), Some(Place::Segment(number)), "{path}");
            assert!(segments_in(number / IN_FOLDER, LARGEST).contains(&number));
        }
        assert_eq!(
            [place(""), place("segments"), place("volume.json")].map(Option::unwrap),
            [Place::Root, Place::Segments, Place::Description]
        );
        assert_eq!(place("segments/1a"), Some(Place::Folder(26)));
    }

    #[test]
    fn what_no_volume_has_is_no_place() {
        for path in [
            "x",
            "volume.json/x",
            "segments/0",
            "segments/0A",
            "segments/00/12.seg",
            "segments/01/00000012.seg",
            "segments/00/00000012",
            "segments/00/00000012.seg/x",
            "segments/00/+0000012.seg",
        ] {
            assert_eq!(place(path), None, "{path}");
        }
    }

    #[test]
    fn the_last_segment_is_as_long_as_what_is_left() {
        let size = 2 * SEGMENT + 5;
        assert_eq!((segments(size), folders(size), bytes_of(2, size)), (3, 1, 2 * SEGMENT..size));
        assert_eq!(pieces(bytes_of(2, size)), 2048..2049);
        assert_eq!((segments(1), segments(SEGMENT), segments(0)), (1, 1, 0));
    }
}
