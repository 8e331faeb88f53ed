//! Entering and leaving the screen, so that the terminal is clean whatever ends the program.

use crossterm::terminal::{disable_raw_mode, enable_raw_mode};
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};

/// Alternate screen, hidden cursor, bracketed paste; the title is pushed so that leaving brings back the old one.
const ENTER: &[u8] = b"\x1b[?1049h\x1b[?25l\x1b[?2004h\x1b[22;0t\x1b]0;vaultdeck\x07";
/// Ends a synchronized update that a panic may have cut, then all of the above in reverse.
const LEAVE: &[u8] = b"\x1b[?2026l\x1b[m\x1b[23;0t\x1b[?2004l\x1b[?25h\x1b[?1049l";

static ENTERED: AtomicBool = AtomicBool::new(false);

/// Holds the screen; dropping it leaves.
pub struct Screen(());

impl Screen {
    /// Takes the terminal over, and makes a panic give it back before it prints.
    pub fn enter() -> io::Result<Self> {
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
