//! Signals as messages, so that each of them leaves the terminal clean.

use std::io;
use tokio::signal::unix::{self, SignalKind};

/// A signal that the loop must act on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// `SIGTERM`, `SIGINT` or `SIGQUIT`: end, and leave running jobs to resume.
    Terminate,
    /// `SIGHUP`: the terminal is gone; end, and leave running jobs to resume.
    HangUp,
    /// `SIGTSTP`: give the terminal back and stop.
    Suspend,
    /// `SIGCONT`: take the terminal over again and draw all.
    Continue,
}

/// Listens for them.
pub struct Signals {
    terminate: unix::Signal,
    interrupt: unix::Signal,
    quit: unix::Signal,
    hang_up: unix::Signal,
    suspend: unix::Signal,
    resume: unix::Signal,
}

impl Signals {
    /// Starts to listen; from now on none of them acts by itself.
    pub fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: unix::signal(SignalKind::terminate())?,
            interrupt: unix::signal(SignalKind::interrupt())?,
            quit: unix::signal(SignalKind::quit())?,
            hang_up: unix::signal(SignalKind::hangup())?,
            suspend: unix::signal(SignalKind::from_raw(rustix::process::Signal::TSTP.as_raw()))?,
            resume: unix::signal(SignalKind::from_raw(rustix::process::Signal::CONT.as_raw()))?,
        })
    }

    /// The next one.
    pub async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.terminate.recv() => Signal::Terminate,
            _ = self.interrupt.recv() => Signal::Terminate,
            _ = self.quit.recv() => Signal::Terminate,
            _ = self.hang_up.recv() => Signal::HangUp,
            _ = self.suspend.recv() => Signal::Suspend,
            _ = self.resume.recv() => Signal::Continue,
        }
    }
}

/// Stops this process and those that a shell started with it, as `SIGTSTP` would have, had we not listened for it; returns
/// when they go on.
pub fn stop() -> io::Result<()> {
    rustix::process::kill_current_process_group(rustix::process::Signal::STOP)?;
    Ok(())
}
