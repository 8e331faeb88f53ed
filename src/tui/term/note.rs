//! A note on the desktop by OSC 9: the terminal that the user sits at shows it, also over SSH. Terminals that know none of it show
//! nothing.

use super::through_tmux;

/// The sequence that notes `text`, wrapped for tmux where that is in between. Nothing in the text ends it or acts by itself.
pub fn note_sequence(text: &str, tmux: bool) -> Vec<u8> {
    let text: String = text.chars().filter(|sign| !sign.is_control()).collect();
    let plain = format!("\x1b]9;{text}\x07");
    if tmux { through_tmux(&plain) } else { plain }.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_carries_the_text_and_nothing_of_its_control_characters() {
        assert_eq!(note_sequence("vaultdeck: failed", false), b"\x1b]9;vaultdeck: failed\x07");
        assert_eq!(note_sequence("x", true), b"\x1bPtmux;\x1b\x1b]9;x\x07\x1b\\");
        assert_eq!(note_sequence("a\x07\x1b]0;title\x07\u{9c}b\n", false), b"\x1b]9;a]0;titleb\x07");
    }
}
