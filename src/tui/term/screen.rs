//! Entering and leaving the screen, so that the terminal is clean whatever ends the program.

use crossterm::terminal::{disable_raw_mode, enable_raw_mode};
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};

/// Alternate screen, hidden cursor, bracketed paste; the title is pushed so that leaving brings back the old one.
const ENTER: &[u8] = b"\x1b[?1049h\x1b[?25l\x1b[?2004h\x1b[22;0t\x1b]0;vaultdeck\x07";
/// Clicks, drags and the wheel are told, with places beyond 223 columns.
const MOUSE: &[u8] = b"\x1b[?1000h\x1b[?1002h\x1b[?1006h";
/// They are the terminal's again.
const NO_MOUSE: &[u8] = b"\x1b[?1006l\x1b[?1002l\x1b[?1000l";
/// Ends a synchronized update that a panic may have cut, then all of the above in reverse.
const LEAVE: &[u8] = b"\x1b[?2026l\x1b[?1006l\x1b[?1002l\x1b[?1000l\x1b[m\x1b[23;0t\x1b[?2004l\x1b[?25h\x1b[?1049l";

static ENTERED: AtomicBool = AtomicBool::new(false);
/// Whether the mouse is to be told of, now and after a resume.
static TELLS_MOUSE: AtomicBool = AtomicBool::new(false);

/// Holds the screen; dropping it leaves.
pub struct Screen(());

impl Screen {
    /// Takes the terminal over, with the mouse or without, and makes a panic give it back before it prints.
    pub fn enter(mouse: bool) -> io::Result<Self> {
        TELLS_MOUSE.store(mouse, Ordering::SeqCst);
        static HOOK: std::sync::Once = std::sync::Once::new();
        HOOK.call_once(|| {
            let before = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |panic| {
                leave();
                before(panic);
            }));
        });
        take()?;
        Ok(Self(()))
    }

    /// Gives the terminal back for a while: the program is about to be suspended.
    pub fn suspend(&self) {
        leave();
    }

    /// Lets the terminal tell of the mouse, or gives it back; while it is the shell's, that waits until it is taken over again.
    pub fn set_mouse(&self, on: bool) -> io::Result<()> {
        TELLS_MOUSE.store(on, Ordering::SeqCst);
        if !ENTERED.load(Ordering::SeqCst) {
            return Ok(());
        }
        let mut out = io::stdout();
        out.write_all(if on { MOUSE } else { NO_MOUSE })?;
        out.flush()
    }

    /// Takes it over again.
    pub fn resume(&self) -> io::Result<()> {
        take()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        leave();
    }
}

fn take() -> io::Result<()> {
    enable_raw_mode()?;
    ENTERED.store(true, Ordering::SeqCst);
    let mut out = io::stdout();
    out.write_all(ENTER)?;
    if TELLS_MOUSE.load(Ordering::SeqCst) {
        out.write_all(MOUSE)?;
    }
    out.flush()
}

/// Leaves once, however often it is called; errors cannot be told to anybody here.
fn leave() {
    if ENTERED.swap(false, Ordering::SeqCst) {
        let mut out = io::stdout();
        let _ = out.write_all(LEAVE).and_then(|()| out.flush());
        let _ = disable_raw_mode();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The modes that a text turns on or off, as xterm numbers them.
    fn modes(text: &[u8], end: char) -> Vec<String> {
        let text = String::from_utf8(text.to_vec()).unwrap();
        let modes = text.split("\x1b[?").skip(1).map(|rest| rest.split_once(['h', 'l']).unwrap().0.to_owned());
        let ends = text.split("\x1b[?").skip(1).map(|rest| rest.chars().find(|c| !c.is_ascii_digit()).unwrap());
        modes.zip(ends).filter(|(_, found)| *found == end).map(|(mode, _)| mode).collect()
    }

    #[test]
    fn leaving_takes_back_every_mode_that_is_ever_set() {
        let off = modes(LEAVE, 'l');
        for mode in modes(ENTER, 'h').iter().chain(&modes(MOUSE, 'h')).filter(|mode| *mode != "25") {
            assert!(off.contains(mode), "{mode} stays on");
        }
        assert_eq!(modes(ENTER, 'l'), ["25"]);
        assert!(modes(LEAVE, 'h').contains(&"25".to_owned()), "the cursor stays hidden");
        let (mut on, mut gone) = (modes(MOUSE, 'h'), modes(NO_MOUSE, 'l'));
        on.sort();
        gone.sort();
        assert_eq!(on, gone);
    }
}
