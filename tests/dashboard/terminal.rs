//! The real binary in a real terminal: what it writes, and what it leaves behind.

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use std::io::{Read, Write};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Long enough for a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// The real binary: the one just built, or another that is to be tested.
pub fn binary() -> String {
    std::env::var("VAULTDECK_TEST_BINARY").unwrap_or_else(|_| env!("CARGO_BIN_EXE_vaultdeck").to_owned())
}

/// Runs a subcommand of the real binary, and gives what it printed.
pub fn vaultdeck(data: &std::path::Path, arguments: &[&str]) -> String {
    let output = std::process::Command::new(binary())
        .args(arguments)
        .env("VAULTDECK_DATA_DIR", data)
        .env("HOME", data.parent().unwrap())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// The dashboard in a terminal of its own.
pub struct Terminal {
    master: Box<dyn MasterPty + Send>,
    child: Box<dyn Child + Send + Sync>,
    keys: Box<dyn Write + Send>,
    screen: Arc<Mutex<Shown>>,
    _data: tempfile::TempDir,
}

/// A number of rows or columns.
fn size(number: u16) -> std::num::NonZeroU16 {
    std::num::NonZeroU16::new(number).unwrap()
}

/// What the terminal got.
struct Shown {
    parser: vt100::Parser,
    bytes: Vec<u8>,
}

impl Terminal {
    fn start(variables: &[(&str, &str)]) -> Self {
        let data = tempfile::tempdir().unwrap();
        Self::start_in(data, &[], variables)
    }

    pub fn start_in(data: tempfile::TempDir, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let pty = native_pty_system()
            .openpty(PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 })
            .expect("a terminal");
        let mut command = CommandBuilder::new(binary());
        command.args(arguments);
        command.env_clear();
        for (name, value) in [("TERM", "xterm-256color"), ("LANG", "en_US.UTF-8"), ("PATH", "/usr/bin:/bin")] {
            command.env(name, value);
        }
        let home = data.path().join("home");
        std::fs::create_dir_all(&home).unwrap();
        command.env("HOME", &home);
        command.env("VAULTDECK_DATA_DIR", data.path().join("data"));
        for (name, value) in variables {
            command.env(name, value);
        }
        let child = pty.slave.spawn_command(command).expect("the dashboard starts");
        drop(pty.slave);
        let mut reader = pty.master.try_clone_reader().unwrap();
        let keys = pty.master.take_writer().unwrap();
        let screen =
            Arc::new(Mutex::new(Shown { parser: vt100::Parser::new(size(24), size(80), 0), bytes: Vec::new() }));
        let written = Arc::clone(&screen);
        std::thread::spawn(move || {
            let mut buffer = vec![0; 65_536];
            while let Ok(number) = reader.read(&mut buffer) {
                if number == 0 {
                    return;
                }
                let mut shown = written.lock().unwrap();
                shown.parser.process(&buffer[..number]);
                shown.bytes.extend_from_slice(&buffer[..number]);
            }
        });
        Self { master: pty.master, child, keys, screen, _data: data }
    }

    pub fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    fn contents(&self) -> String {
        self.screen.lock().unwrap().parser.screen().contents()
    }

    /// Waits until the screen shows a text.
    pub fn sees(&self, text: &str) {
        self.until(&format!("{text:?} on the screen"), |shown| shown.parser.screen().contents().contains(text));
    }

    /// Whether what was written to it so far is so.
    pub fn got(&self, is_so: impl Fn(&[u8]) -> bool) -> bool {
        is_so(&self.screen.lock().unwrap().bytes)
    }

    /// All that was written to it.
    pub fn bytes(&self) -> String {
        String::from_utf8_lossy(&self.screen.lock().unwrap().bytes).into_owned()
    }

    /// Waits until what was written to it is so.
    pub fn gets(&self, what: &str, is_so: impl Fn(&[u8]) -> bool) {
        self.until(what, |shown| is_so(&shown.bytes));
    }

    fn until(&self, what: &str, holds: impl Fn(&Shown) -> bool) {
        let begun = Instant::now();
        while !holds(&self.screen.lock().unwrap()) {
            assert!(begun.elapsed() < PATIENCE, "waited for {what}; this is the screen:\n{}", self.contents());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits for its end; the terminal must be as it was before.
    pub fn ends_cleanly(&mut self) -> u32 {
        self.ends_cleanly_with("")
    }

    /// The same, when it may leave a line that begins like this.
    pub fn ends_cleanly_with(&mut self, begin: &str) -> u32 {
        let begun = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(begun.elapsed() < PATIENCE, "it does not end; this is the screen:\n{}", self.contents());
            std::thread::sleep(Duration::from_millis(20));
        };
        self.until("the main screen", |shown| !shown.parser.screen().alternate_screen());
        let shown = self.screen.lock().unwrap();
        assert!(!shown.parser.screen().hide_cursor(), "the cursor is shown again");
        assert!(!shown.parser.screen().bracketed_paste(), "bracketed paste is off again");
        assert!(shown.parser.screen().mouse_protocol_mode() == vt100::MouseProtocolMode::None, "the mouse is kept");
        let left = shown.parser.screen().contents();
        assert!(left.starts_with(begin) && left.is_empty() == begin.is_empty(), "left on the main screen: {left}");
        drop(shown);
        #[cfg(target_os = "linux")]
        {
            let attributes = self.master.get_termios().expect("the terminal's modes");
            let flags = format!("{:?}", attributes.local_flags);
            assert!(flags.contains("ICANON") && flags.contains("ECHO"), "raw mode is left: {flags}");
        }
        status.exit_code()
    }

    fn signal(&self, signal: &str) {
        assert!(std::process::Command::new("kill").args([signal, &self.id()]).status().unwrap().success());
    }

    /// Waits until it is stopped, as a shell does before it lets anybody type `fg`: a `SIGCONT` that comes before the stop
    /// is lost, and nothing would wake it again.
    fn is_stopped(&self) {
        self.until("its stop", |_| {
            let state = std::process::Command::new("ps").args(["-o", "state=", "-p", &self.id()]).output().unwrap();
            state.stdout.trim_ascii_start().starts_with(b"T")
        });
    }

    /// Stops it as ctrl-z does, and lets it go on as `fg` does.
    pub fn stop_and_continue(&self) {
        self.signal("-TSTP");
        self.until("the main screen", |shown| !shown.parser.screen().alternate_screen());
        let kept = self.screen.lock().unwrap().parser.screen().mouse_protocol_mode();
        assert!(kept == vt100::MouseProtocolMode::None, "the shell gets the mouse");
        self.is_stopped();
        self.signal("-CONT");
        self.until("the dashboard again", |shown| shown.parser.screen().alternate_screen());
    }

    pub fn id(&self) -> String {
        self.child.process_id().unwrap().to_string()
    }
}

#[test]
fn it_starts_on_an_empty_directory_says_what_to_do_and_quits_without_a_trace() {
    let mut terminal = Terminal::start(&[]);
    terminal.sees(":add-resource");
    terminal.press("2");
    terminal.sees("Default");
    terminal.press("?");
    terminal.sees("search:");
    terminal.press("\u{1b}");
    terminal.until("the help is closed", |shown| !shown.parser.screen().contents().contains("search:"));
    terminal.press("q");
    assert_eq!(terminal.ends_cleanly(), 0);
}

#[test]
fn every_frame_is_one_synchronized_update() {
    let mut terminal = Terminal::start(&[]);
    terminal.sees("Default");
    terminal.press("2jjkk3456");
    terminal.sees("Resources");
    terminal.press("q");
    terminal.ends_cleanly();
    let bytes = String::from_utf8_lossy(&terminal.screen.lock().unwrap().bytes).into_owned();
    let begins = bytes.matches("\x1b[?2026h").count();
    assert!(begins > 0 && begins <= bytes.matches("\x1b[?2026l").count());
    for frame in bytes.split("\x1b[?2026h").skip(1) {
        assert!(frame.contains("\x1b[?2026l"), "a frame has no end");
    }
}

#[test]
fn a_signal_leaves_the_terminal_clean() {
    for signal in ["-TERM", "-INT", "-HUP"] {
        let mut terminal = Terminal::start(&[]);
        terminal.sees("First steps");
        terminal.signal(signal);
        terminal.ends_cleanly();
    }
}

#[test]
fn it_follows_the_terminals_size_down_to_nothing_and_back() {
    let mut terminal = Terminal::start(&[]);
    terminal.sees("First steps");
    let resize = |terminal: &Terminal, rows: u16, cols: u16| {
        terminal.screen.lock().unwrap().parser.set_size(size(rows), size(cols));
        terminal.master.resize(PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }).unwrap();
    };
    resize(&terminal, 10, 40);
    terminal.sees("needs 60 x 15");
    resize(&terminal, 1, 1);
    resize(&terminal, 30, 100);
    terminal.sees("First steps");
    terminal.press("q");
    assert_eq!(terminal.ends_cleanly(), 0);
}

#[test]
fn no_color_keeps_the_selected_row_reversed_and_writes_no_colour() {
    let mut terminal = Terminal::start(&[("NO_COLOR", "1")]);
    terminal.sees("First steps");
    terminal.press("2");
    terminal.sees("Default");
    terminal.until("a reversed row", |shown| {
        let screen = shown.parser.screen();
        (2..24).any(|row| {
            let reversed = |column: u16| screen.cell(row, column).is_some_and(|cell| cell.inverse());
            (0..78).all(reversed)
        })
    });
    terminal.press("q");
    terminal.ends_cleanly();
    let shown = terminal.screen.lock().unwrap();
    let bytes = String::from_utf8_lossy(&shown.bytes).into_owned();
    for rest in bytes.split("\x1b[").skip(1) {
        let codes = &rest[..rest.find(|c: char| !c.is_ascii_digit() && c != ';').unwrap_or(0)];
        let colour = codes.split(';').any(|code| code.parse::<u16>().is_ok_and(|code| code >= 30));
        assert!(!(rest[codes.len()..].starts_with('m') && colour), "wrote the colour {codes}");
    }
}

#[test]
fn a_stopped_dashboard_comes_back() {
    let mut terminal = Terminal::start(&[]);
    terminal.sees("First steps");
    terminal.stop_and_continue();
    terminal.sees("First steps");
    terminal.press("q");
    assert_eq!(terminal.ends_cleanly(), 0);
}

#[test]
fn ctrl_z_gives_the_terminal_to_the_shell_wherever_one_is() {
    for (keys, opened) in [("?", "search:"), (":the", "tab completes"), ("4/state", "/state")] {
        let mut terminal = Terminal::start(&[]);
        terminal.sees("First steps");
        terminal.press(keys);
        terminal.press("\u{1a}");
        terminal.until("the main screen", |shown| !shown.parser.screen().alternate_screen());
        terminal.is_stopped();
        terminal.signal("-CONT");
        terminal.until("the dashboard again", |shown| shown.parser.screen().alternate_screen());
        terminal.sees(opened);
        terminal.press("\u{1b}");
        let closed = |shown: &Shown| !shown.parser.screen().contents().contains(opened);
        terminal.until("that it takes keys again", closed);
        terminal.signal("-TERM");
        terminal.ends_cleanly();
    }
}

#[test]
fn a_second_dashboard_on_the_same_directory_shows_the_same_engine() {
    let data = tempfile::tempdir().unwrap();
    let path = data.path().join("data");
    let mut first = Terminal::start_in(data, &[], &[]);
    first.sees("First steps");
    let second_home = tempfile::tempdir().unwrap();
    let path = path.to_string_lossy().into_owned();
    let mut second = Terminal::start_in(second_home, &["--data-dir", &path], &[]);
    second.sees("local engine");
    second.press("2");
    second.sees("Default");
    second.press("q");
    assert_eq!(second.ends_cleanly(), 0);
    first.press("q");
    assert_eq!(first.ends_cleanly(), 0);
}

#[test]
fn a_terminal_that_cannot_be_drawn_on_gets_one_sentence_and_no_sequence() {
    for (term, arguments) in [("dumb", &[][..]), ("", &[]), ("dumb", &["demo"])] {
        let mut terminal = Terminal::start_in(tempfile::tempdir().unwrap(), arguments, &[("TERM", term)]);
        terminal.sees("TERM is unset, empty or \"dumb\"");
        assert_eq!(terminal.ends_cleanly_with("vaultdeck: "), 2, "TERM={term:?}");
        let bytes = terminal.screen.lock().unwrap().bytes.clone();
        let text = String::from_utf8(bytes).unwrap();
        assert!(!text.contains('\x1b') && text.trim_end().lines().count() == 1, "TERM={term:?}: {text:?}");
    }
}

#[test]
fn without_a_terminal_it_says_what_to_use_instead() {
    let output = std::process::Command::new(binary())
        .env("VAULTDECK_DATA_DIR", "/nonexistent")
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--output json"));
}
