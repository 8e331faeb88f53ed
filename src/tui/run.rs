//! The loop: what happens goes in, frames and effects come out. Nothing else is decided here.

use crate::client::change::new_token;
use crate::client::{Capabilities, CommandLine};
use crate::domain::Time;
use crate::tui::alert::Alerts;
use crate::tui::app::{App, Setup};
use crate::tui::backend::Backend;
use crate::tui::frame;
use crate::tui::glyph::{ASCII, Glyphs};
use crate::tui::keymap::{Keymap, KeymapError};
use crate::tui::msg::{Effect, Msg};
use crate::tui::term::clipboard;
use crate::tui::term::note::note_sequence;
use crate::tui::term::pointer::Clicks;
use crate::tui::term::screen::Screen;
use crate::tui::term::signals::{self, Signal, Signals};
use crate::tui::term::writer::FrameWriter;
use crate::tui::term::zone;
use crate::tui::theme::{Depth, ThemeError, Themes};
use crate::tui::world::Tokens;
use crossterm::event::Event;
use std::io::{self, IsTerminal, Stdout};
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::{Instant, sleep_until};

/// Two frames are never closer than this.
const FRAME_GATE: Duration = Duration::from_millis(33);
/// A cursor that no key moved for so long has rested.
const REST: Duration = Duration::from_millis(200);
/// After so long without another key what may follow the first one of a chord is told.
const LINGER: Duration = Duration::from_millis(300);
/// So many messages are taken in before the next frame, at most.
const BATCH: usize = 256;

/// How the dashboard is started.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The name of a theme, or a `.toml` file.
    pub theme: Option<String>,
    /// The folder with the user's own themes.
    pub themes: Option<PathBuf>,
    /// Whether the terminal is to tell of the mouse.
    pub mouse: bool,
    /// The user's keymap, where there is one.
    pub keymap: Option<PathBuf>,
    /// Only ASCII signs, whatever the locale says.
    pub ascii: bool,
    /// Where it is connected to, for the header.
    pub place: String,
    /// How the context is told to the `aws` command line.
    pub command_line: CommandLine,
    /// Whether the engine lives in this process, so that quitting ends its jobs.
    pub embedded: bool,
    /// What the context can do, as far as known before anything answered.
    pub capabilities: Capabilities,
    /// How its user wants to be told of new findings.
    pub alerts: Alerts,
    /// What tells the lines of this session in the audit log from those of others.
    pub session: String,
}

/// Why the dashboard cannot run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// There is no terminal to draw on.
    #[error("{0}; lists for scripts: vaultdeck jobs, vaults, plans, points, accounts --output json")]
    NoTerminal(&'static str),
    /// The theme cannot be used.
    #[error(transparent)]
    Theme(#[from] ThemeError),
    /// The keymap cannot be used.
    #[error(transparent)]
    Keymap(#[from] KeymapError),
    /// The terminal failed.
    #[error("the terminal failed: {0}")]
    Terminal(#[from] io::Error),
}

/// Whether the terminal that `TERM` names can put a character where it is told to.
pub fn places_text() -> bool {
    let named = std::env::var_os("TERM").unwrap_or_default();
    !named.is_empty() && named != "dumb"
}

/// Whether there is a terminal that the dashboard can be drawn on; nothing is written to find it out.
pub fn check_terminal() -> Result<(), RunError> {
    if !io::stdout().is_terminal() || !io::stdin().is_terminal() {
        return Err(RunError::NoTerminal("the dashboard needs a terminal"));
    }
    if !places_text() {
        let why = "the dashboard needs a terminal that can be drawn on, and TERM is unset, empty or \"dumb\"";
        return Err(RunError::NoTerminal(why));
    }
    Ok(())
}

/// Runs the dashboard until its user leaves, a signal ends it, or its terminal goes away.
pub async fn run(options: Options, backend: Backend) -> Result<(), RunError> {
    check_terminal()?;
    let variable = |name: &str| std::env::var(name).ok();
    let (no_color, colorterm, term) = (variable("NO_COLOR"), variable("COLORTERM"), variable("TERM"));
    let themes = Themes::built_in(Depth::of(no_color.as_deref(), colorterm.as_deref(), term.as_deref()));
    let themes = options.themes.iter().fold(themes, |themes, folder| themes.with_own(folder));
    let theme = themes.begin(options.theme.as_deref().unwrap_or("default"))?;
    let keymap = options.keymap.as_deref().map_or_else(|| Ok(Keymap::default()), Keymap::load)?;
    let (all, kind, plain) = (variable("LC_ALL"), variable("LC_CTYPE"), variable("LANG"));
    let glyphs = Glyphs::for_locale([all.as_deref(), kind.as_deref(), plain.as_deref()]);
    let signals = Signals::listen()?;
    let screen = Screen::enter(options.mouse)?;
    let size = crossterm::terminal::size()?;
    let app = App::new(Setup {
        size,
        now: wall(),
        zone: zone::here(),
        theme,
        themes,
        keymap,
        glyphs: if options.ascii { ASCII } else { glyphs },
        place: options.place,
        command_line: options.command_line,
        embedded: options.embedded,
        capabilities: options.capabilities,
        alerts: options.alerts,
        mouse: options.mouse,
        tokens: Tokens(Box::new(new_token)),
        session: options.session,
    });
    let writer = FrameWriter::new(io::stdout(), size.0, size.1);
    let tmux = variable("TMUX").is_some();
    let (events, pressed) = (events(), Instant::now());
    let (clicks, drawn, over) = (Clicks::default(), None, false);
    let mut runner = Runner { app, writer, screen, backend, events, signals, clicks, tmux, drawn, pressed, over };
    match runner.go().await {
        Err(error) if is_gone(&error) => Ok(()),
        ended => Ok(ended?),
    }
}

/// Whether this is what a terminal answers that went away. It often does so before its `SIGHUP` was seen, and means the
/// same: leave, and let running jobs resume.
fn is_gone(error: &io::Error) -> bool {
    use rustix::io::Errno;
    Errno::from_io_error(error).is_some_and(|errno| matches!(errno, Errno::IO | Errno::NXIO | Errno::PIPE))
}

/// This machine's clock, to the second.
fn wall() -> Time {
    let now = chrono::Utc::now();
    chrono::DateTime::from_timestamp(now.timestamp(), 0).unwrap_or(now)
}

/// What the terminal sends, read by a thread of its own: when the terminal goes away, reading never comes back, and the
/// loop must still see the signal that tells of it.
fn events() -> UnboundedReceiver<io::Result<Event>> {
    let (sender, events) = unbounded_channel();
    std::thread::spawn(move || {
        loop {
            let event = crossterm::event::read();
            let failed = event.is_err();
            if sender.send(event).is_err() || failed {
                return;
            }
        }
    });
    events
}

/// Everything that the loop holds.
struct Runner {
    app: App,
    writer: FrameWriter<Stdout>,
    screen: Screen,
    backend: Backend,
    events: UnboundedReceiver<io::Result<Event>>,
    signals: Signals,
    clicks: Clicks,
    tmux: bool,
    /// When the last frame was drawn.
    drawn: Option<Instant>,
    /// When the last key was pressed.
    pressed: Instant,
    over: bool,
}

/// What woke the loop.
enum Wakeup {
    Terminal(Option<io::Result<Event>>),
    Signal(Signal),
    News(Option<Msg>),
    Time,
    /// Rows are still to be looked at, and nothing else is.
    Idle,
}

impl Runner {
    async fn go(&mut self) -> io::Result<()> {
        let mut dirty = true;
        while !self.over {
            if self.app.is_moving() && self.pressed.elapsed() >= REST {
                self.update(Msg::Rested)?;
            }
            if self.app.is_in_chord() && self.pressed.elapsed() >= LINGER {
                self.update(Msg::Lingered)?;
            }
            let effects = self.app.settle();
            self.carry_out(effects)?;
            dirty |= self.app.take_dirty();
            if dirty && self.gate_is_open() {
                self.draw()?;
                dirty = false;
            }
            let wakeup = self.wait(dirty).await;
            self.update(Msg::Tick(wall()))?;
            self.take(wakeup)?;
            self.drain()?;
        }
        Ok(())
    }

    fn gate_is_open(&self) -> bool {
        self.drawn.is_none_or(|drawn| drawn.elapsed() >= FRAME_GATE)
    }

    fn draw(&mut self) -> io::Result<()> {
        self.drawn = Some(Instant::now());
        let app = &self.app;
        self.writer.draw(|area, buffer| frame::view(app, area, buffer))
    }

    /// Waits for whatever comes first; keys and signals before news.
    async fn wait(&mut self, dirty: bool) -> Wakeup {
        let now = Instant::now();
        let until_tick = (self.app.next_tick() - chrono::Utc::now()).to_std().unwrap_or_default();
        let tick = now + until_tick.max(Duration::from_millis(20));
        let tick = if self.app.is_moving() { tick.min(self.pressed + REST) } else { tick };
        let tick = if self.app.is_in_chord() { tick.min(self.pressed + LINGER) } else { tick };
        let wake = match self.drawn {
            Some(drawn) if dirty => tick.min(drawn + FRAME_GATE),
            _ => tick,
        };
        tokio::select! {
            biased;
            event = self.events.recv() => Wakeup::Terminal(event),
            signal = self.signals.next() => Wakeup::Signal(signal),
            news = self.backend.news.recv() => Wakeup::News(news),
            () = std::future::ready(()), if self.app.is_filtering() => Wakeup::Idle,
            () = sleep_until(wake) => Wakeup::Time,
        }
    }

    fn take(&mut self, wakeup: Wakeup) -> io::Result<()> {
        match wakeup {
            Wakeup::Terminal(Some(Ok(event))) => self.event(event),
            // The terminal is gone: as after SIGHUP.
            Wakeup::Terminal(None | Some(Err(_))) => self.update(Msg::Signal(Signal::HangUp)),
            Wakeup::Signal(signal) => self.signal(signal),
            Wakeup::News(Some(msg)) => self.update(msg),
            Wakeup::Idle => self.update(Msg::Step),
            // Nobody answers any more; only quitting is left, and that needs no answer.
            Wakeup::News(None) | Wakeup::Time => Ok(()),
        }
    }

    /// Takes in what else came meanwhile, so that a held key or a flood of answers costs one frame.
    fn drain(&mut self) -> io::Result<()> {
        for _ in 0..BATCH {
            match self.events.try_recv() {
                Ok(event) if !self.over => self.take(Wakeup::Terminal(Some(event)))?,
                _ => break,
            }
        }
        for _ in 0..BATCH {
            match self.backend.news.try_recv() {
                Ok(msg) => self.update(msg)?,
                Err(_) => break,
            }
        }
        Ok(())
    }

    fn event(&mut self, event: Event) -> io::Result<()> {
        match event {
            Event::Key(key) => {
                self.pressed = Instant::now();
                self.update(Msg::Key(key))
            }
            Event::Paste(text) => self.update(Msg::Paste(text)),
            Event::Resize(width, height) => {
                self.writer.resize(width, height);
                self.update(Msg::Resize(width, height))
            }
            Event::Mouse(event) => match self.clicks.read(event, std::time::Instant::now()) {
                Some(pointer) => {
                    self.pressed = Instant::now();
                    self.update(Msg::Pointer(pointer))
                }
                None => Ok(()),
            },
            Event::FocusGained | Event::FocusLost => Ok(()),
        }
    }

    fn signal(&mut self, signal: Signal) -> io::Result<()> {
        match signal {
            Signal::Suspend => self.suspend(),
            Signal::Continue => {
                self.screen.suspend();
                self.refresh()
            }
            Signal::Terminate | Signal::HangUp => self.update(Msg::Signal(signal)),
        }
    }

    /// Gives the terminal to the shell until it continues us.
    fn suspend(&mut self) -> io::Result<()> {
        self.screen.suspend();
        signals::stop()?;
        self.refresh()
    }

    /// Takes the terminal over again, whatever it shows and whatever its size is now.
    fn refresh(&mut self) -> io::Result<()> {
        self.screen.resume()?;
        let (width, height) = crossterm::terminal::size()?;
        self.writer.resize(width, height);
        self.writer.forget();
        self.update(Msg::Resize(width, height))
    }

    fn update(&mut self, msg: Msg) -> io::Result<()> {
        let effects = self.app.update(msg);
        self.carry_out(effects)
    }

    fn carry_out(&mut self, effects: Vec<Effect>) -> io::Result<()> {
        for effect in effects {
            match effect {
                Effect::Quit => self.over = true,
                Effect::Redraw => {
                    self.writer.forget();
                    self.draw()?;
                }
                Effect::Mouse(on) => self.screen.set_mouse(on)?,
                Effect::Suspend => self.suspend()?,
                Effect::Bell => self.writer.raw(b"\x07")?,
                Effect::Note(text) => self.writer.raw(&note_sequence(&text, self.tmux))?,
                Effect::Copy(text) => {
                    if let Some(sequence) = clipboard::copy_sequence(&text, self.tmux) {
                        self.writer.raw(&sequence)?;
                    }
                }
                // A backend that has ended takes nothing more; the screen shows its last words.
                other => drop(self.backend.effects.send(other)),
            }
        }
        Ok(())
    }
}
