//! The clipboard by OSC 52: the terminal that the user sits at keeps it, also over SSH.

use super::through_tmux;
use base64::Engine;

/// More than this is not sent: terminals cut longer sequences, and a half copied text is worse than none.
const MAXIMUM: usize = 74_000;

/// Whether a text is short enough to be copied.
pub fn fits(text: &str) -> bool {
    base64::encoded_len(text.len(), true).is_some_and(|length| length <= MAXIMUM)
}

/// The sequence that copies `text`, wrapped for tmux where that is in between; none when it is too long.
pub fn copy_sequence(text: &str, tmux: bool) -> Option<Vec<u8>> {
    if !fits(text) {
        return None;
    }
    let encoded = base64::engine::general_purpose::STANDARD.encode(text);
    let plain = format!("\x1b]52;c;{encoded}\x07");
    Some(if tmux { plain.clone() + &through_tmux(&plain) } else { plain }.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_carries_the_text_and_nothing_of_its_control_characters() {
        assert_eq!(copy_sequence("fs-1", false).unwrap(), b"\x1b]52;c;ZnMtMQ==\x07");
        let hostile = copy_sequence("\x1b]0;title\x07", false).unwrap();
        assert_eq!(hostile.split(|byte| *byte == 0x1b).count(), 2);
    }

    #[test]
    fn too_long_a_text_is_not_sent_in_half() {
        assert!(copy_sequence(&"x".repeat(100_000), false).is_none());
    }
}
