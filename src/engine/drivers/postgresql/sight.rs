//! What a cluster was like at a moment: how large at its base, and how much of its log leads from there to the moment.

use super::follow::FOLDER;
use crate::engine::drivers::sight::DATABASES;
use crate::engine::drivers::{Fault, Glimpse, SightCx};
use crate::repository::{ItemPath, Node};

/// How long the name of a segment of the log is: its timeline and its place, in hexadecimal digits.
const NAME: usize = 24;

/// What there is to say of a moment.
pub(super) fn sight(cx: &SightCx<'_>) -> Result<Glimpse, Fault> {
    let log = ItemPath::root().join(FOLDER.as_bytes());
    let mut segments = if cx.content.find(&log)?.is_some() { cx.content.entries(&log)? } else { Vec::new() };
    segments.retain(is_segment);
    Ok(Glimpse { at_base: cx.of_base(&["EngineVersion", "DatabaseBytes", DATABASES]), then: cx.log(&segments) })
}

fn is_segment(node: &Node) -> bool {
    node.is_file() && node.name.len() == NAME && node.name.iter().all(u8::is_ascii_hexdigit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repository::NodeKind;

    #[test]
    fn a_segment_is_told_by_its_name() {
        let node = |name: &str| Node { name: name.as_bytes().to_vec(), kind: NodeKind::File, ..Node::default() };
        for (name, is) in [
            ("00000001000000000000000A", true),
            ("00000002.history", false),
            ("00000001000000000000000A.00000028.backup", false),
        ] {
            assert_eq!(is_segment(&node(name)), is, "{name}");
        }
        assert!(!is_segment(&Node { kind: NodeKind::Directory, ..node("00000001000000000000000A") }));
    }
}
