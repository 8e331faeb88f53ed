//! What carries effects out and brings news: the client, behind a pair of channels.

use crate::client::audit::{Audit, newest};
use crate::client::connect::Connection;
use crate::client::fetch::{Fetcher, Visibility};
use crate::client::history::{HistoryFile, Keeper};
use crate::client::mutate::mutate;
use crate::client::mutes::{Mutes, MutesFile};
use crate::client::user_file::UserFileError;
use crate::client::views::{Views, ViewsFile};
use crate::client::{Answer, Event, Fault, Key, Reply};
use crate::tui::msg::{Effect, Msg, MuteChange, ViewChange};
use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::sync::Arc;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// The two channels.
#[derive(Debug)]
pub struct Backend {
    /// Takes [`Effect::Want`], [`Effect::Refresh`], [`Effect::RefreshScope`], [`Effect::Pause`],
    /// [`Effect::Probe`], [`Effect::Mute`], [`Effect::View`],
    /// [`Effect::ReadLog`], [`Effect::Export`] and [`Effect::Change`].
    pub effects: UnboundedSender<Effect>,
    /// Brings [`Msg::Data`], [`Msg::Past`], [`Msg::Probed`], [`Msg::Muted`], [`Msg::Views`], [`Msg::Logged`], [`Msg::Exported`] and
    /// [`Msg::Changed`].
    pub news: UnboundedReceiver<Msg>,
}

/// What a user's dashboards have in common on this machine.
#[derive(Debug)]
pub struct Files {
    /// What is muted.
    pub mutes: MutesFile,
    /// What is saved under a name.
    pub views: ViewsFile,
    /// The jobs that were seen.
    pub history: HistoryFile,
}

impl Backend {
    /// The client of a connection; its tasks run on the current runtime until the dashboard drops its ends.
    pub fn client(connection: Arc<Connection>, audit: Arc<Audit>, files: Files) -> Self {
        let Files { mutes, views, history } = files;
        let (effects, mut wanted) = unbounded_channel();
        let (news, received) = unbounded_channel();
        let (events, mut fetched) = unbounded_channel();
        let fetcher = Fetcher::new(Arc::clone(&connection), events);
        let told = news.clone();
        let mut kept = Kept { connection: Arc::clone(&connection), file: history, keeper: None, news: news.clone() };
        tokio::spawn(async move {
            while let Some(event) = fetched.recv().await {
                kept.see(&event);
                if told.send(Msg::Data(Box::new(event))).is_err() {
                    return;
                }
            }
        });
        tokio::spawn(async move {
            let mut runner = EffectRunner { connection, audit, mutes, views, fetcher, news, wanted: BTreeSet::new() };
            runner.muted(MutesFile::read);
            runner.viewed(ViewsFile::read);
            while let Some(effect) = wanted.recv().await {
                runner.carry_out(effect);
            }
        });
        Self { effects, news: received }
    }
}

/// Writes a file that is not there yet and that only its owner reads.
fn write_new(path: &str, text: &str) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())
}

/// Passes what is seen of jobs on to the history, where one is kept.
struct Kept {
    connection: Arc<Connection>,
    file: HistoryFile,
    keeper: Option<Keeper>,
    news: UnboundedSender<Msg>,
}

impl Kept {
    fn see(&mut self, event: &Event) {
        let Event::Answered(Reply { key, at, result: Ok(Answer::BackupJobs(jobs)), .. }) = event else { return };
        let Some(scope) = &key.scope else { return };
        // Whether an engine is behind it shows with the first answer of any kind.
        let Some(context) = self.connection.history_name() else { return };
        let keeper = self.keeper.get_or_insert_with(|| {
            let news = self.news.clone();
            Keeper::start(self.file.clone(), context, move |told| drop(news.send(Msg::Past(told))))
        });
        keeper.seen(scope, jobs, *at);
    }
}

/// Carries effects out.
struct EffectRunner {
    connection: Arc<Connection>,
    audit: Arc<Audit>,
    mutes: MutesFile,
    views: ViewsFile,
    fetcher: Fetcher,
    news: UnboundedSender<Msg>,
    wanted: BTreeSet<Key>,
}

impl EffectRunner {
    /// Does work beside everything else, since the disk may be slow and another session at it, and tells what came of it.
    fn beside(&self, work: impl FnOnce() -> Msg + Send + 'static) {
        let news = self.news.clone();
        tokio::task::spawn_blocking(move || {
            let _ = news.send(work());
        });
    }

    /// Reads or changes what is muted.
    fn muted(&self, work: impl FnOnce(&MutesFile) -> Result<Mutes, UserFileError> + Send + 'static) {
        let file = self.mutes.clone();
        self.beside(move || Msg::Muted(work(&file).map_err(|error| error.to_string())));
    }

    /// The same of what is saved under a name.
    fn viewed(&self, work: impl FnOnce(&ViewsFile) -> Result<Views, UserFileError> + Send + 'static) {
        let file = self.views.clone();
        self.beside(move || Msg::Views(work(&file).map_err(|error| error.to_string())));
    }

    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Want { visible, hidden } => {
                let wanted: BTreeSet<Key> = visible.iter().chain(&hidden).cloned().collect();
                for key in self.wanted.difference(&wanted) {
                    self.fetcher.forget(key);
                }
                self.wanted = wanted;
                for key in visible {
                    self.fetcher.want(key, Visibility::Shown);
                }
                for key in hidden {
                    self.fetcher.want(key, Visibility::Hidden);
                }
            }
            Effect::Refresh(keys) => {
                for key in keys {
                    self.fetcher.refresh(key);
                }
                // Another session of this user may have muted something.
                self.muted(MutesFile::read);
                self.viewed(ViewsFile::read);
            }
            Effect::RefreshScope(scope) => self.fetcher.refresh_scope(&scope),
            Effect::Pause(paused) => self.fetcher.pause(paused),
            Effect::Change { ticket, approved, refreshes } => {
                let (connection, audit) = (Arc::clone(&self.connection), Arc::clone(&self.audit));
                let (news, fetcher) = (self.news.clone(), self.fetcher.clone());
                tokio::spawn(async move {
                    let scope = approved.scope().clone();
                    let outcome = mutate(&connection, &audit, approved).await.map_err(Fault::from);
                    if refreshes {
                        fetcher.refresh_scope(&scope);
                    }
                    // When the dashboard has ended meanwhile, nobody is left to tell; the audit log has it.
                    let _ = news.send(Msg::Changed { ticket, outcome });
                });
            }
            Effect::Probe { ticket, request } => {
                let (connection, news) = (Arc::clone(&self.connection), self.news.clone());
                tokio::spawn(async move {
                    let outcome = match connection.control() {
                        Some(control) => control.probe_resource(&request).await,
                        None => Err(Fault::not_supported("probe of resources")),
                    };
                    let _ = news.send(Msg::Probed { ticket, outcome });
                });
            }
            Effect::Mute(MuteChange::Mute { keys, note, until, now }) => {
                self.muted(move |file| file.mute(&keys, note, until, now));
            }
            Effect::Mute(MuteChange::Unmute { keys, now }) => self.muted(move |file| file.unmute(&keys, now)),
            Effect::Export { path, text } => self.beside(move || {
                let written = write_new(&path, &text).map(|()| format!("written to {path}"));
                Msg::Exported(written.map_err(|error| format!("{path}: {error}")))
            }),
            Effect::ReadLog => {
                let path = self.audit.path().to_owned();
                self.beside(move || {
                    Msg::Logged(
                        newest(&path).map(Arc::from).map_err(|error| format!("what was changed is not known: {error}")),
                    )
                });
            }
            Effect::View(ViewChange::Save(name, view)) => self.viewed(move |file| file.save(&name, view)),
            Effect::View(ViewChange::Forget(name)) => self.viewed(move |file| file.forget(&name)),
            Effect::Copy(_)
            | Effect::Bell
            | Effect::Note(_)
            | Effect::Mouse(_)
            | Effect::Redraw
            | Effect::Suspend
            | Effect::Quit => {}
        }
    }
}
