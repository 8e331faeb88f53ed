//! A line that a person types and nobody sees.

use super::output;
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind};
use zeroize::Zeroizing;

/// The controlling terminal, which shows nothing of what is typed until this is dropped.
struct Silent {
    terminal: File,
    before: Termios,
}

impl Silent {
    fn open() -> io::Result<Self> {
        let terminal = OpenOptions::new().read(true).write(true).open("/dev/tty")?;
        let before = tcgetattr(&terminal)?;
        let mut silent = before.clone();
        // Keys come one by one, the one that interrupts too: a process that it ended would leave the terminal silent.
        silent.local_modes.remove(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG | LocalModes::IEXTEN);
        silent.special_codes[SpecialCodeIndex::VMIN] = 1;
        silent.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(&terminal, OptionalActions::Flush, &silent)?;
        Ok(Self { terminal, before })
    }
}

impl Drop for Silent {
    fn drop(&mut self) {
        // Nothing is left to do where this fails.
        let _ = tcsetattr(&self.terminal, OptionalActions::Flush, &self.before);
    }
}

/// Asks for a line of at most `limit` bytes on the controlling terminal, where nothing of it is shown.
pub(super) fn hidden_line(prompt: &str, limit: usize) -> io::Result<Zeroizing<String>> {
    let mut silent = Silent::open()?;
    output::ask(prompt);
    let line = read(&mut silent.terminal, limit);
    drop(silent);
    output::say("");
    line
}

/// Reads keys up to the end of a line.
fn read(keys: &mut impl io::Read, limit: usize) -> io::Result<Zeroizing<String>> {
    // As long as it may get, so that it is never moved and left behind unwiped.
    let mut line = Zeroizing::new(Vec::with_capacity(limit));
    loop {
        let mut key = [0];
        if keys.by_ref().read(&mut key)? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        match key[0] {
            b'\r' | b'\n' => break,
            // Ctrl-C, and Ctrl-D in an empty line.
            3 => return Err(ErrorKind::Interrupted.into()),
            4 if line.is_empty() => return Err(ErrorKind::UnexpectedEof.into()),
            // Backspace takes a whole character, Ctrl-U all.
            8 | 127 => while line.pop().is_some_and(|byte| byte & 0xC0 == 0x80) {},
            21 => line.clear(),
            byte if byte >= b' ' || byte == b'\t' => {
                if line.len() == limit {
                    return Err(io::Error::new(ErrorKind::InvalidInput, format!("it is longer than {limit} bytes")));
                }
                line.push(byte);
            }
            _ => {}
        }
    }
    let text = std::str::from_utf8(&line).map_err(|_| io::Error::new(ErrorKind::InvalidData, "it is no UTF-8"))?;
    Ok(Zeroizing::new(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_make_a_line_as_a_terminal_would() {
        let typed = |keys: &[u8]| read(&mut &keys[..], 8).map(|line| line.to_string()).map_err(|error| error.kind());
        assert_eq!(typed(b"abc\rrest"), Ok("abc".to_owned()));
        assert_eq!(typed("aé\u{7f}b\n".as_bytes()), Ok("ab".to_owned()));
        assert_eq!(typed(b"wrong\x15right\n"), Ok("right".to_owned()));
        assert_eq!(typed(b"\x7f\x1b\n"), Ok(String::new()));
        assert_eq!(typed(b"abc\x03"), Err(ErrorKind::Interrupted));
        assert_eq!(typed(b"\x04"), Err(ErrorKind::UnexpectedEof));
        assert_eq!(typed(b"abc"), Err(ErrorKind::UnexpectedEof));
        assert_eq!(typed(b"123456789\n"), Err(ErrorKind::InvalidInput));
        assert_eq!(typed(b"\xff\n"), Err(ErrorKind::InvalidData));
    }
}
